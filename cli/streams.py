"""Standard input and output for commands that run for as long as these are open."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import AsyncGenerator, Iterable
from typing import Final

import trio

from barnabas.cli.failures import CommandError

_CHUNK_BYTES: Final = 256 * 1024
# More than a record may have in any sane cluster; a file without newlines must not fill the memory.
_MAX_LINE_BYTES: Final = 256 * 1024 * 1024


async def stdin_lines() -> AsyncGenerator[list[bytes], None]:
    """The lines of standard input without their newlines, as many at a time as have come; never none.

    Reads the descriptor in a thread: epoll refuses files, and O_NONBLOCK would hit all who share a terminal. Python's
    own buffer is passed by, because a thread that is left behind while it reads would hold the buffer's lock.
    """
    descriptor = sys.stdin.fileno()
    begun: list[bytes] = []
    begun_bytes = 0
    while chunk := await trio.to_thread.run_sync(os.read, descriptor, _CHUNK_BYTES, abandon_on_cancel=True):
        first, *others = chunk.split(b"\n")
        begun.append(first)
        begun_bytes += len(first)
        if begun_bytes > _MAX_LINE_BYTES:
            raise CommandError(f"a line of standard input is longer than {_MAX_LINE_BYTES} bytes")
        if others:
            last = others.pop()
            yield [b"".join(begun), *others]
            begun, begun_bytes = [last], len(last)
    if begun_bytes:
        yield [b"".join(begun)]


async def write_stdout(lines: Iterable[bytes]) -> None:
    """Write all of it, past Python's own buffer. While whoever reads standard output does not go on reading, this waits
    in a thread: so the cluster is still answered meanwhile, and Ctrl-C ends the waiting. BrokenPipeError.
    """
    await trio.to_thread.run_sync(_write_all, sys.stdout.fileno(), b"".join(lines), abandon_on_cancel=True)


def _write_all(descriptor: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def stdin_bytes() -> int | None:
    """How long standard input is, if that is known: it is a file."""
    found = os.fstat(sys.stdin.fileno())
    return found.st_size if stat.S_ISREG(found.st_mode) else None


def leave_stdout() -> None:
    """Nobody reads standard output any more: let what is still buffered go nowhere, without an error at the exit."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
