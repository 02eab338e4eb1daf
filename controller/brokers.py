"""Which brokers and controllers there are: registration, leaving, and what fencing does to partitions."""

from __future__ import annotations

from collections.abc import Iterator

from barnabas.controller.election import changes_after_unclean_shutdown, changes_with, changes_without
from barnabas.controller.state import ControllerState
from barnabas.metadata.features import METADATA_VERSION
from barnabas.metadata.records import (
    BrokerRegistrationChangeRecord,
    ControlledShutdownChange,
    Endpoint,
    FeatureRange,
    FencingChange,
    MetadataRecord,
    RegisterBrokerRecord,
    RegisterControllerRecord,
    UnregisterBrokerRecord,
)
from barnabas.protocol.errors import ErrorCode, WireError
from barnabas.protocol.messages.broker_registration import BrokerRegistrationRequest, BrokerRegistrationResponse
from barnabas.protocol.messages.controller_registration import (
    ControllerRegistrationRequest,
    ControllerRegistrationResponse,
)
from barnabas.protocol.messages.unregister_broker import UnregisterBrokerRequest, UnregisterBrokerResponse
from barnabas.protocol.types import uuid_text
from barnabas.server.runtime import Result

_RESERVED_DIRECTORIES = 100
"""Directory ids up to this number have a meaning of their own."""


def fence(state: ControllerState, broker_id: int) -> Iterator[MetadataRecord]:
    """The broker serves no more: it leaves every ISR, and others lead; then it is fenced."""
    yield from changes_without(state, broker_id)
    yield BrokerRegistrationChangeRecord(
        broker_id=broker_id,
        broker_epoch=state.image.cluster.brokers[broker_id].epoch,
        fenced=FencingChange.FENCE,
    )


def unfence(state: ControllerState, broker_id: int) -> Iterator[MetadataRecord]:
    """The broker serves from now on, and leads what has no leader, if it may."""
    yield BrokerRegistrationChangeRecord(
        broker_id=broker_id,
        broker_epoch=state.image.cluster.brokers[broker_id].epoch,
        fenced=FencingChange.UNFENCE,
    )
    yield from changes_with(state, broker_id)


def begin_shutdown(state: ControllerState, broker_id: int) -> Iterator[MetadataRecord]:
    """The broker wants to stop: it leaves every ISR, and others lead, while it still answers."""
    broker = state.image.cluster.brokers[broker_id]
    if not broker.in_controlled_shutdown:
        yield BrokerRegistrationChangeRecord(
            broker_id=broker_id,
            broker_epoch=broker.epoch,
            in_controlled_shutdown=ControlledShutdownChange.IN_CONTROLLED_SHUTDOWN,
        )
    yield from changes_without(state, broker_id)


def directories_failed(state: ControllerState, broker_id: int, failed: list[bytes]) -> Iterator[MetadataRecord]:
    """Log directories of the broker have failed: it serves nothing in them any more."""
    broker = state.image.cluster.brokers[broker_id]
    lost = set(failed).intersection(broker.directories)
    if not lost:
        return
    hosted = state.image.topics.hosted_by(broker_id)
    yield from changes_without(
        state, broker_id, (partition for partition in hosted if partition.directory(broker_id) in lost)
    )
    yield BrokerRegistrationChangeRecord(
        broker_id=broker_id,
        broker_epoch=broker.epoch,
        log_dirs=tuple(directory for directory in broker.directories if directory not in lost),
    )


def handle_broker_registration(
    state: ControllerState, request: BrokerRegistrationRequest, now: float
) -> Result[MetadataRecord, BrokerRegistrationResponse]:
    """v2 added the log directories, v3 the epoch of the last clean shutdown.

    The same incarnation only amends its registration, and keeps its epoch and its fence.
    """
    _check_cluster(state, request.cluster_id)
    existing = state.image.cluster.broker(request.broker_id)
    same = existing is not None and existing.incarnation_id == request.incarnation_id
    if not same and state.heartbeats.has_session(request.broker_id, now):
        raise WireError(ErrorCode.DUPLICATE_BROKER_REGISTRATION, "Another broker is registered with that broker id.")
    if request.is_migrating_zk_broker:
        raise WireError(ErrorCode.BROKER_ID_NOT_REGISTERED, "Controller does not support registering ZK brokers.")
    _check_directories(state, request)
    features = _features(request)
    _check_features(state, features)
    records: list[MetadataRecord] = []
    if existing is not None and not same:
        clean = existing.epoch == request.previous_broker_epoch
        left = changes_without if clean else changes_after_unclean_shutdown
        records += left(state, request.broker_id)
    # The epoch is the offset of the registration itself: who has replayed up to there has caught up with it.
    epoch = existing.epoch if existing is not None and same else state.next_offset + len(records)
    records.append(
        RegisterBrokerRecord(
            broker_id=request.broker_id,
            broker_epoch=epoch,
            incarnation_id=request.incarnation_id,
            endpoints=_endpoints(request),
            features=features,
            rack=request.rack,
            fenced=existing.fenced if existing is not None and same else True,
            in_controlled_shutdown=existing.in_controlled_shutdown if existing is not None and same else False,
            log_dirs=tuple(request.log_dirs),
        )
    )
    return Result(records, BrokerRegistrationResponse(broker_epoch=epoch), atomic=False)


def handle_unregister_broker(
    state: ControllerState, request: UnregisterBrokerRequest
) -> Result[MetadataRecord, UnregisterBrokerResponse]:
    """Take a broker out of the cluster, with what it held: as after an unclean shutdown, nobody can lead from it."""
    broker = state.image.cluster.broker(request.broker_id)
    if broker is None:
        raise WireError(
            ErrorCode.BROKER_ID_NOT_REGISTERED, f"Broker ID {request.broker_id} is not currently registered"
        )
    records: list[MetadataRecord] = [*changes_after_unclean_shutdown(state, broker.id)]
    records.append(UnregisterBrokerRecord(broker_id=broker.id, broker_epoch=broker.epoch))
    return Result(records, UnregisterBrokerResponse(), atomic=False)


def handle_controller_registration(
    state: ControllerState, request: ControllerRegistrationRequest
) -> Result[MetadataRecord, ControllerRegistrationResponse]:
    """A controller process says where it listens and what it supports."""
    record = RegisterControllerRecord(
        controller_id=request.controller_id,
        incarnation_id=request.incarnation_id,
        endpoints=_endpoints(request),
        features=_features(request),
    )
    return Result([record], ControllerRegistrationResponse())


def _endpoints(request: BrokerRegistrationRequest | ControllerRegistrationRequest) -> tuple[Endpoint, ...]:
    return tuple(
        Endpoint(
            name=listener.name,
            host=listener.host,
            port=listener.port,
            security_protocol=listener.security_protocol,
        )
        for listener in request.listeners
    )


def _features(request: BrokerRegistrationRequest | ControllerRegistrationRequest) -> tuple[FeatureRange, ...]:
    return tuple(
        FeatureRange(
            name=feature.name,
            min_supported=feature.min_supported_version,
            max_supported=feature.max_supported_version,
        )
        for feature in request.features
    )


def _check_cluster(state: ControllerState, cluster_id: str) -> None:
    expected = state.config.cluster_id
    if cluster_id != expected:
        raise WireError(
            ErrorCode.INCONSISTENT_CLUSTER_ID, f"Expected cluster ID {expected}, but got cluster ID {cluster_id}"
        )


def _check_directories(state: ControllerState, request: BrokerRegistrationRequest) -> None:
    reason = None
    directories = request.log_dirs
    if not directories:
        reason = "No directories specified in request"
    elif any(int.from_bytes(directory, "big") < _RESERVED_DIRECTORIES for directory in directories):
        reason = "Reserved directory ID in request"
    elif len(set(directories)) != len(directories):
        reason = "Duplicate directory ID in request"
    else:
        for broker in state.image.cluster.brokers.values():
            if broker.id != request.broker_id and (shared := set(broker.directories).intersection(directories)):
                reason = f"Broker {broker.id} is already registered with directory {uuid_text(min(shared))}"
    if reason is not None:
        raise WireError(ErrorCode.INVALID_REGISTRATION, reason)


def _check_features(state: ControllerState, features: tuple[FeatureRange, ...]) -> None:
    """Every finalised feature must be supported; a broker that does not name metadata.version knows its first level."""
    supported = {feature.name: (feature.min_supported, feature.max_supported) for feature in features}
    for name, level in sorted(state.image.features.levels.items()):
        first = 1 if name == METADATA_VERSION else 0
        lowest, highest = supported.get(name, (first, first))
        if not lowest <= level <= highest:
            raise WireError(
                ErrorCode.UNSUPPORTED_VERSION,
                f"Unable to register because the broker does not support finalized version {level} of {name}. "
                f"The broker wants a version between {lowest} and {highest}, inclusive.",
            )
