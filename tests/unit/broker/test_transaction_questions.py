"""Leaders' questions to transaction coordinators: gathered, asked, and answered in their order (KIP-890)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from barnabas.broker.peer_channels import PeerUnavailable
from barnabas.broker.transaction_questions import QuestionQueue, TransactionQuestions
from barnabas.broker.transaction_verification import Question
from barnabas.protocol.errors import ErrorCode
from barnabas.protocol.messages.add_partitions_to_txn import AddPartitionsToTxnRequest, AddPartitionsToTxnResponse
from broker_harness import FakeBackground

Heard = list[tuple[str, ErrorCode]]


def question(index: int = 0, *, id: str = "tx", epoch: int = 0, producer: int = 7, add: bool = True) -> Question:
    return Question(id, producer, epoch, "t", index, add)


def answer(request: AddPartitionsToTxnRequest, error: ErrorCode = ErrorCode.NONE) -> AddPartitionsToTxnResponse:
    return AddPartitionsToTxnResponse(
        results_by_transaction=[
            AddPartitionsToTxnResponse.AddPartitionsToTxnResult(
                transactional_id=transaction.transactional_id,
                topic_results=[
                    AddPartitionsToTxnResponse.AddPartitionsToTxnTopicResult(
                        name=topic.name,
                        results_by_partition=[
                            AddPartitionsToTxnResponse.AddPartitionsToTxnPartitionResult(
                                partition_index=index, partition_error_code=error
                            )
                            for index in topic.partitions
                        ],
                    )
                    for topic in transaction.topics
                ],
            )
            for transaction in request.transactions
        ]
    )


@pytest.fixture
def heard() -> Heard:
    return []


def then(heard: Heard, name: str) -> Callable[[ErrorCode], None]:
    return lambda error: heard.append((name, error))


def test_what_is_asked_while_a_request_is_under_way_goes_with_the_next(heard: Heard) -> None:
    queue = QuestionQueue()
    queue.add(1, question(), then(heard, "a"))
    [(broker, first)] = queue.next_requests()
    assert (broker, [each.verify_only for each in first.transactions]) == (1, [False])
    queue.add(1, question(1), then(heard, "b"))
    queue.add(1, question(2), then(heard, "c"))
    queue.add(1, question(0, id="other", add=False), then(heard, "d"))
    assert queue.next_requests() == []
    queue.answered(1, answer(first))
    [(_, second)] = queue.next_requests()
    assert [(each.transactional_id, each.verify_only) for each in second.transactions] == [
        ("tx", False),
        ("other", True),
    ]
    assert list(second.transactions[0].topics[0].partitions) == [1, 2]
    queue.answered(1, answer(second, ErrorCode.PRODUCER_FENCED))
    assert heard == [("a", ErrorCode.NONE), *((name, ErrorCode.PRODUCER_FENCED) for name in "bcd")]


@pytest.mark.parametrize(
    ("later", "told"),
    [
        (question(epoch=5), ErrorCode.INVALID_PRODUCER_EPOCH),
        (question(epoch=4, add=False), ErrorCode.NETWORK_EXCEPTION),
        (question(epoch=0, producer=8), ErrorCode.NETWORK_EXCEPTION),
    ],
)
def test_a_later_question_of_another_kind_takes_the_place_of_one_that_is_not_sent(
    heard: Heard, later: Question, told: ErrorCode
) -> None:
    queue = QuestionQueue()
    queue.add(1, question(epoch=4), then(heard, "earlier"))
    queue.add(1, later, then(heard, "later"))
    assert heard == [("earlier", told)]
    [(_, request)] = queue.next_requests()
    queue.answered(1, answer(request))
    assert heard[1:] == [("later", ErrorCode.NONE)]


def test_a_question_of_an_older_epoch_is_not_asked(heard: Heard) -> None:
    queue = QuestionQueue()
    queue.add(1, question(epoch=4), then(heard, "new"))
    queue.add(1, question(epoch=3), then(heard, "old"))
    assert heard == [("old", ErrorCode.INVALID_PRODUCER_EPOCH)]


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (ErrorCode.CLUSTER_AUTHORIZATION_FAILED, ErrorCode.INVALID_TXN_STATE),
        (ErrorCode.UNKNOWN_SERVER_ERROR, ErrorCode.UNKNOWN_SERVER_ERROR),
    ],
)
def test_an_error_of_the_whole_request_is_told_to_all(heard: Heard, error: ErrorCode, told: ErrorCode) -> None:
    queue = QuestionQueue()
    queue.add(1, question(), then(heard, "a"))
    queue.next_requests()
    queue.answered(1, AddPartitionsToTxnResponse(error_code=error))
    assert heard == [("a", told)]


class Peers:
    def __init__(self, *errors: ErrorCode | None) -> None:
        self.errors = list(errors)

    async def request(self, broker_id: int, message: Any, version: int | None = None) -> Any:
        error = self.errors.pop(0)
        if error is None:
            raise PeerUnavailable("gone")
        return answer(message, error)


async def ask(coordinator: int | None, *errors: ErrorCode | None) -> Heard:
    """Ask a coordinator on this broker (1), on another, or nowhere."""
    heard: Heard = []
    background, tasks = FakeBackground(), list[Any]()
    questions = TransactionQuestions(
        1, lambda _: coordinator, Peers(*errors), background=background, spawn=lambda *task: tasks.append(task)
    )
    questions.ask_here = lambda body, reply: reply(answer(body))
    questions.ask(question(), then(heard, "a"))
    background.run()
    for call, *arguments in tasks:
        await call(*arguments)
    background.run()
    return heard


async def test_a_coordinator_on_this_broker_is_asked_without_the_network() -> None:
    assert await ask(1) == [("a", ErrorCode.NONE)]


async def test_another_broker_is_asked() -> None:
    assert await ask(2, ErrorCode.TRANSACTION_ABORTABLE) == [("a", ErrorCode.TRANSACTION_ABORTABLE)]


async def test_a_coordinator_that_does_not_answer() -> None:
    assert await ask(2, None) == [("a", ErrorCode.NETWORK_EXCEPTION)]


async def test_a_coordinator_that_is_not_there() -> None:
    assert await ask(None) == [("a", ErrorCode.COORDINATOR_NOT_AVAILABLE)]
