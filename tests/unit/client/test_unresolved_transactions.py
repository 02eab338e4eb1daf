"""Ends of transactions that are not answered in time: what is allowed then, and that nothing is mixed or doubled."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import trio

from barnabas.client import Producer
from barnabas.client.cluster import Cluster
from barnabas.client.errors import ConfigurationError, TimedOut
from barnabas.client.transactions import TransactionAborted, Transactions
from barnabas.protocol.api_keys import ApiKey
from barnabas.protocol.errors import ErrorCode
from barnabas.protocol.messages.add_partitions_to_txn import AddPartitionsToTxnRequest, AddPartitionsToTxnResponse
from barnabas.protocol.messages.end_txn import EndTxnRequest, EndTxnResponse
from barnabas.protocol.messages.init_producer_id import InitProducerIdRequest, InitProducerIdResponse
from fake_brokers import FakeCluster
from fake_group import FakeGroup

REQUEST_TIMEOUT = 2.0
PRODUCER_ID = 1001


class FakeTransactions:
    """A coordinator that does what it is asked, but may not answer."""

    def __init__(self, *, second: bool) -> None:
        self.second = second
        self.epoch = -1
        self.silent = False
        """Ends are done, but nobody hears of it."""
        self.error = ErrorCode.NONE
        """Of the next end."""
        self.initialisations: list[tuple[int, int]] = []
        """Producer ids and epochs that InitProducerId named."""
        self.ends: list[tuple[int, bool]] = []
        """Epochs, and whether to commit."""

    def initialise(self, broker: int, body: InitProducerIdRequest) -> InitProducerIdResponse:
        self.initialisations.append((body.producer_id, body.producer_epoch))
        self.epoch += 1
        return InitProducerIdResponse(producer_id=PRODUCER_ID, producer_epoch=self.epoch)

    def add(self, broker: int, body: AddPartitionsToTxnRequest) -> AddPartitionsToTxnResponse:
        new = AddPartitionsToTxnResponse
        topics = [
            new.AddPartitionsToTxnTopicResult(
                name=topic.name,
                results_by_partition=[
                    new.AddPartitionsToTxnPartitionResult(partition_index=n) for n in topic.partitions
                ],
            )
            for topic in body.v3_and_below_topics
        ]
        return new(results_by_topic_v3_and_below=topics)

    async def end(self, broker: int, body: EndTxnRequest) -> EndTxnResponse:
        error, self.error = self.error, ErrorCode.NONE
        if error:
            return EndTxnResponse(error_code=error)
        self.ends.append((body.producer_epoch, body.committed))
        if self.second and body.producer_epoch == self.epoch:
            self.epoch += 1
        if self.silent:
            await trio.sleep_forever()
        return EndTxnResponse(producer_id=PRODUCER_ID, producer_epoch=self.epoch)


@pytest.fixture(params=[False, True], ids=["first protocol", "second protocol"])
def transactions(request: pytest.FixtureRequest) -> FakeTransactions:
    return FakeTransactions(second=request.param)


@pytest.fixture
async def brokers(nursery: trio.Nursery, transactions: FakeTransactions) -> FakeCluster:
    brokers = FakeCluster(nursery)
    FakeGroup(brokers)
    brokers.more |= {
        ApiKey.INIT_PRODUCER_ID: transactions.initialise,
        ApiKey.ADD_PARTITIONS_TO_TXN: transactions.add,
        ApiKey.END_TXN: transactions.end,
    }
    await brokers.start()
    brokers.create("t")
    return brokers


@pytest.fixture
async def producer(
    brokers: FakeCluster, transactions: FakeTransactions, monkeypatch: pytest.MonkeyPatch, autojump_clock: object
) -> AsyncIterator[Producer]:
    async def is_second(_: Transactions) -> bool:
        return transactions.second

    monkeypatch.setattr(Transactions, "_is_second", is_second)
    async with (
        Cluster(brokers.bootstrap, network=brokers.network, request_timeout=REQUEST_TIMEOUT) as cluster,
        Producer(cluster, transactional_id="x") as producer,
    ):
        yield producer


def written(brokers: FakeCluster) -> list[tuple[int, bytes]]:
    """Epochs and values of all that was written."""
    batches = brokers.topics["t"][0].batches
    return [(batch.producer_epoch, bytes(record.value or b"")) for batch in batches for record in batch.records()]


async def test_a_commit_without_an_answer_can_only_be_repeated(
    producer: Producer, transactions: FakeTransactions, brokers: FakeCluster
) -> None:
    transactions.silent = True
    with pytest.raises(TimedOut):
        async with producer.transaction():
            await producer.send("t", b"one")
    for forbidden in (producer.begin_transaction, producer.abort_transaction, lambda: producer.send("t", b"no")):
        with pytest.raises(ConfigurationError, match="call commit_transaction"):
            await forbidden()
    with pytest.raises(TimedOut):
        await producer.commit_transaction()
    transactions.silent = False
    await producer.commit_transaction()
    assert set(transactions.ends) == {(0, True)}
    async with producer.transaction():
        await producer.send("t", b"two")
    assert transactions.ends[-1] == (1 if transactions.second else 0, True)
    assert [value for _, value in written(brokers)] == [b"one", b"two"]
    assert len(transactions.initialisations) == 1


async def test_a_commit_that_is_cancelled_without_an_answer_can_only_be_repeated(
    producer: Producer, transactions: FakeTransactions
) -> None:
    transactions.silent = True
    await producer.begin_transaction()
    await producer.send("t", b"one")
    start = trio.current_time()
    with trio.move_on_after(0.1) as scope:
        await producer.commit_transaction()
    assert scope.cancelled_caught
    assert trio.current_time() - start < 3 * REQUEST_TIMEOUT
    with pytest.raises(ConfigurationError, match="call commit_transaction"):
        await producer.begin_transaction()
    transactions.silent = False
    await producer.commit_transaction()
    assert all(committed for _, committed in transactions.ends)


async def test_the_next_transaction_begins_with_the_abort_that_had_no_answer(
    producer: Producer, transactions: FakeTransactions, brokers: FakeCluster
) -> None:
    transactions.silent = True
    await producer.begin_transaction()
    await producer.send("t", b"one")
    await producer.abort_transaction()
    transactions.silent = False
    aborts = list(transactions.ends)
    async with producer.transaction():
        await producer.send("t", b"two")
    assert transactions.initialisations == [(-1, -1), (PRODUCER_ID, 0)]
    assert set(aborts) == {(0, False)}
    (old, _), (new, _) = written(brokers)
    assert new > old
    assert transactions.ends[-1] == (new, True)


async def test_what_can_only_be_aborted_is_aborted(producer: Producer, transactions: FakeTransactions) -> None:
    transactions.error = ErrorCode.TRANSACTION_ABORTABLE
    with pytest.raises(TransactionAborted):
        async with producer.transaction():
            await producer.send("t", b"one")
    assert [committed for _, committed in transactions.ends] == [False]
    async with producer.transaction():
        await producer.send("t", b"two")
    assert transactions.ends[-1][1]


async def test_an_end_without_a_transaction_asks_nobody(producer: Producer, transactions: FakeTransactions) -> None:
    await producer.abort_transaction()
    async with producer.transaction():
        await producer.send("t", b"one")
    await producer.abort_transaction()
    with pytest.raises(ConfigurationError, match="no transaction is open"):
        await producer.commit_transaction()
    assert [committed for _, committed in transactions.ends] == [True]
