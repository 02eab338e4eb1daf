"""Records made into a batch, all of them at once. A core, and the producer's hottest loop.

`record_builder.build_batch` makes the same bytes record by record, in the plainest way; here the pieces of all records
are gathered and joined once, and varints come from a table. The tests hold one against the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from barnabas.client.varints import VARINTS
from barnabas.protocol.compression import Compression, compress
from barnabas.protocol.record_batch import (
    BATCH_OVERHEAD,
    CRC_OFFSET,
    HEADER,
    LOG_OVERHEAD,
    MAGIC,
    NO_PARTITION_LEADER_EPOCH,
    NO_PRODUCER_EPOCH,
    NO_PRODUCER_ID,
    NO_SEQUENCE,
    TRANSACTIONAL_FLAG,
    checksum,
)
from barnabas.protocol.types import Buffer

if TYPE_CHECKING:
    from collections.abc import Iterable

    Headers = Sequence[tuple[str, bytes | None]]

Fields = tuple[int, bytes | None, bytes | None, "Headers"]
"""A record: timestamp (ms), key, value, headers."""

_INT64: Final = 1 << 63


def write_batch(
    records: Sequence[Fields],
    compression: Compression = Compression.NONE,
    *,
    producer_id: int = NO_PRODUCER_ID,
    producer_epoch: int = NO_PRODUCER_EPOCH,
    base_sequence: int = NO_SEQUENCE,
    transactional: bool = False,
) -> bytearray:
    """One batch of these records, of which there is at least one, at offsets 0, 1, ..."""
    pieces: list[Buffer] = [bytes(BATCH_OVERHEAD)]
    first_timestamp, max_timestamp = records[0][0], _gather(records, pieces)
    if compression != Compression.NONE:
        pieces[1:] = [compress(compression, b"".join(pieces[1:]))]
    batch = bytearray().join(pieces)
    HEADER.pack_into(
        batch,
        0,
        0,
        len(batch) - LOG_OVERHEAD,
        NO_PARTITION_LEADER_EPOCH,
        MAGIC,
        0,
        compression | (TRANSACTIONAL_FLAG if transactional else 0),
        len(records) - 1,
        first_timestamp,
        max_timestamp,
        producer_id,
        producer_epoch,
        base_sequence,
        len(records),
    )
    batch[CRC_OFFSET : CRC_OFFSET + 4] = checksum(batch).to_bytes(4, "big")
    return batch


def _gather(records: Iterable[Fields], pieces: list[Buffer]) -> int:
    """Add the pieces of all records; their largest timestamp."""
    varints, add = VARINTS, pieces.extend
    first = before = latest = None
    since = b""
    for number, (timestamp, key, value, headers) in enumerate(records):
        if timestamp != before:
            if first is None or latest is None:
                first = latest = timestamp
            elif timestamp > latest:
                latest = timestamp
            before = timestamp
            since = b"\0" + varints[_wrapped(timestamp - first)]  # the attributes before it are none
        place = varints[number]
        if key is None and value is not None and not headers:
            length = varints[len(value)]
            size = len(since) + len(place) + len(length) + len(value) + 2
            add((varints[size], since, place, b"\1", length, value, b"\0"))
        else:
            rest = b"".join((since, place, *_fields(key, value, headers)))
            add((varints[len(rest)], rest))
    assert latest is not None
    return latest


def _fields(key: bytes | None, value: bytes | None, headers: Headers) -> Iterable[bytes]:
    """What follows a record's place."""
    for field in (key, value):
        yield b"\1" if field is None else _with_length(field)
    yield VARINTS[len(headers)]
    for name, content in headers:
        yield _with_length(name.encode())
        yield b"\1" if content is None else _with_length(content)


def _with_length(field: bytes) -> bytes:
    """The field with its length before it."""
    return VARINTS[len(field)] + field


def _wrapped(number: int) -> int:
    """A difference of timestamps wraps, as it does again when read."""
    return number if -_INT64 <= number < _INT64 else (number + _INT64) % (2 * _INT64) - _INT64
