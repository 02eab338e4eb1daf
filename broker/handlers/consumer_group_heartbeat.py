"""ConsumerGroupHeartbeat (v0, v1): members of consumer groups join, live and leave (KIP-848).

v1: patterns of topics, and member ids that clients make themselves.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from barnabas.broker.coordinator.answers import OnceWaiter
from barnabas.broker.coordinator.groups.consumer_heartbeat import check_heartbeat
from barnabas.broker.handlers.group_requests import caller_of, submit
from barnabas.protocol.errors import ErrorCode, WireError
from barnabas.protocol.messages.consumer_group_heartbeat import (
    ConsumerGroupHeartbeatRequest,
    ConsumerGroupHeartbeatResponse,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from barnabas.broker.coordinator.groups.consumer_config import ConsumerConfig
    from barnabas.broker.handlers.group_requests import GroupCoordinators
    from barnabas.server.dispatch import Request


class ConsumerGroupHeartbeatHandler:
    """See the module's text. `enabled` tells whether the cluster has this protocol (yet)."""

    def __init__(self, coordinators: GroupCoordinators, config: ConsumerConfig, enabled: Callable[[], bool]) -> None:
        self._coordinators: Final = coordinators
        self._config: Final = config
        self._enabled: Final = enabled

    def handle(self, request: Request[ConsumerGroupHeartbeatRequest]) -> None:
        """Answer once what the heartbeat changes is committed."""
        body, caller = request.body, caller_of(request)

        def fail(error: WireError) -> None:
            request.reply(ConsumerGroupHeartbeatResponse(error_code=error.code, error_message=error.message))

        waiter = OnceWaiter(request.reply, fail)
        try:
            if not self._enabled():
                raise WireError(ErrorCode.UNSUPPORTED_VERSION)
            check_heartbeat(body, request.version, self._config.assignors)
        except WireError as error:
            waiter.fail(error)
            return
        submit(
            self._coordinators,
            body.group_id,
            lambda machine, now, now_ms: machine.handle_consumer_heartbeat(body, caller, waiter, now, now_ms),
            waiter,
        )
