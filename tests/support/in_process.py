"""A whole cluster in one event loop: the daemons' own code, real sockets on free ports, real files, raw connections."""

from __future__ import annotations

import errno
import random
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import trio

from barnabas.broker.process import BrokerHandle, run_broker
from barnabas.client.connection import ClientConnection, ConnectionLost, connect
from barnabas.controller.process import ControllerHandle, run_controller
from barnabas.net.transport import TcpNetwork
from barnabas.protocol.errors import ErrorCode
from barnabas.protocol.message import RequestMessage
from barnabas.protocol.messages.create_topics import CreateTopicsRequest, CreateTopicsResponse
from barnabas.protocol.messages.fetch import FetchRequest, FetchResponse
from barnabas.protocol.messages.metadata import MetadataRequest, MetadataResponse
from barnabas.protocol.messages.produce import ProduceRequest, ProduceResponse
from barnabas.protocol.record_batch import iter_batches
from barnabas.protocol.record_builder import build_batch
from barnabas.raft.voters import Endpoint, ReplicaKey, Voter, VoterSet
from barnabas.server.environment import Environment
from barnabas.server.failure import NodeFailure
from barnabas.server.format import format_directory
from barnabas.server.process import StopRequest
from barnabas.server.settings import Settings
from barnabas.storage.disk import RealDisk, RealFile, StorageError
from barnabas.testing.processes import free_base_port

CLUSTER_ID = "bDC8Gy2QRtynCQ3fi7bZ3g"
HOST = "127.0.0.1"
FIRST_CONTROLLER = 101
READY_SECONDS = 30.0


class Node:
    """One node: its settings, and while it runs its handle."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.id = settings.int("node.id")
        self.stop_request = StopRequest()
        self.scope = trio.CancelScope()
        self.ended = trio.Event()
        self.handle: BrokerHandle | ControllerHandle | None = None
        self.environment = Environment()
        self.failure: NodeFailure | None = None
        """Why it ended by itself."""


class InProcessCluster:
    """Formatted nodes, started and stopped by hand. `overrides` are settings of every node."""

    def __init__(self, base: Path, nursery: trio.Nursery, controllers: int, brokers: int, **overrides: object) -> None:
        self.network = TcpNetwork()
        self._nursery = nursery
        self._random = random.Random(1)
        self._overrides = {name.replace("_", "."): value for name, value in overrides.items()}
        # Not any that are free: what the system gives to outgoing connections could be taken while a node is down.
        first = free_base_port(controllers + brokers, 0)
        ports = range(first, first + controllers + brokers)
        controller_ids = range(FIRST_CONTROLLER, FIRST_CONTROLLER + controllers)
        self._controller_ports = dict(zip(controller_ids, ports[:controllers], strict=True))
        broker_ports = dict(zip(range(1, brokers + 1), ports[controllers:], strict=True))
        self.controllers = {
            each: self._node(base, "controller", each, self._controller_ports[each]) for each in controller_ids
        }
        self.brokers = {each: self._node(base, "broker", each, port) for each, port in broker_ports.items()}
        self._format()

    def _node(self, base: Path, role: str, node_id: int, port: int) -> Node:
        listener = "CONTROLLER" if role == "controller" else "PLAINTEXT"
        given: dict[str, object] = {
            "process.roles": [role],
            "node.id": node_id,
            "controller.listener.names": ["CONTROLLER"],
            "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
            "listeners": [f"{listener}://{HOST}:{port}"],
            "log.dirs": [str(base / str(node_id))],
            "controller.quorum.bootstrap.servers": [f"{HOST}:{each}" for each in self._controller_ports.values()],
            "http.listener": f"{HOST}:0",
        }
        return Node(Settings.of({**given, **self._overrides}))

    def _format(self) -> None:
        voters = VoterSet(
            tuple(
                Voter(ReplicaKey(node_id, self._random.randbytes(16)), (Endpoint("CONTROLLER", HOST, port),))
                for node_id, port in self._controller_ports.items()
            )
        )
        for node in (*self.controllers.values(), *self.brokers.values()):
            format_directory(
                node.settings,
                cluster_id=CLUSTER_ID,
                new_uuid=lambda: self._random.randbytes(16),
                initial_controllers=voters if node.id in self.controllers else None,
            )

    # Nodes come and go

    async def start(self, node: Node) -> None:
        """Start a node; returns once its listeners are bound."""
        node.stop_request, node.scope, node.ended = StopRequest(), trio.CancelScope(), trio.Event()
        run: Callable[..., Any] = run_controller if node.id in self.controllers else run_broker
        node.handle = await self._nursery.start(partial(self._run, node, run))

    async def _run(self, node: Node, run: Callable[..., Any], task_status: trio.TaskStatus[Any]) -> None:
        try:
            with node.scope:
                await run(node.settings, environment=node.environment, stop=node.stop_request, task_status=task_status)
        except NodeFailure as failure:
            node.failure = failure
        finally:
            node.handle = None
            node.ended.set()

    async def start_all(self) -> None:
        """Start everything and wait until every broker is ready."""
        for node in (*self.controllers.values(), *self.brokers.values()):
            await self.start(node)
        await self.wait_ready(self.brokers.values())

    async def wait_ready(self, nodes: Iterable[Node]) -> None:
        await until(lambda: all(node.handle is not None and node.handle.ready() for node in nodes))

    async def kill(self, node: Node) -> None:
        """Let a node die where it stands."""
        node.scope.cancel()
        await node.ended.wait()

    async def stop(self, node: Node) -> None:
        """Stop a node in order."""
        node.stop_request.request("the test wants it")
        await node.ended.wait()

    def running(self) -> list[Node]:
        return [node for node in self.brokers.values() if node.handle is not None]

    # Talking to it

    @asynccontextmanager
    async def client(self, broker_id: int) -> AsyncIterator[ClientConnection]:
        """A connection to one broker."""
        handle = self.brokers[broker_id].handle
        assert isinstance(handle, BrokerHandle), f"broker {broker_id} does not run"
        port = handle.listeners[0].port
        async with trio.open_nursery() as nursery:
            connection = await connect(self.network, HOST, port, "test", nursery=nursery)
            try:
                yield connection
            finally:
                connection.close()
                nursery.cancel_scope.cancel()

    async def ask(self, broker_id: int, message: RequestMessage, version: int | None = None) -> Any:
        """One request to one broker on a connection of its own. ConnectionLost when that fails."""
        answer: Any = ConnectionLost(str(broker_id), "the broker does not run")
        if self.brokers[broker_id].handle is not None:
            try:
                async with self.client(broker_id) as client:
                    answer = await client.request(message, version)
            except* ConnectionLost as group:
                answer = group.exceptions[0]
        if isinstance(answer, BaseException):
            raise ConnectionLost(str(broker_id), str(answer)) from None
        return answer

    async def ask_controller(self, message: RequestMessage) -> Any:
        """One request to the first controller."""
        async with trio.open_nursery() as nursery:
            port = self._controller_ports[FIRST_CONTROLLER]
            connection = await connect(self.network, HOST, port, "test", nursery=nursery)
            answer = await connection.request(message)
            nursery.cancel_scope.cancel()
        return answer

    async def create_topic(self, name: str, partitions: int = 1, replicas: int = 3, **configs: str) -> None:
        """Create a topic, and wait until every running broker knows a leader of each partition."""
        topic = CreateTopicsRequest.CreatableTopic(
            name=name,
            num_partitions=partitions,
            replication_factor=replicas,
            configs=[
                CreateTopicsRequest.CreatableTopicConfig(name=key.replace("_", "."), value=value)
                for key, value in configs.items()
            ],
        )
        response = await self.ask(self.running()[0].id, CreateTopicsRequest(topics=[topic], timeout_ms=10_000))
        assert isinstance(response, CreateTopicsResponse)
        assert response.topics[0].error_code == ErrorCode.NONE, response
        for node in self.running():
            for index in range(partitions):
                await self.leader(name, index, of=node.id)

    async def metadata(self, name: str, of: int) -> MetadataResponse.MetadataResponseTopic:
        """What a broker says of a topic."""
        asked = MetadataRequest(
            topics=[MetadataRequest.MetadataRequestTopic(name=name)], allow_auto_topic_creation=False
        )
        response: MetadataResponse = await self.ask(of, asked)
        return response.topics[0]

    async def leader(self, name: str, index: int = 0, of: int | None = None, other_than: int = -1) -> int:
        """The leader of a partition, as a broker says, once there is one (`other_than` that)."""
        broker_id = self.running()[0].id if of is None else of
        with trio.fail_after(READY_SECONDS):
            while True:
                try:
                    topic = await self.metadata(name, broker_id)
                except ConnectionLost:  # it stops: ask another one
                    broker_id = self.running()[-1].id if of is None else of
                else:
                    leaders = {partition.partition_index: partition.leader_id for partition in topic.partitions}
                    if leaders.get(index, -1) not in (-1, other_than):
                        return leaders[index]
                await trio.sleep(0.02)

    async def isr(self, name: str, index: int = 0) -> set[int]:
        """The in-sync replicas of a partition, as its leader says."""
        leader = await self.leader(name, index)
        topic = await self.metadata(name, leader)
        return next(set(part.isr_nodes) for part in topic.partitions if part.partition_index == index)

    async def produce(self, name: str, *values: bytes, index: int = 0, acks: int = -1) -> int:
        """Append one batch through the leader, whoever that is; its first offset."""
        with trio.fail_after(READY_SECONDS):
            while True:
                leader = await self.leader(name, index)
                try:
                    topic = await self.metadata(name, leader)
                    answer = await self.ask(leader, produce_request(topic.topic_id, index, values, acks))
                except ConnectionLost:
                    await trio.sleep(0.02)
                    continue
                assert isinstance(answer, ProduceResponse)
                partition = answer.responses[0].partition_responses[0]
                error = ErrorCode.of(partition.error_code)
                if error is ErrorCode.NONE:
                    return partition.base_offset
                assert error.retriable, error.name
                await trio.sleep(0.02)

    async def fetch(self, name: str, offset: int = 0, *, index: int = 0, of: int | None = None) -> list[bytes]:
        """The values from an offset on, from the leader or another replica, as far as one answer goes."""
        broker_id = await self.leader(name, index) if of is None else of
        topic = await self.metadata(name, broker_id)
        answer = await self.ask(broker_id, _fetch(topic.topic_id, index, offset))
        assert isinstance(answer, FetchResponse)
        partition = answer.responses[0].partitions[0]
        assert partition.error_code == ErrorCode.NONE, ErrorCode.of(partition.error_code).name
        values = []
        for batch in iter_batches(partition.records or b""):
            values += [bytes(record.value or b"") for record in batch.records() if record.offset >= offset]
        return values


def produce_request(topic_id: bytes, index: int, values: Iterable[bytes], acks: int = -1) -> ProduceRequest:
    """One batch for one partition."""
    records = memoryview(build_batch([(1_000, None, value) for value in values]))
    partition = ProduceRequest.PartitionProduceData(index=index, records=records)
    topic = ProduceRequest.TopicProduceData(topic_id=topic_id, partition_data=[partition])
    return ProduceRequest(acks=acks, timeout_ms=5_000, topic_data=[topic])


def _fetch(topic_id: bytes, index: int, offset: int) -> FetchRequest:
    partition = FetchRequest.FetchPartition(
        partition=index, fetch_offset=offset, partition_max_bytes=1 << 20, current_leader_epoch=-1
    )
    topic = FetchRequest.FetchTopic(topic_id=topic_id, partitions=[partition])
    return FetchRequest(max_wait_ms=500, min_bytes=1, max_bytes=1 << 22, session_epoch=-1, topics=[topic])


class BreakableDisk(RealDisk):
    """A real directory whose disk can be made to fail: nothing can be written any more."""

    broken = False

    def open(self, path: str, *, create: bool = False) -> Any:
        return _BreakableFile(self, super().open(path, create=create))


class _BreakableFile:
    def __init__(self, disk: BreakableDisk, file: RealFile) -> None:
        self._disk, self._file = disk, file

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def pwritev(self, buffers: Any, position: int) -> None:
        if self._disk.broken:
            raise StorageError(self._disk.directory, self._file.path, OSError(errno.EIO, "the test wants it"))
        self._file.pwritev(buffers, position)


async def until(condition: Callable[[], bool], seconds: float = READY_SECONDS) -> None:
    """Wait until something is so."""
    with trio.fail_after(seconds):
        while not condition():  # noqa: ASYNC110 - a node tells nobody when it is ready
            await trio.sleep(0.005)


@asynccontextmanager
async def in_process_cluster(
    base: Path, *, controllers: int = 1, brokers: int = 1, start: bool = True, **overrides: object
) -> AsyncIterator[InProcessCluster]:
    """A cluster for the length of a block; at its end all nodes die."""
    async with trio.open_nursery() as nursery:
        cluster = InProcessCluster(base, nursery, controllers, brokers, **overrides)
        if start:
            await cluster.start_all()
        yield cluster
        nursery.cancel_scope.cancel()
