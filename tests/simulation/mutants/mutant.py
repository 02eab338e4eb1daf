"""What a mutant is: what is replaced by what, the faults and settings under which that can show, and where it did."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Final
from unittest import mock

from tests.simulation.disk import Loss
from tests.simulation.faults import Plan
from tests.simulation.run import run_seed
from tests.simulation.scenario import Scenario

SEEDS: Final = 200
"""In so many seeds each has to be found."""
FEW: Final = 3
"""So many are looked at of a mutant that many runs show, each time that the tests run."""

CRASHES: Final = ("process crash", "everything restarts", "partition", "one-way partition", "lost connections")
STOPS: Final = ("orderly stop", "process crash", "host crash")
POWER: Final = ("host crash", "power loss", "process crash")
QUORUM: Final = ("partition", "one-way partition", "process crash", "everything restarts", "lost connections")

DIVERGING: Final[Mapping[str, object]] = {
    "topics": {"t0": 3, "t1": 3},
    "producers": 6,
    "pause": 0.15,
    "features": frozenset({"acks=1"}),
}
"""A load of which a leader that is cut off gets many records that nobody else has: half of the partitions get nothing
but records with acks=1, which it goes on to acknowledge.
"""


@dataclass(frozen=True, slots=True)
class Patch:
    """`wrong` stands in the place of what is called `name` in a class or a module."""

    place: Any
    name: str
    wrong: Any


@dataclass(frozen=True, slots=True)
class Finding:
    """A run that a bug broke, and that is right without the bug."""

    seed: int
    failure: str

    def __str__(self) -> str:
        return f"seed {self.seed}: {self.failure}"


@dataclass(frozen=True, slots=True)
class Mutant:
    """One bug. A seed draws what it draws for any run, except for what is said here."""

    name: str
    """A sentence: what goes wrong."""
    patches: tuple[Patch, ...]
    seed: int
    """One that found it when it was last looked for; any change of the code may move that."""
    is_common: bool = False
    """Whether many runs show it, and soon."""
    alone: Callable[[int], None] | None = None
    """The simulation of one part (`alone.py`) that shows it; None: that of the whole cluster, to which the rest of the
    fields belongs.
    """
    kinds: tuple[str, ...] = CRASHES
    synced: bool = False
    """Whether acknowledged means synced."""
    replicas: tuple[int, int] | None = None
    """Replicas of a partition, and how many of them must be in sync."""
    settings: Mapping[str, object] = field(default_factory=dict)
    load: Mapping[str, object] = field(default_factory=dict)
    """Fields of `Load` that are not as drawn."""
    pause: float = 0.7
    """Seconds between two faults, on average."""
    length: float = 1.5
    """Seconds that one lasts."""
    loss: Loss = Loss.LATEST
    """What a machine without power loses of what it had not synced."""
    seconds: float = 12.0
    """Simulated, before everything heals."""
    extras: tuple[str, ...] = ()
    """Of "groups", "transactions" and "cleaning"; without them a run is quicker."""
    circumstances: tuple[Patch, ...] = ()
    """What is otherwise in the simulation itself, with the bug and without it: a fault of its own, other clients."""

    def __str__(self) -> str:
        return self.name

    def scenario(self, seed: int) -> Scenario:
        """A small and busy one, so that a run takes a second or two."""
        drawn = Scenario.drawn(seed, seconds=self.seconds, extras=self.extras)
        configs = dict(drawn.load.topic_configs)
        replicas = drawn.load.replicas
        configs.pop("flush.messages", None)
        if self.synced:
            configs["flush.messages"] = "1"
        if self.replicas is not None:
            replicas, min_isr = self.replicas
            configs["min.insync.replicas"] = str(min_isr)
        wanted: dict[str, Any] = {"producers": 3, "pause": 0.2, **self.load}
        load = replace(drawn.load, topic_configs=configs, replicas=replicas, **wanted)
        quick = {"replica.lag.time.max.ms": 1000, "broker.session.timeout.ms": 2000}
        lonely = configs["min.insync.replicas"] == "1"
        plan = Plan(self.kinds, self.pause, self.length, synced=self.synced, lonely=lonely, loss=self.loss)
        return replace(
            drawn, brokers=3, settings={**drawn.settings, **quick, **self.settings}, load=load, plan=plan, directories=1
        )

    def seeds(self, most: int = SEEDS) -> list[int]:
        """The one that is known, and then the first ones."""
        return [self.seed, *(seed for seed in range(1, SEEDS + 1) if seed != self.seed)][:most]

    def failure(self, seed: int, *, sound: bool = False) -> str | None:
        """What breaks in this run; `sound`: without the bug."""
        with _at_work((*self.circumstances, *(() if sound else self.patches))):
            if self.alone is None:
                return run_seed(seed, self.scenario(seed)).failure
            try:
                self.alone(seed)
            except AssertionError as violation:
                return str(violation)
            return None

    def shown_by(self, seed: int) -> Finding | None:
        """What breaks without the bug as well shows nothing of it."""
        failure = self.failure(seed)
        if failure is None or self.failure(seed, sound=True) is not None:
            return None
        return Finding(seed, failure)

    def found(self, seeds: Iterable[int]) -> Finding | None:
        """The first run that shows it."""
        return next(filter(None, map(self.shown_by, seeds)), None)


@contextmanager
def _at_work(patches: Iterable[Patch]) -> Iterator[None]:
    with ExitStack() as stack:
        for patch in patches:
            stack.enter_context(mock.patch.object(patch.place, patch.name, patch.wrong))
        yield


def nothing(*_: object, **__: object) -> None:
    """What is done by what is not done."""


def always(*_: object, **__: object) -> bool:
    """What says yes to everything."""
    return True


def wrapped(place: Any, name: str, around: Callable[..., Any]) -> Patch:
    """`around` gets the original first, then what that is called with."""
    original = getattr(place, name)

    def wrong(*args: Any, **kwargs: Any) -> Any:
        return around(original, *args, **kwargs)

    return Patch(place, name, wrong)
