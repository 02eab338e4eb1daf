"""Both indexes against naive twins, and their bytes."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from barnabas.storage.index import OffsetIndex, TimeIndex

BASE = 1000
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("append"), st.integers(1, 50), st.integers(1, 50)),
        st.tuples(st.just("write")),
        st.tuples(st.just("release")),
        st.tuples(st.just("truncate"), st.integers(-5, 400)),
    ),
    max_size=30,
)
TWINS = settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def play(index, steps):
    """Play steps on an index and on a list of (offset, position or time)."""
    twin: list[tuple[int, int]] = []
    offset, other = BASE - 1, 0
    for name, *arguments in steps:
        if name == "append":
            offset, other = offset + arguments[0], other + arguments[1]
            index.append(*((offset, other) if isinstance(index, OffsetIndex) else (other, offset)))
            twin.append((offset, other))
        elif name == "truncate":
            index.truncate_to(BASE + arguments[0])
            twin = [entry for entry in twin if entry[0] < BASE + arguments[0]]
        else:
            getattr(index, name)()
    return twin


@TWINS
@given(steps=STEPS, relative=st.integers(-5, 500))
def test_an_offset_index_finds_what_a_list_would(new_disk, steps, relative):
    index = OffsetIndex(new_disk(), "0.index", BASE)
    twin = play(index, steps)
    at_most = [position for offset, position in twin if offset <= BASE + relative]
    assert index.lookup(BASE + relative) == (at_most[-1] if at_most else 0)
    assert index.read_last() == (twin[-1] if twin else (-1, 0))
    assert len(index) == len(twin)


@TWINS
@given(steps=STEPS, timestamp=st.integers(-5, 500))
def test_a_time_index_finds_what_a_list_would(new_disk, steps, timestamp):
    index = TimeIndex(new_disk(), "0.timeindex", BASE)
    twin = play(index, steps)
    earlier = [(time, offset) for offset, time in twin if time < timestamp]
    assert index.lookup(timestamp) == (earlier[-1] if earlier else (-1, BASE))
    assert index.read_last() == ((twin[-1][1], twin[-1][0]) if twin else (-1, BASE))


@TWINS
@given(steps=STEPS, position=st.integers(0, 800))
def test_an_offset_index_is_cut_by_position_too(new_disk, steps, position):
    index = OffsetIndex(new_disk(), "0.index", BASE)
    twin = [entry for entry in play(index, steps) if entry[1] < position]
    index.truncate_to_position(position)
    assert [(BASE + index.entry(n)[0], index.entry(n)[1]) for n in range(len(index))] == twin


def test_the_files_are_kafkas(memory_disk):
    offsets = OffsetIndex(memory_disk, "0.index", BASE)
    offsets.append(BASE + 5, 4200)
    offsets.append(BASE + 9, 8700)
    offsets.write()
    assert memory_disk.names["0.index"].data == bytes.fromhex("00000005 00001068 00000009 000021fc")
    times = TimeIndex(memory_disk, "0.timeindex", BASE)
    times.append(1_700_000_000_000, BASE + 5)
    times.append(1_700_000_000_000, BASE + 9)
    times.write()
    assert memory_disk.names["0.timeindex"].data == bytes.fromhex("0000018bcfe56800 00000005")


def test_no_file_is_made_or_opened_before_it_is_needed(memory_disk):
    index = OffsetIndex(memory_disk, "0.index", BASE)
    index.append(BASE + 5, 4200)
    assert index.lookup(BASE + 7) == 4200
    assert memory_disk.names == {}


@pytest.mark.parametrize("interval", [0, 100, 300, 2 * 88, 3 * 88 - 1])
def test_an_entry_is_written_when_more_than_an_interval_of_bytes_has_passed(make, interval):
    log = make.log(index_interval_bytes=interval)
    make.fill(log, 30, size=20)
    size = log.active.size // 30
    assert size == 88
    between = interval // size + 1
    positions = [log.active.offset_index.entry(n)[1] for n in range(len(log.active.offset_index))]
    assert positions == [number * size for number in range(between, 30, between)]


def test_the_last_entry_of_a_sealed_segment_is_its_largest_time(make):
    log = make.log(index_interval_bytes=10_000)
    for timestamp in (5, 90, 7):
        log.append_as_leader(make.batch(b"v", timestamps=[timestamp]), 0, 0)
    log.roll(0)
    assert log.segments[0].time_index.read_last() == (90, 1)
