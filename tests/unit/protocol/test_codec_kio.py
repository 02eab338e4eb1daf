"""The codec against kio, for every message and version that kio has: the same bytes, both ways.

kio takes durations, dates and error codes as objects that refuse some integers which the wire carries, so these fields
get values here that it accepts; their other values are compared with the naive twin (test_codec_twin.py). It names
some fields in its own way, but keeps the schema's order, by which fields are matched.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from importlib import import_module
from io import BytesIO
from typing import Any, get_args
from uuid import UUID

import pytest
from kio.schema.errors import ErrorCode
from kio.serial import entity_writer

from barnabas.protocol import codec
from barnabas.protocol.message import Message
from barnabas.protocol.messages import message_class
from barnabas.protocol.schema import MessageSchema, load_messages, snake_case
from barnabas.protocol.types import ZERO_UUID

Make = Callable[[type[Message], int, int], Message]
KINDS = ("request", "response", "header", "data")
"""Kinds of messages, and the names of kio's modules for them. kio has no records of coordinators."""
CODES = [code.value for code in ErrorCode]
LONGEST_MS = 2**40


def kio_class(schema: MessageSchema, version: int) -> type[Any] | None:
    if schema.kind not in KINDS:
        return None
    module = snake_case(schema.api_name).replace("kraft", "k_raft")
    try:
        loaded = import_module(f"kio.schema.{module}.v{version}.{schema.kind}")
    except ImportError:
        return None
    found: type[Any] = getattr(loaded, schema.name)
    return found


def tame(kafka_type: str, value: int) -> int:
    """The nearest sensible value that kio accepts."""
    if kafka_type == "error_code":
        return CODES[value % len(CODES)]
    if kafka_type in ("timedelta_i64", "datetime_i64"):
        return value % LONGEST_MS
    return value


def convert(kafka_type: str | None, value: Any) -> Any:
    if kafka_type == "error_code":
        return ErrorCode(value)
    if kafka_type in ("timedelta_i32", "timedelta_i64"):
        return timedelta(milliseconds=value)
    if kafka_type == "datetime_i64":
        return datetime.fromtimestamp(value / 1000, UTC)
    if value is None or value == ZERO_UUID:
        return None
    if kafka_type == "uuid":
        return UUID(bytes=value)
    if kafka_type in ("bytes", "records"):
        return bytes(value)
    return value


def to_kio(cls: type[Any], value: Any, version: int) -> Any:
    """`value` as an instance of kio's class; integers that kio refuses are changed in `value` first."""
    arguments = {}
    for fact, field in zip(present(value, version), dataclasses.fields(cls), strict=True):
        name, kind = fact
        inner = getattr(value, name)
        kafka_type = field.metadata.get("kafka_type")
        if kafka_type is None and inner is not None:
            nested = nested_class(field.type)
            converted = (
                tuple(to_kio(nested, item, version) for item in inner)
                if kind.startswith("[]")
                else to_kio(nested, inner, version)
            )
        elif kind.startswith("[]") and inner is not None:
            converted = tuple(convert(kafka_type, item) for item in inner)
        else:
            if isinstance(inner, int):
                inner = tame(str(kafka_type), inner)
                setattr(value, name, inner)
            converted = convert(kafka_type, inner)
        arguments[field.name] = converted
    return cls(**arguments)


def present(value: Any, version: int) -> Iterator[tuple[str, str]]:
    for name, kind, versions, *_ in value.FIELDS:
        if versions[0] <= version <= versions[1]:
            yield name, kind


def nested_class(annotation: Any) -> Any:
    """The dataclass inside X, X | None, tuple[X, ...] and tuple[X, ...] | None."""
    if dataclasses.is_dataclass(annotation):
        return annotation
    return nested_class(next(part for part in get_args(annotation) if part not in (type(None), ...)))


IN_KIO = [schema for schema in load_messages() if schema.kind in KINDS and schema.versions[1] >= 0]


@pytest.mark.parametrize("schema", IN_KIO, ids=[schema.name for schema in IN_KIO])
def test_random_messages_equal_kios_bytes_and_come_back(schema: MessageSchema, make_message: Make) -> None:
    cls = message_class(schema.name)
    for version in range(cls.VERSIONS[0], cls.VERSIONS[1] + 1):
        judge = kio_class(schema, version)
        assert judge is not None
        write = entity_writer(judge)
        for seed in range(4):
            message = make_message(cls, version, seed)
            expected = BytesIO()
            write(expected, to_kio(judge, message, version))
            assert codec.encode(message, version) == expected.getvalue()
            assert codec.decode(cls, version, expected.getvalue()) == (message, len(expected.getvalue()))


def test_kio_lacks_only_coordinator_records() -> None:
    missing = {
        schema.kind
        for schema in load_messages()
        for version in range(schema.versions[0], schema.versions[1] + 1)
        if kio_class(schema, version) is None
    }
    assert missing == {"coordinator-key", "coordinator-value"}
