"""UpdateMetadata, API key 6. Written by barnabas.protocol.generate: do not edit."""

from __future__ import annotations

from typing import ClassVar

from barnabas.protocol.api_keys import ApiKey
from barnabas.protocol.message import FieldFacts, RequestMessage, ResponseMessage


class UpdateMetadataRequest(RequestMessage):
    """UpdateMetadataRequest: no longer in use."""

    __slots__ = ()
    NAME: ClassVar[str] = "UpdateMetadataRequest"
    VERSIONS: ClassVar[tuple[int, int]] = (0, -1)
    FLEXIBLE_FROM: ClassVar[int | None] = None
    API_KEY: ClassVar[ApiKey] = ApiKey.UPDATE_METADATA


class UpdateMetadataResponse(ResponseMessage):
    """UpdateMetadataResponse: no longer in use."""

    __slots__ = ()
    NAME: ClassVar[str] = "UpdateMetadataResponse"
    VERSIONS: ClassVar[tuple[int, int]] = (0, -1)
    FLEXIBLE_FROM: ClassVar[int | None] = None
    API_KEY: ClassVar[ApiKey] = ApiKey.UPDATE_METADATA
