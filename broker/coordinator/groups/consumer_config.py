"""What groups of the consumer group protocol are configured with: by the node, and each by GROUP configs (KIP-848).

A group's own configuration stands in the metadata, under its id. A value may have been set when other bounds held: it
is kept to those of this node.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from barnabas.server.settings import Settings, SettingsError

ASSIGNOR_NAMES: Final = ("uniform", "range")
"""Of `ASSIGNORS`, which are imported with the first group."""
_UPGRADE: Final = ("bidirectional", "upgrade")
_DOWNGRADE: Final = ("bidirectional", "downgrade")


@dataclass(frozen=True, slots=True)
class Bounded:
    """A time in ms that groups may have for themselves, within bounds."""

    value: int
    lowest: int
    highest: int

    def set_to(self, text: str | None) -> Bounded:
        """With a group's own value, if there is one."""
        return self if text is None else replace(self, value=min(max(int(text), self.lowest), self.highest))


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsumerConfig:
    """`max_size` and `classic_max_size` count members; the first of `assignors` is for groups that name none."""

    session_timeout_ms: Bounded = Bounded(45_000, 45_000, 60_000)
    heartbeat_interval_ms: Bounded = Bounded(5_000, 5_000, 15_000)
    assignment_interval_ms: Bounded = Bounded(1_000, 0, 15_000)
    """The least time between two targets of one group: members that come together are assigned together."""
    max_size: int = 0x7FFFFFFF
    classic_max_size: int = 0x7FFFFFFF
    assignors: tuple[str, ...] = ASSIGNOR_NAMES
    migration_policy: str = "bidirectional"

    @classmethod
    def of(cls, settings: Settings) -> ConsumerConfig:
        """As the node's settings have it. Raises `SettingsError` for what cannot work."""
        config = cls(
            session_timeout_ms=_bounded(settings, "session.timeout.ms"),
            heartbeat_interval_ms=_bounded(settings, "heartbeat.interval.ms"),
            assignment_interval_ms=_bounded(settings, "assignment.interval.ms"),
            max_size=settings.int("group.consumer.max.size"),
            classic_max_size=settings.int("group.max.size"),
            assignors=tuple(settings.list("group.consumer.assignors")),
            migration_policy=settings.str("group.consumer.migration.policy").lower(),
        )
        mistakes = list(config._mistakes(settings))
        if mistakes:
            raise SettingsError(mistakes)
        return config

    def _mistakes(self, settings: Settings) -> Iterator[str]:
        for name in sorted({*self.assignors} - {*ASSIGNOR_NAMES}):
            place, known = settings.place("group.consumer.assignors"), ", ".join(ASSIGNOR_NAMES)
            yield f"{place}: group.consumer.assignors: {name} is not known here, but {known} are"
        if not self.assignors:
            yield f"{settings.place('group.consumer.assignors')}: group.consumer.assignors is empty"
        for name, bounded in (
            ("session.timeout.ms", self.session_timeout_ms),
            ("heartbeat.interval.ms", self.heartbeat_interval_ms),
            ("assignment.interval.ms", self.assignment_interval_ms),
        ):
            if not bounded.lowest <= bounded.value <= bounded.highest:
                names = [f"group.consumer.{bound}{name}" for bound in ("", "min.", "max.")]
                yield (
                    f"{settings.place(*names)}: {names[0]} ({bounded.value}) is not between {names[1]} "
                    f"({bounded.lowest}) and {names[2]} ({bounded.highest})"
                )
        if self.heartbeat_interval_ms.value >= self.session_timeout_ms.value:
            names = ["group.consumer.heartbeat.interval.ms", "group.consumer.session.timeout.ms"]
            yield f"{settings.place(*names)}: {names[0]} must be less than {names[1]}"

    def of_group(self, values: Mapping[str, str]) -> ConsumerConfig:
        """With what was set for one group."""
        if not values:
            return self
        return replace(
            self,
            session_timeout_ms=self.session_timeout_ms.set_to(values.get("consumer.session.timeout.ms")),
            heartbeat_interval_ms=self.heartbeat_interval_ms.set_to(values.get("consumer.heartbeat.interval.ms")),
            assignment_interval_ms=self.assignment_interval_ms.set_to(values.get("consumer.assignment.interval.ms")),
        )

    @property
    def upgrades(self) -> bool:
        """Whether a classic group becomes a consumer group when a member of the new protocol joins."""
        return self.migration_policy in _UPGRADE

    @property
    def downgrades(self) -> bool:
        """Whether a consumer group becomes a classic one when only members of the classic protocol are left."""
        return self.migration_policy in _DOWNGRADE

    @property
    def mixes(self) -> bool:
        """Whether members of both protocols may be in one group."""
        return self.upgrades or self.downgrades


def _bounded(settings: Settings, name: str) -> Bounded:
    return Bounded(
        settings.int(f"group.consumer.{name}"),
        settings.int(f"group.consumer.min.{name}"),
        settings.int(f"group.consumer.max.{name}"),
    )
