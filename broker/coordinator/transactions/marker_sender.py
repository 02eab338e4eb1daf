"""Has markers written: the shell around `MarkerQueue`. Brokers are asked, asked again, and the coordinator is told.

A task runs for each request that is under way; nothing runs otherwise. What is for this very broker takes no network.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final, Protocol, cast

from barnabas.broker.coordinator.answers import OnceWaiter, Waiter
from barnabas.broker.coordinator.transactions.marker_queue import LeaderOf, MarkerQueue
from barnabas.broker.peer_channels import PeerUnavailable
from barnabas.protocol.errors import ErrorCode, WireError
from barnabas.protocol.messages.write_txn_markers import WriteTxnMarkersRequest, WriteTxnMarkersResponse
from barnabas.server.logging import get_logger

if TYPE_CHECKING:
    from barnabas.broker.background import Background
    from barnabas.broker.coordinator.transactions.marker_order import MarkerOrder
    from barnabas.broker.purgatory import TimerSource
    from barnabas.protocol.message import RequestMessage, ResponseMessage

log = get_logger(__name__)

_FIRST_RETRY_SECONDS: Final = 0.02
_LAST_RETRY_SECONDS: Final = 1.0
_COMPLETION_RETRY_SECONDS: Final = 0.1
_ELSEWHERE: Final = (ErrorCode.NOT_COORDINATOR, ErrorCode.COORDINATOR_LOAD_IN_PROGRESS)


class Peers(Protocol):
    """`PeerChannels`."""

    async def request(self, broker_id: int, message: RequestMessage, version: int | None = None) -> ResponseMessage:
        """The broker's answer. Raises PeerUnavailable."""
        ...


class MarkerSender:
    """See the module's text. Is the coordinators' `MarkerOutbox`."""

    def __init__(
        self,
        broker_id: int,
        leader_of: LeaderOf,
        peers: Peers,
        *,
        background: Background,
        timers: TimerSource,
        clock: Callable[[], float],
        spawn: Callable[..., None],
    ) -> None:
        """`spawn` runs an async function in the background. `write_here` and `complete` are to be set."""
        self._broker_id: Final = broker_id
        self._peers: Final = peers
        self._background: Final = background
        self._timers: Final = timers
        self._clock: Final = clock
        self._spawn: Final = spawn
        self._queue: Final = MarkerQueue(leader_of)
        self._is_scheduled = False
        self._retry_at: float | None = None
        self._retry_after = _FIRST_RETRY_SECONDS
        self.write_here: Callable[[WriteTxnMarkersRequest, Callable[[WriteTxnMarkersResponse], None]], None]
        """Writes markers to the partitions that this broker leads (`WriteTxnMarkersHandler.write`)."""
        self.complete: Callable[[MarkerOrder, Waiter], None]
        """Tells the coordinator that an order is done."""

    def __len__(self) -> int:
        """How many transactions wait for markers."""
        return len(self._queue)

    def send(self, order: MarkerOrder) -> None:
        """See `MarkerOutbox`."""
        self._queue.add(order)
        self._run_soon()

    def cancel(self, shard: int, coordinator_epoch: int) -> None:
        """See `MarkerOutbox`."""
        self._queue.cancel(shard, coordinator_epoch)

    def leaders_changed(self) -> None:
        """The cluster's metadata changed: what had no leader may have one."""
        if self._queue.has_parked:
            self._queue.retry()
            self._run_soon()

    def _run_soon(self) -> None:
        """All that is ordered meanwhile goes together."""
        if not self._is_scheduled:
            self._is_scheduled = True
            self._background.soon(self._run)

    def _run(self) -> None:
        self._is_scheduled = False
        for broker_id, request in self._queue.next_requests():
            if broker_id == self._broker_id:
                self.write_here(request, lambda response: self._answered(self._broker_id, response))
            else:
                self._spawn(self._ask, broker_id, request)
        for order in self._queue.take_finished():
            self._complete(order)
        if not self._queue.has_parked:
            self._retry_after = _FIRST_RETRY_SECONDS
        elif self._retry_at is None:
            self._retry_at = self._clock() + self._retry_after
            self._retry_after = min(2 * self._retry_after, _LAST_RETRY_SECONDS)
            self._timers.call_at(self._retry_at, self._retry)

    def _retry(self) -> None:
        self._retry_at = None
        self._queue.retry()
        self._run_soon()

    async def _ask(self, broker_id: int, request: WriteTxnMarkersRequest) -> None:
        try:
            response = cast(WriteTxnMarkersResponse, await self._peers.request(broker_id, request))
        except PeerUnavailable as error:
            log.info("markers not written", broker=broker_id, reason=str(error))
            self._queue.failed(broker_id)
            self._run_soon()
        else:
            self._answered(broker_id, response)

    def _answered(self, broker_id: int, response: WriteTxnMarkersResponse) -> None:
        self._queue.answered(broker_id, response)
        self._run_soon()

    def _complete(self, order: MarkerOrder) -> None:
        def failed(error: WireError) -> None:
            if error.code not in _ELSEWHERE:
                log.info("transaction not completed yet", id=order.transactional_id, reason=error.code.name)
                self._timers.call_at(self._clock() + _COMPLETION_RETRY_SECONDS, lambda: self._complete(order))

        self.complete(order, OnceWaiter(lambda _: None, failed))
