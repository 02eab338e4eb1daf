"""`python -m tests.simulation`: many seeds over the cores, or one seed with everything that happens."""

from __future__ import annotations

import argparse
import os
import sys

from tests.simulation.many import run_many
from tests.simulation.run import run_seed
from tests.simulation.scenario import Scenario
from tests.simulation.trace import to_standard_output


def main() -> int:
    """The exit code: 1 if an invariant was broken."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seed", type=int, help="this one, with its trace")
    parser.add_argument("--seeds", type=int, default=100, help="so many (%(default)s)")
    parser.add_argument("--first", type=int, default=1, help="from this one on (%(default)s)")
    parser.add_argument(
        "--seconds", type=float, default=40.0, help="simulated in each run before everything heals (%(default)s)"
    )
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes at once (%(default)s)")
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
