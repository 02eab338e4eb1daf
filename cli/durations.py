"""Durations as people write them: `90s`, `1h30m`, ISO 8601's `PT1H30M`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from barnabas.cli.failures import UsageError

_SIMPLE: Final = re.compile(r"(?:(?P<d>\d+)d)?(?:(?P<h>\d+)h)?(?:(?P<m>\d+)m)?(?:(?P<s>\d+)s)?")
_ISO: Final = re.compile(r"P(?:(?P<d>\d+)D)?(?:T(?:(?P<h>\d+)H)?(?:(?P<m>\d+)M)?(?:(?P<s>\d+(?:\.\d+)?)S)?)?")
_SECONDS: Final[Mapping[str, int]] = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def parse_duration(text: str, option: str) -> int:
    """Milliseconds from `90s`, `15m`, `1h30m`, `7d`, or ISO 8601's `P1DT2H30M`. UsageError names the option."""
    for form in (_SIMPLE, _ISO):
        found = form.fullmatch(text)
        if found is not None and any(found.groups()):
            return int(sum(float(found[unit] or 0) * _SECONDS[unit] for unit in "dhms") * 1000)
    raise UsageError(f"{option} {text!r} is not a duration such as 15m, 6h or PT1H30M")


def duration_text(ms: float) -> str:
    """A duration in ms for people, in its two largest units: `2d 3h`, `1m 5s`, `0.25s`."""
    if ms < 60_000:
        return f"{ms / 1000:g}s"
    rest, parts = int(ms // 1000), list[str]()
    for unit in "dhms":
        count, rest = divmod(rest, _SECONDS[unit])
        if count:
            parts.append(f"{count}{unit}")
    return " ".join(parts[:2])
