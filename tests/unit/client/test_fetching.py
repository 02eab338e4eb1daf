from __future__ import annotations

from collections.abc import Iterable

import pytest

from barnabas.client.errors import BrokerError, ClientError, UnreadableRecords
from barnabas.client.fetching import ConsumerRecord, Fetching, FetchingConfig, Position
from barnabas.client.metadata import ClusterView, Node, PartitionView, TopicView
from barnabas.protocol.errors import ErrorCode
from barnabas.protocol.messages.fetch import FetchResponse
from barnabas.protocol.record_batch import ControlType
from barnabas.protocol.record_builder import BatchBuilder, build_batch, build_control_batch

ONE, TWO = Node(1, "h1", 9092), Node(2, "h2", 9092)
Data = FetchResponse.PartitionData


def view(*leaders: int, error: ErrorCode = ErrorCode.NONE) -> ClusterView:
    partitions = {n: PartitionView(leader, 0, (), (), (), ErrorCode.NONE) for n, leader in enumerate(leaders)}
    topics = {"t": TopicView("t", b"t" * 16, error, False, partitions)}
    return ClusterView(nodes={1: ONE, 2: TWO}, topics=topics)


def batch(base: int, *values: bytes) -> bytes:
    return bytes(build_batch([(1000, None, value) for value in values], base_offset=base))


def data(*batches: bytes, error: int = 0) -> Data:
    return Data(error_code=error, high_watermark=0, records=memoryview(b"".join(batches)))


def make(*positions: Position, **config: object) -> Fetching:
    fetching = Fetching(FetchingConfig(**config), lambda: 0.5)  # type: ignore[arg-type]
    fetching.assign(positions)
    return fetching


def read(fetching: Fetching) -> list[ConsumerRecord]:
    records: list[ConsumerRecord] = []
    while (found := fetching.next_batch()) is not None:
        records += found[1]
    return records


def next_batch(fetching: Fetching) -> Iterable[ConsumerRecord]:
    found = fetching.next_batch()
    return () if found is None else found[1]


def offsets(records: Iterable[ConsumerRecord]) -> list[int]:
    return [record.offset for record in records]


def answer(fetching: Fetching, position: Position, given: Data, now: float = 0.0) -> list[Position]:
    """Let the one fetch that is due be answered so."""
    work = fetching.drain(view(1), now)
    assert work.fetches == {ONE: [position]}
    return fetching.fetched(ONE, [position], {("t", 0): given}, now)


def test_records_come_out_in_order_from_the_position_on() -> None:
    position = Position("t", 0, 11)
    fetching = make(position)
    answer(fetching, position, data(batch(10, b"a", b"b", b"c"), batch(13, b"d")))
    assert [(r.offset, r.value) for r in read(fetching)] == [(11, b"b"), (12, b"c"), (13, b"d")]
    assert fetching.position("t", 0) == 14
    assert position.fetch_offset == 14
    assert fetching.buffered == 0


def test_the_position_follows_each_record_that_was_taken() -> None:
    position = Position("t", 0, 10)
    fetching = make(position)
    answer(fetching, position, data(batch(10, b"a", b"b")))
    found = fetching.next_batch()
    assert found is not None
    records = found[1]
    assert records is not None
    next(records)
    assert fetching.position("t", 0) == 11


def test_control_records_and_gaps_are_passed_over() -> None:
    position = Position("t", 0, 10, end=16)
    fetching = make(position)
    compacted = BatchBuilder(base_offset=11)
    compacted.append(1000, None, b"b", offset=12)
    gap = bytes(compacted.build(last_offset=15))
    answer(fetching, position, data(bytes(build_control_batch(ControlType.COMMIT, b"\0" * 6, 0, base_offset=10)), gap))
    assert offsets(read(fetching)) == [12]
    assert fetching.finished


def test_a_cut_batch_at_the_end_is_fetched_again() -> None:
    position = Position("t", 0, 10)
    fetching = make(position)
    answer(fetching, position, data(batch(10, b"a"), batch(11, b"b")[:-1]))
    assert offsets(read(fetching)) == [10]
    assert position.fetch_offset == 11
    assert fetching.drain(view(1), 0.0).fetches == {ONE: [position]}


def test_one_fetch_a_broker_names_all_its_partitions() -> None:
    a, b, c = (Position("t", n, 0) for n in range(3))
    fetching = make(a, b, c)
    work = fetching.drain(view(1, 2, 1), 0.0)
    assert work.fetches == {ONE: [a, c], TWO: [b]}
    assert fetching.drain(view(1, 2, 1), 0.0).fetches == {}
    fetching.fetched(ONE, [a, c], {("t", 0): data(batch(0, b"x")), ("t", 2): data()}, 0.0)
    # The one that got something is last now, so that the other is first in the next answer.
    assert fetching.drain(view(1, 2, 1), 0.0).fetches == {ONE: [c, a]}


def test_no_more_is_fetched_than_may_lie_unread() -> None:
    position = Position("t", 0, 0)
    fetching = make(position, max_buffered=50)
    answer(fetching, position, data(batch(0, b"a")))
    assert fetching.buffered > 50
    assert fetching.drain(view(1), 0.0).fetches == {}
    assert fetching.next_deadline(0.0) == float("inf")
    read(fetching)
    assert fetching.drain(view(1), 0.0).fetches == {ONE: [position]}


def test_reading_stops_at_the_end_that_was_asked_for() -> None:
    position = Position("t", 0, 10, end=12)
    fetching = make(position)
    assert not fetching.finished
    answer(fetching, position, data(batch(10, b"a"), batch(11, b"b", b"c"), batch(13, b"d")))
    assert offsets(read(fetching)) == [10, 11]
    assert fetching.finished
    assert fetching.drain(view(1), 0.0).fetches == {}
    assert make(Position("t", 0, 12, end=12)).finished


def test_what_came_for_an_earlier_assignment_is_dropped() -> None:
    before, after = Position("t", 0, 10), Position("t", 0, 50)
    fetching = make(before)
    fetching.drain(view(1), 0.0)
    fetching.assign([after])
    assert fetching.drain(view(1), 0.0).fetches == {}
    assert fetching.fetched(ONE, [before], {("t", 0): data(batch(10, b"a"))}, 0.0) == []
    assert read(fetching) == []
    assert fetching.drain(view(1), 0.0).fetches == {ONE: [after]}


@pytest.mark.parametrize(
    "code", [ErrorCode.NOT_LEADER_OR_FOLLOWER, ErrorCode.FENCED_LEADER_EPOCH, ErrorCode.UNKNOWN_TOPIC_ID]
)
def test_a_broker_that_does_not_lead_is_forgotten_and_asked_again_later(code: ErrorCode) -> None:
    position = Position("t", 0, 10)
    fetching = make(position)
    assert answer(fetching, position, data(error=code)) == [position]
    assert fetching.drain(view(-1), 0.0).leaderless == []
    due = fetching.next_deadline(0.0)
    assert due == pytest.approx(0.05)
    assert fetching.drain(view(-1), due).leaderless == [position]
    fetching.leaders_found([position], view(2), due)
    assert fetching.drain(view(2), due).fetches == {TWO: [position]}


def test_a_lost_connection_and_a_missing_answer_are_tried_again() -> None:
    position = Position("t", 0, 10)
    fetching = make(position)
    fetching.drain(view(1), 0.0)
    fetching.failed(ONE, [position], 0.0)
    assert fetching.drain(view(1), 0.0).fetches == {}
    now = fetching.next_deadline(0.0)
    assert fetching.drain(view(1), now).fetches == {ONE: [position]}
    assert fetching.fetched(ONE, [position], {}, now) == [position]
    assert fetching.next_deadline(now) > now + 0.05


def test_waiting_for_a_broker_that_is_asked_already_is_no_deadline() -> None:
    a, b = Position("t", 0, 0), Position("t", 1, 0)
    fetching = make(a, b)
    fetching.drain(view(1, 1), 0.0)
    fetching.failed(ONE, [b], 0.0)
    fetching.drain(view(1, 1), 0.0)
    assert fetching.next_deadline(10.0) == float("inf")


def test_an_offset_outside_the_log_is_an_error_unless_told_otherwise() -> None:
    position = Position("t", 0, 10)
    fetching = make(position)
    answer(fetching, position, data(error=ErrorCode.OFFSET_OUT_OF_RANGE))
    with pytest.raises(BrokerError, match=r"t-0@10: OFFSET_OUT_OF_RANGE.*auto_offset_reset"):
        fetching.next_batch()
    assert fetching.drain(view(1), 99.0).fetches == {}
    with pytest.raises(BrokerError, match="OFFSET_OUT_OF_RANGE"):
        fetching.next_batch()


def test_an_offset_outside_the_log_is_reset_when_told_so() -> None:
    position = Position("t", 0, 10)
    fetching = make(position, offset_reset="earliest")
    answer(fetching, position, data(error=ErrorCode.OFFSET_OUT_OF_RANGE))
    work = fetching.drain(view(1), 0.0)
    assert (work.resets, work.fetches) == ([position], {})
    assert fetching.drain(view(1), 0.0).resets == []
    fetching.reset(position, 42)
    answer(fetching, position, data(batch(42, b"a")))
    assert offsets(read(fetching)) == [42]


def test_an_offset_that_is_never_in_the_log_is_not_reset_again_and_again_at_once() -> None:
    position = Position("t", 0, 10)
    fetching = make(position, offset_reset="earliest")
    for _ in range(2):
        answer(fetching, position, data(error=ErrorCode.OFFSET_OUT_OF_RANGE))
        assert fetching.drain(view(1), 0.0).resets == [position]
        fetching.reset(position, 42)
    assert fetching.drain(view(1), 0.0).fetches == {}
    assert fetching.next_deadline(0.0) == pytest.approx(0.05)
    answer(fetching, position, data(batch(42, b"a")), 0.1)
    assert offsets(read(fetching)) == [42]


def test_an_error_comes_after_the_records_before_it_and_leaves_the_others_alone() -> None:
    a, b = Position("t", 0, 0), Position("t", 1, 0)
    fetching = make(a, b)
    fetching.drain(view(1, 1), 0.0)
    fetching.fetched(ONE, [a, b], {("t", 0): data(batch(0, b"a")), ("t", 1): data(error=29)}, 0.0)
    assert offsets(next_batch(fetching)) == [0]
    with pytest.raises(BrokerError, match="TOPIC_AUTHORIZATION_FAILED"):
        fetching.next_batch()
    assert fetching.next_batch() is None
    assert fetching.drain(view(1, 1), 0.0).fetches == {ONE: [a]}


def test_a_topic_that_stays_away_is_an_error() -> None:
    position = Position("t", 0, 0)
    fetching = make(position, topic_patience=10.0)
    now = 0.0
    gone = view(error=ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
    while position.error is None:
        assert fetching.next_batch() is None
        assert fetching.drain(gone, now).leaderless == [position]
        fetching.leaders_found([position], gone, now)
        if position.error is None:
            now = fetching.next_deadline(now)
    assert 10 <= now < 12
    with pytest.raises(BrokerError, match="UNKNOWN_TOPIC_OR_PARTITION"):
        fetching.next_batch()


@pytest.mark.parametrize("damaged", ["checksum", "magic"])
def test_damaged_records_are_an_error_and_nothing_after_them_is_read(damaged: str) -> None:
    position = Position("t", 0, 0)
    fetching = make(position)
    bad = bytearray(batch(1, b"b"))
    if damaged == "checksum":
        bad[-1] ^= 1
    else:
        bad[16] = 1
    answer(fetching, position, data(batch(0, b"a"), bytes(bad), batch(2, b"c")))
    assert offsets(next_batch(fetching)) == [0]
    with pytest.raises(UnreadableRecords, match="t-0"):
        read(fetching)
    with pytest.raises(ClientError):
        fetching.next_batch()
    assert fetching.buffered == 0


def test_a_partition_whose_new_leader_was_told_is_fetched_there_at_once() -> None:
    position = Position("t", 0, 10)
    fetching = make(position)
    assert fetching.drain(view(1), 5.0).fetches == {ONE: [position]}
    refused = {("t", 0): data(error=ErrorCode.NOT_LEADER_OR_FOLLOWER)}
    assert fetching.fetched(ONE, [position], refused, 5.0, redirected={("t", 0)}) == []
    assert fetching.drain(view(2), 5.0).fetches == {TWO: [position]}


def test_what_is_paused_does_not_keep_others_from_being_fetched() -> None:
    a, b = Position("t", 0, 0), Position("t", 1, 0)
    fetching = make(a, b, max_buffered=50)
    fetching.drain(view(1, 1), 0.0)
    fetching.fetched(ONE, [a, b], {("t", 0): data(batch(0, b"a")), ("t", 1): data()}, 0.0)
    assert fetching.drain(view(1, 1), 0.0).fetches == {}
    fetching.pause([("t", 0)], paused=True)
    assert fetching.drain(view(1, 1), 0.0).fetches == {ONE: [b]}


def test_seeking_changes_neither_the_end_nor_the_pause() -> None:
    fetching = make(Position("t", 0, 5, end=6))
    fetching.pause([("t", 0)], paused=True)
    fetching.seek(("t", 0), 2)
    assert fetching.paused == {("t", 0)}
    assert not fetching.finished
    fetching.seek(("t", 0), 6)
    assert fetching.finished


def test_the_replica_that_the_leader_prefers_is_read_from_until_its_lease_ends() -> None:
    position = Position("t", 0, 0)
    fetching = make(position, replica_lease=60.0)
    answer(fetching, position, Data(preferred_read_replica=2))
    assert fetching.drain(view(1), 59.0).fetches == {TWO: [position]}
    assert fetching.fetched(TWO, [position], {("t", 0): data(batch(0, b"a"))}, 59.0) == []
    assert offsets(read(fetching)) == [0]
    assert fetching.drain(view(1), 60.0).fetches == {ONE: [position]}


@pytest.mark.parametrize("code", [ErrorCode.OFFSET_OUT_OF_RANGE, ErrorCode.FENCED_LEADER_EPOCH, None])
def test_what_a_replica_refuses_is_asked_of_the_leader(code: ErrorCode | None) -> None:
    position = Position("t", 0, 0)
    fetching = make(position, offset_reset="earliest")
    answer(fetching, position, Data(preferred_read_replica=2))
    assert fetching.drain(view(1), 0.0).fetches == {TWO: [position]}
    if code is None:
        fetching.failed(TWO, [position], 0.0)
    else:
        assert fetching.fetched(TWO, [position], {("t", 0): data(error=code)}, 0.0) == []
    work = fetching.drain(view(1), fetching.next_deadline(0.0))
    assert (work.fetches, work.resets) == ({ONE: [position]}, [])


def test_a_replica_that_is_no_live_broker_is_not_waited_for() -> None:
    position = Position("t", 0, 0)
    fetching = make(position)
    answer(fetching, position, Data(preferred_read_replica=9))
    assert fetching.drain(view(1), 0.0).fetches == {ONE: [position]}
