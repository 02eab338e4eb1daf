"""Brokers that never answer, answer nonsense or hang up: what is asked of them ends in an error, in time, and closing a
client takes a bounded time whatever they do.
"""

from __future__ import annotations

import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from typing import Any

import pytest
import trio
from trio.testing import MockClock

from barnabas.client import Admin, Consumer, Producer
from barnabas.client.cluster import Cluster
from barnabas.client.errors import BrokerError, ClientError
from barnabas.client.groups.membership import GroupProtocol
from barnabas.net.memory import MemoryNetwork
from barnabas.net.transport import Transport
from barnabas.protocol.api_keys import ApiKey
from barnabas.protocol.errors import ErrorCode
from barnabas.protocol.record_builder import build_batch
from fake_brokers import FakeCluster
from fake_group import FakeGroup

REQUEST_TIMEOUT = 5.0
CLOSING = 10.0
"""The last commit and the goodbye to the coordinator have 5 s each."""
ADDRESS = ("127.0.0.1", 9092)


async def hang(transport: Transport) -> None:
    await trio.sleep_forever()


async def hang_up(transport: Transport) -> None:
    await transport.recv_into(memoryview(bytearray(4)))


def answering(answer: Callable[[bytes], bytes]) -> Callable[[Transport], Awaitable[None]]:
    """Each request (its correlation id) is answered so."""

    async def answer_all(transport: Transport) -> None:
        buffer = bytearray(65536)
        while count := await transport.recv_into(memoryview(buffer)):
            if count >= 12:
                transport.send_nowait([memoryview(answer(bytes(buffer[8:12])))])

    return answer_all


def frame(body: bytes) -> bytes:
    return struct.pack(">i", len(body)) + body


BEHAVIOURS = {
    "hangs": hang,
    "hangs up": hang_up,
    "sends no frame": answering(lambda correlation: b"HTTP/1.1 400 Bad Request\r\n\r\n"),
    "sends a negative size": answering(lambda correlation: struct.pack(">i", -5)),
    "announces a frame that is too large": answering(lambda correlation: struct.pack(">i", 0x7FFFFFFF) + correlation),
    "sends the beginning of a frame": answering(lambda correlation: struct.pack(">i", 100) + correlation),
    "answers somebody else": answering(lambda correlation: frame(b"\x7f\xff\xff\xff\0\0")),
    "sends an empty frame": answering(lambda correlation: frame(b"")),
    "cuts its answer": answering(lambda correlation: frame(correlation + b"\0\0\xff")),
    "answers nonsense": answering(lambda correlation: frame(correlation + b"\xff" * 50)),
}


@pytest.fixture(params=BEHAVIOURS)
async def network(request: pytest.FixtureRequest, nursery: trio.Nursery) -> AsyncIterator[MemoryNetwork]:
    network = MemoryNetwork()
    listener = await network.listen(*ADDRESS)

    async def serve(transport: Transport) -> None:
        with suppress(OSError):
            await BEHAVIOURS[request.param](transport)
        transport.close()

    async def accept() -> None:
        while True:
            nursery.start_soon(serve, await listener.accept())

    nursery.start_soon(accept)
    yield network
    nursery.cancel_scope.cancel()


def cluster_of(network: MemoryNetwork) -> Cluster:
    return Cluster("127.0.0.1:9092", network=network, request_timeout=REQUEST_TIMEOUT)


async def fails_in_time(call: Awaitable[object]) -> None:
    start = trio.current_time()
    with pytest.raises(ClientError):
        await call
    assert trio.current_time() - start <= 2 * REQUEST_TIMEOUT + 1


async def test_every_call_fails_in_time_and_every_client_closes(
    network: MemoryNetwork, autojump_clock: MockClock
) -> None:
    async with cluster_of(network) as cluster:
        async with Producer(cluster) as producer:
            await fails_in_time(producer.send("t", b"a"))
            start = trio.current_time()
        async with Consumer(cluster) as consumer:
            await fails_in_time(consumer.assign({("t", 0): 0}))
            start = trio.current_time()
        assert trio.current_time() == start
        async with Admin(cluster) as admin:
            await fails_in_time(admin.describe_cluster())
        async with Producer(cluster, transactional_id="x") as producer:
            await fails_in_time(producer.begin_transaction())
            start = trio.current_time()
        assert trio.current_time() == start
    await trio.sleep(1)
    assert all(each.is_done for each in network.transports if each.local != ADDRESS)


@pytest.mark.parametrize("protocol", ["classic", "consumer"])
async def test_a_member_that_never_joined_leaves_in_time(
    network: MemoryNetwork, protocol: GroupProtocol, autojump_clock: MockClock
) -> None:
    async with cluster_of(network) as cluster:
        async with Consumer(cluster, group="g", topics="t", group_protocol=protocol) as consumer:
            with trio.move_on_after(60):
                await anext(consumer)
            start = trio.current_time()
        assert trio.current_time() - start <= CLOSING


# Brokers that served well until now


@pytest.fixture
async def brokers(nursery: trio.Nursery) -> FakeCluster:
    cluster = FakeCluster(nursery)
    FakeGroup(cluster)
    await cluster.start()
    partition = cluster.create("t")[0]
    assert partition.append(memoryview(build_batch([(1000, None, b"a"), (1000, None, b"b")])))[0] == ErrorCode.NONE
    return cluster


@pytest.mark.parametrize("end", ["leaves", "fails", "is cancelled"])
@pytest.mark.parametrize("protocol", ["classic", "consumer"])
async def test_a_member_whose_coordinator_hangs_leaves_in_time(
    brokers: FakeCluster,
    protocol: GroupProtocol,
    end: str,
    autojump_clock: MockClock,
    caplog: pytest.LogCaptureFixture,
) -> None:
    start = 0.0

    async def read(cluster: Cluster, scope: trio.CancelScope) -> None:
        nonlocal start
        async with Consumer(
            cluster, group="g", topics="t", group_protocol=protocol, auto_offset_reset="earliest"
        ) as consumer:
            await anext(consumer)
            await anext(consumer)
            brokers.hanging.add(1)
            start = trio.current_time()
            if end == "fails":
                raise ZeroDivisionError
            if end == "is cancelled":
                scope.cancel()
                await trio.sleep_forever()

    async with Cluster(brokers.bootstrap, network=brokers.network) as cluster:
        with trio.CancelScope() as scope, suppress(ZeroDivisionError):
            await read(cluster, scope)
        assert trio.current_time() - start <= CLOSING
    assert "group g: no answer to the last commit within 5 s" in caplog.text


@pytest.mark.parametrize("end", ["leaves", "fails", "is cancelled"])
async def test_a_producer_whose_leader_hangs_closes_in_time_and_says_what_is_lost(
    brokers: FakeCluster, end: str, autojump_clock: MockClock, caplog: pytest.LogCaptureFixture
) -> None:
    start, receipts = 0.0, []

    async def send(cluster: Cluster, scope: trio.CancelScope) -> None:
        nonlocal start
        async with Producer(cluster, delivery_timeout=20.0) as producer:
            await producer.send("t", b"c")
            brokers.hanging.add(1)
            receipts.append(await producer.send_soon("t", b"d"))
            start = trio.current_time()
            if end == "fails":
                raise ZeroDivisionError
            if end == "is cancelled":
                scope.cancel()
                await trio.sleep_forever()

    async with Cluster(brokers.bootstrap, network=brokers.network) as cluster:
        with trio.CancelScope() as scope, suppress(ZeroDivisionError):
            await send(cluster, scope)
        assert trio.current_time() - start == pytest.approx(20.0 if end == "leaves" else 0.0)
        with pytest.raises(ClientError):
            await receipts[0].wait()
    [said] = [record.getMessage() for record in caplog.records if record.name == "barnabas.client"]
    why = "not delivered within 20 s" if end == "leaves" else "the producer was closed before"
    assert said.startswith("1 records were under way when the producer closed: ")
    assert why in said


async def use_every_client(brokers: FakeCluster) -> None:
    async with Cluster(brokers.bootstrap, network=brokers.network, request_timeout=REQUEST_TIMEOUT) as cluster:
        async with Producer(cluster) as producer:
            assert (await producer.send("t", b"c")).offset == 2
        async with Consumer(cluster, group="g", topics="t", auto_offset_reset="earliest") as consumer:
            assert [(await anext(consumer)).value for _ in range(3)] == [b"a", b"b", b"c"]
        async with Admin(cluster) as admin:
            assert [topic.name for topic in await admin.list_topics()] == ["t"]


async def test_a_slow_network_is_waited_for(brokers: FakeCluster, autojump_clock: MockClock) -> None:
    brokers.network.latency = 0.15 * REQUEST_TIMEOUT  # to connect, and what is asked first, are part of it
    await use_every_client(brokers)


async def test_answers_that_come_byte_by_byte_are_put_together(brokers: FakeCluster, autojump_clock: MockClock) -> None:
    brokers.network = MemoryNetwork(capacity=1)
    await brokers.start()
    await use_every_client(brokers)


@pytest.mark.parametrize("code", [9999, -2])
async def test_an_error_that_nobody_knows_is_an_error(
    brokers: FakeCluster, code: int, autojump_clock: MockClock
) -> None:
    """It cannot be said to be worth another try, so it ends what it concerns, and nothing else."""
    unknown: Any = code
    async with Cluster(brokers.bootstrap, network=brokers.network, request_timeout=REQUEST_TIMEOUT) as cluster:
        async with Producer(cluster) as producer:
            brokers.refusals[ApiKey.PRODUCE].append(unknown)
            with pytest.raises(BrokerError, match="t-0: UNKNOWN_SERVER_ERROR"):
                await producer.send("t", b"lost")
            assert (await producer.send("t", b"c")).offset == 2
        async with Consumer(cluster) as consumer:
            await consumer.assign({("t", 0): 0})
            brokers.refusals[ApiKey.FETCH].append(unknown)
            with pytest.raises(BrokerError, match="t-0@0: UNKNOWN_SERVER_ERROR"):
                await anext(consumer)
