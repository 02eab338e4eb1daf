"""After a crash a log is cut at the first batch that is not whole, and everything else follows the log."""

from __future__ import annotations

from random import Random

import pytest

LOG = "t-0/00000000000000000000.log"


def test_a_cut_at_every_byte_of_the_last_batches_loses_only_what_was_cut(make, contents, memory_disk):
    log = make.log()
    ends = [0]
    for number in range(6):
        log.append_as_leader(make.batch(b"a", b"b", producer=7, sequence=2 * number), number // 2, 0)
        ends.append(log.active.size)
    whole = bytes(memory_disk.names[LOG].data)
    for size in range(ends[2], len(whole) + 1):
        memory_disk.names[LOG].data[:] = whole[:size]
        survivors = sum(end <= size for end in ends[1:])
        log = make.log()
        assert log.log_end_offset == 2 * survivors
        assert contents(log) == [(offset, b"ab"[offset % 2 : offset % 2 + 1]) for offset in range(2 * survivors)]
        assert memory_disk.names[LOG].data == whole[: ends[survivors]]
        assert log.producers.get(7).last_sequence == 2 * survivors - 1
        assert log.latest_epoch == (survivors - 1) // 2
        assert bool(log.recovery_notes) == (size not in ends)


def test_a_cut_is_durable_before_anything_is_written_over_it(make, memory_disk):
    """Else what was cut could come back behind a new batch of the same size as the bad one."""
    log = make.log()
    make.fill(log, 5)
    memory_disk.names[LOG].data[log.locate(2, 1, 5).offset + 40] ^= 1
    after = memory_disk.names[LOG]
    after.durable = bytes(after.data)
    log = make.log()
    assert log.log_end_offset == 2
    assert len(after.durable) == log.active.size


@pytest.mark.parametrize("lost", [0, 1])
def test_what_follows_a_segment_whose_content_was_lost_goes_too(make, memory_disk, lost):
    """Found by the simulation: the first segment was taken for one that a failed roll had left, and the log for one
    that starts with the second."""
    log = make.log(segment_bytes=300)
    make.fill(log, 12)
    assert len(log.segments) > 3
    memory_disk.names[f"t-0/{log.segments[lost].base_offset:020d}.log"].data.clear()
    expected = log.segments[lost].base_offset
    log = make.log(segment_bytes=300)
    assert (log.log_start_offset, log.log_end_offset) == (0, expected)
    make.fill(log, 3)
    assert make.log(segment_bytes=300).log_end_offset == expected + 3


def test_a_flipped_bit_in_the_last_batch_cuts_it_off(make, memory_disk):
    log = make.log()
    make.fill(log, 5)
    begin = log.locate(4, 1, 5).offset
    whole = bytes(memory_disk.names[LOG].data)
    # The base offset and the leader epoch are not under the CRC, the base offset may leave a gap.
    for position in range(begin + 8, len(whole)):
        if begin + 12 <= position < begin + 16:
            continue
        for bit in (0, 7):
            damaged = bytearray(whole)
            damaged[position] ^= 1 << bit
            memory_disk.names[LOG].data[:] = damaged
            assert make.log().log_end_offset == 4, (position - begin, bit)


def test_a_base_offset_that_goes_back_is_bad(make, memory_disk):
    log = make.log()
    make.fill(log, 5)
    begin = log.locate(4, 1, 5).offset
    memory_disk.names[LOG].data[begin + 7] = 3
    assert make.log().log_end_offset == 4


def test_what_comes_after_a_bad_batch_is_lost_also_in_later_segments(make, memory_disk, contents):
    log = make.log(segment_bytes=300)
    make.fill(log, 20)
    bases = [segment.base_offset for segment in log.segments]
    assert len(bases) > 3
    memory_disk.names[f"t-0/{bases[1]:020d}.log"].data[-1] ^= 1
    log = make.log(segment_bytes=300)
    assert [segment.base_offset for segment in log.segments] == bases[:2]
    assert log.log_end_offset == bases[2] - 1
    assert not any("removed" not in note for note in log.recovery_notes[1:])
    assert len(contents(log)) == log.log_end_offset


def test_a_segment_whose_end_was_lost_ends_the_log_even_at_a_batch(make, memory_disk):
    """The next segment's name tells that something is missing, where the file alone would look whole."""
    log = make.log(segment_bytes=300)
    make.fill(log, 20)
    bases = [segment.base_offset for segment in log.segments]
    last = log.locate(bases[1] - 1, 1, 100).offset
    del memory_disk.names[LOG].data[last:]
    log = make.log(segment_bytes=300)
    assert log.log_end_offset == bases[1] - 1
    assert len(log.segments) == 1


def test_before_the_recovery_point_nothing_is_read(make, memory_disk):
    log = make.log(segment_bytes=300)
    make.fill(log, 20)
    bases = [segment.base_offset for segment in log.segments]
    memory_disk.names[LOG].data[-1] ^= 1
    log = make.log(segment_bytes=300, recovery_point=bases[1])
    assert log.log_end_offset == 20
    assert log.recovery_point == bases[1]


def test_a_recovery_point_beyond_the_end_means_only_that_data_is_lost(make):
    make.fill(make.log(), 5)
    log = make.log(recovery_point=999)
    assert (log.log_end_offset, log.recovery_point) == (5, 5)


def test_a_clean_start_reads_only_the_end(make, memory_disk):
    log = make.log(segment_bytes=300)
    make.fill(log, 20)
    log.close(0)
    memory_disk.names[LOG].data[-1] ^= 1
    log = make.log(clean=True, segment_bytes=300)
    assert (log.log_end_offset, log.recovery_point, log.recovery_notes) == (20, 20, [])


@pytest.mark.parametrize("tail", [b"\0", bytes(70), b"torn" * 30])
def test_a_clean_start_with_something_behind_the_end_recovers(make, memory_disk, tail):
    log = make.log()
    make.fill(log, 5)
    log.close(0)
    memory_disk.names[LOG].data += tail
    log = make.log(clean=True)
    assert log.log_end_offset == 5
    assert log.recovery_notes
    assert log.active.size == len(memory_disk.names[LOG].data)


@pytest.mark.parametrize("suffix", [".index", ".timeindex"])
@pytest.mark.parametrize("damage", ["missing", "cut", "zeros", "noise", "other", "empty"])
@pytest.mark.parametrize("clean", [True, False])
def test_a_bad_index_is_not_believed(make, memory_disk, contents, suffix, damage, clean):
    log = make.log(segment_bytes=1000)
    make.fill(log, 40)
    log.close(0)
    expected = contents(make.log(clean=True, segment_bytes=1000))
    for path in [name for name in memory_disk.names if name.endswith(suffix)]:
        data = memory_disk.names[path].data
        match damage:
            case "missing":
                del memory_disk.names[path]
            case "cut":
                del data[-3:]
            case "zeros":
                data += bytes(240)
            case "noise":
                data[:] = Random(1).randbytes(len(data))
            case "other":
                data[:] = bytes(reversed(data))
            case "empty":
                data.clear()
    log = make.log(clean=clean, segment_bytes=1000)
    assert contents(log) == expected
    for offset in range(40):
        batch = next(log.read_batches(offset))
        assert batch.base_offset == offset
        assert log.offset_for_timestamp(offset).offset == offset
    assert log.max_timestamp_offset().offset == 39
    make.fill(log, 5)
    assert [offset for offset, _ in contents(log)] == list(range(45))


@pytest.mark.parametrize("clean", [True, False])
@pytest.mark.parametrize("damage", ["missing", "noise", "cut", "version"])
def test_producers_are_remembered_without_their_snapshots(make, memory_disk, clean, damage):
    log = make.log(segment_bytes=300)
    for number in range(20):
        log.append_as_leader(make.batch(b"v" * 10, producer=number % 3, sequence=number // 3), 0, 0)
    before = {state.producer_id: state.batches for state in log.producers}
    log.close(0)
    for path in [name for name in memory_disk.names if name.endswith(".snapshot")]:
        data = memory_disk.names[path].data
        match damage:
            case "missing":
                del memory_disk.names[path]
            case "noise":
                data[len(data) // 2] ^= 4
            case "cut":
                del data[-1:]
            case "version":
                data[1] = 2
    log = make.log(clean=clean, segment_bytes=300, recovery_point=0 if not clean else 20)
    assert {state.producer_id: state.batches for state in log.producers} == before


def test_a_stale_snapshot_of_what_was_never_written_is_removed(make, memory_disk):
    log = make.log()
    for sequence in range(4):
        log.append_as_leader(make.batch(b"v", producer=1, sequence=sequence), 0, 0)
    log.close(0)
    size = len(memory_disk.names[LOG].data)
    del memory_disk.names[LOG].data[size // 2 :]
    log = make.log()
    assert log.log_end_offset == 2
    assert log.producers.get(1).last_sequence == 1
    assert log.snapshots.offsets == ()


@pytest.mark.parametrize("content", [b"", b"nonsense", b"0\n1\n", b"0\n1\n5\n", b"1\n0\n", b"0\n1\n-1 0\n", b"\xff"])
@pytest.mark.parametrize("clean", [True, False])
def test_a_bad_epoch_checkpoint_is_read_from_the_log(make, memory_disk, content, clean):
    log = make.log(segment_bytes=300)
    make.fill(log, 6, epoch=3)
    make.fill(log, 6, epoch=5)
    log.close(0)
    memory_disk.names["t-0/leader-epoch-checkpoint"].data[:] = content
    log = make.log(clean=clean, segment_bytes=300, recovery_point=12)
    if content:
        assert log.epochs.entries() == [(3, 0), (5, 6)]
    else:
        assert log.latest_epoch in (-1, 5)


def test_epochs_are_cut_with_the_log_and_follow_the_batches(make, memory_disk):
    log = make.log()
    for epoch in range(1, 5):
        make.fill(log, 2, epoch=epoch)
    log.flush(0)
    cut = log.locate(5, 1, 8).offset
    del memory_disk.names[LOG].data[cut:]
    log = make.log()
    assert log.epochs.entries() == [(1, 0), (2, 2), (3, 4)]


def test_the_log_start_is_taken_from_the_checkpoint(make, contents):
    log = make.log(segment_bytes=300)
    make.fill(log, 20)
    bases = [segment.base_offset for segment in log.segments]
    log.close(0)
    log = make.log(clean=True, segment_bytes=300, log_start_offset=bases[2] + 1)
    assert log.log_start_offset == bases[2] + 1
    assert log.segments[0].base_offset == bases[2]
    assert contents(log)[0][0] == bases[2] + 1


def test_a_log_that_ends_before_its_start_begins_anew(make):
    log = make.log()
    make.fill(log, 5, epoch=2)
    log.close(0)
    log = make.log(clean=True, log_start_offset=9)
    assert (log.log_start_offset, log.log_end_offset, log.latest_epoch, log.size) == (9, 9, -1, 0)


def test_left_over_files_are_removed(make, memory_disk):
    log = make.log()
    make.fill(log, 3)
    log.close(0)
    for name in (
        "00000000000000000000.log.deleted",
        "00000000000000000007.log.cleaned",
        "00000000000000000007.index",
        "00000000000000000007.txnindex",
        "leader-epoch-checkpoint.tmp",
    ):
        memory_disk.open(f"t-0/{name}", create=True)
    kept = set(memory_disk.names)
    make.log(clean=True)
    assert kept - set(memory_disk.names) == {
        name for name in kept if "7." in name or name.endswith((".deleted", ".tmp"))
    }


def test_an_interrupted_cleaning_is_finished(make, memory_disk, contents):
    log = make.log(segment_bytes=300)
    make.fill(log, 9)
    log.close(0)
    bases = [segment.base_offset for segment in make.log(clean=True, segment_bytes=300).segments]
    name = f"t-0/{bases[0]:020d}.log"
    memory_disk.names[f"{name}.swap"] = memory_disk.names.pop(name)
    memory_disk.names[f"t-0/{1:020d}.log"] = memory_disk.names[f"{name}.swap"]
    log = make.log(clean=True, segment_bytes=300)
    assert [segment.base_offset for segment in log.segments] == bases
    assert len(contents(log)) == 9
