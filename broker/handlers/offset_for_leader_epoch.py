"""OffsetForLeaderEpoch (v2–v4): where the records of a leader epoch end, for who wants to know whether its own are
still good (KIP-320).

v3: the replica's id, -2 for a client that only looks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from barnabas.protocol.errors import WireError
from barnabas.protocol.messages.offset_for_leader_epoch import (
    OffsetForLeaderEpochRequest,
    OffsetForLeaderEpochResponse,
)
from barnabas.server.dispatch import Request

if TYPE_CHECKING:
    from barnabas.broker.replica_manager import ReplicaManager

Answer = OffsetForLeaderEpochResponse.EpochEndOffset


class OffsetForLeaderEpochHandler:
    """See the module's text."""

    def __init__(self, manager: ReplicaManager) -> None:
        self._manager: Final = manager

    def handle(self, request: Request[OffsetForLeaderEpochRequest]) -> None:
        """Answer from the leaders here."""
        request.reply(
            OffsetForLeaderEpochResponse(
                topics=[
                    OffsetForLeaderEpochResponse.OffsetForLeaderTopicResult(
                        topic=topic.topic, partitions=[self._answer(topic.topic, wanted) for wanted in topic.partitions]
                    )
                    for topic in request.body.topics
                ]
            )
        )

    def _answer(self, topic: str, wanted: OffsetForLeaderEpochRequest.OffsetForLeaderPartition) -> Answer:
        answer = Answer(partition=wanted.partition)
        try:
            partition = self._manager.find(topic, wanted.partition)
            partition.check(wanted.current_leader_epoch, leader_only=True)
            answer.leader_epoch, answer.end_offset = partition.log.end_offset_for_epoch(wanted.leader_epoch)
        except WireError as error:
            answer.error_code = error.code
        return answer
