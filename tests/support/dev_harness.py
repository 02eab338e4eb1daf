"""`barnabas dev` as a process, for tests of what its user sees."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from barnabas.cli.dev import control
from barnabas.testing.processes import free_base_port

SECONDS = 60.0
COMMAND = [sys.executable, "-m", "barnabas.cli"]


def eventually(condition: Callable[[], object], what: str = "") -> None:
    """Return when the condition holds."""
    deadline = time.monotonic() + SECONDS
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"not so after {SECONDS:.0f} s: {what}")
        time.sleep(0.01)


def is_alive(pid: int) -> bool:
    """Whether the process exists and is no zombie."""
    try:
        os.kill(pid, 0)
        state = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0]
    except (ProcessLookupError, FileNotFoundError):
        return False
    return state != "Z"


class Lines:
    """What a process writes to a pipe, line by line, while it goes on."""

    def __init__(self, pipe: IO[str]) -> None:
        self._lines: list[str] = []
        self._news = threading.Condition()
        self._ended = False
        self._thread = threading.Thread(target=self._read, args=[pipe], daemon=True)
        self._thread.start()

    def _read(self, pipe: IO[str]) -> None:
        with pipe:
            for line in pipe:
                with self._news:
                    self._lines.append(line.rstrip("\n"))
                    self._news.notify_all()
        with self._news:
            self._ended = True
            self._news.notify_all()

    def wait_for(self, text: str) -> str:
        """The first line that contains the text, waited for."""
        with self._news:
            found = self._news.wait_for(lambda: self._find(text) or (self._ended and "ended"), SECONDS)
            line = self._find(text)
            assert line is not None, f"no {text!r} ({found}) in {self._lines}"
            return line

    def _find(self, text: str) -> str | None:
        return next((line for line in self._lines if text in line), None)

    def so_far(self) -> list[str]:
        """Every line until now."""
        with self._news:
            return list(self._lines)

    def all(self) -> list[str]:
        """Every line, once the process has closed the pipe."""
        self._thread.join(SECONDS)
        return list(self._lines)


class Dev:
    """A `barnabas dev` on a directory; as a context manager it leaves no process behind."""

    def __init__(
        self,
        directory: Path,
        *options: str,
        controllers: int = 1,
        brokers: int = 1,
        base_port: int | None = None,
    ) -> None:
        self.directory = directory
        self.base_port = free_base_port(brokers, controllers) if base_port is None else base_port
        shape = ["--controllers", str(controllers), "--brokers", str(brokers), "--base-port", str(self.base_port)]
        self._arguments = ["dev", "--dir", str(directory), *shape, *options]
        self._seen: set[int] = set()

    def __enter__(self) -> Dev:
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(
            [*COMMAND, *self._arguments], stdin=subprocess.DEVNULL, stdout=pipe, stderr=pipe, text=True
        )
        assert self.process.stdout is not None
        assert self.process.stderr is not None
        self.output, self.errors = Lines(self.process.stdout), Lines(self.process.stderr)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        if self.process.poll() is None:
            self._seen.update(self.pids().values())
            self.process.kill()
        self.process.wait()
        kill(self._seen)
        if not control.somebody_listens(self.directory):
            control.socket_path(self.directory).unlink(missing_ok=True)  # a supervisor that is killed leaves it
        self.output.all()
        self.errors.all()

    def wait_ready(self) -> Dev:
        """Return when it says that it is ready."""
        self.output.wait_for("ready: ")
        return self

    @property
    def cluster(self) -> dict[str, Any]:
        """What cluster.json says."""
        described = json.loads((self.directory / "cluster.json").read_text(encoding="utf-8"))
        assert isinstance(described, dict)
        return described

    @property
    def bootstrap(self) -> str:
        return str(self.cluster["bootstrap"])

    def pids(self) -> dict[str, int]:
        """The processes of the nodes that run, by the nodes' names."""
        with contextlib.suppress(FileNotFoundError):
            nodes = self.cluster["nodes"]
            return {f"{node['role']}-{node['id']}": node["pid"] for node in nodes if node["pid"] is not None}
        return {}

    def log(self, name: str) -> str:
        """What a node has logged."""
        return (self.directory / name / f"{name}.log").read_text(encoding="utf-8")

    def stop(self, number: signal.Signals = signal.SIGINT) -> tuple[int, float]:
        """Send a signal to the supervisor and wait for its end: the exit code, and how many seconds it took."""
        pids = set(self.pids().values())
        began = time.monotonic()
        self.process.send_signal(number)
        code = self.process.wait(SECONDS)
        took = time.monotonic() - began
        assert not [pid for pid in pids if is_alive(pid)]
        return code, took

    def act(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """`barnabas dev ARGUMENTS --dir DIR` from another shell."""
        command = [*COMMAND, "dev", *arguments, "--dir", str(self.directory)]
        return subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)


def kill(pids: Iterable[int]) -> None:
    """SIGKILL to all that still exist, and wait until they are gone."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    for pid in pids:
        eventually(lambda pid=pid: not is_alive(pid), f"{pid} is gone")  # type: ignore[misc]
