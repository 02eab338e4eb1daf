"""A plain blocking socket that speaks the protocol, also badly, for tests against real processes."""

from __future__ import annotations

import socket
import struct
from typing import Any, TypeVar, cast

from barnabas.protocol import codec, framing
from barnabas.protocol.message import Message
from barnabas.protocol.messages.fetch import FetchRequest, FetchResponse
from barnabas.protocol.messages.metadata import MetadataRequest, MetadataResponse
from barnabas.protocol.messages.produce import ProduceRequest, ProduceResponse

M = TypeVar("M", bound=Message)
TIMEOUT_SECONDS = 30.0


class Wire:
    """One connection. `ask` sends a message and decodes the answer; `send` and `receive` move bytes as they are."""

    def __init__(self, address: str, timeout_seconds: float = TIMEOUT_SECONDS) -> None:
        host, _, port = address.rpartition(":")
        self._socket = socket.create_connection((host, int(port)), timeout_seconds)
        self._correlation_id = 0

    def __enter__(self) -> Wire:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._socket.close()

    def set_timeout(self, seconds: float) -> None:
        """How long `receive` waits before it raises TimeoutError."""
        self._socket.settimeout(seconds)

    def send(self, data: bytes) -> None:
        self._socket.sendall(data)

    def send_message(self, message: Message, version: int, client_id: str = "test") -> int:
        self._correlation_id += 1
        parts = framing.encode_request(self._correlation_id, client_id, message, version)
        self.send(b"".join(cast("list[bytes]", parts)))
        return self._correlation_id

    def receive(self) -> bytes | None:
        """One frame without its length; None when the other side has closed."""
        head = self._exactly(4)
        return None if head is None else self._exactly(struct.unpack(">i", head)[0])

    def _exactly(self, size: int) -> bytes | None:
        data = b""
        while len(data) < size:
            try:
                piece = self._socket.recv(size - len(data))
            except ConnectionResetError:
                return None
            if not piece:
                return None
            data += piece
        return data

    def ask(self, message: Message, version: int, answer: type[M], client_id: str = "test") -> M:
        correlation_id = self.send_message(message, version, client_id)
        frame = self.receive()
        assert frame is not None, "the connection was closed instead of an answer"
        got, offset = framing.decode_response_header(message.API_KEY, version, frame)  # type: ignore[attr-defined]
        assert got == correlation_id
        return codec.decode(answer, version, frame, offset)[0]


def leader_address(bootstrap: str, topic: str, partition: int = 0) -> str:
    """host:port of the partition's leader, asked of any broker until there is one."""
    with Wire(bootstrap.split(",")[0]) as wire:
        for _ in range(1000):
            request = MetadataRequest(topics=[MetadataRequest.MetadataRequestTopic(name=topic)])
            metadata = wire.ask(request, 12, MetadataResponse)
            leaders = {p.partition_index: p.leader_id for t in metadata.topics for p in t.partitions}
            brokers = {b.node_id: f"{b.host}:{b.port}" for b in metadata.brokers}
            if (leader := leaders.get(partition, -1)) in brokers:
                return brokers[leader]
    raise AssertionError(f"{topic}-{partition} has no leader")


def produce(wire: Wire, topic: str, records: bytes | None, *, acks: int = -1, version: int = 9) -> Any:
    """Produce bytes as they are to partition 0; the partition's answer."""
    response = wire.ask(produce_request(topic, records, acks=acks), version, ProduceResponse)
    return response.responses[0].partition_responses[0]


def produce_request(topic: str, records: bytes | None, *, acks: int = -1) -> ProduceRequest:
    data = ProduceRequest.PartitionProduceData(index=0, records=records)
    topic_data = ProduceRequest.TopicProduceData(name=topic, partition_data=[data])
    return ProduceRequest(acks=acks, timeout_ms=10_000, topic_data=[topic_data])


def fetch(wire: Wire, topic: str, offset: int, *, version: int = 12, max_wait_ms: int = 100) -> Any:
    """Fetch partition 0 without a session; the partition's answer."""
    partition = FetchRequest.FetchPartition(partition=0, fetch_offset=offset, partition_max_bytes=1 << 20)
    request = FetchRequest(
        max_wait_ms=max_wait_ms,
        min_bytes=1,
        max_bytes=1 << 22,
        session_id=0,
        session_epoch=-1,
        topics=[FetchRequest.FetchTopic(topic=topic, partitions=[partition])],
    )
    response = wire.ask(request, version, FetchResponse)
    assert response.error_code == 0
    return response.responses[0].partitions[0]
