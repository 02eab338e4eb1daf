"""The shell around `raft.node`: one member of the metadata quorum, on trio.

Everything that happens (a request, an answer, a deadline, a finished sync, an append) is stepped into the core one by
one, and the core's `Ready` is carried out in order: the election state is written by a thread before anything else,
and until that is done further events wait; the rest is done at once. Syncing the log is a task of its own, which syncs
in one go what gathered while the last sync ran. Another task hands committed batches to the application, in order,
each once, from the beginning of the log.

Controllers serve the quorum's requests (`quorum_handlers`); brokers only follow. A disk that fails, a committed record
that the application cannot bear, and a broken invariant end `run` with the error: the node must stop.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import trio

from barnabas.net.transport import Network
from barnabas.protocol.errors import ErrorCode, RemoteProtocolError, WireError
from barnabas.protocol.message import ResponseMessage
from barnabas.protocol.record_batch import RecordBatch
from barnabas.raft.config import Identity, RaftConfig
from barnabas.raft.events import (
    Append,
    Event,
    LeaderConnectionClosed,
    RequestFailed,
    RequestReceived,
    Resign,
    ResponseReceived,
    Started,
    Synced,
    TimePassed,
)
from barnabas.raft.messages import Request as RaftRequest
from barnabas.raft.node import RaftNode
from barnabas.raft.observer import Observer
from barnabas.raft.ready import Leadership, Ready, Reply, Sync
from barnabas.raft.resigned import Resigned
from barnabas.raft.role import Role
from barnabas.raft.voters import Endpoint, VoterSet
from barnabas.server.dispatch import Request
from barnabas.server.environment import Threads, in_thread
from barnabas.server.failure import NodeFailure
from barnabas.server.logging import get_logger
from barnabas.server.metadata_log import MetadataLog, encode_batch, split_records, whole_batches
from barnabas.server.quorum_peers import Peers
from barnabas.server.quorum_wire import request_to_wire, response_from_wire, response_to_wire
from barnabas.storage.disk import LogSlice, StorageError

log = get_logger(__name__)

FETCH_BYTES: Final = 1024 * 1024
_READ_BYTES: Final = 1024 * 1024


class NotLeader(WireError):
    """Only the leader of the quorum appends, and this node is not, or is not any more."""

    def __init__(self) -> None:
        super().__init__(ErrorCode.NOT_CONTROLLER, "This node is not the active controller.")


class LeaderInfo(NamedTuple):
    """The leader of the quorum: node id, its epoch, and where the controllers' listener of that node is."""

    id: int
    epoch: int
    endpoint: Endpoint | None


@dataclass(frozen=True, slots=True)
class CommittedBatch:
    """A committed batch; `records` are the values of its records, none for a control batch of the quorum's own.

    The first record has `base_offset`, the last one `last_offset`. `timestamp_ms`: when its leader wrote it.
    """

    base_offset: int
    last_offset: int
    epoch: int
    timestamp_ms: int
    records: Sequence[memoryview]


class Bell:
    """Wakes one task; rings while it is busy are one ring."""

    def __init__(self) -> None:
        self._event = trio.Event()

    def ring(self) -> None:
        self._event.set()

    async def wait(self) -> None:
        await self._event.wait()
        self._event = trio.Event()


class Quorum:
    """See the module. Everything but `run` is called on the event loop and returns at once."""

    def __init__(
        self,
        *,
        identity: Identity,
        config: RaftConfig,
        log: MetadataLog,
        network: Network,
        random: Callable[[], float],
        clock_ms: Callable[[], int],
        on_commit: Callable[[Sequence[CommittedBatch]], None],
        on_leader_change: Callable[[LeaderInfo | None, int], None],
        observe_commit: Callable[[float], None] = lambda seconds: None,
        threads: Threads = in_thread,
    ) -> None:
        """`random` gives numbers from 0 to less than 1, `clock_ms` the wall clock.

        `on_commit` gets every committed batch once, in order. `on_leader_change(leader, epoch)` is told at once of
        every new epoch and of a leader found or lost; of this node as leader only after `on_commit` got everything up
        to the beginning of its epoch, so that it may decide and append from then on. `observe_commit` gets the seconds
        from each append here to its commit.
        """
        self.identity: Final = identity
        self._log = log
        self._network = network
        self._config = config
        self._clock_ms = clock_ms
        self._on_commit = on_commit
        self._on_leader_change = on_leader_change
        self._observe_commit = observe_commit
        self._threads = threads
        self._node = RaftNode(config, identity, log.view(), log.voters, log.election_state, random)
        self._events: deque[Event] = deque()
        self._is_busy = True
        self._failure: Exception | None = None
        self._failed = trio.Event()
        self._is_known = False
        self._stepped = trio.lowlevel.ParkingLot()
        self._sleep = trio.CancelScope()
        self._wanted_sync: Sync | None = None
        self._sync_bell = Bell()
        self._commit_bell = Bell()
        self._committed: int | None = None
        self._applied = 0
        self._leadership = Leadership(0, None)
        self._unannounced: Leadership | None = None
        self._appended: deque[tuple[int, float]] = deque()
        self._nursery: trio.Nursery
        self._peers: Peers

    # --- what is known ---

    @property
    def leader(self) -> LeaderInfo | None:
        """The leader, None while none is known."""
        now = self._leadership
        return None if now.leader_id is None else LeaderInfo(now.leader_id, now.epoch, now.endpoint)

    @property
    def is_leader(self) -> bool:
        """Whether this node leads; it may append once `on_leader_change` has said so."""
        return self._node.is_leader

    @property
    def hears_leader(self) -> bool:
        """Whether the leader is in touch with this node, which leads or has heard it lately. A leader may be known
        that is not there any more, until there is another.
        """
        return self._node.role.hears_leader(trio.current_time())

    @property
    def epoch(self) -> int:
        return self._node.role.epoch

    @property
    def role(self) -> Role:
        """For people and metrics: its `name` tells the role."""
        return self._node.role

    @property
    def voters(self) -> VoterSet:
        """The newest voter set in the log."""
        return self._node.voters.latest

    @property
    def high_watermark(self) -> int | None:
        """The end of what is committed and in this node's log; None until a leader has said.

        The core knows it earlier: a new leader's first answer may bring records, and before they are written it is
        noted on disk whom this node follows.
        """
        return self._committed

    @property
    def end_offset(self) -> int:
        """The end of this node's log."""
        return self._node.log.end_offset

    @property
    def log_start_offset(self) -> int:
        return self._node.log.start_offset

    @property
    def applied_offset(self) -> int:
        """The offset after the last record that `on_commit` got."""
        return self._applied

    # --- what can be asked for ---

    def append(self, records: Sequence[bytes], *, atomic: bool = True) -> list[int]:
        """Appends records, which are committed later or not at all; the last offset of each batch that was made.

        The records get consecutive offsets. With `atomic` they stand in one batch, and all or none are committed.
        Raises NotLeader, and WireError(POLICY_VIOLATION) when they are too large to stay together.
        """
        if self._is_busy or not self._node.is_leader:
            raise NotLeader
        if not records:
            return []
        try:
            payloads = split_records(records, atomic=atomic)
        except ValueError as error:
            raise WireError(ErrorCode.POLICY_VIOLATION, str(error)) from None
        offset = self._node.log.end_offset - 1
        self._feed(Append(tuple(payloads)))
        if self._failure is not None:
            raise NotLeader
        self._appended.append((self._node.log.end_offset, trio.current_time()))
        return [offset := offset + payload.count for payload in payloads]

    def resign(self) -> None:
        """Gives up leadership; the others elect a successor at once."""
        self._feed(Resign())

    async def handed_over(self) -> None:
        """Waits until the other voters know that this node has resigned; returns at once if it has not."""
        while isinstance(self._node.role, Resigned) and self._node.role.unacknowledged:
            await self._stepped.park()

    def receive(self, request: Request, message: RaftRequest) -> None:
        """A peer's request, `message` freed of its wire form; the answer goes to `request`."""
        self._feed(RequestReceived(request, message))

    # --- running ---

    async def run(self, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Takes part in the quorum until cancelled; then closes the log.

        Raises, in a group, what makes it impossible to go on: NodeFailure when the disk failed, else a bug's error.
        """
        try:
            async with trio.open_nursery() as nursery:
                self._nursery = nursery
                self._peers = Peers(
                    self._network,
                    nursery,
                    client_id=f"quorum-{self.identity.key.id}",
                    request_timeout=self._config.request_timeout,
                    answered=self._answered,
                    failed=lambda correlation, unreachable: self._feed(RequestFailed(correlation, unreachable)),
                    closed=lambda node_id: self._feed(LeaderConnectionClosed(node_id)),
                )
                nursery.start_soon(self._sync_log)
                nursery.start_soon(self._hand_over_commits)
                self._is_busy = False
                self._feed(Started())
                nursery.start_soon(self._keep_time)
                task_status.started()
                await self._failed.wait()
                assert self._failure is not None
                raise self._failure
        except* StorageError as errors:
            raise NodeFailure(f"the metadata log failed: {errors.exceptions[0]}") from None
        finally:
            self._is_busy = True
            self._close_log()

    def _close_log(self) -> None:
        try:
            self._log.close(self._clock_ms())
        except StorageError as error:
            # What anybody was told of is synced, and the next start reads the rest.
            log.error("metadata log not closed", reason=str(error))

    def _feed(self, event: Event) -> None:
        """Steps an event now, or after those that are being carried out."""
        self._events.append(event)
        if not self._is_busy:
            self._is_busy = True
            self._go_on()

    def _go_on(self, ready: Ready | None = None) -> None:
        """Carries out what is left of the last step, then steps the events that wait."""
        try:
            if ready is not None:
                self._carry_out(ready)
            while self._events:
                self._node.step(self._events.popleft(), trio.current_time())
                ready = self._node.ready()
                if ready.election_state is not None:
                    self._nursery.start_soon(self._persist, ready)
                    return
                self._carry_out(ready)
        except Exception as error:  # noqa: BLE001 - whoever caused the step cannot help; `run` raises it
            log.error("the quorum cannot go on", state=str(self._node), error=repr(error))
            self._failure = error
            self._failed.set()
            return
        self._is_busy = False
        self._stepped.unpark_all()
        if (deadline := self._node.next_deadline()) < self._sleep.deadline:
            self._sleep.deadline = deadline

    async def _persist(self, ready: Ready) -> None:
        election_state = ready.election_state
        assert election_state is not None
        await self._threads(lambda: self._log.write_election_state(election_state))
        self._go_on(ready)

    def _carry_out(self, ready: Ready) -> None:
        """Everything of a `Ready` but its election state, in the order that it asks for."""
        now_ms = self._clock_ms()
        for warning in ready.warnings:
            log.warning("quorum peer not believed", reason=warning)
        if ready.truncate_to is not None:
            log.info("quorum log cut", end_offset=ready.truncate_to)
            self._log.truncate(ready.truncate_to, now_ms)
        for batch in ready.append:
            self._log.append(encode_batch(batch, now_ms), now_ms)
        if ready.sync is not None:
            self._wanted_sync = ready.sync
            self._sync_bell.ring()
        for message in ready.messages:
            self._peers.send(message, request_to_wire(message.request, FETCH_BYTES))
        if ready.leadership is not None:
            self._leadership_changed(ready.leadership)
        if ready.committed is not None:
            self._committed = ready.committed
            self._commit_bell.ring()
        for reply in ready.replies:
            self._answer(reply)
        self._node.advance(ready)

    def _answer(self, reply: Reply) -> None:
        request = reply.token
        assert isinstance(request, Request)
        records: LogSlice | memoryview | None = None
        if reply.read_from is not None:
            place = self._log.locate(reply.read_from, min(FETCH_BYTES, request.body.max_bytes))
            records = place.read() if place is not None and place.fd < 0 else place
        start_offset = self._node.log.start_offset
        request.reply(response_to_wire(reply.response, request.version, records=records, log_start_offset=start_offset))

    def _answered(self, correlation: int, message: ResponseMessage) -> None:
        try:
            response = response_from_wire(message, self.identity.listener)
        except RemoteProtocolError as error:
            self._refused(message, str(error))
            self._feed(RequestFailed(correlation, unreachable=False))
        else:
            self._is_known = True
            self._feed(ResponseReceived(correlation, response))

    def _refused(self, message: ResponseMessage, reason: str) -> None:
        """A peer answers with what no member of this quorum says: a stranger here must stop, a member goes on."""
        is_stranger = isinstance(self._node.role, Observer) and not self._is_known
        if is_stranger and getattr(message, "error_code", None) == ErrorCode.INCONSISTENT_CLUSTER_ID:
            own = self.identity.cluster_id
            self._failure = NodeFailure(f"the controllers belong to another cluster than this node's directory, {own}")
            self._failed.set()
        elif self._failure is None:
            log.warning("quorum peer answered nonsense", reason=reason)

    async def _keep_time(self) -> None:
        while True:
            deadline = float("inf") if self._is_busy else self._node.next_deadline()
            with trio.CancelScope(deadline=deadline) as self._sleep:
                await trio.sleep_forever()
            if not self._is_busy and self._node.next_deadline() <= trio.current_time():
                self._feed(TimePassed())

    async def _sync_log(self) -> None:
        """Group commit: one sync for all that was appended while the one before it ran."""
        while True:
            await self._sync_bell.wait()
            while (sync := self._wanted_sync) is not None:
                self._wanted_sync = None
                flush = self._log.prepare_sync()
                if flush is not None:
                    await self._threads(flush.run)
                    self._log.complete_sync(flush, self._clock_ms())
                self._feed(Synced(sync))

    # --- the application ---

    def _leadership_changed(self, leadership: Leadership) -> None:
        self._leadership = leadership
        self._appended.clear()
        if leadership.start_offset is not None:
            self._unannounced = leadership
            self._announce_own_leadership()
        else:
            self._unannounced = None
            log.info("quorum leader", leader=leadership.leader_id, epoch=leadership.epoch)
            self._on_leader_change(self.leader, leadership.epoch)

    def _announce_own_leadership(self) -> None:
        mine = self._unannounced
        if mine is not None and mine.start_offset is not None and self._applied > mine.start_offset:
            self._unannounced = None
            log.info("quorum leader", leader=mine.leader_id, epoch=mine.epoch)
            self._on_leader_change(self.leader, mine.epoch)

    async def _hand_over_commits(self) -> None:
        while True:
            await self._commit_bell.wait()
            while self._applied < (self._committed or 0):
                batches = await self._read_committed()
                self._on_commit([_committed(batch) for batch in batches])
                self._applied = batches[-1].next_offset
                self._observe_commits()
                self._announce_own_leadership()

    async def _read_committed(self) -> list[RecordBatch]:
        """The next committed batches, a bounded amount of them."""
        high_watermark = self._committed or 0
        place = self._log.locate(self._applied, _READ_BYTES, high_watermark)
        assert place is not None, f"nothing at {self._applied}, though committed up to {high_watermark}"
        data = place.try_read()
        if data is None:
            data = await self._threads(place.read)
        else:
            await trio.lowlevel.checkpoint()
        return list(whole_batches(data, high_watermark))

    def _observe_commits(self) -> None:
        while self._appended and self._appended[0][0] <= self._applied:
            self._observe_commit(trio.current_time() - self._appended.popleft()[1])


def _committed(batch: RecordBatch) -> CommittedBatch:
    values = [] if batch.is_control else [record.value or memoryview(b"") for record in batch.records()]
    return CommittedBatch(batch.base_offset, batch.last_offset, batch.leader_epoch, batch.max_timestamp, values)
