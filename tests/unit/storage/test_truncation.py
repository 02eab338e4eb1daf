"""Cutting a log at any offset, against a list of batches; and flushes, which a cut may overtake."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from barnabas.protocol.errors import ErrorCode, WireError

SETTINGS = {"segment_bytes": 300, "index_interval_bytes": 60}
BATCHES = st.lists(st.tuples(st.integers(1, 4), st.integers(0, 5)), min_size=1, max_size=25)
BOUNDED = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def filled(making, disk, shapes):
    """A log with batches of (records, gap before), a new epoch every fourth batch."""
    make = making(disk)
    log = make.log(**SETTINGS)
    for number, (count, gap) in enumerate(shapes):
        batch = make.batch(
            *[b"v" * number] * count, offset=log.log_end_offset + gap, epoch=number // 4, producer=2, sequence=number
        )
        log.append_as_follower(batch.view, 0)
    return log, [(batch.base_offset, batch.last_offset, batch.leader_epoch) for batch in log.read_batches(0)]


@BOUNDED
@given(shapes=BATCHES, cuts=st.lists(st.integers(0, 120), min_size=1, max_size=4))
def test_a_cut_leaves_the_batches_below_it(making, new_disk, shapes, cuts):
    log, batches = filled(making, new_disk(), shapes)
    for cut in cuts:
        expected_end = log.log_end_offset
        if cut < expected_end:
            batches = [batch for batch in batches if batch[1] < cut]
            expected_end = batches[-1][1] + 1 if batches else 0
        assert log.truncate_to(cut, 0) == log.log_end_offset == expected_end
        assert [(batch.base_offset, batch.last_offset, batch.leader_epoch) for batch in log.read_batches(0)] == batches
        assert log.latest_epoch == max((epoch for _, _, epoch in batches), default=-1)
        assert log.active.tail is not None
        assert log.log_start_offset <= log.log_end_offset


def test_a_cut_within_a_batch_removes_it_whole(make, contents):
    log = make.log()
    log.append_as_leader(make.batch(b"a", b"b"), 0, 0)
    log.append_as_leader(make.batch(b"c", b"d", b"e"), 0, 0)
    assert log.truncate_to(3, 0) == 2
    assert [value for _, value in contents(log)] == [b"a", b"b"]
    assert log.append_as_leader(make.batch(b"f"), 0, 0).first_offset == 2


def test_a_cut_at_the_end_only_forgets_epochs_without_batches(make):
    log = make.log()
    make.fill(log, 3, epoch=1)
    log.assign_epoch(5)
    assert log.latest_epoch == 5
    assert log.truncate_to(3, 0) == 3
    assert log.latest_epoch == 1


def test_a_cut_below_the_first_segment_begins_anew(make):
    log = make.log(**SETTINGS)
    make.fill(log, 20)
    log.advance_log_start(15).run()
    assert log.segments[0].base_offset > 3
    assert log.truncate_to(3, 0) == 3
    assert (log.log_start_offset, log.log_end_offset, log.latest_epoch, log.size) == (3, 3, -1, 0)


def test_a_cut_below_the_log_start_takes_it_along(make):
    log = make.log()
    make.fill(log, 9)
    log.advance_log_start(6)
    assert log.truncate_to(4, 0) == 4
    assert log.log_start_offset == 4


def test_beginning_anew_leaves_nothing(make, memory_disk):
    log = make.log(**SETTINGS)
    make.fill(log, 20, epoch=4)
    log.flush(0)
    rewinds: list[int] = []
    log.on_rewind = lambda: rewinds.append(log.recovery_point)
    log.truncate_fully_and_start_at(7, 0)
    assert (log.log_start_offset, log.log_end_offset, log.recovery_point, rewinds) == (7, 7, 7, [7])
    assert sorted(name for name in memory_disk.names if "0000" in name) == [f"t-0/{7:020d}.log"]
    make.fill(log, 2, epoch=5)
    assert log.epochs.entries() == [(5, 7)]


def test_a_flush_that_a_cut_overtook_counts_for_nothing(make):
    log = make.log()
    make.fill(log, 10)
    flush = log.prepare_flush()
    log.truncate_to(4, 0)
    make.fill(log, 10)
    flush.run()
    log.complete_flush(flush, 0)
    assert log.recovery_point == 0
    log.flush(0)
    assert log.recovery_point == 14


def test_one_flush_at_a_time(make):
    log = make.log()
    make.fill(log, 2)
    flush = log.prepare_flush()
    make.fill(log, 2)
    assert log.prepare_flush() is None
    flush.run()
    log.complete_flush(flush, 0)
    assert log.recovery_point == 2
    log.flush(0)
    assert log.recovery_point == 4
    assert log.prepare_flush() is None


def test_a_flush_syncs_only_what_was_written(make, memory_disk):
    log = make.log(index_interval_bytes=4096)
    make.fill(log, 1)
    log.flush(0)
    make.fill(log, 1)
    flush = log.prepare_flush()
    assert [file.path for file in flush.files] == ["t-0/00000000000000000000.log"]
    assert (flush.paths, flush.epochs, flush.new_files, flush.new_folder) == ([], None, False, False)


@pytest.mark.parametrize(
    ("settings", "records", "now_ms", "needed"),
    [
        ({}, 5, 10**9, False),
        ({"flush_messages": 5}, 4, 0, False),
        ({"flush_messages": 5}, 5, 0, True),
        ({"flush_ms": 100}, 5, 99, False),
        ({"flush_ms": 100}, 5, 100, True),
        ({"flush_ms": 100}, 0, 100, False),
        ({"segment_bytes": 300}, 5, 0, True),
    ],
)
def test_when_a_flush_is_needed(make, settings, records, now_ms, needed):
    log = make.log(**settings)
    make.fill(log, records)
    assert log.flush_needed(now_ms) == needed
    log.flush(now_ms)
    assert not log.flush_needed(now_ms)


def test_a_log_that_was_given_up_is_of_no_use(make):
    log = make.log()
    make.fill(log, 3)
    log.abandon()
    assert log.locate(0, 100, 3) is None
    assert log.prepare_flush() is None
    assert not log.flush_needed(10**12)
    with pytest.raises(WireError) as error:
        make.fill(log, 1)
    assert error.value.code == ErrorCode.KAFKA_STORAGE_ERROR
