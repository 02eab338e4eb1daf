"""The `barnabas` command against Apache Kafka: what `tests/cluster` asks of it with Barnabas."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from apache_kafka import ApacheKafka
from command_harness import run_command
from command_suite import CommandLine, checks

CHECKS = checks()


@pytest.mark.parametrize("name", CHECKS)
def test_commands(
    kafka_of_one: ApacheKafka, capfdbinary: pytest.CaptureFixture[bytes], tmp_path: Path, name: str
) -> None:
    [broker] = kafka_of_one.layout.of("broker")
    run = partial(run_command, capfdbinary, tmp_path / "stdin")
    CHECKS[name](CommandLine(kafka_of_one.bootstrap, broker.directory, run))
