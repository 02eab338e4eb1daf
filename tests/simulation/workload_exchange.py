"""Producers that read in their transactions what others write in theirs, as the clients of Jepsen's Kafka workload do.

Each has a consumer beside its producer, told which partitions to read, which goes on where the life before stood. A
transaction writes to some of the partitions that all read, and polls in between. What it reads is no part of it: an
abort takes back what was written, and the consumer goes on behind what it got.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import trio
from tests.simulation.client_lives import Lives
from tests.simulation.history import Place
from tests.simulation.history_isolation import Reader
from tests.simulation.history_transactions import Instance
from tests.simulation.workload_transactions import (
    NOT_COMMITTED,
    Transacting,
    TransactionLoad,
    new_producer,
    new_reader,
    now_ms,
    told,
)

from barnabas.client.cluster import Cluster as ClientCluster
from barnabas.client.consumer import Consumer
from barnabas.client.producer import Producer

if TYPE_CHECKING:
    from tests.simulation.workload import Workload


def transacting(world: Workload, load: TransactionLoad) -> Transacting:
    """All who transact, those that read as well among them."""
    made = Transacting(world, load)
    made.lives += [_Exchanger(made, world, number, load) for number in range(load.exchangers)]
    return made


class _Exchanger(Lives):
    """Writes to partitions of its choice, all or nothing, and reads what there is."""

    def __init__(self, transacting: Transacting, world: Workload, number: int, load: TransactionLoad) -> None:
        super().__init__(world, f"exchanger-{number}", number, length=load.length, overlap=0.4)
        self._transacting = transacting
        self._load = load
        self._next: dict[Place, int] = dict.fromkeys(load.exchanged, 0)
        """Where the next life begins to read."""

    async def live(self, client: ClientCluster, name: str) -> None:
        """See `Lives`."""
        history, wait = self._transacting.history, self.world.load.fetch_wait
        async with new_producer(client, self.name, self.rng) as producer, new_reader(client, wait) as consumer:
            instance, reader = history.instance(self.name), self._transacting.isolation.reader(name, self._next)
            await consumer.assign({**self._next})
            number = 0
            while not self.world.stopping:
                number += 1
                try:
                    await self._transact(producer, instance, consumer, reader, f"{name}:{number}")
                except NOT_COMMITTED as error:
                    self.world.note(name, f"aborted {number}: {error}")
                await self.world.pause(self.rng, self._load.pause)
            await trio.sleep_forever()

    async def _transact(
        self,
        producer: Producer[Any, Any],
        instance: Instance,
        consumer: Consumer[Any, Any],
        reader: Reader,
        prefix: str,
    ) -> None:
        history, rng = self._transacting.history, self.rng
        async with told(history, producer, instance, rng) as transaction:
            for number in range(rng.randint(2, 6)):
                if rng.random() < 0.5:
                    place, value = rng.choice(self._load.exchanged), f"{prefix}:{number}"
                    history.writes(transaction, place, value)
                    await producer.send_soon(place[0], value.encode(), partition=place[1], timestamp=now_ms())
                    continue
                records: Any = []
                with trio.move_on_after(rng.expovariate(4)):
                    records = await consumer.next_batch()
                for record in records or ():
                    place, value = (record.topic, record.partition), bytes(record.value or b"").decode()
                    reader.got(transaction, place, record.offset, value)
                    self._next[place] = record.offset + 1
