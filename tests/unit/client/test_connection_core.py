"""The client's half of a connection, and both halves driven against each other without a socket."""

from __future__ import annotations

from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from barnabas.client.connection_core import ConnectionCore, OpenRequest
from barnabas.net.frames import FrameReader
from barnabas.protocol import codec, framing
from barnabas.protocol.api_keys import API_VERSIONS, ApiKey
from barnabas.protocol.errors import ErrorCode, LocalProtocolError, MalformedMessage, RemoteProtocolError, WireError
from barnabas.protocol.message import RequestMessage, ResponseMessage
from barnabas.protocol.messages import request_class
from barnabas.protocol.messages.api_versions import ApiVersionsRequest, ApiVersionsResponse
from barnabas.protocol.messages.heartbeat import HeartbeatRequest, HeartbeatResponse
from barnabas.protocol.messages.produce import ProduceRequest
from barnabas.protocol.types import Part
from barnabas.server.pipeline import Pipeline, Slot


def joined(parts: list[Part]) -> bytes:
    return b"".join(bytes(part) for part in parts)  # type: ignore[arg-type]


def response_to(request: OpenRequest, message: ResponseMessage, version: int | None = None) -> memoryview:
    shown = request.version if version is None else version
    return memoryview(joined(framing.encode_response(request.correlation_id, message, shown)))[4:]


def test_responses_are_paired_in_order() -> None:
    core = ConnectionCore("me")
    first, parts = core.send(HeartbeatRequest(group_id="g"), 4, inf)
    second, _ = core.send(HeartbeatRequest(group_id="h"), 3, inf)
    header, offset = framing.decode_request_header(joined(parts)[4:])
    assert (header.client_id, header.api_version) == ("me", 4)
    assert codec.decode(HeartbeatRequest, 4, joined(parts)[4:], offset)[0] == HeartbeatRequest(group_id="g")
    assert core.in_flight == 2
    assert core.receive(response_to(first, HeartbeatResponse(error_code=3))) == (first, HeartbeatResponse(error_code=3))
    assert core.receive(response_to(second, HeartbeatResponse())) == (second, HeartbeatResponse())
    assert core.in_flight == 0


def test_response_out_of_order_is_the_peers_fault() -> None:
    core = ConnectionCore("me")
    core.send(HeartbeatRequest(), 4, inf)
    second, _ = core.send(HeartbeatRequest(), 4, inf)
    with pytest.raises(RemoteProtocolError, match="response #1 where HEARTBEAT v4 #0 is the oldest"):
        core.receive(response_to(second, HeartbeatResponse()))


def test_response_nobody_asked_for() -> None:
    with pytest.raises(RemoteProtocolError, match="nobody asked for"):
        ConnectionCore("me").receive(memoryview(b"\0\0\0\0"))


@pytest.mark.parametrize("size", range(11))
def test_cut_response(size: int) -> None:
    core = ConnectionCore("me")
    request, _ = core.send(HeartbeatRequest(), 4, inf)
    whole = response_to(request, HeartbeatResponse())
    assert len(whole) == 12
    with pytest.raises(MalformedMessage):
        core.receive(whole[:size])


def test_bytes_after_a_response_are_accepted() -> None:
    core = ConnectionCore("me")
    request, _ = core.send(HeartbeatRequest(), 4, inf)
    core.receive(memoryview(bytes(response_to(request, HeartbeatResponse())) + b"more"))


def test_request_that_cannot_be_encoded_changes_nothing() -> None:
    core = ConnectionCore("me")
    with pytest.raises(LocalProtocolError):
        core.send(HeartbeatRequest(generation_id=1 << 40), 4, inf)
    assert core.in_flight == 0
    assert core.send(HeartbeatRequest(), 4, inf)[0].correlation_id == 0


def test_unanswered_request_is_not_waited_for() -> None:
    core = ConnectionCore("me")
    core.send(ProduceRequest(acks=0), 9, inf, answered=False)
    request, _ = core.send(HeartbeatRequest(), 4, inf)
    assert core.in_flight == 1
    assert core.receive(response_to(request, HeartbeatResponse()))[0] is request


def test_deadlines() -> None:
    core = ConnectionCore("me")
    assert core.next_deadline() == inf
    slow, _ = core.send(HeartbeatRequest(), 4, 50.0)
    quick, _ = core.send(HeartbeatRequest(), 4, 10.0)
    assert core.next_deadline() == 10.0
    assert core.overdue(9.9) is None
    assert core.overdue(10.0) is quick
    assert core.overdue(60.0) is slow
    assert core.lose() == [slow, quick]
    assert core.next_deadline() == inf


def test_versions() -> None:
    core = ConnectionCore("me")
    assert core.choose_version(ApiKey.FETCH) == API_VERSIONS[1].max
    assert core.choose_version(ApiKey.INIT_PRODUCER_ID) == API_VERSIONS[22].max - 1
    assert core.versions_of(ApiKey.FETCH) is None
    core.set_versions([(1, 4, 11), (12, 0, 100), (3, 90, 99)])
    assert core.versions_of(ApiKey.FETCH) == (4, 11)
    assert core.choose_version(ApiKey.FETCH) == 11
    assert core.choose_version(ApiKey.HEARTBEAT) == 4
    with pytest.raises(WireError, match="serves v90 to v99 of METADATA") as raised:
        core.choose_version(ApiKey.METADATA)
    assert raised.value.code == ErrorCode.UNSUPPORTED_VERSION
    with pytest.raises(WireError, match="serves no version of PRODUCE"):
        core.send(ProduceRequest(), None, inf)


def test_answer_to_an_unknown_version_of_api_versions_is_read_in_v0() -> None:
    core = ConnectionCore("me")
    request, _ = core.send(ApiVersionsRequest(client_software_name="a", client_software_version="1"), 4, inf)
    own = ApiVersionsResponse.ApiVersion(api_key=18, min_version=0, max_version=2)
    answer = ApiVersionsResponse(error_code=ErrorCode.UNSUPPORTED_VERSION, api_keys=[own])
    assert core.receive(response_to(request, answer, version=0))[1] == answer


class PureServer:
    """The server's half of a connection: frames, dispatch and `Pipeline`, without a shell."""

    def __init__(self) -> None:
        self.frames = FrameReader(10_000)
        self.pipeline = Pipeline(max_in_flight=4)
        self.open: list[tuple[Slot, int, RequestMessage]] = []

    def read(self, data: bytes) -> None:
        """Take bytes, and requests from them as long as the pipeline lets."""
        view = memoryview(data)
        while view and self.frames.target is not None:
            count = min(len(view), len(self.frames.target))
            self.frames.target[:count] = view[:count]
            self.frames.filled(count)
            view = view[count:]
        if view:
            self.frames.feed(view)
        while self.frames.frames and self.pipeline.may_read:
            frame = self.frames.frames.popleft()
            header, offset = framing.decode_request_header(frame)
            message, _ = codec.decode(request_class(header.api_key), header.api_version, frame, offset)
            slot = Slot(len(frame))
            self.pipeline.open(slot)
            self.open.append((slot, header.correlation_id, message))

    def reply(self, index: int) -> None:
        slot, correlation_id, message = self.open.pop(index)
        assert isinstance(message, HeartbeatRequest)
        response = HeartbeatResponse(throttle_time_ms=message.generation_id)
        self.pipeline.complete(slot, framing.encode_response(correlation_id, response, 4))

    def write(self, count: int) -> bytes:
        data = joined(list(self.pipeline.queue.head()))[:count]
        self.pipeline.sent(len(data))
        return data


@given(st.data())
def test_both_halves_back_to_back(data: st.DataObject) -> None:
    core, server, frames = ConnectionCore("me"), PureServer(), FrameReader(10_000)
    there, got, sent = b"", list[int](), 0

    def take(count: int) -> None:
        back = memoryview(server.write(count))
        while back and frames.target is not None:
            size = min(len(back), len(frames.target))
            frames.target[:size] = back[:size]
            frames.filled(size)
            back = back[size:]
        if back:
            frames.feed(back)
        while frames.frames:
            _, response = core.receive(frames.frames.popleft())
            assert isinstance(response, HeartbeatResponse)
            got.append(response.throttle_time_ms)

    for _ in range(data.draw(st.integers(0, 60))):
        action = data.draw(st.sampled_from(["send", "deliver", "reply", "take"]))
        if action == "send":
            _, parts = core.send(HeartbeatRequest(group_id="g" * (sent % 5), generation_id=sent), 4, inf)
            there += joined(parts)
            sent += 1
        elif action == "deliver":
            count = data.draw(st.integers(0, 100))
            server.read(there[:count])
            there = there[count:]
        elif action == "reply" and server.open:
            server.reply(data.draw(st.integers(0, len(server.open) - 1)))
        elif action == "take":
            take(data.draw(st.integers(1, 50)))
        assert server.pipeline.in_flight <= 4
        assert got == list(range(len(got)))
    while len(got) < sent:
        server.read(there)
        there = b""
        while server.open:
            server.reply(len(server.open) - 1)
        take(10_000)
    assert got == list(range(sent))
    assert core.in_flight == 0
    assert server.pipeline.idle
