"""How long clients wait before they try again."""

from __future__ import annotations

import pytest

from barnabas.client.retries import retry_pause


def test_pauses_double_up_to_a_second_however_often_something_failed() -> None:
    assert [retry_pause(retries, 0.5) for retries in (0, 1, 2, 5, 100_000)] == [0.05, 0.1, 0.2, 1.0, 1.0]


def test_jitter_is_a_fifth_at_most() -> None:
    assert (retry_pause(9, 0.0), retry_pause(9, 1.0)) == (0.8, pytest.approx(1.2))
