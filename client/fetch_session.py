"""A consumer's fetch session with one broker (KIP-227). A core.

The first fetch names every partition that is wanted, and the broker gives the session an id. From then on a fetch names
only those that are new or wanted from another place, and those that are not wanted any more; the answer has only what
has something to tell. Idle partitions cost nothing on the way.

    BEGIN (epoch 0) -> 1 -> 2 -> ... -> BEGIN
    BEGIN    the fetch is full; a broker that gives no session answers with id 0, and the next fetch is full again
    1, 2 ... the fetch is incremental. Each fetch that is answered raises the epoch; anything else, an error of the
             session or no answer, leads back to BEGIN, for nobody knows then what the broker has

A session is beside the truth, never the truth: what is wanted is told anew for each fetch, and only compared.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from barnabas.protocol.errors import ErrorCode

_NO_SESSION: Final = 0
_BEGIN: Final = 0
_END: Final = -1
_MAX_EPOCH: Final = 0x7FFFFFFF

SESSION_ERRORS: Final = frozenset(
    {
        ErrorCode.FETCH_SESSION_ID_NOT_FOUND,
        ErrorCode.INVALID_FETCH_SESSION_EPOCH,
        ErrorCode.FETCH_SESSION_TOPIC_ID_ERROR,
    }
)
"""Errors of a whole answer that concern nothing but the session: the same fetch, made full, may be sent at once."""

PartitionKey = tuple[str, bytes, int]
"""Topic, its id (ZERO_UUID if that is not known) and partition: a topic that was made anew is another."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """From where a partition is to be read: an offset, and the leader epoch in which it is led (-1: unknown)."""

    offset: int
    leader_epoch: int


@dataclass(frozen=True, slots=True)
class FetchPlan:
    """What a request says of its session, and of the partitions."""

    session_id: int
    session_epoch: int
    named: Mapping[PartitionKey, Wanted]
    forgotten: tuple[PartitionKey, ...] = ()

    @property
    def full(self) -> bool:
        """Whether the answer speaks of every partition that is wanted."""
        return self.session_epoch == _BEGIN


class FetchSession:
    """See the module's text. One fetch at a time: `plan`, then `answered`, `refused` or `lost`."""

    __slots__ = ("_by_id", "_epoch", "_id", "_known")

    def __init__(self) -> None:
        self._id = _NO_SESSION
        self._epoch = _BEGIN
        self._by_id = False
        self._known: dict[PartitionKey, Wanted] = {}

    def __str__(self) -> str:
        return f"session {self._id}, epoch {self._epoch}, {len(self._known)} partitions"

    def plan(self, wanted: Mapping[PartitionKey, Wanted], *, by_id: bool) -> FetchPlan:
        """The fetch of these partitions and no others. `by_id`: whether topics are named by their ids on the wire,
        which is the same all through a session.
        """
        if by_id != self._by_id:
            self._epoch, self._by_id = _BEGIN, by_id
        known, self._known = self._known, dict(wanted)
        if self._epoch == _BEGIN:
            return FetchPlan(self._id, _BEGIN, self._known)
        named = {key: place for key, place in wanted.items() if known.get(key) != place}
        return FetchPlan(self._id, self._epoch, named, tuple(key for key in known if key not in wanted))

    def answered(self, session_id: int) -> None:
        """An answer without an error; it has the session's id, or 0 where there is none (any more)."""
        if session_id == _NO_SESSION or (self._epoch != _BEGIN and session_id != self._id):
            self._id, self._epoch = _NO_SESSION, _BEGIN
            return
        self._id = session_id
        self._epoch = 1 if self._epoch == _MAX_EPOCH else self._epoch + 1

    def refused(self, code: int) -> None:
        """An answer with an error as a whole. The full fetch that follows ends the session that was."""
        self._epoch = _BEGIN
        if code == ErrorCode.FETCH_SESSION_ID_NOT_FOUND:
            self._id = _NO_SESSION

    def lost(self) -> None:
        """No answer came: the broker may have had the fetch, or not."""
        self._epoch = _BEGIN

    def end(self) -> FetchPlan | None:
        """The request that tells the broker to forget the session; None if there is none."""
        session_id, self._id, self._epoch = self._id, _NO_SESSION, _BEGIN
        return None if session_id == _NO_SESSION else FetchPlan(session_id, _END, {})
