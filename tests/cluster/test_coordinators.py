"""Groups on a cluster: they come up, and outlive the brokers that coordinate them; no committed offset is lost."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest

from barnabas.testing import cluster, embedded
from barnabas.testing.processes import Cluster
from load import Load, create_topic, eventually, wait_for_isr
from members import GroupHistory, Member, committed_offsets, coordinator_of, lost

pytestmark = pytest.mark.cluster

OFFSETS = "__consumer_offsets"
PARTITIONS = 4
SOME = 200
PROTOCOLS = pytest.mark.parametrize("protocol", ["classic", "consumer"])


@pytest.mark.parametrize("brokers", [0, 1, 2])
def test_a_group_needs_nothing_prepared(brokers: int) -> None:
    """0: in the test's own process."""
    with ExitStack() as stack:
        if brokers:
            bootstrap = stack.enter_context(cluster(brokers=brokers)).bootstrap
        else:
            bootstrap = stack.enter_context(embedded())
        load = stack.enter_context(Load(bootstrap, "t"))
        load.wait_for_acks(1)  # a subscription does not create its topic
        history = GroupHistory()
        with Member(bootstrap, "g", "t", history):
            history.wait_for_reads(SOME)
        assert committed_offsets(bootstrap, "g") == history.committed
        assert load.history.failed == []


@contextmanager
def at_work(running: Cluster, name: str, protocol: str, members: int = 1, **settings: Any) -> Iterator[GroupHistory]:
    """A group whose members read what is produced. At the end it reads all, and nothing acknowledged is missing."""
    bootstrap, history = running.bootstrap, GroupHistory()
    settings["group.protocol"] = protocol
    create_topic(bootstrap, name, partitions=PARTITIONS, config={"min.insync.replicas": "2"})
    with Load(bootstrap, name, partitions=PARTITIONS) as load, ExitStack() as stack:
        for _ in range(members):
            stack.enter_context(Member(bootstrap, name, name, history, **settings))
        history.wait_for_reads(SOME)
        wait_for_isr(bootstrap, OFFSETS, 3)
        yield history
    with Member(bootstrap, name, name, history, **settings):
        eventually(lambda: all(set(acked) <= history.read[index] for index, acked in load.history.acked.items()))
    assert lost(history.committed, committed_offsets(bootstrap, name)) == {}
    assert load.history.failed == []
    print(f"\n{name}: {history.count} records read, longest pause {history.longest_pause:.2f} s")


@PROTOCOLS
def test_the_coordinators_broker_is_killed(three_by_three: Cluster, protocol: str) -> None:
    bootstrap, group = three_by_three.bootstrap, f"killed-coordinator-{protocol}"
    with at_work(three_by_three, group, protocol, members=2) as history:
        for _ in range(2):
            before = coordinator_of(bootstrap, group)
            committed = dict(history.committed)
            three_by_three.node(before).kill()
            history.wait_for_reads(SOME)
            assert coordinator_of(bootstrap, group) != before
            assert lost(committed, committed_offsets(bootstrap, group)) == {}
            three_by_three.node(before).start()
            wait_for_isr(bootstrap, OFFSETS, 3)
            history.wait_for_reads(SOME)


@PROTOCOLS
def test_the_coordinators_broker_is_killed_while_members_come_and_go(three_by_three: Cluster, protocol: str) -> None:
    bootstrap, group = three_by_three.bootstrap, f"killed-rebalance-{protocol}"
    with at_work(three_by_three, group, protocol) as history:
        coordinator = three_by_three.node(coordinator_of(bootstrap, group))
        with Member(bootstrap, group, group, history, **{"group.protocol": protocol}) as second:
            coordinator.kill()
            with Member(bootstrap, group, group, history, **{"group.protocol": protocol}):
                eventually(lambda: any(second.assignments))
                history.wait_for_reads(SOME)
        coordinator.start()
        wait_for_isr(bootstrap, OFFSETS, 3)
        history.wait_for_reads(SOME)


@PROTOCOLS
def test_a_coordinator_that_stands_still_is_replaced_and_does_no_harm(three_by_three: Cluster, protocol: str) -> None:
    group = f"paused-coordinator-{protocol}"
    with at_work(three_by_three, group, protocol, **{"socket.timeout.ms": 10_000}) as history:
        coordinator = three_by_three.node(coordinator_of(three_by_three.bootstrap, group))
        coordinator.pause()
        history.wait_for_reads(SOME)
        coordinator.resume()
        history.wait_for_reads(SOME)


@PROTOCOLS
def test_a_rolling_restart_of_all_nodes_hands_the_groups_over(three_by_three: Cluster, protocol: str) -> None:
    group = f"restarted-{protocol}"
    with at_work(three_by_three, group, protocol) as history:
        for node in three_by_three.nodes:
            node.stop()
            history.wait_for_reads(SOME)
            node.start()
            for topic in (group, OFFSETS):
                wait_for_isr(three_by_three.bootstrap, topic, 3)
