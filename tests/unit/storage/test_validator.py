"""What a produced partition's bytes must be, and the error for each thing they may not be."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import replace

import pytest
from crc32c import crc32c

from barnabas.protocol.compression import Compression
from barnabas.protocol.errors import ErrorCode, WireError
from barnabas.protocol.record_batch import ControlType, RecordBatch, parse_batch
from barnabas.protocol.record_builder import build_batch, build_control_batch, build_end_txn_marker
from barnabas.storage.config import LogConfig
from barnabas.storage.validator import ProduceRules, only_batch, validate_batch

NOW = 1_700_000_000_000
RULES = ProduceRules()
FULL = ProduceRules(full=True)
BOTH = pytest.mark.parametrize("rules", [RULES, FULL], ids=["header", "full"])
Change = Callable[[bytearray], object]


def one() -> bytearray:
    """A batch of three good records."""
    return build_batch([(NOW - 5 + index, b"k%d" % index, b"v" * 20) for index in range(3)])


def checked(data: bytes | bytearray, rules: ProduceRules = RULES, version: int = 13) -> RecordBatch:
    """`data` through the validator; what comes out must itself be in order."""
    batch = validate_batch(only_batch(memoryview(data), version=version), config=rules, now_ms=NOW)
    assert batch.verify_crc()
    again = parse_batch(batch.view)
    assert (again.attributes, again.max_timestamp, again.crc) == (batch.attributes, batch.max_timestamp, batch.crc)
    return batch


def refused(data: bytes | bytearray, rules: ProduceRules = RULES, version: int = 13) -> ErrorCode:
    """The error that `data` is refused with; refusing must leave it as it was."""
    before = bytes(data)
    with pytest.raises(WireError) as caught:
        validate_batch(only_batch(memoryview(data), version=version), config=rules, now_ms=NOW)
    assert bytes(data) == before
    assert caught.value.message
    return caught.value.code


def put(fmt: str, offset: int, *values: int) -> Change:
    return lambda batch: struct.pack_into(fmt, batch, offset, *values)


def changed(batch: bytearray, *changes: Change) -> bytearray:
    """`batch` with fields overwritten, and its CRC right again."""
    for change in changes:
        change(batch)
    struct.pack_into(">I", batch, 17, crc32c(memoryview(batch)[21:]))
    return batch


@BOTH
@pytest.mark.parametrize("codec", Compression, ids=lambda codec: codec.name)
def test_a_good_batch_passes_untouched_in_its_own_memory(codec: Compression, rules: ProduceRules) -> None:
    data = build_batch([(NOW - 9 + index, b"key", b"value" * index) for index in range(10)], codec)
    before = bytes(data)
    batch = checked(data, rules)
    assert batch.view.obj is data
    assert bytes(data) == before
    assert (batch.base_offset, batch.records_count) == (0, 10)


def test_memory_that_may_not_be_written_is_copied() -> None:
    data = bytes(one())
    batch = checked(data, replace(RULES, log_append_time=True))
    batch.assign(50, 2)
    assert parse_batch(batch.view).base_offset == 50
    assert parse_batch(data).base_offset == 0


@BOTH
def test_records_must_be_one_whole_batch(rules: ProduceRules) -> None:
    good = one()
    for cut in range(len(good)):
        assert refused(good[:cut], rules) == ErrorCode.INVALID_RECORD
    assert refused(good + good, rules) == ErrorCode.INVALID_RECORD


@BOTH
def test_bytes_after_the_batch_are_cut_off(rules: ProduceRules) -> None:
    good = one()
    for tail in (b"\x00" * 11, good[:-1], good[:16]):
        batch = checked(good + tail, rules)
        assert batch.size == len(good)
        assert bytes(batch.view) == good


def test_bytes_after_the_batch_that_are_no_start_of_one_are_corrupt() -> None:
    assert refused(one() + bytes(12)) == ErrorCode.CORRUPT_MESSAGE
    assert refused(one() + changed(one(), put(">b", 16, 9))) == ErrorCode.CORRUPT_MESSAGE


@BOTH
@pytest.mark.parametrize(
    ("magic", "code"),
    [
        (0, ErrorCode.INVALID_RECORD),
        (1, ErrorCode.INVALID_RECORD),
        (3, ErrorCode.CORRUPT_MESSAGE),
        (-1, ErrorCode.CORRUPT_MESSAGE),
    ],
)
def test_only_magic_2_is_taken(magic: int, code: ErrorCode, rules: ProduceRules) -> None:
    assert refused(changed(one(), put(">b", 16, magic)), rules) == code


def test_a_short_message_of_an_old_magic_is_refused_as_such() -> None:
    message = struct.pack(">qiIBB", 0, 20, 0, 1, 0) + bytes(14)
    assert refused(message) == ErrorCode.INVALID_RECORD


def test_a_length_that_no_batch_can_have_is_corrupt() -> None:
    for length in (-1, 0, 13):
        assert refused(changed(one(), put(">i", 8, length))) == ErrorCode.CORRUPT_MESSAGE
    for length in (14, 48):
        assert refused(changed(one(), put(">i", 8, length))) == ErrorCode.CORRUPT_MESSAGE


@BOTH
def test_a_wrong_crc_is_corrupt(rules: ProduceRules) -> None:
    good = one()
    for position in range(17, len(good)):
        broken = bytearray(good)
        broken[position] ^= 0x40
        assert refused(broken, rules) == ErrorCode.CORRUPT_MESSAGE


@BOTH
@pytest.mark.parametrize(
    ("change", "code"),
    [
        pytest.param(put(">q", 0, 1), ErrorCode.INVALID_RECORD, id="base offset"),
        pytest.param(put(">q", 0, -1), ErrorCode.INVALID_RECORD, id="negative base offset"),
        pytest.param(put(">i", 23, 1), ErrorCode.INVALID_RECORD, id="fewer offsets than records"),
        pytest.param(put(">i", 23, -1), ErrorCode.INVALID_RECORD, id="no offsets"),
        pytest.param(put(">i", 57, 4), ErrorCode.INVALID_RECORD, id="more records than offsets"),
        pytest.param(put(">i", 57, -1), ErrorCode.INVALID_RECORD, id="a negative count"),
        pytest.param(put(">h", 21, 0x20), ErrorCode.INVALID_RECORD, id="a control batch"),
        pytest.param(put(">h", 21, 0x10), ErrorCode.INVALID_RECORD, id="transactional, no producer id"),
        pytest.param(put(">qhi", 43, 7, 0, -1), ErrorCode.INVALID_RECORD, id="a producer without a sequence"),
        pytest.param(put(">h", 21, 5), ErrorCode.UNSUPPORTED_COMPRESSION_TYPE, id="codec 5"),
        pytest.param(put(">h", 21, 7), ErrorCode.UNSUPPORTED_COMPRESSION_TYPE, id="codec 7"),
        pytest.param(put(">h", 21, 1), ErrorCode.INVALID_RECORD, id="gzip that is none"),
        pytest.param(put(">h", 21, 3), ErrorCode.INVALID_RECORD, id="lz4 that is none"),
    ],
)
def test_a_header_that_makes_no_sense_is_refused(change: Change, code: ErrorCode, rules: ProduceRules) -> None:
    assert refused(changed(one(), change), rules) == code


@BOTH
@pytest.mark.parametrize("count", [0, -1, 1, 1 << 20, (1 << 31) - 1])
def test_count_and_offsets_that_agree_on_a_lie_are_refused(count: int, rules: ProduceRules) -> None:
    claim = changed(one(), put(">i", 57, count), put(">i", 23, count - 1))
    assert refused(claim, rules) == ErrorCode.INVALID_RECORD


@pytest.mark.parametrize("count", [2, 4])
def test_a_lie_that_the_bytes_could_bear_out_takes_reading_them(count: int) -> None:
    claim = changed(one(), put(">i", 57, count), put(">i", 23, count - 1))
    assert checked(claim).records_count == count
    assert refused(claim, FULL) == ErrorCode.INVALID_RECORD


@BOTH
@pytest.mark.parametrize(
    "change",
    [
        pytest.param(put(">h", 21, 0x40), id="delete horizon"),
        pytest.param(put(">h", 21, -0x100), id="unknown attribute bits"),
        pytest.param(put(">qhi", 43, 7, 3, 9), id="a producer's place"),
        pytest.param(put(">hiqqqhi", 21, 0x10, 2, NOW - 5, NOW - 3, 7, 3, 9), id="transactional"),
        pytest.param(put(">i", 12, 77), id="a leader epoch"),
    ],
)
def test_what_kafka_accepts_is_accepted(change: Change, rules: ProduceRules) -> None:
    checked(changed(one(), change), rules)


def test_clients_may_not_end_transactions() -> None:
    marker = build_end_txn_marker(True, producer_id=1, producer_epoch=0, coordinator_epoch=0, timestamp=NOW)
    assert refused(marker) == ErrorCode.INVALID_RECORD
    assert refused(build_control_batch(ControlType.LEADER_CHANGE, b"", NOW)) == ErrorCode.INVALID_RECORD


@BOTH
def test_the_largest_batch_counts_its_whole_size(rules: ProduceRules) -> None:
    good = one()
    checked(good, replace(rules, max_message_bytes=len(good)))
    assert refused(good, replace(rules, max_message_bytes=len(good) - 1)) == ErrorCode.MESSAGE_TOO_LARGE
    assert refused(good, replace(rules, segment_bytes=len(good) - 1)) == ErrorCode.RECORD_LIST_TOO_LARGE


def test_size_is_judged_before_the_crc_and_the_base_offset_before_both() -> None:
    broken = one()
    broken[-1] ^= 1
    small = replace(RULES, max_message_bytes=10)
    assert refused(broken, small) == ErrorCode.MESSAGE_TOO_LARGE
    broken[7] = 1
    assert refused(broken, small) == ErrorCode.INVALID_RECORD


def test_zstd_came_with_produce_version_7() -> None:
    data = build_batch([(NOW, None, b"v" * 100)], Compression.ZSTD)
    assert refused(data, version=6) == ErrorCode.UNSUPPORTED_COMPRESSION_TYPE
    checked(data, version=7)
    checked(build_batch([(NOW, None, b"v" * 100)], Compression.LZ4), version=3)


def test_rules_are_made_of_a_topics_configuration() -> None:
    assert ProduceRules.of(LogConfig()) == RULES
    rules = ProduceRules.of(
        LogConfig(
            cleanup_policy=("compact", "delete"),
            compression_type="zstd",
            compression_zstd_level=7,
            max_message_bytes=1,
            segment_bytes=2,
            message_timestamp_type="LogAppendTime",
            message_timestamp_before_max_ms=3,
            message_timestamp_after_max_ms=4,
        ),
        full=True,
    )
    assert rules == ProduceRules(
        max_message_bytes=1,
        segment_bytes=2,
        compression=Compression.ZSTD,
        compression_level=7,
        log_append_time=True,
        timestamp_before_max_ms=3,
        timestamp_after_max_ms=4,
        compacted=True,
        full=True,
    )
    for name, codec in (("uncompressed", Compression.NONE), ("snappy", Compression.SNAPPY), ("producer", None)):
        assert ProduceRules.of(LogConfig(compression_type=name)).compression is codec


@pytest.mark.parametrize(
    ("rules", "reads"),
    [
        (RULES, False),
        (FULL, True),
        (ProduceRules(compacted=True), True),
        (ProduceRules(timestamp_before_max_ms=1_000), True),
        (ProduceRules(timestamp_before_max_ms=1_000, log_append_time=True), False),
        (ProduceRules(compression=Compression.LZ4), False),
    ],
)
def test_records_are_read_only_where_something_depends_on_them(rules: ProduceRules, reads: bool) -> None:
    assert rules.reads_records is reads


@pytest.mark.parametrize("timestamp", [-2, -(1 << 40)])
def test_a_batch_of_negative_times_has_no_largest(timestamp: int) -> None:
    batch = checked(build_batch([(timestamp, None, b"v")]))
    assert (batch.base_timestamp, batch.max_timestamp) == (timestamp, -1)
