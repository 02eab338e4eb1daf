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
from barnabas.client.fetching import Fetching, OffsetReset, Place, Position
from barnabas.client.metadata import Node, nodes_of
from barnabas.client.offsets import ListedOffset, OffsetSpec, list_offsets
from barnabas.protocol.errors import ErrorCode
from barnabas.protocol.messages.fetch import FetchRequest, FetchResponse
from barnabas.protocol.types import ZERO_UUID

_NO_SESSION_EPOCH: Final = -1


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
        request = self._request(positions)
        try:
            connection = await self._cluster.to(node)
            by_id = all(topic.topic_id != ZERO_UUID for topic in request.topics)
            version = None if by_id else version_with_names(connection, request.API_KEY)
            response = await self._cluster.request(connection, request, FetchResponse, version)
        except ConnectionLost:
            self._fetching.failed(node, positions, trio.current_time())
            self._forget_leaders(positions)
        except ClientError as error:
            self._fetching.failed(node, positions, trio.current_time(), error)
        else:
            answers = _answers(request, response)
            redirected = self._learn_leaders(answers, response)
            now = trio.current_time()
            self._forget_leaders(self._fetching.fetched(node, positions, answers, now, redirected=redirected))
        self._progress()

    def _request(self, positions: Iterable[Position]) -> FetchRequest:
        view = self._cluster.view
        topics: dict[str, FetchRequest.FetchTopic] = {}
        for position in positions:
            topic = topics.get(position.topic)
            if topic is None:
                topic_id = view.topic_id(position.topic)
                topic = topics[position.topic] = FetchRequest.FetchTopic(topic=position.topic, topic_id=topic_id)
            wanted = FetchRequest.FetchPartition(
                partition=position.partition,
                current_leader_epoch=view.leader_epoch(position.topic, position.partition),
                fetch_offset=position.fetch_offset,
                partition_max_bytes=self._config.max_partition_bytes,
            )
            topic.partitions.append(wanted)
        return FetchRequest(
            max_wait_ms=self._config.max_wait_ms,
            min_bytes=self._config.min_bytes,
            max_bytes=self._config.max_bytes,
            isolation_level=int(self._config.read_committed),
            session_epoch=_NO_SESSION_EPOCH,
            topics=topics.values(),
            rack_id=self._config.rack,
        )

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
        with suppress(ClientError):  # nobody answers: as long as that lasts, there is no leader
            await self._cluster.refresh({position.topic for position in positions})
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
                    self._fetching.reset_failed(position, error, trio.current_time())
        self._progress()


def _answers(request: FetchRequest, response: FetchResponse) -> dict[Place, FetchResponse.PartitionData]:
    if response.error_code != ErrorCode.NONE:
        return {
            (topic.topic, p.partition): FetchResponse.PartitionData(error_code=response.error_code)
            for topic in request.topics
            for p in topic.partitions
        }
    names = {topic.topic_id: topic.topic for topic in request.topics}
    return {
        (topic.topic or names.get(topic.topic_id, ""), p.partition_index): p
        for topic in response.responses
        for p in topic.partitions
    }
