"""The files of a log directory, read for people: each a stream of entries, and what is damaged is an entry too.

Nothing is opened for writing, repaired or skipped silently: a file of a running node may be read, and of a damaged one
everything that can be. A name says what a file is, as for the nodes themselves.
"""

from __future__ import annotations

import mmap
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from struct import Struct
from typing import Any, Final

from barnabas.cli.log_values import Reader, control, header_fields, reader_for
from barnabas.protocol.compression import Compression
from barnabas.protocol.errors import RemoteProtocolError
from barnabas.protocol.record_batch import BATCH_OVERHEAD, NO_PRODUCER_ID, RecordBatch, parse_batch
from barnabas.protocol.types import uuid_text
from barnabas.storage.checkpoint import (
    CLEAN_SHUTDOWN,
    CLEANER_OFFSETS,
    HIGH_WATERMARKS,
    LOG_START_OFFSETS,
    META_PROPERTIES,
    PARTITION_METADATA,
    RECOVERY_POINTS,
    CorruptCheckpoint,
    MetaProperties,
    parse_clean_shutdown,
    parse_offsets,
    parse_partition_metadata,
)
from barnabas.storage.index import OffsetIndex, TimeIndex
from barnabas.storage.leader_epoch import FILE_NAME as LEADER_EPOCHS
from barnabas.storage.leader_epoch import LeaderEpochs
from barnabas.storage.producer_state import CorruptSnapshot, ProducerStates
from barnabas.storage.transaction_index import AbortedTransaction, TransactionIndex

_SEGMENT_FILE: Final = re.compile(r"(?P<offset>\d{20})(?:-\d{10})?\.(?P<kind>\w+?)(?:\.deleted|\.cleaned|\.swap)?")
_PARTITION_FOLDER: Final = re.compile(r"(?P<topic>.+)-(?P<partition>\d+)(?:\.[0-9a-f]{32}-(?:delete|stray|future))?")
QUORUM_STATE: Final = "quorum-state"


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that a file holds: its kind, and facts by name. Kind `damage` says what is wrong."""

    kind: str
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What of a log is to be seen: records or only batches, and from which offset to which (inclusive)."""

    records: bool = False
    first: int = 0
    last: int | None = None

    def has(self, first: int, last: int) -> bool:
        """Whether some of these offsets are wanted."""
        return last >= self.first and (self.last is None or first <= self.last)


def damage(what: str, **facts: Any) -> Entry:
    """Something that should not be so."""
    return Entry("damage", {"what": what, **facts})


def read_file(path: Path, wanted: Wanted, topic: str | None = None) -> Iterator[Entry] | None:
    """The entries of a file; None for one whose name says nothing. `topic` None: what its folder is called.

    Raises OSError.
    """
    if reads := _BY_NAME.get(path.name):
        return reads(path.read_bytes())
    named = _SEGMENT_FILE.fullmatch(path.name)
    if named is None:
        return None
    base = int(named["offset"])
    if named["kind"] in ("log", "checkpoint"):
        return _log(path, wanted, reader_for(topic if topic is not None else topic_of(path)))
    if named["kind"] in _BY_SUFFIX:
        return _BY_SUFFIX[named["kind"]](path.read_bytes(), base, wanted)
    return None


def topic_of(path: Path) -> str:
    """The topic whose partition's folder this is in; empty if it is in none."""
    found = _PARTITION_FOLDER.fullmatch(path.absolute().parent.name)
    return "" if found is None else found["topic"]


# -- batches -----------------------------------------------------------------------------------------------------


def _log(path: Path, wanted: Wanted, read: Reader) -> Iterator[Entry]:
    with path.open("rb") as file:
        size = path.stat().st_size
        if not size:
            return
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            # A view of the map keeps it from being closed, so each batch is read from bytes of its own.
            yield from _batches(lambda start, end: content[start:end], size, wanted, read)


def _batches(content: Callable[[int, int], bytes], size: int, wanted: Wanted, read: Reader) -> Iterator[Entry]:
    position, expected = 0, -1
    while position < size:
        try:
            batch = parse_batch(content(position, min(position + _length(content, position), size)))
        except RemoteProtocolError as error:
            yield _rest(content, position, size, str(error))
            return
        if batch.base_offset < expected:
            yield damage(f"offset {batch.base_offset} after {expected - 1}", position=position)
        if wanted.has(batch.base_offset, batch.last_offset):
            yield Entry("batch", _batch_facts(batch, position))
            yield from _inside(batch, position, wanted, read)
        position, expected = position + batch.size, batch.next_offset


_PREFIX: Final = Struct(">qi")


def _length(content: Callable[[int, int], bytes], position: int) -> int:
    """Bytes of the batch there, as far as it says; at least a header, so that what is too short is seen as that."""
    prefix = content(position, position + _PREFIX.size)
    least = BATCH_OVERHEAD
    return max(_PREFIX.size + _PREFIX.unpack(prefix)[1], least) if len(prefix) == _PREFIX.size else least


def _rest(content: Callable[[int, int], bytes], position: int, size: int, why: str) -> Entry:
    if not any(content(position, size)):
        return Entry("reserved", {"position": position, "bytes": size - position})
    return damage(f"no batch: {why}", position=position, bytes=size - position)


def _batch_facts(batch: RecordBatch, position: int) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "base_offset": batch.base_offset,
        "last_offset": batch.last_offset,
        "records": batch.records_count,
        "position": position,
        "bytes": batch.size,
        "leader_epoch": batch.leader_epoch,
        "timestamp": batch.max_timestamp,
        "timestamp_type": "append" if batch.log_append_time else "create",
        "compression": _compression(batch),
        "transactional": batch.is_transactional,
        "control": batch.is_control,
    }
    if batch.producer_id > NO_PRODUCER_ID:
        facts["producer_id"] = batch.producer_id
        facts["producer_epoch"] = batch.producer_epoch
        facts["base_sequence"] = batch.base_sequence
    if batch.delete_horizon_ms is not None:
        facts["delete_horizon"] = batch.delete_horizon_ms
    return facts


def _compression(batch: RecordBatch) -> str:
    codec = batch.attributes & 7
    return Compression(codec).name.lower() if codec <= Compression.ZSTD else f"unknown {codec}"


def _inside(batch: RecordBatch, position: int, wanted: Wanted, read: Reader) -> Iterator[Entry]:
    """What is wrong with a batch, and its records if they are wanted."""
    if not batch.verify_crc():
        yield damage("the CRC is wrong", position=position, base_offset=batch.base_offset)
        return
    if not wanted.records:
        return
    try:
        for record in batch.records():
            if wanted.has(record.offset, record.offset):
                facts: dict[str, Any] = {"offset": record.offset, "timestamp": record.timestamp}
                facts |= control(record) if batch.is_control else read(record)
                if record.headers:
                    facts["headers"] = header_fields(record.headers)
                yield Entry("record", facts)
    except RemoteProtocolError as error:
        yield damage(f"records: {error}", position=position, base_offset=batch.base_offset)


# -- indexes -----------------------------------------------------------------------------------------------------


def _offset_index(data: bytes, base: int, wanted: Wanted) -> Iterator[Entry]:
    before = (-1, -1)
    for number, (relative, position) in enumerate(_whole(OffsetIndex.ENTRY, data)):
        if number and (relative, position) <= before:
            yield _index_rest(data, number, OffsetIndex.ENTRY.size)
            return
        before = (relative, position)
        if wanted.has(base + relative, base + relative):
            yield Entry("offset", {"offset": base + relative, "position": position})
    yield from _cut(data, OffsetIndex.ENTRY.size)


def _time_index(data: bytes, base: int, wanted: Wanted) -> Iterator[Entry]:
    before = -2
    for number, (timestamp, relative) in enumerate(_whole(TimeIndex.ENTRY, data)):
        if timestamp <= before:
            yield _index_rest(data, number, TimeIndex.ENTRY.size)
            return
        before = timestamp
        if wanted.has(base + relative, base + relative):
            yield Entry("time", {"timestamp": timestamp, "offset": base + relative})
    yield from _cut(data, TimeIndex.ENTRY.size)


def _transaction_index(data: bytes, base: int, wanted: Wanted) -> Iterator[Entry]:
    before = base - 1
    for version, *fields in _whole(TransactionIndex.ENTRY, data):
        aborted = AbortedTransaction(*fields)
        if aborted.last_offset <= before or not 0 <= aborted.first_offset < aborted.last_offset:
            yield damage(f"a transaction from {aborted.first_offset} to {aborted.last_offset} after {before}")
        before = aborted.last_offset
        if wanted.has(aborted.first_offset, aborted.last_offset):
            yield Entry("aborted", {"version": version, **aborted._asdict()})
    yield from _cut(data, TransactionIndex.ENTRY.size)


def _whole(entry: Struct, data: bytes) -> Iterator[tuple[Any, ...]]:
    return entry.iter_unpack(data[: len(data) // entry.size * entry.size])


def _cut(data: bytes, entry_bytes: int) -> Iterator[Entry]:
    if rest := len(data) % entry_bytes:
        yield damage(f"the last entry has {rest} of {entry_bytes} bytes")


def _index_rest(data: bytes, number: int, entry_bytes: int) -> Entry:
    """Kafka reserves the file of the segment that is written to: what follows is zeros then."""
    start = number * entry_bytes
    if any(data[start:]):
        return damage(f"entry {number} is not beyond the one before it", position=start)
    return Entry("reserved", {"position": start, "bytes": len(data) - start})


def _producers(data: bytes, base: int, wanted: Wanted) -> Iterator[Entry]:
    try:
        states = ProducerStates.from_snapshot(data, base)
    except CorruptSnapshot as error:
        yield damage(str(error))
        return
    for state in states:
        last = state.batches[-1] if state.batches else None
        yield Entry(
            "producer",
            {
                "producer_id": state.producer_id,
                "producer_epoch": state.epoch,
                "last_sequence": state.last_sequence,
                "last_offset": -1 if last is None else last.last_offset,
                "timestamp": state.last_timestamp,
                "coordinator_epoch": state.coordinator_epoch,
                "transaction_start": state.txn_first_offset if state.txn_first_offset >= 0 else None,
            },
        )


_BY_SUFFIX: Final[Mapping[str, Callable[[bytes, int, Wanted], Iterator[Entry]]]] = {
    "index": _offset_index,
    "timeindex": _time_index,
    "txnindex": _transaction_index,
    "snapshot": _producers,
}


# -- checkpoints -------------------------------------------------------------------------------------------------


def _offsets(data: bytes) -> Iterator[Entry]:
    for (topic, partition), offset in parse_offsets(data).items():
        yield Entry("checkpoint", {"topic": topic, "partition": partition, "offset": offset})


def _epochs(data: bytes) -> Iterator[Entry]:
    for epoch, start in LeaderEpochs.from_file(data).entries():
        yield Entry("epoch", {"leader_epoch": epoch, "start_offset": start})


def _partition_metadata(data: bytes) -> Iterator[Entry]:
    yield Entry("partition", {"topic_id": uuid_text(parse_partition_metadata(data))})


def _meta_properties(data: bytes) -> Iterator[Entry]:
    meta = MetaProperties.from_file(data)
    facts = {"cluster_id": meta.cluster_id, "node_id": meta.node_id, "directory_id": uuid_text(meta.directory_id)}
    yield Entry("directory", facts)


def _clean_shutdown(data: bytes) -> Iterator[Entry]:
    yield Entry("clean shutdown", {"broker_epoch": parse_clean_shutdown(data)})


def _quorum_state(data: bytes) -> Iterator[Entry]:
    import json

    try:
        content = json.loads(data)
    except ValueError as error:
        raise CorruptCheckpoint(f"no JSON: {error}") from None
    yield Entry("quorum", content if isinstance(content, dict) else {"content": content})


def _guarded(read: Callable[[bytes], Iterator[Entry]]) -> Callable[[bytes], Iterator[Entry]]:
    def guarded(data: bytes) -> Iterator[Entry]:
        try:
            yield from read(data)
        except CorruptCheckpoint as error:
            yield damage(str(error))

    return guarded


_BY_NAME: Final[Mapping[str, Callable[[bytes], Iterator[Entry]]]] = {
    name: _guarded(read)
    for name, read in {
        RECOVERY_POINTS: _offsets,
        HIGH_WATERMARKS: _offsets,
        LOG_START_OFFSETS: _offsets,
        CLEANER_OFFSETS: _offsets,
        LEADER_EPOCHS: _epochs,
        PARTITION_METADATA: _partition_metadata,
        META_PROPERTIES: _meta_properties,
        CLEAN_SHUTDOWN: _clean_shutdown,
        QUORUM_STATE: _quorum_state,
    }.items()
}
