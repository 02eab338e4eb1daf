"""Requests about a partition that had three leader epochs: older, equal and newer ones than the leader's."""

from __future__ import annotations

from comparison.build import TIME, batch, fetch, list_offsets, metadata, produce, wanted
from comparison.case import case
from comparison.cases_offsets import epoch_of
from comparison.moving import END, FOLLOWER, LEADER, TIMES, moved
from comparison.talk import Talk

from barnabas.protocol.messages.describe_topic_partitions import DescribeTopicPartitionsRequest

EPOCHS = (-1, 0, 1, 2, 3, 0x7FFFFFFF)


@case(7, 12, 13)
def metadata_of_it(talk: Talk, version: int) -> None:
    talk.ask(metadata(moved(talk).name), version, blur=["isr_nodes"])


@case(0)
def partitions_of_it(talk: Talk, version: int) -> None:
    asked = DescribeTopicPartitionsRequest.TopicRequest(name=moved(talk).name)
    talk.ask(DescribeTopicPartitionsRequest(topics=[asked], response_partition_limit=1), version, blur=["isr_nodes"])


@case(4, 9, 12, 16, 18)
def fetch_in_each_epoch(talk: Talk, version: int) -> None:
    topic = moved(talk)
    if version < 9:  # the request does not say which epoch it means
        talk.ask(fetch(version, (topic, [wanted()])), version, broker=LEADER)
        return
    for epoch in EPOCHS:
        talk.ask(fetch(version, (topic, [wanted(current_leader_epoch=epoch)])), version, broker=LEADER)


@case(9, 11, 12, 16, 18)
def fetch_from_a_former_leader(talk: Talk, version: int) -> None:
    topic = moved(talk)
    for epoch in EPOCHS:
        talk.ask(fetch(version, (topic, [wanted(current_leader_epoch=epoch)])), version, broker=FOLLOWER)


@case(12, 13, 18)
def fetch_after_another_history(talk: Talk, version: int) -> None:
    """By consumers whose last record, just before the offset, was of that epoch."""
    topic = moved(talk)
    for epoch, offset in (
        (0, 3),
        (0, 4),
        (0, 5),
        (0, END),
        (1, 2),
        (1, 5),
        (1, END),
        (2, 3),
        (2, END),
        (2, END + 1),
        (3, END),
        (3, 0),
        (-1, END),
    ):
        asked = wanted(offset=offset, last_fetched_epoch=epoch, current_leader_epoch=2)
        talk.ask(fetch(version, (topic, [asked])), version, broker=LEADER)


@case(12, 18)
def fetch_with_an_old_epoch_after_another_history(talk: Talk, version: int) -> None:
    topic = moved(talk)
    for current in (1, 3):
        asked = wanted(offset=END, last_fetched_epoch=0, current_leader_epoch=current)
        talk.ask(fetch(version, (topic, [asked])), version, broker=LEADER)


@case(4, 7, 11)
def offsets_in_each_epoch(talk: Talk, version: int) -> None:
    topic = moved(talk)
    for broker in (LEADER, FOLLOWER):
        for epoch in EPOCHS:
            for request in list_offsets(topic.name, -1, TIME, epoch=epoch):
                talk.ask(request, version, broker=broker)


@case(1, 4, 5, 7, 11)
def offsets_and_the_epochs_of_their_records(talk: Talk, version: int) -> None:
    topic = moved(talk)
    for request in list_offsets(topic.name, -1, -2, -3, -4, *TIMES, TIMES[1] + 1, TIMES[1] + 1001, TIMES[2] + 1):
        talk.ask(request, version, broker=LEADER)


@case(2, 3, 4)
def ends_of_epochs(talk: Talk, version: int) -> None:
    topic = moved(talk)
    for request in epoch_of(topic.name, *EPOCHS):
        talk.ask(request, version, broker=LEADER)


@case(2, 4)
def ends_of_epochs_in_each_epoch(talk: Talk, version: int) -> None:
    topic = moved(talk)
    for broker in (LEADER, FOLLOWER):
        for current in EPOCHS:
            talk.ask(epoch_of(topic.name, 1, current=current)[0], version, broker=broker)


@case(3, 4)
def ends_of_epochs_for_a_follower(talk: Talk, version: int) -> None:
    topic = moved(talk)
    for epoch in EPOCHS:
        request = epoch_of(topic.name, epoch)[0]
        request.replica_id = FOLLOWER
        talk.ask(request, version, broker=LEADER)


@case(3, 9, 10, 12, 13)
def produce_to_a_former_leader(talk: Talk, version: int) -> None:
    topic = moved(talk)
    for acks in (1, -1):
        talk.ask(produce(version, topic, batch(b"lost"), acks=acks), version, broker=FOLLOWER)
