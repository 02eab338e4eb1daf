"""Produce: what is accepted, what is refused and with which error; acks."""

from __future__ import annotations

import time

from comparison.build import (
    NO_TOPIC,
    TIME,
    UNKNOWN_ID,
    Header,
    batch,
    patched,
    produce,
    with_body,
)
from comparison.case import case
from comparison.producing import ABC, ID, look, tell
from comparison.talk import Talk, Topic

from barnabas.protocol.messages.produce import ProduceRequest
from barnabas.protocol.record_batch import Compression
from barnabas.protocol.record_builder import BatchBuilder, build_end_txn_marker

OLDEST, NEWEST = 3, 13


@case(3, 5, 7, 8, 9, 10, 11, 12, 13)
def three_records(talk: Talk, version: int) -> None:
    tell(talk, version, ABC)


@case(3, NEWEST)
def every_acks(talk: Talk, version: int) -> None:
    topic = talk.create(replicas=[1, 2, 3])
    for acks in (1, -1):
        talk.ask(produce(version, topic, ABC, acks=acks), version)
    for acks in (2, -2, 3, 0x7FFF, -0x8000):
        talk.ask(produce(version, topic, ABC, acks=acks), version)


@case(3, NEWEST)
def acks_zero_is_not_answered(talk: Talk, version: int) -> None:
    topic = talk.create()
    talk.ask(produce(version, topic, ABC, acks=0), version, patience=0.3)
    look(talk, topic)


@case(3, NEWEST)
def acks_zero_to_no_topic_closes(talk: Talk, version: int) -> None:
    talk.ask(produce(version, NO_TOPIC, ABC, acks=0), version)


@case(NEWEST)
def acks_zero_of_a_duplicate_is_not_answered(talk: Talk, version: int) -> None:
    topic = talk.create()
    records = batch(b"a", producer_id=ID, producer_epoch=0, base_sequence=0)
    talk.ask(produce(version, topic, records), version)
    talk.ask(produce(version, topic, records, acks=0), version, patience=0.3)
    look(talk, topic)


@case(NEWEST)
def acks_zero_out_of_order_closes(talk: Talk, version: int) -> None:
    topic = talk.create()
    for sequence in (0, 5):
        records = batch(b"a", producer_id=ID, producer_epoch=0, base_sequence=sequence)
        talk.ask(produce(version, topic, records, acks=0), version, patience=0.3)
    look(talk, topic)


@case(*range(3, 14))
def unknown_topic(talk: Talk, version: int) -> None:
    talk.ask(produce(version, NO_TOPIC, ABC), version)


@case(3, 9, NEWEST)
def unknown_partition(talk: Talk, version: int) -> None:
    topic = talk.create()
    talk.ask(produce(version, topic, {1: ABC, -1: ABC, 0: ABC, 0x7FFFFFFF: ABC}), version)


@case(3, 12)
def invalid_topic_name(talk: Talk, version: int) -> None:
    for name in ("", ".", "a b", "x" * 250):
        talk.ask(produce(version, Topic(name, UNKNOWN_ID), ABC), version)


@case(NEWEST)
def zero_topic_id(talk: Talk, version: int) -> None:
    talk.ask(produce(version, Topic("", bytes(16)), ABC), version)


@case(3, 9, 10, NEWEST)
def not_the_leader(talk: Talk, version: int) -> None:
    topic = talk.create(replicas=[2, 3])
    talk.ask(produce(version, topic, ABC), version, broker=3)
    talk.ask(produce(version, topic, ABC), version, broker=1)


@case(3, NEWEST)
def bad_records_elsewhere(talk: Talk, version: int) -> None:
    """What is looked at first: whether there is such a topic, the form of the records, acks, who leads."""
    topic = talk.create(replicas=[2])
    for records in (ABC[:-1], ABC + ABC, patched(ABC, Header.CRC, 1, crc=False)):
        for acks in (-1, 2):
            talk.ask(produce(version, topic, {0: records, 5: records}, acks=acks), version)
    talk.ask(produce(version, NO_TOPIC, ABC, acks=2), version)


@case(3, NEWEST)
def no_topics(talk: Talk, version: int) -> None:
    talk.ask(ProduceRequest(acks=-1, timeout_ms=1000), version)


@case(3, NEWEST, difference="Requests that Apache Kafka never answers")
def no_partitions(talk: Talk, version: int) -> None:
    topic = talk.create()
    talk.ask(produce(version, topic, {}), version, patience=1.0)


@case(3, 9, NEWEST, difference="Requests that Apache Kafka never answers")
def null_records(talk: Talk, version: int) -> None:
    topic = talk.create()
    talk.ask(produce(version, topic, None), version, patience=1.0)


@case(3, NEWEST)
def empty_records(talk: Talk, version: int) -> None:
    tell(talk, version, b"")


@case(3, NEWEST)
def one_partition_twice(talk: Talk, version: int) -> None:
    topic = talk.create()
    request = produce(version, topic, ABC)
    request.topic_data[0].partition_data.append(ProduceRequest.PartitionProduceData(index=0, records=batch(b"other")))
    talk.ask(request, version)
    look(talk, topic)


@case(3, NEWEST)
def one_topic_twice(talk: Talk, version: int) -> None:
    topic = talk.create(partitions=2)
    request = produce(version, topic, {0: ABC})
    request.topic_data.extend(produce(version, topic, {1: ABC, 0: batch(b"other")}).topic_data)
    talk.ask(request, version)
    look(talk, topic)


@case(3, NEWEST)
def several_partitions_one_of_them_bad(talk: Talk, version: int) -> None:
    topic = talk.create(partitions=3)
    talk.ask(produce(version, topic, {2: ABC, 0: ABC[:-1], 1: ABC}), version)
    look(talk, topic, 1)


@case(3, 8, NEWEST)
def bad_crc(talk: Talk, version: int) -> None:
    tell(talk, version, patched(ABC, Header.CRC, 1, crc=False))


@case(3, 8, NEWEST)
def magics(talk: Talk, version: int) -> None:
    for magic in (0, 1, 3, -1, 127):
        topic = talk.create(str(magic + 1))
        talk.ask(produce(version, topic, patched(ABC, Header.MAGIC, magic)), version)
        look(talk, topic)


@case(NEWEST)
def lengths(talk: Talk, version: int) -> None:
    size = len(ABC) - 12
    for length in (0, -1, 13, 14, 48, 49, size - 1, size + 1, 0x40000000, -0x80000000):
        topic = talk.create(f"_{length & 0xFFFFFFFF}")
        talk.ask(produce(version, topic, patched(ABC, Header.LENGTH, length)), version)
        look(talk, topic)


@case(NEWEST)
def cut_batches(talk: Talk, version: int) -> None:
    topic = talk.create()
    for size in (1, 8, 11, 12, 16, 17, 60, 61, 62, len(ABC) - 1):
        talk.ask(produce(version, topic, ABC[:size]), version)
    look(talk, topic)


@case(3, NEWEST)
def bytes_after_the_batch(talk: Talk, version: int) -> None:
    topic = talk.create()
    for more in (b"\0", b"x" * 11, b"x" * 12, b"\0" * 12, b"\0" * 100, ABC[:-1], ABC[:61], ABC[:20]):
        talk.ask(produce(version, topic, ABC + more), version)
    look(talk, topic)


@case(3, 8, NEWEST)
def two_batches(talk: Talk, version: int) -> None:
    tell(talk, version, ABC + ABC)


@case(8, NEWEST)
def base_offset(talk: Talk, version: int) -> None:
    topic = talk.create()
    for offset in (1, -1, 1 << 40):
        talk.ask(produce(version, topic, patched(ABC, Header.BASE_OFFSET, offset)), version)
    look(talk, topic)


@case(8, NEWEST)
def counts(talk: Talk, version: int) -> None:
    topic = talk.create()
    for count in (0, -1, 2, 4, 0x7FFFFFFF):
        talk.ask(produce(version, topic, patched(ABC, Header.COUNT, count)), version)
    look(talk, topic)


@case(8, NEWEST)
def last_offset_deltas(talk: Talk, version: int) -> None:
    topic = talk.create()
    for delta in (-1, 0, 1, 3, 0x7FFFFFFF, -0x80000000):
        talk.ask(produce(version, topic, patched(ABC, Header.LAST_OFFSET_DELTA, delta)), version)
    look(talk, topic)


@case(8, NEWEST)
def counts_that_agree_but_are_wrong(talk: Talk, version: int) -> None:
    topic = talk.create()
    for count in (0, 1, 2, 1000):
        records = patched(patched(ABC, Header.LAST_OFFSET_DELTA, count - 1), Header.COUNT, count)
        if count != 2:  # see the case of its own
            talk.ask(produce(version, topic, records), version)
    look(talk, topic)


@case(NEWEST, difference="What a batch's header does not show")
def a_count_below_the_records(talk: Talk, version: int) -> None:
    topic = talk.create()
    records = patched(patched(ABC, Header.LAST_OFFSET_DELTA, 1), Header.COUNT, 2)
    talk.ask(produce(version, topic, records), version)


@case(NEWEST)
def no_records_in_a_batch(talk: Talk, version: int) -> None:
    topic = talk.create()
    talk.ask(produce(version, topic, with_body(ABC, b"", 0)), version)
    talk.ask(produce(version, topic, with_body(ABC, b"", 1)), version)
    look(talk, topic)


@case(NEWEST)
def garbage_for_a_record(talk: Talk, version: int) -> None:
    topic = talk.create()
    for body in (b"\0", b"\x02\0", b"\x01" * 20, b"\0" * 20, ABC[61:-1] + b"\xff\xff"):
        talk.ask(produce(version, topic, with_body(ABC, body)), version)
    look(talk, topic)


@case(NEWEST, difference="UNKNOWN_SERVER_ERROR")
def lengths_that_overflow(talk: Talk, version: int) -> None:
    topic = talk.create()
    talk.ask(produce(version, topic, patched(ABC, Header.LENGTH, 0x7FFFFFFF)), version)
    talk.ask(produce(version, topic, with_body(ABC, b"\xff" * 20)), version)


@case(8, NEWEST)
def descending_offset_deltas(talk: Talk, version: int) -> None:
    first, second, third = split_records(ABC)
    tell(talk, version, with_body(ABC, third + second + first, 3))


def split_records(records: bytes) -> list[bytes]:
    """The records of an uncompressed batch whose lengths take one byte each."""
    found, position = [], 61
    while position < len(records):
        end = position + 1 + records[position] // 2
        found.append(records[position:end])
        position = end
    return found


@case(NEWEST)
def attributes(talk: Talk, version: int) -> None:
    topic = talk.create()
    for bits in (0x40, 0x80, 0x100, 0x4000, -0x8000):
        talk.ask(produce(version, topic, patched(ABC, Header.ATTRIBUTES, bits)), version)
    look(talk, topic)


@case(8, NEWEST)
def log_append_time_set_by_the_producer(talk: Talk, version: int) -> None:
    tell(talk, version, patched(ABC, Header.ATTRIBUTES, 0x08))


@case(8, NEWEST)
def control_batch(talk: Talk, version: int) -> None:
    topic = talk.create()
    talk.ask(produce(version, topic, patched(ABC, Header.ATTRIBUTES, 0x20)), version)
    marker = build_end_txn_marker(True, producer_id=ID, producer_epoch=0, coordinator_epoch=0, timestamp=TIME)
    talk.ask(produce(version, topic, bytes(marker)), version)
    look(talk, topic)


@case(3, 8, NEWEST)
def transactional_without_an_id(talk: Talk, version: int) -> None:
    topic = talk.create()
    records = batch(b"a", producer_id=ID, producer_epoch=0, base_sequence=0, transactional=True)
    talk.ask(produce(version, topic, records), version)
    talk.ask(produce(version, topic, {0: ABC, 7: records}), version)
    look(talk, topic)


@case(8, NEWEST, difference="Transactional batches without a producer id")
def transactional_without_a_producer_id(talk: Talk, version: int) -> None:
    topic = talk.create()
    talk.ask(produce(version, topic, patched(ABC, Header.ATTRIBUTES, 0x10), transactional_id="t"), version)
    look(talk, topic)


@case(3, NEWEST)
def a_transactional_id_without_a_transaction(talk: Talk, version: int) -> None:
    topic = talk.create()
    talk.ask(produce(version, topic, ABC, transactional_id="t"), version)
    talk.ask(produce(version, topic, ABC, transactional_id=""), version)
    look(talk, topic)


@case(8, NEWEST)
def timestamps_wrong_in_the_header(talk: Talk, version: int) -> None:
    topic = talk.create()
    for latest in (TIME - 1, -1):
        talk.ask(produce(version, topic, patched(ABC, Header.MAX_TIMESTAMP, latest)), version)
    look(talk, topic)


@case(NEWEST)
def odd_timestamps(talk: Talk, version: int) -> None:
    topic = talk.create()
    for moment in (-1, -2, 0, -(1 << 62)):
        talk.ask(produce(version, topic, batch(b"a", time=moment)), version)
    look(talk, topic)


@case(3, 8, NEWEST)
def timestamps_in_the_future(talk: Talk, version: int) -> None:
    now_ms = int(time.time() * 1000)
    topic = talk.create()
    talk.ask(produce(version, topic, batch(b"a", time=now_ms + 7_200_000)), version)
    talk.ask(produce(version, topic, batch(b"a", b"b", b"c", time=now_ms + 3_598_500 + 30_000)), version)
    look(talk, topic)


@case(8, NEWEST)
def timestamps_too_old(talk: Talk, version: int) -> None:
    tell(talk, version, ABC, message_timestamp_before_max_ms="1000")


@case(NEWEST)
def timestamps_too_old_for_the_broker_but_appended_by_it(talk: Talk, version: int) -> None:
    tell(talk, version, ABC, message_timestamp_before_max_ms="1000", message_timestamp_type="LogAppendTime")


@case(3, 8, NEWEST)
def log_append_time(talk: Talk, version: int) -> None:
    topic = talk.create(configs={"message.timestamp.type": "LogAppendTime"})
    for codec in (Compression.NONE, Compression.LZ4):
        talk.ask(produce(version, topic, batch(b"a", b"b", codec=codec)), version)
    talk.ask(produce(version, topic, patched(ABC, Header.ATTRIBUTES, 0x08)), version)
    look(talk, topic)


@case(3, 8, NEWEST)
def compacted_topic_wants_keys(talk: Talk, version: int) -> None:
    topic = talk.create(configs={"cleanup.policy": "compact"})
    talk.ask(produce(version, topic, ABC), version)
    for keys in ([None], [b"k", None, b"k", None]):
        builder = BatchBuilder()
        for key in keys:
            builder.append(TIME, key, b"v")
        talk.ask(produce(version, topic, bytes(builder.build())), version)
    look(talk, topic)


@case(NEWEST)
def compacted_and_compressed(talk: Talk, version: int) -> None:
    topic = talk.create(configs={"cleanup.policy": "compact,delete"})
    builder = BatchBuilder(Compression.GZIP)
    builder.append(TIME, None, b"v")
    talk.ask(produce(version, topic, bytes(builder.build())), version)
    talk.ask(produce(version, topic, batch(b"a", codec=Compression.GZIP)), version)
    look(talk, topic)


@case(3, 8, NEWEST)
def too_large(talk: Talk, version: int) -> None:
    topic = talk.create(configs={"max.message.bytes": str(len(ABC))})
    talk.ask(produce(version, topic, ABC), version)
    talk.ask(produce(version, topic, batch(b"a", b"b", b"cc")), version)
    talk.ask(produce(version, topic, batch(b"a" * 1000, codec=Compression.GZIP)), version)
    look(talk, topic)


@case(3, 8, NEWEST)
def too_large_for_a_segment(talk: Talk, version: int) -> None:
    topic = talk.create(configs={"segment.bytes": str(1 << 20), "max.message.bytes": str(4 << 20)})
    talk.ask(produce(version, topic, batch(b"a" * (2 << 20))), version)
    talk.ask(produce(version, topic, ABC), version)
    look(talk, topic)


@case(NEWEST)
def above_message_max_bytes(talk: Talk, version: int) -> None:
    topic = talk.create()
    talk.ask(produce(version, topic, batch(b"a" * 1_048_588)), version)
    look(talk, topic)


@case(NEWEST)
def odd_records(talk: Talk, version: int) -> None:
    topic = talk.create()
    builder = BatchBuilder()
    builder.append(TIME, None, None)
    builder.append(TIME, b"", b"")
    builder.append(TIME - 5, b"k", b"v", [("h", b"1"), ("h", None), ("", b"")])
    talk.ask(produce(version, topic, bytes(builder.build())), version)
    look(talk, topic)


@case(3, NEWEST)
def not_enough_replicas(talk: Talk, version: int) -> None:
    topic = talk.create(configs={"min.insync.replicas": "2"})
    for acks in (-1, 1):
        talk.ask(produce(version, topic, ABC, acks=acks), version)
    look(talk, topic)


@case(3, NEWEST)
def min_insync_replicas_above_the_replicas(talk: Talk, version: int) -> None:
    topic = talk.create(replicas=[1, 2], configs={"min.insync.replicas": "3"})
    talk.ask(produce(version, topic, ABC), version)


@case(3, NEWEST)
def internal_topics(talk: Talk, version: int) -> None:
    talk.ask(produce(min(version, 12), Topic("__cluster_metadata", UNKNOWN_ID), ABC), min(version, 12))
    talk.ask(produce(min(version, 12), Topic("__no_such_topic", UNKNOWN_ID), ABC), min(version, 12))


@case(NEWEST)
def zero_and_negative_timeouts(talk: Talk, version: int) -> None:
    topic = talk.create()
    for timeout_ms in (0, -1, -0x80000000):
        talk.ask(produce(version, topic, ABC, timeout_ms=timeout_ms), version)
