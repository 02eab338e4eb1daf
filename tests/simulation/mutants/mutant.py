"""What a mutant is: what is replaced by what, the faults and settings under which that can show, and where it did."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Final
from unittest import mock

from tests.simulation.faults import Plan
from tests.simulation.run import Outcome, run_seed
from tests.simulation.scenario import Scenario

SEEDS: Final = 200
"""In so many seeds each has to be found."""
FEW: Final = 3
"""So many are looked at of a mutant that many runs show, each time that the tests run."""

CRASHES: Final = ("process crash", "everything restarts", "partition", "one-way partition", "lost connections")
STOPS: Final = ("orderly stop", "process crash", "host crash")
POWER: Final = ("host crash", "power loss", "process crash")
QUORUM: Final = ("partition", "one-way partition", "process crash", "everything restarts", "lost connections")

_SECONDS: Final = 12.0


@dataclass(frozen=True, slots=True)
class Patch:
    """`wrong` stands in the place of what is called `name` in a class or a module."""

    place: Any
    name: str
    wrong: Any


@dataclass(frozen=True, slots=True)
class Mutant:
    """One bug. A seed draws what it draws for any run, except for what is said here."""

    name: str
    """A sentence: what goes wrong."""
    patches: tuple[Patch, ...]
    seed: int | None
    """One that found it when it was last looked for; any change of the code may move that. None: none is known."""
    is_common: bool = False
    """Whether many runs show it, and soon."""
    kinds: tuple[str, ...] = CRASHES
    synced: bool = False
    """Whether acknowledged means synced."""
    replicas: tuple[int, int] | None = None
    """Replicas of a partition, and how many of them must be in sync."""
    settings: Mapping[str, object] = field(default_factory=dict)
    pause: float = 0.7
    """Seconds between two faults, on average."""
    length: float = 1.5
    """Seconds that one lasts."""
    extras: tuple[str, ...] = ()
    """Of "groups" and "transactions"; without them a run is quicker."""

    def __str__(self) -> str:
        return self.name

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """The bug is there meanwhile."""
        with ExitStack() as stack:
            for patch in self.patches:
                stack.enter_context(mock.patch.object(patch.place, patch.name, patch.wrong))
            yield

    def scenario(self, seed: int) -> Scenario:
        """A small and busy one, so that a run takes a second or two."""
        drawn = Scenario.drawn(seed, seconds=_SECONDS, extras=self.extras)
        configs = dict(drawn.load.topic_configs)
        replicas = drawn.load.replicas
        configs.pop("flush.messages", None)
        if self.synced:
            configs["flush.messages"] = "1"
        if self.replicas is not None:
            replicas, min_isr = self.replicas
            configs["min.insync.replicas"] = str(min_isr)
        load = replace(drawn.load, topic_configs=configs, replicas=replicas, producers=3, pause=0.2)
        quick = {"replica.lag.time.max.ms": 1000, "broker.session.timeout.ms": 2000}
        lonely = configs["min.insync.replicas"] == "1"
        plan = Plan(self.kinds, pause=self.pause, length=self.length, synced=self.synced, lonely=lonely)
        return replace(
            drawn, brokers=3, settings={**drawn.settings, **quick, **self.settings}, load=load, plan=plan, directories=1
        )

    def seeds(self, most: int = SEEDS) -> list[int]:
        """The one that is known, and then the first ones."""
        known = [] if self.seed is None else [self.seed]
        return [*known, *(seed for seed in range(1, SEEDS + 1) if seed != self.seed)][:most]

    def run(self, seed: int) -> Outcome:
        """A run with the bug."""
        with self.at_work():
            return run_seed(seed, self.scenario(seed))

    def found(self, seeds: Iterable[int] | None = None) -> Outcome | None:
        """The first run that shows it, by default of `seeds()`.

        What breaks without the bug as well shows nothing of it.
        """
        for seed in self.seeds() if seeds is None else seeds:
            outcome = self.run(seed)
            if outcome.failure is not None and run_seed(seed, self.scenario(seed)).failure is None:
                return outcome
        return None


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
