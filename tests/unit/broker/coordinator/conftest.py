"""A broker with a small coordinator."""

from __future__ import annotations

from pathlib import Path

import pytest
import trio

from ledger import LedgerHarness


@pytest.fixture
def house(tmp_path: Path, nursery: trio.Nursery) -> LedgerHarness:
    return LedgerHarness(tmp_path / "data", nursery)
