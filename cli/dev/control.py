"""How another process acts on a node of a running `barnabas dev`: one line of JSON there, one line back.

The supervisor listens on a Unix socket. Its path is short, whatever the cluster's directory is, because a socket's
path may have no more than about 100 bytes.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

ACTIONS = ("kill", "stop", "start", "pause", "resume")
MAX_LINE = 4096
READ_SECONDS = 0.5


class ControlError(Exception):
    """The supervisor is not there, or refused; the text says why."""


def socket_path(directory: Path) -> Path:
    """Where the supervisor of the cluster under `directory` listens."""
    digest = hashlib.sha256(os.fsencode(directory.resolve())).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"barnabas-{os.getuid()}-{digest}.sock"


@contextlib.contextmanager
def listening(directory: Path) -> Iterator[socket.socket]:
    """The control socket, gone afterwards; the caller has made sure that no other supervisor runs on the directory."""
    path = socket_path(directory)
    path.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        previous = os.umask(0o077)
        try:
            listener.bind(str(path))
        finally:
            os.umask(previous)
        try:
            listener.listen(16)
            listener.setblocking(False)
            yield listener
        finally:
            path.unlink(missing_ok=True)


def somebody_listens(directory: Path) -> bool:
    """Whether a supervisor runs the cluster under `directory`."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        return connection.connect_ex(str(socket_path(directory))) == 0


def read_request(connection: socket.socket) -> tuple[str, str]:
    """What somebody asks of the supervisor: an action and a node, by id or name.

    Raises:
        ControlError: that is no request.
    """
    connection.settimeout(READ_SECONDS)
    try:
        with connection.makefile("rb") as lines:
            request = json.loads(lines.readline(MAX_LINE))
        action, node = str(request["action"]), str(request["node"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ControlError(f"a request is one line of JSON with action and node: {error}") from None
    if action not in ACTIONS:
        raise ControlError(f"no action {action!r}; there are {', '.join(ACTIONS)}")
    return action, node


def act(directory: Path, action: str, node: str, timeout: float = 60.0) -> str:
    """Ask the supervisor to `kill`, `stop`, `start`, `pause` or `resume` a node; returns what it did.

    Raises:
        ControlError: nobody runs this cluster, there is no such node, or the node is not in a state for it.
    """
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(timeout)
            connection.connect(str(socket_path(directory)))
            connection.sendall(json.dumps({"action": action, "node": node}).encode() + b"\n")
            with connection.makefile("rb") as lines:
                line = lines.readline(MAX_LINE)
    except (FileNotFoundError, ConnectionRefusedError):
        raise ControlError(f"no `barnabas dev` runs on {directory}") from None
    except TimeoutError:
        raise ControlError(f"{action} {node}: no answer within {timeout:.0f} s") from None
    except ConnectionError:
        line = b""
    if not line:
        raise ControlError(f"{action} {node}: `barnabas dev` closed the connection; is it shutting down?")
    answer = json.loads(line)
    if "error" in answer:
        raise ControlError(answer["error"])
    return str(answer["done"])
