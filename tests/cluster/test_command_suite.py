"""The `barnabas` command against a broker and a controller. `tests/interop` runs the same against Apache Kafka."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from barnabas.testing.processes import Cluster
from command_harness import run_command
from command_suite import CommandLine, checks

pytestmark = pytest.mark.cluster

CHECKS = checks()


@pytest.mark.parametrize("name", CHECKS)
def test_commands(
    barnabas_cluster: Cluster, capfdbinary: pytest.CaptureFixture[bytes], tmp_path: Path, name: str
) -> None:
    run = partial(run_command, capfdbinary, tmp_path / "stdin")
    CHECKS[name](CommandLine(barnabas_cluster.bootstrap, barnabas_cluster.brokers[0].directory, run))
