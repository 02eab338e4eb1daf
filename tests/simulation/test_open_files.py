"""Which files a process has open, and which of them belong to its logs."""

from __future__ import annotations

from random import Random

from tests.simulation.disk import Platter, SimulatedDisk
from tests.simulation.invariants_resources import unexplained

from barnabas.protocol.record_builder import BatchBuilder
from barnabas.storage.config import LogConfig
from barnabas.storage.log import PartitionLog
from barnabas.storage.recovery import open_log


def log_on(disk: SimulatedDisk) -> PartitionLog:
    """One with a record, and all of its files open but the index of aborted transactions."""
    log = open_log(disk, "t-0", "t", 0, LogConfig(), clean=False)
    builder = BatchBuilder()
    builder.append(1000, b"k", b"v")
    log.append_as_follower(builder.build(), 1000)
    for index in (log.active.offset_index, log.active.time_index):
        index.write()
    return log


def paths_of(disk: SimulatedDisk) -> list[str]:
    return [file.path.removeprefix("t-0/00000000000000000000") for file in disk.open_files]


def test_a_log_has_the_files_of_its_segments() -> None:
    disk = SimulatedDisk(Platter(Random(1)), "/disk")
    log = log_on(disk)
    assert paths_of(disk) == [".index", ".log", ".timeindex"]
    assert unexplained(disk.open_files, [log]) == []
    log.release()
    assert paths_of(disk) == []


def test_what_a_reader_still_has_of_a_log_that_was_given_up_belongs_to_nobody() -> None:
    disk = SimulatedDisk(Platter(Random(1)), "/disk")
    log = log_on(disk)
    file = log.active.file()
    log.abandon()
    assert unexplained(disk.open_files, [log]) == [file]
    file.close()
    assert paths_of(disk) == []
