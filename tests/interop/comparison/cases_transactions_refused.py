"""Transactions: who is asked, in whose name, and what is refused for it."""

from __future__ import annotations

from itertools import count

from comparison.build import NO_TOPIC, produce
from comparison.case import case
from comparison.cases_groups_transactions import Transaction
from comparison.cases_transactions import marker
from comparison.grouping import Group
from comparison.talk import Talk, Topic
from comparison.transacting import Transactor, look

from barnabas.broker.coordinator.coordinators import partition_of
from barnabas.protocol.messages.add_partitions_to_txn import AddPartitionsToTxnRequest
from barnabas.protocol.messages.describe_producers import DescribeProducersRequest
from barnabas.protocol.messages.describe_transactions import DescribeTransactionsRequest
from barnabas.protocol.messages.list_transactions import ListTransactionsRequest
from barnabas.protocol.messages.write_txn_markers import WriteTxnMarkersRequest
from group_requests import txn_commit

FIRST, SECOND = 4, 5
"""Versions of EndTxn that stand for the two versions of the protocol."""
OFFSETS = "__consumer_offsets"
OFFSETS_PARTITIONS = 5


# Where


@case(0, 3, 5)
def asked_of_a_broker_that_does_not_coordinate(talk: Talk, version: int) -> None:
    topic, transactor = talk.create(), Transactor(talk)
    transactor.begin()
    transactor.broker = transactor.broker % 3 + 1
    transactor.init(version)
    transactor.init(version, timeout_ms=0)
    transactor.add(version, (topic, 0))
    transactor.add_offsets(min(version, 4))
    transactor.end(version, commit=True)
    transactor.ask(DescribeTransactionsRequest(transactional_ids=[transactor.id]), 0)
    transactor.ask(ListTransactionsRequest(producer_id_filters=[transactor.producer_id]), min(version, 2))


@case(3, SECOND)
def offsets_for_a_group_that_is_coordinated_elsewhere(talk: Talk, version: int) -> None:
    topic, group, transaction = talk.create(), Group(talk), Transaction(talk)
    transaction.add(group)
    group.broker = group.broker % 3 + 1
    group.ask(transaction.of(txn_commit({topic.name: {0: 5}}, 0, group=group.name)), version)


# In whose name


@case(2, 3, 4, SECOND)
def offsets_of_somebody_else(talk: Talk, version: int) -> None:
    topic, group, transaction = talk.create(), Group(talk), Transaction(talk)
    for name, value in (
        ("producer_id", 4_000_000_000),
        ("producer_epoch", 7),
        ("transactional_id", talk.name("-nobody")),
        ("transactional_id", ""),
    ):
        request = transaction.of(txn_commit({topic.name: {0: 5}}, 0, group=group.name))
        setattr(request, name, value)
        group.ask(request, version)


@case(0, 2, 3, 4, SECOND)
def offsets_that_nobody_added(talk: Talk, version: int) -> None:
    topic, group, transaction = talk.create(), Group(talk), Transaction(talk)
    group.ask(transaction.of(txn_commit({topic.name: {0: 5}}, 0, group=group.name)), version)


@case(3, 4, SECOND)
def offsets_of_a_producer_that_is_fenced(talk: Talk, version: int) -> None:
    topic, group, zombie = talk.create(), Group(talk), Transaction(talk)
    zombie.add(group)
    request = zombie.of(txn_commit({topic.name: {0: 5}}, 0, group=group.name))
    group.ask(request, version)
    Transaction(talk)
    group.ask(request, version)


@case(10, 11, 12)
def records_with_the_id_of_another_producer(talk: Talk, version: int) -> None:
    topic, one, two = talk.create(), Transactor(talk, "1"), Transactor(talk, "2")
    for transactor in (one, two):
        transactor.begin()
        transactor.add(SECOND if version == 12 else 3, (topic, 0))
    talk.ask(produce(version, topic, one.records(b"a"), transactional_id=two.id), version)
    talk.ask(produce(version, topic, one.records(b"a"), transactional_id=talk.name("-nobody")), version)
    talk.ask(produce(version, topic, one.records(b"a"), transactional_id=""), version)
    look(talk, topic)


@case(FIRST, SECOND)
def records_of_a_transaction_that_was_ended(talk: Talk, version: int) -> None:
    topic, transactor = talk.create(), Transactor(talk)
    transactor.begin()
    transactor.add(3 if version == FIRST else 5, (topic, 0))
    newest = 11 if version == FIRST else 12
    transactor.produce(newest, topic, b"a")
    before = transactor.epoch
    transactor.end(version, commit=True)
    transactor.settle()
    transactor.produce(newest, topic, b"b", sequence=1, epoch=before)
    transactor.produce(newest, topic, b"a", epoch=before)
    look(talk, topic)


@case(3, 5)
def a_zombie_goes_on_while_its_successor_works(talk: Talk, version: int) -> None:
    topic, transactor = talk.create(), Transactor(talk)
    transactor.begin()
    of = transactor.producer_id, transactor.epoch
    transactor.begin()
    transactor.add(version, (topic, 0))
    transactor.init(version, of=of)
    transactor.settle()
    transactor.ask(
        DescribeTransactionsRequest(transactional_ids=[transactor.id]), 0, blur=["transaction_start_time_ms"]
    )
    transactor.init(version, of=of)
    transactor.end(4 if version == 3 else 5, commit=True)


@case(0, 3, 4, 5)
def partitions_of_the_clusters_own_topics(talk: Talk, version: int) -> None:
    """Only coordinators add those, by AddOffsetsToTxn."""
    topic, transactor = talk.create(), Transactor(talk)
    transactor.begin()
    for internal in (OFFSETS, "__transaction_state"):
        transactor.add(version, (Topic(internal, b""), 0))
        transactor.add(version, (topic, 0), (Topic(internal, b""), 1_000))
    transactor.describe()


# Several at once


@case(4, 5)
def many_transactions_in_one_request(talk: Talk, version: int) -> None:
    topic, one = talk.create(partitions=2), Transactor(talk)
    one.begin()
    unknown = next(each for number in count() if (each := Transactor(talk, f"-{number}")).broker == one.broker)
    request = AddPartitionsToTxnRequest()
    for index, transactor in enumerate((one, unknown)):
        places = AddPartitionsToTxnRequest.AddPartitionsToTxnTopic(name=topic.name, partitions=[index])
        request.transactions.append(
            AddPartitionsToTxnRequest.AddPartitionsToTxnTransaction(
                transactional_id=transactor.id,
                producer_id=one.producer_id,
                producer_epoch=one.epoch,
                topics=[places],
            )
        )
    answer = talk.quietly(request, version, one.broker)
    partitions = [
        partition
        for result in answer.results_by_transaction
        for place in result.topic_results
        for partition in place.results_by_partition
    ]
    talk.note("errors by partition", sorted((each.partition_index, each.partition_error_code) for each in partitions))


# What takes too long


@case(FIRST, SECOND)
def a_transaction_that_took_too_long(talk: Talk, version: int) -> None:
    topic, transactor = talk.create(), Transactor(talk)
    transactor.init(version, timeout_ms=1000)
    of = transactor.producer_id, transactor.epoch
    transactor.add(3 if version == FIRST else 5, (topic, 0))
    newest = 11 if version == FIRST else 12
    transactor.produce(newest, topic, b"a")
    describe = DescribeTransactionsRequest(transactional_ids=[transactor.id])
    talk.wait_until(
        lambda: talk.quietly(describe, 0, transactor.broker).transaction_states[0].transaction_state == "CompleteAbort"
    )
    transactor.ask(describe, 0, blur=["transaction_start_time_ms"])
    for commit in (True, False):
        transactor.end(version, commit=commit)
    transactor.add(3 if version == FIRST else 5, (topic, 0))
    transactor.add_offsets(4)
    transactor.produce(newest, topic, b"b", sequence=1)
    look(talk, topic)
    transactor.init(version, of=of)
    transactor.init(version, of=of)


# Markers


@case(1, 2)
def markers_for_a_broker_that_does_not_lead(talk: Talk, version: int) -> None:
    topic = talk.create(replicas=[1, 2])
    for broker in (2, 3):
        talk.ask(marker(topic, 0, producer_id=4_000_000_001, epoch=0), version, broker=broker)
    talk.ask(WriteTxnMarkersRequest(), version)


@case(1, 2)
def markers_for_groups(talk: Talk, version: int) -> None:
    group = Group(talk)
    partition = partition_of(group.name, OFFSETS_PARTITIONS)
    producer = {"producer_id": 4_000_000_001, "epoch": 0}
    for index in (partition, OFFSETS_PARTITIONS):
        for broker in (group.broker, group.broker % 3 + 1):
            talk.ask(marker(Topic(OFFSETS, b""), index, **producer), version, broker=broker, to="a broker")
    talk.ask(marker(NO_TOPIC, 0, **producer), version)
    for coordinator_epoch, epoch in ((7, 1), (6, 1), (7, 0)):
        producer = {"producer_id": 4_000_000_001, "epoch": epoch, "coordinator_epoch": coordinator_epoch}
        group.ask(marker(Topic(OFFSETS, b""), partition, **producer), version)


# Producers


@case(0)
def producers_of_topics_that_cannot_be(talk: Talk, version: int) -> None:
    names = ["", ".", "a b", "x" * 250, NO_TOPIC.name]
    topics = [DescribeProducersRequest.TopicRequest(name=name, partition_indexes=[0]) for name in names]
    talk.ask(DescribeProducersRequest(topics=topics), version)


# Patterns


@case(2)
def ids_of_any_characters_are_listed(talk: Talk, version: int) -> None:
    transactor = Transactor(talk, "-é漢\n.")
    transactor.begin()
    for pattern in (
        ".*é漢",
        ".*é漢\n.",
        ".*漢.*",
        "(?s).*漢.*",
        r".*\p{Han}\s\W",
        r"(?s).*\P{Han}{2}",
        "(?i).*É漢\n.",
        r".*[^\x00-\x7f]{2}[\s\S]+",
        r"[\pL\d]+.*\n.",
        "(?m).*漢$\n^.",
        r".*[[:^ascii:]]\x{6f22}\012\.",
        r".*\p{Klingon}",
        "(?m",
        r".*é漢\_",
        r"\8",
    ):
        request = ListTransactionsRequest(
            producer_id_filters=[transactor.producer_id], transactional_id_pattern=pattern
        )
        transactor.ask(request, version)
