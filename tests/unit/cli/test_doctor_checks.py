"""What `barnabas doctor` finds in what it saw: each check, and that a healthy cluster gives none."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from barnabas.cli.doctor import partitions, placement, quorum, settings
from barnabas.cli.doctor.command import judge
from barnabas.cli.doctor.finding import Examination, Finding, Severity, Unreachable, listed
from barnabas.cli.snapshot import Snapshot
from barnabas.client.admin import (
    BrokerDescription,
    ClusterDescription,
    QuorumDescription,
    QuorumReplica,
    TopicDescription,
)
from barnabas.client.metadata import NO_LEADER, Node, PartitionView
from barnabas.client.offsets import Place
from command_harness import partition

GOOD = {"min.insync.replicas": "2", "unclean.leader.election.enable": "false"}


def brokers(count: int = 3, *, racks: str = "", fenced: tuple[int, ...] = ()) -> ClusterDescription:
    found = [
        BrokerDescription(Node(i, "h", 9090 + i, racks[i - 1] if racks else None), i in fenced)
        for i in range(1, count + 1)
    ]
    return ClusterDescription("c", 1, found)


def topic(name: str, *views: PartitionView, internal: bool = False) -> TopicDescription:
    return TopicDescription(name, "id", internal, dict(enumerate(views)))


def seen(
    *topics: TopicDescription,
    cluster: ClusterDescription | None = None,
    configs: Mapping[str, str] = GOOD,
    **more: object,
) -> Examination:
    snapshot = Snapshot(0.0, cluster or brokers(), topics)
    return Examination(snapshot, topic_configs={each.name: dict(configs) for each in topics}, **more)  # type: ignore[arg-type]


def told(findings: list[Finding]) -> list[tuple[str, str, str]]:
    return [(finding.severity.value, finding.check, finding.entity) for finding in findings]


HEALTHY = topic("t", partition(1, 2, 3), partition(2, 3, 1), partition(3, 1, 2))


def test_a_healthy_cluster_gives_nothing() -> None:
    assert judge(seen(HEALTHY, quorum=voters(0, 0, 0))) == []


def test_partitions_without_a_leader() -> None:
    gone = partition(1, 2, leader=NO_LEADER, isr=[])
    [found] = partitions.check(seen(topic("t", gone, partition(2, 3, 1), gone)))
    assert str(found) == "error offline-partitions: topic t: 2 partitions without a leader: 0, 2"
    assert "start brokers 1, 2, which should have them" in found.advice


def test_partitions_with_too_few_replicas_in_sync() -> None:
    short = topic("t", partition(1, 2, 3, isr=[1]), partition(2, 3, 1, isr=[2, 3]))
    under, behind = partitions.check(seen(short))
    assert (under.severity, under.check, under.entity) == (Severity.ERROR, "under-min-isr", "topic t")
    assert under.problem == "1 partition with fewer replicas in sync than min.insync.replicas=2 asks for: 0"
    assert "bring brokers 2, 3 back into sync" in under.advice
    assert str(behind) == "warning under-replicated: topic t: 1 partition with replicas out of sync: 1"
    assert "bring broker 1 back into sync" in behind.advice


def test_no_more_replicas_are_asked_for_than_there_are() -> None:
    assert list(partitions.check(seen(topic("t", partition(1))))) == []
    [found] = partitions.check(seen(topic("t", partition(1, 2, isr=[1])), configs={"min.insync.replicas": "3"}))
    assert found.check == "under-min-isr"


def looks(before: Mapping[Place, int], now: Mapping[Place, int], ends: tuple[int, int]) -> Examination:
    def look(taken: float, committed: Mapping[Place, int], end: int) -> Snapshot:
        return Snapshot(taken, brokers(), (), {("t", 0): end, ("t", 1): 50}, {"g": committed})

    return Examination(look(7.0, now, ends[1]), look(2.0, before, ends[0]))


def test_a_group_that_reads_more_slowly_than_is_written() -> None:
    [found] = partitions.check(looks({("t", 0): 10, ("t", 1): 50}, {("t", 0): 20, ("t", 1): 50}, (30, 60)))
    assert str(found) == "warning growing-lag: group g: lag grew from 20 to 40 in 5 s"
    assert "add some, up to one a partition" in found.advice


def test_a_group_that_commits_nothing() -> None:
    [found] = partitions.check(looks({("t", 0): 10}, {("t", 0): 10}, (30, 31)))
    assert found.problem == "lag grew from 20 to 21 in 5 s, and nothing was committed"
    assert "see whether they run and commit" in found.advice


def test_lag_that_does_not_grow_is_nobodys_concern() -> None:
    assert list(partitions.check(looks({("t", 0): 10}, {("t", 0): 40}, (30, 60)))) == []
    assert list(partitions.check(looks({("t", 0): 10}, {("t", 0): 99}, (30, 60)))) == []


def test_fenced_brokers_and_addresses_that_lead_nowhere() -> None:
    examined = seen(cluster=brokers(fenced=(2,)), unreachable=(Unreachable(3, "inside:9092", "Connection refused"),))
    fenced, unreachable = placement.check(examined)
    assert told([fenced, unreachable]) == [
        ("warning", "fenced-broker", "broker 2"),
        ("error", "unreachable-address", "broker 3"),
    ]
    assert "inside:9092 cannot be connected to from here: Connection refused" in unreachable.problem
    assert "advertised.listeners" in unreachable.advice


def test_leaders_that_are_not_where_they_should_be() -> None:
    views = [partition(1, 2, 3) for _ in range(9)]
    within = seen(topic("t", *views, partition(1, 2, 3, leader=2)), cluster=brokers(3))
    assert "leader-imbalance" not in [found.check for found in placement.check(within)]
    beyond = seen(topic("t", *views[:3], partition(1, 2, 3, leader=2)), cluster=brokers(3))
    [found] = placement.check(beyond)
    assert str(found) == "warning leader-imbalance: broker 1: does not lead 1 of the 4 partitions that prefer it"


def test_one_that_is_away_is_not_imbalance() -> None:
    examined = seen(topic("t", partition(1, 2, 3, leader=2)), cluster=brokers(fenced=(1,)))
    assert [found.check for found in placement.check(examined)] == ["fenced-broker"]


def test_brokers_with_more_than_their_part() -> None:
    crowded = topic("t", *[partition(1) for _ in range(12)], partition(2), partition(3))
    replicas, leaders = placement.check(seen(crowded))
    assert told([replicas, leaders]) == [
        ("warning", "replica-skew", "broker 1"),
        ("warning", "leader-skew", "broker 1"),
    ]
    assert replicas.problem == "has 12 replicas, where the mean is 4.7"
    assert "to brokers 2, 3" in replicas.advice


def test_replicas_that_share_a_rack() -> None:
    views = [partition(1, 2), partition(1, 3), partition(3)]
    [found] = placement.check(seen(topic("t", *views), cluster=brokers(racks="aab")))
    assert str(found) == "warning one-rack: topic t: 1 partition with all replicas in one rack: 0"
    assert list(placement.check(seen(topic("t", *views), cluster=brokers(racks="aaa")))) == []
    assert list(placement.check(seen(topic("t", *views)))) == []


def test_one_replica_is_a_warning_where_there_could_be_more() -> None:
    alone = topic("t", partition(1))
    assert told(list(settings.check(seen(alone)))) == [("warning", "one-replica", "topic t")]
    assert told(list(settings.check(seen(alone, cluster=brokers(1))))) == [("note", "one-replica", "topic t")]
    two = list(settings.check(seen(alone, topic("u", partition(2)))))
    assert (two[0].entity, two[0].problem) == ("2 topics", "one replica only: t, u")


def test_internal_topics_need_what_the_cluster_can_give() -> None:
    internal = topic("__consumer_offsets", partition(1, 2), internal=True)
    assert told(list(settings.check(seen(internal, configs={})))) == [
        ("warning", "internal-topic-replicas", "topic __consumer_offsets")
    ]
    assert list(settings.check(seen(internal, cluster=brokers(2), configs={}))) == []


@pytest.mark.parametrize(
    ("min_isr", "views", "checks"),
    [
        ("3", [partition(1, 2, 3)], ["min-isr-equals-replicas"]),
        ("2", [partition(1, 2)], ["min-isr-equals-replicas"]),
        ("1", [partition(1, 2, 3)], ["min-isr-one"]),
        ("1", [partition(1, 2)], []),
        ("2", [partition(1, 2, 3)], []),
        ("1", [partition(1)], ["one-replica"]),
    ],
)
def test_min_insync_replicas(min_isr: str, views: list[PartitionView], checks: list[str]) -> None:
    found = settings.check(seen(topic("t", *views), configs={"min.insync.replicas": min_isr}))
    assert [each.check for each in found] == checks


def test_unclean_election() -> None:
    [found] = settings.check(seen(HEALTHY, configs={**GOOD, "unclean.leader.election.enable": "true"}))
    assert told([found]) == [("warning", "unclean-election", "topic t")]
    assert "--config unclean.leader.election.enable=false" in found.advice


def test_defaults_for_topics_to_come() -> None:
    configs = {"1": {"default.replication.factor": "1"}, "2": {"default.replication.factor": "3"}}
    [found] = settings.check(seen(HEALTHY, broker_configs=configs))
    assert str(found) == "note default-replicas: broker 1: default.replication.factor is 1"
    assert list(settings.check(seen(HEALTHY, cluster=brokers(1), broker_configs=configs))) == []


def voters(*behind_ms: int, leader: int = 1) -> QuorumDescription:
    """Voters 1 and on, each so far behind; -1: it never followed."""
    now = 1_000_000
    found = [
        QuorumReplica(i, "d", 100 - (ms > 0) * 7, now - ms, -1 if ms < 0 else now - ms)
        for i, ms in enumerate(behind_ms, start=1)
    ]
    return QuorumDescription(leader, 3, 100, found, [], {})


def test_a_quorum_without_a_leader() -> None:
    [found] = quorum.check(seen(quorum=voters(0, 0, 0, leader=-1)))
    assert told([found]) == [("error", "no-quorum-leader", "the controllers")]
    assert "2 of 3 must run" in found.advice


def test_voters_that_are_behind() -> None:
    assert list(quorum.check(seen(quorum=voters(0, 9_000, 0)))) == []
    [found] = quorum.check(seen(quorum=voters(0, 60_000, 0)))
    assert (
        str(found) == "error voter-behind: controller 2: has not kept up with the leader for 60 s, and lacks 7 records"
    )
    [found] = quorum.check(seen(quorum=voters(0, -1, 0, 0, 0)))
    assert str(found) == "warning voter-behind: controller 2: has not followed the leader since that was elected"
    assert "only 1 more may be lost" in found.why


def test_a_single_controller_is_a_note() -> None:
    assert told(list(quorum.check(seen(quorum=voters(0))))) == [("note", "one-controller", "the controllers")]


def test_the_worst_comes_first_and_what_was_not_seen_is_said() -> None:
    examined = seen(
        topic("a", partition(1), partition(1, leader=NO_LEADER)), quorum=voters(0), failures=("the groups: timed out",)
    )
    found = judge(examined)
    assert [finding.severity for finding in found] == sorted(
        (finding.severity for finding in found), key=list(Severity).index
    )
    assert ("warning", "not-checked", "the groups") in told(found)


def test_long_lists_are_cut() -> None:
    assert listed(range(3)) == "0, 1, 2"
    assert listed(range(10), most=2) == "0, 1 and 8 more"
