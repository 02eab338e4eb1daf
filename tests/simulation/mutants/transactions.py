"""Bugs of transactions: of their coordinators, of the leaders that hold their records, and of the offsets in them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

import trio
from tests.simulation import faults, workload_transactions
from tests.simulation.mutants.mutant import Mutant, Patch, wrapped
from tests.simulation.workload_transactions import TransactionLoad

from barnabas.broker.coordinator import loading
from barnabas.broker.coordinator.groups.offsets import Offsets
from barnabas.broker.coordinator.transactions.machine import TransactionCoordinator
from barnabas.broker.coordinator.transactions.marker_order import MarkerOrder
from barnabas.broker.coordinator.transactions.marker_queue import MarkerQueue
from barnabas.broker.coordinator.transactions.metadata import TransactionMetadata
from barnabas.broker.partition import Partition
from barnabas.storage.log import PartitionLog


def _leave_one_out(original: Callable[..., None], queue: MarkerQueue, order: MarkerOrder) -> None:
    original(queue, replace(order, partitions=frozenset(sorted(order.partitions)[:-1])))


def _forget_what_was_settled(original: Callable[..., None], machine: TransactionCoordinator, *times: Any) -> None:
    kept, machine._transactions = machine._transactions, {}
    original(machine, *times)
    machine._transactions = kept


def _count_what_was_sent(original: Callable[..., Any], queue: MarkerQueue) -> Any:
    requests = original(queue)
    for broker_id, _ in requests:
        for opened, partition in queue._in_flight[broker_id]:
            queue._written(opened, partition)
    return requests


def _send_what_is_not_committed(original: Callable[..., None], machine: TransactionCoordinator, *args: Any) -> None:
    original(machine, *args)
    while machine._unsent:
        machine._outbox.send(machine._unsent.popleft()[1])


async def _deafen(nemesis: faults.Nemesis) -> None:
    """A broker is not reached by the other nodes, while it reaches them: what it decides, it cannot commit."""
    cluster, broker = nemesis.cluster, nemesis.rng.choice(nemesis.cluster.brokers)
    routes = cluster.routes([node.host for node in cluster.nodes], [broker.host], both_ways=False)
    nemesis.note(f"{broker} is deaf")
    for route in routes:
        route.cut()
    await trio.sleep(nemesis.length())
    for route in routes:
        route.heal()


def _with_deaf_brokers(original: Callable[[], dict[str, faults.Fault]]) -> dict[str, faults.Fault]:
    return {**original(), "deaf broker": _deafen}


def _keep_the_epoch(
    original: Callable[..., TransactionMetadata], known: TransactionMetadata, *args: Any
) -> TransactionMetadata:
    after = original(known, *args)
    return replace(after, producer_epoch=max(known.producer_epoch, 0))


def _no_aborted(*_: object) -> list[Any]:
    return []


def _stable_to_the_high_watermark(self: Partition) -> int:
    return self.high_watermark


def _count_at_once(original: Callable[..., None], offsets: Offsets, record: Any, log_offset: int) -> None:
    original(offsets, replace(record, producer_id=-1, producer_epoch=-1), log_offset)


def _no_markers(_: object) -> list[Any]:
    return []


def _nobody_timed_out(*_: object) -> Any:
    return iter(())


_TRANSACTIONS: Final = ("transactions",)
_BUSY: Final = TransactionLoad(writers=4, processors=1, partitions=1, protocol="classic", length=15.0, settings={})

MUTANTS: Final = (
    Mutant(
        "one partition of a transaction gets no marker",
        (wrapped(MarkerQueue, "add", _leave_one_out),),
        seed=3,
        extras=_TRANSACTIONS,
    ),
    Mutant(
        "a transaction is complete when its markers are sent",
        (wrapped(MarkerQueue, "next_requests", _count_what_was_sent),),
        seed=2,
        kinds=("process crash", "lost connections", "one-way partition"),
        pause=0.2,
        length=0.3,
        extras=_TRANSACTIONS,
    ),
    Mutant(
        "markers leave before the outcome is committed",
        (wrapped(TransactionCoordinator, "_replay", _send_what_is_not_committed),),
        seed=10,
        kinds=("deaf broker",),
        settings={"transaction.abort.timed.out.transaction.cleanup.interval.ms": 200},
        load={"transactions": _BUSY},
        pause=5.0,
        length=5.0,
        seconds=25.0,
        extras=_TRANSACTIONS,
        circumstances=(wrapped(faults, "kinds", _with_deaf_brokers), Patch(workload_transactions, "_TIMEOUT", 1.0)),
    ),
    Mutant(
        "a new coordinator forgets which outcomes were settled",
        (wrapped(TransactionCoordinator, "loaded", _forget_what_was_settled),),
        seed=4,
        extras=_TRANSACTIONS,
    ),
    Mutant(
        "transactions do not time out",
        (Patch(TransactionCoordinator, "_timed_out", _nobody_timed_out),),
        seed=3,
        extras=_TRANSACTIONS,
    ),
    Mutant(
        "who takes over a transactional id gets the epoch of the one before",
        (wrapped(TransactionMetadata, "with_next_epoch", _keep_the_epoch),),
        seed=4,
        extras=_TRANSACTIONS,
    ),
    Mutant(
        "readers are not told which transactions were aborted",
        (Patch(PartitionLog, "aborted_transactions", _no_aborted),),
        seed=1,
        is_common=True,
        extras=_TRANSACTIONS,
    ),
    Mutant(
        "readers of committed records see open transactions",
        (Patch(Partition, "last_stable_offset", property(_stable_to_the_high_watermark)),),
        seed=3,
        extras=_TRANSACTIONS,
    ),
    Mutant(
        "offsets of a transaction count before it is committed",
        (wrapped(Offsets, "replay", _count_at_once),),
        seed=2,
        extras=_TRANSACTIONS,
    ),
    Mutant(
        "a new coordinator of groups does not know how transactions ended",
        (Patch(loading, "_markers", _no_markers),),
        seed=1,
        extras=_TRANSACTIONS,
    ),
)
