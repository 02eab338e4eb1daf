"""What the tests beside Apache Kafka share: its tools."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from kafka_tools import Tools, kafka_tools, missing


@pytest.fixture(scope="session")
def tools(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tools]:
    """Apache Kafka's tools, all in one JVM."""
    if (lacking := missing()) is not None:
        pytest.skip(lacking)
    with kafka_tools(tmp_path_factory.mktemp("kafka-tools") / "log") as running:
        yield running
