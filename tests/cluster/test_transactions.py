"""Transactions: what is seen of them, who is fenced, and exactly once while brokers and the client are killed."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException, Producer

from barnabas.broker.coordinator.coordinators import partition_of
from barnabas.testing import cluster
from barnabas.testing.processes import Cluster
from load import Load, create_topic, eventually, leader_of, wait_for_isr
from processing import Job, Processor, check_exactly_once, commit_beginnings, read_committed, read_uncommitted, rounds

pytestmark = pytest.mark.cluster

CLIENTS = ["confluent-kafka", "aiokafka"]
PARTITIONS = 4
COORDINATOR_PARTITIONS = 5
SOME = 8
OVERRIDES = {
    "transaction.abort.timed.out.transaction.cleanup.interval.ms": "200",
    "transaction.state.log.num.partitions": str(COORDINATOR_PARTITIONS),
    "offsets.topic.num.partitions": str(COORDINATOR_PARTITIONS),
}


@pytest.fixture(scope="module")
def three() -> Iterator[Cluster]:
    with cluster(brokers=3, controllers=3, overrides=OVERRIDES) as running:
        yield running


def producer_of(bootstrap: str, transactional_id: str, **settings: Any) -> Producer:
    producer = Producer(
        {"bootstrap.servers": bootstrap, "transactional.id": transactional_id, "linger.ms": 0, **settings}
    )
    producer.init_transactions(30)
    return producer


def write(producer: Producer, topic: str, *values: bytes) -> None:
    """Begin a transaction and write to its partitions in turn."""
    producer.begin_transaction()
    for number, value in enumerate(values):
        producer.produce(topic, value, partition=number % PARTITIONS)
    producer.flush(30)


def test_transactions_are_seen_whole_or_not_at_all(three: Cluster) -> None:
    create_topic(three.bootstrap, "whole", partitions=PARTITIONS)
    producer = producer_of(three.bootstrap, "whole")
    kept: list[bytes] = []
    for number in range(10):
        values = [f"{number}-{part}".encode() for part in range(2 * PARTITIONS)]
        write(producer, "whole", *values)
        if number % 3:
            producer.commit_transaction(30)
            kept += values
        else:
            producer.abort_transaction(30)
    seen = read_committed(three.bootstrap, "whole", PARTITIONS)
    assert sorted(value for values in seen.values() for value in values) == sorted(kept)
    every = read_uncommitted(three.bootstrap, "whole", PARTITIONS)
    assert sum(map(len, every.values())) == 10 * 2 * PARTITIONS


def test_an_open_transaction_holds_back_what_comes_after_it(three: Cluster) -> None:
    create_topic(three.bootstrap, "held", partitions=PARTITIONS)
    first, second = producer_of(three.bootstrap, "held-1"), producer_of(three.bootstrap, "held-2")
    write(first, "held", b"first")
    write(second, "held", b"second")
    second.commit_transaction(30)
    assert read_committed(three.bootstrap, "held")[0] == []
    first.abort_transaction(30)
    eventually(lambda: read_committed(three.bootstrap, "held")[0] == [b"second"])


def test_a_second_instance_fences_the_first(three: Cluster) -> None:
    create_topic(three.bootstrap, "fenced", partitions=PARTITIONS)
    zombie = producer_of(three.bootstrap, "fenced")
    write(zombie, "fenced", b"of the zombie")
    successor = producer_of(three.bootstrap, "fenced")
    with pytest.raises(KafkaException) as raised:
        zombie.commit_transaction(30)
    assert raised.value.args[0].code() in (KafkaError._FENCED, KafkaError.INVALID_PRODUCER_EPOCH)
    write(successor, "fenced", b"of the successor")
    successor.commit_transaction(30)
    assert read_committed(three.bootstrap, "fenced")[0] == [b"of the successor"]


def test_a_transaction_whose_producer_is_gone_is_aborted_when_its_time_is_up(three: Cluster) -> None:
    create_topic(three.bootstrap, "late", partitions=PARTITIONS)
    gone = producer_of(three.bootstrap, "late-1", **{"transaction.timeout.ms": 1000})
    write(gone, "late", b"never")
    other = producer_of(three.bootstrap, "late-2")
    write(other, "late", b"at last")
    other.commit_transaction(30)
    eventually(lambda: read_committed(three.bootstrap, "late")[0] == [b"at last"])
    with pytest.raises(KafkaException):
        gone.commit_transaction(30)


def new_job(running: Cluster, name: str, config: dict[str, str] | None = None) -> Job:
    job = Job(running.bootstrap, f"{name}-in", f"{name}-out", PARTITIONS, transactional_id=name)
    for topic in (job.source, job.target):
        create_topic(running.bootstrap, topic, partitions=PARTITIONS, config=config)
        wait_for_isr(running.bootstrap, topic, 3)
    commit_beginnings(job)
    return job


def kill_leader(running: Cluster, topic: str, partition: int) -> None:
    """And start it again when another one leads."""
    broker = running.node(leader_of(running.bootstrap, topic, partition))
    broker.kill()
    # librdkafka waits for a group's coordinator that is gone from the metadata, instead of finding the new one
    eventually(lambda: leader_of(running.bootstrap, topic, partition) not in (-1, broker.id))
    broker.start()


@pytest.mark.parametrize("client", CLIENTS)
def test_processing_is_exactly_once_whatever_is_killed(three: Cluster, client: str) -> None:
    job = new_job(three, f"killed-{client}", {"min.insync.replicas": "2"})
    victims = {
        "coordinator": ("__transaction_state", partition_of(job.transactional_id, COORDINATOR_PARTITIONS)),
        "leader": (job.target, 0),
        "group's coordinator": ("__consumer_offsets", partition_of(job.group, COORDINATOR_PARTITIONS)),
        "processor": None,
    }
    started = time.monotonic()
    with Load(three.bootstrap, job.source, partitions=PARTITIONS) as load, Processor(client, job) as processor:
        processor.wait_for_commits(SOME)
        for number in rounds(len(victims)):
            place = list(victims.values())[number % len(victims)]
            if place is None:
                processor.kill()
                processor.start()
            else:
                kill_leader(three, *place)
                for topic in (job.source, job.target):
                    wait_for_isr(three.bootstrap, topic, 3)
            processor.wait_for_commits(SOME)
        load.__exit__(None, None, None)
        check_exactly_once(three.bootstrap, job.source, job.target, PARTITIONS)
        lasted = time.monotonic() - started
    assert load.history.failed == []
    print(f"\n{client}: {load.history.count} records, {number + 1} kills in {lasted:.0f} s; {processor}")
    assert not processor.progress.broken


@pytest.mark.parametrize("client", CLIENTS)
def test_a_second_instance_fences_the_first_in_the_midst_of_its_work(three: Cluster, client: str) -> None:
    job = new_job(three, f"two-{client}")
    with Load(three.bootstrap, job.source, partitions=PARTITIONS) as load, Processor(client, job) as first:
        first.wait_for_commits(SOME)
        with Processor(client, job) as second:
            eventually(lambda: first.progress.fenced)
            second.wait_for_commits(SOME)
            load.__exit__(None, None, None)
            check_exactly_once(three.bootstrap, job.source, job.target, PARTITIONS)
        assert not second.progress.fenced
        assert not second.progress.broken
