"""OffsetCommit (v2–v10): how far a group has read.

v2 to v4: how long to keep it. v6: the leader epoch. v7: static members. v9: members of the consumer group protocol,
with their epochs. v10: topics by id.

Topics and partitions that do not exist are refused here; the group's coordinator sees the others, if there are any.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from barnabas.broker.coordinator.answers import OnceWaiter
from barnabas.broker.handlers.group_requests import caller_of, submit
from barnabas.protocol.errors import ErrorCode, WireError
from barnabas.protocol.messages.offset_commit import OffsetCommitRequest, OffsetCommitResponse

if TYPE_CHECKING:
    from collections.abc import Iterable

    from barnabas.broker.handlers.group_requests import GroupCoordinators
    from barnabas.broker.metadata_cache import MetadataCache
    from barnabas.metadata.topics import TopicsImage
    from barnabas.server.dispatch import Request

_FIRST_VERSION_WITH_IDS: Final = 10

_Topic = OffsetCommitRequest.OffsetCommitRequestTopic
_Answer = OffsetCommitResponse.OffsetCommitResponseTopic
_AnswerPartition = OffsetCommitResponse.OffsetCommitResponsePartition


class OffsetCommitHandler:
    """See the module's text."""

    def __init__(self, coordinators: GroupCoordinators, cache: MetadataCache) -> None:
        self._coordinators: Final = coordinators
        self._cache: Final = cache

    def handle(self, request: Request[OffsetCommitRequest]) -> None:
        """Answer once the offsets are committed to the log."""
        body, caller = request.body, caller_of(request)
        refused = refuse_missing(body, request.version, self._cache.image.topics)
        if not body.topics:
            request.reply(OffsetCommitResponse(topics=refused))
            return

        def reply(response: OffsetCommitResponse) -> None:
            if refused:
                response.topics = merged(refused, response.topics)
            request.reply(response)

        def fail(error: WireError) -> None:
            reply(OffsetCommitResponse(topics=[_all_failed(topic, _told(error.code)) for topic in body.topics]))

        waiter = OnceWaiter(reply, fail)
        submit(
            self._coordinators,
            body.group_id,
            lambda machine, now, now_ms: machine.handle_offset_commit(body, caller, waiter, now, now_ms),
            waiter,
        )


def refuse_missing(body: OffsetCommitRequest, version: int, topics: TopicsImage) -> list[_Answer]:
    """Take from the request what does not exist, and give the topics that remain both their names and ids.

    Returns what is to be said of the others.
    """
    by_id = version >= _FIRST_VERSION_WITH_IDS
    unknown = ErrorCode.UNKNOWN_TOPIC_ID if by_id else ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
    known: list[_Topic] = []
    refused: list[_Answer] = []
    for topic in body.topics:
        found = topics.by_id.get(topic.topic_id) if by_id else topics.by_name(topic.name)
        if found is None:
            refused.append(_all_failed(topic, unknown))
            continue
        topic.name, topic.topic_id = found.name, found.id
        count = len(found)
        missing = [part.partition_index for part in topic.partitions if not 0 <= part.partition_index < count]
        if missing:
            topic.partitions = [part for part in topic.partitions if 0 <= part.partition_index < count]
            refused.append(_failed(topic, missing, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION))
        if topic.partitions:
            known.append(topic)
    body.topics = known
    return refused


def merged(refused: list[_Answer], committed: list[_Answer]) -> list[_Answer]:
    """One answer a topic, what was refused first."""
    known = {(topic.name, topic.topic_id): topic for topic in refused}
    for topic in committed:
        first = known.get((topic.name, topic.topic_id))
        if first is None:
            refused.append(topic)
        else:
            first.partitions += topic.partitions
    return refused


def _all_failed(topic: _Topic, error: ErrorCode) -> _Answer:
    return _failed(topic, (partition.partition_index for partition in topic.partitions), error)


def _failed(topic: _Topic, partitions: Iterable[int], error: ErrorCode) -> _Answer:
    return _Answer(
        name=topic.name,
        topic_id=topic.topic_id,
        partitions=[_AnswerPartition(partition_index=index, error_code=error) for index in partitions],
    )


def _told(error: ErrorCode) -> ErrorCode:
    too_large = error in (ErrorCode.MESSAGE_TOO_LARGE, ErrorCode.RECORD_LIST_TOO_LARGE)
    return ErrorCode.INVALID_COMMIT_OFFSET_SIZE if too_large else error
