"""The quorum's own records and the first checkpoint, as bytes."""

from __future__ import annotations

from itertools import pairwise

import pytest

from barnabas.protocol import codec
from barnabas.protocol.errors import RemoteProtocolError
from barnabas.protocol.messages.kraft_version_record import KRaftVersionRecord
from barnabas.protocol.messages.leader_change_message import LeaderChangeMessage
from barnabas.protocol.record_batch import ControlType, RecordBatch, iter_batches, parse_batch
from barnabas.protocol.record_builder import build_batch, build_control_batch, build_control_batches
from barnabas.raft.checkpoint import (
    FIRST,
    CorruptCheckpoint,
    checkpoint_name,
    decode_checkpoint,
    encode_checkpoint,
    parse_checkpoint_name,
)
from barnabas.raft.control_records import (
    UnsupportedQuorum,
    control_records,
    decode_control,
    leader_change_batch,
    voters_in,
)
from barnabas.raft.log_view import EpochOffset
from barnabas.raft.ready import LeaderChange
from barnabas.raft.voters import Endpoint, ReplicaKey, Voter, VoterSet

VOTERS = VoterSet(
    tuple(
        Voter(ReplicaKey(i, bytes([i]) * 16), (Endpoint("CONTROLLER", f"node{i}", 9090 + i), Endpoint("OTHER", "x", 1)))
        for i in (1, 2, 3)
    )
)


def leader_change(voter_set: VoterSet | None) -> RecordBatch:
    keys = VOTERS.replicas
    return parse_batch(leader_change_batch(LeaderChange(2, keys, keys[1:], voter_set), 7, 4, 1234))


def test_an_epoch_opens_with_who_leads_and_who_voted() -> None:
    batch = leader_change(None)
    assert (batch.base_offset, batch.next_offset, batch.leader_epoch, batch.max_timestamp) == (7, 8, 4, 1234)
    [(kind, value)] = control_records(batch)
    message = decode_control(LeaderChangeMessage, value)
    assert kind == ControlType.LEADER_CHANGE
    assert (message.version, message.leader_id) == (0, 2)
    assert [voter.voter_id for voter in message.voters] == [1, 2, 3]
    assert [voter.voter_id for voter in message.granting_voters] == [2, 3]
    assert voters_in(batch) is None


def test_voters_come_back_as_they_went() -> None:
    batch = leader_change(VOTERS)
    assert [kind for kind, _ in control_records(batch)] == [
        ControlType.LEADER_CHANGE,
        ControlType.KRAFT_VERSION,
        ControlType.KRAFT_VOTERS,
    ]
    assert batch.next_offset == 10
    assert voters_in(batch) == VOTERS


def test_a_batch_of_data_brings_no_voters() -> None:
    assert voters_in(parse_batch(build_batch([(0, None, b"x")]))) is None


def test_a_later_kraft_version_is_refused() -> None:
    value = codec.encode(KRaftVersionRecord(kraft_version=2), 0)
    with pytest.raises(UnsupportedQuorum, match=r"kraft\.version 2"):
        voters_in(parse_batch(build_control_batch(ControlType.KRAFT_VERSION, value, 0)))


def test_control_records_that_make_no_sense_are_the_peers_fault() -> None:
    whole = dict(control_records(leader_change(VOTERS)))[ControlType.KRAFT_VOTERS]
    for length in range(len(whole)):
        with pytest.raises(RemoteProtocolError):
            voters_in(parse_batch(build_control_batch(ControlType.KRAFT_VOTERS, bytes(whole)[:length], 0)))


def test_an_unknown_control_record_is_skipped() -> None:
    records = [(ControlType.UNKNOWN, b"?"), *[(k, bytes(v)) for k, v in control_records(leader_change(VOTERS))][1:]]
    assert voters_in(parse_batch(build_control_batches(records, 0))) == VOTERS


def test_a_checkpoint_is_named_by_where_it_ends() -> None:
    assert checkpoint_name(FIRST) == "00000000000000000000-0000000000.checkpoint"
    end = EpochOffset(epoch=12, offset=345)
    assert checkpoint_name(end) == "00000000000000000345-0000000012.checkpoint"
    assert parse_checkpoint_name(checkpoint_name(end)) == end
    assert parse_checkpoint_name("00000000000000000345-0000000012.checkpoint.part") is None


@pytest.mark.parametrize("records", [[], [b"one", b"two"]])
def test_a_checkpoint_is_read_back(records: list[bytes]) -> None:
    content = encode_checkpoint(VOTERS, records, 99)
    checkpoint = decode_checkpoint(content)
    assert (checkpoint.voters, list(checkpoint.records), checkpoint.last_timestamp_ms) == (VOTERS, records, 99)
    offsets = [(batch.base_offset, batch.next_offset) for batch in iter_batches(content)]
    assert offsets[0][0] == 0
    assert all(before[1] == after[0] for before, after in pairwise(offsets))


def test_a_cut_checkpoint_is_never_taken_for_a_whole_one() -> None:
    content = encode_checkpoint(VOTERS, [b"record"], 0)
    for length in range(len(content)):
        with pytest.raises(CorruptCheckpoint):
            decode_checkpoint(content[:length])


def test_a_flipped_bit_in_a_checkpoint_is_found() -> None:
    content = encode_checkpoint(VOTERS, [b"record"], 0)
    for position in range(21, 61):
        flipped = bytearray(content)
        flipped[position] ^= 1
        with pytest.raises(CorruptCheckpoint):
            decode_checkpoint(flipped)
