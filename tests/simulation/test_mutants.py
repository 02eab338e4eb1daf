"""The simulation finds deliberate bugs.

A seed is another run as soon as the code is another, so a bug that was found in some run may be found in another one
now. `make mutants` looks for every bug in the run that showed it last and then in others, up to 200, over all cores,
and fails where none shows it: some minutes in all. Every run of the tests looks for those that many runs show, in the
known run and two more; where none of these shows one, that says nothing yet, and the test is skipped. What the quorum
or replication shows by itself takes no time, and is looked for to the end each time.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from tests.simulation.mutants.mutant import FEW, Mutant
from tests.simulation.mutants.search import Search
from tests.simulation.mutants.table import EVERY, MUTANTS

COMMON = [mutant for mutant in MUTANTS if mutant.is_common]
ALONE = [mutant for mutant in MUTANTS if mutant.alone is not None]
SEARCH = "test_a_broken_promise_is_found"
looks_for_all = "BARNABAS_MUTANTS" in os.environ


@pytest.fixture(scope="module")
def search(request: pytest.FixtureRequest) -> Iterator[Search]:
    """For those that are asked for on the command line."""
    tests = [item for item in request.session.items if isinstance(item, pytest.Function)]
    wanted = {str(test.callspec.params["mutant"]) for test in tests if test.originalname == SEARCH}
    with Search([mutant for mutant in MUTANTS if str(mutant) in wanted]) as begun:
        yield begun


@pytest.mark.skipif(not looks_for_all, reason="`make mutants` looks for all deliberate bugs")
@pytest.mark.parametrize("mutant", MUTANTS, ids=str)
def test_a_broken_promise_is_found(search: Search, mutant: Mutant) -> None:
    finding = search.finding(mutant)
    assert finding is not None
    print(finding)


@pytest.mark.skipif(looks_for_all, reason="all deliberate bugs are looked for")
@pytest.mark.parametrize("mutant", COMMON, ids=str)
def test_a_common_bug_is_found_in_few_runs(mutant: Mutant) -> None:
    if mutant.found(mutant.seeds(FEW)) is None:
        pytest.skip("not in these runs: `make mutants` looks further")


@pytest.mark.skipif(looks_for_all, reason="all deliberate bugs are looked for")
@pytest.mark.parametrize("mutant", ALONE, ids=str)
def test_a_bug_of_one_part_is_found_in_the_simulation_of_that_part(mutant: Mutant) -> None:
    assert mutant.found(mutant.seeds()) is not None


def test_every_bug_has_a_name_of_its_own() -> None:
    assert len({mutant.name for mutant in EVERY}) == len(EVERY)
