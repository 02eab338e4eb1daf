"""What the quorum's settings come to."""

from __future__ import annotations

import pytest

from barnabas.server.quorum_config import raft_config
from barnabas.server.settings import Settings


@pytest.mark.parametrize(
    ("fetch_timeout_ms", "request_timeout_ms", "wait"),
    [(500, 2000, 0.5), (2000, 2000, 0.5), (4000, 4000, 1.0), (20000, 4000, 2.0), (20000, 600, 0.3)],
)
def test_who_is_patient_lets_fetches_wait(fetch_timeout_ms: int, request_timeout_ms: int, wait: float) -> None:
    settings = Settings.of(
        {
            "process.roles": ["broker"],
            "node.id": 1,
            "controller.listener.names": ["CONTROLLER"],
            "listeners": ["PLAINTEXT://h:9092"],
            "controller.quorum.bootstrap.servers": ["h:9093"],
            "controller.quorum.fetch.timeout.ms": fetch_timeout_ms,
            "controller.quorum.request.timeout.ms": request_timeout_ms,
        }
    )
    assert raft_config(settings).fetch_max_wait == wait
