"""The screen of `barnabas dev` on a terminal."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from barnabas.cli.dev import control
from barnabas.cli.dev.layout import Layout
from barnabas.testing.processes import free_base_port
from dev_harness import COMMAND
from load import create_topic
from terminal import on_terminal

pytestmark = pytest.mark.cluster


def test_the_state_of_each_node_is_on_the_screen(tmp_path: Path) -> None:
    layout = Layout(tmp_path, controllers=1, brokers=2, base_port=free_base_port(2, 1))
    shape = ["--controllers", "1", "--brokers", "2", "--base-port", str(layout.base_port)]
    with on_terminal([*COMMAND, "dev", "--dir", str(tmp_path), *shape]) as screen:
        screen.wait_for(lambda: f"ready: bootstrap.servers={layout.bootstrap}\n" in screen.text, "the ready line")
        screen.wait_for(lambda: screen.row("controller-101")[1:3] == ["ready", "active"], "the active controller")
        screen.wait_for(lambda: screen.row("broker-2")[1:3] == ["ready", "running"], "a running broker")
        assert screen.row("node")[:3] == ["node", "state", "role"]
        assert screen.row("broker-1")[-1] == str(layout.base_port)

        create_topic(layout.bootstrap, "shown", partitions=2, replication=2)
        for broker in ("broker-1", "broker-2"):
            screen.wait_for(lambda b=broker: screen.row(b)[3:6] == ["1", "2", "0"], f"{broker} leads")  # type: ignore[misc]
        screen.wait_for(lambda: "2 of 2 brokers live, 1 topics, 2 partitions, 0 without" in screen.text, "the caption")

        screen.resize(60)
        control.act(tmp_path, "kill", "1")
        screen.wait_for(lambda: screen.row("broker-1")[1:2] == ["stopped"], "broker-1 is stopped")
        screen.wait_for(lambda: screen.row("broker-2")[3:6] == ["2", "2", "2"], "broker-2 leads, alone")
        screen.resize(200)
        control.act(tmp_path, "pause", "2")
        screen.wait_for(lambda: screen.row("broker-2")[1:2] == ["paused"], "broker-2 is paused")
        control.act(tmp_path, "resume", "2")
        control.act(tmp_path, "start", "1")
        screen.wait_for(lambda: screen.row("broker-2")[3:6] == ["2", "2", "0"], "broker-1 is in sync again")

        screen.process.send_signal(signal.SIGINT)
        assert screen.end() == 0
        assert screen.row("broker-2")[1:2] == ["stopped"]
        assert "Traceback" not in screen.text
    assert layout.nodes[0].log_file.read_text(encoding="utf-8").startswith("{")  # no screen in the nodes' logs
