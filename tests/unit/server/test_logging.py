"""Events become lines, and a log that cannot be written stops nobody."""

from __future__ import annotations

import io
import json
import logging as standard_logging
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from barnabas.server import logging
from barnabas.server.failure import NodeFailure
from barnabas.server.settings import Settings


@pytest.fixture(autouse=True)
def restore(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(logging, "_embedded", False)
    yield
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


def set_up(path: Path, **settings: object) -> logging.LineWriter:
    given: dict[str, object] = {"barnabas.log.file": str(path)}
    given.update({f"barnabas.log.{name}": value for name, value in settings.items()})
    return logging.set_up(Settings.of(given), node=3, role="broker")


def test_json_lines(tmp_path: Path) -> None:
    path = tmp_path / "node.log"
    writer = set_up(path)
    log = logging.get_logger("x")
    log.info("topic created", topic="t\nwith a line break", partitions=3)
    log.debug("not shown")
    try:
        raise ValueError("bug")
    except ValueError:
        log.exception("failed")
    writer.close()
    log.info("after the end")
    assert writer.dropped == 1
    first, second = (json.loads(line) for line in path.read_text().splitlines())
    time = first.pop("time")
    assert time.endswith("Z")
    assert first == {
        "event": "topic created",
        "level": "info",
        "node": 3,
        "role": "broker",
        "topic": "t\nwith a line break",
        "partitions": 3,
    }
    assert second["level"] == "error"
    assert "ValueError: bug" in second["exception"]


def test_lines_for_people(tmp_path: Path) -> None:
    path = tmp_path / "node.log"
    writer = set_up(path, format="console", level="debug")
    logging.get_logger("x").debug("hello", a=1)
    writer.close()
    (line,) = path.read_text().splitlines()
    assert "hello" in line
    assert "a=1" in line
    assert "\x1b" not in line


def test_file_that_cannot_be_opened(tmp_path: Path) -> None:
    with pytest.raises(NodeFailure, match=r"cannot write the log to .*Is a directory"):
        set_up(tmp_path)


def test_full_disk_drops_lines() -> None:
    class Full(io.StringIO):
        def flush(self) -> None:
            raise OSError(28, "No space left on device")

    writer = logging.LineWriter(Full())
    writer.info("x")
    assert writer.dropped == 1


def test_embedded_goes_to_the_programs_logging(caplog: pytest.LogCaptureFixture) -> None:
    logging.set_up_embedded()
    with caplog.at_level(standard_logging.INFO, logger="barnabas"):
        logging.get_logger("x").info("started", node=1)
    assert [record.getMessage() for record in caplog.records] == ["event='started' node=1"]


def test_embedded_leaves_a_configured_structlog_alone() -> None:
    structlog.configure(processors=[lambda _logger, _level, event: heard.append(event) or str(event)])
    heard: list[object] = []
    logging.set_up_embedded()
    logging.get_logger("x").info("started", node=1)
    assert heard == [{"event": "started", "node": 1}]


@pytest.mark.parametrize(
    ("said", "imported"),
    [
        ("logging.set_up_embedded(); log.info('x')", "False False"),
        ("logging.set_up_embedded(); log.error('x')", "True True"),
        ("logging.set_up(Settings.of({})); log.info('x')", "True False"),
    ],
)
def test_imports_no_more_than_an_event_needs(said: str, imported: str) -> None:
    """structlog, and rich through it, take longer to import than most of a node."""
    script = (
        "import sys\nfrom barnabas.server import logging\nfrom barnabas.server.settings import Settings\n"
        f"log = logging.get_logger('x'); {said}; print('structlog' in sys.modules, 'rich' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == imported
