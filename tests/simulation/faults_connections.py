"""Faults of single connections and of names, and clients that send what no client sends."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import trio
from tests.simulation.cluster import BROKER_PORT, CONTROLLER_PORT, Node
from tests.simulation.faults import Fault, Nemesis
from tests.simulation.faults_network import cut

from barnabas.net.transport import Transport
from barnabas.protocol.framing import encode_request
from barnabas.protocol.messages.api_versions import ApiVersionsRequest
from barnabas.protocol.messages.describe_cluster import DescribeClusterRequest
from barnabas.protocol.messages.list_groups import ListGroupsRequest
from barnabas.protocol.messages.list_offsets import ListOffsetsRequest
from barnabas.protocol.types import FileSlice

_MOST: Final = 4
_NOWHERE: Final = "nowhere"
_PATIENCE: Final = 5.0
"""Seconds that a client waits which makes no sense."""


async def half_open(nemesis: Nemesis) -> None:
    """A node has lost connections, and those at their other ends do not hear of it: they wait."""
    for end in _some_ends(nemesis, "has forgotten"):
        end.lose_here()
        nemesis.counts["connections half open"] += 1
        nemesis.half_open.append(end)


async def clog(nemesis: Nemesis) -> None:
    """What is sent to a node on some of its connections arrives much later, perhaps when who sent it has given up."""
    ends = _some_ends(nemesis, "hears nothing on")
    try:
        for end in ends:
            end.clog()
            nemesis.counts["connections clogged"] += 1
            nemesis.clogged.append(end)
        await trio.sleep(nemesis.length())
    finally:
        for end in ends:
            end.unclog()
            nemesis.clogged.remove(end)


def _some_ends(nemesis: Nemesis, what: str) -> list[Any]:
    node = nemesis.some_node()
    there = [] if node is None else node.connections
    ends = nemesis.rng.sample(there, min(len(there), nemesis.rng.randint(1, _MOST)))
    if ends:
        nemesis.note(f"{node} {what} its connections with {', '.join(end.peer for end in ends)}")
    return ends


async def cut_clients_off(nemesis: Nemesis) -> None:
    """Clients of one host, or all, do not reach one broker, while all others do; or it does not reach them."""
    clients = [host for host in nemesis.cluster.hosts if host.startswith("client-")]
    some = clients if nemesis.rng.random() < 0.5 else [nemesis.rng.choice(clients)]
    broker = nemesis.rng.choice(nemesis.cluster.brokers).host
    pairs = (some, [broker]) if nemesis.rng.random() < 0.5 else ([broker], some)
    routes = nemesis.cluster.routes(*pairs, both_ways=nemesis.rng.random() < 0.5)
    await cut(nemesis, f"{pairs[0]} to {pairs[1]}", routes)


async def mix_names_up(nemesis: Nemesis) -> None:
    """The name of a node means another one for a while, or nobody, for connections that are made from then on."""
    cluster, rng = nemesis.cluster, nemesis.rng
    node = rng.choice(cluster.nodes)
    if node.host in nemesis.names:
        return
    alike = [each.host for each in (cluster.controllers if node.is_controller else cluster.brokers) if each is not node]
    other = rng.choice([*alike, _NOWHERE])
    nemesis.names.append(node.host)
    try:
        nemesis.note(f"the name {node} means {other}")
        nemesis.counts["names that meant others"] += 1
        cluster.network.redirect(node.host, other)
        for end in node.connections:
            end.abort()
        await trio.sleep(nemesis.length())
    finally:
        nemesis.note(f"the name {node} means {node}")
        nemesis.names.remove(node.host)
        cluster.network.redirect(node.host, None)


# Nonsense


async def talk_nonsense(nemesis: Nemesis) -> None:
    """A client sends noise, halves of requests, or requests in which a bit is another, and does not go away at once.

    Nobody else may notice. It asks for nothing that changes anything, so that no bit makes it do so.
    """
    rng, node = nemesis.rng, nemesis.rng.choice(nemesis.cluster.nodes)
    nemesis.note(f"a client talks nonsense to {node}")
    with _connections() as opened:
        for _ in range(rng.randint(1, _MOST)):
            with trio.move_on_after(_PATIENCE):
                try:
                    await _say(nemesis, node, opened)
                except OSError as error:
                    nemesis.note(f"the client of {node} that talks nonsense: {error}")
        await trio.sleep(nemesis.length())


@contextmanager
def _connections() -> Iterator[list[Transport]]:
    opened: list[Transport] = []
    try:
        yield opened
    finally:
        for transport in opened:
            transport.close()


async def _say(nemesis: Nemesis, node: Node, opened: list[Transport]) -> None:
    host = nemesis.rng.choice([host for host in nemesis.cluster.hosts if host.startswith("client-")])
    port = CONTROLLER_PORT if node.is_controller else BROKER_PORT
    transport = await nemesis.cluster.network.at(host).connect(node.host, port)
    opened.append(transport)
    left = memoryview(nonsense(nemesis.rng))
    while left:
        if sent := transport.send_nowait([left]):
            left = left[sent:]
        else:
            await transport.wait_writable()
    nemesis.counts["pieces of nonsense sent"] += 1
    if nemesis.rng.random() < 0.7:
        await transport.recv_into(memoryview(bytearray(100)))


def nonsense(rng: random.Random) -> bytes:
    """What no client sends."""
    frame = bytearray(_request(rng))
    match rng.randrange(5):
        case 0:
            return rng.randbytes(rng.randint(1, 200))
        case 1:  # it says that it is longer, or shorter, or of negative length
            frame[:4] = rng.choice([len(frame), len(frame) - 5, 1 << 30, -1, 0]).to_bytes(4, "big", signed=True)
        case 2:  # and then nothing
            del frame[rng.randrange(1, len(frame)) :]
        case 3:  # of a version, or a kind, that there is not
            frame[4:8] = rng.choice([b"\x00\x12\x7f\xff", b"\x7f\xff\x00\x00", b"\xff\xff\xff\xff"])
        case _:
            for _ in range(rng.randint(1, 3)):
                frame[rng.randrange(8, len(frame))] ^= 1 << rng.randrange(8)
    return bytes(frame)


def _request(rng: random.Random) -> bytes:
    """One that changes nothing."""
    partition = ListOffsetsRequest.ListOffsetsPartition(partition_index=0, timestamp=-1)
    request, version = rng.choice(
        [
            (ApiVersionsRequest(client_software_name="nobody", client_software_version="1"), 3),
            (DescribeClusterRequest(), 0),
            (ListGroupsRequest(), 4),
            (ListOffsetsRequest(topics=[ListOffsetsRequest.ListOffsetsTopic(name="t0", partitions=[partition])]), 7),
        ]
    )
    return b"".join(part for part in encode_request(1, "nonsense", request, version) if not isinstance(part, FileSlice))


KINDS: dict[str, Fault] = {
    "half-open connections": half_open,
    "clogged connections": clog,
    "clients cut off": cut_clients_off,
    "names mixed up": mix_names_up,
    "nonsense": talk_nonsense,
}
