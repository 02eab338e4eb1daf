"""Whole controllers in one event loop: real shells and files, a network in memory."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import pytest
import trio

from barnabas.client.connection import ClientConnection, connect
from barnabas.controller.process import ControllerHandle, run_controller
from barnabas.metadata.features import NEW_CLUSTER_LEVELS
from barnabas.net.memory import MemoryNetwork
from barnabas.protocol.errors import ErrorCode
from barnabas.protocol.messages.broker_heartbeat import BrokerHeartbeatRequest, BrokerHeartbeatResponse
from barnabas.protocol.messages.broker_registration import BrokerRegistrationRequest, BrokerRegistrationResponse
from barnabas.protocol.messages.create_topics import CreateTopicsRequest, CreateTopicsResponse
from barnabas.protocol.messages.describe_cluster import DescribeClusterRequest, DescribeClusterResponse
from barnabas.raft.voters import Endpoint, ReplicaKey, Voter, VoterSet
from barnabas.server.environment import Environment
from barnabas.server.failure import NodeFailure
from barnabas.server.format import format_directory
from barnabas.server.process import StopRequest
from barnabas.server.settings import Settings
from controller_harness import directory

CLUSTER_ID = "Y2FzdGxlIGNhc3RsZSBjYQ"
FIRST_PORT = 9101


class Castle:
    """Controllers 101, 102, ... of one cluster, formatted and not yet started."""

    def __init__(self, base: Path, count: int) -> None:
        self.network = MemoryNetwork()
        self.chance = random.Random(1)
        self.node_ids = [101 + index for index in range(count)]
        voters = VoterSet(
            tuple(
                Voter(
                    ReplicaKey(node_id, self.chance.randbytes(16)),
                    (Endpoint("CONTROLLER", "127.0.0.1", node_id - 101 + FIRST_PORT),),
                )
                for node_id in self.node_ids
            )
        )
        self.settings = {node_id: self._settings(base, node_id) for node_id in self.node_ids}
        for settings in self.settings.values():
            format_directory(
                settings,
                cluster_id=CLUSTER_ID,
                new_uuid=lambda: self.chance.randbytes(16),
                initial_controllers=voters,
            )

    def _settings(self, base: Path, node_id: int) -> Settings:
        return Settings.of(
            {
                "process.roles": ["controller"],
                "node.id": node_id,
                "controller.listener.names": ["CONTROLLER"],
                "listeners": [f"CONTROLLER://127.0.0.1:{node_id - 101 + FIRST_PORT}"],
                "listener.security.protocol.map": "CONTROLLER:PLAINTEXT",
                "log.dirs": [str(base / str(node_id))],
                "controller.quorum.bootstrap.servers": [
                    f"127.0.0.1:{other - 101 + FIRST_PORT}" for other in self.node_ids
                ],
                "http.listener": "none",
            }
        )

    @asynccontextmanager
    async def running(self, node_id: int) -> AsyncIterator[tuple[ControllerHandle, trio.CancelScope]]:
        """A controller until the end of the block, where it is stopped in order; cancel the scope to kill it."""
        stop = StopRequest()
        run = partial(
            run_controller,
            self.settings[node_id],
            environment=Environment(self.network, random=random.Random(node_id)),
            stop=stop,
        )
        async with trio.open_nursery() as nursery:
            handle = await nursery.start(run)
            yield handle, nursery.cancel_scope
            stop.request("the test is over")

    @asynccontextmanager
    async def client(self, node_id: int) -> AsyncIterator[ClientConnection]:
        async with trio.open_nursery() as nursery:
            connection = await connect(self.network, "127.0.0.1", node_id - 101 + FIRST_PORT, "test", nursery=nursery)
            yield connection
            connection.close()
            nursery.cancel_scope.cancel()


async def until(condition: Callable[[], bool]) -> None:
    with trio.fail_after(10):
        while not condition():  # noqa: ASYNC110 - a node tells nobody when it is ready
            await trio.sleep(0.005)


async def start_broker(client: ClientConnection) -> None:
    registered = await client.request(
        BrokerRegistrationRequest(
            broker_id=1,
            cluster_id=CLUSTER_ID,
            incarnation_id=b"i" * 16,
            log_dirs=[directory(1)],
            features=[
                BrokerRegistrationRequest.Feature(name=name, min_supported_version=0, max_supported_version=30)
                for name in NEW_CLUSTER_LEVELS
            ],
        )
    )
    assert isinstance(registered, BrokerRegistrationResponse)
    assert registered.error_code == ErrorCode.NONE
    beat = await client.request(
        BrokerHeartbeatRequest(
            broker_id=1, broker_epoch=registered.broker_epoch, current_metadata_offset=registered.broker_epoch
        )
    )
    assert isinstance(beat, BrokerHeartbeatResponse)
    assert (beat.error_code, beat.is_fenced) == (ErrorCode.NONE, False)


async def create_topic(client: ClientConnection, name: str) -> ErrorCode:
    topic = CreateTopicsRequest.CreatableTopic(name=name, num_partitions=3, replication_factor=1)
    created = await client.request(CreateTopicsRequest(topics=[topic]))
    assert isinstance(created, CreateTopicsResponse)
    return ErrorCode(created.topics[0].error_code)


async def test_a_controller_alone_decides_and_remembers(tmp_path: Path) -> None:
    castle = Castle(tmp_path, 1)
    async with castle.running(101) as (handle, _):
        await until(lambda: handle.ready() and handle.status()["state"] == "active")
        async with castle.client(101) as client:
            await start_broker(client)
            assert await create_topic(client, "t") == ErrorCode.NONE
    async with castle.running(101) as (handle, _):
        await until(lambda: handle.ready() and handle.status()["state"] == "active")
        assert (handle.status()["topics"], handle.status()["partitions"]) == (1, 3)
        async with castle.client(101) as client:
            assert await create_topic(client, "t") == ErrorCode.TOPIC_ALREADY_EXISTS
        await handle.wait_ready()


async def test_a_controller_makes_itself_known(tmp_path: Path) -> None:
    castle = Castle(tmp_path, 2)
    async with castle.running(101) as (first, _), castle.running(102) as (second, _):
        await until(lambda: first.ready() and second.ready())
        async with castle.client(102) as client:
            described = DescribeClusterResponse()
            with trio.fail_after(10):
                while len(described.brokers) < 2:
                    answer = await client.request(DescribeClusterRequest(endpoint_type=2))
                    assert isinstance(answer, DescribeClusterResponse)
                    described = answer
                    await trio.sleep(0.01)
            assert [(node.broker_id, node.port) for node in described.brokers] == [(101, 9101), (102, 9102)]
            assert described.controller_id in (101, 102)


async def test_another_controller_takes_over_with_everything(tmp_path: Path) -> None:
    castle = Castle(tmp_path, 3)
    async with (
        castle.running(101) as (first, kill_first),
        castle.running(102) as (second, kill_second),
        castle.running(103) as (third, kill_third),
    ):
        nodes = {101: (first, kill_first), 102: (second, kill_second), 103: (third, kill_third)}

        def active() -> list[int]:
            return [node_id for node_id, (handle, _) in nodes.items() if handle.status()["state"] == "active"]

        await until(lambda: all(handle.ready() for handle, _ in nodes.values()) and bool(active()))
        (leader,) = active()
        async with castle.client(leader) as client:
            await start_broker(client)
            assert await create_topic(client, "t") == ErrorCode.NONE
        nodes.pop(leader)[1].cancel()
        await until(lambda: bool(active()))
        (successor,) = active()
        assert nodes[successor][0].status()["topics"] == 1
        async with castle.client(successor) as client:
            assert await create_topic(client, "t") == ErrorCode.TOPIC_ALREADY_EXISTS


async def test_who_is_not_active_sends_brokers_elsewhere(tmp_path: Path) -> None:
    castle = Castle(tmp_path, 2)
    async with castle.running(101) as (first, _), castle.running(102) as (second, _):
        await until(lambda: "active" in (first.status()["state"], second.status()["state"]))
        standby = 101 if second.status()["state"] == "active" else 102
        async with castle.client(standby) as client:
            assert await create_topic(client, "t") == ErrorCode.NOT_CONTROLLER


async def test_a_directory_must_be_this_nodes_and_free(tmp_path: Path) -> None:
    castle = Castle(tmp_path, 2)
    environment = Environment(castle.network, random=random.Random(1))
    async with castle.running(101):
        with pytest.raises(NodeFailure, match="lock"):
            await run_controller(castle.settings[101], environment=environment)
    given = {name: given.text for name, given in castle.settings[101].given.items()}
    with pytest.raises(NodeFailure, match="belongs to node 101"):
        await run_controller(Settings.of({**given, "node.id": 7}), environment=environment)
    with pytest.raises(NodeFailure, match="format it first"):
        await run_controller(Settings.of({**given, "log.dirs": str(tmp_path / "new")}), environment=environment)
