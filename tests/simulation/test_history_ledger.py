"""The checkers of transactions in a compacted topic report every anomaly in histories made by hand, and none in good
ones; and every way in which a cleaner may spoil transactions in a log made by hand.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random

import pytest
from tests.simulation.cluster import Violation
from tests.simulation.disk import Platter, SimulatedDisk
from tests.simulation.history import History
from tests.simulation.history_cleaning import KeyedRecord
from tests.simulation.history_ledger import LedgerHistory
from tests.simulation.history_transactions import Outcome, Transaction, TransactionHistory
from tests.simulation.invariants_markers import check_compacted, check_rewritten
from tests.simulation.scenario import Scenario
from tests.simulation.workload_cleaning import CleaningLoad
from tests.simulation.workload_ledger import LEDGER

from barnabas.protocol.record_batch import RecordBatch, parse_batch
from barnabas.protocol.record_builder import BatchBuilder, build_end_txn_marker
from barnabas.storage.config import LogConfig
from barnabas.storage.log import PartitionLog
from barnabas.storage.recovery import open_log

PLACE = (LEDGER, 0)
DAY = 86400.0


class Story:
    """k is written at 0 by a transaction that is committed at 10, deleted at 2 by one that is aborted; l is written at
    1 and deleted at 4, by the first one and a third, which is committed at 12. All is known to be at its place.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 0.0
        monkeypatch.setattr("trio.current_time", lambda: self.now)
        self.transactions = TransactionHistory(History())
        self.history = LedgerHistory(self.transactions, PLACE)
        first, second, third = (self.transactions.begins(self.transactions.instance(name)) for name in "abc")
        self.write(first, "a:0", "k", False, 0)
        self.write(first, "a:1", "l", False, 1)
        self.write(second, "b:0", "k", True, 2)
        self.write(third, "c:0", "l", True, 4)
        for transaction, at in ((first, 10.0), (third, 12.0)):
            self.transactions.commits(transaction)
            self.transactions.ended(transaction, Outcome.COMMITTED)
            self.history.committed(transaction, at)
        self.transactions.ended(second, Outcome.ABORTED)
        self.open = self.transactions.begins(self.transactions.instance("d"))
        self.write(self.open, "d:0", "k", False, 6)

    def write(self, transaction: Transaction, name: str, key: str, is_tombstone: bool, offset: int) -> None:
        self.history.writes(transaction, name, key, is_tombstone, float(offset))
        self.history.is_at(name, offset)

    def kinds(
        self, *log: KeyedRecord, committed: bool = True, began: float = 20.0, end: int = 6, stay: float = DAY
    ) -> list[str]:
        found = self.history.wrong_with(log, end, committed=committed, began=began, now=began + 1, tombstones_stay=stay)
        return [text.partition(":")[0] for text in found]


K, L = KeyedRecord(0, "k", "a:0", False), KeyedRecord(1, "l", "a:1", False)
ABORTED, DELETED = KeyedRecord(2, "k", "b:0", True), KeyedRecord(4, "l", "c:0", True)
OPEN = KeyedRecord(6, "k", "d:0", False)


@pytest.fixture
def story(monkeypatch: pytest.MonkeyPatch) -> Story:
    return Story(monkeypatch)


def test_what_others_have_replaced_may_be_there_or_not(story: Story) -> None:
    assert story.kinds(K, L, DELETED) == []
    assert story.kinds(K, DELETED) == []
    assert story.kinds(K, L, ABORTED, DELETED, OPEN, committed=False, end=7) == []
    assert story.kinds(K, DELETED, OPEN, committed=False, end=7) == []


def test_the_last_committed_record_of_a_key_is_lost(story: Story) -> None:
    assert story.kinds(DELETED) == ["lost"]


def test_what_was_aborted_takes_the_place_of_nothing(story: Story) -> None:
    assert story.kinds(ABORTED, DELETED, committed=False) == ["lost"]


def test_what_is_open_takes_the_place_of_what_was_committed_for_those_who_read_everything(story: Story) -> None:
    assert story.kinds(DELETED, OPEN, committed=False, end=7) == []


def test_nobody_expects_what_was_committed_since_or_lies_beyond_the_end(story: Story) -> None:
    assert story.kinds(began=5.0) == []
    assert story.kinds(end=0) == []
    assert story.kinds(K, L, end=4) == []


def test_a_deleted_key_is_resurrected_unless_the_tombstones_time_is_up(story: Story) -> None:
    assert story.kinds(K, L) == ["resurrected"]
    assert story.kinds(K, L, stay=3.0) == []


def test_who_reads_committed_records_must_not_get_what_was_aborted_or_is_open(story: Story) -> None:
    with pytest.raises(Violation, match="aborted read"):
        story.kinds(K, ABORTED, DELETED)
    with pytest.raises(Violation, match="precommitted read"):
        story.kinds(K, DELETED, OPEN, end=7)


def test_what_one_reader_got_of_a_transaction_says_that_all_of_it_is_committed(story: Story) -> None:
    story.write(story.open, "d:1", "l", False, 7)
    story.transactions.commits(story.open)
    assert story.kinds(K, L, DELETED, OPEN, end=8) == []
    assert story.kinds(K, DELETED, OPEN, began=30.0, end=8, stay=0.0) == ["lost"]


# Logs


CONFIG = LogConfig(cleanup_policy=("compact",), delete_retention_ms=1000)
NOW_MS = 10_000
HIGH = 100


def data(producer: int, *records: tuple[bytes, bytes | None], sequence: int = 0) -> bytearray:
    builder = BatchBuilder(producer_id=producer, producer_epoch=0, base_sequence=sequence, transactional=True)
    for key, value in records:
        builder.append(1000, key, value)
    return builder.build()


def end(producer: int, *, commit: bool) -> bytearray:
    return build_end_txn_marker(commit, producer_id=producer, producer_epoch=0, coordinator_epoch=0, timestamp=1000)


def log_of(*batches: bytearray) -> PartitionLog:
    disk = SimulatedDisk(Platter(Random(1)), "/disk")
    log = open_log(disk, "t-0", "t", 0, CONFIG, clean=False, now_ms=0)
    for batch in batches:
        parsed = parse_batch(batch)
        if parsed.is_control:
            log.append_marker(parsed, 0, 0, transaction_version=0)
        else:
            log.append_as_leader(parsed, 0, 0)
    return log


ABORT, COMMIT = end(1, commit=False), end(2, commit=True)
A, B = data(1, (b"k", b"1"), (b"m", b"1")), data(2, (b"k", b"2"), (b"l", b"2"))


def of(log: PartitionLog) -> list[RecordBatch]:
    return list(log.read_batches(0))


def without(log: PartitionLog, *numbers: int, forget: bool = False) -> PartitionLog:
    """The same log as a cleaner leaves it that takes these batches away, and perhaps the index of aborted ones."""
    left = log_of()
    left.append_as_follower(b"".join(bytes(batch.view) for n, batch in enumerate(of(log)) if n not in numbers), 0)
    if forget:
        left.active.transaction_index.clear()
    return left


def test_a_log_that_is_as_it_was_gives_the_same() -> None:
    log = log_of(A, B, ABORT, COMMIT)
    assert check_rewritten("log", log, of(log), HIGH, NOW_MS) == []
    check_compacted("log", log)


def test_records_that_were_aborted_may_go() -> None:
    log = log_of(A, B, ABORT, COMMIT, data(1, (b"m", b"3"), sequence=2))
    check_rewritten("log", without(log, 0), of(log), HIGH, NOW_MS)


@pytest.mark.parametrize(
    ("numbers", "forget", "what"),
    [
        ((2,), False, "the marker at 4 is gone, and its transaction began at 0"),
        ((0, 2), False, "the marker at 4 is gone, and its transaction began at 0"),
        ((), True, "by its index: who reads committed records has"),
        ((1, 3), False, "the marker at 5 is gone"),
        ((1,), False, "by its markers: who reads committed records has None of b'k' now"),
    ],
)
def test_a_cleaner_spoils_transactions(numbers: Sequence[int], forget: bool, what: str) -> None:
    later = data(1, (b"m", b"3"), sequence=2), data(2, (b"m", b"3"), sequence=2)
    log = log_of(A, B, ABORT, COMMIT, *later)
    with pytest.raises(Violation, match=what):
        check_rewritten("log", without(log, *numbers, forget=forget), of(log), HIGH, NOW_MS)


def test_the_last_sequence_of_a_producer_must_stay() -> None:
    log = log_of(A, ABORT)
    left = without(log, 0)
    left.producers = log.producers
    with pytest.raises(Violation, match="nothing says any more that the last batch of"):
        check_rewritten("log", left, of(log), HIGH, NOW_MS)


def _forget_aborted(log: PartitionLog) -> None:
    log.active.transaction_index.clear()


def _invent_aborted(log: PartitionLog) -> None:
    (known,) = log.active.transaction_index.after(0)
    log.active.transaction_index.append(known._replace(last_offset=5))


def _reopen(log: PartitionLog) -> None:
    state = log.producers.get(2)
    assert state is not None
    state.txn_first_offset = 1


@pytest.mark.parametrize(
    ("spoil", "what"),
    [(_forget_aborted, "is aborted"), (_invent_aborted, "there is no such marker"), (_reopen, "open are")],
)
def test_what_a_log_says_of_transactions_is_what_its_batches_say(
    spoil: Callable[[PartitionLog], None], what: str
) -> None:
    log = log_of(A, B, ABORT, COMMIT)
    check_compacted("log", log)
    spoil(log)
    with pytest.raises(Violation, match=what):
        check_compacted("log", log)


# What is drawn


def test_what_came_later_is_drawn_with_numbers_of_its_own() -> None:
    for seed in range(1, 30):
        drawn = Scenario.drawn(seed, extras=("cleaning",)).load.cleaning
        first = CleaningLoad.drawn(Random(f"{seed}/draw"))
        assert drawn is not None
        assert first.with_more(Random(f"{seed}/other")).settings == first.settings
        if drawn.ledger is None:
            assert LEDGER not in drawn.topics


def test_some_of_the_seeds_have_each() -> None:
    loads = [Scenario.drawn(seed, extras=("cleaning",)).load.cleaning for seed in range(1, 40)]
    for has in (
        lambda load: load.ledger is not None,
        lambda load: load.policy_pause is not None,
        lambda load: "segment.index.bytes" in load.keyed,
        lambda load: "segment.bytes" in load.keyed,
    ):
        assert {has(load) for load in loads} == {True, False}
