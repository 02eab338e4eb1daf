"""What the tests beside Apache Kafka share: its tools, and that nothing is left running when they are ended early."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest

import apache_kafka
from apache_kafka import ApacheKafka
from kafka_tools import Tools, kafka_tools, missing
from one_broker import OneBroker, one_apache_kafka
from one_broker import one_barnabas as one_barnabas_started

# Records of old times stay; the cleaner is soon at work.
FILES_SETTINGS = {"log.retention.ms": "-1", "log.cleaner.backoff.ms": "200"}


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


@pytest.fixture(scope="session")
def kafka_of_one() -> Iterator[ApacheKafka]:
    """A controller and a broker of Apache Kafka that nobody stops."""
    if (lacking := apache_kafka.missing()) is not None:
        pytest.skip(lacking)
    with apache_kafka.apache_kafka(brokers=1, controllers=1) as running:
        yield running


@pytest.fixture(scope="session")
def one_kafka() -> Iterator[OneBroker]:
    """Apache Kafka for those who exchange its files."""
    if (lacking := apache_kafka.missing()) is not None:
        pytest.skip(lacking)
    with one_apache_kafka(FILES_SETTINGS) as running:
        yield running


@pytest.fixture(scope="session")
def one_barnabas() -> Iterator[OneBroker]:
    """Barnabas for those who exchange its files."""
    with one_barnabas_started(FILES_SETTINGS) as running:
        yield running
