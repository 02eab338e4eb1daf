"""A cluster of processes for tests: `barnabas dev` as a child, and handles to act on its nodes."""

from __future__ import annotations

import contextlib
import json
import random
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from barnabas.cli.dev import control
from barnabas.cli.dev.layout import CONTROLLER_OFFSET, HOST, HTTP_OFFSET, Layout
from barnabas.cli.dev.probe import probe_ready, probe_status
from barnabas.cli.lean import dev_command

POLL_SECONDS = 0.02
STOP_SECONDS = 10.0
# Below the ports that systems hand out to outgoing connections, so that none of ours is taken meanwhile.
PORTS = range(10_000, 32_000)


class ClusterError(Exception):
    """The cluster did not do what was asked in time; the text says which node and why."""


@dataclass(frozen=True, slots=True)
class ClusterNode:
    """A handle to one node's process."""

    id: int
    role: str
    listener: str
    http: str
    directory: Path
    log: Path
    _dev_directory: Path

    @property
    def name(self) -> str:
        return f"{self.role}-{self.id}"

    @property
    def pid(self) -> int | None:
        """The node's process id now; None while it does not run."""
        cluster = json.loads((self._dev_directory / "cluster.json").read_text(encoding="utf-8"))
        pid: int | None = next(node["pid"] for node in cluster["nodes"] if node["id"] == self.id)
        return pid

    def kill(self) -> None:
        """SIGKILL; returns when the process is gone."""
        self._act("kill")

    def stop(self) -> None:
        """SIGTERM: a clean stop, leaderships are moved first; returns when the process is gone."""
        self._act("stop")

    def start(self, *, wait: bool = True, timeout: float = 60.0) -> None:
        """Start it again; with `wait`, return when it is ready."""
        self._act("start")
        if wait:
            self.wait_ready(timeout)

    def pause(self) -> None:
        """SIGSTOP: the process stands still, its connections stay open."""
        self._act("pause")

    def resume(self) -> None:
        """SIGCONT."""
        self._act("resume")

    def ready(self) -> bool:
        """Whether the node says it is ready."""
        return probe_ready(int(self.http.rpartition(":")[2]))

    def status(self) -> dict[str, Any] | None:
        """What the node says of itself at `/status`; None if it does not answer."""
        return probe_status(int(self.http.rpartition(":")[2]))

    def wait_ready(self, timeout: float = 60.0) -> None:
        """Return when the node is ready.

        Raises:
            ClusterError: it is not within `timeout` seconds.
        """
        deadline = time.monotonic() + timeout
        while not self.ready():
            if time.monotonic() > deadline:
                raise ClusterError(f"{self.name} is not ready after {timeout:.0f} s: {self.status()}; log: {self.log}")
            time.sleep(POLL_SECONDS)

    def _act(self, action: str) -> None:
        control.act(self._dev_directory, action, str(self.id))


@dataclass(frozen=True, slots=True)
class Cluster:
    """A running cluster: its bootstrap servers and its nodes, controllers first."""

    bootstrap: str
    directory: Path
    nodes: list[ClusterNode]

    @property
    def brokers(self) -> list[ClusterNode]:
        return [node for node in self.nodes if node.role == "broker"]

    @property
    def controllers(self) -> list[ClusterNode]:
        return [node for node in self.nodes if node.role == "controller"]

    def node(self, node_id: int) -> ClusterNode:
        """The node with that id."""
        return next(node for node in self.nodes if node.id == node_id)


@contextlib.contextmanager
def start_cluster(
    *,
    brokers: int,
    controllers: int,
    directory: Path | None,
    base_port: int | None,
    overrides: dict[str, str],
    ready_timeout: float,
) -> Iterator[Cluster]:
    """See `barnabas.testing.cluster`."""
    with contextlib.ExitStack() as stack:
        if directory is None:
            directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="barnabas-")))
        if base_port is None:
            base_port = free_base_port(brokers, controllers)
        settings = tuple(f"{name}={value}" for name, value in overrides.items())
        layout = Layout(directory.absolute(), controllers, brokers, base_port, settings)
        process = _spawn(layout)
        stack.callback(_stop, process)
        _wait_for_ready_line(process, ready_timeout)
        yield _describe(layout)


def free_base_port(brokers: int, controllers: int) -> int:
    """A base port from which every port that `barnabas dev` needs is free now."""
    offsets = [*range(brokers), *range(CONTROLLER_OFFSET, CONTROLLER_OFFSET + controllers)]
    offsets += [offset + HTTP_OFFSET for offset in offsets]
    for base in random.sample(PORTS, 200):
        if all(_is_free(base + offset) for offset in offsets):
            return base
    raise ClusterError(f"no free range of ports between {PORTS.start} and {PORTS.stop}")


def _is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True


def _spawn(layout: Layout) -> subprocess.Popen[str]:
    return subprocess.Popen(
        dev_command(layout, restart=False),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def _wait_for_ready_line(process: subprocess.Popen[str], timeout: float) -> None:
    """Read what the supervisor says until it is ready; later lines are read and dropped, so that it never blocks."""
    said: list[str] = []
    told = threading.Event()
    ready = False

    def listen() -> None:
        nonlocal ready
        assert process.stdout is not None
        with process.stdout as output:
            for line in output:
                if not ready:
                    said.append(line)
                if line.startswith("ready: "):
                    ready = True
                    told.set()
        told.set()

    threading.Thread(target=listen, name="barnabas-dev-output", daemon=True).start()
    if not told.wait(timeout):
        raise ClusterError(f"the cluster is not ready after {timeout:.0f} s; it said:\n{''.join(said)}")
    if not ready:
        raise ClusterError(f"the cluster did not start; it said:\n{''.join(said)}")


def _stop(process: subprocess.Popen[str]) -> None:
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _describe(layout: Layout) -> Cluster:
    nodes = [
        ClusterNode(n.id, n.role, n.listener, n.http, n.data_directory, n.log_file, layout.directory)
        for n in layout.nodes
    ]
    return Cluster(layout.bootstrap, layout.directory, nodes)
