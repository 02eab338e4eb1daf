"""Records on their way to the brokers: gathered into batches, sent in order, tried again. A core.

What is kept true:
- The batches of a partition are sent in the order of their records, one at a time: the next leaves when the fate of the
  one before it is known. So a retry never overtakes, and no later batch has a sequence yet that would have to change.
- Every batch ends exactly once, as `Written` or as an error, within the delivery timeout of its first record, also
  when it is in flight then: a late answer changes nothing.
- Idempotence: a batch keeps its sequence from its first attempt on. The partition's next sequence moves on when a batch
  is written. When one fails that was ever sent, nobody knows whether the broker has it, so the partition goes on with a
  higher epoch from sequence 0: the broker then takes neither the old batch any more nor a new one for its duplicate.
  Epochs may differ between partitions, because brokers keep producers by partition.
- A batch that is too large for the broker is sent again in smaller ones, as long as it has several records, and those
  that follow are made smaller (KIP-126). One in which single records are at fault (KIP-467) is sent again without
  them. Nothing of it was written, so that the pieces go on with its sequence. Where an earlier attempt may have been
  written, under other settings, the first piece will tell: if it fails, the others do, for they would be taken for new.
- Transactions: nothing is sent to a partition before it is part of the transaction (or, under KIP-890's protocol, joins
  it by being written to), and when a batch fails, the transaction can only be aborted: the epoch is the transaction's.

The driver sends what `drain` returns and reports each by `answered` or `lost`; it calls `expire` and `drain` at
`next_deadline`, and gets a producer id whenever `needs_producer_id`. Times in seconds, timestamps of records in ms.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final

from barnabas.client.batch import Batch as Batch
from barnabas.client.batch import InPieces, of_at_most
from barnabas.client.batch import Written as Written
from barnabas.client.batch import record_size as record_size
from barnabas.client.errors import BrokerError, ClientError, TimedOut
from barnabas.client.record_writer import Fields, write_batch
from barnabas.client.retries import retry_pause
from barnabas.protocol.compression import Compression
from barnabas.protocol.errors import ErrorCode
from barnabas.protocol.record_batch import BATCH_OVERHEAD
from barnabas.protocol.types import Buffer

if TYPE_CHECKING:
    from barnabas.protocol.record_builder import Headers

_SEQUENCES: Final = 1 << 31
_MAX_EPOCH: Final = 0x7FFF
_GROWTH: Final = 5
"""What was made smaller grows by 1/2**5 with each full batch that is written."""


@dataclass(frozen=True, slots=True)
class BatcherConfig:
    """`linger` and `delivery_timeout` in seconds, `batch_size` in bytes before compression."""

    batch_size: int = 16384
    linger: float = 0.0
    delivery_timeout: float = 120.0
    compression: Compression = Compression.NONE
    idempotent: bool = True
    transactional: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """What a broker says of one batch."""

    code: ErrorCode
    base_offset: int = -1
    append_time_ms: int = -1
    message: str | None = None
    leader_told: bool = False
    """The broker does not lead the partition, and said who does: there is nothing to wait for."""
    record_errors: Sequence[tuple[int, str | None]] = ()
    """The records for which the batch was refused, by their place in it, and what is wrong with each."""


class Verdict(Enum):
    """What an answer means for its batch."""

    ENDED = "ended"
    RETRY = "retry"
    RETRY_ELSEWHERE = "retry elsewhere"
    """The broker does not lead the partition: its leader is to be looked up."""
    IN_PIECES = "in pieces"
    """Others go on in its place; some of them may have ended."""


class _Producer:
    """Who writes to a partition: id, epoch, and the sequence of the next batch."""

    __slots__ = ("epoch", "id", "sequence")

    def __init__(self, producer_id: int, epoch: int) -> None:
        self.id: Final = producer_id
        self.epoch = epoch
        self.sequence = 0


class _Queue:
    """A partition's batches, oldest first; only the first is ever in flight."""

    __slots__ = ("batches", "producer", "room")

    def __init__(self, room: int) -> None:
        self.batches: deque[Batch] = deque()
        self.producer: _Producer | None = None
        self.room = room
        """Bytes of records that its next batches may have."""


class Batcher:
    """See the module's text."""

    def __init__(self, config: BatcherConfig, jitter: Callable[[], float]) -> None:
        """`jitter` gives a number from 0 to 1, for the waits before retries."""
        self._config: Final = config
        self._room: Final = config.batch_size - BATCH_OVERHEAD
        self._jitter: Final = jitter
        self._queues: Final[dict[tuple[str, int], _Queue]] = {}
        self._open: Final[dict[tuple[str, int], _Queue]] = {}  # those that hold batches
        self._identity: tuple[int, int] | None = None
        self._enrolled: set[tuple[str, int]] = set()
        self._joins_by_writing = False
        self.buffered = 0
        """Bytes of records that have not ended."""
        self.flushing = False
        """Whether batches are sent without lingering."""
        self.wrote = False
        """Whether the transaction has sent anything."""
        self.lost_records = 0
        """How many records have failed so far."""
        self.last_loss: ClientError | None = None
        self.failure: ClientError | None = None
        """Why the transaction can only be aborted."""

    # -- in ------------------------------------------------------------------------------------------------------

    def append(
        self,
        topic: str,
        partition: int,
        timestamp: int,
        key: Buffer | None,
        value: Buffer | None,
        headers: Headers,
        size: int,
        now: float,
    ) -> tuple[Batch, int, bool]:
        """Take a record of this `record_size`: its batch, its place in it, and whether the batch is a new one.

        A new batch is to be looked at by `drain`, if it is the first of its partition.
        """
        # What can still change under our hands is copied; what is no record is refused before anything changes.
        if key is not None and key.__class__ is not bytes:
            key = bytes(memoryview(key))
        if value is not None and value.__class__ is not bytes:
            value = bytes(memoryview(value))
        if headers:
            headers = [(name, None if content is None else bytes(memoryview(content))) for name, content in headers]
        place = (topic, partition)
        queue = self._queues.get(place)
        if queue is None:
            queue = self._queues[place] = _Queue(self._room)
        batch = queue.batches[-1] if queue.batches else None
        if new := batch is None or batch.closed or batch.size + size > queue.room:
            batch = Batch(topic, partition, now, now + self._config.delivery_timeout)
            queue.batches.append(batch)
            self._open[place] = queue
        assert batch is not None
        index = batch.count
        batch.count = index + 1
        batch.records.append((timestamp, key, value, headers))  # type: ignore[arg-type]  # copied above
        batch.size += size
        self.buffered += size
        return batch, index, new

    # -- out -----------------------------------------------------------------------------------------------------

    @property
    def pending(self) -> int:
        """Batches that have not ended."""
        return sum(len(queue.batches) for queue in self._open.values())

    @property
    def needs_producer_id(self) -> bool:
        """Whether batches wait for a producer id; that of transactions comes with the first of them."""
        waits = self._config.idempotent and not self._config.transactional and self._identity is None
        return waits and any(queue.producer is None for queue in self._open.values())

    def set_producer_id(self, producer_id: int, epoch: int) -> None:
        """The cluster gave out a producer id, or the next epoch of that of the transactions: sequences begin anew."""
        if self._config.transactional and self._identity != (producer_id, epoch):
            for queue in self._queues.values():
                queue.producer = None
        self._identity = (producer_id, epoch)

    def begin_transaction(self, *, joins_by_writing: bool) -> None:
        """What comes belongs to a new transaction. `joins_by_writing`: partitions need not be enrolled (KIP-890)."""
        self._enrolled.clear()
        self._joins_by_writing = joins_by_writing
        self.wrote, self.failure = False, None

    @property
    def to_enrol(self) -> set[tuple[str, int]]:
        """The partitions whose batches wait for them to be part of the transaction."""
        if not self._config.transactional or self._joins_by_writing:
            return set()
        return self._open.keys() - self._enrolled

    def enrolled(self, places: Iterable[tuple[str, int]]) -> None:
        """These partitions are part of the transaction."""
        self._enrolled.update(places)

    def drain(self, now: float) -> list[Batch]:
        """The batches to be sent now: built, and in flight from here on."""
        ready: list[Batch] = []
        for queue in self._open.values():
            batch = queue.batches[0]
            if not batch.in_flight and now >= self._due(queue) and self._begin(queue, batch):
                ready.append(batch)
        return ready

    def _due(self, queue: _Queue) -> float:
        """When the queue's first batch is to be sent."""
        batch = queue.batches[0]
        if batch.attempts or self.flushing or len(queue.batches) > 1 or batch.closed or batch.size >= queue.room:
            return batch.retry_at
        return batch.created + self._config.linger

    def _begin(self, queue: _Queue, batch: Batch) -> bool:
        if batch.data is None:
            if self._waits(queue, batch):
                return False
            self.wrote = True
            batch.data, batch.closed = self._build(queue, batch), True
            batch.records = []
        batch.attempts += 1
        batch.in_flight = True
        return True

    def _build(self, queue: _Queue, batch: Batch) -> bytearray:
        compression, transactional = self._config.compression, self._config.transactional
        if not self._config.idempotent:
            return write_batch(batch.records, compression, transactional=transactional)
        if queue.producer is None:
            assert self._identity is not None
            queue.producer = _Producer(*self._identity)
        return write_batch(
            batch.records,
            compression,
            producer_id=queue.producer.id,
            producer_epoch=queue.producer.epoch,
            base_sequence=queue.producer.sequence,
            transactional=transactional,
        )

    def _waits(self, queue: _Queue, batch: Batch) -> bool:
        """For a producer id, or to be part of the transaction."""
        if self._config.idempotent and queue.producer is None and self._identity is None:
            return True
        needs_place = self._config.transactional and not self._joins_by_writing
        return needs_place and (batch.topic, batch.partition) not in self._enrolled

    def next_deadline(self) -> float:
        """When `expire` or `drain` will have something; infinity when nothing waits."""
        deadline = float("inf")
        for queue in self._open.values():
            batch = queue.batches[0]
            deadline = min(deadline, batch.deadline)
            if not batch.in_flight and not self._waits(queue, batch):
                deadline = min(deadline, self._due(queue))
        return deadline

    # -- what became of it ---------------------------------------------------------------------------------------

    def answered(self, batch: Batch, answer: Answer, now: float) -> Verdict:
        """A broker answered; a batch that has ended has its outcome."""
        if batch.outcome is not None:
            return Verdict.ENDED
        match answer.code:
            case ErrorCode.NONE:
                self._end(batch, Written(answer.base_offset, answer.append_time_ms))
                return Verdict.ENDED
            case ErrorCode.DUPLICATE_SEQUENCE_NUMBER:
                # An earlier attempt was written, so long ago that the broker has forgotten where.
                self._end(batch, Written())
                return Verdict.ENDED
        if self._goes_on_in_pieces(batch, answer, now):
            return Verdict.IN_PIECES
        batch.perhaps_written |= answer.code in _PERHAPS_WRITTEN and self._config.idempotent
        error = BrokerError(answer.code, f"{batch.topic}-{batch.partition}", answer.message)
        verdict = self.refused(batch, error, now)
        if verdict is Verdict.RETRY and answer.leader_told:
            batch.retry_at = now
        elif verdict is Verdict.RETRY and answer.code not in _LEADER_STAYS:
            return Verdict.RETRY_ELSEWHERE
        return verdict

    def refused(self, batch: Batch, error: ClientError, now: float) -> Verdict:
        """It is not taken, for this reason: that may pass, or it is the end of it."""
        if not error.retriable:
            self._end(batch, error)
            return Verdict.ENDED
        self._retry(batch, error, now)
        return Verdict.RETRY

    def lost(self, batch: Batch, why: object, now: float, *, was_sent: bool = True) -> None:
        """No answer came, or the batch could not even be sent."""
        if batch.outcome is None:
            batch.perhaps_written |= was_sent and self._config.idempotent
            self._retry(batch, why, now)

    def _goes_on_in_pieces(self, batch: Batch, answer: Answer, now: float) -> bool:
        """Whether the records, or some of them, may yet be taken by themselves."""
        if batch.count == 1:
            return False
        place, parts = f"{batch.topic}-{batch.partition}", list[tuple[list[Fields], ClientError | None]]()
        if answer.code in _TOO_LARGE:
            queue = self._open[batch.topic, batch.partition]
            queue.room = min(queue.room, batch.size // 2)
            batch.last_error = BrokerError(answer.code, place, answer.message)
            parts = [(part, None) for part in of_at_most(queue.room, batch.read_back())]
        elif wrong := dict(answer.record_errors):
            for index, record in enumerate(batch.read_back()):
                if index in wrong:
                    parts.append(([record], BrokerError(answer.code, place, wrong[index] or answer.message)))
                elif parts and parts[-1][1] is None:
                    parts[-1][0].append(record)
                else:
                    parts.append(([record], None))
        if len(parts) < 2:
            return False
        self._replace(batch, parts, now)
        return True

    def _replace(self, batch: Batch, parts: Iterable[tuple[list[Fields], ClientError | None]], now: float) -> None:
        """The parts stand where the batch stood; those with an error end at once."""
        pieces = [(batch.piece(records, now), error) for records, error in parts]
        queue = self._open[batch.topic, batch.partition]
        assert queue.batches[0] is batch, "only the first of a queue is ever in flight"
        queue.batches.popleft()
        queue.batches.extendleft(piece for piece, _ in reversed(pieces))
        self.buffered += sum(piece.size for piece, _ in pieces) - batch.size
        batch.outcome = InPieces(tuple(piece for piece, _ in pieces))
        batch.data, batch.in_flight = None, False
        for piece, error in pieces:
            if error is not None:
                self._end(piece, error)

    def expire(self, now: float) -> list[Batch]:
        """End the batches whose delivery timeout is over."""
        late = [
            batch
            for queue in self._open.values()
            if queue.batches[0].deadline <= now  # the first of a queue is the first to be late
            for batch in queue.batches
            if batch.deadline <= now
        ]
        for batch in late:
            timeout = self._config.delivery_timeout
            self._end(batch, TimedOut(f"{batch}: not delivered within {timeout:g} s; last: {batch.last_error}"))
        return late

    def no_producer_id(self, error: ClientError) -> list[Batch]:
        """No producer id came: end the batches that wait for one, unless it may yet come."""
        waiting = [b for queue in self._open.values() if queue.producer is None for b in queue.batches]
        for batch in waiting:
            batch.last_error = error
            if not error.retriable:
                self._end(batch, error)
        return [batch for batch in waiting if batch.outcome is not None]

    def fail_all(self, error: ClientError) -> list[Batch]:
        """End every batch with this error."""
        failed = [batch for queue in self._open.values() for batch in queue.batches]
        for batch in failed:
            self._end(batch, error)
        return failed

    def _retry(self, batch: Batch, why: object, now: float) -> None:
        batch.retry_at = now + retry_pause(batch.attempts - 1, self._jitter())
        batch.last_error = why
        batch.in_flight = False

    def _end(self, batch: Batch, outcome: Written | ClientError) -> None:
        if batch.outcome is not None:
            return  # with another piece of the same batch
        place = (batch.topic, batch.partition)
        queue = self._open[place]
        queue.batches.remove(batch)
        if not queue.batches:
            del self._open[place]
        batch.outcome = outcome
        batch.in_flight = False
        self.buffered -= batch.size
        if isinstance(outcome, ClientError):
            self.lost_records += batch.count
            self.last_loss = outcome
        was_sent = batch.data is not None
        if batch.whole is not batch:
            self._judge_pieces([other for other in queue.batches if other.whole is batch.whole], outcome)
        batch.data, batch.records = None, []  # receipts keep the batch, but nobody needs its bytes any more
        if queue.room < self._room and isinstance(outcome, Written) and 2 * batch.size > queue.room:
            queue.room = min(queue.room + (queue.room >> _GROWTH) + 1, self._room)
        if self._config.transactional and not isinstance(outcome, Written):
            self.failure = self.failure or outcome
            return
        producer = queue.producer
        if producer is None or not was_sent:
            return
        if isinstance(outcome, Written):
            producer.sequence = (producer.sequence + batch.count) % _SEQUENCES
        elif producer.epoch < _MAX_EPOCH:
            producer.epoch += 1
            producer.sequence = 0
        else:
            queue.producer = self._identity = None

    def _judge_pieces(self, others: Iterable[Batch], outcome: Written | ClientError) -> None:
        """What the end of a piece says of the others: whether the whole was written before."""
        for other in others:
            if isinstance(outcome, Written):
                other.perhaps_written = False
            elif other.perhaps_written:
                self._end(other, outcome)


_LEADER_STAYS: Final = frozenset(
    {
        ErrorCode.NOT_ENOUGH_REPLICAS,
        ErrorCode.NOT_ENOUGH_REPLICAS_AFTER_APPEND,
        ErrorCode.REQUEST_TIMED_OUT,
        ErrorCode.CORRUPT_MESSAGE,
        ErrorCode.THROTTLING_QUOTA_EXCEEDED,
    }
)
_TOO_LARGE: Final = frozenset({ErrorCode.MESSAGE_TOO_LARGE, ErrorCode.RECORD_LIST_TOO_LARGE})
_PERHAPS_WRITTEN: Final = frozenset(
    {ErrorCode.REQUEST_TIMED_OUT, ErrorCode.NOT_ENOUGH_REPLICAS_AFTER_APPEND, ErrorCode.KAFKA_STORAGE_ERROR}
)
