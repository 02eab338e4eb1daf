"""Topics whose old records go: by retention, by compaction, or both; who writes to them, and who reads meanwhile.

Producers of the aging topic are those of all plain topics (`workload_records.py`). A reader of it goes on at the
beginning when the place where it stood is gone. Producers of the keyed topic write few keys over and over, and delete
some; a reader of it reads all of it, again and again, as who fills a table from it does (`history_cleaning.py`).

In some runs the keyed topic's `cleanup.policy` changes all the time, in some segments are limited by size, and in some
transactions write into another compacted topic (`workload_ledger.py`).
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import trio
from tests.simulation.cluster import START_MS, Violation, replicas_of
from tests.simulation.history import Place, Promise
from tests.simulation.history_cleaning import KeyedHistory, KeyedRecord
from tests.simulation.history_records import LogCheck
from tests.simulation.workload_ledger import LEDGER, LedgerLoad, longer, read_table

from barnabas.client.admin import TOPIC, Admin
from barnabas.client.cluster import Cluster as ClientCluster
from barnabas.client.consumer import Consumer
from barnabas.client.errors import ClientError, UnreadableRecords
from barnabas.client.offsets import ListedOffset
from barnabas.client.producer import Producer, Receipt

if TYPE_CHECKING:
    from tests.simulation.workload import Workload

AGING: Final = "aging"
KEYED: Final = "keyed"
NAME: Final = "name"
"""The header with a keyed record's name, as a tombstone has no value."""

_WRITERS: Final = 2
_TOMBSTONE_CHANCE: Final = 0.2
_DELIVERY_SECONDS: Final = 15.0
_UNDER_WAY: Final = 5
_READ_PAUSE: Final = 1.0
_READ_SECONDS: Final = 20.0
_DAWDLES_CHANCE: Final = 0.02
_DAWDLES_SECONDS: Final = 6.0
_END_SECONDS: Final = 60.0
_POLL_SECONDS: Final = 0.2
_STRETCHED: Final = ("segment.ms", "retention.ms", "min.compaction.lag.ms", "max.compaction.lag.ms")
_KEPT_MS: Final = 7 * 86_400_000

POLICY: Final = "cleanup.policy"
_POLICIES: Final = ("compact", "delete", "compact,delete")
_MORE_CHANCE: Final = 0.4
_LARGE_CHANCE: Final = 0.1
_LARGE_BYTES: Final = 400_000
"""Two or three such records fill the smallest segment that there may be."""
_LARGE_PAUSE: Final = 3.0
_BY_INDEX: Final = ("48", "100", "200")
"""`segment.index.bytes`: a batch takes 8 in one index and 12 in the other, so a segment holds three to sixteen."""
_BY_SIZE: Final = {"segment.ms": "600000"}
"""Time rolls no segment then."""


@dataclass(frozen=True, slots=True)
class CleaningLoad:
    """The two topics and their configurations, and what brokers are told."""

    partitions: int
    """Of the aging topic; the keyed one has one."""
    aging: dict[str, str]
    keyed: dict[str, str]
    keys: int
    settings: dict[str, object]
    pause: float = 0.3
    """Seconds between two bursts of a writer of keys, on average."""
    policy_pause: float | None = None
    """Seconds between two changes of the keyed topic's `cleanup.policy`, on average; None: it stays as it is."""
    padding: int = 0
    """Bytes in each keyed record, at most, for segments of 1 MiB."""
    ledger: LedgerLoad | None = None

    @classmethod
    def drawn(cls, rng: random.Random) -> CleaningLoad:
        by_time, by_size = rng.choice([(True, False), (True, False), (False, True), (True, True)])
        aging = {"segment.ms": rng.choice(["500", "2000"]), "retention.ms": rng.choice(["3000", "8000"])}
        if by_size:
            aging["retention.bytes"] = rng.choice(["300", "3000"])
        if not by_time:
            aging["retention.ms"] = str(_KEPT_MS)
        lag = rng.choice(["0", "0", "2000"])
        keyed = {
            "cleanup.policy": rng.choice(["compact", "compact", "compact", "compact,delete"]),
            "segment.ms": rng.choice(["500", "2000"]),
            "min.cleanable.dirty.ratio": rng.choice(["0.01", "0.3"]),
            "delete.retention.ms": rng.choice(["0", "2000", str(_KEPT_MS)]),
            "min.compaction.lag.ms": lag,
            **({"max.compaction.lag.ms": "4000"} if rng.random() < 0.3 else {}),
            "retention.ms": "8000",
        }
        settings: dict[str, object] = {
            "log.retention.check.interval.ms": rng.choice([300, 2000]),
            "log.cleaner.backoff.ms": rng.choice([200, 1000]),
            **({"log.roll.ms": 3000} if rng.random() < 0.4 else {}),
        }
        return cls(rng.randint(1, 2), aging, keyed, rng.randint(1, 8), settings)

    def with_more(self, rng: random.Random) -> CleaningLoad:
        """Perhaps a policy that changes, segments limited by size, and transactions."""
        policies, ledger = rng.random() < _MORE_CHANCE, rng.random() < _MORE_CHANCE
        by_index, by_bytes = rng.random() < _MORE_CHANCE, rng.random() < _LARGE_CHANCE
        drawn = replace(
            self,
            policy_pause=rng.choice([1.0, 4.0]) if policies else None,
            ledger=LedgerLoad.drawn(rng) if ledger else None,
        )
        if by_index:
            drawn = drawn._by_index(rng)
        return drawn._by_bytes(rng) if by_bytes else drawn

    def _by_index(self, rng: random.Random) -> CleaningLoad:
        """Segments end where one of their indexes is full, which each batch gets an entry in."""

        def small() -> dict[str, str]:
            return {**_BY_SIZE, "index.interval.bytes": "1", "segment.index.bytes": rng.choice(_BY_INDEX)}

        ledger = self.ledger
        return replace(
            self,
            aging=self.aging | small(),
            keyed=self.keyed | small(),
            ledger=None if ledger is None else replace(ledger, configs=ledger.configs | small()),
        )

    def _by_bytes(self, rng: random.Random) -> CleaningLoad:
        """Segments are as small as `segment.bytes` allows, which takes large records, and so few of them."""
        large = {**_BY_SIZE, "segment.bytes": "1048576", "max.message.bytes": "1000000"}
        return replace(self, keyed=self.keyed | large, keys=min(self.keys, 3), padding=_LARGE_BYTES, pause=_LARGE_PAUSE)

    def stretched(self, pace: float) -> CleaningLoad:
        """For a long run: segments hold as many records, and as many of them are there."""
        settings = {name: int(value * pace) for name, value in self.settings.items() if isinstance(value, int)}
        return replace(
            self,
            aging=longer(self.aging, _STRETCHED, pace),
            keyed=longer(self.keyed, _STRETCHED, pace),
            settings=settings,
            policy_pause=None if self.policy_pause is None else self.policy_pause * pace,
            ledger=None if self.ledger is None else self.ledger.stretched(pace),
        )

    @property
    def topics(self) -> dict[str, int]:
        return {AGING: self.partitions, KEYED: 1, **({} if self.ledger is None else {LEDGER: 1})}

    @property
    def places(self) -> list[Place]:
        """Those of the aging topic."""
        return [(AGING, index) for index in range(self.partitions)]

    def configs(self, topic: str) -> dict[str, str]:
        """What this topic has besides what all have; nothing for others."""
        ledger = {} if self.ledger is None else self.ledger.configs
        return {AGING: self.aging, KEYED: self.keyed, LEDGER: ledger}.get(topic, {})

    def __str__(self) -> str:
        def said(configs: Mapping[str, object]) -> str:
            return ", ".join(f"{name}={value}" for name, value in configs.items())

        changes = "" if self.policy_pause is None else f", another policy every {self.policy_pause:g} s"
        return (
            f"{self.partitions} partitions with {said(self.aging)}; {self.keys} keys with {said(self.keyed)}{changes}; "
            f"{self.ledger or 'no transactions'}"
        )


class Cleaning:
    """All of it. `start` it, `stop` it when the cluster is well and nobody else writes any more."""

    def __init__(self, world: Workload, load: CleaningLoad) -> None:
        self.counts: Counter[str] = Counter()
        self.history = KeyedHistory()
        self._world = world
        self._load = load
        self._place = (KEYED, 0)
        self._logs: dict[Place, dict[Any, None]] = {place: {} for place in [*load.places, self._place]}
        """All logs that any life of any broker had of them."""
        self._under_way = 0
        self._losses = 0
        self._clocks_were_off = False

    def start(self) -> None:
        """Begin."""
        world = self._world
        for number, place in enumerate(self._load.places):
            world.begin_producer(number, f"ap{number}", Promise(), place)
        world.begin(self._follow, 0, "aging-reader")
        for number in range(_WRITERS):
            world.begin(self._write, number, f"kp{number}")
        world.begin(self._read_again, 1, "keyed-reader")
        if self._load.policy_pause is not None:
            world.begin(self._change_policy, 0, "policies", self._load.policy_pause)
        world.cluster.nursery.start_soon(self._watch)

    # What the cluster does meanwhile

    async def _watch(self) -> None:
        while True:
            self._note_logs()
            self._clocks_were_off |= any(node.clock_offset_ms for node in self._world.cluster.nodes)
            await trio.sleep(_POLL_SECONDS)

    def _note_logs(self) -> None:
        for node in self._world.cluster.brokers:
            if node.handle is not None:
                for replica in replicas_of(node):
                    logs = self._logs.get((replica.topic, replica.index))
                    if logs is not None:
                        logs[replica.log] = None

    def _highest_start(self, place: Place) -> int:
        """Where the log of this partition begins, as anybody may have been told by now."""
        self._note_logs()
        return max((log.log_start_offset for log in self._logs[place]), default=0)

    @property
    def _expects_nothing(self) -> bool:
        history = self._world.history
        if history.losses != self._losses:
            self._losses = history.losses
            self.history.forget()
        return history.expects_nothing

    # The aging topic

    async def _follow(self, world: Workload, number: int, name: str, rng: random.Random) -> None:
        """Reads on from what it has seen, and at the beginning where that is gone."""
        seen, losses = world.history.seen, world.history.losses
        last = {place: max(seen[place], default=-1) for place in self._load.places}
        async with (
            world.client(number, name) as client,
            Consumer(
                client, auto_offset_reset="earliest", request_timeout=10.0, fetch_max_wait=world.load.fetch_wait
            ) as consumer,
        ):
            await consumer.assign({place: offset + 1 for place, offset in last.items()})
            try:
                async for record in consumer:
                    if losses != world.history.losses:
                        return
                    place = (record.topic, record.partition)
                    if record.offset > last[place] + 1 and not world.history.expects_nothing:
                        self._came_after(name, place, last[place], record.offset)
                    last[place] = record.offset
                    world.history.saw(name, place, record.offset, bytes(record.value or b"").decode())
                    world.done(name)
                    if rng.random() < _DAWDLES_CHANCE and not world.stopping:
                        await world.pause(rng, _DAWDLES_SECONDS)
            except UnreadableRecords as error:
                self._forgive(name, error)
                raise

    def _came_after(self, name: str, place: Place, before: int, offset: int) -> None:
        """The reader passed over something, which it may where that is gone."""
        highest = self._highest_start(place)
        if offset > highest:
            raise Violation(f"poll skip: {name} read {place} {offset} after {before}, and the log begins at {highest}")
        self.counts["readers whose offset was gone"] += 1
        self._world.history.begins(name, place)

    def _forgive(self, name: str, error: UnreadableRecords) -> None:
        if not any(node.damaged for node in self._world.cluster.brokers):
            raise Violation(f"{name} cannot read: {error}") from None

    # The keyed topic

    async def _write(self, world: Workload, number: int, name: str, rng: random.Random) -> None:
        async with (
            world.client(number, name) as client,
            Producer(client, acks="all", enable_idempotence=True, delivery_timeout=_DELIVERY_SECONDS) as producer,
            trio.open_nursery() as nursery,
        ):
            free = trio.Semaphore(_UNDER_WAY)
            while not world.stopping:
                await free.acquire()
                self._under_way += 1
                key, is_tombstone = f"k{rng.randrange(self._load.keys)}", rng.random() < _TOMBSTONE_CHANCE
                record = self.history.sends(name, key, is_tombstone, trio.current_time())
                try:
                    value: Any = None if is_tombstone else record.encode()
                    receipt = await producer.send_soon(
                        KEYED,
                        value,
                        key=key.encode(),
                        headers=[(NAME, record.encode()), *self._padding(rng)],
                        partition=0,
                        timestamp=START_MS + int(trio.current_time() * 1000),
                    )
                except ClientError as error:
                    world.note(name, f"cannot send: {error}")
                    self._ended(free)
                else:
                    nursery.start_soon(self._await, name, record, receipt, free)
                if rng.random() < 0.4:
                    await world.pause(rng, self._load.pause)

    def _padding(self, rng: random.Random) -> list[tuple[str, bytes]]:
        padding = self._load.padding
        return [("padding", bytes(rng.randrange(padding // 2, padding)))] if padding else []

    async def _await(self, name: str, record: str, receipt: Receipt, free: trio.Semaphore) -> None:
        try:
            metadata = await receipt.wait()
        except ClientError as error:
            self._world.note(name, f"{record} failed: {error}")
        else:
            if not self._expects_nothing:
                self.history.acknowledged(record, metadata.offset, trio.current_time())
            self._world.done(name)
            self._world.note(name, f"{record} is at {KEYED}-0 {metadata.offset}")
        self._ended(free)

    def _ended(self, free: trio.Semaphore) -> None:
        self._under_way -= 1
        free.release()

    async def _change_policy(self, world: Workload, number: int, name: str, rng: random.Random, pause: float) -> None:
        async with world.client(number, name) as client:
            while not world.stopping:
                await world.pause(rng, pause)
                policy = rng.choice(_POLICIES)
                outcome = (await Admin(client).alter_configs(TOPIC, {KEYED: {POLICY: policy}}))[KEYED]
                world.note(name, f"{POLICY} is to be {policy}: {outcome or 'done'}")
                if outcome is None:
                    world.done(name)
                    self.counts["changes of cleanup.policy"] += 1

    async def _read_again(self, world: Workload, number: int, name: str, rng: random.Random) -> None:
        """All of it, again and again."""
        while not world.stopping:
            async with world.client(number, name) as client:
                try:
                    with trio.move_on_after(_READ_SECONDS * world.load.pace):
                        await self._read_all(client)
                        world.done(name)
                except UnreadableRecords as error:
                    self._forgive(name, error)
                    raise
            await world.pause(rng, _READ_PAUSE)

    async def _read_all(self, client: ClientCluster) -> None:
        began, losses = trio.current_time(), self._world.history.losses
        retention = int(self._load.keyed["delete.retention.ms"]) / 1000

        def wrong(records: Sequence[Any], end: int) -> list[str]:
            if self._expects_nothing or losses != self._world.history.losses:
                return []
            return self.history.anomalies(
                [
                    KeyedRecord(
                        record.offset,
                        bytes(record.key or b"").decode(),
                        bytes(dict(record.headers)[NAME] or b"").decode(),
                        record.value is None,
                    )
                    for record in records
                ],
                began=began,
                now=trio.current_time(),
                start=self._highest_start(self._place),
                tombstones_stay=0.0 if self._clocks_were_off else retention,
            )

        wait = self._world.load.fetch_wait
        async with Consumer(
            client, auto_offset_reset="earliest", request_timeout=10.0, fetch_max_wait=wait
        ) as consumer:
            await read_table(consumer, self._place, wrong)
        self.counts["tables read"] += 1

    # In the end

    async def stop(self) -> None:
        """The writers end, the readers come to the end; then all is read, and compared with what was said."""
        world = self._world
        await self._until(lambda: not self._under_way, "writers of keys do not end")
        async with world.client(0, "cleaned") as client:
            if world.history.expects_nothing:
                return
            ends = await Admin(client).list_offsets(dict.fromkeys(self._load.places, "latest"))
            await self._until(
                lambda: all(self._is_read(place, end) for place, end in ends.items()),
                "unseen: a reader does not get on",
            )
            wrong: list[str] = []
            for place in self._load.places:
                wrong += [str(each) for each in await self._check(client, place)]
            if wrong:
                raise Violation("\n".join(wrong[:10]))
            await self._read_all(client)

    def _is_read(self, place: Place, end: Any) -> bool:
        if not isinstance(end, ListedOffset):
            raise Violation(f"nobody knows where {place} ends: {end}")
        last = max(self._world.history.seen[place], default=-1)
        return max(last + 1, self._highest_start(place)) >= end.offset

    async def _until(self, condition: Any, what: str) -> None:
        limit = trio.current_time() + _END_SECONDS
        while not condition():
            if trio.current_time() > limit:
                raise Violation(f"{what} in {_END_SECONDS:g} s")
            await trio.sleep(_POLL_SECONDS)

    async def _check(self, client: ClientCluster, place: Place) -> list[Any]:
        log = [
            (record.offset, bytes(record.value or b"").decode())
            for record in await _read(client, place, self._world.load.fetch_wait)
        ]
        start = max(self._highest_start(place), log[0][0] if log else 0)
        kept = [entry for entry in log if entry[0] >= start]
        return list(LogCheck(self._world.history, place, kept, -1, start=start).anomalies())


async def _read(client: ClientCluster, place: Place, wait: float) -> list[Any]:
    """From the beginning to the end."""
    async with Consumer(client, auto_offset_reset="earliest", request_timeout=10.0, fetch_max_wait=wait) as consumer:
        await consumer.assign({place: "earliest"}, stop_at_end=True)
        return [record async for record in consumer]
