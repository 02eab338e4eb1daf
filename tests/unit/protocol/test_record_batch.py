"""Batches of magic 2: their headers, places, timestamps and control records."""

from __future__ import annotations

import struct

import pytest

from barnabas.protocol.compression import Compression, UnsupportedCompression
from barnabas.protocol.errors import RemoteProtocolError
from barnabas.protocol.record_batch import (
    ATTRIBUTES_OFFSET,
    BATCH_OVERHEAD,
    ControlType,
    CorruptRecords,
    EndTxnMarker,
    control_type,
    end_txn_marker,
    iter_batches,
    parse_batch,
    patch,
)
from barnabas.protocol.record_builder import (
    BatchBuilder,
    build_batch,
    build_control_batch,
    build_control_batches,
    build_end_txn_marker,
)

# One record (timestamp 1000, key "k", value "v", header h=x) at offset 5, epoch 3, producer 7/1 at sequence 9,
# written byte by byte from the format's description; the CRC is that of the bytes.
GOLDEN = bytes.fromhex(
    "0000000000000005"  # base offset
    "0000003e"  # length: 49 + 13
    "00000003"  # leader epoch
    "02"  # magic
    "99052c5f"  # crc
    "0000"  # attributes
    "00000000"  # last offset delta
    "00000000000003e8"  # base timestamp
    "00000000000003e8"  # max timestamp
    "0000000000000007"  # producer id
    "0001"  # producer epoch
    "00000009"  # base sequence
    "00000001"  # records
    "1800000002" + b"k".hex() + "02" + b"v".hex() + "02" + "02" + b"h".hex() + "02" + b"x".hex()
)


def test_a_batch_is_written_byte_for_byte_as_the_format_says() -> None:
    built = build_batch(
        [(1000, b"k", b"v", [("h", b"x")])],
        base_offset=5,
        leader_epoch=3,
        producer_id=7,
        producer_epoch=1,
        base_sequence=9,
    )
    assert built.hex() == GOLDEN.hex()


def test_a_header_is_read_field_by_field() -> None:
    batch = parse_batch(GOLDEN)
    assert (batch.base_offset, batch.size, batch.leader_epoch, batch.magic) == (5, len(GOLDEN), 3, 2)
    assert (batch.attributes, batch.last_offset_delta, batch.records_count) == (0, 0, 1)
    assert (batch.base_timestamp, batch.max_timestamp) == (1000, 1000)
    assert (batch.producer_id, batch.producer_epoch, batch.base_sequence) == (7, 1, 9)
    assert (batch.last_offset, batch.next_offset, batch.last_sequence) == (5, 6, 9)
    assert batch.compression is Compression.NONE
    assert not batch.is_compressed
    assert not batch.is_control
    assert not batch.is_transactional
    assert not batch.log_append_time
    assert batch.has_producer_id
    assert batch.delete_horizon_ms is None
    assert batch.verify_crc()


def test_a_record_is_read_field_by_field() -> None:
    (record,) = parse_batch(GOLDEN).records()
    assert (record.offset, record.timestamp, record.headers) == (5, 1000, [("h", b"x")])
    assert record.key is not None
    assert bytes(record.key) == b"k"
    assert record.value is not None
    assert bytes(record.value) == b"v"
    assert repr(record) == "Record(5 @1000 b'k'=b'v' [('h', b'x')])"


def test_a_batch_is_a_view_of_the_memory_it_was_read_from() -> None:
    memory = bytearray(b"before") + bytearray(GOLDEN) + b"after"
    batch = parse_batch(memory, 6)
    assert batch.view.obj is memory
    assert bytes(batch.view) == GOLDEN


def test_null_and_empty_are_told_apart() -> None:
    batch = parse_batch(build_batch([(0, None, b"", [("n", None), ("e", b"")]), (0, b"", None)]))
    first, second = batch.records()
    assert first.key is None
    assert first.value is not None
    assert len(first.value) == 0
    assert first.headers == [("n", None), ("e", b"")]
    assert second.key is not None
    assert len(second.key) == 0
    assert second.value is None


def test_headers_keep_their_order_and_may_repeat() -> None:
    headers = [("b", b"1"), ("a", b"2"), ("b", None), ("é", b"\x00")]
    (record,) = parse_batch(build_batch([(0, None, None, headers)])).records()
    assert record.headers == headers


def test_a_crc_covers_everything_after_it_and_nothing_before() -> None:
    for position in range(len(GOLDEN)):
        changed = bytearray(GOLDEN)
        changed[position] ^= 1
        try:
            batch = parse_batch(changed)
        except CorruptRecords:
            assert position < ATTRIBUTES_OFFSET
            continue
        covered = position >= ATTRIBUTES_OFFSET or 17 <= position < 21
        assert batch.verify_crc() is not covered


def test_patching_gives_a_batch_its_place_without_a_new_crc() -> None:
    memory = bytearray(b"xx") + bytearray(GOLDEN)
    patch(memory, 2, 1 << 40, 77)
    batch = parse_batch(memory, 2)
    assert (batch.base_offset, batch.leader_epoch, batch.size) == (1 << 40, 77, len(GOLDEN))
    assert batch.verify_crc()
    batch.assign(8, 9)
    assert (batch.base_offset, batch.leader_epoch) == (8, 9)
    again = parse_batch(memory, 2)
    assert (again.base_offset, again.leader_epoch) == (8, 9)


def test_stamping_sets_type_time_and_crc_and_drops_unknown_bits() -> None:
    memory = bytearray(GOLDEN)
    struct.pack_into(">h", memory, ATTRIBUTES_OFFSET, -0x80)
    batch = parse_batch(memory)
    batch.stamp(123_456, log_append_time=True)
    again = parse_batch(memory)
    assert again.verify_crc()
    assert (again.attributes, again.max_timestamp) == (0x08, 123_456)
    assert (batch.attributes, batch.max_timestamp, batch.crc) == (again.attributes, again.max_timestamp, again.crc)
    assert [record.timestamp for record in again.records()] == [123_456]
    again.stamp(1000, log_append_time=False)
    assert [record.timestamp for record in parse_batch(memory).records()] == [1000]


def test_log_append_time_counts_for_every_record() -> None:
    builder = BatchBuilder(log_append_time_ms=9_000)
    builder.append(1, None, b"a")
    builder.append(2, None, b"b")
    batch = parse_batch(builder.build())
    assert batch.log_append_time
    assert batch.base_timestamp == 1
    assert [record.timestamp for record in batch.records()] == [9_000, 9_000]


def test_the_largest_timestamp_need_not_be_the_last() -> None:
    batch = parse_batch(build_batch([(50, None, b"a"), (90, None, b"b"), (10, None, b"c")]))
    assert (batch.base_timestamp, batch.max_timestamp) == (50, 90)
    assert [record.timestamp for record in batch.records()] == [50, 90, 10]


def test_a_delete_horizon_stands_where_the_base_timestamp_stood() -> None:
    builder = BatchBuilder(delete_horizon_ms=5_000)
    builder.append(1_000, b"k", None)
    batch = parse_batch(builder.build())
    assert batch.delete_horizon_ms == 5_000
    assert batch.max_timestamp == 1_000
    assert [record.timestamp for record in batch.records()] == [1_000]


def test_timestamps_wrap_at_64_bits_as_in_java() -> None:
    low, high = -(1 << 63), (1 << 63) - 1
    records = [(low, None, b"a"), (high, None, b"b"), (0, None, b"c")]
    assert [record.timestamp for record in parse_batch(build_batch(records)).records()] == [low, high, 0]


def test_sequences_wrap_after_two_to_the_31st() -> None:
    batch = parse_batch(build_batch([(0, None, b"")] * 3, producer_id=1, producer_epoch=0, base_sequence=(1 << 31) - 2))
    assert batch.last_sequence == 0
    assert parse_batch(build_batch([(0, None, b"")])).last_sequence == -1


def test_compaction_keeps_offsets_and_the_end_of_a_batch() -> None:
    builder = BatchBuilder(base_offset=100)
    builder.append(0, b"a", b"1", offset=103)
    builder.append(0, b"b", b"2", offset=107)
    batch = parse_batch(builder.build(last_offset=109))
    assert [record.offset for record in batch.records()] == [103, 107]
    assert (batch.base_offset, batch.last_offset, batch.records_count) == (100, 109, 2)


def test_a_batch_that_compaction_emptied_has_no_records() -> None:
    batch = parse_batch(BatchBuilder(base_offset=100, producer_id=1).build(last_offset=109))
    assert (batch.size, batch.records_count, batch.last_offset) == (BATCH_OVERHEAD, 0, 109)
    assert list(batch.records()) == []


def test_batches_follow_one_another_up_to_a_cut_one() -> None:
    one, two = bytes(build_batch([(0, None, b"a")])), bytes(build_batch([(0, None, b"b")] * 2, base_offset=1))
    both = one + two
    assert [batch.base_offset for batch in iter_batches(both)] == [0, 1]
    assert [batch.base_offset for batch in iter_batches(both, len(one))] == [1]
    for cut in range(len(both)):
        expected = [one] if cut >= len(one) else []
        assert [bytes(batch.view) for batch in iter_batches(both[:cut])] == expected
    assert list(iter_batches(b"")) == []


def test_a_batch_of_another_magic_or_length_is_corrupt() -> None:
    for magic in (0, 1, 3, 255):
        changed = bytearray(GOLDEN)
        changed[16] = magic
        with pytest.raises(CorruptRecords, match="magic"):
            parse_batch(changed)
    for length in (-1, 0, 48, 1 << 30):
        changed = bytearray(GOLDEN)
        struct.pack_into(">i", changed, 8, length)
        with pytest.raises(CorruptRecords):
            parse_batch(changed)
    struct.pack_into(">i", changed, 8, 48)
    with pytest.raises(CorruptRecords):
        list(iter_batches(changed))


def test_corrupt_records_are_the_peers_fault() -> None:
    assert issubclass(CorruptRecords, RemoteProtocolError)


@pytest.mark.parametrize("codec", [5, 6, 7])
def test_an_unknown_codec_is_refused_when_it_is_needed(codec: int) -> None:
    changed = bytearray(GOLDEN)
    changed[ATTRIBUTES_OFFSET + 1] = codec
    batch = parse_batch(changed)
    assert batch.is_compressed
    with pytest.raises(UnsupportedCompression):
        list(batch.records())


@pytest.mark.parametrize("commit", [True, False])
def test_a_marker_ends_a_transaction(commit: bool) -> None:
    batch = parse_batch(
        build_end_txn_marker(
            commit, producer_id=7, producer_epoch=2, coordinator_epoch=5, timestamp=1_000, base_offset=4, leader_epoch=6
        )
    )
    assert batch.is_control
    assert batch.is_transactional
    assert (batch.producer_id, batch.producer_epoch, batch.base_sequence) == (7, 2, -1)
    assert (batch.base_offset, batch.leader_epoch, batch.last_offset) == (4, 6, 4)
    (record,) = batch.records()
    assert record.key is not None
    assert bytes(record.key) == struct.pack(">hh", 0, 1 if commit else 0)
    assert record.value is not None
    assert bytes(record.value) == struct.pack(">hi", 0, 5)
    assert end_txn_marker(record) == EndTxnMarker(commit, 5)


@pytest.mark.parametrize("kind", [kind for kind in ControlType if kind is not ControlType.UNKNOWN])
def test_a_control_record_has_its_type_in_its_key(kind: ControlType) -> None:
    batch = parse_batch(build_control_batch(kind, b"\x00\x00\x00\x00\x00\x01", 10))
    assert batch.is_control
    assert not batch.is_transactional
    (record,) = batch.records()
    assert control_type(record.key) is kind
    assert (end_txn_marker(record) is None) is (kind not in (ControlType.COMMIT, ControlType.ABORT))


def test_several_control_records_may_share_a_batch() -> None:
    batch = parse_batch(
        build_control_batches([(ControlType.KRAFT_VERSION, b"v"), (ControlType.KRAFT_VOTERS, b"w")], 10)
    )
    assert [control_type(record.key) for record in batch.records()] == [
        ControlType.KRAFT_VERSION,
        ControlType.KRAFT_VOTERS,
    ]


def test_control_types_of_later_versions_are_unknown_and_others_corrupt() -> None:
    assert control_type(struct.pack(">hh", 0, 99)) is ControlType.UNKNOWN
    assert control_type(struct.pack(">hhi", 3, 1, 0)) is ControlType.COMMIT
    for key in (None, b"", b"\x00\x00\x00", struct.pack(">hh", -1, 1)):
        with pytest.raises(CorruptRecords):
            control_type(key)
    for value in (b"", struct.pack(">hh", 0, 1), struct.pack(">hi", -1, 1)):
        (record,) = parse_batch(build_control_batch(ControlType.COMMIT, value, 0)).records()
        with pytest.raises(CorruptRecords):
            end_txn_marker(record)
