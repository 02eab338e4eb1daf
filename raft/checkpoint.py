"""Checkpoints of the metadata log: `<end offset>-<epoch>.checkpoint`.

A checkpoint is a run of record batches with offsets of its own: a control batch with SNAPSHOT_HEADER, KRAFT_VERSION and
KRAFT_VOTERS, the records, and a control batch with SNAPSHOT_FOOTER, without which it is not whole. The first one, 0-0,
stands in for the log before its beginning: `format` writes it, it names the first voters, and it is never replicated.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from barnabas.protocol import codec
from barnabas.protocol.errors import RemoteProtocolError
from barnabas.protocol.messages.snapshot_footer_record import SnapshotFooterRecord
from barnabas.protocol.messages.snapshot_header_record import SnapshotHeaderRecord
from barnabas.protocol.record_batch import ControlType, RecordBatch, iter_batches
from barnabas.protocol.record_builder import build_batch, build_control_batches
from barnabas.protocol.types import Buffer
from barnabas.raft.control_records import (
    VERSION,
    UnsupportedQuorum,
    control_records,
    decode_control,
    voter_records,
    voters_in,
)
from barnabas.raft.log_view import EpochOffset
from barnabas.raft.voters import VoterSet

FIRST = EpochOffset(epoch=0, offset=0)
"""The id of the checkpoint that `format` writes."""

_NAME = re.compile(r"(\d{20})-(\d{10})\.checkpoint")


class CorruptCheckpoint(Exception):
    """A checkpoint is not whole, or holds what does not belong there."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The content of a checkpoint: the `voters`, the values of its `records`, and the time of the last record in it."""

    voters: VoterSet | None
    records: Sequence[bytes]
    last_timestamp_ms: int


def checkpoint_name(end: EpochOffset) -> str:
    """The file's name for a checkpoint of everything before `end.offset`, whose last record is of `end.epoch`."""
    return f"{end.offset:020d}-{end.epoch:010d}.checkpoint"


def parse_checkpoint_name(name: str) -> EpochOffset | None:
    """The id in a file's name, None if it is not a checkpoint's."""
    match = _NAME.fullmatch(name)
    return None if match is None else EpochOffset(epoch=int(match[2]), offset=int(match[1]))


def encode_checkpoint(voters: VoterSet, records: Sequence[bytes], timestamp_ms: int, epoch: int = 0) -> bytes:
    """The file's content; `timestamp_ms` is the wall clock's."""
    header = SnapshotHeaderRecord(last_contained_log_timestamp=timestamp_ms)
    first = [(ControlType.SNAPSHOT_HEADER, codec.encode(header, VERSION)), *voter_records(voters)]
    content = build_control_batches(first, timestamp_ms, leader_epoch=epoch)
    offset = len(first)
    if records:
        values = [(timestamp_ms, None, value) for value in records]
        content += build_batch(values, base_offset=offset, leader_epoch=epoch)
        offset += len(records)
    footer = [(ControlType.SNAPSHOT_FOOTER, codec.encode(SnapshotFooterRecord(), VERSION))]
    content += build_control_batches(footer, timestamp_ms, base_offset=offset, leader_epoch=epoch)
    return bytes(content)


def decode_checkpoint(content: Buffer) -> Checkpoint:
    """Reads a whole checkpoint. Raises CorruptCheckpoint, and UnsupportedQuorum for one of a later version."""
    try:
        batches = _whole_batches(content)
        kinds = [[kind for kind, _ in control_records(batch)] if batch.is_control else [] for batch in batches]
        if not batches or ControlType.SNAPSHOT_HEADER not in kinds[0] or ControlType.SNAPSHOT_FOOTER not in kinds[-1]:
            raise CorruptCheckpoint("it does not begin with a header and end with a footer")
        voters, timestamp, records = None, -1, list[bytes]()
        for batch in batches:
            voters = voters_in(batch) or voters
            if batch.is_control:
                timestamp = max(timestamp, _timestamp_in(batch))
            else:
                records += (bytes(record.value or b"") for record in batch.records())
    except UnsupportedQuorum:
        raise
    except RemoteProtocolError as error:
        raise CorruptCheckpoint(str(error)) from error
    return Checkpoint(voters, records, timestamp)


def _whole_batches(content: Buffer) -> list[RecordBatch]:
    batches, size = list[RecordBatch](), 0
    for batch in iter_batches(content):
        if not batch.verify_crc():
            raise CorruptCheckpoint(f"the CRC of the batch at byte {size} is wrong")
        batches.append(batch)
        size += batch.size
    if size != len(content):
        raise CorruptCheckpoint(f"it is cut at byte {len(content)}")
    return batches


def _timestamp_in(batch: RecordBatch) -> int:
    for kind, value in control_records(batch):
        if kind == ControlType.SNAPSHOT_HEADER:
            return decode_control(SnapshotHeaderRecord, value).last_contained_log_timestamp
    return -1
