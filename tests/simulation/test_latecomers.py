"""Who comes too late, played by hand in one simulated cluster: a request that the network held back, and a second
process of a broker's id.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import trio
from tests.simulation.cluster import BROKER_PORT, DIRECTORY, Cluster, Node
from tests.simulation.test_found_by_seeds import play, until

from barnabas.client.admin import Admin
from barnabas.client.admin_types import NewTopic
from barnabas.client.cluster import Cluster as ClientCluster
from barnabas.client.consumer import Consumer
from barnabas.client.producer import Producer
from barnabas.net.memory import MemoryTransport
from barnabas.protocol.framing import encode_request
from barnabas.protocol.messages.end_txn import EndTxnRequest
from barnabas.server.settings import Settings

FIRST_VERSION_OF_THE_SECOND_PROTOCOL = 5
LONG = 5.0
TWO_REPLICAS = {"transaction.state.log.replication.factor": 2}


class ChangedMindError(Exception):
    """The transaction is to be aborted."""


async def commits_late(cluster: Cluster, producer: Producer[Any, Any]) -> list[MemoryTransport]:
    """A commit of the producer's transaction is on its way to each broker: the ends at which it does not arrive."""
    identity = producer._batcher._identity
    assert identity is not None
    request = EndTxnRequest(transactional_id="x", producer_id=identity[0], producer_epoch=identity[1], committed=True)
    ends: list[MemoryTransport] = []
    for broker in cluster.brokers:
        transport = await cluster.network.at("client-0").connect(broker.host, BROKER_PORT)
        (end,) = [each for each in broker.connections if each.peer == "{}:{}".format(*transport.local)]
        end.clog()
        transport.send_nowait(encode_request(7, "late", request, FIRST_VERSION_OF_THE_SECOND_PROTOCOL))
        ends.append(end)
    return ends


async def abort(producer: Producer[Any, Any], value: bytes, meanwhile: Callable[[], Awaitable[None]]) -> None:
    """A transaction that is open for long, and aborted."""
    with suppress(ChangedMindError):
        async with producer.transaction():
            await producer.send("t", value, partition=0, timestamp=1)
            await meanwhile()
            await trio.sleep(LONG)
            raise ChangedMindError


def test_a_commit_that_is_held_back_does_not_decide_a_later_transaction() -> None:
    """KAFKA-17754: the client aborted the transaction meanwhile, and is in the next one."""

    async def script(cluster: Cluster) -> None:
        async with (
            ClientCluster(cluster.bootstrap, network=cluster.network.at("client-0")) as client,
            Producer(client, transactional_id="x") as producer,
        ):
            await Admin(client).create_topics([NewTopic("t", 1, 2)])
            late: list[MemoryTransport] = []

            async def hold_back() -> None:
                late.extend(await commits_late(cluster, producer))

            async def let_go() -> None:
                for end in late:
                    end.unclog()

            await abort(producer, b"first", hold_back)
            await abort(producer, b"second", let_go)
            async with producer.transaction():
                await producer.send("t", b"third", partition=0, timestamp=1)
            await trio.sleep(LONG)
            async with Consumer(client, isolation_level="read_committed") as consumer:
                await consumer.assign({("t", 0): 0}, stop_at_end=True)
                assert [bytes(record.value or b"") async for record in consumer] == [b"third"]

    play(script, settings=TWO_REPLICAS)


def second_process(cluster: Cluster) -> Node:
    """Of the first broker's id, on another host, with a directory of its own."""
    settings = Settings.of(
        {
            "process.roles": ["broker"],
            "node.id": 1,
            "controller.listener.names": ["CONTROLLER"],
            "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
            "listeners": [f"PLAINTEXT://elsewhere:{BROKER_PORT}"],
            "log.dirs": [DIRECTORY],
            "controller.quorum.bootstrap.servers": [f"{cluster.controllers[0].host}:9093"],
            "http.listener": "none",
        }
    )
    node = Node(cluster, 1, settings, host="elsewhere")
    node.format(None)
    return node


def test_a_second_broker_of_an_id_waits_until_the_first_one_is_gone() -> None:
    async def script(cluster: Cluster) -> None:
        def registered() -> Any:
            broker = cluster.newest_image.cluster.broker(1)
            return broker.epoch, broker.fenced, broker.endpoints["PLAINTEXT"].host

        first, second = cluster.brokers[0], second_process(cluster)
        before = registered()
        second.start()
        await trio.sleep(LONG)
        assert registered() == before == (before[0], False, first.host)
        assert first.handle.ready()
        assert not second.handle.ready()
        await first.kill()
        await until(lambda: second.handle.ready())
        assert registered()[1:] == (False, second.host)
        assert registered()[0] > before[0]

    play(script)
