"""OffsetCommit and TxnOffsetCommit: who may commit, and the records that do it.

Topics and partitions are known to exist when a request comes here, and have both name and id: handlers see to that.
A commit by somebody outside of any generation makes a group that does not exist: it keeps offsets and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Final

from barnabas.broker.coordinator.answers import Decision, Waiter
from barnabas.broker.coordinator.groups.config import GroupConfig
from barnabas.broker.coordinator.groups.events import OffsetsCommitted
from barnabas.broker.coordinator.groups.group import CheckPartition, Group
from barnabas.broker.coordinator.groups.turn import Turn
from barnabas.broker.coordinator.records import Record
from barnabas.protocol.errors import ErrorCode, WireError
from barnabas.protocol.messages.offset_commit import OffsetCommitRequest, OffsetCommitResponse
from barnabas.protocol.messages.offset_commit_key import OffsetCommitKey
from barnabas.protocol.messages.offset_commit_value import OffsetCommitValue
from barnabas.protocol.messages.txn_offset_commit import TxnOffsetCommitRequest, TxnOffsetCommitResponse
from barnabas.protocol.types import ZERO_UUID

_FIRST_VERSION_WITH_GROUP_NOT_FOUND: Final = 9
_DEFAULT_RETENTION: Final = -1


def check_commit(request: OffsetCommitRequest, group: Group | None, version: int) -> CheckPartition | None:
    """Whether the one who asks may commit."""
    generation = request.generation_id_or_member_epoch
    if group is not None:
        return group.check_offset_commit(request.member_id, request.group_instance_id, generation, version)
    if generation >= 0:
        newer = version >= _FIRST_VERSION_WITH_GROUP_NOT_FOUND
        raise WireError(ErrorCode.GROUP_ID_NOT_FOUND if newer else ErrorCode.ILLEGAL_GENERATION)
    return None


def commit(
    request: OffsetCommitRequest, check: CheckPartition | None, config: GroupConfig, waiter: Waiter, turn: Turn
) -> Decision:
    """Write an offset for each partition, unless it comes with too much to be kept."""
    group_id, now_ms, max_size = request.group_id, turn.now_ms, config.max_metadata_size
    retention = request.retention_time_ms
    expire_ms = -1 if retention == _DEFAULT_RETENTION else now_ms + retention
    records, response = turn.records, OffsetCommitResponse()
    for topic in request.topics:
        answer = OffsetCommitResponse.OffsetCommitResponseTopic(name=topic.name, topic_id=topic.topic_id)
        response.topics.append(answer)
        for partition in topic.partitions:
            index, metadata = partition.partition_index, partition.committed_metadata or ""
            error = ErrorCode.NONE
            if len(metadata) > max_size:
                error = ErrorCode.OFFSET_METADATA_TOO_LARGE
            else:
                if check is not None:
                    check(topic.name, topic.topic_id, index)
                value = OffsetCommitValue(
                    offset=partition.committed_offset,
                    leader_epoch=partition.committed_leader_epoch,
                    metadata=metadata,
                    commit_timestamp=now_ms,
                    expire_timestamp=expire_ms,
                    topic_id=topic.topic_id,
                )
                records.append(Record(OffsetCommitKey(group=group_id, topic=topic.name, partition=index), value))
            answer.partitions.append(
                OffsetCommitResponse.OffsetCommitResponsePartition(partition_index=index, error_code=error)
            )
    turn.tell(OffsetsCommitted(group_id, len(records)))
    turn.answer(waiter, response)
    return turn.decision()


def check_txn_commit(request: TxnOffsetCommitRequest, group: Group | None, version: int) -> CheckPartition | None:
    """Whether the one who asks may commit in a transaction. Older versions do not say in which generation it is."""
    if group is None:
        if request.generation_id >= 0:
            raise WireError(ErrorCode.ILLEGAL_GENERATION)
        return None
    with _generations():
        check = group.check_offset_commit(
            request.member_id, request.group_instance_id, request.generation_id, version, transactional=True
        )
    return None if check is None else partial(_check_in_generations, check)


def _check_in_generations(check: CheckPartition, topic: str, topic_id: bytes, partition: int) -> None:
    with _generations():
        check(topic, topic_id, partition)


@contextmanager
def _generations() -> Iterator[None]:
    """Producers know generations only: to them, an epoch that is not the member's is a wrong one of these."""
    try:
        yield
    except WireError as error:
        if error.code == ErrorCode.STALE_MEMBER_EPOCH:
            raise WireError(ErrorCode.ILLEGAL_GENERATION) from error
        raise


def txn_commit(
    request: TxnOffsetCommitRequest, check: CheckPartition | None, config: GroupConfig, waiter: Waiter, turn: Turn
) -> Decision:
    """Write an offset for each partition, to count once the producer's transaction is committed."""
    response = TxnOffsetCommitResponse()
    for topic in request.topics:
        answer = TxnOffsetCommitResponse.TxnOffsetCommitResponseTopic(name=topic.name)
        response.topics.append(answer)
        for partition in topic.partitions:
            metadata, error = partition.committed_metadata or "", ErrorCode.NONE
            if len(metadata) > config.max_metadata_size:
                error = ErrorCode.OFFSET_METADATA_TOO_LARGE
            else:
                if check is not None:
                    check(topic.name, ZERO_UUID, partition.partition_index)
                value = OffsetCommitValue(
                    offset=partition.committed_offset,
                    leader_epoch=partition.committed_leader_epoch,
                    metadata=metadata,
                    commit_timestamp=turn.now_ms,
                )
                key = OffsetCommitKey(group=request.group_id, topic=topic.name, partition=partition.partition_index)
                turn.records.append(Record(key, value, request.producer_id, request.producer_epoch))
            answer.partitions.append(
                TxnOffsetCommitResponse.TxnOffsetCommitResponsePartition(
                    partition_index=partition.partition_index, error_code=error
                )
            )
    turn.tell(OffsetsCommitted(request.group_id, len(turn.records)))
    turn.answer(waiter, response)
    return turn.decision()
