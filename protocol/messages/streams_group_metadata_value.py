"""StreamsGroupMetadataValue. Written by barnabas.protocol.generate: do not edit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from barnabas.protocol.message import FieldFacts, Message, Struct


class StreamsGroupMetadataValue(Message):
    """StreamsGroupMetadataValue: version 0, flexible from 0."""

    __slots__ = ("epoch", "metadata_hash", "validated_topology_epoch", "last_assignment_configs")
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("epoch", "int32", (0, 32767), None, None, -1, 0, False, True),
        ("metadata_hash", "int64", (0, 32767), None, None, -1, 0, False, True),
        ("validated_topology_epoch", "int32", (0, 32767), None, (0, 32767), 0, -1, False, True),
        ("last_assignment_configs", "[]LastAssignmentConfig", (0, 32767), (0, 32767), (0, 32767), 1, (), False, True),
    )
    NAME: ClassVar[str] = "StreamsGroupMetadataValue"
    VERSIONS: ClassVar[tuple[int, int]] = (0, 0)
    FLEXIBLE_FROM: ClassVar[int | None] = 0

    class LastAssignmentConfig(Struct):
        """A struct of StreamsGroupMetadataValue."""

        __slots__ = ("key", "value")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("key", "string", (0, 32767), None, None, -1, "", False, True),
            ("value", "string", (0, 32767), None, None, -1, "", False, True),
        )

        def __init__(
            self,
            *,
            key: str = "",
            value: str = "",
        ) -> None:
            self.key: str = key
            self.value: str = value

    def __init__(
        self,
        *,
        epoch: int = 0,
        metadata_hash: int = 0,
        validated_topology_epoch: int = -1,
        last_assignment_configs: Iterable[StreamsGroupMetadataValue.LastAssignmentConfig] | None = (),
    ) -> None:
        self.epoch: int = epoch
        self.metadata_hash: int = metadata_hash
        self.validated_topology_epoch: int = validated_topology_epoch
        self.last_assignment_configs: list[StreamsGroupMetadataValue.LastAssignmentConfig] | None = (
            None if last_assignment_configs is None else list(last_assignment_configs)
        )
