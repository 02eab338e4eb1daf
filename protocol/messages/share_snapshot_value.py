"""ShareSnapshotValue. Written by barnabas.protocol.generate: do not edit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from barnabas.protocol.message import FieldFacts, Message, Struct


class ShareSnapshotValue(Message):
    """ShareSnapshotValue: version 0, flexible from 0."""

    __slots__ = (
        "snapshot_epoch",
        "state_epoch",
        "leader_epoch",
        "start_offset",
        "delivery_complete_count",
        "create_timestamp",
        "write_timestamp",
        "state_batches",
    )
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("snapshot_epoch", "int32", (0, 32767), None, None, -1, 0, False, True),
        ("state_epoch", "int32", (0, 32767), None, None, -1, 0, False, True),
        ("leader_epoch", "int32", (0, 32767), None, None, -1, 0, False, True),
        ("start_offset", "int64", (0, 32767), None, None, -1, 0, False, True),
        ("delivery_complete_count", "int32", (0, 32767), None, (0, 32767), 0, -1, False, True),
        ("create_timestamp", "int64", (0, 32767), None, None, -1, 0, False, True),
        ("write_timestamp", "int64", (0, 32767), None, None, -1, 0, False, True),
        ("state_batches", "[]StateBatch", (0, 32767), None, None, -1, (), False, True),
    )
    NAME: ClassVar[str] = "ShareSnapshotValue"
    VERSIONS: ClassVar[tuple[int, int]] = (0, 0)
    FLEXIBLE_FROM: ClassVar[int | None] = 0

    class StateBatch(Struct):
        """A struct of ShareSnapshotValue."""

        __slots__ = ("first_offset", "last_offset", "delivery_state", "delivery_count")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("first_offset", "int64", (0, 32767), None, None, -1, 0, False, True),
            ("last_offset", "int64", (0, 32767), None, None, -1, 0, False, True),
            ("delivery_state", "int8", (0, 32767), None, None, -1, 0, False, True),
            ("delivery_count", "int16", (0, 32767), None, None, -1, 0, False, True),
        )

        def __init__(
            self,
            *,
            first_offset: int = 0,
            last_offset: int = 0,
            delivery_state: int = 0,
            delivery_count: int = 0,
        ) -> None:
            self.first_offset: int = first_offset
            self.last_offset: int = last_offset
            self.delivery_state: int = delivery_state
            self.delivery_count: int = delivery_count

    def __init__(
        self,
        *,
        snapshot_epoch: int = 0,
        state_epoch: int = 0,
        leader_epoch: int = 0,
        start_offset: int = 0,
        delivery_complete_count: int = -1,
        create_timestamp: int = 0,
        write_timestamp: int = 0,
        state_batches: Iterable[ShareSnapshotValue.StateBatch] = (),
    ) -> None:
        self.snapshot_epoch: int = snapshot_epoch
        self.state_epoch: int = state_epoch
        self.leader_epoch: int = leader_epoch
        self.start_offset: int = start_offset
        self.delivery_complete_count: int = delivery_complete_count
        self.create_timestamp: int = create_timestamp
        self.write_timestamp: int = write_timestamp
        self.state_batches: list[ShareSnapshotValue.StateBatch] = list(state_batches)
