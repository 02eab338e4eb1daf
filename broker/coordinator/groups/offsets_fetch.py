"""OffsetFetch: what a group has committed, for some partitions or for all."""

from __future__ import annotations

from typing import Final

from barnabas.broker.coordinator.groups.group import Group
from barnabas.broker.coordinator.groups.offsets import Committed, Offsets
from barnabas.protocol.errors import ErrorCode, WireError
from barnabas.protocol.messages.offset_fetch import OffsetFetchRequest, OffsetFetchResponse
from barnabas.protocol.types import ZERO_UUID

_Group = OffsetFetchResponse.OffsetFetchResponseGroup
_Topic = OffsetFetchResponse.OffsetFetchResponseTopics
_Partition = OffsetFetchResponse.OffsetFetchResponsePartitions

NO_OFFSET: Final = -1


def fetch_offsets(
    request: OffsetFetchRequest.OffsetFetchRequestGroup, group: Group | None, offsets: Offsets, *, require_stable: bool
) -> OffsetFetchResponse.OffsetFetchResponseGroup:
    """The offsets of one group (v8 and later; older versions are shaped so as well). Topics have names.

    `require_stable`: a partition that a transaction has committed and that may yet change has an error instead.
    """
    if group is not None:
        try:
            group.check_offset_fetch(request.member_id, request.member_epoch)
        except WireError as error:
            if error.code != ErrorCode.GROUP_ID_NOT_FOUND:
                raise
            group = None
    answer = _Group(group_id=request.group_id)
    if request.topics is None:
        if group is not None:
            answer.topics = _all(request.group_id, offsets, require_stable=require_stable)
        return answer
    for wanted in request.topics:
        topic = _Topic(name=wanted.name, topic_id=wanted.topic_id)
        answer.topics.append(topic)
        for index in wanted.partition_indexes:
            if require_stable and offsets.is_pending(request.group_id, wanted.name, index):
                topic.partitions.append(_unstable(index))
                continue
            committed = offsets.get(request.group_id, wanted.name, index) if group is not None else None
            if committed is not None and _is_of_another(committed.value.topic_id, wanted.topic_id):
                committed = None
            topic.partitions.append(_partition(index, committed))
    return answer


def _all(group_id: str, offsets: Offsets, *, require_stable: bool) -> list[_Topic]:
    group = offsets.of_group(group_id)
    topics: list[_Topic] = []
    if group is None:
        return topics
    for name, partitions in group.topics.items():
        topic = _Topic(name=name)
        topics.append(topic)
        for index, committed in partitions.items():
            topic.topic_id = committed.value.topic_id
            if require_stable and (name, index) in group.pending:
                topic.partitions.append(_unstable(index))
            else:
                topic.partitions.append(_partition(index, committed))
    return topics


def _partition(index: int, committed: Committed | None) -> _Partition:
    if committed is None:
        return without_offset(index, ErrorCode.NONE)
    value = committed.value
    return _Partition(
        partition_index=index,
        committed_offset=value.offset,
        committed_leader_epoch=value.leader_epoch,
        metadata=value.metadata,
    )


def _unstable(index: int) -> _Partition:
    return without_offset(index, ErrorCode.UNSTABLE_OFFSET_COMMIT)


def without_offset(index: int, error: ErrorCode) -> OffsetFetchResponse.OffsetFetchResponsePartitions:
    """A partition for which no offset can be told, for this reason, or none is committed."""
    return _Partition(
        partition_index=index, committed_offset=NO_OFFSET, committed_leader_epoch=-1, metadata="", error_code=error
    )


def _is_of_another(committed: bytes, wanted: bytes) -> bool:
    """Whether the offset was committed for a topic of the same name that is gone."""
    return committed != wanted and ZERO_UUID not in (committed, wanted)
