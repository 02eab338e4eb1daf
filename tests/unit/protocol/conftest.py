"""Random messages for the tests of the codec."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

import pytest

from barnabas.protocol.message import FieldFacts, Message, Struct
from barnabas.protocol.messages import message_class
from barnabas.protocol.schema import load_messages

RANGES = {
    "int8": (-(2**7), 2**7 - 1),
    "int16": (-(2**15), 2**15 - 1),
    "uint16": (0, 2**16 - 1),
    "int32": (-(2**31), 2**31 - 1),
    "uint32": (0, 2**32 - 1),
    "int64": (-(2**63), 2**63 - 1),
}
ALPHABET = "abcXYZ019-._ äß€\x00𝄞"


class MessageMaker:
    """Makes instances of a message that one version can carry, from a seed."""

    def __init__(self, cls: type[Message], version: int, random: Random) -> None:
        self.cls = cls
        self.version = version
        self.random = random

    def message(self) -> Message:
        message: Message = self._fill(self.cls)
        return message

    def _fill(self, cls: type[Any]) -> Any:
        facts: tuple[FieldFacts, ...] = cls.FIELDS
        return cls(
            **{fact[0]: self._field(fact) for fact in facts if self._has(fact[2]) and self.random.random() > 0.1}
        )

    def _has(self, versions: tuple[int, int] | None) -> bool:
        return versions is not None and versions[0] <= self.version <= versions[1]

    def _field(self, fact: FieldFacts) -> Any:
        if self._has(fact[3]) and self.random.random() < 0.25:
            return None
        if not fact[1].startswith("[]"):
            return self._value(fact[1])
        longest = 140 if fact[1][2:].startswith(("int", "string")) and self.random.random() < 0.03 else 3
        return [self._value(fact[1][2:]) for _ in range(self.random.randint(0, longest))]

    def _value(self, kind: str) -> Any:
        random = self.random
        if kind in RANGES:
            low, high = RANGES[kind]
            return random.choice((random.randint(low, high), random.randint(0, 100), low, high))
        if kind == "bool":
            return random.random() < 0.5
        if kind == "float64":
            return random.uniform(-1e9, 1e9)
        if kind == "string":
            return "".join(random.choices(ALPHABET, k=self._length(200)))
        if kind == "bytes":
            return random.randbytes(self._length(20_000))
        if kind == "records":
            return memoryview(random.randbytes(self._length(20_000)))
        if kind == "uuid":
            return random.randbytes(16)
        nested: type[Struct] = getattr(self.cls, kind)
        return self._fill(nested)

    def _length(self, longest: int) -> int:
        """Mostly short, at times long enough for a length of several bytes."""
        return self.random.randint(0, longest) if self.random.random() < 0.03 else self.random.randint(0, 12)


Make = Callable[[type[Message], int, int], Message]
Cases = list[tuple[type[Message], int]]


@pytest.fixture(scope="session")
def make_message() -> Make:
    """A function of class, version and seed."""

    def make(cls: type[Message], version: int, seed: int) -> Message:
        return MessageMaker(cls, version, Random(f"{cls.NAME} {version} {seed}")).message()

    return make


@pytest.fixture(scope="session")
def cases() -> Cases:
    """Every message class with each of its versions."""
    return [
        (message_class(schema.name), version)
        for schema in load_messages()
        for version in range(schema.versions[0], schema.versions[1] + 1)
    ]
