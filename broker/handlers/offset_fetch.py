"""OffsetFetch (v1–v10): how far groups have read.

v2: all topics at once, and an error of the whole. v7: whether to wait for transactions. v8: several groups at once.
v9: the member that asks. v10: topics by id.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from barnabas.broker.coordinator.answers import OnceWaiter, Waiter
from barnabas.broker.coordinator.groups.offsets_fetch import without_offset
from barnabas.broker.handlers.group_requests import Parts, submit
from barnabas.protocol.errors import ErrorCode, WireError
from barnabas.protocol.messages.offset_fetch import OffsetFetchRequest, OffsetFetchResponse
from barnabas.protocol.types import ZERO_UUID

if TYPE_CHECKING:
    from barnabas.broker.handlers.group_requests import GroupCoordinators
    from barnabas.broker.metadata_cache import MetadataCache
    from barnabas.metadata.topics import TopicsImage
    from barnabas.server.dispatch import Request

_FIRST_VERSION_WITH_ERROR: Final = 2
_FIRST_VERSION_OF_MANY: Final = 8
_FIRST_VERSION_WITH_IDS: Final = 10

_Wanted = OffsetFetchRequest.OffsetFetchRequestGroup
_Group = OffsetFetchResponse.OffsetFetchResponseGroup
_Topic = OffsetFetchResponse.OffsetFetchResponseTopics


class OffsetFetchHandler:
    """See the module's text."""

    def __init__(self, coordinators: GroupCoordinators, cache: MetadataCache) -> None:
        self._coordinators: Final = coordinators
        self._cache: Final = cache

    def handle(self, request: Request[OffsetFetchRequest]) -> None:
        """Each group's coordinator tells what it has."""
        groups, require_stable = _groups(request.body, request.version), request.body.require_stable
        parts = Parts(len(groups), partial(_answer, request))
        for index, group in enumerate(groups):
            waiter = parts.waiter(index, partial(_failed, group))
            if request.version >= _FIRST_VERSION_WITH_IDS:
                waiter = self._by_id(group, waiter)
            self._ask(group, waiter, require_stable=require_stable)

    def _ask(self, group: _Wanted, waiter: Waiter, *, require_stable: bool) -> None:
        submit(
            self._coordinators,
            group.group_id,
            lambda machine, _, __: machine.handle_offset_fetch(group, waiter, require_stable=require_stable),
            waiter,
        )

    def _by_id(self, group: _Wanted, waiter: Waiter) -> Waiter:
        """Give the topics of this request their names; those that have none are told in the answer."""
        unknown = name_topics(group, self._cache.image.topics)

        def reply(answer: _Group) -> None:
            if group.topics is None:
                answer.topics = with_ids(answer.topics, self._cache.image.topics)
            answer.topics += unknown
            waiter.reply(answer)

        return OnceWaiter(reply, waiter.fail)


def name_topics(group: _Wanted, topics: TopicsImage) -> list[_Topic]:
    """Give the topics of a request their names. Returns what is to be said of those that do not exist."""
    known, unknown = [], []
    for topic in group.topics or ():
        found = topics.by_id.get(topic.topic_id)
        if found is not None:
            topic.name = found.name
            known.append(topic)
        else:
            missing = [without_offset(index, ErrorCode.UNKNOWN_TOPIC_ID) for index in topic.partition_indexes]
            unknown.append(_Topic(topic_id=topic.topic_id, partitions=missing))
    if group.topics is not None:
        group.topics = known
    return unknown


def with_ids(answers: list[_Topic], topics: TopicsImage) -> list[_Topic]:
    """Topics of which the offsets do not say the id get that of the topic with this name, if there is one."""
    for answer in answers:
        if answer.topic_id == ZERO_UUID:
            answer.topic_id = topics.ids.get(answer.name, ZERO_UUID)
    return [answer for answer in answers if answer.topic_id != ZERO_UUID]


def _groups(body: OffsetFetchRequest, version: int) -> list[_Wanted]:
    """What is asked, as from v8 on."""
    if version >= _FIRST_VERSION_OF_MANY:
        return body.groups
    topics = None
    if body.topics is not None:
        topics = [
            OffsetFetchRequest.OffsetFetchRequestTopics(name=topic.name, partition_indexes=topic.partition_indexes)
            for topic in body.topics
        ]
    return [_Wanted(group_id=body.group_id, topics=topics)]


def _answer(request: Request[OffsetFetchRequest], groups: list[_Group]) -> None:
    if request.version >= _FIRST_VERSION_OF_MANY:
        request.reply(OffsetFetchResponse(groups=groups))
        return
    group, body = groups[0], request.body
    response = OffsetFetchResponse(error_code=group.error_code)
    if group.error_code and request.version < _FIRST_VERSION_WITH_ERROR:
        error = ErrorCode(group.error_code)
        group.topics = [
            _Topic(name=topic.name, partitions=[without_offset(index, error) for index in topic.partition_indexes])
            for topic in body.topics or ()
        ]
    response.topics = [
        OffsetFetchResponse.OffsetFetchResponseTopic(
            name=topic.name,
            partitions=[
                OffsetFetchResponse.OffsetFetchResponsePartition(
                    partition_index=partition.partition_index,
                    committed_offset=partition.committed_offset,
                    committed_leader_epoch=partition.committed_leader_epoch,
                    metadata=partition.metadata,
                    error_code=partition.error_code,
                )
                for partition in topic.partitions
            ],
        )
        for topic in group.topics
    ]
    request.reply(response)


def _failed(group: _Wanted, error: WireError) -> _Group:
    # Consumers know how to go on after NOT_COORDINATOR, but not all of them after the other one.
    code = error.code
    if code == ErrorCode.COORDINATOR_NOT_AVAILABLE:
        code = ErrorCode.NOT_COORDINATOR
    return _Group(group_id=group.group_id, error_code=code)
