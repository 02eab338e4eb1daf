"""The simulation finds deliberate bugs: each in the run that found it before, or else in one of the first seeds."""

from __future__ import annotations

import pytest
from tests.simulation.mutants.mutant import Mutant
from tests.simulation.mutants.table import MUTANTS


@pytest.mark.parametrize("mutant", MUTANTS, ids=str)
def test_a_broken_promise_is_found(mutant: Mutant) -> None:
    outcome = mutant.found()
    assert outcome is not None
    assert outcome.failure is not None


def test_every_bug_has_a_name_of_its_own() -> None:
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS)
