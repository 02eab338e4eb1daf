"""Whether what clients were told of topics can be true: linearisability, one topic's name at a time.

An operation takes effect at one moment between its beginning and its end, or, when nobody knows what became of it, at
any moment after its beginning or never. The search is that of Wing and Gong, with Lowe's memory of the configurations
that were tried: take any operation that may be the next one, see whether its answer fits the state, and go on.

Brokers send a request again when they did not hear the controller's answer, as in Kafka. So an operation may have
taken effect before the one that is answered: "it exists" may be told to who made it, and a second effect is possible
between an operation's beginning and its end.

Descriptions come from a broker's copy of the metadata, which may be late. While a broker lives its copy only moves
forward: a topic that it has seen replaced does not come back (`stale_copies`). What all brokers describe in the end,
when they know everything, takes part in the search.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Final, NamedTuple

NEVER: Final = float("inf")
_MOST_STEPS: Final = 200_000


class Kind(Enum):
    """What was asked for."""

    CREATE = "create"
    DELETE = "delete"
    GROW = "grow"
    DESCRIBE = "describe"


class Answer(Enum):
    """What was answered."""

    DONE = "done"
    EXISTS = "exists"
    """Already, or with so many partitions already."""
    ABSENT = "absent"
    REFUSED = "refused"
    """For a reason that has nothing to do with the topic; nothing changed."""
    UNKNOWN = "unknown"


class Topic(NamedTuple):
    """A topic of some name. `id` begins with ? where nobody was told it."""

    id: str
    partitions: int


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation on a topic's name, from `began` to `ended` (simulated seconds; NEVER where it has no answer).

    `partitions`: how many are asked for, or described. `topic_id`: as answered.
    """

    client: str
    name: str
    kind: Kind
    began: float
    ended: float = NEVER
    answer: Answer = Answer.UNKNOWN
    partitions: int = 0
    topic_id: str = ""

    @property
    def may_be_repeated(self) -> bool:
        """Whether an earlier attempt may have been carried out as well."""
        return self.kind is not Kind.DESCRIBE and self.answer is not Answer.REFUSED

    def __str__(self) -> str:
        what = f"{self.kind.value}({self.partitions})" if self.partitions else self.kind.value
        told = f"{self.answer.value} {self.topic_id}".rstrip()
        return f"{self.began:.6f}..{self.ended:.6f} {self.client}: {what} -> {told}"


def effects(operation: Operation, state: Topic | None) -> list[Topic | None]:
    """What the topic may be after the operation, if it was `state` before; empty where that contradicts the answer."""
    answer, kind = operation.answer, operation.kind
    if answer is Answer.REFUSED:
        return [state]
    if kind is Kind.CREATE:
        return _create(operation, state)
    if kind is Kind.DELETE:
        fits = answer is not Answer.DONE or state is not None
        return [None] if fits else []
    if kind is Kind.GROW:
        return _grow(operation, state)
    return _describe(operation, state)


def _create(operation: Operation, state: Topic | None) -> list[Topic | None]:
    if state is not None:
        return [] if operation.answer is Answer.DONE else [state]
    topic_id = operation.topic_id or f"? of {operation.client} at {operation.began:.6f}"
    return [Topic(topic_id, operation.partitions)]


def _grow(operation: Operation, state: Topic | None) -> list[Topic | None]:
    if state is None:
        return [None] if operation.answer in (Answer.ABSENT, Answer.UNKNOWN) else []
    if operation.answer is Answer.ABSENT:
        return []
    if state.partitions >= operation.partitions:
        return [] if operation.answer is Answer.DONE else [state]
    return [state._replace(partitions=operation.partitions)]


def _describe(operation: Operation, state: Topic | None) -> list[Topic | None]:
    if operation.answer is Answer.ABSENT:
        return [None] if state is None else []
    if operation.answer is not Answer.DONE:
        return [state]
    if state is None or state.partitions != operation.partitions:
        return []
    if state.id == operation.topic_id or state.id.startswith("?"):
        return [Topic(operation.topic_id, state.partitions)]
    return []


class _Step(NamedTuple):
    """An operation of the search; an optional one may never have taken effect."""

    operation: Operation
    is_optional: bool


class Search:
    """Looks for one order of all operations on one name in which every answer is right."""

    def __init__(self, operations: Iterable[Operation]) -> None:
        certain = [each for each in operations if each.answer is not Answer.UNKNOWN]
        self._steps = [_Step(each, False) for each in certain]
        self._steps += [_Step(each, True) for each in operations if each.answer is Answer.UNKNOWN]
        self._steps += [_Step(_again(each), True) for each in certain if each.may_be_repeated]
        self._steps.sort(key=lambda step: (step.is_optional, step.operation.began))
        self._certain = len(certain)
        self._tried: set[tuple[int, Topic | None]] = set()
        self.is_undecided = False
        """Whether the search was given up."""
        self.furthest: Sequence[Operation] = ()
        """The longest order that was found."""

    def is_linearisable(self) -> bool:
        """Whether there is such an order; True as well where the search was given up."""
        order: list[_Step] = []
        choices = [self._next(0, None, 0.0)]
        while sum(not step.is_optional for step in order) < self._certain:
            found = next(choices[-1], None)
            if found is not None:
                step, mask, state, latest = found
                order.append(step)
                choices.append(self._next(mask, state, latest))
                if len(order) > len(self.furthest):
                    self.furthest = [each.operation for each in order]
            elif order:
                choices.pop()
                order.pop()
            else:
                return False
            if len(self._tried) > _MOST_STEPS:
                self.is_undecided = True
                return True
        return True

    def _next(self, mask: int, state: Topic | None, latest: float) -> Iterator[tuple[_Step, int, Topic | None, float]]:
        """What may come next: the step, and what is done, the state and the latest beginning after it."""
        before = min(
            (
                step.operation.ended
                for at, step in enumerate(self._steps)
                if not step.is_optional and not mask >> at & 1
            ),
            default=NEVER,
        )
        for at, step in enumerate(self._steps):
            operation = step.operation
            if mask >> at & 1 or operation.began > before or operation.ended < latest:
                continue
            for after in effects(operation, state):
                if step.is_optional and after == state:
                    continue
                now = (mask | 1 << at, after)
                if now in self._tried:
                    continue
                self._tried.add(now)
                yield step, *now, max(latest, operation.began)


def _again(operation: Operation) -> Operation:
    """The same, as another attempt that nobody heard the answer of."""
    return replace(operation, answer=Answer.UNKNOWN, topic_id="", client=f"{operation.client} again")


def contradictions(operations: Iterable[Operation]) -> Iterator[str]:
    """Of each name whose operations cannot have happened in any order, all of them, and how far an order went."""
    by_name: dict[str, list[Operation]] = defaultdict(list)
    for operation in operations:
        by_name[operation.name].append(operation)
    for name, those in by_name.items():
        search = Search(those)
        if not search.is_linearisable():
            those.sort(key=lambda each: each.began)
            lines = [f"    {each}" for each in those]
            order = [f"    {each}" for each in search.furthest]
            yield "\n".join([f"topic {name}: no order explains", *lines, "  the longest that does not fail", *order])


class Setting(NamedTuple):
    """A topic's setting was given a value between `began` and `ended`; NEVER where nobody knows whether it was."""

    topic: str
    name: str
    value: str
    began: float
    ended: float


def overwritten(settings: Iterable[Setting], found: Mapping[tuple[str, str], str]) -> Iterator[str]:
    """What has another value in the end (`found`, by topic and name) than one that may have been the last one given."""
    given: dict[tuple[str, str], list[Setting]] = defaultdict(list)
    for setting in settings:
        given[setting.topic, setting.name].append(setting)
    for (topic, name), those in given.items():
        latest = max((each.began for each in those if each.ended < NEVER), default=-1.0)
        possible = {each.value for each in those if each.ended >= latest}
        if latest >= 0 and found[topic, name] not in possible:
            yield f"{name} of {topic} is {found[topic, name]}, and was given last one of {sorted(possible)}"


class Description(NamedTuple):
    """What one broker, in one of its lives, said of a name."""

    broker: tuple[int, int]
    """Its id, and in which life."""
    name: str
    topic: Topic | None
    at: float
    """When it had answered, in simulated seconds."""


def stale_copies(descriptions: Iterable[Description], operations: Iterable[Operation]) -> Iterator[str]:
    """What brokers described that their copy of the metadata cannot have held then."""
    created = {operation.topic_id for operation in operations if operation.kind is Kind.CREATE}
    maybe = {operation.name for operation in operations if operation.kind is Kind.CREATE and not operation.topic_id}
    gone: dict[tuple[tuple[int, int], str], set[str]] = defaultdict(set)
    now: dict[tuple[tuple[int, int], str], Topic | None] = {}
    for broker, name, topic, at in descriptions:
        key, before = (broker, name), now.get((broker, name))
        if before is not None and (topic is None or topic.id != before.id):
            gone[key].add(before.id)
        now[key] = topic
        if topic is None:
            continue
        if topic.id in gone[key]:
            yield f"resurrected: at {at:.6f} broker {broker} describes {name} as {topic}, which it had seen gone"
        if before is not None and topic.id == before.id and topic.partitions < before.partitions:
            yield f"shrunk: at {at:.6f} broker {broker} describes {name} as {topic}, after {before}"
        if topic.id not in created and name not in maybe:
            yield f"phantom: at {at:.6f} broker {broker} describes {name} as {topic}, which nobody created"
