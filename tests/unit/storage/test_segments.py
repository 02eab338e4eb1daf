"""When a log begins a new segment, and what of the old ones it lets go."""

from __future__ import annotations

import pytest

from barnabas.protocol.errors import ErrorCode, WireError
from barnabas.protocol.record_batch import CorruptRecords
from barnabas.storage.follower_append import UnexpectedOffset

FAR = 2**31


def bases(log) -> list[int]:
    return [segment.base_offset for segment in log.segments]


def test_a_segment_is_filled_to_the_last_byte(make):
    size = make.batch(b"v" * 10).size
    log = make.log(segment_bytes=3 * size)
    make.fill(log, 7)
    assert bases(log) == [0, 3, 6]
    log = make.log(folder="u-0", segment_bytes=3 * size - 1)
    make.fill(log, 5)
    assert bases(log) == [0, 2, 4]


def test_a_batch_larger_than_a_segment_is_refused(make):
    batch = make.batch(b"v" * 100)
    log = make.log(segment_bytes=batch.size - 1)
    with pytest.raises(WireError) as error:
        log.append_as_leader(batch, 0, 0)
    assert error.value.code == ErrorCode.RECORD_LIST_TOO_LARGE
    make.log(folder="u-0", segment_bytes=batch.size).append_as_leader(batch, 0, 0)


def test_segments_roll_by_the_records_time(make):
    log = make.log(segment_ms=1000)
    for timestamp in (5000, 5500, 6000, 6001, 100, 7001):
        log.append_as_leader(make.batch(b"v", timestamps=[timestamp]), 0, 0)
    assert bases(log) == [0, 3]
    log.append_as_leader(make.batch(b"v", timestamps=[7002]), 0, 0)
    assert bases(log) == [0, 3, 6]


def test_without_record_times_the_clock_counts(make):
    log = make.log(segment_ms=1000, now_ms=10_000)
    for now_ms in (10_000, 11_000, 11_001, 12_000):
        log.append_as_leader(make.batch(b"v", timestamps=[-1]), 0, now_ms)
    assert bases(log) == [0, 2]


def test_the_time_is_that_of_the_first_batch_also_after_a_restart(make):
    log = make.log(segment_ms=1000)
    log.append_as_leader(make.batch(b"v", timestamps=[5000]), 0, 0)
    log.close(0)
    log = make.log(clean=True, segment_ms=1000)
    log.append_as_leader(make.batch(b"v", timestamps=[6001]), 0, 0)
    assert bases(log) == [0, 1]


def test_jitter_only_makes_rolls_earlier_and_differs_between_segments(make):
    log = make.log(segment_ms=1000, segment_jitter_ms=500)
    make.fill(log, 1)
    log.roll(0)
    jitters = {segment.jitter_ms(log.config) for segment in log.segments}
    assert len(jitters) == 2
    assert all(0 <= jitter < 500 for jitter in jitters)


def test_a_full_index_rolls(make):
    log = make.log(segment_index_bytes=12 * 6, index_interval_bytes=0)
    make.fill(log, 30)
    entries = [len(segment.time_index) for segment in log.segments]
    assert len(entries) > 3
    assert max(entries) <= 6


def test_offsets_too_far_apart_for_the_index_roll(make):
    log = make.log()
    log.append_as_follower(make.batch(b"v", offset=0).view, 0)
    log.append_as_follower(make.batch(b"v", offset=FAR - 1).view, 0)
    assert bases(log) == [0]
    log.append_as_follower(make.batch(b"v", offset=FAR).view, 0)
    assert bases(log) == [0, FAR]
    far = make.batch(b"v", offset=3 * FAR)
    farther = make.batch(b"v", offset=5 * FAR)
    log.append_as_follower(bytes(far.view) + bytes(farther.view), 0)
    assert bases(log) == [0, FAR, 3 * FAR, 5 * FAR]
    assert [batch.base_offset for batch in log.read_batches(0)] == [0, FAR - 1, FAR, 3 * FAR, 5 * FAR]
    assert log.log_end_offset == 5 * FAR + 1


def test_segments_join_where_the_offsets_have_a_gap(make):
    log = make.log(segment_bytes=200)
    for offset in (0, 10, 20, 30):
        log.append_as_follower(make.batch(b"v" * 60, offset=offset).view, 0)
    assert bases(log) == [0, 1, 11, 21]
    assert make.log(segment_bytes=200).log_end_offset == 31


def test_a_follower_writes_all_whole_batches_and_ignores_a_cut_one(make, contents):
    log = make.log()
    records = b"".join(bytes(make.batch(b"v", offset=offset, epoch=offset).view) for offset in range(4))
    for cut in (0, 1, 30, 60):
        result = log.append_as_follower(records[: len(records) - cut], 0)
        assert (result.first_offset, result.last_offset) == (0, 3 if not cut else 2)
        assert result.size == log.active.size
        assert log.latest_epoch == result.last_offset
        log.truncate_fully_and_start_at(0, 0)
    assert log.append_as_follower(records[:20], 0) == (0, -1, False, -1, 0)


def test_a_follower_writes_one_run_of_memory_a_segment(make, memory_disk):
    log = make.log()
    records = b"".join(bytes(make.batch(b"v", offset=offset).view) for offset in range(100))
    before = memory_disk.changes
    log.append_as_follower(records, 0)
    assert memory_disk.changes == before + 1


def test_a_follower_takes_nothing_of_a_bad_answer(make):
    log = make.log()
    good = bytes(make.batch(b"v", offset=0).view)
    bad = bytearray(make.batch(b"v", offset=1).view)
    bad[-1] ^= 1
    with pytest.raises(CorruptRecords):
        log.append_as_follower(good + bad, 0)
    with pytest.raises(UnexpectedOffset):
        log.append_as_follower(good + good, 0)
    assert (log.log_end_offset, log.size) == (0, 0)
    log.append_as_follower(good + bad, 0, verify=False)
    with pytest.raises(UnexpectedOffset):
        log.append_as_follower(make.batch(b"v", offset=1).view, 0)
    assert log.log_end_offset == 2


def test_a_follower_takes_nothing_of_a_later_leader(make):
    log = make.log()
    records = b"".join(bytes(make.batch(b"v", offset=offset, epoch=offset).view) for offset in range(4))
    assert log.append_as_follower(records, 0, leader_epoch=1).last_offset == 1
    assert log.latest_epoch == 1


def test_an_empty_follower_may_begin_within_the_leaders_first_batch(make, contents):
    log = make.log(log_start_offset=2)
    log.append_as_follower(make.batch(b"a", b"b", b"c", offset=1, epoch=4).view, 0)
    assert (log.log_start_offset, log.log_end_offset, bases(log)) == (2, 4, [1])
    assert [offset for offset, _ in contents(log)] == [1, 2, 3]


def test_segments_before_the_log_start_go_but_never_the_last(make, memory_disk):
    log = make.log(segment_bytes=300)
    make.fill(log, 20)
    third = bases(log)[2]
    removal = log.advance_log_start(third + 1)
    assert bases(log)[0] == third
    assert all(path.endswith(".deleted") for path in removal.files)
    assert removal.files
    removal.run()
    assert not [name for name in memory_disk.names if name.endswith(".deleted")]
    assert not log.advance_log_start(third)
    log.advance_log_start(20).run()
    assert len(log.segments) == 1
    assert log.log_start_offset == 20


@pytest.mark.parametrize(
    ("settings", "first"),
    [
        ({"retention_bytes": 650}, 1),
        ({"retention_bytes": 0}, None),
        ({"retention_ms": 12}, 2),
        ({"retention_ms": 0, "retention_bytes": 0}, None),
        ({"retention_ms": -1}, 0),
        ({"retention_ms": 0, "cleanup_policy": ("compact",)}, 0),
    ],
)
def test_retention_keeps_what_it_says(make, settings, first):
    settings = {"retention_ms": -1, **settings}
    log = make.log(segment_bytes=300, **settings)
    make.fill(log, 12, size=20)
    before = bases(log)
    assert len(before) == 4
    log.apply_retention(12, 20).run()
    assert bases(log) == (before[first:] if first is not None else [12])
    assert log.log_start_offset == bases(log)[0]


def test_retention_waits_for_the_high_watermark(make):
    log = make.log(segment_bytes=300, retention_ms=0)
    make.fill(log, 12, size=20)
    log.apply_retention(bases(log)[2] + 1, 10**6).run()
    assert log.log_start_offset == 6
