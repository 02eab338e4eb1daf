"""Metadata (v0–v13): brokers, topics, leaders.

v0: an empty list means all topics, and replicas whose broker is away are left out with an error. v1: null means all
topics. v4: the client may forbid automatic creation. v6: a leader without this listener is LISTENER_NOT_FOUND instead
of LEADER_NOT_AVAILABLE. v8: authorized operations on demand (those on the cluster up to v10 only). v10 and v11:
answers have topic ids, requests must not. v12: topics may be asked for by id.
"""

from __future__ import annotations

import random
from collections.abc import Callable

import trio

from barnabas.broker.authorized_operations import NOT_ASKED, ON_CLUSTER, ON_TOPIC
from barnabas.broker.auto_topic_creation import AutoTopicCreation
from barnabas.broker.forwarding import Origin
from barnabas.broker.listener_view import NO_NODE, ListenerView
from barnabas.broker.metadata_cache import MetadataCache
from barnabas.broker.topic_names import error_for_missing
from barnabas.metadata.topic_names import INTERNAL_TOPICS
from barnabas.metadata.topics import Partition, Topic
from barnabas.protocol.errors import ErrorCode
from barnabas.protocol.messages.metadata import MetadataRequest, MetadataResponse
from barnabas.protocol.types import ZERO_UUID
from barnabas.server.dispatch import Request


class MetadataHandler:
    """Answers from the newest image. Answers about topics are kept until the topic or the brokers change."""

    def __init__(
        self,
        cache: MetadataCache,
        cluster_id: str,
        rng: random.Random,
        auto_creation: AutoTopicCreation | None,
        lost_leaders: Callable[[], frozenset[int]] = frozenset,
    ) -> None:
        """`auto_creation` is None where auto.create.topics.enable is false. `lost_leaders` gives the brokers that are
        not to be named as leaders now, because they seem to have died (see `lost_leaders.py`).
        """
        self._cache = cache
        self._cluster_id = cluster_id
        self._rng = rng
        self._auto_creation = auto_creation
        self._lost_leaders = lost_leaders
        self._answers: dict[tuple[str, bool, bool, bool], _TopicAnswers] = {}

    async def handle_soon(self, request: Request[MetadataRequest]) -> None:
        """As `handle`, once everything was looked at that has come by now: who dies closes all connections at once, and
        a client that has lost its leader asks before this broker has heard of it.

        Topics that the request brings into being are waited for, a moment.
        """
        await trio.lowlevel.checkpoint()
        body = request.body
        if self._auto_creation is not None and body.allow_auto_topic_creation and body.topics:
            missing = self._missing_names(body, request.version)
            if missing:
                await self._auto_creation.create(missing, Origin.of(request))
        self.handle(request)

    def _missing_names(self, body: MetadataRequest, version: int) -> list[str]:
        """The topics that are asked for by name and are not there; none where the request is refused."""
        if _is_illegal(body, version) or any(topic.topic_id != ZERO_UUID for topic in body.topics or ()):
            return []
        topics = self._cache.image.topics
        names = dict.fromkeys(topic.name for topic in body.topics or () if topic.name is not None)
        return [name for name in names if topics.by_name(name) is None]

    def handle(self, request: Request[MetadataRequest]) -> None:
        body, version = request.body, request.version
        if _is_illegal(body, version):
            request.reply(refusal(body))
            return
        request.reply(self._answer(request, body, version))

    def _answer(self, request: Request[MetadataRequest], body: MetadataRequest, version: int) -> MetadataResponse:
        view = self._cache.view(request.connection.listener)
        answers = self._topic_answers(view, version, body.include_topic_authorized_operations)
        topics = self._cache.image.topics
        found: list[MetadataResponse.MetadataResponseTopic] = []
        if body.topics is None or (version == 0 and not body.topics):
            found.extend(answers.of(topic) for topic in sorted(topics, key=lambda topic: topic.name))
        elif ids := dict.fromkeys(topic.topic_id for topic in body.topics if topic.topic_id != ZERO_UUID):
            for topic_id in ids:
                by_id = topics.by_id.get(topic_id)
                found.append(_unknown_id(topic_id) if by_id is None else answers.of(by_id))
        else:
            names = dict.fromkeys(topic.name for topic in body.topics if topic.name is not None)
            there = {name: by_name for name in names if (by_name := topics.by_name(name)) is not None}
            found.extend(map(answers.of, there.values()))
            found.extend(_missing(name, answers.operations) for name in names if name not in there)
        ask_cluster = 8 <= version <= 10 and body.include_cluster_authorized_operations
        return MetadataResponse(
            brokers=[
                MetadataResponse.MetadataResponseBroker(node_id=node.id, host=node.host, port=node.port, rack=node.rack)
                for node in view.nodes
            ],
            cluster_id=self._cluster_id,
            controller_id=view.controller_id(self._rng),
            topics=found,
            cluster_authorized_operations=ON_CLUSTER if ask_cluster else NOT_ASKED,
        )

    def _topic_answers(self, view: ListenerView, version: int, ask_operations: bool) -> _TopicAnswers:
        key = (view.listener, version == 0, version >= 6, version >= 8 and ask_operations)
        lost = self._lost_leaders()
        answers = self._answers.get(key)
        if answers is None or answers.view is not view or answers.lost_leaders != lost:
            answers = self._answers[key] = _TopicAnswers(
                view,
                lost_leaders=lost,
                only_reachable=key[1],
                name_listener=key[2],
                operations=ON_TOPIC if key[3] else NOT_ASKED,
            )
        return answers


class _TopicAnswers:
    """What is said about topics to clients of one listener, in one of the ways that depend on the version.

    A topic of the image never changes, so its answer holds as long as the image has this very object.
    """

    __slots__ = ("_kept", "_name_listener", "_only_reachable", "lost_leaders", "operations", "view")

    def __init__(
        self,
        view: ListenerView,
        *,
        lost_leaders: frozenset[int],
        only_reachable: bool,
        name_listener: bool,
        operations: int,
    ) -> None:
        self.view = view
        self.lost_leaders = lost_leaders
        self.operations = operations
        self._only_reachable = only_reachable
        self._name_listener = name_listener
        self._kept: dict[bytes, tuple[Topic, MetadataResponse.MetadataResponseTopic]] = {}

    def of(self, topic: Topic) -> MetadataResponse.MetadataResponseTopic:
        kept = self._kept.get(topic.id)
        if kept is not None and kept[0] is topic:
            return kept[1]
        answer = MetadataResponse.MetadataResponseTopic(
            name=topic.name,
            topic_id=topic.id,
            is_internal=topic.name in INTERNAL_TOPICS,
            partitions=[self._partition(partition) for partition in topic],
            topic_authorized_operations=self.operations,
        )
        self._kept[topic.id] = (topic, answer)
        return answer

    def _partition(self, partition: Partition) -> MetadataResponse.MetadataResponsePartition:
        view = self.view
        replicas, isr = list(partition.replicas), list(partition.isr)
        if self._only_reachable:
            replicas, isr = view.reachable(replicas), view.reachable(isr)
        is_lost = partition.leader in self.lost_leaders
        leader = NO_NODE if is_lost else view.leader(partition)
        if leader == NO_NODE:
            known = partition.leader in view.cluster.brokers and not is_lost
            error = ErrorCode.LISTENER_NOT_FOUND if known and self._name_listener else ErrorCode.LEADER_NOT_AVAILABLE
        elif len(replicas) < len(partition.replicas) or len(isr) < len(partition.isr):
            error = ErrorCode.REPLICA_NOT_AVAILABLE
        else:
            error = ErrorCode.NONE
        return MetadataResponse.MetadataResponsePartition(
            error_code=error,
            partition_index=partition.index,
            leader_id=leader,
            leader_epoch=partition.leader_epoch,
            replica_nodes=replicas,
            isr_nodes=isr,
            offline_replicas=view.offline_replicas(partition),
        )


def refusal(body: MetadataRequest) -> MetadataResponse:
    """INVALID_REQUEST for the request as a whole."""
    return MetadataResponse(
        topics=[
            MetadataResponse.MetadataResponseTopic(
                error_code=ErrorCode.INVALID_REQUEST, name=topic.name or "", topic_id=topic.topic_id
            )
            for topic in body.topics or ()
        ]
    )


def _is_illegal(body: MetadataRequest, version: int) -> bool:
    topics = body.topics or ()
    if version < 12:
        return any(topic.name is None or topic.topic_id != ZERO_UUID for topic in topics)
    return any(topic.name is None and topic.topic_id == ZERO_UUID for topic in topics)


def _missing(name: str, operations: int) -> MetadataResponse.MetadataResponseTopic:
    return MetadataResponse.MetadataResponseTopic(
        error_code=error_for_missing(name),
        name=name,
        is_internal=name in INTERNAL_TOPICS,
        topic_authorized_operations=operations,
    )


def _unknown_id(topic_id: bytes) -> MetadataResponse.MetadataResponseTopic:
    return MetadataResponse.MetadataResponseTopic(error_code=ErrorCode.UNKNOWN_TOPIC_ID, name=None, topic_id=topic_id)
