"""How each API says that a request as a whole was refused."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

from barnabas.protocol.api_keys import ApiKey
from barnabas.protocol.errors import WireError
from barnabas.protocol.message import RequestMessage, ResponseMessage


def error_reply(request: RequestMessage, error: WireError) -> ResponseMessage:
    """The response to a request that was refused: the error for everything that was asked for."""
    module = import_module(f"barnabas.protocol.messages.{request.API_KEY.name.lower()}")
    response_class = getattr(module, request.NAME.removesuffix("Request") + "Response")
    fill = _BY_ITEM.get(request.API_KEY)
    response: ResponseMessage = response_class()
    (fill or _whole)(request, response, error)
    return response


def _whole(request: Any, response: Any, error: WireError) -> None:
    response.error_code = error.code
    if hasattr(response, "error_message"):
        response.error_message = error.message


def _create_topics(request: Any, response: Any, error: WireError) -> None:
    response.topics = [
        response.CreatableTopicResult(name=topic.name, error_code=error.code, error_message=error.message)
        for topic in request.topics
    ]


def _delete_topics(request: Any, response: Any, error: WireError) -> None:
    response.responses = [
        response.DeletableTopicResult(name=name, topic_id=topic_id, error_code=error.code, error_message=error.message)
        for name, topic_id in (
            *((name, bytes(16)) for name in request.topic_names),
            *((topic.name, topic.topic_id) for topic in request.topics),
        )
    ]


def _create_partitions(request: Any, response: Any, error: WireError) -> None:
    response.results = [
        response.CreatePartitionsTopicResult(name=topic.name, error_code=error.code, error_message=error.message)
        for topic in request.topics
    ]


def _alter_configs(request: Any, response: Any, error: WireError) -> None:
    response.responses = [
        response.AlterConfigsResourceResponse(
            resource_type=resource.resource_type,
            resource_name=resource.resource_name,
            error_code=error.code,
            error_message=error.message,
        )
        for resource in request.resources
    ]


def _elect_leaders(request: Any, response: Any, error: WireError) -> None:
    """v0 has no error for the whole."""
    response.error_code = error.code
    response.replica_election_results = [
        response.ReplicaElectionResult(
            topic=topic.topic,
            partition_result=[
                response.PartitionResult(partition_id=index, error_code=error.code, error_message=error.message)
                for index in topic.partitions
            ],
        )
        for topic in request.topic_partitions or ()
    ]


_BY_ITEM: dict[ApiKey, Callable[[Any, Any, WireError], None]] = {
    ApiKey.CREATE_TOPICS: _create_topics,
    ApiKey.DELETE_TOPICS: _delete_topics,
    ApiKey.CREATE_PARTITIONS: _create_partitions,
    ApiKey.ALTER_CONFIGS: _alter_configs,
    ApiKey.ELECT_LEADERS: _elect_leaders,
    ApiKey.INCREMENTAL_ALTER_CONFIGS: _alter_configs,
}
"""The APIs whose response has no error of its own, or not that alone."""
