"""`python -m tests.simulation`: many seeds over the cores, a line a failure; or one seed with everything that happens.

--seeds N      this many, from --first on (default: 100 from 1)
--seed N       this one, with its trace
--seconds S    simulated seconds of each run before everything heals
--jobs N       processes at once (default: all cores)
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
from collections import Counter
from functools import partial

from tests.simulation.run import Outcome, Scenario, run_seed
from tests.simulation.trace import to_standard_output


def run_quietly(seconds: float, seed: int) -> Outcome:
    return run_seed(seed, Scenario.drawn(seed, seconds=seconds))


def run_many(seeds: range, seconds: float, jobs: int) -> int:
    """The number of seeds that failed."""
    failed, simulated, took = 0, 0.0, 0.0
    counts: Counter[str] = Counter()
    with multiprocessing.get_context("spawn").Pool(jobs, maxtasksperchild=20) as pool:
        for outcome in pool.imap_unordered(partial(run_quietly, seconds), seeds):
            simulated, took = simulated + outcome.simulated, took + outcome.took
            counts += outcome.counts
            if outcome.failure is not None:
                failed += 1
                print(f"seed {outcome.seed} at {outcome.simulated:.2f} s: {outcome.failure}", flush=True)
    for what, count in sorted(counts.items()):
        print(f"{count:9} {what}")
    print(
        f"{len(seeds)} seeds, {failed} failed; {simulated:.0f} simulated seconds in {took:.0f} s of one core: "
        f"{simulated / took:.1f} a second"
    )
    return failed


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--seeds", type=int, default=100)
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=40.0)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    given = parser.parse_args()
    if given.seed is None:
        return int(run_many(range(given.first, given.first + given.seeds), given.seconds, given.jobs) > 0)
    scenario = Scenario.drawn(given.seed, seconds=given.seconds)
    print(scenario)
    outcome = run_seed(given.seed, scenario, to_standard_output())
    print(outcome)
    return int(outcome.failure is not None)


if __name__ == "__main__":
    sys.exit(main())
