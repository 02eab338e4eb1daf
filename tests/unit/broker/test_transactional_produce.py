"""Transactional produces, and the markers that end them: what is verified, written, refused and seen (KIP-98, 890)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from barnabas.broker.coordinator.answers import OnceWaiter
from barnabas.broker.coordinator.records import TransactionEnd
from barnabas.broker.handlers.describe_producers import DescribeProducersHandler
from barnabas.broker.handlers.produce import ProduceHandler
from barnabas.broker.handlers.write_txn_markers import WriteTxnMarkersHandler
from barnabas.broker.transaction_verification import Question, TransactionVerification, VerificationConfig
from barnabas.protocol.errors import ErrorCode, WireError
from barnabas.protocol.messages.describe_producers import DescribeProducersRequest
from barnabas.protocol.messages.write_txn_markers import WriteTxnMarkersRequest
from broker_harness import BrokerHarness, FakeRequest, batch, fetched, produced, values

ERRORS_TRIED_AGAIN = [
    ErrorCode.NETWORK_EXCEPTION,
    ErrorCode.COORDINATOR_LOAD_IN_PROGRESS,
    ErrorCode.COORDINATOR_NOT_AVAILABLE,
    ErrorCode.NOT_COORDINATOR,
]


class FakeCoordinators:
    """Keeps the questions until the test answers."""

    def __init__(self) -> None:
        self.asked: list[tuple[Question, Callable[[ErrorCode], None]]] = []

    def ask(self, question: Question, then: Callable[[ErrorCode], None]) -> None:
        self.asked.append((question, then))

    def answer(self, error: ErrorCode = ErrorCode.NONE) -> Question:
        question, then = self.asked.pop(0)
        then(error)
        return question


class Transactions:
    """A broker whose produces may be transactional."""

    def __init__(self, broker: BrokerHarness, **config: Any) -> None:
        self.broker = broker
        self.coordinators = FakeCoordinators()
        self.ended_in_groups: list[tuple[int, TransactionEnd, OnceWaiter]] = []
        self.verification = TransactionVerification(
            self.coordinators,
            VerificationConfig(**config),
            timers=broker.timers,
            clock=lambda: broker.now,
            wall_clock_ms=lambda: broker.now_ms,
        )
        broker.produce_handler = ProduceHandler(broker.manager, self.verification)
        self.markers = WriteTxnMarkersHandler(
            broker.manager,
            timeout=30.0,
            group_topic="groups",
            end_in_groups=lambda *ended: self.ended_in_groups.append(ended),
        )

    def produce(self, value: bytes, *, index: int = 0, sequence: int = 0, version: int = 12, **fields: Any) -> Any:
        data = self.batch(value, sequence=sequence, **fields)
        return self.broker.produce(("t", index, data), version=version, transactional_id="tx")

    def batch(self, value: bytes, *, producer: int = 7, epoch: int = 0, sequence: int = 0) -> bytearray:
        return batch(value, producer_id=producer, producer_epoch=epoch, base_sequence=sequence, transactional=True)

    def begin(self, value: bytes, **fields: Any) -> None:
        request = self.produce(value, **fields)
        self.coordinators.answer()
        assert produced(request).error_code == ErrorCode.NONE

    def end(
        self,
        *,
        commit: bool,
        index: int = 0,
        producer: int = 7,
        epoch: int = 0,
        topic: str = "t",
        version: int = 1,
        **fields: Any,
    ) -> FakeRequest:
        marker = WriteTxnMarkersRequest.WritableTxnMarker(
            producer_id=producer,
            producer_epoch=epoch,
            transaction_result=commit,
            topics=[WriteTxnMarkersRequest.WritableTxnMarkerTopic(name=topic, partition_indexes=[index])],
            **fields,
        )
        request = FakeRequest(WriteTxnMarkersRequest(markers=[marker]), version)
        self.markers.handle(request)  # type: ignore[arg-type]
        return request


def ended(request: FakeRequest) -> int:
    """The error of a request with one marker for one partition."""
    code: int = request.response.markers[0].topics[0].partitions[0].error_code
    return code


@pytest.fixture
def transactions(broker: BrokerHarness) -> Transactions:
    broker.create_topic(partitions=2)
    return Transactions(broker)


# Verification


def test_the_first_batch_waits_until_the_coordinator_knows_of_it(transactions: Transactions) -> None:
    request = transactions.produce(b"a")
    assert request.waits
    assert transactions.coordinators.answer() == Question("tx", 7, 0, "t", 0, add=True)
    assert (produced(request).error_code, produced(request).base_offset) == (0, 0)


def test_later_batches_of_the_transaction_are_not_verified(transactions: Transactions) -> None:
    transactions.begin(b"a")
    assert produced(transactions.produce(b"b", sequence=1)).base_offset == 1
    assert not transactions.coordinators.asked


def test_batches_that_come_meanwhile_are_written_in_their_order_after_one_question(transactions: Transactions) -> None:
    requests = [transactions.produce(bytes([number]), sequence=number) for number in range(3)]
    transactions.coordinators.answer()
    assert [produced(request).base_offset for request in requests] == [0, 1, 2]
    assert not transactions.coordinators.asked


def test_a_partition_that_is_verified_does_not_hold_up_others_of_the_request(transactions: Transactions) -> None:
    transactions.begin(b"a", index=0)
    both = (("t", 0, transactions.batch(b"b", sequence=1)), ("t", 1, transactions.batch(b"c")))
    request = transactions.broker.produce(*both, version=12, transactional_id="tx")
    assert request.waits
    assert produced(transactions.produce(b"d", sequence=2)).base_offset == 2
    transactions.coordinators.answer()
    assert [produced(request, place).base_offset for place in (0, 1)] == [1, 0]


@pytest.mark.parametrize(("version", "add"), [(9, False), (10, False), (11, False), (12, True)])
def test_clients_that_do_not_add_partitions_have_them_added(
    transactions: Transactions, version: int, add: bool
) -> None:
    transactions.produce(b"a", version=version)
    assert transactions.coordinators.answer().add is add


@pytest.mark.parametrize(
    ("version", "error", "told"),
    [
        (10, ErrorCode.TRANSACTION_ABORTABLE, ErrorCode.INVALID_TXN_STATE),
        (11, ErrorCode.TRANSACTION_ABORTABLE, ErrorCode.TRANSACTION_ABORTABLE),
        (12, ErrorCode.TRANSACTION_ABORTABLE, ErrorCode.TRANSACTION_ABORTABLE),
        (10, ErrorCode.PRODUCER_FENCED, ErrorCode.INVALID_PRODUCER_EPOCH),
        (12, ErrorCode.PRODUCER_FENCED, ErrorCode.INVALID_PRODUCER_EPOCH),
        (11, ErrorCode.CONCURRENT_TRANSACTIONS, ErrorCode.NOT_ENOUGH_REPLICAS),
        (12, ErrorCode.INVALID_PRODUCER_ID_MAPPING, ErrorCode.INVALID_PRODUCER_ID_MAPPING),
        *((version, error, ErrorCode.NOT_ENOUGH_REPLICAS) for version in (10, 12) for error in ERRORS_TRIED_AGAIN),
    ],
)
def test_what_a_producer_is_told_of_the_coordinators_answer(
    transactions: Transactions, version: int, error: ErrorCode, told: ErrorCode
) -> None:
    request = transactions.produce(b"a", version=version)
    transactions.coordinators.answer(error)
    assert produced(request).error_code == told
    assert transactions.broker.partition().log.log_end_offset == 0


def test_a_coordinator_that_ends_the_transaction_before_is_asked_again_for_a_moment(transactions: Transactions) -> None:
    request = transactions.produce(b"a")
    for _ in range(3):
        transactions.coordinators.answer(ErrorCode.CONCURRENT_TRANSACTIONS)
        assert request.waits
        transactions.broker.advance(0.02)
    transactions.coordinators.answer()
    assert produced(request).error_code == ErrorCode.NONE


def test_and_not_for_longer(transactions: Transactions) -> None:
    request = transactions.produce(b"a")
    transactions.broker.advance(0.1)
    transactions.coordinators.answer(ErrorCode.CONCURRENT_TRANSACTIONS)
    assert produced(request).error_code == ErrorCode.CONCURRENT_TRANSACTIONS


def test_a_transaction_that_was_given_up_is_not_held_against_the_next_one(transactions: Transactions) -> None:
    """Its batch is asked about again when the next transaction has begun already, in the epoch after it."""
    given_up = transactions.produce(b"a")
    transactions.coordinators.answer(ErrorCode.CONCURRENT_TRANSACTIONS)
    transactions.begin(b"b", epoch=1)
    transactions.broker.advance(0.02)
    assert produced(given_up).error_code == ErrorCode.INVALID_PRODUCER_EPOCH
    assert produced(transactions.produce(b"c", epoch=1, sequence=1)).error_code == ErrorCode.NONE


def test_a_marker_makes_a_verification_void(transactions: Transactions) -> None:
    """KIP-890: nothing may be written to a transaction that is over, or nobody would ever end it."""
    request = transactions.produce(b"a", version=11)
    transactions.end(commit=False)
    transactions.coordinators.answer()
    assert produced(request).error_code == ErrorCode.INVALID_TXN_STATE
    assert transactions.broker.partition().log.log_end_offset == 1


def test_the_marker_of_the_transaction_before_may_come_while_the_next_one_is_asked_about(
    transactions: Transactions,
) -> None:
    """Under the second version of transactions the next one begins before the markers of the last one are written."""
    request = transactions.produce(b"a", version=12)
    transactions.end(commit=True)
    transactions.coordinators.answer()
    assert request.waits
    transactions.broker.advance(0.02)
    transactions.coordinators.answer()
    assert produced(request).error_code == ErrorCode.NONE


def test_a_leader_that_moved_meanwhile_writes_nothing(transactions: Transactions) -> None:
    request = transactions.produce(b"a")
    transactions.broker.change(leader=2)
    transactions.coordinators.answer()
    assert produced(request).error_code == ErrorCode.NOT_LEADER_OR_FOLLOWER


def test_without_verification_old_clients_are_trusted_and_new_ones_are_asked_for(broker: BrokerHarness) -> None:
    broker.create_topic(partitions=2)
    transactions = Transactions(broker, enabled=False)
    assert produced(transactions.produce(b"a", version=11)).error_code == ErrorCode.NONE
    assert transactions.produce(b"a", index=1, version=12).waits


def test_the_records_of_two_producers_are_refused(transactions: Transactions) -> None:
    parts = (("t", 0, transactions.batch(b"a")), ("t", 1, transactions.batch(b"b", producer=8)))
    request = transactions.broker.produce(*parts, version=12, transactional_id="tx")
    assert [produced(request, place).error_code for place in (0, 1)] == [ErrorCode.INVALID_PRODUCER_ID_MAPPING] * 2


def test_transactional_records_need_a_transactional_id(transactions: Transactions) -> None:
    request = transactions.broker.produce(("t", 0, transactions.batch(b"a")), version=12)
    assert produced(request).error_code == ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED


def test_other_records_may_come_with_a_transactional_id(transactions: Transactions) -> None:
    request = transactions.broker.produce(("t", 0, batch(b"a")), version=12, transactional_id="tx")
    assert produced(request).error_code == ErrorCode.NONE


# Reading


def test_read_committed_sees_no_open_and_no_aborted_transaction(transactions: Transactions) -> None:
    broker = transactions.broker
    broker.produce(("t", 0, batch(b"plain")))
    transactions.begin(b"mine")
    part = fetched(broker.fetch(("t", 0, 0), isolation_level=1))[0]
    assert (values([part]), part.high_watermark, part.last_stable_offset) == ([b"plain"], 2, 1)
    assert ended(transactions.end(commit=False)) == ErrorCode.NONE
    part = fetched(broker.fetch(("t", 0, 0), isolation_level=1))[0]
    assert (part.high_watermark, part.last_stable_offset) == (3, 3)
    assert [(each.producer_id, each.first_offset) for each in part.aborted_transactions] == [(7, 1)]
    assert fetched(broker.fetch(("t", 0, 0)))[0].aborted_transactions is None


def test_a_read_committed_fetch_waits_for_the_marker(transactions: Transactions) -> None:
    transactions.begin(b"a")
    request = transactions.broker.fetch(("t", 0, 0), isolation_level=1, max_wait_ms=500)
    assert request.waits
    transactions.end(commit=True)
    transactions.broker.settle()
    assert values([fetched(request)[0]])[0] == b"a"
    assert fetched(request)[0].aborted_transactions == []


def test_a_transaction_is_stable_once_its_marker_is_replicated(broker: BrokerHarness) -> None:
    broker.create_topic(replicas=(1, 2))
    transactions = Transactions(broker)
    request = transactions.produce(b"a")
    transactions.coordinators.answer()

    def follower_has(offset: int) -> None:
        part = {"topic": "t", "partition": 0, "fetch_offset": offset, "current_leader_epoch": 0}
        broker.fetch(part, version=17, replica=(2, 10))

    follower_has(1)
    assert produced(request).error_code == ErrorCode.NONE
    marker = transactions.end(commit=True)
    assert marker.waits
    assert (broker.partition().high_watermark, broker.partition().last_stable_offset) == (1, 0)
    follower_has(2)
    assert ended(marker) == ErrorCode.NONE
    assert broker.partition().last_stable_offset == 2


# Markers


@pytest.mark.parametrize("version", [1, 2])
def test_a_marker_in_a_partition_that_is_not_here_is_refused(transactions: Transactions, version: int) -> None:
    request = transactions.end(commit=True, index=9, version=version)
    assert ended(request) == ErrorCode.UNKNOWN_TOPIC_OR_PARTITION


def test_a_marker_for_a_follower_is_refused(transactions: Transactions) -> None:
    transactions.broker.change(leader=2)
    assert ended(transactions.end(commit=True)) == ErrorCode.NOT_LEADER_OR_FOLLOWER


def test_a_marker_of_an_old_epoch_is_refused(transactions: Transactions) -> None:
    transactions.begin(b"a", epoch=3)
    assert ended(transactions.end(commit=True, epoch=2)) == ErrorCode.INVALID_PRODUCER_EPOCH
    late = transactions.end(commit=True, epoch=3, version=2, transaction_version=2)
    assert ended(late) == ErrorCode.INVALID_PRODUCER_EPOCH
    assert ended(transactions.end(commit=True, epoch=4, version=2, transaction_version=2)) == ErrorCode.NONE


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (None, ErrorCode.NONE),
        (ErrorCode.NOT_COORDINATOR, ErrorCode.NOT_LEADER_OR_FOLLOWER),
        (ErrorCode.COORDINATOR_LOAD_IN_PROGRESS, ErrorCode.NOT_LEADER_OR_FOLLOWER),
        (ErrorCode.INVALID_PRODUCER_EPOCH, ErrorCode.INVALID_PRODUCER_EPOCH),
    ],
)
def test_markers_of_groups_go_to_their_coordinator(
    transactions: Transactions, error: ErrorCode | None, told: ErrorCode
) -> None:
    transactions.broker.create_topic("groups", partitions=2)
    request = transactions.end(commit=True, index=1, topic="groups", version=2, transaction_version=2)
    [(index, end, waiter)] = transactions.ended_in_groups
    assert (index, end) == (1, TransactionEnd(7, 0, True, 0, 2))
    assert request.waits
    if error is None:
        waiter.reply(None)
    else:
        waiter.fail(WireError(error))
    assert ended(request) == told


def test_a_request_without_markers_is_answered(transactions: Transactions) -> None:
    request = FakeRequest(WriteTxnMarkersRequest(), 2)
    transactions.markers.handle(request)  # type: ignore[arg-type]
    assert request.response.markers == []


# What is known of producers


def test_producers_are_described(transactions: Transactions) -> None:
    transactions.begin(b"a", epoch=2)
    transactions.produce(b"b", epoch=2, sequence=1)
    topics = [
        DescribeProducersRequest.TopicRequest(name="t", partition_indexes=[0, 1]),
        DescribeProducersRequest.TopicRequest(name="u", partition_indexes=[0]),
        DescribeProducersRequest.TopicRequest(name="a b", partition_indexes=[0]),
    ]
    request = FakeRequest(DescribeProducersRequest(topics=topics), 0)
    DescribeProducersHandler(transactions.broker.manager).handle(request)  # type: ignore[arg-type]
    known, unknown, impossible = request.response.topics
    [state] = known.partitions[0].active_producers
    assert (state.producer_id, state.producer_epoch, state.last_sequence) == (7, 2, 1)
    assert (state.current_txn_start_offset, state.coordinator_epoch) == (0, -1)
    assert known.partitions[1].active_producers == []
    assert unknown.partitions[0].error_code == ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
    assert impossible.partitions[0].error_code == ErrorCode.INVALID_TOPIC_EXCEPTION
