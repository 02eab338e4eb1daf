"""What a simulated disk loses, refuses and spoils."""

from __future__ import annotations

import errno
import random
from collections.abc import Callable

import pytest
from tests.simulation.disk import SECTOR, Loss, Platter, SimulatedDisk, SimulatedFile

from barnabas.storage.disk import StorageError

FIRST, SECOND = b"a" * SECTOR, b"b" * SECTOR


def new_disk() -> SimulatedDisk:
    disk = SimulatedDisk(Platter(random.Random(1)), "/disk")
    disk.make_directory("t-0")
    return disk


def new_file(disk: SimulatedDisk) -> SimulatedFile:
    file = disk.open("t-0/x", create=True)
    disk.sync()
    return file


def after_crashes(loss: Loss, write: Callable[[SimulatedFile], None]) -> set[bytes]:
    """What may be in the file that was written and not synced, over many crashes."""
    found: set[bytes] = set()
    for seed in range(60):
        disk = new_disk()
        write(new_file(disk))
        disk.platter.crash(random.Random(seed), loss)
        found.add(SimulatedDisk(disk.platter, "/disk").read_file("t-0/x") or b"")
    return found


def two_writes(file: SimulatedFile) -> None:
    file.pwritev([FIRST], 0)
    file.pwritev([SECOND], SECTOR)


def test_the_latest_writes_are_lost_and_one_is_torn() -> None:
    found = after_crashes(Loss.LATEST, two_writes)
    assert {b"", FIRST, FIRST + SECOND} <= found
    assert any(len(FIRST) < len(content) < len(FIRST + SECOND) for content in found)
    assert all((FIRST + SECOND).startswith(content) for content in found)


def test_any_write_is_lost_and_what_lies_behind_it_is_left() -> None:
    found = after_crashes(Loss.ANY, two_writes)
    assert found == {b"", FIRST, FIRST + SECOND, bytes(SECTOR) + SECOND}


def test_a_cut_that_was_not_synced_may_be_undone() -> None:
    def write(file: SimulatedFile) -> None:
        two_writes(file)
        file.fdatasync()
        file.truncate(SECTOR)

    assert after_crashes(Loss.ANY, write) == {FIRST, FIRST + SECOND}
    assert after_crashes(Loss.LATEST, write) == {FIRST, FIRST + SECOND}


@pytest.mark.parametrize("loss", list(Loss))
def test_what_was_synced_is_kept(loss: Loss) -> None:
    def write(file: SimulatedFile) -> None:
        two_writes(file)
        file.fdatasync()

    assert after_crashes(loss, write) == {FIRST + SECOND}


def test_a_disk_that_fails_refuses_everything() -> None:
    disk = new_disk()
    file = new_file(disk)
    disk.platter.failing = errno.EIO
    for work in (lambda: file.pwritev([FIRST], 0), lambda: file.read(0, 1), lambda: disk.scan(), file.fdatasync):
        with pytest.raises(StorageError, match=r"/disk.*Input/output error"):
            work()
    with disk.platter.sound():
        assert file.size() == 0
        assert disk.scan("t-0")


def test_a_full_disk_takes_a_part_of_what_does_not_fit() -> None:
    disk = new_disk()
    file = new_file(disk)
    file.pwritev([FIRST], 0)
    disk.platter.failing = errno.ENOSPC
    with pytest.raises(StorageError, match="No space left"):
        file.pwritev([SECOND], SECTOR)
    assert SECTOR <= file.size() < 2 * SECTOR
    with pytest.raises(StorageError, match="No space left"):
        disk.write_file("t-0/y", b"")
    file.pwritev([SECOND], 0)
    file.truncate(SECTOR)
    file.fdatasync()
    assert disk.read_file("t-0/x") == SECOND


def test_a_process_that_has_died_changes_nothing() -> None:
    disk = new_disk()
    file = new_file(disk)
    disk.die()
    file.pwritev([FIRST], 0)
    assert file.size() == 0


def test_rot_turns_a_bit_over() -> None:
    disk = new_disk()
    file = new_file(disk)
    file.pwritev([FIRST], 0)
    ((path, inode),) = disk.platter.files()
    assert path == "t-0/x"
    disk.platter.rot(inode, 7, random.Random(1))
    different = [at for at in range(SECTOR) if file.inode.data[at] != FIRST[at]]
    assert different == [7]
    assert (file.inode.data[7] ^ FIRST[7]).bit_count() == 1
