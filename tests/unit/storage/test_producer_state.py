"""What a leader answers to an idempotent producer, and what it remembers of it (KIP-98)."""

from __future__ import annotations

import pytest
from crc32c import crc32c

from barnabas.protocol.errors import ErrorCode, WireError
from barnabas.protocol.record_batch import parse_batch
from barnabas.protocol.record_builder import build_end_txn_marker
from barnabas.storage.producer_state import BatchMetadata, CorruptSnapshot, ProducerStates

LAST = 2**31 - 1


@pytest.fixture
def append(make):
    """Append a batch of `count` records as producer 7 at `sequence`."""
    log = make.log()

    def append(sequence, count=1, *, epoch=0, producer=7, timestamp=1000, transactional=False):
        batch = make.batch(
            *[b"v"] * count,
            timestamps=[timestamp] * count,
            producer=producer,
            producer_epoch=epoch,
            sequence=sequence,
            transactional=transactional,
        )
        return log.append_as_leader(batch, 0, 0)

    append.log = log
    return append


def error_of(append, *args, **kwargs) -> ErrorCode:
    with pytest.raises(WireError) as error:
        append(*args, **kwargs)
    return error.value.code


def test_a_repeated_batch_is_answered_with_the_first_ones_offsets(append):
    append(0, 3, timestamp=77)
    append(3, 2)
    size = append.log.size
    again = append(0, 3, timestamp=77)
    assert (again.first_offset, again.last_offset, again.duplicate, again.log_append_time_ms) == (0, 2, True, 77)
    assert (append.log.log_end_offset, append.log.size) == (5, size)


def test_the_last_five_batches_count(append):
    for sequence in range(6):
        append(sequence)
    for sequence in range(1, 6):
        assert append(sequence).first_offset == sequence
    assert error_of(append, 0) == ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER


@pytest.mark.parametrize(("sequence", "count"), [(0, 2), (1, 1), (0, 4), (2, 2), (4, 1), (9, 1)])
def test_a_partly_overlapping_or_early_batch_is_out_of_order(append, sequence, count):
    append(0, 3)
    assert error_of(append, sequence, count) == ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER
    assert append(3).first_offset == 3


@pytest.mark.parametrize("first", [0, 5, LAST])
@pytest.mark.parametrize("epoch", [0, 3])
def test_an_unknown_producer_may_start_anywhere(append, first, epoch):
    assert append(first, epoch=epoch).first_offset == 0


def test_sequences_wrap_after_the_largest(append):
    append(LAST - 1)
    append(LAST)
    append(0)
    assert append(LAST).duplicate
    assert append(1).first_offset == 3
    assert error_of(append, 3) == ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER


def test_a_batch_may_wrap_within(append):
    append(LAST - 1, 4)
    assert append.log.producers.get(7).last_sequence == 1
    assert append.log.producers.get(7).batches[0].first_sequence == LAST - 1
    assert append(LAST - 1, 4).duplicate
    assert append(2).first_offset == 4


def test_an_older_epoch_is_refused_and_a_newer_one_begins_at_zero(append):
    append(0, epoch=2)
    assert error_of(append, 1, epoch=1) == ErrorCode.INVALID_PRODUCER_EPOCH
    assert error_of(append, 1, epoch=3) == ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER
    append(0, epoch=3)
    assert error_of(append, 1, epoch=2) == ErrorCode.INVALID_PRODUCER_EPOCH
    append(1, epoch=3)
    assert [batch.last_sequence for batch in append.log.producers.get(7).batches] == [0, 1]


def test_the_epoch_counts_before_the_sequences(append):
    append(0, epoch=1)
    append(0, epoch=2)
    assert error_of(append, 0, epoch=1) == ErrorCode.INVALID_PRODUCER_EPOCH


def test_producers_do_not_know_each_other(append):
    append(0)
    append(5, producer=8)
    append(1)
    append(6, producer=8)
    assert append.log.log_end_offset == 4


def test_a_refused_batch_leaves_no_trace(append):
    append(0)
    before = bytes(append.log.locate(0, 1 << 20, 1).read())
    error_of(append, 5)
    assert append.log.log_end_offset == 1
    assert append.log.active.size == len(before)
    assert append(1).first_offset == 1


@pytest.mark.parametrize("clean", [True, False])
def test_five_batches_are_known_after_a_restart(append, make, clean):
    for sequence in range(7):
        append(sequence)
    if clean:
        append.log.close(0)
    log = make.log(clean=clean)
    for sequence in range(2, 7):
        again = log.append_as_leader(make.batch(b"v", producer=7, sequence=sequence), 0, 0)
        assert (again.first_offset, again.duplicate) == (sequence, True)
    assert log.append_as_leader(make.batch(b"v", producer=7, sequence=7), 0, 0).first_offset == 7


def test_a_follower_knows_what_its_leader_knew(append, make, new_disk, making):
    for sequence in range(7):
        append(sequence)
    follower = making(new_disk()).log()
    follower.append_as_follower(append.log.locate(0, 1 << 20, 7).read(), 0)
    assert repr(list(follower.producers)) == repr(list(append.log.producers))


def test_offsets_outlive_the_segments_they_were_in(make):
    log = make.log(segment_bytes=200)
    log.append_as_leader(make.batch(b"v", producer=7, sequence=0), 0, 0)
    make.fill(log, 10)
    log.advance_log_start(8).run()
    log.close(0)
    log = make.log(clean=True, segment_bytes=200, log_start_offset=8)
    assert log.segments[0].base_offset > 1
    assert log.append_as_leader(make.batch(b"v", producer=7, sequence=0), 0, 0) == (0, 0, True, 1000, 0)


def test_truncation_forgets_what_was_cut(append):
    for sequence in range(7):
        append(sequence)
    append.log.truncate_to(4, 0)
    assert append.log.producers.get(7).last_sequence == 3
    assert append(4).first_offset == 4
    append.log.truncate_to(0, 0)
    assert append.log.producers.get(7) is None


def test_idle_producers_expire_but_not_with_an_open_transaction(append):
    append(0, timestamp=100)
    append(0, producer=8, timestamp=500)
    append(0, producer=9, timestamp=100, transactional=True)
    assert append.log.producers.expire(599, 500) == 0
    assert append.log.producers.expire(600, 500) == 1
    assert [state.producer_id for state in append.log.producers] == [8, 9]


def test_a_transaction_is_open_until_its_marker(append, make):
    append(0)
    append(1, transactional=True)
    append(0, producer=8, transactional=True)
    assert append.log.producers.unstable.first == 1
    assert error_of(append, 2) == ErrorCode.INVALID_TXN_STATE
    marker = build_end_txn_marker(True, producer_id=7, producer_epoch=0, coordinator_epoch=4, timestamp=5)
    append.log.append_as_leader(parse_batch(marker), 0, 0, sequenced=False)
    assert append.log.producers.unstable.first_open == 2
    assert append.log.producers.get(7).coordinator_epoch == 4
    assert append(2).first_offset == 4
    assert append(1, transactional=True).duplicate


def test_a_marker_with_a_newer_epoch_fences(append):
    append(0, transactional=True)
    marker = build_end_txn_marker(False, producer_id=7, producer_epoch=1, coordinator_epoch=0, timestamp=5)
    append.log.append_as_leader(parse_batch(marker), 0, 0, sequenced=False)
    assert error_of(append, 1, transactional=True) == ErrorCode.INVALID_PRODUCER_EPOCH
    assert append(0, epoch=1).first_offset == 2


def test_a_snapshot_says_all_and_ends_in_what_kafka_does_not_read(append):
    append(5, 2, timestamp=11)
    append(7, 3, timestamp=12)
    append(0, producer=9, transactional=True, epoch=4)
    data = append.log.producers.to_snapshot()
    assert data[:2] == b"\x00\x01"
    assert data[6:10] == b"\x00\x00\x00\x02"
    entry = bytes.fromhex(
        "0000000000000007 0000 00000009 0000000000000004 00000002 000000000000000c ffffffff ffffffffffffffff"
    )
    assert data[10:56] == entry
    again = ProducerStates.from_snapshot(data, 6)
    assert repr(list(again)) == repr(list(append.log.producers))
    assert again.unstable.first == append.log.producers.unstable.first_open == 5
    assert again.get(7).batches == [BatchMetadata(6, 1, 1, 11), BatchMetadata(9, 4, 2, 12)]


@pytest.mark.parametrize("cut", range(0, 140, 7))
def test_a_cut_or_changed_snapshot_is_refused(append, cut):
    for sequence in range(5):
        append(sequence)
    data = append.log.producers.to_snapshot()
    assert len(data) > 140
    with pytest.raises(CorruptSnapshot):
        ProducerStates.from_snapshot(data[:cut], 5)
    with pytest.raises(CorruptSnapshot):
        ProducerStates.from_snapshot(data[:cut] + bytes((data[cut] ^ 0x10,)) + data[cut + 1 :], 5)


def test_a_snapshot_of_kafka_has_one_batch_a_producer():
    entry = bytes.fromhex(
        "0000000000000007 0001 00000009 0000000000000004 00000002 000000000000000c 00000003 ffffffffffffffff"
    )
    body = b"\x00\x00\x00\x01" + entry
    state = ProducerStates.from_snapshot(b"\x00\x01" + crc32c(body).to_bytes(4, "big") + body, 5).get(7)
    assert (state.epoch, state.coordinator_epoch, state.batches) == (1, 3, [BatchMetadata(9, 4, 2, 12)])


def test_an_epoch_below_none_is_an_old_one(append):
    append(0, epoch=-1)
    assert error_of(append, 0, epoch=-2) == ErrorCode.INVALID_PRODUCER_EPOCH
