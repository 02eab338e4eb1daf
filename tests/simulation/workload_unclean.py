"""Topics whose partitions anybody may lead rather than nobody, which loses records: who writes to them and reads them.

Such an election is allowed by the topic from its creation on, or by a change of its configuration, which may come while
the partition has no leader; or somebody asks for it. Producers are those of all plain topics (`workload_records.py`).
A follower reads as replicas do: it tells the epoch of what it read last, and drops what diverged; in the end it must
have just what is there. A consumer goes on by offsets, and begins anew where its offset is not in the log any more.
What either of them was given and is gone must be explained by an election (`losses.py`).
"""

from __future__ import annotations

import random
from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import trio
from tests.simulation.cluster import Violation
from tests.simulation.history import Place, Promise
from tests.simulation.history_records import LogCheck
from tests.simulation.invariants_unclean import NO_LEADER, allows_unclean
from tests.simulation.workload_records import read_all

from barnabas.client.admin import TOPIC, Admin
from barnabas.client.cluster import Cluster as ClientCluster
from barnabas.client.connection import ConnectionLost
from barnabas.client.consumer import Consumer
from barnabas.client.errors import BrokerError
from barnabas.client.offsets import ListedOffset
from barnabas.metadata.topic_configs import UNCLEAN_LEADER_ELECTION_ENABLE
from barnabas.protocol.errors import ErrorCode
from barnabas.protocol.messages.fetch import FetchRequest, FetchResponse
from barnabas.protocol.record_batch import iter_batches

if TYPE_CHECKING:
    from tests.simulation.workload import Workload

PREFIX: Final = "lossy-"
ALWAYS: Final = "lossy-always"
SWITCHED: Final = "lossy-switched"
ASKED: Final = "lossy-asked"
"""The topics: allowed from the creation on, switched on and off, and where somebody asks for an election."""

_CHANCE: Final = 0.6
_PAUSE: Final = 1.0
_AT_ONCE_CHANCE: Final = 0.5
"""Of doing something about a topic when nobody leads it."""
_ANY_TIME_CHANCE: Final = 0.08
_NO_NEWS_PAUSE: Final = 0.2
_FETCH_WAIT_MS: Final = 300
_END_SECONDS: Final = 60.0
_POLL_SECONDS: Final = 0.1


@dataclass(frozen=True, slots=True)
class UncleanLoad:
    """The topics with the number of their partitions, and how many replicas must be in sync."""

    topics: dict[str, int]
    min_isr: int
    lag_ms: int
    """How long a replica may be behind before it leaves the ISR."""
    lone: float
    """Seconds between two faults that leave leaders alone, on average."""
    pace: float = 1.0

    @classmethod
    def drawn(cls, rng: random.Random, replicas: int) -> UncleanLoad:
        topics = {topic: rng.randint(1, 2) for topic in (ALWAYS, SWITCHED, ASKED) if rng.random() < _CHANCE} or {
            ALWAYS: 2
        }
        min_isr = rng.choice([1, 1, min(2, replicas)])
        return cls(topics, min_isr, rng.choice([1000, 3000]), rng.choice([4.0, 10.0]))

    def stretched(self, pace: float) -> UncleanLoad:
        """For a long run."""
        return replace(self, pace=pace, lone=self.lone * pace)

    @property
    def places(self) -> list[Place]:
        return [(topic, index) for topic, count in self.topics.items() for index in range(count)]

    def configs(self, topic: str) -> dict[str, str]:
        """What this topic has besides what all have; nothing for others."""
        if topic not in self.topics:
            return {}
        allowed = {UNCLEAN_LEADER_ELECTION_ENABLE: "true"} if topic == ALWAYS else {}
        return {"min.insync.replicas": str(self.min_isr), **allowed}


class Entry(NamedTuple):
    """A record that a follower read."""

    epoch: int
    """The leader epoch in which it was written."""
    value: str


class Unclean:
    """All of it. `start` it, `stop` it when the cluster is well and nobody writes any more."""

    def __init__(self, world: Workload, load: UncleanLoad) -> None:
        self.counts: Counter[str] = Counter()
        self._world = world
        self._load = load
        self._losses = world.history.marked
        self._forgotten = 0
        self._followed: dict[Place, list[Entry]] = {place: [] for place in load.places}
        self._read: dict[Place, dict[tuple[int, str], None]] = {place: {} for place in load.places}

    def start(self) -> None:
        """Begin."""
        world = self._world
        for number, place in enumerate(self._load.places):
            world.begin_producer(number, f"up{number}", Promise(), place)
            world.begin(self._follow, number, f"unclean-follower-{number}", place)
            world.begin(self._consume, number + 1, f"unclean-reader-{number}", place)
        if SWITCHED in self._load.topics:
            world.begin(self._switch, 0, "unclean-switch")
        if ASKED in self._load.topics:
            world.begin(self._ask, 1, "unclean-asker")

    def _forgot(self) -> bool:
        """Whether all that was read counts no more, since this was asked last."""
        losses = self._world.history.losses
        if losses == self._forgotten:
            return False
        self._forgotten = losses
        for known in (*self._followed.values(), *self._read.values()):
            known.clear()
        return True

    # What lets elections be unclean

    def _leaderless(self, topic: str) -> list[Place]:
        image = self._world.cluster.newest_image
        found = None if image is None else image.topics.by_name(topic)
        partitions = {} if found is None else found.partitions
        return [(topic, index) for index, state in partitions.items() if state.leader == NO_LEADER]

    async def _switch(self, world: Workload, number: int, name: str, rng: random.Random) -> None:
        """On and off, at any time; most often on where nobody leads."""
        async with world.client(number, name) as client:
            admin = Admin(client)
            while not world.stopping:
                await world.pause(rng, _PAUSE)
                offline, image = bool(self._leaderless(SWITCHED)), world.cluster.newest_image
                is_on = image is not None and allows_unclean(image, SWITCHED)
                if rng.random() > (_AT_ONCE_CHANCE if is_on or offline else _ANY_TIME_CHANCE):
                    world.done(name)  # as it likes
                    continue
                value = "false" if is_on else "true"
                outcome = (await admin.alter_configs(TOPIC, {SWITCHED: {UNCLEAN_LEADER_ELECTION_ENABLE: value}}))[
                    SWITCHED
                ]
                world.note(name, f"unclean elections: {value}{', as nobody leads' * offline}: {outcome or 'done'}")
                if outcome is None:
                    world.done(name)
                    self.counts[f"unclean: switched to {value}"] += 1

    async def _ask(self, world: Workload, number: int, name: str, rng: random.Random) -> None:
        """For an election, where nobody leads; now and then where somebody does."""
        async with world.client(number, name) as client:
            admin = Admin(client)
            while not world.stopping:
                await world.pause(rng, _PAUSE)
                offline = self._leaderless(ASKED)
                places = offline or [(ASKED, rng.randrange(self._load.topics[ASKED]))]
                if rng.random() > (_AT_ONCE_CHANCE if offline else _ANY_TIME_CHANCE):
                    world.done(name)
                    continue
                self._losses.asked.update(places)
                answers = await admin.elect_leaders(places, unclean=True)
                for place, error in answers.items():
                    world.note(name, f"unclean election of {place}: {error or 'done'}")
                    self.counts["unclean: elections that were asked for and done"] += error is None
                world.done(name)

    # Readers

    async def _follow(self, world: Workload, number: int, name: str, rng: random.Random, place: Place) -> None:
        """Reads as a replica does."""
        async with world.client(number, name) as client:
            while True:
                self._forgot()
                node = client.view.leader(*place)
                if node is None:
                    await client.refresh([place[0]])
                    if client.view.leader(*place) is None:
                        await world.pause(rng, _NO_NEWS_PAUSE)
                    continue
                try:
                    answer = await self._fetch(client, node, place)
                except ConnectionLost as error:
                    world.note(name, f"no answer: {error}")
                    client.view.forget_leader(*place)
                    await world.pause(rng, _NO_NEWS_PAUSE)
                    continue
                if self._forgot() or world.history.expects_nothing:
                    self._followed[place].clear()
                    world.done(name)
                    await world.pause(rng, _NO_NEWS_PAUSE)
                elif answer is not None:
                    self._heed(name, place, answer)
                    if answer.error_code:
                        client.view.forget_leader(*place)
                        await world.pause(rng, _NO_NEWS_PAUSE)
                    else:
                        world.done(name)

    async def _fetch(self, client: ClientCluster, node: Any, place: Place) -> FetchResponse.PartitionData | None:
        followed = self._followed[place]
        wanted = FetchRequest.FetchPartition(
            partition=place[1],
            current_leader_epoch=client.view.leader_epoch(*place),
            fetch_offset=len(followed),
            last_fetched_epoch=followed[-1].epoch if followed else -1,
            partition_max_bytes=1 << 20,
        )
        topic = FetchRequest.FetchTopic(topic_id=client.view.topic_id(place[0]), partitions=[wanted])
        wait = int(_FETCH_WAIT_MS * min(self._load.pace, 10.0))
        request = FetchRequest(max_wait_ms=wait, min_bytes=1, max_bytes=1 << 20, session_epoch=-1, topics=[topic])
        response = await client.request(await client.to(node), request, FetchResponse)
        if response.error_code:
            raise BrokerError(response.error_code, str(node))
        return response.responses[0].partitions[0] if response.responses else None

    def _heed(self, name: str, place: Place, answer: FetchResponse.PartitionData) -> None:
        """What a leader said to the follower."""
        followed = self._followed[place]
        diverging = answer.diverging_epoch
        if answer.error_code == ErrorCode.OFFSET_OUT_OF_RANGE:
            self._drop(name, place, 0, any_of_them=True)
        elif not answer.error_code and diverging.end_offset >= 0:
            epochs = [entry.epoch for entry in followed]
            self._drop(name, place, min(diverging.end_offset, bisect_left(epochs, diverging.epoch + 1)))
        elif not answer.error_code and answer.records:
            for batch in iter_batches(answer.records):
                if batch.verify_crc():
                    self._take(name, place, batch)

    def _drop(self, name: str, place: Place, offset: int, *, any_of_them: bool = False) -> None:
        """What the follower has from there on diverged."""
        followed = self._followed[place]
        gone = list(enumerate(followed[offset:], offset))
        looked_at = gone if any_of_them else gone[:1]
        if not any(self._losses.explains(place, where, entry.epoch) for where, entry in looked_at):
            raise Violation(
                f"{name}: {place} diverged at {offset}, of {len(followed)}: nothing explains that: {gone[:3]}"
            )
        self._world.note(name, f"{place} diverged at {offset}, of {len(followed)}")
        self.counts["unclean: records that a follower had to drop"] += len(gone)
        del followed[offset:]

    def _take(self, name: str, place: Place, batch: Any) -> None:
        followed = self._followed[place]
        for record in batch.records():
            if record.offset < len(followed):
                continue
            if record.offset > len(followed) or (followed and batch.leader_epoch < followed[-1].epoch):
                raise Violation(f"{name}: {place} has {record.offset} of {batch.leader_epoch} after {followed[-1:]}")
            followed.append(Entry(batch.leader_epoch, bytes(record.value or b"").decode()))

    async def _consume(self, world: Workload, number: int, name: str, rng: random.Random, place: Place) -> None:
        """Reads on from the beginning, until its offset is not in the log any more; then again."""
        before: tuple[int, str] | None = None
        async with (
            world.client(number, name) as client,
            Consumer(
                client, auto_offset_reset="none", request_timeout=10.0, fetch_max_wait=world.load.fetch_wait
            ) as consumer,
        ):
            losses = world.history.losses
            await consumer.assign({place: 0})
            try:
                async for record in consumer:
                    if losses != world.history.losses:
                        return
                    world.done(name)
                    if world.history.expects_nothing:
                        continue
                    if before is not None and record.offset <= before[0]:
                        raise Violation(f"nonmonotonic poll: {name} read {place} {record.offset} after {before[0]}")
                    if record.offset != (0 if before is None else before[0] + 1):
                        raise Violation(f"poll skip: {name} read {place} {record.offset} after {before}")
                    before = (record.offset, bytes(record.value or b"").decode())
                    self._read[place][before] = None
            except BrokerError as error:
                if error.code is not ErrorCode.OFFSET_OUT_OF_RANGE:
                    raise
                excused = losses != world.history.losses or world.history.expects_nothing
                if not excused and (before is None or not self._losses.explains_record(place, before[1], before[0])):
                    raise Violation(f"{name} read {place} up to {before}, and now: {error}") from None
                self.counts["unclean: consumers whose offset was gone"] += 1

    # In the end

    async def stop(self) -> None:
        """The followers come to the ends of the logs; then all is read, and compared."""
        world = self._world
        async with world.client(0, "unclean-end") as client:
            if world.history.expects_nothing:
                return
            ends = await Admin(client).list_offsets(dict.fromkeys(self._load.places, "latest"))
            limit = trio.current_time() + _END_SECONDS
            while behind := [place for place, end in ends.items() if not self._is_followed(place, end)]:
                if trio.current_time() > limit:
                    raise Violation(f"unseen: followers do not get to the ends of {behind} in {_END_SECONDS:g} s")
                await trio.sleep(_POLL_SECONDS)
            wrong: list[str] = []
            for place in self._load.places:
                wrong += await self._check(client, place)
        if wrong:
            raise Violation("\n".join(wrong[:10]))

    def _is_followed(self, place: Place, end: Any) -> bool:
        if not isinstance(end, ListedOffset):
            raise Violation(f"nobody knows where {place} ends: {end}")
        return len(self._followed[place]) >= end.offset

    async def _check(self, client: ClientCluster, place: Place) -> list[str]:
        history, log = self._world.history, await read_all(client, place, self._world.load.fetch_wait)
        wrong = [str(each) for each in LogCheck(history, place, log, 0).anomalies()]
        if [value for _, value in log] != [entry.value for entry in self._followed[place]]:
            wrong.append(f"inconsistent offsets: {place} is not as it was followed")
        values = dict(log)
        for offset, value in self._read[place]:
            if values.get(offset) != value and not self._losses.explains_record(place, value, offset):
                wrong.append(f"vanished: {place}: {value} was read at {offset}, where {values.get(offset)} is")
        lost = [value for value, offset in history.acked[place].items() if values.get(offset) != value]
        self.counts["unclean: acknowledged records lost"] += len(lost)
        return wrong


def is_lossy(topic: str) -> bool:
    """Whether the topic is one of these."""
    return topic.startswith(PREFIX)
