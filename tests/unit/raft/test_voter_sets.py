"""Voter sets and their history in the log."""

from __future__ import annotations

import pytest

from barnabas.raft.voters import Endpoint, ReplicaKey, Voter, VoterHistory, VoterSet


def voter(node_id: int, directory: int = 1, port: int = 9093) -> Voter:
    return Voter(ReplicaKey(node_id, bytes([directory]) * 16), (Endpoint("CONTROLLER", "h", port),))


def test_a_voter_is_its_id_and_its_directory() -> None:
    voters = VoterSet((voter(1), voter(2)))
    assert voter(1).key in voters
    assert voter(1, directory=9).key not in voters


def test_an_id_occurs_once() -> None:
    with pytest.raises(ValueError, match="twice"):
        VoterSet((voter(1), voter(1, directory=9)))


@pytest.mark.parametrize(("size", "majority"), [(1, 1), (2, 2), (3, 2), (4, 3), (5, 3)])
def test_majority_is_more_than_half(size: int, majority: int) -> None:
    assert VoterSet(tuple(voter(i) for i in range(size))).majority() == majority


def test_order_does_not_matter() -> None:
    assert VoterSet((voter(2), voter(1))) == VoterSet((voter(1), voter(2)))


def test_a_voter_is_replaced_by_id() -> None:
    moved = VoterSet((voter(1), voter(2))).with_voter(voter(2, port=9999))
    assert [v.endpoints[0].port for v in moved.voters] == [9093, 9999]


def test_the_newest_set_counts_and_truncation_takes_it_back() -> None:
    first, second = VoterSet((voter(1),)), VoterSet((voter(1), voter(2)))
    history = VoterHistory(first)
    history.add(7, second)
    assert (history.latest, history.latest_offset) == (second, 7)
    assert (history.at(6), history.at(7)) == (first, second)
    history.truncate(8)
    assert history.latest == second
    history.truncate(7)
    assert (history.latest, history.latest_offset) == (first, -1)
    history.truncate(0)
    assert history.latest == first, "the checkpoint is not part of what can be cut"


def test_without_a_checkpoint_nothing_is_known() -> None:
    history = VoterHistory()
    assert (len(history.latest), history.latest_offset, history.at(5)) == (0, None, None)


def test_the_history_goes_forward() -> None:
    history = VoterHistory(VoterSet((voter(1),)))
    history.add(3, VoterSet())
    with pytest.raises(ValueError, match="not after"):
        history.add(3, VoterSet())


def test_a_directory_id_has_sixteen_bytes() -> None:
    with pytest.raises(ValueError, match="16"):
        ReplicaKey(1, b"short")
