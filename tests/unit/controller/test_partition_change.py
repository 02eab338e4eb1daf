"""Elections and eligible leader replicas, sentence by sentence of KIP-966, and against random histories."""

from __future__ import annotations

import random

import pytest

from barnabas.controller.partition_change import Election, Rules, change_partition
from barnabas.metadata.records import NO_LEADER, LeaderRecoveryState, PartitionChangeRecord
from barnabas.metadata.topics import Partition


def partition(
    replicas: tuple[int, ...] = (1, 2, 3),
    isr: tuple[int, ...] = (1, 2, 3),
    leader: int = 1,
    elr: tuple[int, ...] = (),
    last_known_elr: tuple[int, ...] = (),
    state: int = LeaderRecoveryState.RECOVERED,
) -> Partition:
    return Partition(
        topic_id=bytes(16),
        index=0,
        replicas=replicas,
        directories=(),
        isr=isr,
        elr=elr,
        last_known_elr=last_known_elr,
        removing_replicas=(),
        adding_replicas=(),
        leader=leader,
        leader_recovery_state=state,
        leader_epoch=5,
        partition_epoch=9,
        number=0,
    )


def rules(*alive: int, min_isr: int = 2, elr: bool = True, election: Election = Election.ONLINE) -> Rules:
    return Rules(lambda broker_id: broker_id in alive, min_isr, elr, election)


def changed(before: Partition, by: Rules, **change: object) -> Partition:
    record = change_partition(before, by, **change)  # type: ignore[arg-type]
    return before if record is None else before.merge(record)


def test_nothing_to_do_is_no_record() -> None:
    assert change_partition(partition(), rules(1, 2, 3)) is None


def test_the_first_replica_in_sync_takes_over_in_the_order_of_preference() -> None:
    after = changed(partition(isr=(3, 2, 1)), rules(2, 3), isr=(3, 2))
    assert (after.leader, after.isr, after.elr) == (2, (3, 2), ())
    assert (after.leader_epoch, after.partition_epoch) == (6, 10)


def test_a_leader_that_may_lead_stays() -> None:
    after = changed(partition(leader=3), rules(1, 2, 3), isr=(3, 2))
    assert (after.leader, after.leader_epoch) == (3, 5)


def test_the_isr_may_shrink_without_a_new_leader_epoch() -> None:
    assert change_partition(partition(), rules(1, 2, 3), isr=(1, 2)) == PartitionChangeRecord(
        partition_id=0, topic_id=bytes(16), isr=(1, 2)
    )


def test_a_replica_that_leaves_an_isr_below_min_isr_becomes_eligible() -> None:
    after = changed(partition(isr=(1, 2)), rules(1, 3), isr=(1,))
    assert (after.isr, after.elr) == ((1,), (2,))


def test_a_replica_that_leaves_an_isr_that_stays_large_enough_does_not() -> None:
    after = changed(partition(), rules(1, 2), isr=(1, 2))
    assert (after.isr, after.elr) == ((1, 2), ())


def test_the_last_member_may_leave_the_isr_and_stays_eligible() -> None:
    after = changed(partition(isr=(1,), elr=(2,)), rules(), isr=())
    assert (after.isr, after.elr, after.leader, after.last_known_elr) == ((), (1, 2), NO_LEADER, (1,))


def test_the_elr_is_cleared_when_the_isr_is_large_enough_again() -> None:
    after = changed(partition(isr=(1,), elr=(2, 3)), rules(1, 3), isr=(1, 3))
    assert (after.isr, after.elr) == ((1, 3), ())


def test_a_member_that_joins_the_isr_leaves_the_elr() -> None:
    after = changed(partition(isr=(1,), elr=(2, 3)), rules(1, 2, min_isr=3), isr=(1, 2))
    assert (after.isr, after.elr) == ((1, 2), (3,))


def test_an_eligible_replica_is_elected_cleanly_when_nobody_is_in_sync() -> None:
    before = partition(isr=(), elr=(1, 2), leader=NO_LEADER, last_known_elr=(1,))
    after = changed(before, rules(2, 3))
    assert (after.leader, after.isr, after.elr, after.last_known_elr) == (2, (2,), (1,), ())
    assert after.leader_recovery_state == LeaderRecoveryState.RECOVERED


def test_an_eligible_replica_is_not_elected_while_somebody_is_in_sync() -> None:
    after = changed(partition(isr=(1,), elr=(2,)), rules(2))
    assert (after.leader, after.isr, after.elr) == (NO_LEADER, (1,), (2,))


def test_an_elected_replica_that_is_enough_for_min_isr_leaves_nobody_eligible() -> None:
    before = partition(isr=(), elr=(1, 2), leader=NO_LEADER)
    after = changed(before, rules(2, min_isr=1))
    assert (after.leader, after.isr, after.elr) == (2, (2,), ())


def test_an_unclean_shutdown_takes_a_replica_out_of_isr_and_elr() -> None:
    after = changed(partition(isr=(1, 2), elr=()), rules(1), unclean_shutdown=2)
    assert (after.isr, after.elr) == ((1,), ())
    after = changed(partition(isr=(1,), elr=(2, 3)), rules(1), unclean_shutdown=2)
    assert (after.isr, after.elr) == ((1,), (3,))


def test_the_last_known_leader_is_elected_when_isr_and_elr_are_empty() -> None:
    before = partition(isr=(), elr=(), leader=NO_LEADER, last_known_elr=(2,))
    assert change_partition(before, rules(1, 3)) is None
    after = changed(before, rules(1, 2, 3))
    assert (after.leader, after.isr, after.last_known_elr) == (2, (2,), ())
    assert after.leader_recovery_state == LeaderRecoveryState.RECOVERING


def test_the_last_known_leader_is_the_one_from_when_the_isr_became_empty() -> None:
    after = changed(partition(isr=(2,), leader=2, elr=(1,)), rules(), isr=())
    assert (after.elr, after.last_known_elr) == ((1, 2), (2,))
    after = changed(after, rules(), unclean_shutdown=1)
    after = changed(after, rules(), unclean_shutdown=2)
    assert (after.isr, after.elr, after.last_known_elr) == ((), (), (2,))


def test_an_unclean_election_takes_any_replica_rather_than_none() -> None:
    before = partition(isr=(1,), elr=(2,), leader=NO_LEADER)
    assert change_partition(before, rules(3)) is None
    after = changed(before, rules(3, election=Election.UNCLEAN))
    assert (after.leader, after.isr, after.elr) == (3, (3,), ())
    assert after.leader_recovery_state == LeaderRecoveryState.RECOVERING


def test_an_unclean_election_is_clean_where_it_can_be() -> None:
    before = partition(isr=(), elr=(2,), leader=NO_LEADER)
    after = changed(before, rules(2, 3, election=Election.UNCLEAN))
    assert (after.leader, after.leader_recovery_state) == (2, LeaderRecoveryState.RECOVERED)


def test_the_preferred_replica_takes_over_only_when_in_sync() -> None:
    preferred = rules(1, 2, 3, election=Election.PREFERRED)
    assert changed(partition(leader=2), preferred).leader == 1
    assert changed(partition(leader=2, isr=(2, 3)), preferred).leader == 2


def test_a_preferred_election_still_finds_a_leader() -> None:
    assert changed(partition(leader=NO_LEADER), rules(2, 3, election=Election.PREFERRED)).leader == 2


def test_without_elr_the_last_member_stays_in_the_isr() -> None:
    after = changed(partition(isr=(1,)), rules(2, elr=False), isr=())
    assert (after.leader, after.isr, after.elr, after.last_known_elr) == (NO_LEADER, (1,), (), ())
    assert changed(after, rules(1, 2, elr=False)).leader == 1


def test_a_leader_says_when_it_has_recovered() -> None:
    before = partition(isr=(1,), state=LeaderRecoveryState.RECOVERING)
    after = changed(before, rules(1), recovery_state=LeaderRecoveryState.RECOVERED)
    assert after.leader_recovery_state == LeaderRecoveryState.RECOVERED
    assert (after.leader, after.leader_epoch) == (1, 5)


@pytest.mark.parametrize("seed", range(60))
def test_no_committed_record_is_lost_by_a_clean_election(seed: int) -> None:
    """A naive cluster of three logs: brokers crash and come back, one after another, and some lose their last records.

    The leader commits what the whole ISR has, if that is at least min.insync.replicas. A clean election must never
    give a leader that lacks a committed record.
    """
    chance = random.Random(seed)
    min_isr = chance.choice([1, 2, 3])
    logs: dict[int, list[int]] = {1: [], 2: [], 3: []}
    alive = {1, 2, 3}
    now, committed, written = partition(), 0, 0

    def replicate() -> None:
        nonlocal committed
        for member in now.isr:
            logs[member] = list(logs[now.leader])
        if len(now.isr) >= min_isr:
            committed = len(logs[now.leader])

    def step(**change: object) -> None:
        nonlocal now, committed
        before = now
        now = changed(now, rules(*alive, min_isr=min_isr), **change)
        if now.leader == NO_LEADER or now.leader == before.leader:
            return
        if now.leader_recovery_state == LeaderRecoveryState.RECOVERING:
            # Unclean, and marked as such: what is left counts from here on.
            committed = min(committed, len(logs[now.leader]))
            now = changed(now, rules(*alive, min_isr=min_isr), recovery_state=LeaderRecoveryState.RECOVERED)
        assert len(logs[now.leader]) >= committed, (before, now)
        for member in now.isr:
            logs[member] = list(logs[now.leader])

    for _ in range(200):
        match chance.randrange(5):
            case 0 if now.leader != NO_LEADER:
                written += 1
                logs[now.leader].append(written)
                if len(now.isr) >= min_isr or chance.random() < 0.5:
                    replicate()
            case 1 if alive:
                gone = chance.choice(sorted(alive))
                alive.discard(gone)
                step(isr=[member for member in now.isr if member != gone])
            case 2 | 3 if len(alive) < 3:
                back = chance.choice(sorted({1, 2, 3} - alive))
                if chance.random() < 0.4:
                    logs[back] = logs[back][: max(0, len(logs[back]) - chance.randrange(3))]
                    step(unclean_shutdown=back)
                alive.add(back)
                step()
            case 4 if now.leader != NO_LEADER:
                for joining in sorted(alive.difference(now.isr)):
                    logs[joining] = list(logs[now.leader])
                    step(isr=[*now.isr, joining])
                replicate()
        assert set(now.isr) <= alive
        assert now.leader in now.isr or now.leader == NO_LEADER
        assert not set(now.isr) & set(now.elr)
        assert len(now.isr) < min_isr or not now.elr
