"""Requests handed on to the controller.

The answer is relayed, and when none comes the client gets one in its API's form.
"""

from __future__ import annotations

from typing import Any, cast

import pytest
import trio
from trio.testing import MockClock

from barnabas.broker.controller_channel import ControllerUnavailable
from barnabas.broker.forwarding import Origin, UnsupportedByController, address_bytes
from barnabas.broker.handlers.forward import ForwardHandler, error_response
from barnabas.protocol import codec
from barnabas.protocol.errors import ErrorCode
from barnabas.protocol.framing import RequestHeader
from barnabas.protocol.message import RequestMessage, ResponseMessage
from barnabas.protocol.messages.create_partitions import CreatePartitionsRequest
from barnabas.protocol.messages.create_topics import CreateTopicsRequest, CreateTopicsResponse
from barnabas.protocol.messages.delete_topics import DeleteTopicsRequest
from barnabas.protocol.messages.describe_quorum import DescribeQuorumRequest
from barnabas.protocol.messages.elect_leaders import ElectLeadersRequest, ElectLeadersResponse
from barnabas.protocol.messages.unregister_broker import UnregisterBrokerRequest
from barnabas.protocol.messages.update_features import UpdateFeaturesRequest

CREATE = CreateTopicsRequest(
    topics=[CreateTopicsRequest.CreatableTopic(name="a"), CreateTopicsRequest.CreatableTopic(name="b")]
)
DELETE_BY_NAME = DeleteTopicsRequest(topic_names=["a", "b"])
DELETE_BY_ID = DeleteTopicsRequest(
    topics=[
        DeleteTopicsRequest.DeleteTopicState(name="a"),
        DeleteTopicsRequest.DeleteTopicState(name=None, topic_id=b"b" * 16),
    ]
)
GROW = CreatePartitionsRequest(topics=[CreatePartitionsRequest.CreatePartitionsTopic(name="a", count=2)])


class FakeForwarder:
    """Gives what it was told to give."""

    def __init__(self, outcome: ResponseMessage | Exception) -> None:
        self.outcome = outcome
        self.asked: list[RequestMessage] = []

    async def forward(self, origin: Origin, message: RequestMessage, version: int) -> ResponseMessage:
        self.asked.append(message)
        await trio.sleep(0.01)
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return self.outcome


class FakeRequest:
    def __init__(self, body: RequestMessage, version: int) -> None:
        self.body, self.version = body, version
        self.header = RequestHeader(body.API_KEY, version, 7, "client")
        self.connection = type("Connection", (), {"peer": "10.1.2.3:55"})()
        self.answer: ResponseMessage | None = None
        self.closed: str | None = None

    def reply(self, message: ResponseMessage) -> None:
        self.answer = message

    def close(self, reason: str) -> None:
        self.closed = reason


async def handle(outcome: ResponseMessage | Exception, body: RequestMessage, version: int) -> FakeRequest:
    request = FakeRequest(body, version)
    await ForwardHandler(cast("Any", FakeForwarder(outcome))).handle(cast("Any", request))
    return request


async def test_the_answer_is_relayed(autojump_clock: MockClock) -> None:
    response = CreateTopicsResponse()
    assert (await handle(response, CREATE, 7)).answer is response


async def test_a_controller_of_another_release_makes_the_client_negotiate_anew(autojump_clock: MockClock) -> None:
    request = await handle(UnsupportedByController("too new"), CREATE, 7)
    assert (request.answer, request.closed) == (None, "too new")


@pytest.mark.parametrize(
    ("body", "versions", "names"),
    [
        (CREATE, range(2, 8), ["a", "b"]),
        (DELETE_BY_NAME, range(1, 6), ["a", "b"]),
        (DELETE_BY_ID, range(6, 7), ["a", None]),
        (GROW, range(4), ["a"]),
    ],
)
async def test_no_answer_in_time(
    body: RequestMessage, versions: range, names: list[str | None], autojump_clock: MockClock
) -> None:
    for version in versions:
        request = await handle(ControllerUnavailable("no controller"), body, version)
        assert request.answer is not None
        decoded: Any = codec.decode(type(request.answer), version, codec.encode(request.answer, version))[0]
        results = next(value for name in ("topics", "responses", "results") if (value := getattr(decoded, name, None)))
        assert [(each.name, each.error_code) for each in results] == [
            (name, ErrorCode.REQUEST_TIMED_OUT) for name in names
        ]


@pytest.mark.parametrize("version", range(3))
async def test_no_answer_in_time_to_elect_leaders(version: int, autojump_clock: MockClock) -> None:
    wanted = ElectLeadersRequest.TopicPartitions(topic="a", partitions=[3])
    request = await handle(ControllerUnavailable("none"), ElectLeadersRequest(topic_partitions=[wanted]), version)
    assert isinstance(request.answer, ElectLeadersResponse)
    codec.encode(request.answer, version)
    if version == 0:
        (topic,) = request.answer.replica_election_results
        assert topic.partition_result[0].error_code == ErrorCode.REQUEST_TIMED_OUT
    else:
        assert request.answer.error_code == ErrorCode.REQUEST_TIMED_OUT


@pytest.mark.parametrize(
    "body", [UpdateFeaturesRequest(), UnregisterBrokerRequest(broker_id=1), DescribeQuorumRequest()]
)
async def test_no_answer_in_time_to_what_is_one_thing(body: RequestMessage, autojump_clock: MockClock) -> None:
    for version in range(body.VERSIONS[0], body.VERSIONS[1] + 1):
        request = await handle(ControllerUnavailable("none"), body, version)
        assert cast("Any", request.answer).error_code == ErrorCode.REQUEST_TIMED_OUT
        codec.encode(cast("Any", request.answer), version)


def test_only_what_is_forwarded_has_an_error_response() -> None:
    with pytest.raises(AssertionError):
        error_response(cast("Any", CreateTopicsResponse()), 0, ErrorCode.REQUEST_TIMED_OUT, "")


@pytest.mark.parametrize(
    ("host", "address"),
    [("10.1.2.3", b"\x0a\x01\x02\x03"), ("::1", bytes(15) + b"\x01"), ("::ffff:10.1.2.3", b"\x0a\x01\x02\x03"),
     ("fe80::1%eth0", b"\xfe\x80" + bytes(13) + b"\x01"), ("memory", b"\x7f\0\0\x01")],
)  # fmt: skip
def test_the_clients_address_in_an_envelope(host: str, address: bytes) -> None:
    assert address_bytes(host) == address
