from __future__ import annotations

import pytest

from barnabas.client.batcher import Answer, Batch, Batcher, BatcherConfig, Verdict, Written, record_size
from barnabas.client.errors import BrokerError, ClientClosed, TimedOut
from barnabas.protocol.compression import Compression
from barnabas.protocol.errors import ErrorCode
from barnabas.protocol.record_batch import BATCH_OVERHEAD, RecordBatch, parse_batch

OK = Answer(ErrorCode.NONE, base_offset=100)


def make(producer_id: int | None = 7, **config: object) -> Batcher:
    batcher = Batcher(BatcherConfig(**config), lambda: 0.5)  # type: ignore[arg-type]
    if producer_id is not None:
        batcher.set_producer_id(producer_id, 0)
    return batcher


def append(batcher: Batcher, value: bytes = b"v", *, partition: int = 0, now: float = 0.0) -> tuple[Batch, int, bool]:
    return batcher.append("t", partition, 1000, None, value, (), record_size(None, value, ()), now)


def sent(batch: Batch) -> RecordBatch:
    assert batch.data is not None
    return parse_batch(batch.data)


def test_records_gather_in_one_batch_while_another_is_in_flight() -> None:
    batcher = make()
    first, index, new = append(batcher)
    assert (index, new) == (0, True)
    assert batcher.drain(0.0) == [first]
    second, index, new = append(batcher)
    assert second is not first
    assert (index, new) == (0, True)
    assert append(batcher) == (second, 1, False)
    assert batcher.drain(0.0) == []
    assert batcher.answered(first, OK, 0.1) is Verdict.ENDED
    assert first.outcome == Written(100)
    assert batcher.drain(0.1) == [second]
    assert sent(second).records_count == 2


def test_a_batch_lingers_unless_it_is_full_or_flushed() -> None:
    batcher = make(linger=1.0, batch_size=150)
    batch, _, _ = append(batcher)
    assert batcher.drain(0.5) == []
    assert batcher.next_deadline() == 1.0
    assert batcher.drain(1.0) == [batch]
    full, _, _ = append(batcher, b"x" * 80, partition=1, now=1.0)
    _, _, new = append(batcher, b"x" * 80, partition=1, now=1.0)
    assert new
    assert batcher.drain(1.0) == [full]
    flushed, _, _ = append(batcher, partition=2, now=1.0)
    batcher.flushing = True
    assert batcher.drain(1.0) == [flushed]


def test_a_record_larger_than_a_batch_goes_alone() -> None:
    batcher = make(batch_size=100)
    large, _, _ = append(batcher, b"x" * 1000)
    small, _, new = append(batcher)
    assert new
    assert batcher.drain(0.0) == [large]
    assert small.data is None


@pytest.mark.parametrize("headers", [(), (("name", b"content"), ("none", None))])
def test_the_size_of_a_record_is_never_underestimated(headers: tuple[tuple[str, bytes | None], ...]) -> None:
    size = record_size(b"key", b"value" * 100, headers)
    batcher = make()
    batch, _, _ = batcher.append("t", 0, 1000, b"key", b"value" * 100, headers, size, 0.0)
    batcher.drain(0.0)
    assert sent(batch).size - BATCH_OVERHEAD <= size


def test_who_keeps_a_receipt_does_not_keep_the_bytes() -> None:
    batcher = make()
    batch, _, _ = append(batcher, b"x" * 1000)
    batcher.drain(0.0)
    batcher.answered(batch, OK, 0.1)
    assert (batch.data, batch.records, batch.count) == (None, [], 1)


def test_what_is_no_record_leaves_no_batch_behind() -> None:
    batcher = make()
    with pytest.raises(TypeError):
        batcher.append("t", 0, 1000, None, "text", (), 30, 0.0)  # type: ignore[arg-type]
    assert batcher.pending == 0


def test_sequences_follow_each_other_by_partition() -> None:
    batcher = make()
    for expected in (0, 2, 4):
        batch, _, _ = append(batcher)
        append(batcher)
        other, _, _ = append(batcher, partition=1)
        assert set(batcher.drain(0.0)) == {batch, other}
        view = sent(batch)
        assert (view.producer_id, view.producer_epoch, view.base_sequence) == (7, 0, expected)
        assert sent(other).base_sequence == expected // 2
        batcher.answered(batch, OK, 0.0)
        batcher.answered(other, OK, 0.0)


def test_a_retry_is_the_same_bytes_before_anything_later() -> None:
    batcher = make()
    first, _, _ = append(batcher)
    batcher.drain(0.0)
    data = bytes(first.data or b"")
    append(batcher)
    answer = Answer(ErrorCode.NOT_LEADER_OR_FOLLOWER)
    assert batcher.answered(first, answer, 0.0) is Verdict.RETRY_ELSEWHERE
    assert batcher.drain(0.04) == []
    assert batcher.next_deadline() == pytest.approx(0.05)
    assert batcher.drain(0.06) == [first]
    assert first.data == data
    assert batcher.answered(first, Answer(ErrorCode.NOT_ENOUGH_REPLICAS), 0.1) is Verdict.RETRY
    batcher.drain(10.0)
    batcher.lost(first, "connection lost", 10.0)
    assert batcher.next_deadline() == pytest.approx(10.2)


def test_waits_between_retries_are_bounded() -> None:
    batcher = make(delivery_timeout=1e9)
    batch, _, _ = append(batcher)
    now = 0.0
    for _ in range(50):
        assert batcher.drain(now) == [batch]
        batcher.lost(batch, "lost", now)
        assert now < batcher.next_deadline() <= now + 1.0
        now = batcher.next_deadline()


def test_a_duplicate_counts_as_written() -> None:
    batcher = make()
    batch, _, _ = append(batcher)
    batcher.drain(0.0)
    batcher.answered(batch, Answer(ErrorCode.DUPLICATE_SEQUENCE_NUMBER), 0.0)
    assert batch.outcome == Written(-1, -1)


def test_a_refusal_ends_the_batch_and_the_partition_goes_on_with_a_new_epoch() -> None:
    batcher = make()
    refused, _, _ = append(batcher)
    other, _, _ = append(batcher, partition=1)
    batcher.drain(0.0)
    answer = Answer(ErrorCode.MESSAGE_TOO_LARGE, message="too large")
    assert batcher.answered(refused, answer, 0.0) is Verdict.ENDED
    assert isinstance(refused.outcome, BrokerError)
    assert str(refused.outcome) == "t-0: MESSAGE_TOO_LARGE: too large"
    batcher.answered(other, OK, 0.0)
    following, _, _ = append(batcher)
    elsewhere, _, _ = append(batcher, partition=1)
    batcher.drain(0.0)
    assert (sent(following).producer_epoch, sent(following).base_sequence) == (1, 0)
    assert (sent(elsewhere).producer_epoch, sent(elsewhere).base_sequence) == (0, 1)


def test_a_batch_in_flight_expires_and_its_late_answer_changes_nothing() -> None:
    batcher = make(delivery_timeout=5.0)
    batch, _, _ = append(batcher)
    batcher.drain(0.0)
    assert batcher.next_deadline() == 5.0
    following, _, _ = append(batcher, now=4.0)
    assert batcher.expire(5.0) == [batch]
    assert isinstance(batch.outcome, TimedOut)
    assert batcher.drain(5.0) == [following]
    assert (sent(following).producer_epoch, sent(following).base_sequence) == (1, 0)
    assert batcher.answered(batch, OK, 5.1) is Verdict.ENDED
    batcher.lost(batch, "lost", 5.1)
    assert isinstance(batch.outcome, TimedOut)
    assert following.in_flight


def test_a_batch_that_was_never_sent_expires_without_a_new_epoch() -> None:
    batcher = make(delivery_timeout=5.0, linger=10.0)
    batch, _, _ = append(batcher)
    assert batcher.expire(5.0) == [batch]
    following, _, _ = append(batcher, now=5.0)
    batcher.flushing = True
    batcher.drain(5.0)
    assert (sent(following).producer_epoch, sent(following).base_sequence) == (0, 0)


def test_after_the_last_epoch_comes_another_producer_id() -> None:
    batcher = make(None)
    batcher.set_producer_id(7, 0x7FFF)
    batch, _, _ = append(batcher)
    batcher.drain(0.0)
    batcher.answered(batch, Answer(ErrorCode.INVALID_RECORD), 0.0)
    following, _, _ = append(batcher)
    assert batcher.needs_producer_id
    batcher.set_producer_id(8, 0)
    batcher.drain(0.0)
    assert (sent(following).producer_id, sent(following).base_sequence) == (8, 0)


def test_nothing_is_sent_before_there_is_a_producer_id() -> None:
    batcher = make(None)
    assert not batcher.needs_producer_id
    batch, _, _ = append(batcher)
    assert batcher.needs_producer_id
    assert batcher.drain(0.0) == []
    assert batcher.next_deadline() == batch.deadline
    assert batcher.no_producer_id(TimedOut("not yet")) == []
    assert batcher.no_producer_id(ClientClosed("never")) == [batch]
    assert batcher.pending == 0


def test_without_idempotence_no_producer_id_is_needed() -> None:
    batcher = make(None, idempotent=False, compression=Compression.GZIP)
    batch, _, _ = append(batcher)
    assert not batcher.needs_producer_id
    assert batcher.drain(0.0) == [batch]
    view = sent(batch)
    assert (view.producer_id, view.base_sequence, view.compression) == (-1, -1, Compression.GZIP)


def test_closing_fails_what_is_left() -> None:
    batcher = make()
    first, _, _ = append(batcher)
    batcher.drain(0.0)
    second, _, _ = append(batcher)
    assert batcher.fail_all(ClientClosed("closed")) == [first, second]
    assert batcher.next_deadline() == float("inf")


def test_a_retry_to_a_leader_that_was_told_does_not_wait() -> None:
    batcher = make()
    batch, _, _ = append(batcher)
    batcher.drain(0.0)
    answer = Answer(ErrorCode.NOT_LEADER_OR_FOLLOWER, leader_told=True)
    assert batcher.answered(batch, answer, 1.0) is Verdict.RETRY
    assert batcher.drain(1.0) == [batch]
