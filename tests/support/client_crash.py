"""What the trio client must do when a broker is killed under it (SIGKILL) and comes back: the same with any cluster.

A producer, a producer with transactions and a member of a group are at work all the time. Nothing that was acknowledged
may be missing or doubled, transactions are whole, and the member reads on without leaving anything out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Final

import trio

from barnabas.client import Admin, Consumer, NewTopic, Producer
from barnabas.client.errors import BrokerError, ClientError
from barnabas.client.groups.membership import GroupProtocol
from client_suite import unique

PATIENCE: Final = 120.0
RECORDS_BETWEEN: Final = 60
"""Acknowledged by each producer before the kill, while the broker is down, and when it is back."""


class Work:
    """What the clients have done so far. `topic` has two partitions and two replicas."""

    def __init__(self, bootstrap: str, topic: str) -> None:
        self.bootstrap: Final = bootstrap
        self.topic: Final = topic
        self.sent: list[bytes] = []
        """Acknowledged, one after the other, all to partition 0."""
        self.committed: list[set[bytes]] = []
        self.given_up: list[set[bytes]] = []
        """Transactions that failed: nobody knows, but they must be whole."""
        self.read: Counter[bytes] = Counter()
        self.ending = False
        self._changed = trio.Event()

    def _tell(self) -> None:
        self._changed.set()
        self._changed = trio.Event()

    async def _until(self, done: Callable[[], bool]) -> None:
        while not done():
            await self._changed.wait()

    async def send(self) -> None:
        async with Producer(self.bootstrap) as producer:
            while not self.ending:
                value = b"%d" % len(self.sent)
                await producer.send(self.topic, value, partition=0)
                self.sent.append(value)
                self._tell()
                await trio.sleep(0.005)

    async def transact(self) -> None:
        async with Producer(self.bootstrap, transactional_id=unique("crash")) as producer:
            number = 0
            while not self.ending:
                values = {b"%d.%d" % (number, each) for each in range(3)}
                number += 1
                try:
                    async with producer.transaction():
                        for value in sorted(values):
                            await producer.send_soon(self.topic, value, partition=1)
                except ClientError:
                    self.given_up.append(values)
                else:
                    self.committed.append(values)
                    self._tell()
                await trio.sleep(0.005)

    async def read_as_member(self, protocol: GroupProtocol) -> None:
        async with Consumer(
            self.bootstrap,
            group=unique("crash"),
            topics=self.topic,
            group_protocol=protocol,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
        ) as consumer:
            async for record in consumer:
                self.read[record.value or b""] += 1
                self._tell()

    async def all_is_read(self) -> None:
        """Once the producers have ended."""
        await self._until(lambda: self.expected() <= self.read.keys())

    def expected(self) -> set[bytes]:
        return set(self.sent).union(*self.committed)

    async def go_on(self) -> None:
        """Until both producers have done so much more."""
        sent, committed = len(self.sent) + RECORDS_BETWEEN, len(self.committed) + RECORDS_BETWEEN // 3
        await self._until(lambda: len(self.sent) >= sent and len(self.committed) >= committed)

    async def check(self) -> None:
        """What is in the log in the end."""
        found: dict[int, list[bytes]] = {0: [], 1: []}
        async with Consumer(self.bootstrap, isolation_level="read_committed") as consumer:
            await consumer.assign({(self.topic, number): 0 for number in found}, stop_at_end=True)
            async for record in consumer:
                found[record.partition].append(record.value or b"")
        assert found[0] == self.sent
        assert len(found[1]) == len(set(found[1]))
        visible = set(found[1])
        assert set[bytes]().union(*self.committed) <= visible
        for values in self.given_up:
            assert values & visible in (set(), values)
        assert self.read.keys() <= visible | set(self.sent)


async def _all_in_sync(bootstrap: str) -> None:
    """Otherwise what a broker leads may have no other replica that could lead it."""
    async with Admin(bootstrap) as admin:
        while True:
            partitions = [p for topic in await admin.list_topics() for p in topic.partitions.values()]
            if all(len(p.isr) == len(p.replicas) for p in partitions):
                return
            await trio.sleep(0.2)


async def check_a_broker_is_killed(
    bootstrap: str, kill: Callable[[], None], start: Callable[[], None], protocol: GroupProtocol
) -> None:
    """`kill` and `start` act on a broker that leads something; the topic outlives it by its other replica."""
    topic = unique("crash")
    async with Admin(bootstrap) as admin:
        created = (await admin.create_topics([NewTopic(topic, 2, 2, {"min.insync.replicas": "1"})]))[topic]
        assert not isinstance(created, BrokerError), created
    work = Work(bootstrap, topic)
    with trio.fail_after(PATIENCE):
        async with trio.open_nursery() as reading:
            reading.start_soon(work.read_as_member, protocol)
            async with trio.open_nursery() as writing:
                writing.start_soon(work.send)
                writing.start_soon(work.transact)
                await work.go_on()
                await _all_in_sync(bootstrap)
                await trio.to_thread.run_sync(kill)
                await work.go_on()
                await trio.to_thread.run_sync(start)
                await work.go_on()
                work.ending = True
            await work.all_is_read()
            reading.cancel_scope.cancel()
        await work.check()
