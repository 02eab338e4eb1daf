"""The parent of a development cluster: starts the nodes, watches them, acts on them, stops them.

It imports what the nodes need once and forks, because interpreters that import everything are most of a cluster's
start-up time. For that it stays a single thread without trio: a fork copies no thread and no event loop. It never
waits for a node, only for events: signals, ends of children, requests of other shells, words on a node's channel.
"""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import signal
import socket
import time
from collections.abc import Callable, Iterator

from barnabas.cli.dev import control
from barnabas.cli.dev.layout import Layout
from barnabas.cli.dev.ownership import hold
from barnabas.cli.dev.probe import probe_statuses
from barnabas.cli.dev.processes import SIGNALS, Node, NodeMain, fork

# Ctrl-C has stopped everything within 5 s: brokers have the first part, controllers the second, SIGKILL the rest.
BROKER_STOP_SECONDS = 2.5
STOP_SECONDS = 4.0
# A node that dies again at once is started again after ever longer pauses.
FIRST_RESTART_PAUSE = 0.5
LONGEST_RESTART_PAUSE = 30.0
SETTLED_SECONDS = 10.0


class NodeDidNotStart(Exception):
    """A node ended before the cluster was ready; the text says which and why."""


class Supervisor:
    """Runs the nodes of a layout until it is told to stop.

    Args:
        layout: the cluster.
        node_main: runs one node in the forked child.
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
        self._wakeup_reader, self._wakeup_writer = socket.socketpair()
        self._announced = False
        self._stopping = False
        self._stop_signals = 0

    @contextlib.contextmanager
    def opened(self) -> Iterator[None]:
        """Hold the directory, its control socket and the process's signals.

        Raises:
            LayoutError: another `barnabas dev` runs on the directory, or its nodes still do.
        """
        with (
            self._selector,
            hold(self.layout),
            control.listening(self.layout.directory) as listener,
            self._wakeup_reader,
            self._wakeup_writer,
            self._catching_signals(),
        ):
            self._selector.register(listener, selectors.EVENT_READ, lambda: self._accept(listener))
            self._selector.register(self._wakeup_reader, selectors.EVENT_READ, self._drain_wakeups)
            yield

    @contextlib.contextmanager
    def _catching_signals(self) -> Iterator[None]:
        self._wakeup_reader.setblocking(False)
        self._wakeup_writer.setblocking(False)
        wakeup = signal.set_wakeup_fd(self._wakeup_writer.fileno(), warn_on_full_buffer=False)
        previous = {number: signal.signal(number, self._on_signal) for number in SIGNALS}
        previous[signal.SIGCHLD] = signal.signal(signal.SIGCHLD, lambda *_: None)
        try:
            yield
        finally:
            for number, handler in previous.items():
                signal.signal(number, handler)
            signal.set_wakeup_fd(wakeup)

    def run(self, refresh: Callable[[], float | None]) -> None:
        """Start every node, then watch until a signal says stop; all nodes are gone on return.

        `refresh` is called after each round, to draw the screen; it returns in how many seconds it wants to be called
        at the latest.

        Raises:
            NodeDidNotStart: a node ended by itself before all were ready. The others have been stopped.
        """
        for node in self.nodes.values():
            self._start(node)
        self._write_cluster_file()
        failed = None
        while not self._stop_signals and failed is None:
            self._poll(self._patience(refresh()))
            self._restart_the_dead()
            failed = None if self._announced else next((n for n in self.nodes.values() if n.state == "died"), None)
        self._stop_all(refresh)
        if failed is not None:
            words = failed.last_words() or f"it ended with {failed.ended}; its log is {failed.spec.log_file}"
            raise NodeDidNotStart(f"{failed.name} did not start: {words}")

    def observe(self) -> None:
        """Ask the nodes how they are."""
        asked = [node for node in self.nodes.values() if node.state in ("starting", "ready", "not ready")]
        statuses = probe_statuses(node.spec.http_port for node in asked)
        for node in asked:
            node.status = statuses.get(node.spec.http_port, {})
            if node.status.get("ready"):
                node.state = "ready"
            elif node.state == "ready":
                node.state = "not ready"

    # Rounds

    def _patience(self, refresh_within: float | None) -> float | None:
        """How long to wait for events at most."""
        now = time.monotonic()
        waits = [max(0.0, node.restart_at - now) for node in self.nodes.values() if node.restart_at is not None]
        return min([*waits, *(() if refresh_within is None else (refresh_within,))], default=None)

    def _poll(self, timeout: float | None) -> None:
        for key, _ in self._selector.select(timeout):
            key.data()
        self._reap()

    def _restart_the_dead(self) -> None:
        for node in self.nodes.values():
            if node.restart_at is not None and time.monotonic() >= node.restart_at:
                self._start(node)
                self._write_cluster_file()

    def _on_signal(self, number: int, frame: object) -> None:
        self._stop_signals += 1

    def _drain_wakeups(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while self._wakeup_reader.recv(512):
                pass

    # Nodes

    def _start(self, node: Node) -> None:
        fork(node, self._node_main, self._shed)
        node.started_at = time.monotonic()
        assert node.channel is not None
        self._selector.register(node.channel, selectors.EVENT_READ, lambda: self._hear(node))

    def _shed(self) -> None:
        """In a child: close what is the supervisor's alone. The directory's lock stays, until the last node is gone."""
        for key in list(self._selector.get_map().values()):
            assert isinstance(key.fileobj, socket.socket)
            key.fileobj.close()
        self._selector.close()
        self._wakeup_writer.close()

    def _hear(self, node: Node) -> None:
        """A node says that it is ready, or has closed its channel because it ends."""
        assert node.channel is not None
        if not node.channel.recv(16):
            self._close_channel(node)
            return
        node.was_ready = True
        if node.state in ("starting", "not ready"):
            node.state = "ready"
            if not self._announced and all(other.state == "ready" for other in self.nodes.values()):
                self._announced = True
                self._report(f"ready: bootstrap.servers={self.layout.bootstrap}")

    def _close_channel(self, node: Node) -> None:
        if node.channel is not None:
            self._selector.unregister(node.channel)
            node.channel.close()
            node.channel = None

    def _reap(self) -> None:
        """Take note of children that ended, stand still or go on."""
        for node in self.nodes.values():
            while node.pid is not None:
                pid, status = os.waitpid(node.pid, os.WNOHANG | os.WUNTRACED | os.WCONTINUED)
                if not pid:
                    break
                if os.WIFSTOPPED(status):
                    node.state = node.state if node.state == "stopping" else "paused"
                elif os.WIFCONTINUED(status):
                    self._goes_on(node)
                else:
                    self._exited(node, os.waitstatus_to_exitcode(status))

    def _goes_on(self, node: Node) -> None:
        if node.state == "paused":
            node.state = "ready" if node.was_ready else "starting"

    def _exited(self, node: Node, code: int) -> None:
        node.pid, node.status = None, {}
        self._close_channel(node)
        how = f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
        node.ended = how
        node.state = "stopped" if node.asked_to_stop else "died"
        self._write_cluster_file()
        if not self._stopping and node.asked_to_stop:
            self._report(f"{node.name} stopped ({how})")
        elif not self._stopping and self._announced:
            self._report(f"{node.name} died ({how}){_after_colon(node.last_words())}; {self._what_next(node)}")
        for connection in node.waiting_for_exit:
            _answer(connection, {"done": f"{node.name} is {node.state} ({how})"})
        node.waiting_for_exit.clear()

    def _what_next(self, node: Node) -> str:
        """After a death: start the node again in a while, or say how its user does it."""
        if not self._restart:
            again = f"barnabas dev start {node.spec.id} --dir {self.layout.directory}"
            return f"log: {node.spec.log_file}; to start it again: {again}"
        now = time.monotonic()
        node.early_deaths = 0 if now > node.started_at + SETTLED_SECONDS else node.early_deaths + 1
        pause = min(FIRST_RESTART_PAUSE * 2 ** min(node.early_deaths, 10), LONGEST_RESTART_PAUSE)
        node.restart_at = now + pause
        return f"log: {node.spec.log_file}; starting it again in {pause:g} s"

    def _write_cluster_file(self) -> None:
        self.layout.write_cluster_file({node.spec.id: node.pid for node in self.nodes.values()})

    # Stopping

    def _stop_all(self, refresh: Callable[[], float | None]) -> None:
        """SIGTERM to brokers, then to controllers, then SIGKILL; a second Ctrl-C goes to SIGKILL at once."""
        self._stopping = True
        self._stop_signals = max(self._stop_signals, 1)
        began = time.monotonic()
        for node in self.nodes.values():
            node.signal(signal.SIGCONT)
        for role, seconds in (("broker", BROKER_STOP_SECONDS), ("controller", STOP_SECONDS)):
            for node in self.nodes.values():
                if node.spec.role == role and node.pid is not None:
                    self._ask_to_stop(node)
            while self._stop_signals < 2 and any(node.pid and node.asked_to_stop for node in self.nodes.values()):
                left = began + seconds - time.monotonic()
                if left <= 0:
                    break
                within = refresh()
                self._poll(left if within is None else min(left, within))
        self._kill_the_rest()
        refresh()

    def _ask_to_stop(self, node: Node) -> None:
        """SIGTERM, unless somebody did that before: a second one would end the node at once."""
        if not node.asked_to_stop:
            node.asked_to_stop, node.state = True, "stopping"
            node.signal(signal.SIGCONT)
            node.signal(signal.SIGTERM)

    def _kill_the_rest(self) -> None:
        left = [node for node in self.nodes.values() if node.pid is not None]
        why = "did not stop in time: " if self._stop_signals < 2 else ""
        for node in left:
            node.asked_to_stop = True
            node.signal(signal.SIGKILL)
            self._report(f"{node.name} {why}killed")
        for node in left:
            assert node.pid is not None
            _, status = os.waitpid(node.pid, 0)
            self._exited(node, os.waitstatus_to_exitcode(status))

    # Control

    def _accept(self, listener: socket.socket) -> None:
        with contextlib.suppress(BlockingIOError):
            connection, _ = listener.accept()
            try:
                action, name = control.read_request(connection)
                self._act(action, name, connection)
            except control.ControlError as error:
                _answer(connection, {"error": str(error)})

    def _act(self, action: str, name: str, connection: socket.socket) -> None:
        node = next((n for n in self.nodes.values() if name in (str(n.spec.id), n.name)), None)
        if node is None:
            known = ", ".join(n.name for n in self.nodes.values())
            raise control.ControlError(f"no node {name!r} here; there are {known}")
        if self._stopping:
            raise control.ControlError("this `barnabas dev` is shutting down")
        if (node.pid is None) != (action == "start"):
            raise control.ControlError(f"{node.name} is {node.state}: cannot {action} it")
        match action:
            case "start":
                self._start(node)
                self._write_cluster_file()
                _answer(connection, {"done": f"{node.name} is starting"})
            case "kill" | "stop":
                node.waiting_for_exit.append(connection)
                if action == "stop":
                    self._ask_to_stop(node)
                else:
                    node.asked_to_stop, node.state = True, "stopping"
                    node.signal(signal.SIGKILL)
            case "pause":
                node.signal(signal.SIGSTOP)
                _answer(connection, {"done": f"{node.name} is paused"})
            case _:
                node.signal(signal.SIGCONT)
                _answer(connection, {"done": f"{node.name} goes on"})


def _after_colon(text: str) -> str:
    return f": {text}" if text else ""


def _answer(connection: socket.socket, answer: dict[str, str]) -> None:
    """Answer and close; a caller that has gone away is no matter."""
    with contextlib.suppress(OSError), connection:
        connection.sendall(json.dumps(answer).encode() + b"\n")
