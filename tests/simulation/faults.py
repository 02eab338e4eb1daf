"""What goes wrong, drawn from the seed: which kinds at all, when, to whom, how long."""

from __future__ import annotations

import errno
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import trio
from tests.simulation.cluster import Cluster, Node, committed_image_of

KINDS = (
    "process crash",
    "host crash",
    "everything restarts",
    "orderly stop",
    "partition",
    "one-way partition",
    "lost connections",
    "slow network",
    "slow disks",
    "failing disk",
    "clock jump",
)
_HOUR_MS = 3_600_000


@dataclass(frozen=True, slots=True)
class Plan:
    """Which faults there are, and seconds: between two of them, and for how long each, on average."""

    kinds: tuple[str, ...]
    pause: float
    length: float
    synced: bool
    """Whether what is acknowledged is on disk: then any host may crash at any time."""

    @classmethod
    def drawn(cls, rng: random.Random, *, synced: bool) -> Plan:
        kinds = tuple(kind for kind in KINDS if rng.random() < 0.5) or (rng.choice(KINDS),)
        return cls(kinds, pause=rng.choice([0.5, 2.0, 5.0]), length=rng.choice([0.5, 3.0, 12.0]), synced=synced)


class Nemesis:
    """Does it to a cluster, until `heal`."""

    def __init__(self, cluster: Cluster, plan: Plan) -> None:
        self.counts: Counter[str] = Counter()
        """How often each kind happened."""
        self._cluster = cluster
        self._plan = plan
        self._rng = random.Random(f"{cluster.seed}/nemesis")
        self._scope = trio.CancelScope()
        self._busy: set[int] = set()
        self._cut: list[Sequence[object]] = []
        self._off: dict[int, Node] = {}
        self._weak: Node | None = None
        """A broker that may have lost records which the others have."""

    async def run(self) -> None:
        does = {
            "process crash": self._crash_process,
            "host crash": self._crash_host,
            "everything restarts": self._restart_everything,
            "orderly stop": self._stop,
            "partition": self._partition,
            "one-way partition": self._partition_one_way,
            "lost connections": self._lose_connections,
            "slow network": self._slow_network,
            "slow disks": self._slow_disks,
            "failing disk": self._fail_disk,
            "clock jump": self._jump_clock,
        }
        with self._scope:
            async with trio.open_nursery() as nursery:
                while True:
                    await trio.sleep(self._rng.expovariate(1 / self._plan.pause))
                    kind = self._rng.choice(self._plan.kinds)
                    nursery.start_soon(self._do, kind, does[kind])

    async def _do(self, kind: str, fault: Callable[[], Awaitable[None]]) -> None:
        self.counts[kind] += 1
        await fault()

    async def heal(self) -> None:
        """No more faults; what they broke is mended, and every node runs."""
        self._scope.cancel()
        cluster = self._cluster
        for node in cluster.nodes:
            if node.platter.failing is not None:
                self._mend_disk(node)
                await node.kill()
            elif not node.wants_to_run:
                await node.ended.wait()
            if node.id in self._off:
                del self._off[node.id]
                node.recover_host()
        for route in cluster.routes(cluster.hosts, cluster.hosts, both_ways=False):
            route.heal()
        cluster.weather.network_slowness = cluster.weather.disk_slowness = 1.0
        for node in cluster.nodes:
            node.clock_offset_ms = 0
            await self._start(node)
        self._note("everything is healed")

    def _note(self, what: str) -> None:
        self._cluster.trace.note("nemesis", what)

    def _length(self) -> float:
        return self._rng.expovariate(1 / self._plan.length)

    def _some_node(self) -> Node | None:
        """One that runs and to which nothing else happens."""
        free = [node for node in self._cluster.nodes if node.id not in self._busy and node.wants_to_run]
        return self._rng.choice(free) if free else None

    async def _start(self, node: Node) -> None:
        if node.ended.is_set():
            self._note(f"{node} starts")
            node.start()

    # Nodes

    async def _crash_process(self) -> None:
        node = self._some_node()
        if node is not None and self._may_crash(node):
            await self._crash(node)

    async def _crash(self, node: Node) -> None:
        self._busy.add(node.id)
        try:
            self._note(f"{node} is killed")
            await node.kill()
            await trio.sleep(self._length())
            await self._start(node)
        finally:
            self._busy.discard(node.id)

    async def _crash_host(self) -> None:
        node = self._some_node()
        if node is None or not self._may_lose(node):
            return
        self._busy.add(node.id)
        try:
            self._note(f"{node}'s host crashes")
            self._off[node.id] = node
            if not (node.is_controller or self._plan.synced):
                self._weak = node
            with trio.CancelScope(shield=True):
                await node.crash_host(self._rng)
            await trio.sleep(self._length())
            del self._off[node.id]
            node.recover_host()
            await self._start(node)
        finally:
            self._busy.discard(node.id)

    def _may_lose(self, node: Node) -> bool:
        """Whether nothing that is acknowledged is on this host alone: controllers sync before they answer, and brokers
        if they are configured so. Else all brokers must be there and in sync.
        """
        return node.is_controller or self._plan.synced or self._all_in_sync()

    def _may_crash(self, node: Node) -> bool:
        """A broker's crash is an unclean shutdown, which the controllers take for a loss of records. As with Kafka,
        records are lost when that happens to all replicas before one that really lost them has got them back.
        """
        if node.is_controller or self._weak in (None, node):
            return True
        if self._all_in_sync():
            self._weak = None
        return self._weak is None

    def _all_in_sync(self) -> bool:
        active = self._cluster.active_controller()
        if (
            active is None
            or not self._cluster.is_ready()
            or any(node.id in self._busy for node in self._cluster.brokers)
        ):
            return False
        topics = committed_image_of(active).topics.by_id.values()
        return all(
            set(partition.isr) == set(partition.replicas) for topic in topics for partition in topic.partitions.values()
        )

    async def _restart_everything(self) -> None:
        nodes = [
            node
            for node in self._cluster.nodes
            if node.id not in self._busy and node.wants_to_run and self._may_crash(node)
        ]
        async with trio.open_nursery() as nursery:
            for node in nodes:
                nursery.start_soon(self._crash, node)

    async def _stop(self) -> None:
        node = self._some_node()
        if node is None:
            return
        self._busy.add(node.id)
        try:
            self._note(f"{node} is asked to stop")
            await node.stop()
            await trio.sleep(self._length())
            await self._start(node)
        finally:
            self._busy.discard(node.id)

    # The network

    async def _partition(self) -> None:
        await self._cut_off(both_ways=True)

    async def _partition_one_way(self) -> None:
        await self._cut_off(both_ways=False)

    async def _cut_off(self, *, both_ways: bool) -> None:
        hosts = self._cluster.hosts
        some = self._rng.sample(hosts, self._rng.randint(1, len(hosts) // 2))
        others = [host for host in hosts if host not in some]
        if self._rng.random() < 0.3:
            others = self._rng.sample(others, 1)
        routes = self._cluster.routes(some, others, both_ways=both_ways)
        self._note(f"{some} {'and' if both_ways else 'to'} {others} are cut")
        for route in routes:
            route.cut()
        await trio.sleep(self._length())
        off = {node.host for node in self._off.values()}
        for route in routes:
            route.heal()
        self._note(f"{some} and {others} are healed")
        for host in off:
            for route in self._cluster.routes([host], hosts):
                route.cut()

    async def _lose_connections(self) -> None:
        node = self._some_node()
        if node is not None:
            self._note(f"{node} loses connections")
            for _ in range(self._rng.randint(1, 4)):
                node.lose_connection(self._rng)

    async def _slow_network(self) -> None:
        self._cluster.weather.network_slowness = self._rng.choice([10.0, 100.0, 400.0])
        self._note("the network is slow")
        await trio.sleep(self._length())
        self._cluster.weather.network_slowness = 1.0

    # Machines

    async def _slow_disks(self) -> None:
        self._cluster.weather.disk_slowness = self._rng.choice([10.0, 100.0, 1000.0])
        self._note("the disks are slow")
        await trio.sleep(self._length())
        self._cluster.weather.disk_slowness = 1.0

    async def _fail_disk(self) -> None:
        node = self._some_node()
        if node is None or not self._may_crash(node):
            return
        self._busy.add(node.id)
        try:
            node.platter.failing = self._rng.choice([errno.EIO, errno.ENOSPC])
            node.may_fail = True
            self._note(f"{node}'s disk fails")
            await trio.sleep(self._length())
            self._mend_disk(node)
            await node.kill()
            node.may_fail = False
            await self._start(node)
        finally:
            self._busy.discard(node.id)

    def _mend_disk(self, node: Node) -> None:
        node.platter.failing = None
        self._note(f"{node}'s disk works again")

    async def _jump_clock(self) -> None:
        node = self._rng.choice(self._cluster.nodes)
        node.clock_offset_ms = self._rng.randint(-12 * _HOUR_MS, 12 * _HOUR_MS)
        self._note(f"{node}'s clock is off by {node.clock_offset_ms} ms")
