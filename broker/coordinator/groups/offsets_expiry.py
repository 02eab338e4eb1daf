"""How offsets go: deleted by request, with their group or their topic, or because they have grown old.

An offset is kept for `offsets.retention.minutes`: after its commit, or, where members have been, after the last one has
left; as long as somebody subscribes to its topic, it is kept anyway. One that was committed with a time of its own
(OffsetCommit v2 to v4) goes when that is over. A group that nobody is in goes with its last offset.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from barnabas.broker.coordinator.groups.config import GroupConfig
from barnabas.broker.coordinator.groups.events import OffsetsDeleted, OffsetsExpired
from barnabas.broker.coordinator.groups.group import Group
from barnabas.broker.coordinator.groups.offsets import Committed, Offsets
from barnabas.broker.coordinator.groups.turn import Turn
from barnabas.broker.coordinator.records import Record
from barnabas.protocol.errors import ErrorCode
from barnabas.protocol.messages.offset_commit_key import OffsetCommitKey
from barnabas.protocol.messages.offset_delete import OffsetDeleteRequest, OffsetDeleteResponse
from barnabas.protocol.types import ZERO_UUID


def offset_tombstone(group_id: str, topic: str, partition: int) -> Record:
    """The offset is gone."""
    return Record(OffsetCommitKey(group=group_id, topic=topic, partition=partition), None)


def delete_offsets(request: OffsetDeleteRequest, group: Group, offsets: Offsets, turn: Turn) -> OffsetDeleteResponse:
    """Delete some offsets of a group, but for those of topics that it is subscribed to."""
    group.check_offset_delete()
    response = OffsetDeleteResponse()
    for topic in request.topics:
        answer = OffsetDeleteResponse.OffsetDeleteResponseTopic(name=topic.name)
        response.topics.append(answer)
        subscribed = group.is_subscribed_to(topic.name)
        error = ErrorCode.GROUP_SUBSCRIBED_TO_TOPIC if subscribed else ErrorCode.NONE
        for partition in topic.partitions:
            key = group.id, topic.name, partition.partition_index
            if not subscribed and (offsets.get(*key) is not None or offsets.is_pending(*key)):
                turn.records.append(offset_tombstone(*key))
            answer.partitions.append(
                OffsetDeleteResponse.OffsetDeleteResponsePartition(
                    partition_index=partition.partition_index, error_code=error
                )
            )
    turn.tell(OffsetsDeleted(group.id, len(turn.records)))
    return response


def delete_group(group: Group, offsets: Offsets, turn: Turn) -> None:
    """Delete a group with all its offsets."""
    group.check_delete()
    turn.records += [offset_tombstone(group.id, topic, index) for topic, index in offsets.keys_of_group(group.id)]
    turn.records += group.tombstones()


def forget_topics(topics: Iterable[tuple[str, bytes]], offsets: Offsets, turn: Turn) -> None:
    """Topics (name, id) are deleted: so are their offsets."""
    for name, topic_id in topics:
        turn.records += [
            offset_tombstone(group_id, name, partition)
            for group_id, partition in offsets.keys_of_topic(name, topic_id, ZERO_UUID)
        ]


def expire(groups: Mapping[str, Group], offsets: Offsets, config: GroupConfig, turn: Turn) -> None:
    """Delete what has grown old. Each group is looked at, but the offsets only of those that may have old ones."""
    for group in groups.values():
        if _expire_group(group, offsets, config, turn) and group.is_empty:
            turn.records += group.tombstones()


def _expire_group(group: Group, offsets: Offsets, config: GroupConfig, turn: Turn) -> bool:
    """Delete the old offsets of a group. Whether it has none left then."""
    of_group = offsets.of_group(group.id)
    if of_group is None:
        return True
    age_from_ms = group.offsets_age_from_ms
    if not group.expires_offsets or not of_group.may_expire(age_from_ms, turn.now_ms, config.retention_ms):
        return False
    some_left, looked_at_all, before = bool(of_group.pending), True, len(turn.records)
    for topic, partitions in of_group.topics.items():
        if group.is_subscribed_to(topic):
            some_left, looked_at_all = True, False
            continue
        for partition, committed in partitions.items():
            if (topic, partition) in of_group.pending or not _is_old(committed, age_from_ms, config, turn.now_ms):
                some_left = True
            else:
                turn.records.append(offset_tombstone(group.id, topic, partition))
    if looked_at_all:
        of_group.measure()
    if expired := len(turn.records) - before:
        turn.tell(OffsetsExpired(group.id, expired))
    return not some_left


def _is_old(committed: Committed, age_from_ms: int | None, config: GroupConfig, now_ms: int) -> bool:
    value = committed.value
    if value.expire_timestamp >= 0:
        return now_ms >= value.expire_timestamp
    return now_ms - (value.commit_timestamp if age_from_ms is None else age_from_ms) >= config.retention_ms
