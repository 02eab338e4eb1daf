"""Fetches what a consumer reads, from the leaders, ahead of the reading: the shell of `fetching`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

import trio

from barnabas.client.cluster import Cluster, version_with_names
from barnabas.client.connection import ConnectionLost
from barnabas.client.errors import ClientError
from barnabas.client.fetch_session import SESSION_ERRORS, FetchPlan, FetchSession, PartitionKey, Wanted
from barnabas.client.fetching import Fetching, OffsetReset, Place, Position
from barnabas.client.metadata import Node, nodes_of
from barnabas.client.offsets import ListedOffset, OffsetSpec, list_offsets
from barnabas.protocol.errors import ErrorCode
from barnabas.protocol.messages.fetch import FetchRequest, FetchResponse
from barnabas.protocol.types import ZERO_UUID


@dataclass(frozen=True, slots=True)
class FetchConfig:
    """Settings of the requests; sizes in bytes."""

    reset_to: OffsetReset
    min_bytes: int
    max_wait_ms: int
    max_bytes: int
    max_partition_bytes: int
    read_committed: bool
    rack: str


class FetchTask:
    """See the module's text. `arrived` is called when there may be something to read."""

    def __init__(self, config: FetchConfig, cluster: Cluster, fetching: Fetching, arrived: Callable[[], None]) -> None:
        self._config: Final = config
        self._cluster: Final = cluster
        self._fetching: Final = fetching
        self._arrived: Final = arrived
        self._sessions: Final[dict[int, FetchSession]] = {}
        # A broker answers a connection's requests in their order, and fetches when there is something to read: on a
        # shared connection everything else, a producer's acknowledgements too, would wait for that.
        self._purpose: Final = cluster.own_purpose("fetch")
        self._work = trio.Event()

    def wake(self) -> None:
        """There may be something to fetch."""
        self._work.set()

    async def run(self, nursery: trio.Nursery) -> None:
        """Until cancelled; fetches are tasks of `nursery`."""
        while True:
            self._work = trio.Event()
            now = trio.current_time()
            work = self._fetching.drain(self._cluster.view, now)
            for node, positions in work.fetches.items():
                nursery.start_soon(self._fetch, node, positions)
            if work.leaderless:
                nursery.start_soon(self._find_leaders, work.leaderless)
            if work.resets:
                nursery.start_soon(self._reset, work.resets)
            with trio.move_on_at(self._fetching.next_deadline(now)):
                await self._work.wait()

    def _progress(self) -> None:
        """The core's state changed: there may be more to do, and something to read."""
        self._work.set()
        self._arrived()

    async def _fetch(self, node: Node, positions: list[Position]) -> None:
        session = self._sessions.setdefault(node.id, FetchSession())
        try:
            answers, response = await self._ask(node, session, positions)
        except ConnectionLost:
            session.lost()
            view = self._cluster.view
            self._fetching.failed(node, positions, trio.current_time())
            self._forget_leaders(p for p in positions if view.leader(p.topic, p.partition) == node)
        except ClientError as error:
            session.lost()
            self._fetching.failed(node, positions, trio.current_time(), error)
        else:
            redirected = self._learn_leaders(answers, response)
            now = trio.current_time()
            self._forget_leaders(self._fetching.fetched(node, positions, answers, now, redirected=redirected))
        self._progress()

    async def _ask(
        self, node: Node, session: FetchSession, positions: Iterable[Position]
    ) -> tuple[dict[Place, FetchResponse.PartitionData], FetchResponse]:
        """What the broker says of each partition; once more where it has nothing against but the session."""
        wanted = self._wanted(positions)
        by_id = all(topic_id != ZERO_UUID for _, topic_id, _ in wanted)
        connection = await self._cluster.to(node, purpose=self._purpose)
        version = None if by_id else version_with_names(connection, FetchRequest.API_KEY)

        async def ask() -> tuple[FetchPlan, FetchResponse]:
            plan = session.plan(wanted, by_id=by_id)
            response = await self._cluster.request(connection, self._request(plan), FetchResponse, version)
            if response.error_code:
                session.refused(response.error_code)
            else:
                session.answered(response.session_id)
            return plan, response

        plan, response = await ask()
        if response.error_code in SESSION_ERRORS:
            plan, response = await ask()
        return _answers(plan, wanted, response), response

    def _wanted(self, positions: Iterable[Position]) -> dict[PartitionKey, Wanted]:
        view = self._cluster.view
        return {
            (p.topic, view.topic_id(p.topic), p.partition): Wanted(
                p.fetch_offset, view.leader_epoch(p.topic, p.partition)
            )
            for p in positions
        }

    def _request(self, plan: FetchPlan) -> FetchRequest:
        topics: dict[str, FetchRequest.FetchTopic] = {}
        for (name, topic_id, number), wanted in plan.named.items():
            topic = topics.get(name)
            if topic is None:
                topic = topics[name] = FetchRequest.FetchTopic(topic=name, topic_id=topic_id)
            partition = FetchRequest.FetchPartition(
                partition=number,
                current_leader_epoch=wanted.leader_epoch,
                fetch_offset=wanted.offset,
                partition_max_bytes=self._config.max_partition_bytes,
            )
            topic.partitions.append(partition)
        forgotten: dict[tuple[str, bytes], list[int]] = {}
        for name, topic_id, number in plan.forgotten:
            forgotten.setdefault((name, topic_id), []).append(number)
        return FetchRequest(
            max_wait_ms=self._config.max_wait_ms,
            min_bytes=self._config.min_bytes,
            max_bytes=self._config.max_bytes,
            isolation_level=int(self._config.read_committed),
            session_id=plan.session_id,
            session_epoch=plan.session_epoch,
            topics=topics.values(),
            forgotten_topics_data=[
                FetchRequest.ForgottenTopic(topic=name, topic_id=topic_id, partitions=numbers)
                for (name, topic_id), numbers in forgotten.items()
            ],
            rack_id=self._config.rack,
        )

    def end_sessions(self) -> None:
        """Let the brokers forget the sessions; nobody waits for their answers. The connections end with them."""
        for node_id, session in self._sessions.items():
            plan = session.end()
            node = self._cluster.view.nodes.get(node_id)
            connection = None if node is None else self._cluster.connected(node, purpose=self._purpose)
            if connection is None:
                continue
            if plan is not None:
                with suppress(ConnectionLost):
                    connection.send(self._request(plan))
            connection.retire()

    def _learn_leaders(
        self, answers: Mapping[Place, FetchResponse.PartitionData], response: FetchResponse
    ) -> set[Place]:
        """Those of which the broker says that another leads them, or itself in a later epoch (KIP-951)."""
        nodes = nodes_of(response.node_endpoints)
        learn = self._cluster.view.learn_leader
        return {
            (topic, number)
            for (topic, number), answer in answers.items()
            if answer.error_code
            and learn(topic, number, answer.current_leader.leader_id, answer.current_leader.leader_epoch, nodes)
        }

    def _forget_leaders(self, positions: Iterable[Position]) -> None:
        for position in positions:
            self._cluster.view.forget_leader(position.topic, position.partition)

    async def _find_leaders(self, positions: list[Position]) -> None:
        try:
            await self._cluster.refresh({position.topic for position in positions})
        except ClientError as error:
            for position in positions:
                self._fetching.not_answered(position, error, trio.current_time())
        else:
            self._fetching.leaders_found(positions, self._cluster.view, trio.current_time())
        self._progress()

    async def _reset(self, positions: list[Position]) -> None:
        reset_to = self._config.reset_to
        assert reset_to != "none"
        wanted: dict[Place, OffsetSpec] = {(p.topic, p.partition): reset_to for p in positions}
        found = await list_offsets(self._cluster, wanted, read_committed=self._config.read_committed)
        for position in positions:
            match found[position.topic, position.partition]:
                case ListedOffset(offset):
                    self._fetching.reset(position, offset)
                case ClientError() as error:
                    self._fetching.not_answered(position, error, trio.current_time())
        self._progress()


def _answers(
    plan: FetchPlan, wanted: Mapping[PartitionKey, Wanted], response: FetchResponse
) -> dict[Place, FetchResponse.PartitionData]:
    """By partition. Of an incremental fetch those that are not spoken of have nothing to tell."""
    new = FetchResponse.PartitionData
    if response.error_code != ErrorCode.NONE:
        return {(topic, number): new(error_code=response.error_code) for topic, _, number in wanted}
    names = {topic_id: topic for topic, topic_id, _ in wanted}
    answers = {} if plan.full else {(topic, number): new() for topic, _, number in wanted}
    for topic in response.responses:
        name = topic.topic or names.get(topic.topic_id, "")
        answers.update(((name, p.partition_index), p) for p in topic.partitions)
    return answers
