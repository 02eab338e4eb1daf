"""The content of the file `quorum-state`, as Kafka writes it."""

from __future__ import annotations

import json

import pytest

from barnabas.protocol.types import parse_uuid
from barnabas.raft.election_state import CorruptElectionState, ElectionState
from barnabas.raft.voters import ReplicaKey

DIRECTORY = parse_uuid("J8aAPcfLQt2bqs1JT_rMgQ")


def test_it_is_written_as_kafka_writes_it() -> None:
    state = ElectionState(epoch=2, leader_id=None, voted=ReplicaKey(1, DIRECTORY))
    assert state.encode() == (
        b'{"leaderId":-1,"leaderEpoch":2,"votedId":1,"votedDirectoryId":"J8aAPcfLQt2bqs1JT_rMgQ","data_version":1}'
    )


@pytest.mark.parametrize(
    "state",
    [ElectionState(), ElectionState(3, 0, None), ElectionState(4, None, ReplicaKey(0, DIRECTORY)), ElectionState(5, 1)],
)
def test_it_is_read_back(state: ElectionState) -> None:
    assert ElectionState.decode(state.encode()) == state


def test_the_format_of_static_quorums_is_read() -> None:
    content = (
        b'{"clusterId":"","leaderId":1,"leaderEpoch":2,"votedId":-1,'
        b'"appliedOffset":0,"currentVoters":[],"data_version":0}'
    )
    assert ElectionState.decode(content) == ElectionState(2, 1, None)


WHOLE = ElectionState(2, 1, ReplicaKey(1, DIRECTORY)).encode()


@pytest.mark.parametrize("length", range(len(WHOLE)))
def test_a_cut_file_is_an_error_and_never_a_state(length: int) -> None:
    with pytest.raises(CorruptElectionState):
        ElectionState.decode(WHOLE[:length])


@pytest.mark.parametrize(
    ("field", "value"), [("data_version", 2), ("leaderEpoch", -1), ("votedDirectoryId", "x"), ("leaderId", "one")]
)
def test_nonsense_is_an_error(field: str, value: object) -> None:
    with pytest.raises(CorruptElectionState):
        ElectionState.decode(json.dumps({**json.loads(WHOLE), field: value}).encode())


@pytest.mark.parametrize("content", [b"", b"[]", b"1", b"null", b"\xff"])
def test_other_content_is_an_error(content: bytes) -> None:
    with pytest.raises(CorruptElectionState):
        ElectionState.decode(content)
