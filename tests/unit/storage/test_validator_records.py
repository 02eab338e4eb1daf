"""The records inside a produced batch: keys, timestamps, codecs, and when they are read at all."""

from __future__ import annotations

import struct
from dataclasses import replace

import cramjam
import pytest
from crc32c import crc32c
from hypothesis import given, settings
from hypothesis import strategies as st

from barnabas.protocol.compression import Compression, compress, decompress
from barnabas.protocol.errors import ErrorCode, WireError
from barnabas.protocol.record_batch import BATCH_OVERHEAD, HEADER, RecordBatch, parse_batch
from barnabas.protocol.record_builder import BatchBuilder, build_batch
from barnabas.storage.validator import ProduceRules, RecordError, RejectedRecords, only_batch, validate_batch

NOW = 1_700_000_000_000
RULES = ProduceRules()
FULL = ProduceRules(full=True)
BOTH = pytest.mark.parametrize("rules", [RULES, FULL], ids=["header", "full"])


def checked(data: bytes | bytearray, rules: ProduceRules = RULES) -> RecordBatch:
    """`data` through the validator."""
    batch = validate_batch(only_batch(memoryview(data)), config=rules, now_ms=NOW)
    assert batch.verify_crc()
    return batch


def refused(data: bytes | bytearray, rules: ProduceRules = RULES) -> WireError:
    """The refusal of `data`."""
    with pytest.raises(WireError) as caught:
        validate_batch(only_batch(memoryview(data)), config=rules, now_ms=NOW)
    return caught.value


def sealed(batch: bytearray) -> bytearray:
    """`batch` with its length and CRC right again."""
    struct.pack_into(">i", batch, 8, len(batch) - 12)
    struct.pack_into(">I", batch, 17, crc32c(memoryview(batch)[21:]))
    return batch


def around(payload: bytes, count: int, attributes: int = 0) -> bytearray:
    """A batch with a right header and CRC around any payload."""
    return sealed(bytearray(HEADER.pack(0, 0, -1, 2, 0, attributes, count - 1, NOW, NOW, -1, -1, -1, count) + payload))


def stamps(batch: RecordBatch) -> list[int]:
    return [record.timestamp for record in batch.records()]


# Keys


@pytest.mark.parametrize("codec", Compression, ids=lambda codec: codec.name)
def test_a_compacted_topic_demands_keys(codec: Compression) -> None:
    compacted = ProduceRules(compacted=True)
    checked(build_batch([(NOW, b"k", b"v"), (NOW, b"", None)], codec), compacted)
    keyless = build_batch([(NOW, b"k", b"v"), (NOW, None, b"w"), (NOW, b"l", b"x"), (NOW, None, b"y")], codec)
    error = refused(keyless, compacted)
    assert isinstance(error, RejectedRecords)
    assert error.code == ErrorCode.INVALID_RECORD
    assert [record.batch_index for record in error.record_errors] == [1, 3]
    checked(keyless)


def test_a_refusal_names_only_so_many_records() -> None:
    error = refused(build_batch([(NOW, None, b"")] * 1000), ProduceRules(compacted=True))
    assert isinstance(error, RejectedRecords)
    assert len(error.record_errors) == 100
    assert error.record_errors[0] == RecordError(0, "A compacted topic takes no record without a key")


# Timestamps


@BOTH
@pytest.mark.parametrize("codec", Compression, ids=lambda codec: codec.name)
def test_a_timestamp_may_be_an_hour_ahead_and_no_more(codec: Compression, rules: ProduceRules) -> None:
    hour = 3_600_000
    checked(build_batch([(NOW, None, b"a"), (NOW + hour, None, b"b")], codec), rules)
    error = refused(build_batch([(NOW, None, b"a"), (NOW + hour + 1, None, b"b")], codec), rules)
    assert isinstance(error, RejectedRecords)
    assert error.code == ErrorCode.INVALID_TIMESTAMP
    assert [record.batch_index for record in error.record_errors] == [1]


def test_a_timestamp_may_be_as_old_as_configured() -> None:
    rules = ProduceRules(timestamp_before_max_ms=1_000)
    checked(build_batch([(NOW, None, b"a"), (NOW - 1_000, None, b"b")]), rules)
    error = refused(build_batch([(NOW, None, b"a"), (NOW - 1_001, None, b"b"), (NOW, None, b"c")]), rules)
    assert isinstance(error, RejectedRecords)
    assert error.code == ErrorCode.INVALID_TIMESTAMP
    assert [record.batch_index for record in error.record_errors] == [1]


@BOTH
def test_negative_timestamps_and_none_at_all_are_taken(rules: ProduceRules) -> None:
    checked(build_batch([(-1, None, b"a")]), rules)
    checked(build_batch([(-5_000, None, b"a"), (-1, None, b"b")]), rules)
    checked(build_batch([(-1, None, b"a")]), replace(rules, timestamp_before_max_ms=1))


@BOTH
@pytest.mark.parametrize("claim", [NOW + 99, NOW - 99, -1, NOW + 10_000_000_000])
def test_a_wrong_largest_timestamp_of_a_record_is_corrected(claim: int, rules: ProduceRules) -> None:
    data = build_batch([(NOW, None, b"a")])
    struct.pack_into(">q", data, 35, claim)
    batch = checked(sealed(data), rules)
    assert batch.max_timestamp == NOW
    assert parse_batch(data).max_timestamp == NOW


def test_a_wrong_largest_timestamp_of_many_is_corrected_when_they_are_read() -> None:
    data = build_batch([(NOW, None, b"a"), (NOW + 5, None, b"b")])
    struct.pack_into(">q", data, 35, NOW + 99)
    assert checked(sealed(bytearray(data)), RULES).max_timestamp == NOW + 99
    assert checked(sealed(bytearray(data)), FULL).max_timestamp == NOW + 5


@BOTH
@pytest.mark.parametrize("codec", Compression, ids=lambda codec: codec.name)
def test_log_append_time_is_the_brokers(codec: Compression, rules: ProduceRules) -> None:
    data = build_batch([(5, None, b"a"), (NOW * 2, None, b"b")], codec)
    batch = checked(data, replace(rules, log_append_time=True))
    assert batch.log_append_time
    assert batch.view.obj is data
    assert (batch.base_timestamp, batch.max_timestamp) == (5, NOW)
    assert stamps(batch) == [NOW, NOW]


def test_a_producer_does_not_set_log_append_time() -> None:
    builder = BatchBuilder(log_append_time_ms=NOW)
    builder.append(NOW - 5, None, b"a")
    error = refused(builder.build(), ProduceRules(log_append_time=True))
    assert error.code == ErrorCode.INVALID_TIMESTAMP
    # On a topic of CreateTime, Kafka looks at the range alone, and clears the bit.
    batch = checked(builder.build())
    assert not batch.log_append_time
    assert batch.max_timestamp == NOW
    assert stamps(batch) == [NOW - 5]
    for claim in (-1, NOW + 3_600_001):
        builder = BatchBuilder(log_append_time_ms=claim)
        builder.append(NOW, None, b"a")
        assert refused(builder.build()).code == ErrorCode.INVALID_TIMESTAMP


# Codecs


@pytest.mark.parametrize("target", Compression, ids=lambda codec: codec.name)
@pytest.mark.parametrize("source", Compression, ids=lambda codec: codec.name)
def test_a_topics_codec_replaces_the_producers(source: Compression, target: Compression) -> None:
    records = [(NOW + index, b"k%d" % index, b"v" * 50, [("h", b"x")]) for index in range(20)]
    data = build_batch(
        records, source, producer_id=5, producer_epoch=2, base_sequence=40, transactional=True, leader_epoch=3
    )
    batch = checked(data, ProduceRules(compression=target))
    assert batch.compression is target
    assert (batch.view.obj is data) is (source is target)
    assert (batch.producer_id, batch.producer_epoch, batch.base_sequence, batch.is_transactional) == (5, 2, 40, True)
    assert (batch.base_offset, batch.records_count, batch.max_timestamp) == (0, 20, NOW + 19)
    assert [(r.offset, r.timestamp, bytes(r.value or b""), r.headers) for r in batch.records()] == [
        (index, NOW + index, b"v" * 50, [("h", b"x")]) for index in range(20)
    ]
    batch.assign(100, 9)
    assert parse_batch(batch.view).base_offset == 100


def test_a_batch_compressed_anew_gets_the_brokers_time_too() -> None:
    data = build_batch([(5, None, b"a" * 90), (7, None, b"b")])
    batch = checked(data, ProduceRules(compression=Compression.GZIP, log_append_time=True))
    assert (batch.base_timestamp, batch.max_timestamp, batch.log_append_time) == (5, NOW, True)
    assert stamps(batch) == [NOW, NOW]


def test_a_level_counts_for_the_topics_codec() -> None:
    data = build_batch([(NOW, None, struct.pack(">IH", n * n, n % 89)) for n in range(2000)])
    sizes = [
        checked(bytes(data), ProduceRules(compression=Compression.GZIP, compression_level=level)).size
        for level in (1, 9)
    ]
    assert sizes[1] < sizes[0]


def test_a_batch_that_grows_too_large_when_decompressed_is_refused() -> None:
    data = build_batch([(NOW, None, bytes(50_000))], Compression.GZIP)
    rules = ProduceRules(compression=Compression.NONE, max_message_bytes=10_000)
    assert refused(data, rules).code == ErrorCode.MESSAGE_TOO_LARGE


def test_a_bomb_is_refused_when_it_is_opened() -> None:
    data = build_batch([(NOW, b"k", bytes(5_000_000))], Compression.ZSTD)
    rules = ProduceRules(compacted=True, max_decompressed_bytes=1 << 20)
    assert refused(data, rules).code == ErrorCode.MESSAGE_TOO_LARGE


def linked(batch: bytearray) -> bytearray:
    """The same lz4 batch with a frame whose blocks refer to one another."""
    plain = decompress(Compression.LZ4, batch[BATCH_OVERHEAD:], 1 << 20)
    return sealed(batch[:BATCH_OVERHEAD] + bytes(cramjam.lz4.compress(plain)))


@BOTH
def test_lz4_that_java_cannot_read_is_refused(rules: ProduceRules) -> None:
    good = build_batch([(NOW, b"k", b"v" * 1000)], Compression.LZ4)
    checked(good, rules)
    error = refused(linked(good), rules)
    assert error.code == ErrorCode.INVALID_RECORD
    assert "independent" in str(error)


@BOTH
def test_raw_snappy_is_taken(rules: ProduceRules) -> None:
    plain = build_batch([(NOW, b"k", b"v" * 1000), (NOW, b"k", b"v" * 1000)])
    raw = bytes(cramjam.snappy.compress_raw(plain[BATCH_OVERHEAD:]))
    assert len(list(checked(around(raw, 2, Compression.SNAPPY), rules).records())) == 2
    assert refused(around(raw[:-1], 2, Compression.SNAPPY), rules).code == ErrorCode.INVALID_RECORD


# Offsets


def with_deltas(deltas: list[int], codec: Compression) -> bytearray:
    """A batch of records whose offset deltas are `deltas`."""
    payload = b"".join(bytes((14, 0, 0, delta << 1, 1, 2, 65, 0)) for delta in deltas)
    return around(bytes(compress(codec, payload)), len(deltas), codec)


@BOTH
def test_descending_offsets_are_taken_as_they_are(rules: ProduceRules) -> None:
    data = with_deltas([2, 1, 0], Compression.NONE)
    assert [record.offset for record in checked(data, rules).records()] == [2, 1, 0]


def test_compressed_offsets_are_put_in_order_when_they_are_read() -> None:
    data = with_deltas([2, 1, 0], Compression.GZIP)
    batch = checked(data, FULL)
    assert batch.compression is Compression.GZIP
    assert [record.offset for record in batch.records()] == [0, 1, 2]


# Records that are none

GOOD = bytes((14, 0, 0, 0, 1, 2, 65, 0))


@BOTH
@pytest.mark.parametrize(
    ("payload", "count"),
    [
        pytest.param(b"", 1, id="nothing"),
        pytest.param(GOOD[:-1], 1, id="a cut record"),
        pytest.param(GOOD + b"\x00", 1, id="a byte too much"),
        pytest.param(GOOD, 2, id="a record missing"),
        pytest.param(b"\x0a" + GOOD[1:], 1, id="a length too small"),
        pytest.param(b"\x0d" + GOOD[1:], 1, id="a negative length"),
        pytest.param(b"\xff\xff\xff\xff\xff\xff" + GOOD, 1, id="a length without end"),
        pytest.param(b"\xfe\xff\xff\xff\x0f" + GOOD, 1, id="a length beyond the batch"),
        pytest.param(b"\x10" + GOOD[1:] + GOOD[:-1], 2, id="no room for the second"),
    ],
)
def test_records_that_do_not_fit_their_batch_are_refused(payload: bytes, count: int, rules: ProduceRules) -> None:
    assert refused(around(payload, count), rules).code == ErrorCode.INVALID_RECORD


def test_full_validation_reads_what_the_header_does_not_show() -> None:
    broken = around(GOOD + b"\x0e\x00\x00\x00\x01\x02\x41\x02", 2)  # the second record claims a header
    assert checked(broken).records_count == 2
    assert refused(broken, FULL).code == ErrorCode.INVALID_RECORD


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(NOW - 10_000, NOW + 3_600_000), st.none() | st.binary(max_size=20), st.binary()),
        min_size=1,
    ),
    st.sampled_from(Compression),
    st.sampled_from([None, *Compression]),
    st.booleans(),
)
def test_header_and_full_validation_agree_on_what_builders_build(
    records: list[tuple[int, bytes | None, bytes]], codec: Compression, target: Compression | None, append_time: bool
) -> None:
    data = bytes(build_batch(records, codec))
    rules = ProduceRules(compression=target, log_append_time=append_time)
    assert checked(data, rules).view == checked(data, replace(rules, full=True)).view


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_any_change_is_refused_or_leaves_a_good_batch(data: st.DataObject) -> None:
    """The CRC made right again, full validation lets nothing pass that a reader would choke on."""
    codec = data.draw(st.sampled_from(Compression))
    batch = build_batch([(NOW, b"k", b"v" * 30, [("h", b"x")]), (NOW + 5, None, b"w")], codec)
    position = data.draw(st.integers(16, len(batch) - 1))
    batch[position] ^= data.draw(st.integers(1, 255))
    struct.pack_into(">I", batch, 17, crc32c(memoryview(batch)[21:]))
    for rules in (RULES, FULL, ProduceRules(compacted=True), ProduceRules(compression=Compression.SNAPPY)):
        try:
            passed = validate_batch(only_batch(memoryview(bytes(batch))), config=rules, now_ms=NOW)
        except WireError:
            continue
        assert passed.verify_crc()
        if rules.reads_records:
            assert len(list(passed.records())) == passed.records_count == 2
