"""Listeners: limits on connections, taken ports, the orderly end."""

from __future__ import annotations

import errno

import pytest
import trio
import trio.testing
from trio.testing import wait_all_tasks_blocked

from barnabas.net.transport import Listener, TcpNetwork, Transport
from barnabas.protocol.api_keys import ApiKey
from barnabas.protocol.messages.api_versions import ApiVersionsRequest
from barnabas.protocol.messages.heartbeat import HeartbeatRequest, HeartbeatResponse
from barnabas.server.dispatch import ApiTable, Request
from barnabas.server.listener import CannotListen, Server
from barnabas.server.settings import Settings, SettingsError
from barnabas.server.timers import Timers
from server_harness import ServerHarness

HEARTBEAT = HeartbeatRequest(group_id="group", member_id="member")


async def test_max_connections_per_ip(harness: ServerHarness) -> None:
    await harness.start(
        **{"max.connections.per.ip": 2, "max.connections.per.ip.overrides": "10.0.0.2:1,10.0.0.3:0,::1:5"}
    )
    kept = [await harness.connect("10.0.0.1") for _ in range(2)]
    assert await (await harness.connect("10.0.0.1")).receive() is None
    await (await harness.connect("10.0.0.2")).request(ApiVersionsRequest(), 0)
    assert await (await harness.connect("10.0.0.2")).receive() is None
    assert await (await harness.connect("10.0.0.3")).receive() is None
    assert harness.server.statistics.refused == 3
    kept[0].transport.close()
    await wait_all_tasks_blocked()
    await (await harness.connect("10.0.0.1")).request(ApiVersionsRequest(), 0)
    assert harness.server.statistics.open == 3


@pytest.mark.parametrize("overrides", ["10.0.0.1", "10.0.0.1:x", ":5", "10.0.0.1:-1"])
async def test_bad_overrides(harness: ServerHarness, overrides: str) -> None:
    with pytest.raises(SettingsError, match="is not address:count"):
        await harness.start(**{"max.connections.per.ip.overrides": overrides})


async def test_above_max_connections_one_waits_to_be_accepted(harness: ServerHarness) -> None:
    await harness.start(max_connections=2)
    first, second, third = [await harness.connect() for _ in range(3)]
    await first.request(ApiVersionsRequest(), 0)
    await second.request(ApiVersionsRequest(), 0)
    await third.send_request(ApiVersionsRequest(), 0)
    await wait_all_tasks_blocked()
    assert harness.server.statistics.open == 2
    first.transport.close()
    await third.receive_response(ApiKey.API_VERSIONS, 0)


async def test_port_in_use(harness: ServerHarness) -> None:
    await harness.start()
    other = ServerHarness(harness._nursery)
    other.network = harness.network
    with pytest.raises(CannotListen, match=r"cannot listen on PLAINTEXT://127.0.0.1:9092: Address already in use"):
        await other.start()


async def test_port_0_is_bound_reported_and_advertised() -> None:
    settings = Settings.of(
        {
            "listeners": ["A://127.0.0.1:0", "B://127.0.0.1:0"],
            "listener.security.protocol.map": "A:PLAINTEXT,B:PLAINTEXT",
        }
    )
    server = Server(TcpNetwork(), settings, ApiTable(), Timers())
    await server.bind()
    ports = [endpoint.port for endpoint in server.endpoints]
    assert 0 not in ports
    assert len(set(ports)) == 2
    assert server.advertised == server.endpoints
    server.close()


async def test_empty_host_advertises_the_machines_name() -> None:
    server = Server(TcpNetwork(), Settings.of({"listeners": ["PLAINTEXT://:0"]}), ApiTable(), Timers())
    await server.bind()
    assert server.advertised[0].host
    server.close()


async def test_stop_lets_open_requests_be_answered(
    harness: ServerHarness, autojump_clock: trio.testing.MockClock
) -> None:
    held: list[Request] = []
    harness.table.register(ApiKey.HEARTBEAT, held.append)
    await harness.start()
    client, idle = await harness.connect(), await harness.connect()
    await client.send_request(HEARTBEAT, 4)
    await wait_all_tasks_blocked()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(harness.server.stop, 5.0)
        assert await idle.receive() is None
        await client.send_request(HEARTBEAT, 4)  # no longer read
        with pytest.raises(ConnectionRefusedError):
            await harness.connect()
        await trio.sleep(1)
        held[0].reply(HeartbeatResponse())
        await client.receive_response(ApiKey.HEARTBEAT, 4)
        assert await client.receive() is None
    assert len(held) == 1
    assert trio.current_time() == pytest.approx(1)


async def test_stop_waits_no_longer_than_its_grace(
    harness: ServerHarness, autojump_clock: trio.testing.MockClock
) -> None:
    async def hang(_: Request) -> None:
        await trio.sleep_forever()

    harness.table.register(ApiKey.HEARTBEAT, hang)
    await harness.start()
    client = await harness.connect()
    await client.send_request(HEARTBEAT, 4)
    await wait_all_tasks_blocked()
    await harness.server.stop(2.0)
    assert await client.receive() is None
    assert trio.current_time() == pytest.approx(2)
    await wait_all_tasks_blocked()
    assert not harness.server.connections


class FlakyListener:
    """Fails a few times, as when the process is out of file descriptors, and then works."""

    def __init__(self, inner: Listener) -> None:
        self._inner = inner
        self._failures = 3
        self.port = inner.port

    async def accept(self) -> Transport:
        if self._failures:
            self._failures -= 1
            await trio.lowlevel.checkpoint()
            raise OSError(errno.EMFILE, "Too many open files")
        return await self._inner.accept()

    def close(self) -> None:
        self._inner.close()


async def test_failure_to_accept_is_said_once_and_survived(
    harness: ServerHarness, autojump_clock: trio.testing.MockClock, events: list[dict[str, object]]
) -> None:
    inner = harness.network.listen

    async def listen(host: str, port: int, *, backlog: int = 50) -> Listener:
        return FlakyListener(await inner(host, port, backlog=backlog))

    harness.network.listen = listen  # type: ignore[method-assign]
    await harness.start()
    client = await harness.connect()
    await client.request(ApiVersionsRequest(), 0)
    assert [event["event"] for event in events] == ["cannot accept connections"]


async def test_over_tcp() -> None:
    settings = Settings.of({"listeners": ["PLAINTEXT://127.0.0.1:0"]})
    table, timers = ApiTable(), Timers()
    server = Server(TcpNetwork(), settings, table, timers)
    await server.bind()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(timers.run)
        nursery.start_soon(server.serve)
        stream = await trio.open_tcp_stream("127.0.0.1", server.endpoints[0].port)
        await stream.send_all(b"\0\0\0\x0a\0\x12\0\0\0\0\0\x01\xff\xff")
        assert (await stream.receive_some()).endswith(b"\0\0\0\x01\0\x12\0\0\0\x04")
        await server.stop(1)
        assert await stream.receive_some() == b""
        await stream.aclose()
        nursery.cancel_scope.cancel()
