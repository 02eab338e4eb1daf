"""kill -9 under load with acks=all, min.insync.replicas=2: nothing acknowledged is lost or doubled, order is kept."""

from __future__ import annotations

import json
import urllib.request

import pytest

from barnabas.testing import cluster
from barnabas.testing.processes import Cluster, ClusterNode
from load import Load, check, create_topic, leader_of, wait_for_isr

pytestmark = pytest.mark.cluster

MIN_ISR = {"min.insync.replicas": "2"}
SOME = 200


def prepare(running: Cluster, topic: str, partitions: int = 1) -> None:
    create_topic(running.bootstrap, topic, partitions=partitions, config=MIN_ISR)
    wait_for_isr(running.bootstrap, topic, 3)


def finish(running: Cluster, topic: str, load: Load, what: str, partitions: int = 1) -> None:
    wait_for_isr(running.bootstrap, topic, 3)
    check(running.bootstrap, topic, load.history, partitions)
    print(f"\n{what}: {load.history.count} records acknowledged, longest pause {load.history.longest_pause:.2f} s")


def active_controller(running: Cluster) -> ClusterNode:
    return next(c for c in running.controllers if (status := c.status()) and status["state"] == "active")


def test_the_leader(three_by_three: Cluster) -> None:
    topic = "kill-leader"
    prepare(three_by_three, topic)
    with Load(three_by_three.bootstrap, topic) as load:
        load.wait_for_acks(SOME)
        leader = three_by_three.node(leader_of(three_by_three.bootstrap, topic))
        leader.kill()
        load.wait_for_acks(SOME)
        leader.start()
        load.wait_for_acks(SOME)
    finish(three_by_three, topic, load, "kill -9 of the leader")


def test_two_followers(three_by_three: Cluster) -> None:
    topic = "kill-followers"
    prepare(three_by_three, topic)
    with Load(three_by_three.bootstrap, topic) as load:
        load.wait_for_acks(SOME)
        leader = leader_of(three_by_three.bootstrap, topic)
        followers = [broker for broker in three_by_three.brokers if broker.id != leader]
        for follower in followers:
            follower.kill()
        for follower in followers:
            follower.start()
        load.wait_for_acks(SOME)
    finish(three_by_three, topic, load, "kill -9 of two followers")


def test_the_active_controller(three_by_three: Cluster) -> None:
    topic = "kill-controller"
    prepare(three_by_three, topic)
    with Load(three_by_three.bootstrap, topic) as load:
        load.wait_for_acks(SOME)
        controller = active_controller(three_by_three)
        controller.kill()
        load.wait_for_acks(SOME)
        create_topic(three_by_three.bootstrap, "created-without-it")
        controller.start()
        load.wait_for_acks(SOME)
    finish(three_by_three, topic, load, "kill -9 of the active controller")


def test_the_leader_and_the_active_controller_at_once(three_by_three: Cluster) -> None:
    topic = "kill-both"
    prepare(three_by_three, topic)
    with Load(three_by_three.bootstrap, topic) as load:
        load.wait_for_acks(SOME)
        victims = [three_by_three.node(leader_of(three_by_three.bootstrap, topic)), active_controller(three_by_three)]
        for victim in victims:
            victim.kill()
        load.wait_for_acks(SOME)
        for victim in victims:
            victim.start()
        load.wait_for_acks(SOME)
    finish(three_by_three, topic, load, "kill -9 of the leader and the active controller")


def test_a_paused_leader_is_replaced_and_does_no_harm_when_it_goes_on(three_by_three: Cluster) -> None:
    topic = "pause-leader"
    prepare(three_by_three, topic)
    with Load(three_by_three.bootstrap, topic) as load:
        load.wait_for_acks(SOME)
        leader = three_by_three.node(leader_of(three_by_three.bootstrap, topic))
        leader.pause()
        load.wait_for_acks(SOME)
        leader.resume()
        load.wait_for_acks(SOME)
    finish(three_by_three, topic, load, "pause of the leader")


def test_all_six() -> None:
    topic = "kill-all"
    with cluster(brokers=3, controllers=3) as running:
        prepare(running, topic, partitions=4)
        with Load(running.bootstrap, topic, partitions=4) as load:
            load.wait_for_acks(SOME)
            for node in running.nodes:
                node.kill()
            for node in running.nodes:
                node.start(wait=False)
            for node in running.nodes:
                node.wait_ready()
            load.wait_for_acks(SOME)
        finish(running, topic, load, "kill -9 of all six", partitions=4)


def test_a_clean_stop_moves_leadership_without_a_failed_request(three_by_three: Cluster) -> None:
    topic = "stop-leader"
    prepare(three_by_three, topic)
    with Load(three_by_three.bootstrap, topic) as load:
        load.wait_for_acks(SOME)
        leader = three_by_three.node(leader_of(three_by_three.bootstrap, topic))
        leader.stop()
        load.wait_for_acks(SOME)
        leader.start()
        load.wait_for_acks(SOME)
    finish(three_by_three, topic, load, "clean stop of the leader")


def test_cluster_json_names_every_node(three_by_three: Cluster) -> None:
    described = json.loads((three_by_three.directory / "cluster.json").read_text())
    assert described["bootstrap"] == three_by_three.bootstrap
    for node in described["nodes"]:
        assert set(node) == {"id", "role", "pid", "listener", "http", "dir", "log"}
        with urllib.request.urlopen(f"http://{node['http']}/metrics", timeout=10) as answer:
            assert b"barnabas" in answer.read()
