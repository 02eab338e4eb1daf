"""TxnOffsetCommit (v0–v5): how far a group has read, to count once the producer's transaction is committed.

v2: the leader epoch. v3: the member and its generation. v5: the coordinator adds the partition to the transaction.

Topics and partitions that do not exist are refused here; the group's coordinator sees the others, if there are any.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from barnabas.broker.coordinator.answers import OnceWaiter
from barnabas.broker.handlers.group_requests import caller_of, submit_to_members
from barnabas.broker.transaction_verification import Operation
from barnabas.protocol.errors import ErrorCode, WireError
from barnabas.protocol.messages.txn_offset_commit import TxnOffsetCommitRequest, TxnOffsetCommitResponse
from barnabas.protocol.record_batch import NO_SEQUENCE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from barnabas.broker.handlers.group_requests import GroupCoordinators
    from barnabas.broker.metadata_cache import MetadataCache
    from barnabas.broker.replica_manager import ReplicaManager
    from barnabas.broker.transaction_verification import TransactionVerification
    from barnabas.metadata.topics import TopicsImage
    from barnabas.server.dispatch import Request

_FIRST_VERSION_WITH_LOADING: Final = 2
_FIRST_VERSION_WITH_ABORTABLE: Final = 4
_FIRST_VERSION_THAT_ADDS: Final = 5
_AS_COORDINATOR: Final = {
    ErrorCode.NETWORK_EXCEPTION: ErrorCode.COORDINATOR_LOAD_IN_PROGRESS,
    ErrorCode.UNKNOWN_TOPIC_OR_PARTITION: ErrorCode.COORDINATOR_NOT_AVAILABLE,
    ErrorCode.NOT_LEADER_OR_FOLLOWER: ErrorCode.NOT_COORDINATOR,
    ErrorCode.KAFKA_STORAGE_ERROR: ErrorCode.NOT_COORDINATOR,
}
"""What a verification's failure means to a group's member."""

_Topic = TxnOffsetCommitRequest.TxnOffsetCommitRequestTopic
_Answer = TxnOffsetCommitResponse.TxnOffsetCommitResponseTopic


class TxnOffsetCommitHandler:
    """See the module's text."""

    def __init__(
        self,
        coordinators: GroupCoordinators,
        cache: MetadataCache,
        replicas: ReplicaManager,
        verification: TransactionVerification,
    ) -> None:
        self._coordinators: Final = coordinators
        self._cache: Final = cache
        self._replicas: Final = replicas
        self._verification: Final = verification

    def handle(self, request: Request[TxnOffsetCommitRequest]) -> None:
        """Answer once the offsets are committed to the log, which the transaction may still abort."""
        body, caller = request.body, caller_of(request)
        refused = refuse_missing(body, self._cache.image.topics)
        if not body.topics:
            request.reply(TxnOffsetCommitResponse(topics=refused))
            return

        def reply(response: TxnOffsetCommitResponse) -> None:
            request.reply(TxnOffsetCommitResponse(topics=merged(refused, response.topics)))

        def fail(error: WireError) -> None:
            code = told(error.code, request.version)
            reply(TxnOffsetCommitResponse(topics=[_all_failed(topic, code) for topic in body.topics]))

        waiter = OnceWaiter(reply, fail)

        def commit(error: ErrorCode) -> None:
            if error:
                waiter.fail(WireError(_AS_COORDINATOR.get(error, error)))
                return
            submit_to_members(
                self._coordinators,
                body.group_id,
                lambda machine, now, now_ms: machine.handle_txn_offset_commit(body, caller, waiter, now, now_ms),
                waiter,
            )

        self._verify(body, request.version, commit)

    def _verify(self, body: TxnOffsetCommitRequest, version: int, then: Callable[[ErrorCode], None]) -> None:
        """Have the transaction's coordinator know of the group's partition before its first offset (KIP-890)."""
        producer_id, epoch, operation = body.producer_id, body.producer_epoch, operation_of(version)
        try:
            if not body.group_id:
                raise WireError(ErrorCode.INVALID_GROUP_ID)
            shard = self._coordinators.shard(body.group_id)
            partition = self._replicas.find(self._coordinators.topic, shard.partition)
            needed = self._verification.is_needed(partition, producer_id, epoch, operation)
        except WireError as error:
            then(error.code)
            return
        if needed:
            self._verification.verify(
                partition, body.transactional_id, producer_id, epoch, operation, then, sequence=NO_SEQUENCE
            )
        else:
            then(ErrorCode.NONE)


def operation_of(version: int) -> Operation:
    """What a request of this version means for a transaction that the group's partition does not know."""
    if version >= _FIRST_VERSION_THAT_ADDS:
        return Operation.ADD
    return Operation.VERIFY_ABORTABLE if version >= _FIRST_VERSION_WITH_ABORTABLE else Operation.VERIFY


def refuse_missing(body: TxnOffsetCommitRequest, topics: TopicsImage) -> list[_Answer]:
    """Take from the request what does not exist. Returns what is to be said of that."""
    refused: list[_Answer] = []
    for topic in body.topics:
        found = topics.by_name(topic.name)
        count = 0 if found is None else len(found)
        missing = [part.partition_index for part in topic.partitions if not 0 <= part.partition_index < count]
        topic.partitions = [part for part in topic.partitions if 0 <= part.partition_index < count]
        if missing or found is None:
            refused.append(_failed(topic, missing, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION))
    body.topics = [topic for topic in body.topics if topic.partitions]
    return refused


def merged(refused: list[_Answer], committed: list[_Answer]) -> list[_Answer]:
    """One answer a topic, what was refused first."""
    known = {topic.name: topic for topic in refused}
    for topic in committed:
        if topic.name in known:
            known[topic.name].partitions += topic.partitions
        else:
            refused.append(topic)
    return refused


def told(error: ErrorCode, version: int) -> ErrorCode:
    """The error as clients of this version know it: older ones break at a coordinator that is loading."""
    if error == ErrorCode.COORDINATOR_LOAD_IN_PROGRESS and version < _FIRST_VERSION_WITH_LOADING:
        return ErrorCode.COORDINATOR_NOT_AVAILABLE
    return error


def _all_failed(topic: _Topic, error: ErrorCode) -> _Answer:
    return _failed(topic, (partition.partition_index for partition in topic.partitions), error)


def _failed(topic: _Topic, partitions: Iterable[int], error: ErrorCode) -> _Answer:
    return _Answer(
        name=topic.name,
        partitions=[
            TxnOffsetCommitResponse.TxnOffsetCommitResponsePartition(partition_index=index, error_code=error)
            for index in partitions
        ],
    )
