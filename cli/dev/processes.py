"""The nodes of a development cluster as child processes of the supervisor: forking them, and what is known of each.

Each child has its own session, so that Ctrl-C reaches the supervisor alone, and its own log file. Child and supervisor
share a pair of sockets, the channel: the child sends a byte when it is ready, and stops when it reads the end, because
then the supervisor is gone, however it went.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from barnabas.cli.dev.layout import NodeSpec

State = Literal["starting", "ready", "not ready", "paused", "stopping", "stopped", "died"]

NodeMain = Callable[[NodeSpec, int], int]
"""Runs one node in the forked child: its spec and the descriptor of the channel -> exit code."""

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
CRASHED = 70
LAST_BYTES = 4096


@dataclass(slots=True)
class Node:
    """What the supervisor knows of one node. Times are monotonic seconds."""

    spec: NodeSpec
    pid: int | None = None
    state: State = "stopped"
    channel: socket.socket | None = None
    status: dict[str, Any] = field(default_factory=dict)
    """What it last said of itself."""
    was_ready: bool = False
    """Whether this run of it has been ready once."""
    asked_to_stop: bool = False
    started_at: float = 0.0
    log_start: int = 0
    """Where in its log file this run begins."""
    ended: str = ""
    """How its last run ended: an exit code or a signal."""
    early_deaths: int = 0
    """How often in a row it died soon after it was started."""
    restart_at: float | None = None
    waiting_for_exit: list[socket.socket] = field(default_factory=list)

    @property
    def name(self) -> str:
        return self.spec.name

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal; nothing if it is gone."""
        if self.pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def last_words(self) -> str:
        """The line that it ended with, if that is not an event of its log: why it could not start or go on."""
        try:
            with self.spec.log_file.open("rb") as log:
                size = log.seek(0, os.SEEK_END)
                log.seek(max(self.log_start, size - LAST_BYTES))
                lines = log.read().decode("utf-8", "replace").strip().splitlines()
        except OSError:
            return ""
        return lines[-1] if lines and not lines[-1].startswith("{") else ""


def fork(node: Node, main: NodeMain, shed: Callable[[], None]) -> None:
    """Start the node's process. `shed` closes, in the child, what is the supervisor's alone."""
    ours, theirs = socket.socketpair()
    node.log_start = _size(node.spec.log_file)
    sys.stdout.flush()
    sys.stderr.flush()
    # A signal that came to the child while it still has the supervisor's handlers would be lost.
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    try:
        pid = os.fork()
        if pid == 0:
            _become(node.spec, main, shed, ours, theirs)
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
    theirs.close()
    node.pid, node.channel, node.state = pid, ours, "starting"
    node.was_ready, node.asked_to_stop, node.restart_at, node.status = False, False, None, {}


def _become(
    spec: NodeSpec, main: NodeMain, shed: Callable[[], None], ours: socket.socket, theirs: socket.socket
) -> None:
    """In the child: run the node; never returns."""
    code = CRASHED
    try:
        os.setsid()
        signal.set_wakeup_fd(-1)
        for number in (*SIGNALS, signal.SIGCHLD):
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
        ours.close()
        shed()
        _redirect(spec.log_file)
        code = main(spec, theirs.fileno())
    except BaseException:  # noqa: BLE001 - the process ends here, and the log tells why
        traceback.print_exc()
    finally:
        with contextlib.suppress(OSError, ValueError):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)


def _redirect(log_file: Path) -> None:
    log = os.open(log_file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.close(null)
    os.close(log)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
