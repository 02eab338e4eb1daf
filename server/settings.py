"""A node's settings: a properties file, `BARNABAS_` variables above it, `--override name=value` on top.

Names, types, defaults and legal values are Kafka's (see `definitions`). Every mistake is found before anything
starts, each a line of its own that says where it is. What was set but is read by nothing in this node is known as
well: see `unread`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from operator import itemgetter
from pathlib import Path
from typing import Final, TypeAlias, TypeVar

from barnabas.protocol.errors import LocalProtocolError
from barnabas.server.definitions import Definition, Value, node_definitions, value_text
from barnabas.server.properties import parse_properties

T = TypeVar("T")

# The getters are named after their types, which hides those names inside the class.
_Int: TypeAlias = int
_Float: TypeAlias = float
_Bool: TypeAlias = bool
_Str: TypeAlias = str
_StrList: TypeAlias = list[str]

HIDDEN: Final = "[hidden]"
ENVIRONMENT_PREFIX: Final = "BARNABAS_"
# What the command line's clients read; it may be set where a node is started.
_CLIENT_VARIABLES: Final = frozenset({"BARNABAS_BOOTSTRAP"})
# Kafka resolves these by their beginning: the rest is a listener's name, a mechanism, a plugin's own setting.
_OPEN_PREFIXES: Final = ("listener.name.", "config.providers.", "rsm.config.", "rlmm.config.")


class SettingsError(Exception):
    """The settings cannot be used. `mistakes` has a line for each reason, with its place where it has one."""

    def __init__(self, mistakes: Sequence[str]) -> None:
        super().__init__("\n".join(mistakes))
        self.mistakes: Final = list(mistakes)


@dataclass(slots=True, frozen=True)
class Given:
    """A setting that was set: its text, and where, as `file:line`, `BARNABAS_...` or `--override`.

    `problem` says why there is no setting to be found at the place after all.
    """

    name: str
    text: str
    place: str
    problem: str | None = None


class Settings:
    """The settings of one node, by Kafka's names.

    Getters raise SettingsError for a setting that is neither set nor has a default.
    """

    def __init__(self, given: Iterable[Given] = ()) -> None:
        """Later entries of `given` stand above earlier ones. SettingsError names every mistake."""
        definitions = node_definitions()
        self._given: dict[str, Given] = {}
        self._values: dict[str, Value] = {}
        self._read: set[str] = set()
        self.ignored: Final[list[str]] = []
        """Variables that are no settings, a line each, as SettingsError has them. Others may have set them: Kubernetes
        makes BARNABAS_PORT and more for a service called barnabas."""
        mistakes: list[str] = []
        for entry in given:
            if entry.problem is not None:
                mistakes.append(f"{entry.place}: {entry.problem}")
                continue
            definition = definitions.get(entry.name)
            try:
                if definition is not None:
                    self._values[entry.name] = definition.parse(entry.text)
                elif not entry.name.startswith(_OPEN_PREFIXES):
                    reasons = self.ignored if entry.place.startswith(ENVIRONMENT_PREFIX) else mistakes
                    reasons.append(f"{entry.place}: {_unknown(entry.name, definitions)}")
                    continue
                self._given[entry.name] = entry
            except ValueError as error:
                mistakes.append(f"{entry.place}: {entry.name}: {error}")
        mistakes += self._contradictions()
        if mistakes:
            raise SettingsError(mistakes)

    @classmethod
    def load(
        cls,
        path: Path | str | None,
        *,
        overrides: Sequence[str] = (),
        environment: Mapping[str, str] | None = None,
    ) -> Settings:
        """Read a file (None: no file). `overrides` are `name=value`; `environment` is os.environ or {} to ignore it."""
        file = () if path is None else _from_file(path)
        return cls(chain(file, _from_environment(environment or {}), _from_overrides(overrides)))

    @classmethod
    def of(cls, values: Mapping[str, object]) -> Settings:
        """From Python values, for tests and embedded nodes: `Settings.of({"node.id": 1, "log.dirs": "/tmp/x"})`."""
        return cls(Given(name, value_text(value) or "", "settings") for name, value in values.items())  # type: ignore[arg-type]

    # -- reading -------------------------------------------------------------------------------------------------

    def int(self, name: _Str) -> _Int:
        return _checked(name, self._required(name), int)

    def seconds(self, name: _Str) -> _Float:
        """A setting that Kafka has in milliseconds (or seconds), as seconds."""
        return self.int(name) / (1000 if name.endswith("ms") else 1)

    def float(self, name: _Str) -> _Float:
        return _checked(name, self._required(name), float)

    def bool(self, name: _Str) -> _Bool:
        return _checked(name, self._required(name), bool)

    def str(self, name: _Str) -> _Str:
        return _checked(name, self._required(name), str)

    def optional_str(self, name: _Str) -> _Str | None:
        value = self.value(name)
        return None if value is None else _checked(name, value, str)

    def list(self, name: _Str) -> _StrList:
        """A list; empty when it is not set and has no default."""
        value = self.value(name)
        return [] if value is None else _checked(name, value, list)

    def value(self, name: _Str) -> Value:
        """The value as set, else the default, else None; counts as read."""
        self._read.add(name)
        return self.peek(name)

    def peek(self, name: _Str) -> Value:
        """Like `value`, but only looks: what is merely shown to somebody has no effect."""
        if name in self._values:
            return self._values[name]
        definition = node_definitions().get(name)
        if definition is None:
            raise LocalProtocolError(f"no setting is called {name}")
        return definition.default

    def is_set(self, name: _Str) -> _Bool:
        return name in self._given

    @property
    def given(self) -> Mapping[_Str, Given]:
        """What was set, by name."""
        return self._given

    def unread(self) -> Sequence[Given]:
        """What was set and nothing has read. Asked once a node has started: these have no effect on it."""
        return [given for name, given in sorted(self._given.items()) if name not in self._read]

    def __repr__(self) -> _Str:
        return f"Settings({', '.join(f'{name}={self._shown(name)}' for name in sorted(self._given))})"

    def _shown(self, name: _Str) -> _Str:
        definition = node_definitions().get(name)
        return self._given[name].text if definition is not None and not definition.secret else HIDDEN

    def _required(self, name: _Str) -> Value:
        value = self.value(name)
        if value is None:
            raise SettingsError([f"{name} is required and is not set", *self.ignored])
        return value

    def _contradictions(self) -> Iterator[_Str]:
        """Settings that are each legal but not together."""
        wait, lag = self.peek("replica.fetch.wait.max.ms"), self.peek("replica.lag.time.max.ms")
        if _number(wait) > _number(lag):
            place = self.place("replica.fetch.wait.max.ms", "replica.lag.time.max.ms")
            yield (
                f"{place}: replica.fetch.wait.max.ms ({wait}) is above replica.lag.time.max.ms ({lag}): "
                "replicas would leave the ISR for nothing"
            )
        broker_id, node_id = self.peek("broker.id"), self.peek("node.id")
        if self.is_set("broker.id") and self.is_set("node.id") and broker_id != node_id:
            yield f"{self.place('broker.id')}: broker.id ({broker_id}) is not node.id ({node_id}); set node.id alone"

    def place(self, *names: _Str) -> _Str:
        """Where the first of these settings that is set was set, for people."""
        return next((self._given[name].place for name in names if name in self._given), "settings")


def _checked(name: str, value: Value, kind: type[T]) -> T:
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise LocalProtocolError(f"{name} is no {kind.__name__}: {value!r}")
    return value


def _number(value: Value) -> float:
    assert isinstance(value, int | float)
    return value


def _unknown(name: str, definitions: Mapping[str, Definition]) -> str:
    from difflib import get_close_matches  # rarely needed, and starting should be quick

    nearest = get_close_matches(name, definitions, n=1, cutoff=0.6)
    hint = f"; did you mean {nearest[0]}?" if nearest else ""
    return f"{name} is not a known setting{hint}"


def _from_file(path: Path | str) -> Iterator[Given]:
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        yield Given("", "", str(path), error.strerror)
        return
    try:
        text = data.decode()
    except UnicodeDecodeError:
        text = data.decode("latin-1")  # what Java takes every properties file for
    properties, malformed = parse_properties(text)
    found = [(entry.line, Given(entry.name, entry.value, f"{path}:{entry.line}")) for entry in properties]
    found += [(entry.line, Given("", "", f"{path}:{entry.line}", entry.reason)) for entry in malformed]
    for _, entry in sorted(found, key=itemgetter(0)):
        yield entry


def _from_environment(environment: Mapping[str, str]) -> Iterator[Given]:
    """BARNABAS_NODE_ID is node.id, BARNABAS_LOG_LEVEL is barnabas.log.level: no name has an underscore."""
    definitions = node_definitions()
    for variable, text in sorted(environment.items()):
        if variable.startswith(ENVIRONMENT_PREFIX) and variable not in _CLIENT_VARIABLES:
            name = variable.removeprefix(ENVIRONMENT_PREFIX).lower().replace("_", ".")
            own = f"barnabas.{name}"
            yield Given(own if name not in definitions and own in definitions else name, text, variable)


def _from_overrides(overrides: Sequence[str]) -> Iterator[Given]:
    for override in overrides:
        name, separator, text = override.partition("=")
        if separator and name.strip():
            yield Given(name.strip(), text.strip(), "--override")
        else:
            yield Given("", "", f"--override {override}", "must be name=value")
