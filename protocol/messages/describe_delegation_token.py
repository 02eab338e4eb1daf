"""DescribeDelegationToken, API key 41. Written by barnabas.protocol.generate: do not edit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from barnabas.protocol.api_keys import ApiKey
from barnabas.protocol.message import FieldFacts, RequestMessage, ResponseMessage, Struct


class DescribeDelegationTokenRequest(RequestMessage):
    """DescribeDelegationTokenRequest: versions 1 to 3, flexible from 2."""

    __slots__ = ("owners",)
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("owners", "[]DescribeDelegationTokenOwner", (0, 32767), (0, 32767), None, -1, (), False, True),
    )
    NAME: ClassVar[str] = "DescribeDelegationTokenRequest"
    VERSIONS: ClassVar[tuple[int, int]] = (1, 3)
    FLEXIBLE_FROM: ClassVar[int | None] = 2
    API_KEY: ClassVar[ApiKey] = ApiKey.DESCRIBE_DELEGATION_TOKEN

    class DescribeDelegationTokenOwner(Struct):
        """A struct of DescribeDelegationTokenRequest."""

        __slots__ = ("principal_type", "principal_name")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("principal_type", "string", (0, 32767), None, None, -1, "", False, True),
            ("principal_name", "string", (0, 32767), None, None, -1, "", False, True),
        )

        def __init__(
            self,
            *,
            principal_type: str = "",
            principal_name: str = "",
        ) -> None:
            self.principal_type: str = principal_type
            self.principal_name: str = principal_name

    def __init__(
        self,
        *,
        owners: Iterable[DescribeDelegationTokenRequest.DescribeDelegationTokenOwner] | None = (),
    ) -> None:
        self.owners: list[DescribeDelegationTokenRequest.DescribeDelegationTokenOwner] | None = (
            None if owners is None else list(owners)
        )


class DescribeDelegationTokenResponse(ResponseMessage):
    """DescribeDelegationTokenResponse: versions 1 to 3, flexible from 2."""

    __slots__ = ("error_code", "tokens", "throttle_time_ms")
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("error_code", "int16", (0, 32767), None, None, -1, 0, False, True),
        ("tokens", "[]DescribedDelegationToken", (0, 32767), None, None, -1, (), False, True),
        ("throttle_time_ms", "int32", (0, 32767), None, None, -1, 0, False, True),
    )
    NAME: ClassVar[str] = "DescribeDelegationTokenResponse"
    VERSIONS: ClassVar[tuple[int, int]] = (1, 3)
    FLEXIBLE_FROM: ClassVar[int | None] = 2
    API_KEY: ClassVar[ApiKey] = ApiKey.DESCRIBE_DELEGATION_TOKEN

    class DescribedDelegationTokenRenewer(Struct):
        """A struct of DescribeDelegationTokenResponse."""

        __slots__ = ("principal_type", "principal_name")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("principal_type", "string", (0, 32767), None, None, -1, "", False, True),
            ("principal_name", "string", (0, 32767), None, None, -1, "", False, True),
        )

        def __init__(
            self,
            *,
            principal_type: str = "",
            principal_name: str = "",
        ) -> None:
            self.principal_type: str = principal_type
            self.principal_name: str = principal_name

    class DescribedDelegationToken(Struct):
        """A struct of DescribeDelegationTokenResponse."""

        __slots__ = (
            "principal_type",
            "principal_name",
            "token_requester_principal_type",
            "token_requester_principal_name",
            "issue_timestamp",
            "expiry_timestamp",
            "max_timestamp",
            "token_id",
            "hmac",
            "renewers",
        )
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("principal_type", "string", (0, 32767), None, None, -1, "", False, True),
            ("principal_name", "string", (0, 32767), None, None, -1, "", False, True),
            ("token_requester_principal_type", "string", (3, 32767), None, None, -1, "", False, True),
            ("token_requester_principal_name", "string", (3, 32767), None, None, -1, "", False, True),
            ("issue_timestamp", "int64", (0, 32767), None, None, -1, 0, False, True),
            ("expiry_timestamp", "int64", (0, 32767), None, None, -1, 0, False, True),
            ("max_timestamp", "int64", (0, 32767), None, None, -1, 0, False, True),
            ("token_id", "string", (0, 32767), None, None, -1, "", False, True),
            ("hmac", "bytes", (0, 32767), None, None, -1, b"", False, True),
            ("renewers", "[]DescribedDelegationTokenRenewer", (0, 32767), None, None, -1, (), False, True),
        )

        def __init__(
            self,
            *,
            principal_type: str = "",
            principal_name: str = "",
            token_requester_principal_type: str = "",
            token_requester_principal_name: str = "",
            issue_timestamp: int = 0,
            expiry_timestamp: int = 0,
            max_timestamp: int = 0,
            token_id: str = "",
            hmac: bytes = b"",
            renewers: Iterable[DescribeDelegationTokenResponse.DescribedDelegationTokenRenewer] = (),
        ) -> None:
            self.principal_type: str = principal_type
            self.principal_name: str = principal_name
            self.token_requester_principal_type: str = token_requester_principal_type
            self.token_requester_principal_name: str = token_requester_principal_name
            self.issue_timestamp: int = issue_timestamp
            self.expiry_timestamp: int = expiry_timestamp
            self.max_timestamp: int = max_timestamp
            self.token_id: str = token_id
            self.hmac: bytes = hmac
            self.renewers: list[DescribeDelegationTokenResponse.DescribedDelegationTokenRenewer] = list(renewers)

    def __init__(
        self,
        *,
        error_code: int = 0,
        tokens: Iterable[DescribeDelegationTokenResponse.DescribedDelegationToken] = (),
        throttle_time_ms: int = 0,
    ) -> None:
        self.error_code: int = error_code
        self.tokens: list[DescribeDelegationTokenResponse.DescribedDelegationToken] = list(tokens)
        self.throttle_time_ms: int = throttle_time_ms
