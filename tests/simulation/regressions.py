"""What seeds have found in the product, each kept with the run that showed it.

A seed is the same run only as long as the code is the same. So what is kept is not a recording: it is the kind of run,
with the faults and the load in which the bug came soon, and the text says what the bug was.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from tests.simulation.faults import Plan
from tests.simulation.run import Outcome, run_seed
from tests.simulation.scenario import Scenario


@dataclass(frozen=True, slots=True)
class Regression:
    """A run that once failed."""

    found: str
    """What was wrong, and how it showed."""
    seed: int
    plan: Plan
    seconds: float = 5.0

    def __str__(self) -> str:
        return self.found.partition(":")[0]

    def run(self) -> Outcome:
        """Nothing may be broken now."""
        drawn = Scenario.drawn(self.seed, seconds=self.seconds, extras=())
        return run_seed(self.seed, replace(drawn, plan=self.plan))


REGRESSIONS: Final = (
    Regression(
        "a disk that fails until the process ends: the storage's own error came out of a controller that closed its"
        " log",
        seed=27,
        plan=Plan(("failing disk",), pause=0.5, length=0.5, synced=False),
    ),
)
