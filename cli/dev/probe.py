"""Short questions to nodes' HTTP listeners, for the supervisor and the tests: all at once, with one deadline."""

from __future__ import annotations

import contextlib
import json
import selectors
import socket
import time
from collections.abc import Iterable
from typing import Any

from barnabas.cli.dev.layout import HOST

PROBE_SECONDS = 0.25
READ_BYTES = 65536


def probe_ready(port: int) -> bool:
    """Whether the node that serves HTTP on `port` says it is ready."""
    code, _ = ask([port], "/health/ready").get(port, (0, b""))
    return code == 200


def probe_status(port: int) -> dict[str, Any] | None:
    """What the node says of itself at `/status`; None if it does not answer."""
    return probe_statuses([port]).get(port)


def probe_statuses(ports: Iterable[int]) -> dict[int, dict[str, Any]]:
    """What the nodes that answer say of themselves at `/status`, by port."""
    answers = ask(ports, "/status").items()
    return {port: json.loads(body) for port, (code, body) in answers if code == 200}


def ask(ports: Iterable[int], path: str) -> dict[int, tuple[int, bytes]]:
    """Status code and body of each answer that is there in a quarter of a second, by port.

    A node that stands still costs that quarter once, however many there are.
    """
    with selectors.DefaultSelector() as selector, contextlib.ExitStack() as sockets:
        for port in ports:
            connection = sockets.enter_context(socket.socket(socket.AF_INET, socket.SOCK_STREAM))
            connection.setblocking(False)
            connection.connect_ex((HOST, port))
            selector.register(connection, selectors.EVENT_WRITE, (port, bytearray()))
        return _collect(selector, f"GET {path} HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n".encode())


def _collect(selector: selectors.BaseSelector, request: bytes) -> dict[int, tuple[int, bytes]]:
    answers: dict[int, tuple[int, bytes]] = {}
    deadline = time.monotonic() + PROBE_SECONDS
    while selector.get_map() and (left := deadline - time.monotonic()) > 0:
        for key, events in selector.select(left):
            connection, (port, received) = key.fileobj, key.data
            assert isinstance(connection, socket.socket)
            try:
                if events & selectors.EVENT_WRITE:
                    connection.send(request)
                    selector.modify(connection, selectors.EVENT_READ, key.data)
                    continue
                data = connection.recv(READ_BYTES)
            except OSError:  # nobody listens, or it has gone
                selector.unregister(connection)
                continue
            received += data
            if not data:
                selector.unregister(connection)
                answers[port] = _parse(bytes(received))
    return answers


def _parse(answer: bytes) -> tuple[int, bytes]:
    """Status code and body; code 0 for what is cut or no HTTP. Our nodes always say how long a body is."""
    head, _, body = answer.partition(b"\r\n\r\n")
    status, *headers = head.split(b"\r\n")
    lengths = [line.split(b":")[1] for line in headers if line.lower().startswith(b"content-length:")]
    if not status.startswith(b"HTTP/1.1 ") or not lengths or int(lengths[0]) != len(body):
        return 0, b""
    return int(status.split(b" ")[1]), body
