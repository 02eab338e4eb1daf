"""Carries a producer's batches to their leaders and brings the answers back: the shell of `batcher`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

import trio

from barnabas.client.batcher import Answer, Batch, Batcher, Verdict
from barnabas.client.cluster import Cluster, version_with_names
from barnabas.client.connection import CannotConnect, ConnectionLost
from barnabas.client.errors import BrokerError, ClientClosed, ClientError
from barnabas.client.metadata import ClusterView, Node, nodes_of
from barnabas.client.offsets import Place
from barnabas.protocol.errors import ErrorCode, WireError
from barnabas.protocol.messages.init_producer_id import InitProducerIdRequest, InitProducerIdResponse
from barnabas.protocol.messages.produce import ProduceRequest, ProduceResponse
from barnabas.protocol.types import ZERO_UUID

if TYPE_CHECKING:
    from barnabas.client.transactions import Transactions


class Sender:
    """See the module's text. `ended` holds an event for each batch that is under way; `room` is set when one ends."""

    def __init__(self, cluster: Cluster, batcher: Batcher, acks: int, transactions: Transactions | None) -> None:
        self.ended: Final[dict[Batch, trio.Event]] = {}
        self.room = trio.Event()
        self._cluster: Final = cluster
        self._batcher: Final = batcher
        self._acks: Final = acks
        self._transactions: Final = transactions
        self.woken = False
        """Whether it has been woken and has not run since."""
        self._work = trio.Event()
        self._asking_for_id = False
        self._enrolling = False

    def wake(self) -> None:
        """There may be something to send."""
        self.woken = True
        self._work.set()

    def fail_all(self, why: str) -> None:
        """End everything that is under way."""
        self._finish(self._batcher.fail_all(ClientClosed(why)))

    async def run(self, nursery: trio.Nursery) -> None:
        """Until cancelled; requests are tasks of `nursery`."""
        try:
            while True:
                self._work, self.woken = trio.Event(), False
                self._send_what_is_due(nursery)
                with trio.move_on_at(self._batcher.next_deadline()):
                    await self._work.wait()
        finally:
            # Whatever ended this task, nobody is left waiting for it.
            self.fail_all("the producer stopped before the record was acknowledged")

    def _send_what_is_due(self, nursery: trio.Nursery) -> None:
        now = trio.current_time()
        self._finish(self._batcher.expire(now))
        if self._batcher.needs_producer_id and not self._asking_for_id:
            self._asking_for_id = True
            nursery.start_soon(self._get_producer_id)
        if not self._enrolling and (places := self._batcher.to_enrol):
            self._enrolling = True
            nursery.start_soon(self._enrol, places)
        self._deliver(self._batcher.drain(now), nursery)

    def _finish(self, batches: Iterable[Batch]) -> None:
        for batch in batches:
            if batch.whole.ended and (ended := self.ended.pop(batch.whole, None)) is not None:
                ended.set()
            self.room.set()
        if self.room.is_set():
            self.room = trio.Event()

    async def _get_producer_id(self) -> None:
        request = InitProducerIdRequest(transactional_id=None, transaction_timeout_ms=0x7FFFFFFF)
        backoff = self._cluster.backoff("a producer id")
        try:
            while True:
                response = await self._cluster.ask(request, InitProducerIdResponse)
                if not response.error_code:
                    break
                error = BrokerError(response.error_code, "producer id")
                if not error.retriable:
                    raise error
                await backoff.wait(error)
            self._batcher.set_producer_id(response.producer_id, response.producer_epoch)
        except ClientError as error:
            self._finish(self._batcher.no_producer_id(error))
        finally:
            self._asking_for_id = False
            self.wake()

    async def _enrol(self, places: set[Place]) -> None:
        """Make partitions part of the transaction, so that their batches can leave."""
        assert self._transactions is not None
        try:
            await self._transactions.enrol(places)
        except ClientError as error:
            self._finish(self._batcher.fail_all(error))
        finally:
            self._enrolling = False
            self.wake()

    # -- requests ------------------------------------------------------------------------------------------------

    def _deliver(self, batches: Iterable[Batch], nursery: trio.Nursery) -> None:
        """Begin to send each batch to its leader, those of one leader together."""
        groups: dict[Node | None, list[Batch]] = {}
        for batch in batches:
            groups.setdefault(self._cluster.view.leader(batch.topic, batch.partition), []).append(batch)
        for leader, group in groups.items():
            if leader is None:
                nursery.start_soon(self._find_leaders, group, nursery)
            else:
                nursery.start_soon(self._send, leader, group)

    async def _find_leaders(self, batches: list[Batch], nursery: trio.Nursery) -> None:
        why: object = "there is no leader"
        try:
            await self._cluster.refresh({batch.topic for batch in batches})
        except ClientError as error:
            if not error.retriable:
                self._refused(batches, error)
                return
            why = error
        view = self._cluster.view
        found = [batch for batch in batches if view.leader(batch.topic, batch.partition) is not None]
        self._deliver([batch for batch in found if batch.outcome is None], nursery)
        self._lost([batch for batch in batches if batch not in found], why, was_sent=False)

    async def _send(self, leader: Node, batches: list[Batch]) -> None:
        try:
            connection = await self._cluster.to(leader)
            request = self._request([batch for batch in batches if batch.outcome is None])
            by_id = all(topic.topic_id != ZERO_UUID for topic in request.topic_data)
            version = None if by_id else version_with_names(connection, request.API_KEY)
            if self._acks == 0:
                connection.send_unanswered(request, version)
                await connection.wait_sent()  # or they would pile up here, and be lost when we close
                self._answered({_name(batch): Answer(ErrorCode.NONE) for batch in batches}, batches)
                return
            response = await self._cluster.request(connection, request, ProduceResponse, version)
        except ConnectionLost as error:
            for batch in batches:
                self._cluster.view.forget_leader(batch.topic, batch.partition)
            self._lost(batches, f"{leader}: {error}", was_sent=not isinstance(error, CannotConnect))
        except WireError as error:
            self._refused(batches, BrokerError(error.code, str(leader), error.message))
        except ClientError as error:
            self._refused(batches, error)
        else:
            self._answered(_answers(request, response, self._cluster.view), batches)

    def _request(self, batches: Iterable[Batch]) -> ProduceRequest:
        topics: dict[str, ProduceRequest.TopicProduceData] = {}
        for batch in batches:
            data = topics.get(batch.topic)
            if data is None:
                topic_id = self._cluster.view.topic_id(batch.topic)
                data = topics[batch.topic] = ProduceRequest.TopicProduceData(name=batch.topic, topic_id=topic_id)
            data.partition_data.append(ProduceRequest.PartitionProduceData(index=batch.partition, records=batch.data))
        return ProduceRequest(
            transactional_id=None if self._transactions is None else self._transactions.transactional_id,
            acks=self._acks,
            timeout_ms=int(self._cluster.request_timeout * 1000),
            topic_data=topics.values(),
        )

    # -- what became of it ---------------------------------------------------------------------------------------

    def _answered(self, answers: dict[Place, Answer], batches: Iterable[Batch]) -> None:
        now = trio.current_time()
        for batch in batches:
            if batch.outcome is not None:
                continue  # it expired meanwhile
            answer = answers.get(_name(batch), Answer(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, message="no answer for it"))
            match self._batcher.answered(batch, answer, now):
                case Verdict.ENDED | Verdict.IN_PIECES:
                    self._finish([batch])
                case Verdict.RETRY_ELSEWHERE:
                    self._cluster.view.forget_leader(batch.topic, batch.partition)
        self.wake()

    def _refused(self, batches: Iterable[Batch], error: ClientError) -> None:
        """The broker was not even asked: the request cannot be made, or we are not let in."""
        now = trio.current_time()
        for batch in batches:
            if batch.outcome is None and self._batcher.refused(batch, error, now) is Verdict.ENDED:
                self._finish([batch])
        self.wake()

    def _lost(self, batches: Iterable[Batch], why: object, *, was_sent: bool) -> None:
        now = trio.current_time()
        for batch in batches:
            self._batcher.lost(batch, why, now, was_sent=was_sent)
        self.wake()


def _name(batch: Batch) -> Place:
    return batch.topic, batch.partition


def _answers(request: ProduceRequest, response: ProduceResponse, view: ClusterView) -> dict[Place, Answer]:
    """What became of each batch; the view learns of the leaders that are told (KIP-951)."""
    names = {topic.topic_id: topic.name for topic in request.topic_data}
    nodes = nodes_of(response.node_endpoints)
    answers: dict[Place, Answer] = {}
    for topic in response.responses:
        name = topic.name or names.get(topic.topic_id, "")
        for p in topic.partition_responses:
            leader = p.current_leader
            told = view.learn_leader(name, p.index, leader.leader_id, leader.leader_epoch, nodes)
            code = ErrorCode.of(p.error_code)
            errors = tuple((each.batch_index, each.batch_index_error_message) for each in p.record_errors)
            answers[name, p.index] = Answer(code, p.base_offset, p.log_append_time_ms, p.error_message, told, errors)
    return answers
