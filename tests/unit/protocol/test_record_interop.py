"""Batches written by kafka-python and aiokafka, with every codec, are read, and they read ours."""

from __future__ import annotations

import warnings
from typing import Any

import pytest
from aiokafka.record import default_records as aiokafka_records

from barnabas.protocol.compression import Compression
from barnabas.protocol.record_batch import ControlType, parse_batch
from barnabas.protocol.record_builder import BatchBuilder, build_batch, build_control_batch

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # of importlib.resources, in kafka-python's own imports
    from kafka.record import default_records as kafka_python_records

RECORDS = [
    (1_700_000_000_000 + number * 37 % 5, b"key%d" % number, b"value " * (number * 7 % 90), [("trace", b"%d" % number)])
    for number in range(300)
]
ODDITIES: list[tuple[int, bytes | None, bytes | None, list[tuple[str, bytes | None]]]] = [
    (1_700_000_000_000, None, b"", []),
    (0, b"", None, [("", b""), ("null", None), ("née", b"\x00\xff")]),
    (1_800_000_000_000, b"k" * 70, b"v" * 20_000, [("h" * 70, b"x" * 70)] * 70),
]
LIBRARIES = pytest.mark.parametrize(
    ("library", "codec"),
    [
        pytest.param(library, codec, id=f"{name}-{codec.name}")
        for name, library in (("aiokafka", aiokafka_records), ("kafka-python", kafka_python_records))
        for codec in Compression
    ],
)
INPUTS = pytest.mark.parametrize("records", [RECORDS, ODDITIES], ids=["plain", "odd"])


def their_batch(library: Any, codec: Compression, records: list[Any], **producer: int) -> bytes:
    """`records` as the library's own builder writes them."""
    place = {"is_transactional": 0, "producer_id": -1, "producer_epoch": -1, "base_sequence": -1} | producer
    builder = library.DefaultRecordBatchBuilder(magic=2, compression_type=codec, batch_size=1 << 30, **place)
    for offset, (timestamp, key, value, headers) in enumerate(records):
        assert builder.append(offset, timestamp=timestamp, key=key, value=value, headers=headers) is not None
    return bytes(builder.build())


@INPUTS
@LIBRARIES
def test_their_batches_are_read(library: Any, codec: Compression, records: list[Any]) -> None:
    theirs = their_batch(library, codec, records, is_transactional=1, producer_id=9, producer_epoch=2, base_sequence=5)
    batch = parse_batch(theirs)
    assert batch.verify_crc()
    assert batch.size == len(theirs)
    assert batch.compression == codec
    assert batch.is_transactional
    assert (batch.producer_id, batch.producer_epoch, batch.base_sequence) == (9, 2, 5)
    assert batch.max_timestamp == max(record[0] for record in records)
    found = [
        (
            record.timestamp,
            None if record.key is None else bytes(record.key),
            None if record.value is None else bytes(record.value),
            record.headers,
        )
        for record in batch.records()
    ]
    assert found == records


@INPUTS
@LIBRARIES
def test_our_batches_are_read_by_them(library: Any, codec: Compression, records: list[Any]) -> None:
    ours = build_batch(
        records, codec, base_offset=70, producer_id=9, producer_epoch=2, base_sequence=5, transactional=True
    )
    batch = library.DefaultRecordBatch(bytes(ours))
    assert batch.validate_crc()
    assert batch.is_transactional
    assert not batch.is_control_batch
    assert (batch.base_offset, batch.next_offset, batch.compression_type) == (70, 70 + len(records), codec)
    assert (batch.producer_id, batch.producer_epoch, batch.base_sequence) == (9, 2, 5)
    found = [(record.timestamp, record.key, record.value, list(record.headers)) for record in batch]
    assert found == [(timestamp, key, value, list(headers)) for timestamp, key, value, headers in records]


@INPUTS
@pytest.mark.parametrize("library", [aiokafka_records, kafka_python_records], ids=["aiokafka", "kafka-python"])
def test_uncompressed_batches_are_the_same_bytes(library: Any, records: list[Any]) -> None:
    theirs = their_batch(library, Compression.NONE, records)
    leader_epoch = parse_batch(theirs).leader_epoch
    assert bytes(build_batch(records, leader_epoch=leader_epoch)).hex() == theirs.hex()


@pytest.mark.parametrize("library", [aiokafka_records, kafka_python_records], ids=["aiokafka", "kafka-python"])
def test_log_append_time_is_understood(library: Any) -> None:
    builder = BatchBuilder(log_append_time_ms=1_700_000_009_999)
    builder.append(1_700_000_000_000, b"k", b"v")
    batch = library.DefaultRecordBatch(bytes(builder.build()))
    assert batch.validate_crc()
    assert [(record.timestamp, record.timestamp_type) for record in batch] == [(1_700_000_009_999, 1)]


@pytest.mark.parametrize("library", [aiokafka_records, kafka_python_records], ids=["aiokafka", "kafka-python"])
def test_control_batches_are_understood(library: Any) -> None:
    built = build_control_batch(ControlType.ABORT, b"\x00\x00\x00\x00\x00\x07", 5, producer_id=3, producer_epoch=1)
    batch = library.DefaultRecordBatch(bytes(built))
    assert batch.validate_crc()
    assert batch.is_control_batch
    assert batch.is_transactional
    assert [record.key for record in batch] == [b"\x00\x00\x00\x00"]
