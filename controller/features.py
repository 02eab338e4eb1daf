"""UpdateFeatures, and the levels with which a new cluster starts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import IntEnum

from barnabas.controller.state import ControllerState
from barnabas.metadata.delta import MetadataDelta
from barnabas.metadata.features import KRAFT_VERSION, METADATA_VERSION, NEW_CLUSTER_LEVELS, SUPPORTED
from barnabas.metadata.records import ConfigRecord, FeatureLevelRecord, FeatureRange, MetadataRecord, ResourceType
from barnabas.metadata.topic_configs import MIN_INSYNC_REPLICAS, effective_config
from barnabas.protocol.errors import ErrorCode, WireError
from barnabas.protocol.messages.update_features import UpdateFeaturesRequest, UpdateFeaturesResponse
from barnabas.server.runtime import Result


class UpgradeType(IntEnum):
    """How a feature's level may change."""

    UPGRADE = 1
    SAFE_DOWNGRADE = 2
    UNSAFE_DOWNGRADE = 3


def bootstrap_records(state: ControllerState, formatted: Sequence[MetadataRecord] = ()) -> Iterator[MetadataRecord]:
    """What the first leader of a new cluster writes: what it was formatted with, and the levels that leaves open.

    Nothing once that is there. Eligible leader replicas need one min.insync.replicas for all: it is set as the
    default of all brokers.
    """
    delta = MetadataDelta(state.image)
    if state.image.features.level(METADATA_VERSION) == 0:
        given = {record.name for record in formatted if isinstance(record, FeatureLevelRecord)}
        levels = (FeatureLevelRecord(name=name, feature_level=level) for name, level in NEW_CLUSTER_LEVELS.items())
        for record in (*formatted, *(level for level in levels if level.name not in given)):
            delta.replay(record)
            yield record
    image = delta.apply(state.image.offset, state.image.epoch)
    if image.features.elr_enabled and MIN_INSYNC_REPLICAS not in image.configs.of_all_brokers():
        min_isr = effective_config(MIN_INSYNC_REPLICAS, {}, state.broker_configs()).value
        yield ConfigRecord(resource_type=ResourceType.BROKER, resource_name="", name=MIN_INSYNC_REPLICAS, value=min_isr)


def handle_update_features(
    state: ControllerState, request: UpdateFeaturesRequest
) -> Result[MetadataRecord, UpdateFeaturesResponse]:
    """v0: `allow_downgrade`.

    V1 and later: an upgrade type, and validate_only. From v2 one error is for the whole request.
    """
    records: list[MetadataRecord] = []
    response = UpdateFeaturesResponse()
    for update in request.feature_updates:
        kind = UpgradeType.UNSAFE_DOWNGRADE if update.allow_downgrade else update.upgrade_type
        records += _update(state, update.feature, update.max_version_level, kind)
        response.results.append(
            UpdateFeaturesResponse.UpdatableFeatureResult(feature=update.feature, error_message=None)
        )
    return Result([] if request.validate_only else records, response)


def _update(state: ControllerState, name: str, level: int, kind: int) -> Iterator[MetadataRecord]:
    def refused(reason: str) -> WireError:
        return WireError(
            ErrorCode.INVALID_UPDATE_VERSION, f"Invalid update version {level} for feature {name}. {reason}"
        )

    if kind not in tuple(UpgradeType):
        raise refused("The controller does not support the given upgrade type.")
    if level < 0:
        raise refused("A feature version cannot be less than 0.")
    reason = _reason_not_supported(state, name, level)
    if reason is not None:
        raise refused(reason)
    if name not in SUPPORTED:
        raise refused("There is no such feature.")
    current = 1 if name == KRAFT_VERSION else state.image.features.level(name)
    if level < current and kind == UpgradeType.UPGRADE:
        raise refused(
            "Can't downgrade the version of this feature without setting the upgrade type to either safe or unsafe "
            "downgrade."
        )
    if level > current and kind != UpgradeType.UPGRADE:
        raise refused("Can't downgrade to a newer version.")
    if level < current:
        raise refused("Refusing to perform the requested downgrade because it might delete metadata information.")
    if level > current:
        yield FeatureLevelRecord(name=name, feature_level=level)


def _reason_not_supported(state: ControllerState, name: str, level: int) -> str | None:
    reason = _reason_outside("Local controller " + str(state.config.node_id), SUPPORTED.get(name), level)
    for broker_id, broker in sorted(state.image.cluster.brokers.items()):
        reason = reason or _reason_outside(f"Broker {broker_id}", broker.features.get(name), level)
    for controller_id, controller in sorted(state.image.cluster.controllers.items()):
        reason = reason or _reason_outside(f"Controller {controller_id}", controller.features.get(name), level)
    return reason


def _reason_outside(who: str, supported: FeatureRange | None, level: int) -> str | None:
    if supported is None:
        return None if level == 0 else f"{who} does not support this feature."
    if supported.min_supported <= level <= supported.max_supported:
        return None
    return f"{who} only supports versions {supported.min_supported}-{supported.max_supported}"
