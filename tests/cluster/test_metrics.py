"""`/metrics` and `/health/ready` of each role: what is there, that it moves, and that docs/metrics.md tells it."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from confluent_kafka import Producer
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from barnabas.testing import cluster
from barnabas.testing.processes import Cluster, ClusterNode
from load import create_topic, eventually, leader_of, read_all, wait_for_isr

pytestmark = pytest.mark.cluster

PAGE = Path(__file__).parents[2] / "docs" / "metrics.md"
HEAD = "| metric | type | nodes | what it says |\n|---|---|---|---|\n"


@pytest.fixture(scope="module")
def running() -> Iterator[Cluster]:
    """Two controllers, so that the quorum is gone with either."""
    with cluster(brokers=3, controllers=2) as started:
        yield started


def get(node: ClusterNode, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://{node.http}{path}", timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def families(node: ClusterNode) -> dict[str, Metric]:
    return {family.name: family for family in text_string_to_metric_families(get(node, "/metrics")[1])}


def value(node: ClusterNode, name: str, **labels: str) -> float:
    """The value of a sample; 0 for one that is not there yet."""
    samples = [sample for family in families(node).values() for sample in family.samples]
    return next((s.value for s in samples if s.name == name and s.labels == labels), 0.0)


def total(nodes: list[ClusterNode], name: str, **labels: str) -> float:
    return sum(value(node, name, **labels) for node in nodes if node.pid is not None)


def active(running: Cluster) -> ClusterNode:
    found: list[ClusterNode] = []

    def look() -> bool:
        found[:] = [node for node in running.controllers if value(node, "barnabas_active_controller") == 1]
        return len(found) == 1

    eventually(look)
    return found[0]


def leader(running: Cluster, topic: str) -> ClusterNode:
    """The leader; waited for, because a broker that is asked may be behind."""
    asked: list[int] = []

    def look() -> bool:
        asked.append(leader_of(running.bootstrap, topic))
        return asked[-1] >= 0

    eventually(look)
    return running.node(asked[-1])


def produce(bootstrap: str, topic: str, count: int) -> None:
    producer = Producer({"bootstrap.servers": bootstrap, "acks": "all"})
    for _ in range(count):
        producer.produce(topic, value=bytes(1000))
    assert producer.flush(30) == 0


def test_what_the_issue_names_is_there(running: Cluster) -> None:
    shared = {
        "barnabas_request_bytes": "counter",
        "barnabas_response_bytes": "counter",
        "barnabas_request_latency_seconds": "histogram",
        "barnabas_event_loop_delay_seconds": "histogram",
        "barnabas_quorum_epoch": "gauge",
        "barnabas_offline_partitions": "gauge",
    }
    of_controllers = {
        "barnabas_active_controller": "gauge",
        "barnabas_unclean_leader_elections": "counter",
        "barnabas_quorum_commit_seconds": "histogram",
    }
    of_brokers = {
        "barnabas_under_replicated_partitions": "gauge",
        "barnabas_under_min_isr_partitions": "gauge",
        "barnabas_isr_shrinks": "counter",
        "barnabas_isr_expands": "counter",
        "barnabas_produced_bytes": "counter",
        "barnabas_fetched_bytes": "counter",
    }
    for nodes, expected in ((running.controllers, of_controllers), (running.brokers, of_brokers)):
        for node in nodes:
            types = {name: family.type for name, family in families(node).items()}
            assert {**types, **shared, **expected} == types


def test_the_documentation_tells_all_of_them(running: Cluster, request: pytest.FixtureRequest) -> None:
    found = [("controllers", families(running.controllers[0])), ("brokers", families(running.brokers[0]))]
    names = sorted({name for _, page in found for name in page if not name.startswith("process_")})
    rows = [_row([(role, page[name]) for role, page in found if name in page]) for name in names]
    table = HEAD + "".join(rows)
    before, head, old = PAGE.read_text(encoding="utf-8").partition(HEAD)
    if request.config.getoption("--rewrite"):
        PAGE.write_text(before.rstrip("\n") + "\n\n" + table, encoding="utf-8")
    else:
        assert head + old == table, "docs/metrics.md is stale: run this test with --rewrite"


def _row(told: list[tuple[str, Metric]]) -> str:
    """The table's line of one metric, which is the same on all the nodes that have it."""
    [(kind, text)] = {(metric.type, metric.documentation) for _, metric in told}
    labels = {label for _, metric in told for sample in metric.samples for label in sample.labels} - {"le"}
    name = told[0][1].name + ("_total" if kind == "counter" else "")
    by = f" by `{', '.join(sorted(labels))}`" if labels else ""
    return f"| `{name}`{by} | {kind} | {', '.join(role for role, _ in told)} | {text} |\n"


def test_bytes_and_requests_are_counted(running: Cluster) -> None:
    topic = "counted"
    create_topic(running.bootstrap, topic, replication=3)
    wait_for_isr(running.bootstrap, topic, 3)
    leading = leader(running, topic)
    followers = [broker for broker in running.brokers if broker != leading]
    produce(running.bootstrap, topic, 100)
    assert len(read_all(running.bootstrap, topic)[0]) == 100
    assert value(leading, "barnabas_produced_records_total") == 100
    assert 100_000 < value(leading, "barnabas_produced_bytes_total") < 110_000
    assert 100_000 < value(leading, "barnabas_fetched_bytes_total") < 110_000
    assert value(leading, "barnabas_request_bytes_total", api="Produce") > 100_000
    assert value(leading, "barnabas_response_bytes_total", api="Fetch") > 300_000
    assert value(leading, "barnabas_request_latency_seconds_count", api="Produce") > 0
    assert value(leading, "barnabas_connections") > 0
    eventually(lambda: total(followers, "barnabas_replicated_in_bytes_total") > 200_000)
    assert value(leading, "barnabas_replicated_out_bytes_total") > 200_000
    controller = active(running)
    assert value(controller, "barnabas_quorum_commit_seconds_count") > 0
    assert value(controller, "barnabas_quorum_epoch") == value(leading, "barnabas_quorum_epoch") > 0
    eventually(lambda: value(controller, "barnabas_event_loop_delay_seconds_count") > 0)


def test_a_lost_broker_shows(running: Cluster) -> None:
    topic = "shrinking"
    create_topic(running.bootstrap, topic, replication=3, config={"min.insync.replicas": "3"})
    create_topic(running.bootstrap, "alone", replication=1)
    wait_for_isr(running.bootstrap, topic, 3)
    lost = leader(running, "alone")
    others = [broker for broker in running.brokers if broker != lost]
    shrinks, expands = (total(others, f"barnabas_isr_{what}_total") for what in ("shrinks", "expands"))
    assert total(others, "barnabas_under_replicated_partitions") == 0
    lost.kill()
    eventually(lambda: total(others, "barnabas_under_replicated_partitions") > 0)
    eventually(lambda: total(others, "barnabas_under_min_isr_partitions") > 0)
    assert total(others, "barnabas_isr_shrinks_total") > shrinks
    eventually(lambda: value(active(running), "barnabas_offline_partitions") == 1)
    eventually(lambda: value(active(running), "barnabas_live_brokers") == 2)
    lost.start()
    eventually(lambda: total(running.brokers, "barnabas_under_replicated_partitions") == 0)
    assert total(running.brokers, "barnabas_under_min_isr_partitions") == 0
    assert total(running.brokers, "barnabas_isr_expands_total") > expands
    assert value(active(running), "barnabas_offline_partitions") == 0


def test_an_unclean_election_is_counted(running: Cluster) -> None:
    topic = "unclean"
    unclean = {"unclean.leader.election.enable": "true", "min.insync.replicas": "1"}
    held = {broker.id: value(broker, "barnabas_partitions") for broker in running.brokers}
    create_topic(running.bootstrap, topic, replication=2, config=unclean)
    wait_for_isr(running.bootstrap, topic, 2)
    first = leader(running, topic)
    second = next(b for b in running.brokers if b != first and value(b, "barnabas_partitions") > held[b.id])
    controller = active(running)
    elections = value(controller, "barnabas_unclean_leader_elections_total")
    second.kill()
    wait_for_isr(running.bootstrap, topic, 1)
    first.kill()
    second.start()
    eventually(lambda: value(controller, "barnabas_unclean_leader_elections_total") == elections + 1)
    eventually(lambda: leader_of(running.bootstrap, topic) == second.id)
    first.start()
    wait_for_isr(running.bootstrap, topic, 2)


def test_ready_says_what_is_missing(running: Cluster) -> None:
    for node in running.nodes:
        assert get(node, "/health/ready") == (200, '{"ready": true, "missing": []}\n')
        assert get(node, "/health/live")[0] == 200
    leading = active(running)
    other = next(node for node in running.controllers if node != leading)
    epoch = value(other, "barnabas_quorum_epoch")
    leading.kill()
    eventually(lambda: get(other, "/health/ready")[0] == 503)
    [missing] = json.loads(get(other, "/health/ready")[1])["missing"]
    assert missing.startswith("a leader of the quorum")
    assert value(other, "barnabas_active_controller") == 0
    leading.start()
    eventually(lambda: get(other, "/health/ready")[0] == 200)
    assert value(active(running), "barnabas_quorum_epoch") > epoch
