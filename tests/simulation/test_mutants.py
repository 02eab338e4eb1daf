"""The simulation finds deliberate bugs: each in the run that found it before, or else in one of the first seeds.

Where a bug has to be looked for anew, because the runs are others than before, that takes minutes; `make mutants` does.
"""

from __future__ import annotations

import os

import pytest
from tests.simulation.mutants.mutant import Mutant
from tests.simulation.mutants.table import MUTANTS


@pytest.mark.skipif("BARNABAS_MUTANTS" not in os.environ, reason="`make mutants` looks for all deliberate bugs")
@pytest.mark.parametrize("mutant", MUTANTS, ids=str)
def test_a_broken_promise_is_found(mutant: Mutant) -> None:
    outcome = mutant.found()
    assert outcome is not None
    assert outcome.failure is not None


def test_every_bug_has_a_name_of_its_own() -> None:
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS)
