"""AlterConfigs (v0–v2) and IncrementalAlterConfigs (v0, v1).

The broker checks what only it can judge (its own settings, by their definitions) and what concerns the form of the
request; the controller decides on the rest. The answers of both are put together in the order of the request.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, TypeAlias

from barnabas.broker.config_view import ConfigView, dynamic_broker_configs, parse_broker_id
from barnabas.broker.controller_channel import ControllerUnavailable
from barnabas.broker.forwarding import Forwarder, Origin, UnsupportedByController
from barnabas.metadata.configs import AlterOperation, ResourceKey
from barnabas.metadata.records import ResourceType
from barnabas.protocol.errors import ErrorCode, WireError
from barnabas.protocol.messages.alter_configs import AlterConfigsRequest, AlterConfigsResponse
from barnabas.protocol.messages.incremental_alter_configs import (
    IncrementalAlterConfigsRequest,
    IncrementalAlterConfigsResponse,
)
from barnabas.server.definitions import node_definitions
from barnabas.server.dispatch import Request

AlterRequest: TypeAlias = AlterConfigsRequest | IncrementalAlterConfigsRequest
AlterResource: TypeAlias = (
    AlterConfigsRequest.AlterConfigsResource | IncrementalAlterConfigsRequest.AlterConfigsResource
)
AlterableConfig: TypeAlias = AlterConfigsRequest.AlterableConfig | IncrementalAlterConfigsRequest.AlterableConfig

_Incremental: TypeAlias = IncrementalAlterConfigsRequest.AlterConfigsResource


class AlterConfigsHandler:
    """Serves both APIs."""

    def __init__(self, forwarder: Forwarder, view: ConfigView) -> None:
        self._forwarder = forwarder
        self._view = view

    async def handle(self, request: Request[AlterRequest]) -> None:
        body = request.body
        errors = self.check(body)
        remaining = [resource for resource in body.resources if _key(resource) not in errors]
        if remaining:
            try:
                errors.update(await self._forward(request, remaining))
            except ControllerUnavailable as error:
                reason = str(error)
                errors.update(
                    {_key(resource): WireError(ErrorCode.REQUEST_TIMED_OUT, reason) for resource in remaining}
                )
            except UnsupportedByController as error:
                request.close(str(error))
                return
        request.reply(_answer(body, errors))

    def check(self, body: AlterRequest) -> dict[ResourceKey, WireError]:
        """The resources that the controller need not see, with what is wrong about them."""
        errors: dict[ResourceKey, WireError] = {}
        seen: set[ResourceKey] = set()
        for resource in body.resources:
            key = _key(resource)
            if key in seen:
                errors[key] = WireError(ErrorCode.INVALID_REQUEST, "Each resource must appear at most once.")
                continue
            seen.add(key)
            try:
                self._check_resource(resource)
            except WireError as error:
                errors[key] = error
        return errors

    def _check_resource(self, resource: AlterResource) -> None:
        configs = _configs(resource)
        names = [config.name for config in configs]
        if len(set(names)) < len(names):
            raise _invalid("Error due to duplicate config keys")
        operations = [getattr(config, "config_operation", AlterOperation.SET) for config in configs]
        unknown = [operation for operation in operations if operation not in iter(AlterOperation)]
        if unknown:
            raise _invalid(f"Unknown operations type {unknown[0]}")
        null = [
            config.name
            for config, operation in zip(configs, operations, strict=True)
            if config.value is None and operation != AlterOperation.DELETE
        ]
        if null:
            raise _invalid(f"Null value not supported for : {', '.join(null)}")
        match resource.resource_type:
            case ResourceType.TOPIC | ResourceType.GROUP:
                return
            case ResourceType.BROKER:
                self._check_broker(resource, operations)
            case ResourceType.BROKER_LOGGER if isinstance(
                resource, IncrementalAlterConfigsRequest.AlterConfigsResource
            ):
                raise _invalid("The levels of loggers cannot be changed while the broker runs")
            case other:
                raise _invalid(f"Unknown resource type {other}")

    def _check_broker(self, resource: AlterResource, operations: Iterable[int]) -> None:
        name = resource.resource_name
        if name:
            self._check_broker_id(name)
        definitions, dynamic = node_definitions(), dynamic_broker_configs()
        configs = _configs(resource)
        static = [config.name for config in configs if config.name in definitions.keys() - dynamic]
        if static:
            raise _invalid(f"Cannot update these configs dynamically: Set({', '.join(static)})")
        for config, operation in zip(configs, operations, strict=True):
            definition = definitions.get(config.name)
            if operation == AlterOperation.DELETE or config.value is None:
                continue
            if operation != AlterOperation.SET and (definition is None or definition.type != "LIST"):
                verb = AlterOperation(operation).name.lower()
                raise WireError(
                    ErrorCode.INVALID_CONFIG, f"Config value {verb} is not allowed for config key: {config.name}"
                )
            if definition is not None:
                try:
                    definition.parse(config.value)
                except ValueError as error:
                    raise _invalid(f"Invalid value {config.value} for configuration {config.name}: {error}") from None

    def _check_broker_id(self, name: str) -> None:
        expected = self._view.broker_id
        broker_id = parse_broker_id(name)
        if broker_id is None:
            raise _invalid(f"Node id must be an integer, but it is: {name}")
        if broker_id != expected:
            raise _invalid(f"Unexpected broker id, expected {expected}, but received {name}")

    async def _forward(
        self, request: Request[AlterRequest], resources: list[AlterResource]
    ) -> Iterator[tuple[ResourceKey, WireError]]:
        """The controller's answer to each of the resources."""
        part = _with_resources(request.body, resources)
        response: Any = await self._forwarder.forward(Origin.of(request), part, request.version)
        return (
            (
                (answer.resource_type, answer.resource_name),
                WireError(ErrorCode.of(answer.error_code), answer.error_message),
            )
            for answer in response.responses
        )


def _with_resources(body: AlterRequest, resources: list[AlterResource]) -> AlterRequest:
    if isinstance(body, AlterConfigsRequest):
        legacy = [part for part in resources if isinstance(part, AlterConfigsRequest.AlterConfigsResource)]
        return AlterConfigsRequest(resources=legacy, validate_only=body.validate_only)
    parts = [part for part in resources if isinstance(part, _Incremental)]
    return IncrementalAlterConfigsRequest(resources=parts, validate_only=body.validate_only)


def _answer(
    body: AlterRequest, errors: dict[ResourceKey, WireError]
) -> AlterConfigsResponse | IncrementalAlterConfigsResponse:
    nothing = WireError(ErrorCode.UNKNOWN_SERVER_ERROR, "The controller did not answer for this resource")
    found = [(resource, errors.get(_key(resource), nothing)) for resource in body.resources]
    if isinstance(body, AlterConfigsRequest):
        return AlterConfigsResponse(
            responses=[
                AlterConfigsResponse.AlterConfigsResourceResponse(
                    error_code=error.code,
                    error_message=error.message,
                    resource_type=resource.resource_type,
                    resource_name=resource.resource_name,
                )
                for resource, error in found
            ]
        )
    return IncrementalAlterConfigsResponse(
        responses=[
            IncrementalAlterConfigsResponse.AlterConfigsResourceResponse(
                error_code=error.code,
                error_message=error.message,
                resource_type=resource.resource_type,
                resource_name=resource.resource_name,
            )
            for resource, error in found
        ]
    )


def _configs(resource: AlterResource) -> list[AlterableConfig]:
    return [*resource.configs]


def _key(resource: AlterResource) -> ResourceKey:
    return resource.resource_type, resource.resource_name


def _invalid(reason: str) -> WireError:
    return WireError(ErrorCode.INVALID_REQUEST, reason)
