"""The bases of the generated message classes.

A message class is plain and slotted: its attributes are the fields of all versions of the message, and `FIELDS` holds
the facts from which `codec` compiles a function for each version.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from barnabas.protocol.api_keys import ApiKey

MAX_VERSION = 0x7FFF
"""The end of a version range that is open upwards."""

FieldFacts = tuple[
    str,  # attribute
    str,  # type: "int32", "[]string", "TopicData", "[]TopicData"
    tuple[int, int],  # versions that have the field, first and last
    tuple[int, int] | None,  # versions where it may be null
    tuple[int, int] | None,  # versions where it is a tagged field
    int,  # its tag, -1 for none
    Any,  # default: a constant; () is the empty array or struct
    bool,  # ignorable: left out silently in versions without it
    bool,  # may be written compactly in flexible versions
]


class Struct:
    """Fields in the order of the schema. Equal when of one class with equal fields; not hashable."""

    __slots__ = ()
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = ()

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return all(getattr(self, field[0]) == getattr(other, field[0]) for field in self.FIELDS)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        fields = ", ".join(f"{field[0]}={_short(getattr(self, field[0]))}" for field in self.FIELDS)
        return f"{type(self).__name__}({fields})"


class Message(Struct):
    """A whole message. `VERSIONS` is the first and last valid version, (0, -1) if Kafka dropped them all."""

    __slots__ = ()
    NAME: ClassVar[str]
    VERSIONS: ClassVar[tuple[int, int]]
    FLEXIBLE_FROM: ClassVar[int | None]


class RequestMessage(Message):
    """The body of a request."""

    __slots__ = ()
    API_KEY: ClassVar[ApiKey]


class ResponseMessage(Message):
    """The body of a response."""

    __slots__ = ()
    API_KEY: ClassVar[ApiKey]


def _short(value: object) -> str:
    if isinstance(value, bytes | bytearray | memoryview) and len(value) > 32:
        return f"<{len(value)} bytes>"
    if isinstance(value, memoryview):
        return repr(bytes(value))
    return repr(value)
