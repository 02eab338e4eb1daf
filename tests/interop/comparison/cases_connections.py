"""ApiVersions, and connections that do not keep to the protocol."""

from __future__ import annotations

import struct

from comparison.build import metadata
from comparison.case import case
from comparison.talk import Raw, Talk

from barnabas.protocol import codec
from barnabas.protocol.messages.api_versions import ApiVersionsRequest, ApiVersionsResponse
from barnabas.protocol.messages.metadata import MetadataResponse

API_VERSIONS, METADATA, PRODUCE, FETCH = 18, 3, 0, 1
SOFTWARE = ApiVersionsRequest(client_software_name="test", client_software_version="1")


def frame(payload: bytes) -> bytes:
    return struct.pack(">i", len(payload)) + payload


def header(key: int, version: int, correlation_id: int = 7, client_id: bytes | None = b"test") -> bytes:
    """A request's header of version 1; those of version 2 have a byte for tags besides."""
    fixed = struct.pack(">hhi", key, version, correlation_id)
    return fixed + (struct.pack(">h", -1) if client_id is None else struct.pack(">h", len(client_id)) + client_id)


def ask_metadata(raw: Raw, correlation_id: int = 99) -> None:
    """A good request; whether the connection is of use still."""
    raw.send(
        frame(header(METADATA, 1, correlation_id) + codec.encode(metadata("a b", allow_auto_topic_creation=True), 1))
    )
    raw.hear(MetadataResponse, 1)


# ApiVersions. What is served is compared in a test of its own.

SERVED = ("api_keys", "supported_features", "finalized_features")


@case(0, 1, 2, 3, 4)
def api_versions(talk: Talk, version: int) -> None:
    talk.ask(SOFTWARE if version >= 3 else ApiVersionsRequest(), version, hide=SERVED)


@case(3, 4, difference="Features")
def features(talk: Talk, version: int) -> None:
    talk.ask(SOFTWARE, version, hide=["api_keys"])


@case(5, 99, 0x7FFF, -1, -0x8000)
def api_versions_of_unknown_versions(talk: Talk, version: int) -> None:
    for body in (b"\0", b"\0\x02a\x02b\0"):
        with talk.raw() as raw:
            raw.send(frame(header(API_VERSIONS, version) + body))
            raw.hear(ApiVersionsResponse, 0)
            ask_metadata(raw)


@case(5, 99, difference="ApiVersions with another header")
def api_versions_with_another_header(talk: Talk, version: int) -> None:
    with talk.raw() as raw:
        raw.send(frame(header(API_VERSIONS, version)))
        raw.hear(ApiVersionsResponse, 0)


@case(3, 4)
def names_of_software(talk: Talk, version: int) -> None:
    for name in ("", "a", "A.b-1", "-a", "a-", "a b", "ä", "a_b", "x" * 300, "a\n", ".", "1"):
        for request in (
            ApiVersionsRequest(client_software_name=name, client_software_version="1"),
            ApiVersionsRequest(client_software_name="test", client_software_version=name),
        ):
            answer = talk.quietly(request, version)
            talk.note(f"{name!r}", (answer.error_code, bool(answer.api_keys), bool(answer.finalized_features)))


@case(0, 3)
def api_versions_twice(talk: Talk, version: int) -> None:
    for _ in range(2):
        talk.ask(SOFTWARE if version >= 3 else ApiVersionsRequest(), version, hide=SERVED)


# Bad frames


def alone(talk: Talk, data: bytes) -> None:
    """Send bytes on a connection of their own, note whether there is an answer, and if the connection is of use."""
    with talk.raw() as raw:
        raw.send(data)
        raw.hear_any()
        ask_metadata(raw)


@case(0)
def lengths_of_frames(talk: Talk, version: int) -> None:
    for length in (-1, -0x80000000, 104_857_601, 0x7FFFFFFF):
        alone(talk, struct.pack(">i", length))


@case(0)
def the_longest_frame_is_waited_for(talk: Talk, version: int) -> None:
    with talk.raw(patience=0.3) as raw:
        raw.send(struct.pack(">i", 104_857_600))
        raw.hear()


@case(0)
def empty_frame(talk: Talk, version: int) -> None:
    alone(talk, frame(b""))


@case(0)
def headers_cut_short(talk: Talk, version: int) -> None:
    whole = header(METADATA, 1)
    for size in range(1, len(whole) + 1):
        alone(talk, frame(whole[:size]))


@case(0)
def unknown_apis(talk: Talk, version: int) -> None:
    for key in (-1, 999, 0x7FFF, -0x8000, 93, 100):
        alone(talk, frame(header(key, 0)))


@case(0)
def apis_that_brokers_do_not_serve(talk: Talk, version: int) -> None:
    for key in (4, 5, 6, 7, 52, 53, 54, 56, 59, 62, 63, 67, 70, 82):
        alone(talk, frame(header(key, 0) + b"\0" * 40))


@case(0)
def unsupported_versions(talk: Talk, version: int) -> None:
    for key, bad in ((PRODUCE, 2), (PRODUCE, 14), (FETCH, 3), (FETCH, 19), (METADATA, 14), (METADATA, -1), (19, 1)):
        alone(talk, frame(header(key, bad) + b"\0" * 40))


@case(0)
def client_ids(talk: Talk, version: int) -> None:
    for client_id in (None, b"", b"x" * 3000, b"\xff\xfe", b"\0"):
        body = codec.encode(metadata("a b", allow_auto_topic_creation=True), 1)
        with talk.raw() as raw:
            raw.send(frame(header(METADATA, 1, client_id=client_id) + body))
            raw.hear(MetadataResponse, 1)


@case(0)
def lengths_of_client_ids(talk: Talk, version: int) -> None:
    for length in (-2, -0x8000, 5, 0x7FFF):
        alone(talk, frame(struct.pack(">hhih", METADATA, 1, 7, length) + b"test"))


@case(0)
def correlation_ids(talk: Talk, version: int) -> None:
    with talk.raw() as raw:
        for number in (0, -1, 0x7FFFFFFF, -0x80000000, 5, 5):
            ask_metadata(raw, number)


@case(1, 4, 8)
def bodies_cut_short(talk: Talk, version: int) -> None:
    body = codec.encode(metadata("a b", allow_auto_topic_creation=True), version)
    for size in range(len(body)):
        alone(talk, frame(header(METADATA, version) + body[:size]))


@case(9, 12)
def flexible_bodies_cut_short(talk: Talk, version: int) -> None:
    body = b"\0" + codec.encode(metadata("a b"), version)
    for size in range(len(body)):
        alone(talk, frame(header(METADATA, version) + body[:size]))


@case(1, 9, 12)
def bytes_after_the_body(talk: Talk, version: int) -> None:
    body = codec.encode(metadata("a b", allow_auto_topic_creation=True), version)
    tags = b"\0" if version >= 9 else b""
    with talk.raw() as raw:
        raw.send(frame(header(METADATA, version) + tags + body + b"and more"))
        raw.hear(MetadataResponse, version)
        ask_metadata(raw)


@case(9, 12)
def unknown_tags(talk: Talk, version: int) -> None:
    body = codec.encode(metadata("a b"), version)
    for tags in (b"\x01\x63\x03abc", b"\x02\x00\x00\x05\x01x", b"\x01\x05\x00"):
        with talk.raw() as raw:
            raw.send(frame(header(METADATA, version) + tags + body[:-1] + tags))
            raw.hear(MetadataResponse, version)
            ask_metadata(raw)


@case(9)
def bad_tags(talk: Talk, version: int) -> None:
    body = codec.encode(metadata("a b"), version)
    for tags in (b"\x01\x63\x7fabc", b"\xff\xff\xff\xff\x0f", b"\x01\x05\xff\xff\xff\xff\x0f", b"\x80" * 12):
        alone(talk, frame(header(METADATA, version) + b"\0" + body[:-1] + tags))
        alone(talk, frame(header(METADATA, version) + tags + body))


@case(1)
def lengths_of_arrays(talk: Talk, version: int) -> None:
    for length in (-2, -0x80000000, 1, 2, 1 << 30, 0x7FFFFFFF):
        with talk.raw() as raw:
            raw.send(frame(header(METADATA, version) + struct.pack(">i", length)))
            raw.hear_any()  # of all topics, perhaps: too many to note


@case(1)
def lengths_of_strings(talk: Talk, version: int) -> None:
    for length in (-1, -2, -0x8000, 4, 0x7FFF):
        alone(talk, frame(header(METADATA, version) + struct.pack(">ih", 1, length) + b"a b"))


@case(9)
def compact_lengths(talk: Talk, version: int) -> None:
    huge = b"\xff\xff\xff\xff\x0f"
    for body in (huge, b"\x02" + huge, b"\x02\x00\x00", b"\x80" * 10, b"\x02\x81\x80\x80\x80\x80\x01"):
        alone(talk, frame(header(METADATA, version) + b"\0" + body + b"\0\0\0\0"))


@case(1, difference="Text that is not UTF-8")
def text_that_is_not_utf_8(talk: Talk, version: int) -> None:
    alone(talk, frame(header(METADATA, version) + struct.pack(">ih", 1, 2) + b"\xff\xfe"))


@case(8)
def booleans(talk: Talk, version: int) -> None:
    for value in (b"\x02", b"\xff"):
        body = codec.encode(metadata("a b"), version)
        with talk.raw() as raw:
            raw.send(frame(header(METADATA, version) + body[:-3] + b"\0" + value + value))
            raw.hear(MetadataResponse, version)


@case(0)
def noise(talk: Talk, version: int) -> None:
    for data in (bytes(range(256)), b"\x00\x00\x00\x10" + b"\xff" * 16, b"\x16\x03\x01\x00\xa5\x01\x00\x00"):
        alone(talk, frame(data))
    alone(talk, b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")


@case(1)
def frames_in_pieces(talk: Talk, version: int) -> None:
    data = frame(header(METADATA, version) + codec.encode(metadata("a b", allow_auto_topic_creation=True), version))
    with talk.raw() as raw:
        for byte in data:
            raw.send(bytes([byte]))
        raw.hear(MetadataResponse, version)
        raw.send(data * 5)
        for _ in range(5):
            raw.hear(MetadataResponse, version)


@case(1)
def half_a_frame_harms_nobody(talk: Talk, version: int) -> None:
    with talk.raw() as half, talk.raw() as whole:
        half.send(struct.pack(">i", 1000) + b"\0\x03")
        ask_metadata(whole)


@case(1)
def a_good_request_before_a_bad_one(talk: Talk, version: int) -> None:
    good = frame(header(METADATA, version) + codec.encode(metadata("a b", allow_auto_topic_creation=True), version))
    with talk.raw() as raw:
        raw.send(good + frame(header(999, 0)) + good)
        raw.hear(MetadataResponse, version)
        raw.hear(MetadataResponse, version)


@case(1)
def answers_in_order(talk: Talk, version: int) -> None:
    """A fetch that waits holds up what comes behind it on its connection."""
    fetch = struct.pack(">iiiibii", -1, 200, 1, 1 << 20, 0, 0, 0)  # v4: no topics
    topics = struct.pack(">iiiibi", -1, 100, 1, 1 << 20, 0, 0)
    with talk.raw() as raw:
        raw.send(frame(header(FETCH, 4, 1) + topics) + frame(header(API_VERSIONS, 0, 2)))
        raw.hear_any()
        raw.hear_any()
        raw.send(frame(header(FETCH, 4, 3) + fetch))
        raw.hear_any()
