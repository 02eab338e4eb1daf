"""The metadata log on disk: `__cluster_metadata-0`, an ordinary partition's folder, and what the quorum keeps in it.

    00000000000000000000.log ...                    the log, as any partition's
    00000000000000000000-0000000000.checkpoint      the first voters (`format` writes it)
    quorum-state                                    epoch, leader and vote

`append` goes to the page cache and is called from the event loop. `open`, the `run` of what `prepare_sync` returns,
`write_election_state` and reading what is not in memory wait for the disk, and are for threads.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from barnabas.protocol.record_batch import RecordBatch, iter_batches
from barnabas.protocol.record_builder import build_batch
from barnabas.protocol.types import METADATA_TOPIC_UUID, Buffer
from barnabas.raft.checkpoint import FIRST, CorruptCheckpoint, checkpoint_name, decode_checkpoint, encode_checkpoint
from barnabas.raft.control_records import leader_change_batch, voters_in
from barnabas.raft.election_state import CorruptElectionState, ElectionState
from barnabas.raft.log_view import Batch, EpochOffset, LogView
from barnabas.raft.ready import LeaderChange, Payload
from barnabas.raft.voters import VoterHistory, VoterSet
from barnabas.server.failure import NodeFailure
from barnabas.storage.checkpoint import PARTITION_METADATA, format_partition_metadata
from barnabas.storage.config import LogConfig
from barnabas.storage.deferred import Flush
from barnabas.storage.disk import Disk, LogSlice
from barnabas.storage.log import PartitionLog
from barnabas.storage.recovery import open_log

METADATA_TOPIC: Final = "__cluster_metadata"
METADATA_FOLDER: Final = "__cluster_metadata-0"
QUORUM_STATE: Final = "quorum-state"

PREFERRED_BATCH_BYTES: Final = 512 * 1024
"""Records that may be apart are put into batches of about this size."""
MAX_BATCH_BYTES: Final = 8 * 1024 * 1024
"""The most that may have to stay in one batch, as in Kafka."""


def first_checkpoint(voters: VoterSet, records: Sequence[bytes] = (), timestamp_ms: int = 0) -> tuple[str, bytes]:
    """Name and content of the checkpoint that a new controller's folder begins with."""
    return checkpoint_name(FIRST), encode_checkpoint(voters, records, timestamp_ms)


def split_records(records: Sequence[bytes], *, atomic: bool) -> list[Payload]:
    """The records as payloads of one batch each, each of a size that followers can fetch and hold.

    With `atomic` they stay together. ValueError when they are too large for that.
    """
    if atomic and (size := sum(map(len, records))) > MAX_BATCH_BYTES:
        raise ValueError(f"{len(records)} records of {size} bytes are too much for one batch")
    payloads: list[Payload] = []
    start = size = 0
    for index, record in enumerate(records):
        if not atomic and index > start and size + len(record) > PREFERRED_BATCH_BYTES:
            payloads.append(Payload(index - start, records[start:index]))
            start, size = index, 0
        size += len(record)
    if start < len(records):
        payloads.append(Payload(len(records) - start, records[start:]))
    return payloads


def encode_batch(batch: Batch, timestamp_ms: int) -> Buffer:
    """The bytes of a batch that the core wants appended: its own are built here, a leader's are there already."""
    if isinstance(batch.data, RecordBatch):
        return batch.data.view
    if isinstance(batch.data, LeaderChange):
        return leader_change_batch(batch.data, batch.base_offset, batch.epoch, timestamp_ms)
    assert isinstance(batch.data, Payload), batch
    values: Sequence[bytes] = batch.data.data  # type: ignore[assignment]  # made by split_records
    records = [(timestamp_ms, None, value) for value in values]
    return build_batch(records, base_offset=batch.base_offset, leader_epoch=batch.epoch)


class MetadataLog:
    """The log, the voters in it and the election state. Made by `open`."""

    def __init__(
        self,
        disk: Disk,
        log: PartitionLog,
        voters: VoterHistory,
        election_state: ElectionState,
        bootstrap_records: Sequence[bytes],
    ) -> None:
        self.voters: Final = voters
        self.election_state: Final = election_state
        """As it was on disk when the log was opened."""
        self.bootstrap_records: Final = bootstrap_records
        """What the first checkpoint holds beside the voters, for the first leader to write."""
        self._disk = disk
        self._log = log

    @classmethod
    def open(cls, disk: Disk, config: LogConfig, now_ms: int) -> MetadataLog:
        """Opens the folder in the log directory `disk`, makes it if need be, repairs what a crash left, and syncs it.

        `now_ms`: the wall clock. Raises StorageError, and NodeFailure for what cannot be repaired.
        """
        log = open_log(disk, METADATA_FOLDER, METADATA_TOPIC, 0, config, clean=False, now_ms=now_ms)
        if not disk.exists(_path(PARTITION_METADATA)):
            disk.write_file(_path(PARTITION_METADATA), format_partition_metadata(METADATA_TOPIC_UUID))
        log.flush(now_ms)
        try:
            election_state = disk.read_file(_path(QUORUM_STATE))
            first = disk.read_file(_path(checkpoint_name(FIRST)))
            checkpoint = None if first is None else decode_checkpoint(first)
            voters = VoterHistory(None if checkpoint is None else checkpoint.voters)
            for batch in log.read_batches(log.log_start_offset):
                if (voter_set := voters_in(batch)) is not None:
                    voters.add(batch.base_offset, voter_set)
            persisted = ElectionState() if election_state is None else ElectionState.decode(election_state)
        except (CorruptCheckpoint, CorruptElectionState) as error:
            raise NodeFailure(f"{disk.directory}/{METADATA_FOLDER} is damaged: {error}") from None
        return cls(disk, log, voters, persisted, () if checkpoint is None else checkpoint.records)

    def view(self) -> LogView:
        """The log as the core sees it: all that it holds is on disk."""
        epochs = [EpochOffset(epoch, start) for epoch, start in self._log.epochs.entries()]
        return LogView(self._log.log_start_offset, self._log.log_end_offset, epochs)

    @property
    def end_offset(self) -> int:
        return self._log.log_end_offset

    @property
    def notes(self) -> list[str]:
        """What had to be repaired when the log was opened, for people."""
        return self._log.recovery_notes

    def append(self, batch: Buffer, now_ms: int) -> None:
        """Writes one batch that has its offsets and its epoch."""
        self._log.append_as_follower(batch, now_ms, verify=False)

    def truncate(self, end_offset: int, now_ms: int) -> None:
        """Cuts the log at the beginning of a batch."""
        self._log.truncate_to(end_offset, now_ms)

    def locate(self, offset: int, max_bytes: int, limit_offset: int | None = None) -> LogSlice | None:
        """Where the batches from `offset` on are: at least a whole one, at most `max_bytes`, below `limit_offset`."""
        limit = self._log.log_end_offset if limit_offset is None else limit_offset
        return self._log.locate(offset, max_bytes, limit)

    def prepare_sync(self) -> Flush | None:
        """What is to be synced now; None when all is."""
        return self._log.prepare_flush()

    def complete_sync(self, flush: Flush, now_ms: int) -> None:
        """`flush.run()` is done."""
        self._log.complete_flush(flush, now_ms)

    def write_election_state(self, election_state: ElectionState) -> None:
        """Replaces `quorum-state`, durably."""
        self._disk.write_file(_path(QUORUM_STATE), election_state.encode())

    def close(self, now_ms: int) -> None:
        """Syncs everything and closes the files."""
        self._log.close(now_ms)


def whole_batches(data: Buffer, limit_offset: int) -> Iterator[RecordBatch]:
    """The whole batches in `data` that lie below `limit_offset`."""
    for batch in iter_batches(data):
        if batch.next_offset > limit_offset:
            return
        yield batch


def _path(name: str) -> str:
    return f"{METADATA_FOLDER}/{name}"
