"""Whose a broker's directories are, and in what state they are left."""

from __future__ import annotations

from itertools import count
from pathlib import Path

import pytest

from barnabas.broker.log_directories import LogDirectories
from barnabas.server.failure import NodeFailure
from barnabas.server.format import format_directory
from barnabas.server.settings import Settings
from barnabas.storage.disk import RealDisk

CLEAN = ".kafka_cleanshutdown"


def settings(
    tmp_path: Path, node_id: int = 1, *, metadata: str | None = None, dirs: tuple[str, ...] = ("a", "b")
) -> Settings:
    given: dict[str, object] = {
        "node.id": node_id,
        "process.roles": ["broker"],
        "log.dirs": [str(tmp_path / each) for each in dirs],
    }
    return Settings.of(given if metadata is None else {**given, "metadata.log.dir": str(tmp_path / metadata)})


def formatted(node: Settings, cluster_id: str = "cluster", first_id: int = 100) -> Settings:
    numbers = count(first_id)
    format_directory(node, cluster_id=cluster_id, new_uuid=lambda: next(numbers).to_bytes(16, "big"))
    return node


def opened(node: Settings) -> LogDirectories:
    directories = LogDirectories(node, RealDisk)
    directories.open()
    return directories


def test_what_was_clean_and_never_loaded_stays_clean(tmp_path: Path) -> None:
    node = formatted(settings(tmp_path))
    directories = opened(node)
    assert directories.cluster_id == "cluster"
    directories.begin_loading()
    directories.close(41, {}, 0)
    again = opened(node)
    assert not (tmp_path / "a" / CLEAN).exists()
    assert again.logs.previous_broker_epoch == 41
    again.release()
    assert opened(node).logs.previous_broker_epoch == 41


def test_what_was_loaded_and_not_closed_is_not_clean(tmp_path: Path) -> None:
    node = formatted(settings(tmp_path))
    directories = opened(node)
    directories.begin_loading()
    directories.close(41, {}, 0)
    again = opened(node)
    again.begin_loading()
    again.release()
    assert not (tmp_path / "a" / CLEAN).exists()
    assert opened(node).logs.previous_broker_epoch == -1


def test_a_directory_is_one_process_at_a_time(tmp_path: Path) -> None:
    node = formatted(settings(tmp_path))
    directories = opened(node)
    with pytest.raises(NodeFailure):
        opened(node)
    directories.release()
    opened(node).release()


def test_a_directory_of_another_cluster_or_node(tmp_path: Path) -> None:
    formatted(settings(tmp_path, dirs=("a",)), "one", 100)
    formatted(settings(tmp_path, dirs=("b",)), "two", 200)
    with pytest.raises(NodeFailure, match="belongs to cluster two"):
        opened(settings(tmp_path))
    with pytest.raises(NodeFailure, match="belongs to node 1"):
        opened(settings(tmp_path, 2, dirs=("a",)))
    with pytest.raises(NodeFailure, match="not formatted"):
        opened(settings(tmp_path, dirs=("c",)))
    opened(settings(tmp_path, dirs=("a",))).release()  # no lock was left behind


def test_the_metadata_log_may_stand_apart(tmp_path: Path) -> None:
    node = formatted(settings(tmp_path, metadata="m"))
    directories = opened(node)
    assert directories.metadata_disk.directory == str(tmp_path / "m")
    assert directories.metadata_directory_id not in {each.directory_id for each in directories.logs.directories}
    with pytest.raises(NodeFailure):
        opened(node)
    directories.release()
    together = opened(formatted(settings(tmp_path / "x", metadata="b"), first_id=300))
    assert together.metadata_directory_id == together.logs.directories[1].directory_id
