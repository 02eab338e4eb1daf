"""CreatePartitions: a topic gets more partitions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from barnabas.controller.state import ControllerState
from barnabas.controller.topics import (
    MAX_RECORDS,
    active_members,
    check_assignment,
    check_count,
    partition_record,
    place,
)
from barnabas.metadata.records import MetadataRecord
from barnabas.metadata.topics import Topic
from barnabas.protocol.errors import ErrorCode, WireError
from barnabas.protocol.messages.create_partitions import CreatePartitionsRequest, CreatePartitionsResponse
from barnabas.server.runtime import Result

_Wanted = CreatePartitionsRequest.CreatePartitionsTopic
_Created = CreatePartitionsResponse.CreatePartitionsTopicResult


def handle_create_partitions(
    state: ControllerState, request: CreatePartitionsRequest
) -> Result[MetadataRecord, CreatePartitionsResponse]:
    """Each topic succeeds or fails by itself; a topic that is named twice fails."""
    times = Counter(topic.name for topic in request.topics)
    records: list[MetadataRecord] = []
    response = CreatePartitionsResponse()
    for name in (name for name, count in times.items() if count > 1):
        response.results.append(
            _Created(name=name, error_code=ErrorCode.INVALID_REQUEST, error_message="Duplicate topic name.")
        )
    for wanted in request.topics:
        if times[wanted.name] > 1:
            continue
        created = _Created(name=wanted.name)
        try:
            records += _create(state, wanted)
        except WireError as error:
            created.error_code, created.error_message = error.code, error.message or error.code.text
        response.results.append(created)
    check_count(records)
    return Result([] if request.validate_only else records, response)


def _create(state: ControllerState, wanted: _Wanted) -> Iterator[MetadataRecord]:
    topic = state.image.topics.by_name(wanted.name)
    if topic is None:
        raise WireError(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
    _check_count(topic, wanted)
    first = len(topic)
    replication_factor = len(topic.partitions[0].replicas)
    if wanted.assignments is None:
        assignments = place(state, wanted.count - first, replication_factor)
    else:
        assignments = [tuple(assignment.broker_ids) for assignment in wanted.assignments]
        for index, replicas in enumerate(assignments, first):
            check_assignment(state, index, replicas, replication_factor)
    return (
        partition_record(state, topic.id, index, replicas, active_members(state, replicas))
        for index, replicas in enumerate(assignments, first)
    )


def _check_count(topic: Topic, wanted: _Wanted) -> None:
    present = len(topic)
    if wanted.count == present:
        raise WireError(ErrorCode.INVALID_PARTITIONS, f"Topic already has {present} partition(s).")
    if wanted.count < present:
        raise WireError(
            ErrorCode.INVALID_PARTITIONS,
            f"The topic {wanted.name} currently has {present} partition(s); {wanted.count} would not be an increase.",
        )
    additional = wanted.count - present
    if additional > MAX_RECORDS:
        raise WireError(ErrorCode.POLICY_VIOLATION, "Unable to perform excessively large batch operation.")
    if wanted.assignments is not None and len(wanted.assignments) != additional:
        raise WireError(
            ErrorCode.INVALID_REPLICA_ASSIGNMENT,
            f"Attempted to add {additional} additional partition(s), but only {len(wanted.assignments)} "
            "assignment(s) were specified.",
        )
