"""What can be made to go wrong in the network in memory."""

from __future__ import annotations

import pytest
import trio
import trio.testing

from barnabas.net.memory import Address, MemoryNetwork
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
