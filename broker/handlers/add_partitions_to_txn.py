"""AddPartitionsToTxn (v0–v5): a producer, or for it the leaders of partitions, make them a part of its transaction.

v2: PRODUCER_FENCED. v4: many transactions in one request, from brokers, which may also only ask whether a partition is
a part (KIP-890). v5: what is added belongs to a transaction of the second version.

Either all partitions of a transaction are added or none: one that does not exist leaves the others unattempted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Final

from barnabas.broker.coordinator.answers import OnceWaiter
from barnabas.broker.coordinator.transactions.init_producer_id import ProducerIdentity
from barnabas.broker.handlers.transaction_requests import submit, told
from barnabas.metadata.topic_names import INTERNAL_TOPICS
from barnabas.protocol.errors import ErrorCode, WireError
from barnabas.protocol.messages.add_partitions_to_txn import AddPartitionsToTxnRequest, AddPartitionsToTxnResponse
from barnabas.server.dispatch import Request

if TYPE_CHECKING:
    from barnabas.broker.coordinator.transactions.metadata import TopicPartition
    from barnabas.broker.handlers.transaction_requests import TransactionCoordinators
    from barnabas.broker.metadata_cache import MetadataCache

_FIRST_VERSION_FENCED: Final = 2
_FIRST_VERSION_OF_MANY: Final = 4
_FIRST_VERSION_WITH_EPOCH_BUMP: Final = 5
_LATEST_VERSION: Final = 5

Transaction = AddPartitionsToTxnRequest.AddPartitionsToTxnTransaction
TopicResult = AddPartitionsToTxnResponse.AddPartitionsToTxnTopicResult
Errors = Mapping["TopicPartition", ErrorCode]


class AddPartitionsToTxnHandler:
    """See the module's text."""

    def __init__(self, coordinators: TransactionCoordinators, cache: MetadataCache) -> None:
        self._coordinators: Final = coordinators
        self._cache: Final = cache

    def handle(self, request: Request[AddPartitionsToTxnRequest]) -> None:
        """Answer once all is decided, and committed."""
        body, version = request.body, request.version
        if version >= _FIRST_VERSION_OF_MANY:
            self.answer(body, request.reply, version)
            return
        transaction = Transaction(
            transactional_id=body.v3_and_below_transactional_id,
            producer_id=body.v3_and_below_producer_id,
            producer_epoch=body.v3_and_below_producer_epoch,
            topics=body.v3_and_below_topics,
        )
        self._decide(
            transaction,
            version,
            lambda errors: request.reply(AddPartitionsToTxnResponse(results_by_topic_v3_and_below=_by_topic(errors))),
        )

    def answer(
        self,
        body: AddPartitionsToTxnRequest,
        reply: Callable[[AddPartitionsToTxnResponse], None],
        version: int = _LATEST_VERSION,
    ) -> None:
        """Answer a request of many transactions."""
        transactions = body.transactions
        if not transactions:
            reply(AddPartitionsToTxnResponse(error_code=ErrorCode.INVALID_REQUEST))
            return
        results: dict[str, AddPartitionsToTxnResponse.AddPartitionsToTxnResult] = {}
        ids = {transaction.transactional_id for transaction in transactions}

        def decided(transactional_id: str, errors: Errors) -> None:
            results[transactional_id] = AddPartitionsToTxnResponse.AddPartitionsToTxnResult(
                transactional_id=transactional_id, topic_results=_by_topic(errors)
            )
            if len(results) == len(ids):
                reply(AddPartitionsToTxnResponse(results_by_transaction=list(results.values())))

        for transaction in {each.transactional_id: each for each in transactions}.values():
            self._decide(transaction, version, partial(decided, transaction.transactional_id))

    def _decide(self, transaction: Transaction, version: int, then: Callable[[Errors], None]) -> None:
        partitions = dict.fromkeys((topic.name, index) for topic in transaction.topics for index in topic.partitions)
        errors = {partition: error for partition in partitions if (error := self._check(*partition, version))}
        if errors:
            then({partition: errors.get(partition, ErrorCode.OPERATION_NOT_ATTEMPTED) for partition in partitions})
            return

        def reply(answer: Errors | ErrorCode) -> None:
            then(dict.fromkeys(partitions, answer) if isinstance(answer, ErrorCode) else answer)

        def fail(error: WireError) -> None:
            reply(told(error.code, version, _FIRST_VERSION_FENCED))

        self._submit(transaction, partitions, version, OnceWaiter(reply, fail))

    def _submit(
        self, transaction: Transaction, partitions: Iterable[TopicPartition], version: int, waiter: OnceWaiter
    ) -> None:
        transactional_id = transaction.transactional_id
        producer = ProducerIdentity(transaction.producer_id, transaction.producer_epoch)
        if transaction.verify_only:
            submit(
                self._coordinators,
                transactional_id,
                lambda machine, *_: machine.handle_verify_partitions(transactional_id, producer, partitions, waiter),
                waiter,
            )
            return
        protocol = 2 if version >= _FIRST_VERSION_WITH_EPOCH_BUMP else 0
        submit(
            self._coordinators,
            transactional_id,
            lambda machine, _, now_ms: machine.handle_add_partitions(
                transactional_id, producer, frozenset(partitions), protocol, waiter, now_ms
            ),
            waiter,
        )

    def _check(self, topic: str, index: int, version: int) -> ErrorCode:
        if version < _FIRST_VERSION_OF_MANY and topic in INTERNAL_TOPICS:
            return ErrorCode.TOPIC_AUTHORIZATION_FAILED
        known = self._cache.image.topics.by_name(topic)
        if known is None or index not in known.partitions:
            return ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
        return ErrorCode.NONE


def _by_topic(errors: Errors) -> list[TopicResult]:
    topics: dict[str, TopicResult] = {}
    for (topic, index), error in errors.items():
        if topic not in topics:
            topics[topic] = TopicResult(name=topic)
        topics[topic].results_by_partition.append(
            AddPartitionsToTxnResponse.AddPartitionsToTxnPartitionResult(
                partition_index=index, partition_error_code=error
            )
        )
    return list(topics.values())
