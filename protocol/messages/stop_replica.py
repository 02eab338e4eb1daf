"""StopReplica, API key 5. Written by barnabas.protocol.generate: do not edit."""

from __future__ import annotations

from typing import ClassVar

from barnabas.protocol.api_keys import ApiKey
from barnabas.protocol.message import FieldFacts, RequestMessage, ResponseMessage


class StopReplicaRequest(RequestMessage):
    """StopReplicaRequest: no longer in use."""

    __slots__ = ()
    NAME: ClassVar[str] = "StopReplicaRequest"
    VERSIONS: ClassVar[tuple[int, int]] = (0, -1)
    FLEXIBLE_FROM: ClassVar[int | None] = None
    API_KEY: ClassVar[ApiKey] = ApiKey.STOP_REPLICA


class StopReplicaResponse(ResponseMessage):
    """StopReplicaResponse: no longer in use."""

    __slots__ = ()
    NAME: ClassVar[str] = "StopReplicaResponse"
    VERSIONS: ClassVar[tuple[int, int]] = (0, -1)
    FLEXIBLE_FROM: ClassVar[int | None] = None
    API_KEY: ClassVar[ApiKey] = ApiKey.STOP_REPLICA
