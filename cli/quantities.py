"""Amounts of bytes as people write them: `500`, `10kB`, `1.5MB`, `1GiB`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from barnabas.cli.failures import UsageError

_FORM: Final = re.compile(r"(?P<number>\d+(?:\.\d+)?)\s*(?P<unit>[a-zA-Z]*)")
_UNITS: Final[Mapping[str, int]] = {
    "": 1,
    "b": 1,
    **{prefix + suffix: 1000**power for power, prefix in enumerate("kmgtp", start=1) for suffix in ("", "b")},
    **{prefix + "ib": 1024**power for power, prefix in enumerate("kmgtp", start=1)},
}
_NAMES: Final = ("B", "kB", "MB", "GB", "TB", "PB")


def parse_bytes(text: str, option: str) -> int:
    """A number of bytes: kB, MB, GB, TB are powers of 1000, KiB and so on of 1024. UsageError names the option."""
    found = _FORM.fullmatch(text.strip())
    factor = None if found is None else _UNITS.get(found["unit"].lower())
    if found is None or factor is None or float(found["number"]) == 0:
        raise UsageError(f"{option} {text!r} is not an amount such as 500kB, 10MB or 1GiB")
    return round(float(found["number"]) * factor)


def bytes_text(count: float) -> str:
    """An amount for people: three digits at most before the point, one after it if that says something."""
    power = 0
    while power + 1 < len(_NAMES) and count >= 999.95:
        count /= 1000
        power += 1
    return f"{count:.1f}".removesuffix(".0") + f" {_NAMES[power]}"
