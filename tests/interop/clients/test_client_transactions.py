"""Exactly once with clients of other languages: consume, transform, produce, while brokers are killed."""

from __future__ import annotations

import time
from dataclasses import dataclass

import pytest
from clients.client import Client, running
from clients.kinds import KINDS
from confluent_kafka.admin import AdminClient

from barnabas.broker.coordinator.coordinators import partition_of
from barnabas.testing.processes import Cluster
from load import Load, create_topic, eventually, leader_of, wait_for_isr
from processing import check_exactly_once, read_uncommitted, rounds

PARTITIONS = 4
SOME = 15
ROUNDS = 2
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


def test_processing_is_exactly_once_while_brokers_are_killed(client: Client, barnabas: Cluster) -> None:
    job = new_job(client, barnabas, "killed")
    leaders = {
        "coordinator": lambda: leader_for(barnabas.bootstrap, "__transaction_state", job.name),
        "leader": lambda: leader_of(barnabas.bootstrap, job.target),
        "group's coordinator": lambda: leader_for(barnabas.bootstrap, "__consumer_offsets", job.name),
    }
    pauses: list[str] = []
    with Load(barnabas.bootstrap, job.source, partitions=PARTITIONS) as load:
        job.start("only")
        job.wait_for_commits("only")
        started = time.monotonic()
        for number in rounds(ROUNDS * len(leaders)):
            victim = [*leaders][number % len(leaders)]
            broker, killed = barnabas.node(leaders[victim]()), time.monotonic()
            broker.kill()
            job.wait_for_commits("only")
            pauses.append(f"{SOME} commits {time.monotonic() - killed:.2f} s after the kill of the {victim}")
            broker.start()
            for topic in (job.source, job.target):
                wait_for_isr(barnabas.bootstrap, topic, 3)
            job.wait_for_commits("only")
        lasted = time.monotonic() - started
    assert load.history.failed == []
    check_exactly_once(barnabas.bootstrap, job.source, job.target, PARTITIONS)
    processed = job.end("only")
    print(f"\n{job.name}: {load.history.count} records in {lasted:.1f} s, {processed}", *pauses, sep="\n  ")
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


def test_an_instance_takes_over_from_one_that_was_killed(client: Client, barnabas: Cluster) -> None:
    job = new_job(client, barnabas, "succeeded")
    with Load(barnabas.bootstrap, job.source, partitions=PARTITIONS):
        with running(client.kind, barnabas.bootstrap) as doomed:
            before = Job(doomed, job.name)
            before.start("first")
            before.wait_for_commits("first")
            doomed.kill()
        job.start("second")
        job.wait_for_commits("second")
    check_exactly_once(barnabas.bootstrap, job.source, job.target, PARTITIONS)
    print(f"\n{job.name}: {job.end('second')}")
