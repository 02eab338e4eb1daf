"""The clients for plain, synchronous code: `with Producer(bootstrap) as producer: producer.send("topic", b"value")`.

Each runs the trio client in a thread of its own, and a call waits for what that does; names, arguments, results and
errors are the same, so `barnabas.client` describes them. Any thread may call. Ctrl-C in the main thread ends a wait
there, and leaving the `with` block ends the client.
"""

from __future__ import annotations

import threading
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, contextmanager, suppress
from types import TracebackType
from typing import Any, Final, Generic, Self, TypeVar

import trio

from barnabas.client.admin import Admin as AsyncAdmin
from barnabas.client.consumer import Consumer as AsyncConsumer
from barnabas.client.consumer import Start
from barnabas.client.errors import ClientClosed
from barnabas.client.fetching import ConsumerRecord, Place
from barnabas.client.groups.committed import OffsetAndMetadata
from barnabas.client.groups.member import Generation
from barnabas.client.offsets import OffsetSpec
from barnabas.client.producer import Producer as AsyncProducer
from barnabas.client.producer import Receipt as AsyncReceipt
from barnabas.client.producer import RecordMetadata

C = TypeVar("C", bound=AbstractAsyncContextManager[Any])
T = TypeVar("T")


class _Thread(Generic[C]):
    """A thread whose event loop holds one client open."""

    def __init__(self, make: Callable[[], C]) -> None:
        """`make` is called in the thread."""
        self._make: Final = make
        self._started: Final = threading.Event()
        self._thread: threading.Thread | None = None
        self._token: trio.lowlevel.TrioToken | None = None
        self._client: C | None = None
        self._stop: trio.Event
        self._leaving: BaseException | None = None
        self._error: BaseException | None = None

    def open(self) -> None:
        """Start, and wait until the client is open; raises what kept it from that."""
        self._thread = threading.Thread(target=self._run, name="barnabas-client", daemon=True)
        self._thread.start()
        self._started.wait()
        if self._error is not None:
            self._thread.join()
            raise self._error

    def close(self, error: BaseException | None) -> None:
        """Leave the client's block with this error, and wait for its end; raises what else went wrong there."""
        if self._thread is None or self._token is None:
            return
        self._leaving = error
        with suppress(trio.RunFinishedError):  # it ended by itself, and says below why
            self._token.run_sync_soon(self._stop.set)
        self._thread.join()
        self._client = None
        if self._error is not None and self._error is not error:
            raise self._error

    def call(self, ask: Callable[[C], Awaitable[T]]) -> T:
        """What `ask` gives for the client."""
        if self._client is None or self._token is None:
            raise ClientClosed("the client is not open: use it inside its `with` block")
        client = self._client

        async def run() -> T:
            return await ask(client)

        try:
            return trio.from_thread.run(run, trio_token=self._token)
        except (trio.RunFinishedError, trio.Cancelled):
            raise ClientClosed("the client was closed meanwhile") from self._error

    def _run(self) -> None:
        try:
            trio.run(self._main)
        except BaseException as error:  # noqa: BLE001 - raised in the thread that waits for it
            self._error = error
        finally:
            self._started.set()

    async def _main(self) -> None:
        self._stop = trio.Event()
        client = self._make()
        async with client:
            self._client, self._token = client, trio.lowlevel.current_trio_token()
            self._started.set()
            await self._stop.wait()
            if self._leaving is not None:
                raise self._leaving


class _Client(Generic[C]):
    """`with` for a client in a thread."""

    def __init__(self, make: Callable[[], C]) -> None:
        self._thread: Final = _Thread(make)

    def __enter__(self) -> Self:
        self._thread.open()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._thread.close(error)


class Receipt:
    """A record that is under way."""

    def __init__(self, thread: _Thread[AsyncProducer], receipt: AsyncReceipt) -> None:
        self._thread: Final = thread
        self._receipt: Final = receipt

    def wait(self) -> RecordMetadata:
        """See `barnabas.client.producer.Receipt`."""
        return self._thread.call(lambda _: self._receipt.wait())


class Producer(_Client[AsyncProducer]):
    """See `barnabas.client.Producer`, whose arguments it takes."""

    def __init__(self, bootstrap: str, **settings: Any) -> None:
        super().__init__(lambda: AsyncProducer(bootstrap, **settings))

    def send(self, topic: str, value: bytes | None, **fields: Any) -> RecordMetadata:
        """Send one record and wait until it is acknowledged. `fields`: key, headers, partition, timestamp."""
        return self._thread.call(lambda producer: producer.send(topic, value, **fields))

    def send_soon(self, topic: str, value: bytes | None, **fields: Any) -> Receipt:
        """Take one record; the receipt waits for its acknowledgement."""
        receipt = self._thread.call(lambda producer: producer.send_soon(topic, value, **fields))
        return Receipt(self._thread, receipt)

    def flush(self) -> None:
        """Wait until everything that is under way has been acknowledged or has failed."""
        self._thread.call(lambda producer: producer.flush())

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """A transaction, committed at the block's end, aborted when the block fails. After TimedOut at its end nobody
        knows: call `commit_transaction` until it returns.
        """
        self._thread.call(lambda producer: producer.begin_transaction())
        try:
            yield
        except BaseException:
            self._thread.call(lambda producer: producer.abort_transaction())
            raise
        self.commit_transaction()

    def commit_transaction(self) -> None:
        """Commit again, when it is not known whether the last transaction is committed."""
        self._thread.call(lambda producer: producer.commit_transaction())

    def send_offsets(self, consumer: Consumer, offsets: Mapping[Place, int | OffsetAndMetadata] | None = None) -> None:
        """Commit where the consumer's group is together with the open transaction; None: all that was read."""
        chosen: Mapping[Place, int | OffsetAndMetadata]
        chosen = consumer.consumed_in_transaction() if offsets is None else offsets
        group, member = consumer.group_metadata
        self._thread.call(lambda producer: producer.send_offsets_of(group, member, chosen))
        consumer.settle()


class Consumer(_Client[AsyncConsumer]):
    """See `barnabas.client.Consumer`, whose arguments it takes; its callbacks are async functions here too.

    Iterating gives records; `commit()` commits those that were given out, the last one with them.
    """

    def __init__(self, bootstrap: str, **settings: Any) -> None:
        super().__init__(lambda: AsyncConsumer(bootstrap, **settings))
        self._given_out: dict[Place, int] = {}

    def assign(self, starts: Mapping[Place, Start], *, stop_at_end: bool = False) -> None:
        """Read these partitions, each from its start, and no others."""
        self._thread.call(lambda consumer: consumer.assign(starts, stop_at_end=stop_at_end))

    def __iter__(self) -> Iterator[ConsumerRecord]:
        """Records, one after the other. A thread is asked once for each batch."""
        for records in self.batches():
            place = (records[0].topic, records[0].partition)
            for record in records:
                self._given_out = {place: record.offset + 1}
                yield record

    def batches(self) -> Iterator[list[ConsumerRecord]]:
        """The records as they were batched: lists of records of one partition."""
        while True:
            records = self._thread.call(lambda consumer: consumer.next_batch())
            if records is None:
                return
            self._given_out = {}
            yield records

    def consumed(self) -> dict[Place, int]:
        """The offset of the next record of each partition, after those that were given out."""

        async def ask(consumer: AsyncConsumer) -> dict[Place, int]:
            return consumer.consumed(with_record_in_hand=True)

        return {**self._thread.call(ask), **self._given_out}

    def consumed_in_transaction(self) -> dict[Place, int]:
        """See `barnabas.client.Consumer`."""

        async def ask(consumer: AsyncConsumer) -> dict[Place, int]:
            return consumer.consumed_in_transaction()

        return {**self._thread.call(ask), **self._given_out}

    def settle(self) -> None:
        """What was read is committed, by a transaction."""

        async def ask(consumer: AsyncConsumer) -> None:
            consumer.settle()

        self._thread.call(ask)

    def rewind(self) -> None:
        """Go back to the committed offsets in all partitions: after a transaction that was aborted."""
        self._given_out = {}
        self._thread.call(lambda consumer: consumer.rewind())

    @property
    def group_metadata(self) -> tuple[str, Generation]:
        """The group, and as whom this consumer commits now."""

        async def ask(consumer: AsyncConsumer) -> tuple[str, Generation]:
            return consumer.group_metadata

        return self._thread.call(ask)

    def commit(self, offsets: Mapping[Place, int | OffsetAndMetadata] | None = None) -> None:
        """Commit these offsets, or (None) all that was given out."""
        chosen = self.consumed() if offsets is None else offsets
        self._thread.call(lambda consumer: consumer.commit(chosen))

    def committed(self, places: Iterable[Place]) -> dict[Place, OffsetAndMetadata]:
        """What the group has committed of these partitions."""
        return self._thread.call(lambda consumer: consumer.committed(places))

    def offsets(self, points: Mapping[Place, OffsetSpec]) -> dict[Place, int]:
        """The offset of a point in each partition."""
        return self._thread.call(lambda consumer: consumer.offsets(points))

    def lag(self) -> dict[Place, int]:
        """How many offsets each assigned partition's end is ahead of what was read."""
        return self._thread.call(lambda consumer: consumer.lag())


class Admin(_Client[AsyncAdmin]):
    """`admin.call(lambda admin: admin.create_topics([...]))`: any call of `barnabas.client.Admin`."""

    def __init__(self, bootstrap: str, **settings: Any) -> None:
        super().__init__(lambda: AsyncAdmin(bootstrap, **settings))

    def call(self, ask: Callable[[AsyncAdmin], Awaitable[T]]) -> T:
        """What an async call of the admin client gives."""
        return self._thread.call(ask)
