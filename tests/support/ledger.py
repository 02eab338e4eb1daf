"""A small coordinator for the tests of those parts that all coordinators share.

A ledger keeps a number for each name, as the committed offset of a group of that name. It parks who waits for a name,
forgets names at a time, and can be told to fail.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import trio
import trio.testing

from barnabas.broker.coordinator.answers import Answer, Decision, Waiter
from barnabas.broker.coordinator.coordinators import CoordinatorKind, Coordinators
from barnabas.broker.coordinator.records import OFFSETS, CoordinatorRecord, Record, TransactionEnd
from barnabas.broker.coordinator.shard import Shard
from barnabas.metadata.delta import MetadataDelta
from barnabas.metadata.image import MetadataImage
from barnabas.protocol.errors import ErrorCode, WireError
from barnabas.protocol.messages.offset_commit_key import OffsetCommitKey
from barnabas.protocol.messages.offset_commit_value import OffsetCommitValue
from barnabas.server.runtime import Result
from broker_harness import BrokerHarness

TOPIC = "__consumer_offsets"
WRITE_TIMEOUT = 5.0


def entry(name: str, value: int | None, *producer: int, note: str = "") -> Record:
    """The record that gives a name its value; None takes the name away."""
    value_record = None if value is None else OffsetCommitValue(offset=value, metadata=note)
    return Record(OffsetCommitKey(group=name), value_record, *producer)


Kept = dict[str, tuple[int, int]]
"""Of each name the offset of its record, and its value."""


class Ledger:
    """The machine."""

    def __init__(self, partition: int, image: Callable[[], MetadataImage]) -> None:
        self.partition = partition
        self._kept: Kept = {}
        self._pending: dict[int, Kept] = {}
        self.parked: dict[str, list[Waiter]] = {}
        self.deadlines: dict[str, float] = {}
        self.loaded_at: float | None = None
        self.committed = -1
        self.deltas = 0
        self.broken_replay = False
        self._image = image

    def __str__(self) -> str:
        return f"ledger of {len(self.values)}"

    @property
    def values(self) -> dict[str, int]:
        """What counts."""
        return {name: value for name, (_, value) in self._kept.items()}

    @property
    def pending(self) -> dict[int, dict[str, int]]:
        """What transactions have written that have not ended, by producer."""
        return {
            producer: {name: value for name, (_, value) in kept.items()} for producer, kept in self._pending.items()
        }

    # Decisions

    def put(self, name: str, value: int, waiter: Waiter, *, producer: tuple[int, int] = (-1, -1)) -> Decision:
        """Give a name its value, and answer with both; who waits for the name is answered as well."""
        answers: list[Answer] = [(waiter, (name, value))]
        answers += [(parked, (name, value)) for parked in self.parked.pop(name, ())]
        return Result([entry(name, value, *producer)], answers)

    def get(self, name: str, waiter: Waiter) -> Decision:
        """Answer with the value; GROUP_ID_NOT_FOUND if there is none."""
        if name not in self.values:
            raise WireError(ErrorCode.GROUP_ID_NOT_FOUND)
        return Result([], [(waiter, self.values[name])])

    def wait_for(self, name: str, waiter: Waiter) -> Decision:
        """Answer when the name is given a value next."""
        self.parked.setdefault(name, []).append(waiter)
        return Result([], [])

    def end(self, end: TransactionEnd, waiter: Waiter) -> Decision:
        """Write a marker."""
        return Result([end], [(waiter, None)])

    def forget_at(self, name: str, deadline: float, waiter: Waiter) -> Decision:
        """Take the name away then."""
        self.deadlines[name] = deadline
        return Result([], [(waiter, None)])

    def next_deadline(self) -> float | None:
        return min(self.deadlines.values(), default=None)

    def handle_deadline(self, now: float, now_ms: int) -> Decision:
        name = min(self.deadlines, key=self.deadlines.__getitem__)
        if name in self.values:
            return Result([entry(name, None)], [])
        del self.deadlines[name]
        return Result([], [])

    def on_metadata(self, delta: MetadataDelta, image: MetadataImage, now: float, now_ms: int) -> Decision:
        self.deltas += 1
        gone = [topic.name for topic in delta.topics.deleted.values() if topic.name in self.values]
        return Result([entry(name, None) for name in gone], [])

    # Replay

    def replay(self, records: Sequence[CoordinatorRecord], last_offset: int, epoch: int) -> None:
        for offset, record in enumerate(records, last_offset + 1 - len(records)):
            if isinstance(record, TransactionEnd):
                ended = self._pending.pop(record.producer_id, {})
                for name, kept in ended.items() if record.committed else ():
                    # Compaction goes by the order of records, not of markers: so must this.
                    self._kept[name] = max(kept, self._kept.get(name, kept))
            else:
                self._replay(record, offset)

    def _replay(self, record: Record, offset: int) -> None:
        if self.broken_replay:
            raise KeyError("no such thing")
        assert isinstance(record.key, OffsetCommitKey)
        name = record.key.group
        if record.value is None:
            self._kept.pop(name, None)
            self.deadlines.pop(name, None)
            return
        assert isinstance(record.value, OffsetCommitValue)
        kept = self._kept if record.producer_id < 0 else self._pending.setdefault(record.producer_id, {})
        kept[name] = (offset, record.value.offset)

    def commit(self, offset: int) -> None:
        self.committed = offset

    def revert(self) -> None: ...

    def loaded(self, now: float, now_ms: int) -> None:
        self.loaded_at = now

    def closed(self) -> list[Waiter]:
        return [waiter for waiters in self.parked.values() for waiter in waiters]


class Asker:
    """A waiter that keeps what it is told first: that is what counts."""

    def __init__(self) -> None:
        self.told: list[Any] = []

    def reply(self, response: Any) -> None:
        self.told.append(response)

    def fail(self, error: WireError) -> None:
        self.told.append(error.code)

    @property
    def answer(self) -> Any:
        """None as long as it waits."""
        return self.told[0] if self.told else None


class LedgerHarness(BrokerHarness):
    """Broker 1 and its ledgers. Reads in threads are done at once, unless `held` is an event to wait for."""

    def __init__(self, path: Path, nursery: trio.Nursery, **kind: Any) -> None:
        super().__init__(path)
        self.held: trio.Event | None = None
        self.reads = 0
        self.machines: list[Ledger] = []
        self.ledgers: Coordinators[Ledger] = Coordinators(
            CoordinatorKind(
                **{
                    "name": "ledger",
                    "topic": TOPIC,
                    "codec": OFFSETS,
                    "num_partitions": 50,
                    "new_machine": self._new_machine,
                    "write_timeout": WRITE_TIMEOUT,
                    "on_metadata": Ledger.on_metadata,
                    **kind,
                }
            ),
            self.manager,
            spawn=nursery.start_soon,
            threads=self._read,
        )
        self.cache.subscribe(lambda image, delta: self.ledgers.apply_delta(delta, image))

    def _new_machine(self, partition: int) -> Ledger:
        self.machines.append(Ledger(partition, lambda: self.cache.image))
        return self.machines[-1]

    async def _read(self, work: Callable[[], Any], /) -> Any:
        self.reads += 1
        result = work()
        if self.held is not None:
            await self.held.wait()
        return result

    async def lead(self, replicas: tuple[int, ...] = (1,), **more: Any) -> Shard[Ledger]:
        """Make the topic, led here, of one partition, and load it."""
        self.create_topic(TOPIC, replicas=replicas, **more)
        await self.blocked()
        return self.shard

    @staticmethod
    async def blocked() -> None:
        """Let loading come to its end, or to where it waits."""
        await trio.testing.wait_all_tasks_blocked()

    @property
    def shard(self) -> Shard[Ledger]:
        return self.ledgers.shard_at(0)

    def ask(self, decide: Callable[[Ledger, Waiter], Decision], shard: Shard[Ledger] | None = None) -> Asker:
        """Submit a decision."""
        asker = Asker()
        (shard or self.shard).submit(lambda machine, now, now_ms: decide(machine, asker), asker)
        return asker

    def put(self, name: str, value: int) -> Asker:
        return self.ask(lambda ledger, waiter: ledger.put(name, value, waiter))

    def get(self, name: str) -> Any:
        return self.ask(lambda ledger, waiter: ledger.get(name, waiter)).answer

    def replicate(self, offset: int, *brokers: int) -> None:
        """Followers hold all before the offset now."""
        for broker_id in brokers or (2, 3):
            self.fetch((TOPIC, 0, offset), replica=(broker_id, 10), version=17)
