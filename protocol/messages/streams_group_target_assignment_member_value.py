"""StreamsGroupTargetAssignmentMemberValue. Written by barnabas.protocol.generate: do not edit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from barnabas.protocol.message import FieldFacts, Message, Struct


class StreamsGroupTargetAssignmentMemberValue(Message):
    """StreamsGroupTargetAssignmentMemberValue: version 0, flexible from 0."""

    __slots__ = ("active_tasks", "standby_tasks", "warmup_tasks")
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("active_tasks", "[]TaskIds", (0, 32767), None, None, -1, (), False, True),
        ("standby_tasks", "[]TaskIds", (0, 32767), None, None, -1, (), False, True),
        ("warmup_tasks", "[]TaskIds", (0, 32767), None, None, -1, (), False, True),
    )
    NAME: ClassVar[str] = "StreamsGroupTargetAssignmentMemberValue"
    VERSIONS: ClassVar[tuple[int, int]] = (0, 0)
    FLEXIBLE_FROM: ClassVar[int | None] = 0

    class TaskIds(Struct):
        """A struct of StreamsGroupTargetAssignmentMemberValue."""

        __slots__ = ("subtopology_id", "partitions")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("subtopology_id", "string", (0, 32767), None, None, -1, "", False, True),
            ("partitions", "[]int32", (0, 32767), None, None, -1, (), False, True),
        )

        def __init__(
            self,
            *,
            subtopology_id: str = "",
            partitions: Iterable[int] = (),
        ) -> None:
            self.subtopology_id: str = subtopology_id
            self.partitions: list[int] = list(partitions)

    def __init__(
        self,
        *,
        active_tasks: Iterable[StreamsGroupTargetAssignmentMemberValue.TaskIds] = (),
        standby_tasks: Iterable[StreamsGroupTargetAssignmentMemberValue.TaskIds] = (),
        warmup_tasks: Iterable[StreamsGroupTargetAssignmentMemberValue.TaskIds] = (),
    ) -> None:
        self.active_tasks: list[StreamsGroupTargetAssignmentMemberValue.TaskIds] = list(active_tasks)
        self.standby_tasks: list[StreamsGroupTargetAssignmentMemberValue.TaskIds] = list(standby_tasks)
        self.warmup_tasks: list[StreamsGroupTargetAssignmentMemberValue.TaskIds] = list(warmup_tasks)
