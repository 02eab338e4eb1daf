"""A crash at every change that cleaning makes on the disk: the last record of each key is there, and every segment is
an old one or a new one.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING

import pytest

from barnabas.storage.disk import StorageError
from barnabas.storage.swap import finish_swaps
from barnabas.storage.transaction_index import AbortedTransaction
from compaction import clean, keyed_batch, marker_batch, model_of, records_of

if TYPE_CHECKING:
    from conftest import Making, MemoryDisk

SETTINGS = {"cleanup_policy": ("compact",), "segment_bytes": 600, "delete_retention_ms": 1000}
NOW_MS = 10_000
ROUNDS = 2
Contents = tuple[int, bytes, tuple[AbortedTransaction, ...]]
BATCHES = 20


def write(log) -> set[int]:
    """Some segments with transactions; where the batches begin whose transaction was aborted."""
    random = Random(5)
    for number in range(BATCHES):
        epoch = 3 + number // 12
        records = [(b"k%d" % random.randrange(6), random.choice((None, b"v%d" % number))) for _ in range(2)]
        log.append_as_leader(keyed_batch(records, timestamps=[number, number]), epoch, 0)
        if number % 4 == 0:
            producer = 7 + number % 3
            batch = keyed_batch(records[:1], producer=producer, sequence=number // 12, transactional=True)
            log.append_as_leader(batch, epoch, 0)
            log.append_marker(marker_batch(producer, commit=producer == 7), epoch, 0, transaction_version=0)
    log.roll(0)
    log.append_as_leader(keyed_batch([(b"active", b"1")]), epoch, 0)
    log.flush(0)
    return {batch.base_offset for batch in model_of(log.read_batches(0)) if batch.aborted}


def values_of(log, aborted: set[int]) -> dict[bytes | None, bytes]:
    """What a consumer of committed records ends with."""
    found: dict[bytes | None, bytes] = {}
    for batch in log.read_batches(0):
        if not batch.is_control and batch.base_offset not in aborted:
            for record in records_of(batch):
                found.pop(record.key, None)
                if record.value is not None:
                    found[record.key] = record.value
    return found


def contents(segment) -> Contents:
    """All that a segment knows, but for what can be made from it."""
    data = segment.file().read(0, segment.size).tobytes()
    return segment.base_offset, data, tuple(segment.transaction_index.after(0))


def clean_twice(log, seen: set[Contents] | None = None) -> None:
    """The second round merges what the first has left, and removes tombstones. `seen` gets the segments on the way."""
    cleaned = None
    for number in range(ROUNDS):
        cleaned = clean(log, now_ms=NOW_MS * (number + 1), cleaned=cleaned).end_offset
        if seen is not None:
            seen.update(map(contents, log.segments))
        log.roll(0)
        log.append_as_leader(keyed_batch([(b"active", b"1")]), 5, 0)


@dataclass
class Written:
    """A log that was written and closed; how many changes `clean_twice` makes to its disk."""

    make: Making
    aborted: set[int]
    values: dict[bytes | None, bytes]
    end_offset: int
    segments: set[Contents]
    """Each as it was before, after the first round, or after the second."""
    changes: int

    def crash(self, at: int) -> MemoryDisk:
        """The disk when it failed at change number `at` of cleaning."""
        disk = self.make.disk.crash()
        log = type(self.make)(disk).log(clean=True, **SETTINGS)
        disk.fail_at = disk.changes + at
        with pytest.raises(StorageError):
            clean_twice(log)
        disk.fail_at = None
        return disk

    def check(self, disk: MemoryDisk, *, was_closed: bool = False, recovery_point: int | None = None) -> None:
        """The next process finds all it needs, and can go on where this one came to."""
        point = self.end_offset if recovery_point is None else recovery_point
        log = type(self.make)(disk).log(clean=was_closed, recovery_point=point, **SETTINGS)
        assert log.log_end_offset >= self.end_offset
        assert values_of(log, self.aborted) == self.values
        assert not [entry.name for entry in disk.scan("t-0") if entry.name.count(".") > 1]
        for number, segment in enumerate(log.segments):
            headers = {header.position: header for header in segment.headers()}
            for entry in range(len(segment.offset_index)):
                relative, position = segment.offset_index.entry(entry)
                assert headers[position].last_offset == segment.base_offset + relative
            if number + 1 < len(log.segments) and log.segments[number + 1].base_offset < self.end_offset:
                # An index that is made anew misses transactions of which nothing is left.
                kept = slice(3 if recovery_point is None else 2)
                assert contents(segment)[kept] in {each[kept] for each in self.segments}
                assert list(headers.values())[-1].last_offset + 1 == log.segments[number + 1].base_offset
        assert {state.producer_id: state.last_sequence for state in log.producers} == {7: 1, 8: 1, 9: 0}
        assert log.producers.unstable.first_open is None
        clean(log, now_ms=9 * NOW_MS)
        assert values_of(log, self.aborted) == self.values


@pytest.fixture
def written(make):
    log = make.log(**SETTINGS)
    aborted = write(log)
    values, end_offset = values_of(log, aborted), log.log_end_offset
    log.close(0)
    make.disk.sync()
    disk = make.disk.crash()
    log = type(make)(disk).log(clean=True, **SETTINGS)
    seen, count, before = set(map(contents, log.segments)), len(log.segments), disk.changes
    clean_twice(log, seen)
    assert len(log.segments) < count
    assert any(entries for _, _, entries in map(contents, log.segments[:-1]))
    return Written(make, aborted, values, end_offset, seen, disk.changes - before)


def test_the_process_dies_at_any_change(written):
    for at in range(1, written.changes + 1):
        disk = written.crash(at)
        written.check(disk.reboot(), was_closed=at % 2 == 0)


def test_the_machine_dies_at_any_change(written):
    """Any part of what was not synced may be lost, and so may be the checkpoint of what was."""
    random = Random(1)
    for at in range(1, written.changes + 1):
        disk = written.crash(at)
        written.check(disk.crash())
        written.check(disk.crash(random), recovery_point=random.choice((0, written.end_offset // 2, None)))


def test_a_start_may_be_interrupted_as_well(written):
    """A second crash while it is tidied up what the first has left, at any change."""
    for at in range(1, written.changes + 1):
        left, again = written.crash(at), 0
        left.sync()
        while any(entry.name.endswith((".swap", ".deleted")) for entry in left.scan("t-0")):
            disk, again = left.crash(), again + 1
            disk.fail_at = disk.changes + again
            try:
                finish_swaps(disk, "t-0")
            except StorageError:
                disk.fail_at = None
                written.check(disk)
            else:
                break
