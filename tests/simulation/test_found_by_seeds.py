"""What seeds found in the product, each replayed by hand: the few events that it takes, in one simulated cluster."""

from __future__ import annotations

import errno
from collections.abc import Awaitable, Callable

import trio
from tests.simulation import scheduler
from tests.simulation.cluster import Cluster, Node, replicas_of
from tests.simulation.trace import Trace

from barnabas.client.admin import Admin
from barnabas.client.admin_types import NewTopic
from barnabas.client.cluster import Cluster as ClientCluster
from barnabas.client.producer import Producer

RECORDS = 5


def play(script: Callable[[Cluster], Awaitable[None]], *, directories: int = 1) -> None:
    """A cluster of one controller and two brokers, which is ready; then the script."""

    async def main() -> None:
        async with trio.open_nursery() as nursery:
            cluster = Cluster(
                1,
                nursery,
                Trace(),
                controllers=1,
                brokers=2,
                clients=1,
                settings={"http.listener": "none"},
                directories=directories,
            )
            cluster.start()
            await until(cluster.is_ready)
            await script(cluster)
            nursery.cancel_scope.cancel()

    with Trace().takes_logs():
        scheduler.run(1, main)


async def until(condition: Callable[[], bool], seconds: float = 30.0) -> None:
    limit = trio.current_time() + seconds
    while not condition():
        assert trio.current_time() < limit
        await trio.sleep(0.01)


async def fill(cluster: Cluster, partitions: int) -> None:
    """A topic whose partitions are on both brokers, with some records in each."""
    async with (
        ClientCluster(cluster.bootstrap, network=cluster.network.at("client-0")) as client,
        Producer(client) as producer,
    ):
        await Admin(client).create_topics([NewTopic("t", partitions, 2)])
        for index in range(partitions):
            for number in range(RECORDS):
                await producer.send("t", str(number).encode(), partition=index, timestamp=number)


def ends(node: Node) -> list[int]:
    return sorted(replica.log.log_end_offset for replica in replicas_of(node))


def test_a_disk_that_fails_while_its_broker_starts_takes_nothing_from_the_other_disks() -> None:
    """The broker was to stop, took no replica any more, and removed the logs that no replica had claimed."""

    async def script(cluster: Cluster) -> None:
        broker = cluster.brokers[0]
        await fill(cluster, partitions=4)
        await broker.kill()
        folders = {path for platter in broker.platters.values() for path, _ in platter.files() if path.endswith(".log")}
        broker.start()
        broker.may_fail = True
        await until(lambda: broker.handle is not None)
        _, second = broker.platters.values()
        second.failing = errno.EIO
        with trio.fail_after(30.0):
            await broker.ended.wait()
        second.failing = None
        left = {path for platter in broker.platters.values() for path, _ in platter.files() if path.endswith(".log")}
        assert left >= {path for path in folders if path.startswith("t-")}
        broker.start()
        await until(cluster.is_ready)
        await until(lambda: ends(broker) == [RECORDS] * 4)

    play(script, directories=2)
