"""The network in memory behaves as sockets do, in no time."""

from __future__ import annotations

import pytest
import trio
import trio.testing

from barnabas.net.memory import MemoryNetwork, memory_pair


def view(size: int = 100) -> memoryview:
    return memoryview(bytearray(size))


async def test_bytes_arrive_after_the_latency(autojump_clock: trio.testing.MockClock) -> None:
    near, far = memory_pair(latency=0.25)
    start = trio.current_time()
    assert near.send_nowait([b"he", bytearray(b"llo"), memoryview(b"!")]) == 6
    buffer = view()
    with pytest.raises(BlockingIOError):
        far.recv_into_nowait(buffer)
    assert await far.recv_into(buffer) == 6
    assert bytes(buffer[:6]) == b"hello!"
    assert trio.current_time() - start == pytest.approx(0.25)


async def test_short_views_get_the_bytes_in_pieces() -> None:
    near, far = memory_pair()
    near.send_nowait([b"abc", b"def"])
    buffer = view(4)
    assert await far.recv_into(buffer) == 4
    assert bytes(buffer) == b"abcd"
    assert await far.recv_into(buffer) == 2
    assert bytes(buffer[:2]) == b"ef"


async def test_full_connection_takes_part_and_then_nothing() -> None:
    near, far = memory_pair(capacity=10)
    assert near.send_nowait([b"12345678", b"9abcdef"]) == 10
    assert near.send_nowait([b"x"]) == 0
    async with trio.open_nursery() as nursery:
        nursery.start_soon(near.wait_writable)
        await trio.testing.wait_all_tasks_blocked()
        assert await far.recv_into(view()) == 10
    assert near.send_nowait([b"x"]) == 1


async def test_closing_gives_the_rest_and_then_the_end(autojump_clock: trio.testing.MockClock) -> None:
    near, far = memory_pair(latency=0.1)
    near.send_nowait([b"last"])
    near.close()
    assert await far.recv_into(view()) == 4
    assert await far.recv_into(view()) == 0
    with pytest.raises(BrokenPipeError):
        far.send_nowait([b"x"])
    with pytest.raises(ConnectionAbortedError):
        near.send_nowait([b"x"])


async def test_closing_wakes_the_other_end() -> None:
    near, far = memory_pair()
    async with trio.open_nursery() as nursery:

        async def read_to_the_end() -> None:
            assert await far.recv_into(view()) == 0

        nursery.start_soon(read_to_the_end)
        await trio.testing.wait_all_tasks_blocked()
        near.close()


async def test_abort_resets_both_ends() -> None:
    near, far = memory_pair()
    near.send_nowait([b"lost"])
    near.abort()
    for end in (near, far):
        with pytest.raises(ConnectionResetError):
            await end.recv_into(view())
        with pytest.raises(ConnectionResetError):
            end.send_nowait([b"x"])


async def test_connect_and_accept() -> None:
    network = MemoryNetwork("a")
    listener = await network.at("b").listen("b", 9092)
    ours = await network.connect("b", 9092)
    theirs = await listener.accept()
    assert (ours.peer, theirs.local) == ("b:9092", ("b", 9092))
    assert theirs.peer.startswith("a:")
    ours.send_nowait([b"x"])
    assert await theirs.recv_into(view()) == 1
    listener.close()
    with pytest.raises(ConnectionRefusedError):
        await network.connect("b", 9092)


async def test_who_was_not_accepted_hears_that_the_listener_is_closed() -> None:
    network = MemoryNetwork()
    listener = await network.listen("", 0)
    client = await network.connect("localhost", listener.port)
    listener.close()
    listener.close()
    with trio.fail_after(1):
        assert await client.recv_into(memoryview(bytearray(1))) == 0
    assert all(each.is_closed for each in network.transports if each is not client)


async def test_ports() -> None:
    network = MemoryNetwork()
    listener = await network.listen("", 0)
    assert listener.port > 0
    with pytest.raises(OSError, match="in use"):
        await network.listen("", listener.port)
    await network.connect("any", listener.port)
    listener.close()
    with pytest.raises(ConnectionAbortedError):
        await listener.accept()
