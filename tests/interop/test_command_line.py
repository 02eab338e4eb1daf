"""The `barnabas` command against Apache Kafka: what `tests/cluster` asks of it with Barnabas."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from apache_kafka import ApacheKafka, apache_kafka, missing
from command_harness import run_command
from command_suite import CommandLine, checks

CHECKS = checks()


@pytest.fixture(scope="module")
def kafka() -> Iterator[ApacheKafka]:
    if (lacking := missing()) is not None:
        pytest.skip(lacking)
    with apache_kafka(brokers=1, controllers=1) as running:
        yield running


@pytest.mark.parametrize("name", CHECKS)
def test_commands(kafka: ApacheKafka, capfdbinary: pytest.CaptureFixture[bytes], tmp_path: Path, name: str) -> None:
    [broker] = kafka.layout.of("broker")
    run = partial(run_command, capfdbinary, tmp_path / "stdin")
    CHECKS[name](CommandLine(kafka.bootstrap, broker.directory, run))
