"""One Fetch request, from its first look at the partitions to its answer.

A fetch looks at the partitions of its session that have news and finds for each what there is to tell (`_Look`);
nothing is read from the disk yet. It is answered at once if it may not wait, if there is enough to send, or if a
partition has an error or something else that the client must know (a diverging epoch, a better replica to read from).
Otherwise it waits: the partitions it has looked at put themselves back among the news when they change, and it looks
again. When it is answered the session is told what is told, and the records are taken: from memory where they are
cached; by `sendfile`, as they are, where there are many; else they are read in a thread.

A follower's fetch says at the same time what the follower holds. That counts once, for the partitions that the
request names. It may move a high watermark, and whoever waited for that may write to any partition there and then: so
partitions may change while a fetch looks at them, and have news again before their answer is made.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final, Protocol

from barnabas.broker.fetch_session import FetchContext, SessionPartition, TopicKey
from barnabas.protocol.errors import ErrorCode, WireError
from barnabas.protocol.messages.fetch import FetchResponse
from barnabas.storage.disk import LogSlice, StorageError
from barnabas.storage.index import CorruptIndex

if TYPE_CHECKING:
    from barnabas.broker.isr import IsrChange
    from barnabas.broker.partition import Partition

PartitionData = FetchResponse.PartitionData

_SENDFILE_BYTES: Final = 64 * 1024
_FIRST_VERSION_WITH_STORAGE_ERROR: Final = 6
_NOTHING: Final = memoryview(b"")


class FetchHost(Protocol):
    """What a fetch needs of the broker."""

    def clock(self) -> float:
        """Seconds."""
        ...

    def find(self, topic: TopicKey, index: int) -> Partition:
        """The hosted partition; WireError where there is none."""
        ...

    def preferred_replica(self, partition: Partition, rack: str, offset: int) -> int | None:
        """A replica nearer to the client than this leader, that has `offset` (KIP-392)."""
        ...

    def change_isr(self, partition: Partition, change: IsrChange) -> None:
        """Send an ISR change to the controller."""
        ...

    def storage_failed(self, error: StorageError) -> None:
        """A log directory failed."""
        ...

    def look_again(self, fetch: PendingFetch) -> None:
        """Call the fetch's `look_again` soon, after what is being handled now."""
        ...

    def wait(self, fetch: PendingFetch, limit: float) -> None:
        """Call the fetch's `expire` in `limit` seconds, unless it is done."""
        ...

    def read_then(self, reads: list[tuple[PartitionData, LogSlice]], then: Callable[[], None]) -> None:
        """Read these slices in a thread into the partitions' records, then call `then` on the event loop."""
        ...


class FetchParams:
    """What a request says for all of its partitions."""

    __slots__ = (
        "leader_only",
        "max_bytes",
        "max_wait",
        "min_bytes",
        "rack",
        "read_committed",
        "replica_epoch",
        "replica_id",
        "version",
    )

    def __init__(
        self,
        *,
        version: int,
        max_wait: float = 0.0,
        min_bytes: int = 0,
        max_bytes: int = 0x7FFFFFFF,
        replica_id: int = -1,
        replica_epoch: int = -1,
        read_committed: bool = False,
        rack: str = "",
    ) -> None:
        """`max_wait` in seconds."""
        self.version = version
        self.max_wait = max_wait
        self.max_bytes = max_bytes
        self.min_bytes = min(min_bytes, max_bytes)
        self.replica_id = replica_id
        self.replica_epoch = replica_epoch
        self.read_committed = read_committed
        self.rack = rack
        # A follower has served consumers since they can be told of it (v11); replicas copy from the leader alone.
        self.leader_only = replica_id >= 0 or version < 11

    @property
    def from_follower(self) -> bool:
        return self.replica_id >= 0


class _Look:
    """What there is to tell of one partition."""

    __slots__ = ("data", "known", "quiet", "records", "urgent")

    def __init__(self, known: SessionPartition, data: PartitionData) -> None:
        self.known = known
        self.data = data
        self.records: LogSlice | None = None
        self.quiet = False
        self.urgent = False


class PendingFetch:
    """See the module's text. `reply` is called once, with the answer whose records have been taken."""

    __slots__ = (
        "_answered",
        "_bytes",
        "_context",
        "_host",
        "_looks",
        "_lost",
        "_params",
        "_queued",
        "_reply",
        "_urgent",
        "deadline",
        "done",
    )

    def __init__(
        self, host: FetchHost, context: FetchContext, params: FetchParams, reply: Callable[[FetchResponse], None]
    ) -> None:
        self._host: Final = host
        self._context: Final = context
        self._params: Final = params
        self._reply: Callable[[FetchResponse], None] | None = reply
        self._looks: list[_Look] = []
        self._bytes = 0
        self._urgent = False
        self._lost = 0
        self._queued = False
        self.done = False
        self.deadline = 0.0

    # Waiting

    def start(self) -> None:
        """Answer if there is enough, else wait."""
        session = self._context.session
        session.waiter = self
        if self._params.from_follower and session.fetcher_epoch != self._params.replica_epoch:
            session.fetcher_epoch = self._params.replica_epoch
            session.look_at_all()
        self._look()
        if self._params.max_wait <= 0 or self._is_enough():
            self._answer()
            return
        self._watch_all()
        self._host.wait(self, self._params.max_wait)

    def wake(self) -> None:
        if not self._queued and not self.done:
            self._queued = True
            self._host.look_again(self)

    def look_again(self) -> None:
        """After `wake`: answer if there is enough now."""
        self._queued = False
        if self.done:
            return
        self._look()
        if self._is_enough():
            self._answer()
        else:
            self._watch_all()

    def expire(self) -> None:
        """The time is up: answer with what there is."""
        self._look()
        self._answer()

    def answer_now(self) -> None:
        self.expire()

    def _is_enough(self) -> bool:
        session = self._context.session
        return self._urgent or self._bytes >= self._params.min_bytes or self._lost == len(session.partitions)

    def _watch_all(self) -> None:
        """Also those with records, where they are too few: more may come."""
        for look in self._looks:
            partition = look.known.partition
            if partition is not None:
                partition.watch(look.known, from_follower=self._params.from_follower)
        self._looks = []  # the next look makes them anew

    # Looking

    def _look(self) -> None:
        """See what there is to tell of the partitions with news, within the limits of bytes."""
        params = self._params
        left, first = params.max_bytes, True
        self._looks, self._urgent, self._lost = [], False, 0
        for known in self._context.session.to_look_at():
            known.has_changed = False
            look = _Look(known, PartitionData(partition_index=known.index, high_watermark=-1, records=_NOTHING))
            self._looks.append(look)
            try:
                partition = known.partition
                if partition is None or partition.error:
                    known.partition = None
                    known.partition = partition = self._find(known, look.data)
                self._look_at(partition, known, look, min(known.max_bytes, left), first)
            except WireError as error:
                self._refuse(look, error.code)
            except StorageError as error:
                self._host.storage_failed(error)
                self._refuse(look, ErrorCode.KAFKA_STORAGE_ERROR)
            if look.records is not None:
                first = False
                left = max(0, left - look.records.size)
        self._bytes = (
            params.max_bytes - left if left else sum(look.records.size for look in self._looks if look.records)
        )

    def _find(self, known: SessionPartition, data: PartitionData) -> Partition:
        try:
            return self._host.find(known.topic, known.index)
        except WireError as error:
            if error.code in (ErrorCode.UNKNOWN_TOPIC_ID, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION):
                self._lost += 1
            raise

    def _refuse(self, look: _Look, error: ErrorCode) -> None:
        """An error is told at once, but for one that nobody can do anything about here:

        A topic that is not there (yet).
        """
        lost = error in (ErrorCode.UNKNOWN_TOPIC_ID, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
        look.records = None
        if not lost:
            self._urgent = True
            look.data.aborted_transactions = None
        if error == ErrorCode.KAFKA_STORAGE_ERROR and self._params.version < _FIRST_VERSION_WITH_STORAGE_ERROR:
            error = ErrorCode.NOT_LEADER_OR_FOLLOWER
        look.data.error_code = error

    def _look_at(self, partition: Partition, known: SessionPartition, look: _Look, max_bytes: int, first: bool) -> None:
        params, data = self._params, look.data
        partition.check(known.current_leader_epoch, leader_only=params.leader_only)
        if not params.from_follower and params.version >= 11 and partition.leader is not None:
            preferred = self._host.preferred_replica(partition, params.rack, known.fetch_offset)
            if preferred is not None:
                self._describe(partition, look)
                data.preferred_read_replica, data.aborted_transactions = preferred, None
                look.urgent = self._urgent = True
                return
        diverging = partition.diverging_epoch(known.last_fetched_epoch, known.fetch_offset)
        if diverging is not None:
            self._describe(partition, look)
            data.diverging_epoch.epoch, data.diverging_epoch.end_offset = diverging
            data.aborted_transactions = None
            look.urgent = self._urgent = True
            return
        log, offset = partition.log, known.fetch_offset
        if params.from_follower:
            limit = log.log_end_offset
        else:
            limit = partition.last_stable_offset if params.read_committed else partition.high_watermark
        # Beyond the limit nothing is there to be found, but the offset may be out of the log's range.
        look.records = log.locate(offset, max_bytes, limit, first)
        if params.from_follower and known.named:
            self._note_follower(partition, known)
            if limit < log.log_end_offset:
                # What the follower holds let the high watermark pass, and somebody wrote here in response.
                limit = log.log_end_offset
                look.records = log.locate(offset, max_bytes, limit, first)
        self._describe(partition, look)
        look.quiet = offset >= limit
        if look.quiet:
            partition.watch(known, from_follower=params.from_follower)

    def _note_follower(self, partition: Partition, known: SessionPartition) -> None:
        params = self._params
        change = partition.follower_fetched(known, params.replica_id, params.replica_epoch, self._host.clock())
        known.named = False
        if change is not None:
            self._host.change_isr(partition, change)

    def _describe(self, partition: Partition, look: _Look) -> None:
        data = look.data
        data.high_watermark = partition.high_watermark
        data.last_stable_offset = partition.last_stable_offset
        data.log_start_offset = partition.log.log_start_offset
        data.aborted_transactions = [] if self._params.read_committed else None

    # Answering

    def _answer(self) -> None:
        self.done = True
        context, session = self._context, self._context.session
        if session.waiter is self:
            session.waiter = None
        try:
            context.check_epoch()
        except WireError as error:
            self._finish(FetchResponse(error_code=error.code, session_id=session.id))
            return
        response = FetchResponse()
        reads: list[tuple[PartitionData, LogSlice]] = []
        answer: FetchResponse.FetchableTopicResponse | None = None
        last_topic: TopicKey | None = None
        for look in self._looks:
            known, records = look.known, look.records
            if records is not None and self._params.read_committed:
                records = self._with_aborted(look, records)
            size = 0 if records is None else records.size
            if records is not None and not self._take(look.data, records):
                reads.append((look.data, records))
            if session.tell(
                known,
                look.data,
                records_size=size,
                urgent=look.urgent,
                quiet=look.quiet and not known.has_changed,
                incremental=context.is_incremental,
            ):
                if answer is None or known.topic != last_topic:
                    last_topic = known.topic
                    answer = _topic_answer(known.topic)
                    response.responses.append(answer)
                answer.partitions.append(look.data)
        response.session_id = context.finish(self._host.clock())
        self._looks = []
        if reads:
            self._host.read_then(reads, lambda: self._finish(response))
        else:
            self._finish(response)

    def _with_aborted(self, look: _Look, records: LogSlice) -> LogSlice | None:
        """Tell whose records of these are to be skipped; no records where that cannot be told."""
        known, data = look.known, look.data
        try:
            aborted = (
                [] if known.partition is None else known.partition.log.aborted_transactions(known.fetch_offset, records)
            )
        except (CorruptIndex, StorageError) as error:
            if isinstance(error, StorageError):
                self._host.storage_failed(error)
            data.error_code, data.aborted_transactions = ErrorCode.KAFKA_STORAGE_ERROR, None
            return None
        data.aborted_transactions = [
            FetchResponse.AbortedTransaction(producer_id=each.producer_id, first_offset=each.first_offset)
            for each in aborted
        ]
        return records

    def _take(self, data: PartitionData, records: LogSlice) -> bool:
        """Put the records into the answer, if that needs no waiting for the disk. An error there counts as well."""
        try:
            if records.size >= _SENDFILE_BYTES and records.fd >= 0:
                # Sending must not wait for the disk either: where both ends are cached, so as a rule is what is
                # between.
                file, end = records.file, records.offset + records.size
                if file.try_read(records.offset, 1) is None or file.try_read(end - 1, 1) is None:
                    return False
                data.records = records  # type: ignore[assignment]  # any part can be sent
                return True
            data.records = records.try_read()
            return data.records is not None
        except StorageError as error:
            self._host.storage_failed(error)
            data.error_code = ErrorCode.KAFKA_STORAGE_ERROR
            data.records = _NOTHING
            return True

    def _finish(self, response: FetchResponse) -> None:
        reply, self._reply = self._reply, None
        if reply is not None:
            reply(response)


def _topic_answer(topic: TopicKey) -> FetchResponse.FetchableTopicResponse:
    if isinstance(topic, str):
        return FetchResponse.FetchableTopicResponse(topic=topic)
    return FetchResponse.FetchableTopicResponse(topic_id=topic)
