"""Topics that clients and coordinators bring into being: forwarded once, waited for a moment."""

from __future__ import annotations

import random
from typing import Any, cast

import pytest
import trio
from trio.testing import MockClock

from barnabas.broker.auto_topic_creation import AutoTopicCreation
from barnabas.broker.controller_channel import ControllerUnavailable
from barnabas.broker.forwarding import Origin
from barnabas.broker.handlers.metadata import MetadataHandler
from barnabas.protocol.errors import ErrorCode
from barnabas.protocol.framing import RequestHeader
from barnabas.protocol.message import RequestMessage, ResponseMessage
from barnabas.protocol.messages.create_topics import CreateTopicsRequest, CreateTopicsResponse
from barnabas.protocol.messages.metadata import MetadataRequest
from barnabas.server.settings import Settings
from images import ImageSource, broker, topic

SETTINGS = Settings.of({"node.id": 1, "num.partitions": 4, "default.replication.factor": 2})
COMMIT_SECONDS = 0.02


class Controller:
    """Answers after 10 ms, and commits what it accepted 20 ms after the question."""

    def __init__(self, source: ImageSource, nursery: trio.Nursery, **errors: ErrorCode) -> None:
        self.source, self.nursery, self.errors = source, nursery, errors
        self.available = True
        self.asked: list[CreateTopicsRequest] = []
        self.origins: list[Origin] = []

    async def forward(self, origin: Origin, message: RequestMessage, version: int) -> ResponseMessage:
        assert isinstance(message, CreateTopicsRequest)
        self.asked.append(message)
        self.origins.append(origin)
        await trio.sleep(0.01)
        if not self.available:
            raise ControllerUnavailable("none")
        result = CreateTopicsResponse.CreatableTopicResult
        response = CreateTopicsResponse(
            topics=[result(name=each.name, error_code=self.errors.get(each.name, 0)) for each in message.topics]
        )
        for each in response.topics:
            if not each.error_code and each.name is not None:
                self.nursery.start_soon(self._commit, each.name)
        return response

    async def _commit(self, name: str) -> None:
        await trio.sleep(COMMIT_SECONDS - 0.01)
        self.source.replay(*topic(name, 1))

    @property
    def created(self) -> list[tuple[str, int, int]]:
        return [(t.name, t.num_partitions, t.replication_factor) for asked in self.asked for t in asked.topics]


class FakeRequest:
    def __init__(self, version: int, **fields: Any) -> None:
        self.body, self.version = MetadataRequest(**fields), version
        self.header = RequestHeader(MetadataRequest.API_KEY, version, 7, "client")
        self.connection = type("Connection", (), {"peer": "10.1.2.3:55", "listener": "PLAINTEXT"})()
        self.answer: Any = None

    def reply(self, message: Any) -> None:
        self.answer = message

    @property
    def errors(self) -> dict[str, ErrorCode]:
        return {each.name: ErrorCode.of(each.error_code) for each in self.answer.topics}


def named(*names: str) -> list[MetadataRequest.MetadataRequestTopic]:
    return [MetadataRequest.MetadataRequestTopic(name=name) for name in names]


class House:
    """A broker's part of it."""

    def __init__(self, nursery: trio.Nursery, **errors: ErrorCode) -> None:
        self.source = ImageSource(broker(1))
        self.controller = Controller(self.source, nursery, **errors)
        self.creation = AutoTopicCreation(cast("Any", self.controller), nursery.start_soon, SETTINGS, self.source.cache)
        self.metadata = MetadataHandler(self.source.cache, "cluster", random.Random(1), self.creation)

    async def ask(self, *names: str, version: int = 13, **fields: Any) -> FakeRequest:
        request = FakeRequest(version, topics=named(*names), **fields)
        await self.metadata.handle_soon(cast("Any", request))
        return request


async def test_the_answer_waits_for_the_topic(autojump_clock: MockClock) -> None:
    async with trio.open_nursery() as nursery:
        house, start = House(nursery), trio.current_time()
        request = await house.ask("t")
        assert request.errors == {"t": ErrorCode.NONE}
        assert trio.current_time() - start == pytest.approx(COMMIT_SECONDS)
    assert house.controller.created == [("t", 4, 2)]
    assert (house.controller.origins[0].host, house.controller.origins[0].client_id) == ("10.1.2.3", "client")


async def test_a_topic_is_asked_for_once_however_many_clients_want_it(autojump_clock: MockClock) -> None:
    async with trio.open_nursery() as nursery:
        house = House(nursery)
        async with trio.open_nursery() as clients:
            for names in (["t"], ["t", "u"], ["u", "t"]):
                clients.start_soon(house.ask, *names)
    assert sorted(house.controller.created) == [("t", 4, 2), ("u", 4, 2)]


async def test_nobody_waits_for_a_refused_topic(autojump_clock: MockClock) -> None:
    async with trio.open_nursery() as nursery:
        house, start = House(nursery, t=ErrorCode.INVALID_REPLICATION_FACTOR), trio.current_time()
        request = await house.ask("t")
        assert request.errors == {"t": ErrorCode.UNKNOWN_TOPIC_OR_PARTITION}
        assert trio.current_time() - start == pytest.approx(0.01)
        await house.ask("t")
    assert len(house.controller.asked) == 2, "who asks again tries again"


async def test_nobody_waits_long_for_a_controller(autojump_clock: MockClock) -> None:
    async with trio.open_nursery() as nursery:
        house = House(nursery)
        house.controller.available = False
        assert (await house.ask("t")).errors == {"t": ErrorCode.UNKNOWN_TOPIC_OR_PARTITION}
        house.controller.available = True
        assert (await house.ask("t")).errors == {"t": ErrorCode.NONE}


async def test_a_topic_that_never_comes_is_waited_for_a_second(autojump_clock: MockClock) -> None:
    async with trio.open_nursery() as nursery:
        house, start = House(nursery, t=ErrorCode.TOPIC_ALREADY_EXISTS), trio.current_time()
        assert (await house.ask("t")).errors == {"t": ErrorCode.UNKNOWN_TOPIC_OR_PARTITION}
        assert trio.current_time() - start == pytest.approx(1.0)


@pytest.mark.parametrize(
    "fields", [{"allow_auto_topic_creation": False}, {"topics": None}, {"topics": []}, {"topics": named("a/b")}]
)
async def test_what_creates_nothing(fields: dict[str, Any], autojump_clock: MockClock) -> None:
    async with trio.open_nursery() as nursery:
        house, start = House(nursery), trio.current_time()
        request = FakeRequest(13, **{"topics": named("t"), **fields})
        await house.metadata.handle_soon(cast("Any", request))
        assert request.answer is not None
        assert trio.current_time() == start
    assert not house.controller.asked


async def test_internal_topics_get_the_configuration_of_their_coordinators(autojump_clock: MockClock) -> None:
    async with trio.open_nursery() as nursery:
        house = House(nursery)
        await house.creation.create(["__consumer_offsets", "__transaction_state", "__share_group_state"])
    offsets, transactions = house.controller.asked[0].topics
    assert house.controller.created == [("__consumer_offsets", 50, 3), ("__transaction_state", 50, 3)]
    assert {config.name: config.value for config in offsets.configs} == {
        "cleanup.policy": "compact",
        "compression.type": "producer",
        "segment.bytes": "104857600",
    }
    assert {config.name: config.value for config in transactions.configs} == {
        "cleanup.policy": "compact",
        "compression.type": "uncompressed",
        "min.insync.replicas": "2",
        "segment.bytes": "104857600",
        "unclean.leader.election.enable": "false",
    }
    assert house.controller.origins[0].client_id == "broker-1"
