"""Frames come out the same however the bytes come in, and bad lengths are refused before anything is allocated."""

from __future__ import annotations

import mmap
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from barnabas.net.frames import FrameReader, FrameTooLarge
from barnabas.net.memory import memory_pair


def framed(*bodies: bytes) -> bytes:
    return b"".join(struct.pack(">i", len(body)) + body for body in bodies)


def push(reader: FrameReader, data: bytes) -> None:
    """What a shell does: into the target while there is one, by `feed` otherwise."""
    view = memoryview(data)
    while view:
        if reader.target is None:
            reader.feed(view)
            return
        count = min(len(reader.target), len(view))
        reader.target[:count] = view[:count]
        reader.filled(count)
        view = view[count:]


def frames(reader: FrameReader) -> list[bytes]:
    return [bytes(frame) for frame in reader.frames]


def test_whole() -> None:
    reader = FrameReader(100)
    push(reader, framed(b"one", b"", b"three"))
    assert frames(reader) == [b"one", b"", b"three"]
    assert not reader.partial


def test_byte_by_byte() -> None:
    reader = FrameReader(100)
    for byte in framed(b"one", b"", b"three"):
        push(reader, bytes([byte]))
    assert frames(reader) == [b"one", b"", b"three"]
    assert not reader.partial


@pytest.mark.parametrize("cut", range(1, 10))
def test_cut_frame_is_partial_and_then_complete(cut: int) -> None:
    data = framed(b"abc", b"defg")
    reader = FrameReader(100)
    push(reader, data[:-cut])
    assert frames(reader) == ([b"abc"] if cut <= 8 else [])
    assert reader.partial == (cut != 8)
    push(reader, data[-cut:])
    assert frames(reader) == [b"abc", b"defg"]


@given(st.lists(st.binary(max_size=40), max_size=8), st.lists(st.integers(1, 30)))
def test_any_split_gives_the_same_frames(bodies: list[bytes], cuts: list[int]) -> None:
    data, reader = framed(*bodies), FrameReader(100)
    for cut in cuts:
        push(reader, data[:cut])
        data = data[cut:]
    push(reader, data)
    assert frames(reader) == bodies


def test_frame_is_writable_and_its_own() -> None:
    reader = FrameReader(100)
    push(reader, framed(b"aaa", b"bbb"))
    first, second = reader.frames
    first[0] = 0
    assert bytes(second) == b"bbb"
    assert len(first.obj) == 3  # a buffer of exactly its size


@pytest.mark.parametrize(
    ("length", "reason"),
    [(-1, "negative length -1"), (-(2**31), "negative"), (101, "101 bytes, more than the 100"), (2**31 - 1, "more")],
)
def test_bad_length(length: int, reason: str) -> None:
    with pytest.raises(FrameTooLarge, match=reason):
        push(FrameReader(100), struct.pack(">i", length))


def test_largest_frame_is_allowed() -> None:
    reader = FrameReader(100)
    push(reader, framed(b"x" * 100))
    assert frames(reader) == [b"x" * 100]


def test_announced_but_unsent_frame_takes_no_memory() -> None:
    reader = FrameReader(2**31 - 1)
    push(reader, struct.pack(">i", 2**31 - 1) + b"begin")
    assert reader.target is not None
    assert isinstance(reader.target.obj, mmap.mmap)
    assert len(reader.target) == 2**31 - 1 - 5


def test_large_frame_passes_through_its_own_buffer() -> None:
    body = bytes(range(256)) * 8192
    reader = FrameReader(len(body))
    data = framed(body)
    push(reader, data[:1000])
    push(reader, data[1000:])
    assert frames(reader) == [body]


async def test_receive_reads_small_frames_together_and_a_large_one_into_its_buffer() -> None:
    near, far = memory_pair(capacity=1 << 20)
    reader = FrameReader(1 << 20)
    far.send_nowait([framed(b"small", b"x" * 100_000)])
    assert reader.receive_nowait(near)
    assert frames(reader) == [b"small"]
    assert reader.receive_nowait(near)
    assert frames(reader) == [b"small", b"x" * 100_000]
    with pytest.raises(BlockingIOError):
        reader.receive_nowait(near)
    far.close()
    assert not reader.receive_nowait(near)
