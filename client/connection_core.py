"""What one connection to a node keeps in mind: which requests are open, until when, and which versions it serves.

A pure core. A node answers the requests of a connection in their order, so the open ones are a queue, and a response
with another correlation id than the oldest's is a broken peer. It keeps true:
- each open request ends exactly once: by its response, or by `lose`;
- a request that nobody waits for any more stays in the queue until its response has come: order is all that pairs them.

The shell sends what `send` returns, in that order, feeds frames to `receive`, and at `next_deadline` calls `overdue`:
a request that is overdue means that the node hangs, and then the connection is lost, for all of its requests.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from typing import Final

from barnabas.protocol import codec, framing
from barnabas.protocol.api_keys import API_VERSIONS, ApiKey
from barnabas.protocol.errors import ErrorCode, RemoteProtocolError, WireError
from barnabas.protocol.message import RequestMessage, ResponseMessage
from barnabas.protocol.messages import response_class
from barnabas.protocol.types import Part

_UNSUPPORTED: Final = ErrorCode.UNSUPPORTED_VERSION.to_bytes(2, "big")


class OpenRequest:
    """A request whose response has not come. `deadline` in seconds of the shell's clock."""

    __slots__ = ("api_key", "correlation_id", "deadline", "version")

    def __init__(self, api_key: ApiKey, version: int, correlation_id: int, deadline: float) -> None:
        self.api_key: Final = api_key
        self.version: Final = version
        self.correlation_id: Final = correlation_id
        self.deadline: Final = deadline

    def __str__(self) -> str:
        return f"{self.api_key.name} v{self.version} #{self.correlation_id}"


class ConnectionCore:
    """See the module's text."""

    __slots__ = ("_client_id", "_correlation_id", "_open", "_versions")

    def __init__(self, client_id: str) -> None:
        self._client_id = client_id
        self._correlation_id = 0
        self._open: deque[OpenRequest] = deque()
        self._versions: dict[int, tuple[int, int]] | None = None

    @property
    def in_flight(self) -> int:
        """The number of open requests."""
        return len(self._open)

    def send(
        self, message: RequestMessage, version: int | None, deadline: float, *, answered: bool = True
    ) -> tuple[OpenRequest, list[Part]]:
        """Open a request: what identifies it, and the bytes to send. `answered=False`: no response will come (acks=0).

        WireError UNSUPPORTED_VERSION when the node and we have no version in common; LocalProtocolError when the
        message cannot be encoded, and then nothing has changed.
        """
        if version is None:
            version = self.choose_version(message.API_KEY)
        correlation_id = self._correlation_id
        parts = framing.encode_request(correlation_id, self._client_id, message, version)
        self._correlation_id = (correlation_id + 1) & 0x7FFFFFFF
        request = OpenRequest(message.API_KEY, version, correlation_id, deadline)
        if answered:
            self._open.append(request)
        return request, parts

    def receive(self, frame: memoryview) -> tuple[OpenRequest, ResponseMessage]:
        """A frame came: the request that it answers, and its response. RemoteProtocolError when it answers none."""
        if not self._open:
            raise RemoteProtocolError("a response that nobody asked for")
        request = self._open[0]
        correlation_id, offset = framing.decode_response_header(request.api_key, request.version, frame)
        if correlation_id != request.correlation_id:
            raise RemoteProtocolError(f"a response #{correlation_id} where {request} is the oldest request")
        version = request.version
        if request.api_key == ApiKey.API_VERSIONS and frame[offset : offset + 2] == _UNSUPPORTED:
            version = 0  # the answer to a version that the node does not know is in the oldest
        response, _ = codec.decode(response_class(request.api_key), version, frame, offset)
        self._open.popleft()
        return request, response

    def next_deadline(self) -> float:
        """When the first of the open requests is overdue; infinity when none is open."""
        return min((request.deadline for request in self._open), default=float("inf"))

    def overdue(self, now: float) -> OpenRequest | None:
        """The oldest request whose deadline has passed."""
        return next((request for request in self._open if request.deadline <= now), None)

    def lose(self) -> Sequence[OpenRequest]:
        """The connection is gone: the requests that will get no response."""
        lost = list(self._open)
        self._open.clear()
        return lost

    # -- versions ------------------------------------------------------------------------------------------------

    def set_versions(self, served: Iterable[tuple[int, int, int]]) -> None:
        """What the node serves: (API key, lowest version, highest version) of each API."""
        self._versions = {key: (lowest, highest) for key, lowest, highest in served}

    def versions_of(self, api_key: ApiKey) -> tuple[int, int] | None:
        """The lowest and highest version that the node serves; None when it serves none, or has not been asked."""
        return self._versions.get(api_key) if self._versions is not None else None

    def choose_version(self, api_key: ApiKey) -> int:
        """The highest version that both sides know; ours as long as the node has not been asked."""
        ours = API_VERSIONS[api_key]
        if self._versions is None:
            return ours.max_stable
        lowest, highest = self._versions.get(api_key, (0, -1))
        version = min(ours.max_stable, highest)
        if version < max(ours.min, lowest):
            have = f"v{lowest} to v{highest}" if highest >= lowest else "no version"
            text = f"the node serves {have} of {api_key.name}, and we know v{ours.min} to v{ours.max_stable}"
            raise WireError(ErrorCode.UNSUPPORTED_VERSION, text)
        return version
