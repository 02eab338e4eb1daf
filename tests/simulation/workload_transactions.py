"""Producers with transactions: some write of their own accord, to several partitions, and change their minds; others
process one topic into another, exactly once, and make one record of each or two. They crash, and a second one begins
with the id of the first. Those that read in their transactions as well are in `workload_exchange.py`.

What readers of committed records get is checked at once, the rest in the end (`history_transactions.py`).
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, Literal

import trio
from tests.simulation.client_lives import PATIENCE, Lives
from tests.simulation.cluster import START_MS, Violation
from tests.simulation.history import Place
from tests.simulation.history_isolation import IsolationHistory
from tests.simulation.history_transactions import Instance, Log, Outcome, Transaction, TransactionHistory
from tests.simulation.history_transfers import entries, not_conserved
from tests.simulation.pauses import HOST

from barnabas.broker.coordinator.internal_topics import OFFSETS_TOPIC
from barnabas.client.admin import Admin
from barnabas.client.cluster import Cluster as ClientCluster
from barnabas.client.consumer import Consumer
from barnabas.client.errors import BrokerError, ClientError
from barnabas.client.offsets import ListedOffset, list_offsets
from barnabas.client.producer import Producer
from barnabas.client.transactions import TransactionAborted
from barnabas.protocol.errors import ErrorCode

if TYPE_CHECKING:
    from tests.simulation.workload import Workload

INPUT: Final = "tin"
OUTPUT: Final = "tout"
OWN: Final = "tx"
EXCHANGED: Final = "txread"
GROUP: Final = "processors"
_OWN_PARTITIONS: Final = 2
_EXCHANGED_PARTITIONS: Final = 3
_TIMEOUT: Final = 6.0
"""Seconds after which an open transaction is aborted."""
IDLE_SECONDS: Final = 2 * _TIMEOUT
"""For so long a producer stands still within a transaction now and then, on average."""
_SESSION: Final = 4.0
_END_SECONDS: Final = 90.0
_POLL_SECONDS: Final = 0.2
_FIRST_PROTOCOL_CHANCE: Final = 0.25
_EXCHANGERS_CHANCE: Final = 0.5
_TRANSFERS_CHANCE: Final = 0.4
_OPEN_STATES: Final = ("Ongoing", "PrepareCommit", "PrepareAbort")


@dataclass(frozen=True, slots=True)
class TransactionLoad:
    """Who transacts, and what brokers have to be told of it."""

    writers: int
    processors: int
    partitions: int
    """Of the topic that is processed, and of the one that comes out."""
    protocol: Literal["classic", "consumer"]
    length: float
    """Seconds that a producer lives, on average."""
    settings: dict[str, object]
    pause: float = 0.25
    """Seconds between two transactions of a writer, on average."""
    exchangers: int = 0
    """Writers that read as well."""
    transfers: bool = False
    """Whether processors make two records of each, a debit and a credit, in two partitions."""

    @classmethod
    def drawn(cls, rng: random.Random) -> TransactionLoad:
        settings: dict[str, object] = {
            "transaction.state.log.num.partitions": rng.randint(1, 3),
            "transaction.abort.timed.out.transaction.cleanup.interval.ms": rng.choice([200, 2000]),
            "offsets.topic.num.partitions": rng.randint(1, 3),
            "group.initial.rebalance.delay.ms": 0,
            "group.min.session.timeout.ms": 1000,
            "group.consumer.min.session.timeout.ms": 1000,
            "group.consumer.min.heartbeat.interval.ms": 100,
            "group.consumer.session.timeout.ms": int(_SESSION * 1000),
            "group.consumer.heartbeat.interval.ms": int(_SESSION * 1000) // 4,
        }
        return cls(
            writers=rng.randint(1, 3),
            processors=rng.randint(1, 3),
            partitions=rng.randint(1, 2),
            protocol=rng.choice(["classic", "consumer"]),
            length=rng.choice([4.0, 15.0]),
            settings=settings,
        )

    def with_isolation(self, rng: random.Random, *, always: bool = False) -> TransactionLoad:
        """With transactions that read each other's records, with transfers, with both or neither."""
        exchangers, transfers = rng.randint(2, 4), rng.random() < _TRANSFERS_CHANCE
        return replace(
            self,
            exchangers=exchangers if rng.random() < _EXCHANGERS_CHANCE or always else 0,
            transfers=transfers or always,
        )

    def stretched(self, pace: float) -> TransactionLoad:
        """For a long run, in which all writers together begin half as many transactions as one would."""
        return replace(self, length=self.length * pace, pause=self.pause * (self.writers + self.exchangers) * 2)

    @property
    def topics(self) -> dict[str, int]:
        exchanged = {EXCHANGED: _EXCHANGED_PARTITIONS} if self.exchangers else {}
        return {INPUT: self.partitions, OUTPUT: len(self.outputs), OWN: _OWN_PARTITIONS, **exchanged}

    @property
    def inputs(self) -> list[Place]:
        return [(INPUT, index) for index in range(self.partitions)]

    @property
    def outputs(self) -> list[Place]:
        return [(OUTPUT, index) for index in range(self.partitions * (1 + self.transfers))]

    @property
    def exchanged(self) -> list[Place]:
        return [(EXCHANGED, index) for index in range(_EXCHANGED_PARTITIONS if self.exchangers else 0)]

    def __str__(self) -> str:
        return (
            f"{self.writers} writers, {self.exchangers} that read as well, {self.processors} processors of "
            f"{'transfers' if self.transfers else 'records'} in the {self.protocol} protocol"
        )


class Transacting:
    """All of them. `start` them, `stop` them when the cluster is well and nobody else writes any more."""

    def __init__(self, world: Workload, load: TransactionLoad) -> None:
        self._world = world
        self._load = load
        self._scope = trio.CancelScope()
        self._ended = trio.Event()
        self._clocks_were_off = False
        self.history = TransactionHistory(world.history)
        self.isolation = IsolationHistory(self.history)
        self._own = [*((OWN, index) for index in range(_OWN_PARTITIONS)), *load.exchanged]
        self.lives: list[Lives] = [_Writer(self, world, number, load) for number in range(load.writers)]
        """Of all who transact."""
        self.lives += [_Processor(self, world, number, load) for number in range(load.processors)]

    @property
    def counts(self) -> Counter[str]:
        return self.history.counts

    def start(self) -> None:
        self._world.cluster.nursery.start_soon(self._run)

    async def _run(self) -> None:
        with self._scope:
            async with trio.open_nursery() as nursery:
                for lives in self.lives:
                    nursery.start_soon(lives.run, nursery)
                nursery.start_soon(self._read_committed)
                nursery.start_soon(self._watch_clocks)
        self._ended.set()

    async def _watch_clocks(self) -> None:
        """By the wall clock transactions time out; one that was begun on a clock far ahead is open for hours."""
        while True:
            self._clocks_were_off |= any(node.clock_offset_ms for node in self._world.cluster.nodes)
            await trio.sleep(_POLL_SECONDS * self._world.load.pace)

    async def _read_committed(self) -> None:
        """What others see meanwhile."""
        HOST.set("client-1")
        places = [*self._load.outputs, *self._own]
        while True:
            try:
                async with (
                    self._world.client(1, "committed") as client,
                    new_reader(client, self._world.load.fetch_wait) as consumer,
                ):
                    starts = {place: max(self.history.seen[place], default=-1) + 1 for place in places}
                    await consumer.assign({**starts})
                    async for record in consumer:
                        place, value = (record.topic, record.partition), bytes(record.value or b"").decode()
                        self.history.saw("committed", place, record.offset, value)
            except ClientError as error:
                self._world.note("committed", f"begins again: {error}")
                await trio.sleep(1.0)

    # In the end

    async def stop(self) -> None:
        """Everything is processed, then all end, and no transaction stays open."""
        async with self._world.client(0, "transactions") as client:
            if self._clocks_were_off:  # a transaction that is open for hours keeps the processors from their offsets
                await take_over(client, self._ids)
            if not self.history.lossy:
                await until(self._unprocessed, client, "not all is processed")
            self._scope.cancel()
            await self._ended.wait()
            if self._clocks_were_off or self.history.lossy:
                await take_over(client, self._ids)
            await until(_ongoing, client, "a transaction is not ended")
            if not self.history.lossy:
                await until(self._hanging, client, "a transaction hangs")
                await self._check(client)

    @property
    def _ids(self) -> list[str]:
        return [lives.name for lives in self.lives]

    async def _unprocessed(self, client: ClientCluster) -> str | None:
        committed = await Admin(client).group_offsets(GROUP)
        ends = await list_offsets(client, dict.fromkeys(self._load.inputs, "latest"))
        for place, end in ends.items():
            found = committed[place].offset if place in committed else 0
            if not isinstance(end, ListedOffset) or found != end.offset:
                return f"{place} is committed at {found}, and ends at {end}"
        return None

    async def _hanging(self, client: ClientCluster) -> str | None:
        """Where the last stable offset is not the high watermark."""
        offsets_topic = self._world.cluster.newest_image.topics.by_name(OFFSETS_TOPIC)
        places = [*self._load.outputs, *self._own]
        places += [(OFFSETS_TOPIC, index) for index in (() if offsets_topic is None else offsets_topic.partitions)]
        return await hanging(client, places)

    async def _check(self, client: ClientCluster) -> None:
        own = {place: await _committed(client, place) for place in self._own}
        wrong = [*self.history.anomalies(own), *self.isolation.anomalies(own)]
        inputs = {place[1]: await _committed(client, place) for place in self._load.inputs}
        outputs = {place[1]: await _committed(client, place) for place in self._load.outputs}
        wrong += (not_conserved if self._load.transfers else self.history.not_the_input)(inputs, outputs)
        for index, log in outputs.items():
            wrong += self.history.misread((OUTPUT, index), log)
        if wrong:
            raise Violation("\n".join(wrong[:10]))


async def until(missing: Callable[[ClientCluster], Awaitable[str | None]], client: ClientCluster, what: str) -> None:
    """Wait until nothing is missing; Violation if that takes long."""
    limit = trio.current_time() + _END_SECONDS
    while text := await _what_is(missing, client):
        if trio.current_time() > limit:
            raise Violation(f"{what} after {_END_SECONDS:g} s: {text}")
        await trio.sleep(_POLL_SECONDS)


async def _what_is(missing: Callable[[ClientCluster], Awaitable[str | None]], client: ClientCluster) -> str | None:
    try:
        return await missing(client)
    except ClientError as error:
        return str(error)


async def take_over(client: ClientCluster, ids: Sequence[str]) -> None:
    """Nobody who had one of these transactional ids writes any more, and what was open is aborted."""

    async def missing(client: ClientCluster) -> str | None:
        errors = (await Admin(client).fence_producers(ids)).values()
        return next((str(error) for error in errors if error is not None and not _is_unknown(error)), None)

    await until(missing, client, "a transactional id cannot be taken over")


async def _ongoing(client: ClientCluster) -> str | None:
    found = await Admin(client).list_transactions(states=_OPEN_STATES)
    return str(found[0]) if found else None


async def hanging(client: ClientCluster, places: Sequence[Place]) -> str | None:
    """Where the last stable offset is not the high watermark."""
    stable = await list_offsets(client, dict.fromkeys(places, "latest"), read_committed=True)
    ends = await list_offsets(client, dict.fromkeys(places, "latest"))
    for place in places:
        one, other = stable[place], ends[place]
        if not isinstance(one, ListedOffset) or not isinstance(other, ListedOffset) or one.offset < other.offset:
            return f"{place} is stable up to {one} of {other}"
    return None


def new_reader(client: ClientCluster, wait: float = 0.5) -> Consumer[Any, Any]:
    return Consumer(client, isolation_level="read_committed", request_timeout=PATIENCE, fetch_max_wait=wait)


async def _committed(client: ClientCluster, place: Place) -> Log:
    async with new_reader(client) as consumer:
        await consumer.assign({place: 0}, stop_at_end=True)
        return [(record.offset, bytes(record.value or b"").decode()) async for record in consumer]


def new_producer(client: ClientCluster, transactional_id: str, rng: random.Random) -> Producer[Any, Any]:
    """Of the second protocol as the cluster has it, or of the first one, which older clients speak."""
    producer: Producer[Any, Any] = Producer(
        client,
        transactional_id=transactional_id,
        transaction_timeout=_TIMEOUT,
        delivery_timeout=PATIENCE,
        request_timeout=PATIENCE,
    )

    async def is_second() -> bool:
        return False

    if rng.random() < _FIRST_PROTOCOL_CHANCE:
        transactions: Any = producer._transactions
        transactions._is_second = is_second
    return producer


def now_ms() -> int:
    """What clients put into records."""
    return START_MS + int(trio.current_time() * 1000)


def _is_unknown(error: ClientError) -> bool:
    """Whether the id was never used."""
    return isinstance(error, BrokerError) and error.code is ErrorCode.TRANSACTIONAL_ID_NOT_FOUND


class _ChangedMindError(Exception):
    """A transaction is to be aborted for no reason."""


NOT_COMMITTED: Final = (_ChangedMindError, TransactionAborted)
"""What a producer may go on after."""


class _Writer(Lives):
    """Writes to partitions of its choice, all or nothing."""

    def __init__(self, transacting: Transacting, world: Workload, number: int, load: TransactionLoad) -> None:
        super().__init__(world, f"writer-{number}", number, length=load.length, overlap=0.4)
        self._transacting = transacting
        self._pause = load.pause

    async def live(self, client: ClientCluster, name: str) -> None:
        """See `Lives`."""
        history = self._transacting.history
        async with new_producer(client, self.name, self.rng) as producer:
            instance = history.instance(self.name)
            number = 0
            while not self.world.stopping:
                number += 1
                try:
                    await self._transact(producer, instance, f"{name}:{number}")
                except NOT_COMMITTED as error:
                    self.world.note(name, f"aborted {number}: {error}")
                await self.world.pause(self.rng, self._pause)
            await trio.sleep_forever()

    async def _transact(self, producer: Producer[Any, Any], instance: Instance, prefix: str) -> None:
        history, rng = self._transacting.history, self.rng
        async with told(history, producer, instance, rng) as transaction:
            for number in range(rng.randint(1, 5)):
                place, value = (OWN, rng.randrange(_OWN_PARTITIONS)), f"{prefix}:{number}"
                history.writes(transaction, place, value)
                await producer.send_soon(OWN, value.encode(), partition=place[1], timestamp=now_ms())
                if rng.random() < 0.3:
                    await trio.sleep(rng.expovariate(5 if rng.random() < 0.9 else 0.5 / _TIMEOUT))


@asynccontextmanager
async def told(
    history: TransactionHistory, producer: Producer[Any, Any], instance: Instance, rng: random.Random
) -> AsyncIterator[Transaction]:
    """A transaction of which the history is told, and which may be aborted in the end for no reason."""
    transaction, may_be_committed = None, False
    try:
        async with producer.transaction():
            transaction = history.begins(instance)
            yield transaction
            if rng.random() < 0.2:
                raise _ChangedMindError("it changed its mind")
            history.commits(transaction)
            may_be_committed = True
    except BaseException as error:
        if transaction is not None:
            is_open = may_be_committed and not isinstance(error, TransactionAborted)
            history.ended(transaction, Outcome.UNKNOWN if is_open else Outcome.ABORTED)
        raise
    history.ended(transaction, Outcome.COMMITTED)


class _Processor(Lives):
    """Reads the input as a member of the group, and writes each record to the output, exactly once."""

    def __init__(self, transacting: Transacting, world: Workload, number: int, load: TransactionLoad) -> None:
        super().__init__(world, f"processor-{number}", number, length=load.length, overlap=0.4)
        self._transacting = transacting
        self._load = load

    async def live(self, client: ClientCluster, name: str) -> None:
        """See `Lives`. After anything that goes wrong the next life goes on where the group is."""
        consumer: Consumer[Any, Any] = Consumer(
            client,
            topics=INPUT,
            group=GROUP,
            group_protocol=self._load.protocol,
            partition_assignment_strategy=self.rng.choice([("range",), ("range", "cooperative-sticky")]),
            session_timeout=_SESSION,
            heartbeat_interval=_SESSION / 4,
            max_poll_interval=10.0,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            fetch_max_wait=self.world.load.fetch_wait,
            isolation_level="read_committed",
            request_timeout=PATIENCE,
        )
        async with new_producer(client, self.name, self.rng) as producer, consumer:
            async for records in consumer.batches():
                async with producer.transaction():
                    await self._process(producer, records)
                    await producer.send_offsets(consumer)
                    if self.rng.random() < 0.1 and not self.world.stopping:
                        await trio.sleep(self.rng.expovariate(0.5))
                    if self.rng.random() < 0.02 and not self.world.stopping:
                        self._transacting.history.count("processors that changed their mind")
                        return
                self._transacting.history.count("processed batches")

    async def _process(self, producer: Producer[Any, Any], records: Iterable[Any]) -> None:
        for record in records:
            for partition, value in self._made_of(record):
                await producer.send_soon(OUTPUT, value, partition=partition, timestamp=now_ms())

    def _made_of(self, record: Any) -> list[tuple[int, bytes]]:
        if not self._load.transfers:
            return [(record.partition, record.value)]
        made = entries(bytes(record.value).decode(), self._load.partitions)
        return [(entry.partition, entry.text.encode()) for entry in made]
