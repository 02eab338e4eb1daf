"""Transactions: who has an id, what it comprises, how it ends, and what is seen of it."""

from __future__ import annotations

from comparison.build import NO_TOPIC, batch, produce
from comparison.case import case
from comparison.talk import Talk, Topic
from comparison.transacting import Transactor, look

from barnabas.protocol.messages.add_partitions_to_txn import AddPartitionsToTxnRequest
from barnabas.protocol.messages.describe_producers import DescribeProducersRequest
from barnabas.protocol.messages.describe_transactions import DescribeTransactionsRequest
from barnabas.protocol.messages.list_transactions import ListTransactionsRequest
from barnabas.protocol.messages.write_txn_markers import WriteTxnMarkersRequest

FIRST, SECOND = 4, 5
"""Versions of EndTxn that stand for the two versions of the protocol."""


# InitProducerId


@case(*range(6))
def an_id_is_taken_over(talk: Talk, version: int) -> None:
    transactor = Transactor(talk)
    for _ in range(3):
        transactor.init(version)


@case(3, 4, 5)
def a_producer_goes_on(talk: Talk, version: int) -> None:
    transactor = Transactor(talk)
    first = transactor.init(version)
    for epoch in (0, 0, 1, 0, 7):
        transactor.init(version, of=(first.producer_id, epoch))
    transactor.init(version, of=(first.producer_id + 1_000_000, 2))


@case(3, 5)
def an_unknown_producer_goes_on(talk: Talk, version: int) -> None:
    Transactor(talk).init(version, of=(4_000_000_000, 3))


@case(0, 5)
def timeouts(talk: Talk, version: int) -> None:
    transactor = Transactor(talk)
    for timeout_ms in (0, -1, 900_001, 900_000):
        transactor.init(version, timeout_ms=timeout_ms)


@case(3, 5)
def an_open_transaction_is_aborted_first(talk: Talk, version: int) -> None:
    topic, transactor = talk.create(), Transactor(talk)
    transactor.begin()
    transactor.add(version, (topic, 0))
    transactor.produce(12 if version == SECOND else 10, topic, b"a")
    zombie = transactor.epoch
    transactor.init(version)
    transactor.settle()
    transactor.init(version)
    transactor.end(4, commit=True, epoch=zombie)
    transactor.add(3, (topic, 0), epoch=zombie)
    transactor.produce(10, topic, b"b", sequence=1, epoch=zombie)
    look(talk, topic)


@case(4, 5)
def a_zombie_ends_its_transaction_before_the_id_is_taken_over(talk: Talk, version: int) -> None:
    """Between the abort of its transaction and the epoch of its successor."""
    topic, transactor = talk.create(), Transactor(talk)
    transactor.begin()
    transactor.add(version, (topic, 0))
    transactor.produce(12 if version == SECOND else 10, topic, b"a")
    zombie = transactor.epoch
    transactor.init(version)
    transactor.settle()
    for commit in (True, False):
        transactor.end(version, commit=commit, epoch=zombie)
    transactor.init(version)
    for commit in (True, False):
        transactor.end(version, commit=commit, epoch=zombie)


@case(3, 5)
def a_fenced_producer_goes_on(talk: Talk, version: int) -> None:
    topic, transactor = talk.create(), Transactor(talk)
    transactor.begin()
    transactor.add(version, (topic, 0))
    of = transactor.producer_id, transactor.epoch
    transactor.init(version)
    transactor.settle()
    transactor.ask(
        DescribeTransactionsRequest(transactional_ids=[transactor.id]), 0, blur=["transaction_start_time_ms"]
    )
    transactor.init(version, of=of)
    transactor.init(version)
    transactor.init(version, of=of)


# Partitions


@case(*range(6))
def partitions_are_added(talk: Talk, version: int) -> None:
    topic, transactor = talk.create(partitions=2), Transactor(talk)
    transactor.begin()
    transactor.add(version, (topic, 0), (topic, 1))
    transactor.add(version, (topic, 0))
    transactor.add(version, (topic, 0), (topic, 9), (NO_TOPIC, 0))
    transactor.add(version, (topic, 0), producer_id=4_000_000_000)
    transactor.add(version, (topic, 0), epoch=7)
    Transactor(talk, "2").add(version, (topic, 0), producer_id=0, epoch=0)
    transactor.add(version, (topic, 0), id="")


@case(4, 5)
def partitions_are_verified(talk: Talk, version: int) -> None:
    topic, transactor = talk.create(partitions=2), Transactor(talk)
    transactor.add(version, (topic, 0), verify_only=True)
    transactor.begin()
    transactor.add(version, (topic, 0), verify_only=True)
    transactor.add(version, (topic, 0))
    transactor.add(version, (topic, 0), (topic, 1), verify_only=True)
    transactor.add(version, (topic, 0), (NO_TOPIC, 1), verify_only=True)
    transactor.add(version, (topic, 0), verify_only=True, epoch=9)
    transactor.add(version, (topic, 0), verify_only=True, producer_id=4_000_000_000)


@case(4, 5, difference="Requests that Apache Kafka never answers")
def no_transactions(talk: Talk, version: int) -> None:
    Transactor(talk).ask(AddPartitionsToTxnRequest(), version, patience=1.0)


@case(*range(5))
def offsets_are_added(talk: Talk, version: int) -> None:
    transactor = Transactor(talk)
    transactor.add_offsets(version)
    transactor.begin()
    transactor.add_offsets(version)
    transactor.add_offsets(version, "")
    transactor.add_offsets(version, epoch=9)
    transactor.add_offsets(version, id="")


# Ending


@case(*range(6))
def an_end_and_its_repetition(talk: Talk, version: int) -> None:
    topic, transactor = talk.create(), Transactor(talk)
    for commit in (True, False):
        transactor.begin()
        transactor.add(3 if version < SECOND else 5, (topic, 0))
        producer_id, epoch = transactor.producer_id, transactor.epoch
        transactor.end(version, commit=commit)
        transactor.settle()
        for again in (commit, not commit):
            transactor.end(version, commit=again, producer_id=producer_id, epoch=epoch)
            transactor.settle()


@case(*range(6))
def an_end_without_a_transaction(talk: Talk, version: int) -> None:
    transactor = Transactor(talk)
    transactor.end(version, commit=True)
    transactor.begin()
    for commit in (True, False, False, True):
        transactor.end(version, commit=commit)
        transactor.settle()
    for other in ({"epoch": 9}, {"producer_id": 4_000_000_000}, {"id": ""}):
        transactor.end(version, commit=True, **other)


@case(FIRST, SECOND)
def one_transaction_after_the_other(talk: Talk, version: int) -> None:
    topic, transactor = talk.create(), Transactor(talk)
    transactor.begin()
    sequence = 0
    for number, commit in enumerate((True, False, True)):
        transactor.add(3 if version == FIRST else 5, (topic, 0))
        transactor.produce(10 if version == FIRST else 12, topic, b"%d" % number, b"+", sequence=sequence)
        look(talk, topic)
        transactor.end(version, commit=commit)
        transactor.settle()
        sequence = sequence + 2 if version == FIRST else 0
        look(talk, topic)


# Records


@case(3, 9, 10, 11, 12)
def records_outside_of_a_transaction(talk: Talk, version: int) -> None:
    topic, transactor = talk.create(), Transactor(talk)
    transactor.produce(version, topic, b"a", producer_id=4_000_000_000, epoch=0)
    transactor.begin()
    transactor.produce(version, topic, b"a")
    look(talk, topic)


@case(10, 11, 12)
def records_of_a_fenced_producer(talk: Talk, version: int) -> None:
    topic, transactor = talk.create(), Transactor(talk)
    transactor.begin()
    transactor.begin()
    transactor.add(5 if version == 12 else 3, (topic, 0))
    transactor.produce(version, topic, b"a", epoch=transactor.epoch - 1)
    transactor.produce(version, topic, b"a", epoch=transactor.epoch + 1)
    transactor.produce(version, topic, b"a")
    transactor.produce(version, topic, b"a", epoch=transactor.epoch - 1)
    transactor.produce(version, topic, b"b", sequence=1)
    transactor.produce(version, topic, b"b", sequence=1)
    look(talk, topic)


@case(10, 12)
def a_transaction_that_does_not_start_at_sequence_0(talk: Talk, version: int) -> None:
    topic, transactor = talk.create(), Transactor(talk)
    transactor.begin()
    transactor.add(5 if version == 12 else 3, (topic, 0))
    transactor.produce(version, topic, b"a", sequence=3)
    transactor.produce(version, topic, b"a", sequence=0)
    transactor.produce(version, topic, b"b", sequence=4)


@case(12)
def two_producers_in_one_request(talk: Talk, version: int) -> None:
    topic, transactor = talk.create(partitions=2), Transactor(talk)
    transactor.begin()
    parts = {0: transactor.records(b"a"), 1: transactor.records(b"b", producer_id=4_000_000_000)}
    talk.ask(produce(version, topic, parts, transactional_id=transactor.id), version)


@case(10, 12)
def plain_records_between_transactional_ones(talk: Talk, version: int) -> None:
    topic, transactor = talk.create(), Transactor(talk)
    transactor.begin()
    transactor.add(5 if version == 12 else 3, (topic, 0))
    transactor.produce(version, topic, b"a")
    talk.ask(produce(version, topic, batch(b"plain"), transactional_id=transactor.id), version)
    plain = batch(b"p", producer_id=transactor.producer_id, producer_epoch=transactor.epoch, base_sequence=1)
    talk.ask(produce(version, topic, plain), version)
    look(talk, topic)


@case(4, 11, 12, 17)
def aborted_transactions_in_a_fetch(talk: Talk, version: int) -> None:
    topic, one, two = talk.create(), Transactor(talk, "1"), Transactor(talk, "2")
    for transactor in (one, two):
        transactor.begin()
    for number, commits in enumerate(((False, True), (False, False), (True, False))):
        for transactor in (one, two):
            transactor.add(3, (topic, 0))
            transactor.produce(10, topic, b"a", b"b", sequence=2 * number)
        for transactor, commit in zip((one, two), commits, strict=True):
            transactor.end(4, commit=commit)
            transactor.settle()
    look(talk, topic, version)


# Markers


def marker(topic: Topic, *indexes: int, producer_id: int, epoch: int, **fields: int) -> WriteTxnMarkersRequest:
    topics = [WriteTxnMarkersRequest.WritableTxnMarkerTopic(name=topic.name, partition_indexes=list(indexes))]
    wanted = WriteTxnMarkersRequest.WritableTxnMarker(
        producer_id=producer_id, producer_epoch=epoch, transaction_result=False, topics=topics, **fields
    )
    return WriteTxnMarkersRequest(markers=[wanted])


@case(1, 2)
def markers_by_hand(talk: Talk, version: int) -> None:
    topic, transactor = talk.create(), Transactor(talk)
    transactor.begin()
    transactor.begin()
    transactor.add(3, (topic, 0))
    transactor.produce(10, topic, b"a")
    producer_id, epoch = transactor.producer_id, transactor.epoch
    talk.ask(marker(topic, 5, producer_id=producer_id, epoch=epoch), version)
    talk.ask(marker(topic, 0, producer_id=producer_id, epoch=epoch - 1), version)
    if version == 2:
        talk.ask(marker(topic, 0, producer_id=producer_id, epoch=epoch, transaction_version=2), version)
    talk.ask(marker(topic, 0, producer_id=producer_id, epoch=epoch, coordinator_epoch=7), version)
    talk.ask(marker(topic, 0, producer_id=producer_id, epoch=epoch, coordinator_epoch=6), version)
    talk.ask(marker(topic, 0, producer_id=producer_id, epoch=epoch, coordinator_epoch=7), version)
    if version == 2:
        talk.ask(
            marker(topic, 0, producer_id=producer_id, epoch=epoch, coordinator_epoch=7, transaction_version=2), version
        )
    talk.ask(marker(topic, 0, producer_id=4_000_000_001, epoch=0), version)
    look(talk, topic)


# What is known


@case(0)
def producers_are_described(talk: Talk, version: int) -> None:
    topic, transactor = talk.create(partitions=2), Transactor(talk)

    def describe() -> None:
        topics = [
            DescribeProducersRequest.TopicRequest(name=name, partition_indexes=[0, 1, 7])
            for name in (topic.name, NO_TOPIC.name)
        ]
        talk.ask(DescribeProducersRequest(topics=topics), version, blur=["last_timestamp"])

    describe()
    transactor.begin()
    transactor.add(3, (topic, 0))
    transactor.produce(10, topic, b"a", b"b")
    describe()
    transactor.end(4, commit=True)
    transactor.settle()
    describe()


@case(0)
def producers_are_described_by_followers(talk: Talk, version: int) -> None:
    topic, transactor = talk.create(replicas=[1, 2]), Transactor(talk)
    transactor.begin()
    transactor.add(3, (topic, 0))
    transactor.produce(10, topic, b"a", b"b")
    topics = [DescribeProducersRequest.TopicRequest(name=topic.name, partition_indexes=[0])]
    request = DescribeProducersRequest(topics=topics)
    talk.wait_until(lambda: bool(talk.quietly(request, version, 2).topics[0].partitions[0].active_producers))
    for broker in (1, 2, 3):
        talk.ask(request, version, broker=broker, blur=["last_timestamp"])


@case(0)
def transactions_are_described(talk: Talk, version: int) -> None:
    topic, transactor = talk.create(partitions=2), Transactor(talk)

    def describe() -> None:
        request = DescribeTransactionsRequest(transactional_ids=[transactor.id, ""])
        transactor.ask(request, version, blur=["transaction_start_time_ms"])

    describe()
    transactor.begin()
    describe()
    for commit in (True, False):
        transactor.add(3, (topic, 1))
        describe()
        transactor.end(4, commit=commit)
        transactor.settle()
        describe()


@case(0, 1, 2)
def transactions_are_listed(talk: Talk, version: int) -> None:
    topic, transactor = talk.create(), Transactor(talk)
    transactor.begin()
    transactor.add(3, (topic, 0))
    mine = {"producer_id_filters": [transactor.producer_id]}
    for filters in ({}, {"state_filters": ["Ongoing"]}, {"state_filters": ["Empty", "Nonsense", "ongoing"]}):
        transactor.ask(ListTransactionsRequest(**mine, **filters), version)
    if version >= 1:
        for duration in (0, 100_000):
            talk.wait_until(lambda: True)
            transactor.ask(ListTransactionsRequest(**mine, duration_filter=duration), version)
    if version >= 2:
        for pattern in (transactor.id, ".*", "", "no", "(", None):
            transactor.ask(ListTransactionsRequest(**mine, transactional_id_pattern=pattern), version)
