"""AlterUserScramCredentials, API key 51. Written by barnabas.protocol.generate: do not edit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from barnabas.protocol.api_keys import ApiKey
from barnabas.protocol.message import FieldFacts, RequestMessage, ResponseMessage, Struct


class AlterUserScramCredentialsRequest(RequestMessage):
    """AlterUserScramCredentialsRequest: version 0, flexible from 0."""

    __slots__ = ("deletions", "upsertions")
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("deletions", "[]ScramCredentialDeletion", (0, 32767), None, None, -1, (), False, True),
        ("upsertions", "[]ScramCredentialUpsertion", (0, 32767), None, None, -1, (), False, True),
    )
    NAME: ClassVar[str] = "AlterUserScramCredentialsRequest"
    VERSIONS: ClassVar[tuple[int, int]] = (0, 0)
    FLEXIBLE_FROM: ClassVar[int | None] = 0
    API_KEY: ClassVar[ApiKey] = ApiKey.ALTER_USER_SCRAM_CREDENTIALS

    class ScramCredentialDeletion(Struct):
        """A struct of AlterUserScramCredentialsRequest."""

        __slots__ = ("name", "mechanism")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("name", "string", (0, 32767), None, None, -1, "", False, True),
            ("mechanism", "int8", (0, 32767), None, None, -1, 0, False, True),
        )

        def __init__(
            self,
            *,
            name: str = "",
            mechanism: int = 0,
        ) -> None:
            self.name: str = name
            self.mechanism: int = mechanism

    class ScramCredentialUpsertion(Struct):
        """A struct of AlterUserScramCredentialsRequest."""

        __slots__ = ("name", "mechanism", "iterations", "salt", "salted_password")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("name", "string", (0, 32767), None, None, -1, "", False, True),
            ("mechanism", "int8", (0, 32767), None, None, -1, 0, False, True),
            ("iterations", "int32", (0, 32767), None, None, -1, 0, False, True),
            ("salt", "bytes", (0, 32767), None, None, -1, b"", False, True),
            ("salted_password", "bytes", (0, 32767), None, None, -1, b"", False, True),
        )

        def __init__(
            self,
            *,
            name: str = "",
            mechanism: int = 0,
            iterations: int = 0,
            salt: bytes = b"",
            salted_password: bytes = b"",
        ) -> None:
            self.name: str = name
            self.mechanism: int = mechanism
            self.iterations: int = iterations
            self.salt: bytes = salt
            self.salted_password: bytes = salted_password

    def __init__(
        self,
        *,
        deletions: Iterable[AlterUserScramCredentialsRequest.ScramCredentialDeletion] = (),
        upsertions: Iterable[AlterUserScramCredentialsRequest.ScramCredentialUpsertion] = (),
    ) -> None:
        self.deletions: list[AlterUserScramCredentialsRequest.ScramCredentialDeletion] = list(deletions)
        self.upsertions: list[AlterUserScramCredentialsRequest.ScramCredentialUpsertion] = list(upsertions)


class AlterUserScramCredentialsResponse(ResponseMessage):
    """AlterUserScramCredentialsResponse: version 0, flexible from 0."""

    __slots__ = ("throttle_time_ms", "results")
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("throttle_time_ms", "int32", (0, 32767), None, None, -1, 0, False, True),
        ("results", "[]AlterUserScramCredentialsResult", (0, 32767), None, None, -1, (), False, True),
    )
    NAME: ClassVar[str] = "AlterUserScramCredentialsResponse"
    VERSIONS: ClassVar[tuple[int, int]] = (0, 0)
    FLEXIBLE_FROM: ClassVar[int | None] = 0
    API_KEY: ClassVar[ApiKey] = ApiKey.ALTER_USER_SCRAM_CREDENTIALS

    class AlterUserScramCredentialsResult(Struct):
        """A struct of AlterUserScramCredentialsResponse."""

        __slots__ = ("user", "error_code", "error_message")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("user", "string", (0, 32767), None, None, -1, "", False, True),
            ("error_code", "int16", (0, 32767), None, None, -1, 0, False, True),
            ("error_message", "string", (0, 32767), (0, 32767), None, -1, "", False, True),
        )

        def __init__(
            self,
            *,
            user: str = "",
            error_code: int = 0,
            error_message: str | None = "",
        ) -> None:
            self.user: str = user
            self.error_code: int = error_code
            self.error_message: str | None = error_message

    def __init__(
        self,
        *,
        throttle_time_ms: int = 0,
        results: Iterable[AlterUserScramCredentialsResponse.AlterUserScramCredentialsResult] = (),
    ) -> None:
        self.throttle_time_ms: int = throttle_time_ms
        self.results: list[AlterUserScramCredentialsResponse.AlterUserScramCredentialsResult] = list(results)
