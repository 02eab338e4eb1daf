"""A controller without a process: handlers are called, their records are replayed and committed at once."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

from barnabas.controller.config import ControllerConfig
from barnabas.controller.controller import Controller
from barnabas.metadata.delta import MetadataDelta
from barnabas.metadata.image import EMPTY_IMAGE, MetadataImage
from barnabas.metadata.records import NO_LEADER, LeaderRecoveryState, MetadataRecord, decode_record, encode_record
from barnabas.metadata.topics import Partition, Topic
from barnabas.protocol.errors import ErrorCode, WireError
from barnabas.protocol.message import RequestMessage
from barnabas.protocol.messages.alter_partition import AlterPartitionRequest, AlterPartitionResponse
from barnabas.protocol.messages.broker_heartbeat import BrokerHeartbeatRequest, BrokerHeartbeatResponse
from barnabas.protocol.messages.broker_registration import BrokerRegistrationRequest, BrokerRegistrationResponse
from barnabas.protocol.messages.create_topics import CreateTopicsRequest, CreateTopicsResponse
from barnabas.protocol.messages.incremental_alter_configs import IncrementalAlterConfigsRequest
from barnabas.server.runtime import Runtime

CLUSTER_ID = "the-castle"


class MemoryLog:
    """A log that keeps records as bytes and puts at most three into a batch where it may."""

    def __init__(self) -> None:
        self.records: list[bytes] = []

    def prepare(self, records: Sequence[MetadataRecord], *, atomic: bool) -> MemoryAppend:
        first = len(self.records)
        last = first + len(records) - 1
        ends = [last] if atomic else [*range(first + 2, last, 3), last]
        return MemoryAppend(self.records, [encode_record(record) for record in records], ends)


class MemoryAppend:
    """Records on their way into a `MemoryLog`."""

    def __init__(self, log: list[bytes], records: Sequence[bytes], ends: Sequence[int]) -> None:
        self.ends = ends
        self._log = log
        self._records = records

    def append(self) -> None:
        self._log += self._records


class ControllerHarness:
    """An active controller, and how brokers and administrators use it. `now` is the time, in seconds."""

    def __init__(self, seed: int = 1, **config: Any) -> None:
        self.now = 100.0
        self.random = random.Random(seed)
        self.log = MemoryLog()
        self.config = ControllerConfig(node_id=3000, cluster_id=CLUSTER_ID, **config)
        self.controller = Controller(self.config, self.random, lambda: self.random.randbytes(16))
        self.runtime = Runtime(self.controller, self.log, not_leader=lambda: WireError(ErrorCode.NOT_CONTROLLER))
        self.activate()

    # -- the controller ------------------------------------------------------------------------------------------

    def activate(self) -> None:
        self.runtime.lead(1)
        self._submit(lambda: self.controller.activate(self.now))

    def fail_over(self) -> None:
        """Another controller takes over, with nothing but the log."""
        self.controller = Controller(self.config, self.random, lambda: self.random.randbytes(16))
        self.runtime = Runtime(self.controller, self.log, not_leader=lambda: WireError(ErrorCode.NOT_CONTROLLER))
        for offset, record in enumerate(self.log.records):
            self.runtime.replay_committed([decode_record(record)], offset, 1)
        self.activate()

    def request(self, request: RequestMessage, version: int | None = None) -> Any:
        """The response, once committed. Raises the `WireError` where the request is refused as a whole."""
        at = request.VERSIONS[1] if version is None else version
        return self._submit(lambda: self.controller.handle(request, at, self.now, len(self.log.records)))

    def advance(self, seconds: float) -> None:
        """Time passes; what becomes due is done when it is due."""
        end = self.now + seconds
        while (deadline := self.controller.next_deadline()) <= end:
            self.now = max(self.now, deadline)
            self._submit(lambda: self.controller.tick(self.now))
        self.now = end

    def _submit(self, decide: Any) -> Any:
        outcome: list[Any] = []
        self.runtime.submit(decide, outcome.append)
        self.runtime.commit(len(self.log.records) - 1)
        if isinstance(outcome[0], WireError):
            raise outcome[0]
        return outcome[0]

    # -- what is known -------------------------------------------------------------------------------------------

    @property
    def image(self) -> MetadataImage:
        return self.controller.image

    def topic(self, name: str = "t") -> Topic:
        topic = self.image.topics.by_name(name)
        assert topic is not None
        return topic

    def partition(self, name: str = "t", index: int = 0) -> Partition:
        return self.topic(name).partitions[index]

    def epoch(self, broker_id: int) -> int:
        return self.image.cluster.brokers[broker_id].epoch

    # -- brokers -------------------------------------------------------------------------------------------------

    def register(self, broker_id: int, **fields: Any) -> int:
        """A new incarnation registers, as after a crash unless `previous_broker_epoch` is given; its epoch."""
        fields.setdefault("incarnation_id", self.random.randbytes(16))
        fields.setdefault("log_dirs", [directory(broker_id)])
        fields.setdefault("cluster_id", CLUSTER_ID)
        fields.setdefault(
            "features",
            [
                BrokerRegistrationRequest.Feature(name=name, min_supported_version=0, max_supported_version=level)
                for name, level in self.image.features.levels.items()
            ],
        )
        request = BrokerRegistrationRequest(broker_id=broker_id, **fields)
        response: BrokerRegistrationResponse = self.request(request)
        return response.broker_epoch

    def heartbeat(self, broker_id: int, **fields: Any) -> BrokerHeartbeatResponse:
        if "broker_epoch" not in fields:
            fields["broker_epoch"] = self.epoch(broker_id)
        fields.setdefault("current_metadata_offset", len(self.log.records) - 1)
        response: BrokerHeartbeatResponse = self.request(BrokerHeartbeatRequest(broker_id=broker_id, **fields))
        return response

    def start(self, *broker_ids: int, **fields: Any) -> None:
        """Brokers register and are unfenced."""
        for broker_id in broker_ids:
            self.register(broker_id, **fields)
            assert not self.heartbeat(broker_id).is_fenced

    def kill(self, *broker_ids: int) -> None:
        """The connections of brokers close, and they do not come back in time."""
        for broker_id in broker_ids:
            self.controller.heartbeat_connection_closed(broker_id, self.epoch(broker_id), self.now)
        self.advance(self.config.reconnect_grace)

    def stop(self, broker_id: int) -> None:
        """A controlled shutdown, to its end."""
        while not self.heartbeat(broker_id, want_shut_down=True).should_shut_down:
            for other in self.image.cluster.unfenced():
                if other.id != broker_id:
                    self.heartbeat(other.id)

    def restart_cleanly(self, broker_id: int) -> None:
        """Back after a controlled shutdown."""
        self.start(broker_id, previous_broker_epoch=self.epoch(broker_id))

    # -- administrators ------------------------------------------------------------------------------------------

    def create(self, name: str = "t", *replicas: Sequence[int], **configs: str) -> CreateTopicsResponse:
        """A topic whose partitions have these replicas; underscores in names of configurations are dots."""
        wanted = CreateTopicsRequest.CreatableTopic(
            name=name,
            num_partitions=-1,
            replication_factor=-1,
            assignments=[
                CreateTopicsRequest.CreatableReplicaAssignment(partition_index=index, broker_ids=ids)
                for index, ids in enumerate(replicas)
            ],
            configs=[
                CreateTopicsRequest.CreatableTopicConfig(name=key.replace("_", "."), value=value)
                for key, value in configs.items()
            ],
        )
        response: CreateTopicsResponse = self.request(CreateTopicsRequest(topics=[wanted]))
        assert response.topics[0].error_code == ErrorCode.NONE, response
        return response

    def configure(self, kind: int, name: str, key: str, value: str | None) -> int:
        """Sets one key, or deletes it; the error code."""
        change = IncrementalAlterConfigsRequest.AlterableConfig(
            name=key, config_operation=0 if value is not None else 1, value=value
        )
        resource = IncrementalAlterConfigsRequest.AlterConfigsResource(
            resource_type=kind, resource_name=name, configs=[change]
        )
        code: int = self.request(IncrementalAlterConfigsRequest(resources=[resource])).responses[0].error_code
        return code

    def alter_isr(self, name: str, index: int, *isr: int, **fields: Any) -> AlterPartitionResponse.PartitionData:
        """The leader asks for this ISR; what it gets."""
        partition = self.partition(name, index)
        leader = fields.pop("broker_id", partition.leader)
        broker_epoch = fields.pop("broker_epoch", self.epoch(leader))
        fields.setdefault("leader_epoch", partition.leader_epoch)
        fields.setdefault("partition_epoch", partition.partition_epoch)
        fields.setdefault(
            "new_isr_with_epochs",
            [
                AlterPartitionRequest.BrokerState(
                    broker_id=id_, broker_epoch=self.epoch(id_) if id_ in self.image.cluster.brokers else -1
                )
                for id_ in isr
            ],
        )
        asked = AlterPartitionRequest.PartitionData(partition_index=index, **fields)
        topic = AlterPartitionRequest.TopicData(topic_id=self.topic(name).id, partitions=[asked])
        request = AlterPartitionRequest(broker_id=leader, broker_epoch=broker_epoch, topics=[topic])
        response: AlterPartitionResponse = self.request(request)
        return response.topics[0].partitions[0]

    # -- what always holds ---------------------------------------------------------------------------------------

    def check(self) -> None:
        """Raises AssertionError where an invariant is broken."""
        image = self.image
        assert image == self.controller.committed_image
        replayed = MetadataDelta(EMPTY_IMAGE)
        for record in image.records():
            replayed.replay(record)
        assert replayed.apply(0, 0) == image
        for topic in image.topics:
            for partition in topic:
                check_partition(image, partition, self.controller.state.settings(topic).min_isr)


def check_partition(image: MetadataImage, partition: Partition, min_isr: int) -> None:
    """Raises AssertionError where the partition's state contradicts itself or the brokers'."""
    replicas, isr, elr = set(partition.replicas), set(partition.isr), set(partition.elr)
    assert len(isr) == len(partition.isr)
    assert isr <= replicas, partition
    assert elr <= replicas, partition
    assert not isr & elr, partition
    assert len(isr) < min_isr or not elr, partition
    assert all(not image.cluster.brokers[member].fenced for member in isr), partition
    if partition.leader == NO_LEADER:
        assert partition.leader not in isr
    else:
        assert partition.leader in isr, partition
        assert image.cluster.is_active(partition.leader), partition
        assert not partition.last_known_elr, partition
    if partition.leader_recovery_state == LeaderRecoveryState.RECOVERING:
        assert len(isr) <= 1, partition


def directory(broker_id: int) -> bytes:
    """The id of a broker's only log directory."""
    return (10_000 + broker_id).to_bytes(16, "big")
