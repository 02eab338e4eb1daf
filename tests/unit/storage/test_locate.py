"""Where a fetch finds its records, against a walk through all batches."""

from __future__ import annotations

from random import Random

import pytest

from barnabas.protocol.errors import ErrorCode, WireError
from barnabas.protocol.record_batch import iter_batches
from barnabas.storage.config import LogConfig
from barnabas.storage.disk import RealDisk
from barnabas.storage.recovery import open_log

SETTINGS = {"segment_bytes": 700, "index_interval_bytes": 150}


@pytest.fixture
def log(make):
    """Segments, batches of several sizes, and gaps between offsets."""
    log = make.log(**SETTINGS)
    random = Random(3)
    for _ in range(50):
        values = [b"v" * random.randint(0, 30) for _ in range(random.randint(1, 4))]
        offset = log.log_end_offset + random.choice((0, 0, 0, 3))
        log.append_as_follower(make.batch(*values, offset=offset, epoch=0).view, 0)
    return log


def naive(log, offset, max_bytes, limit, min_one):
    """(offset of the first batch, bytes) of the answer."""
    for segment in log.segments:
        rest = [batch for batch in segment.batches() if batch.last_offset >= offset]
        if rest:
            break
    else:
        return None
    first = rest[0].size
    size = max(first, max_bytes) if min_one else max_bytes
    available = sum(batch.size for batch in rest if batch.last_offset < limit)
    if offset >= limit or size < first or not available:
        return None
    return rest[0].base_offset, min(size, available)


@pytest.mark.parametrize("state", ["warm", "released", "reopened"])
def test_every_question_gets_the_answer_of_a_walk(log, make, state):
    if state == "released":
        log.release()
    elif state == "reopened":
        log.close(0)
        log = make.log(clean=True, **SETTINGS)
    random = Random(1)
    end = log.log_end_offset
    for offset in range(end + 1):
        for _ in range(6):
            limit = random.choice((end, end, random.randint(0, end)))
            question = (offset, random.choice((0, 1, 60, 100, 250, 10_000)), limit, random.random() < 0.5)
            found = log.locate(*question)
            expected = naive(log, *question)
            if expected is None:
                assert found is None, question
            else:
                assert found is not None, question
                data = found.read()
                assert (int.from_bytes(data[:8], "big"), len(found)) == expected, question
                assert found.try_read() == data
                for batch in iter_batches(data):
                    assert batch.last_offset < limit
                    assert batch.verify_crc()


@pytest.mark.parametrize("offset", [-1, 5, 200])
def test_outside_the_log_is_an_error(make, offset):
    log = make.log()
    make.fill(log, 20)
    log.advance_log_start(6)
    with pytest.raises(WireError) as error:
        log.locate(offset, 100, 20)
    assert error.value.code == ErrorCode.OFFSET_OUT_OF_RANGE


def test_the_end_is_not_an_error_and_has_nothing(make):
    log = make.log()
    assert log.locate(0, 100, 0) is None
    make.fill(log, 3)
    assert log.locate(3, 100, 3) is None
    assert log.locate(3, 100, 99) is None


def test_the_tail_is_found_without_reading_files(make, memory_disk, monkeypatch):
    log = make.log(index_interval_bytes=4096)
    make.fill(log, 3000)
    monkeypatch.setattr(type(memory_disk.open("t-0/00000000000000000000.log")), "read", None)
    for offset in (2999, 2500, 2000):
        assert len(log.locate(offset, 1, 3000)) == log.active.size // 3000


def test_a_slice_outlives_its_segment(make, tmp_path):
    log = open_log(RealDisk(tmp_path), "t-0", "t", 0, LogConfig(segment_bytes=1 << 20), clean=True)
    make.fill(log, 10)
    found = log.locate(0, 1 << 20, 10)
    before = bytes(found.read())
    log.roll(0)
    log.advance_log_start(10).run()
    log.release()
    assert not list(tmp_path.glob("t-0/00000000000000000000.*"))
    assert bytes(found.read()) == before
    cached = found.try_read()
    assert cached is None or cached == before
