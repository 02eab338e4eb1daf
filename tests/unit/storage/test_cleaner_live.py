"""What else happens to a log while it is cleaned, between any two steps; and how a log with gaps is read."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from random import Random

import pytest

from barnabas.protocol.record_batch import CorruptRecords
from barnabas.storage.cleaner import Cleaning, CleaningAborted
from barnabas.storage.cleaner_plan import survey
from barnabas.storage.config import LogConfig
from barnabas.storage.disk import RealDisk
from barnabas.storage.recovery import open_log
from compaction import AMPLE, clean, keyed_batch, records_of

SETTINGS = {"cleanup_policy": ("compact", "delete"), "segment_bytes": 500, "index_interval_bytes": 100}
NOW_MS = 10_000


def fill(log, count=30):
    random = Random(2)
    for number in range(count):
        records = [(b"k%d" % random.randrange(8), b"v%d" % number) for _ in range(random.randint(1, 3))]
        times = [100 * number + random.randint(0, 300) for _ in records]
        log.append_as_leader(keyed_batch(records, timestamps=times), number // 10, 0)
    log.flush(0)


def values(log):
    return {
        record.key: record.value for batch in log.read_batches(log.log_start_offset) for record in records_of(batch)
    }


def cleaning_of(log):
    return Cleaning(log, survey(log, None, log.log_end_offset, NOW_MS), map_bytes=AMPLE, now_ms=NOW_MS)


def drive(cleaning, at, interrupt):
    """Take all steps, and call `interrupt` before step number `at`; whether it came to that."""
    with closing(cleaning.steps()) as steps:
        for number, step in enumerate(steps):
            if number == at:
                interrupt()
            step()
    return number >= at


def each_step(make, new_disk, interrupt, check, **config):
    """Interrupt the cleaning of a new log before each of its steps, and look at the log then."""
    at, came = 0, True
    while came:
        log = type(make)(new_disk()).log(**SETTINGS)
        fill(log)
        log.config = replace(log.config, **config)
        expected = values(log)
        cleaning, aborted = cleaning_of(log), False
        try:
            came = drive(cleaning, at, lambda log=log: interrupt(log))
        except CleaningAborted:
            aborted = True
        except CorruptRecords:
            assert cleaning.is_stale
            aborted = True
        check(log, expected, came, aborted)
        names = [entry.name for entry in log.disk.scan("t-0")]
        assert not [name for name in names if name.endswith((".cleaned", ".swap"))]
        at += 1
    assert at > 10


def test_a_log_grows_while_it_is_cleaned(make, new_disk):
    def append(log):
        for number in range(12):
            log.append_as_leader(keyed_batch([(b"k%d" % (number % 3), b"new %d" % number)]), 3, 0)

    def check(log, expected, came, aborted):
        assert not aborted
        new = {b"k0": b"new 9", b"k1": b"new 10", b"k2": b"new 11"} if came else {}
        assert values(log) == {**expected, **new}

    each_step(make, new_disk, append, check)


def test_files_are_closed_while_it_is_cleaned(make, new_disk):
    def check(log, expected, came, aborted):
        assert not aborted
        assert values(log) == expected

    each_step(make, new_disk, lambda log: log.release(), check)


@pytest.mark.parametrize("segment_bytes", [500, 1500])
def test_retention_takes_old_segments_while_it_is_cleaned(make, new_disk, segment_bytes):
    def retire(log):
        log.advance_log_start(log.segments[min(2, len(log.segments) - 1)].base_offset).run()

    def check(log, expected, came, aborted):
        assert came or not aborted
        assert values(log).items() <= expected.items()
        for number, segment in enumerate(log.segments[:-1]):
            assert list(segment.headers())[-1].last_offset + 1 == log.segments[number + 1].base_offset
        again = type(make)(log.disk).log(log_start_offset=log.log_start_offset, **SETTINGS)
        assert values(again) == values(log)

    each_step(make, new_disk, retire, check, segment_bytes=segment_bytes)


@pytest.mark.parametrize("back", [1, 25])
def test_truncation_ends_it(make, new_disk, back):
    def cut(log):
        log.truncate_to(log.log_end_offset - back, 0)
        log.append_as_leader(keyed_batch([(b"after", b"1")]), 9, 0)

    def check(log, expected, came, aborted):
        assert came == aborted
        assert values(log).get(b"after") == (b"1" if came else None)
        batches = list(log.read_batches(0))
        assert [batch.base_offset for batch in batches] == sorted({batch.base_offset for batch in batches})
        assert type(make)(log.disk).log(**SETTINGS).log_end_offset == log.log_end_offset

    each_step(make, new_disk, cut, check)


def test_a_new_beginning_ends_it(make, new_disk):
    def check(log, expected, came, aborted):
        assert came == aborted
        if came:
            assert log.log_end_offset == 500
            assert [segment.base_offset for segment in type(make)(log.disk).log(**SETTINGS).segments] == [500]

    each_step(make, new_disk, lambda log: log.truncate_fully_and_start_at(500, 0), check)


def test_another_cleanup_policy_ends_it(make, new_disk):
    """As with Kafka: what was not replaced by then stays as it is."""
    there = []

    def change(log):
        log.config = replace(log.config, cleanup_policy=("delete",))
        there.append((log, list(log.segments)))

    def check(log, expected, came, aborted):
        assert came == aborted
        assert values(log) == expected
        assert not came or there[-1] == (log, list(log.segments))

    each_step(make, new_disk, change, check)


def test_a_deleted_log_is_left_alone_and_so_is_a_new_one_of_its_name(make, new_disk):
    new = []

    def recreate(log):
        log.abandon()
        log.disk.rename("t-0", "t-0.delete")
        new.append(type(make)(log.disk).log(**SETTINGS))
        new[-1].append_as_leader(keyed_batch([(b"new", b"log")]), 0, 0)
        new[-1].flush(0)

    def check(log, expected, came, aborted):
        assert came == aborted
        if came:
            assert values(new[-1]) == {b"new": b"log"}
            assert {entry.name for entry in log.disk.scan("t-0")} == {
                "00000000000000000000.log",
                "00000000000000000000.index",
                "00000000000000000000.timeindex",
                "leader-epoch-checkpoint",
            }

    each_step(make, new_disk, recreate, check)


def test_it_can_be_given_up_at_any_step(make):
    for at in range(20):
        log = type(make)(type(make.disk)()).log(**SETTINGS)
        fill(log)
        expected = values(log)
        with closing(cleaning_of(log).steps()) as steps:
            for _, step in zip(range(at), steps, strict=False):
                step()
        assert values(log) == expected
        assert not [entry.name for entry in log.disk.scan("t-0") if entry.name.endswith((".cleaned", ".swap"))]


def test_a_reader_goes_on_with_the_old_files(tmp_path):
    log = open_log(RealDisk(tmp_path), "t-0", "t", 0, LogConfig(**SETTINGS), clean=False)
    fill(log)
    slices = [log.locate(segment.base_offset, 1 << 20, log.log_end_offset) for segment in log.segments]
    before = [bytes(each.read()) for each in slices]
    clean(log, now_ms=NOW_MS)
    assert [bytes(each.read()) for each in slices] == before
    assert bytes(log.locate(0, 1 << 20, log.log_end_offset).read()) != before[0]
    assert [entry.name for entry in log.disk.scan("t-0") if entry.name.endswith(".deleted")] == []


# Reading what has gaps


@pytest.fixture(params=["cleaned", "reopened", "recovered"])
def gaps(request, make):
    log = make.log(**SETTINGS)
    fill(log, 60)
    for key in range(4, 8):
        log.append_as_leader(keyed_batch([(b"k%d" % key, b"end")], timestamps=[7000 + key]), 6, 0)
    log.roll(0)
    log.append_as_leader(keyed_batch([(b"k0", b"last")], timestamps=[9000]), 7, 0)
    cleaned = clean(log, now_ms=NOW_MS)
    clean(log, now_ms=NOW_MS, cleaned=cleaned.end_offset - 20)
    log.close(0)
    if request.param != "cleaned":
        cleaned = cleaned.end_offset if request.param == "recovered" else 0
        log = make.log(clean=request.param == "reopened", cleaned_offset=cleaned, **SETTINGS)
    assert not log.recovery_notes
    return log


def test_a_fetch_at_an_offset_that_is_gone_gets_what_follows(gaps):
    batches = list(gaps.read_batches(0))
    for offset in range(gaps.log_end_offset):
        expected = next(batch for batch in batches if batch.last_offset >= offset)
        found = gaps.locate(offset, 1, gaps.log_end_offset)
        assert found is not None
        assert bytes(found.read()) == bytes(expected.view)


def test_times_lead_to_the_first_record_that_is_left(gaps):
    records = [record for batch in gaps.read_batches(0) for record in records_of(batch)]
    for timestamp in range(0, 9100, 50):
        expected = next((record.offset for record in records if record.timestamp >= timestamp), None)
        found = gaps.offset_for_timestamp(timestamp)
        assert (None if found is None else found.offset) == expected
    assert gaps.max_timestamp_offset().offset == records[-1].offset
    assert gaps.earliest().offset == 0


def test_epochs_end_where_they_ended(gaps, make, new_disk):
    whole = type(make)(new_disk()).log(**SETTINGS)
    fill(whole, 60)
    for epoch in range(5):
        assert gaps.end_offset_for_epoch(epoch) == whole.end_offset_for_epoch(epoch)


def test_a_follower_takes_over_what_is_left(gaps, make, new_disk):
    follower = type(make)(new_disk()).log(**SETTINGS)
    while follower.log_end_offset < gaps.log_end_offset:
        records = gaps.locate(follower.log_end_offset, 300, gaps.log_end_offset)
        follower.append_as_follower(bytearray(records.read()), 0)
    assert [bytes(b.view) for b in follower.read_batches(0)] == [bytes(b.view) for b in gaps.read_batches(0)]
    assert follower.log_end_offset == gaps.log_end_offset
    assert follower.latest_epoch == gaps.latest_epoch
    follower.flush(0)
    again = type(make)(follower.disk).log(**SETTINGS)
    assert again.log_end_offset == gaps.log_end_offset
    assert not again.recovery_notes


@pytest.mark.parametrize("was_closed", [False, True])
def test_a_log_starts_where_it_started_though_apache_kafka_left_its_first_segment_empty(make, was_closed):
    log = make.log(**SETTINGS)
    fill(log)
    log.close(0)
    second = log.segments[1]
    log.segments[0].file().truncate(0)
    again = make.log(clean=was_closed, cleaned_offset=second.base_offset, **SETTINGS)
    assert (again.log_start_offset, again.log_end_offset) == (0, log.log_end_offset)
    assert next(again.read_batches(0)).base_offset == second.base_offset
    found = again.locate(0, 1, again.log_end_offset)
    assert found.read()[:8] == second.base_offset.to_bytes(8, "big")
    assert clean(again, now_ms=NOW_MS, cleaned=0).end_offset == again.segments[-1].base_offset
    assert again.log_start_offset == 0


def test_what_apache_kafka_cleaned_is_not_taken_for_torn(make):
    """It leaves gaps between segments: after a crash they are all right as far as the log was cleaned."""
    log = make.log(**SETTINGS)
    fill(log)
    log.close(0)
    first, second = log.segments[0], log.segments[1]
    last = list(first.headers())[-1]
    first.file().truncate(last.position)
    kept = type(make)(make.disk.crash())
    kept.disk.names = {path: inode for path, inode in make.disk.names.items() if "snapshot" not in path}
    recovered = kept.log(cleaned_offset=second.base_offset, **SETTINGS)
    assert recovered.log_end_offset == log.log_end_offset
    assert recovered.locate(last.base_offset, 1, log.log_end_offset).read()[:8] == second.base_offset.to_bytes(8, "big")
    torn = kept.log(cleaned_offset=second.base_offset - 1, **SETTINGS)
    assert torn.log_end_offset == last.base_offset
