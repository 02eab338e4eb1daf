"""A broker's log directories: whose they are, what they remember, and what happens when one of them fails."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from barnabas.protocol.types import uuid_text
from barnabas.storage.checkpoint import CorruptCheckpoint, MetaProperties, parse_offsets
from barnabas.storage.config import LogConfig
from barnabas.storage.disk import DirectoryLocked, RealDisk, StorageError
from barnabas.storage.log_directory import LogDirectory, WrongDirectory, format_directory
from barnabas.storage.log_manager import LogManager

CLUSTER = "MkU3OEVBNTcwNTJENDM2Qg"
TOPIC_ID = bytes(range(16))


def config_of(topic: str) -> LogConfig:
    return LogConfig(segment_bytes=1000, index_interval_bytes=100)


def opened(*disks, node_id: int = 1, load: bool = True) -> LogManager:
    manager = LogManager(disks)
    manager.open(CLUSTER, node_id)
    if load:
        manager.load_all(config_of, 0)
    return manager


@pytest.fixture
def disks(new_disk):
    """Two formatted directories of node 1."""
    disks = new_disk("/a"), new_disk("/b")
    for number, disk in enumerate(disks):
        format_directory(disk, CLUSTER, 1, bytes(15) + bytes((number + 1,)))
        disk.sync()
    return disks


def create(manager: LogManager, partition: int, **arguments):
    return manager.create("t", partition, TOPIC_ID, config_of("t"), 0, **arguments)


def test_a_directory_is_formatted_once(memory_disk):
    format_directory(memory_disk, CLUSTER, 1, TOPIC_ID)
    data = memory_disk.names["meta.properties"].data
    assert data == f"cluster.id={CLUSTER}\nversion=1\nnode.id=1\ndirectory.id={uuid_text(TOPIC_ID)}\n".encode()
    with pytest.raises(WrongDirectory, match="/memory is formatted already"):
        format_directory(memory_disk, CLUSTER, 1, TOPIC_ID)


def test_kafkas_own_properties_are_read():
    data = b"#\n#Sat Nov 21\ncluster.id=abc\\=\nnode.id=7\nversion=1\ndirectory.id=AAECAwQFBgcICQoLDA0ODw\n"
    assert MetaProperties.from_file(data) == MetaProperties("abc=", 7, TOPIC_ID)


@pytest.mark.parametrize(
    "data",
    [b"", b"version=0\nbroker.id=1\n", b"version=1\nnode.id=1\n", b"version=1\ncluster.id=a\nnode.id=x\n", b"\xff"],
)
def test_properties_of_another_kind_are_refused(data):
    with pytest.raises(CorruptCheckpoint):
        MetaProperties.from_file(data)


@pytest.mark.parametrize(
    ("content", "node_id", "message"),
    [
        (None, 1, r"/memory has no meta.properties: format it first \(barnabas format\)"),
        (b"cluster.id=other\nversion=1\nnode.id=1\n", 1, f"/memory belongs to cluster other, not to {CLUSTER}"),
        (f"cluster.id={CLUSTER}\nversion=1\nnode.id=2\n".encode(), 1, "/memory belongs to node 2, not to node 1"),
        (b"version=1\n", 1, "/memory/meta.properties is damaged: cluster.id is missing"),
    ],
)
def test_another_nodes_directory_is_refused(memory_disk, content, node_id, message):
    if content is not None:
        memory_disk.write_file("meta.properties", content)
    with pytest.raises(WrongDirectory, match=message):
        opened(memory_disk, node_id=node_id)
    assert not memory_disk.locked


def test_a_directory_in_use_is_refused(disks):
    opened(*disks)
    with pytest.raises(DirectoryLocked, match="/a is used by another process"):
        opened(*disks)


def test_a_real_lock_holds_within_one_process_too(tmp_path):
    disk = RealDisk(tmp_path)
    format_directory(disk, CLUSTER, 1, TOPIC_ID)
    first = LogDirectory(disk)
    first.open(CLUSTER, 1)
    with pytest.raises(DirectoryLocked, match=f"{tmp_path} is used by another process"):
        LogDirectory(RealDisk(tmp_path)).open(CLUSTER, 1)
    first.close(None)
    LogDirectory(RealDisk(tmp_path)).open(CLUSTER, 1)


def test_two_copies_of_one_directory_are_refused(new_disk):
    disks = new_disk("/a"), new_disk("/b")
    for disk in disks:
        format_directory(disk, CLUSTER, 1, TOPIC_ID)
    with pytest.raises(WrongDirectory, match="same directory id"):
        opened(*disks)
    assert not any(disk.locked for disk in disks)


def test_a_clean_shutdown_is_known_once(disks, make):
    manager = opened(*disks)
    make.fill(create(manager, 0), 5)
    manager.close(42, {("t", 0): 3}, 0)
    mark = json.loads(disks[0].names[".kafka_cleanshutdown"].data)
    assert mark == {"version": 0, "brokerEpoch": 42}
    manager = opened(*disks)
    assert manager.previous_broker_epoch == 42
    assert [directory.clean for directory in manager.directories] == [True, True]
    assert manager.directories[0].high_watermarks == {("t", 0): 3}
    assert manager.get("t", 0).recovery_point == 5
    for disk in disks:
        disk.reboot()
    manager = opened(*disks)
    assert manager.previous_broker_epoch == -1
    assert not manager.directories[0].clean


def test_a_crash_while_loading_is_not_clean(disks):
    opened(*disks).close(42, {}, 0)
    opened(*disks, load=False)
    after = [disk.crash() for disk in disks]
    assert opened(*after).previous_broker_epoch == -1


def test_a_directory_that_was_not_closed_spoils_the_broker_epoch(disks):
    opened(*disks).close(42, {}, 0)
    disks[1].remove(".kafka_cleanshutdown")
    assert opened(*disks).previous_broker_epoch == -1


def test_a_topic_survives_with_its_id(disks, make, contents):
    manager = opened(*disks)
    for partition in range(4):
        make.fill(create(manager, partition), partition + 1)
    assert [directory.logs for directory in manager.directories] == [2, 2]
    assert disks[0].names["t-0/partition.metadata"].data == f"version: 0\ntopic_id: {uuid_text(TOPIC_ID)}".encode()
    manager.close(1, {}, 0)
    manager = opened(*disks)
    for partition in range(4):
        log = manager.get("t", partition)
        assert (log.topic_id, log.log_end_offset) == (TOPIC_ID, partition + 1)
        assert len(contents(log)) == partition + 1
    assert len(manager) == len(list(manager)) == 4


def test_a_new_partition_goes_where_it_is_wanted(disks):
    manager = opened(*disks)
    wanted = manager.directories[1]
    for partition in range(3):
        log = create(manager, partition, directory_id=wanted.directory_id)
        assert manager.directory_of(log) is wanted
    assert manager.directory_of(create(manager, 3, directory_id=b"x" * 16)) is manager.directories[0]


def test_what_a_process_left_unsynced_is_durable_after_the_next_ones_first_flush(disks, make):
    create(opened(*disks), 0)
    for disk in disks:
        disk.reboot()  # the process ends, and what it wrote stays in the page cache
    manager = opened(*disks)
    make.fill(manager.get("t", 0), 3)
    manager.get("t", 0).flush(0)
    after = [disk.crash() for disk in disks]
    log = opened(*after).get("t", 0)
    assert (log.topic_id, log.log_end_offset) == (TOPIC_ID, 3)


def test_the_first_flush_makes_a_new_partition_durable(disks, make):
    manager = opened(*disks)
    log = create(manager, 0)
    make.fill(log, 3)
    log.flush(0)
    after = [disk.crash() for disk in disks]
    manager = opened(*after)
    log = manager.get("t", 0)
    assert (log.topic_id, log.log_end_offset) == (TOPIC_ID, 3)


def test_other_folders_are_left_alone(disks):
    for name in ("__cluster_metadata-0", "lost+found", "t-x", "-1", "u-0.123-future"):
        disks[0].make_directory(name)
    assert len(opened(*disks)) == 0
    assert "lost+found" in disks[0].folders


def test_a_deleted_log_is_renamed_and_then_removed(disks, make):
    manager = opened(*disks)
    log = create(manager, 0)
    make.fill(log, 5)
    reader = log.locate(0, 1000, 5)
    removal = manager.delete(log)
    assert removal.folders == [f"t-0.{TOPIC_ID.hex()}-delete"]
    assert manager.get("t", 0) is None
    assert len(reader.read()) == len(reader)
    again = create(manager, 0, directory_id=manager.directories[0].directory_id)
    second = manager.delete(again)
    assert second.folders != removal.folders
    removal.run()
    assert removal.folders[0] not in disks[0].folders
    for disk in disks:
        disk.reboot()
    manager = opened(*disks)
    assert len(manager) == 0
    for unfinished in manager.unfinished_removals():
        unfinished.run()
    assert disks[0].folders == {""}


def test_checkpoints_are_written_when_they_change(disks, make):
    manager = opened(*disks)
    log = create(manager, 0)
    make.fill(log, 30)
    log.flush(0)
    log.advance_log_start(1)
    assert manager.prepare_checkpoint({("t", 0): 28, ("gone", 1): 3}).run() == []
    names = [entry.name for entry in disks[0].scan() if entry.name.endswith("checkpoint")]
    written = {name: parse_offsets(disks[0].read_file(name)) for name in names}
    assert written == {
        "recovery-point-offset-checkpoint": {("t", 0): 30},
        "log-start-offset-checkpoint": {("t", 0): 1},
        "replication-offset-checkpoint": {("t", 0): 28},
    }
    changes = disks[0].changes
    manager.prepare_checkpoint({("t", 0): 28}).run()
    assert disks[0].changes == changes


def test_a_truncation_is_checkpointed_before_anything_else_is_written(disks, make):
    manager = opened(*disks)
    log = create(manager, 0)
    make.fill(log, 30)
    log.flush(0)
    manager.prepare_checkpoint({}).run()
    log.truncate_to(12, 0)
    assert parse_offsets(disks[0].crash().read_file("recovery-point-offset-checkpoint")) == {("t", 0): 12}


def test_a_checkpoint_from_before_a_truncation_is_not_written_after_it(disks, make):
    manager = opened(*disks)
    log = create(manager, 0)
    make.fill(log, 30)
    log.flush(0)
    late = manager.prepare_checkpoint({("t", 0): 30})
    log.truncate_to(12, 0)
    assert late.run() == []
    assert parse_offsets(disks[0].read_file("recovery-point-offset-checkpoint")) == {("t", 0): 12}


def test_what_was_written_down_of_a_deleted_log_does_not_count_for_the_next_one(disks, make, contents):
    manager = opened(*disks)
    log = create(manager, 0)
    make.fill(log, 30)
    log.flush(0)
    log.advance_log_start(29)
    manager.prepare_checkpoint({("t", 0): 30}).run()
    late = manager.prepare_checkpoint({("t", 0): 31})
    manager.delete(log)
    again = create(manager, 0, directory_id=manager.directories[0].directory_id)
    late.run()
    make.fill(again, 3)
    again.flush(0)
    manager = opened(*(disk.crash() for disk in disks))
    assert manager.get("t", 0).log_start_offset == 0
    assert len(contents(manager.get("t", 0))) == 3
    assert manager.directories[0].recovery_points == {}
    assert manager.directories[0].high_watermarks == {}


def test_a_recovery_that_ends_before_its_checkpoint_is_checkpointed(disks, make):
    manager = opened(*disks)
    logs = [create(manager, partition, directory_id=manager.directories[0].directory_id) for partition in range(3)]
    for log in logs:
        make.fill(log, 30)
        log.flush(0)
        log.advance_log_start(2)
    manager.prepare_checkpoint({}).run()
    path = f"t-1/{logs[1].active.base_offset:020d}.log"
    disk = disks[0].crash()
    disk.names[path].data[-1] ^= 1
    loads = LogManager([disk])
    loads.open(CLUSTER, 1)
    first, second, _ = loads.plan_loading(config_of, 0, loads.mark_offline)
    loads.add(first, first.run())
    loads.add(second, second.run())
    assert parse_offsets(disk.read_file("recovery-point-offset-checkpoint")) == {
        ("t", 0): 30,
        ("t", 1): 29,
        ("t", 2): 30,
    }
    assert len(parse_offsets(disk.read_file("log-start-offset-checkpoint"))) == 3


@pytest.mark.parametrize(
    "name", ["recovery-point-offset-checkpoint", "log-start-offset-checkpoint", "replication-offset-checkpoint"]
)
@pytest.mark.parametrize("content", [b"", b"nonsense", b"0\n2\nt 0 1\n", b"0\n1\nt 0\n", b"9\n0\n", b"0\n1\nt x 1\n"])
def test_a_damaged_checkpoint_costs_time_only(disks, make, name, content):
    manager = opened(*disks)
    make.fill(create(manager, 0), 30)
    manager.close(1, {("t", 0): 30}, 0)
    disks[0].names[name].data[:] = content
    disks[0].remove(".kafka_cleanshutdown")
    manager = opened(*disks)
    assert manager.get("t", 0).log_end_offset == 30
    assert bool(manager.directories[0].notes) == bool(content)


def test_a_partition_in_two_directories_is_refused(disks):
    for disk in disks:
        disk.make_directory("t-0")
    manager = opened(*disks, load=False)
    with pytest.raises(WrongDirectory, match="t-0 is both in /a and in /b: remove one of them"):
        manager.load_all(config_of, 0)


def test_of_two_logs_one_may_be_discarded(disks):
    """That of an earlier topic of the name, which was deleted while its directory was away."""
    for disk in disks:
        disk.make_directory("t-0")
    manager = opened(*disks, load=False)
    keep, discard = manager.plan_loading(config_of, 0, manager.mark_offline)
    manager.add(keep, keep.run())
    manager.discard(discard, discard.run())
    assert manager.directory_of(manager.get("t", 0)).path == "/a"
    assert len(manager) == 1
    (removal, other) = manager.unfinished_removals()
    assert not removal
    assert [folder.partition(".")[0] for folder in other.folders] == ["t-0"]
    other.run()
    assert not manager.unfinished_removals()[1]


def test_a_directory_that_fails_goes_offline_alone(disks, make):
    manager = opened(*disks)
    logs = [create(manager, partition) for partition in range(4)]
    for log in logs:
        make.fill(log, 3)
    disks[0].fail_at = disks[0].changes + 1
    with pytest.raises(StorageError, match=r"/a: t-0/0+\.log: Input/output error") as error:
        make.fill(logs[0], 1)
    failed = manager.directory_of_error(error.value)
    assert failed is manager.directories[0]
    assert manager.mark_offline(failed, error.value) == [logs[0], logs[2]]
    assert failed.offline == str(error.value)
    assert [log.partition for log in manager] == [1, 3]
    make.fill(logs[1], 1)
    assert manager.directory_of(create(manager, 5)) is manager.directories[1]
    assert manager.prepare_checkpoint({}).run() == []
    manager.close(1, {}, 0)
    assert ".kafka_cleanshutdown" not in disks[0].names
    assert ".kafka_cleanshutdown" in disks[1].names


def test_what_may_be_in_a_directory_that_is_offline_is_not_made_anew(disks):
    """Found by the simulation: a broker whose second disk failed while it started made its replicas anew on the first;
    with both disks back it refused to start."""
    manager = opened(*disks)
    in_both = [create(manager, partition) for partition in range(2)]
    assert [manager.directory_of(log).path for log in in_both] == ["/a", "/b"]
    manager.close(1, {}, 0)
    manager = opened(*disks, load=False)
    manager.mark_offline(manager.directories[1], StorageError("/b", "", OSError(5, "it fails")))
    manager.load_all(config_of, 0)
    assert manager.get("t", 0) is not None
    with pytest.raises(StorageError, match="the log may be in /b, which is offline"):
        manager.create("t", 1, TOPIC_ID, LogConfig(), 0, is_new=False)
    here = manager.directories[0].directory_id
    assert manager.create("t", 2, TOPIC_ID, LogConfig(), 0, is_new=False, directory_id=here) is manager.get("t", 2)
    assert create(manager, 3) is manager.get("t", 3)


def test_a_directory_that_cannot_be_listed_is_taken_offline_by_whoever_loads(disks, monkeypatch):
    manager = opened(*disks, load=False)
    error = StorageError("/b", "", OSError(5, "it fails"))

    def fail(path=""):
        raise error

    monkeypatch.setattr(disks[1], "scan", fail)
    failed = []
    assert manager.plan_loading(config_of, 0, lambda directory, error: failed.append((directory.path, error))) == []
    assert failed == [("/b", error)]
    assert len(manager.online) == 2


def test_a_directory_that_fails_while_closing_is_not_clean(disks, make):
    manager = opened(*disks)
    for partition in range(2):
        make.fill(create(manager, partition), 3)
    disks[0].fail_at = disks[0].changes + 2
    manager.close(1, {}, 0)
    assert manager.directories[0].offline
    assert ".kafka_cleanshutdown" not in disks[0].names
    assert ".kafka_cleanshutdown" in disks[1].names


def test_a_directory_that_fails_at_the_start_is_offline_from_the_start(disks):
    disks[1].fail_at = disks[1].changes + 1
    opened(*disks).close(1, {}, 0)
    manager = opened(*disks)
    assert [bool(directory.offline) for directory in manager.directories] == [False, False]
    manager.close(1, {}, 0)
    disks[1].write_file = None
    disks[1].fail_at = disks[1].changes + 1
    manager = opened(disks[0])
    assert manager.online


def test_without_any_directory_nothing_starts(memory_disk):
    format_directory(memory_disk, CLUSTER, 1, TOPIC_ID)
    memory_disk.write_file(".kafka_cleanshutdown", b"{}")
    memory_disk.fail_at = memory_disk.changes + 1
    with pytest.raises(StorageError, match="Input/output error"):
        opened(memory_disk)


@pytest.mark.parametrize("logs", [3, 40])
def test_closing_makes_all_durable(disks, make, logs):
    manager = opened(*disks)
    for partition in range(logs):
        log = create(manager, partition, directory_id=manager.directories[0].directory_id)
        log.append_as_leader(make.batch(b"v", producer=1), 3, 0)
    manager.close(5, {}, 0)
    manager = opened(*[disk.crash() for disk in disks])
    assert manager.directories[0].clean
    for partition in range(logs):
        log = manager.get("t", partition)
        assert (log.log_end_offset, log.latest_epoch, log.recovery_notes) == (1, 3, [])
        assert log.producers.get(1).last_sequence == 0


def test_idle_logs_close_their_files(tmp_path, make):
    disk = RealDisk(tmp_path)
    format_directory(disk, CLUSTER, 1, TOPIC_ID)
    manager = opened(disk)
    logs = [create(manager, partition) for partition in range(20)]
    before = len(list(Path("/proc/self/fd").iterdir()))
    manager.release_idle()
    make.fill(logs[0], 1)
    assert manager.release_idle() == 19
    assert before - len(list(Path("/proc/self/fd").iterdir())) == 19
    for log in logs:
        make.fill(log, 1)
        assert log.locate(0, 1, 1) is not None
    manager.close(1, {}, 0)
