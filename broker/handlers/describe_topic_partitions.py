"""DescribeTopicPartitions (v0): partitions with their eligible leader replicas (KIP-966), a page at a time.

Topics come in the order of their names; the cursor names the first partition of the next page.
"""

from __future__ import annotations

from barnabas.broker.authorized_operations import ON_TOPIC
from barnabas.broker.listener_view import ListenerView
from barnabas.broker.metadata_cache import MetadataCache
from barnabas.broker.topic_names import error_for_missing
from barnabas.metadata.topic_names import INTERNAL_TOPICS
from barnabas.metadata.topics import Partition, Topic
from barnabas.protocol.errors import ErrorCode
from barnabas.protocol.messages.describe_topic_partitions import (
    DescribeTopicPartitionsRequest,
    DescribeTopicPartitionsResponse,
)
from barnabas.server.dispatch import Request

_Response = DescribeTopicPartitionsResponse


class DescribeTopicPartitionsHandler:
    """Answers from the newest image."""

    def __init__(self, cache: MetadataCache, max_partitions: int) -> None:
        """`max_partitions` of one answer: max.request.partition.size.limit."""
        self._cache = cache
        self._max_partitions = max_partitions

    def handle(self, request: Request[DescribeTopicPartitionsRequest]) -> None:
        request.reply(self.answer(request.body, request.connection.listener))

    def answer(self, body: DescribeTopicPartitionsRequest, listener: str) -> DescribeTopicPartitionsResponse:
        topics = self._cache.image.topics
        all_topics = not body.topics
        cursor = body.cursor
        names = set(topics.ids) if all_topics else {topic.name for topic in body.topics}
        if cursor is not None:
            if cursor.partition_index < 0 or not (all_topics or cursor.topic_name in names):
                return _refusal(body)
            names = {name for name in names if name >= cursor.topic_name}
        page = _Page(self._cache.view(listener), max(min(self._max_partitions, body.response_partition_limit), 1))
        for name in sorted(names):
            start = cursor.partition_index if cursor is not None and name == cursor.topic_name else 0
            if not page.add(name, topics.by_name(name), start, skip_missing=all_topics):
                break
        return page.response


class _Page:
    """An answer that grows topic by topic until it holds enough partitions."""

    def __init__(self, view: ListenerView, limit: int) -> None:
        self._view = view
        self._left = limit
        self.response = DescribeTopicPartitionsResponse()

    def add(self, name: str, topic: Topic | None, start: int, *, skip_missing: bool) -> bool:
        """Add a topic from partition `start` on.

        False when the page is full; the cursor then says where the next begins.
        """
        response = self.response
        if self._left == 0:
            response.next_cursor = _Response.Cursor(topic_name=name, partition_index=0)
            return False
        if topic is None:
            if not skip_missing:
                response.topics.append(_missing(name))
            return True
        end = min(len(topic.partitions), start + self._left)
        partitions = [self._partition(topic.partitions[index]) for index in range(start, end)]
        response.topics.append(
            _Response.DescribeTopicPartitionsResponseTopic(
                name=name,
                topic_id=topic.id,
                is_internal=name in INTERNAL_TOPICS,
                partitions=partitions,
                topic_authorized_operations=ON_TOPIC,
            )
        )
        self._left -= len(partitions)
        if end < len(topic.partitions):
            response.next_cursor = _Response.Cursor(topic_name=name, partition_index=end)
            return False
        return True

    def _partition(self, partition: Partition) -> _Response.DescribeTopicPartitionsResponsePartition:
        return _Response.DescribeTopicPartitionsResponsePartition(
            partition_index=partition.index,
            leader_id=self._view.leader(partition),
            leader_epoch=partition.leader_epoch,
            replica_nodes=partition.replicas,
            isr_nodes=partition.isr,
            eligible_leader_replicas=partition.elr,
            last_known_elr=partition.last_known_elr,
            offline_replicas=self._view.offline_replicas(partition),
        )


def _missing(name: str) -> _Response.DescribeTopicPartitionsResponseTopic:
    return _Response.DescribeTopicPartitionsResponseTopic(
        error_code=error_for_missing(name),
        name=name,
        is_internal=name in INTERNAL_TOPICS,
        topic_authorized_operations=ON_TOPIC,
    )


def _refusal(body: DescribeTopicPartitionsRequest) -> DescribeTopicPartitionsResponse:
    """The cursor is not one that an answer can have held: INVALID_REQUEST for each topic."""
    return DescribeTopicPartitionsResponse(
        topics=[
            _Response.DescribeTopicPartitionsResponseTopic(error_code=ErrorCode.INVALID_REQUEST, name=topic.name)
            for topic in body.topics
        ]
    )
