"""Decide, append, replay, reply."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from barnabas.protocol.errors import ErrorCode, LocalProtocolError, WireError
from barnabas.server.runtime import Result, Runtime

LOST = WireError(ErrorCode.NOT_CONTROLLER, "lost")


class Adder:
    """A machine whose state is the list of the records that it replayed."""

    def __init__(self) -> None:
        self.state: tuple[str, ...] = ()
        self.committed: tuple[str, ...] = ()
        self._by_offset: dict[int, tuple[str, ...]] = {}

    def replay(self, records: Sequence[str], last_offset: int, epoch: int) -> None:
        self.state += tuple(records)
        self._by_offset[last_offset] = self.state

    def commit(self, offset: int) -> None:
        self.committed = self._by_offset[offset]

    def revert(self) -> None:
        self.state = self.committed

    def decide(self, *records: str, reply: str = "done", atomic: bool = True) -> Callable[[], Result[str, str]]:
        return lambda: Result(records, f"{reply} upon {len(self.state)}", atomic)


class Memory:
    """A log that makes batches of two records where it may."""

    def __init__(self) -> None:
        self.records: list[str] = []
        self.error: WireError | None = None

    def prepare(self, records: Sequence[str], *, atomic: bool) -> MemoryAppend:
        if self.error is not None:
            raise self.error
        first = len(self.records)
        last = first + len(records) - 1
        return MemoryAppend(self.records, records, [last] if atomic else [*range(first + 1, last, 2), last])


class MemoryAppend:
    def __init__(self, log: list[str], records: Sequence[str], ends: Sequence[int]) -> None:
        self.ends = ends
        self._log = log
        self._records = records

    def append(self) -> None:
        self._log += self._records


class Node:
    """A runtime with its machine and log, and what was replied."""

    def __init__(self) -> None:
        self.machine, self.log = Adder(), Memory()
        self.replies: list[str | WireError] = []
        self.runtime = Runtime(self.machine, self.log, not_leader=lambda: LOST)

    def submit(self, *records: str, reply: str = "done", atomic: bool = True) -> None:
        self.runtime.submit(self.machine.decide(*records, reply=reply, atomic=atomic), self.replies.append)


@pytest.fixture
def leader() -> Node:
    node = Node()
    node.runtime.lead(1)
    return node


def test_a_reply_waits_for_the_commit_of_its_last_record(leader: Node) -> None:
    leader.submit("a", "b", "c", atomic=False)
    leader.runtime.commit(1)
    assert leader.replies == []
    assert leader.machine.committed == ("a", "b")
    leader.runtime.commit(2)
    assert leader.replies == ["done upon 0"]
    assert leader.machine.committed == ("a", "b", "c")


def test_the_way_back_ends_after_the_last_committed_batch(leader: Node) -> None:
    leader.submit("a", "b", "c", atomic=False)
    leader.runtime.commit(1)
    leader.runtime.resign(LOST)
    assert leader.machine.state == ("a", "b")
    assert leader.runtime.replayed_offset == 1


def test_the_next_decision_sees_what_is_not_committed_yet(leader: Node) -> None:
    leader.submit("a")
    leader.submit("b")
    leader.runtime.commit(1)
    assert leader.replies == ["done upon 0", "done upon 1"]


def test_a_decision_without_records_waits_for_what_it_saw(leader: Node) -> None:
    leader.submit(reply="read")
    assert leader.replies == ["read upon 0"]
    leader.submit("a")
    leader.submit(reply="read")
    assert len(leader.replies) == 1
    leader.runtime.commit(0)
    assert leader.replies == ["read upon 0", "done upon 0", "read upon 1"]


def test_an_error_of_a_decision_is_replied_at_once_and_changes_nothing(leader: Node) -> None:
    def refuse() -> Result[str, str]:
        raise WireError(ErrorCode.INVALID_REQUEST)

    leader.submit("a")
    leader.runtime.submit(refuse, leader.replies.append)
    assert [reply.code for reply in leader.replies if isinstance(reply, WireError)] == [ErrorCode.INVALID_REQUEST]
    assert leader.log.records == ["a"]


def test_records_that_the_log_refuses_are_not_replayed(leader: Node) -> None:
    leader.log.error = WireError(ErrorCode.POLICY_VIOLATION, "too large")
    leader.submit("a")
    assert leader.replies == [leader.log.error]
    assert leader.machine.state == ()


def test_a_broken_invariant_leaves_by_the_caller(leader: Node) -> None:
    def broken() -> Result[str, str]:
        raise AssertionError("impossible")

    with pytest.raises(AssertionError):
        leader.runtime.submit(broken, leader.replies.append)


def test_what_cannot_be_replayed_never_enters_the_log(leader: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(records: Sequence[str], last_offset: int, epoch: int) -> None:
        raise AssertionError("impossible")

    leader.submit("a")
    monkeypatch.setattr(leader.machine, "replay", broken)
    with pytest.raises(AssertionError):
        leader.submit("b")
    assert leader.log.records == ["a"]
    leader.runtime.resign(LOST)
    assert leader.machine.state == ()


def test_a_node_that_does_not_lead_decides_nothing() -> None:
    node = Node()
    node.submit("a")
    assert node.replies == [LOST]
    assert node.log.records == []


def test_losing_the_lead_fails_what_waits_and_takes_the_state_back(leader: Node) -> None:
    leader.submit("a")
    leader.submit("b")
    leader.runtime.commit(0)
    leader.runtime.resign(LOST)
    assert leader.replies == ["done upon 0", LOST]
    assert leader.machine.state == ("a",)
    assert (leader.runtime.replayed_offset, leader.runtime.committed_offset) == (0, 0)


def test_what_the_next_leader_commits_after_all_is_replayed_again(leader: Node) -> None:
    leader.submit("a")
    leader.runtime.resign(LOST)
    leader.runtime.replay_committed(["a"], 0, 1)
    leader.runtime.replay_committed(["x", "y"], 3, 2)
    assert leader.machine.committed == ("a", "x", "y")


def test_control_records_behind_the_last_record_may_be_committed(leader: Node) -> None:
    leader.submit("a")
    leader.runtime.commit(7)
    assert leader.runtime.committed_offset == 0
    assert leader.replies == ["done upon 0"]


def test_no_record_is_replayed_twice(leader: Node) -> None:
    leader.submit("a")
    with pytest.raises(LocalProtocolError):
        leader.runtime.replay_committed(["a"], 0, 1)


def test_a_callback_may_submit_again(leader: Node) -> None:
    leader.runtime.submit(leader.machine.decide("a"), lambda _: leader.submit("b"))
    leader.runtime.commit(0)
    assert leader.log.records == ["a", "b"]
    leader.runtime.commit(1)
    assert leader.replies == ["done upon 1"]


@given(st.lists(st.sampled_from(["write", "read", "commit", "resign", "lead"]), max_size=40))
def test_replies_keep_the_order_of_decisions_and_tell_only_of_committed_records(steps: list[str]) -> None:
    node = Node()
    submitted = 0
    for step in steps:
        match step:
            case "write":
                node.submit(f"r{submitted}", reply=f"{submitted}")
                submitted += 1
            case "read":
                node.submit(reply=f"{submitted}")
                submitted += 1
            case "commit":
                node.runtime.commit(node.runtime.committed_offset + 1)
            case "resign":
                node.runtime.resign(LOST)
                del node.log.records[node.runtime.committed_offset + 1 :]
            case "lead":
                node.runtime.lead(1)
        given_replies = [reply for reply in node.replies if isinstance(reply, str)]
        assert given_replies == sorted(given_replies, key=lambda reply: int(reply.split()[0]))
        assert len(node.replies) + node.runtime.waiting == submitted
        assert node.machine.state == tuple(node.log.records)
        assert node.machine.committed == tuple(node.log.records[: node.runtime.committed_offset + 1])
        for reply in given_replies:
            assert int(reply.split()[-1]) <= node.runtime.committed_offset + 1
