"""Consumers that share topics in groups: they join, leave, are cancelled and crash, and commit by hand or by time.

Every group has some places for members, each taken by one life after another. What they see is checked at once
(`history_groups.py`); in the end the group must settle, and have read everything.
"""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, Literal

import trio
from tests.simulation.client_lives import PATIENCE, Lives
from tests.simulation.cluster import Violation
from tests.simulation.group_watch import GroupWatch
from tests.simulation.history import Place
from tests.simulation.history_groups import GroupHistory, Seat

from barnabas.client.admin import Admin
from barnabas.client.admin_types import GroupDescription
from barnabas.client.cluster import Cluster as ClientCluster
from barnabas.client.consumer import Consumer
from barnabas.client.errors import ClientError
from barnabas.client.groups.committed import CommitFailed

if TYPE_CHECKING:
    from tests.simulation.workload import Workload

_ASSIGNORS: Final = (
    ("range",),
    ("roundrobin",),
    ("sticky",),
    ("cooperative-sticky",),
    ("range", "cooperative-sticky"),
)
_END_SECONDS: Final = 90.0
_POLL_SECONDS: Final = 0.1
_LONG_RUNS_SESSIONS: Final = 4.0
"""By how much sessions are longer there."""
_SLOW_CHANCE: Final = 0.005
"""Of a record that takes long, perhaps longer than a member may be away."""


@dataclass(frozen=True, slots=True)
class Group:
    """One group. Times in seconds."""

    name: str
    protocol: Literal["classic", "consumer"]
    assignors: tuple[str, ...]
    members: int
    static: bool
    """Whether members keep their places while they restart (KIP-345)."""
    life: float
    """How long a member lives, on average."""
    session: float
    max_poll_interval: float


@dataclass(frozen=True, slots=True)
class GroupLoad:
    """The groups of a run, the topics that they read, and what brokers have to be told of it."""

    groups: tuple[Group, ...]
    topics: dict[str, int]
    """With the number of their partitions."""
    settings: dict[str, object]

    @classmethod
    def drawn(cls, rng: random.Random) -> GroupLoad:
        session = rng.choice([3.0, 6.0])
        groups = tuple(
            Group(
                f"group-{number}",
                protocol=rng.choice(["classic", "consumer"]),
                assignors=rng.choice(_ASSIGNORS),
                members=rng.randint(2, 4),
                static=rng.random() < 0.25,
                life=rng.choice([4.0, 15.0]),
                session=session,
                max_poll_interval=rng.choice([5.0, 15.0]),
            )
            for number in range(rng.randint(1, 2))
        )
        settings: dict[str, object] = {
            "offsets.topic.num.partitions": rng.randint(1, 3),
            "group.initial.rebalance.delay.ms": rng.choice([0, 500]),
            "group.min.session.timeout.ms": 1000,
            "group.consumer.min.session.timeout.ms": 1000,
            "group.consumer.min.heartbeat.interval.ms": 100,
            **_session_settings(session),
        }
        return cls(groups, {f"g{number}": rng.randint(1, 3) for number in range(rng.randint(1, 2))}, settings)

    @property
    def places(self) -> list[Place]:
        return [(topic, index) for topic, count in self.topics.items() for index in range(count)]

    def stretched(self, pace: float) -> GroupLoad:
        """For a long run."""
        groups = tuple(
            replace(each, life=each.life * pace, session=each.session * _LONG_RUNS_SESSIONS) for each in self.groups
        )
        return replace(self, groups=groups, settings=self.settings | _session_settings(groups[0].session))

    def __str__(self) -> str:
        return "; ".join(
            f"{group.name} of {group.members} {'static ' * group.static}members, "
            + ("consumer protocol" if group.protocol == "consumer" else f"classic, {'/'.join(group.assignors)}")
            for group in self.groups
        )


def _session_settings(session: float) -> dict[str, object]:
    """Of the protocol in which brokers say how long a session is, in seconds."""
    return {
        "group.consumer.session.timeout.ms": int(session * 1000),
        "group.consumer.heartbeat.interval.ms": int(session * 1000) // 4,
    }


class Groups:
    """All members of all groups. `start` them, `stop` them when the cluster is well and nobody writes any more."""

    def __init__(self, world: Workload, load: GroupLoad) -> None:
        self._world = world
        self._load = load
        self._scope = trio.CancelScope()
        self._ended = trio.Event()
        self.histories = {group.name: GroupHistory(group.name, load.places, world.history) for group in load.groups}

    @property
    def counts(self) -> Counter[str]:
        return sum((history.counts for history in self.histories.values()), Counter())

    def start(self) -> None:
        self._world.cluster.nursery.start_soon(self._run)

    async def _run(self) -> None:
        with self._scope:
            async with trio.open_nursery() as nursery:
                for group in self._load.groups:
                    for number in range(group.members):
                        member = _Member(self._world, group, self.histories[group.name], number)
                        nursery.start_soon(member.run, nursery)
        self._ended.set()

    # In the end

    async def stop(self) -> None:
        """Every group settles, and reads to the end; then all leave."""
        limit = trio.current_time() + _END_SECONDS
        async with self._world.client(0, "groups") as client:
            while missing := await self._missing(client):
                if trio.current_time() > limit:
                    raise Violation(f"groups do not settle in {_END_SECONDS:g} s: {missing}")
                await trio.sleep(_POLL_SECONDS)
            for name, history in self.histories.items():
                before = dict(history.committed)
                found = await Admin(client).group_offsets(name)
                for place in self._load.places:
                    history.found("the end", place, found[place].offset if place in found else None, before)
        self._scope.cancel()
        await self._ended.wait()

    async def _missing(self, client: ClientCluster) -> str | None:
        try:
            return await self._what_is_missing(client)
        except ClientError as error:
            return str(error)

    async def _what_is_missing(self, client: ClientCluster) -> str | None:
        for name, history in self.histories.items():
            if unowned := history.unowned():
                return f"{name}: {unowned}"
        for name, found in (await Admin(client).describe_groups(self.histories)).items():
            if not isinstance(found, GroupDescription) or found.state != "Stable":
                return f"{name} is {found}"
        ends = await Admin(client).list_offsets(dict.fromkeys(self._load.places, "latest"))
        for name, history in self.histories.items():
            for place, end in ends.items():
                if isinstance(end, ClientError) or (not history.lossy and history.read[place] < end.offset):
                    return f"{name} has read {place} to {history.read[place]}, which ends at {end}"
        return None


class _Member(Lives):
    """One place in a group, and the lives in it."""

    def __init__(self, world: Workload, group: Group, history: GroupHistory, number: int) -> None:
        super().__init__(world, f"{group.name}-{number}", number, length=group.life)
        self._group = group
        self._history = history
        self._seats: dict[str, Seat] = {}

    async def live(self, client: ClientCluster, name: str) -> None:
        """See `Lives`."""
        seat = self._seats[name] = Seat(name, self._group.session, self._group.max_poll_interval)
        self._history.seats.append(seat)
        await self._consume(client, seat)

    def killed(self, name: str) -> None:
        """See `Lives`."""
        self._history.count("crashes")
        self.ended(name)

    def ended(self, name: str) -> None:
        """See `Lives`."""
        seat = self._seats.get(name)
        if seat in self._history.seats:
            self._history.ended(seat)

    async def _consume(self, client: ClientCluster, seat: Seat) -> None:
        rng, history, group, losses = self.rng, self._history, self._group, self.world.history.losses
        commits_by_hand = rng.random() < 0.5
        leaves_at = trio.current_time() + rng.expovariate(0.5 / group.life)
        consumer = Consumer(
            client,
            topics=list(self.world.load.groups.topics if self.world.load.groups else ()),
            group=group.name,
            group_protocol=group.protocol,
            group_instance_id=self.name if group.static else None,
            partition_assignment_strategy=group.assignors,
            session_timeout=group.session,
            heartbeat_interval=group.session / 4,
            max_poll_interval=group.max_poll_interval,
            enable_auto_commit=not commits_by_hand,
            auto_commit_interval=rng.choice([0.3, 2.0]),
            auto_offset_reset="earliest",
            fetch_max_wait=self.world.load.fetch_wait,
            on_assigned=self._assigned(seat),
            on_revoked=self._released(seat, "gave up"),
            on_lost=self._released(seat, "lost"),
            request_timeout=PATIENCE,
        )
        GroupWatch(self.world.cluster, history, seat).attach(consumer)
        async with consumer:
            async for record in consumer:
                if seat not in history.seats or losses != self.world.history.losses:
                    return  # what was fetched before records were lost may be among what it still has
                place = (record.topic, record.partition)
                if place in seat.owned:
                    self.world.history.saw(seat.name, place, record.offset, bytes(record.value or b"").decode())
                history.got(seat, place, record.offset)
                if rng.random() < _SLOW_CHANCE and not self.world.stopping:
                    await trio.sleep(rng.uniform(0, 1.5 * group.max_poll_interval))
                if commits_by_hand and rng.random() < 0.3:
                    await self._commit(consumer, seat)
                if trio.current_time() > leaves_at and not self.world.stopping:
                    history.count("members that left")
                    return

    async def _commit(self, consumer: Consumer[Any, Any], seat: Seat) -> None:
        try:
            await consumer.commit()
        except CommitFailed as error:
            self.world.note(seat.name, f"may not commit: {error}")

    def _assigned(self, seat: Seat) -> Any:
        async def assigned(places: frozenset[Place]) -> None:
            if seat in self._history.seats:
                self.world.note(seat.name, f"has {sorted(places)}")
                for place in sorted(places):
                    self.world.history.begins(seat.name, place)
                self._history.assigned(seat, sorted(places))

        return assigned

    def _released(self, seat: Seat, what: str) -> Any:
        async def released(places: frozenset[Place]) -> None:
            self._history.released(seat, places)
            self._history.count(f"partitions {what}", len(places))
            self.world.note(seat.name, f"{what} {sorted(places)}")

        return released
