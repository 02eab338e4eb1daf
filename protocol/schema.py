"""The schema: facts of every message, read from `schema/messages.json`.

Only the generator and tests read the JSON; at run time a message class carries its own facts (`FIELDS`).
The JSON keeps Kafka's conventions: version ranges as text ("3+", "0-5", "2", "none"), defaults as text or constants,
arrays as "[]type", structs by name with their fields either inline or in `commonStructs`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from barnabas.protocol.message import MAX_VERSION, FieldFacts
from barnabas.protocol.types import ZERO_UUID

Versions = tuple[int, int]
NO_VERSIONS: Versions = (0, -1)

INTEGER_TYPES = frozenset({"int8", "int16", "uint16", "int32", "uint32", "int64"})
SCALAR_TYPES = INTEGER_TYPES | {"bool", "float64", "string", "bytes", "records", "uuid"}


@dataclass(frozen=True, slots=True)
class StructSchema:
    """A struct inside a message: its fields, with nested structs by name."""

    name: str
    fields: tuple[FieldFacts, ...]


@dataclass(frozen=True, slots=True)
class MessageSchema:
    """A message. `structs` are all its nested structs, each after those that it holds."""

    name: str
    kind: str
    api_key: int | None
    listeners: tuple[str, ...]
    versions: Versions
    flexible: Versions
    latest_unstable: bool
    fields: tuple[FieldFacts, ...]
    structs: tuple[StructSchema, ...]

    @property
    def flexible_from(self) -> int | None:
        """The first flexible version, None if there is none."""
        return self.flexible[0] if self.flexible != NO_VERSIONS else None

    @property
    def api_name(self) -> str:
        """The name without "Request" and "Response": that of the API for these, the message's own for others."""
        return re.sub(r"(Request|Response)$", "", self.name) if self.api_key is not None else self.name


def snake_case(name: str) -> str:
    """Kafka's field or message name as a Python name: TopicId is topic_id, KRaftVersion is kraft_version."""
    name = name.replace("KRaft", "Kraft").replace("2Pc", "2pc")
    name = re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", name)
    name = re.sub(r"(?<=[a-z])(2pc)$", r"_\1", name)
    return re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1_\2", name).lower()


def parse_versions(text: str) -> Versions:
    """ "3+", "0-5", "2" or "none" as first and last version."""
    if text == "none":
        return NO_VERSIONS
    if text.endswith("+"):
        return int(text[:-1]), MAX_VERSION
    first, _, last = text.partition("-")
    return int(first), int(last or first)


def intersect(left: Versions, right: Versions) -> Versions:
    """The versions in both ranges."""
    both = max(left[0], right[0]), min(left[1], right[1])
    return both if both[0] <= both[1] else NO_VERSIONS


def element_type(type_name: str) -> str:
    """The type of an array's elements; of anything else, itself."""
    return type_name.removeprefix("[]")


def load_messages() -> list[MessageSchema]:
    """All messages, in the order of the file."""
    return [_message(raw) for raw in json.loads(_data("messages.json"))]


def load_errors() -> list[dict[str, Any]]:
    """The error table: code, name, retriable."""
    errors: list[dict[str, Any]] = json.loads(_data("errors.json"))
    return errors


def _data(name: str) -> str:
    return (files("barnabas.protocol") / "schema" / name).read_text("utf-8")


def _message(raw: Mapping[str, Any]) -> MessageSchema:
    versions = parse_versions(raw["validVersions"])
    structs = _Structs(raw, versions)
    fields = structs.fields(raw["fields"])
    return MessageSchema(
        name=raw["name"],
        kind=raw["type"],
        api_key=raw.get("apiKey") if raw["type"] in ("request", "response") else None,
        listeners=tuple(raw.get("listeners", ())),
        versions=versions,
        flexible=parse_versions(raw.get("flexibleVersions", "none")),
        latest_unstable=raw.get("latestVersionUnstable", False),
        fields=fields,
        structs=tuple(structs.found.values()),
    )


class _Structs:
    """Collects the structs of one message while its fields are read."""

    def __init__(self, raw: Mapping[str, Any], valid: Versions) -> None:
        self.valid = valid
        self.common = {struct["name"]: struct["fields"] for struct in raw.get("commonStructs", ())}
        self.found: dict[str, StructSchema] = {}

    def fields(self, raw_fields: list[Mapping[str, Any]]) -> tuple[FieldFacts, ...]:
        """The facts of fields, once the structs that they hold (and those inside) are in `found`."""
        for raw in raw_fields:
            name = element_type(raw["type"])
            if name not in SCALAR_TYPES and name not in self.found:
                self.found[name] = StructSchema(name, self.fields(raw.get("fields") or self.common[name]))
        return tuple(map(self.field, raw_fields))

    def field(self, raw: Mapping[str, Any]) -> FieldFacts:
        tagged = parse_versions(raw["taggedVersions"]) if "taggedVersions" in raw else None
        # A field without versions of its own is in those versions where it is tagged.
        versions = parse_versions(raw["versions"]) if "versions" in raw else tagged or NO_VERSIONS
        nullable = parse_versions(raw.get("nullableVersions", "none"))
        if intersect(nullable, self.valid) == NO_VERSIONS:
            nullable = NO_VERSIONS
        return (
            snake_case(raw["name"]),
            raw["type"],
            versions,
            nullable if nullable != NO_VERSIONS else None,
            tagged,
            raw.get("tag", -1),
            _default(raw["type"], raw.get("default"), nullable != NO_VERSIONS),
            raw.get("ignorable", False),
            raw.get("flexibleVersions") != "none",
        )


def _default(type_name: str, raw: Any, nullable: bool) -> Any:
    if raw == "null" or (type_name == "records" and nullable):
        return None
    if type_name in INTEGER_TYPES:
        return int(raw, 0) if isinstance(raw, str) and raw else int(raw or 0)
    if type_name == "bool":
        return str(raw).lower() == "true"
    if type_name == "float64":
        return float(raw or 0)
    empty: dict[str, Any] = {"string": raw or "", "bytes": b"", "records": b"", "uuid": ZERO_UUID}
    return empty.get(type_name, ())


def iter_requests(messages: list[MessageSchema]) -> Iterator[tuple[MessageSchema, MessageSchema]]:
    """Each API's request and response, by API key."""
    responses = {message.api_key: message for message in messages if message.kind == "response"}
    requests = [message for message in messages if message.kind == "request"]
    for request in sorted(requests, key=lambda message: message.api_key or 0):
        yield request, responses[request.api_key]
