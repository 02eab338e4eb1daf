"""The compiled codec against a naive twin, for every message at every version.

The twin reads Kafka's schema as it is in the JSON and writes a message field by field; it shares nothing with the
compilers but the message classes. Besides kio (test_codec_kio.py) it is the judge of the messages that kio lacks.
"""

from __future__ import annotations

import ast
import json
import re
import struct
from collections.abc import Callable
from importlib.resources import files
from typing import Any

import pytest

from barnabas.protocol import codec
from barnabas.protocol.message import Message
from barnabas.protocol.messages import message_class

Make = Callable[[type[Message], int, int], Message]
Cases = list[tuple[type[Message], int]]
FORMATS = dict(zip(("bool", "int8", "int16", "uint16", "int32", "uint32", "int64", "float64"), "?bhHiIqd", strict=True))
SCHEMA = json.loads((files("barnabas.protocol") / "schema" / "messages.json").read_text("utf-8"))


def within(versions: str, version: int) -> bool:
    if versions == "none":
        return False
    low, _, high = versions.partition("-")
    if low.endswith("+"):
        return version >= int(low[:-1])
    return int(low) <= version <= int(high or low)


def attribute(name: str) -> str:
    name = name.replace("KRaft", "Kraft").replace("Enable2Pc", "Enable_2pc")
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


def varint(value: int) -> bytes:
    out = []
    while value >= 128:
        out.append(value % 128 + 128)
        value //= 128
    return bytes([*out, value])


class Twin:
    def __init__(self, schema: dict[str, Any], version: int) -> None:
        self.schema = schema
        self.version = version
        self.flexible = within(schema.get("flexibleVersions", "none"), version)
        self.common = {struct["name"]: struct["fields"] for struct in schema.get("commonStructs", ())}

    def message(self, message: Message) -> bytes:
        return self.fields(self.schema["fields"], message)

    def fields(self, fields: list[dict[str, Any]], value: Any) -> bytes:
        out, tagged = b"", {}
        for field in fields:
            inner = getattr(value, attribute(field["name"]))
            if not within(field.get("versions") or field["taggedVersions"], self.version):
                continue
            if not within(field.get("taggedVersions", "none"), self.version):
                out += self.value(field, inner)
            elif not self.is_default(field, inner):
                tagged[field["tag"]] = self.value(field, inner, tag=True)
        if self.flexible:
            out += varint(len(tagged))
            for tag in sorted(tagged):
                out += varint(tag) + varint(len(tagged[tag])) + tagged[tag]
        return out

    def is_default(self, field: dict[str, Any], value: Any) -> bool:
        kind, default = field["type"], field.get("default") or ""
        if default == "null" or value is None:
            return default == "null" and value is None
        if kind.startswith("[]"):
            return len(value) == 0
        if kind in ("string", "bytes"):
            return bool(value == type(value)())
        if kind == "uuid":
            return bool(value == bytes(16))
        if kind in FORMATS:
            return bool(value == ast.literal_eval(str(default).capitalize() or "0"))
        fields = field.get("fields") or self.common[kind]
        return all(self.is_default(inner, getattr(value, attribute(inner["name"]))) for inner in fields)

    def value(self, field: dict[str, Any], value: Any, tag: bool = False) -> bytes:
        kind = field["type"]
        compact = self.flexible and field.get("flexibleVersions") != "none"
        if kind in FORMATS:
            return struct.pack(">" + FORMATS[kind], value)
        if kind == "uuid":
            return bytes(value)
        if kind in ("string", "bytes", "records") or kind.startswith("[]"):
            width = ">h" if kind == "string" else ">i"
            if value is None:
                return b"\0" if compact else struct.pack(width, -1)
            if kind.startswith("[]"):
                element = {**field, "type": kind[2:], "nullableVersions": "none"}
                content = b"".join(self.value(element, item) for item in value)
            else:
                content = value.encode() if kind == "string" else bytes(value)
            count = len(value) if kind.startswith("[]") else len(content)
            return (varint(count + 1) if compact else struct.pack(width, count)) + content
        prefix = b""
        if within(field.get("nullableVersions", "none"), self.version):
            if value is None:
                return b"\0" if tag else b"\xff"
            prefix = b"\1"
        return prefix + self.fields(field.get("fields") or self.common[kind], value)


@pytest.mark.parametrize("schema", SCHEMA, ids=[schema["name"] for schema in SCHEMA])
def test_random_messages_equal_the_twins_bytes_and_come_back(schema: dict[str, Any], make_message: Make) -> None:
    cls = message_class(schema["name"])
    for version in range(cls.VERSIONS[0], cls.VERSIONS[1] + 1):
        twin = Twin(schema, version)
        for seed in range(3):
            message = make_message(cls, version, seed)
            data = codec.encode(message, version)
            assert data == twin.message(message)
            assert codec.decode(cls, version, b"\x07" + data + b"trailing", 1) == (message, 1 + len(data))


def test_all_messages_at_all_versions_are_covered(cases: Cases) -> None:
    assert len(SCHEMA) == 248
    assert len(cases) == sum(cls.VERSIONS[1] - cls.VERSIONS[0] + 1 for cls in {cls for cls, _ in cases})


def test_a_fresh_message_is_equal_to_its_decoded_self(cases: Cases) -> None:
    for cls, version in cases:
        message = cls()
        assert codec.decode(cls, version, codec.encode(message, version))[0] == message
