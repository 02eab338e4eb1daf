"""ApiVersions, API key 18. Written by barnabas.protocol.generate: do not edit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from barnabas.protocol.api_keys import ApiKey
from barnabas.protocol.message import FieldFacts, RequestMessage, ResponseMessage, Struct


class ApiVersionsRequest(RequestMessage):
    """ApiVersionsRequest: versions 0 to 4, flexible from 3."""

    __slots__ = ("client_software_name", "client_software_version")
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("client_software_name", "string", (3, 32767), None, None, -1, "", True, True),
        ("client_software_version", "string", (3, 32767), None, None, -1, "", True, True),
    )
    NAME: ClassVar[str] = "ApiVersionsRequest"
    VERSIONS: ClassVar[tuple[int, int]] = (0, 4)
    FLEXIBLE_FROM: ClassVar[int | None] = 3
    API_KEY: ClassVar[ApiKey] = ApiKey.API_VERSIONS

    def __init__(
        self,
        *,
        client_software_name: str = "",
        client_software_version: str = "",
    ) -> None:
        self.client_software_name: str = client_software_name
        self.client_software_version: str = client_software_version


class ApiVersionsResponse(ResponseMessage):
    """ApiVersionsResponse: versions 0 to 4, flexible from 3."""

    __slots__ = (
        "error_code",
        "api_keys",
        "throttle_time_ms",
        "supported_features",
        "finalized_features_epoch",
        "finalized_features",
        "zk_migration_ready",
    )
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("error_code", "int16", (0, 32767), None, None, -1, 0, False, True),
        ("api_keys", "[]ApiVersion", (0, 32767), None, None, -1, (), False, True),
        ("throttle_time_ms", "int32", (1, 32767), None, None, -1, 0, True, True),
        ("supported_features", "[]SupportedFeatureKey", (3, 32767), None, (3, 32767), 0, (), True, True),
        ("finalized_features_epoch", "int64", (3, 32767), None, (3, 32767), 1, -1, True, True),
        ("finalized_features", "[]FinalizedFeatureKey", (3, 32767), None, (3, 32767), 2, (), True, True),
        ("zk_migration_ready", "bool", (3, 32767), None, (3, 32767), 3, False, True, True),
    )
    NAME: ClassVar[str] = "ApiVersionsResponse"
    VERSIONS: ClassVar[tuple[int, int]] = (0, 4)
    FLEXIBLE_FROM: ClassVar[int | None] = 3
    API_KEY: ClassVar[ApiKey] = ApiKey.API_VERSIONS

    class ApiVersion(Struct):
        """A struct of ApiVersionsResponse."""

        __slots__ = ("api_key", "min_version", "max_version")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("api_key", "int16", (0, 32767), None, None, -1, 0, False, True),
            ("min_version", "int16", (0, 32767), None, None, -1, 0, False, True),
            ("max_version", "int16", (0, 32767), None, None, -1, 0, False, True),
        )

        def __init__(
            self,
            *,
            api_key: int = 0,
            min_version: int = 0,
            max_version: int = 0,
        ) -> None:
            self.api_key: int = api_key
            self.min_version: int = min_version
            self.max_version: int = max_version

    class SupportedFeatureKey(Struct):
        """A struct of ApiVersionsResponse."""

        __slots__ = ("name", "min_version", "max_version")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("name", "string", (3, 32767), None, None, -1, "", False, True),
            ("min_version", "int16", (3, 32767), None, None, -1, 0, False, True),
            ("max_version", "int16", (3, 32767), None, None, -1, 0, False, True),
        )

        def __init__(
            self,
            *,
            name: str = "",
            min_version: int = 0,
            max_version: int = 0,
        ) -> None:
            self.name: str = name
            self.min_version: int = min_version
            self.max_version: int = max_version

    class FinalizedFeatureKey(Struct):
        """A struct of ApiVersionsResponse."""

        __slots__ = ("name", "max_version_level", "min_version_level")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("name", "string", (3, 32767), None, None, -1, "", False, True),
            ("max_version_level", "int16", (3, 32767), None, None, -1, 0, False, True),
            ("min_version_level", "int16", (3, 32767), None, None, -1, 0, False, True),
        )

        def __init__(
            self,
            *,
            name: str = "",
            max_version_level: int = 0,
            min_version_level: int = 0,
        ) -> None:
            self.name: str = name
            self.max_version_level: int = max_version_level
            self.min_version_level: int = min_version_level

    def __init__(
        self,
        *,
        error_code: int = 0,
        api_keys: Iterable[ApiVersionsResponse.ApiVersion] = (),
        throttle_time_ms: int = 0,
        supported_features: Iterable[ApiVersionsResponse.SupportedFeatureKey] = (),
        finalized_features_epoch: int = -1,
        finalized_features: Iterable[ApiVersionsResponse.FinalizedFeatureKey] = (),
        zk_migration_ready: bool = False,
    ) -> None:
        self.error_code: int = error_code
        self.api_keys: list[ApiVersionsResponse.ApiVersion] = list(api_keys)
        self.throttle_time_ms: int = throttle_time_ms
        self.supported_features: list[ApiVersionsResponse.SupportedFeatureKey] = list(supported_features)
        self.finalized_features_epoch: int = finalized_features_epoch
        self.finalized_features: list[ApiVersionsResponse.FinalizedFeatureKey] = list(finalized_features)
        self.zk_migration_ready: bool = zk_migration_ready
