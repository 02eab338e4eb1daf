"""`python -m tests.simulation.mutants [word ...]`: look for each mutant, and say which seed finds it and how."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2] / "support"))

from tests.simulation.mutants.mutant import SEEDS, Mutant
from tests.simulation.mutants.search import Search
from tests.simulation.mutants.table import EVERY, MUTANTS


def main(words: list[str]) -> int:
    """The exit code: 1 if one was not found."""
    mutants = [mutant for mutant in EVERY if any(word in mutant.name for word in words)] if words else MUTANTS
    with Search(mutants) as search:
        return int(sum(not _is_found(search, mutant) for mutant in mutants) > 0)


def _is_found(search: Search, mutant: Mutant) -> bool:
    finding = search.finding(mutant)
    print(f"{mutant}: {finding or f'NOT FOUND in {SEEDS} seeds'}", flush=True)
    return finding is not None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
