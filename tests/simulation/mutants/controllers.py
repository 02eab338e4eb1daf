"""Bugs of the controller's decisions, and of those who replay them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, Final

from tests.simulation.mutants.mutant import QUORUM, STOPS, Mutant, Patch, nothing, wrapped

from barnabas.broker.metadata_loader import MetadataLoader
from barnabas.broker.partition_leader import LeaderRole
from barnabas.controller import brokers, isr, partition_change
from barnabas.controller.election import changes_without
from barnabas.controller.partition_change import Election, Rules
from barnabas.metadata.records import PartitionChangeRecord
from barnabas.metadata.topics import Partition
from barnabas.server.quorum import CommittedBatch
from barnabas.server.runtime import Runtime


def _answer_before_commit(original: Callable[..., None], runtime: Runtime[Any], decide: Any, done: Any) -> None:
    answered: list[object] = []
    original(runtime, decide, answered.append)
    if answered:
        done(answered[0])
    elif runtime._waiting:
        done(runtime._waiting.pop()[2])


def _skip_batches(original: Callable[..., None], loader: MetadataLoader, batches: list[CommittedBatch]) -> None:
    original(loader, batches[-1:])


def _elect_anybody(original: Callable[..., Any], partition: Partition, in_sync: Any, rules: Rules) -> Any:
    return original(partition, in_sync, replace(rules, election=Election.UNCLEAN))


def _keep_eligible(partition: Partition, isr: tuple[int, ...], rules: Rules, unclean: int | None) -> tuple[int, ...]:
    held = set(partition.isr).union(partition.elr).difference(isr) - {unclean}
    return tuple(broker_id for broker_id in partition.replicas if broker_id in held)


def _as_after_a_clean_stop(state: Any, broker_id: int) -> Iterator[PartitionChangeRecord]:
    return changes_without(state, broker_id)


def _is_eligible(self: LeaderRole, follower: Any) -> bool:
    return follower.broker_epoch is not None


MUTANTS: Final = (
    Mutant(
        "the controller answers before the commit",
        (wrapped(Runtime, "submit", _answer_before_commit),),
        seed=5,
        kinds=QUORUM,
    ),
    Mutant(
        "brokers skip batches of metadata",
        (wrapped(MetadataLoader, "committed", _skip_batches),),
        seed=1,
        is_common=True,
    ),
    Mutant(
        "anybody is elected when nobody is in sync",
        (wrapped(partition_change, "_elect", _elect_anybody),),
        seed=14,
        kinds=STOPS,
    ),
    Mutant(
        "replicas stay eligible while others commit without them",
        (Patch(partition_change, "_elr", _keep_eligible),),
        seed=3,
        kinds=("orderly stop",),
        replicas=(2, 1),
    ),
    Mutant(
        "a broker that crashed counts as one that stopped",
        (Patch(brokers, "changes_after_unclean_shutdown", _as_after_a_clean_stop),),
        seed=7,
        kinds=("host crash", "orderly stop"),
        replicas=(2, 2),
    ),
    Mutant(
        "an earlier life of a broker is let into the ISR",
        (Patch(isr, "_check_eligible", nothing), Patch(LeaderRole, "_is_eligible", _is_eligible)),
        seed=1,
        is_common=True,
        kinds=("process crash", "host crash"),
        pause=0.2,
        length=0.2,
    ),
)
