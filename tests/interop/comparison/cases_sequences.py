"""Produce: sequences of idempotent producers."""

from __future__ import annotations

from comparison.build import batch, list_offsets, produce
from comparison.case import case
from comparison.producing import ID, look
from comparison.talk import Talk, Topic

NEWEST = 13


def sequences(talk: Talk, version: int, *steps: tuple[int, int, int]) -> Topic:
    """Batches of one producer to one partition: epoch, first sequence, number of records of each."""
    topic = talk.create()
    for epoch, sequence, count in steps:
        records = batch(*[b"v"] * count, producer_id=ID, producer_epoch=epoch, base_sequence=sequence)
        talk.ask(produce(version, topic, records), version)
    talk.ask(list_offsets(topic.name, -1)[0], 5)
    return topic


@case(3, NEWEST)
def sequence_in_order(talk: Talk, version: int) -> None:
    sequences(talk, version, (0, 0, 1), (0, 1, 3), (0, 4, 1))


@case(3, 5, 8, NEWEST)
def sequence_again(talk: Talk, version: int) -> None:
    topic = sequences(talk, version, (0, 0, 2), (0, 0, 2), (0, 2, 1), (0, 0, 2), (0, 2, 1), (0, 3, 1))
    look(talk, topic)


@case(3, NEWEST)
def sequence_again_beyond_five_batches(talk: Talk, version: int) -> None:
    steps = [(0, number, 1) for number in range(6)]
    sequences(talk, version, *steps, (0, 1, 1), (0, 0, 1), (0, 6, 1))


@case(3, NEWEST)
def sequence_with_a_gap(talk: Talk, version: int) -> None:
    sequences(talk, version, (0, 0, 1), (0, 2, 1), (0, 1, 1))


@case(3, NEWEST)
def sequence_overlaps(talk: Talk, version: int) -> None:
    sequences(talk, version, (0, 0, 3), (0, 1, 2), (0, 0, 2), (0, 2, 3), (0, 0, 4), (0, 3, 1))


@case(3, NEWEST)
def sequence_starts_anywhere(talk: Talk, version: int) -> None:
    sequences(talk, version, (5, 1000, 1), (5, 1001, 1))


@case(3, 8, NEWEST)
def new_epoch_starts_at_zero(talk: Talk, version: int) -> None:
    sequences(talk, version, (0, 0, 1), (1, 5, 1), (1, 0, 1), (1, 1, 1))


@case(3, 8, 9, 10, NEWEST)
def old_epoch(talk: Talk, version: int) -> None:
    sequences(talk, version, (3, 0, 1), (2, 1, 1), (2, 0, 1), (3, 1, 1))


@case(3, NEWEST)
def sequence_wraps(talk: Talk, version: int) -> None:
    last = 0x7FFFFFFF
    sequences(talk, version, (0, last - 1, 1), (0, last, 1), (0, 0, 1), (0, 1, 1))


@case(NEWEST)
def sequence_wraps_within_a_batch(talk: Talk, version: int) -> None:
    sequences(talk, version, (0, 0x7FFFFFFF - 1, 4), (0, 2, 1), (0, 0x7FFFFFFF - 1, 4))


@case(8, NEWEST)
def bad_sequences(talk: Talk, version: int) -> None:
    sequences(talk, version, (0, -1, 1), (0, -2, 1), (-1, 0, 1), (-2, 0, 1), (0x7FFF, 0, 1))


@case(8, NEWEST)
def odd_producer_ids(talk: Talk, version: int) -> None:
    topic = talk.create()
    for producer_id, epoch, sequence in ((-1, 0, 0), (-2, 0, 0), (-1, -1, 5), (0, 0, 0), (1 << 62, 0, 0)):
        records = batch(b"v", producer_id=producer_id, producer_epoch=epoch, base_sequence=sequence)
        talk.ask(produce(version, topic, records), version)


@case(3, 8, NEWEST)
def duplicate_on_a_log_append_time_topic(talk: Talk, version: int) -> None:
    topic = talk.create(configs={"message.timestamp.type": "LogAppendTime"})
    records = batch(b"v", producer_id=ID, producer_epoch=0, base_sequence=0)
    for _ in range(2):
        talk.ask(produce(version, topic, records), version)


@case(NEWEST)
def duplicates_in_a_replicated_partition(talk: Talk, version: int) -> None:
    topic = talk.create(replicas=[1, 2, 3])
    records = batch(b"v", producer_id=ID, producer_epoch=0, base_sequence=0)
    for acks in (-1, 1, -1):
        talk.ask(produce(version, topic, records, acks=acks), version)


@case(NEWEST)
def sequences_are_a_partitions_own(talk: Talk, version: int) -> None:
    topic = talk.create(partitions=2)
    records = batch(b"v", producer_id=ID, producer_epoch=0, base_sequence=0)
    for index in (0, 1, 0):
        talk.ask(produce(version, topic, {index: records}), version)
    talk.ask(produce(version, topic, {0: records, 1: records}), version)
