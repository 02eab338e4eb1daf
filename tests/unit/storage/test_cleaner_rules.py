"""One test for each sentence that Kafka says of compaction (its documentation, KIP-98, KIP-354, KIP-534)."""

from __future__ import annotations

import tracemalloc

import pytest

from barnabas.protocol.compression import Compression
from barnabas.protocol.record_batch import DELETE_HORIZON_FLAG, CorruptRecords, parse_batch
from barnabas.protocol.record_builder import BatchBuilder
from barnabas.storage import swap
from barnabas.storage.cleaner_map import OffsetMap
from barnabas.storage.cleaner_records import raw_records
from barnabas.storage.swap import SegmentTooLarge
from compaction import clean, keyed_batch, marker_batch, records_of

HOUR = 3_600_000
NOW_MS = 1_700_000_000_000


@pytest.fixture
def compacted(make):
    return make.log(cleanup_policy=("compact",), delete_retention_ms=HOUR)


def append(log, *records, **options):
    return log.append_as_leader(keyed_batch(records, **options), 0, 0).first_offset


def left(log):
    """(offset, key, value) of all records but markers."""
    return [
        (record.offset, record.key, record.value)
        for batch in log.read_batches(0)
        for record in ([] if batch.is_control else records_of(batch))
    ]


def roll_and_clean(log, **options):
    """Clean all that is there now: what comes after it is another segment."""
    log.roll(0)
    append(log, (b"last", b""))
    return clean(log, **options)


def test_the_last_value_of_each_key_stays_where_it_is(compacted):
    append(compacted, (b"a", b"1"), (b"b", b"1"), (b"a", b"2"))
    append(compacted, (b"c", b"1"), (b"a", b"3"))
    roll_and_clean(compacted)
    assert left(compacted)[:-1] == [(1, b"b", b"1"), (3, b"c", b"1"), (4, b"a", b"3")]


def test_the_active_segment_is_not_cleaned(compacted):
    append(compacted, (b"a", b"1"), (b"a", b"2"))
    cleaning = clean(compacted)
    assert cleaning.end_offset == 0
    assert len(left(compacted)) == 2


def test_a_record_in_the_active_segment_replaces_none(compacted):
    append(compacted, (b"a", b"1"))
    compacted.roll(0)
    append(compacted, (b"a", b"2"))
    clean(compacted)
    assert left(compacted) == [(0, b"a", b"1"), (1, b"a", b"2")]


def test_a_batch_of_which_all_stays_is_the_same_byte_for_byte(compacted):
    batches = [keyed_batch([(b"%d" % codec, b"v")], codec=codec) for codec in Compression]
    for batch in batches:
        compacted.append_as_leader(batch, 4, 0)
    roll_and_clean(compacted)
    assert [bytes(batch.view) for batch in compacted.read_batches(0, 5)] == [bytes(batch.view) for batch in batches]


@pytest.mark.parametrize("codec", Compression)
def test_a_batch_of_which_some_stays_keeps_its_header_and_codec(compacted, codec):
    append(compacted, (b"x", b""))
    batch = keyed_batch(
        [(b"a", b"1" * 50), (b"b", b"2" * 50), (b"a", b"3" * 50), (b"c", b"4" * 50)],
        timestamps=[5, 9, 7, 6],
        codec=codec,
        producer=8,
        epoch=3,
        sequence=40,
    )
    compacted.append_as_leader(batch, 6, 0)
    append(compacted, (b"b", b"5"))
    roll_and_clean(compacted)
    cleaned = next(compacted.read_batches(1))
    assert (cleaned.base_offset, cleaned.last_offset, cleaned.leader_epoch, cleaned.compression) == (1, 4, 6, codec)
    assert (cleaned.producer_id, cleaned.producer_epoch, cleaned.base_sequence, cleaned.last_sequence) == (8, 3, 40, 43)
    assert [(r.offset, r.timestamp) for r in records_of(cleaned)] == [(3, 7), (4, 6)]
    assert cleaned.max_timestamp == 7
    assert cleaned.verify_crc()


def test_headers_of_records_stay(compacted):
    builder = BatchBuilder()
    builder.append(1000, b"a", b"1", [("h", b"x"), ("h", None)])
    builder.append(1000, b"b", None, [("tomb", b"stone")])
    builder.append(1000, b"c", b"0", [])
    compacted.append_as_leader(parse_batch(builder.build()), 0, 0)
    append(compacted, (b"c", b"1"))
    roll_and_clean(compacted, now_ms=NOW_MS)
    [batch] = compacted.read_batches(0, 3)
    assert [record.headers for record in batch.records()] == [[("h", b"x"), ("h", None)], [("tomb", b"stone")]]


# Tombstones


def test_a_tombstone_stays_for_delete_retention_ms_after_it_was_cleaned_first(compacted):
    append(compacted, (b"a", b"1"))
    append(compacted, (b"a", None), timestamps=[5])
    cleaned = roll_and_clean(compacted, now_ms=NOW_MS).end_offset
    assert left(compacted)[0] == (1, b"a", None)
    roll_and_clean(compacted, now_ms=NOW_MS + HOUR - 1, cleaned=cleaned)
    assert left(compacted)[0] == (1, b"a", None)
    roll_and_clean(compacted, now_ms=NOW_MS + HOUR, cleaned=cleaned)
    assert b"a" not in [key for _, key, _ in left(compacted)]


def test_the_delete_horizon_stands_in_the_base_timestamp_and_is_set_once(compacted):
    append(compacted, (b"a", None), (b"b", b"1"), timestamps=[5, 3 * NOW_MS])
    cleaned = roll_and_clean(compacted, now_ms=NOW_MS).end_offset
    for later in (1, 2):
        [batch] = compacted.read_batches(0, 2)
        assert batch.attributes & DELETE_HORIZON_FLAG
        assert batch.delete_horizon_ms == batch.base_timestamp == NOW_MS + HOUR
        assert [(record.offset, record.timestamp) for record in batch.records()] == [(0, 5), (1, 3 * NOW_MS)]
        assert batch.max_timestamp == 3 * NOW_MS
        cleaned = roll_and_clean(compacted, now_ms=NOW_MS + later, cleaned=cleaned).end_offset


def test_what_stays_of_a_batch_with_a_horizon_keeps_it(compacted):
    append(compacted, (b"a", None), (b"b", b"1"), (b"c", None))
    cleaned = roll_and_clean(compacted, now_ms=NOW_MS).end_offset
    append(compacted, (b"b", b"2"))
    roll_and_clean(compacted, now_ms=NOW_MS + 7, cleaned=cleaned)
    [batch] = compacted.read_batches(0, 3)
    assert [record.offset for record in batch.records()] == [0, 2]
    assert batch.delete_horizon_ms == NOW_MS + HOUR


def test_timestamps_survive_a_horizon_where_the_broker_gave_them(compacted):
    append(compacted, (b"a", None), log_append_time_ms=77)
    roll_and_clean(compacted, now_ms=NOW_MS)
    [batch] = compacted.read_batches(0, 1)
    assert batch.log_append_time
    assert [record.timestamp for record in batch.records()] == [77]


def test_what_is_empty_is_not_in_the_time_index(compacted):
    append(compacted, (b"a", b"1"), timestamps=[5])
    append(compacted, (b"b", b"1"), timestamps=[9], producer=9, sequence=0)
    append(compacted, (b"b", b"2"), timestamps=[7])
    roll_and_clean(compacted)
    segment = compacted.segments[0]
    assert [segment.time_index.entry(number) for number in range(len(segment.time_index))] == [(7, 2)]
    assert compacted.offset_for_timestamp(6).offset == 2
    assert compacted.offset_for_timestamp(8).offset == 3


# Producers and transactions


def test_the_last_batch_of_a_producer_stays_without_records(compacted):
    append(compacted, (b"a", b"1"), producer=9, sequence=0)
    append(compacted, (b"a", b"2"), producer=9, sequence=1)
    append(compacted, (b"a", b"3"))
    roll_and_clean(compacted)
    [batch] = [batch for batch in compacted.read_batches(0) if batch.producer_id == 9]
    assert (batch.base_offset, batch.last_sequence, batch.records_count, batch.size) == (1, 1, 0, 61)


def test_the_last_batch_of_a_producer_goes_once_it_wrote_another(compacted):
    append(compacted, (b"a", b"1"), producer=9, sequence=0)
    append(compacted, (b"a", b"2"))
    cleaned = roll_and_clean(compacted).end_offset
    append(compacted, (b"b", b"1"), producer=9, sequence=1)
    roll_and_clean(compacted, cleaned=cleaned)
    assert [batch.base_offset for batch in compacted.read_batches(0) if batch.producer_id == 9] == [3]


def test_a_producer_that_is_forgotten_leaves_nothing(compacted):
    append(compacted, (b"a", b"1"), producer=9, sequence=0, timestamps=[0])
    append(compacted, (b"a", b"2"))
    compacted.producers.expire(NOW_MS, 1)
    roll_and_clean(compacted)
    assert [batch.producer_id for batch in compacted.read_batches(0)] == [-1, -1]


def test_the_last_batch_before_the_end_stays_too_as_what_lies_behind_may_be_cut_off(compacted):
    """Seed 330: a broker came back with a batch that nobody else had, cleaned its log, and then cut that batch off."""
    append(compacted, (b"a", b"1"), producer=9, sequence=0)
    append(compacted, (b"a", b"2"), producer=9, sequence=1)
    append(compacted, (b"a", b"3"))
    compacted.roll(0)
    append(compacted, (b"b", b"1"), producer=9, sequence=2)
    clean(compacted)
    compacted.truncate_to(3, 0)
    assert [batch.last_sequence for batch in compacted.read_batches(0) if batch.producer_id == 9] == [1]
    assert compacted.producers.get(9).last_sequence == 1


def test_a_marker_that_stays_for_its_producers_epoch_tells_it(compacted, make, new_disk):
    """Seed 309: a follower that got nothing but the marker, without its record, took no notice of the epoch."""
    append(compacted, (b"a", b"1"), producer=9, transactional=True)
    compacted.append_marker(marker_batch(9, commit=False, epoch=1, timestamp=77), 0, 0, transaction_version=2)
    cleaned = None
    for number in range(3):
        cleaned = roll_and_clean(compacted, now_ms=NOW_MS + number * HOUR, cleaned=cleaned).end_offset
    [marker] = [batch for batch in compacted.read_batches(0) if batch.producer_id == 9]
    assert (marker.is_control, marker.records_count, marker.producer_epoch) == (True, 0, 1)
    follower = type(make)(new_disk()).log()
    follower.append_as_follower(bytes(marker.view), 0)
    state = follower.producers.get(9)
    assert (state.epoch, state.last_timestamp, state.txn_first_offset) == (1, 77, -1)


def test_records_of_an_aborted_transaction_go_at_once_and_replace_none(compacted):
    append(compacted, (b"a", b"1"), (b"b", b"1"))
    append(compacted, (b"a", b"2"), (b"c", b"2"), producer=9, transactional=True)
    compacted.append_marker(marker_batch(9, commit=False), 0, 0, transaction_version=0)
    roll_and_clean(compacted)
    assert left(compacted)[:-1] == [(0, b"a", b"1"), (1, b"b", b"1")]


def test_nothing_is_cleaned_beyond_the_last_stable_offset(compacted):
    append(compacted, (b"a", b"1"))
    compacted.roll(0)
    append(compacted, (b"a", b"2"))
    append(compacted, (b"a", b"3"), producer=9, transactional=True)
    compacted.roll(0)
    append(compacted, (b"a", b"4"))
    assert clean(compacted, stable=2).end_offset == 1
    assert [offset for offset, _, _ in left(compacted)] == [0, 1, 2, 3]


@pytest.mark.parametrize("commit", [False, True])
def test_a_marker_stays_until_its_transaction_is_gone_and_then_for_delete_retention_ms(compacted, commit):
    append(compacted, (b"a", b"1"), producer=9, transactional=True)
    compacted.append_marker(marker_batch(9, commit=commit), 0, 0, transaction_version=0)
    append(compacted, (b"a", b"2"), producer=9, sequence=1, transactional=True)
    compacted.append_marker(marker_batch(9, commit=True), 0, 0, transaction_version=0)
    cleaned = roll_and_clean(compacted, now_ms=NOW_MS).end_offset

    def marker():
        return next((batch for batch in compacted.read_batches(0) if batch.base_offset == 1), None)

    # The first round still met a batch of the transaction, so the marker is as it was.
    assert marker().delete_horizon_ms is None
    assert len(list(compacted.segments[0].transaction_index.after(0))) == (not commit)
    cleaned = roll_and_clean(compacted, now_ms=NOW_MS + 1, cleaned=cleaned).end_offset
    assert marker().delete_horizon_ms == NOW_MS + 1 + HOUR
    assert [record.timestamp for record in marker().records()] == [1000]
    assert list(compacted.segments[0].transaction_index.after(0)) == []
    cleaned = roll_and_clean(compacted, now_ms=NOW_MS + HOUR, cleaned=cleaned).end_offset
    assert marker() is not None
    roll_and_clean(compacted, now_ms=NOW_MS + 1 + HOUR, cleaned=cleaned)
    assert marker() is None


# The map


def test_a_full_map_cleans_up_to_where_it_was_filled(compacted):
    for number in range(4):
        append(compacted, (b"%d" % number, b"old"))
    for number in range(4):
        append(compacted, (b"%d" % number, b"new"))
    cleaning = roll_and_clean(compacted, map_bytes=3 * 200)
    assert cleaning.end_offset == 3
    assert cleaning.statistics.map_utilization == 1
    ends = []
    while not ends or ends[-1] < 8:
        ends.append(roll_and_clean(compacted, map_bytes=3 * 200, cleaned=cleaning.end_offset).end_offset)
        cleaning.end_offset = ends[-1]
    assert len(ends) >= 2
    assert [value for _, key, value in left(compacted) if key != b"last"] == [b"new"] * 4


def test_a_map_with_room_for_one_key_gets_on(compacted):
    for number in range(5):
        append(compacted, (b"a", b"%d" % number), (b"b", b"%d" % number))
    ends, cleaned = [], None
    while not ends or ends[-1] < 10:
        cleaned = roll_and_clean(compacted, map_bytes=0, cleaned=cleaned).end_offset
        ends.append(cleaned)
    assert ends == sorted(set(ends))
    assert left(compacted)[:2] == [(8, b"a", b"4"), (9, b"b", b"4")]


@pytest.mark.parametrize("key_bytes", [4, 24, 25, 300])
def test_the_map_takes_no_more_memory_than_it_may(key_bytes):
    limit = 4 << 20
    keys = OffsetMap(limit)
    tracemalloc.start()
    count = 0
    while keys.put(count.to_bytes(4, "big") + bytes(key_bytes - 4), (1 << 40) + count):
        count += 1
    taken = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert 0.4 * limit < taken <= limit
    assert keys.put((0).to_bytes(4, "big") + bytes(key_bytes - 4), 1 << 41)
    assert keys.get((0).to_bytes(4, "big") + bytes(key_bytes - 4)) == 1 << 41


# What is wrong with a log


def test_a_record_without_a_key_goes(compacted):
    append(compacted, (None, b"1"), (b"a", b"1"))
    roll_and_clean(compacted)
    assert left(compacted)[0] == (1, b"a", b"1")


def test_a_damaged_batch_is_not_made_a_good_one(compacted):
    append(compacted, (b"a", b"1"), (b"b", b"1"))
    append(compacted, (b"b", b"2"))
    compacted.segments[0].file().pwritev((b"\xff",), 70)
    before = bytes(compacted.segments[0].file().read(0, 1000))
    with pytest.raises(CorruptRecords, match=r"00000000000000000000.log: the batch at position 0 is damaged"):
        roll_and_clean(compacted)
    assert bytes(compacted.segments[0].file().read(0, 1000)) == before
    assert not [entry.name for entry in compacted.disk.scan("t-0") if "cleaned" in entry.name]


def test_a_file_that_ends_within_a_batch_is_not_cleaned(compacted):
    append(compacted, (b"a", b"1"))
    append(compacted, (b"a", b"2"))
    compacted.roll(0)
    segment = compacted.segments[0]
    segment.file().truncate(segment.size - 1)
    with pytest.raises(CorruptRecords, match="no whole batch at position"):
        roll_and_clean(compacted)


def test_what_does_not_fit_into_a_segment_stays_as_it_is(compacted, monkeypatch):
    monkeypatch.setattr(swap, "_MAX_BYTES", 100)
    append(compacted, (b"a", b"1" * 100), (b"a", b"2" * 100))
    with pytest.raises(SegmentTooLarge):
        roll_and_clean(compacted)
    assert len(left(compacted)) == 3


def test_records_are_walked_as_protocol_reads_them():
    builder = BatchBuilder()
    for number in range(300):
        key = None if number % 7 == 0 else bytes(number)
        builder.append(1 << (number % 60), key, None if number % 5 == 0 else bytes(number * 3))
    batch = parse_batch(builder.build())
    walked = list(raw_records(bytes(batch.payload()), batch.records_count))
    read = list(batch.records())
    assert [(each[4], each[5], bool(each[6])) for each in walked] == [
        (record.offset, None if record.key is None else bytes(record.key), record.value is None) for record in read
    ]


def test_a_payload_that_is_cut_or_too_long_is_corrupt():
    payload = bytes(keyed_batch([(b"a", b"1"), (b"bb", None), (b"c" * 100, b"3" * 200)]).payload())
    assert len(list(raw_records(payload, 3))) == 3
    for size in range(len(payload)):
        with pytest.raises(CorruptRecords):
            list(raw_records(payload[:size], 3))
    with pytest.raises(CorruptRecords):
        list(raw_records(payload + b"x", 3))
    for count in (0, 1, 2, 4):
        with pytest.raises(CorruptRecords):
            list(raw_records(payload, count))
