"""The coordinators of one kind on this broker: which keys are whose, and a shard for each partition that is led here.

A key belongs to a partition of the kind's topic, by the hash that Kafka uses, and the partition's leader coordinates
it. So to follow leadership is all there is to being a coordinator: a shard is loaded when this broker becomes a leader
in a new epoch, and closed when that epoch ends, whichever way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Generic

from barnabas.broker.coordinator.records import RecordCodec
from barnabas.broker.coordinator.shard import M, Shard, ShardState
from barnabas.protocol.compression import Compression
from barnabas.protocol.errors import ErrorCode, WireError

_INT32: Final = 1 << 32


@dataclass(frozen=True, slots=True)
class CoordinatorKind(Generic[M]):
    """What tells groups from transactions. Sizes in bytes, times in seconds."""

    name: str
    """For people: `group`."""
    topic: str
    codec: RecordCodec
    num_partitions: int
    """Of the topic while it does not exist."""
    new_machine: Callable[[int], M]
    """Makes an empty machine for a partition of the topic."""
    write_timeout: float
    load_bytes: int = 5 * 1024 * 1024
    compression: Compression = Compression.NONE


class Coordinators(Generic[M]):
    """See the module's text."""

    def __init__(self, kind: CoordinatorKind[M]) -> None:
        self.kind: Final = kind
        self._num_partitions = kind.num_partitions
        self._shards: dict[int, Shard[M]] = {}

    def partition_for(self, key: str) -> int:
        """The partition of the topic to which a group or transactional id belongs."""
        # Java's Math.abs of the least int would be negative; Kafka takes 0.
        value = java_hash(key)
        return (0 if value == -(_INT32 >> 1) else abs(value)) % self._num_partitions

    def shard(self, key: str) -> Shard[M]:
        """The shard that coordinates this key, ready to serve.

        WireError where there is none: NOT_COORDINATOR, or COORDINATOR_LOAD_IN_PROGRESS while it comes up.
        """
        shard = self._shards.get(self.partition_for(key))
        if shard is None or shard.state is ShardState.CLOSED:
            raise WireError(ErrorCode.NOT_COORDINATOR)
        if shard.state is ShardState.LOADING:
            raise WireError(ErrorCode.COORDINATOR_LOAD_IN_PROGRESS)
        return shard

    def shards(self) -> Iterator[Shard[M]]:
        """Those that are active here."""
        return (shard for shard in list(self._shards.values()) if shard.active)

    @property
    def loading(self) -> bool:
        """Whether some shards of this broker are still loading."""
        return any(shard.state is ShardState.LOADING for shard in self._shards.values())


@lru_cache(maxsize=4096)
def java_hash(text: str) -> int:
    """Java's `String.hashCode`: of UTF-16 units, as a signed int32."""
    units = text.encode("utf-16-be", "surrogatepass")
    value = 0
    for position in range(0, len(units), 2):
        value = (31 * value + (units[position] << 8 | units[position + 1])) % _INT32
    return value - _INT32 if value >= _INT32 >> 1 else value
