"""The core's view of the log, against a naive twin that keeps the epoch of every offset."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from barnabas.raft.log_view import Batch, EpochOffset, LogView

operations = st.lists(
    st.one_of(
        st.tuples(st.just("append"), st.integers(1, 3), st.integers(0, 2)),
        st.tuples(st.just("truncate"), st.integers(0, 30), st.just(0)),
    ),
    max_size=20,
)


def build(steps: list[tuple[str, int, int]]) -> tuple[LogView, list[int]]:
    """The view after these steps, and the epoch of each offset."""
    view, epochs = LogView(), list[int]()
    for kind, number, epoch_step in steps:
        if kind == "append":
            epoch = (epochs[-1] if epochs else 0) + epoch_step
            view.append(Batch(len(epochs), len(epochs) + number, epoch, None))
            epochs += [epoch] * number
        else:
            end = min(number, len(epochs))
            view.truncate(end)
            del epochs[end:]
    return view, epochs


@given(operations)
def test_end_is_that_of_the_records(steps: list[tuple[str, int, int]]) -> None:
    view, epochs = build(steps)
    assert view.end == EpochOffset(epochs[-1] if epochs else 0, len(epochs))


@given(operations, st.integers(0, 12))
def test_end_offset_for_epoch_is_the_end_of_the_largest_epoch_not_above(
    steps: list[tuple[str, int, int]], epoch: int
) -> None:
    view, epochs = build(steps)
    below = [e for e in epochs if e <= epoch]
    expected = EpochOffset(below[-1], len(below)) if below else EpochOffset(0, 0)
    assert view.end_offset_for_epoch(epoch) == expected


lengths = st.lists(st.tuples(st.integers(1, 4), st.integers(1, 3)), max_size=5)


def extended(epochs: list[int], suffix: list[tuple[int, int]], parity: int) -> tuple[LogView, list[int]]:
    """A log of `epochs` and later ones of that parity: an epoch has one leader, so only one of two logs adds to it."""
    result = list(epochs)
    for epochs_on, count in suffix:
        result += [(result[-1] // 2 + epochs_on) * 2 + parity] * count
    view = LogView()
    for offset, epoch in enumerate(result):
        view.append(Batch(offset, offset + 1, epoch, None))
    return view, result


@given(st.lists(st.integers(1, 4), min_size=1, max_size=6), lengths, lengths)
def test_following_divergences_makes_the_follower_a_prefix(
    shared: list[int], leader_suffix: list[tuple[int, int]], follower_suffix: list[tuple[int, int]]
) -> None:
    leader, leader_epochs = extended(sorted(shared), leader_suffix, 0)
    follower, follower_epochs = extended(sorted(shared), follower_suffix, 1)
    for _ in range(30):
        diverging = leader.divergence(follower.end_offset, follower.last_epoch)
        if diverging is None:
            break
        end = follower.truncation_offset(diverging)
        assert end < follower.end_offset, "each answer cuts something, so the follower arrives"
        follower.truncate(end)
        del follower_epochs[end:]
    assert leader.divergence(follower.end_offset, follower.last_epoch) is None
    assert leader_epochs[: len(follower_epochs)] == follower_epochs


def test_a_sync_that_began_before_a_truncation_is_told_apart() -> None:
    view = LogView()
    view.append(Batch(0, 5, 1, None))
    generation = view.generation
    view.truncate(2)
    assert view.generation != generation
    assert view.synced_offset <= view.end_offset


@pytest.mark.parametrize("batch", [Batch(4, 6, 2, None), Batch(6, 7, 2, None), Batch(5, 6, 1, None)])
def test_a_batch_that_does_not_follow_is_refused(batch: Batch) -> None:
    view = LogView(end_offset=5, epochs=[EpochOffset(2, 0)])
    with pytest.raises(ValueError, match="does not follow"):
        view.append(batch)


@pytest.mark.parametrize(("base", "end", "epoch"), [(3, 3, 0), (-1, 2, 0), (0, 1, -1)])
def test_a_batch_that_cannot_be_is_not_made(base: int, end: int, epoch: int) -> None:
    with pytest.raises(ValueError, match="not a batch"):
        Batch(base, end, epoch, None)
