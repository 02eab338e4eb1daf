"""Incremental fetch sessions, the server's side (KIP-227), and which partitions of a session have news.

A client names its partitions once; after that it sends only what it changes, and gets only what changed. A session is
valid for one epoch at a time: each incremental fetch must carry the epoch that follows the last one's.

What is kept true here, beyond the KIP: a fetch looks only at the partitions that may have something to tell. They are
a roaring bitmap, `news`. A partition is in it from when the request names it, or it changes, until an answer has told
everything there is: it leaves only when it is *quiet*, that is without an error, without records to send and with the
watermark told. Then it is being watched, so that its next change puts it back. Because asking again at one position
sends the data again, a partition whose records were sent stays in. Hence thousands of idle partitions cost a fetch
nothing, and the answer is the same as if all had been looked at.

The bitmap holds *places*, and iterates in their order. A partition whose records were sent gets a new place behind
all others, so that where a fetch's size limit cuts, the partitions that were left out come first next time.

A fetch without a session, and the first fetch of a session, use the same class for one request; such a session has
the id 0.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Final, Protocol

from pyroaring import BitMap

from barnabas.protocol.errors import ErrorCode, WireError

if TYPE_CHECKING:
    from barnabas.broker.partition import Partition

NO_SESSION: Final = 0
INITIAL_EPOCH: Final = 0
FINAL_EPOCH: Final = -1
_MAX_EPOCH: Final = 0x7FFFFFFF
_MAX_PLACE: Final = 0xFFFFFFFF

TopicKey = bytes | str
"""A topic's id (from Fetch v13 on) or its name."""
PartitionKey = tuple[TopicKey, int]
"""Topic and partition index, as the session's version of the protocol names them."""


def next_epoch(epoch: int) -> int:
    """The session epoch after this one: it wraps to 1, and -1 stays."""
    if epoch < 0:
        return FINAL_EPOCH
    return 1 if epoch == _MAX_EPOCH else epoch + 1


class Waiter(Protocol):
    """A fetch that waits for news."""

    def wake(self) -> None:
        """Something of the session changed: look again, soon."""
        ...

    def answer_now(self) -> None:
        """The client has sent its next fetch already: answer with what there is."""
        ...


class WantedPartition(Protocol):
    """What a request says of one partition (`FetchRequest.FetchPartition`).

    Offsets and epochs are -1 where not given.
    """

    partition: int
    fetch_offset: int
    partition_max_bytes: int
    current_leader_epoch: int
    last_fetched_epoch: int
    log_start_offset: int


class Told(Protocol):
    """An answer's part for one partition (`FetchResponse.PartitionData`), as far as a session cares."""

    error_code: int
    high_watermark: int
    log_start_offset: int


class SessionPartition:
    """One partition of one session: what the client asked for, and what it was told last."""

    __slots__ = (
        "current_leader_epoch",
        "fetch_offset",
        "has_changed",
        "index",
        "last_fetched_epoch",
        "log_start_offset",
        "max_bytes",
        "named",
        "partition",
        "place",
        "session",
        "told_high_watermark",
        "told_log_start_offset",
        "topic",
    )

    def __init__(self, session: FetchSession, topic: TopicKey, wanted: WantedPartition, place: int) -> None:
        self.session: Final = session
        self.topic: Final = topic
        self.index: Final = wanted.partition
        self.place = place
        self.told_high_watermark = -1
        self.told_log_start_offset = -1
        self.partition: Partition | None = None
        """The hosted partition this was last found to be; None: to be looked up."""
        self.has_changed = False
        """Whether the partition changed since it was looked at, so that what was seen is not all."""
        self.update(wanted)

    def update(self, wanted: WantedPartition) -> None:
        """Take the request's parameters."""
        self.fetch_offset = wanted.fetch_offset
        self.max_bytes = wanted.partition_max_bytes
        # Any negative epoch means that the client has none to tell.
        self.current_leader_epoch = max(wanted.current_leader_epoch, -1)
        self.last_fetched_epoch = max(wanted.last_fetched_epoch, -1)
        self.log_start_offset = wanted.log_start_offset
        self.named = True
        """The latest request named this partition and nobody has looked at it since."""

    def changed(self) -> None:
        """The partition has news, but none that a waiting fetch waits for."""
        self.has_changed = True
        self.session.news.add(self.place)

    def changed_now(self) -> None:
        """The partition has news, and a fetch that waits is to look at them."""
        session = self.session
        self.has_changed = True
        session.news.add(self.place)
        if session.waiter is not None:
            session.waiter.wake()

    def let_go(self) -> None:
        """The partition need not tell about changes any more."""
        if self.partition is not None:
            self.partition.unwatch(self)
            self.partition = None

    def __repr__(self) -> str:
        return f"<{self.topic!r}-{self.index} from {self.fetch_offset}>"


class FetchSession:
    """The partitions of one session, or of one fetch without a session. See the module's text."""

    __slots__ = (
        "_by_place",
        "_next_place",
        "cached_size",
        "created_at",
        "epoch",
        "fetcher_epoch",
        "id",
        "last_used_at",
        "news",
        "partitions",
        "privileged",
        "uses_topic_ids",
        "waiter",
    )

    def __init__(self, *, privileged: bool, uses_topic_ids: bool) -> None:
        self.id = NO_SESSION
        self.epoch = next_epoch(INITIAL_EPOCH)
        self.privileged: Final = privileged
        """The client is a follower."""
        self.uses_topic_ids: Final = uses_topic_ids
        self.fetcher_epoch = -1
        """The broker epoch of the follower whose session this is."""
        self.created_at = self.last_used_at = 0.0
        self.cached_size = 0
        self.partitions: dict[PartitionKey, SessionPartition] = {}
        self.news = BitMap()
        self.waiter: Waiter | None = None
        self._by_place: dict[int, SessionPartition] = {}
        self._next_place = 0

    def __str__(self) -> str:
        return f"session {self.id} epoch {self.epoch}: {len(self.news)} of {len(self.partitions)} partitions have news"

    def want(self, topic: TopicKey, wanted: WantedPartition) -> None:
        """The request names this partition: add it, or take its new position. Either way it is looked at."""
        known = self.partitions.get((topic, wanted.partition))
        if known is None:
            known = SessionPartition(self, topic, wanted, self._new_place())
            self.partitions[topic, wanted.partition] = known
            self._by_place[known.place] = known
        else:
            known.update(wanted)
        self.news.add(known.place)

    def forget(self, topic: TopicKey, index: int) -> None:
        """The client wants this partition no longer. Nothing happens where it is not known."""
        known = self.partitions.pop((topic, index), None)
        if known is not None:
            self.news.discard(known.place)
            del self._by_place[known.place]
            known.let_go()

    def look_at_all(self) -> None:
        """Treat every partition as if the request had named it."""
        for known in self.partitions.values():
            known.named = True
            self.news.add(known.place)

    def to_look_at(self) -> Iterator[SessionPartition]:
        """The partitions with news, those first that waited longest. They may be told, or change, meanwhile."""
        by_place = self._by_place
        return (by_place[place] for place in list(self.news))

    def tell(
        self,
        known: SessionPartition,
        told: Told,
        *,
        records_size: int,
        urgent: bool,
        quiet: bool,
        incremental: bool = True,
    ) -> bool:
        """An answer is made: whether this partition belongs in it, if it is an `incremental` one.

        `urgent`: it has to, whatever was told before (a diverging epoch, a preferred read replica). `quiet`: nothing
        is left to be told until the partition changes, and it is being watched. Who got records in an incremental
        answer waits behind the others at the next.
        """
        error = told.error_code != ErrorCode.NONE
        include = (
            urgent
            or error
            or records_size > 0
            or told.high_watermark != known.told_high_watermark
            or told.log_start_offset != known.told_log_start_offset
            or not incremental
        )
        known.told_high_watermark = -1 if error else told.high_watermark
        known.told_log_start_offset = told.log_start_offset
        if records_size > 0:
            if incremental:
                self._move_to_end(known)
        elif quiet and not error and not urgent:
            self.news.discard(known.place)
        return include

    def let_go(self) -> None:
        """The session ends: no partition need tell it anything."""
        for known in self.partitions.values():
            known.let_go()
        self.news.clear()

    def _move_to_end(self, known: SessionPartition) -> None:
        del self._by_place[known.place]
        self.news.discard(known.place)
        known.place = self._new_place()
        self._by_place[known.place] = known
        self.news.add(known.place)

    def _new_place(self) -> int:
        if self._next_place > _MAX_PLACE:
            self._number_anew()
        place = self._next_place
        self._next_place = place + 1
        return place

    def _number_anew(self) -> None:
        """Places are 32 bits, and each answered partition takes one:

        After some billions they start again, in the same order.
        """
        in_order = [self._by_place[place] for place in sorted(self._by_place)]
        news = {id(self._by_place[place]) for place in self.news}
        self._by_place.clear()
        self.news.clear()
        for place, known in enumerate(in_order):
            known.place = place
            self._by_place[place] = known
            if id(known) in news:
                self.news.add(place)
        self._next_place = len(in_order)


class FetchContext:
    """One fetch request's session, and what its answer must say of it."""

    __slots__ = ("_cache", "_keeps", "request_epoch", "session")

    def __init__(self, cache: FetchSessionCache, session: FetchSession, request_epoch: int, *, keeps: bool) -> None:
        self._cache = cache
        self._keeps = keeps
        self.session: Final = session
        self.request_epoch: Final = request_epoch

    @property
    def is_incremental(self) -> bool:
        """Whether partitions without news are left out of the answer."""
        return self.request_epoch > INITIAL_EPOCH and self.session.id != NO_SESSION

    def check_epoch(self) -> None:
        """INVALID_FETCH_SESSION_EPOCH where another fetch has used the session since:

        Its answer counts, not this one's.
        """
        if self.is_incremental and self.session.epoch != next_epoch(self.request_epoch):
            raise WireError(ErrorCode.INVALID_FETCH_SESSION_EPOCH)

    def finish(self, now: float) -> int:
        """The answer has been made: keep the session, if it is to be one and there is room. The session id to send."""
        session = self.session
        if self._keeps:
            self._cache.maybe_keep(session, now)
        if session.id == NO_SESSION:
            session.let_go()
        return session.id


class FetchSessionCache:
    """The sessions of this broker, at most `max_sessions`. Times are seconds.

    Where there is no room, a session goes that was not used for `eviction_after` seconds; if there is none, a smaller
    or less privileged one among those that have lived as long, and for a follower also a consumer's younger one. Else
    the client gets no session, and asks for everything each time.
    """

    def __init__(self, max_sessions: int, new_id: Callable[[], int], eviction_after: float = 120.0) -> None:
        self._max_sessions = max_sessions
        self._new_id = new_id
        self._eviction_after = eviction_after
        self._sessions: dict[int, FetchSession] = {}  # least recently used first
        self.partitions_count = 0
        self.evictions = 0

    def __len__(self) -> int:
        return len(self._sessions)

    def open(
        self,
        session_id: int,
        epoch: int,
        wanted: Iterable[tuple[TopicKey, Iterable[WantedPartition]]],
        forgotten: Iterable[tuple[TopicKey, Iterable[int]]],
        *,
        uses_topic_ids: bool,
        privileged: bool,
        now: float,
    ) -> FetchContext:
        """The context of a fetch request; WireError with the session's error code where there cannot be one."""
        if epoch in (INITIAL_EPOCH, FINAL_EPOCH):
            self.remove(session_id)
            session = FetchSession(privileged=privileged, uses_topic_ids=uses_topic_ids)
            _update(session, wanted, ())
            return FetchContext(self, session, epoch, keeps=epoch == INITIAL_EPOCH)
        known = self._sessions.get(session_id)
        if known is None:
            raise WireError(ErrorCode.FETCH_SESSION_ID_NOT_FOUND)
        if known.epoch != epoch:
            raise WireError(ErrorCode.INVALID_FETCH_SESSION_EPOCH)
        if known.uses_topic_ids != uses_topic_ids:
            raise WireError(ErrorCode.FETCH_SESSION_TOPIC_ID_ERROR)
        if known.waiter is not None:
            known.waiter.answer_now()
        _update(known, wanted, forgotten)
        if not known.partitions:
            self.remove(session_id)
            return FetchContext(
                self, FetchSession(privileged=privileged, uses_topic_ids=uses_topic_ids), epoch, keeps=False
            )
        known.epoch = next_epoch(epoch)
        self._touch(known, now)
        return FetchContext(self, known, epoch, keeps=False)

    def maybe_keep(self, session: FetchSession, now: float) -> None:
        """Give the session an id, if there is room or room can be made."""
        size = len(session.partitions)
        if len(self._sessions) >= self._max_sessions and not self._evict_for(session.privileged, size, now):
            return
        session_id = self._new_id()
        while session_id == NO_SESSION or session_id in self._sessions:
            session_id = self._new_id()
        session.id = session_id
        session.created_at = now
        self._sessions[session_id] = session
        self._touch(session, now)

    def remove(self, session_id: int) -> None:
        """End a session, if there is one of this id."""
        session = self._sessions.pop(session_id, None)
        if session is not None:
            self.partitions_count -= session.cached_size
            session.let_go()

    def _touch(self, session: FetchSession, now: float) -> None:
        session.last_used_at = now
        self._sessions[session.id] = self._sessions.pop(session.id)
        self.partitions_count += len(session.partitions) - session.cached_size
        session.cached_size = len(session.partitions)

    def _evict_for(self, privileged: bool, size: int, now: float) -> bool:
        oldest = next(iter(self._sessions.values()), None)
        if oldest is None:
            return False
        if now - oldest.last_used_at <= self._eviction_after:
            candidates = [session for session in self._sessions.values() if self._may_go(session, privileged)]
            least = min(candidates, key=_worth, default=None)
            if least is None or (privileged, size, 0) < _worth(least):
                return False
            oldest = least
        self.remove(oldest.id)
        self.evictions += 1
        return True

    def _may_go(self, session: FetchSession, for_privileged: bool) -> bool:
        proved = session.last_used_at - session.created_at > self._eviction_after
        return proved or (for_privileged and not session.privileged)


def _worth(session: FetchSession) -> tuple[bool, int, int]:
    return session.privileged, session.cached_size, session.id


def _update(
    session: FetchSession,
    wanted: Iterable[tuple[TopicKey, Iterable[WantedPartition]]],
    forgotten: Iterable[tuple[TopicKey, Iterable[int]]],
) -> None:
    for topic, partitions in wanted:
        for partition in partitions:
            session.want(topic, partition)
    for topic, indexes in forgotten:
        for index in indexes:
            session.forget(topic, index)
