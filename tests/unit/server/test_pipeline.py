"""Replies leave in the order of requests, and a connection that gives no room is not read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from barnabas.protocol.errors import LocalProtocolError
from barnabas.server.pipeline import Pipeline, Slot


def opened(pipeline: Pipeline, count: int, size: int = 10) -> list[Slot]:
    slots = [Slot(size) for _ in range(count)]
    for slot in slots:
        pipeline.open(slot)
    return slots


def sendable(pipeline: Pipeline) -> bytes:
    return b"".join(bytes(part) for part in pipeline.queue.head())  # type: ignore[arg-type]


def test_replies_out_of_order_leave_in_order() -> None:
    pipeline = Pipeline()
    first, second, third = opened(pipeline, 3)
    assert not pipeline.complete(third, [b"3"])
    assert not pipeline.complete(second, [b"2"])
    assert sendable(pipeline) == b""
    assert pipeline.complete(first, [b"1", b"."])
    assert sendable(pipeline) == b"1.23"
    assert pipeline.in_flight == 3
    pipeline.sent(3)
    assert (pipeline.in_flight, sendable(pipeline)) == (1, b"3")
    pipeline.sent(1)
    assert pipeline.idle


def test_request_without_reply_holds_nobody_up() -> None:
    pipeline = Pipeline()
    first, second, third = opened(pipeline, 3)
    assert not pipeline.complete(second, [])
    assert not pipeline.complete(first, [])
    assert pipeline.in_flight == 1
    assert pipeline.complete(third, [b"3"])
    assert sendable(pipeline) == b"3"


def test_64_in_flight_until_one_is_wholly_sent() -> None:
    pipeline = Pipeline()
    slots = opened(pipeline, 63)
    assert pipeline.may_read
    slots += opened(pipeline, 1)
    assert not pipeline.may_read
    pipeline.complete(slots[1], [b"later"])
    assert not pipeline.may_read
    pipeline.complete(slots[0], [b"reply"])
    assert not pipeline.may_read
    pipeline.sent(4)
    assert not pipeline.may_read
    pipeline.sent(1)
    assert pipeline.may_read


def test_bytes_of_requests_and_of_unsent_replies_count() -> None:
    pipeline = Pipeline(max_bytes=100)
    (slot,) = opened(pipeline, 1, size=1000)  # one larger than the bound is let in, and then no other
    assert not pipeline.may_read
    pipeline.complete(slot, [b"x" * 100])
    assert not pipeline.may_read
    pipeline.sent(1)
    assert pipeline.may_read
    pipeline.sent(99)
    assert pipeline.idle


def test_replying_twice_is_our_mistake() -> None:
    pipeline = Pipeline()
    (slot,) = opened(pipeline, 1)
    pipeline.complete(slot, [])
    with pytest.raises(LocalProtocolError, match="twice"):
        pipeline.complete(slot, [b"x"])


@given(st.data())
def test_against_a_naive_twin(data: st.DataObject) -> None:
    pipeline, slots, replies, out = Pipeline(max_in_flight=5, max_bytes=60), list[Slot](), dict[int, bytes](), b""
    for _ in range(data.draw(st.integers(0, 40))):
        waiting = [index for index in range(len(slots)) if index not in replies]
        action = data.draw(st.sampled_from(["open", "reply", "send"]))
        if action == "open" and pipeline.may_read:
            slots += opened(pipeline, 1, data.draw(st.integers(1, 30)))
        elif action == "reply" and waiting:
            index = data.draw(st.sampled_from(waiting))
            replies[index] = bytes([65 + index % 26]) * data.draw(st.integers(0, 20))
            pipeline.complete(slots[index], [replies[index]])
        elif action == "send" and pipeline.queue.size:
            count = data.draw(st.integers(0, pipeline.queue.size))
            out += sendable(pipeline)[:count]
            pipeline.sent(count)
        done = next((index for index in range(len(slots)) if index not in replies), len(slots))
        expected = b"".join(replies[index] for index in range(done))
        assert out + sendable(pipeline) == expected
        ends = [len(b"".join(replies[i] for i in range(index + 1))) for index in range(done)]
        held = sum(slots[index].size for index in range(done, len(slots)) if index not in replies)
        held += sum(len(replies[index]) for index in range(done, len(slots)) if index in replies)
        unsent = sum(1 for index, end in enumerate(ends) if end > len(out) and replies[index])
        assert pipeline.in_flight == unsent + len(slots) - done
        assert pipeline.may_read == (pipeline.in_flight < 5 and held + len(expected) - len(out) < 60)
