"""Whatever the bytes are, decoding raises MalformedMessage or nothing."""

from __future__ import annotations

import struct
import tracemalloc
from collections.abc import Callable
from random import Random

import pytest

from barnabas.protocol import codec
from barnabas.protocol.errors import MalformedMessage, RemoteProtocolError
from barnabas.protocol.message import Message
from barnabas.protocol.messages import message_class
from barnabas.protocol.messages.fetch import FetchResponse
from barnabas.protocol.messages.metadata import MetadataRequest
from barnabas.protocol.messages.produce import ProduceRequest
from barnabas.protocol.messages.vote import VoteResponse

Make = Callable[[type[Message], int, int], Message]
Cases = list[tuple[type[Message], int]]

KNOWN_LONG = 400
"""Bytes of a message up to which every cut is tried; of longer ones, every cut of the two ends."""


def try_decode(cls: type[Message], version: int, data: bytes) -> MalformedMessage | None:
    """Decode; the error, if it is one. Any other exception fails the test."""
    try:
        codec.decode(cls, version, data)
    except MalformedMessage as error:
        caught = error
    else:
        return None
    assert 0 <= caught.offset <= len(data)
    assert caught.path == cls.NAME or caught.path.startswith(f"{cls.NAME}.")
    assert "{" not in str(caught)
    return caught


def malformed(cls: type[Message], version: int, data: bytes) -> MalformedMessage:
    error = try_decode(cls, version, data)
    assert error is not None
    return error


def test_every_cut_of_every_message_is_malformed(cases: Cases, make_message: Make) -> None:
    for cls, version in cases:
        data = codec.encode(make_message(cls, version, 100), version)
        for cut in range(len(data)):
            if cut < KNOWN_LONG or len(data) - cut < 10:
                assert try_decode(cls, version, data[:cut]) is not None, (cls, version, cut)


def test_random_bytes_and_damaged_messages_raise_nothing_else(cases: Cases, make_message: Make) -> None:
    random = Random(7)
    for cls, version in cases:
        whole = codec.encode(make_message(cls, version, 200), version)[:2000]
        for _ in range(12):
            try_decode(cls, version, random.randbytes(random.randint(0, 60)))
            damaged = bytearray(whole)
            for _ in range(random.randint(1, 4)):
                position = random.randint(0, len(damaged))
                junk = random.choice((b"\xff", b"\x7f", b"\x80", b"\x00", b"\x7f\xff\xff\xff", random.randbytes(3)))
                damaged[position : position + random.randint(0, 4)] = junk
            try_decode(cls, version, bytes(damaged))


@pytest.mark.parametrize("filler", [b"\x7f", b"\xff", b"\xff\xff\xff\xff\x07", b"\x00", b"\x01", b"\x02"])
def test_huge_lengths_allocate_nothing(filler: bytes, cases: Cases) -> None:
    data = filler * (60 // len(filler))
    for cls, version in cases:
        codec.prepare(cls, version)
    tracemalloc.start()
    try:
        for cls, version in cases:
            tracemalloc.reset_peak()
            before = tracemalloc.get_traced_memory()[0]
            try_decode(cls, version, data)
            assert tracemalloc.get_traced_memory()[1] - before < 100_000, (cls, version)
    finally:
        tracemalloc.stop()


def test_the_error_tells_offset_and_path() -> None:
    topic = ProduceRequest.TopicProduceData(
        name="orders",
        partition_data=[ProduceRequest.PartitionProduceData(index=index, records=b"12345678") for index in range(3)],
    )
    data = codec.encode(ProduceRequest(acks=1, topic_data=[topic, topic]), 7)
    error = malformed(ProduceRequest, 7, data[:-1])
    assert error.path == "ProduceRequest.topic_data[1].partition_data[2].records"
    assert error.offset == len(data) - 8
    assert str(error) == (
        f"ProduceRequest.topic_data[1].partition_data[2].records: 8 bytes announced, 7 left (at byte {len(data) - 8})"
    )
    assert isinstance(error, RemoteProtocolError)


def test_in_a_run_of_numbers_the_first_that_does_not_fit_is_named() -> None:
    data = codec.encode(ProduceRequest(transactional_id="t"), 7)
    assert malformed(ProduceRequest, 7, data[:4]).path == "ProduceRequest.acks"
    assert malformed(ProduceRequest, 7, data[:5]).path == "ProduceRequest.timeout_ms"
    assert malformed(ProduceRequest, 7, data[:10]).path == "ProduceRequest.topic_data"


@pytest.mark.parametrize("length", [1, 8, 2**31 - 1])
def test_an_array_longer_than_the_bytes_left(length: int) -> None:
    error = malformed(MetadataRequest, 1, struct.pack(">i", length))
    assert (error.path, error.offset) == ("MetadataRequest.topics", 4)
    assert error.reason == f"{length} elements announced, 0 bytes left"


@pytest.mark.parametrize("length", [-1, -2, -(2**31)])
def test_any_negative_length_is_null_where_null_is_allowed(length: int) -> None:
    message, end = codec.decode(MetadataRequest, 1, struct.pack(">i", length))
    assert (message.topics, end) == (None, 4)
    message, _ = codec.decode(MetadataRequest, 9, b"\xff\xff\xff\xff\x0f\x01\x00\x00\x00")
    assert message.topics is None
    error = malformed(MetadataRequest, 0, struct.pack(">i", length))
    assert error.reason == f"length {length} of a field that is never null"


def test_invalid_utf8_in_a_body() -> None:
    error = malformed(MetadataRequest, 1, b"\x00\x00\x00\x02" + b"\x00\x02ok" + b"\x00\x02o\xff")
    assert (error.path, error.offset) == ("MetadataRequest.topics[1].name", 10)
    assert error.reason.startswith("invalid UTF-8")


def test_a_string_longer_than_kafka_reads() -> None:
    longest = b"\x02" + bytes(16) + b"\x80\x80\x02" + b"a" * 0x7FFF + b"\x00\x00\x00\x00\x00"
    assert codec.decode(MetadataRequest, 12, longest)[0].topics[0].name == "a" * 0x7FFF  # type: ignore[index]
    longer = b"\x02" + bytes(16) + b"\x81\x80\x02" + b"a" * 0x8000 + b"\x00\x00\x00\x00\x00"
    assert malformed(MetadataRequest, 12, longer).path == "MetadataRequest.topics[0].name"


def test_a_varint_of_six_bytes() -> None:
    assert malformed(MetadataRequest, 9, b"\x81\x80\x80\x80\x80\x00").reason == "varint longer than five bytes"


VOTE = codec.encode(VoteResponse(error_code=3), 1)[:-1]
ENDPOINT = b"\x02" + b"\x00\x00\x00\x05\x02h\x23\x84\x00"
"""One node endpoint: id 5, host "h", port 9092."""


def test_unknown_tagged_fields_are_skipped() -> None:
    data = VOTE + b"\x03" + b"\x00" + bytes((len(ENDPOINT),)) + ENDPOINT + b"\x07\x03abc" + b"\xff\x01\x00"
    message, end = codec.decode(VoteResponse, 1, data + b"more")
    assert end == len(data)
    assert message == VoteResponse(
        error_code=3, node_endpoints=[VoteResponse.NodeEndpoint(node_id=5, host="h", port=9092)]
    )


def test_the_last_of_a_tag_given_twice_counts() -> None:
    data = VOTE + b"\x02" + b"\x00" + bytes((len(ENDPOINT),)) + ENDPOINT + b"\x00\x01\x01"
    assert codec.decode(VoteResponse, 1, data)[0] == VoteResponse(error_code=3)


@pytest.mark.parametrize(
    ("tags", "reason", "path"),
    [
        (b"\x01\x07\x04abc", "tagged field of 4 bytes with 3 left", ""),
        (b"\x01\x07\xff\xff\xff\xff\x0fabc", "tagged field of -1 bytes with 3 left", ""),
        (b"\xff\xff\xff\xff\x07\x07\x01a", "ends too early, 11 bytes long", ""),
        (b"\x01\x00\x02\x01\x00", "tagged field 0 ends at 7, not at 8", ""),
        (b"\x01\x00\x0b" + ENDPOINT + b"\x00", "tagged field 0 ends at 16, not at 17", ""),
        (b"\x01\x00\x09" + ENDPOINT, "tagged field 0 ends at 16, not at 15", ""),
        (b"\x01\x00\x0a" + ENDPOINT[:-1], "tagged field of 10 bytes with 9 left", ""),
        (b"\x01\x00\x03\x02\x00\x00", "1 elements announced, 2 bytes left", ".node_endpoints"),
    ],
)
def test_the_length_of_tagged_fields_is_checked(tags: bytes, reason: str, path: str) -> None:
    assert len(VOTE) == 3
    error = malformed(VoteResponse, 1, VOTE + tags)
    assert (error.reason, error.path) == (reason, f"VoteResponse{path}")


def test_records_are_slices_of_the_frame() -> None:
    partition = FetchResponse.PartitionData(records=b"records")
    response = FetchResponse(responses=[FetchResponse.FetchableTopicResponse(partitions=[partition])])
    frame = bytearray(b"head" + codec.encode(response, 16))
    records = codec.decode(FetchResponse, 16, memoryview(frame), 4)[0].responses[0].partitions[0].records
    assert records is not None
    assert records.obj is frame
    records[:3] = b"REC"
    assert b"RECords" in frame


def test_records_of_an_immutable_frame_are_read_only() -> None:
    partition = FetchResponse.PartitionData(records=b"records")
    response = FetchResponse(responses=[FetchResponse.FetchableTopicResponse(partitions=[partition])])
    frame = codec.encode(response, 16)
    records = codec.decode(FetchResponse, 16, frame)[0].responses[0].partitions[0].records
    assert records is not None
    assert records.readonly
    assert records.obj is frame


def test_a_nullable_struct_is_told_by_its_first_byte() -> None:
    cls = message_class("DescribeTopicPartitionsRequest")
    head = b"\x01" + struct.pack(">i", 10)
    for byte, null in ((b"\xff", True), (b"\x80", True), (b"\x00", False), (b"\x01", False), (b"\x7f", False)):
        cursor = b"" if null else b"\x02t" + struct.pack(">i", 1) + b"\x00"
        message = codec.decode(cls, 0, head + byte + cursor + b"\x00")[0]
        assert (message.cursor is None) == null  # type: ignore[attr-defined]
