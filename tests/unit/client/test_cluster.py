"""What a client knows of its cluster, and whom it asks."""

from __future__ import annotations

import subprocess
import sys

import pytest
import trio
from trio.testing import MockClock

from barnabas.client.background import Background
from barnabas.client.cluster import Cluster, parse_bootstrap
from barnabas.client.errors import BrokerError, ClientClosed, NoBrokersAvailable, TimedOut
from barnabas.protocol.api_keys import ApiKey
from barnabas.protocol.errors import ErrorCode
from barnabas.protocol.messages.heartbeat import HeartbeatRequest, HeartbeatResponse
from barnabas.protocol.messages.metadata import MetadataRequest, MetadataResponse
from fake_brokers import FakeCluster


@pytest.fixture
async def brokers(nursery: trio.Nursery) -> FakeCluster:
    cluster = FakeCluster(nursery, 3)
    await cluster.start()
    return cluster


def cluster_of(brokers: FakeCluster, bootstrap: str | None = None, **options: float) -> Cluster:
    return Cluster(bootstrap or brokers.bootstrap, network=brokers.network, **options)  # type: ignore[arg-type]


async def test_every_address_that_was_tried_is_named(autojump_clock: MockClock, nursery: trio.Nursery) -> None:
    brokers = FakeCluster(nursery)
    async with cluster_of(brokers, "a:1,b:2", request_timeout=2.0) as cluster:
        with pytest.raises(TimedOut, match="MetadataRequest: given up after 2 s; last: no broker answers") as caught:
            await cluster.refresh()
    text = str(caught.value)
    assert "a:1: nobody listens on a:1" in text
    assert "b:2: nobody listens on b:2" in text


async def test_bootstrap_addresses_are_tried_one_after_the_other(brokers: FakeCluster) -> None:
    async with cluster_of(brokers, f"a:1,{brokers.bootstrap}") as cluster:
        assert set((await cluster.refresh()).nodes) == {1, 2, 3}


async def test_when_all_known_brokers_are_gone_it_begins_again_with_bootstrap(
    brokers: FakeCluster, autojump_clock: MockClock
) -> None:
    await brokers.stop(1)
    async with cluster_of(brokers, f"{brokers.bootstrap},127.0.0.1:9093") as cluster:
        await cluster.refresh()
        assert set(cluster.view.nodes) == {2, 3}
        await brokers.stop(2)
        await brokers.stop(3)
        await brokers.start(1)
        assert set((await cluster.refresh()).nodes) == {1}


async def test_a_broker_that_hangs_is_left_for_another(brokers: FakeCluster, autojump_clock: MockClock) -> None:
    async with cluster_of(brokers) as cluster:
        await cluster.refresh()
        brokers.hanging |= {1, 2}
        for _ in range(5):
            start = trio.current_time()
            await cluster.refresh()
            assert trio.current_time() - start < 11


async def test_being_told_to_begin_again_it_does(brokers: FakeCluster, autojump_clock: MockClock) -> None:
    async with cluster_of(brokers) as cluster:
        await cluster.refresh()
        answers = [MetadataResponse(error_code=ErrorCode.REBOOTSTRAP_REQUIRED)]
        honest = cluster.ask

        async def ask(message: MetadataRequest, answer: type[MetadataResponse], **options: float) -> MetadataResponse:
            return answers.pop() if answers else await honest(message, answer, **options)  # type: ignore[arg-type]

        cluster.ask = ask  # type: ignore[method-assign, assignment]
        before = len(brokers.requests)
        await cluster.refresh()
        assert [by for by, _, _ in brokers.requests[before:]] == [1]


async def test_what_is_known_of_a_topic_is_asked_for_once_and_again_when_it_is_old(
    brokers: FakeCluster, autojump_clock: MockClock
) -> None:
    brokers.create("t")
    async with cluster_of(brokers, metadata_max_age=60.0) as cluster:
        async with trio.open_nursery() as nursery:
            for _ in range(20):
                nursery.start_soon(cluster.topic, "t")
        assert brokers.count(ApiKey.METADATA) == 1
        await trio.sleep(61)
        brokers.create("t", [1, 2])
        assert len((await cluster.topic("t")).partitions) == 2


async def test_a_topic_that_is_just_being_created_is_waited_for(
    brokers: FakeCluster, autojump_clock: MockClock
) -> None:
    brokers.create("t")
    refusals = [ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, ErrorCode.LEADER_NOT_AVAILABLE]
    brokers.refusals[ApiKey.METADATA].extend(refusals)
    async with cluster_of(brokers) as cluster:
        assert (await cluster.topic("t")).partitions
        brokers.refusals[ApiKey.METADATA].append(ErrorCode.INVALID_TOPIC_EXCEPTION)
        with pytest.raises(BrokerError, match="topic u: INVALID_TOPIC_EXCEPTION"):
            await cluster.topic("u")


async def test_a_leader_is_waited_for(brokers: FakeCluster, autojump_clock: MockClock) -> None:
    brokers.create("t", [-1])
    async with cluster_of(brokers, request_timeout=5.0) as cluster:
        with pytest.raises(TimedOut, match=r"the leader of t-0: .*LEADER_NOT_AVAILABLE"):
            await cluster.leader("t", 0)
        brokers.move("t", 0, 2)
        assert (await cluster.leader("t", 0)).id == 2


async def test_a_request_that_no_broker_serves_is_told(brokers: FakeCluster) -> None:
    async with cluster_of(brokers) as cluster:
        with pytest.raises(BrokerError, match=r"UNSUPPORTED_VERSION.*HEARTBEAT"):
            await cluster.ask(HeartbeatRequest(), HeartbeatResponse)


async def test_a_broker_that_is_not_there_is_told(brokers: FakeCluster) -> None:
    async with cluster_of(brokers) as cluster:
        with pytest.raises(BrokerError, match="broker 9: BROKER_NOT_AVAILABLE"):
            await cluster.ask(MetadataRequest(), MetadataResponse, broker=9)
        await cluster.ask(MetadataRequest(), MetadataResponse, broker=3)
        assert brokers.requests[-1][0] == 3


async def test_outside_its_block_a_client_says_so(brokers: FakeCluster) -> None:
    cluster = cluster_of(brokers)
    with pytest.raises(ClientClosed):
        await cluster.refresh()
    async with cluster:
        await cluster.refresh()
    with pytest.raises(ClientClosed):
        await cluster.refresh()


async def test_an_error_of_a_background_task_ends_the_block() -> None:
    async def fail() -> None:
        raise OSError("in the background")

    async def block() -> None:
        async with Background() as nursery:
            nursery.start_soon(fail)
            await trio.sleep_forever()

    with pytest.raises(OSError, match="in the background"):
        await block()


async def test_a_block_that_is_cancelled_ends_as_cancelled() -> None:
    with trio.CancelScope() as scope:
        async with Background() as nursery:
            nursery.start_soon(trio.sleep_forever)
            scope.cancel()
            await trio.lowlevel.checkpoint()
    assert scope.cancelled_caught


def test_bootstrap_addresses() -> None:
    assert parse_bootstrap(" a:1 ,, [::1]:2") == [("a", 1), ("::1", 2)]


def test_errors_can_be_raised_again_elsewhere() -> None:
    error = BrokerError(ErrorCode.NOT_CONTROLLER, "the cluster")
    twin = error.again()
    assert twin is not error
    assert (type(twin), str(twin), twin.code, twin.retriable) == (BrokerError, str(error), error.code, True)
    assert NoBrokersAvailable([("a:1", "no")]).again().attempts == (("a:1", "no"),)


def test_importing_the_client_is_cheap_and_names_come_when_asked_for() -> None:
    code = """if True:
        import sys
        import barnabas.client
        assert "trio" not in sys.modules
        import barnabas.client.connection
        for heavy in ("producer", "consumer", "admin", "cluster"):
            assert "barnabas.client." + heavy not in sys.modules, heavy
        from barnabas.client import Admin, BrokerError, ClientError, Cluster, Consumer, ConsumerRecord
        from barnabas.client import NewTopic, Producer, RecordMetadata
        try:
            barnabas.client.Nothing
        except AttributeError as error:
            assert "Nothing" in str(error)
    """
    subprocess.run([sys.executable, "-c", code], check=True, timeout=30)
