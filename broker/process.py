"""The broker: its parts put together, and the order in which it starts and stops.

    start   lock and check the log directories; bind the listeners; follow the metadata quorum; register
            -> the controller says that we have caught up -> open the logs, with the configuration that holds now
            -> apply the image: lead and follow -> serve -> ask to be unfenced -> ready
    stop    have leadership moved away -> read no more requests -> answer what waits -> make everything durable
            -> mark the shutdown as clean

A stop that takes too long, or has nobody to ask, skips what it cannot have (see `lifecycle.py`). Being cancelled is
the broker's death: nothing is marked as clean, and the next start recovers. No state is global, so any number of
nodes can live in one event loop.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

import trio

from barnabas.broker.alter_partition import AlterPartitionSender
from barnabas.broker.apis import BrokerParts, features, register_handlers, supported_features
from barnabas.broker.background import EventLoopBackground
from barnabas.broker.cleaner_statistics import add_cleaner_metrics
from barnabas.broker.config import cleaner_config, fetch_limits, housekeeping_config, replica_config
from barnabas.broker.config_view import ConfigView
from barnabas.broker.controller_channel import ControllerChannel, NodeAddress
from barnabas.broker.coordinator.coordinators import Coordinators
from barnabas.broker.coordinator.kinds import group_kind
from barnabas.broker.coordinator.statistics import GroupStatistics, add_coordinator_metrics, add_group_metrics
from barnabas.broker.fetcher_task import ReplicaFetchers
from barnabas.broker.forwarding import Forwarder
from barnabas.broker.heartbeats import BrokerIdentity, Heartbeats
from barnabas.broker.lifecycle import BrokerLifecycle, BrokerState
from barnabas.broker.log_cleaning import LogCleaner
from barnabas.broker.log_directories import LogDirectories
from barnabas.broker.log_housekeeping import LogHousekeeping
from barnabas.broker.log_loading import LogLoader, remove_leftovers
from barnabas.broker.lost_leaders import LostLeaders
from barnabas.broker.metadata_cache import MetadataCache
from barnabas.broker.metadata_loader import MetadataLoader, whole_image_delta
from barnabas.broker.metrics import BrokerStatus, add_broker_metrics
from barnabas.broker.peer_channels import PeerChannels
from barnabas.broker.producer_ids import ProducerIds
from barnabas.broker.replica_manager import ReplicaManager
from barnabas.broker.replica_statistics import add_replica_metrics
from barnabas.broker.transactions import Transactions
from barnabas.metadata.delta import MetadataDelta
from barnabas.metadata.image import MetadataImage
from barnabas.metadata.records import DIRECTORY_UNASSIGNED
from barnabas.raft.config import Identity
from barnabas.raft.voters import ReplicaKey
from barnabas.server.dispatch import ApiTable
from barnabas.server.endpoints import Endpoint, http_address, inter_broker_listener
from barnabas.server.environment import Environment
from barnabas.server.failure import NodeFailure, cause_of
from barnabas.server.format import controller_listener
from barnabas.server.listener import Server
from barnabas.server.logging import get_logger
from barnabas.server.metadata_log import MetadataLog
from barnabas.server.metrics import Metrics, add_server_metrics
from barnabas.server.process import StopRequest
from barnabas.server.quorum import Quorum
from barnabas.server.quorum_config import bootstrap_servers, metadata_log_config, raft_config
from barnabas.server.settings import Settings
from barnabas.server.timers import Timers
from barnabas.storage.disk import StorageError

if TYPE_CHECKING:
    from barnabas.server.http import HttpServer

log = get_logger(__name__)

_DRAIN_SECONDS: Final = 1.0
_LOST_LEADER_SECONDS: Final = 1.5
"""The controller elects others after its grace time, or after the first second of a new one that takes over."""


@dataclass(frozen=True, slots=True)
class BrokerHandle:
    """A broker that has bound its listeners. `ready` tells whether it serves; `wait_ready` waits until it does."""

    broker_id: int
    cluster_id: str
    listeners: list[Endpoint]
    """As advertised."""
    http_port: int | None
    ready: Callable[[], bool]
    wait_ready: Callable[[], Awaitable[None]]
    status: Callable[[], dict[str, object]]


async def run_broker(
    settings: Settings,
    *,
    environment: Environment | None = None,
    stop: StopRequest | None = None,
    metrics: Metrics | None = None,
    task_status: trio.TaskStatus[BrokerHandle] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Runs a broker until `stop` is requested, or for ever; `task_status` gets its handle once the listeners are bound.

    Raises SettingsError and NodeFailure when it cannot start, and what makes it impossible to go on.
    """
    environment = environment or Environment()
    directories = LogDirectories(settings, environment.disk)
    await environment.threads(directories.open)
    try:
        metadata_log = await environment.threads(
            partial(MetadataLog.open, directories.metadata_disk, metadata_log_config(settings), environment.clock_ms())
        )
        async with trio.open_nursery() as nursery:
            broker = Broker(settings, environment, directories, metadata_log, metrics or Metrics(), nursery)
            await broker.run(stop or StopRequest(), task_status)
            nursery.cancel_scope.cancel()
        await broker.make_durable()
    except (StorageError, ExceptionGroup) as error:
        cause = cause_of(error)
        raise (NodeFailure(str(cause)) if isinstance(cause, StorageError) else cause) from None
    finally:
        directories.release()


class Broker:
    """The parts of one broker, and its life. `nursery` holds all its tasks."""

    def __init__(
        self,
        settings: Settings,
        environment: Environment,
        directories: LogDirectories,
        metadata_log: MetadataLog,
        metrics: Metrics,
        nursery: trio.Nursery,
    ) -> None:
        self._settings = settings
        self._directories = directories
        self._environment = environment
        self._nursery = nursery
        self._metrics = metrics
        self._broker_id = settings.int("node.id")
        self._inter_broker_listener = inter_broker_listener(settings)
        self._timers = Timers()
        self._background = EventLoopBackground(nursery, environment.threads, at_once=settings.int("background.threads"))
        self._cache = MetadataCache()
        self._config_view = ConfigView(settings, self._broker_id, lambda: self._cache.image)
        self._quorum = self._make_quorum(metadata_log)
        self._lifecycle = BrokerLifecycle(
            heartbeat_interval=settings.seconds("broker.heartbeat.interval.ms"),
            registration_timeout=settings.seconds("initial.broker.registration.timeout.ms"),
            log_dir_failure_timeout=settings.seconds("log.dir.failure.timeout.ms"),
            previous_broker_epoch=directories.logs.previous_broker_epoch,
        )
        self._channel = self._make_channel("forwarding", settings.seconds("controller.socket.timeout.ms"))
        # Apart, because on a connection an answer waits for those before it; and impatient, because an ISR that does
        # not shrink holds produces up.
        self._isr_channel = self._make_channel("isr", settings.seconds("broker.session.timeout.ms") / 2)
        self._lost_leaders = LostLeaders(_LOST_LEADER_SECONDS, self._epoch_of)
        self._replicas = self._make_replicas()
        self._group_statistics = GroupStatistics()
        self._groups = Coordinators(
            group_kind(settings, lambda: self._cache.image, environment.random, self._group_statistics),
            self._replicas,
            spawn=nursery.start_soon,
            threads=environment.threads,
        )
        self._transactions = self._make_transactions()
        self._housekeeping = LogHousekeeping(self._replicas, housekeeping_config(settings))
        self._cleaner = LogCleaner(self._replicas, cleaner_config(settings), environment.threads)
        self._loader = LogLoader(
            directories.logs,
            self._config_view.log_config,
            lambda topic: self._cache.image.topics.ids.get(topic),
            lambda _, error: self._replicas.storage_failed(error),
            threads=environment.threads,
            threads_per_directory=settings.int("num.recovery.threads.per.data.dir"),
        )
        self._table = self._make_table()
        self._server = Server(environment.network, settings, self._table, self._timers)
        self._status = BrokerStatus(
            self._broker_id, self._lifecycle, self._cache, self._replicas, self._loader.progress, self._table
        )
        self._heartbeats: Heartbeats | None = None
        self._ready = trio.Event()

    # The parts

    def _make_quorum(self, metadata_log: MetadataLog) -> Quorum:
        settings, environment = self._settings, self._environment
        listener = controller_listener(settings)
        identity = Identity(
            cluster_id=self._directories.cluster_id,
            key=ReplicaKey(self._broker_id, self._directories.metadata_directory_id),
            listener=listener,
            bootstrap=bootstrap_servers(settings, listener),
        )
        return Quorum(
            identity=identity,
            config=raft_config(settings),
            log=metadata_log,
            network=environment.network,
            random=environment.random.random,
            clock_ms=environment.clock_ms,
            on_commit=MetadataLoader(self._cache).committed,
            on_leader_change=lambda leader, epoch: self._controller_moved(),
            threads=environment.threads,
        )

    def _epoch_of(self, broker_id: int) -> int | None:
        registration = self._cache.image.cluster.broker(broker_id)
        return None if registration is None else registration.epoch

    def _make_channel(self, name: str, request_timeout: float) -> ControllerChannel:
        return ControllerChannel(
            self._environment.network,
            self._controller,
            self._nursery,
            client_id=f"broker-{self._broker_id}-{name}",
            request_timeout=request_timeout,
        )

    def _make_replicas(self) -> ReplicaManager:
        settings, environment = self._settings, self._environment
        replicas = ReplicaManager(
            replica_config(settings),
            metadata=self._cache,
            logs=self._directories.logs,
            log_config=self._config_view.log_config,
            clock=trio.current_time,
            wall_clock_ms=environment.clock_ms,
            timers=self._timers,
            background=self._background,
            new_session_id=lambda: environment.random.randrange(1, 1 << 31),
            directory_failed=self._directory_failed,
        )
        self._alter_partition = AlterPartitionSender(
            self._isr_channel, self._broker_id, lambda: self._lifecycle.broker_epoch, replicas
        )
        replicas.isr_changes = self._alter_partition
        replicas.fetchers = self._fetchers = ReplicaFetchers(
            replicas,
            environment.network,
            self._nursery,
            address_of=self._broker_address,
            broker_epoch=lambda: self._lifecycle.broker_epoch,
            limits=fetch_limits(settings),
            lost_leaders=self._lost_leaders,
            request_timeout=settings.seconds("replica.socket.timeout.ms"),
        )
        return replicas

    def _make_transactions(self) -> Transactions:
        environment = self._environment
        peers = PeerChannels(
            environment.network,
            self._nursery,
            self._broker_address,
            client_id=f"broker-{self._broker_id}-transactions",
            request_timeout=self._settings.seconds("request.timeout.ms"),
        )
        producer_ids = ProducerIds(
            self._channel, self._broker_id, lambda: self._lifecycle.broker_epoch, self._nursery.start_soon
        )
        return Transactions(
            self._settings,
            self._cache,
            self._replicas,
            self._groups,
            peers,
            producer_ids,
            spawn=self._nursery.start_soon,
            threads=environment.threads,
        )

    def _make_table(self) -> ApiTable:
        table = ApiTable(features(self._cache))
        parts = BrokerParts(
            settings=self._settings,
            cluster_id=self._directories.cluster_id,
            cache=self._cache,
            config_view=self._config_view,
            replicas=self._replicas,
            forwarder=Forwarder(self._channel),
            groups=self._groups,
            transactions=self._transactions,
            lost_leaders=lambda: self._lost_leaders.at(trio.current_time()),
            rng=self._environment.random,
            spawn=self._nursery.start_soon,
        )
        register_handlers(table, parts)
        return table

    def _make_heartbeats(self) -> Heartbeats:
        """Once the ports are known."""
        directories = self._directories
        identity = BrokerIdentity(
            broker_id=self._broker_id,
            cluster_id=directories.cluster_id,
            incarnation_id=self._environment.random.randbytes(16),
            listeners=self._server.advertised,
            features=supported_features(),
            rack=self._settings.optional_str("broker.rack"),
            log_dirs=[directory.directory_id for directory in directories.logs.online],
        )
        return Heartbeats(
            self._lifecycle,
            identity,
            self._environment.network,
            self._controller,
            lambda: self._cache.image.offset,
            request_timeout=self._settings.seconds("broker.session.timeout.ms") / 2,
        )

    # Its life

    async def run(self, stop: StopRequest, task_status: trio.TaskStatus[BrokerHandle]) -> None:
        """From the first listener to the last answer."""
        try:
            await self._server.bind()
            await self._serve_until_stopped(stop, await self._bind_http(), task_status)
        finally:
            self._server.close()

    async def _serve_until_stopped(
        self, stop: StopRequest, http: HttpServer | None, task_status: trio.TaskStatus[BrokerHandle]
    ) -> None:
        nursery = self._nursery
        self._heartbeats = self._make_heartbeats()
        self._cache.subscribe(self._give_way)
        self._cache.subscribe(self._help_others_to_stop)
        self._cache.subscribe(self._say_when_caught_up)
        for task in (self._timers.run, self._background.run, self._alter_partition.run, self._quorum.run):
            nursery.start_soon(task)
        if http is not None:
            nursery.start_soon(http.serve)
        nursery.start_soon(self._start_up, self._heartbeats)
        nursery.start_soon(self._stop_when_asked, stop, self._heartbeats)
        handle = self._handle(http)
        log.info("broker starting", listeners=[str(each) for each in handle.listeners], http_port=handle.http_port)
        task_status.started(handle)
        await self._heartbeats.run()
        await self._shut_down()

    def _handle(self, http: HttpServer | None) -> BrokerHandle:
        return BrokerHandle(
            broker_id=self._broker_id,
            cluster_id=self._directories.cluster_id,
            listeners=list(self._server.advertised),
            http_port=None if http is None else http.port,
            ready=lambda: not self._status.missing(),
            wait_ready=self._ready.wait,
            status=self._status.status,
        )

    async def _bind_http(self) -> HttpServer | None:
        address = http_address(self._settings)
        add_server_metrics(self._metrics, self._table, self._server.statistics)
        add_replica_metrics(self._metrics, self._replicas)
        add_cleaner_metrics(self._metrics, self._cleaner)
        add_coordinator_metrics(self._metrics, [self._groups, self._transactions.coordinators])
        add_group_metrics(self._metrics, self._groups, self._group_statistics)
        add_broker_metrics(self._metrics, self._lifecycle, self._cache, self._quorum)
        if address is None:
            return None
        from barnabas.server.http import HttpServer, node_pages

        pages = node_pages(self._metrics, self._status.missing, self._status.status)
        http = HttpServer(self._environment.network, address, pages)
        await http.bind()
        return http

    async def _start_up(self, heartbeats: Heartbeats) -> None:
        await heartbeats.wait_for_state(BrokerState.RECOVERY)
        self._directories.begin_loading()
        await self._loader.load(self._environment.clock_ms())
        if heartbeats.is_replaced(self._cache.image.cluster.broker(self._broker_id)) or self._lifecycle.failure:
            return  # and takes no replica, nor removes the logs that no replica has claimed
        self._take_replicas()
        self._nursery.start_soon(self._server.serve)
        self._housekeeping.start()
        self._cleaner.start(self._nursery)
        self._replicas.start_checking_isr()
        heartbeats.ready_to_unfence()
        await heartbeats.wait_for_state(BrokerState.RUNNING)
        # The controller tells it before the record arrives; without it clients would be told of no broker.
        await self._cache.wait_until(lambda image: image.cluster.is_active(self._broker_id))
        log.info("broker ready", epoch=self._lifecycle.broker_epoch, partitions=self._replicas.partitions_count)
        self._ready.set()

    def _take_replicas(self) -> None:
        """Begin with the newest image, and go on with every delta. Nothing else can run meanwhile."""
        replicas, cache = self._replicas, self._cache
        self._apply(cache.image, whole_image_delta(cache.image))
        cache.subscribe(self._apply)
        remove_leftovers(self._directories.logs, replicas, self._background)

    async def _stop_when_asked(self, stop: StopRequest, heartbeats: Heartbeats) -> None:
        await stop.wait()
        limit = self._settings.seconds("barnabas.shutdown.timeout.ms")
        heartbeats.begin_controlled_shutdown(limit if self._settings.bool("controlled.shutdown.enable") else 0.0)

    async def _shut_down(self) -> None:
        """Leadership is gone, or will not go: read no more requests, and answer what waits."""
        replicas = self._replicas
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._server.stop, _DRAIN_SECONDS)
            self._fetchers.stop_all()
            replicas.close()

    async def make_durable(self) -> None:
        """The last act, when no task is left."""
        if self._loader.progress.done:
            epoch, marks = self._lifecycle.broker_epoch, self._replicas.high_watermarks()
            await self._environment.threads(
                partial(self._directories.close, epoch, marks, self._environment.clock_ms())
            )
        if self._lifecycle.failure is not None:
            raise NodeFailure(f"broker {self._broker_id}: {self._lifecycle.failure}")

    # What the parts tell each other

    def _controller(self) -> NodeAddress | None:
        leader = self._quorum.leader
        if leader is None or leader.endpoint is None:
            return None
        return NodeAddress(leader.id, leader.endpoint.host, leader.endpoint.port)

    def _controller_moved(self) -> None:
        self._channel.leader_moved()
        self._isr_channel.leader_moved()
        if self._heartbeats is not None:
            self._heartbeats.leader_moved()

    def _apply(self, image: MetadataImage, delta: MetadataDelta) -> None:
        """The replicas first: coordinators look at what has become of them."""
        if self._lifecycle.failure is None:
            self._replicas.apply_delta(delta, image)
            self._groups.apply_delta(delta, image)
            self._transactions.apply_delta(delta, image)

    def _give_way(self, image: MetadataImage, delta: MetadataDelta) -> None:
        """Serve nothing any more, from this very delta on, if another process is this broker now."""
        if self._heartbeats is not None and self._heartbeats.is_replaced(delta.cluster.brokers.get(self._broker_id)):
            self._replicas.close()

    def _help_others_to_stop(self, image: MetadataImage, delta: MetadataDelta) -> None:
        """A broker in controlled shutdown may go once all others have heard of it: tell the controller at once."""
        if self._heartbeats is not None and any(
            broker is not None and broker.in_controlled_shutdown for broker in delta.cluster.brokers.values()
        ):
            self._heartbeats.beat_soon()

    def _say_when_caught_up(self, image: MetadataImage, delta: MetadataDelta) -> None:
        """The controller lets a broker go on that has seen its own registration: tell it at once."""
        lifecycle = self._lifecycle
        if lifecycle.state is BrokerState.STARTING and image.offset >= lifecycle.broker_epoch >= 0:
            assert self._heartbeats is not None
            self._heartbeats.beat_soon()

    def _broker_address(self, broker_id: int) -> NodeAddress | None:
        node = self._cache.view(self._inter_broker_listener).node(broker_id)
        return None if node is None else NodeAddress(node.id, node.host, node.port)

    def _directory_failed(self, directory_id: bytes) -> None:
        if self._heartbeats is None:
            return
        self._heartbeats.log_dir_failed(directory_id)
        hosted = self._cache.image.topics.hosted_by(self._broker_id)
        if not self._directories.logs.online:
            self._heartbeats.stop_because("all log directories have failed")
        elif any(partition.directory(self._broker_id) in (None, DIRECTORY_UNASSIGNED) for partition in hosted):
            # The controller knows the directory of a replica only where a broker has one (KIP-858's assignments come
            # later), so it cannot move the leaders that were lost; it moves all of a broker that is gone.
            self._heartbeats.stop_because("a log directory has failed, and the controller knows not what was in it")
