"""The parent of a development cluster: forks the nodes, watches them, acts on them, stops them.

It imports what the nodes need once and forks, because interpreters that import everything are most of a cluster's
start-up time. For that it stays a single thread without trio: a fork copies no thread and no event loop.
Each node has its own session, so that Ctrl-C reaches the supervisor alone, and its own log file. The nodes hold the
reading end of a pipe whose writing end is the supervisor's: when the supervisor dies, however, they stop too.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import selectors
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import IO, Literal

from barnabas.cli.dev import control
from barnabas.cli.dev.layout import Layout, LayoutError, NodeSpec
from barnabas.cli.dev.probe import probe_ready

State = Literal["starting", "ready", "not ready", "paused", "stopping", "stopped", "died"]

# Ctrl-C has stopped everything within 5 s: brokers have the first part, controllers the second, SIGKILL the rest.
BROKER_STOP_SECONDS = 2.5
STOP_SECONDS = 4.0
READY_POLL_SECONDS = 0.02
WATCH_POLL_SECONDS = 1.0
RESTART_PAUSE_SECONDS = 1.0

NodeMain = Callable[[NodeSpec, tuple[str, ...], int], int]


@dataclass(slots=True)
class Node:
    """What the supervisor knows of one node."""

    spec: NodeSpec
    pid: int | None = None
    state: State = "stopped"
    asked_to_stop: bool = False
    restart_at: float | None = None
    probe_at: float = 0.0
    waiting_for_exit: list[socket.socket] = field(default_factory=list)


class Supervisor:
    """Runs the nodes of a layout until it is told to stop.

    Args:
        layout: the cluster.
        node_main: runs one node in the forked child: (spec, overrides, descriptor that reads end-of-file when the
            supervisor is gone) -> exit code.
        restart: start a node again that died by itself.
        report: called with one line for people on each event.
    """

    def __init__(self, layout: Layout, node_main: NodeMain, *, restart: bool, report: Callable[[str], None]) -> None:
        self.layout = layout
        self.nodes = {spec.id: Node(spec) for spec in layout.nodes}
        self._node_main = node_main
        self._restart = restart
        self._report = report
        self._selector = selectors.DefaultSelector()
        self._life_reader, self._life_writer = os.pipe()
        self._control: socket.socket | None = None
        self._stop_signals = 0
        self.announced = False

    @contextlib.contextmanager
    def opened(self) -> Iterator[None]:
        """Hold the directory and the control socket.

        Raises:
            LayoutError: another `barnabas dev` runs on the directory.
        """
        lock = _lock(self.layout)
        self._control = control.listen(self.layout.directory)
        self._selector.register(self._control, selectors.EVENT_READ, self._accept)
        wakeup_reader, wakeup_writer = socket.socketpair()
        wakeup_reader.setblocking(False)
        wakeup_writer.setblocking(False)
        self._selector.register(wakeup_reader, selectors.EVENT_READ, lambda: _drain(wakeup_reader))
        previous_wakeup = signal.set_wakeup_fd(wakeup_writer.fileno(), warn_on_full_buffer=False)
        previous = {s: signal.signal(s, self._on_signal) for s in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
        previous[signal.SIGCHLD] = signal.signal(signal.SIGCHLD, lambda *_: None)
        try:
            yield
        finally:
            for number, handler in previous.items():
                signal.signal(number, handler)
            signal.set_wakeup_fd(previous_wakeup)
            self._selector.close()
            self._control.close()
            control.socket_path(self.layout.directory).unlink(missing_ok=True)
            wakeup_reader.close()
            wakeup_writer.close()
            os.close(self._life_reader)
            os.close(self._life_writer)
            lock.close()

    def run(self, refresh: Callable[[], None]) -> int:
        """Start every node, then watch until a signal says stop; returns the exit code.

        `refresh` is called after each round, to draw the screen.
        """
        for node in self.nodes.values():
            self._start(node)
        self._write_cluster_file()
        code = 0
        while not self._stop_signals:
            self._poll(READY_POLL_SECONDS if self._unready() else WATCH_POLL_SECONDS)
            self._probe()
            self._announce()
            refresh()
            if not self.announced and (dead := [n for n in self.nodes.values() if n.state == "died"]):
                for node in dead:
                    self._report(f"{node.spec.name} did not start: {_last_line(node.spec)}")
                code = 1
                break
        self._stop_all(refresh)
        return code

    def _unready(self) -> bool:
        return any(node.state in ("starting", "not ready") for node in self.nodes.values())

    def _announce(self) -> None:
        if not self.announced and all(node.state == "ready" for node in self.nodes.values()):
            self.announced = True
            self._report(f"ready: bootstrap.servers={self.layout.bootstrap}")

    # Processes

    def _start(self, node: Node) -> None:
        pid = os.fork()
        if pid == 0:
            self._become(node.spec)
        node.pid, node.state, node.asked_to_stop, node.restart_at = pid, "starting", False, None

    def _become(self, spec: NodeSpec) -> None:
        """In the child: shed what is the supervisor's, then run the node; never returns."""
        code = 70
        try:
            os.setsid()
            signal.set_wakeup_fd(-1)
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD):
                signal.signal(number, signal.SIG_DFL)
            os.close(self._life_writer)
            for key in list(self._selector.get_map().values()):
                os.close(key.fd)
            log = os.open(spec.log_file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
            null = os.open(os.devnull, os.O_RDONLY)
            os.dup2(null, 0)
            os.dup2(log, 1)
            os.dup2(log, 2)
            code = self._node_main(spec, self.layout.overrides, self._life_reader)
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)

    def _reap(self) -> None:
        changed = False
        for node in self.nodes.values():
            if node.pid is None:
                continue
            pid, status = os.waitpid(node.pid, os.WNOHANG)
            if pid:
                self._exited(node, os.waitstatus_to_exitcode(status))
                changed = True
        if changed:
            self._write_cluster_file()

    def _exited(self, node: Node, code: int) -> None:
        node.pid = None
        how = f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
        if node.asked_to_stop:
            node.state = "stopped"
            if not self._stop_signals:
                self._report(f"{node.spec.name} stopped ({how})")
        else:
            node.state = "died"
            if self._restart and self.announced:
                node.restart_at = time.monotonic() + RESTART_PAUSE_SECONDS
                self._report(f"{node.spec.name} died ({how}); starting it again")
            else:
                again = f"barnabas dev start {node.spec.id} --dir {self.layout.directory}"
                self._report(f"{node.spec.name} died ({how}); log: {node.spec.log_file}; to start it again: {again}")
        for connection in node.waiting_for_exit:
            _answer(connection, {"done": f"{node.spec.name} is {node.state} ({how})"})
        node.waiting_for_exit.clear()

    def _probe(self) -> None:
        for node in self.nodes.values():
            if node.state == "died" and node.restart_at is not None and time.monotonic() >= node.restart_at:
                self._start(node)
                self._write_cluster_file()
            elif node.state in ("starting", "ready", "not ready") and time.monotonic() >= node.probe_at:
                if probe_ready(node.spec.http_port):
                    node.state, node.probe_at = "ready", time.monotonic() + WATCH_POLL_SECONDS
                elif node.state == "ready":
                    node.state = "not ready"

    def _write_cluster_file(self) -> None:
        self.layout.write_cluster_file({node.spec.id: node.pid for node in self.nodes.values()})

    # Stopping

    def _on_signal(self, number: int, frame: object) -> None:
        self._stop_signals += 1

    def _stop_all(self, refresh: Callable[[], None]) -> None:
        """SIGTERM to brokers, then to controllers, then SIGKILL; a second Ctrl-C goes to SIGKILL at once."""
        self._stop_signals = max(self._stop_signals, 1)
        began = time.monotonic()
        for role, deadline in (("broker", BROKER_STOP_SECONDS), ("controller", STOP_SECONDS)):
            nodes = [node for node in self.nodes.values() if node.spec.role == role and node.pid is not None]
            for node in nodes:
                node.asked_to_stop, node.state = True, "stopping"
                _signal(node, signal.SIGCONT)
                _signal(node, signal.SIGTERM)
            while any(node.pid for node in nodes) and self._stop_signals < 2 and time.monotonic() < began + deadline:
                self._poll(0.05)
                refresh()
        for node in self.nodes.values():
            if node.pid is not None:
                self._report(f"{node.spec.name} did not stop in time: killed")
                _signal(node, signal.SIGKILL)
                _, status = os.waitpid(node.pid, 0)
                self._exited(node, os.waitstatus_to_exitcode(status))
        self._write_cluster_file()

    # Control

    def _poll(self, timeout: float) -> None:
        for key, _ in self._selector.select(timeout):
            key.data()
        self._reap()

    def _accept(self) -> None:
        assert self._control is not None
        with contextlib.suppress(BlockingIOError):
            connection, _ = self._control.accept()
            connection.settimeout(1.0)
            try:
                request = json.loads(connection.makefile("rb").readline(control.MAX_LINE))
                self._act(str(request["action"]), str(request["node"]), connection)
            except (OSError, ValueError, KeyError, TypeError) as error:
                _answer(connection, {"error": f"a request is one line of JSON with action and node: {error}"})

    def _act(self, action: str, name: str, connection: socket.socket) -> None:
        node = next((n for n in self.nodes.values() if name in (str(n.spec.id), n.spec.name)), None)
        if node is None:
            known = ", ".join(n.spec.name for n in self.nodes.values())
            _answer(connection, {"error": f"no node {name!r} here; there are {known}"})
        elif action not in control.ACTIONS:
            _answer(connection, {"error": f"no action {action!r}; there are {', '.join(control.ACTIONS)}"})
        elif (node.pid is None) != (action == "start"):
            _answer(connection, {"error": f"{node.spec.name} is {node.state}: cannot {action} it"})
        else:
            self._do(action, node, connection)

    def _do(self, action: str, node: Node, connection: socket.socket) -> None:
        match action:
            case "start":
                self._start(node)
                self._write_cluster_file()
                _answer(connection, {"done": f"{node.spec.name} is starting"})
            case "kill" | "stop":
                node.asked_to_stop, node.state = True, "stopping"
                node.waiting_for_exit.append(connection)
                if action == "stop":
                    _signal(node, signal.SIGCONT)
                _signal(node, signal.SIGKILL if action == "kill" else signal.SIGTERM)
            case "pause":
                _signal(node, signal.SIGSTOP)
                node.state = "paused"
                _answer(connection, {"done": f"{node.spec.name} is paused"})
            case _:
                _signal(node, signal.SIGCONT)
                node.state = "not ready"
                _answer(connection, {"done": f"{node.spec.name} goes on"})


def _lock(layout: Layout) -> IO[str]:
    lock = (layout.directory / ".dev.lock").open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        raise LayoutError(f"another `barnabas dev` runs on {layout.directory}") from None
    return lock


def _signal(node: Node, number: signal.Signals) -> None:
    if node.pid is not None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(node.pid, number)


def _answer(connection: socket.socket, answer: dict[str, str]) -> None:
    """Answer and close; a caller that has gone away is no matter."""
    with contextlib.suppress(OSError), connection:
        connection.sendall(json.dumps(answer).encode() + b"\n")


def _drain(reader: socket.socket) -> None:
    with contextlib.suppress(BlockingIOError):
        while reader.recv(512):
            pass


def _last_line(spec: NodeSpec) -> str:
    lines = spec.log_file.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return lines[-1] if lines else f"see {spec.log_file}"
