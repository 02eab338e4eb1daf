"""The leader's side of a partition: high watermark and ISR, as KIP-497 and the brokers' settings have them."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from barnabas.broker.isr import IsrChange
from barnabas.broker.partition_leader import LeaderRole
from barnabas.protocol.errors import ErrorCode

LAG = 30.0
TOPIC = b"t" * 16


@dataclass(frozen=True)
class State:
    leader_epoch: int = 5
    partition_epoch: int = 7
    isr: tuple[int, ...] = (1, 2, 3)
    replicas: tuple[int, ...] = (1, 2, 3)
    leader: int = 1
    topic_id: bytes = TOPIC
    index: int = 0
    adding_replicas: tuple[int, ...] = ()


class Brokers:
    """Broker n has the epoch 10 * n, unless it is fenced."""

    def __init__(self) -> None:
        self.fenced: set[int] = set()

    def isr_eligible_epoch(self, broker_id: int) -> int | None:
        return None if broker_id in self.fenced else 10 * broker_id


class Leader:
    """A role, its brokers and its clock; the log has 100 records in earlier epochs."""

    def __init__(self, state: State | None = None, *, min_isr: int = 1, high_watermark: int = 100) -> None:
        self.brokers = Brokers()
        self.now = 0.0
        self.state = state or State()
        self.role = LeaderRole(1, self.brokers, high_watermark=high_watermark, min_insync_replicas=min_isr, lag_max=LAG)
        self.role.lead(self.state, 100, 100, self.now, new_leader=True)

    def append(self, count: int = 1, *, durable: bool = True) -> bool:
        return self.role.appended(self.role.end_offset + count, self.now, durable=durable)

    def fetch(self, broker_id: int, offset: int, epoch: int | None = None) -> IsrChange | None:
        return self.role.follower_fetched(broker_id, offset, 0, 10 * broker_id if epoch is None else epoch, self.now)[1]

    def commit(self, change: IsrChange) -> bool:
        members = [broker_id for broker_id, _ in change.isr]
        return self.role.handle_alter_response(
            change, leader_epoch=5, partition_epoch=change.partition_epoch + 1, isr=members, now=self.now
        )


def test_a_record_is_committed_once_every_member_of_the_isr_has_it() -> None:
    leader = Leader()
    leader.append()
    assert leader.role.high_watermark == 100
    leader.fetch(2, 101)
    assert leader.role.high_watermark == 100
    leader.fetch(3, 101)
    assert leader.role.high_watermark == 101


def test_alone_in_the_isr_the_leader_commits_at_once() -> None:
    leader = Leader(State(isr=(1,)))
    assert leader.append()
    assert leader.role.high_watermark == 101


def test_what_is_not_synced_is_not_committed() -> None:
    leader = Leader(State(isr=(1,)))
    assert not leader.append(3, durable=False)
    assert leader.role.synced(102, 0.0)
    assert leader.role.high_watermark == 102
    assert not leader.role.synced(102, 0.0)


def test_nothing_is_committed_below_min_insync_replicas() -> None:
    leader = Leader(State(isr=(1,)), min_isr=2)
    leader.append()
    assert leader.role.high_watermark == 100
    assert leader.role.is_under_min_isr


def test_min_insync_replicas_is_capped_by_the_replicas() -> None:
    leader = Leader(State(isr=(1,), replicas=(1,)), min_isr=3)
    assert leader.append()
    assert not leader.role.is_under_min_isr


def test_a_follower_that_has_not_fetched_holds_the_high_watermark() -> None:
    leader = Leader(high_watermark=90)
    leader.fetch(2, 100)
    assert leader.role.high_watermark == 90


def test_the_high_watermark_does_not_go_back_with_a_follower() -> None:
    leader = Leader()
    leader.fetch(2, 60)
    leader.fetch(3, 60)
    assert leader.role.high_watermark == 100


def test_a_follower_outside_the_isr_does_not_hold_it() -> None:
    leader = Leader(State(isr=(1, 2)))
    leader.fetch(3, 40)
    leader.append()
    leader.fetch(2, 101)
    assert leader.role.high_watermark == 101


def test_a_follower_that_has_caught_up_and_may_join_is_waited_for() -> None:
    leader = Leader(State(isr=(1,)))
    leader.brokers.fenced = {2}
    assert leader.fetch(2, 100) is None
    leader.brokers.fenced = set()
    leader.append()
    assert leader.role.high_watermark == 100
    leader.now = LAG + 1
    leader.append()
    assert leader.role.high_watermark == 102


# Growth


def test_a_follower_joins_when_it_has_reached_the_high_watermark_and_the_epoch() -> None:
    leader = Leader(State(isr=(1, 2)), high_watermark=80)
    assert leader.fetch(3, 90) is None
    change = leader.fetch(3, 100)
    assert change == IsrChange(TOPIC, 0, 5, 7, ((1, 10), (2, -1), (3, 30)), True)
    assert str(change) == "expand ISR to [1,2,3] at leader epoch 5, partition epoch 7"
    assert leader.role.isr.committed == {1, 2}
    assert leader.commit(change)
    assert leader.role.isr.committed == {1, 2, 3}
    assert leader.role.partition_epoch == 8


@pytest.mark.parametrize("epoch", [29, 31])
def test_a_follower_of_another_broker_epoch_does_not_join(epoch: int) -> None:
    assert Leader(State(isr=(1, 2))).fetch(3, 100, epoch) is None


def test_a_fenced_follower_does_not_join() -> None:
    leader = Leader(State(isr=(1, 2)))
    leader.brokers.fenced = {3}
    assert leader.fetch(3, 100) is None


def test_the_high_watermark_waits_for_a_member_that_is_only_proposed() -> None:
    leader = Leader(State(isr=(1,)))
    change = leader.fetch(2, 100)
    assert change is not None
    leader.append()
    leader.now = LAG * 3
    leader.append()
    assert leader.role.high_watermark == 100
    leader.fetch(2, 102)
    assert leader.role.high_watermark == 102


def test_only_one_change_is_under_way() -> None:
    leader = Leader(State(isr=(1,)))
    assert leader.fetch(2, 100) is not None
    assert leader.fetch(3, 100) is None
    leader.now = LAG * 3
    assert leader.role.maybe_shrink(leader.now) is None


def test_after_a_change_the_next_follower_is_let_in() -> None:
    leader = Leader(State(isr=(1,)))
    change = leader.fetch(2, 100)
    assert change is not None
    leader.fetch(3, 100)
    assert leader.role.maybe_expand(leader.now) is None
    leader.commit(change)
    change = leader.role.maybe_expand(leader.now)
    assert change is not None
    assert [broker_id for broker_id, _ in change.isr] == [1, 2, 3]


def test_without_a_fetch_only_a_follower_that_is_not_behind_is_let_in() -> None:
    leader = Leader(State(isr=(1,), replicas=(1, 2)), min_isr=2)
    leader.brokers.fenced = {2}
    leader.fetch(2, 100)
    leader.append()
    leader.now = LAG + 1
    leader.brokers.fenced = set()
    assert leader.role.high_watermark == 100
    assert leader.role.maybe_expand(leader.now) is None


# Shrinking


def test_a_follower_that_falls_behind_for_too_long_is_taken_out() -> None:
    leader = Leader()
    leader.fetch(2, 100)
    leader.fetch(3, 100)
    leader.append()
    leader.now = 20.0
    leader.fetch(2, 101)
    leader.now = LAG + 0.5
    change = leader.role.maybe_shrink(leader.now)
    assert change == IsrChange(TOPIC, 0, 5, 7, ((1, 10), (2, 20)), False)
    assert leader.role.high_watermark == 100
    assert leader.commit(change)
    assert leader.role.high_watermark == 101


def test_an_idle_follower_is_in_sync_for_ever() -> None:
    leader = Leader()
    leader.fetch(2, 100)
    leader.fetch(3, 100)
    leader.now = 1e6
    assert leader.role.maybe_shrink(leader.now) is None
    leader.append()
    assert leader.role.maybe_shrink(leader.now) is None
    leader.now += LAG + 1
    assert leader.role.maybe_shrink(leader.now) is not None


def test_a_follower_always_a_little_behind_stays_in() -> None:
    leader = Leader()
    leader.fetch(2, 100)
    leader.fetch(3, 100)
    for step in range(20):
        leader.append()
        leader.now += 10.0
        leader.fetch(2, 100 + step)
        leader.fetch(3, 101 + step)
    assert leader.role.maybe_shrink(leader.now) is None


def test_members_of_the_isr_have_the_lag_limit_to_show_up_after_an_election() -> None:
    leader = Leader()
    leader.now = LAG
    assert leader.role.maybe_shrink(leader.now) is None
    leader.now = LAG + 1
    change = leader.role.maybe_shrink(leader.now)
    assert change is not None
    assert change.isr == ((1, 10),)


# Answers of the controller


@pytest.mark.parametrize("error", [ErrorCode.INELIGIBLE_REPLICA, ErrorCode.OPERATION_NOT_ATTEMPTED])
def test_a_change_that_was_not_taken_is_withdrawn(error: ErrorCode) -> None:
    leader = Leader(State(isr=(1,)))
    change = leader.fetch(2, 100)
    assert change is not None
    assert not leader.role.handle_alter_error(change, error)
    assert not leader.role.isr.in_flight
    assert leader.role.maybe_expand(leader.now) is not None


@pytest.mark.parametrize(
    "error", [ErrorCode.FENCED_LEADER_EPOCH, ErrorCode.INVALID_UPDATE_VERSION, ErrorCode.NEW_LEADER_ELECTED]
)
def test_a_change_that_is_out_of_date_stands_until_the_metadata_comes(error: ErrorCode) -> None:
    leader = Leader(State(isr=(1,)))
    change = leader.fetch(2, 100)
    assert change is not None
    assert not leader.role.handle_alter_error(change, error)
    leader.append()
    assert leader.role.high_watermark == 100
    leader.role.lead(State(partition_epoch=9, isr=(1,)), 101, 101, LAG * 2, new_leader=False)
    assert leader.role.isr.committed == {1}
    assert not leader.role.isr.in_flight


@pytest.mark.parametrize(
    "error", [ErrorCode.NETWORK_EXCEPTION, ErrorCode.UNKNOWN_SERVER_ERROR, ErrorCode.NOT_CONTROLLER]
)
def test_a_change_whose_fate_is_unknown_is_sent_again(error: ErrorCode) -> None:
    leader = Leader(State(isr=(1,)))
    change = leader.fetch(2, 100)
    assert change is not None
    assert leader.role.handle_alter_error(change, error)
    assert leader.role.awaits(change)


def test_an_answer_to_a_change_that_is_over_is_ignored() -> None:
    leader = Leader(State(isr=(1,)))
    change = leader.fetch(2, 100)
    assert change is not None
    leader.role.lead(State(leader_epoch=6, partition_epoch=8, isr=(1, 3)), 100, 100, 0.0, new_leader=False)
    assert not leader.commit(change)
    assert not leader.role.handle_alter_error(change, ErrorCode.INELIGIBLE_REPLICA)
    assert leader.role.isr.committed == {1, 3}


def test_metadata_that_is_known_already_does_not_forget_a_change_under_way() -> None:
    leader = Leader(State(isr=(1,)))
    first = leader.fetch(2, 100)
    assert first is not None
    leader.commit(first)
    change = leader.fetch(3, 100)
    assert change is not None
    leader.role.lead(State(partition_epoch=8, isr=(1, 2)), 100, 100, 0.0, new_leader=False)
    assert leader.role.awaits(change)


def test_older_metadata_changes_nothing() -> None:
    leader = Leader()
    assert not leader.role.lead(State(partition_epoch=6, isr=(1,)), 100, 100, 0.0, new_leader=False)
    assert leader.role.isr.committed == {1, 2, 3}


# Metrics and epochs


def test_replicas_that_are_being_added_are_not_missed() -> None:
    leader = Leader(State(replicas=(1, 2, 3, 4), isr=(1, 2, 3), adding_replicas=(4,)))
    assert not leader.role.is_under_replicated
    assert leader.role.is_missing_followers
    assert Leader(State(isr=(1, 2))).role.is_under_replicated


def test_a_new_epoch_with_the_same_leader_keeps_what_followers_hold() -> None:
    leader = Leader()
    leader.fetch(2, 100)
    leader.fetch(3, 100)
    leader.role.lead(State(leader_epoch=6, partition_epoch=8), 100, 100, 5.0, new_leader=False)
    assert leader.role.followers[2].log_end_offset == 100
    assert leader.role.epoch_start_offset == 100


def test_after_an_epoch_that_was_not_seen_followers_must_show_again_what_they_hold() -> None:
    """Another broker may have led in it, and a follower may have cut its log since."""
    leader = Leader()
    leader.append(10)
    leader.fetch(2, 100)
    leader.fetch(3, 110)
    leader.role.lead(State(leader_epoch=7, partition_epoch=9), 110, 110, 5.0, new_leader=False)
    leader.fetch(2, 110)
    assert leader.role.high_watermark == 100
    leader.fetch(3, 110)
    assert leader.role.high_watermark == 110


def test_a_fetch_of_an_earlier_life_is_noticed() -> None:
    leader = Leader()
    assert leader.role.is_stale_fetcher(2, 19)
    assert not leader.role.is_stale_fetcher(2, 20)
    assert not leader.role.is_stale_fetcher(2, -1)


def test_roles_tell_what_they_are() -> None:
    leader = Leader(State(isr=(1,)))
    leader.fetch(2, 100)
    assert str(leader.role) == "leader at epoch 5.7 end 100 hwm 100 ISR [1] proposed [1, 2]"
