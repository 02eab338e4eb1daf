"""The checker of records reports every anomaly, in histories made by hand, and nothing in good ones."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from tests.simulation.cluster import Violation
from tests.simulation.history import History, Promise, Send
from tests.simulation.history_records import LogCheck

PLACE = ("t", 0)
EPOCH = 3


def history(**promises: Promise) -> History:
    """With producers `a` and `b`, idempotent unless given."""
    return History(promises={"a": Promise(), "b": Promise(), **promises})


def sent(known: History, value: str, at: float, ended: float = float("inf"), offset: int | None = None) -> Send:
    send = known.sends[PLACE][value] = Send(at, EPOCH, ended, offset)
    return send


def kinds(known: History, log: Sequence[str], *, epoch: int = EPOCH, read_to_end: bool = False) -> list[str]:
    check = LogCheck(known, PLACE, list(enumerate(log)), epoch)
    return [anomaly.kind for anomaly in check.anomalies(read_to_end=read_to_end)]


def test_a_good_history() -> None:
    known = history()
    sent(known, "a:0", 1, 2, 0)
    sent(known, "b:1", 1, 3, 1)
    sent(known, "a:2", 2.5)  # nobody knows; it is not there
    sent(known, "b:3", 4)  # nobody knows; it is there
    sent(known, "a:4", 5, 6, 3)
    for offset, value in enumerate(["a:0", "b:1", "b:3", "a:4"]):
        known.saw("c", PLACE, offset, value)
    assert kinds(known, ["a:0", "b:1", "b:3", "a:4"], read_to_end=True) == []


def test_lost() -> None:
    known = history()
    sent(known, "a:0", 1, 2, 0)
    sent(known, "a:1", 3, 4, 1)
    assert kinds(known, ["a:0"]) == ["lost"]


def test_lost_without_an_offset() -> None:
    known = history()
    sent(known, "a:0", 1, 2, -1)
    assert kinds(known, []) == ["lost"]
    assert kinds(known, ["a:0"]) == []


def test_lost_with_acks_1_is_lost_by_right_once_the_leader_has_changed() -> None:
    known = history(a=Promise(1, idempotent=False))
    sent(known, "a:0", 1, 2, 0)
    assert kinds(known, []) == ["lost"]
    assert kinds(known, [], epoch=EPOCH + 1) == []


def test_duplicate() -> None:
    known = history()
    sent(known, "a:0", 1, 2, 0)
    assert "duplicate" in kinds(known, ["a:0", "a:0"])


def test_duplicate_of_a_producer_that_is_not_idempotent() -> None:
    known = history(a=Promise(idempotent=False))
    sent(known, "a:0", 1, 5, 1)
    assert kinds(known, ["a:0", "a:0"]) == []


def test_reordered_records_of_one_producer() -> None:
    known = history()
    sent(known, "a:0", 1)
    sent(known, "a:1", 2)
    assert kinds(known, ["a:1", "a:0"]) == ["reordered"]


def test_reordered_records_of_two_producers() -> None:
    """Nobody may write before what was acknowledged before it was sent."""
    known = history()
    sent(known, "a:0", 1, 2, 1)
    sent(known, "b:1", 2.5)
    assert kinds(known, ["b:1", "a:0"]) == ["reordered"]
    sent(known, "b:1", 1.5)
    assert kinds(known, ["b:1", "a:0"]) == []


def test_inconsistent_offset_of_an_acknowledgement() -> None:
    known = history()
    sent(known, "a:0", 1, 2, 1)
    sent(known, "b:1", 1)
    assert kinds(known, ["a:0", "b:1"]) == ["inconsistent offsets"]


def test_inconsistent_offset_of_a_read() -> None:
    known = history()
    sent(known, "a:0", 1)
    sent(known, "b:1", 1)
    known.saw("c", PLACE, 1, "a:0")
    assert kinds(known, ["a:0", "b:1"]) == ["inconsistent offsets"]


def test_one_offset_with_two_values() -> None:
    known = history()
    known.saw("c", PLACE, 0, "a:0")
    with pytest.raises(Violation, match=r"inconsistent offsets: .* read as a:0 and, by d, as b:1"):
        known.saw("d", PLACE, 0, "b:1")


def test_vanished() -> None:
    known = history()
    sent(known, "a:0", 1)
    known.saw("c", PLACE, 0, "a:0")
    assert kinds(known, []) == ["vanished"]


def test_phantom() -> None:
    assert kinds(history(), ["x:0"]) == ["phantom"]


def test_aborted_read() -> None:
    known = history()
    sent(known, "a:0", 1).is_refused = True
    assert kinds(known, ["a:0"]) == ["aborted read"]


def test_poll_skip() -> None:
    known = history()
    for number in range(3):
        sent(known, f"a:{number}", number)
    known.saw("c", PLACE, 0, "a:0")
    known.saw("c", PLACE, 2, "a:2")
    assert kinds(known, ["a:0", "a:1", "a:2"]) == ["poll skip"]


def test_a_reader_that_begins_anew_skips_nothing() -> None:
    known = history()
    for number in range(3):
        sent(known, f"a:{number}", number)
    known.saw("c", PLACE, 2, "a:2")
    known.begins("c", PLACE)
    known.saw("c", PLACE, 0, "a:0")
    known.begins("c", PLACE)
    known.saw("c", PLACE, 2, "a:2")
    assert kinds(known, ["a:0", "a:1", "a:2"]) == []


def test_nonmonotonic_poll() -> None:
    known = history()
    known.saw("c", PLACE, 1, "a:1")
    with pytest.raises(Violation, match=r"nonmonotonic poll: c read .* 0 after 1"):
        known.saw("c", PLACE, 0, "a:0")


def test_nonmonotonic_end() -> None:
    known = history()
    known.saw_end("c", PLACE, 5)
    known.saw_end("d", PLACE, 4)
    with pytest.raises(Violation, match=r"nonmonotonic end: c was told that .* ends at 5, then at 4"):
        known.saw_end("c", PLACE, 4)


def test_unseen() -> None:
    known = history()
    sent(known, "a:0", 1, 2, 0)
    sent(known, "a:1", 3, 4, 1)
    known.saw("c", PLACE, 0, "a:0")
    assert kinds(known, ["a:0", "a:1"], read_to_end=True) == ["unseen"]
    assert kinds(known, ["a:0", "a:1"]) == []


def test_gap() -> None:
    known = history()
    sent(known, "a:0", 1)
    check = LogCheck(known, PLACE, [(1, "a:0")], EPOCH)
    assert [anomaly.kind for anomaly in check.anomalies()] == ["gap"]


def test_records_that_may_be_lost_by_right_are_forgotten() -> None:
    known = history()
    sent(known, "a:0", 1, 2, 0)
    known.saw("c", PLACE, 0, "a:0")
    known.saw_end("c", PLACE, 1)
    known.forget_records()
    sent(known, "a:1", 3, 4, 0)
    known.saw("c", PLACE, 0, "a:1")
    known.saw_end("c", PLACE, 0)
    assert kinds(known, ["a:1"], read_to_end=True) == []
