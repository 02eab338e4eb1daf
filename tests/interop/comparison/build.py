"""Requests and record batches in a few words, also wrong ones."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping
from typing import Any

from comparison.talk import Topic
from crc32c import crc32c

from barnabas.protocol.messages.fetch import FetchRequest
from barnabas.protocol.messages.list_offsets import ListOffsetsRequest
from barnabas.protocol.messages.metadata import MetadataRequest
from barnabas.protocol.messages.produce import ProduceRequest
from barnabas.protocol.record_batch import Compression
from barnabas.protocol.record_builder import BatchBuilder

TIME = 1_700_000_000_000
"""The time of the first record that cases write, ms; each further one is a second later."""
UNKNOWN_ID = bytes(range(1, 17))
NO_TOPIC = Topic("no-such-topic", UNKNOWN_ID)

Parts = Mapping[int, "bytes | None"]
_CRC_POSITION, _CRC_FROM = 17, 21


class Header:
    """Places in the header of a record batch: format and position, for `patched`."""

    BASE_OFFSET = (">q", 0)
    LENGTH = (">i", 8)
    LEADER_EPOCH = (">i", 12)
    MAGIC = (">b", 16)
    CRC = (">I", 17)
    ATTRIBUTES = (">h", 21)
    LAST_OFFSET_DELTA = (">i", 23)
    BASE_TIMESTAMP = (">q", 27)
    MAX_TIMESTAMP = (">q", 35)
    PRODUCER_ID = (">q", 43)
    PRODUCER_EPOCH = (">h", 51)
    BASE_SEQUENCE = (">i", 53)
    COUNT = (">i", 57)


def batch(*values: bytes, codec: Compression = Compression.NONE, time: int = TIME, **header: Any) -> bytes:
    """A batch of records with these values, keys k0, k1, ... and times a second apart; `header` as BatchBuilder."""
    builder = BatchBuilder(codec, **header)
    for number, value in enumerate(values):
        builder.append(time + 1000 * number, b"k%d" % number, value)
    return bytes(builder.build())


def patched(records: bytes, place: tuple[str, int], value: int, *, crc: bool = True) -> bytes:
    """The batch with another number in its header; its CRC is made right again, unless it is not to be."""
    data = bytearray(records)
    struct.pack_into(place[0], data, place[1], value)
    if crc:
        struct.pack_into(">I", data, _CRC_POSITION, crc32c(memoryview(data)[_CRC_FROM:]))
    return bytes(data)


def with_body(records: bytes, body: bytes, count: int = 1) -> bytes:
    """The batch's header with other records, its length and CRC right."""
    data = patched(records[:61] + body, Header.LENGTH, 61 - 12 + len(body), crc=False)
    data = patched(data, Header.LAST_OFFSET_DELTA, count - 1, crc=False)
    return patched(data, Header.COUNT, count)


def produce(
    version: int,
    topic: Topic,
    records: bytes | Parts | None,
    *,
    acks: int = -1,
    timeout_ms: int = 10_000,
    transactional_id: str | None = None,
) -> ProduceRequest:
    """Batches for the partitions of one topic; bytes alone are for partition 0."""
    parts = records if isinstance(records, Mapping) else {0: records}
    data = [ProduceRequest.PartitionProduceData(index=index, records=part) for index, part in parts.items()]
    named = {"topic_id": topic.id} if version >= 13 else {"name": topic.name}
    return ProduceRequest(
        acks=acks,
        timeout_ms=timeout_ms,
        transactional_id=transactional_id,
        topic_data=[ProduceRequest.TopicProduceData(partition_data=data, **named)],
    )


def wanted(partition: int = 0, offset: int = 0, max_bytes: int = 1 << 20, **rest: Any) -> FetchRequest.FetchPartition:
    return FetchRequest.FetchPartition(partition=partition, fetch_offset=offset, partition_max_bytes=max_bytes, **rest)


def fetch(
    version: int,
    *topics: tuple[Topic, Iterable[FetchRequest.FetchPartition]],
    forgotten: Iterable[tuple[Topic, Iterable[int]]] = (),
    session: tuple[int, int] | None = None,
    max_wait_ms: int = 0,
    min_bytes: int = 0,
    max_bytes: int = 1 << 24,
    **rest: Any,
) -> FetchRequest:
    """A fetch of these partitions; without a session, unless `session` gives its id and epoch."""
    if session is not None:
        rest |= {"session_id": session[0], "session_epoch": session[1]}
    elif version >= 7:
        rest["session_epoch"] = -1
    return FetchRequest(
        max_wait_ms=max_wait_ms,
        min_bytes=min_bytes,
        max_bytes=max_bytes,
        topics=[FetchRequest.FetchTopic(partitions=parts, **_fetched(version, topic)) for topic, parts in topics],
        forgotten_topics_data=[
            FetchRequest.ForgottenTopic(partitions=indexes, **_fetched(version, topic)) for topic, indexes in forgotten
        ],
        **rest,
    )


def _fetched(version: int, topic: Topic) -> dict[str, Any]:
    return {"topic_id": topic.id} if version >= 13 else {"topic": topic.name}


def list_offsets(
    topic: str, *timestamps: int, partition: int = 0, epoch: int = -1, replica_id: int = -1, isolation_level: int = 0
) -> list[ListOffsetsRequest]:
    """One request for each timestamp, because a partition may stand only once in a request."""
    return [
        ListOffsetsRequest(
            replica_id=replica_id,
            isolation_level=isolation_level,
            topics=[
                ListOffsetsRequest.ListOffsetsTopic(
                    name=topic,
                    partitions=[
                        ListOffsetsRequest.ListOffsetsPartition(
                            partition_index=partition, current_leader_epoch=epoch, timestamp=timestamp
                        )
                    ],
                )
            ],
        )
        for timestamp in timestamps
    ]


def metadata(*names: str, **rest: Any) -> MetadataRequest:
    """Metadata of these topics, none of which is created."""
    rest.setdefault("allow_auto_topic_creation", False)
    return MetadataRequest(topics=[MetadataRequest.MetadataRequestTopic(name=name) for name in names], **rest)
