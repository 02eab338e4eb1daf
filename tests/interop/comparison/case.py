"""What a case is: a function that says a few things to a cluster, once for each of its versions of the protocol."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from comparison.talk import Talk

Say = Callable[["Talk", int], None]
DIFFERED_ONCE = pytest.StashKey[list[str]]()
"""What differed, but not each time."""


@dataclass(frozen=True, slots=True)
class Case:
    """`say` at one version. Its answers must be those of Apache Kafka, or differ for a reason.

    `difference` is a heading of docs/differences.md: the answers must differ then, so that no line there outlives
    what it tells of.
    """

    name: str
    version: int
    say: Say
    difference: str | None
    once: bool = False
    """Whether what it needs is there once only: it is not tried again where answers differ."""

    def __str__(self) -> str:
        return f"{self.name}-v{self.version}"


_cases: list[Case] = []


def case(*versions: int, difference: str | None = None, once: bool = False) -> Callable[[Say], Say]:
    """Register a function `(talk, version)` as a case at each of these versions."""

    def register(say: Say) -> Say:
        group = say.__module__.rpartition(".cases_")[2]
        _cases.extend(Case(f"{group}:{say.__name__}", version, say, difference, once) for version in versions)
        return say

    return register


def all_cases() -> Iterable[Case]:
    """The cases of all files cases_*.py in this directory."""
    for path in sorted(Path(__file__).parent.glob("cases_*.py")):
        importlib.import_module(f"comparison.{path.stem}")
    return _cases
