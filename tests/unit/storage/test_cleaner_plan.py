"""Which part of a compacted log is dirty, how dirty it is, and which segments are cleaned together."""

from __future__ import annotations

import pytest

from barnabas.storage.cleaner_plan import group_segments, survey
from barnabas.storage.config import MAX_LONG, LogConfig
from compaction import keyed_batch

DAY = 86_400_000


@pytest.fixture
def filled(make):
    """Segments at 0, 10, 20 and 30, the last of which is active; record n has the timestamp 1000 n + 1."""
    log = make.log(cleanup_policy=("compact",))
    for number in range(35):
        if number and number % 10 == 0:
            log.roll(0)
        log.append_as_leader(keyed_batch([(b"k", b"v")], timestamps=[1000 * number + 1]), 0, 0)
    log.flush(0)
    return log


def configure(log, **settings):
    log.config = LogConfig(cleanup_policy=("compact",), **settings)


def ends(log, cleaned=None, stable=35, now_ms=DAY):
    dirt = survey(log, cleaned, stable, now_ms)
    return dirt.first_offset, dirt.end_offset


def test_a_log_that_was_never_cleaned_is_dirty_up_to_the_active_segment(filled):
    sizes = [segment.size for segment in filled.segments]
    dirt = survey(filled, None, 35, DAY)
    assert (dirt.first_offset, dirt.end_offset) == (0, 30)
    assert (dirt.clean_bytes, dirt.dirty_bytes) == (0, sum(sizes[:3]))
    assert dirt.ratio == 1.0


def test_the_segment_with_the_first_dirty_offset_counts_for_both(filled):
    size = filled.segments[0].size
    dirt = survey(filled, 15, 35, DAY)
    assert (dirt.clean_bytes, dirt.dirty_bytes) == (2 * size, 2 * size)
    assert dirt.ratio == 0.5
    assert not dirt.is_enough(LogConfig(min_cleanable_dirty_ratio=0.5))
    assert dirt.is_enough(LogConfig(min_cleanable_dirty_ratio=0.49))


@pytest.mark.parametrize(("cleaned", "first"), [(None, 0), (0, 0), (15, 15), (35, 35), (36, 0)])
def test_a_checkpoint_beyond_the_log_does_not_count(filled, cleaned, first):
    assert ends(filled, cleaned)[0] == first


def test_a_checkpoint_before_the_log_start_does_not_count(filled):
    filled.advance_log_start(12)
    assert ends(filled, 5)[0] == 12
    assert ends(filled, None)[0] == 12
    assert ends(filled, 14)[0] == 14


@pytest.mark.parametrize(("stable", "end"), [(35, 30), (30, 30), (29, 20), (20, 20), (19, 10), (3, 0), (0, 0)])
def test_nothing_is_cleaned_beyond_the_last_stable_offset(filled, stable, end):
    assert ends(filled, stable=stable)[1] == end


def test_nothing_is_cleaned_that_is_not_durable(filled):
    """Else a crash could lose a record whose predecessor is gone already."""
    filled.recovery_point = 29
    assert ends(filled)[1] == 20


def test_a_clean_log_has_nothing_to_clean(filled):
    dirt = survey(filled, 30, 35, DAY)
    assert (dirt.dirty_bytes, dirt.ratio) == (0, 0.0)
    assert not dirt.is_enough(LogConfig(min_cleanable_dirty_ratio=0.0))


def test_a_log_of_which_more_was_cleaned_than_may_be_now_has_nothing_to_clean(filled):
    dirt = survey(filled, 25, 12, DAY)
    assert (dirt.first_offset, dirt.end_offset, dirt.dirty_bytes) == (25, 25, 0)


@pytest.mark.parametrize(("now_ms", "end"), [(0, 0), (14_000, 0), (14_001, 10), (24_000, 10), (24_001, 20), (DAY, 30)])
def test_a_segment_with_a_record_younger_than_the_lag_is_not_cleaned(filled, now_ms, end):
    configure(filled, min_compaction_lag_ms=5000)
    assert ends(filled, now_ms=now_ms)[1] == end


def test_clean_segments_may_be_young(filled):
    configure(filled, min_compaction_lag_ms=5000)
    assert ends(filled, 20, now_ms=24_001) == (20, 20)
    assert ends(filled, 20, now_ms=34_001) == (20, 30)


def test_what_has_been_dirty_for_too_long_is_cleaned_however_little_it_is(filled):
    configure(filled, max_compaction_lag_ms=5000, min_cleanable_dirty_ratio=1.0)
    assert survey(filled, 20, 35, 25_001).overdue_ms == 0
    overdue = survey(filled, 20, 35, 25_002)
    assert overdue.overdue_ms == 1
    assert overdue.is_enough(filled.config)
    assert not survey(filled, 30, 35, DAY).is_enough(filled.config)


def test_without_a_limit_nothing_is_overdue(filled):
    assert survey(filled, None, 35, 1 << 60).overdue_ms == 0


def test_a_segment_gets_records_no_longer_than_they_may_stay_dirty(make):
    log = make.log(cleanup_policy=("compact",), max_compaction_lag_ms=100, segment_ms=1000)
    for timestamp in (0, 100, 101):
        log.append_as_leader(keyed_batch([(b"k", b"v")], timestamps=[timestamp]), 0, timestamp)
    assert [segment.base_offset for segment in log.segments] == [0, 2]
    assert LogConfig(max_compaction_lag_ms=100).max_segment_ms == LogConfig().segment_ms
    assert LogConfig(cleanup_policy=("compact", "delete"), max_compaction_lag_ms=MAX_LONG).max_segment_ms > DAY


def grouped(log, end=30, **settings):
    configure(log, **settings)
    return [[segment.base_offset for segment in group] for group in group_segments(log.segments[:-1], log.config, end)]


def test_segments_are_cleaned_together_that_fit_into_one(filled):
    size = filled.segments[0].size
    assert grouped(filled) == [[0, 10, 20]]
    assert grouped(filled, segment_bytes=3 * size) == [[0, 10, 20]]
    assert grouped(filled, segment_bytes=3 * size - 1) == [[0, 10], [20]]
    assert grouped(filled, segment_bytes=2 * size - 1) == [[0], [10], [20]]
    assert grouped(filled, segment_bytes=1) == [[0], [10], [20]]


def test_their_indexes_must_fit_as_well(filled):
    one = len(filled.segments[0].time_index) * 12
    assert one > len(filled.segments[0].offset_index) * 8 > 0
    assert grouped(filled, segment_index_bytes=2 * one) == [[0, 10], [20]]


def test_their_offsets_must_fit_into_32_bits(make):
    log = make.log(cleanup_policy=("compact",))
    for offset in (0, 1, (1 << 31) - 1, 1 << 31, (1 << 31) + 5):
        batch = keyed_batch([(b"k", b"v")])
        batch.assign(offset, 0)
        log.append_as_follower(batch.view, 0)
        log.roll(0)
    groups = grouped(log, (1 << 31) + 6)
    assert [group[0] for group in groups] == [0, 1 << 31]
    assert [base for group in groups for base in group] == [segment.base_offset for segment in log.segments[:-1]]
