"""The disk is full, or fails, at any change of any file: the log is as before, and what was durable stays."""

from __future__ import annotations

import errno

import pytest

from barnabas.storage.disk import RealDisk, StorageError

SETTINGS = {"segment_bytes": 400, "index_interval_bytes": 60}


def work(make, log, step):
    """Something of everything."""
    match step:
        case 0:
            make.fill(log, 3, size=20)
        case 1:
            records = b"".join(
                bytes(make.batch(b"f" * 40, offset=log.log_end_offset + number, epoch=1).view) for number in range(6)
            )
            log.append_as_follower(records, 0)
        case 2:
            log.flush(0)
        case 3:
            log.append_as_leader(make.batch(b"p", producer=1, producer_epoch=log.log_end_offset), 1, 0)
        case 4:
            log.roll(0)
        case 5:
            log.truncate_to(log.log_end_offset - 2, 0)
        case 6:
            log.advance_log_start(log.log_end_offset - 4).run()
        case 7:
            log.close(0)


STEPS = (0, 2, 3, 1, 4, 0, 5, 2, 6, 3, 2, 4, 7)


def changes_in_all(making, disk) -> int:
    make = making(disk)
    log = make.log(**SETTINGS)
    before = disk.changes
    for step in STEPS:
        work(make, log, step)
    return disk.changes - before


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO])
@pytest.mark.parametrize("sticky", [True, False])
def test_a_failure_at_any_change_loses_nothing_that_was_flushed(making, new_disk, contents, code, sticky):
    for failing in range(1, changes_in_all(making, new_disk()) + 1):
        disk = new_disk()
        make = making(disk)
        log = make.log(**SETTINGS)
        disk.fail_at, disk.error, disk.sticky = disk.changes + failing, code, sticky
        durable: list = []
        try:
            for step in STEPS:
                if step in (5, 6):
                    durable = []
                work(make, log, step)
                if step == 2:
                    durable = contents(log)
        except StorageError as error:
            failure = error
        else:
            pytest.fail(f"no failure at change {failing}")
        assert (failure.errno, failure.directory) == (code, "/memory")
        assert failure.path == "" or failure.path.startswith("t-0")
        point = log.recovery_point if durable else 0
        disk.fail_at = None
        after = making(disk.crash()).log(recovery_point=point, **SETTINGS)
        assert contents(after)[: len(durable)] == durable
        make.fill(after, 2)
        assert [offset for offset, _ in contents(after)][-2:] == [after.log_end_offset - 2, after.log_end_offset - 1]


def test_an_append_that_fails_leaves_the_log_as_it_was(make, memory_disk, contents):
    log = make.log()
    log.append_as_leader(make.batch(b"long" * 20, producer=1), 3, 0)
    before = contents(log)
    memory_disk.fail_at, memory_disk.sticky = memory_disk.changes + 1, False
    with pytest.raises(StorageError):
        log.append_as_leader(make.batch(b"much longer" * 20, producer=1, sequence=1), 4, 0)
    assert contents(log) == before
    assert (log.log_end_offset, log.latest_epoch, log.producers.get(1).last_sequence) == (1, 3, 0)
    assert len(memory_disk.names["t-0/00000000000000000000.log"].data) == log.size
    log.append_as_leader(make.batch(b"s", producer=1, sequence=1), 4, 0)
    assert contents(make.log()) == [*before, (1, b"s")]


def test_a_roll_that_fails_can_be_repeated(make, memory_disk, contents):
    log = make.log()
    make.fill(log, 3)
    for failing in range(1, 20):
        memory_disk.fail_at, memory_disk.sticky = memory_disk.changes + failing, False
        try:
            log.roll(0)
        except StorageError:
            assert len(log.segments) == 1
            make.fill(log, 1)
        else:
            break
    memory_disk.fail_at = None
    assert failing > 2
    make.fill(log, 1)
    assert [offset for offset, _ in contents(log)] == list(range(log.log_end_offset))
    assert contents(make.log()) == contents(log)


def test_an_error_says_where_it_happened(tmp_path):
    disk = RealDisk(tmp_path)
    with pytest.raises(StorageError, match=f"{tmp_path}: t-0/x.log: No such file or directory") as error:
        disk.open("t-0/x.log")
    assert (error.value.path, error.value.errno) == ("t-0/x.log", errno.ENOENT)
    (tmp_path / "file").write_bytes(b"")
    for operation in (
        lambda: disk.make_directory("file/folder"),
        lambda: disk.scan("file"),
        lambda: disk.rename("none", "other"),
        lambda: disk.fsync_directory("none"),
        lambda: disk.read_file("file/x"),
        lambda: disk.write_file("file/x", b""),
        lambda: disk.remove("file/x"),
        lambda: disk.remove_tree("file"),
        lambda: disk.lock("file/x"),
    ):
        with pytest.raises(StorageError):
            operation()


def test_a_closed_file_fails_as_a_disk_does(tmp_path):
    file = RealDisk(tmp_path).open("x", create=True)
    file.close()
    file.close()
    for operation in (
        lambda: file.pwritev((b"x",), 0),
        lambda: file.read(0, 1),
        lambda: file.try_read(0, 1),
        lambda: file.size(),
        lambda: file.truncate(0),
        lambda: file.fdatasync(),
    ):
        with pytest.raises(StorageError):
            operation()
