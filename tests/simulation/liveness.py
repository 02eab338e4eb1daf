"""How soon all is well once nothing goes wrong any more, and how soon nodes end that are asked to.

    leaders       a partition with a replica that is there and holds everything has a leader
    recovery      all nodes are ready, all partitions have their leader and all their replicas in sync, and all nodes
                  know the same cluster
    records       what is sent from then on is acknowledged
    progress      every client gets something done; how often it wants to is its own affair
    stops         a node that is asked to end does, with the quorum or without it

What it took is kept by these names, so that many runs show how near to their limits they come.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence
from typing import Final

import trio
from tests.simulation.cluster import Cluster, Node, Violation
from tests.simulation.history import NEVER, History, producer_of
from tests.simulation.invariants_resources import check_ended

READY_SECONDS: Final = 30.0
"""For a cluster that starts."""
RECOVERY_SECONDS: Final = 10.0
"""For one that is healed, and of a long run, whose nodes ask less often."""
LEADER_SECONDS: Final = 1.0
RECORD_SECONDS: Final = 10.0
PROGRESS_SECONDS: Final = 60.0
"""Some pause for long."""
STOP_SECONDS: Final = 5.0
_SLOWEST_WORK: Final = 0.5
"""Seconds that a disk may take for one thing meanwhile: 5 are as much as a node has."""

_LOOK_SECONDS: Final = 0.05


class Liveness:
    """See the module. `took`: simulated seconds, the longest of each."""

    def __init__(
        self, cluster: Cluster, missing: Callable[[], str | None], leaderless: Callable[[], str | None]
    ) -> None:
        """`missing` says why all is not well yet, `leaderless` which partition could have a leader and has none; None
        when there is nothing to be said.
        """
        self.took: dict[str, float] = {}
        self._cluster = cluster
        self._missing = missing
        self._leaderless = leaderless
        self._well_since = NEVER

    @property
    def well_for(self) -> float:
        """Seconds since all was found to be well in the end; 0 before."""
        return max(trio.current_time() - self._well_since, 0.0)

    def _note(self, what: str, seconds: float) -> None:
        self.took[what] = max(seconds, self.took.get(what, 0.0))

    async def recovered(self, what: str, seconds: float) -> None:
        """Wait until the cluster is as it should be."""
        since = waits_since = trio.current_time()
        while (missing := self._missing()) is not None:
            now = trio.current_time()
            if now - since > seconds:
                raise Violation(f"not recovered after {seconds:g} s: {missing}")
            leaderless = self._leaderless()
            waits_since = now if leaderless is None else waits_since
            self._note("leaders", now - waits_since)
            if now - waits_since > LEADER_SECONDS:
                raise Violation(f"no leader for more than {LEADER_SECONDS:g} s: {leaderless}")
            await trio.sleep(_LOOK_SECONDS)
        self._note(what, trio.current_time() - since)
        self._cluster.trace.note("simulation", "all nodes are ready, all replicas in sync")

    async def healed(self) -> None:
        """The same, when nothing goes wrong any more: from now on all is well."""
        await self.recovered("recovery", RECOVERY_SECONDS)
        self._well_since = min(self._well_since, trio.current_time())

    async def caught_up(self, lagging: Callable[[], str | None]) -> None:
        """Nobody writes any more: wait until all is replicated. A fetch may be on its way for seconds."""
        since = trio.current_time()
        while (behind := lagging()) is not None:
            if trio.current_time() - since > RECOVERY_SECONDS:
                raise Violation(f"not caught up after {RECOVERY_SECONDS:g} s: {behind}")
            await trio.sleep(_LOOK_SECONDS)

    async def progress(self, clients: dict[str, float]) -> None:
        """Every client gets something done after all is well; `clients`: when each did so last."""
        since = trio.current_time()
        while idle := [name for name, at in clients.items() if at <= since]:
            if trio.current_time() > since + PROGRESS_SECONDS:
                raise Violation(f"{', '.join(idle)} got nothing done in {PROGRESS_SECONDS:g} s")
            await trio.sleep(_LOOK_SECONDS)
        self._note("progress", trio.current_time() - since)

    def check_records(self, history: History) -> None:
        """What was sent when all was well, by producers that have ended. Where records were lost by right, their
        producers may have to begin anew, and what shows them that fails. A batch is given up by the age of its first
        record, as with Kafka: what fails together with what was sent before fails by right.
        """
        if history.expects_nothing:
            return
        for place, sends in history.sends.items():
            aged = {
                (producer_of(value), send.ended_at)
                for value, send in sends.items()
                if send.offset is None and send.sent_at <= self._well_since
            }
            for value, send in sends.items():
                if send.sent_at <= self._well_since or send.is_refused:
                    continue
                if send.offset is None and (producer_of(value), send.ended_at) in aged:
                    continue
                took = send.ended_at - send.sent_at
                may_fail = history.losses or place in history.marked.of
                if (send.offset is None and not may_fail) or took > RECORD_SECONDS:
                    raise Violation(f"{value} to {place} failed, or took {took:g} s, though all was well")
                self._note("records", took)

    # The end

    async def stop_nodes(self) -> None:
        """Ask all nodes to end, in some order, and look at what they leave behind. No disk holds them up for long."""
        self._cluster.weather.slowest_work = _SLOWEST_WORK
        rng = random.Random(f"{self._cluster.seed}/stops")
        for nodes in _orders(rng, self._cluster):
            async with trio.open_nursery() as nursery:
                for node in nodes:
                    nursery.start_soon(self._stop, node)

    async def _stop(self, node: Node) -> None:
        since = trio.current_time()
        with trio.move_on_after(STOP_SECONDS) as waiting:
            await node.stop()
        if waiting.cancelled_caught:
            raise Violation(f"{node} does not end in {STOP_SECONDS:g} s")
        self._note("stops", trio.current_time() - since)
        check_ended(node)


def _orders(rng: random.Random, cluster: Cluster) -> Iterable[Sequence[Node]]:
    """Who is stopped together, one after another."""
    order = rng.choice(["all at once", "all at once", "controllers first", "brokers first", "one by one"])
    cluster.trace.note("simulation", f"all nodes stop: {order}")
    if order == "all at once":
        return [cluster.nodes]
    if order == "controllers first":
        return [cluster.controllers, cluster.brokers]
    if order == "brokers first":
        return [cluster.brokers, cluster.controllers]
    return [[node] for node in rng.sample(cluster.nodes, len(cluster.nodes))]
