"""One connection: order, back-pressure, bad input, the end."""

from __future__ import annotations

import struct
from collections.abc import MutableMapping
from typing import Any

import pytest
import trio
import trio.testing
from trio.testing import wait_all_tasks_blocked

from barnabas.protocol import framing
from barnabas.protocol.api_keys import ApiKey
from barnabas.protocol.errors import ErrorCode, WireError
from barnabas.protocol.messages.api_versions import ApiVersionsRequest
from barnabas.protocol.messages.heartbeat import HeartbeatRequest, HeartbeatResponse
from barnabas.protocol.messages.metadata import MetadataRequest
from barnabas.protocol.messages.produce import ProduceRequest, ProduceResponse
from barnabas.server.dispatch import Request
from server_harness import RawClient, ServerHarness

Events = list[MutableMapping[str, Any]]
HEARTBEAT = HeartbeatRequest(group_id="group", member_id="member")


class Held:
    """A handler that keeps requests until it is told to reply."""

    def __init__(self) -> None:
        self.requests: list[Request] = []

    def __call__(self, request: Request) -> None:
        self.requests.append(request)


def encoded(correlation_id: int, message: Any = HEARTBEAT, version: int = 4) -> bytes:
    return b"".join(framing.encode_request(correlation_id, "test", message, version))  # type: ignore[arg-type]


async def correlation_ids(client: RawClient, count: int) -> list[int]:
    return [(await client.receive_response(ApiKey.HEARTBEAT, 4))[0] for _ in range(count)]


def closings(events: Events) -> list[str]:
    return [event["reason"] for event in events if event["event"] == "connection closed"]


async def test_request_and_reply(harness: ServerHarness) -> None:
    seen: list[Request] = []

    def handle(request: Request) -> None:
        seen.append(request)
        request.reply(HeartbeatResponse(error_code=ErrorCode.UNKNOWN_MEMBER_ID))

    harness.table.register(ApiKey.HEARTBEAT, handle)
    await harness.start()
    client = await harness.connect("10.0.0.7")
    response = await client.request(HEARTBEAT, 4, correlation_id=99)
    assert response == HeartbeatResponse(error_code=ErrorCode.UNKNOWN_MEMBER_ID)
    (request,) = seen
    assert request.body == HEARTBEAT
    assert request.version == 4
    assert (request.header.client_id, request.header.correlation_id) == ("test", 99)
    assert request.connection.listener == "PLAINTEXT"
    assert request.connection.peer.startswith("10.0.0.7:")
    api = harness.table.find(ApiKey.HEARTBEAT)
    assert api is not None
    assert api.statistics.latency.count == 1
    assert api.statistics.bytes_in == len(encoded(99)) - 4


async def test_byte_by_byte_and_with_the_next_request_behind(harness: ServerHarness) -> None:
    harness.table.register(ApiKey.HEARTBEAT, lambda request: request.reply(HeartbeatResponse()))
    await harness.start()
    client = await harness.connect()
    for byte in encoded(1) + encoded(2)[:7]:
        await client.send(bytes([byte]))
        await wait_all_tasks_blocked()
    assert await correlation_ids(client, 1) == [1]
    await client.send(encoded(2)[7:] + encoded(3))
    assert await correlation_ids(client, 2) == [2, 3]


async def test_replies_out_of_order_leave_in_order(harness: ServerHarness) -> None:
    held = Held()
    harness.table.register(ApiKey.HEARTBEAT, held)
    await harness.start()
    client = await harness.connect()
    await client.send(b"".join(encoded(number) for number in range(5)))
    await wait_all_tasks_blocked()
    for index in (4, 2, 0, 3, 1):
        held.requests[index].reply(HeartbeatResponse())
    assert await correlation_ids(client, 5) == [0, 1, 2, 3, 4]


async def test_asynchronous_handlers_run_side_by_side(
    harness: ServerHarness, autojump_clock: trio.testing.MockClock
) -> None:
    async def handle(request: Request) -> None:
        await trio.sleep(10 - request.header.correlation_id)
        request.reply(HeartbeatResponse())

    harness.table.register(ApiKey.HEARTBEAT, handle)
    await harness.start()
    client = await harness.connect()
    await client.send(b"".join(encoded(number) for number in range(10)))
    start = trio.current_time()
    assert await correlation_ids(client, 10) == list(range(10))
    assert trio.current_time() - start == pytest.approx(10)


async def test_at_most_64_requests_are_read_ahead(harness: ServerHarness) -> None:
    held = Held()
    harness.table.register(ApiKey.HEARTBEAT, held)
    await harness.start()
    client = await harness.connect()
    await client.send(b"".join(encoded(number) for number in range(100)))
    await wait_all_tasks_blocked()
    assert len(held.requests) == 64
    held.requests[63].reply(HeartbeatResponse())
    await wait_all_tasks_blocked()
    assert len(held.requests) == 64
    for request in held.requests[:10]:
        request.reply(HeartbeatResponse())
    await wait_all_tasks_blocked()
    assert len(held.requests) == 74
    for _ in range(3):
        for request in held.requests:
            if request.reply_parts is None:
                request.reply(HeartbeatResponse())
        await wait_all_tasks_blocked()
    assert await correlation_ids(client, 100) == list(range(100))


async def test_client_that_does_not_read_is_not_read_and_holds_nobody_up(harness: ServerHarness) -> None:
    big = ProduceResponse(responses=[ProduceResponse.TopicProduceResponse(name="t" * 30_000)])
    harness.table.register(ApiKey.PRODUCE, lambda request: request.reply(big), max_version=8)
    harness.table.register(ApiKey.HEARTBEAT, lambda request: request.reply(HeartbeatResponse()))
    await harness.start()
    slow, other = await harness.connect(), await harness.connect()
    request = encoded(1, ProduceRequest(acks=1), 8)
    await slow.send(request * 1000)
    await wait_all_tasks_blocked()
    api = harness.table.find(ApiKey.PRODUCE)
    assert api is not None
    # Two replies fit the connection; 64 more requests are open.
    assert api.statistics.latency.count == 66
    await other.request(HEARTBEAT, 4)
    for _ in range(1000):
        frame = await slow.receive()
        assert frame is not None
        assert len(frame) > 30_000
    assert api.statistics.latency.count == 1000


async def test_no_reply_is_sent_for_none(harness: ServerHarness) -> None:
    harness.table.register(ApiKey.PRODUCE, lambda request: request.reply(None), max_version=8)
    harness.table.register(ApiKey.HEARTBEAT, lambda request: request.reply(HeartbeatResponse()))
    await harness.start()
    client = await harness.connect()
    await client.send(encoded(1, ProduceRequest(acks=0), 8) * 200 + encoded(2))
    assert await correlation_ids(client, 1) == [2]


async def test_reply_after_the_client_has_gone_is_ignored(harness: ServerHarness, events: Events) -> None:
    held = Held()
    harness.table.register(ApiKey.HEARTBEAT, held)
    await harness.start()
    client = await harness.connect()
    await client.send(encoded(1))
    await wait_all_tasks_blocked()
    client.transport.close()
    await wait_all_tasks_blocked()
    assert held.requests[0].connection.closed
    held.requests[0].reply(HeartbeatResponse())
    assert not harness.server.connections
    assert closings(events) == []


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (struct.pack(">i", -5), "a frame of negative length -5"),
        (struct.pack(">i", 1001), "a frame of 1001 bytes, more than the 1000 allowed"),
        (b"GET / HTTP/1.1\r\n\r\n", "a frame of 1195725856 bytes, more than the 1000 allowed"),
        (struct.pack(">i", 0), "a request of 0 bytes, too short for a header"),
        (struct.pack(">i4s", 4, b"\0\x0c\0\0"), "a request of 4 bytes, too short for a header"),
        (struct.pack(">ihhih", 10, 999, 0, 1, -1), "a request of API 999, which is not served"),
        (struct.pack(">ihhih", 10, -1, 0, 1, -1), "a request of API -1, which is not served"),
        (struct.pack(">ihhih", 10, ApiKey.FETCH, 4, 1, -1), "a request of API 1, which is not served"),
        (struct.pack(">ihhih", 10, 12, 5, 1, -1), "Heartbeat v5, which is not served (only v0 to v4)"),
        (struct.pack(">ihhih", 10, 12, -1, 1, -1), "Heartbeat v-1, which is not served (only v0 to v4)"),
        (struct.pack(">ihhih", 10, 12, 0, 1, 50), "50 bytes announced"),
        (struct.pack(">ihhih", 10, 12, 0, 1, -1), "HeartbeatRequest"),
        (encoded(1)[:3], "the client closed in the middle of a request"),
        (encoded(1)[:-1], "the client closed in the middle of a request"),
    ],
)
async def test_bad_input_closes_that_connection_with_one_line(
    harness: ServerHarness, events: Events, data: bytes, reason: str
) -> None:
    harness.table.register(ApiKey.HEARTBEAT, lambda request: request.reply(HeartbeatResponse()))
    await harness.start(**{"socket.request.max.bytes": 1000})
    other, client = await harness.connect(), await harness.connect()
    await client.send(data)
    if reason.startswith("the client closed"):
        await wait_all_tasks_blocked()
        client.transport.close()
        await wait_all_tasks_blocked()
    else:
        assert await client.receive() is None
    (said,) = closings(events)
    assert reason in said
    assert harness.server.statistics.closed_for_cause == 1
    assert await other.request(HEARTBEAT, 4) == HeartbeatResponse()


async def test_what_came_before_bad_input_is_answered(harness: ServerHarness, events: Events) -> None:
    held = Held()
    harness.table.register(ApiKey.HEARTBEAT, held)
    await harness.start()
    client = await harness.connect()
    await client.send(encoded(1) + encoded(2) + struct.pack(">i", 3) + b"bad" + encoded(3))
    await wait_all_tasks_blocked()
    for request in held.requests:
        request.reply(HeartbeatResponse())
    assert await correlation_ids(client, 2) == [1, 2]
    assert await client.receive() is None
    assert closings(events) == ["a request of 3 bytes, too short for a header"]


@pytest.mark.parametrize("cut", range(1, 30, 3))
async def test_body_cut_anywhere_closes(harness: ServerHarness, events: Events, cut: int) -> None:
    harness.table.register(ApiKey.HEARTBEAT, lambda request: request.reply(HeartbeatResponse()))
    await harness.start()
    client = await harness.connect()
    frame = encoded(1)[4:-cut]
    await client.send(struct.pack(">i", len(frame)) + frame)
    assert await client.receive() is None
    assert len(closings(events)) == 1


async def test_bytes_after_a_valid_body_are_accepted(harness: ServerHarness) -> None:
    harness.table.register(ApiKey.HEARTBEAT, lambda request: request.reply(HeartbeatResponse()))
    await harness.start()
    client = await harness.connect()
    frame = encoded(1)[4:] + b"trailing"
    await client.send(struct.pack(">i", len(frame)) + frame)
    assert await correlation_ids(client, 1) == [1]


async def fail_later(request: Request) -> None:
    await trio.lowlevel.checkpoint()
    raise ValueError("bug")


def fail_at_once(request: Request) -> None:
    raise WireError(ErrorCode.INVALID_REQUEST, "handlers answer these themselves")


def reply_nonsense(request: Request) -> None:
    request.reply(HeartbeatResponse(error_code=1 << 40))


@pytest.mark.parametrize("handler", [fail_later, fail_at_once, reply_nonsense])
async def test_failing_handler_closes_its_connection_alone(
    harness: ServerHarness, events: Events, handler: Any
) -> None:
    harness.table.register(ApiKey.HEARTBEAT, handler)
    await harness.start()
    other, client = await harness.connect(), await harness.connect()
    await client.send(encoded(1))
    assert await client.receive() is None
    assert harness.server.statistics.handler_failures == 1
    (failure,) = [event for event in events if event["log_level"] == "error"]
    assert failure["exc_info"]
    assert "Heartbeat v4 #1" in failure["request"]
    await other.request(ApiVersionsRequest(), 0)


async def test_handler_may_close(harness: ServerHarness, events: Events) -> None:
    harness.table.register(ApiKey.HEARTBEAT, lambda request: request.close("acks=0 failed"))
    await harness.start()
    client = await harness.connect()
    await client.send(encoded(1) + encoded(2))
    assert await client.receive() is None
    assert closings(events) == ["acks=0 failed"]


async def test_close_hooks_run_once(harness: ServerHarness, events: Events) -> None:
    held, closed = Held(), list[str]()
    harness.table.register(ApiKey.HEARTBEAT, held)
    await harness.start()
    client = await harness.connect()
    await client.send(encoded(1))
    await wait_all_tasks_blocked()
    connection = held.requests[0].connection

    def bad_hook(_: object) -> None:
        raise ValueError("bug")

    connection.on_close(bad_hook)
    connection.on_close(lambda c: closed.append(f"first {c.close_reason}"))
    client.transport.abort()
    await wait_all_tasks_blocked()
    assert closed == ["first connection lost: the connection was lost"]
    connection.on_close(lambda c: closed.append("second"))
    connection.close("again")
    assert closed[1:] == ["second"]
    assert [event["event"] for event in events if event["log_level"] == "error"] == ["close hook failed"]


async def test_idle_connection_is_closed(harness: ServerHarness, autojump_clock: trio.testing.MockClock) -> None:
    held = Held()
    harness.table.register(ApiKey.HEARTBEAT, held)
    await harness.start(connections_max_idle_ms=1000)
    busy, idle = await harness.connect(), await harness.connect()
    start = trio.current_time()
    await busy.send(encoded(1))  # answered late: who waits for us is not idle
    assert await idle.receive() is None
    assert trio.current_time() - start == pytest.approx(1)
    await trio.sleep(9)
    held.requests[0].reply(HeartbeatResponse())
    await correlation_ids(busy, 1)
    start = trio.current_time()
    assert await busy.receive() is None
    assert trio.current_time() - start == pytest.approx(1)


async def test_idle_means_no_bytes_either_way(harness: ServerHarness, autojump_clock: trio.testing.MockClock) -> None:
    harness.table.register(ApiKey.HEARTBEAT, lambda request: request.reply(HeartbeatResponse()))
    await harness.start(connections_max_idle_ms=1000)
    client = await harness.connect()
    for _ in range(5):
        await trio.sleep(0.9)
        await client.request(HEARTBEAT, 4)


async def test_client_that_never_reads_is_closed_when_idle(
    harness: ServerHarness, autojump_clock: trio.testing.MockClock
) -> None:
    big = ProduceResponse(responses=[ProduceResponse.TopicProduceResponse(name="t" * 30_000)])
    harness.table.register(ApiKey.PRODUCE, lambda request: request.reply(big), max_version=8)
    await harness.start(connections_max_idle_ms=1000)
    client = await harness.connect()
    await client.send(encoded(1, ProduceRequest(acks=1), 8) * 100)
    await trio.sleep(3)
    assert not harness.server.connections


async def test_unserved_api_is_not_served_by_its_schema(harness: ServerHarness, events: Events) -> None:
    await harness.start()
    client = await harness.connect()
    await client.send_request(MetadataRequest(), 9)
    assert await client.receive() is None
    assert closings(events) == ["a request of API 3, which is not served"]
