"""A controller makes itself known to the active one: where it listens, and what it supports (KIP-919)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import trio

from barnabas.client.connection import ConnectionLost, connect
from barnabas.controller.driver import ControllerDriver
from barnabas.metadata.features import SUPPORTED
from barnabas.net.transport import Network
from barnabas.protocol.errors import WireError
from barnabas.protocol.messages.controller_registration import ControllerRegistrationRequest
from barnabas.server.endpoints import Endpoint
from barnabas.server.logging import get_logger
from barnabas.server.quorum import LeaderInfo

log = get_logger(__name__)

_RETRY_SECONDS: Final = 0.25
_REQUEST_SECONDS: Final = 5.0


@dataclass(frozen=True, slots=True)
class ControllerIdentity:
    """What a controller says of itself."""

    node_id: int
    incarnation_id: bytes
    listeners: list[Endpoint]

    def registration(self) -> ControllerRegistrationRequest:
        """As a request."""
        return ControllerRegistrationRequest(
            controller_id=self.node_id,
            incarnation_id=self.incarnation_id,
            listeners=[
                ControllerRegistrationRequest.Listener(
                    name=endpoint.name,
                    host=endpoint.host,
                    port=endpoint.port,
                    security_protocol=endpoint.security_protocol,
                )
                for endpoint in self.listeners
            ],
            features=[
                ControllerRegistrationRequest.Feature(
                    name=feature.name,
                    min_supported_version=feature.min_supported,
                    max_supported_version=feature.max_supported,
                )
                for feature in SUPPORTED.values()
            ],
        )


async def register(
    identity: ControllerIdentity,
    driver: ControllerDriver,
    leader: Callable[[], LeaderInfo | None],
    network: Network,
) -> None:
    """Ends when the registration is committed and known here. Tries again until then, whoever leads."""
    while not _is_registered(identity, driver):
        known = leader()
        if driver.active:
            driver.submit(identity.registration(), 0, lambda response: None)
        elif known is not None and known.id != identity.node_id and known.endpoint is not None:
            await _ask(identity, network, known.endpoint.host, known.endpoint.port)
        await trio.sleep(_RETRY_SECONDS)
    log.info("controller registered")


async def _ask(identity: ControllerIdentity, network: Network, host: str, port: int) -> None:
    async with trio.open_nursery() as nursery:
        try:
            connection = await connect(
                network,
                host,
                port,
                f"controller-{identity.node_id}",
                nursery=nursery,
                request_timeout=_REQUEST_SECONDS,
                connect_timeout=_REQUEST_SECONDS,
            )
            await connection.request(identity.registration())
        except (ConnectionLost, WireError) as error:
            log.info("registration put off", reason=str(error))
        nursery.cancel_scope.cancel()


def _is_registered(identity: ControllerIdentity, driver: ControllerDriver) -> bool:
    known = driver.controller.committed_image.cluster.controllers.get(identity.node_id)
    return known is not None and known.incarnation_id == identity.incarnation_id
