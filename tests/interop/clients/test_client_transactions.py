"""Exactly once with clients of other languages: consume, transform, produce, whatever is killed."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from clients.client import Client, Kind, running
from clients.kinds import KINDS
from confluent_kafka.admin import AdminClient

from barnabas.broker.coordinator.coordinators import partition_of
from barnabas.testing.processes import Cluster
from load import Load, create_topic, eventually, leader_of, wait_for_isr
from processing import check_exactly_once, read_uncommitted, rounds

PARTITIONS = 4
SOME = 15
CONFIG = {"min.insync.replicas": "2"}

pytestmark = [
    pytest.mark.cluster,
    pytest.mark.parametrize(
        "client", [kind for kind in KINDS if kind.name in ("java", "franz-go")], indirect=True, ids=str
    ),
]


@dataclass(frozen=True, slots=True)
class Processed:
    """What became of a processor so far."""

    committed: int
    aborted: int
    restarts: int
    fenced: bool
    errors: list[str]

    def __add__(self, later: Processed) -> Processed:
        """Of this one, and of the one that took over from it."""
        return Processed(
            self.committed + later.committed,
            self.aborted + later.aborted,
            self.restarts + 1 + later.restarts,
            self.fenced or later.fenced,
            self.errors + later.errors,
        )


@dataclass(frozen=True, slots=True)
class Job:
    """A topic that is copied to another in transactions. Instances have one transactional id, and fence each other."""

    client: Client
    name: str
    """Of its group, and the transactional id."""

    @property
    def source(self) -> str:
        return f"{self.name}-in"

    @property
    def target(self) -> str:
        return f"{self.name}-out"

    def start(self, instance: str) -> None:
        self.client.call(
            "process",
            member=instance,
            topic=self.source,
            target=self.target,
            group=self.name,
            transactional_id=self.name,
        )

    def processed(self, instance: str) -> Processed:
        return Processed(**self.client.call("processed", member=instance))

    def wait_for_commits(self, instance: str, more: int = SOME) -> None:
        wanted = self.processed(instance).committed + more
        eventually(lambda: self.processed(instance).committed >= wanted)

    def end(self, instance: str) -> Processed:
        self.client.call("end", member=instance)
        return self.processed(instance)


class Succession:
    """Instances of a job, one after the other, each in a process of its own that can be killed."""

    def __init__(self, kind: Kind, bootstrap: str, name: str) -> None:
        self._kind = kind
        self._bootstrap = bootstrap
        self._name = name
        self._before = Processed(0, 0, -1, False, [])
        self._present = contextlib.ExitStack()
        self._start()

    def _start(self) -> None:
        self._job = Job(self._present.enter_context(running(self._kind, self._bootstrap)), self._name)
        self._job.start("only")

    def kill(self) -> None:
        """SIGKILL, and another one takes over."""
        self._before += self._job.processed("only")
        self._job.client.kill()
        self._present.close()
        self._start()

    def wait_for_commits(self) -> None:
        self._job.wait_for_commits("only")

    def end(self) -> Processed:
        return self._before + self._job.end("only")

    def close(self) -> None:
        self._present.close()


def new_job(client: Client, barnabas: Cluster, name: str) -> Job:
    """Its topics are replicated."""
    job = Job(client, f"{name}-{client.kind}")
    for topic in (job.source, job.target):
        create_topic(barnabas.bootstrap, topic, partitions=PARTITIONS, config=CONFIG)
        wait_for_isr(barnabas.bootstrap, topic, 3)
    return job


def leader_for(bootstrap: str, topic: str, key: str) -> int:
    """The broker that leads the partition of the coordinators' topic that has the key."""
    topics = AdminClient({"bootstrap.servers": bootstrap}).list_topics(topic, timeout=30).topics
    return leader_of(bootstrap, topic, partition_of(key, len(topics[topic].partitions)))


@contextlib.contextmanager
def killed_broker(barnabas: Cluster, broker: int) -> Iterator[None]:
    """It is gone while the block runs."""
    barnabas.node(broker).kill()
    yield
    barnabas.node(broker).start()


def test_processing_is_exactly_once_whatever_is_killed(client: Client, barnabas: Cluster) -> None:
    job = new_job(client, barnabas, "killed")
    leaders = {
        "coordinator": lambda: leader_for(barnabas.bootstrap, "__transaction_state", job.name),
        "leader": lambda: leader_of(barnabas.bootstrap, job.target),
        "group's coordinator": lambda: leader_for(barnabas.bootstrap, "__consumer_offsets", job.name),
    }
    victims = [*leaders, "processor"]
    pauses: list[tuple[float, str]] = []
    with (
        Load(barnabas.bootstrap, job.source, partitions=PARTITIONS) as load,
        contextlib.closing(Succession(client.kind, barnabas.bootstrap, job.name)) as instances,
    ):
        instances.wait_for_commits()
        started = time.monotonic()
        for number in rounds(len(victims)):
            victim, killed = victims[number % len(victims)], time.monotonic()
            if victim == "processor":
                instances.kill()
                instances.wait_for_commits()
            else:
                with killed_broker(barnabas, leaders[victim]()):
                    instances.wait_for_commits()
            pauses.append((time.monotonic() - killed, victim))
            for topic in (job.source, job.target):
                wait_for_isr(barnabas.bootstrap, topic, 3)
            instances.wait_for_commits()
        lasted = time.monotonic() - started
        load.__exit__(None, None, None)
        check_exactly_once(barnabas.bootstrap, job.source, job.target, PARTITIONS)
        processed = instances.end()
    assert load.history.failed == []
    print(f"\n{job.name}: {load.history.count} records, {len(pauses)} kills in {lasted:.1f} s, {processed}")
    print(*(f"  {SOME} commits {pause:.2f} s after the kill of the {victim}" for pause, victim in pauses), sep="\n")
    written = read_uncommitted(barnabas.bootstrap, job.target, PARTITIONS)
    assert sum(map(len, written.values())) > load.history.count, "nothing of an aborted transaction was written"
    assert not processed.fenced


def test_a_second_instance_fences_the_first_in_the_midst_of_its_work(client: Client, barnabas: Cluster) -> None:
    job = new_job(client, barnabas, "fenced")
    with Load(barnabas.bootstrap, job.source, partitions=PARTITIONS):
        job.start("first")
        job.wait_for_commits("first")
        job.start("second")
        eventually(lambda: job.processed("first").fenced)
        job.wait_for_commits("second")
    check_exactly_once(barnabas.bootstrap, job.source, job.target, PARTITIONS)
    first, second = job.end("first"), job.end("second")
    print(f"\n{job.name}: {first}, {second}")
    assert not second.fenced
