"""Work for later and for threads, on trio; and what logs need from time to time."""

from __future__ import annotations

from pathlib import Path

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from barnabas.broker.background import EventLoopBackground
from barnabas.broker.log_housekeeping import HousekeepingConfig, LogHousekeeping
from barnabas.broker.replica_statistics import add_replica_metrics
from barnabas.protocol.errors import ErrorCode
from barnabas.server.metrics import Metrics
from barnabas.storage.checkpoint import HIGH_WATERMARKS
from barnabas.storage.disk import StorageError
from broker_harness import BrokerHarness, batch


async def test_what_is_asked_for_soon_is_done_after_what_can_run_now() -> None:
    order: list[str] = []
    async with trio.open_nursery() as nursery:
        background = EventLoopBackground(nursery)
        nursery.start_soon(background.run)
        await wait_all_tasks_blocked()
        for name in ("first", "second"):
            background.soon(lambda name=name: order.append(name))
        background.soon(lambda: background.soon(lambda: order.append("third")))
        order.append("now")
        await wait_all_tasks_blocked()
        assert order == ["now", "first", "second", "third"]
        background.soon(lambda: order.append("fourth"))
        await wait_all_tasks_blocked()
        assert order[-1] == "fourth"
        nursery.cancel_scope.cancel()


async def test_work_in_threads_comes_back_to_the_event_loop() -> None:
    results: list[object] = []
    async with trio.open_nursery() as nursery:
        background = EventLoopBackground(nursery, at_once=2)

        def fail() -> None:
            raise StorageError("/data", "x", OSError(5, "Input/output error"))

        background.in_thread(lambda: results.append("worked"), lambda: results.append("then"), results.append)
        background.in_thread(fail, lambda: results.append("wrong"), lambda error: results.append(str(error)))
    assert set(map(str, results)) == {"worked", "then", "/data: x: Input/output error"}


async def test_a_bug_in_a_thread_is_not_swallowed() -> None:
    with pytest.RaisesGroup(ZeroDivisionError):
        async with trio.open_nursery() as nursery:
            EventLoopBackground(nursery).in_thread(lambda: 1 // 0, lambda: None, lambda error: None)


# Housekeeping


def written(path: Path) -> list[str]:
    return (path / "data" / HIGH_WATERMARKS).read_text().splitlines()[2:]


def test_high_watermarks_are_written_down_when_they_move(broker: BrokerHarness, tmp_path: Path) -> None:
    broker.create_topic()
    LogHousekeeping(broker.manager, HousekeepingConfig(checkpoint_interval=5.0)).start()
    broker.advance(5.0)
    assert written(tmp_path) == ["t 0 0"]
    (tmp_path / "data" / HIGH_WATERMARKS).unlink()
    broker.advance(20.0)
    assert not (tmp_path / "data" / HIGH_WATERMARKS).exists(), "nothing moved"
    broker.produce(("t", 0, batch(b"a")))
    broker.advance(5.0)
    assert written(tmp_path) == ["t 0 1"]


def test_retention_removes_segments_and_tells_who_reads(broker: BrokerHarness) -> None:
    broker.create_topic(retention_ms="1000", segment_bytes="1048576")
    LogHousekeeping(broker.manager, HousekeepingConfig(retention_interval=10.0)).start()
    broker.produce(("t", 0, batch(b"a")))
    waiting = broker.fetch(("t", 0, 0), max_wait_ms=60_000, min_bytes=10_000)
    broker.now_ms += 2000
    broker.advance(10.0)
    assert broker.partition().log.log_start_offset == 1
    data = waiting.response.responses[0].partitions[0]
    assert data.error_code == ErrorCode.OFFSET_OUT_OF_RANGE


def test_idle_files_are_closed_and_idle_producers_forgotten(broker: BrokerHarness) -> None:
    broker.create_topic()
    config = HousekeepingConfig(producer_expiration_ms=1000)
    LogHousekeeping(broker.manager, config).start()
    broker.produce(("t", 0, batch(b"a", producer_id=5, producer_epoch=0, base_sequence=0)))
    assert len(broker.partition().log.producers) == 1
    broker.now_ms += 5000
    broker.advance(610.0)
    assert len(broker.partition().log.producers) == 0
    assert not broker.produce(("t", 0, batch(b"b"))).waits


def test_replicas_are_on_the_metrics_page(broker: BrokerHarness) -> None:
    broker.create_topic("whole")
    broker.create_topic("t", replicas=(1, 2, 3), isr=(1,), min_insync_replicas="2")
    broker.produce(("t", 0, batch(b"a")), acks=1)
    metrics = Metrics()
    add_replica_metrics(metrics, broker.manager)
    page = metrics.render().decode()
    for line in (
        "barnabas_partitions 2.0",
        "barnabas_partitions_led 2.0",
        "barnabas_under_replicated_partitions 1.0",
        "barnabas_under_min_isr_partitions 1.0",
        "barnabas_produced_records_total 1.0",
        "barnabas_offline_replicas 0.0",
    ):
        assert line in page.splitlines()
