"""Cuts a stream of bytes into frames: four bytes of length, then that many bytes.

Small frames are read ahead together: `receive_nowait` receives into a scratch buffer, calls `feed`, and the frames
in it are copied out. A frame that is not whole yet gets one buffer of its exact size; while `target` is not None the
shell receives straight into it and calls `filled`. So a large frame is copied only as far as the scratch buffer held
its beginning.

A peer that announces a large frame and never sends it must cost nothing: above `_LAZY_ABOVE` bytes the buffer is an
anonymous mapping, whose pages exist only once they are written.
"""

from __future__ import annotations

import mmap
import threading
from collections import deque
from struct import Struct
from typing import Final

from barnabas.net.transport import Transport
from barnabas.protocol.errors import RemoteProtocolError

_LENGTH: Final = Struct(">i")
_LAZY_ABOVE: Final = 1_250_000
_SCRATCH_BYTES: Final = 16 * 1024


class _Scratch(threading.local):
    """A buffer for all readers of a thread: its bytes are taken out before anything else can run."""

    def __init__(self) -> None:
        self.view = memoryview(bytearray(_SCRATCH_BYTES))


_scratch = _Scratch()


class FrameTooLarge(RemoteProtocolError):
    """A frame's length, `size` in bytes, is negative or larger than allowed."""

    def __init__(self, size: int, text: str) -> None:
        super().__init__(text)
        self.size: Final = size


class FrameReader:
    """Bytes in, frames out. A frame is a writable memoryview of a buffer that nobody else uses, without the length."""

    __slots__ = ("_head", "_received", "drained", "frames", "max_bytes", "target")

    def __init__(self, max_bytes: int) -> None:
        self.frames: deque[memoryview] = deque()
        """Whole frames, oldest first; the caller takes them from the left."""
        self.target: memoryview | None = None
        """Where the next bytes belong: what is missing of a frame whose length is known."""
        self.drained = False
        """Whether the last call took all there was: the next would find nothing, and is spared the system call."""
        self._received: memoryview | None = None
        self._head = b""
        self.max_bytes = max_bytes
        """The longest frame that is taken."""

    def feed(self, data: memoryview) -> None:
        """Take bytes that were received elsewhere. Only while `target` is None. FrameTooLarge for a bad length."""
        if self._head:
            data = memoryview(self._head + data)
            self._head = b""
        position, end = 0, len(data)
        while end - position >= 4:
            size = _LENGTH.unpack_from(data, position)[0]
            position += 4
            self._check(size)
            if size <= end - position:
                self.frames.append(memoryview(bytearray(data[position : position + size])))
                position += size
            else:
                self._begin(size, data[position:])
                return
        self._head = bytes(data[position:])

    def filled(self, count: int) -> None:
        """`count` bytes were received into `target`."""
        assert self.target is not None
        assert self._received is not None
        if count == len(self.target):
            self.frames.append(self._received)
            self.target = self._received = None
        else:
            self.target = self.target[count:]

    def receive_nowait(self, transport: Transport) -> int:
        """Take what the transport has now, from one call of it; the number of bytes, 0 at the end of the stream.

        BlockingIOError when nothing is there, OSError when the connection is lost, FrameTooLarge for a bad length.
        """
        target = self.target
        if target is not None:
            count = transport.recv_into_nowait(target)
            self.filled(count)
            return count
        if self.drained:
            self.drained = False
            raise BlockingIOError
        view = _scratch.view
        count = transport.recv_into_nowait(view)
        self.feed(view[:count])
        self.drained = 0 < count < _SCRATCH_BYTES and self.target is None
        return count

    @property
    def partial(self) -> bool:
        """Whether a frame has begun and is not whole: the end of the stream is now a cut frame."""
        return self.target is not None or bool(self._head)

    def _check(self, size: int) -> None:
        if size < 0:
            raise FrameTooLarge(size, f"a frame of negative length {size}")
        if size > self.max_bytes:
            raise FrameTooLarge(size, f"a frame of {size} bytes, more than the {self.max_bytes} allowed")

    def _begin(self, size: int, beginning: memoryview) -> None:
        frame = memoryview(bytearray(size) if size <= _LAZY_ABOVE else mmap.mmap(-1, size))
        frame[: len(beginning)] = beginning
        self._received = frame
        self.target = frame[len(beginning) :]
