"""Markers: which go where, what becomes of them when brokers fail and leaders move, and when an order is done."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import Any

import pytest

from barnabas.broker.coordinator.answers import Waiter
from barnabas.broker.coordinator.transactions.marker_order import MarkerOrder
from barnabas.broker.coordinator.transactions.marker_queue import NO_LEADER, MarkerQueue
from barnabas.broker.coordinator.transactions.marker_sender import MarkerSender
from barnabas.broker.peer_channels import PeerUnavailable
from barnabas.protocol.errors import ErrorCode, WireError
from barnabas.protocol.messages.write_txn_markers import WriteTxnMarkersRequest, WriteTxnMarkersResponse
from broker_harness import FakeBackground, FakeTimers

T0, T1, U0 = ("t", 0), ("t", 1), ("u", 0)
RETRIED = [
    ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
    ErrorCode.NOT_LEADER_OR_FOLLOWER,
    ErrorCode.NOT_ENOUGH_REPLICAS,
    ErrorCode.NOT_ENOUGH_REPLICAS_AFTER_APPEND,
    ErrorCode.REQUEST_TIMED_OUT,
    ErrorCode.KAFKA_STORAGE_ERROR,
    ErrorCode.UNKNOWN_SERVER_ERROR,
]


def order(*partitions: tuple[str, int], id: str = "tx", producer: int = 7, **fields: Any) -> MarkerOrder:
    base = MarkerOrder(
        transactional_id=id,
        shard=3,
        coordinator_epoch=1,
        producer_id=producer,
        producer_epoch=2,
        commit=True,
        version=2,
        partitions=frozenset(partitions),
    )
    return replace(base, **fields)


def answer(
    request: WriteTxnMarkersRequest, error: ErrorCode = ErrorCode.NONE, **errors: ErrorCode
) -> WriteTxnMarkersResponse:
    """`errors` by topic and partition: t0, t1, u0."""
    return WriteTxnMarkersResponse(
        markers=[
            WriteTxnMarkersResponse.WritableTxnMarkerResult(
                producer_id=marker.producer_id,
                topics=[
                    WriteTxnMarkersResponse.WritableTxnMarkerTopicResult(
                        name=topic.name,
                        partitions=[
                            WriteTxnMarkersResponse.WritableTxnMarkerPartitionResult(
                                partition_index=index, error_code=errors.get(f"{topic.name}{index}", error)
                            )
                            for index in topic.partition_indexes
                        ],
                    )
                    for topic in marker.topics
                ],
            )
            for marker in request.markers
        ]
    )


class Leaders(dict[tuple[str, int], int]):
    """Which broker leads what."""

    def of(self, topic: str, index: int) -> int | None:
        return self.get((topic, index))


@pytest.fixture
def leaders() -> Leaders:
    return Leaders({T0: 1, T1: 2, U0: 1})


@pytest.fixture
def queue(leaders: Leaders) -> MarkerQueue:
    return MarkerQueue(leaders.of)


def asked(queue: MarkerQueue) -> dict[int, WriteTxnMarkersRequest]:
    return dict(queue.next_requests())


def wanted(request: WriteTxnMarkersRequest) -> dict[int, set[tuple[str, int]]]:
    """Partitions by producer id."""
    return {
        marker.producer_id: {(topic.name, index) for topic in marker.topics for index in topic.partition_indexes}
        for marker in request.markers
    }


def test_each_leader_gets_its_partitions_and_the_order_is_done_when_all_have_answered(queue: MarkerQueue) -> None:
    queue.add(order(T0, T1, U0))
    requests = asked(queue)
    assert {broker: wanted(request) for broker, request in requests.items()} == {1: {7: {T0, U0}}, 2: {7: {T1}}}
    [marker] = requests[1].markers
    assert (marker.producer_epoch, marker.transaction_result, marker.coordinator_epoch) == (2, True, 1)
    assert marker.transaction_version == 2
    queue.answered(1, answer(requests[1]))
    assert queue.take_finished() == []
    queue.answered(2, answer(requests[2]))
    assert queue.take_finished() == [order(T0, T1, U0)]
    assert len(queue) == 0


def test_what_is_ordered_while_a_request_is_under_way_goes_with_the_next(queue: MarkerQueue) -> None:
    queue.add(order(T0))
    first = asked(queue)[1]
    queue.add(order(T0, id="b", producer=8))
    queue.add(order(T0, id="c", producer=9))
    assert asked(queue) == {}
    queue.answered(1, answer(first))
    assert wanted(asked(queue)[1]) == {8: {T0}, 9: {T0}}


def test_an_order_without_partitions_is_done(queue: MarkerQueue) -> None:
    queue.add(order())
    assert queue.take_finished() == [order()]


def test_a_partition_that_exists_no_more_needs_no_marker(queue: MarkerQueue, leaders: Leaders) -> None:
    del leaders[T0]
    queue.add(order(T0))
    assert (asked(queue), queue.take_finished()) == ({}, [order(T0)])


def test_a_partition_without_a_leader_waits_for_one(queue: MarkerQueue, leaders: Leaders) -> None:
    leaders[T0] = NO_LEADER
    queue.add(order(T0))
    queue.retry()
    assert (asked(queue), queue.has_parked) == ({}, True)
    leaders[T0] = 2
    queue.retry()
    assert wanted(asked(queue)[2]) == {7: {T0}}


@pytest.mark.parametrize("error", RETRIED)
def test_what_a_broker_cannot_do_now_is_tried_again_where_the_leader_is_then(
    queue: MarkerQueue, leaders: Leaders, error: ErrorCode
) -> None:
    queue.add(order(T0, U0))
    queue.answered(1, answer(asked(queue)[1], t0=error))
    assert (asked(queue), queue.has_parked) == ({}, True)
    leaders[T0] = 2
    queue.retry()
    requests = asked(queue)
    assert wanted(requests[2]) == {7: {T0}}
    queue.answered(2, answer(requests[2]))
    assert queue.take_finished() == [order(T0, U0)]


def test_what_a_broker_does_not_answer_is_tried_again_and_what_waits_for_it_too(
    queue: MarkerQueue, leaders: Leaders
) -> None:
    queue.add(order(T0))
    asked(queue)
    queue.add(order(U0, id="b", producer=8))
    queue.failed(1)
    leaders |= {T0: 2, U0: 3}
    queue.retry()
    assert {broker: wanted(request) for broker, request in asked(queue).items()} == {2: {7: {T0}}, 3: {8: {U0}}}


def test_a_marker_whose_transaction_is_not_open_there_any_more_is_as_good_as_written(queue: MarkerQueue) -> None:
    queue.add(order(T0))
    queue.answered(1, answer(asked(queue)[1], ErrorCode.INVALID_PRODUCER_EPOCH))
    assert queue.take_finished() == [order(T0)]


def test_a_coordinator_that_was_replaced_stops(queue: MarkerQueue) -> None:
    queue.add(order(T0, T1))
    requests = asked(queue)
    queue.answered(1, answer(requests[1], ErrorCode.TRANSACTION_COORDINATOR_FENCED))
    queue.answered(2, answer(requests[2]))
    assert (queue.take_finished(), len(queue), queue.has_parked) == ([], 0, False)


def test_what_is_cancelled_is_not_heard_of_again(queue: MarkerQueue) -> None:
    queue.add(order(T0))
    request = asked(queue)[1]
    queue.add(order(T0, id="b", producer=8))
    queue.cancel(3, 1)
    queue.answered(1, answer(request))
    assert (asked(queue), queue.take_finished()) == ({}, [])


def test_an_older_coordinators_end_does_not_cancel_a_newer_ones_orders(queue: MarkerQueue) -> None:
    queue.add(order(T0))
    request = asked(queue)[1]
    queue.add(order(T0, coordinator_epoch=2))
    queue.cancel(3, 1)
    queue.answered(1, answer(request))
    assert queue.take_finished() == []
    queue.answered(1, answer(asked(queue)[1]))
    assert queue.take_finished() == [order(T0, coordinator_epoch=2)]


def test_an_answer_that_lacks_a_partition_does_not_count(queue: MarkerQueue) -> None:
    queue.add(order(T0))
    asked(queue)
    queue.answered(1, WriteTxnMarkersResponse())
    queue.retry()
    assert wanted(asked(queue)[1]) == {7: {T0}}


@pytest.mark.parametrize("seed", range(100))
def test_every_order_is_finished_once_whatever_fails(seed: int) -> None:
    random, leaders = Random(seed), Leaders({(topic, index): 1 for topic in "tu" for index in range(3)})
    queue, finished = MarkerQueue(leaders.of), []
    orders = [
        order(*random.sample(list(leaders), random.randint(0, 6)), id=str(number), producer=number)
        for number in range(12)
    ]
    waiting, under_way = list(orders), dict[int, WriteTxnMarkersRequest]()
    for step in range(2000):
        heals = step > 300
        if waiting and random.random() < 0.2:
            queue.add(waiting.pop())
        under_way |= dict(queue.next_requests())
        for broker in list(under_way):
            if random.random() < 0.5:
                request = under_way.pop(broker)
                if random.random() < 0.3 and not heals:
                    queue.failed(broker)
                else:
                    queue.answered(
                        broker, answer(request, ErrorCode.NONE if heals else random.choice([*RETRIED, ErrorCode.NONE]))
                    )
        if random.random() < 0.3:
            leaders[random.choice(list(leaders))] = random.choice([1, 2, 3] if heals else [NO_LEADER, 1, 2, 3])
            queue.retry()
        finished += queue.take_finished()
    assert sorted(finished, key=str) == sorted(orders, key=str)


# The shell


class Broker:
    """One broker with a sender; others answer as the test says."""

    def __init__(self, leaders: Leaders) -> None:
        self.now = 0.0
        self.timers, self.background = FakeTimers(), FakeBackground()
        self.tasks: list[tuple[Any, ...]] = []
        self.here: list[tuple[WriteTxnMarkersRequest, Callable[[WriteTxnMarkersResponse], None]]] = []
        self.completed: list[tuple[MarkerOrder, Waiter]] = []
        self.answers: list[ErrorCode | None] = []
        self.sender = MarkerSender(
            1,
            leaders.of,
            self,
            background=self.background,
            timers=self.timers,
            clock=lambda: self.now,
            spawn=lambda *task: self.tasks.append(task),
        )
        self.sender.write_here = lambda body, reply: self.here.append((body, reply))
        self.sender.complete = lambda done, waiter: self.completed.append((done, waiter))

    async def request(self, broker_id: int, message: Any, version: int | None = None) -> Any:
        error = self.answers.pop(0)
        if error is None:
            raise PeerUnavailable("gone")
        return answer(message, error)

    async def run(self) -> None:
        self.background.run()
        while self.tasks:
            call, *arguments = self.tasks.pop(0)
            await call(*arguments)
            self.background.run()

    async def advance(self, seconds: float) -> None:
        end = self.now + seconds
        while (due := self.timers.due(end)) is not None:
            self.now = max(self.now, due[0])
            due[1]()
            await self.run()
        self.now = end


async def test_what_is_for_this_broker_takes_no_network(leaders: Leaders) -> None:
    broker = Broker(leaders)
    broker.sender.send(order(T0))
    await broker.run()
    [(request, reply)] = broker.here
    reply(answer(request))
    await broker.run()
    assert [done for done, _ in broker.completed] == [order(T0)]


async def test_a_broker_that_is_gone_is_asked_again_and_again(leaders: Leaders) -> None:
    broker = Broker(leaders)
    broker.answers = [None, None, ErrorCode.NOT_LEADER_OR_FOLLOWER, ErrorCode.NONE]
    broker.sender.send(order(T1))
    await broker.run()
    assert broker.completed == []
    await broker.advance(5)
    assert [done for done, _ in broker.completed] == [order(T1)]


async def test_a_new_leader_is_asked_as_soon_as_it_is_known(leaders: Leaders) -> None:
    broker = Broker(leaders)
    leaders[T1] = NO_LEADER
    broker.sender.send(order(T1))
    await broker.run()
    leaders[T1] = 2
    broker.answers = [ErrorCode.NONE]
    broker.sender.leaders_changed()
    await broker.run()
    assert [done for done, _ in broker.completed] == [order(T1)]


@pytest.mark.parametrize(
    ("error", "again"),
    [
        (ErrorCode.COORDINATOR_NOT_AVAILABLE, True),
        (ErrorCode.NOT_COORDINATOR, False),
        (ErrorCode.COORDINATOR_LOAD_IN_PROGRESS, False),
    ],
)
async def test_the_coordinator_is_told_until_it_has_written_it_down(
    leaders: Leaders, error: ErrorCode, again: bool
) -> None:
    broker = Broker(leaders)
    broker.sender.send(order())
    await broker.run()
    broker.completed.pop()[1].fail(WireError(error))
    await broker.advance(1)
    assert bool(broker.completed) is again
