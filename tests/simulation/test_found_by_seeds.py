"""What seeds found in the product, each replayed by hand: the few events that it takes, in one simulated cluster."""

from __future__ import annotations

import errno
import random
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import trio
from tests.simulation import scheduler
from tests.simulation.cluster import Cluster, Node, replicas_of
from tests.simulation.trace import Trace

from barnabas.client.admin import Admin
from barnabas.client.admin_types import NewTopic
from barnabas.client.cluster import Cluster as ClientCluster
from barnabas.client.producer import Producer

RECORDS = 5
PARTITIONS = 4


class Unlucky(random.Random):
    """With these numbers all is lost that was not synced."""

    def random(self) -> float:
        return 0.0


def play(
    script: Callable[[Cluster], Awaitable[None]], *, directories: int = 1, settings: Mapping[str, object] | None = None
) -> None:
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
                settings={"http.listener": "none", **(settings or {})},
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


async def fill(cluster: Cluster, topic: str = "t", *, records: int = RECORDS) -> None:
    """A topic whose partitions are on both brokers, with some records in each."""
    async with (
        ClientCluster(cluster.bootstrap, network=cluster.network.at("client-0")) as client,
        Producer(client) as producer,
    ):
        await Admin(client).create_topics([NewTopic(topic, PARTITIONS, 2)])
        await send(producer, topic, records)


async def send(producer: Producer[Any, Any], topic: str, records: int) -> None:
    for index in range(PARTITIONS):
        for number in range(records):
            await producer.send(topic, str(number).encode(), partition=index, timestamp=number)


async def delete(cluster: Cluster, topic: str) -> None:
    async with ClientCluster(cluster.bootstrap, network=cluster.network.at("client-0")) as client:
        await Admin(client).delete_topics([topic])


def ends(node: Node, topic: str = "t") -> list[int]:
    return sorted(replica.log.log_end_offset for replica in replicas_of(node) if replica.topic == topic)


def test_a_disk_that_fails_while_its_broker_starts_takes_nothing_from_the_other_disks() -> None:
    """The broker was to stop, took no replica any more, and removed the logs that no replica had claimed."""

    async def script(cluster: Cluster) -> None:
        broker = cluster.brokers[0]
        await fill(cluster)
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
        await until(lambda: ends(broker) == [RECORDS] * PARTITIONS)

    play(script, directories=2)


def test_what_is_on_a_disk_that_is_away_is_not_made_anew_and_goes_if_its_topic_went_meanwhile() -> None:
    """Replicas were made anew on the other disk, and when both were back the broker did not start: it had two logs of
    one partition. That also happened when a topic had been deleted and made anew meanwhile.
    """

    async def script(cluster: Cluster) -> None:
        broker = cluster.brokers[0]
        await fill(cluster, "stays")
        await fill(cluster, "goes")
        _, second = broker.platters.values()
        broker.may_fail = True
        for failing in (errno.EIO, None):
            await broker.kill()
            second.failing = failing
            broker.start()
            await until(cluster.is_ready)
            if failing:
                assert 0 < len(ends(broker, "stays")) < PARTITIONS
                await delete(cluster, "goes")
                await fill(cluster, "goes", records=2)
        await until(lambda: ends(broker, "stays") == [RECORDS] * PARTITIONS)
        await until(lambda: ends(broker, "goes") == [2] * PARTITIONS)

    play(script, directories=2)


def test_what_is_synced_is_there_after_a_loss_of_power_though_another_process_made_the_log() -> None:
    """Seed 5011: a process died before a log's first flush, and left unsynced whose log it is. The next one synced the
    records alone; after the loss of power the log said nothing of its topic, and was removed.
    """

    async def script(cluster: Cluster) -> None:
        broker = cluster.brokers[0]
        async with ClientCluster(cluster.bootstrap, network=cluster.network.at("client-0")) as client:
            new = NewTopic("t", PARTITIONS, 1, configs={"flush.messages": "1"})
            await Admin(client).create_topics([new])
        await until(lambda: sum(len(ends(node)) for node in cluster.brokers) == PARTITIONS)
        made = ends(broker)
        await broker.kill()
        broker.start()
        await until(cluster.is_ready)
        async with (
            ClientCluster(cluster.bootstrap, network=cluster.network.at("client-0")) as client,
            Producer(client) as producer,
        ):
            await send(producer, "t", RECORDS)
        await broker.crash_host(Unlucky())
        broker.recover_host()
        broker.start()
        await until(cluster.is_ready)
        assert ends(broker) == [RECORDS] * len(made)

    play(script)
