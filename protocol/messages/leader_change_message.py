"""LeaderChangeMessage. Written by barnabas.protocol.generate: do not edit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from barnabas.protocol.message import FieldFacts, Message, Struct
from barnabas.protocol.types import ZERO_UUID


class LeaderChangeMessage(Message):
    """LeaderChangeMessage: versions 0 to 1, flexible from 0."""

    __slots__ = ("version", "leader_id", "voters", "granting_voters")
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("version", "int16", (0, 32767), None, None, -1, 0, False, True),
        ("leader_id", "int32", (0, 32767), None, None, -1, 0, False, True),
        ("voters", "[]Voter", (0, 32767), None, None, -1, (), False, True),
        ("granting_voters", "[]Voter", (0, 32767), None, None, -1, (), False, True),
    )
    NAME: ClassVar[str] = "LeaderChangeMessage"
    VERSIONS: ClassVar[tuple[int, int]] = (0, 1)
    FLEXIBLE_FROM: ClassVar[int | None] = 0

    class Voter(Struct):
        """A struct of LeaderChangeMessage."""

        __slots__ = ("voter_id", "voter_directory_id")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("voter_id", "int32", (0, 32767), None, None, -1, 0, False, True),
            ("voter_directory_id", "uuid", (1, 32767), None, None, -1, ZERO_UUID, False, True),
        )

        def __init__(
            self,
            *,
            voter_id: int = 0,
            voter_directory_id: bytes = ZERO_UUID,
        ) -> None:
            self.voter_id: int = voter_id
            self.voter_directory_id: bytes = voter_directory_id

    def __init__(
        self,
        *,
        version: int = 0,
        leader_id: int = 0,
        voters: Iterable[LeaderChangeMessage.Voter] = (),
        granting_voters: Iterable[LeaderChangeMessage.Voter] = (),
    ) -> None:
        self.version: int = version
        self.leader_id: int = leader_id
        self.voters: list[LeaderChangeMessage.Voter] = list(voters)
        self.granting_voters: list[LeaderChangeMessage.Voter] = list(granting_voters)
