"""What every setting is: type, default, legal values. The facts are `schema/configs.json` (Kafka's) and
`schema/barnabas.json` (our own).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from math import nan
from pathlib import Path
from typing import Any, Final, TypeAlias

from barnabas.net.addresses import parse_host_port

Value: TypeAlias = bool | int | float | str | list[str] | None

_BITS: Final = {"SHORT": 16, "INT": 32, "LONG": 64}
_KINDS: Final = {
    "SHORT": "a whole number",
    "INT": "a whole number",
    "LONG": "a whole number",
    "DOUBLE": "a number",
    "BOOLEAN": "true or false",
}
_NEVER_ZERO: Final = frozenset({"log.retention.ms", "log.retention.minutes", "log.retention.hours"})
_RANGE: Final = re.compile(r"^\[(-?[\d.]+),\.\.\.(?:,(-?[\d.]+))?\](?: or (-?\d+))?$")
_CHOICE: Final = re.compile(r"^(\(case insensitive\) )?\[([\w., -]+)\]$")


@dataclass(slots=True, frozen=True)
class Definition:
    """One setting.

    `valid` is Kafka's text for what is legal, None or "" if anything is; `default` is None where there is none.
    """

    name: str
    type: str
    default: Value
    valid: str | None

    @property
    def secret(self) -> bool:
        """Whether the value must not be shown."""
        return self.type == "PASSWORD"

    def parse(self, text: str) -> Value:
        """The value that a text stands for. ValueError, with a reason for people, when it stands for none."""
        value = _parse_type(self.type, text.strip())
        _check(self.valid, value)
        if value == 0 and self.name in _NEVER_ZERO:
            raise ValueError("it must be at least 1, or -1 for no limit")
        return value


@cache
def node_definitions() -> Mapping[str, Definition]:
    """Every setting of a node, Kafka's and our own, by name."""
    return {**_load("configs.json"), **_load("barnabas.json")}


def value_text(value: Value) -> str | None:
    """A value as Kafka shows it: `true`, `a,b`, `0.5`; None for none."""
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ",".join(value)
    if isinstance(value, float):
        return _java_double(value)
    return str(value)


def _load(name: str) -> dict[str, Definition]:
    text = (Path(__file__).parent / "schema" / name).read_text("utf-8")
    return {
        entry["name"]: Definition(entry["name"], entry["type"], _default(entry), entry["valid"])
        for entry in json.loads(text)
    }


def _default(entry: dict[str, Any]) -> Value:
    default: Value = entry["default"]
    if entry["type"] == "LIST" and isinstance(default, str):
        return _list(default)
    if entry["type"] == "DOUBLE" and default is not None:
        return float(default)  # type: ignore[arg-type]
    return default


def _parse_type(kind: str, text: str) -> Value:
    if kind == "LIST":
        return _list(text)
    if kind == "BOOLEAN" and text.lower() in ("true", "false"):
        return text.lower() == "true"
    if kind == "DOUBLE":
        return _number(float, kind, text)
    if kind in _BITS:
        value = _number(int, kind, text)
        if not -(1 << _BITS[kind] - 1) <= value < 1 << _BITS[kind] - 1:
            raise ValueError(f"{text} does not fit into {_BITS[kind]} bits")
        return value
    if kind in _KINDS:
        raise ValueError(f"{text!r} is not {_KINDS[kind]}")
    return text


def _number(read: Callable[[str], int | float], kind: str, text: str) -> int | float:
    if "_" in text:  # Python reads 1_000, Kafka does not
        raise ValueError(f"{text!r} is not {_KINDS[kind]}")
    try:
        value = read(text)
    except ValueError:
        value = nan
    if value != value:
        raise ValueError(f"{text!r} is not {_KINDS[kind]}")
    return value


def _list(text: str) -> list[str]:
    return [item.strip() for item in text.split(",")] if text.strip() else []


def _check(valid: str | None, value: Value) -> None:
    """Hold a value against Kafka's text for what is legal."""
    if not valid:
        return
    if isinstance(value, int | float) and (bounds := _RANGE.match(valid)):
        low, high, other = (None if text is None else float(text) for text in bounds.groups())
        assert low is not None
        if value != other and (value < low or (high is not None and value > high)):
            raise ValueError(f"{value} is not in {valid}")
    elif choice := _CHOICE.match(valid):
        fold = str.lower if choice.group(1) else str
        legal = {fold(item.strip()) for item in choice.group(2).split(",")}
        for item in value if isinstance(value, list) else [str(value)]:
            if fold(item) not in legal:
                raise ValueError(f"{item!r} is not one of {choice.group(2)}")
    elif valid.startswith("non-empty") and not value:
        raise ValueError("is empty")
    elif valid == "host:port or none" and value not in ("", "none"):
        parse_host_port(str(value))


def _java_double(value: float) -> str:
    text = repr(value)
    return text.replace("e+", "E").replace("e", "E") if "e" in text else text
