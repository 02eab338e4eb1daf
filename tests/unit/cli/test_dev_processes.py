"""Forking a node."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from barnabas.cli.dev import processes
from barnabas.cli.dev.layout import NodeSpec

TIMES = 20


@pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")  # here, unlike in the supervisor
def test_a_signal_that_comes_at_once_is_not_lost(tmp_path: Path) -> None:
    """Even if the one who forks has a handler for it."""
    before = signal.signal(signal.SIGTERM, lambda *_: None)
    try:
        for _ in range(TIMES):
            node = processes.Node(NodeSpec(1, "broker", 9092, tmp_path))
            processes.fork(node, lambda _spec, _channel: signal.sigtimedwait([], 10.0) is not None, lambda: None)
            node.signal(signal.SIGTERM)
            assert node.pid is not None
            _, status = os.waitpid(node.pid, 0)
            assert node.channel is not None
            node.channel.close()
            assert os.WIFSIGNALED(status)
            assert os.WTERMSIG(status) == signal.SIGTERM
    finally:
        signal.signal(signal.SIGTERM, before)
