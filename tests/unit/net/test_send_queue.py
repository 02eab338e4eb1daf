"""What is left to be sent is right after any number of bytes was taken."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from barnabas.net.send_queue import SendQueue
from barnabas.net.transport import FileRest
from barnabas.protocol.types import FileSlice


def rest(queue: SendQueue) -> bytes:
    return b"".join(bytes(part) for part in queue.head() if not isinstance(part, FileSlice))


@given(st.lists(st.binary(max_size=20), max_size=10), st.data())
def test_any_partial_sends(bodies: list[bytes], data: st.DataObject) -> None:
    queue = SendQueue()
    queue.extend(bodies)
    whole = b"".join(bodies)
    while queue.size:
        assert rest(queue) == whole
        assert queue.size == len(whole)
        count = data.draw(st.integers(0, queue.size))
        queue.sent(count)
        whole = whole[count:]
        if not count:
            break
    assert rest(queue) == whole


def test_rest_of_a_file_slice_keeps_the_slice_alive() -> None:
    queue, part = SendQueue(), FileSlice(7, 100, 50)
    queue.extend([b"head", part, b"tail"])
    queue.sent(4 + 20)
    left = queue.head()[0]
    assert isinstance(left, FileRest)
    assert (left.fd, left.offset, left.size, left.source) == (7, 120, 30, part)
    queue.sent(5)
    assert isinstance(again := queue.head()[0], FileRest)
    assert (again.offset, again.size, queue.size) == (125, 25, 29)


def test_clear() -> None:
    queue = SendQueue()
    queue.extend([b"abc"])
    queue.clear()
    assert (queue.size, queue.head()) == (0, [])
