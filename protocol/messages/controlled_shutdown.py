"""ControlledShutdown, API key 7. Written by barnabas.protocol.generate: do not edit."""

from __future__ import annotations

from typing import ClassVar

from barnabas.protocol.api_keys import ApiKey
from barnabas.protocol.message import FieldFacts, RequestMessage, ResponseMessage


class ControlledShutdownRequest(RequestMessage):
    """ControlledShutdownRequest: no longer in use."""

    __slots__ = ()
    NAME: ClassVar[str] = "ControlledShutdownRequest"
    VERSIONS: ClassVar[tuple[int, int]] = (0, -1)
    FLEXIBLE_FROM: ClassVar[int | None] = None
    API_KEY: ClassVar[ApiKey] = ApiKey.CONTROLLED_SHUTDOWN


class ControlledShutdownResponse(ResponseMessage):
    """ControlledShutdownResponse: no longer in use."""

    __slots__ = ()
    NAME: ClassVar[str] = "ControlledShutdownResponse"
    VERSIONS: ClassVar[tuple[int, int]] = (0, -1)
    FLEXIBLE_FROM: ClassVar[int | None] = None
    API_KEY: ClassVar[ApiKey] = ApiKey.CONTROLLED_SHUTDOWN
