"""Durations as people write them, there and back."""

from __future__ import annotations

import pytest

from barnabas.cli.durations import duration_text, parse_duration
from barnabas.cli.failures import UsageError


@pytest.mark.parametrize(
    ("text", "ms"),
    [
        ("90s", 90_000),
        ("15m", 900_000),
        ("2h", 7_200_000),
        ("1d", 86_400_000),
        ("1h30m", 5_400_000),
        ("PT1H30M", 5_400_000),
        ("P1DT0.5S", 86_400_500),
    ],
)
def test_both_ways_to_write_one_are_read(text: str, ms: int) -> None:
    assert parse_duration(text, "--for") == ms


@pytest.mark.parametrize("text", ["", "P", "PT", "5", "5 m", "1m1h", "-5s", "five"])
def test_anything_else_is_refused_with_the_option(text: str) -> None:
    with pytest.raises(UsageError, match=r"--for .*PT1H30M"):
        parse_duration(text, "--for")


def test_people_are_shown_two_units() -> None:
    values = [0, 250, 59_999, 60_000, 65_000, 7_200_000, 90_061_000, 86_400_000 * 8]
    assert [duration_text(ms) for ms in values] == [
        "0s",
        "0.25s",
        "59.999s",
        "1m",
        "1m 5s",
        "2h",
        "1d 1h",
        "8d",
    ]
