"""`barnabas dev`, as its user sees it: start, stop whatever happens, start again, act on nodes, wrong use."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
from functools import partial
from pathlib import Path

import pytest
from confluent_kafka import Producer

from barnabas.cli.dev.layout import CONTROLLER_OFFSET, HTTP_OFFSET
from barnabas.cli.dev.probe import probe_ready
from dev_harness import Dev, eventually, is_alive, kill
from load import create_topic, read_all

pytestmark = pytest.mark.cluster

LIMIT = 5.0
TOPIC = "kept"


def produce(bootstrap: str, first: int, count: int) -> None:
    """Numbers from `first`, each acknowledged by all."""
    failed: list[object] = []
    producer = Producer({"bootstrap.servers": bootstrap, "acks": "all", "linger.ms": 1})
    for number in range(first, first + count):
        producer.produce(TOPIC, value=str(number), on_delivery=lambda error, _: failed.append(error) if error else None)
    assert producer.flush(30) == 0
    assert failed == []


def assert_kept(bootstrap: str, count: int) -> None:
    assert [int(value) for _, value in read_all(bootstrap, TOPIC)[0]] == list(range(count))


def assert_clean(dev: Dev) -> None:
    """No node had to be killed, and none complained of anything."""
    assert not [line for line in dev.output.all() if "killed" in line]
    for name in [f"{node['role']}-{node['id']}" for node in dev.cluster["nodes"]]:
        events = [json.loads(line) for line in dev.log(name).splitlines()]
        assert [event for event in events if event["level"] not in ("debug", "info")] == []
        assert events[-1]["event"] == "node stopped"


def test_the_default_shape(tmp_path: Path) -> None:
    with Dev(tmp_path / "c", controllers=3, brokers=3) as dev:
        port = dev.base_port
        bootstrap = ",".join(f"127.0.0.1:{port + n}" for n in range(3))
        assert dev.output.wait_for("") == f"ready: bootstrap.servers={bootstrap}"
        assert list(dev.cluster) == ["bootstrap", "nodes"]
        assert dev.bootstrap == bootstrap
        for node in dev.cluster["nodes"]:
            assert list(node) == ["id", "role", "pid", "listener", "http", "dir", "log"]
            index = node["id"] - 1  # controllers are numbered from 101
            assert node["listener"] == f"127.0.0.1:{port + index}"
            assert (node["role"] == "controller") == (index >= CONTROLLER_OFFSET)
            eventually(partial(probe_ready, int(node["http"].rpartition(":")[2])))
            assert Path(node["dir"], "meta.properties").exists()
            assert Path(node["log"]).stat().st_size > 0
            assert os.getsid(node["pid"]) == node["pid"]  # Ctrl-C does not reach it
        code, seconds = dev.stop()
        assert (code, seconds < LIMIT) == (0, True), f"{code} after {seconds:.1f} s"
        assert dev.pids() == {}
        assert_clean(dev)
        assert dev.errors.all() == []


def test_started_again_it_has_all_data(tmp_path: Path) -> None:
    with Dev(tmp_path, controllers=3, brokers=3) as dev:
        dev.wait_ready()
        create_topic(dev.bootstrap, TOPIC)
        produce(dev.bootstrap, 0, 500)
        assert dev.stop()[0] == 0
    with Dev(tmp_path, controllers=3, brokers=3, base_port=dev.base_port) as dev:
        dev.wait_ready()
        assert_kept(dev.bootstrap, 500)
        produce(dev.bootstrap, 500, 500)
        pids = dev.pids().values()
        dev.process.kill()
        kill(pids)
    with Dev(tmp_path, controllers=3, brokers=3, base_port=dev.base_port) as dev:
        dev.wait_ready()
        assert_kept(dev.bootstrap, 1000)
        assert dev.stop()[0] == 0


def test_ctrl_c_while_a_broker_stands_still(tmp_path: Path) -> None:
    with Dev(tmp_path) as dev:
        os.kill(dev.wait_ready().pids()["broker-1"], signal.SIGSTOP)
        code, seconds = dev.stop()
        assert (code, seconds < LIMIT) == (0, True), f"{code} after {seconds:.1f} s"
        assert_clean(dev)


def test_ctrl_c_without_a_quorum(tmp_path: Path) -> None:
    with Dev(tmp_path) as dev:
        os.kill(dev.wait_ready().pids()["controller-101"], signal.SIGKILL)
        dev.output.wait_for("controller-101 died (signal SIGKILL)")
        code, seconds = dev.stop()
        assert (code, seconds < LIMIT) == (0, True), f"{code} after {seconds:.1f} s"
        assert not [line for line in dev.output.all() if "killed" in line]
        assert "node stopped" in dev.log("broker-1").splitlines()[-1]


def test_ctrl_c_while_the_quorum_stands_still(tmp_path: Path) -> None:
    with Dev(tmp_path, controllers=3) as dev:
        for name, pid in dev.wait_ready().pids().items():
            if name.startswith("controller"):
                os.kill(pid, signal.SIGSTOP)
        code, seconds = dev.stop(signal.SIGTERM)
        assert (code, seconds < LIMIT) == (0, True), f"{code} after {seconds:.1f} s"
        assert not [line for line in dev.output.all() if "killed" in line]


def test_a_node_that_died_stays_dead_until_it_is_started(tmp_path: Path) -> None:
    with Dev(tmp_path) as dev:
        pid = dev.wait_ready().pids()["broker-1"]
        os.kill(pid, signal.SIGKILL)
        line = dev.output.wait_for("died")
        again = f"barnabas dev start 1 --dir {tmp_path}"
        log = tmp_path / "broker-1" / "broker-1.log"
        assert line == f"broker-1 died (signal SIGKILL); log: {log}; to start it again: {again}"
        assert "broker-1" not in dev.pids()
        done = dev.act("start", "1")
        assert (done.returncode, done.stdout, done.stderr) == (0, "broker-1 is starting\n", "")
        eventually(lambda: probe_ready(dev.base_port + HTTP_OFFSET), "broker-1 is ready")
        assert dev.pids()["broker-1"] != pid


def test_restart_starts_a_node_again_that_died(tmp_path: Path) -> None:
    with Dev(tmp_path, "--restart") as dev:
        pid = dev.wait_ready().pids()["controller-101"]
        os.kill(pid, signal.SIGKILL)
        dev.output.wait_for("controller-101 died (signal SIGKILL)")
        eventually(lambda: dev.pids().get("controller-101", pid) != pid, "another process")
        eventually(lambda: probe_ready(dev.base_port + CONTROLLER_OFFSET + HTTP_OFFSET), "controller-101 is ready")


def test_other_shells_act_on_nodes(tmp_path: Path) -> None:
    with Dev(tmp_path) as dev:
        pid = dev.wait_ready().pids()["broker-1"]
        assert dev.act("pause", "1").stdout == "broker-1 is paused\n"
        assert not probe_ready(dev.base_port + HTTP_OFFSET)
        assert dev.act("resume", "broker-1").stdout == "broker-1 goes on\n"
        eventually(lambda: probe_ready(dev.base_port + HTTP_OFFSET), "broker-1 is ready")
        assert is_alive(pid)
        assert dev.act("stop", "1").stdout == "broker-1 is stopped (exit code 0)\n"
        assert dev.output.wait_for("broker-1 stopped") == "broker-1 stopped (exit code 0)"
        assert not is_alive(pid)
        refused = dev.act("kill", "1")
        assert (refused.returncode, refused.stdout) == (1, "")
        assert refused.stderr == "barnabas dev kill: broker-1 is stopped: cannot kill it\n"
        assert dev.act("start", "1").returncode == 0
        refused = dev.act("start", "1")
        assert (refused.returncode, refused.stdout) == (1, "")
        assert refused.stderr.startswith("barnabas dev start: broker-1 is ")
        assert dev.act("kill", "1").stdout == "broker-1 is stopped (signal SIGKILL)\n"
        refused = dev.act("kill", "7")
        assert refused.returncode == 1
        assert refused.stderr == "barnabas dev kill: no node '7' here; there are controller-101, broker-1\n"
        assert dev.stop()[0] == 0
        refused = dev.act("stop", "1")
        assert (refused.returncode, refused.stdout) == (1, "")
        assert refused.stderr == f"barnabas dev stop: no `barnabas dev` runs on {tmp_path}\n"


@pytest.mark.parametrize(("offset", "node", "listener"), [(0, "broker-1", "PLAINTEXT"), (200, "broker-1", "http")])
def test_a_port_in_use(tmp_path: Path, offset: int, node: str, listener: str) -> None:
    dev = Dev(tmp_path)
    port = dev.base_port + offset
    with socket.create_server(("127.0.0.1", port)), dev:
        assert dev.process.wait(60) == 1
        [line] = dev.errors.all()
        assert line.startswith(f"barnabas dev: {node} did not start: cannot listen on ")
        assert f"127.0.0.1:{port}" in line
        assert listener in line
        assert line.endswith("Address already in use")
        assert dev.output.all() == []
        assert dev.pids() == {}
    for other in (port, dev.base_port + CONTROLLER_OFFSET):
        socket.create_server(("127.0.0.1", other)).close()


def test_a_directory_in_use_or_of_another_shape(tmp_path: Path) -> None:
    with Dev(tmp_path) as dev:
        dev.wait_ready()
        with Dev(tmp_path, base_port=dev.base_port) as second:
            assert second.process.wait(60) == 1
            assert second.errors.all() == [f"barnabas dev: another `barnabas dev` runs on {tmp_path}"]
        assert dev.act("pause", "1").returncode == 0  # its control socket is still there
        assert dev.stop()[0] == 0
    with Dev(tmp_path, brokers=2, base_port=dev.base_port) as other:
        assert other.process.wait(60) == 1
        [line] = other.errors.all()
        assert f"{tmp_path} holds a cluster made with --controllers 1 --brokers 1 --base-port {dev.base_port}" in line


def test_nodes_stop_when_the_supervisor_is_killed(tmp_path: Path) -> None:
    with Dev(tmp_path, controllers=3, brokers=2) as dev:
        pids = dev.wait_ready().pids()
        dev.process.kill()
        dev.process.wait()
        with Dev(tmp_path, controllers=3, brokers=2, base_port=dev.base_port) as second:  # waits for what is left
            second.wait_ready()
            assert not [pid for pid in pids.values() if is_alive(pid)]
            assert second.stop()[0] == 0
        assert_clean(dev)
        assert "the supervisor is gone" in dev.log("broker-1")


@pytest.mark.parametrize("lost", ["data", ""])
def test_a_controller_that_lost_its_directory_does_not_vote_again(tmp_path: Path, lost: str) -> None:
    with Dev(tmp_path) as dev:
        dev.wait_ready()
        assert dev.stop()[0] == 0
    shutil.rmtree(tmp_path / "controller-101" / lost)
    with Dev(tmp_path, base_port=dev.base_port) as dev:
        assert dev.process.wait(60) == 1
        [line] = dev.errors.all()
        assert line.startswith(f"barnabas dev: controller-101 has lost its directory {tmp_path}/controller-101/data: ")
        assert dev.pids() == {}
        assert dev.output.all() == []


def test_a_broker_that_lost_its_directory_comes_back_empty(tmp_path: Path) -> None:
    with Dev(tmp_path, brokers=3) as dev:
        dev.wait_ready()
        create_topic(dev.bootstrap, TOPIC)
        produce(dev.bootstrap, 0, 100)
        assert dev.stop()[0] == 0
    shutil.rmtree(tmp_path / "broker-1")
    with Dev(tmp_path, brokers=3, base_port=dev.base_port) as dev:
        dev.wait_ready()
        assert_kept(dev.bootstrap, 100)


def test_a_mistake_in_an_override_is_a_line(tmp_path: Path) -> None:
    with Dev(tmp_path, "--override", "num.partition=3") as dev:
        assert dev.process.wait(60) == 2
        [line] = dev.errors.all()
        assert "num.partition is not a known setting; did you mean num.partitions?" in line


def test_overrides_reach_the_nodes(tmp_path: Path) -> None:
    with Dev(tmp_path, "--override", "num.partitions=3") as dev:
        dev.wait_ready()
        create_topic(dev.bootstrap, TOPIC, partitions=-1, replication=-1)
        assert list(read_all(dev.bootstrap, TOPIC, 3)) == [0, 1, 2]
