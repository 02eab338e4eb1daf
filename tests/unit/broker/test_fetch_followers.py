"""Fetch of followers: what they acknowledge, when they are told what, and how they come into the ISR."""

from __future__ import annotations

import pytest

from barnabas.protocol.errors import ErrorCode
from broker_harness import BrokerHarness, fetched, fill, follow, values


def test_a_follower_reads_to_the_end_and_acknowledges(broker: BrokerHarness) -> None:
    broker.create_topic(replicas=(1, 2))
    fill(broker, 2)
    data = fetched(follow(broker, 0))[0]
    assert len(values([data])) == 2
    assert data.high_watermark == 0
    assert fetched(follow(broker, 2))[0].high_watermark == 2


def test_a_waiting_follower_is_answered_when_the_log_grows(broker: BrokerHarness) -> None:
    broker.create_topic(replicas=(1, 2, 3))
    session_id = follow(broker, 0, session_epoch=0).response.session_id
    request = broker.fetch(version=17, replica=(2, 10), session_id=session_id, session_epoch=1, max_wait_ms=500)
    fill(broker, 1)
    broker.settle()
    assert len(values(fetched(request).values())) == 1


def test_a_new_high_watermark_does_not_wake_a_follower_but_is_told_next(broker: BrokerHarness) -> None:
    broker.create_topic(replicas=(1, 2, 3))
    fill(broker, 1)
    session_id = follow(broker, 1, session_epoch=0).response.session_id
    request = broker.fetch(version=17, replica=(2, 10), session_id=session_id, session_epoch=1, max_wait_ms=500)
    follow(broker, 1, replica=3)
    assert broker.partition().high_watermark == 1
    assert request.waits
    broker.advance(0.6)
    assert fetched(request)[0].high_watermark == 1


def test_a_diverging_epoch_is_told_without_records(broker: BrokerHarness) -> None:
    broker.create_topic(replicas=(1, 2))
    fill(broker, 2)
    broker.change(leader=1)
    fill(broker, 1)
    broker.change(leader=1)
    data = fetched(follow(broker, 4, current_leader_epoch=2, last_fetched_epoch=0))[0]
    assert (data.error_code, data.diverging_epoch.epoch, data.diverging_epoch.end_offset) == (0, 0, 2)
    assert len(data.records) == 0
    role = broker.partition().leader
    assert role is not None
    assert role.followers[2].log_end_offset == -1, "what it holds is not known"


def test_an_epoch_that_is_not_known_is_out_of_range(broker: BrokerHarness) -> None:
    broker.create_topic(replicas=(1, 2))
    fill(broker, 2)
    data = fetched(follow(broker, 1, last_fetched_epoch=9))[0]
    assert data.error_code == ErrorCode.OFFSET_OUT_OF_RANGE


def test_who_is_no_replica_is_to_try_again(broker: BrokerHarness) -> None:
    broker.create_topic(replicas=(1, 2))
    assert fetched(follow(broker, 0, replica=3))[0].error_code == ErrorCode.UNKNOWN_LEADER_EPOCH
    data = fetched(follow(broker, 0, replica=3, current_leader_epoch=-1))[0]
    assert data.error_code == ErrorCode.NOT_LEADER_OR_FOLLOWER


def test_who_is_no_replica_gets_no_records(broker: BrokerHarness) -> None:
    broker.create_topic(replicas=(1, 2))
    fill(broker, 1)
    request = follow(broker, 0, replica=3, current_leader_epoch=-1)
    assert values(fetched(request).values()) == []
    assert request.response.node_endpoints == [], "brokers know each other"


def test_a_fetch_of_an_earlier_life_does_not_count(broker: BrokerHarness) -> None:
    broker.create_topic(replicas=(1, 2))
    fill(broker, 1)
    assert fetched(follow(broker, 1, epoch=9))[0].error_code == ErrorCode.NOT_LEADER_OR_FOLLOWER
    assert broker.partition().high_watermark == 0


def test_a_follower_is_refused_by_a_follower(broker: BrokerHarness) -> None:
    broker.create_topic(replicas=(1, 2, 3), leader=2)
    assert fetched(follow(broker, 0, replica=3))[0].error_code == ErrorCode.NOT_LEADER_OR_FOLLOWER


def test_a_follower_that_has_caught_up_is_proposed(broker: BrokerHarness) -> None:
    broker.create_topic(replicas=(1, 2), isr=(1,))
    follow(broker, 0)
    [change] = broker.isr_changes
    assert change.isr == ((1, 10), (2, 10))
    broker.manager.isr_change_committed(change, 0, 1, [1, 2])
    assert broker.manager.statistics.isr_expands == 1
    role = broker.partition().leader
    assert role is not None
    assert role.isr.committed == {1, 2}


def test_a_session_of_a_new_life_is_looked_at_whole(broker: BrokerHarness) -> None:
    broker.create_topic(replicas=(1, 2), isr=(1,))
    session_id = follow(broker, 0, session_epoch=0, epoch=9).response.session_id
    assert not broker.isr_changes
    broker.fetch(version=17, replica=(2, 10), session_id=session_id, session_epoch=1)
    assert len(broker.isr_changes) == 1


@pytest.mark.parametrize("answer_comes_first", [True, False])
def test_one_that_fetched_during_an_isr_change_is_proposed_after_it(
    broker: BrokerHarness, answer_comes_first: bool
) -> None:
    """It has nothing to fetch, so that it will not name the partition again."""
    broker.create_topic(replicas=(1, 2, 3), isr=(1,))
    follow(broker, 0)
    follow(broker, 0, replica=3)
    [change] = broker.isr_changes

    def answer() -> None:
        broker.manager.isr_change_committed(change, 0, 1, [1, 2])

    if answer_comes_first:
        answer()
    broker.change(isr=(1, 2))
    if not answer_comes_first:
        answer()
    assert [each.isr for each in broker.isr_changes[1:]] == [((1, 10), (2, 10), (3, 10))]
