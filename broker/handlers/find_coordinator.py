"""FindCoordinator (v0–v6): which broker coordinates a group, a transactional id or a share group.

v1: kinds of keys. v4: several keys at once. v6: share groups.

The answer is the leader of the key's partition of the coordinators' topic. The first search of a kind creates that
topic; and where the topic or its leader is missing, the answer waits a moment for it, because a client that hears of
it waits longer before it asks again. Share groups have no coordinator yet: clients are told to try again.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from enum import IntEnum
from typing import TYPE_CHECKING, Final, Protocol

import trio

from barnabas.broker.listener_view import NO_NODE, ListenerView, Node
from barnabas.protocol.errors import ErrorCode
from barnabas.protocol.messages.find_coordinator import FindCoordinatorRequest, FindCoordinatorResponse
from barnabas.server.dispatch import Request

if TYPE_CHECKING:
    from barnabas.broker.auto_topic_creation import AutoTopicCreation
    from barnabas.broker.metadata_cache import MetadataCache
    from barnabas.metadata.image import MetadataImage

_SHARE_KEY: Final = re.compile(r".+:[A-Za-z0-9_-]{22}:[0-9]+", re.DOTALL)
"""Group, topic id and partition."""
_WAIT_SECONDS: Final = 1.0
_FIRST_VERSION_OF_MANY: Final = 4


class CoordinatorType(IntEnum):
    """What a key names."""

    GROUP = 0
    TRANSACTION = 1
    SHARE = 2


class CoordinatorLookup(Protocol):
    """What is asked of the coordinators of a kind; `Coordinators` are so."""

    @property
    def topic(self) -> str: ...

    def partition_for(self, key: str) -> int: ...


Found = Node | ErrorCode
"""The broker, or why there is none."""


class FindCoordinatorHandler:
    """See the module's text."""

    def __init__(
        self,
        cache: MetadataCache,
        kinds: Mapping[CoordinatorType, CoordinatorLookup],
        creation: AutoTopicCreation,
        spawn: Callable[..., None],
        lost_leaders: Callable[[], frozenset[int]] = frozenset,
    ) -> None:
        """`kinds` are those that have coordinators; brokers among `lost_leaders` seem to have died, and are not named.

        `spawn` runs an async function in the background.
        """
        self._cache = cache
        self._kinds: dict[int, CoordinatorLookup] = {int(key_type): lookup for key_type, lookup in kinds.items()}
        self._creation = creation
        self._spawn = spawn
        self._lost_leaders = lost_leaders

    def handle(self, request: Request[FindCoordinatorRequest]) -> None:
        """Answer at once where everything is known."""
        found = self._find_all(request)
        if ErrorCode.COORDINATOR_NOT_AVAILABLE in found.values() and self._lookup(request.body) is not None:
            self._spawn(self._answer_soon, request)
        else:
            request.reply(response(request.body, request.version, found))

    async def _answer_soon(self, request: Request[FindCoordinatorRequest]) -> None:
        lookup = self._lookup(request.body)
        assert lookup is not None

        def is_there(_: MetadataImage) -> bool:
            return ErrorCode.COORDINATOR_NOT_AVAILABLE not in self._find_all(request).values()

        if self._cache.image.topics.by_name(lookup.topic) is None:
            await self._creation.create([lookup.topic])
        else:
            with trio.move_on_after(_WAIT_SECONDS):
                await self._cache.wait_until(is_there)
        request.reply(response(request.body, request.version, self._find_all(request)))

    def _lookup(self, body: FindCoordinatorRequest) -> CoordinatorLookup | None:
        return self._kinds.get(body.key_type)

    def _find_all(self, request: Request[FindCoordinatorRequest]) -> dict[str, Found]:
        body, version = request.body, request.version
        keys = [body.key] if version < _FIRST_VERSION_OF_MANY else body.coordinator_keys
        lookup = self._lookup(body)
        if lookup is None:
            return {key: _error_without_kind(body.key_type, key, version) for key in keys}
        view = self._cache.view(request.connection.listener)
        return {key: self._find(lookup, key, view) for key in keys}

    def _find(self, lookup: CoordinatorLookup, key: str, view: ListenerView) -> Found:
        topic = self._cache.image.topics.by_name(lookup.topic)
        partition = None if topic is None else topic.partitions.get(lookup.partition_for(key))
        if partition is None or partition.leader in self._lost_leaders():
            return ErrorCode.COORDINATOR_NOT_AVAILABLE
        return view.live_node(partition.leader) or ErrorCode.COORDINATOR_NOT_AVAILABLE


def response(body: FindCoordinatorRequest, version: int, found: Mapping[str, Found]) -> FindCoordinatorResponse:
    """The answer in the shape of its version."""
    if version < _FIRST_VERSION_OF_MANY:
        place = found[body.key]
        error = place if isinstance(place, ErrorCode) else ErrorCode.NONE
        message = error.text if error else ErrorCode.NONE.name
        answer = FindCoordinatorResponse(error_code=error, error_message=message if version >= 1 else None)
        answer.node_id, answer.host, answer.port = _address(place)
        return answer
    return FindCoordinatorResponse(coordinators=list(_many(body.coordinator_keys, found)))


def _many(keys: Iterable[str], found: Mapping[str, Found]) -> Iterable[FindCoordinatorResponse.Coordinator]:
    for key in keys:
        place = found[key]
        coordinator = FindCoordinatorResponse.Coordinator(key=key)
        coordinator.node_id, coordinator.host, coordinator.port = _address(place)
        if isinstance(place, ErrorCode):
            coordinator.error_code, coordinator.error_message = place, place.text
        yield coordinator


def _address(place: Found) -> tuple[int, str, int]:
    if isinstance(place, ErrorCode):
        return NO_NODE, "", -1
    return place.id, place.host, place.port


def _error_without_kind(key_type: int, key: str, version: int) -> ErrorCode:
    if key_type in (CoordinatorType.GROUP, CoordinatorType.TRANSACTION):
        return ErrorCode.COORDINATOR_NOT_AVAILABLE
    if key_type == CoordinatorType.SHARE and version >= 6 and _SHARE_KEY.fullmatch(key):
        return ErrorCode.COORDINATOR_NOT_AVAILABLE
    return ErrorCode.INVALID_REQUEST
