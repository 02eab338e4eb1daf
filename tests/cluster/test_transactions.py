"""Transactions with librdkafka: what is seen of them, who is fenced, and exactly-once while brokers are killed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException, Producer

from barnabas.testing import cluster
from barnabas.testing.processes import Cluster
from load import Load, create_topic, eventually, leader_of, wait_for_isr
from processing import Processor, check_exactly_once, read_committed, read_uncommitted

pytestmark = pytest.mark.cluster

PARTITIONS = 4
SOME = 8
OVERRIDES = {
    "transaction.abort.timed.out.transaction.cleanup.interval.ms": "200",
    "transaction.state.log.num.partitions": "5",
    "offsets.topic.num.partitions": "5",
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


def state_partition(running: Cluster, transactional_id: str) -> int:
    """The partition of `__transaction_state` that has this id."""
    from barnabas.broker.coordinator.coordinators import partition_of

    return partition_of(transactional_id, int(OVERRIDES["transaction.state.log.num.partitions"]))


@pytest.mark.parametrize("victim", ["none", "coordinator", "leader", "group"])
def test_processing_is_exactly_once_while_brokers_die(three: Cluster, victim: str) -> None:
    source, target = f"in-{victim}", f"out-{victim}"
    config = {"min.insync.replicas": "2"}
    for topic in (source, target):
        create_topic(three.bootstrap, topic, partitions=PARTITIONS, config=config)
        wait_for_isr(three.bootstrap, topic, 3)
    with (
        Load(three.bootstrap, source, partitions=PARTITIONS) as load,
        Processor(three.bootstrap, source, target, partitions=PARTITIONS, transactional_id=target) as processor,
    ):
        processor.wait_for_commits(SOME)
        for _ in range(victim != "none"):
            topic, partition = {
                "coordinator": ("__transaction_state", state_partition(three, target)),
                "leader": (target, 0),
                "group": ("__consumer_offsets", state_partition(three, f"{target}-group")),
            }[victim]
            broker = three.node(leader_of(three.bootstrap, topic, partition))
            broker.kill()
            # librdkafka waits for a group's coordinator that is gone from the metadata, instead of finding the new one
            eventually(lambda: leader_of(three.bootstrap, topic, partition) not in (-1, broker.id))  # noqa: B023
            broker.start()
            for each in (source, target):
                wait_for_isr(three.bootstrap, each, 3)
            processor.wait_for_commits(SOME)
        load.__exit__(None, None, None)
        check_exactly_once(three.bootstrap, source, target, PARTITIONS)
    assert processor.failure is None
    print(
        f"\n{victim}: {processor.committed} committed, {processor.aborted} aborted, {processor.restarts - 1} restarts,"
        f" longest pause {processor.longest_pause:.2f} s"
    )


def test_two_instances_with_one_id_take_turns(three: Cluster) -> None:
    for topic in ("in-two", "out-two"):
        create_topic(three.bootstrap, topic, partitions=PARTITIONS)
    with Load(three.bootstrap, "in-two", partitions=PARTITIONS) as load:
        fenced = 0
        for seed in range(2):
            with Processor(
                three.bootstrap, "in-two", "out-two", partitions=PARTITIONS, transactional_id="two", seed=seed
            ) as processor:
                processor.wait_for_commits(3)
                successor = producer_of(three.bootstrap, "two")
                eventually(lambda processor=processor: processor.fenced)  # type: ignore[misc]
                fenced += processor.fenced
                del successor
        assert fenced == 2
        load.__exit__(None, None, None)
        with Processor(three.bootstrap, "in-two", "out-two", partitions=PARTITIONS, transactional_id="two") as last:
            check_exactly_once(three.bootstrap, "in-two", "out-two", PARTITIONS)
        assert last.failure is None
