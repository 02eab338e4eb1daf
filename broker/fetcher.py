"""What a follower asks one leader for, and what it makes of the answers: replication's client side (KIP-227, KIP-595).

One `ReplicaFetcher` serves all partitions that this broker follows one other broker for. It decides; the driver owns
the connection and the logs. The loop: `next_fetch` gives a request; the driver sends it and hands the answer to
`handle_response`, which returns what to do, in order; for each the driver acts on the partition's log and reports how
far it got (`advanced`, `delay`, `remove`). Then the next fetch goes out at once, and tells the leader by its offsets
what is held now.

What is kept true:

- An answer about a partition counts only if the partition still stands where it stood when it was asked for, in the
  same leader epoch. Anything else (it was removed, truncated, follows another epoch by now) is dropped.
- Truncation comes before data: an answer with a diverging epoch is never appended, nor is its high watermark believed.
- The leader is told only what changed since the last request, and looks only at what changed. A partition that has
  nothing new costs nothing on either side.
- A partition in error waits, ever longer up to `max_backoff`, without holding up the others. One that the leader
  fenced waits for the metadata log to tell the new epoch.

A fetch waits at the leader for data. If partitions come meanwhile (this leader took over from another), `nudge` gives
a second request, which makes the leader answer the first; no more than two are ever under way.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from heapq import heappop, heappush
from typing import Final

from barnabas.broker.fetch_session import INITIAL_EPOCH, NO_SESSION, next_epoch
from barnabas.protocol.errors import ErrorCode
from barnabas.protocol.messages.fetch import FetchRequest, FetchResponse

Key = tuple[bytes, int]
"""A topic's id and a partition's index."""

_UNKNOWN: Final = -1


@dataclass(frozen=True, slots=True)
class FetchLimits:
    """`replica.fetch.*`: sizes in bytes, times in seconds but for `max_wait_ms`."""

    max_wait_ms: int = 500
    min_bytes: int = 1
    max_bytes: int = 10 * 1024 * 1024
    partition_max_bytes: int = 1024 * 1024
    min_backoff: float = 0.02
    max_backoff: float = 1.0


@dataclass(frozen=True, slots=True)
class Fetched:
    """The leader sent what follows the log's end (maybe nothing):

    Append it, then learn its offsets; report `advanced`.
    """

    key: Key
    records: memoryview | None
    high_watermark: int
    log_start_offset: int


@dataclass(frozen=True, slots=True)
class Diverged:
    """The logs part ways: `epoch` is the largest that both may share, and ends at `end_offset` there.

    Truncate; report `advanced`.
    """

    key: Key
    epoch: int
    end_offset: int


@dataclass(frozen=True, slots=True)
class OutOfRange:
    """The log's end is outside what the leader keeps: ask for its offsets, start anew there; report `advanced`."""

    key: Key
    leader_epoch: int


@dataclass(frozen=True, slots=True)
class Failed:
    """The leader answered an error. What follows from it has been done; this is for the log."""

    key: Key
    error: ErrorCode


Outcome = Fetched | Diverged | OutOfRange | Failed


class FetchedPartition:
    """One partition's position. Offsets and epochs are -1 while unknown."""

    __slots__ = (
        "backoff",
        "delayed_until",
        "in_session",
        "key",
        "last_fetched_epoch",
        "leader_epoch",
        "log_start_offset",
        "offset",
        "sent",
        "sent_in",
    )

    def __init__(
        self, key: Key, leader_epoch: int, offset: int, last_fetched_epoch: int, log_start_offset: int
    ) -> None:
        self.key: Final = key
        self.leader_epoch = leader_epoch
        self.offset = offset
        self.last_fetched_epoch = last_fetched_epoch
        self.log_start_offset = log_start_offset
        self.sent: tuple[int, int] | None = None
        """Leader epoch and offset that the leader was asked for last."""
        self.sent_in = 0
        """The number of the request that asked."""
        self.in_session = False
        self.backoff = 0.0
        self.delayed_until: float | None = None

    def is_answered_by(self, request_number: int) -> bool:
        """Whether the answer to this request is about the present position:

        It was asked for by then, and has not moved.
        """
        return self.sent == (self.leader_epoch, self.offset) and self.sent_in <= request_number


class ReplicaFetcher:
    """See the module's text. Times are seconds."""

    def __init__(self, broker_id: int, limits: FetchLimits) -> None:
        self._broker_id = broker_id
        self._limits = limits
        self._partitions: dict[Key, FetchedPartition] = {}
        self._changed: dict[Key, None] = {}  # to be told to the leader, in this order
        self._forgotten: dict[Key, None] = {}
        self._delayed: list[
            tuple[float, Key]
        ] = []  # a heap; entries whose partition is no longer delayed until then are void
        self._session_id = NO_SESSION
        self._session_epoch = INITIAL_EPOCH
        self._requests_made = 0
        self._in_flight: deque[tuple[int, int]] = deque()  # numbers and session epochs of the requests under way

    def __len__(self) -> int:
        return len(self._partitions)

    def __contains__(self, key: Key) -> bool:
        return key in self._partitions

    def __str__(self) -> str:
        changed = f"{len(self._changed)} of {len(self._partitions)} partitions changed"
        return f"session {self._session_id} epoch {self._session_epoch}: {changed}"

    @property
    def in_flight(self) -> int:
        """How many requests are under way."""
        return len(self._in_flight)

    @property
    def changed(self) -> Collection[Key]:
        """The partitions whose positions the next request tells; what they claim must be held by then."""
        return self._changed.keys()

    # Partitions come and go

    def add(self, key: Key, leader_epoch: int, offset: int, last_fetched_epoch: int, log_start_offset: int) -> None:
        """Fetch this partition from `offset`, its log's end.

        Where it is known already, start anew there in the new epoch.
        """
        known = self._partitions.get(key)
        if known is None:
            known = FetchedPartition(key, leader_epoch, offset, last_fetched_epoch, log_start_offset)
            self._partitions[key] = known
        known.leader_epoch = leader_epoch
        known.backoff = 0.0
        self._set_position(known, offset, last_fetched_epoch, log_start_offset)

    def remove(self, key: Key) -> None:
        """Fetch this partition no longer."""
        known = self._partitions.pop(key, None)
        if known is not None:
            self._leave_session(known)

    def advanced(self, key: Key, offset: int, last_fetched_epoch: int, log_start_offset: int) -> None:
        """The partition's log now ends at `offset`, and its last batch is of epoch `last_fetched_epoch`."""
        known = self._partitions.get(key)
        if known is None:
            return
        known.backoff = 0.0
        if (offset, last_fetched_epoch, log_start_offset) != (
            known.offset,
            known.last_fetched_epoch,
            known.log_start_offset,
        ):
            self._set_position(known, offset, last_fetched_epoch, log_start_offset)

    def delay(self, key: Key, now: float) -> None:
        """The partition could not be served: leave it out for a while, longer each time."""
        known = self._partitions.get(key)
        if known is None:
            return
        known.backoff = min(max(known.backoff * 2, self._limits.min_backoff), self._limits.max_backoff)
        known.delayed_until = now + known.backoff
        heappush(self._delayed, (known.delayed_until, key))
        self._leave_session(known)

    def _set_position(
        self, known: FetchedPartition, offset: int, last_fetched_epoch: int, log_start_offset: int
    ) -> None:
        known.offset = offset
        known.last_fetched_epoch = last_fetched_epoch
        known.log_start_offset = log_start_offset
        known.delayed_until = None
        self._changed[known.key] = None

    def _leave_session(self, known: FetchedPartition) -> None:
        self._changed.pop(known.key, None)
        known.sent = None
        if known.in_session:
            known.in_session = False
            self._forgotten[known.key] = None

    # Requests

    def next_deadline(self) -> float | None:
        """When a partition's delay ends; None while none is delayed."""
        while self._delayed:
            until, key = self._delayed[0]
            known = self._partitions.get(key)
            if known is not None and known.delayed_until == until:
                return until
            heappop(self._delayed)
        return None

    def next_fetch(self, broker_epoch: int, now: float) -> FetchRequest | None:
        """The next request; None while one is under way, or while there is nothing to fetch."""
        return None if self._in_flight else self._make_request(broker_epoch, now)

    def nudge(self, broker_epoch: int, now: float) -> FetchRequest | None:
        """A second request, where one is under way that does not know of what has changed since; else None."""
        self._end_delays(now)
        if len(self._in_flight) != 1 or self._session_epoch == INITIAL_EPOCH or not (self._changed or self._forgotten):
            return None
        return self._make_request(broker_epoch, now)

    def _make_request(self, broker_epoch: int, now: float) -> FetchRequest | None:
        self._end_delays(now)
        is_full = self._session_epoch == INITIAL_EPOCH
        if is_full:
            wanted = [known for known in self._partitions.values() if known.delayed_until is None]
            self._forgotten.clear()
        else:
            wanted = [self._partitions[key] for key in self._changed]
        if not wanted and (is_full or (not self._forgotten and len(self._partitions) == 0)):
            return None
        self._changed.clear()
        self._requests_made += 1
        request = FetchRequest(
            replica_state=FetchRequest.ReplicaState(replica_id=self._broker_id, replica_epoch=broker_epoch),
            max_wait_ms=self._limits.max_wait_ms,
            min_bytes=self._limits.min_bytes,
            max_bytes=self._limits.max_bytes,
            session_id=self._session_id,
            session_epoch=self._session_epoch,
            topics=self._topics_of(wanted),
            forgotten_topics_data=self._forgotten_topics(),
        )
        self._in_flight.append((self._requests_made, self._session_epoch))
        if not is_full:
            self._session_epoch = next_epoch(self._session_epoch)
        return request

    def _end_delays(self, now: float) -> None:
        while (until := self.next_deadline()) is not None and until <= now:
            key = heappop(self._delayed)[1]
            self._partitions[key].delayed_until = None
            self._changed[key] = None

    def _topics_of(self, wanted: list[FetchedPartition]) -> Iterator[FetchRequest.FetchTopic]:
        by_topic: dict[bytes, list[FetchRequest.FetchPartition]] = {}
        for known in wanted:
            known.sent = (known.leader_epoch, known.offset)
            known.sent_in = self._requests_made
            known.in_session = True
            by_topic.setdefault(known.key[0], []).append(
                FetchRequest.FetchPartition(
                    partition=known.key[1],
                    current_leader_epoch=known.leader_epoch,
                    fetch_offset=known.offset,
                    last_fetched_epoch=known.last_fetched_epoch,
                    log_start_offset=known.log_start_offset,
                    partition_max_bytes=self._limits.partition_max_bytes,
                )
            )
        return (FetchRequest.FetchTopic(topic_id=topic_id, partitions=found) for topic_id, found in by_topic.items())

    def _forgotten_topics(self) -> Iterator[FetchRequest.ForgottenTopic]:
        by_topic: dict[bytes, list[int]] = {}
        for topic_id, index in self._forgotten:
            if (topic_id, index) not in self._partitions or not self._partitions[topic_id, index].in_session:
                by_topic.setdefault(topic_id, []).append(index)
        self._forgotten.clear()
        return (
            FetchRequest.ForgottenTopic(topic_id=topic_id, partitions=found) for topic_id, found in by_topic.items()
        )

    # Answers

    def disconnected(self) -> None:
        """The connection is lost, with all that was under way and the session:

        The next fetch names everything again.
        """
        self._in_flight.clear()
        self._start_over(NO_SESSION)

    def handle_response(self, response: FetchResponse, now: float) -> list[Outcome]:
        """The answer to the request that was sent first of those under way. Follow the outcomes in order."""
        request_number, request_epoch = self._in_flight.popleft()
        error = ErrorCode.of(response.error_code)
        if error != ErrorCode.NONE:
            close_old = error != ErrorCode.FETCH_SESSION_ID_NOT_FOUND
            self._start_over(self._session_id if close_old else NO_SESSION)
            return []
        if request_epoch == INITIAL_EPOCH:
            self._session_id = response.session_id
            self._session_epoch = INITIAL_EPOCH if response.session_id == NO_SESSION else next_epoch(INITIAL_EPOCH)
        elif response.session_id == NO_SESSION:
            self._start_over(NO_SESSION)
        return [
            outcome
            for topic in response.responses
            for partition in topic.partitions
            if (outcome := self._outcome(topic.topic_id, partition, request_number, now)) is not None
        ]

    def _start_over(self, session_id: int) -> None:
        """The next fetch makes a new session, and closes `session_id` if that is one."""
        self._session_id = session_id
        self._session_epoch = INITIAL_EPOCH
        self._forgotten.clear()
        for known in self._partitions.values():
            known.in_session = False

    def _outcome(
        self, topic_id: bytes, answer: FetchResponse.PartitionData, request_number: int, now: float
    ) -> Outcome | None:
        key = (topic_id, answer.partition_index)
        known = self._partitions.get(key)
        if known is None or not known.is_answered_by(request_number) or known.delayed_until is not None:
            return None
        error = ErrorCode.of(answer.error_code)
        if error == ErrorCode.NONE:
            if answer.diverging_epoch.epoch != _UNKNOWN or answer.diverging_epoch.end_offset != _UNKNOWN:
                return Diverged(key, answer.diverging_epoch.epoch, answer.diverging_epoch.end_offset)
            records = answer.records if isinstance(answer.records, memoryview) else None
            return Fetched(key, records, answer.high_watermark, answer.log_start_offset)
        if error == ErrorCode.OFFSET_OUT_OF_RANGE:
            return OutOfRange(key, known.leader_epoch)
        if error == ErrorCode.FENCED_LEADER_EPOCH:
            self.remove(key)
        else:
            self.delay(key, now)
        return Failed(key, error)
