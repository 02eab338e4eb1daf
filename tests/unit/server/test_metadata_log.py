"""The metadata log on disk: what `format` leaves, what is appended, and what a crash leaves of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from barnabas.protocol.record_batch import RecordBatch, parse_batch
from barnabas.protocol.record_builder import build_batch
from barnabas.protocol.types import METADATA_TOPIC_UUID
from barnabas.raft.control_records import leader_change_batch
from barnabas.raft.election_state import ElectionState
from barnabas.raft.log_view import Batch, EpochOffset
from barnabas.raft.ready import LeaderChange, Payload
from barnabas.raft.voters import Endpoint, ReplicaKey, Voter, VoterSet
from barnabas.server.failure import NodeFailure
from barnabas.server.metadata_log import (
    MAX_BATCH_BYTES,
    METADATA_FOLDER,
    PREFERRED_BATCH_BYTES,
    MetadataLog,
    encode_batch,
    first_checkpoint,
    split_records,
    whole_batches,
)
from barnabas.storage.checkpoint import parse_partition_metadata
from barnabas.storage.config import LogConfig
from barnabas.storage.disk import RealDisk

FIRST, SECOND = (
    VoterSet((Voter(ReplicaKey(1, bytes([1]) * 16), (Endpoint("CONTROLLER", "h", port),)),)) for port in (1, 2)
)


def formatted(directory: Path, voters: VoterSet = FIRST) -> Path:
    """A controller's directory; the folder of its metadata log."""
    folder = directory / METADATA_FOLDER
    folder.mkdir()
    name, content = first_checkpoint(voters, [b"first record"], 7)
    (folder / name).write_bytes(content)
    return folder


def opened(directory: Path) -> MetadataLog:
    return MetadataLog.open(RealDisk(directory), LogConfig(), 0)


def data_batch(base_offset: int, epoch: int, *values: bytes) -> bytearray:
    return build_batch([(0, None, value) for value in values], base_offset=base_offset, leader_epoch=epoch)


def change(voters: VoterSet, base_offset: int, epoch: int) -> bytearray:
    keys = voters.replicas
    return leader_change_batch(LeaderChange(1, keys, keys, voters), base_offset, epoch, 0)


def content(log: MetadataLog, start: int = 0, limit: int | None = None) -> list[tuple[int, int, list[bytes]]]:
    """Base offset, epoch and values of the batches."""
    place = log.locate(start, 1 << 30, limit)
    if place is None:
        return []
    batches = whole_batches(place.read(), log.end_offset if limit is None else limit)
    return [(b.base_offset, b.leader_epoch, [bytes(r.value or b"") for r in b.records()]) for b in batches]


def test_a_formatted_directory_has_the_first_voters_and_an_empty_log(tmp_path: Path) -> None:
    folder = formatted(tmp_path)
    log = opened(tmp_path)
    assert [path.name for path in folder.glob("*.checkpoint")] == ["00000000000000000000-0000000000.checkpoint"]
    assert (log.voters.latest, log.voters.latest_offset) == (FIRST, -1)
    assert list(log.bootstrap_records) == [b"first record"]
    assert (log.view().end, log.election_state) == (EpochOffset(0, 0), ElectionState())


def test_a_broker_begins_with_nothing(tmp_path: Path) -> None:
    log = opened(tmp_path)
    assert (len(log.voters.latest), log.voters.latest_offset, log.end_offset) == (0, None, 0)
    metadata = (tmp_path / METADATA_FOLDER / "partition.metadata").read_bytes()
    assert parse_partition_metadata(metadata) == METADATA_TOPIC_UUID


def test_epochs_and_voters_are_read_back_from_the_log(tmp_path: Path) -> None:
    formatted(tmp_path)
    log = opened(tmp_path)
    log.append(change(FIRST, 0, 1), 0)
    log.append(data_batch(3, 1, b"a", b"b"), 0)
    log.append(change(SECOND, 5, 4), 0)
    log.close(0)
    again = opened(tmp_path)
    assert (again.voters.latest, again.voters.latest_offset) == (SECOND, 5)
    assert again.voters.at(4) == FIRST
    view = again.view()
    assert (view.end, view.is_synced) == (EpochOffset(4, 8), True)
    assert view.end_offset_for_epoch(3) == EpochOffset(1, 5)
    assert content(again, start=3, limit=5) == [(3, 1, [b"a", b"b"])]


def test_truncation_cuts_at_a_batch(tmp_path: Path) -> None:
    log = opened(tmp_path)
    for number in range(4):
        log.append(data_batch(number * 2, number, b"x", b"y"), 0)
    log.truncate(4, 0)
    log.append(data_batch(4, 7, b"z"), 0)
    assert content(log) == [(0, 0, [b"x", b"y"]), (2, 1, [b"x", b"y"]), (4, 7, [b"z"])]
    assert log.view().end == EpochOffset(7, 5)


def test_what_was_synced_survives_and_a_torn_batch_is_cut(tmp_path: Path) -> None:
    log = opened(tmp_path)
    log.append(data_batch(0, 1, b"kept"), 0)
    flush = log.prepare_sync()
    assert flush is not None
    flush.run()
    log.complete_sync(flush, 0)
    assert log.prepare_sync() is None
    log.append(data_batch(1, 1, b"torn" * 50), 0)
    segment = tmp_path / METADATA_FOLDER / "00000000000000000000.log"
    segment.write_bytes(segment.read_bytes()[:-7])
    again = opened(tmp_path)
    assert content(again) == [(0, 1, [b"kept"])]
    assert again.notes


def test_the_election_state_is_a_file_beside_the_log(tmp_path: Path) -> None:
    log = opened(tmp_path)
    state = ElectionState(5, 2, ReplicaKey(2, bytes([2]) * 16))
    log.write_election_state(state)
    assert ElectionState.decode((tmp_path / METADATA_FOLDER / "quorum-state").read_bytes()) == state
    assert opened(tmp_path).election_state == state


@pytest.mark.parametrize("name", ["quorum-state", "00000000000000000000-0000000000.checkpoint"])
def test_a_node_does_not_start_without_knowing_its_vote_or_its_voters(tmp_path: Path, name: str) -> None:
    folder = formatted(tmp_path)
    (folder / name).write_bytes(b"{")
    with pytest.raises(NodeFailure, match="is damaged"):
        opened(tmp_path)


def test_records_that_may_be_apart_are_split_by_size() -> None:
    records = [bytes(PREFERRED_BATCH_BYTES // 3)] * 7 + [bytes(PREFERRED_BATCH_BYTES * 2)] + [b"x"]
    payloads = split_records(records, atomic=False)
    assert [payload.count for payload in payloads] == [3, 3, 1, 1, 1]
    assert [value for payload in payloads for value in payload.data] == records  # type: ignore[attr-defined]


def test_records_that_belong_together_stay_together_or_are_refused() -> None:
    assert [payload.count for payload in split_records([bytes(MAX_BATCH_BYTES // 2)] * 2, atomic=True)] == [2]
    with pytest.raises(ValueError, match="too much for one batch"):
        split_records([bytes(MAX_BATCH_BYTES), b"x"], atomic=True)
    assert split_records([], atomic=True) == []


def test_each_kind_of_batch_gets_its_place() -> None:
    fetched = parse_batch(data_batch(9, 3, b"v"))
    batches = [
        Batch(0, 3, 2, LeaderChange(1, FIRST.replicas, FIRST.replicas, FIRST)),
        Batch(3, 5, 2, Payload(2, [b"a", b"b"])),
        Batch(9, 10, 3, fetched),
    ]
    for batch in batches:
        encoded = RecordBatch(encode_batch(batch, 123))
        assert (encoded.base_offset, encoded.next_offset, encoded.leader_epoch) == (
            batch.base_offset,
            batch.next_offset,
            batch.epoch,
        )
        assert encoded.verify_crc()
    assert RecordBatch(encode_batch(batches[1], 123)).max_timestamp == 123
