"""What classic members tell each other through the coordinator, who does not look at it: subscriptions, and
assignments, in the formats of Apache Kafka's clients (ConsumerProtocol; versions 0 to 3).

Both begin with an int16 version; later versions only add fields. The sticky assignors keep what they own in the user
data instead of in the fields that came later, so both are written and read.
"""

from __future__ import annotations

import struct
from collections import defaultdict
from collections.abc import Iterable
from typing import Final

from barnabas.client.groups.assignors import Place, Subscriber
from barnabas.protocol.codec import decode, encode
from barnabas.protocol.errors import MalformedMessage
from barnabas.protocol.messages.consumer_protocol_assignment import ConsumerProtocolAssignment
from barnabas.protocol.messages.consumer_protocol_subscription import ConsumerProtocolSubscription

_VERSION: Final = struct.Struct(">h")
_INT32: Final = struct.Struct(">i")
_WRITTEN_SUBSCRIPTION: Final = 3
_WRITTEN_ASSIGNMENT: Final = 3


def encode_subscription(
    assignor: str, topics: Iterable[str], owned: Iterable[Place], generation: int, rack: str | None
) -> bytes:
    """A member's metadata for one assignor: what it subscribes to, and what it owns since which generation."""
    held = _by_topic(owned)
    message = ConsumerProtocolSubscription(
        topics=sorted(topics),
        user_data=_user_data(assignor, held, generation),
        owned_partitions=[
            ConsumerProtocolSubscription.TopicPartition(topic=topic, partitions=numbers)
            for topic, numbers in held.items()
        ],
        generation_id=generation,
        rack_id=rack,
    )
    return _VERSION.pack(_WRITTEN_SUBSCRIPTION) + encode(message, _WRITTEN_SUBSCRIPTION)


def decode_subscription(member_id: str, instance_id: str | None, data: bytes, assignor: str) -> Subscriber:
    """A member as its metadata describes it. MalformedMessage if that is nothing a consumer wrote."""
    version = _version(data, _WRITTEN_SUBSCRIPTION)
    message, _ = decode(ConsumerProtocolSubscription, version, data, _VERSION.size)
    owned = tuple((part.topic, number) for part in message.owned_partitions for number in part.partitions)
    generation = message.generation_id
    if message.user_data and assignor == "sticky":
        owned, generation = _sticky_data(message.user_data)
    elif message.user_data and assignor == "cooperative-sticky" and len(message.user_data) >= _INT32.size:
        generation = max(generation, _INT32.unpack_from(message.user_data)[0])
    return Subscriber(member_id, frozenset(message.topics), owned, generation, instance_id)


def encode_assignment(places: Iterable[Place]) -> bytes:
    """What a member gets."""
    message = ConsumerProtocolAssignment(
        assigned_partitions=[
            ConsumerProtocolAssignment.TopicPartition(topic=topic, partitions=numbers)
            for topic, numbers in _by_topic(places).items()
        ]
    )
    return _VERSION.pack(_WRITTEN_ASSIGNMENT) + encode(message, _WRITTEN_ASSIGNMENT)


def decode_assignment(data: bytes) -> set[Place]:
    """What this member got; nothing where the leader sent nothing."""
    if not data:
        return set()
    message, _ = decode(ConsumerProtocolAssignment, _version(data, _WRITTEN_ASSIGNMENT), data, _VERSION.size)
    return {(part.topic, number) for part in message.assigned_partitions for number in part.partitions}


def _version(data: bytes, highest: int) -> int:
    if len(data) < _VERSION.size:
        raise MalformedMessage("there is no version", 0, "version")
    version: int = _VERSION.unpack_from(data)[0]
    if version < 0:
        raise MalformedMessage(f"version {version}", 0, "version")
    return min(version, highest)


def _by_topic(places: Iterable[Place]) -> dict[str, list[int]]:
    held: dict[str, list[int]] = defaultdict(list)
    for topic, number in sorted(places):
        held[topic].append(number)
    return held


def _user_data(assignor: str, held: dict[str, list[int]], generation: int) -> bytes | None:
    """The sticky assignor: topics with partitions, then the generation; the cooperative one: the generation."""
    if assignor == "cooperative-sticky":
        return _INT32.pack(generation)
    if assignor != "sticky" or not held:
        return None
    data = bytearray(_INT32.pack(len(held)))
    for topic, numbers in held.items():
        name = topic.encode()
        data += _VERSION.pack(len(name)) + name + _INT32.pack(len(numbers))
        data += b"".join(map(_INT32.pack, numbers))
    return bytes(data + _INT32.pack(generation))


def _sticky_data(data: bytes) -> tuple[tuple[Place, ...], int]:
    """The sticky assignor's own record of what is owned; what cannot be read counts as nothing owned."""
    places: list[Place] = []
    try:
        (topics,), at = _INT32.unpack_from(data), _INT32.size
        for _ in range(topics):
            (size,) = _VERSION.unpack_from(data, at)
            at += _VERSION.size
            topic = data[at : at + size].decode()
            at += size
            (count,) = _INT32.unpack_from(data, at)
            numbers = struct.unpack_from(f">{max(count, 0)}i", data, at + _INT32.size)
            at += _INT32.size * (1 + len(numbers))
            places += [(topic, number) for number in numbers]
        generation = _INT32.unpack_from(data, at)[0] if at + _INT32.size <= len(data) else -1
    except (struct.error, UnicodeDecodeError):
        return (), -1
    return tuple(places), generation
