"""FindCoordinator: who leads the partition of a key; and the topic that comes with the first search."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import pytest
import trio
from trio.testing import MockClock

from barnabas.broker.handlers.find_coordinator import CoordinatorType, FindCoordinatorHandler
from barnabas.metadata.records import BrokerRegistrationChangeRecord, FencingChange, PartitionChangeRecord
from barnabas.protocol import codec
from barnabas.protocol.errors import ErrorCode
from barnabas.protocol.messages.find_coordinator import FindCoordinatorRequest, FindCoordinatorResponse
from images import ImageSource, broker, topic

OFFSETS = "__consumer_offsets"
NOT_AVAILABLE = ErrorCode.COORDINATOR_NOT_AVAILABLE


class Groups:
    """A key's partition is its length."""

    topic = OFFSETS

    def partition_for(self, key: str) -> int:
        return len(key)


class Creation:
    """Creates a topic 20 ms after it is asked for, if it does."""

    def __init__(self, source: ImageSource, *leaders: int) -> None:
        self.source, self.leaders = source, leaders
        self.asked: list[str] = []

    async def create(self, names: Sequence[str]) -> None:
        self.asked += names
        await trio.sleep(0.02)
        if self.leaders:
            self.source.replay(*topic(names[0], *self.leaders))


class FakeRequest:
    def __init__(self, version: int, **fields: Any) -> None:
        self.body, self.version = FindCoordinatorRequest(**fields), version
        self.connection = type("Connection", (), {"listener": "PLAINTEXT"})()
        self.answer: Any = None
        self.answered = trio.Event()

    def reply(self, message: FindCoordinatorResponse) -> None:
        encoded = codec.encode(message, self.version)
        self.answer = codec.decode(FindCoordinatorResponse, self.version, encoded)[0]
        self.answered.set()


class House:
    """The handler, and all that it looks at."""

    def __init__(self, nursery: trio.Nursery, source: ImageSource, *leaders: int) -> None:
        self.source, self.creation = source, Creation(source, *leaders)
        self.lost_leaders: frozenset[int] = frozenset()
        kinds: dict[CoordinatorType, Any] = {CoordinatorType.GROUP: Groups()}
        self.handler = FindCoordinatorHandler(
            source.cache, kinds, cast("Any", self.creation), nursery.start_soon, lambda: self.lost_leaders
        )

    async def ask(self, *keys: str, version: int = 6, key_type: int = 0) -> Any:
        named: dict[str, Any] = {"coordinator_keys": keys} if version >= 4 else {"key": keys[0]}
        request = FakeRequest(version, key_type=key_type, **named)
        self.handler.handle(cast("Any", request))
        await request.answered.wait()
        return request.answer


def with_topic(*leaders: int) -> ImageSource:
    return ImageSource(broker(1), broker(2), *topic(OFFSETS, *leaders))


@pytest.mark.parametrize("version", range(7))
async def test_the_partitions_leader_coordinates(version: int, autojump_clock: MockClock) -> None:
    async with trio.open_nursery() as nursery:
        answer = await House(nursery, with_topic(1, 2)).ask("g", version=version)
    found = answer if version < 4 else answer.coordinators[0]
    assert (found.error_code, found.node_id, found.host, found.port) == (0, 2, "host2", 9092)
    if 1 <= version < 4:
        assert found.error_message == "NONE"


async def test_each_key_has_its_answer(autojump_clock: MockClock) -> None:
    async with trio.open_nursery() as nursery:
        answer = await House(nursery, with_topic(1, 2)).ask("", "g", "h")
    assert [(each.key, each.node_id) for each in answer.coordinators] == [("", 1), ("g", 2), ("h", 2)]


@pytest.mark.parametrize("version", range(7))
async def test_the_first_search_creates_the_topic_and_waits_for_it(version: int, autojump_clock: MockClock) -> None:
    async with trio.open_nursery() as nursery:
        house = House(nursery, ImageSource(broker(1), broker(2)), 1, 2)
        answer = await house.ask("g", version=version)
    assert (answer if version < 4 else answer.coordinators[0]).node_id == 2
    assert house.creation.asked == [OFFSETS]
    assert trio.current_time() < 0.1


@pytest.mark.parametrize("version", range(7))
async def test_without_the_topic_there_is_no_coordinator(version: int, autojump_clock: MockClock) -> None:
    async with trio.open_nursery() as nursery:
        answer = await House(nursery, ImageSource(broker(1))).ask("g", version=version)
    found = answer if version < 4 else answer.coordinators[0]
    assert (found.error_code, found.node_id, found.host, found.port) == (NOT_AVAILABLE, -1, "", -1)
    assert found.error_message == (NOT_AVAILABLE.text if version else "")


async def test_a_new_leader_is_waited_for(autojump_clock: MockClock) -> None:
    source = with_topic(1, -1)

    async def elect() -> None:
        await trio.sleep(0.2)
        source.replay(PartitionChangeRecord(partition_id=1, topic_id=source.cache.image.topics.ids[OFFSETS], leader=1))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(elect)
        house = House(nursery, source)
        answer = await house.ask("g")
    assert answer.coordinators[0].node_id == 1
    assert not house.creation.asked


async def test_who_seems_to_have_died_is_not_named(autojump_clock: MockClock) -> None:
    async with trio.open_nursery() as nursery:
        house = House(nursery, with_topic(1, 2))
        house.lost_leaders = frozenset({2})
        answer = await house.ask("", "g")
    assert [(each.node_id, each.error_code) for each in answer.coordinators] == [(1, 0), (-1, NOT_AVAILABLE)]
    assert trio.current_time() == pytest.approx(1.0, abs=0.1), "it waits for another leader, but not for ever"


async def test_a_fenced_broker_coordinates_nothing(autojump_clock: MockClock) -> None:
    source = with_topic(1, 2)
    source.replay(BrokerRegistrationChangeRecord(broker_id=2, broker_epoch=2, fenced=FencingChange.FENCE))
    async with trio.open_nursery() as nursery:
        answer = await House(nursery, source).ask("g")
    assert answer.coordinators[0].error_code == NOT_AVAILABLE


async def test_a_kind_without_coordinators_is_answered_at_once(autojump_clock: MockClock) -> None:
    async with trio.open_nursery() as nursery:
        house = House(nursery, with_topic(1, 2))
        for version, key_type, key, error in [
            (6, 1, "x", NOT_AVAILABLE),
            (6, 2, "g:AAAAAAAAAAAAAAAAAAAAAQ:0", NOT_AVAILABLE),
            (5, 2, "g:AAAAAAAAAAAAAAAAAAAAAQ:0", ErrorCode.INVALID_REQUEST),
            (6, 2, "g", ErrorCode.INVALID_REQUEST),
            (6, 2, ":AAAAAAAAAAAAAAAAAAAAAQ:0", ErrorCode.INVALID_REQUEST),
            (6, 2, "g:AAAAAAAAAAAAAAAAAAAAAQ:x", ErrorCode.INVALID_REQUEST),
            (6, 3, "g", ErrorCode.INVALID_REQUEST),
            (6, -1, "g", ErrorCode.INVALID_REQUEST),
        ]:
            answer = await house.ask(key, version=version, key_type=key_type)
            assert (answer.coordinators[0].error_code, answer.coordinators[0].error_message) == (error, error.text)
    assert not house.creation.asked
