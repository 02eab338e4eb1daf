"""Brokers that keep their logs in lists, on a network in memory, and fail as a test tells them to."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from inspect import isawaitable
from typing import Any

import trio
import trio.testing

from barnabas.net.memory import MemoryNetwork
from barnabas.protocol.api_keys import ApiKey
from barnabas.protocol.errors import ErrorCode
from barnabas.protocol.message import RequestMessage
from barnabas.protocol.messages.fetch import FetchRequest, FetchResponse
from barnabas.protocol.messages.init_producer_id import InitProducerIdRequest, InitProducerIdResponse
from barnabas.protocol.messages.list_offsets import ListOffsetsRequest, ListOffsetsResponse
from barnabas.protocol.messages.metadata import MetadataRequest, MetadataResponse
from barnabas.protocol.messages.produce import ProduceRequest, ProduceResponse
from barnabas.protocol.record_batch import RecordBatch, parse_batch, patch
from barnabas.server.dispatch import ApiTable, Request
from barnabas.server.listener import Server
from barnabas.server.settings import Settings
from barnabas.server.timers import Timers

FIRST_PORT = 9092


@dataclass(slots=True)
class FakePartition:
    """A log, and the leader that every broker names."""

    leader: int
    epoch: int = 0
    start: int = 0
    batches: list[RecordBatch] = field(default_factory=list)

    @property
    def end(self) -> int:
        return self.batches[-1].next_offset if self.batches else self.start

    def append(self, data: memoryview) -> tuple[ErrorCode, int]:
        """The error and base offset of an idempotent append."""
        copy = bytearray(data)
        batch = parse_batch(copy)
        if batch.producer_id >= 0:
            before = [b for b in self.batches if b.producer_id == batch.producer_id]
            for old in before:
                if (old.producer_epoch, old.base_sequence) == (batch.producer_epoch, batch.base_sequence):
                    return ErrorCode.NONE, old.base_offset
            same = bool(before) and before[-1].producer_epoch == batch.producer_epoch
            if batch.base_sequence != (before[-1].last_sequence + 1 if same else 0):
                return ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER, -1
        patch(copy, 0, self.end, self.epoch)
        self.batches.append(parse_batch(copy))
        return ErrorCode.NONE, self.batches[-1].base_offset

    def values(self) -> list[bytes]:
        return [bytes(record.value or b"") for batch in self.batches for record in batch.records()]


@dataclass(slots=True)
class FakeSession:
    """A fetch session: the partitions that the next fetch need not name, by topic."""

    id: int
    epoch: int = -1
    topics: dict[tuple[str, bytes], dict[int, FetchRequest.FetchPartition]] = field(default_factory=dict)

    def update(self, body: FetchRequest) -> FetchRequest:
        """Take what is new; the request with all that is wanted."""
        self.epoch = body.session_epoch
        for gone in body.forgotten_topics_data:
            for number in gone.partitions:
                del self.topics[gone.topic, gone.topic_id][number]
        for topic in body.topics:
            self.topics.setdefault((topic.topic, topic.topic_id), {}).update({p.partition: p for p in topic.partitions})
        topics = [
            FetchRequest.FetchTopic(topic=name, topic_id=topic_id, partitions=wanted.values())
            for (name, topic_id), wanted in self.topics.items()
        ]
        return FetchRequest(max_wait_ms=body.max_wait_ms, rack_id=body.rack_id, topics=topics)


class FakeCluster:
    """Brokers 1, 2, ... at 127.0.0.1:9092 and on. `start` them first."""

    def __init__(
        self, nursery: trio.Nursery, brokers: int = 1, *, max_versions: dict[ApiKey, int] | None = None
    ) -> None:
        self.network = MemoryNetwork()
        self.topics: dict[str, dict[int, FakePartition]] = {}
        self.requests: list[tuple[int, RequestMessage, int]] = []
        """What came: broker, message, version."""
        self.refusals: dict[ApiKey, deque[ErrorCode]] = defaultdict(deque)
        """Errors to answer with, one for each partition that is asked about, before any work is done."""
        self.lost_answers: dict[ApiKey, int] = defaultdict(int)
        """How often the work is done but the connection closed instead of an answer."""
        self.more: dict[ApiKey, Callable[[int, Any], Any]] = {}
        """Other APIs, to be given before the start: a broker's id and a request in, the response out."""
        self.gate: Callable[[Request[Any]], str | None] = lambda request: None
        """Why a request is not let in, and its connection closed; None: it is."""
        self.twist: Callable[[Any], None] = lambda answer: None
        """Changes an answer before it is given."""
        self.hanging: set[int] = set()
        """Brokers that answer nothing but ApiVersions."""
        self.tells_leaders = False
        """Whether a broker that does not lead a partition says who does (KIP-951)."""
        self.fetch_sessions: dict[int, FakeSession] | None = None
        """A dict: fetch sessions are given, by their ids (KIP-227)."""
        self.closest: dict[str, int] = {}
        """The broker that leaders send readers of a rack to (KIP-392); it serves all partitions."""
        self.max_batch_bytes = 1 << 30
        """Batches that are larger are refused, as by max.message.bytes."""
        self.bad_values: frozenset[bytes] = frozenset()
        """Batches with records of these are refused, and the records named (KIP-467)."""
        self.producer_ids = 1000
        self._scopes: dict[int, trio.CancelScope] = {}
        self._nursery = nursery
        self._size = brokers
        self._max_versions = max_versions or {}
        self._appended = trio.lowlevel.ParkingLot()

    @property
    def bootstrap(self) -> str:
        return f"127.0.0.1:{FIRST_PORT}"

    def create(self, topic: str, leaders: Iterable[int] = (1,)) -> dict[int, FakePartition]:
        self.topics[topic] = {number: FakePartition(leader) for number, leader in enumerate(leaders)}
        return self.topics[topic]

    def count(self, key: ApiKey, broker: int | None = None) -> int:
        """How many requests of an API came."""
        return sum(key == message.API_KEY and broker in (None, by) for by, message, _ in self.requests)

    async def start(self, *brokers: int) -> None:
        for broker in brokers or range(1, self._size + 1):
            table = ApiTable()
            for key, handle in (self._handlers() | self.more).items():
                table.register(key, self._handler(broker, handle), max_version=self._max_versions.get(key))
            listener = f"PLAINTEXT://127.0.0.1:{FIRST_PORT - 1 + broker}"
            timers = Timers()
            server = Server(self.network, Settings.of({"listeners": [listener]}), table, timers)
            await server.bind()
            self._nursery.start_soon(self._serve, broker, server, timers)

    async def stop(self, broker: int) -> None:
        """With its connections; returns when nobody listens any more."""
        self._scopes.pop(broker).cancel()
        await trio.testing.wait_all_tasks_blocked()

    def move(self, topic: str, partition: int, leader: int) -> None:
        found = self.topics[topic][partition]
        found.leader, found.epoch = leader, found.epoch + 1

    async def _serve(self, broker: int, server: Server, timers: Timers) -> None:
        with trio.CancelScope() as self._scopes[broker]:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(timers.run)
                nursery.start_soon(server.serve)

    def _handlers(self) -> dict[ApiKey, Any]:
        return {
            ApiKey.METADATA: self._metadata,
            ApiKey.PRODUCE: self._produce,
            ApiKey.FETCH: self._fetch,
            ApiKey.LIST_OFFSETS: self._list_offsets,
            ApiKey.INIT_PRODUCER_ID: self._init_producer_id,
        }

    def _handler(self, broker: int, handle: Any) -> Any:
        async def handler(request: Request[Any]) -> None:
            body = request.body
            if (why := self.gate(request)) is not None:
                request.close(why)
                return
            self.requests.append((broker, body, request.version))
            if broker in self.hanging:
                return
            answer = handle(broker, body)
            answer = await answer if isawaitable(answer) else answer
            self.twist(answer)
            if self.lost_answers[body.API_KEY]:
                self.lost_answers[body.API_KEY] -= 1
                request.close("a test wants it so")
            else:
                request.reply(answer)

        return handler

    def _refusal(self, key: ApiKey) -> ErrorCode:
        refusals = self.refusals[key]
        return refusals.popleft() if refusals else ErrorCode.NONE

    def _find(self, broker: int, topic: str, partition: int) -> tuple[FakePartition, ErrorCode]:
        found = self.topics.get(topic, {}).get(partition)
        if found is None:
            return FakePartition(-1), ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
        return found, ErrorCode.NONE if found.leader == broker else ErrorCode.NOT_LEADER_OR_FOLLOWER

    def _name(self, topic: str, topic_id: bytes) -> str:
        return topic or topic_id.rstrip(b"\0").decode()

    async def _metadata(self, broker: int, body: MetadataRequest) -> MetadataResponse:
        new = MetadataResponse
        names = list(self.topics) if body.topics is None else [topic.name or "" for topic in body.topics]
        topics = []
        for name in names:
            code = self._refusal(ApiKey.METADATA)
            if name not in self.topics:
                code = code or ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
            partitions = [
                new.MetadataResponsePartition(
                    partition_index=number, leader_id=p.leader, leader_epoch=p.epoch, replica_nodes=[p.leader]
                )
                for number, p in self.topics.get(name, {}).items()
                if not code
            ]
            topic_id = topic_id_of(name)
            topics.append(
                new.MetadataResponseTopic(name=name, topic_id=topic_id, error_code=code, partitions=partitions)
            )
        brokers = [
            new.MetadataResponseBroker(node_id=id_, host="127.0.0.1", port=FIRST_PORT - 1 + id_) for id_ in self._scopes
        ]
        return new(cluster_id="fake", controller_id=1, brokers=brokers, topics=topics)

    async def _init_producer_id(self, broker: int, body: InitProducerIdRequest) -> InitProducerIdResponse:
        code = self._refusal(ApiKey.INIT_PRODUCER_ID)
        self.producer_ids += 0 if code else 1
        return InitProducerIdResponse(error_code=code, producer_id=-1 if code else self.producer_ids, producer_epoch=0)

    async def _produce(self, broker: int, body: ProduceRequest) -> ProduceResponse | None:
        new = ProduceResponse
        topics = []
        for topic in body.topic_data:
            answers = []
            for data in topic.partition_data:
                found, code = self._find(broker, self._name(topic.name, topic.topic_id), data.index)
                code, base, bad = code or self._refusal(ApiKey.PRODUCE), -1, list[int]()
                if not code and data.records is not None:
                    code, bad = self._look_at(data.records)
                if not code and data.records is not None:
                    code, base = found.append(data.records)
                answers.append(
                    new.PartitionProduceResponse(
                        index=data.index,
                        error_code=code,
                        base_offset=base,
                        record_errors=[
                            new.BatchIndexAndErrorMessage(batch_index=number, batch_index_error_message="bad")
                            for number in bad
                        ],
                    )
                )
            topics.append(
                new.TopicProduceResponse(name=topic.name, topic_id=topic.topic_id, partition_responses=answers)
            )
        self._appended.unpark_all()
        return self._with_leaders(new(responses=topics)) if body.acks else None

    def _look_at(self, data: memoryview) -> tuple[ErrorCode, list[int]]:
        """Why a batch is refused, and for which of its records."""
        if len(data) > self.max_batch_bytes:
            return ErrorCode.MESSAGE_TOO_LARGE, []
        values = [bytes(record.value or b"") for record in parse_batch(data).records()] if self.bad_values else []
        bad = [number for number, value in enumerate(values) if value in self.bad_values]
        return (ErrorCode.INVALID_RECORD if bad else ErrorCode.NONE), bad

    def _with_leaders(self, response: Any) -> Any:
        """The answer, with the leaders of what was refused."""
        for topic in response.responses if self.tells_leaders else ():
            is_produce = isinstance(response, ProduceResponse)
            for p in topic.partition_responses if is_produce else topic.partitions:
                if p.error_code in (ErrorCode.NOT_LEADER_OR_FOLLOWER, ErrorCode.FENCED_LEADER_EPOCH):
                    name = self._name(topic.name if is_produce else topic.topic, topic.topic_id)
                    found = self.topics[name][p.index if is_produce else p.partition_index]
                    p.current_leader.leader_id, p.current_leader.leader_epoch = found.leader, found.epoch
        if self.tells_leaders:
            response.node_endpoints = [
                type(response).NodeEndpoint(node_id=id_, host="127.0.0.1", port=FIRST_PORT - 1 + id_)
                for id_ in self._scopes
            ]
        return response

    async def _fetch(self, broker: int, body: FetchRequest) -> FetchResponse:
        if self.fetch_sessions is None:
            return await self._fetch_in_time(broker, body)
        if body.session_epoch <= 0:
            self.fetch_sessions.pop(body.session_id, None)
        if body.session_epoch < 0:
            return FetchResponse()
        known = self.fetch_sessions.get(body.session_id)
        if body.session_epoch == 0:
            known = FakeSession(max(self.fetch_sessions, default=0) + 1)
            self.fetch_sessions[known.id] = known
        elif known is None:
            return FetchResponse(error_code=ErrorCode.FETCH_SESSION_ID_NOT_FOUND)
        elif known.epoch + 1 != body.session_epoch:
            return FetchResponse(error_code=ErrorCode.INVALID_FETCH_SESSION_EPOCH)
        answer = await self._fetch_in_time(broker, known.update(body))
        answer.session_id = known.id
        for topic in answer.responses if body.session_epoch else ():
            topic.partitions = [p for p in topic.partitions if _has_news(p)]
        return answer

    async def _fetch_in_time(self, broker: int, body: FetchRequest) -> FetchResponse:
        answer = self._fetch_now(broker, body)
        with trio.move_on_after(body.max_wait_ms / 1000):
            while not any(_has_news(p) for topic in answer.responses for p in topic.partitions):
                await self._appended.park()
                answer = self._fetch_now(broker, body)
        response: FetchResponse = self._with_leaders(answer)
        return response

    def _fetch_now(self, broker: int, body: FetchRequest) -> FetchResponse:
        new = FetchResponse
        topics = []
        for topic in body.topics:
            answers = []
            for wanted in topic.partitions:
                found, code = self._find(broker, self._name(topic.topic, topic.topic_id), wanted.partition)
                closest = self.closest.get(body.rack_id)
                if broker == closest and code == ErrorCode.NOT_LEADER_OR_FOLLOWER:
                    code = ErrorCode.NONE
                elif closest is not None and not code:
                    answers.append(new.PartitionData(partition_index=wanted.partition, preferred_read_replica=closest))
                    continue
                code = code or self._refusal(ApiKey.FETCH)
                if not code and not found.start <= wanted.fetch_offset <= found.end:
                    code = ErrorCode.OFFSET_OUT_OF_RANGE
                whole = b"".join(b.view for b in found.batches if b.next_offset > wanted.fetch_offset and not code)
                records = whole[: max(wanted.partition_max_bytes, 1000)]
                answers.append(
                    new.PartitionData(partition_index=wanted.partition, error_code=code, records=memoryview(records))
                )
            topics.append(new.FetchableTopicResponse(topic=topic.topic, topic_id=topic.topic_id, partitions=answers))
        return new(responses=topics)

    async def _list_offsets(self, broker: int, body: ListOffsetsRequest) -> ListOffsetsResponse:
        new = ListOffsetsResponse
        topics = []
        for topic in body.topics:
            answers = []
            for wanted in topic.partitions:
                found, code = self._find(broker, topic.name, wanted.partition_index)
                code = code or self._refusal(ApiKey.LIST_OFFSETS)
                offset = {-1: found.end, -2: found.start}.get(wanted.timestamp, -1)
                answers.append(
                    new.ListOffsetsPartitionResponse(
                        partition_index=wanted.partition_index, error_code=code, offset=-1 if code else offset
                    )
                )
            topics.append(new.ListOffsetsTopicResponse(name=topic.name, partitions=answers))
        return new(topics=topics)


def _has_news(told: FetchResponse.PartitionData) -> bool:
    return bool(told.records or told.error_code or told.preferred_read_replica >= 0)


def topic_id_of(name: str) -> bytes:
    """The id that the fake brokers give a topic."""
    return name.encode().ljust(16, b"\0")
