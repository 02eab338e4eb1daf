"""LeaderAndIsr, API key 4. Written by barnabas.protocol.generate: do not edit."""

from __future__ import annotations

from typing import ClassVar

from barnabas.protocol.api_keys import ApiKey
from barnabas.protocol.message import FieldFacts, RequestMessage, ResponseMessage


class LeaderAndIsrRequest(RequestMessage):
    """LeaderAndIsrRequest: no longer in use."""

    __slots__ = ()
    NAME: ClassVar[str] = "LeaderAndIsrRequest"
    VERSIONS: ClassVar[tuple[int, int]] = (0, -1)
    FLEXIBLE_FROM: ClassVar[int | None] = None
    API_KEY: ClassVar[ApiKey] = ApiKey.LEADER_AND_ISR


class LeaderAndIsrResponse(ResponseMessage):
    """LeaderAndIsrResponse: no longer in use."""

    __slots__ = ()
    NAME: ClassVar[str] = "LeaderAndIsrResponse"
    VERSIONS: ClassVar[tuple[int, int]] = (0, -1)
    FLEXIBLE_FROM: ClassVar[int | None] = None
    API_KEY: ClassVar[ApiKey] = ApiKey.LEADER_AND_ISR
