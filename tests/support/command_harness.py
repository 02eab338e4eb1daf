"""For tests of the command line: how a command ended, and a fake of the cluster that it talks to."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from barnabas.client.admin import (
    BrokerDescription,
    ClusterDescription,
    ConfigValue,
    CreatedTopic,
    NewTopic,
    TopicDescription,
)
from barnabas.client.errors import BrokerError
from barnabas.client.metadata import Node, PartitionView
from barnabas.protocol.errors import ErrorCode


@dataclass(frozen=True, slots=True)
class Result:
    """How a command ended, and what it said."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def words(self) -> list[list[str]]:
        """Standard output, each line split at white space."""
        return [line.split() for line in self.out.splitlines()]


Run = Callable[..., Result]


def partition(*replicas: int, leader: int | None = None, isr: Sequence[int] | None = None) -> PartitionView:
    """A partition on these brokers; the first leads and all are in sync unless told otherwise."""
    first = replicas[0] if leader is None else leader
    in_sync = replicas if isr is None else tuple(isr)
    return PartitionView(first, 5, replicas, in_sync, (), ErrorCode.NONE)


@dataclass
class FakeAdmin:
    """Brokers 1 to 3 and topics; what it was asked to do is in `calls`."""

    topics: dict[str, TopicDescription] = field(default_factory=dict)
    configs: dict[str, str] = field(default_factory=dict)
    refusals: dict[str, BrokerError] = field(default_factory=dict)
    broken: Exception | None = None
    opened_with: tuple[str, Mapping[str, Any]] = ("", {})
    calls: list[tuple[Any, ...]] = field(default_factory=list)

    def __call__(self, bootstrap: str, **settings: Any) -> Self:
        self.opened_with = (bootstrap, settings)
        return self

    async def __aenter__(self) -> Self:
        if self.broken is not None:
            raise self.broken
        return self

    async def __aexit__(self, *_: object) -> None:
        pass

    def add(self, name: str, *partitions: PartitionView, internal: bool = False) -> None:
        self.topics[name] = TopicDescription(name, f"id-of-{name}", internal, dict(enumerate(partitions)))

    def _missing(self, name: str) -> BrokerError | None:
        return None if name in self.topics else BrokerError(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, f"topic {name}")

    async def describe_cluster(self) -> ClusterDescription:
        brokers = [
            BrokerDescription(Node(1, "one", 9092, "a"), False),
            BrokerDescription(Node(2, "two", 9093), False),
            BrokerDescription(Node(3, "three", 9094), True),
        ]
        return ClusterDescription("the-id", 1, brokers)

    async def list_topics(self) -> list[TopicDescription]:
        return list(self.topics.values())

    async def describe_topics(self, names: Iterable[str]) -> dict[str, TopicDescription | BrokerError]:
        return {name: self._missing(name) or self.topics[name] for name in names}

    async def describe_configs(self, kind: int, names: Iterable[str]) -> dict[str, list[ConfigValue] | BrokerError]:
        default = ConfigValue("retention.ms", "604800000", "default", False, False)
        given = [ConfigValue(name, value, "topic", False, False) for name, value in self.configs.items()]
        return {name: [default, *given] for name in names}

    async def create_topics(
        self, topics: Sequence[NewTopic], *, validate_only: bool = False
    ) -> dict[str, CreatedTopic | BrokerError]:
        self.calls.append(("create", topics, validate_only))
        return {
            topic.name: self.refusals.get(topic.name) or CreatedTopic(topic.name, "new-id", 4, 2) for topic in topics
        }

    async def delete_topics(self, names: Sequence[str]) -> dict[str, BrokerError | None]:
        self.calls.append(("delete", names))
        return {name: self._missing(name) for name in names}

    async def create_partitions(
        self, totals: Mapping[str, int], *, assignments: Mapping[str, Sequence[Sequence[int]]] | None = None
    ) -> dict[str, BrokerError | None]:
        self.calls.append(("partitions", totals, assignments))
        return {name: self._missing(name) for name in totals}

    async def alter_configs(
        self, kind: int, changes: Mapping[str, Mapping[str, str | None]]
    ) -> dict[str, BrokerError | None]:
        self.calls.append(("configs", kind, changes))
        return {name: self.refusals.get(name) for name in changes}
