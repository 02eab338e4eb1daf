"""The driver of the controller core: quorum, requests and timers in, appends and replies out.

The quorum tells who leads and what is committed; a node that comes to lead is the active controller once it has
replayed everything from before its epoch. Then requests are decided, what they decide is appended, and their replies
leave when that is committed. What is due by time is decided in the same way.

A broken invariant, in a decision or in the replay of one, ends the lead of this node: another one may do better. One
in the replay of what is committed would meet every node, and ends the process.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from math import inf
from typing import TYPE_CHECKING, Any, Final

import trio

from barnabas.controller.controller import Controller, Decision
from barnabas.controller.error_replies import error_reply
from barnabas.controller.events import log_broker_changes
from barnabas.controller.record_log import QuorumLog, RecordLog
from barnabas.metadata.records import MetadataRecord, decode_record
from barnabas.protocol.errors import ErrorCode, WireError
from barnabas.protocol.message import RequestMessage, ResponseMessage
from barnabas.server.logging import get_logger
from barnabas.server.metrics import Histogram
from barnabas.server.runtime import Runtime

if TYPE_CHECKING:
    from barnabas.server.quorum import CommittedBatch, LeaderInfo
    from barnabas.server.timers import Timer, Timers

log = get_logger(__name__)

_RETRY_SECONDS: Final = 0.1

Reply = Callable[[ResponseMessage], None]


class ControllerDriver:
    """See the module. Everything is called from one event loop."""

    def __init__(
        self, controller: Controller, quorum: QuorumLog, timers: Timers, formatted: Sequence[bytes] = ()
    ) -> None:
        """`formatted`: the records that a new cluster was formatted with."""
        self.controller: Final = controller
        self.runtime: Final[Runtime[MetadataRecord]] = Runtime(
            controller, RecordLog(quorum), not_leader=_not_controller
        )
        self.latency: Final = Histogram()
        """Seconds from a request to its reply."""
        self._quorum = quorum
        self._timers = timers
        self._timer: Timer | None = None
        self._formatted = formatted
        self._active = False

    @property
    def active(self) -> bool:
        """Whether this is the active controller."""
        return self.runtime.leading

    # -- from the quorum -------------------------------------------------------------------------------------------

    def on_leader_change(self, leader: LeaderInfo | None, epoch: int) -> None:
        """Another epoch, or another leader.

        Of itself as the leader a node is told once it has replayed what was before.
        """
        self._depose()
        if leader is not None and leader.id == self.controller.state.config.node_id:
            log.info("controller active", epoch=epoch, image=str(self.controller.image))
            self.runtime.lead(epoch)
            self._active = True
            formatted = [decode_record(value) for value in self._formatted]
            self._decide(lambda: self.controller.activate(trio.current_time(), formatted), _log_refusal)

    def on_commit(self, batches: Sequence[CommittedBatch]) -> None:
        """The next batches are committed. Those that this node decided it has replayed already."""
        news = [batch for batch in batches if batch.records and batch.last_offset > self.runtime.replayed_offset]
        if news:
            records = [decode_record(value) for batch in news for value in batch.records]
            self.runtime.replay_committed(records, news[-1].last_offset, news[-1].epoch)
        if batches:
            self.runtime.commit(batches[-1].last_offset)

    def _depose(self) -> None:
        if self._active:
            log.info("controller inactive", offset=self.runtime.committed_offset)
            self._active = False
            self.controller.deactivate()
            self.runtime.resign(_not_controller())
            self._reschedule()

    # -- requests ----------------------------------------------------------------------------------------------------

    def submit(self, request: RequestMessage, version: int, reply: Reply) -> None:
        """Decides a request; `reply` gets the response, or the error in the API's own shape, once it is committed."""
        started = trio.current_time()

        def decide() -> Decision:
            return self.controller.handle(request, version, started, self._quorum.end_offset)

        def done(outcome: ResponseMessage | WireError) -> None:
            self.latency.observe(trio.current_time() - started)
            reply(error_reply(request, outcome) if isinstance(outcome, WireError) else outcome)

        self._decide(decide, done)

    def heartbeat_connection_closed(self, broker_id: int, broker_epoch: int) -> None:
        """The connection that carried the heartbeats of this incarnation of a broker has closed."""
        self.controller.heartbeat_connection_closed(broker_id, broker_epoch, trio.current_time())
        self._reschedule()

    # -- time ----------------------------------------------------------------------------------------------------------

    def _decide(self, decide: Callable[[], Decision], done: Callable[[Any], None]) -> None:
        before = self.controller.image
        try:
            self.runtime.submit(decide, done)
        except Exception as error:
            log.critical("controller cannot go on", exc_info=error, image=str(self.controller.image))
            self._depose()
            self._quorum.resign()
            done(_not_controller())
        else:
            log_broker_changes(before.cluster, self.controller.image.cluster)
            self._reschedule()

    def _reschedule(self) -> None:
        """Sets the timer anew where something is due before it; a timer that is too early sets itself."""
        deadline = self.controller.next_deadline() if self.active else inf
        if self._timer is not None:
            if self._timer.deadline <= deadline < inf:
                return
            self._timer.cancel()
            self._timer = None
        if deadline < inf:
            self._timer = self._timers.call_at(deadline, self._time_passed)

    def _time_passed(self) -> None:
        self._timer = None
        now = trio.current_time()
        refused: list[WireError] = []

        def done(outcome: object) -> None:
            if isinstance(outcome, WireError):
                refused.append(outcome)

        while self.active and not refused and self.controller.next_deadline() <= now:
            self._decide(partial(self.controller.tick, now), done)
        if refused and self.active:
            # The lead is being lost, most likely: what is due stays due, and must not be tried without a pause.
            _log_refusal(refused[0])
            if self._timer is not None:
                self._timer.cancel()
            self._timer = self._timers.call_at(now + _RETRY_SECONDS, self._time_passed)


def _not_controller() -> WireError:
    return WireError(ErrorCode.NOT_CONTROLLER, "This is not the active controller.")


def _log_refusal(outcome: object) -> None:
    if isinstance(outcome, WireError) and outcome.code != ErrorCode.NOT_CONTROLLER:
        log.error("decision refused", reason=str(outcome))
