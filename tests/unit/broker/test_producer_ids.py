"""Producer ids: blocks from the controller, and InitProducerId."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import trio

from barnabas.broker.controller_channel import ControllerUnavailable
from barnabas.broker.handlers.init_producer_id import InitProducerIdHandler
from barnabas.broker.producer_ids import ProducerIdBlocks, ProducerIds
from barnabas.protocol.errors import ErrorCode, WireError
from barnabas.protocol.messages.allocate_producer_ids import AllocateProducerIdsResponse
from barnabas.protocol.messages.init_producer_id import InitProducerIdRequest
from broker_harness import FakeRequest


def test_the_next_block_is_asked_for_before_the_present_one_is_used_up() -> None:
    blocks = ProducerIdBlocks()
    assert blocks.wants_block
    assert blocks.take() is None
    blocks.add_block(1000, 10)
    wants = []
    for number in range(10):
        assert blocks.take() == 1000 + number
        wants.append(blocks.wants_block)
    assert wants == [False] * 8 + [True] * 2


def test_the_next_block_is_begun_when_the_present_one_is_used_up() -> None:
    blocks = ProducerIdBlocks()
    blocks.add_block(0, 2)
    blocks.is_asking = True
    assert not blocks.wants_block
    blocks.add_block(500, 2)
    assert not blocks.wants_block
    assert [blocks.take() for _ in range(5)] == [0, 1, 500, 501, None]


class Controller:
    """Gives blocks of three, or an error."""

    def __init__(self) -> None:
        self.next = 0
        self.error: Exception | ErrorCode | None = None
        self.asked = 0

    async def send(self, message: Any, version: int | None = None) -> Any:
        self.asked += 1
        await trio.lowlevel.checkpoint()
        assert (message.broker_id, message.broker_epoch, version) == (1, 7, 0)
        if isinstance(self.error, ErrorCode):
            return AllocateProducerIdsResponse(error_code=self.error)
        if self.error is not None:
            raise self.error
        self.next += 3
        return AllocateProducerIdsResponse(producer_id_start=self.next - 3, producer_id_len=3)


async def ids(controller: Controller, count: int) -> list[int | None]:
    got: list[int | None] = []
    async with trio.open_nursery() as nursery:
        producer_ids = ProducerIds(controller, 1, lambda: 7, nursery.start_soon)
        for _ in range(count):
            producer_ids.get(got.append)
    return got


async def test_who_comes_before_a_block_waits_for_one() -> None:
    controller = Controller()
    assert await ids(controller, 7) == list(range(7))
    assert controller.asked in (3, 4)


@pytest.mark.parametrize("error", [ErrorCode.STALE_BROKER_EPOCH, ControllerUnavailable("nobody answers")])
async def test_without_a_controller_nobody_waits_for_ever(error: Exception | ErrorCode) -> None:
    controller = Controller()
    controller.error = error
    assert await ids(controller, 2) == [None, None]


async def test_a_later_request_asks_again() -> None:
    controller = Controller()
    controller.error = ErrorCode.STALE_BROKER_EPOCH
    got: list[int | None] = []
    async with trio.open_nursery() as nursery:
        producer_ids = ProducerIds(controller, 1, lambda: 7, nursery.start_soon)
        producer_ids.get(got.append)
        await trio.testing.wait_all_tasks_blocked()
        controller.error = None
        producer_ids.get(got.append)
    assert got == [None, 0]


async def test_who_does_not_wait_for_a_block_gets_an_id_of_it_later() -> None:
    async with trio.open_nursery() as nursery:
        producer_ids = ProducerIds(Controller(), 1, lambda: 7, nursery.start_soon)
        assert producer_ids.take() is None
        await trio.testing.wait_all_tasks_blocked()
        assert [producer_ids.take(), producer_ids.take()] == [0, 1]


class Ids:
    """Gives this id."""

    def __init__(self, producer_id: int | None) -> None:
        self.producer_id = producer_id

    def get(self, receive: Callable[[int | None], None]) -> None:
        receive(self.producer_id)


class NoCoordinators:
    """Of transactions: none is here."""

    def shard(self, key: str) -> Any:
        raise WireError(ErrorCode.NOT_COORDINATOR)


def init(version: int, producer_id: int | None = 42, **fields: Any) -> Any:
    request = FakeRequest(InitProducerIdRequest(**{"transactional_id": None} | fields), version)
    InitProducerIdHandler(Ids(producer_id), NoCoordinators(), max_timeout_ms=900_000).handle(request)  # type: ignore[arg-type]
    return request.response


@pytest.mark.parametrize("version", range(7))
def test_an_idempotent_producer_gets_an_id_and_epoch_0(version: int) -> None:
    response = init(version)
    assert (response.error_code, response.producer_id, response.producer_epoch) == (0, 42, 0)


def test_one_that_has_an_id_gets_another() -> None:
    response = init(3, producer_id=43)
    assert response.producer_id == 43
    response = init_with(7, 2)
    assert (response.error_code, response.producer_id, response.producer_epoch) == (0, 42, 0)


def init_with(producer_id: int, producer_epoch: int) -> Any:
    message = InitProducerIdRequest(transactional_id=None, producer_id=producer_id, producer_epoch=producer_epoch)
    request = FakeRequest(message, 3)
    InitProducerIdHandler(Ids(42), NoCoordinators(), max_timeout_ms=900_000).handle(request)  # type: ignore[arg-type]
    return request.response


@pytest.mark.parametrize(("producer_id", "producer_epoch"), [(7, -1), (-1, 7)])
def test_an_id_without_an_epoch_is_refused(producer_id: int, producer_epoch: int) -> None:
    response = init_with(producer_id, producer_epoch)
    assert response.error_code == ErrorCode.INVALID_REQUEST
    assert (response.producer_id, response.producer_epoch) == (-1, -1)


@pytest.mark.parametrize(
    ("transactional_id", "error"), [("", ErrorCode.INVALID_REQUEST), ("x", ErrorCode.NOT_COORDINATOR)]
)
def test_transactions_need_a_coordinator(transactional_id: str, error: ErrorCode) -> None:
    assert init(4, transactional_id=transactional_id, transaction_timeout_ms=60_000).error_code == error


def test_without_a_block_the_client_is_to_try_again() -> None:
    assert init(4, producer_id=None).error_code == ErrorCode.COORDINATOR_LOAD_IN_PROGRESS
