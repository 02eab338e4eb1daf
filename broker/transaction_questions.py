"""Partition leaders' questions to transaction coordinators (AddPartitionsToTxn v4 and later, KIP-890).

`QuestionQueue` (a core) gathers what is asked while a request to a coordinator is under way, and makes one of it; its
shell, `TransactionQuestions`, finds the coordinators and asks them. A coordinator on this very broker is asked without
the network.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final, cast

from barnabas.broker.peer_channels import PeerUnavailable
from barnabas.protocol.errors import ErrorCode
from barnabas.protocol.messages.add_partitions_to_txn import AddPartitionsToTxnRequest, AddPartitionsToTxnResponse
from barnabas.server.logging import get_logger

if TYPE_CHECKING:
    from barnabas.broker.background import Background
    from barnabas.broker.coordinator.transactions.marker_sender import Peers
    from barnabas.broker.transaction_verification import Question

log = get_logger(__name__)

Then = Callable[[ErrorCode], None]
_Asked = tuple["Question", Then]


class QuestionQueue:
    """See the module's text."""

    def __init__(self) -> None:
        self._waiting: dict[int, dict[str, list[_Asked]]] = {}
        """By broker and transactional id: questions of one producer, epoch and kind."""
        self._in_flight: dict[int, dict[str, list[_Asked]]] = {}

    def add(self, broker_id: int, question: Question, then: Then) -> None:
        """Ask this broker. What was asked for an older epoch of the producer, and not sent yet, is not worth asking."""
        waiting = self._waiting.setdefault(broker_id, {})
        known = waiting.get(question.transactional_id, [])
        if known and not _is_alike(known[0][0], question):
            first = known[0][0]
            same_id = first.producer_id == question.producer_id
            if same_id and first.producer_epoch > question.producer_epoch:
                then(ErrorCode.INVALID_PRODUCER_EPOCH)
                return
            older = same_id and first.producer_epoch < question.producer_epoch
            waiting[question.transactional_id] = [(question, then)]
            for _, superseded in known:
                superseded(ErrorCode.INVALID_PRODUCER_EPOCH if older else ErrorCode.NETWORK_EXCEPTION)
            return
        waiting.setdefault(question.transactional_id, known).append((question, then))

    def next_requests(self) -> list[tuple[int, AddPartitionsToTxnRequest]]:
        """What to send now, to which brokers. For each, `answered` or `failed` is to be called."""
        requests = []
        for broker_id in [broker_id for broker_id in self._waiting if broker_id not in self._in_flight]:
            asked = self._in_flight[broker_id] = self._waiting.pop(broker_id)
            requests.append(
                (broker_id, AddPartitionsToTxnRequest(transactions=[_transaction(each) for each in asked.values()]))
            )
        return requests

    def answered(self, broker_id: int, response: AddPartitionsToTxnResponse) -> None:
        """A broker answered: all that was asked learns it, in the order of asking."""
        error = ErrorCode.of(response.error_code)
        if error is ErrorCode.CLUSTER_AUTHORIZATION_FAILED:
            error = ErrorCode.INVALID_TXN_STATE
        answers = {
            (result.transactional_id, topic.name, partition.partition_index): ErrorCode.of(
                partition.partition_error_code
            )
            for result in response.results_by_transaction
            for topic in result.topic_results
            for partition in topic.results_by_partition
        }
        for asked in self._in_flight.pop(broker_id, {}).values():
            for question, then in asked:
                place = (question.transactional_id, question.topic, question.index)
                then(error or answers.get(place, ErrorCode.NETWORK_EXCEPTION))

    def failed(self, broker_id: int) -> None:
        """A broker did not answer."""
        for asked in self._in_flight.pop(broker_id, {}).values():
            for _, then in asked:
                then(ErrorCode.NETWORK_EXCEPTION)


class TransactionQuestions:
    """See the module's text."""

    def __init__(
        self,
        broker_id: int,
        coordinator_of: Callable[[str], int | None],
        peers: Peers,
        *,
        background: Background,
        spawn: Callable[..., None],
    ) -> None:
        """`coordinator_of` gives the broker that coordinates a transactional id, None where there is none now.

        `spawn` runs an async function in the background. `ask_here` is to be set.
        """
        self._broker_id: Final = broker_id
        self._coordinator_of: Final = coordinator_of
        self._peers: Final = peers
        self._background: Final = background
        self._spawn: Final = spawn
        self._queue: Final = QuestionQueue()
        self._is_scheduled = False
        self.ask_here: Callable[[AddPartitionsToTxnRequest, Callable[[AddPartitionsToTxnResponse], None]], None]
        """Asks the coordinators of this broker (`AddPartitionsToTxnHandler.answer`)."""

    def ask(self, question: Question, then: Then) -> None:
        """See `transaction_verification.Coordinators`."""
        coordinator = self._coordinator_of(question.transactional_id)
        if coordinator is None:
            then(ErrorCode.COORDINATOR_NOT_AVAILABLE)
            return
        self._queue.add(coordinator, question, then)
        self._run_soon()

    def _run_soon(self) -> None:
        """All that is asked meanwhile goes together."""
        if not self._is_scheduled:
            self._is_scheduled = True
            self._background.soon(self._run)

    def _run(self) -> None:
        self._is_scheduled = False
        for broker_id, request in self._queue.next_requests():
            if broker_id == self._broker_id:
                self.ask_here(request, lambda response: self._answered(self._broker_id, response))
            else:
                self._spawn(self._ask, broker_id, request)

    async def _ask(self, broker_id: int, request: AddPartitionsToTxnRequest) -> None:
        try:
            response = cast(AddPartitionsToTxnResponse, await self._peers.request(broker_id, request))
        except PeerUnavailable as error:
            log.info("transaction not verified", coordinator=broker_id, reason=str(error))
            self._queue.failed(broker_id)
            self._run_soon()
        else:
            self._answered(broker_id, response)

    def _answered(self, broker_id: int, response: AddPartitionsToTxnResponse) -> None:
        self._queue.answered(broker_id, response)
        self._run_soon()


def _is_alike(one: Question, other: Question) -> bool:
    """Whether both can stand in one request's transaction."""
    return (one.producer_id, one.producer_epoch, one.add) == (other.producer_id, other.producer_epoch, other.add)


def _transaction(asked: list[_Asked]) -> AddPartitionsToTxnRequest.AddPartitionsToTxnTransaction:
    first = asked[0][0]
    topics: dict[str, list[int]] = {}
    for question, _ in asked:
        topics.setdefault(question.topic, []).append(question.index)
    return AddPartitionsToTxnRequest.AddPartitionsToTxnTransaction(
        transactional_id=first.transactional_id,
        producer_id=first.producer_id,
        producer_epoch=first.producer_epoch,
        verify_only=not first.add,
        topics=[
            AddPartitionsToTxnRequest.AddPartitionsToTxnTopic(name=topic, partitions=indexes)
            for topic, indexes in topics.items()
        ],
    )
