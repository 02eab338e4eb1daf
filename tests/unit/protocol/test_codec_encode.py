"""Encoding: parts, defaults of tagged fields, and what does not fit a version or a field."""

from __future__ import annotations

import struct
from typing import Any

import pytest

from barnabas.protocol import codec
from barnabas.protocol.errors import LocalProtocolError
from barnabas.protocol.message import Message
from barnabas.protocol.messages.consumer_group_member_metadata_value import ConsumerGroupMemberMetadataValue
from barnabas.protocol.messages.create_topics import CreateTopicsRequest
from barnabas.protocol.messages.fetch import FetchRequest, FetchResponse
from barnabas.protocol.messages.find_coordinator import FindCoordinatorRequest
from barnabas.protocol.messages.metadata import MetadataRequest
from barnabas.protocol.messages.produce import ProduceRequest, ProduceResponse
from barnabas.protocol.messages.streams_group_metadata_value import StreamsGroupMetadataValue
from barnabas.protocol.messages.transaction_log_value import TransactionLogValue
from barnabas.protocol.types import FileSlice


def produce(**fields: Any) -> ProduceRequest:
    partition = ProduceRequest.PartitionProduceData(**fields)
    return ProduceRequest(topic_data=[ProduceRequest.TopicProduceData(name="t", partition_data=[partition])])


def fetched(*records: Any) -> FetchResponse:
    partitions = [FetchResponse.PartitionData(partition_index=index, records=r) for index, r in enumerate(records)]
    return FetchResponse(responses=[FetchResponse.FetchableTopicResponse(partitions=partitions)])


def test_records_are_parts_of_their_own() -> None:
    first, second = memoryview(b"first"), bytearray(b"second")
    parts = codec.encode_parts(fetched(first, None, second, b""), 12)
    assert [type(part) for part in parts] == [bytearray, memoryview, bytearray, bytearray, bytearray]
    assert parts[1] is first
    assert parts[3] is second
    assert b"".join(parts) == codec.encode(fetched(first, None, second, b""), 12)  # type: ignore[arg-type]


def test_a_message_ending_in_records_has_no_empty_part() -> None:
    parts = codec.encode_parts(produce(records=b"batch"), 7)
    assert parts[1:] == [b"batch"]


def test_a_files_slice_counts_with_its_size_and_is_passed_through() -> None:
    piece = FileSlice(9, 4096, 1_000_000)
    parts = codec.encode_parts(fetched(piece), 4)
    assert parts[1] is piece
    head = parts[0]
    assert isinstance(head, bytearray)
    assert head[-4:] == struct.pack(">i", 1_000_000)
    with pytest.raises(LocalProtocolError, match=r"FetchResponse holds a file's slice"):
        codec.encode(fetched(piece), 4)


def test_tagged_fields_equal_to_their_default_are_left_out() -> None:
    response = ProduceResponse(
        responses=[
            ProduceResponse.TopicProduceResponse(partition_responses=[ProduceResponse.PartitionProduceResponse()])
        ]
    )
    plain = codec.encode(response, 10)
    response.responses[0].partition_responses[0].current_leader.leader_epoch = 4
    assert len(codec.encode(response, 10)) == len(plain) + 2 + struct.calcsize(">ii") + 1


def test_a_tagged_nullable_struct_has_the_empty_struct_as_default() -> None:
    tags_at = len(codec.encode(ConsumerGroupMemberMetadataValue(), 0)) - 1
    assert codec.encode(ConsumerGroupMemberMetadataValue(), 0)[tags_at:] == b"\x00"
    null = ConsumerGroupMemberMetadataValue(classic_member_metadata=None)
    assert codec.encode(null, 0)[tags_at:] == b"\x01\x00\x01\x00"
    metadata = ConsumerGroupMemberMetadataValue.ClassicMemberMetadata(session_timeout_ms=7)
    full = ConsumerGroupMemberMetadataValue(classic_member_metadata=metadata)
    assert codec.encode(full, 0)[tags_at:] == b"\x01\x00\x07" + b"\x01\x00\x00\x00\x07\x01\x00"
    for message in (ConsumerGroupMemberMetadataValue(), null, full):
        assert codec.decode(ConsumerGroupMemberMetadataValue, 0, codec.encode(message, 0))[0] == message


def test_a_tagged_nullable_array_has_the_empty_array_as_default() -> None:
    tags_at = len(codec.encode(StreamsGroupMetadataValue(), 0)) - 1
    assert codec.encode(StreamsGroupMetadataValue(), 0)[tags_at:] == b"\x00"
    null = StreamsGroupMetadataValue(last_assignment_configs=None)
    assert codec.encode(null, 0)[tags_at:] == b"\x01\x01\x01\x00"


def test_a_field_without_versions_has_those_of_its_tag() -> None:
    plain = codec.encode(TransactionLogValue(), 1)
    tagged = codec.encode(TransactionLogValue(previous_producer_id=3), 1)
    assert tagged == plain[:-1] + b"\x01\x00\x08" + struct.pack(">q", 3)
    with pytest.raises(LocalProtocolError, match=r"TransactionLogValue\.previous_producer_id at version 0"):
        codec.encode(TransactionLogValue(previous_producer_id=3), 0)


def test_an_ignorable_field_is_left_out_silently() -> None:
    topic = FetchRequest.FetchTopic(topic="t", topic_id=b"i" * 16)
    by_name = codec.decode(FetchRequest, 12, codec.encode(FetchRequest(topics=[topic]), 12))[0].topics[0]
    by_id = codec.decode(FetchRequest, 13, codec.encode(FetchRequest(topics=[topic]), 13))[0].topics[0]
    assert (by_name.topic, by_name.topic_id) == ("t", bytes(16))
    assert (by_id.topic, by_id.topic_id) == ("", b"i" * 16)


def test_a_field_that_is_not_ignorable_must_not_be_set() -> None:
    with pytest.raises(LocalProtocolError, match=r"FindCoordinatorRequest\.coordinator_keys at version 3"):
        codec.encode(FindCoordinatorRequest(coordinator_keys=["a"]), 3)
    assert codec.encode(FindCoordinatorRequest(key="a"), 3) == b"\x02a\x00\x00"


def test_fields_of_other_versions_decode_to_their_defaults() -> None:
    message = codec.decode(CreateTopicsRequest, 2, codec.encode(CreateTopicsRequest(timeout_ms=5), 2))[0]
    assert message == CreateTopicsRequest(timeout_ms=5)
    request = codec.decode(FetchRequest, 4, codec.encode(FetchRequest(replica_id=2), 4))[0]
    assert (request.replica_id, request.session_epoch, request.rack_id, request.cluster_id) == (2, -1, "", None)
    assert request.replica_state == FetchRequest.ReplicaState(replica_id=-1, replica_epoch=-1)


@pytest.mark.parametrize(
    ("message", "path"),
    [
        (ProduceRequest(acks=2**15), "ProduceRequest.acks"),
        (ProduceRequest(timeout_ms="1"), "ProduceRequest"),  # type: ignore[arg-type]
        (ProduceRequest(transactional_id=b"bytes"), "ProduceRequest.transactional_id"),  # type: ignore[arg-type]
        (ProduceRequest(transactional_id="\ud800"), "ProduceRequest.transactional_id"),
        (ProduceRequest(transactional_id="x" * 32768), "ProduceRequest.transactional_id"),
        (produce(records=17), "ProduceRequest.topic_data[].partition_data[].records"),
        (produce(index=None), "ProduceRequest.topic_data[].partition_data[].index"),
        (
            ProduceRequest(topic_data=[ProduceRequest.TopicProduceData(name=None)]),  # type: ignore[arg-type]
            "ProduceRequest.topic_data[].name",
        ),
        (ProduceRequest(topic_data=[None]), "ProduceRequest.topic_data[].name"),  # type: ignore[list-item]
    ],
)
def test_a_value_that_does_not_fit_is_our_error(message: Message, path: str) -> None:
    with pytest.raises(LocalProtocolError) as caught:
        codec.encode(message, 9)
    assert str(caught.value).startswith(path)


def test_a_uuid_must_have_16_bytes() -> None:
    request = MetadataRequest(topics=[MetadataRequest.MetadataRequestTopic(topic_id=b"short")])
    with pytest.raises(LocalProtocolError, match="uuid of 5 bytes"):
        codec.encode(request, 12)


@pytest.mark.parametrize("version", [-1, 2, 14])
def test_a_version_that_does_not_exist_is_our_error(version: int) -> None:
    with pytest.raises(LocalProtocolError, match=f"ProduceRequest has versions 3 to 13, not {version}"):
        codec.encode(ProduceRequest(), version)
    with pytest.raises(LocalProtocolError):
        codec.decode(ProduceRequest, version, b"")


def test_encoding_leaves_the_message_as_it_was() -> None:
    message = fetched(memoryview(b"abc"))
    codec.encode(message, 12)
    assert message == fetched(memoryview(b"abc"))
