"""The clients of a simulated cluster, and how they are begun and ended.

They use Barnabas' own client, each with its own connections, and write down in the history what they were told. What
they do is in `workload_records.py` and `workload_topics.py`, a function for each kind of client.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any, Final

import trio
from tests.simulation import history_records, history_topics, workload_records, workload_topics
from tests.simulation.cluster import Cluster, Violation, image_of
from tests.simulation.history import History, Place, Promise
from tests.simulation.losses import Losses
from tests.simulation.pauses import HOST
from tests.simulation.workload_cleaning import Cleaning, CleaningLoad
from tests.simulation.workload_exchange import transacting
from tests.simulation.workload_groups import GroupLoad, Groups
from tests.simulation.workload_ledger import Ledger
from tests.simulation.workload_transactions import Transacting, TransactionLoad
from tests.simulation.workload_unclean import Unclean, UncleanLoad

from barnabas.client.admin import Admin
from barnabas.client.admin_types import NewTopic
from barnabas.client.cluster import Cluster as ClientCluster
from barnabas.client.errors import BrokerError, ClientError

FEATURES: Final = (
    "acks=1",
    "plain producers",
    "readers from anywhere",
    "readers of followers",
    "ends of logs",
    "settings",
    "elections",
)
"""What there may be besides idempotent producers with acks=all, consumers, and topics that come and go."""

EXTREMES: Final = ("last sequences", "large batches", "hasty producers", "short segments")
"""What some loads do to an extreme: producers that begin with the last sequences and epochs, batches that are too large
and are sent in pieces, requests that are given up and sent again long before they are answered, a segment for nearly
every batch.
"""
_EXTREME_CHANCE: Final = 0.15
_SHORT_SEGMENT_MS: Final = "100"
_END_SECONDS: Final = 60.0
_LONG_RUNS_PAUSE: Final = 0.3
"""Of each for every producer, before it is stretched: all together begin at most a burst in three seconds."""
_FETCH_WAIT: Final = 0.5
_LONGEST_FETCH_WAIT: Final = 4.0
_POLL_SECONDS: Final = 0.1
_TOO_LARGE: Final = {"max.message.bytes": str(workload_records.MOST_BYTES)}


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
    pace: float = 1.0
    """By how much all pauses are longer than that, and the lives of members of groups and of whoever transacts."""
    burst: float = 3.0
    """Records in one burst, on average: so batches hold one or several."""
    replicas: int = 3
    """Of each partition."""
    features: frozenset[str] = frozenset()
    """Of `FEATURES`."""
    extremes: frozenset[str] = frozenset()
    """Of `EXTREMES`."""
    groups: GroupLoad | None = None
    """Consumer groups, with topics of their own."""

    transactions: TransactionLoad | None = None
    """Producers with transactions, with topics of their own."""

    cleaning: CleaningLoad | None = None
    """Topics whose old records go."""

    unclean: UncleanLoad | None = None
    """Topics that may get leaders which lack records."""

    def with_extremes(self, rng: random.Random) -> Load:
        extremes = frozenset(extreme for extreme in EXTREMES if rng.random() < _EXTREME_CHANCE)
        configs = {"segment.ms": _SHORT_SEGMENT_MS} if "short segments" in extremes else {}
        return replace(self, extremes=extremes, topic_configs=self.topic_configs | configs)

    def stretched(self, pace: float) -> Load:
        """For a long run."""
        return replace(
            self,
            pace=pace,
            pause=max(self.pause, _LONG_RUNS_PAUSE * (self.producers + len(self.other_places))),
            groups=None if self.groups is None else self.groups.stretched(pace),
            transactions=None if self.transactions is None else self.transactions.stretched(pace),
            cleaning=None if self.cleaning is None else self.cleaning.stretched(pace),
            unclean=None if self.unclean is None else self.unclean.stretched(pace),
        )

    @property
    def fetch_wait(self) -> float:
        """Seconds that a consumer waits for news, at most, before it asks again."""
        return min(_FETCH_WAIT * self.pace, _LONGEST_FETCH_WAIT)

    @property
    def other_topics(self) -> dict[str, int]:
        """Of groups, transactions, cleaning and unclean elections."""
        parts = (self.groups, self.transactions, self.cleaning, self.unclean)
        return {topic: count for each in parts if each for topic, count in each.topics.items()}

    @property
    def other_places(self) -> list[Place]:
        """Those of them that plain producers write to."""
        grouped = [] if self.groups is None else self.groups.places
        return grouped if self.transactions is None else grouped + self.transactions.inputs

    def own_configs(self, topic: str) -> dict[str, str]:
        """What this topic has besides what all have."""
        parts = (self.cleaning, self.unclean)
        return {name: value for each in parts if each for name, value in each.configs(topic).items()}

    @property
    def places(self) -> list[Place]:
        return [(topic, index) for topic, count in self.topics.items() for index in range(count)]

    def promise(self, number: int) -> Promise:
        """What the producer of this number asks for."""
        kinds = [Promise()]
        if "acks=1" in self.features:
            kinds.append(Promise(1, idempotent=False))
        if "plain producers" in self.features:
            kinds.append(Promise(idempotent=False))
        return kinds[number % len(kinds)]


class Workload:
    """All clients. `start` them, `stop` them, then `check`."""

    def __init__(self, cluster: Cluster, load: Load) -> None:
        self.history = History(marked=Losses(() if load.unclean is None else load.unclean.topics))
        self.load = load
        self.cluster = cluster
        self.progress: dict[str, float] = {}
        """When each client last got something done."""
        self.stopping = False
        self._scopes: list[trio.CancelScope] = []
        self._running = 0
        self._ended = trio.Event()
        self._producing = 0
        self._produced = trio.Event()
        self._healed = trio.Event()
        self._parts: list[Groups | Ledger | Transacting | Cleaning | Unclean] = []
        if load.groups is not None:
            self._parts.append(Groups(self, load.groups))
        if load.cleaning is not None and load.cleaning.ledger is not None:
            self._parts.append(Ledger(self, load.cleaning.ledger))
        if load.transactions is not None:
            self._parts.append(transacting(self, load.transactions))
        if load.cleaning is not None:
            self._parts.append(Cleaning(self, load.cleaning))
        if load.unclean is not None:
            self._parts.append(Unclean(self, load.unclean))

    @property
    def counts(self) -> Counter[str]:
        """What members of groups and transactions did how often."""
        return sum((part.counts for part in self._parts), Counter())

    def client(self, number: int, name: str, timeout: float = 10.0) -> ClientCluster:
        """A view of the cluster and connections for one client, on one of the clients' hosts."""
        return ClientCluster(
            self.cluster.bootstrap,
            client_id=name,
            request_timeout=timeout,
            network=self.cluster.network.at(self._host(number)),
            rng=random.Random(f"{self.cluster.seed}/{name}"),
        )

    def _host(self, number: int) -> str:
        hosts = [host for host in self.cluster.hosts if host.startswith("client-")]
        return hosts[number % len(hosts)]

    def note(self, name: str, what: str) -> None:
        self.cluster.trace.note(name, what)

    async def pause(self, rng: random.Random, seconds: float) -> None:
        """So long on average, times the load's pace until everything is healed."""
        length = rng.expovariate(1 / seconds)
        if self.load.pace == 1 or self._healed.is_set():
            await trio.sleep(length)
        else:
            with trio.move_on_after(length * self.load.pace):
                await self._healed.wait()

    def healed(self) -> None:
        """Nothing goes wrong any more: who still pauses goes on, and pauses are short from now on."""
        self._healed.set()

    def done(self, name: str) -> None:
        """The client got something done."""
        self.progress[name] = trio.current_time()

    def oldest_epoch(self, place: Place) -> int:
        """The lowest leader epoch of the partition in which some broker may take itself for the leader."""
        brokers = [node for node in self.cluster.brokers if node.handle is not None]
        return min((_leader_epoch(image_of(node), place) for node in brokers), default=-1)

    # Their lives

    async def create_topics(self) -> None:
        """Before anything goes wrong."""
        load = self.load
        configs = {**_TOO_LARGE, **load.topic_configs}
        topics = load.topics | load.other_topics
        new = [
            NewTopic(name, count, load.replicas, configs=configs | load.own_configs(name))
            for name, count in topics.items()
        ]
        async with self.client(0, "setup") as client:
            for name, outcome in (await Admin(client).create_topics(new)).items():
                if isinstance(outcome, BrokerError):
                    raise Violation(f"topic {name} cannot be created: {outcome}")

    def start(self) -> None:
        load, places = self.load, self.load.places
        for number in range(load.producers):
            self.begin_producer(number, f"p{number}", load.promise(number), places[number % len(places)])
        for number, place in enumerate(load.other_places):
            self.begin_producer(number, f"gp{number}", Promise(), place)
        for number, topic in enumerate(self._topics_read):
            self.begin(workload_records.consume, number, f"c{number}", topic)
        for number in range(2):
            self.begin(workload_topics.change_topics, number, f"admin{number}")
        if "readers from anywhere" in load.features:
            self.begin(workload_records.consume_from_anywhere, 1, "anywhere")
        if "readers of followers" in load.features:
            self.begin(workload_records.read_followers, 0, "followers")
        if "ends of logs" in load.features:
            self.begin(workload_records.watch_ends, 1, "ends")
        if "settings" in load.features:
            self.begin(workload_topics.change_settings, 0, "settings")
        if "elections" in load.features:
            self.begin(workload_topics.elect_leaders, 1, "elections")
        for part in self._parts:
            part.start()

    def begin_producer(self, number: int, name: str, promise: Promise, place: Place) -> None:
        """One that writes to this partition until the workload stops, and is waited for then."""
        self.history.promises[name] = promise
        self._producing += 1
        self.begin(workload_records.produce, number, name, place)

    @property
    def _topics_read(self) -> list[str]:
        """Those that somebody writes to."""
        return list(dict.fromkeys(topic for topic, _ in self.load.places[: self.load.producers]))

    def begin(self, task: Callable[..., Awaitable[None]], number: int, name: str, *args: Any) -> None:
        """A client, which does this until the workload stops, again and again if errors end it."""
        self._running += 1
        self.done(name)
        scope = trio.CancelScope()
        self._scopes.append(scope)

        async def run() -> None:
            rng = random.Random(f"{self.cluster.seed}/{name}/load")
            HOST.set(self._host(number))
            with scope:
                while not self.stopping:
                    try:
                        await task(self, number, name, rng, *args)
                    except ClientError as error:
                        self.note(name, f"begins again: {error}")
                        await trio.sleep(rng.uniform(0, 0.5))
            self._running -= 1
            if not self._running:
                self._ended.set()

        self.cluster.nursery.start_soon(run)

    def marker_missed(self) -> None:
        """A replica may lack a transaction's marker, by right."""
        for part in self._parts:
            if isinstance(part, Ledger):
                part.marker_missed()

    def producer_ended(self) -> None:
        """One of the producers has nothing under way any more."""
        self._producing -= 1
        if not self._producing:
            self._produced.set()

    async def stop(self, replicated: Callable[[], Awaitable[None]]) -> None:
        """Let the producers finish, and the consumers read everything; then all end. `replicated` waits until all that
        was written to the topics that they read can be read.
        """
        self.stopping = True
        with trio.move_on_after(_END_SECONDS) as waiting:
            await self._produced.wait()
        if waiting.cancelled_caught:
            raise Violation(f"producers do not end in {_END_SECONDS:g} s")
        await replicated()
        if not self.history.expects_nothing:
            await self._consumers_at_the_end()
        for part in self._parts:
            await part.stop()
        for scope in self._scopes:
            scope.cancel()
        await self._ended.wait()

    async def _consumers_at_the_end(self) -> None:
        limit = trio.current_time() + _END_SECONDS
        places = [place for place in self.load.places if place[0] in self._topics_read]
        async with self.client(0, "end") as client:
            ends = await Admin(client).list_offsets(dict.fromkeys(places, "latest"))
            while behind := [
                (place, found)
                for place, found in ends.items()
                if isinstance(found, ClientError) or max(self.history.seen[place], default=-1) + 1 < found.offset
            ]:
                if trio.current_time() > limit:
                    raise Violation(f"unseen: consumers do not get to the ends of logs in {_END_SECONDS:g} s: {behind}")
                await trio.sleep(_POLL_SECONDS)
                ends = await Admin(client).list_offsets(dict.fromkeys(places, "latest"))

    # In the end

    async def check(self) -> None:
        """Read everything as a client does, and compare with the history."""
        wrong: list[str] = []
        async with self.client(0, "checker") as client:
            for place in self.load.places + self.load.other_places:
                check = history_records.LogCheck(
                    self.history,
                    place,
                    await workload_records.read_all(client, place),
                    _leader_epoch(self.cluster.newest_image, place),
                )
                read_to_end = place[0] in self._topics_read and not self.history.losses
                wrong += map(str, check.anomalies(read_to_end=read_to_end))
            described = await workload_topics.describe_all(self, client)
            settings = await workload_topics.read_settings(self, client)
        wrong += history_topics.contradictions([*self.history.operations, *described])
        wrong += history_topics.stale_copies(self.history.descriptions, self.history.operations)
        wrong += history_topics.overwritten(self.history.settings, settings)
        if wrong:
            raise Violation("\n".join(wrong[:10]))


def _leader_epoch(image: Any, place: Place) -> int:
    """The partition's, -1 if there is no such partition."""
    topic = image.topics.by_name(place[0])
    state = None if topic is None else topic.partitions.get(place[1])
    return -1 if state is None else state.leader_epoch
