"""The operating system's files behind a `Disk`."""

from __future__ import annotations

import os

import pytest

from barnabas.storage import disk as disk_module
from barnabas.storage.disk import Entry, LogSlice, RealDisk


@pytest.fixture
def disk(tmp_path):
    return RealDisk(tmp_path)


def test_files_are_written_and_read_at_positions(disk):
    file = disk.open("x", create=True)
    file.pwritev((b"hello ", bytearray(b"small "), memoryview(b"world")), 2)
    assert file.size() == 19
    assert file.read(2, 100) == b"hello small world"
    assert file.read(100, 5) == b""
    file.truncate(7)
    assert disk.read_file("x") == b"\0\0hello"
    file.fdatasync()


def test_a_read_without_waiting_is_whole_or_nothing(disk):
    file = disk.open("x", create=True)
    file.pwritev((b"0123456789",), 0)
    for position, size in ((0, 10), (3, 4)):
        data = file.try_read(position, size)
        assert data is None or data == b"0123456789"[position : position + size]
    assert file.try_read(5, 10) is None


def test_where_a_file_system_cannot_tell_reads_are_plain(disk, monkeypatch):
    def refuse(*_):
        raise OSError(95, "Operation not supported")

    file = disk.open("x", create=True)
    file.pwritev((b"0123456789",), 0)
    monkeypatch.setattr(disk_module, "_RWF_NOWAIT", 8)
    monkeypatch.setattr(file, "_nowait", True)
    monkeypatch.setattr(os, "preadv", refuse)
    assert file.try_read(2, 3) == b"234"
    assert file.try_read(8, 3) is None


def test_where_the_platform_cannot_tell_a_thread_must_read(disk, monkeypatch):
    monkeypatch.setattr(disk_module, "_RWF_NOWAIT", 0)
    file = disk.open("x", create=True)
    file.pwritev((b"0123456789",), 0)
    assert file.try_read(2, 3) is None


def test_more_buffers_than_the_system_takes_at_once(disk):
    file = disk.open("x", create=True)
    pieces = [bytes((number % 256,)) * 3 for number in range(3000)]
    file.pwritev(pieces, 0)
    assert file.read(0, 10_000) == b"".join(pieces)


def test_a_short_write_is_continued(disk, monkeypatch):
    file = disk.open("x", create=True)
    whole = os.pwritev
    monkeypatch.setattr(os, "pwritev", lambda fd, buffers, position: whole(fd, (bytes(buffers[0][:4]),), position))
    file.pwritev((b"0123", b"456789"), 0)
    assert disk.read_file("x") == b"0123456789"


def test_folders(disk, tmp_path):
    disk.make_directory("a/b")
    disk.make_directory("a/b")
    disk.open("a/file", create=True).pwritev((b"xyz",), 0)
    assert disk.scan("a") == [Entry("b", True, 0), Entry("file", False, 3)]
    assert disk.scan() == [Entry("a", True, 0)]
    assert disk.scan("none") == []
    assert disk.exists("a/file")
    disk.rename("a/file", "a/other")
    disk.remove("a/other")
    disk.remove("a/other")
    disk.fsync_directory("a")
    disk.remove_tree("a")
    disk.remove_tree("a")
    disk.sync()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("sync", [True, False])
def test_a_file_is_replaced_whole(disk, tmp_path, sync):
    assert disk.read_file("x") is None
    disk.write_file("x", b"old", sync=sync)
    disk.write_file("x", memoryview(b"newer"), sync=sync)
    assert disk.read_file("x") == b"newer"
    assert [path.name for path in tmp_path.iterdir()] == ["x"]


def test_a_slice_holds_the_file_and_the_last_one_closes_it(disk):
    file = disk.open("x", create=True)
    file.pwritev((b"0123456789",), 0)
    fd = file.fd
    part = LogSlice(file, 2, 5)
    del file
    disk.remove("x")
    assert (part.fd, part.offset, part.size, len(part)) == (fd, 2, 5, 5)
    assert part.read() == b"23456"
    del part
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(fd)
