"""What a transaction must not commit: offsets of partitions that went away while their records were in hand."""

from __future__ import annotations

import pytest

from barnabas.client.groups.committed import CommitFailed
from barnabas.client.groups.handed_out import HandedOut


def test_what_stays_may_be_committed() -> None:
    handed_out = HandedOut()
    handed_out.add(("t", 0))
    handed_out.gone({("t", 1)})
    handed_out.check("group g")


def test_what_went_away_must_be_given_up_once() -> None:
    handed_out = HandedOut()
    handed_out.add(("t", 0))
    handed_out.gone({("t", 0), ("t", 1)})
    handed_out.add(("t", 0))
    with pytest.raises(CommitFailed, match="group g: ILLEGAL_GENERATION: t-0 went away"):
        handed_out.check("group g")
    handed_out.check("group g")


def test_what_was_committed_before_it_went_is_forgotten() -> None:
    handed_out = HandedOut()
    handed_out.add(("t", 0))
    handed_out.settle()
    handed_out.gone({("t", 0)})
    handed_out.check("group g")
