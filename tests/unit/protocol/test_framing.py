"""Headers and frames: which header goes with which message, cut and odd headers, the length in front."""

from __future__ import annotations

import struct
from collections.abc import Callable

import pytest

from barnabas.protocol import codec, framing
from barnabas.protocol.api_keys import API_VERSIONS, ApiKey
from barnabas.protocol.errors import LocalProtocolError, MalformedMessage
from barnabas.protocol.framing import RequestHeader
from barnabas.protocol.message import Message
from barnabas.protocol.messages import message_class, request_class, response_class
from barnabas.protocol.messages.api_versions import ApiVersionsRequest, ApiVersionsResponse
from barnabas.protocol.messages.fetch import FetchResponse
from barnabas.protocol.messages.metadata import MetadataRequest
from barnabas.protocol.messages.sasl_handshake import SaslHandshakeRequest
from barnabas.protocol.types import FileSlice, Part

Make = Callable[[type[Message], int, int], Message]
EVERY_VERSION = [(key, version) for key, api in API_VERSIONS.items() for version in range(api.min, api.max + 1)]


def joined(parts: list[Part]) -> bytes:
    return b"".join(parts)  # type: ignore[arg-type]


def unframed(parts: list[Part]) -> bytes:
    """The frame without its length, which is checked."""
    data = joined(parts)
    assert struct.unpack_from(">i", data)[0] == len(data) - 4
    return data[4:]


def test_requests_come_back_at_every_version(make_message: Make) -> None:
    header_class = message_class("RequestHeader")
    for key, version in EVERY_VERSION:
        cls = request_class(key)
        body = make_message(cls, version, 300)
        assert isinstance(body, cls)
        frame = unframed(framing.encode_request(-7, "zoë", body, version))
        header, offset = framing.decode_request_header(frame)
        assert header == RequestHeader(key, version, -7, "zoë")
        assert codec.decode(cls, version, frame, offset) == (body, len(frame))
        flexible = cls.FLEXIBLE_FROM is not None and version >= cls.FLEXIBLE_FROM
        judge = header_class(  # type: ignore[call-arg]
            request_api_key=key, request_api_version=version, correlation_id=-7, client_id="zoë"
        )
        assert frame[:offset] == codec.encode(judge, 2 if flexible else 1)


def test_responses_come_back_at_every_version(make_message: Make) -> None:
    for key, version in EVERY_VERSION:
        cls = response_class(key)
        body = make_message(cls, version, 300)
        assert isinstance(body, cls)
        frame = unframed(framing.encode_response(2**31 - 1, body, version))
        correlation_id, offset = framing.decode_response_header(key, version, frame)
        assert correlation_id == 2**31 - 1
        assert codec.decode(cls, version, frame, offset) == (body, len(frame))
        flexible = cls.FLEXIBLE_FROM is not None and version >= cls.FLEXIBLE_FROM
        assert offset == (5 if flexible and key != ApiKey.API_VERSIONS else 4)


@pytest.mark.parametrize(("version", "offset"), [(0, 10), (2, 10), (3, 11), (99, 11), (-1, 10)])
def test_the_header_of_api_versions_at_any_version(version: int, offset: int) -> None:
    frame = struct.pack(">hhih", ApiKey.API_VERSIONS, version, 5, -1) + b"\x00"
    header, end = framing.decode_request_header(frame)
    assert (header.api_version, header.client_id, end) == (version, None, offset)
    assert str(header) == f"API_VERSIONS v{version} #5 from None"


def test_api_versions_answers_without_tags_in_the_header() -> None:
    frame = unframed(framing.encode_response(3, ApiVersionsResponse(), 4))
    assert framing.decode_response_header(ApiKey.API_VERSIONS, 4, frame) == (3, 4)


def test_the_client_id_need_not_be_utf8() -> None:
    frame = struct.pack(">hhih", ApiKey.METADATA, 1, 5, 3) + b"a\xffb"
    assert framing.decode_request_header(frame)[0].client_id == "a\ufffdb"


def test_any_negative_client_id_length_is_null() -> None:
    assert framing.decode_request_header(struct.pack(">hhih", 3, 1, 5, -2))[0].client_id is None


@pytest.mark.parametrize("key", [-1, 4, 5, 6, 7, 93, 32767])
def test_an_api_that_nobody_serves(key: int) -> None:
    with pytest.raises(MalformedMessage, match=f"unknown API key {key}"):
        framing.decode_request_header(struct.pack(">hhih", key, 0, 5, -1))


def test_every_cut_of_a_request_header_is_malformed() -> None:
    request = MetadataRequest()
    whole = unframed(framing.encode_request(1, "client", request, 12))
    _, offset = framing.decode_request_header(whole)
    for cut in range(offset):
        with pytest.raises(MalformedMessage):
            framing.decode_request_header(memoryview(whole)[:cut])


def test_tags_in_headers_are_skipped_and_checked() -> None:
    head = struct.pack(">hhih", ApiKey.METADATA, 12, 5, -1)
    assert framing.decode_request_header(head + b"\x01\x05\x02ab" + b"body")[1] == len(head) + 5
    for tags in (b"\x01\x05\x03ab", b"\x01\x05", b"\x80\x80\x80\x80\x80\x80", b""):
        with pytest.raises(MalformedMessage):
            framing.decode_request_header(head + tags)
        with pytest.raises(MalformedMessage):
            framing.decode_response_header(ApiKey.METADATA, 12, b"\x00\x00\x00\x05" + tags)


def test_every_cut_of_a_response_header_is_malformed() -> None:
    for cut in range(4):
        with pytest.raises(MalformedMessage):
            framing.decode_response_header(ApiKey.METADATA, 1, bytes(cut))


def test_frames_of_bytearrays_and_memoryviews_are_read_alike() -> None:
    frame = unframed(framing.encode_request(1, "client", SaslHandshakeRequest(mechanism="PLAIN"), 1))
    for data in (frame, bytearray(frame), memoryview(frame), memoryview(bytearray(frame))):
        header, offset = framing.decode_request_header(data)
        assert header.client_id == "client"
        assert codec.decode(SaslHandshakeRequest, 1, data, offset)[0].mechanism == "PLAIN"


def test_the_length_counts_a_files_slice() -> None:
    partition = FetchResponse.PartitionData(records=FileSlice(3, 0, 5000))
    response = FetchResponse(responses=[FetchResponse.FetchableTopicResponse(partitions=[partition])])
    parts = framing.encode_response(1, response, 12)
    head = parts[0]
    assert isinstance(head, bytearray)
    assert struct.unpack_from(">i", head)[0] == sum(len(part) for part in parts) - 4


def test_a_frame_larger_than_the_length_can_say_is_our_error() -> None:
    partitions = [FetchResponse.PartitionData(records=FileSlice(3, 0, 2**31 - 1)) for _ in range(2)]
    response = FetchResponse(responses=[FetchResponse.FetchableTopicResponse(partitions=partitions)])
    with pytest.raises(LocalProtocolError, match="does not fit a frame"):
        framing.encode_response(1, response, 12)


def test_a_client_id_that_is_too_long_is_our_error() -> None:
    with pytest.raises(LocalProtocolError, match="client id of 32768 bytes"):
        framing.encode_request(1, "x" * 32768, ApiVersionsRequest(), 0)
