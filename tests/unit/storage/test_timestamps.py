"""From a time to an offset, against a walk through all records."""

from __future__ import annotations

from random import Random

import pytest

from barnabas.protocol.compression import Compression
from barnabas.protocol.record_batch import parse_batch
from barnabas.protocol.record_builder import BatchBuilder

SETTINGS = {"segment_bytes": 600, "index_interval_bytes": 120}


@pytest.fixture
def log(make):
    """Times that go up and down, in batches of several records, some of them without a time."""
    log, random = make.log(**SETTINGS), Random(5)
    for number in range(60):
        builder = BatchBuilder(random.choice((Compression.NONE, Compression.LZ4)))
        for _ in range(random.randint(1, 4)):
            builder.append(-1 if number == 30 else number * 10 + random.randint(-80, 80) + 100, None, b"v")
        log.append_as_leader(parse_batch(builder.build()), number // 20, 0)
    return log


def records_of(log):
    return [
        (record.timestamp, record.offset, batch.leader_epoch)
        for batch in log.read_batches(0)
        for record in batch.records()
    ]


@pytest.mark.parametrize("state", ["warm", "reopened", "recovered", "truncated", "cut at the start"])
def test_the_first_record_that_is_not_earlier(log, make, state):
    match state:
        case "reopened":
            log.close(0)
            log = make.log(clean=True, **SETTINGS)
        case "recovered":
            log = make.log(**SETTINGS)
        case "truncated":
            log.truncate_to(log.segments[-2].base_offset + 3, 0)
        case "cut at the start":
            log.advance_log_start(log.segments[2].base_offset + 3)
    records = [record for record in records_of(log) if record[1] >= log.log_start_offset]
    for timestamp in range(-5, 900):
        expected = next((record for record in records if record[0] >= timestamp), None)
        assert log.offset_for_timestamp(timestamp) == expected
    largest = max(timestamp for timestamp, _, _ in records)
    assert log.max_timestamp_offset() == next(record for record in records if record[0] == largest)


def test_of_equally_late_records_the_first_counts(make):
    log = make.log(**SETTINGS)
    for timestamps in ([5, 9], [9, 1], [9, 9], [3, 3]):
        log.append_as_leader(make.batch(b"a", b"b", timestamps=timestamps), 7, 0)
        log.roll(0)
    assert log.max_timestamp_offset() == (9, 1, 7)


def test_records_stamped_by_the_broker_have_the_batchs_time(make):
    log = make.log()
    builder = BatchBuilder(log_append_time_ms=500)
    for timestamp in (1, 2, 900):
        builder.append(timestamp, None, b"v")
    result = log.append_as_leader(parse_batch(builder.build()), 0, 0)
    assert result.log_append_time_ms == 500
    assert log.offset_for_timestamp(500) == (500, 0, 0)
    assert log.offset_for_timestamp(501) is None


def test_an_empty_log_has_no_times(make):
    log = make.log()
    assert log.offset_for_timestamp(0) is None
    assert log.max_timestamp_offset() is None
    assert log.earliest() == (-1, 0, -1)
    log.append_as_leader(make.batch(b"v", timestamps=[-1]), 3, 0)
    assert log.max_timestamp_offset() == (-1, 0, 3)
    assert log.earliest() == (-1, 0, 3)
