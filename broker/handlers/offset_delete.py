"""OffsetDelete (v0): forget how far a group has read in some topics that it does not subscribe to.

Topics and partitions that do not exist are refused here; the group's coordinator sees the others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from barnabas.broker.coordinator.answers import OnceWaiter
from barnabas.broker.handlers.group_requests import submit_to_members
from barnabas.protocol.errors import ErrorCode
from barnabas.protocol.messages.offset_delete import OffsetDeleteRequest, OffsetDeleteResponse

if TYPE_CHECKING:
    from barnabas.broker.handlers.group_requests import GroupCoordinators
    from barnabas.broker.metadata_cache import MetadataCache
    from barnabas.metadata.topics import TopicsImage
    from barnabas.server.dispatch import Request

_Answer = OffsetDeleteResponse.OffsetDeleteResponseTopic


class OffsetDeleteHandler:
    """See the module's text."""

    def __init__(self, coordinators: GroupCoordinators, cache: MetadataCache) -> None:
        self._coordinators: Final = coordinators
        self._cache: Final = cache

    def handle(self, request: Request[OffsetDeleteRequest]) -> None:
        """Answer once the tombstones are committed."""
        body = request.body
        refused = refuse_missing(body, self._cache.image.topics)

        def reply(response: OffsetDeleteResponse) -> None:
            if not response.error_code:
                response.topics = merged(refused, response.topics)
            request.reply(response)

        waiter = OnceWaiter(reply, lambda error: request.reply(OffsetDeleteResponse(error_code=error.code)))
        submit_to_members(
            self._coordinators,
            body.group_id,
            lambda machine, now, now_ms: machine.handle_offset_delete(body, waiter, now, now_ms),
            waiter,
        )


def refuse_missing(body: OffsetDeleteRequest, topics: TopicsImage) -> list[_Answer]:
    """Take from the request what does not exist. Returns what is to be said of that."""
    refused: list[_Answer] = []
    for topic in body.topics:
        found = topics.by_name(topic.name)
        count = 0 if found is None else len(found)
        missing = [part.partition_index for part in topic.partitions if not 0 <= part.partition_index < count]
        topic.partitions = [part for part in topic.partitions if 0 <= part.partition_index < count]
        if missing or found is None:
            refused.append(
                _Answer(
                    name=topic.name,
                    partitions=[
                        OffsetDeleteResponse.OffsetDeleteResponsePartition(
                            partition_index=index, error_code=ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
                        )
                        for index in missing
                    ],
                )
            )
    body.topics = [topic for topic in body.topics if topic.partitions]
    return refused


def merged(refused: list[_Answer], deleted: list[_Answer]) -> list[_Answer]:
    """One answer a topic, what was refused first."""
    known = {topic.name: topic for topic in refused}
    for topic in deleted:
        if topic.name in known:
            known[topic.name].partitions += topic.partitions
        else:
            refused.append(topic)
    return refused
