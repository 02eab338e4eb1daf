"""When a controller says that it is ready."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

from barnabas.controller.metrics import ControllerStatus
from barnabas.server.quorum import LeaderInfo


@dataclass
class FakeQuorum:
    """What the status asks of a `Quorum`."""

    leader: LeaderInfo | None = None
    epoch: int = 3
    hears_leader: bool = True
    applied_offset: int = 0
    high_watermark: int | None = None


def test_ready_from_catching_up_on_for_as_long_as_the_leader_is_heard() -> None:
    quorum = FakeQuorum()
    status = ControllerStatus(cast(Any, None), cast(Any, quorum))
    assert status.missing() == ["a leader of the quorum (epoch 3)"]
    quorum.leader = LeaderInfo(101, 3, None)
    assert status.missing() == ["the metadata log (at 0 of ?)"]
    quorum.high_watermark, quorum.applied_offset = 10, 4
    assert status.missing() == ["the metadata log (at 4 of 10)"]
    quorum.applied_offset = 10
    assert status.missing() == []
    quorum.high_watermark = 12  # committed a moment ago
    assert status.missing() == []
    quorum.hears_leader = False
    assert status.missing() == ["a leader of the quorum: 101 is not heard any more (epoch 3)"]
