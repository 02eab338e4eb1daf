"""The follower's core: what it asks a leader for, and what it makes of the answers."""

from __future__ import annotations

from typing import Any

import pytest

from barnabas.broker.fetcher import Diverged, Failed, Fetched, FetchLimits, OutOfRange, ReplicaFetcher
from barnabas.protocol.errors import ErrorCode
from barnabas.protocol.messages.fetch import FetchRequest, FetchResponse

TOPIC = b"t" * 16
SESSION = 77


class Follower:
    """A fetcher of broker 1 and the requests it made."""

    def __init__(self, *partitions: int) -> None:
        self.core = ReplicaFetcher(1, FetchLimits(min_backoff=0.1, max_backoff=1.0))
        self.now = 0.0
        for index in partitions:
            self.add(index)

    def add(self, index: int, offset: int = 0, epoch: int = 3) -> None:
        self.core.add((TOPIC, index), epoch, offset, epoch - 1, 0)

    def request(self, *, nudge: bool = False) -> FetchRequest | None:
        return (self.core.nudge if nudge else self.core.next_fetch)(10, self.now)

    def fetch(self) -> FetchRequest:
        request = self.request()
        assert request is not None
        return request

    def answer(self, *parts: dict[str, Any], session_id: int = SESSION, error: int = 0) -> list[Any]:
        data = [FetchResponse.PartitionData(**{"records": memoryview(b"")} | part) for part in parts]
        topics = [FetchResponse.FetchableTopicResponse(topic_id=TOPIC, partitions=data)] if data else []
        response = FetchResponse(session_id=session_id, error_code=error, responses=topics)
        return self.core.handle_response(response, self.now)


def part(index: int, records: bytes = b"", **fields: Any) -> dict[str, Any]:
    return {
        "partition_index": index,
        "high_watermark": 5,
        "log_start_offset": 0,
        "records": memoryview(records),
    } | fields


def wanted(request: FetchRequest) -> dict[int, tuple[int, int]]:
    """(leader epoch, offset) by partition."""
    return {
        data.partition: (data.current_leader_epoch, data.fetch_offset)
        for topic in request.topics
        for data in topic.partitions
    }


def forgotten(request: FetchRequest) -> list[int]:
    return [index for topic in request.forgotten_topics_data for index in topic.partitions]


def test_the_first_fetch_names_everything_and_asks_for_a_session() -> None:
    follower = Follower(0, 1)
    request = follower.fetch()
    assert (request.session_id, request.session_epoch) == (0, 0)
    assert wanted(request) == {0: (3, 0), 1: (3, 0)}
    assert (request.replica_state.replica_id, request.replica_state.replica_epoch) == (1, 10)


def test_one_request_at_a_time() -> None:
    follower = Follower(0)
    follower.fetch()
    assert follower.request() is None


def test_the_next_ones_name_what_moved() -> None:
    follower = Follower(0, 1)
    follower.fetch()
    [first, second] = follower.answer(part(0, b"records"), part(1))
    assert first == Fetched((TOPIC, 0), memoryview(b"records"), 5, 0)
    assert second.records is not None
    follower.core.advanced((TOPIC, 0), 4, 3, 0)
    follower.core.advanced((TOPIC, 1), 0, 2, 0)
    request = follower.fetch()
    assert (request.session_id, request.session_epoch) == (SESSION, 1)
    assert wanted(request) == {0: (3, 4)}
    follower.answer()
    request = follower.fetch()
    assert request.session_epoch == 2
    assert wanted(request) == {}, "a fetch that names nothing waits for news of all"


def test_a_leader_without_room_for_a_session_is_asked_for_everything_each_time() -> None:
    follower = Follower(0)
    for _ in range(3):
        request = follower.fetch()
        assert (request.session_id, request.session_epoch) == (0, 0)
        assert wanted(request) == {0: (3, 0)}
        follower.answer(part(0), session_id=0)


@pytest.mark.parametrize(
    ("error", "closed"),
    [(ErrorCode.FETCH_SESSION_ID_NOT_FOUND, 0), (ErrorCode.INVALID_FETCH_SESSION_EPOCH, SESSION)],
)
def test_a_lost_session_is_made_anew(error: ErrorCode, closed: int) -> None:
    follower = Follower(0)
    follower.fetch()
    follower.answer(part(0))
    follower.fetch()
    assert follower.answer(session_id=0, error=error) == []
    request = follower.fetch()
    assert (request.session_id, request.session_epoch) == (closed, 0)
    assert wanted(request) == {0: (3, 0)}


def test_a_lost_connection_loses_the_session() -> None:
    follower = Follower(0)
    follower.fetch()
    follower.answer(part(0))
    follower.fetch()
    follower.core.disconnected()
    request = follower.fetch()
    assert (request.session_id, request.session_epoch) == (0, 0)


def test_a_removed_partition_is_forgotten_and_its_answer_dropped() -> None:
    follower = Follower(0, 1)
    follower.fetch()
    follower.answer(part(0), part(1))
    follower.fetch()
    follower.core.remove((TOPIC, 0))
    assert follower.answer(part(0, b"x")) == []
    assert forgotten(follower.fetch()) == [0]
    follower.answer()
    assert forgotten(follower.fetch()) == []


def test_who_left_and_came_back_is_not_forgotten() -> None:
    follower = Follower(0, 1)
    follower.fetch()
    follower.answer(part(0), part(1))
    follower.core.remove((TOPIC, 0))
    follower.add(0, 9)
    request = follower.fetch()
    assert forgotten(request) == []
    assert wanted(request) == {0: (3, 9)}


def test_nothing_to_fetch() -> None:
    follower = Follower()
    assert follower.request() is None
    assert len(follower.core) == 0
    assert (TOPIC, 0) not in follower.core


# Outcomes


def test_a_divergence_comes_before_records() -> None:
    follower = Follower(0)
    follower.fetch()
    diverging = FetchResponse.EpochEndOffset(epoch=1, end_offset=7)
    assert follower.answer(part(0, b"x", diverging_epoch=diverging)) == [Diverged((TOPIC, 0), 1, 7)]
    follower.core.advanced((TOPIC, 0), 7, 1, 0)
    assert wanted(follower.fetch()) == {0: (3, 7)}


def test_out_of_range() -> None:
    follower = Follower(0)
    follower.fetch()
    outcomes = follower.answer(part(0, error_code=ErrorCode.OFFSET_OUT_OF_RANGE))
    assert outcomes == [OutOfRange((TOPIC, 0), 3)]


def test_a_fenced_partition_waits_for_the_metadata() -> None:
    follower = Follower(0, 1)
    follower.fetch()
    outcomes = follower.answer(part(0, error_code=ErrorCode.FENCED_LEADER_EPOCH), part(1))
    assert outcomes[0] == Failed((TOPIC, 0), ErrorCode.FENCED_LEADER_EPOCH)
    assert (TOPIC, 0) not in follower.core
    follower.add(0, 4, epoch=5)
    assert wanted(follower.fetch()) == {0: (5, 4)}


def test_a_partition_in_error_waits_longer_each_time() -> None:
    follower = Follower(0, 1)
    waits = []
    for _ in range(6):
        request = follower.fetch()
        assert 0 in wanted(request)
        follower.answer(part(0, error_code=ErrorCode.UNKNOWN_LEADER_EPOCH))
        request = follower.fetch()
        assert 0 not in wanted(request)
        assert forgotten(request) == [0]
        follower.answer()
        deadline = follower.core.next_deadline()
        assert deadline is not None
        waits.append(round(deadline - follower.now, 3))
        follower.now = deadline
    assert waits == [0.1, 0.2, 0.4, 0.8, 1.0, 1.0]


def test_success_makes_the_next_wait_short_again() -> None:
    follower = Follower(0)
    for _ in range(3):
        follower.fetch()
        follower.answer(part(0, error_code=ErrorCode.UNKNOWN_LEADER_EPOCH))
        follower.now += 10
    follower.fetch()
    follower.answer(part(0, b"x"))
    follower.core.advanced((TOPIC, 0), 1, 3, 0)
    follower.fetch()
    follower.answer(part(0, error_code=ErrorCode.UNKNOWN_LEADER_EPOCH))
    assert follower.core.next_deadline() == pytest.approx(follower.now + 0.1)


def test_when_all_wait_there_is_no_request() -> None:
    follower = Follower(0)
    follower.fetch()
    follower.answer(part(0, error_code=ErrorCode.NOT_LEADER_OR_FOLLOWER))
    request = follower.fetch()
    assert forgotten(request) == [0]
    follower.answer(session_id=0)
    assert follower.request() is None
    follower.now = 0.1
    assert wanted(follower.fetch()) == {0: (3, 0)}


# Answers count for their request only


def test_an_answer_from_before_a_new_epoch_is_dropped() -> None:
    follower = Follower(0)
    follower.fetch()
    follower.add(0, 0, epoch=4)
    assert follower.answer(part(0, b"x")) == []
    assert wanted(follower.fetch()) == {0: (4, 0)}


def test_an_answer_from_before_a_truncation_is_dropped() -> None:
    follower = Follower(0)
    follower.add(0, 9)
    follower.fetch()
    follower.core.advanced((TOPIC, 0), 5, 2, 0)
    assert follower.answer(part(0, b"x")) == []


# Nudges


def test_a_partition_that_comes_meanwhile_is_told_at_once() -> None:
    follower = Follower(0)
    follower.fetch()
    follower.answer(part(0))
    follower.fetch()
    assert follower.request(nudge=True) is None, "there is nothing to tell"
    follower.add(1)
    request = follower.request(nudge=True)
    assert request is not None
    assert request.session_epoch == 2
    assert wanted(request) == {1: (3, 0)}
    follower.add(2)
    assert follower.request(nudge=True) is None, "no more than two are under way"
    assert follower.core.in_flight == 2
    follower.answer()
    assert follower.request() is None
    follower.answer(part(1, b"x"))
    assert follower.core.in_flight == 0


def test_without_a_session_there_is_no_nudge() -> None:
    follower = Follower(0)
    follower.fetch()
    follower.add(1)
    assert follower.request(nudge=True) is None


def test_an_answer_that_a_nudge_has_overtaken_is_not_taken_twice() -> None:
    follower = Follower(0)
    follower.fetch()
    follower.answer(part(0))
    follower.fetch()
    follower.add(0, 0, epoch=4)
    assert follower.request(nudge=True) is not None
    assert follower.answer(part(0, b"asked for in epoch 3")) == []
    assert len(follower.answer(part(0, b"asked for in epoch 4"))) == 1


def test_what_the_second_answer_repeats_is_not_taken_twice() -> None:
    follower = Follower(0, 1)
    follower.fetch()
    follower.answer(part(0), part(1))
    follower.fetch()
    follower.add(1, 0, epoch=4)
    assert follower.request(nudge=True) is not None
    assert len(follower.answer(part(0, b"x"))) == 1
    follower.core.advanced((TOPIC, 0), 1, 3, 0)
    follower.add(1, 0, epoch=5)
    assert follower.request(nudge=True) is not None, "which tells the new position of 0 as well"
    assert follower.answer(part(0, b"x")) == [], "the answer to the request before that"
    assert len(follower.answer(part(0, b"y"))) == 1


def test_it_tells_what_it_does() -> None:
    follower = Follower(0, 1)
    assert str(follower.core) == "session 0 epoch 0: 2 of 2 partitions changed"
    assert list(follower.core.changed) == [(TOPIC, 0), (TOPIC, 1)]
