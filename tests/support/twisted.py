"""Answers that are well-formed and make no sense: what a broker with a bug, or a hostile one, may send."""

from __future__ import annotations

from random import Random
from typing import Any, Final

from barnabas.protocol.errors import ErrorCode
from barnabas.protocol.message import Message, Struct

_INTS: Final = {"int8": 7, "int16": 15, "uint16": 16, "int32": 31, "uint32": 32, "int64": 63}
_CODES: Final = [int(code) for code in ErrorCode]


class Twister:
    """Changes fields of a message, each with a probability of `rate`."""

    def __init__(self, random: Random, rate: float) -> None:
        self._random: Final = random
        self.rate = rate

    def twist(self, message: Message | None) -> None:
        """In place."""
        if message is not None:
            self._twist(type(message), message)

    def _twist(self, cls: type[Message], struct: Struct) -> None:
        for name, kind, *_ in struct.FIELDS:
            value = getattr(struct, name)
            if self._random.random() < self.rate:
                setattr(struct, name, self._changed(name, kind, value))
                continue
            for part in value if isinstance(value, list) else [value]:
                if isinstance(part, Struct):
                    self._twist(cls, part)

    def _changed(self, name: str, kind: str, value: Any) -> Any:
        random = self._random
        if kind.startswith("[]"):
            parts = list(value or ())
            return random.choice([[], parts + parts, parts[1:], parts[::-1]])
        if name.endswith("error_code"):
            return random.choice(_CODES)
        if (bits := _INTS.get(kind)) is not None:
            lowest = 0 if kind.startswith("u") else -(1 << bits)
            return random.choice([0, 1, 2, lowest, -1 if lowest else 3, (1 << bits) - 1])
        if kind == "bool":
            return not value
        if kind == "string":
            return random.choice(["", "t", "other", "127.0.0.1", "x" * 300])
        if kind in ("bytes", "records"):
            data = bytearray(value or b"")
            if data and random.random() < 0.7:
                data[random.randrange(len(data))] = random.randrange(256)
                return memoryview(data) if kind == "records" else bytes(data)
            return memoryview(random.randbytes(70)) if kind == "records" else random.randbytes(9)
        if kind == "uuid":
            return random.choice([bytes(16), random.randbytes(16)])
        return value


def filled(cls: type[Any], kind: type[Struct] | None = None) -> Any:
    """A message in which every list has one element, and so on inside of it."""
    struct = (kind or cls)()
    for name, field_kind, *_ in struct.FIELDS:
        element = field_kind.removeprefix("[]")
        nested = getattr(cls, element, None) if element[:1].isupper() else None
        if field_kind.startswith("[]"):
            part = filled(cls, nested) if nested is not None else {"string": "t", "uuid": bytes(16)}.get(element, 0)
            setattr(struct, name, [part])
        elif field_kind == "string":
            setattr(struct, name, "t")
    return struct
