"""What an unclean election explains is no finding; all else is, in histories and states made by hand."""

from __future__ import annotations

from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any

import pytest
from tests.simulation.cluster import Violation
from tests.simulation.history import History, Promise, Send
from tests.simulation.history_records import LogCheck
from tests.simulation.invariants_logs import CommittedLog, Seen, Shadow
from tests.simulation.invariants_unclean import UncleanElections, is_unclean
from tests.simulation.losses import Loss, Losses
from tests.simulation.run import run_seed
from tests.simulation.scenario import Scenario

from barnabas.metadata.records import LeaderRecoveryState
from barnabas.metadata.topics import Partition

PLACE = ("lossy", 0)
OTHER = ("lossy", 1)
EPOCH = 3
"""Of the leader that was elected; the one before wrote in epoch 2."""


def losses(*, offset: int = 2) -> Losses:
    """After an election of a leader that has all before this offset."""
    known = Losses(["lossy"])
    known.happened(PLACE, Loss(EPOCH, offset, 5.0))
    return known


def test_a_loss_explains_what_lay_behind_it_and_was_written_before() -> None:
    known = losses(offset=2)
    assert known.explains(PLACE, 2, EPOCH - 1)
    assert known.explains(PLACE, 7, EPOCH - 2)
    assert not known.explains(PLACE, 1, EPOCH - 1)
    assert not known.explains(PLACE, 2, EPOCH)
    assert not known.explains(OTHER, 2, EPOCH - 1)


# Records


def history(*written: tuple[str, int, int]) -> History:
    """A producer was told that these were written: (value, offset, leader epoch)."""
    known = History(promises={"a": Promise()}, marked=losses(offset=1))
    for number, (value, offset, epoch) in enumerate(written):
        known.marked.wrote(PLACE, value, offset, epoch)
        known.sends[PLACE][value] = Send(number, epoch, number + 0.5, offset)
    return known


def kinds(known: History, *log: str) -> list[str]:
    return [anomaly.kind for anomaly in LogCheck(known, PLACE, list(enumerate(log)), EPOCH).anomalies()]


def test_what_the_elected_leader_did_not_have_may_be_gone() -> None:
    known = history(("a:0", 0, 2), ("a:1", 1, 2), ("a:2", 2, 2), ("a:3", 1, 3))
    assert kinds(known, "a:0", "a:3") == []


def test_what_it_had_is_kept() -> None:
    known = history(("a:0", 0, 2), ("a:1", 1, 2), ("a:3", 1, 3))
    assert kinds(known, "a:3") == ["lost", "inconsistent offsets"]


def test_what_it_wrote_is_kept() -> None:
    known = history(("a:0", 0, 2), ("a:1", 1, 2), ("a:3", 1, 3))
    assert kinds(known, "a:0") == ["lost"]


def test_what_is_kept_is_in_order_and_there_once() -> None:
    known = history(("a:0", 0, 2), ("a:1", 1, 2), ("a:3", 1, 3), ("a:4", 2, 3))
    assert "duplicate" in kinds(known, "a:0", "a:3", "a:4", "a:3")
    assert "reordered" in kinds(known, "a:0", "a:4", "a:3")


# Logs


def batch(offset: int, epoch: int) -> Seen:
    return Seen(offset, offset + 1, 1000 * epoch + offset, epoch, None)


def copy(*batches: Seen) -> Shadow:
    made = Shadow("a copy")
    made.batches = list(batches)
    return made


def test_the_committed_log_goes_on_where_the_elected_leader_parts_from_it() -> None:
    log, old = CommittedLog("it"), copy(*(batch(offset, 2) for offset in range(4)))
    log.check(old, 0, 4)
    elected = copy(batch(0, 2), batch(1, 2))
    assert log.cut(elected) == log.end == 2
    elected.batches.append(batch(2, 3))
    log.check(elected, 0, 3)
    with pytest.raises(Violation, match="at 2 is not what was committed there"):
        log.check(old, 0, 4)


def test_it_goes_on_before_what_the_elected_leader_has_of_another_epoch() -> None:
    log = CommittedLog("it")
    log.check(copy(*(batch(offset, 2) for offset in range(4))), 0, 4)
    assert log.cut(copy(batch(0, 2), batch(1, 1), batch(2, 1))) == 1
    assert log.cut(copy(batch(0, 2), batch(1, 1), batch(2, 1))) == 1


def test_no_election_explains_that_one_leader_epoch_has_two_records_at_an_offset() -> None:
    log = CommittedLog("it")
    log.check(copy(batch(0, 2), batch(1, 2)), 0, 2)
    with pytest.raises(Violation, match="at 1 is not what was written there in the same leader epoch"):
        log.cut(copy(batch(0, 2), batch(1, 2)._replace(checksum=1)))


# States


STATE = Partition(
    topic_id=bytes(16),
    index=0,
    replicas=(1, 2, 3),
    directories=(bytes(16),) * 3,
    isr=(1,),
    elr=(),
    last_known_elr=(),
    removing_replicas=(),
    adding_replicas=(),
    leader=1,
    leader_recovery_state=LeaderRecoveryState.RECOVERED,
    leader_epoch=2,
    partition_epoch=7,
    number=0,
)
ELECTED = replace(
    STATE,
    leader=2,
    isr=(2,),
    leader_recovery_state=LeaderRecoveryState.RECOVERING,
    leader_epoch=EPOCH,
    partition_epoch=8,
)


def test_an_unclean_election_is_known_by_the_states_before_and_after() -> None:
    assert is_unclean(STATE, ELECTED)
    assert not is_unclean(None, ELECTED)
    assert not is_unclean(replace(STATE, elr=(2,)), ELECTED)
    assert not is_unclean(ELECTED, replace(ELECTED, isr=(2, 3), leader_recovery_state=0, partition_epoch=9))
    assert not is_unclean(ELECTED, replace(ELECTED, leader=-1, leader_epoch=4, partition_epoch=9))
    later = replace(ELECTED, leader=-1, leader_epoch=4, partition_epoch=9)
    assert is_unclean(STATE, later)
    assert is_unclean(STATE, replace(later, leader_recovery_state=LeaderRecoveryState.RECOVERED))


@dataclass
class Replica:
    key: tuple[bytes, int] = STATE.key
    topic: str = PLACE[0]
    index: int = PLACE[1]
    leader_epoch: int = EPOCH


async def test_who_has_not_been_in_sync_since_may_hold_what_is_gone() -> None:
    elections = UncleanElections(Losses(["lossy"]))
    elections.changed("kept", STATE, ELECTED)
    assert not elections.pending
    elections.changed("lossy", STATE, ELECTED)
    assert elections.pending == {STATE.key: EPOCH}
    assert not elections.is_behind(STATE.key, 1)
    elections.settled(Replica(), 2, 5)
    assert [loss[:2] for loss in elections.losses.of[PLACE]] == [(EPOCH, 5)]
    assert [elections.is_behind(STATE.key, each) for each in (1, 2, 3)] == [True, False, True]
    elections.changed("lossy", ELECTED, replace(ELECTED, isr=(2, 3), leader_recovery_state=0, partition_epoch=9))
    assert [elections.is_behind(STATE.key, each) for each in (1, 2, 3)] == [True, False, False]


def image(value: str | None) -> Any:
    configs = {} if value is None else {"unclean.leader.election.enable": value}
    return SimpleNamespace(configs=SimpleNamespace(of_topic=lambda name: configs))


def test_an_election_may_be_unclean_where_the_topic_allows_it_or_somebody_asked() -> None:
    elections = UncleanElections(Losses(["lossy"]))
    assert elections.may_be_unclean("lossy", 0, None, image("true"))
    assert elections.may_be_unclean("lossy", 0, image("true"), image("false"))
    assert not elections.may_be_unclean("lossy", 0, image(None), image("false"))
    assert not elections.may_be_unclean("kept", 0, image("true"), image("true"))
    elections.losses.asked.add(PLACE)
    assert elections.may_be_unclean("lossy", 0, image(None))
    assert not elections.may_be_unclean("lossy", 1, image(None))


# Runs


def test_unclean_elections_are_had_by_one_seed_in_six_and_change_nothing_else_that_is_drawn() -> None:
    drawn = [Scenario.drawn(seed) for seed in range(60)]
    with_them = [scenario for scenario in drawn if scenario.load.unclean is not None]
    assert 4 <= len(with_them) <= 16
    for seed, scenario in enumerate(drawn):
        forced = scenario.with_unclean_elections(seed)
        assert forced.load.unclean is not None
        assert forced.plan is not None
        assert forced.plan.lone > 0
        assert replace(forced.load, unclean=None) == replace(scenario.load, unclean=None)
        if scenario.load.unclean is not None:
            assert forced == scenario


def test_what_is_lost_in_runs_is_explained() -> None:
    outcomes = []
    for seed in (5, 11):
        drawn = Scenario.drawn(seed, seconds=6.0, extras=["unclean"]).with_only(("lone leader",))
        outcomes.append(run_seed(seed, drawn))
    assert [outcome.failure for outcome in outcomes] == [None, None]
    assert sum(outcome.counts["unclean: elections"] for outcome in outcomes) > 0
