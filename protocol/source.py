"""Python source under construction: what the decoder's and the encoder's compilers share.

Both write one function for a message at a version, without calls or branches for versions. Fixed-width values that
follow one another make one *run*, read or written by a single `struct` call. Every line knows which field it is about,
so that an error's line number, together with the function's local variables, gives path and offset at no cost while all
goes well.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from types import TracebackType
from typing import Any, NamedTuple

from barnabas.protocol.errors import LocalProtocolError
from barnabas.protocol.message import FieldFacts, Message, Struct

FIXED = {
    "bool": "?",
    "int8": "b",
    "int16": "h",
    "uint16": "H",
    "int32": "i",
    "uint32": "I",
    "int64": "q",
    "float64": "d",
    "uuid": "16s",
}
"""The struct format of each type of fixed width."""
SIZED = frozenset({"string", "bytes", "records"})
"""The types that are a length and so many bytes."""


class Field(NamedTuple):
    """A field as it is at one version. `compact`: lengths are varints, one above the length, null is 0."""

    name: str
    type: str
    nullable: bool
    compact: bool
    tag: int
    default: Any
    ignorable: bool

    @property
    def element(self) -> Field | None:
        """The elements of an array as a field; None for anything else."""
        if not self.type.startswith("[]"):
            return None
        return self._replace(type=self.type[2:], nullable=False, tag=-1, default=())


class Layout(NamedTuple):
    """The fields of a struct at one version: in order, by tag, and those that the version has not."""

    plain: list[Field]
    tagged: list[Field]
    absent: list[Field]


def layout(facts: tuple[FieldFacts, ...], version: int, flexible: bool) -> Layout:
    """Sort the fields of a struct by how `version` carries them."""
    result = Layout([], [], [])
    for name, kind, versions, nullable, tagged, tag, default, ignorable, compact in facts:
        field = Field(name, kind, _has(nullable, version), flexible and compact, tag, default, ignorable)
        if not _has(versions, version):
            result.absent.append(field)
        elif _has(tagged, version):
            result.tagged.append(field)
        else:
            result.plain.append(field)
    result.tagged.sort(key=lambda field: field.tag)
    return result


@cache
def _packer(layout: str) -> struct.Struct:
    return struct.Struct(layout)


def _has(versions: tuple[int, int] | None, version: int) -> bool:
    return versions is not None and versions[0] <= version <= versions[1]


def is_flexible(message: type[Message], version: int) -> bool:
    """Whether `message` is written in the flexible way at `version`. Raises LocalProtocolError for no valid version."""
    first, last = message.VERSIONS
    if not first <= version <= last:
        raise LocalProtocolError(f"{message.NAME} has versions {first} to {last}, not {version}")
    return message.FLEXIBLE_FROM is not None and version >= message.FLEXIBLE_FROM


def struct_class(message: type[Message], name: str) -> type[Struct]:
    """The class of the struct `name` inside `message`."""
    nested: type[Struct] = getattr(message, name)
    return nested


class Place(NamedTuple):
    """What a line reads or writes: bytes from the run's start to the value's end (0: unknown), and its path."""

    end: int
    path: str


class Source:
    """Lines of a function's body, its global names and, for each line, its places."""

    def __init__(self, head: str, root: str, names: dict[str, Any]) -> None:
        self._lines = [head]
        self._places: list[tuple[Place, ...]] = [(Place(0, root),)]
        self._depth = 1
        self._count = 0
        self.names = names
        self.path = root

    def add(self, line: str, places: tuple[Place, ...] = ()) -> None:
        """Add a line about `places`, by default about the field that is being written."""
        self._lines.append("    " * self._depth + line)
        if not places:
            # Most lines are about the same field as the one before: let them share what is kept for them.
            last = self._places[-1]
            places = last if last == (Place(0, self.path),) else (Place(0, self.path),)
        self._places.append(places)

    @contextmanager
    def block(self, head: str) -> Iterator[None]:
        """Lines added inside stand below `head`."""
        self.add(head)
        self._depth += 1
        yield
        self._depth -= 1

    @contextmanager
    def at(self, step: str) -> Iterator[None]:
        """Lines added inside are about the path extended by `step`."""
        outer = self.path
        self.path += step
        yield
        self.path = outer

    def fresh(self, prefix: str) -> str:
        """A local variable that nobody uses yet."""
        self._count += 1
        return f"{prefix}{self._count}"

    def constant(self, prefix: str, value: Any) -> str:
        """A global name for `value`, the same for the same object."""
        name = next((name for name, known in self.names.items() if known is value), f"{prefix}{len(self.names)}")
        self.names[name] = value
        return name

    def compile(self, title: str) -> Compiled:
        """The function, named `run` in its source."""
        code = compile("\n".join(self._lines), f"<{title}>", "exec")
        exec(code, self.names)
        return Compiled(self.names["run"], tuple(self._places))


class Compiled(NamedTuple):
    """A compiled function and what each of its lines is about."""

    run: Callable[..., Any]
    places: tuple[tuple[Place, ...], ...]

    def where(self, error: BaseException, size: int | None = None) -> tuple[int, str]:
        """Offset and path at which `error` came up, given the size of the data that was read."""
        trace: TracebackType | None = error.__traceback__
        while trace is not None and trace.tb_frame.f_code is not self.run.__code__:
            trace = trace.tb_next
        if trace is None:
            return 0, self.places[0][0].path
        variables = trace.tb_frame.f_locals
        offset: int = variables.get("p", 0)
        places = self.places[trace.tb_lineno - 1]
        place = next((place for place in places if size is not None and offset + place.end > size), places[0])
        return offset, place.path.format_map(variables)


class Run:
    """Fixed-width values, one after the other, that wait to be read or written at once."""

    def __init__(self, source: Source, method: str) -> None:
        self._source = source
        self._method = method
        self.formats: list[str] = []
        self.values: list[str] = []
        self.places: list[Place] = []

    def add(self, code: str, value: str) -> None:
        """Add a value of format `code`: the place to store it when reading, an expression when writing."""
        self.formats.append(code)
        if value:
            self.values.append(value)
        self.places.append(Place(struct.calcsize(">" + "".join(self.formats)), self._source.path))

    def take(self) -> tuple[str, int, list[str], tuple[Place, ...]]:
        """The bound `struct` method's name, the run's size, its values and places; then the run is empty."""
        packer = _packer(">" + "".join(self.formats))
        name = "_".join((self._method, *self.formats)).replace("?", "t")
        self._source.names.setdefault(name, getattr(packer, self._method))
        taken = name, packer.size, self.values, tuple(self.places)
        self.formats, self.values, self.places = [], [], []
        return taken
