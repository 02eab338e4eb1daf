"""Bugs in what lies beside the batches of a log, and in how nodes recover and end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from tests.simulation.mutants.mutant import Mutant, Patch, wrapped

from barnabas.controller import brokers
from barnabas.storage.index import OffsetIndex
from barnabas.storage.segment import Segment
from barnabas.storage.unstable_offsets import UnstableOffsets


def _point_behind(original: Callable[..., None], index: OffsetIndex, last_offset: int, position: int) -> None:
    original(index, last_offset, position + 1)


def _forget_the_transaction(original: Callable[..., None], offsets: UnstableOffsets, first: int, marker: int) -> None:
    original(offsets, first, marker)
    offsets._ended.clear()
    offsets.first = offsets._smallest()


def _note_every_end(original: Callable[..., None], segment: Segment, producers: Any, completed: Any) -> None:
    original(segment, producers, completed and completed._replace(aborted=True))


MUTANTS: Final = (
    Mutant(
        "entries of an offset index point behind their batches",
        (wrapped(OffsetIndex, "append", _point_behind),),
        seed=1,
    ),
    Mutant(
        "a transaction is decided when its marker is written, not when it is replicated",
        (wrapped(UnstableOffsets, "end", _forget_the_transaction),),
        seed=1,
        extras=("transactions",),
    ),
    Mutant(
        "transactions that were committed are in the index of aborted ones",
        (wrapped(Segment, "note_ended", _note_every_end),),
        seed=1,
        extras=("transactions",),
    ),
    Mutant(
        "nobody leads what a broker holds that has come back",
        (Patch(brokers, "changes_with", lambda *_: iter(())),),
        seed=1,
    ),
)
