"""The metadata log as the controller writes to it: what a decision needs to be appended, worked out beforehand.

A batch is what a follower gets whole or not at all, so an oversized one would stop them all. What is atomic must fit
into one batch, and is refused otherwise; everything else is split.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Protocol

from barnabas.metadata.records import MetadataRecord, encode_record
from barnabas.protocol.errors import ErrorCode, WireError
from barnabas.server.metadata_log import split_records
from barnabas.server.quorum import NotLeader


class QuorumLog(Protocol):
    """What the controller needs of the quorum; `server.quorum.Quorum` has it."""

    @property
    def is_leader(self) -> bool:
        """Whether this node leads."""
        ...

    @property
    def end_offset(self) -> int:
        """The offset of the next record."""
        ...

    def append(self, records: Sequence[bytes], *, atomic: bool = True) -> list[int]:
        """Append, and return the last offset of each batch that was made."""
        ...

    def resign(self) -> None:
        """Let another node lead."""
        ...


@dataclass(frozen=True, slots=True)
class PreparedAppend:
    """Encoded records, and the last offset of each batch that they will make."""

    quorum: QuorumLog
    values: Sequence[bytes]
    atomic: bool
    ends: Sequence[int]

    def append(self) -> None:
        """Hands the records to the quorum. Raises `NotLeader` when this node does not lead any more."""
        ends = self.quorum.append(self.values, atomic=self.atomic)
        if list(self.ends) != ends:
            raise AssertionError(f"records were to end at {list(self.ends)}, and end at {ends}")


class RecordLog:
    """See `server.runtime.Log`."""

    def __init__(self, quorum: QuorumLog) -> None:
        self._quorum = quorum

    def prepare(self, records: Sequence[MetadataRecord], *, atomic: bool) -> PreparedAppend:
        """Raises POLICY_VIOLATION where an atomic decision is too large for one batch."""
        if not self._quorum.is_leader:
            raise NotLeader
        values = [encode_record(record) for record in records]
        try:
            payloads = split_records(values, atomic=atomic)
        except ValueError as error:
            reason = "Unable to perform excessively large batch operation."
            raise WireError(ErrorCode.POLICY_VIOLATION, reason) from error
        offset = self._quorum.end_offset - 1
        ends = [offset + count for count in accumulate(payload.count for payload in payloads)]
        return PreparedAppend(self._quorum, values, atomic, ends)
