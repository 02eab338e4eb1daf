"""One seed gives one run: in every process, whatever hashes and addresses are there, and whatever ran before.

What shows where an order follows from hashes is a run in which much happens at once: groups and transactions, all
features of the load, few seconds. A second process has another PYTHONHASHSEED, other addresses, and runs the seeds the
other way round.
"""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

from tests.simulation.run import run_seed
from tests.simulation.scenario import Scenario
from tests.simulation.workload import FEATURES

ROOT = Path(__file__).parents[2]
SEEDS = (3, 10, 19)
SECONDS = 4.0
DIGESTS = """
from tests.simulation.test_determinism import digest
print(*(digest(seed) for seed in {seeds}))
"""


def busy(seed: int) -> Scenario:
    """With all that there is to do."""
    drawn = Scenario.drawn(seed, seconds=SECONDS, extras=("groups", "transactions", "isolation"))
    return replace(drawn, load=replace(drawn.load, features=frozenset(FEATURES)))


def digest(seed: int) -> str:
    outcome = run_seed(seed, busy(seed))
    assert outcome.counts["groups: commits"]
    assert outcome.counts["transactions: committed"]
    return outcome.digest


def digests_elsewhere(seeds: tuple[int, ...], hash_seed: str) -> list[str]:
    command = [sys.executable, "-c", DIGESTS.format(seeds=seeds)]
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True).stdout.split()


def test_a_seed_gives_the_same_run_under_every_hash_seed_and_after_other_runs() -> None:
    here = [digest(seed) for seed in SEEDS]
    elsewhere = digests_elsewhere(SEEDS[::-1], "1")
    assert elsewhere[::-1] == here


def test_another_seed_gives_another_run() -> None:
    scenario = Scenario.drawn(1, seconds=0.5, extras=())
    assert run_seed(2, scenario).digest != run_seed(1, scenario).digest
