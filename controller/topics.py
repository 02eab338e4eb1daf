"""CreateTopics and DeleteTopics."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from barnabas.controller.state import ControllerState
from barnabas.metadata.placement import UsableBroker, place_replicas
from barnabas.metadata.records import (
    DIRECTORY_UNASSIGNED,
    ConfigRecord,
    MetadataRecord,
    PartitionRecord,
    RemoveTopicRecord,
    ResourceType,
    TopicRecord,
)
from barnabas.metadata.topic_configs import effective_config, topic_configs, validate_topic_configs
from barnabas.metadata.topic_names import CLUSTER_METADATA_TOPIC, reason_invalid
from barnabas.protocol.errors import ErrorCode, WireError
from barnabas.protocol.messages.create_topics import CreateTopicsRequest, CreateTopicsResponse
from barnabas.protocol.messages.delete_topics import DeleteTopicsRequest, DeleteTopicsResponse
from barnabas.protocol.types import ZERO_UUID
from barnabas.server.runtime import Result

MAX_RECORDS = 10_000
"""How many records one request of a user may lead to."""

_Wanted = CreateTopicsRequest.CreatableTopic
_Created = CreateTopicsResponse.CreatableTopicResult
_Deleted = DeleteTopicsResponse.DeletableTopicResult


def handle_create_topics(
    state: ControllerState, request: CreateTopicsRequest
) -> Result[MetadataRecord, CreateTopicsResponse]:
    """v5 added the configuration to the response, v7 the topic ids. Each topic succeeds or fails by itself."""
    times = Counter(topic.name for topic in request.topics)
    records: list[MetadataRecord] = []
    response = CreateTopicsResponse()
    for wanted in request.topics:
        if times[wanted.name] > 1:
            continue
        try:
            created, topic_records = _create(state, wanted)
        except WireError as error:
            created = _Created(name=wanted.name, error_code=error.code, error_message=error.message)
        else:
            records += topic_records
        response.topics.append(created)
    for name in (name for name, count in times.items() if count > 1):
        response.topics.append(
            _Created(name=name, error_code=ErrorCode.INVALID_REQUEST, error_message="Duplicate topic name.")
        )
    check_count(records)
    return Result([] if request.validate_only else records, response)


def check_count(records: Sequence[MetadataRecord]) -> None:
    """Raises POLICY_VIOLATION where one request leads to too many records."""
    if len(records) > MAX_RECORDS:
        raise WireError(ErrorCode.POLICY_VIOLATION, "Unable to perform excessively large batch operation.")


def _create(state: ControllerState, wanted: _Wanted) -> tuple[_Created, list[MetadataRecord]]:
    _check_name(state, wanted.name)
    configs = _configs(state, wanted)
    if wanted.assignments:
        partitions = _assigned(state, wanted)
    else:
        partitions = _placed(state, wanted)
    topic_id = _new_topic_id(state)
    records: list[MetadataRecord] = [TopicRecord(name=wanted.name, topic_id=topic_id)]
    for name, value in configs.items():
        records.append(
            ConfigRecord(resource_type=ResourceType.TOPIC, resource_name=wanted.name, name=name, value=value)
        )
    for index, replicas in enumerate(partitions):
        isr = active_members(state, replicas)
        records.append(partition_record(state, topic_id, index, replicas, isr))
    created = _Created(
        name=wanted.name,
        topic_id=topic_id,
        error_message=None,
        num_partitions=len(partitions),
        replication_factor=len(partitions[0]),
        configs=_described(state, configs),
    )
    return created, records


def _check_name(state: ControllerState, name: str) -> None:
    if name == CLUSTER_METADATA_TOPIC:
        raise WireError(ErrorCode.INVALID_REQUEST, f"Creation of internal topic {name} is prohibited.")
    reason = reason_invalid(name)
    if reason is not None:
        raise WireError(ErrorCode.INVALID_TOPIC_EXCEPTION, reason)
    if state.image.topics.by_name(name) is not None:
        raise WireError(ErrorCode.TOPIC_ALREADY_EXISTS, f"Topic '{name}' already exists.")
    for other in state.image.topics.colliding_with(name):
        raise WireError(ErrorCode.INVALID_TOPIC_EXCEPTION, f"Topic '{name}' collides with existing topic: {other}")


def _configs(state: ControllerState, wanted: _Wanted) -> dict[str, str]:
    nulls = [config.name for config in wanted.configs if config.value is None]
    if nulls:
        raise WireError(ErrorCode.INVALID_CONFIG, f"Null value not supported for topic configs: {','.join(nulls)}")
    configs = {config.name: config.value for config in wanted.configs if config.value is not None}
    validate_topic_configs(configs, state.broker_configs())
    return configs


def _assigned(state: ControllerState, wanted: _Wanted) -> list[tuple[int, ...]]:
    """The replicas of each partition, as the request gives them."""
    if wanted.replication_factor != -1:
        raise WireError(
            ErrorCode.INVALID_REQUEST,
            "A manual partition assignment was specified, but replication factor was not set to -1.",
        )
    if wanted.num_partitions != -1:
        raise WireError(
            ErrorCode.INVALID_REQUEST,
            "A manual partition assignment was specified, but numPartitions was not set to -1.",
        )
    by_index: dict[int, tuple[int, ...]] = {}
    for assignment in wanted.assignments:
        index, replicas = assignment.partition_index, tuple(assignment.broker_ids)
        if index in by_index:
            raise WireError(
                ErrorCode.INVALID_REPLICA_ASSIGNMENT,
                f"Found multiple manual partition assignments for partition {index}",
            )
        check_assignment(state, index, replicas, len(next(iter(by_index.values()), replicas)))
        by_index[index] = replicas
    if by_index.keys() != set(range(len(by_index))):
        raise WireError(
            ErrorCode.INVALID_REPLICA_ASSIGNMENT, "partitions should be a consecutive 0-based integer sequence"
        )
    return [by_index[index] for index in range(len(by_index))]


def check_assignment(state: ControllerState, index: int, replicas: tuple[int, ...], replication_factor: int) -> None:
    """Raises INVALID_REPLICA_ASSIGNMENT unless the new partition may have these replicas."""
    reason = None
    times = Counter(replicas)
    if not replicas:
        reason = "The manual partition assignment includes an empty replica list."
    for broker_id in sorted(times):
        if broker_id not in state.image.cluster.brokers:
            reason = f"The manual partition assignment includes broker {broker_id}, but no such broker is registered."
        elif times[broker_id] > 1:
            reason = f"The manual partition assignment includes the broker {broker_id} more than once."
        if reason is not None:
            break
    if reason is None and len(replicas) != replication_factor:
        reason = (
            f"The manual partition assignment includes a partition with {len(replicas)} replica(s), but this is not "
            f"consistent with previous partitions, which have {replication_factor} replica(s)."
        )
    if reason is None and not active_members(state, replicas):
        reason = (
            f"All brokers specified in the manual partition assignment for partition {index} are fenced or in "
            "controlled shutdown."
        )
    if reason is not None:
        raise WireError(ErrorCode.INVALID_REPLICA_ASSIGNMENT, reason)


def _placed(state: ControllerState, wanted: _Wanted) -> list[tuple[int, ...]]:
    """The replicas of each partition, where this controller puts them."""
    count, factor = wanted.num_partitions, wanted.replication_factor
    if factor < -1 or factor == 0:
        raise WireError(
            ErrorCode.INVALID_REPLICATION_FACTOR,
            "Replication factor must be larger than 0, or -1 to use the default value.",
        )
    if count < -1 or count == 0:
        raise WireError(ErrorCode.INVALID_PARTITIONS, "Number of partitions was set to an invalid non-positive value.")
    if count == -1:
        count = state.config.num_partitions
    if factor == -1:
        factor = state.config.default_replication_factor
    if count > MAX_RECORDS:
        raise WireError(ErrorCode.POLICY_VIOLATION, "Unable to perform excessively large batch operation.")
    try:
        return place(state, count, factor)
    except WireError as error:
        raise WireError(error.code, f"Unable to replicate the partition {factor} time(s): {error.message}") from error


def place(state: ControllerState, count: int, replication_factor: int) -> list[tuple[int, ...]]:
    """Replicas for so many new partitions, each with a broker that is active among them."""
    usable = [
        UsableBroker(broker.id, broker.rack, broker.fenced)
        for _, broker in sorted(state.image.cluster.brokers.items())
        if not broker.in_controlled_shutdown
    ]
    return place_replicas(usable, count, replication_factor, state.random)


def active_members(state: ControllerState, replicas: Iterable[int]) -> tuple[int, ...]:
    """The replicas that can be in sync from the beginning."""
    return tuple(broker_id for broker_id in replicas if state.image.cluster.is_active(broker_id))


def partition_record(
    state: ControllerState, topic_id: bytes, index: int, replicas: tuple[int, ...], isr: tuple[int, ...]
) -> PartitionRecord:
    """A new partition: its first active replica leads."""
    brokers = state.image.cluster.brokers
    return PartitionRecord(
        partition_id=index,
        topic_id=topic_id,
        replicas=replicas,
        isr=isr,
        leader=isr[0],
        leader_epoch=0,
        partition_epoch=0,
        directories=tuple(
            brokers[broker_id].default_directory if broker_id in brokers else DIRECTORY_UNASSIGNED
            for broker_id in replicas
        ),
    )


def _new_topic_id(state: ControllerState) -> bytes:
    topic_id = state.new_uuid()
    while topic_id[:-1] == ZERO_UUID[:-1] or topic_id in state.image.topics.by_id:
        topic_id = state.new_uuid()
    return topic_id


def _described(state: ControllerState, configs: dict[str, str]) -> Iterator[CreateTopicsResponse.CreatableTopicConfigs]:
    brokers = state.broker_configs()
    for name in topic_configs():
        effective = effective_config(name, configs, brokers)
        yield CreateTopicsResponse.CreatableTopicConfigs(
            name=name, value=effective.value, config_source=effective.source
        )


def handle_delete_topics(
    state: ControllerState, request: DeleteTopicsRequest, version: int
) -> Result[MetadataRecord, DeleteTopicsResponse]:
    """v3 has an error of its own where deletion is disabled; v6 names topics by name or by id."""
    if not state.config.delete_topic_enable:
        code = ErrorCode.INVALID_REQUEST if version < 3 else ErrorCode.TOPIC_DELETION_DISABLED
        raise WireError(code, "Topic deletion is disabled.")
    names, ids, refused = _named(request)
    refused += (_refused(name, ZERO_UUID, "Duplicate topic name.") for name in names if names[name] > 1)
    refused += (_refused(None, id_, "Duplicate topic id.") for id_ in ids if ids[id_] > 1)
    deleted = [_delete_by_id(state, id_) for id_ in ids if ids[id_] == 1]
    deleted += [_delete_by_name(state, name, set(ids)) for name in names if names[name] == 1]
    # A topic that was named both ways is not deleted at all.
    both = {result.topic_id for result in deleted if result.error_code == ErrorCode.INVALID_REQUEST}
    deleted = [result for result in deleted if result.topic_id not in both or result.error_code != ErrorCode.NONE]
    records = [RemoveTopicRecord(topic_id=result.topic_id) for result in deleted if result.error_code == ErrorCode.NONE]
    check_count(records)
    return Result(records, DeleteTopicsResponse(responses=refused + deleted))


def _named(request: DeleteTopicsRequest) -> tuple[Counter[str], Counter[bytes], list[_Deleted]]:
    """The names and the ids in a request, how often each, and the answers to what is neither."""
    names = Counter(request.topic_names)
    ids: Counter[bytes] = Counter()
    refused: list[_Deleted] = []
    for topic in request.topics:
        by_id = topic.topic_id != ZERO_UUID
        if topic.name is None and not by_id:
            refused.append(_refused(None, ZERO_UUID, "Neither topic name nor id were specified."))
        elif topic.name is not None and by_id:
            refused.append(_refused(topic.name, topic.topic_id, "You may not specify both topic name and topic id."))
        elif topic.name is not None:
            names[topic.name] += 1
        else:
            ids[topic.topic_id] += 1
    return names, ids, refused


def _refused(name: str | None, topic_id: bytes, reason: str) -> _Deleted:
    return _Deleted(name=name, topic_id=topic_id, error_code=ErrorCode.INVALID_REQUEST, error_message=reason)


def _delete_by_id(state: ControllerState, topic_id: bytes) -> _Deleted:
    topic = state.image.topics.by_id.get(topic_id)
    if topic is None:
        error = ErrorCode.UNKNOWN_TOPIC_ID
        return _Deleted(name=None, topic_id=topic_id, error_code=error, error_message=error.text)
    return _Deleted(name=topic.name, topic_id=topic_id)


def _delete_by_name(state: ControllerState, name: str, taken: set[bytes]) -> _Deleted:
    topic = state.image.topics.by_name(name)
    if topic is None:
        error = ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
        return _Deleted(name=name, error_code=error, error_message=error.text)
    if topic.id in taken:
        return _refused(name, topic.id, "The provided topic name maps to an ID that was already supplied.")
    return _Deleted(name=name, topic_id=topic.id)
