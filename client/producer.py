"""The producer: `async with Producer(bootstrap) as producer: await producer.send("topic", b"value")`."""

from __future__ import annotations

import logging
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Generic, Literal, NoReturn, Self, Unpack

import trio

from barnabas.client.background import Background
from barnabas.client.batcher import Batcher, BatcherConfig, record_size
from barnabas.client.cluster import Cluster
from barnabas.client.errors import ClientClosed, ClientError, ConfigurationError
from barnabas.client.metadata import TopicView
from barnabas.client.offsets import Place
from barnabas.client.partitioner import StickyPartitioner, partition_for_key
from barnabas.client.receipts import Receipt as Receipt
from barnabas.client.receipts import RecordMetadata as RecordMetadata
from barnabas.client.security import SecuritySettings, check_not_beside_cluster
from barnabas.client.sender import Sender
from barnabas.client.settings import check_acks, check_at_least, check_compression, check_timestamp, settings_of
from barnabas.protocol.types import Buffer

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

_log: Final = logging.getLogger("barnabas.client")
_Serializer = Callable[[Any], Any]
"""From a key or value to its bytes, or None."""
Acks = Literal["all", -1, 0, 1]
CompressionName = Literal["none", "gzip", "snappy", "lz4", "zstd"]


class Producer(Generic[K, V]):
    """Sends records, in batches, in order within each partition, and by default exactly once (idempotent).

    Open it with `async with`. The block's end waits for what is under way, at most for the delivery timeout; what is
    lost there is told by receipts, and to the logger `barnabas.client`.
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
        **security: Unpack[SecuritySettings],
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
        security: TLS and SASL, see SecuritySettings.
        """
        self._acks: Final = check_acks(acks, True if transactional_id is not None else enable_idempotence)
        self._stack: Final = AsyncExitStack()
        self._owned: Final = isinstance(bootstrap, str)
        if isinstance(bootstrap, str):
            bootstrap = Cluster(bootstrap, client_id=client_id, request_timeout=request_timeout, **security)
        else:
            check_not_beside_cluster(security)
        self.cluster: Final[Cluster] = bootstrap
        self._serializers: Final[tuple[_Serializer | None, _Serializer | None]] = (key_serializer, value_serializer)
        self._buffer_memory: Final = buffer_memory
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
        self._sender: Final = Sender(self.cluster, self._batcher, self._acks, self._transactions)
        self._flushes = 0
        self._sticky: Final = StickyPartitioner(batch_size, self.cluster.rng.choice)
        self._open = False

    async def __aenter__(self) -> Self:
        if self._owned:
            await self._stack.enter_async_context(self.cluster)
        nursery = await self._stack.enter_async_context(Background())
        self._stack.push_async_exit(self._close)
        nursery.start_soon(self._sender.run, nursery)
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

        What one task sends keeps its order within a partition. Waits while `buffer_memory` is full. A checkpoint only
        now and then, once a batch.
        """
        if self._sender.woken:
            await trio.lowlevel.checkpoint()  # it has work since a batch was begun, and nobody has let it run
        of_key, of_value = self._serializers
        value_bytes: Any = value if of_value is None else of_value(value)
        key_bytes: Any = key if of_key is None or key is None else of_key(key)
        size = record_size(key_bytes, value_bytes, headers)
        now = trio.current_time()
        known = self.cluster.known_topic(topic, now)
        if known is None or (partition is not None and partition not in known.partitions):
            known = await self._ask_for(topic, partition)
            now = trio.current_time()
        if partition is not None:
            number = partition
        elif key_bytes is not None:
            number = partition_for_key(key_bytes, len(known.partitions))
        else:
            number = self._sticky.partition(known, size)
        if self._batcher.buffered + size > self._buffer_memory:
            await self._wait_for_room(size)
            now = trio.current_time()
        if not self._open:
            raise ClientClosed("the producer is not open: use it inside its `async with` block")
        if self._transactions is not None:
            self._transactions.check_open()
        stamp = time.time_ns() // 1_000_000 if timestamp is None else check_timestamp(timestamp)
        batch, index, new = self._batcher.append(topic, number, stamp, key_bytes, value_bytes, headers, size, now)
        if new:
            self._sender.ended[batch] = trio.Event()
            self._sender.wake()
        return Receipt(batch, index, stamp, self._sender.ended[batch])

    async def _ask_for(self, topic: str, partition: int | None) -> TopicView:
        """The topic, which must have that partition."""
        known = await self.cluster.topic(topic, create=True)
        if partition is not None and partition not in known.partitions:
            await self.cluster.check_partition(topic, partition)
        return known

    async def _wait_for_room(self, size: int) -> None:
        """Until a record of so many bytes fits in; one that never would goes alone."""
        while self._open and self._batcher.buffered and self._batcher.buffered + size > self._buffer_memory:
            await self._sender.room.wait()

    async def flush(self) -> None:
        """Wait until everything that is under way has been acknowledged or has failed."""
        self._flushes += 1
        self._batcher.flushing = True
        self._sender.wake()
        try:
            for event in list(self._sender.ended.values()):
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
        self._sender.fail_all("the transaction was aborted")
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

    async def _close(
        self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None
    ) -> None:
        before = self._batcher.lost_records
        try:
            if error is None:
                await self.flush()
        finally:
            self._open = False
            self._sender.fail_all("the producer was closed before the record was acknowledged")
            if lost := self._batcher.lost_records - before:
                _log.warning("%d records were under way when the producer closed: %s", lost, self._batcher.last_loss)
