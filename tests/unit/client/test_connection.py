"""A connection to a node: pipelining, deadlines, loss, cancellation."""

from __future__ import annotations

import pytest
import trio
import trio.testing
from trio.testing import MockClock, wait_all_tasks_blocked

from barnabas.client.connection import (
    CannotConnect,
    ClientConnection,
    ConnectionLost,
    RequestTimedOut,
    connect,
)
from barnabas.net.memory import MemoryNetwork, MemoryTransport, memory_pair
from barnabas.net.transport import TcpNetwork, Transport
from barnabas.protocol.api_keys import ApiKey
from barnabas.protocol.errors import ErrorCode, WireError
from barnabas.protocol.messages.heartbeat import HeartbeatRequest, HeartbeatResponse
from barnabas.protocol.messages.metadata import MetadataRequest
from barnabas.protocol.messages.produce import ProduceRequest, ProduceResponse
from barnabas.server.dispatch import Request
from server_harness import ServerHarness


def heartbeat(number: int = 0) -> HeartbeatRequest:
    return HeartbeatRequest(group_id="group", generation_id=number)


def echo(request: Request[HeartbeatRequest]) -> None:
    request.reply(HeartbeatResponse(throttle_time_ms=request.body.generation_id))


@pytest.fixture
def harness(nursery: trio.Nursery) -> ServerHarness:
    harness = ServerHarness(nursery)
    harness.table.register(ApiKey.HEARTBEAT, echo)
    return harness


async def connected(harness: ServerHarness, nursery: trio.Nursery, **options: float) -> ClientConnection:
    return await connect(harness.network, "127.0.0.1", 9092, "me", nursery=nursery, **options)  # type: ignore[arg-type]


def lonely(nursery: trio.Nursery, timeout: float = 30.0) -> tuple[ClientConnection, MemoryTransport]:
    """A connection to nobody, and the transport on which nobody answers."""
    near, far = memory_pair(capacity=1000)
    return ClientConnection(near, nursery, client_id="me", request_timeout=timeout), far


async def test_request(harness: ServerHarness, nursery: trio.Nursery) -> None:
    await harness.start()
    connection = await connected(harness, nursery)
    assert await connection.request(heartbeat(7)) == HeartbeatResponse(throttle_time_ms=7)
    assert connection.versions_of(ApiKey.HEARTBEAT) == (0, 4)
    assert connection.versions_of(ApiKey.FETCH) is None
    assert connection.address == "127.0.0.1:9092"
    assert not connection.closed


async def test_many_tasks_share_a_connection(harness: ServerHarness, nursery: trio.Nursery) -> None:
    await harness.start()
    connection = await connected(harness, nursery)
    got: dict[int, object] = {}

    async def ask(number: int) -> None:
        got[number] = await connection.request(heartbeat(number))

    async with trio.open_nursery() as askers:
        for number in range(200):
            askers.start_soon(ask, number)
    assert got == {number: HeartbeatResponse(throttle_time_ms=number) for number in range(200)}


async def test_one_task_pipelines(harness: ServerHarness, nursery: trio.Nursery) -> None:
    await harness.start()
    connection = await connected(harness, nursery)
    replies = [connection.send(heartbeat(number)) for number in range(100)]
    assert connection.in_flight == 100
    for number in reversed(range(100)):
        assert await replies[number].wait() == HeartbeatResponse(throttle_time_ms=number)


async def test_large_messages_both_ways_through_a_small_socket(harness: ServerHarness, nursery: trio.Nursery) -> None:
    def handle(request: Request[ProduceRequest]) -> None:
        name = request.body.topic_data[0].name
        request.reply(ProduceResponse(responses=[ProduceResponse.TopicProduceResponse(name=name)]))

    harness.table.register(ApiKey.PRODUCE, handle, max_version=8)
    harness.network.capacity = 1000  # type: ignore[misc]
    await harness.start()
    connection = await connected(harness, nursery)
    topics = [letter * 30_000 for letter in "abcdef"]
    replies = [
        connection.send(ProduceRequest(acks=1, topic_data=[ProduceRequest.TopicProduceData(name=name)]))
        for name in topics
    ]
    for reply, name in zip(replies, topics, strict=True):
        response = await reply.wait()
        assert isinstance(response, ProduceResponse)
        assert response.responses[0].name == name


async def test_records_are_slices_of_the_frame(harness: ServerHarness, nursery: trio.Nursery) -> None:
    from barnabas.protocol.messages.fetch import FetchRequest, FetchResponse

    records = bytes(range(256)) * 1000
    partition = FetchResponse.PartitionData(records=memoryview(records))
    answer = FetchResponse(responses=[FetchResponse.FetchableTopicResponse(topic="t", partitions=[partition])])
    harness.table.register(ApiKey.FETCH, lambda request: request.reply(answer), max_version=11)
    await harness.start()
    connection = await connected(harness, nursery)
    response = await connection.request(FetchRequest())
    assert isinstance(response, FetchResponse)
    view = response.responses[0].partitions[0].records
    assert isinstance(view, memoryview)
    assert view == records
    assert len(view.obj) > len(records)


async def test_unanswered_requests(harness: ServerHarness, nursery: trio.Nursery) -> None:
    seen: list[int] = []

    def handle(request: Request[ProduceRequest]) -> None:
        seen.append(request.body.acks)
        request.reply(None)

    harness.table.register(ApiKey.PRODUCE, handle, max_version=8)
    await harness.start()
    connection = await connected(harness, nursery)
    connection.send_unanswered(ProduceRequest(acks=0))
    assert await connection.request(heartbeat(1)) == HeartbeatResponse(throttle_time_ms=1)
    assert seen == [0]


async def test_api_that_the_node_does_not_serve(harness: ServerHarness, nursery: trio.Nursery) -> None:
    await harness.start()
    connection = await connected(harness, nursery)
    with pytest.raises(WireError) as raised:
        await connection.request(MetadataRequest())
    assert raised.value.code == ErrorCode.UNSUPPORTED_VERSION
    assert not connection.closed


async def test_negotiation_falls_back_to_what_an_old_node_knows(nursery: trio.Nursery) -> None:
    connection, far = lonely(nursery)
    asked: list[int] = []

    async def old_node() -> None:
        view = memoryview(bytearray(1000))
        for _ in range(2):
            await far.recv_into(view)
            version = int.from_bytes(view[6:8], "big")
            asked.append(version)
            body = b"\0\x23\0\0\0\x01\0\x12\0\0\0\x02" if version > 2 else b"\0\0\0\0\0\x01\0\x0c\0\0\0\x03\0\0\0\0"
            frame = bytes(view[8:12]) + body
            far.send_nowait([len(frame).to_bytes(4, "big") + frame])

    nursery.start_soon(old_node)
    await connection.negotiate()
    assert asked == [4, 2]
    assert connection.versions_of(ApiKey.HEARTBEAT) == (0, 3)


async def test_request_timeout_ends_the_connection(nursery: trio.Nursery, autojump_clock: MockClock) -> None:
    connection, _ = lonely(nursery, timeout=5)
    ended: list[str | None] = []
    connection.on_close(lambda c: ended.append(c.close_reason))
    slow, quick = connection.send(heartbeat(), 4), connection.send(heartbeat(), 4, request_timeout=2)
    for reply in (quick, slow):
        with pytest.raises(RequestTimedOut, match="right:2: HEARTBEAT v4 #1 was not answered in time"):
            await reply.wait()
    assert trio.current_time() == pytest.approx(2)
    assert connection.closed
    assert len(ended) == 1
    with pytest.raises(ConnectionLost, match="not answered in time"):
        connection.send(heartbeat())


async def test_timeouts_do_not_end_what_is_answered(
    harness: ServerHarness, nursery: trio.Nursery, autojump_clock: MockClock
) -> None:
    await harness.start()
    connection = await connected(harness, nursery, request_timeout=1)
    for _ in range(10):
        await connection.request(heartbeat())
        await trio.sleep(0.7)
    await trio.sleep(100)
    await connection.request(heartbeat())


async def test_cancelled_request_leaves_the_connection_usable(harness: ServerHarness, nursery: trio.Nursery) -> None:
    held: list[Request] = []
    harness.table.register(ApiKey.PRODUCE, held.append, max_version=8)
    await harness.start()
    connection = await connected(harness, nursery)
    with trio.move_on_after(0) as scope:
        await connection.request(ProduceRequest(acks=1))
    assert scope.cancelled_caught
    reply = connection.send(heartbeat(5))
    await wait_all_tasks_blocked()
    held[0].reply(ProduceResponse())
    assert await reply.wait() == HeartbeatResponse(throttle_time_ms=5)


async def test_every_open_request_learns_of_the_loss(nursery: trio.Nursery) -> None:
    connection, far = lonely(nursery)
    replies = [connection.send(heartbeat(), 4) for _ in range(3)]
    far.abort()
    for reply in replies:
        with pytest.raises(ConnectionLost, match="right:2: the connection was lost"):
            await reply.wait()
    assert connection.closed


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "the node closed the connection"),
        (b"\0\0\0\x05\0\0\0\x63\0", "a response #99 where HEARTBEAT v4 #0 is the oldest request"),
        (b"\0\0\0\x04\0\0\0\0", "ends too early"),
        (b"\xff\xff\xff\xff", "negative length"),
    ],
)
async def test_bad_node(nursery: trio.Nursery, data: bytes, why: str) -> None:
    connection, far = lonely(nursery)
    reply = connection.send(heartbeat(), 4)
    far.send_nowait([data])
    if not data:
        far.close()
    with pytest.raises(ConnectionLost, match=why):
        await reply.wait()


async def test_close(nursery: trio.Nursery) -> None:
    connection, far = lonely(nursery)
    reply = connection.send(heartbeat(), 4)
    connection.close()
    connection.close("again")
    assert connection.close_reason == "closed by us"
    with pytest.raises(ConnectionLost, match="closed by us"):
        await reply.wait()
    with pytest.raises(ConnectionLost, match="closed by us"):
        await connection.request(heartbeat())
    late: list[bool] = []
    connection.on_close(lambda c: late.append(c.closed))
    assert late == [True]
    view = memoryview(bytearray(100))
    while await far.recv_into(view):
        pass


async def test_ending_the_nursery_closes() -> None:
    async with trio.open_nursery() as nursery:
        connection, _ = lonely(nursery)
        reply = connection.send(heartbeat(), 4)
        await wait_all_tasks_blocked()
        nursery.cancel_scope.cancel()
    assert connection.closed
    with pytest.raises(ConnectionLost):
        await reply.wait()


async def test_writer_stops_when_the_connection_is_lost(nursery: trio.Nursery) -> None:
    connection, far = lonely(nursery)
    reply = connection.send(HeartbeatRequest(group_id="g" * 5000), 4)  # more than the socket takes
    await wait_all_tasks_blocked()
    far.abort()
    with pytest.raises(ConnectionLost):
        await reply.wait()


async def test_refused(nursery: trio.Nursery) -> None:
    with pytest.raises(CannotConnect, match="nowhere:1: nobody listens on nowhere:1"):
        await connect(MemoryNetwork(), "nowhere", 1, "me", nursery=nursery)


async def test_connect_timeout(nursery: trio.Nursery, autojump_clock: MockClock) -> None:
    class Silent(MemoryNetwork):
        async def connect(self, host: str, port: int) -> Transport:
            await trio.sleep_forever()
            raise AssertionError

    with pytest.raises(CannotConnect, match="h:1: no answer in 3 s"):
        await connect(Silent(), "h", 1, "me", nursery=nursery, connect_timeout=3)


async def test_failed_negotiation_closes(nursery: trio.Nursery, autojump_clock: MockClock) -> None:
    network = MemoryNetwork()
    listener = await network.listen("h", 1)
    with pytest.raises(RequestTimedOut):
        await connect(network, "h", 1, "me", nursery=nursery, request_timeout=1)
    transport = await listener.accept()
    view = memoryview(bytearray(1000))
    assert await transport.recv_into(view)
    assert await transport.recv_into(view) == 0


async def test_over_tcp(harness: ServerHarness, nursery: trio.Nursery) -> None:
    harness.network = TcpNetwork()  # type: ignore[assignment]
    await harness.start(listeners=["PLAINTEXT://127.0.0.1:0"])
    port = harness.server.endpoints[0].port
    connection = await connect(TcpNetwork(), "127.0.0.1", port, "me", nursery=nursery)
    assert await connection.request(heartbeat(3)) == HeartbeatResponse(throttle_time_ms=3)
    connection.close()
    harness.server.close()
    with pytest.raises(CannotConnect, match="Connection refused"):
        await connect(TcpNetwork(), "127.0.0.1", port, "me", nursery=nursery)


# What is sent without an answer


LARGE = ProduceRequest(acks=0, topic_data=[ProduceRequest.TopicProduceData(name="t" * 5000)])
"""More than the socket takes."""


async def read_all(far: MemoryTransport) -> int:
    buffer, total = memoryview(bytearray(1000)), 0
    while count := await far.recv_into(buffer):
        total += count
    return total


async def test_all_is_sent_when_the_node_has_read_enough(nursery: trio.Nursery) -> None:
    connection, far = lonely(nursery)
    connection.send_unanswered(LARGE, 8)
    sent = trio.Event()

    async def wait() -> None:
        await connection.wait_sent()
        sent.set()

    nursery.start_soon(wait)
    await wait_all_tasks_blocked()
    assert not sent.is_set()
    connection.retire()
    assert not connection.closed
    assert await read_all(far) > 5000
    await wait_all_tasks_blocked()
    assert sent.is_set()
    assert connection.closed


async def test_a_node_that_reads_nothing_is_given_up(nursery: trio.Nursery, autojump_clock: MockClock) -> None:
    connection, _ = lonely(nursery, timeout=3.0)
    connection.send_unanswered(LARGE, 8)
    with pytest.raises(RequestTimedOut, match="the node reads nothing of what is sent to it"):
        await connection.wait_sent()
    assert trio.current_time() == pytest.approx(3.0)
    assert connection.closed


async def test_a_lost_connection_has_not_sent_all(nursery: trio.Nursery) -> None:
    connection, far = lonely(nursery)
    connection.send_unanswered(LARGE, 8)
    nursery.start_soon(abort_later, far)
    with pytest.raises(ConnectionLost):
        await connection.wait_sent()


async def abort_later(far: MemoryTransport) -> None:
    await wait_all_tasks_blocked()
    far.abort()
