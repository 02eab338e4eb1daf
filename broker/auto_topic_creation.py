"""Topics that come into being because a client asked about them (`auto.create.topics.enable`), or because the cluster
needs them: the coordinators' topics, at the first search for a coordinator.

The creation is forwarded to the controller, once, however many clients ask. Whoever asked waits a moment for the topic
to be there, because a client that hears of its absence waits longer than that before it asks again; but nobody waits
long, and nobody for a creation that has failed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

import trio

from barnabas.broker.controller_channel import ControllerUnavailable
from barnabas.broker.coordinator.internal_topics import internal_topics
from barnabas.broker.forwarding import ANONYMOUS, Forwarder, Origin
from barnabas.broker.metadata_cache import MetadataCache
from barnabas.metadata.image import MetadataImage
from barnabas.metadata.topic_names import INTERNAL_TOPICS, reason_invalid
from barnabas.protocol.errors import ErrorCode
from barnabas.protocol.messages.create_topics import CreateTopicsRequest, CreateTopicsResponse
from barnabas.server.logging import get_logger
from barnabas.server.settings import Settings

log = get_logger(__name__)

_WAIT_SECONDS: Final = 1.0
_LOOPBACK: Final = "127.0.0.1"


class AutoTopicCreation:
    """See the module. `spawn` runs an async function in the background."""

    def __init__(
        self, forwarder: Forwarder, spawn: Callable[..., None], settings: Settings, cache: MetadataCache
    ) -> None:
        self._forwarder = forwarder
        self._spawn = spawn
        self._cache = cache
        self._num_partitions = settings.int("num.partitions")
        self._replication_factor = settings.int("default.replication.factor")
        self._timeout_ms = settings.int("request.timeout.ms")
        self._internal = internal_topics(settings)
        self._own_origin = Origin(ANONYMOUS, _LOOPBACK, f"broker-{settings.int('node.id')}", 0)
        self._under_way: dict[str, _Creation] = {}

    async def create(self, names: Iterable[str], origin: Origin | None = None) -> None:
        """Create topics on behalf of a client, or of the broker itself, and wait a moment for them.

        Names that no topic can have are left out. Who wants to know what came of it looks at the image.
        """
        missing = [name for name in names if self._may_create(name)]
        new = [name for name in missing if name not in self._under_way]
        if new:
            creation = _Creation(new)
            self._under_way.update(dict.fromkeys(new, creation))
            self._spawn(self._create, creation, origin or self._own_origin)
        with trio.move_on_after(_WAIT_SECONDS):
            for name in missing:
                await self._wait_for(name, self._under_way.get(name))

    def _may_create(self, name: str) -> bool:
        if reason_invalid(name) is not None or self._cache.image.topics.by_name(name) is not None:
            return False
        return name in self._internal or name not in INTERNAL_TOPICS

    async def _wait_for(self, name: str, creation: _Creation | None) -> None:
        if creation is not None:
            await creation.answered.wait()
            if name in creation.refused:
                return
        await self._cache.wait_until(lambda image: _has_leaders(image, name))

    async def _create(self, creation: _Creation, origin: Origin) -> None:
        topics = [self._creatable(name) for name in creation.names]
        message = CreateTopicsRequest(topics=topics, timeout_ms=self._timeout_ms)
        creation.refused.update(creation.names)  # until it is known otherwise
        try:
            response = await self._forwarder.forward(origin, message, CreateTopicsRequest.VERSIONS[1])
            assert isinstance(response, CreateTopicsResponse)
            creation.refused.difference_update(_created(response))
        except ControllerUnavailable as error:
            log.warning("topics could not be created on demand", topics=creation.names, reason=str(error))
        finally:
            for name in creation.names:
                del self._under_way[name]
            creation.answered.set()

    def _creatable(self, name: str) -> CreateTopicsRequest.CreatableTopic:
        internal = self._internal.get(name)
        if internal is not None:
            return internal
        return CreateTopicsRequest.CreatableTopic(
            name=name, num_partitions=self._num_partitions, replication_factor=self._replication_factor
        )


class _Creation:
    """One CreateTopics on its way. `refused` counts once it is answered."""

    __slots__ = ("answered", "names", "refused")

    def __init__(self, names: list[str]) -> None:
        self.names: Final = names
        self.answered: Final = trio.Event()
        self.refused: set[str] = set()


def _created(response: CreateTopicsResponse) -> list[str]:
    """The topics that exist now, or will in a moment."""
    created = []
    for topic in response.topics:
        if topic.error_code in (ErrorCode.NONE, ErrorCode.TOPIC_ALREADY_EXISTS) and topic.name is not None:
            created.append(topic.name)
        else:
            log.warning(
                "topic could not be created on demand",
                topic=topic.name,
                error=ErrorCode.of(topic.error_code).name,
                reason=topic.error_message,
            )
    return created


def _has_leaders(image: MetadataImage, name: str) -> bool:
    topic = image.topics.by_name(name)
    return topic is not None and all(partition.leader >= 0 for partition in topic)
