"""Bugs of group coordinators."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from tests.simulation import faults, faults_machines
from tests.simulation.mutants.mutant import Mutant, Patch, always, nothing, wrapped
from tests.simulation.workload_groups import Group, GroupLoad

from barnabas.broker.coordinator.groups import offsets_commit
from barnabas.broker.coordinator.groups.machine import GroupCoordinator
from barnabas.broker.coordinator.groups.reconciliation import _Step
from barnabas.broker.coordinator.loading import ShardLoader
from barnabas.broker.coordinator.shard import Shard
from barnabas.client.groups import classic_member
from barnabas.client.groups.assignors import ASSIGNORS, assign_sticky


def _answer_at_once(original: Callable[..., None], shard: Shard[Any], pending: Any, decide: Any) -> None:
    original(shard, pending, decide)
    if not pending.done and pending.answers is not None:
        pending.finish(pending.answers)


class _UpToTheHighWatermark:
    """A partition whose log seems to end where its high watermark is now."""

    def __init__(self, partition: Any) -> None:
        self._log = partition.log
        self.log = self
        self.log_end_offset = partition.high_watermark

    def __getattr__(self, name: str) -> Any:
        return getattr(self._log, name)


async def _load_what_seems_committed(original: Any, loader: ShardLoader, partition: Any, shard: Any) -> int | None:
    loaded: int | None = await original(loader, _UpToTheHighWatermark(partition), shard)
    return loaded


def _with_clients_that_pause(original: Callable[[], dict[str, faults.Fault]]) -> dict[str, faults.Fault]:
    return {**original(), "clients pause": faults_machines._pause_clients}


_GROUPS: Final = ("groups",)
_COOPERATIVE: Final = GroupLoad(
    (
        Group(
            "group-0", "classic", ("cooperative-sticky",), 3, static=False, life=3.0, session=3.0, max_poll_interval=5.0
        ),
    ),
    topics={"g0": 3},
    settings={},
)

MUTANTS: Final = (
    Mutant(
        "a group's coordinator answers before the followers have it",
        (wrapped(Shard, "_submit", _answer_at_once),),
        seed=3,
        kinds=("isolated node", "partition", "one-way partition"),
        length=4.0,
        extras=_GROUPS,
    ),
    Mutant(
        "a group's coordinator loads its log up to the high watermark it knows",
        (wrapped(ShardLoader, "load", _load_what_seems_committed),),
        seed=1,
        is_common=True,
        extras=_GROUPS,
    ),
    Mutant(
        "whoever was a member may commit",
        (Patch(offsets_commit, "check_commit", nothing),),
        seed=12,
        kinds=("clients pause",),
        pause=2.0,
        length=3.0,
        seconds=20.0,
        extras=_GROUPS,
        circumstances=(wrapped(faults, "kinds", _with_clients_that_pause),),
    ),
    Mutant(
        "a partition is given away before its owner has given it up",
        (Patch(_Step, "_is_free", always),),
        seed=2,
        is_common=True,
        extras=_GROUPS,
    ),
    Mutant(
        "a cooperative group gives away what a member has not given up",
        (Patch(classic_member, "ASSIGNORS", {**ASSIGNORS, "cooperative-sticky": assign_sticky}),),
        seed=1,
        load={"groups": _COOPERATIVE},
        extras=_GROUPS,
    ),
    Mutant(
        "sessions do not begin anew with a new coordinator",
        (Patch(GroupCoordinator, "loaded", nothing),),
        seed=3,
        extras=_GROUPS,
    ),
)
