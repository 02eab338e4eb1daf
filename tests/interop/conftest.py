"""What the tests beside Apache Kafka share: its tools, and that nothing is left running when they are ended early."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest

from kafka_tools import Tools, kafka_tools, missing


def pytest_configure() -> None:
    """SIGTERM ends the tests as Ctrl-C does, so that their clusters end as well."""
    signal.signal(signal.SIGTERM, lambda *_: pytest.exit("terminated", 128 + signal.SIGTERM))


@pytest.fixture(scope="session")
def tools(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tools]:
    """Apache Kafka's tools, all in one JVM."""
    if (lacking := missing()) is not None:
        pytest.skip(lacking)
    with kafka_tools(tmp_path_factory.mktemp("kafka-tools") / "log") as running:
        yield running
