"""What can be made to go wrong in the network in memory."""

from __future__ import annotations

import pytest
import trio
import trio.testing

from barnabas.net.memory import Address, MemoryNetwork, MemoryTransport
from barnabas.net.transport import Transport


def view(size: int = 100) -> memoryview:
    return memoryview(bytearray(size))


async def connected(network: MemoryNetwork) -> tuple[MemoryNetwork, MemoryNetwork, Transport, Transport]:
    """Two hosts, and a connection from the first to the second."""
    left, right = network.at("left"), network.at("right")
    listener = await right.listen("right", 1)
    near = await left.connect("right", 1)
    return left, right, near, await listener.accept()


async def test_cut_route_delivers_after_it_is_healed(autojump_clock: trio.testing.MockClock) -> None:
    network = MemoryNetwork(latency=0.1)
    _, _, near, far = await connected(network)
    near.send_nowait([b"on its way"])
    network.route("left", "right").cut()
    near.send_nowait([b", and later"])
    with trio.move_on_after(5) as waiting:
        await far.recv_into(view())
    assert waiting.cancelled_caught
    network.route("left", "right").heal()
    healed_at, buffer = trio.current_time(), view()
    assert await far.recv_into(buffer) == len(b"on its way, and later")
    assert trio.current_time() - healed_at == pytest.approx(0.1)


async def test_cut_in_one_direction_lets_the_other_pass(autojump_clock: trio.testing.MockClock) -> None:
    network = MemoryNetwork()
    _, _, near, far = await connected(network)
    network.route("left", "right").cut()
    far.send_nowait([b"hello"])
    assert await near.recv_into(view()) == 5


async def test_nobody_hears_of_a_close_over_a_cut_route(autojump_clock: trio.testing.MockClock) -> None:
    network = MemoryNetwork()
    _, _, near, far = await connected(network)
    network.route("right", "left").cut()
    far.close()
    assert near.send_nowait([b"into nothing"]) == 12
    with pytest.raises(BlockingIOError):
        near.recv_into_nowait(view())
    network.route("right", "left").heal()
    assert await near.recv_into(view()) == 0
    with pytest.raises(BrokenPipeError):
        near.send_nowait([b"x"])


async def test_connecting_waits_for_the_route(autojump_clock: trio.testing.MockClock) -> None:
    network = MemoryNetwork()
    await network.at("right").listen("right", 1)
    for source, target in (("left", "right"), ("right", "left")):
        network.route(source, target).cut()
        with trio.move_on_after(5) as waiting:
            await network.at("left").connect("right", 1)
        assert waiting.cancelled_caught
        network.route(source, target).heal()


async def test_process_that_dies_closes_what_it_had() -> None:
    left, right, near, far = await connected(MemoryNetwork())
    right.die()
    assert await near.recv_into(view()) == 0
    with pytest.raises(ConnectionAbortedError):
        far.send_nowait([b"x"])
    with pytest.raises(ConnectionRefusedError):
        await left.connect("right", 1)
    with pytest.raises(ConnectionAbortedError):
        await right.listen("right", 2)


async def test_host_that_comes_back_resets_its_connections(autojump_clock: trio.testing.MockClock) -> None:
    network = MemoryNetwork()
    _, right, near, _ = await connected(network)
    for source, target in (("left", "right"), ("right", "left")):
        network.route(source, target).cut()
    right.die()
    near.send_nowait([b"is anybody there"])
    right.reset()
    with pytest.raises(ConnectionResetError):
        await near.recv_into(view())


async def test_observer_sees_who_sends_what_to_whom() -> None:
    seen: list[tuple[Address, Address, bytes]] = []
    network = MemoryNetwork(observe=lambda source, target, data: seen.append((source, target, bytes(data))))
    _, _, near, far = await connected(network)
    near.send_nowait([b"ping"])
    far.send_nowait([b"pong"])
    assert seen == [(near.local, ("right", 1), b"ping"), (("right", 1), near.local, b"pong")]


async def test_latency_is_asked_for_anew_each_time(autojump_clock: trio.testing.MockClock) -> None:
    latencies = {("left", "right"): 0.5, ("right", "left"): 0.25}
    network = MemoryNetwork(latency_of=lambda source, target: latencies[source, target])
    _, _, near, far = await connected(network)
    start = trio.current_time()
    near.send_nowait([b"slow"])
    latencies["left", "right"] = 0.1
    near.send_nowait([b"quick, but behind it"])
    assert await far.recv_into(view()) == 24
    assert trio.current_time() - start == pytest.approx(0.5)


async def test_a_connection_that_one_side_lost_is_half_open(autojump_clock: trio.testing.MockClock) -> None:
    network = MemoryNetwork(latency=0.1, capacity=10)
    _, _, near, far = await connected(network)
    assert isinstance(near, MemoryTransport)
    far.send_nowait([b"full full!"])
    async with trio.open_nursery() as nursery:
        nursery.start_soon(far.wait_writable)
        await trio.testing.wait_all_tasks_blocked()
        near.lose_here()
    with pytest.raises(ConnectionResetError):
        near.recv_into_nowait(view())
    near.close()
    assert far.send_nowait([b"into nothing, for ever"]) == 22
    with trio.move_on_after(100) as waiting:
        await far.wait_readable()
    assert waiting.cancelled_caught
    far.close()
    assert not network.at("left").transports


async def test_who_waits_hears_that_the_connection_is_lost_here(autojump_clock: trio.testing.MockClock) -> None:
    _, _, near, _ = await connected(MemoryNetwork())
    assert isinstance(near, MemoryTransport)

    async def wait() -> None:
        with pytest.raises(ConnectionResetError):
            await near.wait_readable()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(wait)
        await trio.testing.wait_all_tasks_blocked()
        near.lose_here()


async def test_a_clogged_connection_delivers_later_and_others_pass(autojump_clock: trio.testing.MockClock) -> None:
    network = MemoryNetwork(latency=0.1)
    left, right = network.at("left"), network.at("right")
    listener = await right.listen("right", 1)
    one, other = await left.connect("right", 1), await left.connect("right", 1)
    clogged, free = await listener.accept(), await listener.accept()
    assert isinstance(clogged, MemoryTransport)
    clogged.clog()
    one.send_nowait([b"late"])
    one.close()
    other.send_nowait([b"soon"])
    assert await free.recv_into(view()) == 4
    network.route("left", "right").cut()
    network.route("left", "right").heal()
    with pytest.raises(BlockingIOError):
        clogged.recv_into_nowait(view())
    clogged.unclog()
    assert await clogged.recv_into(view()) == 4
    assert await clogged.recv_into(view()) == 0


async def test_a_name_can_mean_another_host(autojump_clock: trio.testing.MockClock) -> None:
    network = MemoryNetwork()
    right = network.at("right")
    listener = await right.listen("right", 1)
    network.redirect("old", "right")
    near = await network.at("left").connect("old", 1)
    assert isinstance(await listener.accept(), MemoryTransport)
    network.redirect("old", None)
    with pytest.raises(ConnectionResetError):
        near.send_nowait([b"x"])
    with pytest.raises(ConnectionRefusedError):
        await network.at("left").connect("old", 1)
