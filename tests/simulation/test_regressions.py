"""What seeds have found once is not there any more."""

from __future__ import annotations

import pytest
from tests.simulation.regressions import REGRESSIONS, Regression


@pytest.mark.parametrize("regression", REGRESSIONS, ids=str)
def test_what_was_found_is_mended(regression: Regression) -> None:
    outcome = regression.run()
    assert outcome.failure is None
    assert outcome.counts.total() > 0
