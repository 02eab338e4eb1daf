"""`python -m tests.simulation`: many seeds over the cores, or one seed with everything that happens."""

from __future__ import annotations

import argparse
import os
import sys
from dataclasses import replace

from tests.simulation.faults import kinds
from tests.simulation.many import run_many
from tests.simulation.minimise import minimise
from tests.simulation.run import run_seed
from tests.simulation.scenario import Scenario
from tests.simulation.trace import to_standard_output


def main() -> int:
    """The exit code: 1 if an invariant was broken."""
    given = _arguments()
    if given.seed is None:
        seeds = range(given.first, given.first + given.seeds)
        return int(run_many(seeds, given.seconds, given.jobs, given.faults, unclean=given.unclean) > 0)
    scenario = Scenario.drawn(given.seed, seconds=given.seconds)
    if given.unclean:
        scenario = scenario.with_unclean_elections(given.seed)
    scenario = scenario.with_only(given.faults)
    if given.minimise:
        return _minimised(given.seed, scenario)
    if scenario.plan is not None:
        scenario = replace(scenario, plan=replace(scenario.plan, without=_numbers(given.without)))
    print(scenario)
    outcome = run_seed(given.seed, scenario, to_standard_output())
    print(outcome)
    return int(outcome.failure is not None)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seed", type=int, help="this one, with its trace")
    parser.add_argument("--minimise", action="store_true", help="with --seed: the fewest faults with which it fails")
    parser.add_argument("--without", default="", help="with --seed: leave out these faults, as 1-5,7")
    parser.add_argument("--seeds", type=int, default=100, help="so many (%(default)s)")
    parser.add_argument("--first", type=int, default=1, help="from this one on (%(default)s)")
    parser.add_argument(
        "--seconds", type=float, default=40.0, help="simulated in each run before everything heals (%(default)s)"
    )
    parser.add_argument(
        "--faults",
        type=_kinds,
        default=(),
        help="nothing but these kinds, as 'clock jump,pause' (as each seed draws it)",
    )
    parser.add_argument("--unclean", action="store_true", help="with unclean elections, whatever a seed draws")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes at once (%(default)s)")
    return parser.parse_args()


def _kinds(text: str) -> tuple[str, ...]:
    found = tuple(text.split(","))
    if unknown := [kind for kind in found if kind not in kinds()]:
        raise argparse.ArgumentTypeError(f"there is no {', '.join(unknown)}; there are {', '.join(kinds())}")
    return found


def _minimised(seed: int, scenario: Scenario) -> int:
    smallest = minimise(seed, scenario)
    if smallest is None:
        print(f"seed {seed} breaks nothing")
        return 0
    plan = smallest.scenario.plan
    print(smallest.scenario)
    print("\n".join(smallest.schedule))
    print(f"seed {seed} at {smallest.outcome.simulated:.2f} s: {smallest.outcome.failure}")
    print(f"found in {smallest.runs} runs; left out: {_ranges(sorted(plan.without if plan else ())) or 'nothing'}")
    return 1


def _numbers(text: str) -> frozenset[int]:
    """1-3,7 -> 1, 2, 3, 7."""
    ends = [part.split("-") for part in text.split(",") if part]
    return frozenset(number for part in ends for number in range(int(part[0]), int(part[-1]) + 1))


def _ranges(numbers: list[int]) -> str:
    """1, 2, 3, 7 -> 1-3,7."""
    found: list[list[int]] = []
    for number in numbers:
        if found and found[-1][1] == number - 1:
            found[-1][1] = number
        else:
            found.append([number, number])
    return ",".join(f"{first}-{last}" if first < last else f"{first}" for first, last in found)


if __name__ == "__main__":
    sys.exit(main())
