"""Which log a broker compacts next, how fast, and what becomes of one that cannot be compacted."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import trio
from trio.testing import MockClock

from barnabas.broker.cleaner_statistics import add_cleaner_metrics
from barnabas.broker.config import cleaner_config
from barnabas.broker.log_cleaning import CleanerConfig, LogCleaner
from barnabas.protocol.record_builder import build_batch
from barnabas.server.metrics import Metrics
from barnabas.server.settings import Settings
from barnabas.storage.checkpoint import CLEANER_OFFSETS, parse_offsets
from barnabas.storage.disk import StorageError
from broker_harness import DIRECTORY_ID, BrokerHarness
from compaction import records_of


async def inline(work: Callable[[], Any], /) -> Any:
    """A thread that is none."""
    await trio.lowlevel.checkpoint()
    return work()


def cleaner_of(broker: BrokerHarness, **config: Any) -> LogCleaner:
    return LogCleaner(broker.manager, CleanerConfig(**config), inline)


def fill(broker: BrokerHarness, topic: str, *keys: bytes, roll: bool = True, index: int = 0) -> None:
    """Produce a record of each key; they are durable, and the next ones come into another segment."""
    partition = broker.partition(topic, index)
    for number, key in enumerate(keys):
        batch = build_batch([(broker.now_ms, key, b"%d" % number)])
        assert broker.produce((topic, index, batch)).response.responses[0].partition_responses[0].error_code == 0
    if roll:
        partition.log.roll(broker.now_ms)
        fill(broker, topic, b"next", roll=False, index=index)
    partition.log.flush(broker.now_ms)


def keys_of(broker: BrokerHarness, topic: str) -> list[bytes | None]:
    return [record.key for batch in broker.partition(topic).log.read_batches(0) for record in records_of(batch)]


def checkpoint_of(broker: BrokerHarness) -> dict[tuple[str, int], int]:
    data = broker.logs.directories[0].disk.read_file(CLEANER_OFFSETS)
    return {} if data is None else parse_offsets(data)


async def test_a_compacted_topic_is_cleaned_and_the_checkpoint_says_how_far(broker: BrokerHarness) -> None:
    broker.create_topic("t", cleanup_policy="compact")
    fill(broker, "t", b"a", b"b", b"a", b"a")
    cleaner = cleaner_of(broker)
    assert await cleaner.clean_filthiest()
    assert keys_of(broker, "t") == [b"b", b"a", b"next"]
    assert checkpoint_of(broker) == {("t", 0): 4}
    assert broker.logs.directories[0].disk.read_file(CLEANER_OFFSETS) == b"0\n1\nt 0 4\n"
    assert not await cleaner.clean_filthiest()


async def test_a_topic_that_is_not_compacted_is_left_alone(broker: BrokerHarness) -> None:
    broker.create_topic("t", cleanup_policy="delete")
    fill(broker, "t", b"a", b"a")
    assert not await cleaner_of(broker).clean_filthiest()
    assert checkpoint_of(broker) == {}


async def test_the_filthiest_log_comes_first(broker: BrokerHarness) -> None:
    for topic in ("half", "more", "all"):
        broker.create_topic(topic, cleanup_policy="compact", min_cleanable_dirty_ratio="0.3")
    cleaner = cleaner_of(broker)
    fill(broker, "half", b"a", b"b")
    fill(broker, "more", b"a", b"b")
    assert await cleaner.clean_filthiest()
    assert await cleaner.clean_filthiest()
    fill(broker, "half", b"c", b"d")
    fill(broker, "more", *[b"%d" % number for number in range(30)])
    fill(broker, "all", b"a", b"a")
    order = []
    while True:
        before = checkpoint_of(broker)
        if not await cleaner.clean_filthiest():
            break
        order += [topic for (topic, _), offset in checkpoint_of(broker).items() if before.get((topic, 0)) != offset]
    assert order == ["all", "more", "half"]
    assert cleaner.counts.rounds == 5


async def test_a_log_that_is_not_dirty_enough_waits(broker: BrokerHarness) -> None:
    broker.create_topic("t", cleanup_policy="compact", min_cleanable_dirty_ratio="0.9")
    cleaner = cleaner_of(broker)
    fill(broker, "t", *[b"%d" % number for number in range(20)])
    assert await cleaner.clean_filthiest()
    fill(broker, "t", b"0")
    assert not await cleaner.clean_filthiest()
    assert 0 < cleaner.counts.max_dirty_ratio < 0.9
    broker.apply(broker.config_record("t", "max_compaction_lag_ms", "1000"))
    broker.now_ms += 1001
    assert await cleaner.clean_filthiest()
    assert cleaner.counts.max_overdue_ms == 1
    assert keys_of(broker, "t").count(b"0") == 1


async def test_nothing_is_cleaned_that_is_not_replicated(broker: BrokerHarness) -> None:
    broker.create_topic("t", replicas=(1, 2), cleanup_policy="compact")
    partition = broker.partition("t")
    for _ in range(3):
        broker.produce(("t", 0, build_batch([(broker.now_ms, b"a", b"1")])), acks=1)
        partition.log.roll(broker.now_ms)
    partition.log.flush(broker.now_ms)
    assert partition.high_watermark == 0
    assert not await cleaner_of(broker).clean_filthiest()


async def test_what_is_not_durable_is_flushed_and_cleaned_the_next_time(broker: BrokerHarness) -> None:
    broker.create_topic("t", cleanup_policy="compact")
    partition = broker.partition("t")
    for _ in range(3):
        broker.produce(("t", 0, build_batch([(broker.now_ms, b"a", b"1")])))
    broker.background.held = []
    partition.log.roll(broker.now_ms)
    broker.produce(("t", 0, build_batch([(broker.now_ms, b"b", b"1")])))
    cleaner = cleaner_of(broker)
    assert not await cleaner.clean_filthiest()
    held, broker.background.held = broker.background.held, None
    for work in held:
        work()
    assert await cleaner.clean_filthiest()
    assert keys_of(broker, "t") == [b"a", b"b"]


async def test_two_tasks_clean_two_logs(broker: BrokerHarness) -> None:
    for topic in ("t", "u"):
        broker.create_topic(topic, cleanup_policy="compact")
        fill(broker, topic, b"a", b"a")
    cleaner = cleaner_of(broker, tasks=2)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(cleaner.clean_filthiest, 0)
        nursery.start_soon(cleaner.clean_filthiest, 1)
    assert checkpoint_of(broker) == {("t", 0): 2, ("u", 0): 2}
    assert set(cleaner.counts.last_rounds) == {0, 1}


async def test_a_restarted_broker_goes_on_where_it_was(broker: BrokerHarness, tmp_path: Path) -> None:
    broker.create_topic("t", cleanup_policy="compact")
    fill(broker, "t", b"a", b"a")
    assert await cleaner_of(broker).clean_filthiest()
    broker.logs.close(1, broker.manager.high_watermarks(), broker.now_ms)
    again = BrokerHarness(tmp_path / "data")
    again.create_topic("t", cleanup_policy="compact")
    assert not await cleaner_of(again).clean_filthiest()
    fill(again, "t", b"a")
    assert await cleaner_of(again).clean_filthiest()
    assert checkpoint_of(again) == {("t", 0): 4}
    assert keys_of(again, "t") == [b"next", b"a", b"next"]


async def test_truncation_takes_the_checkpoint_back(broker: BrokerHarness) -> None:
    broker.create_topic("t", cleanup_policy="compact")
    fill(broker, "t", b"a", b"a", b"b")
    assert await cleaner_of(broker).clean_filthiest()
    assert checkpoint_of(broker) == {("t", 0): 3}
    broker.partition("t").log.truncate_to(1, broker.now_ms)
    assert checkpoint_of(broker) == {("t", 0): 0}


async def test_a_new_topic_of_the_same_name_is_as_dirty_as_it_is(broker: BrokerHarness) -> None:
    broker.create_topic("t", cleanup_policy="compact")
    fill(broker, "t", b"a", b"a", b"b")
    cleaner = cleaner_of(broker)
    assert await cleaner.clean_filthiest()
    broker.delete_topic("t")
    broker.settle()
    broker.create_topic("t", cleanup_policy="compact")
    assert checkpoint_of(broker) == {}
    fill(broker, "t", b"a", b"a")
    assert await cleaner.clean_filthiest()
    assert checkpoint_of(broker) == {("t", 0): 2}


async def test_compact_and_delete_does_both(broker: BrokerHarness) -> None:
    broker.create_topic("t", cleanup_policy="compact,delete", retention_ms="1000")
    fill(broker, "t", b"a", b"a")
    cleaner = cleaner_of(broker)
    assert await cleaner.clean_filthiest()
    assert keys_of(broker, "t") == [b"a", b"next"]
    broker.now_ms += 1001
    fill(broker, "t", b"b", b"b")
    partition = broker.partition("t")
    partition.apply_retention(broker.now_ms)
    assert partition.log.log_start_offset == 2
    assert await cleaner.clean_filthiest()
    assert keys_of(broker, "t") == [b"next", b"b", b"next"]
    broker.now_ms += 1001
    fill(broker, "t", b"c", b"c")
    partition.apply_retention(broker.now_ms)
    assert partition.log.log_start_offset == 5
    assert await cleaner.clean_filthiest()
    assert keys_of(broker, "t") == [b"next", b"c", b"next"]
    assert checkpoint_of(broker) == {("t", 0): 8}


# What goes wrong


def damage(broker: BrokerHarness, topic: str) -> None:
    broker.partition(topic).log.segments[0].file().pwritev((b"\xff\xff",), 70)


def sample(cleaner: LogCleaner, name: str) -> float:
    metrics = Metrics()
    add_cleaner_metrics(metrics, cleaner)
    lines = [line for line in metrics.render().decode().splitlines() if line.startswith((f"{name} ", f"{name}{{"))]
    [line] = lines
    return float(line.rpartition(" ")[2])


async def test_a_damaged_log_is_left_alone_and_the_others_go_on(broker: BrokerHarness) -> None:
    for topic in ("bad", "good"):
        broker.create_topic(topic, cleanup_policy="compact")
        fill(broker, topic, b"a", b"a")
    damage(broker, "bad")
    cleaner = cleaner_of(broker)
    assert {await cleaner.clean_filthiest() for _ in range(2)} == {True, False}
    assert not await cleaner.clean_filthiest()
    assert checkpoint_of(broker) == {("good", 0): 2}
    assert sample(cleaner, "barnabas_uncleanable_partitions") == 1
    size = broker.partition("bad").log.segments[0].size
    assert sample(cleaner, "barnabas_uncleanable_bytes") == size
    assert not broker.partition("bad").error
    assert not broker.failed_directories


async def test_a_damaged_log_is_forgotten_when_it_is_deleted(broker: BrokerHarness) -> None:
    broker.create_topic("t", cleanup_policy="compact")
    fill(broker, "t", b"a", b"a")
    damage(broker, "t")
    cleaner = cleaner_of(broker)
    assert not await cleaner.clean_filthiest()
    broker.delete_topic("t")
    assert sample(cleaner, "barnabas_uncleanable_partitions") == 0
    broker.create_topic("t", cleanup_policy="compact")
    fill(broker, "t", b"a", b"a")
    assert await cleaner.clean_filthiest()


async def test_a_disk_that_fails_takes_its_directory_offline(
    broker: BrokerHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    broker.create_topic("t", cleanup_policy="compact")
    fill(broker, "t", b"a", b"a")
    disk = broker.logs.directories[0].disk

    def fail(path: str = "") -> None:
        raise StorageError(disk.directory, path, OSError(5, "Input/output error"))

    monkeypatch.setattr(type(disk), "fsync_directory", lambda _, path="": fail(path))
    assert not await cleaner_of(broker).clean_filthiest()
    assert broker.failed_directories == [DIRECTORY_ID]
    assert broker.partition("t").error


async def test_a_topic_that_is_deleted_while_it_is_cleaned_costs_nothing(broker: BrokerHarness) -> None:
    broker.create_topic("t", cleanup_policy="compact")
    fill(broker, "t", b"a", b"a")

    for step_number in range(4):

        async def delete_first(work: Callable[[], Any], /, at: int = step_number) -> Any:
            nonlocal count
            if count == at:
                broker.delete_topic("t")
                broker.settle()
            count += 1
            return await inline(work)

        count = 0
        cleaner = LogCleaner(broker.manager, CleanerConfig(), delete_first)
        await cleaner.clean_filthiest()
        assert not broker.failed_directories
        assert sample(cleaner, "barnabas_uncleanable_partitions") == 0
        broker.create_topic("t", cleanup_policy="compact")
        fill(broker, "t", b"a", b"a")


# How fast


@pytest.fixture
def clock() -> MockClock:
    return MockClock(autojump_threshold=0)


async def test_cleaning_takes_its_time(broker: BrokerHarness, clock: MockClock) -> None:
    broker.create_topic("t", cleanup_policy="compact")
    fill(broker, "t", *[b"%d" % number for number in range(50)])
    broker.manager.clock = trio.current_time  # type: ignore[misc]
    cleaner = cleaner_of(broker, bytes_per_second=1000.0)
    started = trio.current_time()
    assert await cleaner.clean_filthiest()
    io = cleaner.counts.read_bytes + cleaner.counts.written_bytes
    assert trio.current_time() - started == pytest.approx(io / 1000)
    assert sample(cleaner, "barnabas_cleaner_max_clean_seconds") == pytest.approx(io / 1000)
    assert sample(cleaner, "barnabas_cleaner_recopy_percent") == 100.0


async def test_the_tasks_rest_where_there_is_nothing_to_do(broker: BrokerHarness, clock: MockClock) -> None:
    broker.create_topic("t", cleanup_policy="compact")
    broker.manager.clock = trio.current_time  # type: ignore[misc]
    cleaner = cleaner_of(broker, backoff=15.0)
    async with trio.open_nursery() as nursery:
        cleaner.start(nursery)
        await trio.sleep(20)
        fill(broker, "t", b"a", b"a")
        assert sample(cleaner, "barnabas_cleaner_seconds_since_last_run") == 5
        await trio.sleep(9)
        assert cleaner.counts.rounds == 0
        await trio.sleep(2)
        assert cleaner.counts.rounds == 1
        nursery.cancel_scope.cancel()


def test_the_settings_have_kafkas_names() -> None:
    assert cleaner_config(Settings.of({})) == CleanerConfig(
        tasks=1, backoff=15.0, map_bytes=134_217_728, bytes_per_second=1.7976931348623157e308
    )
    assert cleaner_config(Settings.of({"log.cleaner.enable": False, "log.cleaner.threads": 4})).tasks == 0
