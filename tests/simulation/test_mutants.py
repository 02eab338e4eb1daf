"""The simulation finds deliberate bugs.

A seed is another run as soon as the code is another, so a bug that was found in some run may be found in another one
now. `make mutants` looks for every bug that was found before in the run that showed it and then in others, up to 200,
and fails where none shows it: minutes each. Every run of the tests looks for those that many runs show, in the known
run and two more; where none of these shows one, that says nothing yet, and the test is skipped.
"""

from __future__ import annotations

import os

import pytest
from tests.simulation.mutants.mutant import FEW, Mutant
from tests.simulation.mutants.table import MUTANTS

FOUND = [mutant for mutant in MUTANTS if mutant.seed is not None]
COMMON = [mutant for mutant in MUTANTS if mutant.is_common]
looks_for_all = "BARNABAS_MUTANTS" in os.environ


@pytest.mark.skipif(not looks_for_all, reason="`make mutants` looks for all deliberate bugs")
@pytest.mark.parametrize("mutant", FOUND, ids=str)
def test_a_broken_promise_is_found(mutant: Mutant) -> None:
    assert mutant.found() is not None


@pytest.mark.skipif(looks_for_all, reason="all deliberate bugs are looked for")
@pytest.mark.parametrize("mutant", COMMON, ids=str)
def test_a_common_bug_is_found_in_few_runs(mutant: Mutant) -> None:
    if mutant.found(mutant.seeds(FEW)) is None:
        pytest.skip("not in these runs: `make mutants` looks further")


def test_every_bug_has_a_name_of_its_own() -> None:
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS)
