"""StreamsGroupCurrentMemberAssignmentValue. Written by barnabas.protocol.generate: do not edit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from barnabas.protocol.message import FieldFacts, Message, Struct


class StreamsGroupCurrentMemberAssignmentValue(Message):
    """StreamsGroupCurrentMemberAssignmentValue: version 0, flexible from 0."""

    __slots__ = (
        "member_epoch",
        "previous_member_epoch",
        "state",
        "active_tasks",
        "standby_tasks",
        "warmup_tasks",
        "active_tasks_pending_revocation",
        "standby_tasks_pending_revocation",
        "warmup_tasks_pending_revocation",
    )
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("member_epoch", "int32", (0, 32767), None, None, -1, 0, False, True),
        ("previous_member_epoch", "int32", (0, 32767), None, None, -1, 0, False, True),
        ("state", "int8", (0, 32767), None, None, -1, 0, False, True),
        ("active_tasks", "[]TaskIds", (0, 32767), None, None, -1, (), False, True),
        ("standby_tasks", "[]TaskIds", (0, 32767), None, None, -1, (), False, True),
        ("warmup_tasks", "[]TaskIds", (0, 32767), None, None, -1, (), False, True),
        ("active_tasks_pending_revocation", "[]TaskIds", (0, 32767), None, None, -1, (), False, True),
        ("standby_tasks_pending_revocation", "[]TaskIds", (0, 32767), None, None, -1, (), False, True),
        ("warmup_tasks_pending_revocation", "[]TaskIds", (0, 32767), None, None, -1, (), False, True),
    )
    NAME: ClassVar[str] = "StreamsGroupCurrentMemberAssignmentValue"
    VERSIONS: ClassVar[tuple[int, int]] = (0, 0)
    FLEXIBLE_FROM: ClassVar[int | None] = 0

    class TaskIds(Struct):
        """A struct of StreamsGroupCurrentMemberAssignmentValue."""

        __slots__ = ("subtopology_id", "partitions", "assignment_epochs")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("subtopology_id", "string", (0, 32767), None, None, -1, "", False, True),
            ("partitions", "[]int32", (0, 32767), None, None, -1, (), False, True),
            ("assignment_epochs", "[]int32", (0, 32767), (0, 32767), (0, 32767), 0, (), False, True),
        )

        def __init__(
            self,
            *,
            subtopology_id: str = "",
            partitions: Iterable[int] = (),
            assignment_epochs: Iterable[int] | None = (),
        ) -> None:
            self.subtopology_id: str = subtopology_id
            self.partitions: list[int] = list(partitions)
            self.assignment_epochs: list[int] | None = None if assignment_epochs is None else list(assignment_epochs)

    def __init__(
        self,
        *,
        member_epoch: int = 0,
        previous_member_epoch: int = 0,
        state: int = 0,
        active_tasks: Iterable[StreamsGroupCurrentMemberAssignmentValue.TaskIds] = (),
        standby_tasks: Iterable[StreamsGroupCurrentMemberAssignmentValue.TaskIds] = (),
        warmup_tasks: Iterable[StreamsGroupCurrentMemberAssignmentValue.TaskIds] = (),
        active_tasks_pending_revocation: Iterable[StreamsGroupCurrentMemberAssignmentValue.TaskIds] = (),
        standby_tasks_pending_revocation: Iterable[StreamsGroupCurrentMemberAssignmentValue.TaskIds] = (),
        warmup_tasks_pending_revocation: Iterable[StreamsGroupCurrentMemberAssignmentValue.TaskIds] = (),
    ) -> None:
        self.member_epoch: int = member_epoch
        self.previous_member_epoch: int = previous_member_epoch
        self.state: int = state
        self.active_tasks: list[StreamsGroupCurrentMemberAssignmentValue.TaskIds] = list(active_tasks)
        self.standby_tasks: list[StreamsGroupCurrentMemberAssignmentValue.TaskIds] = list(standby_tasks)
        self.warmup_tasks: list[StreamsGroupCurrentMemberAssignmentValue.TaskIds] = list(warmup_tasks)
        self.active_tasks_pending_revocation: list[StreamsGroupCurrentMemberAssignmentValue.TaskIds] = (
            list(active_tasks_pending_revocation)
        )
        self.standby_tasks_pending_revocation: list[StreamsGroupCurrentMemberAssignmentValue.TaskIds] = (
            list(standby_tasks_pending_revocation)
        )
        self.warmup_tasks_pending_revocation: list[StreamsGroupCurrentMemberAssignmentValue.TaskIds] = (
            list(warmup_tasks_pending_revocation)
        )
