"""What read_committed sees of a log: compared with a naive twin, over rolls, cuts, restarts and crashes (KIP-98)."""

from __future__ import annotations

import struct
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from barnabas.protocol.errors import ErrorCode, WireError
from barnabas.protocol.record_batch import ControlType, RecordBatch, control_type, iter_batches, parse_batch
from barnabas.protocol.record_builder import build_end_txn_marker
from barnabas.storage.transaction_index import AbortedTransaction

PRODUCERS = 3
SETTINGS = {"segment_bytes": 900, "index_interval_bytes": 100}


def append_marker(log, producer, *, commit, epoch=0, coordinator_epoch=0, version=0, timestamp=1000):
    batch = parse_batch(
        build_end_txn_marker(
            commit,
            producer_id=producer,
            producer_epoch=epoch,
            coordinator_epoch=coordinator_epoch,
            timestamp=timestamp,
        )
    )
    return log.append_marker(batch, 0, 0, transaction_version=version)


def last_stable_offset(log, high_watermark):
    unstable = log.producers.unstable
    unstable.replicated(high_watermark)
    return high_watermark if unstable.first is None else min(unstable.first, high_watermark)


def decided(batches: list[RecordBatch]) -> dict[int, str]:
    """The fate of each data batch by base offset: plain, open, commit or abort."""
    fates: dict[int, str] = {}
    open_batches: dict[int, list[int]] = {}
    for batch in batches:
        if batch.is_control:
            kind = control_type(next(batch.records()).key)
            for base in open_batches.pop(batch.producer_id, ()):
                fates[base] = "abort" if kind is ControlType.ABORT else "commit"
        elif batch.is_transactional:
            fates[batch.base_offset] = "open"
            open_batches.setdefault(batch.producer_id, []).append(batch.base_offset)
        else:
            fates[batch.base_offset] = "plain"
    return fates


def naive_stable_offset(batches: list[RecordBatch], high_watermark: int) -> int:
    """Only what has a marker below the high watermark is stable."""
    fates = decided([batch for batch in batches if batch.base_offset < high_watermark])
    return min([high_watermark, *(base for base, fate in fates.items() if fate == "open")])


def consume(log, offset: int, high_watermark: int, max_bytes: int) -> list[int]:
    """The base offsets of the batches that a read_committed consumer gets from `offset` on."""
    seen: list[int] = []
    limit = last_stable_offset(log, high_watermark)
    while (records := log.locate(offset, max_bytes, limit)) is not None:
        aborted = sorted(log.aborted_transactions(offset, records), key=lambda each: each.first_offset)
        skipped: set[int] = set()
        for batch in iter_batches(records.read()):
            if batch.last_offset < offset:
                continue
            while aborted and aborted[0].first_offset <= batch.last_offset:
                skipped.add(aborted.pop(0).producer_id)
            if batch.is_control:
                if control_type(next(batch.records()).key) is ControlType.ABORT:
                    skipped.discard(batch.producer_id)
            elif not (batch.is_transactional and batch.producer_id in skipped):
                seen.append(batch.base_offset)
            offset = batch.next_offset
    return seen


class Driver:
    """A log that is written to by a few producers, its twin being the batches that it holds."""

    def __init__(self, make, seed: int) -> None:
        self.make = make
        self.random = Random(seed)
        self.log = make.log(**SETTINGS)
        self.high_watermark = 0

    def write(self) -> None:
        producer, count = self.random.randrange(PRODUCERS), self.random.randint(1, 3)
        state = self.log.producers.get(producer)
        batch = self.make.batch(
            *[b"v" * self.random.randint(1, 60)] * count,
            producer=producer,
            sequence=0 if state is None else state.last_sequence + 1,
            transactional=producer > 0,
        )
        self.log.append_as_leader(batch, 0, 0)

    def end(self) -> None:
        append_marker(self.log, self.random.randint(1, PRODUCERS - 1), commit=self.random.random() < 0.5)

    def replicate(self) -> None:
        ends = [batch.next_offset for batch in self.log.read_batches(self.high_watermark)]
        self.high_watermark = self.random.choice([self.high_watermark, *ends])

    def roll(self) -> None:
        self.log.roll(0)

    def flush(self) -> None:
        self.log.flush(0)

    def truncate(self) -> None:
        self.log.truncate_to(self.random.randint(self.high_watermark, self.log.log_end_offset), 0)
        self.high_watermark = min(self.high_watermark, self.log.log_end_offset)

    def restart(self) -> None:
        self.log.close(0)
        self.log = self.make.log(clean=True, **SETTINGS)
        assert not self.log.recovery_notes

    def damage(self) -> None:
        """An index of aborted transactions is not whole after a clean shutdown."""
        self.log.close(0)
        names = [name for name, inode in self.make.disk.names.items() if name.endswith(".txnindex") and inode.data]
        for name in names:
            del self.make.disk.names[name].data[-self.random.randint(1, 33) :]
        self.log = self.make.log(clean=True, **SETTINGS)
        assert len(self.log.recovery_notes) >= len(names)

    def crash(self) -> None:
        point = self.log.recovery_point
        self.make.disk = self.make.disk.crash(self.random)
        self.log = self.make.log(recovery_point=point, **SETTINGS)
        if self.log.log_start_offset:  # the beginning is lost, and with it the twin's knowledge
            self.log.truncate_fully_and_start_at(0, 0)
        self.high_watermark = min(self.high_watermark, self.log.log_end_offset)

    def check(self) -> None:
        batches = list(self.log.read_batches(0))
        limit = naive_stable_offset(batches, self.high_watermark)
        assert last_stable_offset(self.log, self.high_watermark) == limit
        fates = decided(batches)
        start = self.random.choice([0, *(batch.base_offset for batch in batches)])
        expected = [base for base, fate in fates.items() if start <= base < limit and fate in ("plain", "commit")]
        assert consume(self.log, start, self.high_watermark, self.random.choice((1, 200, 10_000))) == expected


STEPS = ("write",) * 8 + ("end",) * 4 + ("replicate",) * 4 + ("roll", "flush", "truncate", "restart", "damage", "crash")


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32), steps=st.lists(st.sampled_from(STEPS), max_size=60))
def test_read_committed_sees_what_was_committed_and_nothing_else(new_disk, making, seed, steps):
    driver = Driver(making(new_disk()), seed)
    for step in steps:
        getattr(driver, step)()
        driver.check()


def write(make, log, producer, sequence, *values, epoch=0):
    return log.append_as_leader(
        make.batch(*values, producer=producer, producer_epoch=epoch, sequence=sequence, transactional=True), 0, 0
    )


def test_the_index_of_aborted_transactions_is_in_kafkas_format(make, memory_disk):
    log = make.log()
    write(make, log, 5, 0, b"a", b"b")  # 0, 1
    write(make, log, 6, 0, b"c")  # 2
    append_marker(log, 5, commit=False)  # 3
    append_marker(log, 6, commit=True)  # 4
    write(make, log, 5, 2, b"d")  # 5
    append_marker(log, 5, commit=False)  # 6
    log.close(0)
    data = memory_disk.read_file("t-0/00000000000000000000.txnindex")
    assert list(struct.iter_unpack(">hqqqq", data)) == [(0, 5, 0, 3, 2), (0, 5, 5, 6, 7)]


def test_a_log_without_aborted_transactions_has_no_index_of_them(make, memory_disk):
    log = make.log()
    write(make, log, 5, 0, b"a")
    append_marker(log, 5, commit=True)
    log.roll(0)
    write(make, log, 5, 1, b"b")
    log.close(0)
    assert not any(name.endswith(".txnindex") for name in memory_disk.names)


def test_aborted_transactions_go_with_their_segments(make, memory_disk):
    log = make.log()
    write(make, log, 5, 0, b"a")
    append_marker(log, 5, commit=False)
    log.roll(0)
    write(make, log, 5, 1, b"b")
    append_marker(log, 5, commit=False)
    log.advance_log_start(2).run()
    log.close(0)
    assert [name for name in memory_disk.names if "txnindex" in name] == ["t-0/00000000000000000002.txnindex"]
    assert log.aborted_transactions(2, log.locate(2, 1000, 10)) == [AbortedTransaction(5, 2, 3, 4)]


def error_of(call, *args, **kwargs) -> ErrorCode:
    with pytest.raises(WireError) as error:
        call(*args, **kwargs)
    return error.value.code


@pytest.mark.parametrize(
    ("version", "epoch", "expected"),
    [
        (0, 3, ErrorCode.INVALID_PRODUCER_EPOCH),
        (0, 4, None),
        (1, 4, None),
        (0, 5, None),
        (2, 3, ErrorCode.INVALID_PRODUCER_EPOCH),
        (2, 4, ErrorCode.INVALID_PRODUCER_EPOCH),
        (2, 5, None),
    ],
)
def test_a_marker_ends_only_the_transaction_of_its_epoch(make, version, epoch, expected):
    """KIP-1228: where every transaction has its epoch, a marker's epoch is the one after."""
    log = make.log()
    write(make, log, 5, 0, b"a", epoch=4)
    if expected is None:
        append_marker(log, 5, commit=True, epoch=epoch, version=version)
        assert log.producers.unstable.first_open is None
    else:
        assert error_of(append_marker, log, 5, commit=True, epoch=epoch, version=version) == expected
        assert log.producers.unstable.first_open == 0


def test_a_marker_may_come_again_while_no_transaction_is_open(make):
    log = make.log()
    write(make, log, 5, 0, b"a", epoch=4)
    append_marker(log, 5, commit=False, epoch=5, version=2)
    append_marker(log, 5, commit=False, epoch=5, version=2)
    assert log.log_end_offset == 3
    write(make, log, 5, 0, b"b", epoch=5)
    again = {"commit": False, "epoch": 5, "version": 2}
    assert error_of(append_marker, log, 5, **again) == ErrorCode.INVALID_PRODUCER_EPOCH


def test_the_last_epoch_may_be_in_a_transaction_and_in_its_marker(make):
    """A producer that is fenced at the last epoch has no other (KAFKA-20090)."""
    log = make.log()
    write(make, log, 5, 0, b"a", epoch=32767)
    append_marker(log, 5, commit=False, epoch=32767, version=2)
    assert log.producers.unstable.first_open is None


def test_the_marker_of_an_older_coordinator_is_refused(make):
    log = make.log()
    append_marker(log, 5, commit=True, coordinator_epoch=7)
    again = {"commit": True, "coordinator_epoch": 6}
    assert error_of(append_marker, log, 5, **again) == ErrorCode.TRANSACTION_COORDINATOR_FENCED
    append_marker(log, 5, commit=True, coordinator_epoch=7)


def test_the_first_batch_of_an_epoch_that_a_marker_began_has_sequence_0(make):
    log = make.log()
    write(make, log, 5, 0, b"a", epoch=0)
    append_marker(log, 5, commit=True, epoch=1, version=2)
    assert error_of(write, make, log, 5, 1, b"b", epoch=1) == ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER
    write(make, log, 5, 0, b"b", epoch=1)


def test_a_batch_that_is_verified_is_not_overtaken(make):
    """KIP-890: of two batches that wait for their verification, the later one must not be written first."""
    log = make.log()
    verifications = log.producers.verifications
    verifications.begin(5, 0, 10, bumps_epoch=False, now_ms=0)
    assert error_of(write, make, log, 5, 11, b"b") == ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER
    write(make, log, 5, 10, b"a")
    assert verifications.get(5) is None
    write(make, log, 5, 11, b"b")


def test_an_unknown_producer_that_bumps_its_epoch_starts_at_0(make):
    log = make.log()
    log.producers.verifications.begin(5, 0, 3, bumps_epoch=True, now_ms=0)
    assert error_of(write, make, log, 5, 3, b"b") == ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER


def test_a_marker_voids_a_verification(make):
    log = make.log()
    verification = log.producers.verifications.begin(5, 0, 0, bumps_epoch=False, now_ms=0)
    append_marker(log, 5, commit=False)
    verification.verified_epoch = 0
    assert not log.producers.verifications.is_verified(5, 0)


def test_verifications_that_nobody_came_back_to_are_forgotten(make):
    log = make.log()
    log.producers.verifications.begin(5, 0, 0, bumps_epoch=False, now_ms=100)
    log.producers.expire(199, 100)
    assert len(log.producers.verifications) == 1
    log.producers.expire(200, 100)
    assert len(log.producers.verifications) == 0


def test_producers_with_an_open_transaction_do_not_expire(make):
    log = make.log()
    write(make, log, 5, 0, b"a")
    assert log.producers.expire(10**12, 1) == 0
    append_marker(log, 5, commit=True)
    assert log.producers.expire(10**12, 1) == 1
