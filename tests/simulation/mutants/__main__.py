"""`python -m tests.simulation.mutants [word ...]`: look for each mutant from seed 1 on, and say which seed finds it."""

from __future__ import annotations

import sys

from tests.simulation.mutants.mutant import SEEDS
from tests.simulation.mutants.table import MUTANTS


def main(words: list[str]) -> int:
    """The exit code: 1 if one was not found."""
    missed = 0
    for mutant in MUTANTS:
        if words and not any(word in mutant.name for word in words):
            continue
        outcome = mutant.found(range(1, SEEDS + 1))
        missed += outcome is None
        finding = f"NOT FOUND in {SEEDS} seeds" if outcome is None else f"seed {outcome.seed}: {outcome.failure}"
        print(f"{mutant.name}: {finding}", flush=True)
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
