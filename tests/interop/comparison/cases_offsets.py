"""ListOffsets and OffsetForLeaderEpoch."""

from __future__ import annotations

from comparison.build import TIME, batch, list_offsets, produce
from comparison.case import case
from comparison.talk import Talk, Topic

from barnabas.protocol.messages.list_offsets import ListOffsetsRequest
from barnabas.protocol.messages.offset_for_leader_epoch import OffsetForLeaderEpochRequest
from barnabas.protocol.record_batch import Compression

NEWEST = 11
SPECIALS = (-1, -2, -3, -4, -5, -6)


def filled(talk: Talk, **how: object) -> Topic:
    """A topic with two batches of three records: 0, 1, 2 s and 10, 11, 12 s after TIME."""
    topic = talk.create(**how)  # type: ignore[arg-type]
    for start in (0, 10_000):
        talk.quietly(produce(9, topic, batch(b"a", b"b", b"c", time=TIME + start)), 9)
    return topic


@case(*range(1, 12))
def every_special_timestamp(talk: Talk, version: int) -> None:
    topic = filled(talk)
    for request in list_offsets(topic.name, *SPECIALS, -7, -100, -(1 << 63)):
        talk.ask(request, version)


@case(1, 4, 7, NEWEST)
def of_an_empty_partition(talk: Talk, version: int) -> None:
    topic = talk.create()
    for request in list_offsets(topic.name, *SPECIALS, 0, TIME):
        talk.ask(request, version)


@case(1, 2, 4, NEWEST)
def by_time(talk: Talk, version: int) -> None:
    topic = filled(talk)
    moments = (0, TIME - 1, TIME, TIME + 1, TIME + 2000, TIME + 2001, TIME + 10_000, TIME + 12_000, TIME + 12_001)
    for request in list_offsets(topic.name, *moments, (1 << 63) - 1):
        talk.ask(request, version)


@case(NEWEST)
def by_time_in_compressed_batches(talk: Talk, version: int) -> None:
    for codec in (Compression.GZIP, Compression.SNAPPY, Compression.LZ4, Compression.ZSTD):
        topic = talk.create(codec.name)
        talk.quietly(produce(9, topic, batch(b"a", b"b", b"c", codec=codec)), 9)
        for request in list_offsets(topic.name, TIME, TIME + 500, TIME + 2000, -3):
            talk.ask(request, version)


@case(4, NEWEST)
def by_time_when_times_go_back(talk: Talk, version: int) -> None:
    topic = talk.create()
    for moment in (5000, 1000, 9000, 2000):
        talk.quietly(produce(9, topic, batch(b"a", b"b", time=TIME + moment)), 9)
    for request in list_offsets(topic.name, TIME, TIME + 1500, TIME + 5500, TIME + 6500, TIME + 9500, -3):
        talk.ask(request, version)


@case(4, NEWEST)
def by_time_over_segments(talk: Talk, version: int) -> None:
    topic = talk.create(configs={"segment.ms": "1000"})
    for moment in (0, 5000, 3000, 10_000):
        talk.quietly(produce(9, topic, batch(b"a", b"b", time=TIME + moment)), 9)
    moments = (0, TIME, TIME + 1000, TIME + 1001, TIME + 3500, TIME + 5500, TIME + 9000, TIME + 11_000, TIME + 12_000)
    for request in list_offsets(topic.name, *moments):
        talk.ask(request, version)


@case(7, NEWEST)
def latest_time_on_ties(talk: Talk, version: int) -> None:
    topic = talk.create()
    for _ in range(3):
        talk.quietly(produce(9, topic, batch(b"a", time=TIME)), 9)
    for request in list_offsets(topic.name, -3, TIME):
        talk.ask(request, version)


@case(7, NEWEST)
def records_without_times(talk: Talk, version: int) -> None:
    topic = talk.create()
    talk.quietly(produce(9, topic, batch(b"a", time=-1)), 9)
    for request in list_offsets(topic.name, -3, 0, TIME):
        talk.ask(request, version)


@case(4, NEWEST)
def by_time_of_the_broker(talk: Talk, version: int) -> None:
    topic = talk.create(configs={"message.timestamp.type": "LogAppendTime"})
    for _ in range(2):
        talk.quietly(produce(9, topic, batch(b"a", b"b")), 9)
    for request in list_offsets(topic.name, TIME, 1 << 60):
        talk.ask(request, version)


@case(NEWEST)
def latest_time_of_the_broker(talk: Talk, version: int) -> None:
    topic = talk.create(configs={"message.timestamp.type": "LogAppendTime"})
    talk.quietly(produce(9, topic, batch(b"a", b"b")), 9)
    for request in list_offsets(topic.name, -3):
        talk.ask(request, version)


@case(1, 4, NEWEST)
def unknown_topics_and_partitions(talk: Talk, version: int) -> None:
    topic = filled(talk)
    for name in ("no-such-topic", "", "a b", "__cluster_metadata"):
        talk.ask(list_offsets(name, -1)[0], version)
    for partition in (1, -1, 0x7FFFFFFF):
        talk.ask(list_offsets(topic.name, -1, partition=partition)[0], version)


@case(NEWEST)
def unknown_special_of_an_unknown_topic(talk: Talk, version: int) -> None:
    talk.ask(list_offsets("no-such-topic", -7)[0], version)


@case(4, 5, NEWEST)
def leader_epochs(talk: Talk, version: int) -> None:
    topic = filled(talk)
    for epoch in (-1, 0, 1, 0x7FFFFFFF, -2):
        for request in list_offsets(topic.name, -1, -2, TIME, epoch=epoch):
            talk.ask(request, version)


@case(2, NEWEST)
def read_committed(talk: Talk, version: int) -> None:
    topic = filled(talk)
    for request in list_offsets(topic.name, -1, TIME, isolation_level=1):
        talk.ask(request, version)


@case(2, NEWEST, difference="UNKNOWN_SERVER_ERROR")
def unknown_isolation_levels(talk: Talk, version: int) -> None:
    topic = filled(talk)
    for level in (2, -1):
        for request in list_offsets(topic.name, -1, TIME, isolation_level=level):
            talk.ask(request, version)


@case(1, 4, NEWEST)
def replica_ids(talk: Talk, version: int) -> None:
    topic = filled(talk, replicas=[1, 2])
    for replica_id in (-2, 2, 99, -3):
        talk.ask(list_offsets(topic.name, -1, replica_id=replica_id)[0], version)


@case(1, 4, NEWEST)
def not_the_leader(talk: Talk, version: int) -> None:
    topic = talk.create(replicas=[2, 3])
    for broker in (1, 3):
        for replica_id in (-1, -2):
            for request in list_offsets(topic.name, -1, -2, TIME, replica_id=replica_id):
                talk.ask(request, version, broker=broker)


@case(1, 4, NEWEST)
def a_partition_twice(talk: Talk, version: int) -> None:
    topic = filled(talk, partitions=2)
    request = list_offsets(topic.name, -1)[0]
    part = ListOffsetsRequest.ListOffsetsPartition
    request.topics[0].partitions.extend([part(partition_index=0, timestamp=-2), part(partition_index=1, timestamp=-1)])
    talk.ask(request, version)
    request = list_offsets(topic.name, -1)[0]
    request.topics.extend(list_offsets(topic.name, -2)[0].topics)
    talk.ask(request, version)


@case(1, NEWEST)
def nothing(talk: Talk, version: int) -> None:
    talk.ask(ListOffsetsRequest(replica_id=-1), version)
    name = talk.create().name
    talk.ask(ListOffsetsRequest(replica_id=-1, topics=[ListOffsetsRequest.ListOffsetsTopic(name=name)]), version)


@case(10, NEWEST)
def timeouts(talk: Talk, version: int) -> None:
    topic = filled(talk)
    for timeout_ms in (0, -1, 1000):
        request = list_offsets(topic.name, -1)[0]
        request.timeout_ms = timeout_ms
        talk.ask(request, version)


def epoch_of(topic: str, *epochs: int, current: int = -1, partition: int = 0) -> list[OffsetForLeaderEpochRequest]:
    """One request for each epoch."""
    outer = OffsetForLeaderEpochRequest
    return [
        outer(
            topics=[
                outer.OffsetForLeaderTopic(
                    topic=topic,
                    partitions=[
                        outer.OffsetForLeaderPartition(
                            partition=partition, current_leader_epoch=current, leader_epoch=epoch
                        )
                    ],
                )
            ]
        )
        for epoch in epochs
    ]


@case(2, 3, 4)
def end_of_epochs(talk: Talk, version: int) -> None:
    topic = filled(talk)
    for request in epoch_of(topic.name, 0, 1, -1, -2, 0x7FFFFFFF, -0x80000000):
        talk.ask(request, version)


@case(2, 4)
def end_of_epochs_of_an_empty_partition(talk: Talk, version: int) -> None:
    topic = talk.create()
    for request in epoch_of(topic.name, 0, 1, -1):
        talk.ask(request, version)


@case(2, 4)
def end_of_epochs_with_a_current_epoch(talk: Talk, version: int) -> None:
    topic = filled(talk)
    for current in (0, 1, -2, 0x7FFFFFFF):
        talk.ask(epoch_of(topic.name, 0, current=current)[0], version)


@case(2, 4)
def end_of_epochs_elsewhere(talk: Talk, version: int) -> None:
    topic = talk.create(replicas=[2, 3])
    for broker in (1, 3):
        talk.ask(epoch_of(topic.name, 0)[0], version, broker=broker)
    for name, partition in ((topic.name, 1), (topic.name, -1), ("no-such-topic", 0), ("", 0), ("a b", 0)):
        talk.ask(epoch_of(name, 0, partition=partition)[0], version)


@case(3, 4)
def end_of_epochs_for_replicas(talk: Talk, version: int) -> None:
    topic = filled(talk)
    for replica_id in (-1, -2, 2, 99):
        request = epoch_of(topic.name, 0)[0]
        request.replica_id = replica_id
        talk.ask(request, version)


@case(2, 4)
def end_of_epochs_of_a_partition_twice(talk: Talk, version: int) -> None:
    topic = filled(talk)
    request = epoch_of(topic.name, 0)[0]
    request.topics[0].partitions.extend(epoch_of(topic.name, 1)[0].topics[0].partitions)
    talk.ask(request, version)
    talk.ask(OffsetForLeaderEpochRequest(), version)
