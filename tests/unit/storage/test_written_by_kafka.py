"""A partition that Apache Kafka wrote opens as it is, and what is made anew is byte for byte what Kafka made."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from barnabas.storage.config import LogConfig
from barnabas.storage.disk import RealDisk
from barnabas.storage.recovery import open_log

FILES = Path(__file__).parent / "written_by_kafka_4_3_1"
INDEXES = [path.name for path in sorted(FILES.iterdir()) if path.suffix in (".index", ".timeindex")]


@pytest.fixture
def folder(tmp_path):
    return Path(shutil.copytree(FILES, tmp_path / "kafka-wrote-0"))


def opened(folder, *, clean, recovery_point=0):
    disk = RealDisk(folder.parent)
    return open_log(
        disk,
        folder.name,
        "kafka-wrote",
        0,
        LogConfig(index_interval_bytes=200),
        clean=clean,
        recovery_point=recovery_point,
    )


@pytest.mark.parametrize("clean", [True, False])
def test_all_records_are_there(folder, clean):
    log = opened(folder, clean=clean)
    assert (log.log_start_offset, log.log_end_offset, log.recovery_notes) == (0, 131, [])
    records = [record for batch in log.read_batches(0) for record in batch.records()]
    assert [record.offset for record in records] == list(range(131))
    assert records[62].value == b"value-2" * 3
    assert log.topic_id.hex() == "d8bd57f333b0467f8aff67f8989b6477"
    assert log.epochs.entries() == [(0, 0)]
    for record in records:
        found = log.offset_for_timestamp(record.timestamp)
        assert found.offset == next(other.offset for other in records if other.timestamp >= record.timestamp)


@pytest.mark.parametrize("clean", [True, False])
def test_its_producers_are_known(folder, clean):
    log = opened(folder, clean=clean)
    last = {state.producer_id: state.batches[-1][:3] for state in log.producers}
    assert last == {0: (59, 59, 0), 1: (29, 119, 2), 2: (9, 129, 2)}
    assert log.producers.get(2).coordinator_epoch == 0
    assert log.producers.unstable.first_open is None


@pytest.mark.parametrize("how", ["recovered", "missing", "cut"])
def test_indexes_made_anew_are_kafkas(folder, how):
    for name in INDEXES:
        if how == "missing":
            (folder / name).unlink()
        elif how == "cut":
            (folder / name).write_bytes((FILES / name).read_bytes()[:-1] or b"x")
    opened(folder, clean=how != "recovered").close(0)
    for name in INDEXES:
        assert (folder / name).read_bytes() == (FILES / name).read_bytes(), name


def test_an_index_that_kafka_left_open_is_made_anew(folder):
    """Kafka fills the active segment's index files with zeros, up to segment.index.bytes, until it closes them."""
    for name in INDEXES:
        if "130" in name:
            (folder / name).write_bytes((FILES / name).read_bytes() + bytes(24 * 1000))
    opened(folder, clean=False, recovery_point=130).close(0)
    for name in INDEXES:
        assert (folder / name).read_bytes() == (FILES / name).read_bytes(), name
