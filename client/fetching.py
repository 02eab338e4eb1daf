"""What a consumer reads, from where, and what it has in hand. A core.

What is kept true:
- A partition's records come out in order, each once, beginning with the position it was given; control records,
  compacted ones and those before the position in their batch are passed over.
- One fetch at a time is open to a broker, and it names all the partitions that the broker leads, so that news of any of
  them come at once.
- A partition is read from its leader, or from the replica that the leader prefers for us (KIP-392) as long as that one
  serves it, and for no longer than `replica_lease`: then the leader is asked again.
- No fetch begins while `max_buffered` bytes lie here unread: there are never more than that and one answer a broker,
  besides what had come of partitions when they were paused.
- What is answered to a fetch that began before the partitions were assigned anew is dropped.

The driver carries out the `Work` that `drain` returns and reports it by `fetched`, `failed`, `leaders_found` and
`reset`; it calls `drain` again after any of these, when `next_batch` has made room, and at `next_deadline`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from barnabas.client.errors import BrokerError, ClientError, UnreadableRecords
from barnabas.client.metadata import ClusterView, Node
from barnabas.client.positions import ConsumerRecord as ConsumerRecord
from barnabas.client.positions import Place as Place
from barnabas.client.positions import Position as Position
from barnabas.client.record_reader import read_records
from barnabas.client.retries import retry_pause
from barnabas.protocol.errors import ErrorCode
from barnabas.protocol.messages.fetch import FetchResponse
from barnabas.protocol.record_batch import CorruptRecords, RecordBatch, iter_batches

OffsetReset = Literal["earliest", "latest", "none"]


@dataclass(frozen=True, slots=True)
class FetchingConfig:
    """`max_buffered` in bytes, `topic_patience` (until a topic that is gone is an error) and `replica_lease` in
    seconds.
    """

    offset_reset: OffsetReset = "none"
    max_buffered: int = 16 * 1024 * 1024
    check_crcs: bool = True
    topic_patience: float = 30.0
    replica_lease: float = 300.0


@dataclass(slots=True)
class Work:
    """What is to be done now, all of it at a time."""

    fetches: dict[Node, list[Position]] = field(default_factory=dict)
    leaderless: list[Position] = field(default_factory=list)
    """Ask for metadata, then `leaders_found`."""
    resets: list[Position] = field(default_factory=list)
    """Ask where the log begins or ends, then `reset`."""


class Fetching:
    """See the module's text."""

    def __init__(self, config: FetchingConfig, jitter: Callable[[], float]) -> None:
        """`jitter` gives a number from 0 to 1, for the waits before retries."""
        self._config: Final = config
        self._jitter: Final = jitter
        self._positions: dict[Place, Position] = {}
        self._busy_nodes: Final[set[int]] = set()
        self._resets: list[Position] = []
        self._chunks: deque[tuple[Position, Iterator[tuple[RecordBatch, bool]], int]] = deque()
        self._buffered = 0
        self._failures: deque[ClientError] = deque()

    # -- the user's side -----------------------------------------------------------------------------------------

    def assign(self, positions: Iterable[Position]) -> None:
        """Read these partitions from now on, and no others."""
        self._positions = {(p.topic, p.partition): p for p in positions}
        self._resets.clear()
        self._chunks.clear()
        self._failures.clear()
        self._buffered = 0

    def add(self, positions: Iterable[Position]) -> None:
        """Read these as well, from there, whatever was read of them before."""
        for position in positions:
            self.remove({(position.topic, position.partition)})
            self._positions[position.topic, position.partition] = position

    def seek(self, place: Place, offset: int) -> None:
        """Read an assigned partition from there; whether it is paused, and where it ends, stays."""
        known = self._positions[place]
        position = Position(*place, offset, known.end)
        position.paused = known.paused
        self.add([position])

    def remove(self, places: Iterable[Place]) -> None:
        """Read these no longer; what is in hand of them is dropped."""
        for place in places:
            position = self._positions.pop(place, None)
            if position is not None:
                self._drop(position)

    def position(self, topic: str, partition: int) -> int | None:
        """The offset of the next record; None if the partition is not assigned."""
        found = self._positions.get((topic, partition))
        return None if found is None else found.offset

    def pause(self, places: Iterable[Place], *, paused: bool) -> None:
        """Give out nothing of these for now, and fetch nothing; or do so again."""
        for place in places:
            if (position := self._positions.get(place)) is not None:
                position.paused = paused

    @property
    def paused(self) -> set[Place]:
        """What is paused."""
        return {place for place, position in self._positions.items() if position.paused}

    @property
    def offsets(self) -> dict[Place, int]:
        """Of each assigned partition, the offset of the next record."""
        return {place: position.offset for place, position in self._positions.items()}

    @property
    def finished(self) -> bool:
        """Whether every partition has been read to its end."""
        return all(position.at_end for position in self._positions.values())

    @property
    def buffered(self) -> int:
        """Bytes in hand."""
        return self._buffered

    def reads(self, position: Position) -> bool:
        """Whether this is still how its partition is read."""
        return self._positions.get((position.topic, position.partition)) is position

    def next_batch(self) -> tuple[Position, Iterator[ConsumerRecord]] | None:
        """The records of the next batch in hand, and where they are from; None if there is none.

        Raises what a partition failed with: once, and again when there is no other left to wait for.
        """
        for chunk in [chunk for chunk in self._chunks if not chunk[0].paused]:
            position, batches, size = chunk
            batch, skipped = next(batches, (None, False))
            if batch is not None and not position.at_end:
                return position, self._records(position, batch, skipped)
            self._chunks.remove(chunk)
            self._buffered -= size
        if self._failures:
            raise self._failures.popleft()
        unread = [position.error for position in self._positions.values() if not position.at_end]
        if (error := next(iter(unread), None)) is not None and all(unread):
            raise error.again()
        return None

    def _records(self, position: Position, batch: RecordBatch, skipped: bool) -> Iterator[ConsumerRecord]:
        try:
            if self._config.check_crcs and not batch.verify_crc():
                raise CorruptRecords("its checksum is wrong")
            if not skipped and not batch.is_control:
                yield from read_records(batch, position)
        except CorruptRecords as error:
            place = f"{position.topic}-{position.partition}"
            position.error = UnreadableRecords(f"{place}, batch at offset {batch.base_offset}: {error}")
            self._drop(position)
            raise position.error.again() from None
        position.offset = max(position.offset, batch.next_offset)

    def _drop(self, position: Position) -> None:
        """What came of this partition later must not be read as if it followed."""
        self._chunks = deque(chunk for chunk in self._chunks if chunk[0] is not position)
        self._buffered = sum(size for _, _, size in self._chunks)

    # -- the brokers' side ---------------------------------------------------------------------------------------

    def drain(self, view: ClusterView, now: float) -> Work:
        """What is to be done now; it is in progress from here on."""
        work = Work(resets=self._resets)
        self._resets = []
        if self._full:
            return work
        for position in self._positions.values():
            if self._idle(position) and position.retry_at <= now:
                source = _source(position, view, now)
                if source is None:
                    position.busy = True
                    work.leaderless.append(position)
                elif source.id not in self._busy_nodes:
                    position.busy = True
                    work.fetches.setdefault(source, []).append(position)
        self._busy_nodes.update(node.id for node in work.fetches)
        return work

    @property
    def _full(self) -> bool:
        """Whether enough is in hand. What is paused does not count: it would keep the others from being read."""
        if self._buffered < self._config.max_buffered:
            return False
        paused = sum(size for position, _, size in self._chunks if position.paused)
        return self._buffered - paused >= self._config.max_buffered

    def _idle(self, position: Position) -> bool:
        more = position.end is None or position.fetch_offset < position.end
        return more and not position.busy and not position.paused and position.error is None

    def next_deadline(self, now: float) -> float:
        """When a partition is to be tried again; infinity if none waits for that alone."""
        if self._full:
            return float("inf")
        return min((p.retry_at for p in self._positions.values() if p.retry_at > now), default=float("inf"))

    def fetched(
        self,
        node: Node,
        wanted: Iterable[Position],
        answers: Mapping[Place, FetchResponse.PartitionData],
        now: float,
        *,
        redirected: Collection[Place] = (),
    ) -> list[Position]:
        """A fetch was answered. Returns the partitions whose leader is to be forgotten.

        `redirected`: those of which the broker said who leads them now; they are asked for there at once.
        """
        self._busy_nodes.discard(node.id)
        misled: list[Position] = []
        for position in wanted:
            position.busy = False
            place = (position.topic, position.partition)
            if self._positions.get(place) is not position:
                continue
            answer = answers.get(place)
            if position.replica == node.id and (answer is None or answer.error_code):
                self._leave_replica(position, now)
            elif place in redirected:
                position.retry_at = now
            elif answer is None:
                misled.append(position)
                self._retry(position, now)
            elif answer.error_code:
                if self._refused(position, ErrorCode.of(answer.error_code), now):
                    misled.append(position)
            else:
                self._take(position, answer, now)
        return misled

    def failed(self, node: Node, wanted: Iterable[Position], now: float, error: ClientError | None = None) -> None:
        """A fetch was not answered: for this reason, or because the connection was lost."""
        self._busy_nodes.discard(node.id)
        for position in wanted:
            position.busy = False
            if position.replica == node.id:
                self._leave_replica(position, now)
            elif error is None or error.retriable:
                self._retry(position, now)
            else:
                self._fail(position, error)

    def _leave_replica(self, position: Position, now: float) -> None:
        """Whatever a replica has against it, its leader decides: also whether the offset is in the log."""
        position.replica = None
        self._retry(position, now)

    def _take(self, position: Position, answer: FetchResponse.PartitionData, now: float) -> None:
        position.attempts = 0
        if answer.preferred_read_replica >= 0:
            position.replica = answer.preferred_read_replica
            position.replica_until = now + self._config.replica_lease
        if not answer.records:
            return
        batches: list[RecordBatch] = []
        try:
            for batch in iter_batches(answer.records):
                batches.append(batch)  # those before a bad one are good
        except CorruptRecords as error:
            self._fail(position, UnreadableRecords(f"{position}: {error}"))
        if batches:
            # The broker fills its answer from the first partition on: the one that got something is last next time.
            # One that got no more than a cut batch moves forward so: the first gets its batch whole.
            place = (position.topic, position.partition)
            self._positions[place] = self._positions.pop(place)
            position.fetch_offset = batches[-1].next_offset
            size = len(answer.records)
            self._buffered += size
            self._chunks.append((position, without_aborted(batches, answer.aborted_transactions), size))

    def _refused(self, position: Position, code: ErrorCode, now: float) -> bool:
        """Whether the partition's leader is to be looked up."""
        if code == ErrorCode.OFFSET_OUT_OF_RANGE and self._config.offset_reset != "none":
            position.busy = True
            self._resets.append(position)
            if position.attempts:  # it was reset just now, and that offset is not in the log either
                position.retry_at = now + retry_pause(position.attempts - 1, self._jitter())
            position.attempts += 1
            return False
        if not code.retriable or code == ErrorCode.CORRUPT_MESSAGE:
            text = None
            if code == ErrorCode.OFFSET_OUT_OF_RANGE:
                text = "The log does not hold that offset; auto_offset_reset says what to do then."
            self._fail(position, BrokerError(code, str(position), text))
            return False
        self._retry(position, now)
        return code != ErrorCode.OFFSET_NOT_AVAILABLE

    def leaders_found(self, positions: Iterable[Position], view: ClusterView, now: float) -> None:
        """Metadata was asked for, with or without success."""
        for position in positions:
            position.busy = False
            if view.leader(position.topic, position.partition) is not None:
                continue
            topic = view.topics.get(position.topic)
            code = topic.error if topic is not None else ErrorCode.NONE
            gone = code == ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
            if code and (not code.retriable or (gone and self._lasts(position, now))):
                self._fail(position, BrokerError(code, str(position)))
            else:
                self._retry(position, now)

    def _lasts(self, position: Position, now: float) -> bool:
        return position.attempts > 0 and now - position.failing_since >= self._config.topic_patience

    def reset(self, position: Position, offset: int) -> None:
        """The log begins or ends here: go on from there."""
        position.busy = False
        position.offset = position.fetch_offset = offset

    def not_answered(self, position: Position, error: ClientError, now: float) -> None:
        """Nobody could say who leads it, or where its log begins or ends."""
        position.busy = False
        if error.retriable:
            self._retry(position, now)
        else:
            self._fail(position, error)

    def _retry(self, position: Position, now: float) -> None:
        if not position.attempts:
            position.failing_since = now
        position.retry_at = now + retry_pause(position.attempts, self._jitter())
        position.attempts += 1

    def _fail(self, position: Position, error: ClientError) -> None:
        """Nothing more is read of this partition until it is assigned anew."""
        position.error = error
        if self._positions.get((position.topic, position.partition)) is position:
            self._failures.append(error)


def _source(position: Position, view: ClusterView, now: float) -> Node | None:
    """Whom to fetch from; None if the leader is not known."""
    if position.replica is not None:
        node = view.nodes.get(position.replica)
        if node is not None and now < position.replica_until:
            return node
        position.replica = None
    return view.leader(position.topic, position.partition)


def without_aborted(
    batches: Iterable[RecordBatch], aborted: Iterable[FetchResponse.AbortedTransaction] | None
) -> Iterator[tuple[RecordBatch, bool]]:
    """Each batch, and whether it belongs to one of the aborted transactions that the broker told of (KIP-98).

    A transaction is that of its producer from its first offset to the marker that aborts it.
    """
    coming = deque(sorted(aborted or (), key=lambda each: each.first_offset))
    open_: set[int] = set()
    for batch in batches:
        while coming and coming[0].first_offset <= batch.last_offset:
            open_.add(coming.popleft().producer_id)
        if batch.is_control and batch.producer_id in open_:
            open_.discard(batch.producer_id)  # one that commits cannot come here: the producer's last one was aborted
        yield batch, batch.is_transactional and batch.producer_id in open_
