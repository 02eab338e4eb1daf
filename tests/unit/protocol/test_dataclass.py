"""The quick `dataclass` makes what the standard library's makes."""

from __future__ import annotations

import copy
import dataclasses
import pickle
from collections.abc import Callable
from dataclasses import FrozenInstanceError, asdict, field, fields, replace
from typing import Any, ClassVar, Generic, TypeVar

import pytest

from barnabas.protocol.dataclass import dataclass

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Point:
    """Has every kind of field."""

    ORIGIN: ClassVar[str] = "somewhere"
    x: int
    y: int = 2
    names: list[str] = field(default_factory=list)
    note: str = field(default="", compare=False, repr=False)
    total: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        object.__setattr__(self, "total", self.x + self.y)


@dataclasses.dataclass(frozen=True, slots=True)
class StandardPoint:
    ORIGIN: ClassVar[str] = "somewhere"
    x: int
    y: int = 2
    names: list[str] = field(default_factory=list)
    note: str = field(default="", compare=False, repr=False)
    total: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        object.__setattr__(self, "total", self.x + self.y)


@dataclass(frozen=True, slots=True)
class Named(Point):
    label: str = "none"


@dataclass(slots=True, kw_only=True)
class Counter(Generic[T]):
    of: T
    count: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class ByIdentity:
    value: int


@dataclass(frozen=True, slots=True)
class Empty:
    pass


@dataclass(frozen=True, slots=True)
class Key:
    value: float

    def __repr__(self) -> str:
        return f"<{self.value}>"


LOOKS: list[Callable[[Any], object]] = [
    lambda cls: repr(cls(1)).replace("Standard", ""),
    lambda cls: cls(1) == cls(1, note="not compared"),
    lambda cls: cls(1) == cls(2),
    lambda cls: cls(1) == "something else",
    lambda cls: asdict(cls(1, 3, ["a"], note="b")),
    lambda cls: [(each.name, each.type, each.init, each.compare) for each in fields(cls)],
    lambda cls: asdict(replace(cls(1), y=7)),
    lambda cls: cls.__match_args__,
    lambda cls: cls.__slots__,
    lambda cls: cls.ORIGIN,
    lambda cls: hasattr(cls(1), "__dict__"),
    lambda cls: cls(1).names is cls(1).names,
    lambda cls: cls(y=5, x=4).total,
    lambda cls: asdict(copy.copy(cls(1))),
]


@pytest.mark.parametrize("look", LOOKS)
def test_looks_like_one_of_the_standard_library(look: Callable[[Any], object]) -> None:
    assert look(Point) == look(StandardPoint)


def test_names_what_is_missing_or_too_much() -> None:
    with pytest.raises(TypeError, match=r"Point.__init__\(\) missing 1 required positional argument: 'x'"):
        Point()  # type: ignore[call-arg]
    with pytest.raises(TypeError, match=r"unexpected keyword argument 'z'"):
        Point(1, z=2)  # type: ignore[call-arg]


def test_frozen_instances_cannot_be_changed() -> None:
    point = Point(1)
    with pytest.raises(FrozenInstanceError, match="cannot assign to field 'x'"):
        point.x = 2  # type: ignore[misc]
    with pytest.raises(FrozenInstanceError, match="cannot delete field 'x'"):
        del point.x  # type: ignore[misc]


def test_fields_of_a_base_class_come_first() -> None:
    named = Named(1, label="here")
    assert (named.x, named.total, named.label) == (1, 3, "here")
    assert repr(named) == "Named(x=1, y=2, names=[], total=3, label='here')"
    assert Named.__slots__ == ("label",)  # type: ignore[misc]
    assert named != Point(1)


def test_keyword_fields_stand_in_any_order_and_change() -> None:
    counter: Counter[str] = Counter(count=1, of="errors")
    counter.count += 1
    assert counter == Counter(of="errors", count=2)
    assert Counter.__match_args__ == ()
    with pytest.raises(TypeError, match="unhashable"):
        hash(counter)
    with pytest.raises(TypeError, match="positional"):
        Counter("errors")  # type: ignore[misc]


def test_instances_without_equality_are_themselves() -> None:
    one = ByIdentity(1)
    assert one != ByIdentity(1)
    assert {one: "found"}[one] == "found"


def test_equal_instances_are_the_same_key() -> None:
    assert {Key(1.5): "found"}[Key(1.5)] == "found"
    assert repr(Key(1.5)) == "<1.5>"
    assert len({Empty(), Empty()}) == 1


def test_travels_between_processes() -> None:
    assert pickle.loads(pickle.dumps(Named(1, names=["a"], label="b"))) == Named(1, names=["a"], label="b")


def test_matches_by_position() -> None:
    match Point(1, 5):
        case Point(x, y):
            assert (x, y) == (1, 5)
