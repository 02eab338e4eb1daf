"""A compacted topic of users into which transactions write: few keys, over and over, some of them deleted; several
producers at a time in one partition, who change their minds, stand still, crash, and are followed by others.

Two readers read all of it again and again: one of committed records, and one of everything (`history_ledger.py`). What
the cleaner takes away is held against what readers of committed records get, where it goes (`invariants_markers.py`).

A replica that is away for longer than `delete.retention.ms` may miss a marker, as it may miss a tombstone: it takes
the transaction for open, and what follows of its producer for a part of it, as with Kafka. From then on nothing is
expected of what is read.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, Literal

import trio
from tests.simulation.client_lives import Lives
from tests.simulation.cluster import Violation
from tests.simulation.history import Place
from tests.simulation.history_cleaning import KeyedRecord
from tests.simulation.history_ledger import LedgerHistory
from tests.simulation.history_transactions import Transaction, TransactionHistory
from tests.simulation.workload_transactions import (
    IDLE_SECONDS,
    NOT_COMMITTED,
    hanging,
    new_producer,
    now_ms,
    take_over,
    told,
    until,
)

from barnabas.client.admin import Admin
from barnabas.client.cluster import Cluster as ClientCluster
from barnabas.client.consumer import Consumer
from barnabas.client.errors import ClientError, UnreadableRecords
from barnabas.client.producer import Producer, Receipt

if TYPE_CHECKING:
    from tests.simulation.workload import Workload

LEDGER: Final = "ledger"
NAME: Final = "name"
"""The header with a record's name, as a tombstone has no value."""

_PLACE: Final = (LEDGER, 0)
_TOMBSTONE_CHANCE: Final = 0.2
_READ_SECONDS: Final = 20.0
_POLL_SECONDS: Final = 0.2
_KEPT_MS: Final = 7 * 86_400_000
_OPEN_STATES: Final = ("Ongoing", "PrepareCommit", "PrepareAbort")
_STRETCHED: Final = ("segment.ms", "min.compaction.lag.ms", "delete.retention.ms")
_INDEX: Final = "segment.index.bytes"
_INDEX_PACE: Final = 3.0
"""There are more batches in a long run, but not ten times as many."""


@dataclass(frozen=True, slots=True)
class LedgerLoad:
    """The topic, who writes to it, and what brokers have to be told of that."""

    writers: int
    keys: int
    length: float
    """Seconds that a producer lives, on average."""
    configs: dict[str, str]
    settings: dict[str, object]
    pause: float = 0.25
    """Seconds between two transactions of a writer, on average."""
    read_pause: float = 0.7
    """Seconds between two times that one reads all of it, on average."""

    @classmethod
    def drawn(cls, rng: random.Random) -> LedgerLoad:
        configs = {
            "cleanup.policy": "compact",
            "segment.ms": rng.choice(["300", "1000"]),
            "min.cleanable.dirty.ratio": rng.choice(["0.01", "0.01", "0.3"]),
            "delete.retention.ms": rng.choice(["0", "1000", "6000", str(_KEPT_MS)]),
            "min.compaction.lag.ms": rng.choice(["0", "0", "1000"]),
        }
        settings: dict[str, object] = {
            "transaction.state.log.num.partitions": rng.randint(1, 3),
            "transaction.abort.timed.out.transaction.cleanup.interval.ms": rng.choice([200, 2000]),
        }
        return cls(rng.randint(2, 4), rng.randint(2, 6), rng.choice([4.0, 15.0]), configs, settings)

    def stretched(self, pace: float) -> LedgerLoad:
        """For a long run, in which all writers together begin half as many transactions as one would, and readers read
        all of it half as often.
        """
        configs = longer(self.configs, _STRETCHED, pace)
        pause, read_pause = self.pause * self.writers * 2, self.read_pause * 2
        return replace(self, length=self.length * pace, pause=pause, read_pause=read_pause, configs=configs)

    def __str__(self) -> str:
        configs = ", ".join(f"{name}={value}" for name, value in self.configs.items())
        return f"{self.writers} writers of transactions with {self.keys} keys with {configs}"


def longer(configs: Mapping[str, str], times: Collection[str], pace: float) -> dict[str, str]:
    """A topic's configuration for a long run: segments hold as many records, and as many of them are there. `times`:
    the names of those that are multiplied, but for what is for ever.
    """
    found = {
        name: str(int(int(value) * pace)) if name in times and int(value) < _KEPT_MS else value
        for name, value in configs.items()
    }
    if _INDEX in found:
        found[_INDEX] = str(int(int(found[_INDEX]) * min(pace, _INDEX_PACE)))
    return found


class Ledger:
    """All of it. `start` it, `stop` it when the cluster is well and nobody else writes any more."""

    def __init__(self, world: Workload, load: LedgerLoad) -> None:
        self._missed_a_marker = False
        self._world = world
        self._load = load
        self._scope = trio.CancelScope()
        self._ended = trio.Event()
        self._clocks_were_off = False
        self._transactions = TransactionHistory(world.history)
        self.history = LedgerHistory(self._transactions, _PLACE)
        self._writers = [_Writer(self, world, number, load) for number in range(load.writers)]

    @property
    def counts(self) -> Counter[str]:
        """What happened how often."""
        return Counter({what.replace("transactions:", "ledger:"): n for what, n in self._transactions.counts.items()})

    @property
    def keys(self) -> int:
        """How many there are."""
        return self._load.keys

    @property
    def transactions(self) -> TransactionHistory:
        """What became of them."""
        return self._transactions

    def marker_missed(self) -> None:
        """A replica may lack a marker, by right."""
        self._missed_a_marker = True
        self._transactions.count("replicas that may lack a marker")

    def start(self) -> None:
        """Begin."""
        self._world.cluster.nursery.start_soon(self._run)
        self._world.begin(self._read_again, 0, "ledger-committed", True)
        self._world.begin(self._read_again, 1, "ledger-all", False)

    async def _run(self) -> None:
        with self._scope:
            async with trio.open_nursery() as nursery:
                for lives in self._writers:
                    nursery.start_soon(lives.run, nursery)
                nursery.start_soon(self._watch_clocks)
        self._ended.set()

    async def _watch_clocks(self) -> None:
        while True:
            self._clocks_were_off |= any(node.clock_offset_ms for node in self._world.cluster.nodes)
            await trio.sleep(_POLL_SECONDS)

    # Readers

    async def _read_again(self, world: Workload, number: int, name: str, rng: random.Random, committed: bool) -> None:
        while not world.stopping:
            async with world.client(number, name) as client:
                try:
                    with trio.move_on_after(_READ_SECONDS * world.load.pace):
                        await self._read(client, committed=committed)
                        world.done(name)
                except UnreadableRecords as error:
                    if not any(node.damaged for node in world.cluster.brokers):
                        raise Violation(f"{name} cannot read: {error}") from None
                    raise
            await world.pause(rng, self._load.read_pause)

    async def _read(self, client: ClientCluster, *, committed: bool) -> None:
        began, history = trio.current_time(), self._world.history
        retention = int(self._load.configs["delete.retention.ms"]) / 1000
        found: list[KeyedRecord] = []

        def wrong(records: Sequence[Any], end: int) -> list[str]:
            found[:] = map(_keyed, records)
            if self._expects_nothing or history.expects_nothing:
                return []
            return self.history.wrong_with(
                found,
                end,
                committed=committed,
                began=began,
                now=trio.current_time(),
                tombstones_stay=0.0 if self._clocks_were_off else retention,
            )

        async with Consumer(
            client,
            auto_offset_reset="earliest",
            isolation_level="read_committed" if committed else "read_uncommitted",
            request_timeout=10.0,
            fetch_max_wait=self._world.load.fetch_wait,
        ) as consumer:
            await read_table(consumer, _PLACE, wrong)
        self._transactions.count("tables read")
        if not self._expects_nothing and not committed and any(self.history.aborted_in(found)):
            self._transactions.count("tables read with aborted records")

    @property
    def _expects_nothing(self) -> bool:
        return self._missed_a_marker or self._transactions.lossy

    # In the end

    async def stop(self) -> None:
        """The writers end, and no transaction stays open; then all is read."""
        self._scope.cancel()
        await self._ended.wait()
        ids = [lives.name for lives in self._writers]
        async with self._world.client(0, "ledger") as client:
            if self._clocks_were_off or self._expects_nothing:
                await take_over(client, ids)

            async def ongoing(client: ClientCluster) -> str | None:
                found = await Admin(client).list_transactions(states=_OPEN_STATES)
                return next((str(each) for each in found if each.transactional_id in ids), None)

            await until(ongoing, client, "a transaction is not ended")
            if not self._expects_nothing:
                await until(_hanging, client, "a transaction hangs")
                for committed in (True, False):
                    await self._read(client, committed=committed)


async def read_table(
    consumer: Consumer[Any, Any], place: Place, wrong: Callable[[Sequence[Any], int], list[str]]
) -> None:
    """Read from the beginning to the end; Violation if anything is `wrong` with that, as it says itself.

    A record that was gone when the reader came to its place had a later one of its key by then, and that may lie beyond
    the end as it was when the reader began: so it reads on, as long as there is more.
    """
    records: list[Any] = []
    start: Literal["earliest"] | int = "earliest"
    while True:
        await consumer.assign({place: start}, stop_at_end=True)
        records += [record async for record in consumer]
        end = consumer.position(*place)
        found = wrong(records, end)
        if not found:
            return
        if end == start:
            raise Violation("\n".join(found[:10]))
        start = end


async def _hanging(client: ClientCluster) -> str | None:
    return await hanging(client, [_PLACE])


def _keyed(record: Any) -> KeyedRecord:
    headers: Mapping[str, Any] = dict(record.headers)
    key, name = bytes(record.key or b"").decode(), bytes(headers[NAME] or b"").decode()
    return KeyedRecord(record.offset, key, name, record.value is None)


class _Writer(Lives):
    """Writes few keys, all or nothing."""

    def __init__(self, ledger: Ledger, world: Workload, number: int, load: LedgerLoad) -> None:
        super().__init__(world, f"keeper-{number}", number, length=load.length, overlap=0.4)
        self._ledger = ledger
        self._pause = load.pause
        self._receipts: dict[int, list[tuple[str, Receipt]]] = {}

    async def live(self, client: ClientCluster, name: str) -> None:
        """See `Lives`."""
        history, rng = self._ledger.transactions, self.rng
        async with new_producer(client, self.name, rng) as producer:
            instance = history.instance(self.name)
            number = 0
            while not self.world.stopping:
                number += 1
                try:
                    async with told(history, producer, instance, rng) as transaction:
                        for record in range(rng.randint(1, 5)):
                            await self.write(producer, transaction, f"{name}:{number}:{record}")
                            if rng.random() < 0.3:
                                await trio.sleep(rng.expovariate(5 if rng.random() < 0.9 else 1 / IDLE_SECONDS))
                    await self.committed(transaction)
                except NOT_COMMITTED as error:
                    self.world.note(name, f"aborted {number}: {error}")
                await self.world.pause(rng, self._pause)
            await trio.sleep_forever()

    async def write(self, producer: Producer[Any, Any], transaction: Transaction, name: str) -> None:
        """Send one record of the transaction."""
        key, is_tombstone = f"k{self.rng.randrange(self._ledger.keys)}", self.rng.random() < _TOMBSTONE_CHANCE
        self._ledger.history.writes(transaction, name, key, is_tombstone, trio.current_time())
        receipt = await producer.send_soon(
            LEDGER,
            None if is_tombstone else name.encode(),
            key=key.encode(),
            headers=[(NAME, name.encode())],
            partition=0,
            timestamp=now_ms(),
        )
        self._receipts.setdefault(id(transaction), []).append((name, receipt))

    async def committed(self, transaction: Transaction) -> None:
        """That became of it."""
        for name, receipt in self._receipts.pop(id(transaction), []):
            try:
                metadata = await receipt.wait()
            except ClientError as error:
                raise Violation(f"lost: {name} failed with {error}, and its transaction was committed") from None
            self._ledger.history.is_at(name, metadata.offset)
        self._ledger.history.committed(transaction, trio.current_time())
