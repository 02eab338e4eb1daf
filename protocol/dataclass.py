"""`dataclass`: the standard library's, made in a tenth of the time.

A node is made of some 130 data classes. For each of them `dataclasses.dataclass` writes the source of six methods and
compiles them one by one, a third of a millisecond a class: that was half of what it took to import a node, and a node
must be imported before it can start. Here only `__init__` is compiled, because it is what is called often; the other
methods are the same few functions for all classes, with the fields' values fetched by one `attrgetter`. They are as
fast as compiled ones, and an instance of a frozen class is made a little faster than the standard library's.

What it makes is a data class to everybody who asks: `dataclasses.fields`, `replace`, `asdict` and pattern matching
work, and type checkers see the standard library's decorator. What no class here needs is left out: ordering,
`InitVar`, classes without slots. Use this one in whatever a node or a command imports when it starts.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, Field, FrozenInstanceError
from functools import partial
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from dataclasses import dataclass
else:

    def dataclass(*, slots, frozen=False, kw_only=False, eq=True):
        """As `dataclasses.dataclass`, with slots always."""
        if not slots:
            raise TypeError("a data class of Barnabas has slots")
        return partial(_make, frozen=frozen, kw_only=kw_only, eq=eq)


__all__ = ["dataclass"]

_REAL_FIELD: Final = dataclasses._FIELD  # type: ignore[attr-defined]  # what tells fields from class variables
_Fields = Mapping[str, Field[Any]]
_Names = dict[str, Any]


def _make(cls: type, *, frozen: bool, kw_only: bool, eq: bool) -> type:
    """What takes the place of `cls`: another class, because slots must be there when a class is made."""
    own = _own_fields(vars(cls), kw_only)
    inherited = _inherited_fields(cls)
    fields = inherited | own
    namespace = {
        name: value for name, value in vars(cls).items() if name not in own and name not in ("__dict__", "__weakref__")
    }
    namespace["__slots__"] = tuple(name for name in own if name not in inherited)
    namespace["__dataclass_fields__"] = fields
    namespace["__match_args__"] = tuple(each.name for each in fields.values() if each.init and not each.kw_only)
    namespace.setdefault("__repr__", _repr_of(fields))
    if eq:
        _add_comparison(namespace, fields, frozen)
    if frozen:
        namespace.update(_FROZEN)
    made = type(cls)(cls.__name__, cls.__bases__, namespace)
    if "__init__" not in namespace:
        type.__setattr__(made, "__init__", _init_of(made, fields, frozen))
    return made


def _own_fields(namespace: Mapping[str, Any], kw_only: bool) -> dict[str, Field[Any]]:
    kinds: dict[str, str] = namespace.get("__annotations__", {})
    fields = {}
    for name, kind in kinds.items():
        if not kind.startswith("ClassVar"):
            default = namespace.get(name, MISSING)
            field: Any = default if isinstance(default, Field) else dataclasses.field(default=default)
            field.name, field.type, field.kw_only, field._field_type = name, kind, kw_only, _REAL_FIELD
            fields[name] = field
    return fields


def _inherited_fields(cls: type) -> dict[str, Field[Any]]:
    fields: dict[str, Field[Any]] = {}
    for base in cls.__mro__[:0:-1]:
        fields.update(vars(base).get("__dataclass_fields__", {}))
    return fields


def _init_of(cls: type, fields: _Fields, frozen: bool) -> Callable[..., None]:
    """The one method that is compiled."""
    names: _Names = {"__name__": cls.__module__, "_missing": MISSING}
    positional: list[str] = ["self"]
    named: list[str] = []
    body: list[str] = []
    for name, field in fields.items():
        argument, value = _argument(field, names)
        if field.init:
            (named if field.kw_only else positional).append(argument)
        if value is None:
            continue
        if frozen:
            names[f"_set_{name}"] = getattr(cls, name).__set__
            body.append(f"_set_{name}(self, {value})")
        else:
            body.append(f"self.{name} = {value}")
    if hasattr(cls, "__post_init__"):
        body.append("self.__post_init__()")
    arguments = ", ".join([*positional, *(("*", *named) if named else ())])
    source = "\n ".join((f"def __init__({arguments}):", *(body or ["pass"])))
    exec(compile(source, f"<{cls.__qualname__}>", "exec"), names)
    init: Callable[..., None] = names["__init__"]
    init.__qualname__ = f"{cls.__qualname__}.__init__"
    return init


def _argument(field: Field[Any], names: _Names) -> tuple[str, str | None]:
    """How a field stands among the arguments, and the expression for its value; None: it is set later, if ever."""
    name = field.name
    if field.default is not MISSING:
        names[f"_default_{name}"] = field.default
        return f"{name}=_default_{name}", name if field.init else f"_default_{name}"
    if field.default_factory is not MISSING:
        names[f"_new_{name}"] = field.default_factory
        new = f"_new_{name}()"
        return f"{name}=_missing", f"{new} if {name} is _missing else {name}" if field.init else new
    return name, name if field.init else None


def _add_comparison(namespace: _Names, fields: _Fields, frozen: bool) -> None:
    values = _values_of([each.name for each in fields.values() if each.compare])

    def __eq__(self: object, other: object) -> bool:
        if other.__class__ is self.__class__:
            return values(self) == values(other)
        return NotImplemented

    def __hash__(self: object) -> int:
        return hash(values(self))

    namespace.setdefault("__eq__", __eq__)
    if namespace.get("__hash__") is None:
        namespace["__hash__"] = __hash__ if frozen else None


def _values_of(names: list[str]) -> Callable[[object], tuple[Any, ...]]:
    """A function: the values of these fields."""
    if len(names) > 1:
        return attrgetter(*names)
    return lambda instance: tuple([getattr(instance, name) for name in names])


def _repr_of(fields: _Fields) -> Callable[[object], str]:
    names = [each.name for each in fields.values() if each.repr]

    def __repr__(self: object) -> str:
        return f"{self.__class__.__qualname__}({', '.join([f'{name}={getattr(self, name)!r}' for name in names])})"

    return __repr__


# Of all frozen classes


def _refuse_to_set(self: object, name: str, value: object) -> None:
    raise FrozenInstanceError(f"cannot assign to field {name!r}")


def _refuse_to_delete(self: object, name: str) -> None:
    raise FrozenInstanceError(f"cannot delete field {name!r}")


def _state(self: Any) -> list[Any]:
    """For copies and pickles."""
    return [getattr(self, name) for name in self.__dataclass_fields__]


def _set_state(self: Any, state: Iterable[Any]) -> None:
    for name, value in zip(self.__dataclass_fields__, state, strict=True):
        object.__setattr__(self, name, value)


_FROZEN: Final = {
    "__setattr__": _refuse_to_set,
    "__delattr__": _refuse_to_delete,
    "__getstate__": _state,
    "__setstate__": _set_state,
}
