"""Many seeds, over several processes: a line for each that fails, and at the end what happened how often."""

from __future__ import annotations

import multiprocessing
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from functools import partial
from statistics import median

from tests.simulation.run import Outcome, run_seed
from tests.simulation.scenario import Scenario
from tests.simulation.sometimes import PATHS


def run_quietly(seconds: float, faults: tuple[str, ...], unclean: bool, seed: int) -> Outcome:
    scenario = Scenario.drawn(seed, seconds=seconds)
    return run_seed(seed, (scenario.with_unclean_elections(seed) if unclean else scenario).with_only(faults))


def outcomes(
    seeds: Iterable[int], seconds: float, jobs: int, faults: tuple[str, ...] = (), *, unclean: bool = False
) -> Iterator[Outcome]:
    """As they come. `faults`: see `Scenario.with_only`; `unclean`: with unclean elections in each."""
    run = partial(run_quietly, seconds, faults, unclean)
    if jobs == 1:
        yield from map(run, seeds)
        return
    with multiprocessing.get_context("spawn").Pool(jobs, maxtasksperchild=20) as pool:
        yield from pool.imap_unordered(run, seeds)


def run_many(seeds: range, seconds: float, jobs: int, faults: tuple[str, ...] = (), *, unclean: bool = False) -> int:
    """The number of seeds that failed."""
    failed, simulated = 0, 0.0
    took: list[float] = []
    counts: Counter[str] = Counter()
    paths: Counter[str] = Counter()
    waits: dict[str, list[float]] = defaultdict(list)
    for outcome in outcomes(seeds, seconds, jobs, faults, unclean=unclean):
        simulated += outcome.simulated
        took.append(outcome.took)
        counts += outcome.counts
        paths += outcome.paths
        for what, seconds_waited in outcome.took_long.items():
            waits[what].append(seconds_waited)
        if outcome.failure is not None:
            failed += 1
            print(f"seed {outcome.seed} at {outcome.simulated:.2f} s: {outcome.failure}", flush=True)
    _report(counts, paths)
    print("Simulated seconds, the median of the seeds and the longest:")
    for what, times in sorted(waits.items()):
        print(f"{median(times):9.2f} {max(times):9.2f} {what}")
    print(
        f"{len(seeds)} seeds, {failed} failed; {simulated:.0f} simulated seconds in {sum(took):.0f} s of one core: "
        f"ten minutes in {600 * sum(took) / simulated:.1f} s; a seed in {median(took):.1f} s, at most {max(took):.1f} s"
    )
    return failed


def _report(counts: Counter[str], paths: Counter[str]) -> None:
    print("What happened:")
    for what, count in sorted(counts.items()):
        print(f"{count:9} {what}")
    print("Rare paths:")
    for path in PATHS:
        print(f"{paths[path.what] or 'NEVER':>9} {path}")
