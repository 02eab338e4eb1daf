"""The nodes of a simulated cluster: the daemons' own code, on a network, disks and clocks of the simulation's."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, ExitStack, nullcontext
from functools import partial
from typing import Any, TypeVar

import structlog
import trio
from tests.simulation import scheduler
from tests.simulation.disk import Loss, Platter, SimulatedDisk, SimulatedFile
from tests.simulation.pauses import HOST, Pauses
from tests.simulation.trace import Trace

from barnabas.broker.process import BrokerHandle, run_broker
from barnabas.controller.process import ControllerHandle, run_controller
from barnabas.net.memory import MemoryNetwork, MemoryTransport
from barnabas.raft.voters import Endpoint, ReplicaKey, Voter, VoterSet
from barnabas.server.environment import Environment
from barnabas.server.failure import NodeFailure
from barnabas.server.format import format_directory, log_directories
from barnabas.server.process import StopRequest
from barnabas.server.settings import Settings

T = TypeVar("T")

CLUSTER_ID = "bDC8Gy2QRtynCQ3fi7bZ3g"
CONTROLLER_PORT = 9093
BROKER_PORT = 9092
FIRST_CONTROLLER = 101
START_MS = 1_750_000_000_000
DIRECTORY = "/disk"

_SLOWEST = 5.0
"""Seconds that one thing takes at most, so that what began in a bad time ends soon after it."""


class Violation(AssertionError):
    """An invariant does not hold."""


class Weather:
    """How quick network and disks are now: by which factor slower than in good weather, everywhere or on one host.

    Where several factors hold, the largest counts.
    """

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self.network_slowness = 1.0
        self.disk_slowness = 1.0
        self.slowest_work = _SLOWEST
        """Seconds that something takes at most which waits for the disk."""
        self.slow_hosts: dict[str, float] = {}
        """Hosts that are slow by themselves, network and disk alike."""

    def clear_up(self) -> None:
        self.network_slowness = self.disk_slowness = 1.0
        self.slow_hosts.clear()

    def latency(self, source: str, target: str) -> float:
        """Seconds: mostly half a millisecond, now and then much more."""
        slowness = max(self.network_slowness, self.slow_hosts.get(source, 1.0), self.slow_hosts.get(target, 1.0))
        return min((0.0002 + 0.0003 * self._rng.paretovariate(1.5)) * slowness, _SLOWEST)

    def work(self, host: str) -> float:
        """Seconds that something takes which waits for the disk."""
        slowness = max(self.disk_slowness, self.slow_hosts.get(host, 1.0))
        return min((0.0003 + 0.0005 * self._rng.paretovariate(1.2)) * slowness, self.slowest_work)


class Node:
    """One host with one node on it, which is alive from time to time."""

    def __init__(self, cluster: Cluster, node_id: int, settings: Settings, *, host: str = "") -> None:
        """`host`: another one than that of its id."""
        self.cluster = cluster
        self.id = node_id
        self.settings = settings
        self.is_controller = node_id >= FIRST_CONTROLLER
        self.host = host or host_of(node_id)
        self._rng = random.Random(f"{cluster.seed}/{self.host}")
        self.platters = {path: Platter(self._rng) for path in log_directories(settings)}
        """Its disks, by the log directory that each is mounted at; the first holds the metadata log."""
        self.lives = 0
        self.handle: Any = None
        """Set while the node runs."""
        self.wants_to_run = False
        self.may_fail = False
        """Whether it may end by itself now: its disk was made to fail."""
        self.damaged: set[str] = set()
        """Folders of partitions in which records are not what was written."""
        self._clock: tuple[float, int, float] = (0.0, 0, 0.0)
        """From when on the wall clock is off, by how many ms, and by how many more in each ms."""
        self.left: list[str] = []
        """What was open when its last life had ended in order, and is closed by now."""
        self._disks = self._mount()
        self._network = cluster.network.at(self.host)
        self._scope = trio.CancelScope()
        self._stop = StopRequest()
        self.ended = trio.Event()
        self.ended.set()

    def __str__(self) -> str:
        return self.host

    def set_clock(self, offset_ms: int, drift: float = 0.0) -> None:
        """The wall clock is off by so many ms, and by `drift` more in each ms from now on."""
        self._clock = (trio.current_time(), offset_ms, drift)

    @property
    def clock_offset_ms(self) -> int:
        """By how much the wall clock is off now."""
        since, offset_ms, drift = self._clock
        return offset_ms + int((trio.current_time() - since) * 1000 * drift) if drift else offset_ms

    def _mount(self) -> dict[str, SimulatedDisk]:
        return {path: SimulatedDisk(platter, path) for path, platter in self.platters.items()}

    def format(self, voters: VoterSet | None) -> None:
        """For a new cluster with these voters, or, without them, for one that is there; what is formatted stays."""
        format_directory(
            self.settings,
            cluster_id=CLUSTER_ID,
            new_uuid=lambda: self._rng.randbytes(16),
            initial_controllers=voters if self.is_controller else None,
            no_initial_controllers=self.is_controller and voters is None,
            ignore_formatted=True,
            disk=self._disks.__getitem__,
        )
        for disk in self._disks.values():
            disk.sync()

    def replace_disks(self, *paths: str) -> None:
        """These are new, formatted for a cluster that is there. For a node that does not run."""
        self.platters.update((path, Platter(self._rng)) for path in paths)
        self._disks = self._mount()
        self.format(None)

    def sound_disks(self) -> AbstractContextManager[object]:
        """Whoever looks from outside meets no failure meanwhile."""
        failing = [platter for platter in self.platters.values() if platter.failing is not None]
        if not failing:
            return nullcontext()
        stack = ExitStack()
        for platter in failing:
            stack.enter_context(platter.sound())
        return stack

    def start(self) -> None:
        """Begin a new life, in a process of its own."""
        assert self.ended.is_set(), f"{self} is still alive"
        self.lives += 1
        self.wants_to_run = True
        self._disks = self._mount()
        self._network = self.cluster.network.at(self.host)
        self._scope, self._stop, self.ended = trio.CancelScope(), StopRequest(), trio.Event()
        self.cluster.nursery.start_soon(self._run)

    async def _run(self) -> None:
        structlog.contextvars.bind_contextvars(node=self.host)
        HOST.set(self.host)
        environment = self._environment(self._network, self._disks, self._rng.getrandbits(64))
        run: Callable[..., Any] = run_controller if self.is_controller else run_broker
        scope, network, disks = self._scope, self._network, self._disks
        in_order = False
        try:
            with scope:
                async with trio.open_nursery() as nursery:
                    self.handle = await nursery.start(
                        partial(run, self.settings, environment=environment, stop=self._stop)
                    )
            in_order = not scope.cancel_called
        except* NodeFailure as group:
            if not scope.cancel_called and not self.may_fail:
                raise Violation(f"{self} ended by itself: {group.exceptions[0]}") from group
            self.cluster.trace.note(self.host, f"ended: {group.exceptions[0]}")
        except* Exception as group:
            if not scope.cancel_called:  # a process that is dead may say what it likes
                raise
            self.cluster.trace.note(self.host, f"ended: {group.exceptions[0]}")
        finally:
            self.handle = None
            self.left = [*_open(network), *_locked(disks), *_open_files(disks)] if in_order else []
            network.die()
            for disk in disks.values():
                disk.die()
            self.ended.set()

    def _environment(self, network: MemoryNetwork, disks: dict[str, SimulatedDisk], seed: int) -> Environment:
        return Environment(
            network=network,
            disk=disks.__getitem__,
            clock_ms=lambda: START_MS + self.clock_offset_ms + int(trio.current_time() * 1000),
            random=random.Random(seed),
            threads=self.cluster.in_no_thread,
        )

    async def start_again(self) -> str:
        """Start a second process on the same host and directories, which ends by itself; what it says then."""
        disks, network = self._mount(), self.cluster.network.at(self.host)
        run: Callable[..., Any] = run_controller if self.is_controller else run_broker
        try:
            await run(self.settings, environment=self._environment(network, disks, self.id))
        except NodeFailure as failure:
            return str(failure)
        finally:
            network.die()
            for disk in disks.values():
                disk.die()
        return "it was stopped"

    async def kill(self) -> None:
        """The process dies where it stands; what it wrote stays written."""
        self.wants_to_run = False
        self._die()
        self.cluster.pauses.resume(self.host)
        await self.ended.wait()

    def _die(self) -> None:
        """At once; the step that the process is in goes on to its end, and what it believes then counts no more."""
        self.handle = None
        for disk in self._disks.values():
            disk.die()
        self._network.die()
        self._scope.cancel()

    def die_after(self, changes: int, amid: str = "") -> None:
        """The process dies, as by `kill`, when it has changed something on its disks so many times more; `amid`: while
        the name of some file there ends so.
        """
        self.wants_to_run = False
        left = changes

        def changed(platter: Platter) -> None:
            nonlocal left
            left -= not amid or platter.has_name(amid)
            if left < 0:
                self._die()

        for disk in self._disks.values():
            disk.on_change = partial(changed, disk.platter)

    async def crash_host(self, rng: random.Random, loss: Loss = Loss.LATEST) -> None:
        """The machine loses its power. Nobody hears of it until it is back: `recover_host`."""
        for route in self._routes():
            route.cut()
        await self.kill()
        self.lose_unsynced(rng, loss)

    def lose_unsynced(self, rng: random.Random, loss: Loss) -> None:
        """Of what was not synced, some is not on the disks. For a node that does not run."""
        for platter in self.platters.values():
            platter.crash(rng, loss)

    def recover_host(self) -> None:
        """The machine is back, without a process, and does not know the connections it had."""
        self._network.reset()
        for route in self._routes():
            route.heal()

    def _routes(self) -> Iterable[Any]:
        return self.cluster.routes([self.host], self.cluster.hosts)

    async def stop(self) -> None:
        """Ask the node to end in order, and wait until it has."""
        self.wants_to_run = False
        self._stop.request("the simulation wants it")
        await self.ended.wait()
        if self.left:
            raise Violation(f"{self} has ended, and left {', '.join(self.left[:5])}")

    @property
    def open_files(self) -> list[SimulatedFile]:
        """What it has open."""
        return [file for disk in self._disks.values() for file in disk.open_files]

    @property
    def connections(self) -> list[MemoryTransport]:
        """Its ends of those that it has."""
        return self._network.transports

    def lose_connection(self, rng: random.Random) -> None:
        """One of those that it has."""
        if transports := self.connections:
            rng.choice(transports).abort()


class Cluster:
    """All nodes, formatted, and not yet started. `nursery` holds their lives."""

    def __init__(
        self,
        seed: int,
        nursery: trio.Nursery,
        trace: Trace,
        *,
        controllers: int,
        brokers: int,
        clients: int,
        settings: dict[str, object],
        directories: int = 1,
        capacity: int = 65536,
    ) -> None:
        """`directories`: of each broker. `capacity`: bytes on their way in each direction of a connection, at most."""
        self.seed = seed
        self.nursery = nursery
        self.trace = trace
        self.pauses = Pauses()
        self._newest_image: Any = None
        self.weather = Weather(random.Random(f"{seed}/weather"))
        self.network = MemoryNetwork(
            "nowhere",
            capacity=capacity,
            latency_of=self.weather.latency,
            observe=trace.sent,
            alarm=scheduler.alarm,
        )
        controller_ids = range(FIRST_CONTROLLER, FIRST_CONTROLLER + controllers)
        self._bootstrap = [f"{host_of(each)}:{CONTROLLER_PORT}" for each in controller_ids]
        self._common = settings
        self.controllers = [self._node(each, directories=1) for each in controller_ids]
        self.brokers = [self._node(each, directories=directories) for each in range(1, brokers + 1)]
        self.nodes = [*self.controllers, *self.brokers]
        self.hosts = [node.host for node in self.nodes] + [f"client-{each}" for each in range(clients)]
        rng = random.Random(f"{seed}/format")
        voters = VoterSet(
            tuple(
                Voter(ReplicaKey(node.id, rng.randbytes(16)), (Endpoint("CONTROLLER", node.host, CONTROLLER_PORT),))
                for node in self.controllers
            )
        )
        for node in self.nodes:
            node.format(voters)

    def _node(self, node_id: int, *, directories: int) -> Node:
        is_controller = node_id >= FIRST_CONTROLLER
        name, port = ("CONTROLLER", CONTROLLER_PORT) if is_controller else ("PLAINTEXT", BROKER_PORT)
        given: dict[str, object] = {
            "process.roles": ["controller" if is_controller else "broker"],
            "node.id": node_id,
            "controller.listener.names": ["CONTROLLER"],
            "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
            "listeners": [f"{name}://{host_of(node_id)}:{port}"],
            "log.dirs": [DIRECTORY, *(f"{DIRECTORY}{number}" for number in range(2, directories + 1))],
            "controller.quorum.bootstrap.servers": self._bootstrap,
        }
        if not is_controller:
            given["broker.rack"] = rack_of(node_id)
        return Node(self, node_id, Settings.of({**given, **self._common}))

    @property
    def bootstrap(self) -> str:
        """For clients."""
        return ",".join(f"{node.host}:{BROKER_PORT}" for node in self.brokers)

    async def in_no_thread(self, work: Callable[[], T], /) -> T:
        """Takes a while, and is not interrupted by being cancelled; other tasks go on meanwhile."""
        await scheduler.alarm().sleep(self.weather.work(HOST.get()))
        return work()

    def routes(self, some: Iterable[str], others: Iterable[str], *, both_ways: bool = True) -> list[Any]:
        """The ways from some hosts to others."""
        pairs = [(one, other) for one in some for other in others if one != other]
        there = [self.network.route(one, other) for one, other in pairs]
        return there + [self.network.route(other, one) for one, other in pairs] if both_ways else there

    def start(self) -> None:
        for node in self.nodes:
            node.start()

    def active_controller(self) -> Node | None:
        """The one that leads the quorum in the latest epoch."""
        leading = [node for node in self.controllers if node.handle is not None and quorum_of(node).is_leader]
        return max(leading, key=lambda node: quorum_of(node).epoch, default=None)

    @property
    def newest_image(self) -> Any:
        """Of what is known to be committed, the latest that was ever seen: who does not know it yet is behind."""
        for node in self.nodes:
            if node.handle is not None:
                image = committed_image_of(node) if node.is_controller else image_of(node)
                if self._newest_image is None or image.offset > self._newest_image.offset:
                    self._newest_image = image
        return self._newest_image

    def is_ready(self) -> bool:
        return all(node.handle is not None and node.handle.ready() for node in self.nodes)


def _open(network: MemoryNetwork) -> Iterable[str]:
    """A process's connections that it has not closed."""
    return (f"a connection to {each.peer}" for each in network.transports if not each.is_closed)


def _locked(disks: dict[str, SimulatedDisk]) -> Iterable[str]:
    return (f"the lock of {directory}" for directory, disk in disks.items() if disk.locked)


def _open_files(disks: dict[str, SimulatedDisk]) -> Iterable[str]:
    return (f"the file {disk.directory}/{file.path}" for disk in disks.values() for file in disk.open_files)


def host_of(node_id: int) -> str:
    return f"controller-{node_id}" if node_id >= FIRST_CONTROLLER else f"broker-{node_id}"


def rack_of(broker_id: int) -> str:
    """Every broker has a rack of its own, so that a reader can choose its replica."""
    return f"rack-{broker_id}"


# What a running node is made of. Tests alone look so deep, and here alone.


def quorum_of(node: Node) -> Any:
    """A controller's `Quorum`."""
    handle: ControllerHandle = node.handle
    return handle.status.__self__._quorum  # type: ignore[attr-defined]


def committed_image_of(node: Node) -> Any:
    """A controller's `MetadataImage` of what is committed."""
    handle: ControllerHandle = node.handle
    return handle.status.__self__.image  # type: ignore[attr-defined]


def deciding_image_of(node: Node) -> Any:
    """A controller's newest `MetadataImage`, with what it has decided and is not committed yet."""
    handle: ControllerHandle = node.handle
    return handle.status.__self__._driver.controller.image  # type: ignore[attr-defined]


def replicas_of(node: Node) -> Any:
    """A broker's `ReplicaManager`."""
    handle: BrokerHandle = node.handle
    return handle.status.__self__._replicas  # type: ignore[attr-defined]


def metadata_log_of(node: Node) -> Any:
    """The `PartitionLog` of the metadata."""
    quorum = quorum_of(node) if node.is_controller else _broker_of(node)._quorum
    return quorum._log._log


def image_of(node: Node) -> Any:
    """A broker's `MetadataImage`."""
    handle: BrokerHandle = node.handle
    return handle.status.__self__._cache.image  # type: ignore[attr-defined]


def groups_of(node: Node) -> Any:
    """A broker's `Coordinators` of groups."""
    return _broker_of(node)._groups


def transactions_of(node: Node) -> Any:
    """A broker's `Coordinators` of transactions."""
    return _broker_of(node)._transactions.coordinators


def _broker_of(node: Node) -> Any:
    handle: BrokerHandle = node.handle
    return handle.ready.__closure__[0].cell_contents  # type: ignore[attr-defined]
