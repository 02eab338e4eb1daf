"""One `barnabas dev` at a time on a directory.

The lock is inherited by the nodes, and so is held until the last of them is gone: a supervisor that was killed leaves
nodes that need a moment to stop by themselves.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import time
from collections.abc import Iterator
from typing import IO

from barnabas.cli.dev import control
from barnabas.cli.dev.layout import Layout, LayoutError

PATIENCE_SECONDS = 5.0
POLL_SECONDS = 0.05


@contextlib.contextmanager
def hold(layout: Layout) -> Iterator[None]:
    """Hold the directory; waits for the nodes of a supervisor that is gone.

    Raises:
        LayoutError: another `barnabas dev` runs on it, or nodes that one left behind do not stop.
    """
    with (layout.directory / ".dev.lock").open("w", encoding="utf-8") as lock:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not _locked(lock):
            if control.somebody_listens(layout.directory):
                raise LayoutError(f"another `barnabas dev` runs on {layout.directory}")
            if time.monotonic() > deadline:
                raise LayoutError(f"a `barnabas dev` that is gone left {_left_behind(layout)} running; kill them")
            time.sleep(POLL_SECONDS)
        yield


def _locked(lock: IO[str]) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _left_behind(layout: Layout) -> str:
    """The processes of cluster.json that still exist."""
    try:
        nodes = json.loads(layout.cluster_file.read_text(encoding="utf-8"))["nodes"]
    except FileNotFoundError:
        nodes = []
    names = [f"{node['role']}-{node['id']} (pid {node['pid']})" for node in nodes if _exists(node["pid"])]
    return ", ".join(names) or f"processes on {layout.directory}"


def _exists(pid: int | None) -> bool:
    if pid is None:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
