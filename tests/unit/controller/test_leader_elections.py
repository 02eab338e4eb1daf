"""ElectLeaders, and the elections that time brings."""

from __future__ import annotations

from typing import Any

import pytest

from barnabas.controller.controller import REBALANCE_DELAY
from barnabas.controller.election import MAX_ELECTIONS
from barnabas.controller.error_replies import error_reply
from barnabas.metadata.records import NO_LEADER, LeaderRecoveryState, ResourceType
from barnabas.protocol.errors import ErrorCode, WireError
from barnabas.protocol.messages.elect_leaders import ElectLeadersRequest
from controller_harness import ControllerHarness


def harness(**config: object) -> ControllerHarness:
    cluster = ControllerHarness(**config)
    cluster.start(1, 2, 3)
    return cluster


def elect(cluster: ControllerHarness, kind: int, *partitions: int) -> dict[int, int]:
    topics = [ElectLeadersRequest.TopicPartitions(topic="t", partitions=partitions)] if partitions else None
    response = cluster.request(ElectLeadersRequest(election_type=kind, topic_partitions=topics))
    return {
        result.partition_id: result.error_code
        for topic in response.replica_election_results
        for result in topic.partition_result
    }


def beat(cluster: ControllerHarness, seconds: float) -> None:
    """Time passes, and the brokers that live are heard of."""
    end = cluster.now + seconds
    while cluster.now < end:
        cluster.advance(min(4.0, end - cluster.now))
        for broker in cluster.image.cluster.unfenced():
            cluster.heartbeat(broker.id)


def lead_elsewhere(cluster: ControllerHarness) -> None:
    """Broker 1 restarts and is in sync again, but others lead."""
    cluster.kill(1)
    cluster.start(1)
    for partition in cluster.topic():
        if partition.leader != NO_LEADER:
            cluster.alter_isr("t", partition.index, *partition.isr, 1)


def test_preferred_leaders_are_elected_where_they_can_be() -> None:
    cluster = harness()
    cluster.create("t", [1, 2], [2, 1], [1, 3])
    lead_elsewhere(cluster)
    cluster.alter_isr("t", 2, 3)
    assert elect(cluster, 0, 0, 1, 2, 9) == {
        0: ErrorCode.NONE,
        1: ErrorCode.ELECTION_NOT_NEEDED,
        2: ErrorCode.PREFERRED_LEADER_NOT_AVAILABLE,
        9: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
    }
    assert [partition.leader for partition in cluster.topic()] == [1, 2, 3]
    cluster.check()


def test_all_partitions_that_need_an_election_get_one() -> None:
    cluster = harness()
    cluster.create("t", [1, 2], [2, 1])
    lead_elsewhere(cluster)
    assert elect(cluster, 0) == {0: ErrorCode.NONE}


def test_an_unclean_election_may_be_asked_for() -> None:
    cluster = harness()
    cluster.start(4)
    cluster.create("t", [1, 2], [1, 4], [3, 2])
    cluster.alter_isr("t", 0, 1)
    cluster.kill(1, 4)
    assert elect(cluster, 1, 0, 1, 2) == {
        0: ErrorCode.NONE,
        1: ErrorCode.ELIGIBLE_LEADERS_NOT_AVAILABLE,
        2: ErrorCode.ELECTION_NOT_NEEDED,
    }
    partition = cluster.partition()
    assert (partition.leader, partition.isr, partition.elr) == (2, (2,), ())
    assert partition.leader_recovery_state == LeaderRecoveryState.RECOVERING
    cluster.check()


def test_a_leader_comes_home_soon_after_it_is_in_sync_again() -> None:
    cluster = harness()
    cluster.create("t", [1, 2, 3])
    lead_elsewhere(cluster)
    assert cluster.partition().leader == 2
    beat(cluster, REBALANCE_DELAY)
    assert cluster.partition().leader == 1
    cluster.check()


def test_leaders_stay_where_they_are_without_automatic_rebalancing() -> None:
    cluster = harness(leader_rebalance_enable=False)
    cluster.create("t", [1, 2, 3])
    lead_elsewhere(cluster)
    beat(cluster, 400.0)
    assert cluster.partition().leader == 2


def test_leaders_are_balanced_at_the_configured_interval() -> None:
    cluster = harness(leader_imbalance_check_interval=30.0)
    cluster.create("t", [1, 2])
    lead_elsewhere(cluster)
    cluster.fail_over()
    beat(cluster, 0.5)
    beat(cluster, 28.0)
    assert cluster.partition().leader == 2
    beat(cluster, 2.0)
    assert cluster.partition().leader == 1


def test_a_rebalance_goes_on_in_portions() -> None:
    cluster = harness()
    count = MAX_ELECTIONS + 10
    cluster.create("t", *([1, 2] for _ in range(count)))
    cluster.kill(1)
    cluster.start(1)
    assert sum(partition.leader == 2 for partition in cluster.topic()) == count
    for partition in cluster.topic():
        cluster.alter_isr("t", partition.index, 2, 1)
    cluster.advance(REBALANCE_DELAY)
    assert sum(partition.leader == 1 for partition in cluster.topic()) == count


def test_unclean_elections_happen_when_they_become_allowed() -> None:
    cluster = harness()
    cluster.create("t", [1, 2], [1, 2])
    for index in (0, 1):
        cluster.alter_isr("t", index, 1)
    cluster.kill(1)
    assert [partition.leader for partition in cluster.topic()] == [NO_LEADER, NO_LEADER]
    assert cluster.configure(ResourceType.TOPIC, "t", "unclean.leader.election.enable", "true") == ErrorCode.NONE
    cluster.advance(0.0)
    assert [partition.leader for partition in cluster.topic()] == [2, 2]
    cluster.check()


def test_unclean_elections_happen_at_once_where_they_are_allowed() -> None:
    cluster = harness()
    cluster.create("t", [1, 2], unclean_leader_election_enable="true")
    cluster.alter_isr("t", 0, 1)
    cluster.kill(1)
    assert cluster.partition().leader == 2
    cluster.check()


def test_an_election_of_no_kind_is_refused_for_each_partition() -> None:
    cluster = harness()
    topics = [ElectLeadersRequest.TopicPartitions(topic="t", partitions=[0, 1])]
    request = ElectLeadersRequest(election_type=2, topic_partitions=topics)
    with pytest.raises(WireError) as refused:
        cluster.request(request)
    reply: Any = error_reply(request, refused.value)
    [topic] = reply.replica_election_results
    assert [(result.partition_id, result.error_code) for result in topic.partition_result] == [
        (0, ErrorCode.INVALID_REQUEST),
        (1, ErrorCode.INVALID_REQUEST),
    ]
