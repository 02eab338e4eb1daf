"""DescribeUserScramCredentials, API key 50. Written by barnabas.protocol.generate: do not edit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from barnabas.protocol.api_keys import ApiKey
from barnabas.protocol.message import FieldFacts, RequestMessage, ResponseMessage, Struct


class DescribeUserScramCredentialsRequest(RequestMessage):
    """DescribeUserScramCredentialsRequest: version 0, flexible from 0."""

    __slots__ = ("users",)
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("users", "[]UserName", (0, 32767), (0, 32767), None, -1, (), False, True),
    )
    NAME: ClassVar[str] = "DescribeUserScramCredentialsRequest"
    VERSIONS: ClassVar[tuple[int, int]] = (0, 0)
    FLEXIBLE_FROM: ClassVar[int | None] = 0
    API_KEY: ClassVar[ApiKey] = ApiKey.DESCRIBE_USER_SCRAM_CREDENTIALS

    class UserName(Struct):
        """A struct of DescribeUserScramCredentialsRequest."""

        __slots__ = ("name",)
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("name", "string", (0, 32767), None, None, -1, "", False, True),
        )

        def __init__(
            self,
            *,
            name: str = "",
        ) -> None:
            self.name: str = name

    def __init__(
        self,
        *,
        users: Iterable[DescribeUserScramCredentialsRequest.UserName] | None = (),
    ) -> None:
        self.users: list[DescribeUserScramCredentialsRequest.UserName] | None = None if users is None else list(users)


class DescribeUserScramCredentialsResponse(ResponseMessage):
    """DescribeUserScramCredentialsResponse: version 0, flexible from 0."""

    __slots__ = ("throttle_time_ms", "error_code", "error_message", "results")
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("throttle_time_ms", "int32", (0, 32767), None, None, -1, 0, False, True),
        ("error_code", "int16", (0, 32767), None, None, -1, 0, False, True),
        ("error_message", "string", (0, 32767), (0, 32767), None, -1, "", False, True),
        ("results", "[]DescribeUserScramCredentialsResult", (0, 32767), None, None, -1, (), False, True),
    )
    NAME: ClassVar[str] = "DescribeUserScramCredentialsResponse"
    VERSIONS: ClassVar[tuple[int, int]] = (0, 0)
    FLEXIBLE_FROM: ClassVar[int | None] = 0
    API_KEY: ClassVar[ApiKey] = ApiKey.DESCRIBE_USER_SCRAM_CREDENTIALS

    class CredentialInfo(Struct):
        """A struct of DescribeUserScramCredentialsResponse."""

        __slots__ = ("mechanism", "iterations")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("mechanism", "int8", (0, 32767), None, None, -1, 0, False, True),
            ("iterations", "int32", (0, 32767), None, None, -1, 0, False, True),
        )

        def __init__(
            self,
            *,
            mechanism: int = 0,
            iterations: int = 0,
        ) -> None:
            self.mechanism: int = mechanism
            self.iterations: int = iterations

    class DescribeUserScramCredentialsResult(Struct):
        """A struct of DescribeUserScramCredentialsResponse."""

        __slots__ = ("user", "error_code", "error_message", "credential_infos")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("user", "string", (0, 32767), None, None, -1, "", False, True),
            ("error_code", "int16", (0, 32767), None, None, -1, 0, False, True),
            ("error_message", "string", (0, 32767), (0, 32767), None, -1, "", False, True),
            ("credential_infos", "[]CredentialInfo", (0, 32767), None, None, -1, (), False, True),
        )

        def __init__(
            self,
            *,
            user: str = "",
            error_code: int = 0,
            error_message: str | None = "",
            credential_infos: Iterable[DescribeUserScramCredentialsResponse.CredentialInfo] = (),
        ) -> None:
            self.user: str = user
            self.error_code: int = error_code
            self.error_message: str | None = error_message
            self.credential_infos: list[DescribeUserScramCredentialsResponse.CredentialInfo] = list(credential_infos)

    def __init__(
        self,
        *,
        throttle_time_ms: int = 0,
        error_code: int = 0,
        error_message: str | None = "",
        results: Iterable[DescribeUserScramCredentialsResponse.DescribeUserScramCredentialsResult] = (),
    ) -> None:
        self.throttle_time_ms: int = throttle_time_ms
        self.error_code: int = error_code
        self.error_message: str | None = error_message
        self.results: list[DescribeUserScramCredentialsResponse.DescribeUserScramCredentialsResult] = list(results)
