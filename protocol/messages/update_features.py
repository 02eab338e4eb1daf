"""UpdateFeatures, API key 57. Written by barnabas.protocol.generate: do not edit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from barnabas.protocol.api_keys import ApiKey
from barnabas.protocol.message import FieldFacts, RequestMessage, ResponseMessage, Struct


class UpdateFeaturesRequest(RequestMessage):
    """UpdateFeaturesRequest: versions 0 to 2, flexible from 0."""

    __slots__ = ("timeout_ms", "feature_updates", "validate_only")
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("timeout_ms", "int32", (0, 32767), None, None, -1, 60000, False, True),
        ("feature_updates", "[]FeatureUpdateKey", (0, 32767), None, None, -1, (), False, True),
        ("validate_only", "bool", (1, 32767), None, None, -1, False, False, True),
    )
    NAME: ClassVar[str] = "UpdateFeaturesRequest"
    VERSIONS: ClassVar[tuple[int, int]] = (0, 2)
    FLEXIBLE_FROM: ClassVar[int | None] = 0
    API_KEY: ClassVar[ApiKey] = ApiKey.UPDATE_FEATURES

    class FeatureUpdateKey(Struct):
        """A struct of UpdateFeaturesRequest."""

        __slots__ = ("feature", "max_version_level", "allow_downgrade", "upgrade_type")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("feature", "string", (0, 32767), None, None, -1, "", False, True),
            ("max_version_level", "int16", (0, 32767), None, None, -1, 0, False, True),
            ("allow_downgrade", "bool", (0, 0), None, None, -1, False, False, True),
            ("upgrade_type", "int8", (1, 32767), None, None, -1, 1, False, True),
        )

        def __init__(
            self,
            *,
            feature: str = "",
            max_version_level: int = 0,
            allow_downgrade: bool = False,
            upgrade_type: int = 1,
        ) -> None:
            self.feature: str = feature
            self.max_version_level: int = max_version_level
            self.allow_downgrade: bool = allow_downgrade
            self.upgrade_type: int = upgrade_type

    def __init__(
        self,
        *,
        timeout_ms: int = 60000,
        feature_updates: Iterable[UpdateFeaturesRequest.FeatureUpdateKey] = (),
        validate_only: bool = False,
    ) -> None:
        self.timeout_ms: int = timeout_ms
        self.feature_updates: list[UpdateFeaturesRequest.FeatureUpdateKey] = list(feature_updates)
        self.validate_only: bool = validate_only


class UpdateFeaturesResponse(ResponseMessage):
    """UpdateFeaturesResponse: versions 0 to 2, flexible from 0."""

    __slots__ = ("throttle_time_ms", "error_code", "error_message", "results")
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("throttle_time_ms", "int32", (0, 32767), None, None, -1, 0, False, True),
        ("error_code", "int16", (0, 32767), None, None, -1, 0, False, True),
        ("error_message", "string", (0, 32767), (0, 32767), None, -1, "", False, True),
        ("results", "[]UpdatableFeatureResult", (0, 1), None, None, -1, (), True, True),
    )
    NAME: ClassVar[str] = "UpdateFeaturesResponse"
    VERSIONS: ClassVar[tuple[int, int]] = (0, 2)
    FLEXIBLE_FROM: ClassVar[int | None] = 0
    API_KEY: ClassVar[ApiKey] = ApiKey.UPDATE_FEATURES

    class UpdatableFeatureResult(Struct):
        """A struct of UpdateFeaturesResponse."""

        __slots__ = ("feature", "error_code", "error_message")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("feature", "string", (0, 32767), None, None, -1, "", False, True),
            ("error_code", "int16", (0, 32767), None, None, -1, 0, False, True),
            ("error_message", "string", (0, 32767), (0, 32767), None, -1, "", False, True),
        )

        def __init__(
            self,
            *,
            feature: str = "",
            error_code: int = 0,
            error_message: str | None = "",
        ) -> None:
            self.feature: str = feature
            self.error_code: int = error_code
            self.error_message: str | None = error_message

    def __init__(
        self,
        *,
        throttle_time_ms: int = 0,
        error_code: int = 0,
        error_message: str | None = "",
        results: Iterable[UpdateFeaturesResponse.UpdatableFeatureResult] = (),
    ) -> None:
        self.throttle_time_ms: int = throttle_time_ms
        self.error_code: int = error_code
        self.error_message: str | None = error_message
        self.results: list[UpdateFeaturesResponse.UpdatableFeatureResult] = list(results)
