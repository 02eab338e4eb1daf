"""Incremental fetches (KIP-227): the core, and a consumer whose brokers keep sessions, forget them and mix them up."""

from __future__ import annotations

import pytest
import trio
from trio.testing import MockClock

from barnabas.client import Consumer
from barnabas.client.cluster import Cluster
from barnabas.client.fetch_session import FetchPlan, FetchSession, PartitionKey, Wanted
from barnabas.protocol.api_keys import ApiKey
from barnabas.protocol.errors import ErrorCode
from barnabas.protocol.messages.fetch import FetchRequest
from barnabas.protocol.record_builder import build_batch
from fake_brokers import FakeCluster, FakePartition

A, B, C = (("t", b"t" * 16, n) for n in range(3))
AT_0, AT_5 = Wanted(0, 1), Wanted(5, 1)


def begun(*keys: PartitionKey) -> FetchSession:
    session = FetchSession()
    session.plan(dict.fromkeys(keys, AT_0), by_id=True)
    session.answered(7)
    return session


def plan(session: FetchSession, wanted: dict[PartitionKey, Wanted]) -> FetchPlan:
    return session.plan(wanted, by_id=True)


def test_the_first_fetch_names_everything() -> None:
    first = plan(FetchSession(), {A: AT_0, B: AT_5})
    assert first == FetchPlan(0, 0, {A: AT_0, B: AT_5})
    assert first.full


def test_later_ones_name_what_is_new_or_elsewhere_and_what_is_not_wanted_any_more() -> None:
    session = begun(A, B)
    second = plan(session, {A: AT_0, B: AT_5, C: AT_0})
    assert second == FetchPlan(7, 1, {B: AT_5, C: AT_0})
    assert not second.full
    session.answered(7)
    assert plan(session, {A: AT_0, C: AT_0}) == FetchPlan(7, 2, {}, (B,))
    session.answered(7)
    assert plan(session, {A: Wanted(0, 2), C: AT_0}) == FetchPlan(7, 3, {A: Wanted(0, 2)})


def test_a_topic_that_was_made_anew_is_another() -> None:
    again = ("t", b"u" * 16, 0)
    assert plan(begun(A), {again: AT_0}) == FetchPlan(7, 1, {again: AT_0}, (A,))


def test_a_broker_that_gives_no_session_is_asked_in_full() -> None:
    session = begun()
    session.plan({A: AT_0}, by_id=True)
    session.answered(0)
    assert plan(session, {A: AT_0}) == FetchPlan(0, 0, {A: AT_0})
    session.answered(0)
    assert plan(session, {A: AT_0}).full


@pytest.mark.parametrize(
    ("code", "session_id"),
    [
        (ErrorCode.FETCH_SESSION_ID_NOT_FOUND, 0),
        (ErrorCode.INVALID_FETCH_SESSION_EPOCH, 7),
        (ErrorCode.FETCH_SESSION_TOPIC_ID_ERROR, 7),
        (ErrorCode.UNKNOWN_SERVER_ERROR, 7),
    ],
)
def test_after_an_error_it_begins_anew_and_ends_what_was(code: ErrorCode, session_id: int) -> None:
    session = begun(A, B)
    plan(session, {A: AT_5})
    session.refused(code)
    assert plan(session, {A: AT_5}) == FetchPlan(session_id, 0, {A: AT_5})
    session.answered(8)
    assert plan(session, {A: AT_5}) == FetchPlan(8, 1, {})


def test_without_an_answer_nobody_knows_what_the_broker_has() -> None:
    session = begun(A)
    plan(session, {A: AT_5})
    session.lost()
    assert plan(session, {A: AT_5}) == FetchPlan(7, 0, {A: AT_5})


def test_the_session_of_another_is_none() -> None:
    session = begun(A)
    plan(session, {A: AT_5})
    session.answered(9)
    assert plan(session, {A: AT_5}) == FetchPlan(0, 0, {A: AT_5})


def test_topics_are_named_the_same_way_all_through_a_session() -> None:
    session = begun(A)
    assert session.plan({A: AT_0}, by_id=False) == FetchPlan(7, 0, {A: AT_0})


def test_epochs_go_round() -> None:
    session = begun(A)
    session._epoch = 0x7FFFFFFF
    assert plan(session, {A: AT_0}).session_epoch == 0x7FFFFFFF
    session.answered(7)
    assert plan(session, {A: AT_0}).session_epoch == 1


def test_it_ends_once() -> None:
    session = begun(A)
    assert session.end() == FetchPlan(7, -1, {})
    assert session.end() is None


# A consumer


@pytest.fixture
async def brokers(nursery: trio.Nursery) -> FakeCluster:
    cluster = FakeCluster(nursery, 2)
    cluster.fetch_sessions = {}
    await cluster.start()
    return cluster


def fill(partition: FakePartition, value: bytes) -> None:
    assert partition.append(memoryview(build_batch([(1000, None, value)])))[0] == ErrorCode.NONE


def fetches(brokers: FakeCluster) -> list[tuple[int, int]]:
    """Of each fetch, its session epoch and how many partitions it names."""
    return [
        (message.session_epoch, sum(len(topic.partitions) for topic in message.topics))
        for _, message, _ in brokers.requests
        if isinstance(message, FetchRequest)
    ]


async def test_idle_partitions_are_named_once(brokers: FakeCluster, autojump_clock: MockClock) -> None:
    partitions = brokers.create("t", [1] * 50)
    async with Cluster(brokers.bootstrap, network=brokers.network) as cluster, Consumer(cluster) as consumer:
        await consumer.assign({("t", n): 0 for n in partitions})
        for number in range(3):
            fill(partitions[number], b"%d" % number)
            assert (await anext(consumer)).value == b"%d" % number
        await trio.sleep(0.1)
        assert fetches(brokers)[0] == (0, 50)
        assert all(epoch == at and named <= 1 for at, (epoch, named) in enumerate(fetches(brokers)) if at)
        assert len(brokers.fetch_sessions or {}) == 1
    await trio.testing.wait_all_tasks_blocked()
    assert brokers.fetch_sessions == {}


async def test_a_session_that_the_broker_forgot_begins_anew_without_a_pause(
    brokers: FakeCluster, autojump_clock: MockClock
) -> None:
    partition = brokers.create("t")[0]
    assert brokers.fetch_sessions is not None
    async with Cluster(brokers.bootstrap, network=brokers.network) as cluster, Consumer(cluster) as consumer:
        await consumer.assign({("t", 0): 0})
        for number in range(6):
            fill(partition, b"%d" % number)
            assert (await anext(consumer)).value == b"%d" % number
            if number == 1:
                brokers.fetch_sessions.clear()
            elif number == 3:
                for session in brokers.fetch_sessions.values():
                    session.epoch += 5
        assert brokers.count(ApiKey.METADATA) == 1
        assert sum(epoch == 0 for epoch, _ in fetches(brokers)) == 3


async def test_leaders_move_pause_and_seek_within_sessions(brokers: FakeCluster, autojump_clock: MockClock) -> None:
    partitions = brokers.create("t", [1, 2, 1])
    for partition in partitions.values():
        for number in range(20):
            fill(partition, b"%d" % number)
    async with (
        Cluster(brokers.bootstrap, network=brokers.network) as cluster,
        Consumer(cluster, max_partition_fetch_bytes=1, max_buffered=500) as consumer,
    ):
        await consumer.assign(dict.fromkeys((("t", n) for n in partitions), 0), stop_at_end=True)
        read: dict[int, list[int]] = {n: [] for n in partitions}
        for step in range(12):
            record = await anext(consumer)
            read[record.partition].append(record.offset)
            brokers.move("t", step % 3, 1 + step % 2)
            if step == 4:
                consumer.pause(("t", 0))
            elif step == 8:
                consumer.resume(("t", 0))
                consumer.seek("t", 1, 0)
                read[1].clear()
        async for record in consumer:
            read[record.partition].append(record.offset)
    assert read == {n: list(range(20)) for n in partitions}


async def test_a_lost_answer_begins_a_new_session(brokers: FakeCluster, autojump_clock: MockClock) -> None:
    partition = brokers.create("t")[0]
    async with Cluster(brokers.bootstrap, network=brokers.network) as cluster, Consumer(cluster) as consumer:
        await consumer.assign({("t", 0): 0})
        for number in range(4):
            brokers.lost_answers[ApiKey.FETCH] = number % 2
            fill(partition, b"%d" % number)
            assert (await anext(consumer)).value == b"%d" % number
