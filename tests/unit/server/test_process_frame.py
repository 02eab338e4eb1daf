"""Exit codes, the one clear line, signals, probes."""

from __future__ import annotations

import gc
import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
import trio
import trio.testing

from barnabas.server.failure import NodeFailure
from barnabas.server.listener import CannotListen
from barnabas.server.probes import CollectorPauses, LoopDelay, freeze_collector
from barnabas.server.process import NodeProcess, StopRequest, report, run_process
from barnabas.server.settings import Settings, SettingsError


@pytest.fixture(autouse=True)
def restore() -> Iterator[None]:
    thresholds = gc.get_threshold()
    yield
    gc.set_threshold(*thresholds)
    gc.unfreeze()
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


def run(path: Path, main: object, **settings: object) -> tuple[int, list[dict[str, object]]]:
    log = path / "log"
    code = run_process(main, Settings.of({"barnabas.log.file": str(log), **settings}), node=1)  # type: ignore[arg-type]
    return code, [json.loads(line) for line in log.read_text().splitlines()]


def test_signal_stops_in_order(tmp_path: Path) -> None:
    async def main(process: NodeProcess) -> None:
        process.started()
        os.kill(os.getpid(), signal.SIGTERM)
        await process.stop.wait()
        assert process.stop.requested

    code, events = run(tmp_path, main, **{"num.io.threads": 8})
    assert code == 0
    assert [(event["event"], event.get("setting"), event.get("reason")) for event in events] == [
        ("setting has no effect on this node", "num.io.threads", None),
        ("stopping", None, "SIGTERM"),
        ("node stopped", None, "SIGTERM"),
    ]
    assert events[0]["node"] == 1


def test_second_signal_ends_at_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    async def main(process: NodeProcess) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        await process.stop.wait()
        os.kill(os.getpid(), signal.SIGINT)
        await trio.sleep_forever()

    code, _ = run(tmp_path, main)
    assert code == 1
    assert capsys.readouterr().err == "SIGINT again: ended before the stop was complete\n"


def test_failure_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    async def main(_: NodeProcess) -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(trio.sleep_forever)
            raise CannotListen("cannot listen on PLAINTEXT://:9092: Address already in use")

    code, events = run(tmp_path, main)
    assert code == 1
    assert capsys.readouterr().err == "cannot listen on PLAINTEXT://:9092: Address already in use\n"
    assert [event["event"] for event in events] == ["node failed"]


def test_mistakes_in_settings_are_a_line_each(capsys: pytest.CaptureFixture[str]) -> None:
    assert report(SettingsError(["f:1: a", "f:2: b"])) == 2
    assert capsys.readouterr().err == "f:1: a\nf:2: b\n"


def test_bug_leaves_a_traceback_in_the_log(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    async def main(_: NodeProcess) -> None:
        raise ZeroDivisionError("bug")

    code, events = run(tmp_path, main)
    assert code == 1
    assert "crashed" in capsys.readouterr().err
    assert "ZeroDivisionError" in str(events[-1]["exception"])


def test_log_that_cannot_be_opened(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    async def main(_: NodeProcess) -> None:
        raise AssertionError("not reached")

    assert run_process(main, Settings.of({"barnabas.log.file": str(tmp_path)})) == 1
    assert "Is a directory" in capsys.readouterr().err


def test_interrupt() -> None:
    assert report(KeyboardInterrupt()) == 130
    assert report(BaseExceptionGroup("", [KeyboardInterrupt(), ValueError()])) == 130


def test_failure_stands_above_what_it_caused(capsys: pytest.CaptureFixture[str]) -> None:
    assert report(ExceptionGroup("", [ValueError("caused"), ExceptionGroup("", [NodeFailure("why")])])) == 1
    assert capsys.readouterr().err == "why\n"


async def test_stop_request_keeps_the_first_reason() -> None:
    stop = StopRequest()
    stop.request("first")
    stop.request("second")
    await stop.wait()
    assert stop.reason == "first"


async def test_loop_delay(autojump_clock: trio.testing.MockClock, nursery: trio.Nursery) -> None:
    delay = LoopDelay()
    nursery.start_soon(delay.run)
    await trio.sleep(5.1)
    assert delay.delays.count == 10
    assert delay.last == 0.0
    autojump_clock.autojump_threshold = float("inf")
    autojump_clock.jump(2)  # as if something had held the event loop for two seconds
    await trio.testing.wait_all_tasks_blocked()
    assert delay.last == pytest.approx(1.6)


def test_collector_pauses() -> None:
    with CollectorPauses() as pauses:
        gc.collect()
    gc.collect()
    assert pauses.pauses.count == 1


def test_freeze() -> None:
    freeze_collector()
    assert gc.get_freeze_count() > 0
