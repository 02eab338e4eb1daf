"""Records as lines, both ways: what `barnabas produce` reads and `barnabas consume` prints.

Two forms. Text: `key SEPARATOR value`, either part left out where it is not asked for, before them the headers as
`name=value,name=value` and a tab. It is for people; a value with a newline or a header with a comma does not survive
it. JSON: an object a line, and every record survives: what is not UTF-8 is in base64, under a name of its own.
What `consume` prints with some options, `produce` reads with the same ones.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from barnabas.cli.failures import CommandError, UsageError

Header = tuple[str, bytes | None]

HEADERS_END: Final = b"\t"
_KNOWN: Final = frozenset(
    {"topic", "partition", "offset", "timestamp", "key", "key_base64", "value", "value_base64", "headers"}
)


class BadLine(CommandError):
    """A line that is not a record; the text says why, without the line's number."""


@dataclass(frozen=True, slots=True)
class LineRecord:
    """A record as a line has it. `partition` and `timestamp` (ms) are None where the line does not say."""

    value: bytes | None
    key: bytes | None = None
    headers: Sequence[Header] = ()
    partition: int | None = None
    timestamp: int | None = None


@dataclass(frozen=True, slots=True)
class TextForm:
    """`key_separator`: None for lines without a key. `null`: the text that stands for no key and no value, if any."""

    key_separator: bytes | None = None
    headers: bool = False
    null: bytes | None = None

    def parse(self, line: bytes) -> LineRecord:
        """The record of a line, which is without its newline. BadLine for one that lacks a part."""
        headers: Sequence[Header] = ()
        if self.headers:
            text, tab, line = line.partition(HEADERS_END)
            if not tab:
                raise BadLine("no tab ends its headers")
            headers = [parse_header(part) for part in text.split(b",") if part]
        if self.key_separator is None:
            return LineRecord(self._content(line), None, headers)
        key, separator, value = line.partition(self.key_separator)
        if not separator:
            raise BadLine(f"no key separator {self.key_separator.decode(errors='replace')!r}")
        return LineRecord(self._content(value), self._content(key), headers)

    def line(self, record: LineRecord) -> bytes:
        """The line of a record, with its newline."""
        parts: list[bytes] = []
        if self.headers:
            parts += [b",".join(self._header(header) for header in record.headers), HEADERS_END]
        if self.key_separator is not None:
            parts += [self._text(record.key), self.key_separator]
        return b"".join([*parts, self._text(record.value), b"\n"])

    def _content(self, part: bytes) -> bytes | None:
        return None if part == self.null else part

    def _text(self, part: bytes | None) -> bytes:
        return (self.null or b"") if part is None else part

    def _header(self, header: Header) -> bytes:
        name, value = header
        return name.encode() + b"=" + self._text(value)


def parse_header(part: bytes) -> Header:
    """A header from `name=value`. BadLine for anything else."""
    name, equals, value = part.partition(b"=")
    if not equals or not name:
        raise BadLine(f"header {part.decode(errors='replace')!r} is not name=value")
    try:
        return name.decode(), value
    except UnicodeDecodeError:
        raise BadLine(f"the name of header {part!r} is not UTF-8") from None


def parse_separator(text: str) -> bytes:
    """A separator as it is typed: `\\t` is a tab. UsageError for an empty one."""
    if not text:
        raise UsageError("--key-separator is empty")
    return text.replace("\\t", "\t").encode()


def parse_json(line: bytes) -> LineRecord:
    """The record of a JSON line as `json_line` makes it; topic and offset are read over. BadLine for anything else."""
    try:
        found = json.loads(line.decode())
    except (ValueError, RecursionError) as error:
        raise BadLine(f"not JSON: {error}") from None
    if not isinstance(found, dict):
        raise BadLine("not a JSON object")
    if unknown := sorted(found.keys() - _KNOWN):
        raise BadLine(f"unknown field {unknown[0]!r}; known are {', '.join(sorted(_KNOWN))}")
    return LineRecord(
        _bytes_of(found, "value"),
        _bytes_of(found, "key"),
        _headers_of(found),
        _int_of(found, "partition"),
        _int_of(found, "timestamp"),
    )


def json_line(topic: str, partition: int, offset: int, timestamp: int, record: LineRecord) -> bytes:
    """The JSON line of a record that was read, with its newline."""
    fields = {
        "topic": topic,
        "partition": partition,
        "offset": offset,
        "timestamp": timestamp,
        **_field("key", record.key),
        **_field("value", record.value),
        "headers": [{"name": name, **_field("value", value)} for name, value in record.headers],
    }
    return json.dumps(fields, ensure_ascii=False).encode() + b"\n"


def _field(name: str, content: bytes | None) -> dict[str, str | None]:
    if content is None:
        return {name: None}
    try:
        return {name: content.decode()}
    except UnicodeDecodeError:
        return {f"{name}_base64": base64.b64encode(content).decode()}


def _bytes_of(found: dict[str, Any], name: str) -> bytes | None:
    text, encoded = found.get(name), found.get(f"{name}_base64")
    if encoded is not None:
        try:
            return base64.b64decode(encoded, validate=True)
        except (binascii.Error, TypeError, ValueError):
            raise BadLine(f"{name}_base64 is not base64") from None
    if text is None:
        return None
    return _string(text, name).encode()


def _headers_of(found: dict[str, Any]) -> list[Header]:
    headers = found.get("headers") or []
    if not isinstance(headers, list):
        raise BadLine("headers is not a list")
    read: list[Header] = []
    for header in headers:
        if not isinstance(header, dict):
            raise BadLine("a header is not an object")
        read.append((_string(header.get("name"), "a header's name"), _bytes_of(header, "value")))
    return read


def _string(text: object, what: str) -> str:
    if not isinstance(text, str):
        raise BadLine(f"{what} is not a string")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise BadLine(f"{what} has half of a surrogate pair, which is no text") from None
    return text


def _int_of(found: dict[str, Any], name: str) -> int | None:
    number = found.get(name)
    if number is not None and (not isinstance(number, int) or isinstance(number, bool)):
        raise BadLine(f"{name} is not a whole number or null")
    return number
