"""Records of the internal topics: Kafka's types, Kafka's versions, byte for byte."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

import pytest

from barnabas.broker.coordinator.records import OFFSETS, TRANSACTIONS, Record, RecordCodec
from barnabas.protocol.errors import LocalProtocolError, MalformedMessage
from barnabas.protocol.message import Message
from barnabas.protocol.messages.consumer_group_metadata_key import ConsumerGroupMetadataKey
from barnabas.protocol.messages.consumer_group_metadata_value import ConsumerGroupMetadataValue
from barnabas.protocol.messages.group_metadata_key import GroupMetadataKey
from barnabas.protocol.messages.group_metadata_value import GroupMetadataValue
from barnabas.protocol.messages.offset_commit_key import OffsetCommitKey
from barnabas.protocol.messages.offset_commit_value import OffsetCommitValue
from barnabas.protocol.messages.transaction_log_key import TransactionLogKey
from barnabas.protocol.messages.transaction_log_value import TransactionLogValue


def schema_types() -> dict[str, int]:
    """Name without Key -> type, of every coordinator's record that Kafka's definitions know."""
    text = files("barnabas.protocol").joinpath("schema", "messages.json").read_text(encoding="utf-8")
    return {
        message["name"].removesuffix("Key"): message["apiKey"]
        for message in json.loads(text)
        if message["type"] == "coordinator-key"
    }


def test_every_type_of_kafka_is_known() -> None:
    known = {name: number for codec in (OFFSETS, TRANSACTIONS) for number, name in codec._types.items()}
    assert known == {
        name: number for name, number in schema_types().items() if not name.startswith(("ShareSnap", "ShareUp"))
    }


@pytest.mark.parametrize(
    ("codec", "number"),
    [
        (codec, number)
        for codec in (OFFSETS, TRANSACTIONS)
        for number in codec._types
        if number or codec is TRANSACTIONS
    ],
)
def test_each_type_comes_back(codec: RecordCodec, number: int) -> None:
    key_class, value_class = codec._load(number)
    record = Record(key_class(), value_class())
    key, value = codec.encode(record)
    assert key[:2] == number.to_bytes(2, "big")
    assert codec.decode(key, value) == record
    assert codec.decode(key, None) == Record(record.key, None)


@pytest.mark.parametrize(
    ("codec", "key", "value", "key_bytes", "value_bytes"),
    [
        pytest.param(
            OFFSETS,
            OffsetCommitKey(group="g", topic="t", partition=3),
            OffsetCommitValue(offset=10, leader_epoch=2, metadata="m", commit_timestamp=7),
            "0001 0001 67 0001 74 00000003",
            "0004 000000000000000a 00000002 02 6d 0000000000000007 00",
            id="an offset",
        ),
        pytest.param(
            OFFSETS,
            OffsetCommitKey(group="g", topic="t"),
            OffsetCommitValue(offset=10, commit_timestamp=7, topic_id=bytes(range(16))),
            "0001 0001 67 0001 74 00000000",
            "0004 000000000000000a ffffffff 01 0000000000000007 01 00 10 000102030405060708090a0b0c0d0e0f",
            id="an offset with a topic id",
        ),
        pytest.param(
            OFFSETS,
            OffsetCommitKey(group="g", topic="t"),
            OffsetCommitValue(offset=10, commit_timestamp=7, expire_timestamp=9),
            "0001 0001 67 0001 74 00000000",
            "0001 000000000000000a 0000 0000000000000007 0000000000000009",
            id="an offset with a retention of its own",
        ),
        pytest.param(
            OFFSETS,
            GroupMetadataKey(group="g"),
            GroupMetadataValue(
                protocol_type="consumer", generation=4, protocol=None, leader=None, current_state_timestamp=5
            ),
            "0002 0001 67",
            "0003 0008 636f6e73756d6572 00000004 ffff ffff 0000000000000005 00000000",
            id="a classic group",
        ),
        pytest.param(
            OFFSETS,
            ConsumerGroupMetadataKey(group_id="g"),
            ConsumerGroupMetadataValue(epoch=6),
            "0003 0001 67",
            "0000 00000006 00",
            id="a consumer group",
        ),
        pytest.param(
            TRANSACTIONS,
            TransactionLogKey(transactional_id="x"),
            TransactionLogValue(producer_id=1, producer_epoch=2, transaction_timeout_ms=3, transaction_partitions=None),
            "0000 0001 78",
            "0001 0000000000000001 0002 00000003 00 00 0000000000000000 0000000000000000 00",
            id="a transaction",
        ),
    ],
)
def test_bytes(codec: RecordCodec, key: Message, value: Message, key_bytes: str, value_bytes: str) -> None:
    record = Record(key, value)
    assert codec.encode(record) == (bytes.fromhex(key_bytes), bytes.fromhex(value_bytes))
    assert codec.decode(bytes.fromhex(key_bytes), bytes.fromhex(value_bytes)) == record


def test_who_wrote_it_is_the_batchs_affair() -> None:
    key, value = OFFSETS.encode(Record(OffsetCommitKey(group="g"), OffsetCommitValue(), 9, 3))
    assert OFFSETS.decode(key, value, 9, 3) == Record(OffsetCommitKey(group="g"), OffsetCommitValue(), 9, 3)


def test_old_offsets_are_read_as_offsets() -> None:
    key = bytes.fromhex("0000 0001 67 0001 74 00000003")
    value = bytes.fromhex("0000 000000000000000a 0001 6d 0000000000000007")
    offset_key = OffsetCommitKey(group="g", topic="t", partition=3)
    assert OFFSETS.decode(key, value) == Record(
        offset_key, OffsetCommitValue(offset=10, metadata="m", commit_timestamp=7)
    )
    assert OFFSETS.decode(key, None) == Record(offset_key, None)


@pytest.mark.parametrize("number", [9, 18, 24, 0x7FFF, 0xFFFF])
def test_types_of_later_releases_are_skipped(number: int) -> None:
    assert OFFSETS.decode(number.to_bytes(2, "big") + b"whatever", b"else") is None


@pytest.mark.parametrize(
    ("key", "value"),
    [
        (b"", None),
        (b"\x00", None),
        (b"\x00\x02", None),
        (b"\x00\x02\x00\x09g", None),
        (b"\x00\x02\x00\x01g", b""),
        (b"\x00\x02\x00\x01g", b"\x00\x05rest"),
        (b"\x00\x02\x00\x01g", b"\xff\xffrest"),
        (b"\x00\x02\x00\x01g", b"\x00\x03\x00"),
    ],
)
def test_broken_records_are_malformed(key: bytes, value: bytes | None) -> None:
    with pytest.raises(MalformedMessage):
        OFFSETS.decode(key, value)


def test_a_record_of_another_topic_is_our_mistake() -> None:
    record: Any = Record(TransactionLogKey(), None)
    with pytest.raises(LocalProtocolError, match="TransactionLogKey"):
        OFFSETS.encode(record)
