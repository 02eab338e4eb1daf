"""IncrementalAlterConfigs and the older AlterConfigs: the configuration of topics, brokers and groups.

Each resource is changed wholly or not at all. Where min.insync.replicas changes, eligible leader replicas are looked
at in the same decision, because what they are worth depends on it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial

from barnabas.controller.election import changes_after_min_isr
from barnabas.controller.state import ControllerState
from barnabas.controller.topics import check_count
from barnabas.metadata.configs import CLUSTER_DEFAULT, AlterOperation, ConfigsDelta, ResourceKey
from barnabas.metadata.group_configs import validate_group_configs
from barnabas.metadata.records import ConfigRecord, MetadataRecord, ResourceType
from barnabas.metadata.topic_configs import MIN_INSYNC_REPLICAS, BrokerConfigs, topic_configs, validate_topic_configs
from barnabas.metadata.topic_names import reason_invalid
from barnabas.protocol.errors import ErrorCode, WireError
from barnabas.protocol.messages.alter_configs import AlterConfigsRequest, AlterConfigsResponse
from barnabas.protocol.messages.incremental_alter_configs import (
    IncrementalAlterConfigsRequest,
    IncrementalAlterConfigsResponse,
)
from barnabas.server.definitions import node_definitions
from barnabas.server.runtime import Result

Changes = dict[str, str | None]
"""New values by name; None takes a value away."""


def handle_incremental_alter_configs(
    state: ControllerState, request: IncrementalAlterConfigsRequest
) -> Result[MetadataRecord, IncrementalAlterConfigsResponse]:
    """A resource that is named twice fails, and so does one with a key that is named twice."""
    batch = _Batch(state, ((resource.resource_type, resource.resource_name) for resource in request.resources))
    response = IncrementalAlterConfigsResponse()
    for resource in request.resources:
        answer = IncrementalAlterConfigsResponse.AlterConfigsResourceResponse(
            resource_type=resource.resource_type, resource_name=resource.resource_name, error_message=None
        )
        response.responses.append(answer)
        try:
            batch.change(
                (resource.resource_type, resource.resource_name),
                partial(_operated, resource.resource_type, resource.configs),
            )
        except WireError as error:
            answer.error_code, answer.error_message = error.code, error.message
    return Result([] if request.validate_only else batch.records(), response)


def handle_alter_configs(
    state: ControllerState, request: AlterConfigsRequest
) -> Result[MetadataRecord, AlterConfigsResponse]:
    """What is not named in the request is taken away."""
    batch = _Batch(state, ((resource.resource_type, resource.resource_name) for resource in request.resources))
    response = AlterConfigsResponse()
    for resource in request.resources:
        answer = AlterConfigsResponse.AlterConfigsResourceResponse(
            resource_type=resource.resource_type, resource_name=resource.resource_name, error_message=None
        )
        response.responses.append(answer)
        try:
            batch.change(
                (resource.resource_type, resource.resource_name),
                partial(_replaced, resource.configs),
            )
        except WireError as error:
            answer.error_code, answer.error_message = error.code, error.message
    return Result([] if request.validate_only else batch.records(), response)


class _Batch:
    """The changes of one request, resource by resource."""

    def __init__(self, state: ControllerState, resources: Iterable[ResourceKey]) -> None:
        self._state = state
        self._times = Counter(resources)
        self._records: list[ConfigRecord] = []

    def change(self, resource: ResourceKey, decide: Callable[[Mapping[str, str]], Changes]) -> None:
        """Adds what `decide` makes of the resource's present configuration. Raises `WireError` and adds nothing."""
        state = self._state
        if self._times[resource] > 1:
            raise WireError(ErrorCode.INVALID_REQUEST, "Duplicate resource.")
        _check_name(resource)
        current = state.image.configs.of(*resource)
        changes = decide(current)
        after = {name: value for name, value in {**current, **changes}.items() if value is not None}
        if resource[0] == ResourceType.TOPIC:
            validate_topic_configs(after, state.broker_configs())
        elif resource[0] == ResourceType.GROUP:
            validate_group_configs(after, partial(_setting, state.broker_configs()))
        else:
            _check_broker_values(changes)
            _check_min_isr(state, resource, changes)
        _check_exists(state, resource)
        for name, value in changes.items():
            # Brokers get unchanged values as well: that makes them read a renewed key store again.
            if value != current.get(name) or resource[0] == ResourceType.BROKER:
                self._records.append(
                    ConfigRecord(resource_type=resource[0], resource_name=resource[1], name=name, value=value)
                )

    def records(self) -> list[MetadataRecord]:
        """All changes, and what follows from them."""
        delta = ConfigsDelta(self._state.image.configs)
        for record in self._records:
            delta.replay(record)
        records: list[MetadataRecord] = [*self._records]
        if self._state.image.features.elr_enabled:
            configs = delta.apply()
            for topic_name in _min_isr_changed(self._records):
                records += changes_after_min_isr(self._state, configs, topic_name)
        check_count(self._records)
        return records


def _min_isr_changed(records: Iterable[ConfigRecord]) -> Iterator[str | None]:
    """The topics whose min.insync.replicas is another now; only None, which is all of them, where the default is."""
    changed = [record for record in records if record.name == MIN_INSYNC_REPLICAS]
    if any(record.resource_type == ResourceType.BROKER for record in changed):
        yield None
    else:
        yield from (record.resource_name for record in changed)


def _operated(
    resource_type: int,
    configs: Iterable[IncrementalAlterConfigsRequest.AlterableConfig],
    current: Mapping[str, str],
) -> Changes:
    configs = list(configs)
    _check_names(config.name for config in configs)
    nulls = [
        config.name for config in configs if config.value is None and config.config_operation != AlterOperation.DELETE
    ]
    if nulls:
        raise WireError(ErrorCode.INVALID_REQUEST, f"Null value not supported for : {', '.join(nulls)}")
    changes: Changes = {}
    for config in configs:
        value = config.value or ""
        match config.config_operation:
            case AlterOperation.SET:
                changes[config.name] = value
            case AlterOperation.DELETE:
                changes[config.name] = None
            case AlterOperation.APPEND | AlterOperation.SUBTRACT:
                operation = AlterOperation(config.config_operation)
                changes[config.name] = _listed(resource_type, config.name, operation, value, current)
            case unknown:
                raise WireError(ErrorCode.INVALID_REQUEST, f"Unknown operation {unknown} for {config.name}.")
    return changes


def _listed(resource_type: int, name: str, operation: AlterOperation, value: str, current: Mapping[str, str]) -> str:
    """A list with these values added or taken away."""
    definition = None
    if resource_type != ResourceType.GROUP:  # whose configurations have no lists
        definition = (topic_configs() if resource_type == ResourceType.TOPIC else node_definitions()).get(name)
    if definition is None or definition.type != "LIST":
        raise WireError(ErrorCode.INVALID_CONFIG, f"Can't {operation.name} to key {name} because its type is not LIST.")
    default = definition.default
    present = current.get(name, ",".join(default) if isinstance(default, list) else str(default or ""))
    values = [item for item in present.split(",") if item]
    for item in value.split(","):
        if operation is AlterOperation.SUBTRACT:
            values = [kept for kept in values if kept != item]
        elif item not in values:
            values.append(item)
    return ",".join(values)


def _replaced(configs: Iterable[AlterConfigsRequest.AlterableConfig], current: Mapping[str, str]) -> Changes:
    configs = list(configs)
    _check_names(config.name for config in configs)
    nulls = [config.name for config in configs if config.value is None]
    if nulls:
        raise WireError(ErrorCode.INVALID_REQUEST, f"Null value not supported for : {', '.join(nulls)}")
    changes: Changes = {config.name: config.value for config in configs}
    return changes | {name: None for name in current if name not in changes}


def _check_names(names: Iterable[str]) -> None:
    if any(times > 1 for times in Counter(names).values()):
        raise WireError(ErrorCode.INVALID_REQUEST, "Error due to duplicate config keys")


def _check_name(resource: ResourceKey) -> None:
    kind, name = resource
    if kind == ResourceType.TOPIC:
        if not name:
            raise WireError(ErrorCode.INVALID_REQUEST, "Default topic resources are not allowed.")
        reason = reason_invalid(name)
        if reason is not None:
            raise WireError(ErrorCode.INVALID_TOPIC_EXCEPTION, reason)
    elif kind == ResourceType.BROKER:
        if name and not name.removeprefix("-").isdecimal():
            raise WireError(ErrorCode.INVALID_REQUEST, "Unable to parse broker name as a base 10 number.")
        if name.startswith("-"):
            raise WireError(ErrorCode.INVALID_REQUEST, "Invalid negative broker ID.")
    elif kind == ResourceType.GROUP:
        if not name:
            raise WireError(ErrorCode.INVALID_REQUEST, "Default group resources are not allowed.")
    elif kind in tuple(ResourceType):
        raise WireError(ErrorCode.INVALID_REQUEST, f"Unexpected resource type {ResourceType(kind).name}.")
    else:
        raise WireError(ErrorCode.UNSUPPORTED_VERSION, f"Unknown resource type {kind}.")


def _check_exists(state: ControllerState, resource: ResourceKey) -> None:
    kind, name = resource
    if kind == ResourceType.TOPIC:
        if state.image.topics.by_name(name) is None:
            raise WireError(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, f"The topic '{name}' does not exist.")
    elif kind == ResourceType.BROKER and name:
        nodes = {state.config.node_id, *state.image.cluster.controllers, *state.image.cluster.brokers}
        if int(name) not in nodes:
            raise WireError(ErrorCode.BROKER_ID_NOT_REGISTERED, f"No node with id {name} found.")


def _setting(brokers: BrokerConfigs, name: str) -> int:
    """A setting of brokers, a whole number, as this controller sees it."""
    for values, _ in brokers.layers():
        if name in values:
            return int(values[name])
    return int(str(node_definitions()[name].default))


def _check_broker_values(changes: Changes) -> None:
    """Which of its settings a broker can change while it runs is known to the broker; what the values mean, to all."""
    definitions = node_definitions()
    for name, value in changes.items():
        if value is not None and name in definitions:
            try:
                definitions[name].parse(value)
            except ValueError as error:
                raise WireError(
                    ErrorCode.INVALID_CONFIG, f"Invalid value {value} for configuration {name}: {error}"
                ) from error


def _check_min_isr(state: ControllerState, resource: ResourceKey, changes: Changes) -> None:
    """All brokers share one min.insync.replicas while eligible leader replicas are in use, and there always is one."""
    if MIN_INSYNC_REPLICAS not in changes or not state.image.features.elr_enabled:
        return
    if resource != CLUSTER_DEFAULT:
        raise WireError(
            ErrorCode.INVALID_CONFIG, "Broker-level min.insync.replicas cannot be altered while ELR is enabled."
        )
    if changes[MIN_INSYNC_REPLICAS] is None:
        raise WireError(
            ErrorCode.INVALID_CONFIG, "Cluster-level min.insync.replicas cannot be removed while ELR is enabled."
        )
