"""A broker's replicas on a real disk, without sockets, tasks or waiting:

Time is set by hand, and work in threads is done on the spot.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from barnabas.broker.config_view import parse_log_config
from barnabas.broker.handlers.fetch import FetchHandler
from barnabas.broker.handlers.list_offsets import ListOffsetsHandler
from barnabas.broker.handlers.offset_for_leader_epoch import OffsetForLeaderEpochHandler
from barnabas.broker.handlers.produce import ProduceHandler
from barnabas.broker.isr import IsrChange
from barnabas.broker.metadata_cache import MetadataCache
from barnabas.broker.partition import Partition
from barnabas.broker.replica_manager import ReplicaConfig, ReplicaManager
from barnabas.metadata.delta import MetadataDelta
from barnabas.metadata.records import (
    ConfigRecord,
    Endpoint,
    MetadataRecord,
    PartitionChangeRecord,
    PartitionRecord,
    RegisterBrokerRecord,
    RemoveTopicRecord,
    ResourceType,
    TopicRecord,
)
from barnabas.protocol import codec
from barnabas.protocol.message import Message
from barnabas.protocol.messages.fetch import FetchRequest, FetchResponse
from barnabas.protocol.messages.produce import ProduceRequest, ProduceResponse
from barnabas.protocol.record_builder import BatchBuilder
from barnabas.storage.config import LogConfig
from barnabas.storage.disk import RealDisk, StorageError
from barnabas.storage.log_directory import format_directory
from barnabas.storage.log_manager import LogManager

CLUSTER_ID = "AAAAAAAAAAAAAAAAAAAAAQ"
DIRECTORY_ID = b"d" * 16
NOW_MS = 1_700_000_000_000


class FakeTimers:
    """Timers that are called by `BrokerHarness.advance`."""

    def __init__(self) -> None:
        self.calls: list[FakeTimer] = []

    def call_at(self, deadline: float, call: Callable[[], None]) -> Any:
        timer = FakeTimer(self, deadline, call)
        self.calls.append(timer)
        return timer

    def due(self, now: float) -> tuple[float, Callable[[], None]] | None:
        """The first call that is due by `now`, with its time."""
        first = min(self.calls, default=None, key=lambda timer: timer.deadline)
        if first is None or first.deadline > now:
            return None
        self.calls.remove(first)
        return first.deadline, first.call


class FakeTimer:
    """As much of a `Timer` as is used."""

    def __init__(self, timers: FakeTimers, deadline: float, call: Callable[[], None]) -> None:
        self.timers, self.deadline, self.call = timers, deadline, call

    @property
    def pending(self) -> bool:
        return self in self.timers.calls

    def cancel(self) -> None:
        if self.pending:
            self.timers.calls.remove(self)


class FakeBackground:
    """What is to be done soon waits for `run`; work in threads is done at once, unless it is `held`."""

    def __init__(self) -> None:
        self.calls: list[Callable[[], None]] = []
        self.held: list[Callable[[], None]] | None = None

    def soon(self, call: Callable[[], None]) -> None:
        self.calls.append(call)

    def in_thread(
        self, work: Callable[[], object], then: Callable[[], None], failed: Callable[[StorageError], None]
    ) -> None:
        def run() -> None:
            try:
                work()
            except StorageError as error:
                failed(error)
            else:
                then()

        if self.held is None:
            run()
        else:
            self.held.append(run)

    def run(self) -> None:
        while self.calls:
            self.calls.pop(0)()


class FakeRequest:
    """A request whose reply is kept. The body goes through the codec, as a frame of its version would."""

    def __init__(self, message: Message, version: int, client_id: str = "test") -> None:
        data = memoryview(bytearray(codec.encode(message, version)))
        self.body: Any = codec.decode(type(message), version, data)[0]
        self.version = version
        self.header = SimpleNamespace(client_id=client_id, api_version=version)
        self.connection = SimpleNamespace(listener="PLAINTEXT")
        self.replies: list[Any] = []
        self.closed: str | None = None

    def reply(self, message: Message | None) -> None:
        assert not self.replies, "replied twice"
        if message is not None:
            parts = codec.encode_parts(message, self.version)
            data = b"".join(part.read() if hasattr(part, "read") else part for part in parts)  # type: ignore[arg-type]
            message = codec.decode(type(message), self.version, memoryview(data))[0]
        self.replies.append(message)

    def close(self, reason: str) -> None:
        self.closed = reason

    @property
    def response(self) -> Any:
        assert self.replies, "no reply yet"
        return self.replies[0]

    @property
    def waits(self) -> bool:
        return not self.replies


class BrokerHarness:
    """Broker 1, with as much of a cluster around it as its image says."""

    def __init__(self, path: Path, **config: Any) -> None:
        self.now = 1000.0
        self.now_ms = NOW_MS
        disk = RealDisk(path)
        if not (path / "meta.properties").exists():
            path.mkdir(exist_ok=True)
            format_directory(disk, CLUSTER_ID, 1, DIRECTORY_ID)
        self.cache = MetadataCache()
        self.timers = FakeTimers()
        self.background = FakeBackground()
        self.logs = LogManager([disk])
        self.logs.open(CLUSTER_ID, 1)
        self.logs.load_all(self.log_config, self.now_ms)
        self.isr_changes: list[IsrChange] = []
        self.fetching: dict[tuple[bytes, int], int] = {}
        self.failed_directories: list[bytes] = []
        self.session_ids = iter(range(1, 1_000_000))
        self.manager = ReplicaManager(
            ReplicaConfig(broker_id=1, **config),
            metadata=self.cache,
            logs=self.logs,
            log_config=self.log_config,
            clock=lambda: self.now,
            wall_clock_ms=lambda: self.now_ms,
            timers=self.timers,
            background=self.background,
            new_session_id=lambda: next(self.session_ids),
            directory_failed=self.failed_directories.append,
        )
        self.manager.isr_changes = SimpleNamespace(submit=self.isr_changes.append)
        self.manager.fetchers = SimpleNamespace(follow=self.follow, stop=self.stop_fetching)
        self.cache.subscribe(lambda image, delta: self.manager.apply_delta(delta, image))
        self.produce_handler = ProduceHandler(self.manager)
        self.fetch_handler = FetchHandler(self.manager, max_bytes=50_000_000)
        self.list_offsets_handler = ListOffsetsHandler(self.manager)
        self.epoch_handler = OffsetForLeaderEpochHandler(self.manager)
        self.offset = 0
        self.apply(*(self.broker(broker_id) for broker_id in (1, 2, 3)))

    def follow(self, partition: Partition) -> None:
        self.fetching[partition.key] = partition.leader_id

    def stop_fetching(self, partition: Partition) -> None:
        self.fetching.pop(partition.key, None)

    def log_config(self, topic: str) -> LogConfig:
        return parse_log_config(self.cache.image.configs.of_topic(topic))

    # The cluster

    @staticmethod
    def broker(broker_id: int, *, epoch: int = 10, rack: str | None = None, fenced: bool = False) -> MetadataRecord:
        return RegisterBrokerRecord(
            broker_id=broker_id,
            broker_epoch=epoch,
            incarnation_id=bytes([broker_id] * 16),
            endpoints=(Endpoint(name="PLAINTEXT", host=f"host{broker_id}", port=9090 + broker_id),),
            rack=rack,
            fenced=fenced,
        )

    def apply(self, *records: MetadataRecord) -> None:
        delta = MetadataDelta(self.cache.image)
        for record in records:
            delta.replay(record)
        self.offset += len(records)
        self.cache.publish(delta.apply(self.offset, 1), delta)

    def create_topic(
        self,
        name: str = "t",
        *,
        partitions: int = 1,
        replicas: tuple[int, ...] = (1,),
        leader: int = 1,
        isr: tuple[int, ...] | None = None,
        **config: str,
    ) -> bytes:
        """Its id. Configurations have Kafka's names with underscores."""
        topic_id = name.encode().ljust(16, b"_")[:16]
        self.apply(
            TopicRecord(name=name, topic_id=topic_id),
            *(
                PartitionRecord(
                    partition_id=index,
                    topic_id=topic_id,
                    replicas=replicas,
                    isr=replicas if isr is None else isr,
                    leader=leader,
                    leader_epoch=0,
                    partition_epoch=0,
                )
                for index in range(partitions)
            ),
            *(self.config_record(name, key, value) for key, value in config.items()),
        )
        return topic_id

    @staticmethod
    def config_record(topic: str, key: str, value: str | None) -> MetadataRecord:
        return ConfigRecord(
            resource_type=ResourceType.TOPIC, resource_name=topic, name=key.replace("_", "."), value=value
        )

    def change(self, topic: str = "t", index: int = 0, **changes: Any) -> None:
        """Change a partition; naming a leader makes a new leader epoch."""
        topic_id = self.cache.image.topics.ids[topic]
        self.apply(PartitionChangeRecord(partition_id=index, topic_id=topic_id, **changes))

    def delete_topic(self, topic: str = "t") -> None:
        self.apply(RemoveTopicRecord(topic_id=self.cache.image.topics.ids[topic]))

    def partition(self, topic: str = "t", index: int = 0) -> Partition:
        return self.manager.find(topic, index)

    # Time

    def settle(self) -> None:
        self.background.run()

    def advance(self, seconds: float) -> None:
        self.settle()
        end = self.now + seconds
        while (due := self.timers.due(end)) is not None:
            self.now = max(self.now, due[0])
            due[1]()
            self.settle()
        self.now = end

    # Requests

    def produce(
        self,
        *parts: tuple[str, int, bytes | bytearray | None],
        acks: int = -1,
        version: int = 9,
        timeout_ms: int = 1000,
        transactional_id: str | None = None,
        client_id: str = "test",
    ) -> FakeRequest:
        """Parts are (topic, partition, records)."""
        topics: dict[str, list[ProduceRequest.PartitionProduceData]] = {}
        for topic, index, records in parts:
            topics.setdefault(topic, []).append(ProduceRequest.PartitionProduceData(index=index, records=records))
        message = ProduceRequest(
            acks=acks,
            timeout_ms=timeout_ms,
            transactional_id=transactional_id,
            topic_data=[
                ProduceRequest.TopicProduceData(
                    name=topic if version < 13 else "",
                    topic_id=self.cache.image.topics.ids.get(topic, b"?" * 16) if version >= 13 else bytes(16),
                    partition_data=data,
                )
                for topic, data in topics.items()
            ],
        )
        request = FakeRequest(message, version, client_id)
        self.produce_handler.handle(request)  # type: ignore[arg-type]
        return request

    def fetch(
        self, *parts: dict[str, Any] | tuple[str, int, int], version: int = 12, settle: bool = True, **fields: Any
    ) -> FakeRequest:
        """Parts are (topic, partition, offset), or fields of FetchPartition with `topic`.

        Forgotten: [(topic, [partition])].
        """
        ids = self.cache.image.topics.ids
        topics = []
        for part in parts:
            data = (
                {"topic": part[0], "partition": part[1], "fetch_offset": part[2]} if isinstance(part, tuple) else part
            )
            topic = data["topic"]
            wanted = {"partition_max_bytes": 1 << 20} | {key: value for key, value in data.items() if key != "topic"}
            naming = {"topic": topic} if version < 13 else {"topic_id": ids.get(topic, b"?" * 16)}
            topics.append(FetchRequest.FetchTopic(**naming, partitions=[FetchRequest.FetchPartition(**wanted)]))
        fields["forgotten_topics_data"] = [
            FetchRequest.ForgottenTopic(
                **({"topic": topic} if version < 13 else {"topic_id": ids[topic]}), partitions=indexes
            )
            for topic, indexes in fields.pop("forget", ())
        ]
        if "replica" in fields:
            replica_id, epoch = fields.pop("replica")
            fields["replica_state"] = FetchRequest.ReplicaState(replica_id=replica_id, replica_epoch=epoch)
        message = FetchRequest(**{"max_wait_ms": 0, "min_bytes": 1, **fields}, topics=topics)
        request = FakeRequest(message, version)
        self.fetch_handler.handle(request)  # type: ignore[arg-type]
        if settle:
            self.settle()
        return request


def batch(*values: bytes, **fields: Any) -> bytearray:
    """A batch of records with these values."""
    builder = BatchBuilder(**fields)
    for value in values:
        builder.append(NOW_MS, None, value)
    return builder.build()


def produced(request: FakeRequest, place: int = 0) -> ProduceResponse.PartitionProduceResponse:
    """The one answer of a produce's first topic, or that at `place`."""
    return request.response.responses[0].partition_responses[place]


def fetched(request: FakeRequest) -> dict[int, FetchResponse.PartitionData]:
    """The answer of a fetch by partition index; all topics together."""
    return {data.partition_index: data for topic in request.response.responses for data in topic.partitions}


def told(request: FakeRequest) -> list[int]:
    """Which partitions are in the answer, in order."""
    return [data.partition_index for topic in request.response.responses for data in topic.partitions]


def values(requests: Iterable[Any]) -> list[bytes]:
    """The values of the records in answers."""
    from barnabas.protocol.record_batch import iter_batches

    return [
        bytes(record.value)
        for data in requests
        for found in iter_batches(data.records)
        for record in found.records()
        if record.value is not None
    ]


def fill(broker: BrokerHarness, count: int, index: int = 0, topic: str = "t", size: int = 1) -> None:
    """Append `count` records to a partition, a batch each."""
    for number in range(count):
        broker.produce((topic, index, batch(bytes([number]) * size)), acks=1)


def follow(broker: BrokerHarness, offset: int, *, replica: int = 2, **fields: Any) -> FakeRequest:
    """A fetch of `t-0` by another broker, which has all below `offset`."""
    part = {"topic": "t", "partition": 0, "fetch_offset": offset, "current_leader_epoch": 0, "log_start_offset": 0}
    part |= {key: fields.pop(key) for key in list(fields) if key in part or key == "last_fetched_epoch"}
    return broker.fetch(part, version=17, replica=(replica, fields.pop("epoch", 10)), **fields)
