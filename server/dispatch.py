"""From a decoded request to its handler: `Request`, what handlers get, and `ApiTable`, which handler serves which API
and versions.

A handler that need not wait is a plain function `(Request) -> None` and costs no task; it calls `request.reply` at
once or leaves that to whoever completes it later. An `async` handler runs as a task of its listener. Handlers answer
protocol errors themselves, in the shape of their own API; an exception that leaves a handler is a bug: it is logged,
and the connection is closed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Coroutine, Iterable, Mapping
from dataclasses import dataclass, field
from inspect import iscoroutinefunction
from typing import TYPE_CHECKING, Any, Final, Generic, TypeAlias

from barnabas.protocol.api_keys import API_VERSIONS, ApiKey
from barnabas.protocol.errors import ErrorCode, LocalProtocolError
from barnabas.protocol.messages import request_class
from barnabas.protocol.messages.index import APIS as API_NAMES
from barnabas.server.metrics import ApiStatistics
from barnabas.server.pipeline import Slot

if TYPE_CHECKING:
    from typing_extensions import TypeVar

    from barnabas.protocol.framing import RequestHeader
    from barnabas.protocol.message import RequestMessage, ResponseMessage
    from barnabas.protocol.messages.api_versions import ApiVersionsRequest
    from barnabas.server.connection import Connection

    M = TypeVar("M", bound=RequestMessage, default=Any)
else:
    from typing import TypeVar

    M = TypeVar("M")

# librdkafka before 2.9 takes a broker without Produce v0 for one that cannot compress (KAFKA-18659), so Kafka announces
# versions that it refuses.
_ANNOUNCED_MIN: Final = {ApiKey.PRODUCE: 0}
_SOFTWARE: Final = re.compile(r"[a-zA-Z0-9](?:[a-zA-Z0-9\-.]*[a-zA-Z0-9])?")


class Request(Slot, Generic[M]):
    """One request of one connection, from its arrival to its reply."""

    __slots__ = ("api", "body", "connection", "header", "received_at")

    def __init__(
        self, header: RequestHeader, body: M, connection: Connection, api: Api, received_at: float, size: int
    ) -> None:
        super().__init__(size)
        self.header: Final = header
        self.body: Final = body
        self.connection: Final = connection
        self.api: Final = api
        self.received_at: Final = received_at
        """Seconds of the event loop's clock (trio.current_time())."""

    @property
    def version(self) -> int:
        return self.header.api_version

    def reply(self, message: ResponseMessage | None) -> None:
        """Answer, once, now or later, from any task of the event loop; replies leave in the order of their requests.

        None: no response is sent (acks=0). Ignored when the connection has closed meanwhile.
        """
        self.connection.reply(self, message, self.header.api_version)

    def close(self, reason: str) -> None:
        """Close the connection without answering; `reason` is logged."""
        self.connection.close(reason)

    def __repr__(self) -> str:
        return f"<{self.api.name} v{self.header.api_version} #{self.header.correlation_id} from {self.connection.peer}>"


Handler: TypeAlias = Callable[[Request], None] | Callable[[Request], Coroutine[Any, Any, None]]


@dataclass(slots=True, frozen=True, eq=False)
class Api:
    """One served API: versions from `min_version` to `max_version`, both included."""

    key: ApiKey
    name: str
    handler: Callable[[Request], Any]
    is_async: bool
    min_version: int
    max_version: int
    statistics: ApiStatistics

    @property
    def request_class(self) -> type[RequestMessage]:
        """Imported with the first request: most nodes are never asked most of what they serve."""
        return request_class(self.key)


@dataclass(slots=True, frozen=True)
class Features:
    """What ApiVersions says about features: name -> (lowest, highest) level supported, name -> level that is final."""

    supported: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    finalized: Mapping[str, int] = field(default_factory=dict)
    epoch: int = -1
    """Metadata offset of the finalized levels; -1: not known yet."""


class ApiTable:
    """Which API is served by what. ApiVersions is answered here, from what is registered: only that is announced."""

    def __init__(self, features: Callable[[], Features] = Features) -> None:
        self._apis: dict[int, Api] = {}
        self._features = features
        self.register(ApiKey.API_VERSIONS, self._handle_api_versions)

    def register(
        self, api_key: ApiKey, handler: Handler, min_version: int | None = None, max_version: int | None = None
    ) -> None:
        """Serve an API by `handler`, in all stable versions or those from `min_version` to `max_version`."""
        if api_key in self._apis:
            raise LocalProtocolError(f"{api_key.name} has a handler already")
        lowest, highest = API_VERSIONS[api_key].min, API_VERSIONS[api_key].max_stable
        self._apis[int(api_key)] = Api(
            key=api_key,
            name=API_NAMES[api_key],
            handler=handler,
            is_async=iscoroutinefunction(handler),
            min_version=lowest if min_version is None else max(lowest, min_version),
            max_version=highest if max_version is None else min(highest, max_version),
            statistics=ApiStatistics(),
        )

    def find(self, api_key: int) -> Api | None:
        return self._apis.get(api_key)

    @property
    def apis(self) -> Iterable[Api]:
        """What is served, by key."""
        return [self._apis[key] for key in sorted(self._apis)]

    def _handle_api_versions(self, request: Request[ApiVersionsRequest]) -> None:
        # v3 added the client's software and features, v4 features whose lowest level is 0 (KAFKA-17492).
        from barnabas.protocol.messages.api_versions import ApiVersionsResponse

        version, body = request.version, request.body
        if version >= 3:
            name, software_version = body.client_software_name, body.client_software_version
            if not (_SOFTWARE.fullmatch(name) and _SOFTWARE.fullmatch(software_version)):
                request.reply(ApiVersionsResponse(error_code=ErrorCode.INVALID_REQUEST))
                return
            request.connection.software = f"{name} {software_version}"
        features = self._features()
        request.reply(
            ApiVersionsResponse(
                api_keys=[
                    ApiVersionsResponse.ApiVersion(
                        api_key=api.key,
                        min_version=_ANNOUNCED_MIN.get(api.key, api.min_version),
                        max_version=api.max_version,
                    )
                    for api in self.apis
                ],
                supported_features=[
                    ApiVersionsResponse.SupportedFeatureKey(name=name, min_version=lowest, max_version=highest)
                    for name, (lowest, highest) in sorted(features.supported.items())
                    if lowest > 0 or version >= 4
                ],
                finalized_features_epoch=features.epoch,
                finalized_features=[
                    ApiVersionsResponse.FinalizedFeatureKey(name=name, min_version_level=level, max_version_level=level)
                    for name, level in sorted(features.finalized.items())
                    if level > 0
                ],
            )
        )

    def unknown_api_versions(self) -> ResponseMessage:
        """The answer, in v0, to ApiVersions at a version nobody knows: the versions of ApiVersions itself."""
        from barnabas.protocol.messages.api_versions import ApiVersionsResponse

        api = self._apis[ApiKey.API_VERSIONS]
        own = ApiVersionsResponse.ApiVersion(api_key=api.key, min_version=api.min_version, max_version=api.max_version)
        return ApiVersionsResponse(error_code=ErrorCode.UNSUPPORTED_VERSION, api_keys=[own])
