"""Batches that are refused though their records could be taken: too large ones are made smaller (KIP-126), and records
that are at fault are left out (KIP-467). Order and idempotence stay as they are.
"""

from __future__ import annotations

import random

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st
from trio.testing import MockClock

from barnabas.client import Producer
from barnabas.client.batch import Batch, InPieces, Written, record_size
from barnabas.client.batcher import Answer, Batcher, BatcherConfig, Verdict
from barnabas.client.cluster import Cluster
from barnabas.client.errors import BrokerError, ClientClosed, TimedOut
from barnabas.client.producer import CompressionName, Receipt
from barnabas.protocol.api_keys import ApiKey
from barnabas.protocol.compression import Compression
from barnabas.protocol.errors import ErrorCode
from barnabas.protocol.record_batch import RecordBatch, parse_batch
from fake_brokers import FakeCluster

TOO_LARGE = Answer(ErrorCode.MESSAGE_TOO_LARGE, message="too large")
SIZE = record_size(None, bytes(100), ())


def make(**config: object) -> Batcher:
    batcher = Batcher(BatcherConfig(**config), lambda: 0.5)  # type: ignore[arg-type]
    batcher.set_producer_id(7, 0)
    return batcher


def fill(batcher: Batcher, count: int, *, now: float = 0.0) -> Batch:
    """Append so many records of 100 bytes, the first byte their number; the batch that they are in."""
    batches = {
        batcher.append("t", 0, 1000, None, bytes([number]) + bytes(99), (), SIZE, now)[0] for number in range(count)
    }
    [batch] = batches
    return batch


def numbers(batch: RecordBatch) -> list[int]:
    return [(record.value or b"")[0] for record in batch.records()]


def send(batcher: Batcher, now: float = 0.0) -> tuple[Batch, RecordBatch]:
    """The one batch that is sent now, and what a broker sees of it."""
    [batch] = batcher.drain(now)
    assert batch.data is not None
    return batch, parse_batch(bytes(batch.data))


def pieces_of(batch: Batch) -> tuple[Batch, ...]:
    assert isinstance(batch.outcome, InPieces)
    return batch.outcome.pieces


@pytest.mark.parametrize("compression", Compression)
def test_a_batch_that_is_too_large_goes_on_in_smaller_ones_with_its_sequences(compression: Compression) -> None:
    batcher = make(compression=compression)
    whole = fill(batcher, 4)
    send(batcher)
    later = fill(batcher, 1)
    assert batcher.answered(whole, TOO_LARGE, 1.0) is Verdict.IN_PIECES
    assert not whole.ended
    assert batcher.buffered == 5 * SIZE
    for expected in ([0, 1], [2, 3], [0]):
        batch, seen = send(batcher, 1.0)
        assert numbers(seen) == expected
        before = 2 * len([each for each in pieces_of(whole) if each.ended])
        assert (seen.producer_epoch, seen.base_sequence, seen.compression) == (0, before, compression)
        batcher.answered(batch, Answer(ErrorCode.NONE, base_offset=50 + before), 1.0)
    assert whole.ended
    assert later.outcome == Written(54)
    assert [whole.find(number) for number in range(4)] == [
        (Written(50), 0),
        (Written(50), 1),
        (Written(52), 0),
        (Written(52), 1),
    ]
    assert (batcher.buffered, batcher.pending) == (0, 0)


def test_it_goes_on_down_to_single_records_and_the_one_that_is_too_large_fails_alone() -> None:
    batcher = make()
    whole = fill(batcher, 4)
    written: list[int] = []
    asked = 0
    while batcher.pending:
        batch, seen = send(batcher)
        asked += 1
        refused = seen.records_count > 1 or numbers(seen) == [2]
        batcher.answered(batch, TOO_LARGE if refused else Answer(ErrorCode.NONE, base_offset=len(written)), 0.0)
        written += [] if refused else numbers(seen)
    assert written == [0, 1, 3]
    assert asked == 7
    outcomes = [whole.find(number)[0] for number in range(4)]
    assert [type(each) for each in outcomes] == [Written, Written, BrokerError, Written]
    assert str(outcomes[2]) == "t-0: MESSAGE_TOO_LARGE: too large"


def test_what_follows_is_made_smaller_and_grows_again() -> None:
    batcher = make(batch_size=8 * SIZE + 61)
    whole = fill(batcher, 8)
    send(batcher)
    batcher.answered(whole, TOO_LARGE, 0.0)
    for _ in range(2):
        batch, seen = send(batcher)
        assert seen.records_count == 4
        batcher.answered(batch, Answer(ErrorCode.NONE, base_offset=0), 0.0)
    sizes: list[int] = []
    while not sizes or sizes[-1] < 8:
        batch, _, _ = batcher.append("t", 0, 1000, None, bytes(100), (), SIZE, 0.0)
        while not batcher.append("t", 0, 1000, None, bytes(100), (), SIZE, 0.0)[2]:
            pass
        sizes.append(batch.count)
        for _ in range(2):
            sent, _ = send(batcher)
            batcher.answered(sent, Answer(ErrorCode.NONE, base_offset=0), 0.0)
    assert sizes == sorted(sizes)
    assert (sizes[0], sizes[-1]) == (4, 8)
    assert len(sizes) > 10


def be_unsure(batcher: Batcher, batch: Batch, how: str) -> None:
    """An attempt ends so that nobody knows whether the batch was written."""
    send(batcher)
    if how == "lost":
        batcher.lost(batch, "connection lost", 0.0)
    else:
        batcher.answered(batch, Answer(ErrorCode[how]), 0.0)


@pytest.mark.parametrize("how", ["lost", "REQUEST_TIMED_OUT", "NOT_ENOUGH_REPLICAS_AFTER_APPEND"])
@pytest.mark.parametrize("code", [ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER, ErrorCode.MESSAGE_TOO_LARGE])
def test_of_what_may_be_written_already_the_first_piece_tells(how: str, code: ErrorCode) -> None:
    """The broker's limit was lowered since: it does not know the pieces again, and would take the others for new."""
    batcher = make()
    whole = fill(batcher, 3)
    be_unsure(batcher, whole, how)
    send(batcher, 1.0)
    assert batcher.answered(whole, TOO_LARGE, 1.0) is Verdict.IN_PIECES
    first, seen = send(batcher, 1.0)
    assert seen.records_count == 1
    assert batcher.answered(first, Answer(code), 1.0) is Verdict.ENDED
    assert batcher.drain(10.0) == []
    assert {getattr(whole.find(number)[0], "code", None) for number in range(3)} == {code}
    later = fill(batcher, 1)
    assert send(batcher)[1].producer_epoch == 1
    batcher.answered(later, Answer(ErrorCode.NONE), 0.0)
    assert (batcher.buffered, batcher.pending) == (0, 0)


@pytest.mark.parametrize("how", ["lost", "REQUEST_TIMED_OUT"])
def test_once_a_piece_is_written_the_others_are_on_their_own(how: str) -> None:
    batcher = make()
    whole = fill(batcher, 3)
    be_unsure(batcher, whole, how)
    send(batcher, 1.0)
    batcher.answered(whole, TOO_LARGE, 1.0)
    for answer in (Answer(ErrorCode.NONE, base_offset=0), TOO_LARGE, Answer(ErrorCode.NONE, base_offset=1)):
        batcher.answered(send(batcher, 1.0)[0], answer, 1.0)
    assert [type(whole.find(number)[0]) for number in range(3)] == [Written, BrokerError, Written]


def test_without_idempotence_every_piece_is_on_its_own() -> None:
    batcher = make(idempotent=False)
    whole = fill(batcher, 2)
    be_unsure(batcher, whole, "lost")
    send(batcher, 1.0)
    batcher.answered(whole, TOO_LARGE, 1.0)
    for answer in (TOO_LARGE, Answer(ErrorCode.NONE, base_offset=1)):
        batcher.answered(send(batcher, 1.0)[0], answer, 1.0)
    assert [type(whole.find(number)[0]) for number in range(2)] == [BrokerError, Written]


def test_pieces_of_which_nobody_knows_are_closed_once() -> None:
    batcher = make()
    whole = fill(batcher, 3)
    be_unsure(batcher, whole, "lost")
    send(batcher, 1.0)
    batcher.answered(whole, TOO_LARGE, 1.0)
    assert batcher.fail_all(ClientClosed("closed")) == list(pieces_of(whole))
    assert (batcher.buffered, batcher.pending) == (0, 0)


def test_pieces_have_the_deadline_of_the_whole() -> None:
    batcher = make(delivery_timeout=5.0, linger=10.0)
    whole = fill(batcher, 2, now=1.0)
    batcher.flushing = True
    send(batcher, 1.0)
    batcher.flushing = False
    batcher.answered(whole, TOO_LARGE, 2.0)
    first, _ = send(batcher, 2.0)
    assert batcher.next_deadline() == 6.0
    assert batcher.expire(6.0) == list(pieces_of(whole))
    assert isinstance(first.outcome, TimedOut)
    assert whole.ended


def test_records_that_are_at_fault_are_left_out() -> None:
    batcher = make()
    whole = fill(batcher, 5)
    send(batcher)
    answer = Answer(ErrorCode.INVALID_RECORD, message="bad records", record_errors=((1, "no key"), (2, None)))
    assert batcher.answered(whole, answer, 0.0) is Verdict.IN_PIECES
    assert [str(whole.find(number)[0]) for number in (1, 2)] == [
        "t-0: INVALID_RECORD: no key",
        "t-0: INVALID_RECORD: bad records",
    ]
    sequence = 0
    for expected in ([0], [3, 4]):
        batch, seen = send(batcher)
        assert (numbers(seen), seen.producer_epoch, seen.base_sequence) == (expected, 0, sequence)
        batcher.answered(batch, Answer(ErrorCode.NONE, base_offset=sequence), 0.0)
        sequence += len(expected)
    assert [whole.find(number) for number in (0, 3, 4)] == [(Written(0), 0), (Written(1), 0), (Written(1), 1)]


def test_in_a_transaction_one_record_at_fault_is_the_end_of_it() -> None:
    batcher = make(transactional=True)
    batcher.begin_transaction(joins_by_writing=True)
    whole = fill(batcher, 2)
    send(batcher)
    batcher.answered(whole, Answer(ErrorCode.INVALID_RECORD, record_errors=((1, "no key"),)), 0.0)
    assert "no key" in str(batcher.failure)


@given(
    st.lists(st.integers(0, 300), min_size=1, max_size=30),
    st.integers(62, 700),
    st.sampled_from(Compression),
    st.integers(61, 3000),
)
def test_every_record_ends_and_those_that_fit_are_written_in_order(
    sizes: list[int], limit: int, compression: Compression, batch_size: int
) -> None:
    batcher = make(batch_size=batch_size, compression=compression)
    rng = random.Random(0)
    values = [rng.randbytes(size) for size in sizes]
    held = [batcher.append("t", 0, 1000, None, value, (), record_size(None, value, ()), 0.0)[:2] for value in values]
    written: list[bytes] = []
    sequence, epoch = 0, 0
    while batcher.pending:
        batch, seen = send(batcher)
        if seen.size > limit:
            epoch_before = epoch
            verdict = batcher.answered(batch, TOO_LARGE, 0.0)
            if verdict is Verdict.ENDED:
                assert seen.records_count == 1
                sequence, epoch = 0, epoch_before + 1
            continue
        assert (seen.producer_epoch, seen.base_sequence) == (epoch, sequence)
        batcher.answered(batch, Answer(ErrorCode.NONE, base_offset=len(written)), 0.0)
        written += [bytes(record.value or b"") for record in seen.records()]
        sequence += seen.records_count
    assert batcher.buffered == 0
    found: list[bytes] = []
    for value, (batch, index) in zip(values, held, strict=True):
        outcome, place = batch.find(index)
        assert batch.ended
        if isinstance(outcome, Written):
            assert written[outcome.base_offset + place] == value
            found.append(value)
        else:
            assert isinstance(outcome, BrokerError)
    assert found == written


# With brokers


@pytest.fixture
async def brokers(nursery: trio.Nursery) -> FakeCluster:
    cluster = FakeCluster(nursery)
    await cluster.start()
    return cluster


async def send_all(brokers: FakeCluster, values: list[bytes], compression: CompressionName = "none") -> list[Receipt]:
    brokers.create("t")
    async with (
        Cluster(brokers.bootstrap, network=brokers.network) as cluster,
        Producer(cluster, linger=1.0, compression=compression, delivery_timeout=20.0) as producer,
    ):
        receipts = [await producer.send_soon("t", value) for value in values]
        await producer.flush()
        assert all(receipt.ended for receipt in receipts)
    return receipts


@pytest.mark.parametrize("compression", ["none", "zstd"])
async def test_a_small_max_message_bytes_fails_what_is_larger_alone(
    brokers: FakeCluster, compression: CompressionName, autojump_clock: MockClock
) -> None:
    brokers.max_batch_bytes = 1000
    rng = random.Random(1)
    values = [rng.randbytes(2000 if number == 17 else 150) for number in range(40)]
    receipts = await send_all(brokers, values, compression)
    with pytest.raises(BrokerError, match="t-0: MESSAGE_TOO_LARGE"):
        receipts.pop(17).result()
    assert [receipt.result().offset for receipt in receipts] == list(range(39))
    assert brokers.topics["t"][0].values() == values[:17] + values[18:]


async def test_a_lost_answer_to_a_piece_doubles_nothing(brokers: FakeCluster, autojump_clock: MockClock) -> None:
    brokers.max_batch_bytes = 1000
    brokers.refusals[ApiKey.PRODUCE].extend([ErrorCode.NONE, ErrorCode.NOT_ENOUGH_REPLICAS])
    values = [b"%d" % number + bytes(150) for number in range(40)]

    brokers.create("t")
    async with (
        Cluster(brokers.bootstrap, network=brokers.network) as cluster,
        Producer(cluster, linger=1.0) as producer,
    ):
        receipts = [await producer.send_soon("t", value) for value in values]
        await trio.sleep(1.0)
        brokers.lost_answers[ApiKey.PRODUCE] = 1
        assert [(await receipt.wait()).offset for receipt in receipts] == list(range(40))
    assert brokers.topics["t"][0].values() == values


async def test_a_record_that_is_named_fails_and_its_neighbours_are_written(
    brokers: FakeCluster, autojump_clock: MockClock
) -> None:
    brokers.bad_values = frozenset({b"3", b"4", b"9"})
    values = [b"%d" % number for number in range(10)]
    receipts = await send_all(brokers, values)
    for number, receipt in enumerate(receipts):
        if values[number] in brokers.bad_values:
            with pytest.raises(BrokerError, match="t-0: INVALID_RECORD: bad"):
                receipt.result()
        else:
            receipt.result()
    assert brokers.topics["t"][0].values() == [value for value in values if value not in brokers.bad_values]
