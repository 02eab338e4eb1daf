"""The clients of a simulated cluster: producers, consumers, and somebody who creates and deletes topics.

They use Barnabas' own client, each with its own connections, and write down in the history what they were told.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

import trio
from tests.simulation.cluster import START_MS, Cluster, Violation
from tests.simulation.history import History, Place

from barnabas.client.admin import Admin
from barnabas.client.admin_types import NewTopic
from barnabas.client.cluster import Cluster as ClientCluster
from barnabas.client.consumer import Consumer
from barnabas.client.errors import BrokerError, ClientError
from barnabas.client.producer import Producer, Receipt
from barnabas.protocol.errors import ErrorCode

_DELIVERY_SECONDS = 15.0
_UNDER_WAY = 20
_END_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Load:
    """What the clients do."""

    topics: dict[str, int]
    """With the number of their partitions."""
    topic_configs: dict[str, str]
    producers: int
    pause: float
    """Seconds between two bursts of one producer, on average."""
    topic_pause: float
    """Seconds between two changes of topics, on average."""
    burst: float = 3.0
    """Records in one burst, on average: so batches hold one or several."""
    replicas: int = 3
    """Of each partition."""

    @property
    def places(self) -> list[Place]:
        return [(topic, index) for topic, count in self.topics.items() for index in range(count)]


class Workload:
    """All clients. `start` them, `stop` them, then `check`."""

    def __init__(self, cluster: Cluster, load: Load) -> None:
        self.history = History()
        self.load = load
        self.progress: dict[str, float] = {}
        """When each client last got something done."""
        self._cluster = cluster
        self._trace = cluster.trace
        self._scopes: list[trio.CancelScope] = []
        self._stopping = False
        self._running = 0
        self._producing = load.producers
        self._produced = trio.Event()
        self._ended = trio.Event()

    def _client(self, number: int, name: str, timeout: float = 10.0) -> ClientCluster:
        hosts = [host for host in self._cluster.hosts if host.startswith("client-")]
        return ClientCluster(
            self._cluster.bootstrap,
            client_id=name,
            request_timeout=timeout,
            network=self._cluster.network.at(hosts[number % len(hosts)]),
            rng=random.Random(f"{self._cluster.seed}/{name}"),
        )

    async def create_topics(self) -> None:
        """Before anything goes wrong."""
        load = self.load
        new = [NewTopic(name, count, load.replicas, configs=load.topic_configs) for name, count in load.topics.items()]
        async with self._client(0, "setup") as client:
            for name, outcome in (await Admin(client).create_topics(new)).items():
                if isinstance(outcome, BrokerError):
                    raise Violation(f"topic {name} cannot be created: {outcome}")

    def start(self) -> None:
        places = self.load.places
        for number in range(self.load.producers):
            self._begin(self._produce, number, f"p{number}", places[number % len(places)])
        for number, topic in enumerate({topic: None for topic, _ in places[: self.load.producers]}):
            self._begin(self._consume, number, f"c{number}", topic)
        self._begin(self._change_topics, 0, "admin")

    def _begin(self, task: object, number: int, name: str, *args: object) -> None:
        self._running += 1
        self.progress[name] = trio.current_time()

        scope = trio.CancelScope()
        self._scopes.append(scope)

        async def run() -> None:
            rng = random.Random(f"{self._cluster.seed}/{name}/load")
            with scope:
                while not self._stopping:
                    try:
                        await task(number, name, rng, *args)  # type: ignore[operator]
                    except ClientError as error:
                        self._trace.note(name, f"begins again: {error}")
                        await trio.sleep(rng.uniform(0, 0.5))
            self._running -= 1
            if not self._running:
                self._ended.set()

        self._cluster.nursery.start_soon(run)

    async def stop(self) -> None:
        """Let the producers finish; what reads ends."""
        self._stopping = True
        with trio.move_on_after(_END_SECONDS) as waiting:
            await self._produced.wait()
        if waiting.cancelled_caught:
            raise Violation(f"producers do not end in {_END_SECONDS:g} s")
        for scope in self._scopes:
            scope.cancel()
        await self._ended.wait()

    # Producing

    async def _produce(self, number: int, name: str, rng: random.Random, place: Place) -> None:
        sent = self.history.sent[place]
        async with (
            self._client(number, name) as client,
            Producer(client, delivery_timeout=_DELIVERY_SECONDS) as producer,
            trio.open_nursery() as nursery,
        ):
            under_way = trio.Semaphore(_UNDER_WAY)
            while not self._stopping:
                await under_way.acquire()
                value = f"{name}:{len(sent)}"
                sent.add(value)
                try:
                    receipt = await producer.send_soon(
                        place[0],
                        value.encode(),
                        partition=place[1],
                        timestamp=START_MS + int(trio.current_time() * 1000),
                    )
                except ClientError as error:
                    self._trace.note(name, f"cannot send: {error}")
                    under_way.release()
                else:
                    nursery.start_soon(self._await, name, place, value, receipt, under_way)
                if rng.random() < 1 / self.load.burst:
                    await trio.sleep(rng.expovariate(1 / self.load.pause))
        self._producing -= 1
        if not self._producing:
            self._produced.set()

    async def _await(self, name: str, place: Place, value: str, receipt: Receipt, under_way: trio.Semaphore) -> None:
        try:
            metadata = await receipt.wait()
        except ClientError as error:
            self.history.failed += 1
            self._trace.note(name, f"{value} failed: {error}")
        else:
            self.history.acked[place][value] = metadata.offset
            self.progress[name] = trio.current_time()
            self._trace.note(name, f"{value} is at {place[0]}-{place[1]} {metadata.offset}")
        under_way.release()

    # Consuming

    async def _consume(self, number: int, name: str, rng: random.Random, topic: str) -> None:
        seen = self.history.seen
        losses = self.history.losses
        starts = {(topic, index): max(seen[topic, index], default=-1) + 1 for index in range(self.load.topics[topic])}
        async with self._client(number, name) as client, Consumer(client, request_timeout=10.0) as consumer:
            await consumer.assign(dict(starts))
            try:
                async for record in consumer:
                    place = (record.topic, record.partition)
                    self.history.saw(place, record.offset, bytes(record.value or b"").decode())
                    self.progress[name] = trio.current_time()
            except BrokerError as error:
                if error.code is ErrorCode.OFFSET_OUT_OF_RANGE and losses == self.history.losses:
                    raise Violation(f"{name} read up to {starts} and on, and now: {error}") from None
                raise

    # Topics

    async def _change_topics(self, number: int, name: str, rng: random.Random) -> None:
        topics = self.history.topics
        async with self._client(number, name) as client:
            admin = Admin(client)
            while not self._stopping:
                await trio.sleep(rng.expovariate(1 / self.load.topic_pause))
                there = [topic for topic, state in topics.items() if state == "there"]
                if len(there) > 3 or (there and rng.random() < 0.5):
                    await self._delete(admin, rng.choice(there))
                else:
                    await self._create(admin, f"fleeting-{len(topics)}", rng)
                self.progress[name] = trio.current_time()

    async def _create(self, admin: Admin, topic: str, rng: random.Random) -> None:
        self.history.topics[topic] = "being created"
        new = NewTopic(topic, rng.randint(1, 3), rng.randint(1, 3))
        outcome = (await admin.create_topics([new]))[topic]
        if not isinstance(outcome, BrokerError):
            self.history.topics[topic] = "there"
        self._trace.note("admin", f"creating {topic}: {outcome}")

    async def _delete(self, admin: Admin, topic: str) -> None:
        self.history.topics[topic] = "being deleted"
        outcome = (await admin.delete_topics([topic]))[topic]
        if outcome is None:
            self.history.topics[topic] = "gone"
        self._trace.note("admin", f"deleting {topic}: {outcome or 'done'}")

    # In the end

    async def check(self) -> None:
        """Read everything as a client does, and compare with the history."""
        async with self._client(0, "checker") as client:
            for place in self.load.places:
                self.history.check_log(place, await _read(client, place))
            self.history.check_topics({topic.name: topic for topic in await Admin(client).list_topics()})


async def _read(client: ClientCluster, place: Place) -> list[tuple[int, str]]:
    async with Consumer(client) as consumer:
        await consumer.assign({place: 0}, stop_at_end=True)
        return [(record.offset, bytes(record.value or b"").decode()) async for record in consumer]
