"""Which partition a record goes to. A core.

A record with a key goes where every Kafka client sends that key: murmur2 of its bytes, modulo the number of
partitions. Records without a key stick to one partition until a batch's worth of bytes has gone there, and then move
on (KIP-794), so that batches are large and partitions filled evenly. Partitions without a leader are passed over.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from barnabas.client.metadata import TopicView
from barnabas.protocol.types import Buffer

_SEED: Final = 0x9747B28C
_MULTIPLIER: Final = 0x5BD1E995
_MASK: Final = 0xFFFFFFFF


def murmur2(data: Buffer) -> int:
    """The 32-bit MurmurHash2 of `data`, unsigned, with the seed that Kafka's clients use."""
    length = len(data)
    value = _SEED ^ length
    whole = length & ~3
    for position in range(0, whole, 4):
        word = int.from_bytes(data[position : position + 4], "little") * _MULTIPLIER & _MASK
        word = (word ^ word >> 24) * _MULTIPLIER & _MASK
        value = value * _MULTIPLIER & _MASK ^ word
    if whole < length:
        value = (value ^ int.from_bytes(data[whole:], "little")) * _MULTIPLIER & _MASK
    value = (value ^ value >> 13) * _MULTIPLIER & _MASK
    return value ^ value >> 15


def partition_for_key(key: Buffer, count: int) -> int:
    """The partition of a key among `count`."""
    return (murmur2(key) & 0x7FFFFFFF) % count


class StickyPartitioner:
    """Where records without a key go."""

    __slots__ = ("_batch_size", "_choose", "_current")

    def __init__(self, batch_size: int, choose: Callable[[Sequence[int]], int]) -> None:
        """`batch_size` in bytes; `choose` takes one of several at random."""
        self._batch_size: Final = batch_size
        self._choose: Final = choose
        self._current: dict[str, tuple[int, int]] = {}  # topic -> partition, bytes that went there

    def partition(self, topic: TopicView, size: int) -> int:
        """The partition for a record of `size` bytes."""
        partition, used = self._current.get(topic.name, (-1, 0))
        known = topic.partitions.get(partition)
        if known is None or known.leader < 0 or used >= self._batch_size:
            partition, used = self._next(topic, partition), 0
        self._current[topic.name] = (partition, used + size)
        return partition

    def _next(self, topic: TopicView, before: int) -> int:
        led = [number for number, partition in topic.partitions.items() if partition.leader >= 0]
        others = [number for number in led if number != before]
        return self._choose(others or led or list(topic.partitions))
