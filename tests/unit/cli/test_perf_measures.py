"""Times counted in buckets, against a plain sorted list; and the pace of events."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from barnabas.cli.perf.measures import PERCENTILES, Measured, Pace, Times


def times_of(*seconds: float) -> Times:
    times = Times()
    for each in seconds:
        times.add(each)
    return times


@given(st.lists(st.floats(min_value=1e-6, max_value=1e4), min_size=1, max_size=200))
def test_percentiles_are_those_of_a_sorted_list_but_for_a_bucket(seconds: list[float]) -> None:
    times, ordered = times_of(*seconds), sorted(seconds)
    for percent in PERCENTILES:
        exact = ordered[math.ceil(len(ordered) * percent / 100) - 1]
        assert exact <= times.percentile(percent) * (1 + 1e-12)
        assert times.percentile(percent) <= exact * (1 + 1 / 32) or times.percentile(percent) == times.max
    assert times.max == ordered[-1]
    assert times.mean == pytest.approx(sum(seconds) / len(seconds))


@given(st.lists(st.floats(min_value=1e-6, max_value=1e4), max_size=200))
def test_a_histogram_has_every_event_once(seconds: list[float]) -> None:
    bars = times_of(*seconds).histogram()
    assert sum(count for _, count in bars) == len(seconds)
    bounds = [bound for bound, _ in bars]
    assert bounds == sorted(set(bounds))


def test_a_histogram_goes_in_steps_of_one_two_and_five() -> None:
    assert times_of(0.0005, 0.003, 0.004, 0.011).histogram() == [
        (0.5, 1),
        (1, 0),
        (2, 0),
        (5, 2),
        (10, 0),
        (20, 1),
    ]


def test_nothing_measured() -> None:
    empty = Times()
    assert (empty.mean, empty.percentile(99), empty.max, empty.histogram()) == (0.0, 0.0, 0.0, [])
    assert Measured().rate(5) == 0.0


def test_events_are_due_at_their_pace() -> None:
    assert [Pace(4.0, 100.0).due(number) for number in range(3)] == [100.0, 100.25, 100.5]
    assert Pace(0.0, 100.0).due(1_000_000) == 100.0
