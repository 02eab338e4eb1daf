"""What follows from the quorum's time limits."""

from __future__ import annotations

import pytest

from barnabas.raft.config import RaftConfig


@pytest.mark.parametrize(
    ("fetch_timeout", "request_timeout", "wait"),
    [(0.5, 2.0, 0.5), (2.0, 2.0, 0.5), (4.0, 4.0, 1.0), (20.0, 4.0, 2.0), (20.0, 0.6, 0.3)],
)
def test_who_is_patient_lets_fetches_wait(fetch_timeout: float, request_timeout: float, wait: float) -> None:
    assert RaftConfig(fetch_timeout=fetch_timeout, request_timeout=request_timeout).fetch_max_wait == wait
