"""The coordinator of one group or transactional id, as a client finds and asks it.

Members and producers ask over a connection of their own, because answers come in the order of requests, and one to
JoinGroup may wait for minutes. An operator, who asks about many groups and waits for none of them, does not.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum
from typing import Final, TypeVar

from barnabas.client.cluster import Cluster
from barnabas.client.connection import ConnectionLost
from barnabas.client.errors import BrokerError
from barnabas.client.metadata import Node
from barnabas.protocol.errors import ErrorCode
from barnabas.protocol.message import RequestMessage, ResponseMessage
from barnabas.protocol.messages.find_coordinator import FindCoordinatorRequest, FindCoordinatorResponse

M = TypeVar("M", bound=ResponseMessage)

COORDINATOR_MOVED: Final = frozenset({ErrorCode.NOT_COORDINATOR, ErrorCode.COORDINATOR_NOT_AVAILABLE})
"""Errors after which the coordinator is to be found anew."""
_WAIT: Final = frozenset({ErrorCode.COORDINATOR_LOAD_IN_PROGRESS, ErrorCode.CONCURRENT_TRANSACTIONS})
"""Errors after which it is to be asked again: it loads, or the transaction before still ends."""


class CoordinatorKind(IntEnum):
    """What a key names."""

    GROUP = 0
    TRANSACTION = 1


class Coordinator:
    """See the module's text."""

    def __init__(self, cluster: Cluster, kind: CoordinatorKind, key: str, *, shares_connection: bool = False) -> None:
        self._cluster: Final = cluster
        self._purpose: Final = "" if shares_connection else f"{kind.name.lower()} {key}"
        self._kind: Final = kind
        self._key: Final = key
        self._node: Node | None = None

    def __str__(self) -> str:
        return f"{self._kind.name.lower()} {self._key}"

    def forget(self) -> None:
        """It is not the coordinator, or not any more: find it anew at the next request."""
        self._node = None

    async def request(
        self,
        message: RequestMessage,
        answer: type[M],
        *,
        version: int | None = None,
        patience: float | None = None,
    ) -> M:
        """Ask once. `patience` in seconds. ConnectionLost when there is no answer, and the coordinator is forgotten;
        BrokerError when it cannot be found in time, or does not serve the request.
        """
        node = self._node or await self.find()
        try:
            connection = await self._cluster.to(node, purpose=self._purpose)
            return await self._cluster.request(connection, message, answer, version, request_timeout=patience)
        except ConnectionLost:
            if self._node is node:
                self.forget()
            raise

    async def ask(
        self,
        message: RequestMessage,
        answer: type[M],
        error_of: Callable[[M], int],
        *,
        version: int | None = None,
    ) -> M:
        """Ask until there is an answer of the coordinator, within the request timeout.

        `error_of` gives the error code of the answer as a whole; what it tells of a coordinator that moved, loads, is
        not there yet or not done is tried again, everything else returned. TimedOut when the time is over.
        """
        backoff = self._cluster.backoff(f"{message.NAME} of {self}")
        while True:
            try:
                response = await self.request(message, answer, version=version, patience=backoff.remaining)
            except ConnectionLost as error:
                await backoff.wait(error)
                continue
            code = ErrorCode.of(error_of(response))
            if code in COORDINATOR_MOVED:
                self.forget()
            elif code not in _WAIT:
                return response
            await backoff.wait(BrokerError(code, str(self)))

    async def features(self) -> dict[str, int]:
        """The cluster's finalized features, as the coordinator knows them. ConnectionLost."""
        node = self._node or await self.find()
        return (await self._cluster.to(node, purpose=self._purpose)).features

    async def find(self) -> Node:
        """The broker that coordinates, asked for until there is one. TimedOut when there is none in time."""
        backoff = self._cluster.backoff(f"the coordinator of {self}")
        message = FindCoordinatorRequest(key_type=self._kind, coordinator_keys=[self._key])
        while True:
            response = await self._cluster.ask(message, FindCoordinatorResponse)
            found = next(iter(response.coordinators), None)
            code = ErrorCode.COORDINATOR_NOT_AVAILABLE if found is None else ErrorCode.of(found.error_code)
            if found is not None and not code:
                self._node = Node(found.node_id, found.host, found.port)
                return self._node
            error = BrokerError(code, str(self), None if found is None else found.error_message)
            if not error.retriable:
                raise error
            await backoff.wait(error)
