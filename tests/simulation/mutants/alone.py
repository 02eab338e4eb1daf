"""The simulations of one part alone, thousands of steps a second, for bugs that take a rare order of a few messages."""

from __future__ import annotations

from typing import Final

import raft_simulation
import replication_simulation

_STORM: Final = raft_simulation.Faults(
    crash_every=0.1, longest_delay=0.05, longest_sync=0.02, leader_crashes=0.8, batches_a_fetch=1, power_loss=False
)
_STORM_SECONDS: Final = 8.0
_ROUGH: Final = replication_simulation.Faults(
    alter_loss=0.8, cut_every=0.5, move_every=0.5, delay=0.002, metadata_delay=1.0
)


def quorum(seed: int) -> None:
    """Three controllers and a broker: leaders die young, and records come to the others one batch at a time, as in
    figure 8 of Raft's paper. AssertionError where a promise is broken.
    """
    simulation = raft_simulation.Simulation(seed, 3, faults=_STORM)
    simulation.run(_STORM_SECONDS)
    simulation.settle(within=6.0)


def replication(seed: int) -> None:
    """Three brokers and two partitions: links are cut, leaders move faster than brokers hear of it, and most answers
    about ISR changes are lost. AssertionError where a promise is broken.
    """
    replication_simulation.run_seed(seed, faults=_ROUGH)
