"""What consumers of the classic protocol say to each other in the parts of JoinGroup and SyncGroup that only they
understand, and that a coordinator must read and write when it has both kinds of members (KIP-848).

Both begin with an int16, the version; one that is newer than we know begins like the newest that we know. Functions
raise `MalformedMessage`.
"""

from __future__ import annotations

from struct import Struct
from typing import Final, TypeVar

from barnabas.broker.coordinator.groups.consumer_member import Partitions
from barnabas.metadata.image import MetadataImage
from barnabas.protocol import codec
from barnabas.protocol.errors import MalformedMessage
from barnabas.protocol.message import Message
from barnabas.protocol.messages.consumer_protocol_assignment import ConsumerProtocolAssignment
from barnabas.protocol.messages.consumer_protocol_subscription import ConsumerProtocolSubscription

_INT16: Final = Struct(">h")
_NEWEST: Final = 3

M = TypeVar("M", bound=Message)


def read_subscription(metadata: bytes) -> ConsumerProtocolSubscription:
    """What a member wants: topics, rack, what it owns."""
    return _read(ConsumerProtocolSubscription, metadata)


def read_assignment(assignment: bytes) -> ConsumerProtocolAssignment:
    """What the group's leader has assigned to a member; nothing before its first assignment."""
    return _read(ConsumerProtocolAssignment, assignment) if assignment else ConsumerProtocolAssignment()


def write_assignment(partitions: Partitions, metadata: bytes, image: MetadataImage) -> bytes:
    """An assignment for the member whose subscription is `metadata`, in that version. Topics that are gone are not in
    it.
    """
    by_id = image.topics.by_id
    version = _version(metadata)
    message = ConsumerProtocolAssignment(
        assigned_partitions=[
            ConsumerProtocolAssignment.TopicPartition(
                topic=by_id[topic_id].name, partitions=sorted(partitions[topic_id])
            )
            for topic_id in sorted(partitions)
            if topic_id in by_id
        ]
    )
    return _INT16.pack(version) + codec.encode(message, version)


def _read(message: type[M], data: bytes) -> M:
    return codec.decode(message, _version(data), data, _INT16.size)[0]


def _version(data: bytes) -> int:
    if len(data) < _INT16.size:
        raise MalformedMessage("too short for a version", 0, "version")
    version: int = _INT16.unpack_from(data)[0]
    if version < 0:
        raise MalformedMessage(f"version {version}", 0, "version")
    return min(version, _NEWEST)
