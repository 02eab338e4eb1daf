"""Faults of the network: partitions of all kinds, lost connections, slowness."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import trio
from tests.simulation.faults import Fault, Nemesis


async def partition(nemesis: Nemesis) -> None:
    """Some hosts and others do not reach each other."""
    some, others = _sides(nemesis)
    await cut(nemesis, f"{some} and {others}", nemesis.cluster.routes(some, others))


async def partition_one_way(nemesis: Nemesis) -> None:
    """Some hosts do not reach others, who reach them."""
    some, others = _sides(nemesis)
    await cut(nemesis, f"{some} to {others}", nemesis.cluster.routes(some, others, both_ways=False))


async def bridge(nemesis: Nemesis) -> None:
    """Two halves reach each other through one host only, which reaches all."""
    hosts = list(nemesis.cluster.hosts)
    nemesis.rng.shuffle(hosts)
    middle = len(hosts) // 2
    one, other = hosts[:middle], hosts[middle + 1 :]
    await cut(nemesis, f"{one} and {other}, but for {hosts[middle]},", nemesis.cluster.routes(one, other))


async def isolate(nemesis: Nemesis) -> None:
    """A node does not reach the others, or is not reached by them, while clients go on to use it."""
    node = nemesis.rng.choice(nemesis.cluster.nodes)
    others = [other.host for other in nemesis.cluster.nodes if other is not node]
    pairs = ([node.host], others) if nemesis.rng.random() < 0.5 else (others, [node.host])
    routes = nemesis.cluster.routes(*pairs, both_ways=nemesis.rng.random() < 0.5)
    await cut(nemesis, f"{pairs[0]} to {pairs[1]}, but not to clients,", routes)


async def flap(nemesis: Nemesis) -> None:
    """A link that goes and comes."""
    one, other = nemesis.rng.sample(nemesis.cluster.hosts, 2)
    end = trio.current_time() + nemesis.length()
    while trio.current_time() < end:
        both_ways = nemesis.rng.random() < 0.5
        await cut(nemesis, f"{one} and {other}", nemesis.cluster.routes([one], [other], both_ways=both_ways), 0.2)
        await trio.sleep(nemesis.rng.expovariate(5))


def _sides(nemesis: Nemesis) -> tuple[list[str], list[str]]:
    hosts, rng = nemesis.cluster.hosts, nemesis.rng
    some = rng.sample(hosts, rng.randint(1, len(hosts) // 2))
    others = [host for host in hosts if host not in some]
    return some, rng.sample(others, 1) if rng.random() < 0.3 else others


async def cut(nemesis: Nemesis, what: str, routes: Iterable[Any], length: float | None = None) -> None:
    """Nothing arrives on these routes, for as long as faults last, or for so many seconds on average."""
    routes = list(routes)
    nemesis.note(f"{what} are cut")
    for route in routes:
        route.cut()
    await trio.sleep(nemesis.length() if length is None else nemesis.rng.expovariate(1 / length))
    for route in routes:
        route.heal()
    nemesis.note(f"{what} are healed")
    nemesis.cut_off_again()


async def lose_connections(nemesis: Nemesis) -> None:
    """With all that is on its way in them."""
    node = nemesis.some_node()
    if node is not None:
        nemesis.note(f"{node} loses connections")
        for _ in range(nemesis.rng.randint(1, 4)):
            node.lose_connection(nemesis.rng)


async def slow_network(nemesis: Nemesis) -> None:
    """Everywhere."""
    weather = nemesis.cluster.weather
    weather.network_slowness = nemesis.rng.choice([10.0, 100.0, 400.0])
    nemesis.note("the network is slow")
    await trio.sleep(nemesis.length())
    weather.network_slowness = 1.0


KINDS: dict[str, Fault] = {
    "partition": partition,
    "one-way partition": partition_one_way,
    "bridge": bridge,
    "isolated node": isolate,
    "flapping link": flap,
    "lost connections": lose_connections,
    "slow network": slow_network,
}
