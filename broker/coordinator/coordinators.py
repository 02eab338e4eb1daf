"""The coordinators of one kind on this broker: which keys are whose, and a shard for each partition that is led here.

A key belongs to a partition of the kind's topic, by the hash that Kafka uses, and the partition's leader coordinates
it. So to follow leadership is all there is to being a coordinator: a shard is loaded when this broker becomes a leader
in a new epoch, and closed when that epoch ends, whichever way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final, Generic

from barnabas.broker.coordinator.answers import Decision
from barnabas.broker.coordinator.leadership import LedPartition
from barnabas.broker.coordinator.loading import LoadStatistics, ShardLoader
from barnabas.broker.coordinator.partition_end import PartitionEnd
from barnabas.broker.coordinator.records import RecordCodec
from barnabas.broker.coordinator.shard import M, Shard, ShardEnvironment, ShardState
from barnabas.broker.purgatory import TimedPurgatory
from barnabas.protocol.compression import Compression
from barnabas.protocol.errors import ErrorCode, WireError

if TYPE_CHECKING:
    from barnabas.broker.partition import Partition
    from barnabas.broker.replica_manager import ReplicaManager
    from barnabas.metadata.delta import MetadataDelta
    from barnabas.metadata.image import MetadataImage
    from barnabas.metadata.topics import Topic
    from barnabas.server.environment import Threads

_INT32: Final = 1 << 32


@dataclass(frozen=True, slots=True)
class CoordinatorKind(Generic[M]):
    """What tells groups from transactions. Sizes in bytes, times in seconds."""

    name: str
    """For people and metrics: `group`."""
    topic: str
    codec: RecordCodec
    num_partitions: int
    """Of the topic while it does not exist."""
    new_machine: Callable[[int], M]
    """Makes an empty machine for a partition of the topic."""
    write_timeout: float
    on_metadata: Callable[[M, MetadataDelta, MetadataImage, float, int], Decision] | None = None
    """What a change of the cluster's metadata means to a machine: gets seconds and the wall clock in ms as well."""
    load_bytes: int = 5 * 1024 * 1024
    compression: Compression = Compression.NONE


class Coordinators(Generic[M]):
    """See the module's text."""

    def __init__(
        self,
        kind: CoordinatorKind[M],
        replicas: ReplicaManager,
        *,
        spawn: Callable[..., None],
        threads: Threads,
    ) -> None:
        """`spawn` runs an async function in the background."""
        self.kind: Final = kind
        self._replicas = replicas
        self._spawn = spawn
        self._loader = ShardLoader(kind.codec, threads, kind.load_bytes)
        self._environment = ShardEnvironment(
            clock=replicas.clock,
            clock_ms=replicas.wall_clock_ms,
            timers=replicas.timers,
            waiting=TimedPurgatory(replicas.timers, replicas.clock),
            write_timeout=kind.write_timeout,
        )
        self._topic_id: bytes | None = None
        self._num_partitions = kind.num_partitions
        self._hosted: dict[int, LedPartition[M]] = {}

    # Finding shards

    @property
    def topic(self) -> str:
        """The topic whose partitions the shards live on."""
        return self.kind.topic

    def partition_for(self, key: str) -> int:
        """The partition of the topic to which a group or transactional id belongs."""
        return partition_of(key, self._num_partitions)

    def shard(self, key: str) -> Shard[M]:
        """The shard that coordinates this key, ready to serve.

        WireError where there is none: NOT_COORDINATOR, or COORDINATOR_LOAD_IN_PROGRESS while it comes up.
        """
        return self.shard_at(self.partition_for(key))

    def shard_at(self, partition: int) -> Shard[M]:
        """The shard of a partition of the topic, as `shard` finds it for a key."""
        hosted = self._hosted.get(partition)
        if hosted is None:
            raise WireError(ErrorCode.NOT_COORDINATOR)
        return hosted.find()

    def shards(self) -> Iterator[Shard[M]]:
        """Those that are active here."""
        return (shard for shard in self._all() if shard.state is ShardState.ACTIVE)

    @property
    def loading(self) -> bool:
        """Whether some shards of this broker are still loading, or will load again."""
        return self.loading_count > 0

    @property
    def loading_count(self) -> int:
        """How many those are."""
        return sum(shard.state is not ShardState.ACTIVE for shard in self._all())

    @property
    def load_statistics(self) -> LoadStatistics:
        return self._loader.statistics

    def _all(self) -> list[Shard[M]]:
        return [hosted.shard for hosted in self._hosted.values() if hosted.shard is not None]

    # What the metadata log says

    def apply_delta(self, delta: MetadataDelta, image: MetadataImage) -> None:
        """The image changed to `image`, and the replicas here are as it says."""
        topic = image.topics.by_name(self.kind.topic)
        if topic is not None:
            self._learn(topic)
            for index in delta.topics.changed.get(topic.id, ()):
                self._host(topic, index)
        decide = self.kind.on_metadata
        if decide is not None:
            for shard in list(self.shards()):
                shard.submit(lambda machine, now, now_ms: decide(machine, delta, image, now, now_ms))

    def _learn(self, topic: Topic) -> None:
        """The number of partitions counts as of a topic's first appearance: more of them later would put groups where
        their records are not.
        """
        if topic.id != self._topic_id:
            self._topic_id = topic.id
            self._num_partitions = len(topic.partitions)
            self._hosted.clear()  # the shards of a deleted topic have closed with its replicas

    def _host(self, topic: Topic, index: int) -> None:
        partition = self._replicas.by_id.get(topic.id, {}).get(index)
        hosted = self._hosted.get(index)
        if partition is None:
            self._hosted.pop(index, None)
        elif hosted is None or hosted.partition is not partition:
            self._hosted[index] = hosted = LedPartition(
                partition,
                new_shard=self._new_shard,
                loader=self._loader,
                spawn=self._spawn,
                storage_failed=self._replicas.storage_failed,
                clock=self._replicas.clock,
                timers=self._replicas.timers,
            )
            hosted.look()

    def _new_shard(self, partition: Partition, leader_epoch: int, broken: Callable[[], None]) -> Shard[M]:
        kind = self.kind
        end = PartitionEnd(partition, leader_epoch, kind.codec, self._replicas, kind.compression)
        machine = kind.new_machine(partition.index)
        return Shard(partition.index, leader_epoch, machine, end, self._environment, broken)


def partition_of(key: str, partitions: int) -> int:
    """The partition, of so many, to which Kafka assigns a key."""
    value = java_hash(key)
    # In Java the absolute value of the least int is no int; Kafka takes 0.
    return (0 if value == -(_INT32 >> 1) else abs(value)) % partitions


@lru_cache(maxsize=4096)
def java_hash(text: str) -> int:
    """Java's `String.hashCode`: of UTF-16 units, as a signed int32."""
    units = text.encode("utf-16-be", "surrogatepass")
    value = 0
    for position in range(0, len(units), 2):
        value = (31 * value + (units[position] << 8 | units[position + 1])) % _INT32
    return value - _INT32 if value >= _INT32 >> 1 else value
