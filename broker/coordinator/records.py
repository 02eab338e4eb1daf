"""The records of `__consumer_offsets` and `__transaction_state`, as Apache Kafka 4.3 writes and reads them.

A record's key is an int16, the type of the record, and a message; its value is an int16, the version, and a message of
that version, or there is none: a tombstone. Each topic numbers its types by itself, so each has a codec. The types
come from the messages' definitions; a type that is not known is from a later release, and skipped.

Of each value one version is written, the one that Kafka 4.3 writes: its dump tool and its coordinators can read it.
All known versions are read. The oldest form of a committed offset (type 0) is read as what it became (type 1).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from struct import Struct
from typing import Any, Final, TypeAlias

from barnabas.protocol import codec
from barnabas.protocol.errors import LocalProtocolError, MalformedMessage
from barnabas.protocol.message import Message
from barnabas.protocol.types import Buffer

NO_PRODUCER: Final = -1

_INT16: Final = Struct(">h")
_PREFIX_BYTES: Final = 2
_KEY_VERSION: Final = 0
_LEGACY_OFFSET_COMMIT: Final = 0


@dataclass(frozen=True, slots=True)
class Record:
    """One change of a coordinator's state. A value of None says that what the key names is gone (a tombstone).

    With a producer id the record stands in a transactional batch of that producer, and counts once a marker says so.
    """

    key: Message
    value: Message | None
    producer_id: int = NO_PRODUCER
    producer_epoch: int = NO_PRODUCER


@dataclass(frozen=True, slots=True)
class TransactionEnd:
    """A marker in the log: the producer's transaction ended here, as far as this partition goes.

    `coordinator_epoch` is that of the transaction coordinator which asked for the marker, `transaction_version` the
    version of the protocol that the transaction followed; it is checked, and not in the log.
    """

    producer_id: int
    producer_epoch: int
    committed: bool
    coordinator_epoch: int = 0
    transaction_version: int = 0


CoordinatorRecord: TypeAlias = Record | TransactionEnd


class RecordCodec:
    """Keys and values of one topic's records, as bytes. `types` gives the messages' name without Key and Value."""

    def __init__(self, types: Mapping[int, str]) -> None:
        self._types: Final = dict(types)
        self._numbers: Final = {f"{name}Key": number for number, name in types.items()}
        self._classes: dict[int, tuple[type[Message], type[Message]]] = {}

    def encode(self, record: Record) -> tuple[bytes, bytes | None]:
        """The key and the value of a record. LocalProtocolError if it is not one of this topic's."""
        number = self._numbers.get(record.key.NAME)
        if number is None:
            raise LocalProtocolError(f"no record of this topic has a key of {record.key.NAME}")
        key = _INT16.pack(number) + codec.encode(record.key, _KEY_VERSION)
        if record.value is None:
            return key, None
        version = written_version(record.value)
        return key, _INT16.pack(version) + codec.encode(record.value, version)

    def decode(
        self, key: Buffer, value: Buffer | None, producer_id: int = NO_PRODUCER, producer_epoch: int = NO_PRODUCER
    ) -> Record | None:
        """The record; None if its type is not known. MalformedMessage if it is not what its type and version say."""
        number = _prefix(key, "key")
        if number not in self._types:
            return None
        key_class, value_class = self._classes.get(number) or self._load(number)
        decoded_key: Any = codec.decode(key_class, _KEY_VERSION, key, _PREFIX_BYTES)[0]
        decoded_value: Any = None
        if value is not None:
            version = _prefix(value, "value")
            first, last = value_class.VERSIONS
            if not first <= version <= last:
                raise MalformedMessage(f"{value_class.NAME} of version {version}", 0, "version")
            decoded_value = codec.decode(value_class, version, value, _PREFIX_BYTES)[0]
        if key_class.NAME == "LegacyOffsetCommitKey":
            decoded_key, decoded_value = _from_legacy(decoded_key, decoded_value)
        return Record(decoded_key, decoded_value, producer_id, producer_epoch)

    def _load(self, number: int) -> tuple[type[Message], type[Message]]:
        """The classes of a type's key and value; most types never occur, so they are imported when they do."""
        name = self._types[number]
        module = "barnabas.protocol.messages." + "".join(
            f"_{letter.lower()}" if letter.isupper() else letter for letter in name
        ).lstrip("_")
        classes = (
            getattr(import_module(f"{module}_key"), f"{name}Key"),
            getattr(import_module(f"{module}_value"), f"{name}Value"),
        )
        self._classes[number] = classes
        return classes


def written_version(value: Message) -> int:
    """The version in which Kafka 4.3 writes this value."""
    if value.NAME == "OffsetCommitValue":
        # Only version 1 can say that one offset is to be kept for a time of its own, as OffsetCommit v2 to v4 can ask.
        return 4 if getattr(value, "expire_timestamp", -1) < 0 else 1
    return _WRITTEN_VERSIONS.get(value.NAME, 0)


_WRITTEN_VERSIONS: Final = {"GroupMetadataValue": 3, "TransactionLogValue": 1}

OFFSETS: Final = RecordCodec(
    {
        _LEGACY_OFFSET_COMMIT: "LegacyOffsetCommit",
        1: "OffsetCommit",
        2: "GroupMetadata",
        3: "ConsumerGroupMetadata",
        4: "ConsumerGroupPartitionMetadata",
        5: "ConsumerGroupMemberMetadata",
        6: "ConsumerGroupTargetAssignmentMetadata",
        7: "ConsumerGroupTargetAssignmentMember",
        8: "ConsumerGroupCurrentMemberAssignment",
        10: "ShareGroupMemberMetadata",
        11: "ShareGroupMetadata",
        12: "ShareGroupTargetAssignmentMetadata",
        13: "ShareGroupTargetAssignmentMember",
        14: "ShareGroupCurrentMemberAssignment",
        15: "ShareGroupStatePartitionMetadata",
        16: "ConsumerGroupRegularExpression",
        17: "StreamsGroupMetadata",
        19: "StreamsGroupMemberMetadata",
        20: "StreamsGroupTargetAssignmentMetadata",
        21: "StreamsGroupTargetAssignmentMember",
        22: "StreamsGroupCurrentMemberAssignment",
        23: "StreamsGroupTopology",
    }
)
"""`__consumer_offsets`"""

TRANSACTIONS: Final = RecordCodec({0: "TransactionLog"})
"""`__transaction_state`"""


def _prefix(data: Buffer, what: str) -> int:
    if len(data) < _PREFIX_BYTES:
        raise MalformedMessage(f"a {what} of {len(data)} bytes", 0, what)
    number: int = _INT16.unpack_from(data)[0]
    return number


def _from_legacy(key: Any, value: Any) -> tuple[Message, Message | None]:
    from barnabas.protocol.messages.offset_commit_key import OffsetCommitKey
    from barnabas.protocol.messages.offset_commit_value import OffsetCommitValue

    new_key = OffsetCommitKey(group=key.group, topic=key.topic, partition=key.partition)
    if value is None:
        return new_key, None
    new_value = OffsetCommitValue(offset=value.offset, metadata=value.metadata, commit_timestamp=value.commit_timestamp)
    return new_key, new_value
