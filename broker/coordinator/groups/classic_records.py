"""The records of classic groups, and what consumers say in the parts of them that only members understand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from struct import Struct
from typing import TYPE_CHECKING, Final

from barnabas.broker.coordinator.groups.classic_member import ClassicMember
from barnabas.broker.coordinator.records import Record
from barnabas.protocol import codec
from barnabas.protocol.errors import MalformedMessage
from barnabas.protocol.messages.consumer_protocol_subscription import ConsumerProtocolSubscription
from barnabas.protocol.messages.group_metadata_key import GroupMetadataKey
from barnabas.protocol.messages.group_metadata_value import GroupMetadataValue

if TYPE_CHECKING:
    from barnabas.broker.coordinator.groups.classic_group import ClassicGroup

_INT16: Final = Struct(">h")


def group_record(
    group: ClassicGroup,
    members: Iterable[ClassicMember],
    assignments: Mapping[str, bytes],
    leader: str | None,
    now_ms: int,
) -> Record:
    """The group's present generation with these members, each with its assignment (none if it is not named)."""
    return _record(
        group.id,
        GroupMetadataValue(
            protocol_type=group.protocol_type,
            generation=group.generation,
            protocol=group.protocol,
            leader=leader,
            current_state_timestamp=now_ms,
            members=[
                GroupMetadataValue.MemberMetadata(
                    member_id=member.id,
                    group_instance_id=member.instance_id,
                    client_id=member.client_id,
                    client_host=member.client_host,
                    rebalance_timeout=member.rebalance_timeout_ms,
                    session_timeout=member.session_timeout_ms,
                    subscription=member.metadata(group.protocol) or b"",
                    assignment=assignments.get(member.id, b""),
                )
                for member in members
            ],
        ),
    )


def empty_group_record(group: ClassicGroup, now_ms: int) -> Record:
    """The next generation of the group has no members."""
    value = GroupMetadataValue(
        protocol_type=group.protocol_type,
        generation=group.generation + 1,
        protocol=None,
        leader=None,
        current_state_timestamp=now_ms,
    )
    return _record(group.id, value)


def group_tombstone(group_id: str) -> Record:
    """The group is gone."""
    return _record(group_id, None)


def _record(group_id: str, value: GroupMetadataValue | None) -> Record:
    return Record(GroupMetadataKey(group=group_id), value)


def member_of(recorded: GroupMetadataValue.MemberMetadata, protocol: str | None) -> ClassicMember:
    """A member as far as it is recorded. Of its protocols that is the one which was chosen."""
    session_timeout_ms, rebalance_timeout_ms = timeouts_of(recorded)
    return ClassicMember(
        recorded.member_id,
        instance_id=recorded.group_instance_id,
        client_id=recorded.client_id,
        client_host=recorded.client_host,
        rebalance_timeout_ms=rebalance_timeout_ms,
        session_timeout_ms=session_timeout_ms,
        protocols=() if protocol is None else ((protocol, recorded.subscription),),
        assignment=recorded.assignment,
    )


def timeouts_of(recorded: GroupMetadataValue.MemberMetadata) -> tuple[int, int]:
    """Of the session and of a rebalance, ms. The oldest records have one for both."""
    session = recorded.session_timeout
    return session, session if recorded.rebalance_timeout == -1 else recorded.rebalance_timeout


def subscribed_topics(subscriptions: Iterable[bytes | None]) -> frozenset[str] | None:
    """All topics in the subscriptions of these consumers; None if one of them cannot be read.

    Read as version 0, with which each later version begins.
    """
    topics: set[str] = set()
    for subscription in subscriptions:
        try:
            if subscription is None or len(subscription) < 2 or _INT16.unpack_from(subscription)[0] < 0:
                return None
            topics.update(codec.decode(ConsumerProtocolSubscription, 0, subscription, 2)[0].topics)
        except MalformedMessage:
            return None
    return frozenset(topics)
