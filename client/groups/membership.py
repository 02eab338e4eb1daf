"""A consumer in a group: which partitions it reads, from which offsets, and what it commits.

What is kept true:
- Nothing is committed of a record that the user still has in hand, unless the user commits.
- Commits follow one another: one that is tried again does not take back what a later one has committed.
- A partition is given up between two records: the user has come back for the next one, or has not for as long as a
  rebalance may take. What was read of it is committed before another member gets it.
- A user who is away for longer than that is out of the group until coming back, and can commit nothing (KIP-62).
- The user's callbacks run while the partitions they speak of are here and nothing of them is given out.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Literal, Protocol

import trio

from barnabas.client.cluster import Cluster
from barnabas.client.coordinator import Coordinator, CoordinatorKind
from barnabas.client.errors import BrokerError, ClientError, ConfigurationError, TimedOut
from barnabas.client.fetching import Fetching, OffsetReset, Position
from barnabas.client.groups.assignors import ASSIGNORS, Place
from barnabas.client.groups.classic_member import ClassicConfig, ClassicMember
from barnabas.client.groups.committed import NOBODY, CommitFailed, OffsetAndMetadata, commit, fetch_committed
from barnabas.client.groups.consumer_member import ConsumerGroupConfig, ConsumerMember
from barnabas.client.groups.member import Generation, Member
from barnabas.client.groups.session import GroupSession, TopicFilter
from barnabas.client.offsets import ListedOffset, OffsetSpec, list_offsets
from barnabas.protocol.errors import ErrorCode
from barnabas.protocol.types import uuid_text

GroupProtocol = Literal["classic", "consumer"]
RebalanceCallback = Callable[[frozenset[Place]], Awaitable[None]]

_log: Final = logging.getLogger("barnabas.client")
_CLOSE_SECONDS: Final = 5.0
"""How long the last commit, and then the coordinator, are waited for."""
_LOOKS: Final = 10
"""How often within `max_poll_interval` it is looked whether the user is still there: so much later may be noticed."""
_AWAY: Final = (
    "leaving group %s: nobody came back for the next record within max_poll_interval=%g s; raise it, or do less with a"
    " record or batch"
)

_NOT_COMMITTED: Final = (
    "group %s: no answer to the last commit within %g s: what was read since the one before may be read again"
)


async def _call(callback: RebalanceCallback | None, places: frozenset[Place]) -> None:
    if callback is not None and places:
        await callback(places)


@dataclass(frozen=True, slots=True)
class GroupConfig:
    """How a consumer is in its group; times in seconds. See `Consumer`."""

    group: str
    protocol: GroupProtocol = "classic"
    assignors: tuple[str, ...] = ("range", "cooperative-sticky")
    remote_assignor: str | None = None
    instance_id: str | None = None
    session_timeout: float = 45.0
    heartbeat_interval: float = 3.0
    max_poll_interval: float = 300.0
    auto_commit: bool = True
    auto_commit_interval: float = 5.0
    offset_reset: OffsetReset = "latest"
    read_committed: bool = False
    rack: str = ""
    on_assigned: RebalanceCallback | None = None
    on_revoked: RebalanceCallback | None = None
    on_lost: RebalanceCallback | None = None
    """None: what `on_revoked` does."""

    def validate(self) -> None:
        """ConfigurationError names what makes no sense."""
        if not self.group:
            raise ConfigurationError("group is empty; give it a name")
        if self.protocol not in ("classic", "consumer"):
            raise ConfigurationError(f'group_protocol={self.protocol!r}; it is "classic" or "consumer"')
        unknown = [name for name in self.assignors if name not in ASSIGNORS]
        if unknown or not self.assignors:
            known = ", ".join(ASSIGNORS)
            raise ConfigurationError(f"assignors={list(self.assignors)!r}; one or more of {known}")
        if not 0 < self.heartbeat_interval < self.session_timeout:
            raise ConfigurationError(
                f"heartbeat_interval={self.heartbeat_interval:g}; it must be above 0 and below session_timeout"
            )
        if self.max_poll_interval <= 0:
            raise ConfigurationError(f"max_poll_interval={self.max_poll_interval:g}; it must be above 0")


class Reader(Protocol):
    """The consumer, as far as its membership concerns it."""

    async def rest(self, places: frozenset[Place], patience: float) -> None:
        """Give out nothing of these partitions any more; returns when the user has no record of theirs in hand, or
        after `patience` seconds.
        """
        ...

    def consumed(self, *, with_record_in_hand: bool) -> dict[Place, int]:
        """The offset of the next record of each partition: to be read again is what comes from there."""
        ...

    @property
    def progress(self) -> object:
        """None while the user waits for records; else what is another as soon as the user has come back once."""
        ...

    def fetch_more(self) -> None:
        """There is more to fetch."""
        ...

    def fail(self, error: ClientError) -> None:
        """Raise this where the user iterates."""
        ...


class Membership:
    """See the module's text; implements `GroupHost`."""

    def __init__(
        self,
        config: GroupConfig,
        cluster: Cluster,
        fetching: Fetching,
        reader: Reader,
        topics: Iterable[str] | TopicFilter | None,
        *,
        metadata_max_age: float,
    ) -> None:
        """`topics` None: a simple consumer, which only commits (the partitions are assigned by hand)."""
        self._config: Final = config
        self._cluster: Final = cluster
        self._fetching: Final = fetching
        self._reader: Final = reader
        self._coordinator: Final = Coordinator(cluster, CoordinatorKind.GROUP, config.group)
        self._committed: dict[Place, int] = {}
        self._committing: Final = trio.Lock()
        self._user_is_away = False
        self._watching: Final = trio.CancelScope()
        self._stop: Final = trio.CancelScope()
        self._stopped: Final = trio.Event()
        self._session: Final = (
            None
            if topics is None
            else GroupSession(
                cluster,
                self._coordinator,
                self._make_member(),
                self,
                topics=topics,
                metadata_max_age=metadata_max_age,
                leave_timeout=_CLOSE_SECONDS,
            )
        )

    def _make_member(self) -> Member:
        config, rng, rack = self._config, self._cluster.rng, self._config.rack or None
        if config.protocol == "consumer":
            member_id = uuid_text(rng.randbytes(16))
            settings = ConsumerGroupConfig(
                config.group,
                member_id,
                instance_id=config.instance_id,
                rack=rack,
                assignor=config.remote_assignor,
                rebalance_timeout=config.max_poll_interval,
                request_timeout=self._cluster.request_timeout,
            )
            return ConsumerMember(settings, rng.random)
        return ClassicMember(
            ClassicConfig(
                config.group,
                config.assignors,
                instance_id=config.instance_id,
                rack=rack,
                session_timeout=config.session_timeout,
                rebalance_timeout=config.max_poll_interval,
                heartbeat_interval=config.heartbeat_interval,
                request_timeout=self._cluster.request_timeout,
            ),
            rng.random,
        )

    @property
    def member(self) -> Member | None:
        """Its place in the group; None for a simple consumer."""
        return None if self._session is None else self._session.member

    @property
    def identity(self) -> tuple[str, Generation]:
        """The group, and as whom commits are made. CommitFailed while this consumer is no member of it."""
        self._check_member()
        return self._config.group, self._generation()

    # Its life

    async def run(self) -> None:
        """Be a member, until `close`."""
        try:
            with self._stop:
                async with trio.open_nursery() as nursery:
                    if self._config.auto_commit:
                        nursery.start_soon(self._auto_commit)
                    if self._session is not None:
                        nursery.start_soon(self._watch_user, self._session)
                        await self._session.run()
        finally:
            self._stopped.set()

    async def close(self, *, with_record_in_hand: bool) -> None:
        """Commit what was read, give the partitions up, and leave. Takes a bounded time, whoever does not answer."""
        self._stop.cancel()
        with trio.CancelScope(shield=True):
            await self._stopped.wait()
            places = frozenset(self._fetching.offsets)
            if self._config.auto_commit:
                with trio.move_on_after(_CLOSE_SECONDS) as patience:
                    await self._commit_quietly(self._reader.consumed(with_record_in_hand=with_record_in_hand))
                if patience.cancelled_caught:
                    _log.warning(_NOT_COMMITTED, self._config.group, _CLOSE_SECONDS)
            if self._session is not None:
                await _call(self._config.on_revoked, places)
                await self._session.leave()

    async def _watch_user(self, session: GroupSession) -> None:
        """Leave the group when the user does not come back in time, so that others read on."""
        limit = self._config.max_poll_interval
        seen, seen_at = self._reader.progress, trio.current_time()
        with self._watching:
            while True:
                await trio.sleep(limit / _LOOKS)
                progress, now = self._reader.progress, trio.current_time()
                if progress is None or progress != seen:
                    seen, seen_at = progress, now
                elif now - seen_at >= limit and not self._user_is_away:
                    self._user_is_away = True
                    _log.warning(_AWAY, self._config.group, limit)
                    session.depart()

    def user_came_back(self) -> None:
        """The user wants the next record."""
        if self._user_is_away and self._session is not None:
            self._user_is_away = False
            self._session.come_back()

    # What the session wants

    async def take(self, places: frozenset[Place]) -> frozenset[Place]:
        """See `GroupHost`."""
        starts = await self._starts_while_member(places)
        if starts is None:
            return frozenset()
        self._committed |= starts
        self._fetching.add(Position(*place, offset) for place, offset in starts.items())
        await _call(self._config.on_assigned, places)
        self._reader.fetch_more()
        return places

    async def _starts_while_member(self, places: frozenset[Place]) -> dict[Place, int] | None:
        """`start_offsets`, however long brokers need; None if this consumer is out of the group by then."""
        while True:
            starts: dict[Place, int] | None = None
            try:
                starts = await self.start_offsets(places)
            except TimedOut as error:
                _log.warning("group %s: it is not known yet where to begin: %s", self._config.group, error)
            if self.member is None or self.member.is_out:
                return None
            if starts is not None:
                return starts

    async def start_offsets(self, places: Iterable[Place]) -> dict[Place, int]:
        """Where the group is in these partitions, and where it is to begin where it never was."""
        wanted = frozenset(places)
        committed = await fetch_committed(self._coordinator, self._config.group, wanted, generation=self._generation())
        starts = {place: known.offset for place, known in committed.items()}
        fresh = wanted - starts.keys()
        reset_to = self._config.offset_reset
        if fresh and reset_to == "none":
            place = min(fresh)
            text = "The group has no committed offset there; auto_offset_reset says where to begin then."
            raise BrokerError(ErrorCode.OFFSET_OUT_OF_RANGE, f"{place[0]}-{place[1]}", text)
        if fresh and reset_to != "none":
            points: dict[Place, OffsetSpec] = dict.fromkeys(sorted(fresh), reset_to)
            found = await list_offsets(self._cluster, points, read_committed=self._config.read_committed)
            for place, offset in found.items():
                if not isinstance(offset, ListedOffset):
                    raise offset
                starts[place] = offset.offset
        return starts

    async def give_up(self, places: frozenset[Place], *, lost: bool) -> None:
        """See `GroupHost`."""
        config = self._config
        await self._reader.rest(places, 0.0 if lost else config.max_poll_interval)
        if not lost and config.auto_commit:
            offsets = self._reader.consumed(with_record_in_hand=False)
            await self._commit_quietly({place: offsets[place] for place in sorted(places) if place in offsets})
        await _call((config.on_lost or config.on_revoked) if lost else config.on_revoked, places)
        self._fetching.remove(places)
        for place in places:
            self._committed.pop(place, None)
        self._reader.fetch_more()

    def membership_failed(self, error: ClientError) -> None:
        """See `GroupHost`."""
        self._watching.cancel()
        self._reader.fail(error)

    # Committing

    async def commit(self, offsets: Mapping[Place, OffsetAndMetadata]) -> None:
        """Commit these; BrokerError of the first partition that is refused, CommitFailed, TimedOut."""
        if not offsets:
            return
        async with self._committing:
            self._check_member()
            try:
                refused = await commit(self._coordinator, self._config.group, offsets, self._generation())
            except CommitFailed as error:
                if self._session is not None:
                    self._session.member.fenced(error, trio.current_time())
                    self._session.changed()
                raise
        self._committed |= {place: each.offset for place, each in offsets.items() if place not in refused}
        for refusal in refused.values():
            raise refusal

    async def committed(self, places: Iterable[Place]) -> dict[Place, OffsetAndMetadata]:
        """What the group has committed of these partitions."""
        return await fetch_committed(
            self._coordinator, self._config.group, frozenset(places), generation=self._generation()
        )

    async def _auto_commit(self) -> None:
        while True:
            await trio.sleep(self._config.auto_commit_interval)
            await self._commit_quietly(self._reader.consumed(with_record_in_hand=False))

    async def _commit_quietly(self, offsets: Mapping[Place, int]) -> None:
        """A commit that nobody asked for: when it fails the records come again, and the next one may succeed."""
        news = {place: OffsetAndMetadata(at) for place, at in offsets.items() if self._committed.get(place) != at}
        try:
            await self.commit(news)
        except ClientError as error:
            _log.warning("the offsets of %d partitions are not committed: %s", len(news), error)

    def _check_member(self) -> None:
        """A group that is empty would take the offsets of somebody who is not in it for those of a simple consumer."""
        member = self.member
        if member is not None and member.generation.epoch <= 0:
            raise CommitFailed(ErrorCode.UNKNOWN_MEMBER_ID, f"group {self._config.group}")

    def _generation(self) -> Generation:
        member = self.member
        return NOBODY if member is None else member.generation
