"""Keys and values of records as programs and people can read them, by the topic that they stand in.

What the cluster itself writes is decoded: offsets, groups, transactions, metadata, the marks in control batches. What
cannot be decoded is shown as it is: a log is dumped because something may be wrong with it.
"""

from __future__ import annotations

import base64
import dataclasses
from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any, Final

from barnabas.protocol.errors import MalformedMessage
from barnabas.protocol.message import Message, Struct
from barnabas.protocol.record_batch import ControlType, Record, control_type, end_txn_marker
from barnabas.protocol.types import Buffer, uuid_text

Fields = dict[str, Any]
Reader = Callable[[Record], Fields]
"""What to show of a record's key and value."""

_CONTROL_MESSAGES: Final[Mapping[ControlType, str]] = {
    ControlType.LEADER_CHANGE: "leader_change_message.LeaderChangeMessage",
    ControlType.SNAPSHOT_HEADER: "snapshot_header_record.SnapshotHeaderRecord",
    ControlType.SNAPSHOT_FOOTER: "snapshot_footer_record.SnapshotFooterRecord",
    ControlType.KRAFT_VERSION: "kraft_version_record.KRaftVersionRecord",
    ControlType.KRAFT_VOTERS: "voters_record.VotersRecord",
}


def reader_for(topic: str) -> Reader:
    """What reads the records of a topic."""
    return _READERS.get(topic, plain)


def plain(record: Record) -> Fields:
    """Key and value as text, or base64 where they are none; the fields of `barnabas consume --json`."""
    return {**_bytes_field("key", record.key), **_bytes_field("value", record.value)}


def control(record: Record) -> Fields:
    """A record of a control batch."""
    kind = control_type(record.key)
    if (marker := end_txn_marker(record)) is not None:
        return {"control": kind.name, "coordinator_epoch": marker.coordinator_epoch}
    if kind not in _CONTROL_MESSAGES:
        return {"control": kind.name, **plain(record)}
    return {"control": kind.name, "value": _control_value(kind, record.value or b"")}


def _control_value(kind: ControlType, value: Buffer) -> Any:
    from importlib import import_module

    from barnabas.protocol import codec

    module, _, name = _CONTROL_MESSAGES[kind].partition(".")
    message: type[Message] = getattr(import_module(f"barnabas.protocol.messages.{module}"), name)
    return readable(codec.decode(message, 0, value)[0])


def _offsets(record: Record) -> Fields:
    from barnabas.broker.coordinator.records import OFFSETS

    return _coordinator(record, OFFSETS.decode)


def _transactions(record: Record) -> Fields:
    from barnabas.broker.coordinator.records import TRANSACTIONS

    return _coordinator(record, TRANSACTIONS.decode)


def _coordinator(record: Record, decode: Callable[[Buffer, Buffer | None], Any]) -> Fields:
    try:
        found = decode(record.key or b"", record.value)
    except MalformedMessage as error:
        return {**plain(record), "unreadable": str(error)}
    if found is None:
        return {**plain(record), "unreadable": "a record type that this release does not know"}
    value = None if found.value is None else readable(found.value)
    if value is not None and found.key.NAME == "GroupMetadataKey" and value.get("protocol_type") in ("consumer", ""):
        value["members"] = [_group_member(member, shown) for member, shown in _pairs(found.value, value)]
    return {"type": found.key.NAME.removesuffix("Key"), "key": readable(found.key), "value": value}


def _pairs(group: Any, shown: Fields) -> list[tuple[Any, Fields]]:
    return list(zip(group.members, shown["members"], strict=True))


def _group_member(member: Any, shown: Fields) -> Fields:
    """With the partitions that a consumer was given, where they can be read."""
    from barnabas.client.groups.subscriptions import decode_assignment

    try:
        places = sorted(decode_assignment(bytes(member.assignment)))
    except MalformedMessage:
        return shown
    return {**shown, "assignment": [{"topic": topic, "partition": number} for topic, number in places]}


def _metadata(record: Record) -> Fields:
    from barnabas.metadata.records import MetadataRecordError, decode_record

    try:
        found = decode_record(record.value or b"")
    except MetadataRecordError as error:
        return {**plain(record), "unreadable": str(error)}
    return {"type": type(found).__name__.removesuffix("Record"), "value": readable(found)}


_READERS: Final[Mapping[str, Reader]] = {
    "__consumer_offsets": _offsets,
    "__transaction_state": _transactions,
    "__cluster_metadata": _metadata,
}


def readable(value: Any) -> Any:
    """A message, a metadata record, or what is in one, as JSON has it; ids of 16 bytes as Kafka writes them."""
    if isinstance(value, Struct):
        return {name: readable(getattr(value, name)) for name, *_ in value.FIELDS}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: readable(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Enum):
        return value.name
    if isinstance(value, bytes | bytearray | memoryview):
        return _bytes_value(bytes(value))
    if isinstance(value, Mapping):
        return {str(name): readable(each) for name, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [readable(each) for each in value]
    return value


def _bytes_value(content: bytes) -> str:
    return uuid_text(content) if len(content) == 16 else base64.b64encode(content).decode()


def _bytes_field(name: str, content: Buffer | None) -> Fields:
    if content is None:
        return {name: None}
    try:
        return {name: bytes(content).decode()}
    except UnicodeDecodeError:
        return {f"{name}_base64": base64.b64encode(content).decode()}


def header_fields(headers: list[tuple[str, bytes | None]]) -> list[Fields]:
    """A record's headers."""
    return [{"name": name, **_bytes_field("value", value)} for name, value in headers]
