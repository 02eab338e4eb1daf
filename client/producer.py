"""The producer: `async with Producer(bootstrap) as producer: await producer.send("topic", b"value")`."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Generic, Literal, NoReturn, Self, cast

import trio

from barnabas.client.background import Background
from barnabas.client.batcher import Answer, Batch, Batcher, BatcherConfig, Verdict, record_size
from barnabas.client.cluster import Cluster, version_with_names
from barnabas.client.connection import ConnectionLost
from barnabas.client.errors import BrokerError, ClientClosed, ClientError, ConfigurationError
from barnabas.client.metadata import ClusterView, Node, nodes_of
from barnabas.client.offsets import Place
from barnabas.client.partitioner import StickyPartitioner, partition_for_key
from barnabas.client.receipts import Receipt as Receipt
from barnabas.client.receipts import RecordMetadata as RecordMetadata
from barnabas.client.settings import check_acks, check_at_least, check_compression, settings_of
from barnabas.protocol.errors import ErrorCode, WireError
from barnabas.protocol.messages.init_producer_id import InitProducerIdRequest, InitProducerIdResponse
from barnabas.protocol.messages.produce import ProduceRequest, ProduceResponse
from barnabas.protocol.types import ZERO_UUID, Buffer

if TYPE_CHECKING:
    from typing_extensions import TypeVar

    from barnabas.client.consumer import Consumer
    from barnabas.client.groups.committed import OffsetAndMetadata
    from barnabas.client.groups.member import Generation
    from barnabas.client.transactions import Transactions

    K = TypeVar("K", default=Buffer | None)
    V = TypeVar("V", default=Buffer | None)
else:
    from typing import TypeVar

    K, V = TypeVar("K"), TypeVar("V")

Acks = Literal["all", -1, 0, 1]
CompressionName = Literal["none", "gzip", "snappy", "lz4", "zstd"]


class Producer(Generic[K, V]):
    """Sends records, in batches, in order within each partition, and by default exactly once (idempotent).

    Open it with `async with`. The block's end waits for what is under way, at most for the delivery timeout.
    """

    @settings_of("Producer")
    def __init__(
        self,
        bootstrap: str | Cluster,
        *,
        acks: Acks = "all",
        compression: CompressionName = "none",
        linger: float = 0.0,
        batch_size: int = 16384,
        buffer_memory: int = 32 * 1024 * 1024,
        enable_idempotence: bool | None = None,
        delivery_timeout: float = 120.0,
        request_timeout: float = 30.0,
        key_serializer: Callable[[K], Buffer | None] | None = None,
        value_serializer: Callable[[V], Buffer | None] | None = None,
        transactional_id: str | None = None,
        transaction_timeout: float = 60.0,
        client_id: str = "barnabas-producer",
    ) -> None:
        """Args, named as Kafka's settings:

        bootstrap: host:port, several separated by commas; or an open Cluster, which stays open.
        acks: who must have a record before it counts as sent: "all" in-sync replicas, 1: the leader, 0: nobody.
        compression: of batches.
        linger: seconds to wait for more records before a batch is sent; records gather anyway while one is under way.
        batch_size: bytes of a batch before compression; a larger record goes alone.
        buffer_memory: bytes that may be under way; `send` and `send_soon` wait while there is no room.
        enable_idempotence: whether retries can never double a record; needs acks="all". None: if acks is "all".
        delivery_timeout: seconds, retries included, after which a record is given up.
        request_timeout: seconds that a broker has for one answer.
        key_serializer, value_serializer: what makes bytes (or None) of keys and values; without one they are bytes.
            What it raises comes out of `send`.
        transactional_id: whose transactions these are; a later producer with the same one ends those of this one. All
            is sent inside `transaction()` then.
        transaction_timeout: seconds after which the cluster aborts a transaction by itself.
        """
        self._acks: Final = check_acks(acks, True if transactional_id is not None else enable_idempotence)
        self._stack: Final = AsyncExitStack()
        self._owned: Final = isinstance(bootstrap, str)
        if isinstance(bootstrap, str):
            bootstrap = Cluster(bootstrap, client_id=client_id, request_timeout=request_timeout)
        self.cluster: Final[Cluster] = bootstrap
        self._serializers: Final = (key_serializer, value_serializer)
        self._buffer_memory: Final = buffer_memory
        self._room = trio.Event()
        check_at_least(
            batch_size=(batch_size, 1),
            buffer_memory=(buffer_memory, 1),
            linger=(linger, 0),
            delivery_timeout=(delivery_timeout, 0.001),
        )
        idempotent = self._acks == -1 if enable_idempotence is None else enable_idempotence
        config = BatcherConfig(
            batch_size,
            linger,
            delivery_timeout,
            check_compression(compression),
            idempotent,
            transactional_id is not None,
        )
        self._batcher: Final = Batcher(config, self.cluster.rng.random)
        self._transactions: Transactions | None = None
        if transactional_id is not None:
            from barnabas.client.transactions import Transactions

            self._transactions = Transactions(self.cluster, self._batcher, transactional_id, transaction_timeout)
        self._enrolling = False
        self._flushes = 0
        self._sticky: Final = StickyPartitioner(batch_size, self.cluster.rng.choice)
        self._ended: Final[dict[Batch, trio.Event]] = {}
        self._wake = trio.Event()
        self._nursery: trio.Nursery | None = None
        self._open = False
        self._asking_for_id = False

    async def __aenter__(self) -> Self:
        if self._owned:
            await self._stack.enter_async_context(self.cluster)
        self._nursery = await self._stack.enter_async_context(Background())
        self._stack.push_async_exit(self._close)
        self._nursery.start_soon(self._run)
        self._open = True
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None
    ) -> bool | None:
        return await self._stack.__aexit__(kind, error, tb)

    async def send(
        self,
        topic: str,
        value: V,
        *,
        key: K | None = None,
        headers: Sequence[tuple[str, Buffer | None]] = (),
        partition: int | None = None,
        timestamp: int | None = None,
    ) -> RecordMetadata:
        """Send one record and wait until it is acknowledged. Call it from several tasks to fill batches.

        Without `partition` the key decides, and without a key too, chance. `timestamp` in ms; None: now.
        Raises ClientError. Cancelling stops the waiting, not the record.
        """
        receipt = await self.send_soon(topic, value, key=key, headers=headers, partition=partition, timestamp=timestamp)
        return await receipt.wait()

    async def send_soon(
        self,
        topic: str,
        value: V,
        *,
        key: K | None = None,
        headers: Sequence[tuple[str, Buffer | None]] = (),
        partition: int | None = None,
        timestamp: int | None = None,
    ) -> Receipt:
        """Take one record as `send` does, but do not wait for its acknowledgement: the receipt does.

        What one task sends keeps its order within a partition. Waits while `buffer_memory` is full.
        """
        value_bytes, key_bytes = self._serialized(value, key)
        partition = await self._place(topic, value_bytes, key_bytes, headers, partition)
        await self._wait_for_room(record_size(key_bytes, value_bytes, headers))
        if not self._open:
            raise ClientClosed("the producer is not open: use it inside its `async with` block")
        if self._transactions is not None:
            self._transactions.check_open()
        stamp = time.time_ns() // 1_000_000 if timestamp is None else timestamp
        now = trio.current_time()
        batch, index, new = self._batcher.append(topic, partition, stamp, key_bytes, value_bytes, headers, now)
        if new:
            self._ended[batch] = trio.Event()
            self._wake.set()
        return Receipt(batch, index, stamp, self._ended[batch])

    def _serialized(self, value: V, key: K | None) -> tuple[Buffer | None, Buffer | None]:
        of_key, of_value = self._serializers
        value_bytes = cast("Buffer | None", value) if of_value is None else of_value(value)
        key_bytes = cast("Buffer | None", key) if of_key is None or key is None else of_key(key)
        return value_bytes, key_bytes

    async def _wait_for_room(self, size: int) -> None:
        """Until a record of so many bytes fits in; one that never would goes alone."""
        while self._open and self._batcher.buffered and self._batcher.buffered + size > self._buffer_memory:
            await self._room.wait()

    async def flush(self) -> None:
        """Wait until everything that is under way has been acknowledged or has failed."""
        self._flushes += 1
        self._batcher.flushing = True
        self._wake.set()
        try:
            for event in list(self._ended.values()):
                await event.wait()
        finally:
            self._flushes -= 1
            self._batcher.flushing = self._flushes > 0

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[None]:
        """A transaction: what is sent inside of the block becomes visible to `read_committed` consumers at its end, all
        of it or, if the block or anything sent in it fails, nothing.

        Raises TransactionAborted when a record could not be written, ProducerFenced, ClientError.
        """
        await self.begin_transaction()
        try:
            yield
        except BaseException:
            await self.abort_transaction()
            raise
        await self.commit_transaction()

    async def begin_transaction(self) -> None:
        """What is sent from now on belongs to a transaction. `transaction()` does this and its end."""
        await self._transactional().begin()

    async def commit_transaction(self) -> None:
        """Wait for what was sent, and make it visible; see `transaction`.

        Cancelled before everything has arrived, it aborts; after that the end is waited for, but not for long. When it
        raises TimedOut, or was cancelled, the transaction may be committed: then call it again, until it returns.
        Nothing else is possible meanwhile.
        """
        transactions = self._transactional()
        if not transactions.is_committing:
            await self._flush_to_commit(transactions)
        try:
            await transactions.end(commit=True)
        except trio.Cancelled:
            # The coordinator may have heard of it. It is asked again: the next transaction needs the epoch after it.
            await transactions.end_in_time(commit=True)
            if transactions.is_open:
                await self._abort(transactions)
            raise
        except ClientError as error:
            if transactions.is_open:
                await self._aborted(transactions, error)
            raise

    async def _flush_to_commit(self, transactions: Transactions) -> None:
        transactions.check_open()
        try:
            await self.flush()
        except BaseException:
            await self._abort(transactions)
            raise
        if (failure := self._batcher.failure) is not None:
            await self._aborted(transactions, failure)

    async def _aborted(self, transactions: Transactions, failure: ClientError) -> NoReturn:
        from barnabas.client.transactions import TransactionAborted

        await self._abort(transactions)
        raise TransactionAborted(f"the transaction was aborted: {failure}") from failure

    async def abort_transaction(self) -> None:
        """Make nothing of what was sent visible. Takes a bounded time. Fails only after a commit without an answer."""
        transactions = self._transactional()
        if transactions.is_committing:
            transactions.check_open()
        await self._abort(transactions)

    async def _abort(self, transactions: Transactions) -> None:
        """Whatever is still under way ends here."""
        self._finish(self._batcher.fail_all(ClientClosed("the transaction was aborted")))
        await transactions.end_in_time(commit=False)

    async def send_offsets(
        self, consumer: Consumer[Any, Any], offsets: Mapping[Place, int | OffsetAndMetadata] | None = None
    ) -> None:
        """Commit where the consumer's group is together with the open transaction; None: all that was read.

        CommitFailed when the consumer is not in its group any more, or has lost a partition of which it read in this
        transaction: leave the block by it, and the transaction is aborted; then `consumer.rewind()` goes back to what
        is committed. The consumer must not commit by itself (`enable_auto_commit=False`).
        """
        chosen: Mapping[Place, int | OffsetAndMetadata]
        try:
            chosen = consumer.consumed_in_transaction() if offsets is None else offsets
        except ClientError as error:
            self._batcher.failure = self._batcher.failure or error
            raise
        await self.send_offsets_of(*consumer.group_metadata, chosen)
        consumer.settle()

    async def send_offsets_of(
        self, group: str, member: Generation, offsets: Mapping[Place, int | OffsetAndMetadata]
    ) -> None:
        """As `send_offsets`, for a consumer that is known by its `group_metadata`."""
        from barnabas.client.groups.committed import OffsetAndMetadata

        chosen = {
            place: at if isinstance(at, OffsetAndMetadata) else OffsetAndMetadata(at) for place, at in offsets.items()
        }
        await self._transactional().commit_offsets(group, chosen, member)

    def _transactional(self) -> Transactions:
        if self._transactions is None:
            raise ConfigurationError("this producer has no transactions: give it a transactional_id")
        return self._transactions

    async def _enrol(self, places: set[Place]) -> None:
        """Make partitions part of the transaction, so that their batches can leave."""
        try:
            await self._transactional().enrol(places)
        except ClientError as error:
            self._finish(self._batcher.fail_all(error))
        finally:
            self._enrolling = False
            self._wake.set()

    async def _place(
        self,
        topic: str,
        value: Buffer | None,
        key: Buffer | None,
        headers: Sequence[tuple[str, Buffer | None]],
        partition: int | None,
    ) -> int:
        known = await self.cluster.topic(topic, create=True)
        if partition is not None:
            if partition not in known.partitions:
                await self.cluster.check_partition(topic, partition)
            return partition
        if key is not None:
            return partition_for_key(key, len(known.partitions))
        return self._sticky.partition(known, record_size(key, value, headers))

    async def _close(
        self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None
    ) -> None:
        try:
            if error is None:
                await self.flush()
        finally:
            self._open = False
            self._finish(
                self._batcher.fail_all(ClientClosed("the producer was closed before the record was acknowledged"))
            )

    # -- sending -------------------------------------------------------------------------------------------------

    async def _run(self) -> None:
        assert self._nursery is not None
        try:
            while True:
                self._wake = trio.Event()
                now = trio.current_time()
                self._finish(self._batcher.expire(now))
                if self._batcher.needs_producer_id and not self._asking_for_id:
                    self._asking_for_id = True
                    self._nursery.start_soon(self._get_producer_id)
                if not self._enrolling and (places := self._batcher.to_enrol):
                    self._enrolling = True
                    self._nursery.start_soon(self._enrol, places)
                self._deliver(self._batcher.drain(now))
                with trio.move_on_at(self._batcher.next_deadline()):
                    await self._wake.wait()
        finally:
            # Whatever ended this task, nobody is left waiting for it.
            self._finish(
                self._batcher.fail_all(ClientClosed("the producer stopped before the record was acknowledged"))
            )

    def _finish(self, batches: Iterable[Batch]) -> None:
        for batch in batches:
            self._ended.pop(batch).set()
            self._room.set()
        if self._room.is_set():
            self._room = trio.Event()

    async def _get_producer_id(self) -> None:
        request = InitProducerIdRequest(transactional_id=None, transaction_timeout_ms=0x7FFFFFFF)
        backoff = self.cluster.backoff("a producer id")
        try:
            while True:
                response = await self.cluster.ask(request, InitProducerIdResponse)
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
            self._wake.set()

    def _deliver(self, batches: Iterable[Batch]) -> None:
        """Begin to send each batch to its leader, those of one leader together."""
        assert self._nursery is not None
        groups: dict[Node | None, list[Batch]] = {}
        for batch in batches:
            groups.setdefault(self.cluster.view.leader(batch.topic, batch.partition), []).append(batch)
        for leader, group in groups.items():
            if leader is None:
                self._nursery.start_soon(self._find_leaders, group)
            else:
                self._nursery.start_soon(self._send, leader, group)

    async def _find_leaders(self, batches: list[Batch]) -> None:
        why: object = "there is no leader"
        try:
            await self.cluster.refresh({batch.topic for batch in batches})
        except ClientError as error:
            why = error
        found = [batch for batch in batches if self.cluster.view.leader(batch.topic, batch.partition) is not None]
        self._deliver([batch for batch in found if batch.outcome is None])
        self._lost([batch for batch in batches if batch not in found], why)

    async def _send(self, leader: Node, batches: list[Batch]) -> None:
        try:
            connection = await self.cluster.to(leader)
            request = self._request([batch for batch in batches if batch.outcome is None])
            by_id = all(topic.topic_id != ZERO_UUID for topic in request.topic_data)
            version = None if by_id else version_with_names(connection, request.API_KEY)
            if self._acks == 0:
                connection.send_unanswered(request, version)
                self._answered({_name(batch): Answer(ErrorCode.NONE) for batch in batches}, batches)
                return
            response = await self.cluster.request(connection, request, ProduceResponse, version)
        except ConnectionLost as error:
            for batch in batches:
                self.cluster.view.forget_leader(batch.topic, batch.partition)
            self._lost(batches, f"{leader}: {error}")
        except (BrokerError, WireError) as error:
            self._answered({_name(batch): Answer(error.code, message=str(error)) for batch in batches}, batches)
        else:
            self._answered(_answers(request, response, self.cluster.view), batches)

    def _request(self, batches: Iterable[Batch]) -> ProduceRequest:
        topics: dict[str, ProduceRequest.TopicProduceData] = {}
        for batch in batches:
            data = topics.get(batch.topic)
            if data is None:
                topic_id = self.cluster.view.topic_id(batch.topic)
                data = topics[batch.topic] = ProduceRequest.TopicProduceData(name=batch.topic, topic_id=topic_id)
            data.partition_data.append(ProduceRequest.PartitionProduceData(index=batch.partition, records=batch.data))
        return ProduceRequest(
            transactional_id=None if self._transactions is None else self._transactions.transactional_id,
            acks=self._acks,
            timeout_ms=int(self.cluster.request_timeout * 1000),
            topic_data=topics.values(),
        )

    def _answered(self, answers: dict[tuple[str, int], Answer], batches: Iterable[Batch]) -> None:
        now = trio.current_time()
        for batch in batches:
            if batch.outcome is not None:
                continue  # it expired meanwhile
            answer = answers.get(_name(batch), Answer(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, message="no answer for it"))
            match self._batcher.answered(batch, answer, now):
                case Verdict.ENDED:
                    self._finish([batch])
                case Verdict.RETRY_ELSEWHERE:
                    self.cluster.view.forget_leader(batch.topic, batch.partition)
        self._wake.set()

    def _lost(self, batches: Iterable[Batch], why: object) -> None:
        now = trio.current_time()
        for batch in batches:
            self._batcher.lost(batch, why, now)
        self._wake.set()


def _name(batch: Batch) -> tuple[str, int]:
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
            answers[name, p.index] = Answer(code, p.base_offset, p.log_append_time_ms, p.error_message, told)
    return answers
