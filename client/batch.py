"""A batch on its way: records of one partition, sent together, and what becomes of them.

A batch that a broker refuses though its records could be taken in another way goes on in pieces: several batches in its
place. Who holds a record of it finds the piece by the record's place.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, TypeAlias

from barnabas.client.errors import ClientError
from barnabas.client.record_writer import Fields
from barnabas.protocol.record_batch import parse_batch
from barnabas.protocol.types import Buffer

_RECORD_OVERHEAD: Final = 21
"""Bytes that a record has besides its key, value and headers, at most."""


@dataclass(frozen=True, slots=True)
class Written:
    """A batch is in the log. `base_offset` is -1 where the broker did not say, `append_time_ms` where it kept ours."""

    base_offset: int = -1
    append_time_ms: int = -1


@dataclass(frozen=True, slots=True)
class InPieces:
    """Nothing of a batch was taken as it was: these go on in its place, with its records in their order."""

    pieces: tuple[Batch, ...]


Outcome: TypeAlias = Written | ClientError | InPieces


class Batch:
    """Records of one partition. `outcome` is None while it is on its way."""

    __slots__ = (
        "attempts",
        "closed",
        "count",
        "created",
        "data",
        "deadline",
        "in_flight",
        "last_error",
        "outcome",
        "partition",
        "perhaps_written",
        "records",
        "retry_at",
        "size",
        "topic",
        "whole",
    )

    def __init__(self, topic: str, partition: int, now: float, deadline: float, whole: Batch | None = None) -> None:
        """`whole`: the batch of which it is a piece, if it is one."""
        self.topic: Final = topic
        self.partition: Final = partition
        self.whole: Final = whole or self
        self.records: list[Fields] = []
        """Until its bytes are made."""
        self.count = 0
        """How many records it has."""
        self.created: Final = now
        self.deadline: Final = deadline
        self.closed = False
        """Whether it takes no more records."""
        self.data: bytearray | None = None
        """The bytes, from the first attempt to the end."""
        self.size = 0
        """Bytes of its records, as they count for `Batcher.buffered`."""
        self.attempts = 0
        self.in_flight = False
        self.perhaps_written = False
        """Whether the broker may have it (or all that it is a piece of), of an attempt without a clear answer."""
        self.retry_at = now
        self.last_error: object = "it was never sent"
        self.outcome: Outcome | None = None

    def __str__(self) -> str:
        return f"{self.count} records for {self.topic}-{self.partition}"

    @property
    def ended(self) -> bool:
        """Whether the fate of every record is known."""
        if isinstance(self.outcome, InPieces):
            return all(piece.ended for piece in self.outcome.pieces)
        return self.outcome is not None

    def find(self, index: int) -> tuple[Written | ClientError | None, int]:
        """What became of the batch that has the record at `index`, and the record's place in that one."""
        if not isinstance(self.outcome, InPieces):
            return self.outcome, index
        for piece in self.outcome.pieces:
            if index < piece.count:
                return piece.find(index)
            index -= piece.count
        raise AssertionError(f"no piece of {self} has the record")

    def piece(self, records: Iterable[Fields], now: float) -> Batch:
        """Some of its records, to be sent by themselves at once, within the same deadline."""
        piece = Batch(self.topic, self.partition, self.created, self.deadline, self.whole)
        piece.records = list(records)
        piece.count = len(piece.records)
        piece.size = sum(record_size(key, value, headers) for _, key, value, headers in piece.records)
        piece.closed, piece.retry_at, piece.last_error = True, now, self.last_error
        piece.perhaps_written = self.perhaps_written
        return piece

    def read_back(self) -> Iterator[Fields]:
        """The records, of the bytes that were made of them."""
        assert self.data is not None
        for record in parse_batch(self.data).records(max_bytes=self.size):
            key, value = record.key, record.value
            yield (
                record.timestamp,
                None if key is None else bytes(key),
                None if value is None else bytes(value),
                record.headers,
            )


def of_at_most(size: int, records: Iterable[Fields]) -> Iterator[list[Fields]]:
    """The records in parts of at most so many bytes; one that is larger is a part of its own."""
    part: list[Fields] = []
    part_size = 0
    for record in records:
        _, key, value, headers = record
        record_bytes = record_size(key, value, headers)
        if part and part_size + record_bytes > size:
            yield part
            part, part_size = [], 0
        part.append(record)
        part_size += record_bytes
    if part:
        yield part


def record_size(key: Buffer | None, value: Buffer | None, headers: Iterable[tuple[str, Buffer | None]]) -> int:
    """The bytes that a record takes in a batch, at most."""
    size = _RECORD_OVERHEAD
    if key is not None:
        size += len(key)
    if value is not None:
        size += len(value)
    for name, content in headers:
        size += 10 + len(name.encode()) + (len(content) if content is not None else 0)
    return size
