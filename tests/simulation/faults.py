"""What goes wrong, drawn from the seed: which kinds at all, when, to whom, how long.

The kinds are in modules of their own (`faults_machines.py`, `faults_files.py` ...), a function each. What they must not
do is decided here: of what was promised, faults take no more than the promise allows, or they say so: `on_loss`, when
all machines lost their power, and `on_doubt`, when faults are not limited and did what nothing is promised for.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import Any

import trio
from tests.simulation.cluster import Cluster, Node, Violation
from tests.simulation.disk import Loss

Fault = Callable[["Nemesis"], Awaitable[None]]

_RNG: ContextVar[random.Random] = ContextVar("rng")

_REPAIR_SECONDS = 60.0
_AFTER_RESET = 0.5
"""Seconds in which clients take in what they had been sent before the power went."""
_POLL_SECONDS = 0.1
_MORE_CHANCE = 0.5
_LONGER = 2.0
"""By how much faults last longer in long runs."""
_LONG_RUNS_PAUSE = 1.5
"""Before it is stretched: a fault makes leaders of most partitions, and all logs of a broker be opened."""


def kinds() -> dict[str, Fault]:
    """All kinds by name."""
    from tests.simulation import faults_unclean

    return {**first_kinds(), **more_kinds(), **faults_unclean.KINDS}


def first_kinds() -> dict[str, Fault]:
    """Those that there were first: seeds that were known before the others stay the runs that they are."""
    from tests.simulation import faults_disks, faults_machines, faults_network

    return {**faults_machines.KINDS, **faults_disks.KINDS, **faults_network.KINDS}


def more_kinds() -> dict[str, Fault]:
    """Those that take the place of others in some seeds, see `Plan.more`."""
    from tests.simulation import faults_connections, faults_files, faults_machines, faults_restarts

    return {
        **faults_files.KINDS,
        **faults_restarts.KINDS,
        **faults_connections.KINDS,
        **faults_machines.COMPACTION_KINDS,
    }


@dataclass(frozen=True, slots=True)
class Plan:
    """Which faults there are, and seconds: between two of them, and for how long each, on average."""

    kinds: tuple[str, ...]
    pause: float
    length: float
    synced: bool
    """Whether what is acknowledged is on disk: then any host may crash at any time."""
    lonely: bool = False
    """Whether records are acknowledged that one broker has alone (`min.insync.replicas` is 1)."""
    loss: Loss = Loss.LATEST
    """What a host that crashes loses of what was not synced."""
    unlimited: bool = False
    """Whether brokers crash and lose their disks whoever else does: then nothing is promised of records, but that
    replicas agree, and everything of the metadata.
    """
    without: frozenset[int] = frozenset()
    """Numbers of the faults that are left out; the first one is 1."""
    more: tuple[str, ...] = ()
    """Kinds that take the place of every other fault."""
    lone: float = 0.0
    """Besides all these, leaders are left alone, with so many seconds in between on average; 0: never."""
    pace: float = 1.0
    """By how much faults are rarer than in a short run."""

    @classmethod
    def drawn(cls, rng: random.Random, *, synced: bool, lonely: bool = False) -> Plan:
        every = tuple(first_kinds())
        some = tuple(kind for kind in every if rng.random() < 0.4) or (rng.choice(every),)
        return cls(
            some,
            pause=rng.choice([0.5, 2.0, 5.0]),
            length=rng.choice([0.5, 3.0, 12.0]),
            synced=synced,
            lonely=lonely,
            loss=rng.choice(list(Loss)),
            unlimited=rng.random() < 0.15,
        )

    def with_more(self, rng: random.Random) -> Plan:
        """In half of the seeds, some of the kinds that came later."""
        if rng.random() < _MORE_CHANCE:
            return replace(self, more=tuple(kind for kind in more_kinds() if rng.random() < _MORE_CHANCE))
        return self

    def stretched(self, pace: float) -> Plan:
        """For a long run: fewer in the same time, that last longer."""
        pause = max(self.pause, _LONG_RUNS_PAUSE) * pace
        return replace(self, pause=pause, length=self.length * _LONGER, lone=self.lone * pace, pace=pace)

    def with_lone_leaders(self, seconds: float) -> Plan:
        """Besides the others; without damage of records, which must be whole in sync elsewhere until it is mended."""
        kinds = tuple(kind for kind in self.kinds if kind != "bit rot in a segment") or ("process crash",)
        return replace(self, kinds=kinds, lone=seconds)


class Nemesis:
    """Does it to a cluster, until `heal`."""

    def __init__(
        self,
        cluster: Cluster,
        plan: Plan,
        on_loss: Callable[[], None] = lambda: None,
        on_doubt: Callable[[], None] = lambda: None,
    ) -> None:
        """`on_loss` is told when records may be gone that were acknowledged, while no broker runs; `on_doubt` when
        that may happen at any time from now on.
        """
        self.counts: Counter[str] = Counter()
        """How often each kind happened."""
        self.cluster = cluster
        self.plan = plan
        self.faults = 0
        """How many have begun, or were left out."""
        self.on_loss = on_loss
        self._on_doubt = on_doubt
        self.busy: set[int] = set()
        """The nodes to which something happens now."""
        self.off: dict[int, Node] = {}
        """Those whose machines have no power."""
        self.weak: Node | None = None
        """A broker that may have lost records which the others have."""
        self.rotten: dict[int, Callable[[], Awaitable[None]]] = {}
        """Brokers whose records are damaged, and what repairs them."""
        self.lost_power = False
        """Whether all machines are without power."""
        self.wiped: Node | None = None
        """The controller that lost its vote with its disk."""
        self._are_forgotten = trio.Event()
        """Not set while all machines have power again, and clients still take in what they had been sent before."""
        self._are_forgotten.set()
        self.clogged: list[Any] = []
        """The ends of connections at which nothing arrives."""
        self.half_open: list[Any] = []
        """The ends that know that a connection is lost, while the other end does not."""
        self.restarting = False
        """Whether nodes are restarted one after another."""
        self.names: list[str] = []
        """Names that mean other hosts."""
        self._rng = random.Random(f"{cluster.seed}/nemesis")
        self._more_rng = random.Random(f"{cluster.seed}/nemesis/more")
        self._scope = trio.CancelScope()

    @property
    def rng(self) -> random.Random:
        """Each fault has its own, so that it stays as it is when others are left out."""
        return _RNG.get(self._rng)

    async def run(self) -> None:
        """Faults, one after another and side by side."""
        with self._scope:
            async with trio.open_nursery() as nursery:
                if self.plan.lone:
                    nursery.start_soon(self._leave_leaders_alone, nursery)
                while True:
                    await trio.sleep(self._rng.expovariate(1 / self.plan.pause))
                    kind = self._rng.choice(self.plan.kinds)
                    if self.plan.more and self._more_rng.random() < _MORE_CHANCE:
                        kind = self._more_rng.choice(self.plan.more)
                    self._begin(nursery, kind)

    async def _leave_leaders_alone(self, nursery: trio.Nursery) -> None:
        rng = random.Random(f"{self.cluster.seed}/nemesis/lone")
        while True:
            await trio.sleep(rng.expovariate(1 / self.plan.lone))
            self._begin(nursery, "lone leader")

    def _begin(self, nursery: trio.Nursery, kind: str) -> None:
        self.faults += 1
        if self.faults not in self.plan.without:
            nursery.start_soon(self._do, self.faults, kind)

    async def _do(self, number: int, kind: str) -> None:
        _RNG.set(random.Random(f"{self.cluster.seed}/nemesis/{number}"))
        self.counts[kind] += 1
        self.note(f"fault {number}: {kind}")
        await kinds()[kind](self)

    async def heal(self) -> None:
        """No more faults; what they broke is mended, and every node runs."""
        self._scope.cancel()
        await self._are_forgotten.wait()
        cluster = self.cluster
        for node in cluster.nodes:
            cluster.pauses.resume(node.host)
            if self.mend_disks(node):
                await node.kill()
            elif not node.wants_to_run:
                await node.ended.wait()
        await self.recover_hosts(list(self.off.values()))
        for route in cluster.routes(cluster.hosts, cluster.hosts, both_ways=False):
            route.heal()
        for end in self.clogged:
            end.unclog()
        for end in self.half_open:
            end.abort()
        for name in self.names:
            cluster.network.redirect(name, None)
        cluster.weather.clear_up()
        for node in cluster.nodes:
            node.set_clock(0)
            await self.start(node)
        for repair in list(self.rotten.values()):
            await repair()
        self.note("everything is healed")

    # For the kinds

    def note(self, what: str) -> None:
        self.cluster.trace.note("nemesis", what)

    def length(self) -> float:
        """Seconds that the next fault lasts."""
        return self.rng.expovariate(1 / self.plan.length)

    def some_node(self, *, brokers_only: bool = False) -> Node | None:
        """One that runs and to which nothing else happens."""
        among = self.cluster.brokers if brokers_only else self.cluster.nodes
        free = [node for node in among if node.id not in self.busy and node.wants_to_run]
        return self.rng.choice(free) if free else None

    async def start(self, node: Node) -> None:
        """Begin a new life, unless the node is alive."""
        if node.ended.is_set():
            self.note(f"{node} starts")
            node.start()

    async def recover_hosts(self, nodes: list[Node]) -> None:
        """They have power again. Nodes that are to run do not do so yet."""
        for node in nodes:
            del self.off[node.id]
            node.recover_host()
        if self.lost_power:
            self.lost_power = False
            self._are_forgotten = trio.Event()
            await trio.sleep(_AFTER_RESET)
            if not self.plan.synced:
                self.on_loss()
            self._are_forgotten.set()

    def cut_off_again(self) -> None:
        """Routes were healed: those to machines without power are not."""
        for node in self.off.values():
            for route in self.cluster.routes([node.host], self.cluster.hosts):
                route.cut()

    def mend_disks(self, node: Node) -> bool:
        """Whether a disk of the node failed. The process that met it is of no use any more."""
        broken = [platter for platter in node.platters.values() if platter.failing is not None]
        for platter in broken:
            platter.failing = None
        if broken:
            self.note(f"{node}'s disks work again")
        return bool(broken)

    # What may be done

    def may_lose(self, node: Node) -> bool:
        """Whether nothing that is acknowledged is on this host alone: controllers sync before they answer, and brokers
        if they are configured so. Else all brokers must be there and in sync. That is not enough where one member of
        the ISR may be alone in it: the others may leave it before anybody notices that this one is gone.
        """
        if node.is_controller:
            return True
        limited = not self.rotten and (self.plan.synced or (not self.plan.lonely and self.all_in_sync()))
        return limited or self._overstep()

    def may_replace(self, node: Node) -> bool:
        """Whether everything on this broker's disks may go, synced or not."""
        limited = not self.rotten and not self.plan.lonely and self.all_in_sync()
        return limited or self._overstep()

    def may_damage(self, node: Node) -> bool:
        """Whether records may be spoilt on this broker: what is spoilt must be whole elsewhere until it is repaired."""
        return not self.rotten and not self.plan.lonely and self.all_in_sync()

    def _overstep(self) -> bool:
        """Do what nothing is promised for, if faults are not limited."""
        if self.plan.unlimited:
            self._on_doubt()
        return self.plan.unlimited

    def may_crash(self, node: Node) -> bool:
        """A broker's crash is an unclean shutdown, which the controllers take for a loss of records. As with Kafka,
        records are lost when that happens to all replicas before one that really lost them has got them back.
        """
        if node.is_controller or node.id in self.rotten:
            return True
        if not self.rotten and self.all_in_sync():
            self.weak = None
        return (not self.rotten and self.weak in (None, node)) or self._overstep()

    def all_in_sync(self) -> bool:
        """Whether all brokers are there, and in sync with all that they hold."""
        if not self.cluster.is_ready() or any(node.id in self.busy for node in self.cluster.brokers):
            return False
        return all(
            set(partition.isr) == set(partition.replicas)
            for topic in self.cluster.newest_image.topics.by_id.values()
            for partition in topic.partitions.values()
        )

    async def until_in_sync(self, node: Node) -> None:
        """Wait until all others hold what this broker holds. Violation if that takes too long in good weather."""
        limit = trio.current_time() + _REPAIR_SECONDS
        while node.id in self.busy or not self.all_in_sync():
            if self._scope.cancel_called and trio.current_time() > limit:
                raise Violation(f"{node} cannot be repaired: after {_REPAIR_SECONDS:g} s not all replicas are in sync")
            if not self._scope.cancel_called:
                limit = trio.current_time() + _REPAIR_SECONDS
            await trio.sleep(_POLL_SECONDS)
