"""Answers as plain data that can be compared: what each cluster chooses for itself is given a name.

A topic id becomes `<topic-id 1>`, the next one `<topic-id 2>`, and so on, so that it still shows whether two of them
are the same. The text of a message is nobody's contract; whether there is one is, except that an error may be explained
where Apache Kafka says nothing.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, Final

from barnabas.protocol.errors import ErrorCode
from barnabas.protocol.message import Message, Struct
from barnabas.protocol.messages.fetch import FetchResponse
from barnabas.protocol.record_batch import CorruptRecords, RecordBatch
from barnabas.protocol.types import ZERO_UUID

CLIENT_TIME_BELOW_MS = 1_710_000_000_000
"""Cases use timestamps below; those of a cluster's clock are above."""


class Names:
    """Names for the values that a cluster made up, in the order in which they turn up in one case."""

    def __init__(self, case_token: str) -> None:
        self._case_token = case_token
        self._known: dict[tuple[str, Any], str] = {}

    def of(self, kind: str, value: Any) -> str:
        count = sum(known == kind for known, _ in self._known)
        return self._known.setdefault((kind, value), f"<{kind} {count + 1}>")

    def place(self, kind: str, value: Any) -> int:
        """After how many others of its kind it turned up first; all of them if it has not."""
        known = [each for each in self._known if each[0] == kind]
        return known.index((kind, value)) if (kind, value) in self._known else len(known)

    def text(self, text: str) -> str:
        """A text without the token that makes the case's topics unlike all others."""
        return text.replace(self._case_token, "T")


def plain(
    message: Message, version: int, names: Names, *, blur: Iterable[str] = (), hide: Iterable[str] = ()
) -> dict[str, Any]:
    """The fields that `version` has, without `hide`. Those named in `blur` only show whether they have a value."""
    answer = _struct(message, version, names, frozenset(blur))
    for name in hide:
        answer.pop(name, None)
    if isinstance(message, FetchResponse):
        answer["responses"] = _fetched(answer["responses"])
    return answer


def _fetched(topics: list[dict[str, Any]]) -> list[tuple[str, Any]]:
    """Topic and answer of each partition, in order; but Apache Kafka puts those last that are not there."""
    parts = [(str(topic.get("topic", topic.get("topic_id"))), part) for topic in topics for part in topic["partitions"]]
    return sorted(parts, key=lambda part: part[1]["error_code"].startswith("UNKNOWN_TOPIC"))


def _struct(struct: Struct, version: int, names: Names, blur: frozenset[str]) -> dict[str, Any]:
    answer: dict[str, Any] = {}
    for name, _, (first, last), *_ in struct.FIELDS:
        if not first <= version <= last:
            continue
        value = getattr(struct, name)
        if _is_unordered(struct, name) and value and isinstance(value[0], Struct):
            value = sorted(value, key=partial(_position, names))
        if name in blur:
            answer[name] = _blurred(value)
        elif name in _TRANSLATIONS:
            answer[name] = _TRANSLATIONS[name](value, names)
        else:
            answer[name] = _value(value, version, names, blur)
    return answer


def _value(value: Any, version: int, names: Names, blur: frozenset[str]) -> Any:
    match value:
        case Struct():
            return _struct(value, version, names, blur)
        case list():
            return [_value(item, version, names, blur) for item in value]
        case str():
            return names.text(value)
        case memoryview():
            return batches(value, names)
        case bytes():
            return value.hex()
        case _:
            return value


def _blurred(value: Any) -> Any:
    if isinstance(value, list):
        return f"<{len(value)} of them>"
    return value if value in (None, "", 0, -1, False) else "<blurred>"


def without_additions(answer: Any, judge: Any) -> Any:
    """`answer` without the texts of errors for which `judge` has none."""
    if isinstance(answer, list | tuple) and type(answer) is type(judge) and len(answer) == len(judge):
        return type(answer)(without_additions(*pair) for pair in zip(answer, judge, strict=True))
    if isinstance(answer, dict) and isinstance(judge, dict) and answer.keys() == judge.keys():
        answer = {name: without_additions(value, judge[name]) for name, value in answer.items()}
        if answer.get("error_code") == judge.get("error_code") != "NONE" and judge.get("error_message", "?") in (
            None,
            "",
        ):
            answer["error_message"] = judge["error_message"]
    return answer


def batches(records: memoryview, names: Names) -> list[Any]:
    """Every batch with its records; what is cut off at the end by its length."""
    found: list[Any] = []
    position = 0
    while position < len(records):
        try:
            batch = RecordBatch(records, position)
        except CorruptRecords:
            found.append(f"<{len(records) - position} bytes of a cut batch>")
            break
        found.append(_batch(batch, names))
        position += batch.size
    return found


def _batch(batch: RecordBatch, names: Names) -> dict[str, Any]:
    try:
        value = _marker if batch.is_control else _bytes
        records: Any = [
            (r.offset, _time(r.timestamp), _bytes(r.key), value(r.value), r.headers) for r in batch.records()
        ]
    except CorruptRecords:
        records = "<corrupt>"
    return {
        "base_offset": batch.base_offset,
        "last_offset_delta": batch.last_offset_delta,
        "size": "<compressed>" if batch.is_compressed else batch.size,
        "leader_epoch": batch.leader_epoch,
        "attributes": batch.attributes,
        "crc": batch.verify_crc(),
        "timestamps": (_time(batch.base_timestamp), _time(batch.max_timestamp)),
        "producer": (_id("producer-id", -1)(batch.producer_id, names), batch.producer_epoch, batch.base_sequence),
        "count": batch.records_count,
        "records": records,
    }


def _bytes(data: memoryview | None) -> bytes | str | None:
    if data is None:
        return None
    return bytes(data) if len(data) <= 64 else f"<{len(data)} bytes>"


def _marker(data: memoryview | None) -> bytes | str | None:
    """What a marker says, without the epoch of the coordinator, which is the cluster's own."""
    return None if data is None else bytes(data[: -struct.calcsize(">i")])


def _time(timestamp_ms: int) -> int | str:
    """A client's time as it is, the cluster's own by name."""
    return timestamp_ms if timestamp_ms < CLIENT_TIME_BELOW_MS else "<now>"


def _error(code: int, _: Names) -> str:
    return ErrorCode.of(code).name if code == ErrorCode.of(code) else f"<unknown error {code}>"


def _text(text: str | None, _: Names) -> str | None:
    return "<text>" if text else text


def _id(kind: str, *nothing: Any) -> Callable[[Any, Names], Any]:
    return lambda value, names: value if value in nothing else names.of(kind, value)


def _chosen(kind: str) -> Callable[[Any, Names], Any]:
    return lambda value, _: value if value in (None, "", -1) else f"<{kind}>"


_UUID: Final = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$")


def _member(value: Any, names: Names) -> Any:
    """A member's id ends with something that the cluster made up; a client may say anything else."""
    if isinstance(value, str) and (found := _UUID.search(value)):
        return names.text(value[: found.start()]) + names.of("member", value)
    return names.text(value) if isinstance(value, str) else value


_TRANSLATIONS: dict[str, Callable[[Any, Names], Any]] = {
    "error_code": _error,
    "error_message": _text,
    "batch_index_error_message": _text,
    "documentation": lambda _text, _names: "<text>",
    "topic_id": _id("topic-id", ZERO_UUID),
    "session_id": _id("session-id", 0),
    "replica_directory_id": _id("directory-id", ZERO_UUID),
    "producer_id": _id("producer-id", -1),
    "cluster_id": _chosen("cluster-id"),
    "host": _chosen("host"),
    "leader": _member,
    "member_id": _member,
    "port": _chosen("port"),
    "controller_id": _chosen("node"),
    "coordinator_epoch": lambda value, _: value if value < 0 else "<epoch>",
    "log_append_time_ms": lambda value, _: _time(value),
    "timestamp": lambda value, _: _time(value),
    "finalized_features_epoch": _chosen("epoch"),
}


_SORTED = {
    # Apache Kafka makes these from hash tables, in any order.
    "brokers",
    "configs",
    "current_voters",
    "finalized_features",
    "groups",
    "node_endpoints",
    "nodes",
    "observers",
    "partition_responses",
    "replica_election_results",
    "responses",
    "results",
    "results_by_partition",
    "results_by_topic_v3_and_below",
    "supported_features",
    "topic_results",
    "topics",
    "DescribedGroup.members",
    "JoinGroupResponse.members",
    "ListOffsetsTopicResponse.partitions",
    "OffsetFetchResponseTopic.partitions",
    "OffsetFetchResponseTopics.partitions",
}


def _is_unordered(struct: Struct, name: str) -> bool:
    in_order = isinstance(struct, FetchResponse)
    return not in_order and (name in _SORTED or f"{type(struct).__name__}.{name}" in _SORTED)


def _position(names: Names, item: Struct) -> tuple[list[int], list[str], list[bytes], int]:
    """By what an item is about; members that are alike by when they turned up."""
    numbers = [getattr(item, field, 0) for field in ("node_id", "broker_id", "replica_id", "index", "partition_index")]
    fields = ("resource_name", "name", "topic", "group_id", "group_instance_id", "client_id")
    texts = [getattr(item, field, None) or "" for field in fields]
    data = [getattr(item, field, b"") for field in ("topic_id", "metadata", "member_metadata", "member_assignment")]
    member = names.place("member", getattr(item, "member_id", None))
    return numbers, texts, [part if isinstance(part, bytes) else b"" for part in data], member
