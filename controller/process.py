"""The controller: its parts put together, and the order in which it starts and stops.

    start   lock and check the log directory; bind the listeners; open the metadata log; take part in the quorum; serve
            -> ready once a leader is known and everything committed is replayed -> register with the active controller
    stop    give up the lead, and let the others know -> read no more requests -> answer what waits -> close the log

Being cancelled is the controller's death: what matters is on disk already. No state is global, so any number of nodes
can live in one event loop.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

import trio

from barnabas.controller.controller import Controller
from barnabas.controller.driver import ControllerDriver
from barnabas.controller.metrics import ControllerStatus, add_controller_metrics, add_quorum_metrics
from barnabas.controller.registration import ControllerIdentity, register
from barnabas.controller.requests import ControllerRequests
from barnabas.controller.settings import controller_config
from barnabas.metadata.features import KRAFT_VERSION, SUPPORTED
from barnabas.raft import voters
from barnabas.raft.config import Identity
from barnabas.raft.voters import ReplicaKey
from barnabas.server.dispatch import ApiTable, Features
from barnabas.server.endpoints import Endpoint, http_address
from barnabas.server.environment import Environment
from barnabas.server.failure import NodeFailure
from barnabas.server.format import controller_listener, log_directories
from barnabas.server.listener import Server
from barnabas.server.logging import get_logger
from barnabas.server.metadata_log import MetadataLog
from barnabas.server.metrics import Histogram, Metrics, add_server_metrics
from barnabas.server.process import StopRequest
from barnabas.server.quorum import CommittedBatch, LeaderInfo, Quorum
from barnabas.server.quorum_config import bootstrap_servers, metadata_log_config, raft_config
from barnabas.server.quorum_handlers import QuorumHandlers
from barnabas.server.settings import Settings
from barnabas.server.timers import Timers
from barnabas.storage.checkpoint import META_PROPERTIES, CorruptCheckpoint, MetaProperties
from barnabas.storage.disk import DirectoryLocked, StorageError
from barnabas.storage.log_directory import LogDirectory, WrongDirectory

if TYPE_CHECKING:
    from barnabas.server.http import HttpServer

log = get_logger(__name__)

_DRAIN_SECONDS: Final = 0.5
_HANDOVER_SECONDS: Final = 0.5


@dataclass(frozen=True, slots=True)
class ControllerHandle:
    """A controller that takes part in the quorum.

    `ready` tells whether a leader is known and all is replayed; `wait_ready` waits until that was so once.
    """

    node_id: int
    cluster_id: str
    listeners: list[Endpoint]
    """As advertised."""
    http_port: int | None
    ready: Callable[[], bool]
    wait_ready: Callable[[], Awaitable[None]]
    status: Callable[[], Mapping[str, object]]


async def run_controller(
    settings: Settings,
    *,
    environment: Environment | None = None,
    stop: StopRequest | None = None,
    metrics: Metrics | None = None,
    task_status: trio.TaskStatus[ControllerHandle] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Runs a controller until `stop` is requested, or for ever.

    Raises SettingsError and NodeFailure when it cannot start, and what makes it impossible to go on.
    """
    environment = environment or Environment()
    directory, owner = await environment.threads(partial(_open_directory, settings, environment))
    try:
        controller = _ControllerNode(settings, environment, directory, owner, metrics or Metrics())
        await controller.run(stop or StopRequest(), task_status)
    finally:
        directory.close(None)


def _open_directory(settings: Settings, environment: Environment) -> tuple[LogDirectory, MetaProperties]:
    """Locks the directory of the metadata log and checks whose it is. Waits for the disk."""
    directory = LogDirectory(environment.disk(log_directories(settings)[0]))
    try:
        directory.open(None, settings.int("node.id"))
        data = directory.disk.read_file(META_PROPERTIES) if directory.offline is None else None
        if data is not None:
            return directory, MetaProperties.from_file(data)
        reason = f"{directory.path} cannot be used: {directory.offline}"
    except (CorruptCheckpoint, DirectoryLocked, WrongDirectory, StorageError) as error:
        reason = str(error)
    directory.close(None)
    raise NodeFailure(reason)


class _ControllerNode:
    """The parts of one controller."""

    def __init__(
        self,
        settings: Settings,
        environment: Environment,
        directory: LogDirectory,
        owner: MetaProperties,
        metrics: Metrics,
    ) -> None:
        self._settings = settings
        self._environment = environment
        self._directory = directory
        self._owner = owner
        self._metrics = metrics
        self._timers = Timers()
        self._table = ApiTable(self._features)
        self._server = Server(environment.network, settings, self._table, self._timers)
        self._commits = Histogram()
        self._ready = trio.Event()
        self._quorum: Quorum
        self._driver: ControllerDriver
        self._status: ControllerStatus

    async def run(self, stop: StopRequest, task_status: trio.TaskStatus[ControllerHandle]) -> None:
        """From binding the listeners to the orderly end."""
        await self._server.bind()
        http = await self._bind_http()
        try:
            metadata_log = await self._environment.threads(
                partial(
                    MetadataLog.open,
                    self._directory.disk,
                    metadata_log_config(self._settings),
                    self._environment.clock_ms(),
                )
            )
        except StorageError as error:
            raise NodeFailure(f"cannot open the metadata log: {error}") from None
        for note in metadata_log.notes:
            log.warning("metadata log repaired", note=note)
        self._assemble(metadata_log)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._timers.run)
            await nursery.start(self._quorum.run)
            nursery.start_soon(self._server.serve)
            if http is not None:
                nursery.start_soon(http.serve)
            nursery.start_soon(self._register)
            task_status.started(self._handle(http))
            await stop.wait()
            await self._stop()
            nursery.cancel_scope.cancel()

    def _assemble(self, metadata_log: MetadataLog) -> None:
        settings, environment, node_id = self._settings, self._environment, self._owner.node_id
        listener = controller_listener(settings)
        self._quorum = Quorum(
            identity=Identity(
                cluster_id=self._owner.cluster_id,
                key=ReplicaKey(node_id, self._owner.directory_id),
                listener=listener,
                endpoints=tuple(
                    voters.Endpoint(endpoint.name, endpoint.host, endpoint.port)
                    for endpoint in self._server.advertised
                    if endpoint.name == listener
                ),
                bootstrap=bootstrap_servers(settings, listener),
            ),
            config=raft_config(settings),
            log=metadata_log,
            network=environment.network,
            random=environment.random.random,
            clock_ms=environment.clock_ms,
            on_commit=self._on_commit,
            on_leader_change=self._on_leader_change,
            observe_commit=self._commits.observe,
            threads=environment.threads,
        )
        controller = Controller(
            controller_config(settings, self._owner.cluster_id),
            environment.random,
            lambda: environment.random.randbytes(16),
        )
        self._driver = ControllerDriver(controller, self._quorum, self._timers, metadata_log.bootstrap_records)
        self._status = ControllerStatus(self._driver, self._quorum)
        quorum_handlers = QuorumHandlers(self._quorum, environment.clock_ms)
        ControllerRequests(self._driver, self._leader_id, quorum_handlers.describe_quorum).register(self._table)
        quorum_handlers.register(self._table)
        add_server_metrics(self._metrics, self._table, self._server.statistics)
        add_controller_metrics(self._metrics, self._driver, self._status)
        add_quorum_metrics(self._metrics, self._quorum, self._commits)

    def _on_commit(self, batches: Sequence[CommittedBatch]) -> None:
        self._driver.on_commit(batches)
        if self._quorum.leader is not None and batches[-1].last_offset + 1 == self._quorum.high_watermark:
            self._ready.set()

    def _on_leader_change(self, leader: LeaderInfo | None, epoch: int) -> None:
        self._driver.on_leader_change(leader, epoch)
        if not self._status.missing():
            self._ready.set()

    async def _bind_http(self) -> HttpServer | None:
        address = http_address(self._settings)
        if address is None:
            return None
        from barnabas.server.http import HttpServer, node_pages

        pages = node_pages(self._metrics, lambda: self._status.missing(), lambda: self._status.status())
        http = HttpServer(self._environment.network, address, pages)
        await http.bind()
        return http

    async def _register(self) -> None:
        identity = ControllerIdentity(
            self._owner.node_id, self._environment.random.randbytes(16), self._server.advertised
        )
        await register(identity, self._driver, lambda: self._quorum.leader, self._environment.network)

    async def _stop(self) -> None:
        """Hands the lead over and answers what can be answered; takes no longer than is configured."""
        with trio.move_on_after(self._settings.seconds("barnabas.shutdown.timeout.ms")):
            if self._quorum.is_leader:
                self._quorum.resign()
                with trio.move_on_after(_HANDOVER_SECONDS):
                    await self._quorum.handed_over()
            await self._server.stop(_DRAIN_SECONDS)

    def _handle(self, http: HttpServer | None) -> ControllerHandle:
        return ControllerHandle(
            node_id=self._owner.node_id,
            cluster_id=self._owner.cluster_id,
            listeners=self._server.advertised,
            http_port=None if http is None else http.port,
            ready=lambda: not self._status.missing(),
            wait_ready=self._ready.wait,
            status=self._status.status,
        )

    def _leader_id(self) -> int:
        leader = self._quorum.leader
        return -1 if leader is None else leader.id

    def _features(self) -> Features:
        image = self._driver.controller.committed_image
        return Features(
            supported={name: (level.min_supported, level.max_supported) for name, level in SUPPORTED.items()},
            finalized=image.features.finalized if image.features.levels else {KRAFT_VERSION: 1},
            epoch=image.offset,
        )
