"""All mutants."""

from __future__ import annotations

from typing import Final

from tests.simulation.mutants import (
    beside,
    cleaning,
    controllers,
    groups,
    in_sync,
    quorum,
    replication,
    storage,
    transactions,
    unclean,
)
from tests.simulation.mutants.guarded import GUARDED
from tests.simulation.mutants.mutant import Mutant

MUTANTS: Final[tuple[Mutant, ...]] = (
    *quorum.MUTANTS,
    *controllers.MUTANTS,
    *in_sync.MUTANTS,
    *replication.MUTANTS,
    *storage.MUTANTS,
    *groups.MUTANTS,
    *transactions.MUTANTS,
    *cleaning.MUTANTS,
    *unclean.MUTANTS,
    *beside.MUTANTS,
)
"""Each has to be found."""

EVERY: Final = (*MUTANTS, *GUARDED)
"""Also those that cannot show themselves."""
