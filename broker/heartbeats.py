"""The shell of the broker's lifecycle: one connection to the active controller that carries registration and
heartbeats.

The controller takes the closing of this connection for the broker's death, a quarter of a second later; hence it
carries nothing else, is kept open, and is made anew at once when it breaks.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import trio

from barnabas.broker.controller_channel import Locate, NodeAddress
from barnabas.broker.lifecycle import Beat, BeatAnswer, BrokerLifecycle, BrokerState, Register
from barnabas.client.connection import CannotConnect, ClientConnection, ConnectionLost, connect
from barnabas.protocol.errors import ErrorCode, WireError
from barnabas.protocol.messages.broker_heartbeat import BrokerHeartbeatRequest, BrokerHeartbeatResponse
from barnabas.protocol.messages.broker_registration import BrokerRegistrationRequest, BrokerRegistrationResponse
from barnabas.server.logging import get_logger

if TYPE_CHECKING:
    from barnabas.metadata.cluster import BrokerRegistration
    from barnabas.net.transport import Network
    from barnabas.server.endpoints import Endpoint

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class BrokerIdentity:
    """What a broker says of itself when it registers. `features`: name -> (lowest, highest) level supported."""

    broker_id: int
    cluster_id: str
    incarnation_id: bytes
    listeners: Sequence[Endpoint]
    features: dict[str, tuple[int, int]]
    rack: str | None
    log_dirs: Sequence[bytes]

    def registration(self, previous_broker_epoch: int) -> BrokerRegistrationRequest:
        """As a request."""
        return BrokerRegistrationRequest(
            broker_id=self.broker_id,
            cluster_id=self.cluster_id,
            incarnation_id=self.incarnation_id,
            listeners=[
                BrokerRegistrationRequest.Listener(
                    name=endpoint.name,
                    host=endpoint.host,
                    port=endpoint.port,
                    security_protocol=endpoint.security_protocol,
                )
                for endpoint in self.listeners
            ],
            features=[
                BrokerRegistrationRequest.Feature(name=name, min_supported_version=low, max_supported_version=high)
                for name, (low, high) in sorted(self.features.items())
            ],
            rack=self.rack,
            log_dirs=sorted(self.log_dirs),
            previous_broker_epoch=previous_broker_epoch,
        )


class Heartbeats:
    """Drives a `BrokerLifecycle`.

    `run` returns when the broker may stop: `core.failure` then says whether it had to.
    """

    def __init__(
        self,
        core: BrokerLifecycle,
        identity: BrokerIdentity,
        network: Network,
        locate: Locate,
        metadata_offset: Callable[[], int],
        *,
        request_timeout: float,
    ) -> None:
        """`metadata_offset`: how far the metadata log has been applied. `request_timeout` in seconds."""
        self.core: Final = core
        self._identity = identity
        self._network = network
        self._locate = locate
        self._metadata_offset = metadata_offset
        self._request_timeout = request_timeout
        self._connection: ClientConnection | None = None
        self._connected_to: NodeAddress | None = None
        self._changed = trio.Event()
        self._sleep = trio.CancelScope()
        self._attempt = trio.CancelScope()
        self._in_request = False

    async def run(self) -> None:
        """Register, beat, and beat on until the core says that the broker shall stop."""
        core = self.core
        core.start(trio.current_time())
        async with trio.open_nursery() as nursery:
            try:
                told = ""
                while core.state is not BrokerState.SHUTTING_DOWN:
                    await self._step(nursery)
                    if str(core) != told:
                        told = str(core)
                        log.info("broker lifecycle", state=core.state.name, epoch=core.broker_epoch, fenced=core.fenced)
                        self._notify()
            finally:
                core.begin_shutdown()
                self._notify()
                self._disconnect()
            nursery.cancel_scope.cancel()

    async def wait_for_state(self, state: BrokerState) -> None:
        """Wait until the broker is in this state or a later one; for ever when it shuts down before that."""
        while self.core.state < state:
            await self._changed.wait()
        if self.core.state is BrokerState.SHUTTING_DOWN and state is not BrokerState.SHUTTING_DOWN:
            await trio.sleep_forever()

    # What other parts of the broker tell.

    def ready_to_unfence(self) -> None:
        """The broker may serve."""
        self.core.ready_to_unfence(trio.current_time())
        self._wake()

    def log_dir_failed(self, directory_id: bytes) -> None:
        """A log directory is offline from now on."""
        self.core.log_dir_failed(directory_id, trio.current_time())
        self._wake()

    def leader_moved(self) -> None:
        """Another node may be the active controller now."""
        leader = self._locate()
        if leader is not None and leader != self._connected_to:
            self.core.controller_changed(trio.current_time())
            self._attempt.cancel()
            self._wake()

    def beat_soon(self) -> None:
        """The controller waits to hear how far this broker has applied the metadata log."""
        self.core.beat_soon(trio.current_time())
        self._wake()

    def is_replaced(self, registration: BrokerRegistration | None) -> bool:
        """Whether the id is another process's by now, as the metadata says; if so, this one stops.

        Of two brokers with one id both would take themselves for the leader that the metadata names. While starting it
        takes no replica, and registers again: what came after it may have been sent by its own earlier life.
        """
        core = self.core
        if (
            registration is None
            or core.state is BrokerState.STARTING
            or not registration.epoch > core.broker_epoch >= 0
            or registration.incarnation_id == self._identity.incarnation_id
        ):
            return False
        self.stop_because(f"another process has registered as broker {self._identity.broker_id}")
        return True

    def stop_because(self, reason: str) -> None:
        """The broker cannot go on."""
        self.core.fail(reason)
        self._attempt.cancel()
        self._wake()

    def begin_controlled_shutdown(self, limit: float) -> None:
        """Have leadership moved away, for at most `limit` seconds, then stop."""
        self.core.begin_controlled_shutdown(trio.current_time(), limit)
        self._wake()
        self._attempt.deadline = self.core.next_deadline() or trio.current_time()

    # The loop.

    async def _step(self, nursery: trio.Nursery) -> None:
        core = self.core
        request = core.next_request(trio.current_time())
        if request is None:
            deadline = core.next_deadline()
            with trio.CancelScope(deadline=float("inf") if deadline is None else deadline) as self._sleep:
                if core.state is not BrokerState.SHUTTING_DOWN:
                    await trio.sleep_forever()
            return
        deadline = core.next_deadline()
        try:
            with trio.CancelScope(deadline=float("inf") if deadline is None else deadline) as self._attempt:
                self._in_request = True
                await self._carry_out(request, nursery)
                return
            core.handle_connection_lost(trio.current_time())
        except (CannotConnect, WireError) as error:
            log.info("no answer from the controller", request=str(request), reason=str(error))
            core.handle_failure(trio.current_time())
        except ConnectionLost as error:
            log.info("no answer from the controller", request=str(request), reason=str(error))
            core.handle_connection_lost(trio.current_time())
        finally:
            self._in_request = False

    async def _carry_out(self, request: Register | Beat, nursery: trio.Nursery) -> None:
        connection = await self._connected(nursery)
        if isinstance(request, Register):
            message = self._identity.registration(request.previous_broker_epoch)
            answer = await connection.request(message)
            assert isinstance(answer, BrokerRegistrationResponse)
            error = ErrorCode.of(answer.error_code)
            self._check_controller(error)
            if error is not ErrorCode.NONE:
                log.info("registration refused", error=error.name)
            self.core.handle_registration(error, answer.broker_epoch, trio.current_time())
        else:
            self._handle_beat(await connection.request(self._heartbeat(request)))

    def _heartbeat(self, beat: Beat) -> BrokerHeartbeatRequest:
        return BrokerHeartbeatRequest(
            broker_id=self._identity.broker_id,
            broker_epoch=beat.broker_epoch,
            current_metadata_offset=self._metadata_offset(),
            want_fence=beat.want_fence,
            want_shut_down=beat.want_shut_down,
            offline_log_dirs=beat.offline_log_dirs,
        )

    def _handle_beat(self, answer: object) -> None:
        assert isinstance(answer, BrokerHeartbeatResponse)
        error = ErrorCode.of(answer.error_code)
        self._check_controller(error)
        if error is not ErrorCode.NONE:
            log.info("heartbeat refused", error=error.name)
        beat = BeatAnswer(error, answer.is_caught_up, answer.is_fenced, answer.should_shut_down)
        self.core.handle_beat(beat, trio.current_time())

    def _check_controller(self, error: ErrorCode) -> None:
        if error is ErrorCode.NOT_CONTROLLER:
            raise WireError(error)

    async def _connected(self, nursery: trio.Nursery) -> ClientConnection:
        leader = self._locate()
        if leader is None:
            raise CannotConnect("controller", "no controller is known to be active")
        if self._connection is not None and self._connected_to == leader and not self._connection.closed:
            return self._connection
        self._disconnect()
        connection = await connect(
            self._network,
            leader.host,
            leader.port,
            f"broker-{self._identity.broker_id}-heartbeat",
            nursery=nursery,
            request_timeout=self._request_timeout,
            connect_timeout=self._request_timeout,
        )
        self._connection, self._connected_to = connection, leader
        connection.on_close(self._closed)
        return connection

    def _closed(self, connection: ClientConnection) -> None:
        """The connection broke; where a request was under way, its task sees that by itself."""
        if connection is self._connection:
            self._connection = self._connected_to = None
            if not self._in_request:
                self.core.handle_connection_lost(trio.current_time())
                self._wake()

    def _disconnect(self) -> None:
        connection, self._connection, self._connected_to = self._connection, None, None
        if connection is not None:
            connection.close()

    def _wake(self) -> None:
        self._sleep.cancel()

    def _notify(self) -> None:
        self._changed.set()
        self._changed = trio.Event()
