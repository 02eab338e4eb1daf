"""A broker's replicas for the tests of handlers."""

from __future__ import annotations

from pathlib import Path

import pytest

from broker_harness import BrokerHarness


@pytest.fixture
def broker(tmp_path: Path) -> BrokerHarness:
    return BrokerHarness(tmp_path / "data")
