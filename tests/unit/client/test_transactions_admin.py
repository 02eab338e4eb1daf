"""Transactions as an operator sees them: what is asked of whom, and which ones hang."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import trio

from barnabas.client import Admin
from barnabas.client.admin import HangingTransaction, ProducerState, TransactionListing
from barnabas.client.cluster import Cluster
from barnabas.client.errors import BrokerError, ConfigurationError
from barnabas.protocol.api_keys import ApiKey
from barnabas.protocol.errors import ErrorCode
from barnabas.protocol.messages.describe_producers import DescribeProducersRequest, DescribeProducersResponse
from barnabas.protocol.messages.describe_transactions import DescribeTransactionsRequest, DescribeTransactionsResponse
from barnabas.protocol.messages.find_coordinator import FindCoordinatorRequest, FindCoordinatorResponse
from barnabas.protocol.messages.init_producer_id import InitProducerIdRequest
from barnabas.protocol.messages.list_transactions import ListTransactionsRequest, ListTransactionsResponse
from barnabas.protocol.messages.write_txn_markers import WriteTxnMarkersRequest, WriteTxnMarkersResponse
from fake_brokers import FakeCluster

NOW_MS = 1_000_000
IDS = {"open": (1, 7, "Ongoing"), "done": (2, 8, "CompleteCommit")}
"""Transactional ids: coordinator, producer id, state. `open` has t-0."""
OPEN_AT = {("t", 0): (7, 10), ("t", 1): (7, 20), ("u", 0): (9, 30)}
"""Partitions with an open transaction: producer id, first offset."""


def list_transactions(broker: int, body: ListTransactionsRequest) -> ListTransactionsResponse:
    new = ListTransactionsResponse
    states = [
        new.TransactionState(transactional_id=name, producer_id=producer_id, transaction_state=state)
        for name, (coordinator, producer_id, state) in IDS.items()
        if coordinator == broker and (not body.producer_id_filters or producer_id in body.producer_id_filters)
    ]
    return new(transaction_states=states, unknown_state_filters=[s for s in body.state_filters if s == "Sleeping"])


def describe_transactions(broker: int, body: DescribeTransactionsRequest) -> DescribeTransactionsResponse:
    new = DescribeTransactionsResponse
    [name] = body.transactional_ids
    if name not in IDS:
        return new(transaction_states=[new.TransactionState(error_code=ErrorCode.TRANSACTIONAL_ID_NOT_FOUND)])
    state = new.TransactionState(
        transactional_id=name,
        transaction_state=IDS[name][2],
        producer_id=IDS[name][1],
        producer_epoch=3,
        transaction_timeout_ms=60_000,
        transaction_start_time_ms=5 if name == "open" else -1,
        topics=[new.TopicData(topic="t", partitions=[0])] if name == "open" else [],
    )
    return new(transaction_states=[state])


def find_coordinator(broker: int, body: FindCoordinatorRequest) -> FindCoordinatorResponse:
    [name] = body.coordinator_keys
    node = IDS[name][0] if name in IDS else 1
    found = FindCoordinatorResponse.Coordinator(key=name, node_id=node, host="127.0.0.1", port=9091 + node)
    return FindCoordinatorResponse(coordinators=[found])


def describe_producers(broker: int, body: DescribeProducersRequest) -> DescribeProducersResponse:
    new = DescribeProducersResponse
    topics = []
    for topic in body.topics:
        answers = []
        for number in topic.partition_indexes:
            producer_id, start = OPEN_AT.get((topic.name, number), (8, -1))
            state = new.ProducerState(
                producer_id=producer_id, producer_epoch=3, last_timestamp=1000, current_txn_start_offset=start
            )
            answers.append(new.PartitionResponse(partition_index=number, active_producers=[state]))
        topics.append(new.TopicResponse(name=topic.name, partitions=answers))
    return new(topics=topics)


class Markers:
    """Answers WriteTxnMarkers, first with each of `refusals`."""

    def __init__(self) -> None:
        self.refusals: list[ErrorCode] = []

    def __call__(self, broker: int, body: WriteTxnMarkersRequest) -> WriteTxnMarkersResponse:
        new = WriteTxnMarkersResponse
        [marker] = body.markers
        [topic] = marker.topics
        code = self.refusals.pop(0) if self.refusals else ErrorCode.NONE
        answer = new.WritableTxnMarkerPartitionResult(partition_index=topic.partition_indexes[0], error_code=code)
        result = new.WritableTxnMarkerTopicResult(name=topic.name, partitions=[answer])
        return new(markers=[new.WritableTxnMarkerResult(producer_id=marker.producer_id, topics=[result])])


@pytest.fixture
def markers() -> Markers:
    return Markers()


@pytest.fixture
async def brokers(nursery: trio.Nursery, markers: Markers) -> FakeCluster:
    cluster = FakeCluster(nursery, 2)
    cluster.more = {
        ApiKey.LIST_TRANSACTIONS: list_transactions,
        ApiKey.DESCRIBE_TRANSACTIONS: describe_transactions,
        ApiKey.FIND_COORDINATOR: find_coordinator,
        ApiKey.DESCRIBE_PRODUCERS: describe_producers,
        ApiKey.WRITE_TXN_MARKERS: markers,
    }
    cluster.create("t", [1, 2])
    cluster.create("u", [2])
    await cluster.start()
    return cluster


@pytest.fixture
async def admin(brokers: FakeCluster, autojump_clock: object) -> AsyncIterator[Admin]:
    async with Cluster(brokers.bootstrap, network=brokers.network) as cluster:
        yield Admin(cluster)


async def test_every_broker_tells_what_it_coordinates(brokers: FakeCluster, admin: Admin) -> None:
    assert await admin.list_transactions() == [
        TransactionListing("done", 8, "CompleteCommit", 2),
        TransactionListing("open", 7, "Ongoing", 1),
    ]
    await admin.list_transactions(states=["Ongoing"], longer_than_ms=5, pattern="o.*")
    request = brokers.requests[-1][1]
    assert isinstance(request, ListTransactionsRequest)
    assert (request.state_filters, request.duration_filter, request.transactional_id_pattern) == (["Ongoing"], 5, "o.*")


async def test_a_state_that_there_is_not_is_an_error(brokers: FakeCluster, admin: Admin) -> None:
    with pytest.raises(ConfigurationError, match="Sleeping"):
        await admin.list_transactions(states=["Sleeping"])


async def test_a_transactional_id_is_described_by_its_coordinator(brokers: FakeCluster, admin: Admin) -> None:
    described = await admin.describe_transactions(["open", "done", "nobody"])
    known, done, missing = described.values()
    assert not isinstance(known, Exception)
    assert not isinstance(done, Exception)
    assert (known.state, known.producer_id, known.epoch, known.coordinator.id) == ("Ongoing", 7, 3, 1)
    assert (known.start_ms, known.partitions) == (5, {("t", 0)})
    assert (done.start_ms, done.partitions, done.coordinator.id) == (None, frozenset(), 2)
    assert isinstance(missing, BrokerError)
    assert missing.code == ErrorCode.TRANSACTIONAL_ID_NOT_FOUND


async def test_producers_are_described_by_the_leaders(brokers: FakeCluster, admin: Admin) -> None:
    found = await admin.describe_producers([("t", 0), ("u", 0), ("t", 9)])
    assert found["t", 0] == [ProducerState(7, 3, 0, -1, 1000, 10)]
    assert found["u", 0] == [ProducerState(9, 3, 0, -1, 1000, 30)]
    assert isinstance(found["t", 9], BrokerError)
    assert [broker for broker, message, _ in brokers.requests if isinstance(message, DescribeProducersRequest)] == [
        1,
        2,
    ]


async def test_what_no_coordinator_will_end_hangs(admin: Admin) -> None:
    places = [*OPEN_AT, ("t", 0)]
    found = await admin.find_hanging_transactions(places, older_than_ms=60_000, now_ms=NOW_MS)
    assert found == [
        HangingTransaction(("t", 1), ProducerState(7, 3, 0, -1, 1000, 20), "open"),  # its transaction has only t-0
        HangingTransaction(("u", 0), ProducerState(9, 3, 0, -1, 1000, 30), None),  # no id has this producer
    ]


async def test_what_is_young_is_not_said_to_hang(admin: Admin) -> None:
    assert await admin.find_hanging_transactions(OPEN_AT, older_than_ms=NOW_MS, now_ms=NOW_MS) == []


async def test_the_leader_is_made_to_write_the_abort(brokers: FakeCluster, admin: Admin, markers: Markers) -> None:
    markers.refusals = [ErrorCode.NOT_LEADER_OR_FOLLOWER]
    await admin.abort_transaction(("u", 0), ProducerState(9, 3))
    asked = [(by, m) for by, m, _ in brokers.requests if isinstance(m, WriteTxnMarkersRequest)]
    [marker] = asked[-1][1].markers
    assert [by for by, _ in asked] == [2, 2]
    assert (marker.producer_id, marker.producer_epoch, marker.coordinator_epoch) == (9, 3, 0)
    assert marker.transaction_result is False


async def test_a_leader_may_refuse_the_abort(admin: Admin, markers: Markers) -> None:
    markers.refusals = [ErrorCode.INVALID_PRODUCER_EPOCH]
    with pytest.raises(BrokerError, match="u-0, producer id 9: INVALID_PRODUCER_EPOCH"):
        await admin.abort_transaction(("u", 0), ProducerState(9, 3))


async def test_producers_are_fenced_by_taking_their_place(brokers: FakeCluster, admin: Admin) -> None:
    fenced = await admin.fence_producers(["open", "nobody"])
    assert fenced["open"] is None
    assert isinstance(fenced["nobody"], BrokerError)
    [request] = [m for _, m, _ in brokers.requests if isinstance(m, InitProducerIdRequest)]
    assert (request.transactional_id, request.transaction_timeout_ms, request.producer_id) == ("open", 60_000, -1)
