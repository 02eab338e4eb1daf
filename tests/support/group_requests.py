"""Requests about groups in a few words; the group is `g` unless another is named."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from barnabas.protocol.codec import encode
from barnabas.protocol.messages.consumer_protocol_subscription import ConsumerProtocolSubscription
from barnabas.protocol.messages.heartbeat import HeartbeatRequest
from barnabas.protocol.messages.join_group import JoinGroupRequest
from barnabas.protocol.messages.leave_group import LeaveGroupRequest
from barnabas.protocol.messages.offset_commit import OffsetCommitRequest
from barnabas.protocol.messages.offset_delete import OffsetDeleteRequest
from barnabas.protocol.messages.offset_fetch import OffsetFetchRequest
from barnabas.protocol.messages.sync_group import SyncGroupRequest
from barnabas.protocol.messages.txn_offset_commit import TxnOffsetCommitRequest
from barnabas.protocol.types import ZERO_UUID

Protocols = Mapping[str, bytes] | Iterable[tuple[str, bytes]]


def subscription(*topics: str) -> bytes:
    """What a consumer says in JoinGroup: the topics that it reads."""
    return b"\0\0" + encode(ConsumerProtocolSubscription(topics=topics), 0)


def join(
    member_id: str = "",
    *,
    group: str = "g",
    instance: str | None = None,
    protocols: Protocols = (("range", b""),),
    protocol_type: str = "consumer",
    session: float = 10,
    rebalance: float = 60,
) -> JoinGroupRequest:
    """Timeouts in seconds."""
    pairs = protocols.items() if isinstance(protocols, Mapping) else protocols
    return JoinGroupRequest(
        group_id=group,
        member_id=member_id,
        group_instance_id=instance,
        protocol_type=protocol_type,
        protocols=[JoinGroupRequest.JoinGroupRequestProtocol(name=name, metadata=data) for name, data in pairs],
        session_timeout_ms=round(session * 1000),
        rebalance_timeout_ms=round(rebalance * 1000),
    )


def sync(
    member_id: str,
    generation: int,
    assignments: Mapping[str, bytes] | None = None,
    *,
    group: str = "g",
    instance: str | None = None,
    **protocol: Any,
) -> SyncGroupRequest:
    return SyncGroupRequest(
        group_id=group,
        member_id=member_id,
        generation_id=generation,
        group_instance_id=instance,
        assignments=[
            SyncGroupRequest.SyncGroupRequestAssignment(member_id=name, assignment=assignment)
            for name, assignment in (assignments or {}).items()
        ],
        **protocol,
    )


def heartbeat(member_id: str, generation: int, *, group: str = "g", instance: str | None = None) -> HeartbeatRequest:
    return HeartbeatRequest(group_id=group, member_id=member_id, generation_id=generation, group_instance_id=instance)


def leave(*member_ids: str, group: str = "g", instance: str | None = None) -> LeaveGroupRequest:
    """One instance for all, where it is given."""
    identities = [
        LeaveGroupRequest.MemberIdentity(member_id=member_id, group_instance_id=instance) for member_id in member_ids
    ]
    return LeaveGroupRequest(group_id=group, members=identities)


def commit(
    offsets: Mapping[str, Mapping[int, int]],
    member_id: str = "",
    generation: int = -1,
    *,
    group: str = "g",
    instance: str | None = None,
    metadata: str | None = "",
    retention_ms: int = -1,
    topic_id: bytes = ZERO_UUID,
) -> OffsetCommitRequest:
    """Offsets by topic and partition."""
    return OffsetCommitRequest(
        group_id=group,
        member_id=member_id,
        generation_id_or_member_epoch=generation,
        group_instance_id=instance,
        retention_time_ms=retention_ms,
        topics=[
            OffsetCommitRequest.OffsetCommitRequestTopic(
                name=topic,
                topic_id=topic_id,
                partitions=[
                    OffsetCommitRequest.OffsetCommitRequestPartition(
                        partition_index=index, committed_offset=offset, committed_metadata=metadata
                    )
                    for index, offset in partitions.items()
                ],
            )
            for topic, partitions in offsets.items()
        ],
    )


def txn_commit(
    offsets: Mapping[str, Mapping[int, int]],
    producer_id: int,
    member_id: str = "",
    generation: int = -1,
    *,
    group: str = "g",
    metadata: str | None = "",
) -> TxnOffsetCommitRequest:
    return TxnOffsetCommitRequest(
        transactional_id="t",
        group_id=group,
        producer_id=producer_id,
        producer_epoch=0,
        member_id=member_id,
        generation_id=generation,
        topics=[
            TxnOffsetCommitRequest.TxnOffsetCommitRequestTopic(
                name=topic,
                partitions=[
                    TxnOffsetCommitRequest.TxnOffsetCommitRequestPartition(
                        partition_index=index, committed_offset=offset, committed_metadata=metadata
                    )
                    for index, offset in partitions.items()
                ],
            )
            for topic, partitions in offsets.items()
        ],
    )


def fetch(
    wanted: Mapping[str, Iterable[int]] | None = None,
    *,
    group: str = "g",
    topic_id: bytes = ZERO_UUID,
    member_id: str | None = None,
    member_epoch: int = -1,
) -> OffsetFetchRequest.OffsetFetchRequestGroup:
    """Partitions by topic; None: all."""
    topics = None
    if wanted is not None:
        topics = [
            OffsetFetchRequest.OffsetFetchRequestTopics(name=name, topic_id=topic_id, partition_indexes=indexes)
            for name, indexes in wanted.items()
        ]
    return OffsetFetchRequest.OffsetFetchRequestGroup(
        group_id=group, member_id=member_id, member_epoch=member_epoch, topics=topics
    )


def delete_offsets(wanted: Mapping[str, Iterable[int]], *, group: str = "g") -> OffsetDeleteRequest:
    return OffsetDeleteRequest(
        group_id=group,
        topics=[
            OffsetDeleteRequest.OffsetDeleteRequestTopic(
                name=name,
                partitions=[
                    OffsetDeleteRequest.OffsetDeleteRequestPartition(partition_index=index) for index in indexes
                ],
            )
            for name, indexes in wanted.items()
        ],
    )
