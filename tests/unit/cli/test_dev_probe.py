"""Asking nodes how they are: those that answer, and those that do not."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from barnabas.cli.dev.probe import PROBE_SECONDS, ask, probe_ready, probe_status, probe_statuses

OK = b'HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n{"id": 101}'


@contextmanager
def node(answer: bytes | None) -> Iterator[int]:
    """A port at which every question gets this answer; None: no answer at all."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                asked = connection.recv(1000)
                assert asked.startswith(b"GET /")
                assert asked.endswith(b"\r\n\r\n")
                connection.sendall(answer or b"")

        thread = threading.Thread(target=serve)
        if answer is not None:
            thread.start()
        yield listener.getsockname()[1]
        if answer is not None:
            thread.join()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def test_all_are_asked_at_once_and_those_that_stand_still_are_waited_for_together() -> None:
    with ExitStack() as nodes:
        first, *hung, last = (nodes.enter_context(node(answer)) for answer in (OK, *[None] * 8, OK))
        gone = free_port()
        began = time.monotonic()
        assert probe_statuses([first, *hung, gone, last]) == {first: {"id": 101}, last: {"id": 101}}
        assert PROBE_SECONDS <= time.monotonic() - began < len(hung) * PROBE_SECONDS


def test_an_answer_that_is_none() -> None:
    for answer in (b"", b"SSH-2.0\r\n", OK[:-1], OK + b"x", b"HTTP/1.1 200 OK\r\n\r\n", b"HTTP/1.1 503 No\r\n\r\n{}"):
        with node(answer) as port:
            assert probe_status(port) is None


def test_readiness_is_the_status_code() -> None:
    assert not probe_ready(free_port())
    for answer, ready in ((OK, True), (OK.replace(b"200", b"503"), False)):
        with node(answer) as port:
            assert probe_ready(port) is ready


def test_nobody_is_asked() -> None:
    assert ask([], "/status") == {}
