"""VotersRecord. Written by barnabas.protocol.generate: do not edit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from barnabas.protocol.message import FieldFacts, Message, Struct
from barnabas.protocol.types import ZERO_UUID


class VotersRecord(Message):
    """VotersRecord: version 0, flexible from 0."""

    __slots__ = ("version", "voters")
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("version", "int16", (0, 32767), None, None, -1, 0, False, True),
        ("voters", "[]Voter", (0, 32767), None, None, -1, (), False, True),
    )
    NAME: ClassVar[str] = "VotersRecord"
    VERSIONS: ClassVar[tuple[int, int]] = (0, 0)
    FLEXIBLE_FROM: ClassVar[int | None] = 0

    class Endpoint(Struct):
        """A struct of VotersRecord."""

        __slots__ = ("name", "host", "port")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("name", "string", (0, 32767), None, None, -1, "", False, True),
            ("host", "string", (0, 32767), None, None, -1, "", False, True),
            ("port", "uint16", (0, 32767), None, None, -1, 0, False, True),
        )

        def __init__(
            self,
            *,
            name: str = "",
            host: str = "",
            port: int = 0,
        ) -> None:
            self.name: str = name
            self.host: str = host
            self.port: int = port

    class KRaftVersionFeature(Struct):
        """A struct of VotersRecord."""

        __slots__ = ("min_supported_version", "max_supported_version")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("min_supported_version", "int16", (0, 32767), None, None, -1, 0, False, True),
            ("max_supported_version", "int16", (0, 32767), None, None, -1, 0, False, True),
        )

        def __init__(
            self,
            *,
            min_supported_version: int = 0,
            max_supported_version: int = 0,
        ) -> None:
            self.min_supported_version: int = min_supported_version
            self.max_supported_version: int = max_supported_version

    class Voter(Struct):
        """A struct of VotersRecord."""

        __slots__ = ("voter_id", "voter_directory_id", "endpoints", "kraft_version_feature")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("voter_id", "int32", (0, 32767), None, None, -1, 0, False, True),
            ("voter_directory_id", "uuid", (0, 32767), None, None, -1, ZERO_UUID, False, True),
            ("endpoints", "[]Endpoint", (0, 32767), None, None, -1, (), False, True),
            ("kraft_version_feature", "KRaftVersionFeature", (0, 32767), None, None, -1, (), False, True),
        )

        def __init__(
            self,
            *,
            voter_id: int = 0,
            voter_directory_id: bytes = ZERO_UUID,
            endpoints: Iterable[VotersRecord.Endpoint] = (),
            kraft_version_feature: VotersRecord.KRaftVersionFeature | None = None,
        ) -> None:
            self.voter_id: int = voter_id
            self.voter_directory_id: bytes = voter_directory_id
            self.endpoints: list[VotersRecord.Endpoint] = list(endpoints)
            self.kraft_version_feature: VotersRecord.KRaftVersionFeature = (
                VotersRecord.KRaftVersionFeature() if kraft_version_feature is None else kraft_version_feature
            )

    def __init__(
        self,
        *,
        version: int = 0,
        voters: Iterable[VotersRecord.Voter] = (),
    ) -> None:
        self.version: int = version
        self.voters: list[VotersRecord.Voter] = list(voters)
