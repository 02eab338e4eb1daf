"""Bad input never crashes a broker, writes anything, or harms another client."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator

import pytest
from crc32c import crc32c

from barnabas.protocol.errors import ErrorCode
from barnabas.protocol.messages.api_versions import ApiVersionsRequest, ApiVersionsResponse
from barnabas.protocol.messages.metadata import MetadataRequest, MetadataResponse
from barnabas.protocol.record_builder import BatchBuilder
from barnabas.testing import cluster
from barnabas.testing.processes import Cluster
from load import create_topic, read_all
from wire import Wire, leader_address, produce, produce_request

pytestmark = pytest.mark.cluster

MAX_REQUEST = 1 << 20
ATTRIBUTES, LAST_OFFSET_DELTA, COUNT = 21, 23, 57


@pytest.fixture(scope="module")
def one() -> Iterator[Cluster]:
    with cluster(brokers=1, controllers=1, overrides={"socket.request.max.bytes": str(MAX_REQUEST)}) as running:
        yield running


@pytest.fixture(scope="module")
def topic(one: Cluster) -> str:
    create_topic(one.bootstrap, "bad-input", replication=1)
    leader_address(one.bootstrap, "bad-input")
    return "bad-input"


def batch() -> bytearray:
    builder = BatchBuilder()
    for n in range(3):
        builder.append(1_700_000_000_000, b"key", str(n).encode())
    return bytearray(builder.build())


def with_crc(data: bytearray) -> bytes:
    struct.pack_into(">I", data, 17, crc32c(memoryview(data)[21:]))
    return bytes(data)


def patched(form: str, position: int, value: int) -> bytes:
    data = batch()
    struct.pack_into(form, data, position, value)
    return with_crc(data)


def framed(payload: bytes) -> bytes:
    return struct.pack(">i", len(payload)) + payload


def header(api_key: int, version: int) -> bytes:
    return struct.pack(">hhih", api_key, version, 1, 4) + b"test"


BAD_FRAMES = {
    "negative length": struct.pack(">i", -1),
    "length above socket.request.max.bytes": struct.pack(">i", MAX_REQUEST + 1),
    "empty frame": framed(b""),
    "half a header": framed(b"\x00\x03\x00"),
    "unknown api": framed(header(999, 0)),
    "negative api": framed(header(-1, 0)),
    "unsupported version": framed(header(3, 99)),
    "produce v2": framed(header(0, 2)),
    "no body": framed(header(3, 8)),
    "array longer than the frame": framed(header(3, 8) + struct.pack(">i", 1 << 30)),
    "string longer than the frame": framed(header(3, 8) + struct.pack(">ih", 1, 32_000)),
    "invalid utf-8 in a topic": framed(header(3, 8) + struct.pack(">ih", 1, 2) + b"\xff\xfe" + b"\x00" * 3),
    "noise": framed(bytes(range(256))),
    "http": b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
}


@pytest.mark.parametrize("name", BAD_FRAMES)
def test_a_bad_frame_closes_its_connection_and_no_other(one: Cluster, name: str) -> None:
    with Wire(one.bootstrap) as bystander, Wire(one.bootstrap) as wire:
        wire.send(BAD_FRAMES[name])
        assert wire.receive() is None
        assert bystander.ask(MetadataRequest(), 12, MetadataResponse).brokers


def test_half_a_frame_and_then_nothing_harms_nobody(one: Cluster) -> None:
    with Wire(one.bootstrap) as wire:
        wire.send(struct.pack(">i", 100) + b"half")
    with Wire(one.bootstrap) as bystander:
        assert bystander.ask(MetadataRequest(), 12, MetadataResponse).brokers


def test_a_bad_frame_leaves_one_line_in_the_log(one: Cluster) -> None:
    log = one.brokers[0].log
    before = log.read_text()
    with Wire(one.bootstrap) as wire:
        wire.send(BAD_FRAMES["unknown api"])
        assert wire.receive() is None
    new = log.read_text()[len(before) :].strip().splitlines()
    assert len(new) == 1
    assert "999" in new[0]


def test_api_versions_at_an_unknown_version_is_answered_in_v0(one: Cluster) -> None:
    with Wire(one.bootstrap) as wire:
        wire.send(framed(header(18, 77)))
        answer = wire.receive()
        assert answer is not None
        assert struct.unpack_from(">ih", answer) == (1, ErrorCode.UNSUPPORTED_VERSION)
        assert struct.unpack_from(">ihhh", answer, 6) == (1, 18, 0, 4)
        request = ApiVersionsRequest(client_software_name="test", client_software_version="1")
        assert wire.ask(request, 4, ApiVersionsResponse).error_code == 0


def two_batches() -> bytes:
    return bytes(batch() + batch())


def flipped() -> bytes:
    data = batch()
    data[-1] ^= 1
    return bytes(data)


BAD_RECORDS: dict[str, tuple[Callable[[], bytes], ErrorCode]] = {
    "wrong crc": (flipped, ErrorCode.CORRUPT_MESSAGE),
    "magic 0": (lambda: patched(">b", 16, 0), ErrorCode.INVALID_RECORD),
    "magic 3": (lambda: patched(">b", 16, 3), ErrorCode.CORRUPT_MESSAGE),
    "base offset 7": (lambda: patched(">q", 0, 7), ErrorCode.INVALID_RECORD),
    "count too high": (lambda: patched(">i", COUNT, 4), ErrorCode.INVALID_RECORD),
    "negative count": (lambda: patched(">i", COUNT, -3), ErrorCode.INVALID_RECORD),
    "last offset delta too high": (lambda: patched(">i", LAST_OFFSET_DELTA, 10), ErrorCode.INVALID_RECORD),
    "control batch": (lambda: patched(">h", ATTRIBUTES, 0x20), ErrorCode.INVALID_RECORD),
    "two batches": (two_batches, ErrorCode.INVALID_RECORD),
    "a cut batch": (lambda: bytes(batch()[:-1]), ErrorCode.INVALID_RECORD),
}


@pytest.mark.parametrize("name", BAD_RECORDS)
def test_bad_records_get_the_error_and_nothing_is_written(one: Cluster, topic: str, name: str) -> None:
    make, code = BAD_RECORDS[name]
    with Wire(leader_address(one.bootstrap, topic)) as wire:
        before = read_all(one.bootstrap, topic)
        answer = produce(wire, topic, make())
        assert ErrorCode(answer.error_code) == code
        assert read_all(one.bootstrap, topic) == before
        assert produce(wire, topic, with_crc(batch())).error_code == 0


def test_acks_of_a_kind_that_does_not_exist(one: Cluster, topic: str) -> None:
    with Wire(one.bootstrap) as wire:
        assert produce(wire, topic, with_crc(batch()), acks=2).error_code == ErrorCode.INVALID_REQUIRED_ACKS


def test_a_failed_produce_with_acks_0_closes_the_connection(one: Cluster, topic: str) -> None:
    with Wire(one.bootstrap) as wire:
        wire.send_message(produce_request(topic, flipped(), acks=0), 9)
        assert wire.receive() is None
