"""Requests that go to the active controller as they are: CreateTopics, DeleteTopics, CreatePartitions, ElectLeaders,
UpdateFeatures, UnregisterBroker, DescribeQuorum.

The answer is relayed as it comes. When no controller answers in time, the client gets REQUEST_TIMED_OUT for
everything it asked for, in the form of its own API.
"""

from __future__ import annotations

from collections.abc import Iterator

from barnabas.broker.controller_channel import ControllerUnavailable
from barnabas.broker.forwarding import Forwarder, Origin, UnsupportedByController
from barnabas.protocol.errors import ErrorCode
from barnabas.protocol.message import RequestMessage, ResponseMessage
from barnabas.protocol.messages.create_partitions import CreatePartitionsRequest, CreatePartitionsResponse
from barnabas.protocol.messages.create_topics import CreateTopicsRequest, CreateTopicsResponse
from barnabas.protocol.messages.delete_topics import DeleteTopicsRequest, DeleteTopicsResponse
from barnabas.protocol.messages.describe_quorum import DescribeQuorumRequest, DescribeQuorumResponse
from barnabas.protocol.messages.elect_leaders import ElectLeadersRequest, ElectLeadersResponse
from barnabas.protocol.messages.unregister_broker import UnregisterBrokerRequest, UnregisterBrokerResponse
from barnabas.protocol.messages.update_features import UpdateFeaturesRequest, UpdateFeaturesResponse
from barnabas.protocol.types import ZERO_UUID
from barnabas.server.dispatch import Request


class ForwardHandler:
    """Forwards any of the APIs that `error_response` knows."""

    def __init__(self, forwarder: Forwarder) -> None:
        self._forwarder = forwarder

    async def handle(self, request: Request[RequestMessage]) -> None:
        try:
            response = await self._forwarder.forward(Origin.of(request), request.body, request.version)
        except ControllerUnavailable as error:
            response = error_response(request.body, request.version, ErrorCode.REQUEST_TIMED_OUT, str(error))
        except UnsupportedByController as error:
            request.close(str(error))
            return
        request.reply(response)


def error_response(body: RequestMessage, version: int, error: ErrorCode, reason: str) -> ResponseMessage:
    """The same error for everything in the request, in its API's form."""
    match body:
        case CreateTopicsRequest():
            return CreateTopicsResponse(
                topics=[
                    CreateTopicsResponse.CreatableTopicResult(
                        name=topic.name, error_code=error, error_message=reason if version >= 1 else None
                    )
                    for topic in body.topics
                ]
            )
        case DeleteTopicsRequest():
            return _delete_topics(body, version, error, reason)
        case CreatePartitionsRequest():
            return CreatePartitionsResponse(
                results=[
                    CreatePartitionsResponse.CreatePartitionsTopicResult(
                        name=topic.name, error_code=error, error_message=reason
                    )
                    for topic in body.topics
                ]
            )
        case ElectLeadersRequest():
            return ElectLeadersResponse(
                error_code=error if version >= 1 else 0,
                replica_election_results=_elect_leaders(body, error, reason) if version == 0 else (),
            )
        case UpdateFeaturesRequest():
            return UpdateFeaturesResponse(error_code=error, error_message=reason)
        case UnregisterBrokerRequest():
            return UnregisterBrokerResponse(error_code=error, error_message=reason)
        case DescribeQuorumRequest():
            return DescribeQuorumResponse(error_code=error, error_message=reason if version >= 2 else None)
        case _:
            raise AssertionError(f"{body.NAME} is not forwarded")


def _delete_topics(body: DeleteTopicsRequest, version: int, error: ErrorCode, reason: str) -> DeleteTopicsResponse:
    """v6 names topics by name or by id; earlier versions by name only, and v5 brought the message."""
    asked = (
        [(name, ZERO_UUID) for name in body.topic_names] if version < 6 else [(t.name, t.topic_id) for t in body.topics]
    )
    return DeleteTopicsResponse(
        responses=[
            DeleteTopicsResponse.DeletableTopicResult(
                name=name, topic_id=topic_id, error_code=error, error_message=reason if version >= 5 else None
            )
            for name, topic_id in asked
        ]
    )


def _elect_leaders(
    body: ElectLeadersRequest, error: ErrorCode, reason: str
) -> Iterator[ElectLeadersResponse.ReplicaElectionResult]:
    """v0 has no error for the request as a whole."""
    for topic in body.topic_partitions or ():
        yield ElectLeadersResponse.ReplicaElectionResult(
            topic=topic.topic,
            partition_result=[
                ElectLeadersResponse.PartitionResult(partition_id=index, error_code=error, error_message=reason)
                for index in topic.partitions
            ],
        )
