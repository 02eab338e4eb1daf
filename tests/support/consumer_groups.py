"""Consumer groups without a broker: topics that come and change, and members that behave as clients do."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from barnabas.broker.coordinator.groups.config import GroupConfig
from barnabas.broker.coordinator.groups.consumer_group import ConsumerGroup
from barnabas.broker.coordinator.groups.group import Caller
from barnabas.metadata.delta import MetadataDelta
from barnabas.metadata.records import (
    ConfigRecord,
    MetadataRecord,
    PartitionRecord,
    RemoveTopicRecord,
    ResourceType,
    TopicRecord,
)
from barnabas.protocol.errors import ErrorCode
from barnabas.protocol.messages.consumer_group_heartbeat import ConsumerGroupHeartbeatRequest
from group_harness import Asked, GroupHarness

GROUP = "g"
Place = tuple[str, int]
"""A topic's name and a partition."""


def topic_id(number: int) -> bytes:
    return number.to_bytes(16, "big")


class ConsumerGroupsHarness(GroupHarness):
    """A group coordinator with a cluster's topics."""

    def __init__(self, config: GroupConfig | None = None) -> None:
        self._topics_made = 0
        super().__init__(config)

    @property
    def group(self) -> ConsumerGroup:
        group = self.machine.groups[GROUP]
        assert isinstance(group, ConsumerGroup)
        return group

    # The cluster

    def topic(self, name: str, partitions: int) -> None:
        """There is a topic with so many partitions; with none it is deleted."""
        topic = self.image.topics.by_name(name)
        if partitions == 0:
            assert topic is not None
            self.change(RemoveTopicRecord(topic_id=topic.id))
            return
        records: list[MetadataRecord] = []
        if topic is None:
            self._topics_made += 1
            records.append(TopicRecord(name=name, topic_id=topic_id(self._topics_made)))
        uuid = topic_id(self._topics_made) if topic is None else topic.id
        records += [
            PartitionRecord(
                partition_id=index, topic_id=uuid, replicas=(1,), isr=(1,), leader=1, leader_epoch=0, partition_epoch=0
            )
            for index in range(0 if topic is None else len(topic), partitions)
        ]
        self.change(*records)

    def configure(self, name: str, value: str | None) -> None:
        """Sets a configuration of the group."""
        self.change(ConfigRecord(resource_type=ResourceType.GROUP, resource_name=GROUP, name=name, value=value))

    def change(self, *records: MetadataRecord) -> None:
        """The cluster's metadata changes."""
        delta = MetadataDelta(self.image)
        for record in records:
            delta.replay(record)
        self.image = delta.apply(self.image.offset + len(records), 1)
        self.decide(lambda machine, _: machine.on_metadata(delta, self.image, self.now, self.now_ms))

    def name_of(self, uuid: bytes) -> str:
        topic = self.image.topics.by_id.get(uuid)
        return "gone" if topic is None else topic.name

    def ids_of(self, places: Iterable[Place]) -> dict[bytes, list[int]]:
        found: dict[bytes, list[int]] = {}
        for name, index in sorted(places):
            topic = self.image.topics.by_name(name)
            if topic is not None:
                found.setdefault(topic.id, []).append(index)
        return found

    # Requests

    def heartbeat(
        self, request: ConsumerGroupHeartbeatRequest, *, client: str = "c", version: int = 1, host: str = "/h"
    ) -> Asked:
        caller = Caller(client, host, version)
        return self.decide(
            lambda machine, waiter: machine.handle_consumer_heartbeat(request, caller, waiter, self.now, self.now_ms),
            "heartbeat",
        )

    def describe(self) -> Any:
        return self.decide(lambda machine, waiter: machine.handle_consumer_describe(GROUP, waiter), "describe").response


class Member:
    """A client of the new protocol. It takes and gives back partitions at once, unless `lazy`: then it goes on with
    what it is to give back, and takes nothing more, until `give_back`."""

    def __init__(self, harness: ConsumerGroupsHarness, member_id: str, topics: Iterable[str] = (), **how: Any) -> None:
        self.harness = harness
        self.id = member_id
        self.lazy = False
        self.epoch = 0
        self.topics: list[str] | None = list(topics)
        self.regex: str | None = how.pop("regex", None)
        self.how = how
        self.assigned: set[Place] = set()
        """What it was told to have."""
        self.owned: set[Place] = set()
        """What it has."""
        self._told: set[Place] | None = None

    @property
    def in_group(self) -> bool:
        return self.epoch > 0

    def join(self) -> Asked:
        """The first heartbeat, or the first after being fenced."""
        self.epoch, self.assigned, self.owned = 0, set(), set()
        request = ConsumerGroupHeartbeatRequest(
            group_id=GROUP,
            member_id=self.id,
            member_epoch=0,
            rebalance_timeout_ms=self.how.get("rebalance_timeout_ms", 60_000),
            subscribed_topic_names=self.topics,
            subscribed_topic_regex=self.regex,
            topic_partitions=[],
            instance_id=self.how.get("instance_id"),
            server_assignor=self.how.get("assignor"),
            rack_id=self.how.get("rack_id"),
        )
        self._told = set()
        return self._heard(self.harness.heartbeat(request, client=self.id))

    def beat(self, **changes: Any) -> Asked:
        """A heartbeat: what it owns is told where that has changed."""
        partitions = None if self._told == self.owned else self.owned_now()
        self._told = set(self.owned)
        fields = {"member_epoch": self.epoch, "instance_id": self.how.get("instance_id"), **changes}
        fields.setdefault("topic_partitions", partitions)
        request = ConsumerGroupHeartbeatRequest(group_id=GROUP, member_id=self.id, **fields)
        return self._heard(self.harness.heartbeat(request, client=self.id))

    def subscribe(self, topics: Iterable[str]) -> Asked:
        self.topics = list(topics)
        return self.beat(subscribed_topic_names=self.topics)

    def leave(self, epoch: int = -1) -> Asked:
        self.owned, self.assigned = set(), set()
        asked = self.beat(member_epoch=epoch, topic_partitions=None)
        self.epoch = epoch
        return asked

    def give_back(self) -> None:
        """Do what the last answers asked for."""
        self.owned &= self.assigned
        if not self.lazy or self._told == self.owned:
            self.owned = set(self.assigned)

    def owned_now(self) -> list[ConsumerGroupHeartbeatRequest.TopicPartitions]:
        return [
            ConsumerGroupHeartbeatRequest.TopicPartitions(topic_id=uuid, partitions=indexes)
            for uuid, indexes in self.harness.ids_of(self.owned).items()
        ]

    def _heard(self, asked: Asked) -> Asked:
        if not asked.answered:
            return asked
        if asked.code != ErrorCode.NONE:
            self._told = None  # nobody knows what the coordinator has heard
            if asked.code in (ErrorCode.FENCED_MEMBER_EPOCH, ErrorCode.UNKNOWN_MEMBER_ID):
                self.epoch, self.assigned, self.owned = 0, set(), set()
            return asked
        self.id = asked.response.member_id
        self.epoch = asked.response.member_epoch
        if asked.response.assignment is not None:
            self._told = None  # it is to say what it has made of it, even if nothing
            self.assigned = {
                (self.harness.name_of(topic.topic_id), index)
                for topic in asked.response.assignment.topic_partitions
                for index in topic.partitions
            }
            if not self.lazy:
                self.give_back()
        return asked


def settle(harness: ConsumerGroupsHarness, members: Iterable[Member], rounds: int = 30) -> None:
    """Time passes, and all members send heartbeats, those that are fenced join again, until nothing changes."""
    members = list(members)
    for _ in range(rounds):
        before = len(harness.log)
        harness.advance(2.0)
        for member in members:
            member.give_back()
            if member.in_group:
                member.beat()
            else:
                member.join()
        if len(harness.log) == before:
            return
    raise AssertionError(f"{harness.group} does not settle")
