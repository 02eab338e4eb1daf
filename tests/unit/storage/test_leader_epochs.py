"""The epoch cache against a naive twin, and its file."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from barnabas.storage.checkpoint import CorruptCheckpoint
from barnabas.storage.leader_epoch import LeaderEpochs

EPOCHS = st.integers(0, 8)
OFFSETS = st.integers(0, 30)
CHANGES = st.lists(
    st.one_of(
        st.tuples(st.just("assign"), EPOCHS, OFFSETS),
        st.tuples(st.just("end"), OFFSETS),
        st.tuples(st.just("start"), OFFSETS),
    ),
    max_size=12,
)


class Twin:
    """The same by going through a list."""

    def __init__(self) -> None:
        self.entries: list[tuple[int, int]] = []

    def assign(self, epoch: int, start: int) -> None:
        if self.entries and self.entries[-1][0] == epoch and start >= self.entries[-1][1]:
            return
        self.entries = [entry for entry in self.entries if entry[0] < epoch and entry[1] < start] + [(epoch, start)]

    def end(self, offset: int) -> None:
        self.entries = [entry for entry in self.entries if entry[1] < offset]

    def start(self, offset: int) -> None:
        before = [entry for entry in self.entries if entry[1] <= offset]
        if before:
            self.entries = [(before[-1][0], offset)] + [entry for entry in self.entries if entry[1] > offset]

    def end_offset_for(self, epoch: int, log_end: int) -> tuple[int, int]:
        if not self.entries or epoch > self.entries[-1][0] or epoch < 0:
            return -1, -1
        if epoch == self.entries[-1][0]:
            return epoch, log_end
        later = [start for known, start in self.entries if known > epoch]
        earlier = [known for known, _ in self.entries if known <= epoch]
        return (earlier[-1] if earlier else epoch), later[0]


@settings(max_examples=300, deadline=None)
@given(CHANGES, st.integers(-1, 9), OFFSETS)
def test_the_cache_is_what_a_list_would_be(changes, epoch, offset):
    cache, twin = LeaderEpochs(), Twin()
    for name, *arguments in changes:
        if name == "assign":
            cache.assign(*arguments)
            twin.assign(*arguments)
        elif name == "end":
            cache.truncate_from_end(*arguments)
            twin.end(*arguments)
        else:
            cache.truncate_from_start(*arguments)
            twin.start(*arguments)
        assert cache.entries() == twin.entries
    assert cache.end_offset_for(epoch, 99) == twin.end_offset_for(epoch, 99)
    begun = [known for known, start in twin.entries if start <= offset]
    assert cache.epoch_for_offset(offset) == max(begun, default=-1)
    assert LeaderEpochs.from_file(cache.to_file()).entries() == cache.entries()


def test_only_a_change_makes_the_cache_dirty():
    cache = LeaderEpochs([(1, 0), (2, 10)])
    assert not cache.dirty
    for harmless in (
        lambda: cache.assign(2, 15),
        lambda: cache.truncate_from_end(11),
        lambda: cache.truncate_from_start(0),
    ):
        harmless()
        assert not cache.dirty
    cache.truncate_from_end(10)
    assert cache.dirty


def test_the_file_is_kafkas():
    assert LeaderEpochs([(0, 0), (3, 27)]).to_file() == b"0\n2\n0 0\n3 27\n"
    assert LeaderEpochs.from_file(b"0\n2\n0 0\n3 27\n").entries() == [(0, 0), (3, 27)]


@pytest.mark.parametrize(
    "data", [b"1\n0\n", b"0\n2\n0 0\n", b"0\n1\n0 0 0\n", b"0\n1\na 0\n", b"0\n1\n0 -1\n", b"x", b"\xff\n"]
)
def test_a_file_in_another_format_is_refused(data):
    with pytest.raises(CorruptCheckpoint):
        LeaderEpochs.from_file(data)
