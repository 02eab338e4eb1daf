"""Fixtures of the server's tests."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from typing import Any

import pytest
import trio
from structlog.testing import capture_logs

from server_harness import ServerHarness


@pytest.fixture
def harness(nursery: trio.Nursery) -> ServerHarness:
    """A server that is not started yet."""
    return ServerHarness(nursery)


@pytest.fixture
def events() -> Iterator[list[MutableMapping[str, Any]]]:
    """What is logged during the test."""
    with capture_logs() as captured:
        yield captured
