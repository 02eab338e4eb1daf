"""A terminal for tests: a process runs on one end of a pseudo terminal, the test looks at what is on the screen."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

SECONDS = 60.0
CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\r")


class Terminal:
    """What a process has written to its terminal."""

    def __init__(self, master: int, process: subprocess.Popen[bytes]) -> None:
        self.process = process
        self._master = master
        self._written = bytearray()

    @property
    def text(self) -> str:
        """All of it, without what moves the cursor and paints."""
        return CONTROL.sub("", self._written.decode("utf-8", "replace"))

    def row(self, name: str) -> list[str]:
        """The words of the newest line that begins with `name`; [] if there is none."""
        rows = [line.split() for line in self.text.splitlines() if line.startswith(name)]
        return rows[-1] if rows else []

    def resize(self, columns: int) -> None:
        """What happens when somebody drags the window's edge."""
        _resize(self._master, columns)
        self.process.send_signal(signal.SIGWINCH)

    def wait_for(self, condition: Callable[[], object], what: str) -> None:
        """Read until the condition holds."""
        deadline = time.monotonic() + SECONDS
        while not condition():
            if time.monotonic() > deadline or not self._read():
                raise AssertionError(f"not so: {what}; on the screen:\n{self.text[-4000:]}")

    def end(self) -> int:
        """Read all, and the exit code."""
        deadline = time.monotonic() + SECONDS
        while self._read():
            if time.monotonic() > deadline:
                raise AssertionError(f"it does not end; on the screen:\n{self.text[-4000:]}")
        return self.process.wait(SECONDS)

    def _read(self) -> bool:
        """Read what is there; whether more may come."""
        ready, _, _ = select.select([self._master], [], [], 0.1)
        if not ready:
            return True
        try:
            self._written += os.read(self._master, 65536)
        except OSError:  # the other end is closed
            return False
        return True


@contextmanager
def on_terminal(command: Sequence[str], columns: int = 80) -> Iterator[Terminal]:
    """Run a command on a terminal of its own."""
    master, slave = pty.openpty()
    _resize(master, columns)
    with subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave, start_new_session=True) as process:
        os.close(slave)
        try:
            yield Terminal(master, process)
        finally:
            process.kill()
            process.wait()
            os.close(master)


def _resize(master: int, columns: int) -> None:
    fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
