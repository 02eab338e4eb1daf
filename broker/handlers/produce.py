"""Produce (v3–v13): append batches, and answer when as many replicas have them as the producer wants.

v7: zstd. v8: `record_errors` and messages. v10: the answer names the new leader (KIP-951). v12: transactions as of
KIP-890. v13: topics by id.

Every batch is appended before anything else is read from the connection, so batches of one producer keep their order;
only the answer waits. The first batches of a transaction in a partition wait before, until its coordinator knows of it
(`transaction_verification.py`); others of the same request do not wait for them. An answer never holds
UNKNOWN_SERVER_ERROR, which would make clients write twice.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from barnabas.broker.leader_hints import LeaderHints
from barnabas.broker.partition import ACKS_ALL
from barnabas.broker.pending_produce import PendingProduce
from barnabas.broker.transaction_verification import Operation, as_produce_error
from barnabas.metadata.topic_names import INTERNAL_TOPICS
from barnabas.protocol.errors import ErrorCode, WireError
from barnabas.protocol.messages.produce import ProduceRequest, ProduceResponse
from barnabas.protocol.record_batch import ATTRIBUTES_OFFSET, PRODUCER_OFFSET, TRANSACTIONAL_FLAG, RecordBatch
from barnabas.server.dispatch import Request
from barnabas.server.logging import get_logger
from barnabas.storage.disk import StorageError
from barnabas.storage.validator import RejectedRecords, only_batch, validate_batch

if TYPE_CHECKING:
    from barnabas.broker.fetch_session import TopicKey
    from barnabas.broker.partition import Partition
    from barnabas.broker.partition_leader import LeaderRole
    from barnabas.broker.replica_manager import ReplicaManager
    from barnabas.broker.transaction_verification import TransactionVerification

log = get_logger(__name__)

Answer = ProduceResponse.PartitionProduceResponse
Appended = list[tuple["Partition", int, Answer]]
"""Partition, the offset after the batch, and the answer."""

_FIRST_VERSION_BY_ID: Final = 13
_FIRST_VERSION_WITH_LEADERS: Final = 10
_FIRST_VERSION_WITH_ABORTABLE: Final = 11
_FIRST_VERSION_THAT_ADDS: Final = 12
_PRODUCER_BYTES: Final = 10
"""Producer id and epoch."""
_ADMIN_CLIENT_ID: Final = "__admin_client"
_LEGAL_ACKS: Final = (0, 1, ACKS_ALL)


class _Parts:
    """The parts of one produce: those that are appended, and how many are not through yet."""

    __slots__ = ("appended", "open", "request", "response")

    def __init__(self, request: Request[ProduceRequest], response: ProduceResponse) -> None:
        self.request: Final = request
        self.response: Final = response
        self.appended: Final[Appended] = []
        self.open = 1
        """One for the request as a whole, and one for each part that is being verified."""


class ProduceHandler:
    """See the module's text."""

    def __init__(self, manager: ReplicaManager, verification: TransactionVerification | None = None) -> None:
        """Without `verification` there are no transactions: what belongs to one is refused."""
        self._manager: Final = manager
        self._verification: Final = verification

    def handle(self, request: Request[ProduceRequest]) -> None:
        """Append what the request holds, and reply now or later."""
        body, version = request.body, request.version
        response = ProduceResponse()
        refusal = _refusal(body)
        if refusal:
            _refuse_all(body, version, response, refusal)
            self._reply(request, response)
            return
        parts = _Parts(request, response)
        for topic, key, batches in _by_topic(body, version):
            answers = ProduceResponse.TopicProduceResponse(name=topic.name, topic_id=topic.topic_id)
            response.responses.append(answers)
            for index, records in batches.items():
                answer = Answer(index=index, base_offset=-1)
                answers.partition_responses.append(answer)
                self._append(parts, key, records, answer)
        self._one_is_through(parts)

    def _append(self, parts: _Parts, topic: TopicKey, records: memoryview | None, answer: Answer) -> None:
        """Append one partition's batch, or put the error into its answer; or have it verified first."""
        manager, request = self._manager, parts.request
        acks = request.body.acks
        started: Partition | None = None
        try:
            partition = self._find(topic, answer.index)
            if records is None:
                raise WireError(ErrorCode.INVALID_REQUEST, "A partition without records")
            batch = only_batch(records, version=request.version)
            if acks not in _LEGAL_ACKS:
                raise WireError(ErrorCode.INVALID_REQUIRED_ACKS)
            if partition is None:
                raise WireError(ErrorCode.NOT_LEADER_OR_FOLLOWER)
            if partition.topic in INTERNAL_TOPICS and request.header.client_id != _ADMIN_CLIENT_ID:
                raise WireError(ErrorCode.INVALID_TOPIC_EXCEPTION)
            started = partition
            role = partition.check_append(acks)
            now_ms = manager.wall_clock_ms()
            batch = validate_batch(batch, config=partition.rules, now_ms=now_ms)
            if batch.is_transactional:
                started = None
                if not self._is_verified(partition, batch, request.version):
                    self._verify(parts, partition, batch, answer)
                    return
                started = partition
            self._write(parts, partition, role, batch, answer, now_ms)
        except WireError as error:
            _refuse(answer, error, started)
        except StorageError as error:
            manager.storage_failed(error)
            answer.error_code = ErrorCode.KAFKA_STORAGE_ERROR

    def _write(
        self, parts: _Parts, partition: Partition, role: LeaderRole, batch: RecordBatch, answer: Answer, now_ms: int
    ) -> None:
        manager = self._manager
        result = partition.append(role, batch, manager.clock(), now_ms)
        answer.base_offset = result.first_offset
        answer.log_append_time_ms = result.log_append_time_ms
        answer.log_start_offset = partition.log.log_start_offset
        parts.appended.append((partition, result.last_offset + 1, answer))
        if not result.duplicate:
            manager.statistics.bytes_in += result.size
            manager.statistics.records_in += batch.records_count
            manager.flusher.appended(partition, now_ms)

    # Transactions

    def _is_verified(self, partition: Partition, batch: RecordBatch, version: int) -> bool:
        if self._verification is None:
            raise _no_transaction(version)
        return not self._verification.is_needed(
            partition, batch.producer_id, batch.producer_epoch, operation_of(version)
        )

    def _verify(self, parts: _Parts, partition: Partition, batch: RecordBatch, answer: Answer) -> None:
        """Write the batch once the coordinator of its transaction knows of it."""
        request = parts.request
        parts.open += 1

        def verified(error: ErrorCode) -> None:
            try:
                if error:
                    raise as_produce_error(error, operation_of(request.version))
                role = partition.check_append(request.body.acks)
                self._write(parts, partition, role, batch, answer, self._manager.wall_clock_ms())
            except WireError as refusal:
                _refuse(answer, refusal, None if error else partition)
            except StorageError as failure:
                self._manager.storage_failed(failure)
                answer.error_code = ErrorCode.KAFKA_STORAGE_ERROR
            self._one_is_through(parts)

        assert self._verification is not None
        self._verification.verify(
            partition,
            request.body.transactional_id or "",
            batch.producer_id,
            batch.producer_epoch,
            operation_of(request.version),
            verified,
            sequence=batch.base_sequence,
        )

    def _one_is_through(self, parts: _Parts) -> None:
        parts.open -= 1
        if not parts.open:
            self._reply_when_acknowledged(parts.request, parts.response, parts.appended)

    # Answering

    def _find(self, topic: TopicKey, index: int) -> Partition | None:
        """The replica here, or None where other brokers have the partition, which is told after worse mistakes."""
        try:
            return self._manager.find(topic, index)
        except WireError as error:
            if error.code != ErrorCode.NOT_LEADER_OR_FOLLOWER:
                raise
            return None

    def _reply_when_acknowledged(
        self, request: Request[ProduceRequest], response: ProduceResponse, appended: Appended
    ) -> None:
        acks = request.body.acks
        waiting: Appended = []
        if acks:
            for partition, offset, answer in appended:
                if not partition.acknowledges(offset, acks):
                    waiting.append((partition, offset, answer))
                elif acks == ACKS_ALL:
                    answer.error_code = partition.error_after_append()
        if not waiting:
            self._reply(request, response)
            return
        pending = PendingProduce(partial(self._reply, request, response))
        parts = [(partition, pending.await_offset(offset, answer)) for partition, offset, answer in waiting]
        for partition, part in parts:
            partition.await_acknowledgement(part, acks)
        if not pending.done:
            self._manager.wait_for_acknowledgement(pending, max(request.body.timeout_ms, 0) / 1000)

    def _reply(self, request: Request[ProduceRequest], response: ProduceResponse) -> None:
        """Send the answer. With acks=0 there is none, but an error closes the connection, so that the producer learns
        of it.
        """
        if request.body.acks == 0:
            errors = [
                f"{topic.name or topic.topic_id.hex()}-{answer.index}: {ErrorCode.of(answer.error_code).name}"
                for topic in response.responses
                for answer in topic.partition_responses
                if answer.error_code
            ]
            if errors:
                request.close(f"a produce with acks=0 failed: {', '.join(errors[:10])}")
            else:
                request.reply(None)
            return
        if request.version >= _FIRST_VERSION_WITH_LEADERS:
            self._name_leaders(request, response)
        request.reply(response)

    def _name_leaders(self, request: Request[ProduceRequest], response: ProduceResponse) -> None:
        hints: LeaderHints | None = None
        for topic in response.responses:
            for answer in topic.partition_responses:
                if answer.error_code == ErrorCode.NOT_LEADER_OR_FOLLOWER:
                    if hints is None:
                        hints = LeaderHints(self._manager.metadata, request.connection.listener)
                    key = topic.topic_id if request.version >= _FIRST_VERSION_BY_ID else topic.name
                    hints.fill(answer.current_leader, key, answer.index)
        if hints is not None:
            response.node_endpoints = hints.endpoints(ProduceResponse.NodeEndpoint)


def _refuse(answer: Answer, error: WireError, partition: Partition | None) -> None:
    """The answer to a batch that was not appended; `partition` is None where its log was not looked at."""
    answer.error_code = error.code
    answer.error_message = error.message
    if partition is not None and not partition.error and error.code not in _WITHOUT_LOG_START:
        answer.log_start_offset = partition.log.log_start_offset
    if isinstance(error, RejectedRecords):
        answer.record_errors = [
            ProduceResponse.BatchIndexAndErrorMessage(
                batch_index=record.batch_index, batch_index_error_message=record.message
            )
            for record in error.record_errors
        ]


_WITHOUT_LOG_START: Final = frozenset(
    {
        ErrorCode.NOT_LEADER_OR_FOLLOWER,
        ErrorCode.MESSAGE_TOO_LARGE,
        ErrorCode.RECORD_LIST_TOO_LARGE,
        ErrorCode.CORRUPT_MESSAGE,
        ErrorCode.KAFKA_STORAGE_ERROR,
    }
)


def _by_topic(
    body: ProduceRequest, version: int
) -> list[tuple[ProduceRequest.TopicProduceData, TopicKey, dict[int, memoryview | None]]]:
    """The batches of each topic by partition; of a partition that is named twice, the last one, as Kafka has it.

    The request lets go of them, so that its frame need not stay while the answer waits.
    """
    topics: dict[TopicKey, tuple[ProduceRequest.TopicProduceData, TopicKey, dict[int, memoryview | None]]] = {}
    for topic in body.topic_data:
        key: TopicKey = topic.topic_id if version >= _FIRST_VERSION_BY_ID else topic.name
        batches = topics.setdefault(key, (topic, key, {}))[2]
        for data in topic.partition_data:
            batches[data.index] = data.records
            data.records = None
    return list(topics.values())


def _refuse_all(body: ProduceRequest, version: int, response: ProduceResponse, error: ErrorCode) -> None:
    for topic, _, batches in _by_topic(body, version):
        answers = [Answer(index=index, error_code=error, error_message=error.text, base_offset=-1) for index in batches]
        response.responses.append(
            ProduceResponse.TopicProduceResponse(name=topic.name, topic_id=topic.topic_id, partition_responses=answers)
        )


def operation_of(version: int) -> Operation:
    """What a Produce of this version means for a transaction that the partition does not know."""
    if version >= _FIRST_VERSION_THAT_ADDS:
        return Operation.ADD
    return Operation.VERIFY_ABORTABLE if version >= _FIRST_VERSION_WITH_ABORTABLE else Operation.VERIFY


def _refusal(body: ProduceRequest) -> ErrorCode:
    """Why the request is refused as a whole; NONE if it is not."""
    transactional_id = body.transactional_id
    producers: set[bytes] = set()
    for topic in body.topic_data:
        for data in topic.partition_data:
            records = data.records
            if records is not None and _is_transactional(records):
                if transactional_id is None:
                    return ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED
                producers.add(bytes(records[PRODUCER_OFFSET : PRODUCER_OFFSET + _PRODUCER_BYTES]))
    return ErrorCode.INVALID_PRODUCER_ID_MAPPING if len(producers) > 1 else ErrorCode.NONE


def _is_transactional(records: memoryview) -> bool:
    """Whether a batch says that it is part of a transaction; what is too short to say so is refused later."""
    low_byte = ATTRIBUTES_OFFSET + 1
    return len(records) > low_byte and bool(records[low_byte] & TRANSACTIONAL_FLAG)


def _no_transaction(version: int) -> WireError:
    """No transaction has this partition. Clients since KIP-890 are told to abort theirs."""
    code = ErrorCode.TRANSACTION_ABORTABLE if version >= _FIRST_VERSION_WITH_ABORTABLE else ErrorCode.INVALID_TXN_STATE
    return WireError(code, "The partition was not added to the transaction")
