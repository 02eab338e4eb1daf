"""The consumer: `await consumer.assign({("topic", 0): "earliest"})`, then `async for record in consumer`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import AsyncExitStack, suppress
from types import TracebackType
from typing import Final, Literal, Self

import trio

from barnabas.client.background import Background
from barnabas.client.cluster import Cluster, version_with_names
from barnabas.client.connection import ConnectionLost
from barnabas.client.errors import ClientClosed, ClientError, ConfigurationError
from barnabas.client.fetching import ConsumerRecord, Fetching, FetchingConfig, OffsetReset, Place, Position
from barnabas.client.metadata import Node
from barnabas.client.offsets import ListedOffset, OffsetSpec, list_offsets
from barnabas.protocol.errors import ErrorCode
from barnabas.protocol.messages.fetch import FetchRequest, FetchResponse
from barnabas.protocol.types import ZERO_UUID

Start = int | Literal["earliest", "latest"]
"""Where to begin: an offset, or the begin or end of the log at the time of asking."""

_NO_SESSION_EPOCH: Final = -1


class Consumer:
    """Reads partitions that it is told to read. Open it with `async with`; one task at a time may iterate.

    Records are fetched ahead of the iteration, as far as `max_buffered` allows. A partition that fails raises a
    ClientError from the iteration, after the records that came before; the others can be read on.
    """

    def __init__(
        self,
        bootstrap: str | Cluster,
        *,
        auto_offset_reset: OffsetReset = "none",
        fetch_min_bytes: int = 1,
        fetch_max_wait: float = 0.5,
        fetch_max_bytes: int = 8 * 1024 * 1024,
        max_partition_fetch_bytes: int = 1024 * 1024,
        max_buffered: int = 8 * 1024 * 1024,
        check_crcs: bool = True,
        request_timeout: float = 30.0,
        client_rack: str = "",
        client_id: str = "barnabas-consumer",
    ) -> None:
        """Args, named as Kafka's settings:

        bootstrap: host:port, several separated by commas; or an open Cluster, which stays open.
        auto_offset_reset: where to go on when a position is no longer in the log, or not yet: "earliest", "latest",
            or "none": raise OFFSET_OUT_OF_RANGE.
        fetch_min_bytes, fetch_max_wait (seconds): a broker answers when it has so much, or after so long.
        fetch_max_bytes, max_partition_fetch_bytes: of one answer, and of one partition in it; a single larger batch
            is sent nevertheless.
        max_buffered: bytes in hand at which no more is fetched.
        check_crcs: whether the checksum of each batch is verified.
        request_timeout: seconds that a broker has for one answer.
        """
        self._stack: Final = AsyncExitStack()
        self._owned: Final = isinstance(bootstrap, str)
        if isinstance(bootstrap, str):
            bootstrap = Cluster(bootstrap, client_id=client_id, request_timeout=request_timeout)
        self.cluster: Final[Cluster] = bootstrap
        if auto_offset_reset not in ("earliest", "latest", "none"):
            raise ConfigurationError(f'auto_offset_reset={auto_offset_reset!r}; it is "earliest", "latest" or "none"')
        if not 0 <= fetch_max_wait < self.cluster.request_timeout:
            raise ConfigurationError(f"fetch_max_wait={fetch_max_wait:g}; it must be from 0 to below request_timeout")
        self._reset_to: Final = auto_offset_reset
        self._min_bytes: Final = fetch_min_bytes
        self._max_wait_ms: Final = int(fetch_max_wait * 1000)
        self._max_bytes: Final = fetch_max_bytes
        self._max_partition_bytes: Final = max_partition_fetch_bytes
        self._rack: Final = client_rack
        config = FetchingConfig(auto_offset_reset, max_buffered, check_crcs)
        self._fetching: Final = Fetching(config, self.cluster.rng.random)
        self._batch: Iterator[ConsumerRecord] = iter(())
        self._assigned = False
        self._work = trio.Event()
        self._arrived = trio.Event()
        self._open = False

    async def __aenter__(self) -> Self:
        if self._owned:
            await self._stack.enter_async_context(self.cluster)
        nursery = await self._stack.enter_async_context(Background())
        nursery.start_soon(self._run, nursery)
        self._open = True
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None
    ) -> bool | None:
        self._open = False
        self._arrived.set()
        return await self._stack.__aexit__(kind, error, tb)

    async def assign(self, starts: Mapping[Place, Start], *, stop_at_end: bool = False) -> None:
        """Read these partitions, each (topic, number) from its start, and no others.

        With `stop_at_end` the iteration ends where the partitions end now. Raises ClientError if one does not exist.
        """
        wrong = [
            start for start in starts.values() if not isinstance(start, int) and start not in ("earliest", "latest")
        ]
        if wrong:
            raise ConfigurationError(f'a start of {wrong[0]!r}; it is an offset, "earliest" or "latest"')
        asked: dict[Place, OffsetSpec] = {place: start for place, start in starts.items() if isinstance(start, str)}
        for place in starts.keys() - asked.keys():
            await self.cluster.check_partition(*place)
        offsets = {place: start for place, start in starts.items() if isinstance(start, int)}
        ends = await self._offsets(dict.fromkeys(starts, "latest")) if stop_at_end else {}
        offsets |= await self._offsets(asked)
        self._fetching.assign(Position(*place, offsets[place], ends.get(place)) for place in starts)
        self._batch = iter(())
        self._assigned = True
        self._work.set()

    def position(self, topic: str, partition: int) -> int:
        """The offset of the next record that comes from this partition. ConfigurationError if it is not assigned."""
        offset = self._fetching.position(topic, partition)
        if offset is None:
            raise ConfigurationError(f"{topic}-{partition} is not assigned")
        return offset

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> ConsumerRecord:
        """The next record. No checkpoint while the records of a batch last."""
        while True:
            record = next(self._batch, None)
            if record is not None:
                return record
            await trio.lowlevel.checkpoint()
            await self._next_batch()

    async def _next_batch(self) -> None:
        while True:
            if not self._open:
                raise ClientClosed("the consumer is not open: use it inside its `async with` block")
            if not self._assigned:
                raise ConfigurationError("nothing to read: assign partitions first")
            self._arrived = trio.Event()
            buffered = self._fetching.buffered
            batch = self._fetching.next_batch()
            if self._fetching.buffered < buffered:
                self._work.set()
            if batch is not None:
                self._batch = batch
                return
            if self._fetching.finished:
                raise StopAsyncIteration
            await self._arrived.wait()

    async def _offsets(self, wanted: Mapping[Place, OffsetSpec]) -> dict[Place, int]:
        offsets: dict[Place, int] = {}
        for place, found in (await list_offsets(self.cluster, wanted)).items():
            if isinstance(found, ClientError):
                raise found
            offsets[place] = found.offset
        return offsets

    # -- fetching ------------------------------------------------------------------------------------------------

    async def _run(self, nursery: trio.Nursery) -> None:
        while True:
            self._work = trio.Event()
            now = trio.current_time()
            work = self._fetching.drain(self.cluster.view, now)
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
        self._arrived.set()

    async def _fetch(self, node: Node, positions: list[Position]) -> None:
        request = self._request(positions)
        try:
            connection = await self.cluster.to(node)
            by_id = all(topic.topic_id != ZERO_UUID for topic in request.topics)
            version = None if by_id else version_with_names(connection, request.API_KEY)
            response = await self.cluster.request(connection, request, FetchResponse, version)
        except ConnectionLost:
            self._fetching.failed(node, positions, trio.current_time())
            self._forget_leaders(positions)
        except ClientError as error:
            self._fetching.failed(node, positions, trio.current_time(), error)
        else:
            answers = _answers(request, response)
            self._forget_leaders(self._fetching.fetched(node, positions, answers, trio.current_time()))
        self._progress()

    def _request(self, positions: Iterable[Position]) -> FetchRequest:
        view = self.cluster.view
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
                partition_max_bytes=self._max_partition_bytes,
            )
            topic.partitions.append(wanted)
        return FetchRequest(
            max_wait_ms=self._max_wait_ms,
            min_bytes=self._min_bytes,
            max_bytes=self._max_bytes,
            session_epoch=_NO_SESSION_EPOCH,
            topics=topics.values(),
            rack_id=self._rack,
        )

    def _forget_leaders(self, positions: Iterable[Position]) -> None:
        for position in positions:
            self.cluster.view.forget_leader(position.topic, position.partition)

    async def _find_leaders(self, positions: list[Position]) -> None:
        with suppress(ClientError):  # nobody answers: as long as that lasts, there is no leader
            await self.cluster.refresh({position.topic for position in positions})
        self._fetching.leaders_found(positions, self.cluster.view, trio.current_time())
        self._progress()

    async def _reset(self, positions: list[Position]) -> None:
        assert self._reset_to != "none"
        found = await list_offsets(self.cluster, {(p.topic, p.partition): self._reset_to for p in positions})
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
