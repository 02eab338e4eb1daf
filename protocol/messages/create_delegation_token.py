"""CreateDelegationToken, API key 38. Written by barnabas.protocol.generate: do not edit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from barnabas.protocol.api_keys import ApiKey
from barnabas.protocol.message import FieldFacts, RequestMessage, ResponseMessage, Struct


class CreateDelegationTokenRequest(RequestMessage):
    """CreateDelegationTokenRequest: versions 1 to 3, flexible from 2."""

    __slots__ = ("owner_principal_type", "owner_principal_name", "renewers", "max_lifetime_ms")
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("owner_principal_type", "string", (3, 32767), (3, 32767), None, -1, "", False, True),
        ("owner_principal_name", "string", (3, 32767), (3, 32767), None, -1, "", False, True),
        ("renewers", "[]CreatableRenewers", (0, 32767), None, None, -1, (), False, True),
        ("max_lifetime_ms", "int64", (0, 32767), None, None, -1, 0, False, True),
    )
    NAME: ClassVar[str] = "CreateDelegationTokenRequest"
    VERSIONS: ClassVar[tuple[int, int]] = (1, 3)
    FLEXIBLE_FROM: ClassVar[int | None] = 2
    API_KEY: ClassVar[ApiKey] = ApiKey.CREATE_DELEGATION_TOKEN

    class CreatableRenewers(Struct):
        """A struct of CreateDelegationTokenRequest."""

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
        owner_principal_type: str | None = "",
        owner_principal_name: str | None = "",
        renewers: Iterable[CreateDelegationTokenRequest.CreatableRenewers] = (),
        max_lifetime_ms: int = 0,
    ) -> None:
        self.owner_principal_type: str | None = owner_principal_type
        self.owner_principal_name: str | None = owner_principal_name
        self.renewers: list[CreateDelegationTokenRequest.CreatableRenewers] = list(renewers)
        self.max_lifetime_ms: int = max_lifetime_ms


class CreateDelegationTokenResponse(ResponseMessage):
    """CreateDelegationTokenResponse: versions 1 to 3, flexible from 2."""

    __slots__ = (
        "error_code",
        "principal_type",
        "principal_name",
        "token_requester_principal_type",
        "token_requester_principal_name",
        "issue_timestamp_ms",
        "expiry_timestamp_ms",
        "max_timestamp_ms",
        "token_id",
        "hmac",
        "throttle_time_ms",
    )
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("error_code", "int16", (0, 32767), None, None, -1, 0, False, True),
        ("principal_type", "string", (0, 32767), None, None, -1, "", False, True),
        ("principal_name", "string", (0, 32767), None, None, -1, "", False, True),
        ("token_requester_principal_type", "string", (3, 32767), None, None, -1, "", False, True),
        ("token_requester_principal_name", "string", (3, 32767), None, None, -1, "", False, True),
        ("issue_timestamp_ms", "int64", (0, 32767), None, None, -1, 0, False, True),
        ("expiry_timestamp_ms", "int64", (0, 32767), None, None, -1, 0, False, True),
        ("max_timestamp_ms", "int64", (0, 32767), None, None, -1, 0, False, True),
        ("token_id", "string", (0, 32767), None, None, -1, "", False, True),
        ("hmac", "bytes", (0, 32767), None, None, -1, b"", False, True),
        ("throttle_time_ms", "int32", (0, 32767), None, None, -1, 0, False, True),
    )
    NAME: ClassVar[str] = "CreateDelegationTokenResponse"
    VERSIONS: ClassVar[tuple[int, int]] = (1, 3)
    FLEXIBLE_FROM: ClassVar[int | None] = 2
    API_KEY: ClassVar[ApiKey] = ApiKey.CREATE_DELEGATION_TOKEN

    def __init__(
        self,
        *,
        error_code: int = 0,
        principal_type: str = "",
        principal_name: str = "",
        token_requester_principal_type: str = "",
        token_requester_principal_name: str = "",
        issue_timestamp_ms: int = 0,
        expiry_timestamp_ms: int = 0,
        max_timestamp_ms: int = 0,
        token_id: str = "",
        hmac: bytes = b"",
        throttle_time_ms: int = 0,
    ) -> None:
        self.error_code: int = error_code
        self.principal_type: str = principal_type
        self.principal_name: str = principal_name
        self.token_requester_principal_type: str = token_requester_principal_type
        self.token_requester_principal_name: str = token_requester_principal_name
        self.issue_timestamp_ms: int = issue_timestamp_ms
        self.expiry_timestamp_ms: int = expiry_timestamp_ms
        self.max_timestamp_ms: int = max_timestamp_ms
        self.token_id: str = token_id
        self.hmac: bytes = hmac
        self.throttle_time_ms: int = throttle_time_ms
