"""The checkers of logs whose old records go report every anomaly in histories made by hand, and none in good ones."""

from __future__ import annotations

from random import Random

import pytest
from tests.simulation.disk import Platter, SimulatedDisk
from tests.simulation.history import History, Promise, Send
from tests.simulation.history_cleaning import KeyedHistory, KeyedRecord
from tests.simulation.history_records import LogCheck
from tests.simulation.scenario import Scenario
from tests.simulation.workload_cleaning import AGING, KEYED, CleaningLoad

PLACE = ("t", 0)
DAY = 86400.0


def keyed() -> KeyedHistory:
    """k is written at 0 and 2, l at 1 and deleted at 3, by one producer; all is known at 10."""
    history = KeyedHistory()
    for offset, (key, is_tombstone) in enumerate([("k", False), ("l", False), ("k", False), ("l", True)]):
        history.acknowledged(history.sends("p", key, is_tombstone, float(offset)), offset, 10.0)
    return history


FIRST_K, FIRST_L = KeyedRecord(0, "k", "p:0", False), KeyedRecord(1, "l", "p:1", False)
LAST_K, LAST_L = KeyedRecord(2, "k", "p:2", False), KeyedRecord(3, "l", "p:3", True)


def kinds(*log: KeyedRecord, began: float = 20.0, start: int = 0, tombstones_stay: float = DAY) -> list[str]:
    found = keyed().anomalies(log, began=began, now=began + 1, start=start, tombstones_stay=tombstones_stay)
    return [text.partition(":")[0] for text in found]


def test_older_records_of_a_key_may_be_there_or_not() -> None:
    assert kinds(FIRST_K, FIRST_L, LAST_K, LAST_L) == []
    assert kinds(LAST_K, LAST_L) == []
    assert kinds(FIRST_L, LAST_K, LAST_L) == []


def test_the_last_record_of_a_key_is_lost() -> None:
    assert kinds(FIRST_K, LAST_L) == ["lost"]
    assert kinds(LAST_L) == ["lost"]


def test_what_was_not_known_when_a_read_began_may_be_missing_in_it() -> None:
    assert kinds(began=5.0) == []


def test_what_was_read_is_not_lost_later() -> None:
    history = KeyedHistory()
    name = history.sends("p", "k", False, 1.0)
    assert history.anomalies([KeyedRecord(4, "k", name, False)], began=2.0, now=3.0) == []
    (lost,) = history.anomalies([], began=4.0, now=5.0)
    assert lost.startswith("lost: p:0 of k was at 4")


def test_a_tombstone_may_go_when_its_time_is_up() -> None:
    assert kinds(LAST_K, tombstones_stay=2.0) == []
    assert kinds(LAST_K) == ["resurrected"]


def test_a_deleted_key_is_resurrected() -> None:
    assert kinds(FIRST_L, LAST_K) == ["resurrected"]


def test_what_retention_took_is_not_lost() -> None:
    assert kinds(LAST_L, start=3) == []
    assert kinds(LAST_L, start=2) == ["lost"]


@pytest.mark.parametrize(
    ("log", "kind"),
    [
        ((LAST_K, FIRST_K, LAST_L), {"nonmonotonic poll", "reordered"}),
        ((LAST_K._replace(offset=1), LAST_L), {"inconsistent offsets"}),
        ((LAST_K, LAST_L, LAST_K._replace(offset=5)), {"duplicate", "inconsistent offsets", "reordered"}),
        ((LAST_K._replace(key="l"), LAST_L), {"phantom"}),
        ((LAST_K, LAST_L._replace(is_tombstone=False)), {"phantom"}),
        ((LAST_K, LAST_L, KeyedRecord(4, "k", "p:9", False)), {"phantom"}),
    ],
)
def test_what_is_read_is_what_was_written(log: tuple[KeyedRecord, ...], kind: set[str]) -> None:
    assert set(kinds(*log)) == kind


def test_records_may_be_lost_by_right() -> None:
    history = keyed()
    history.forget()
    assert history.anomalies([], began=20.0, now=21.0) == []


# Retention


def aged(*log: tuple[int, str], start: int) -> list[str]:
    """Four records, of which the beginning is gone."""
    known = History(promises={"a": Promise()})
    for offset in range(4):
        known.sends[PLACE][f"a:{offset}"] = Send(offset, 1, offset + 0.5, offset)
        known.saw("c", PLACE, offset, f"a:{offset}")
    return [anomaly.kind for anomaly in LogCheck(known, PLACE, log, 1, start=start).anomalies(read_to_end=True)]


def test_what_is_before_the_beginning_of_a_log_is_neither_lost_nor_vanished() -> None:
    assert aged((2, "a:2"), (3, "a:3"), start=2) == []
    assert aged(start=4) == []


def test_what_is_behind_the_beginning_of_a_log_is_there() -> None:
    assert aged((3, "a:3"), start=2) == ["gap", "lost", "vanished"]
    assert aged((3, "a:0"), start=3) == ["inconsistent offsets", "lost", "inconsistent offsets", "vanished"]


# What is drawn


def test_cleaning_changes_nothing_else_of_a_run() -> None:
    plain, cleaned = Scenario.drawn(1, extras=()), Scenario.drawn(1, extras=("cleaning",))
    assert plain.load.cleaning is None
    assert isinstance(cleaned.load.cleaning, CleaningLoad)
    assert cleaned.plan == plain.plan
    assert cleaned.load.topics == plain.load.topics
    assert cleaned.settings == plain.settings | cleaned.load.cleaning.settings
    assert set(cleaned.load.other_topics) == {AGING, KEYED}


def test_in_a_long_run_segments_last_longer() -> None:
    short, long = (Scenario.drawn(1, seconds=seconds, extras=("cleaning",)).load.cleaning for seconds in (40, 600))
    assert short is not None
    assert long is not None
    assert int(long.aging["segment.ms"]) == 10 * int(short.aging["segment.ms"])
    assert long.settings["log.cleaner.backoff.ms"] == 10 * int(str(short.settings["log.cleaner.backoff.ms"]))


def test_a_platter_knows_the_names_of_its_files() -> None:
    platter = Platter(Random(1))
    disk = SimulatedDisk(platter, "/disk")
    disk.make_directory("t-0")
    disk.open("t-0/0.log.swap", create=True)
    assert platter.has_name(".swap")
    disk.rename("t-0/0.log.swap", "t-0/0.log")
    assert not platter.has_name(".swap")
