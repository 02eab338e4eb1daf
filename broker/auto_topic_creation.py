"""Topics that come into being because a client asked about them (`auto.create.topics.enable`).

The client is told at once that the topic is not there yet, and asks again; meanwhile the creation is forwarded to the
controller, once, however many clients ask. The cluster's own topics are not made so: they need a configuration that
their coordinators give them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from barnabas.broker.controller_channel import ControllerUnavailable
from barnabas.broker.forwarding import Forwarder, Origin
from barnabas.metadata.topic_names import INTERNAL_TOPICS, reason_invalid
from barnabas.protocol.errors import ErrorCode
from barnabas.protocol.messages.create_topics import CreateTopicsRequest, CreateTopicsResponse
from barnabas.server.dispatch import Request
from barnabas.server.logging import get_logger
from barnabas.server.settings import Settings

log = get_logger(__name__)


class AutoTopicCreation:
    """See the module. `spawn` runs an async function in the background."""

    def __init__(self, forwarder: Forwarder, spawn: Callable[..., None], settings: Settings) -> None:
        self._forwarder = forwarder
        self._spawn = spawn
        self._num_partitions = settings.int("num.partitions")
        self._replication_factor = settings.int("default.replication.factor")
        self._timeout_ms = settings.int("request.timeout.ms")
        self._under_way: set[str] = set()

    def create(self, names: Iterable[str], request: Request) -> dict[str, ErrorCode]:
        """Begin to create topics on behalf of a client; returns what to tell it about each name."""
        errors: dict[str, ErrorCode] = {}
        new = []
        for name in names:
            if reason_invalid(name) is not None:
                errors[name] = ErrorCode.INVALID_TOPIC_EXCEPTION
                continue
            errors[name] = ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
            if name not in self._under_way and name not in INTERNAL_TOPICS:
                self._under_way.add(name)
                new.append(name)
        if new:
            self._spawn(self._create, new, Origin.of(request))
        return errors

    async def _create(self, names: list[str], origin: Origin) -> None:
        message = CreateTopicsRequest(
            topics=[
                CreateTopicsRequest.CreatableTopic(
                    name=name, num_partitions=self._num_partitions, replication_factor=self._replication_factor
                )
                for name in names
            ],
            timeout_ms=self._timeout_ms,
        )
        try:
            response = await self._forwarder.forward(origin, message, CreateTopicsRequest.VERSIONS[1])
        except ControllerUnavailable as error:
            log.warning("topics could not be created on demand", topics=names, reason=str(error))
            return
        finally:
            self._under_way.difference_update(names)
        assert isinstance(response, CreateTopicsResponse)
        for topic in response.topics:
            if topic.error_code not in (ErrorCode.NONE, ErrorCode.TOPIC_ALREADY_EXISTS):
                log.warning(
                    "topic could not be created on demand",
                    topic=topic.name,
                    error=ErrorCode.of(topic.error_code).name,
                    reason=topic.error_message,
                )
