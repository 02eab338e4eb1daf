"""What the leader knows of the replicas."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from barnabas.raft.progress import Progress, by_end_offset, majority_offset
from barnabas.raft.voters import ReplicaKey, Voter, VoterSet


@given(st.lists(st.integers(-1, 9), min_size=1, max_size=7), st.integers(-1, 9))
def test_a_majority_has_reached_the_majority_offset_and_no_larger_one(offsets: list[int], observer: int) -> None:
    voters = VoterSet(tuple(Voter(ReplicaKey(i), ()) for i in range(len(offsets))))
    reached = {ReplicaKey(i): offset for i, offset in enumerate(offsets) if offset >= 0}
    reached[ReplicaKey(99)] = observer
    largest = max(o for o in range(-1, 10) if sum(offset >= o for offset in offsets) >= voters.majority())
    assert majority_offset(voters, reached) == largest


def test_successors_are_ordered_by_how_far_they_are() -> None:
    progress = {ReplicaKey(1): Progress(5), ReplicaKey(2): Progress(9), ReplicaKey(4): Progress(9)}
    order = by_end_offset([ReplicaKey(i) for i in (1, 2, 3, 4)], progress)
    assert [key.id for key in order] == [2, 4, 1, 3]


def test_a_replica_is_caught_up_when_it_has_what_the_leader_had_at_its_last_fetch() -> None:
    progress = Progress()
    progress.fetched(0, leader_end_offset=10, now=1.0)
    assert progress.last_caught_up is None
    progress.fetched(10, leader_end_offset=20, now=2.0)
    assert progress.last_caught_up == 1.0
    progress.fetched(20, leader_end_offset=20, now=3.0)
    assert progress.last_caught_up == 3.0
    progress.fetched(20, leader_end_offset=30, now=4.0)
    assert (progress.end_offset, progress.last_fetch, progress.last_caught_up) == (20, 4.0, 3.0)
