"""One seed gives one run, in every process."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.simulation.run import run_seed
from tests.simulation.scenario import Scenario

ROOT = Path(__file__).parents[2]
SECONDS = 4.0
DIGEST = """
from tests.simulation.run import run_seed
from tests.simulation.scenario import Scenario
print(run_seed({seed}, Scenario.drawn({seed}, seconds={seconds})).digest)
"""


def digest_elsewhere(seed: int, hash_seed: str) -> str:
    command = [sys.executable, "-c", DIGEST.format(seed=seed, seconds=SECONDS)]
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True).stdout.strip()


def test_the_same_seed_gives_the_same_run_in_one_process_and_in_others() -> None:
    seed = 1
    scenario = Scenario.drawn(seed, seconds=SECONDS)
    here = run_seed(seed, scenario)
    again = run_seed(seed, scenario)
    assert here.failure is None
    assert here.digest == again.digest
    assert {digest_elsewhere(seed, "1"), digest_elsewhere(seed, "2")} == {here.digest}


def test_another_seed_gives_another_run() -> None:
    assert run_seed(2, Scenario.drawn(1, seconds=0.5)).digest != run_seed(1, Scenario.drawn(1, seconds=0.5)).digest
