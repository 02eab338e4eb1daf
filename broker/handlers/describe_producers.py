"""DescribeProducers (v0): what a replica of a partition, leading or not, knows of its producers (KIP-664)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from barnabas.metadata.topic_names import reason_invalid
from barnabas.protocol.errors import ErrorCode, WireError
from barnabas.protocol.messages.describe_producers import DescribeProducersRequest, DescribeProducersResponse
from barnabas.server.dispatch import Request

if TYPE_CHECKING:
    from barnabas.broker.replica_manager import ReplicaManager

Answer = DescribeProducersResponse.PartitionResponse


class DescribeProducersHandler:
    """See the module's text."""

    def __init__(self, manager: ReplicaManager) -> None:
        self._manager: Final = manager

    def handle(self, request: Request[DescribeProducersRequest]) -> None:
        """Answer from the replicas here."""
        request.reply(
            DescribeProducersResponse(
                topics=[
                    DescribeProducersResponse.TopicResponse(
                        name=topic.name,
                        partitions=[self._describe(topic.name, index) for index in topic.partition_indexes],
                    )
                    for topic in request.body.topics
                ]
            )
        )

    def _describe(self, topic: str, index: int) -> Answer:
        answer = Answer(partition_index=index)
        try:
            if (reason := reason_invalid(topic)) is not None:
                raise WireError(ErrorCode.INVALID_TOPIC_EXCEPTION, reason)
            partition = self._manager.find(topic, index)
            partition.check(-1, leader_only=False)
        except WireError as error:
            answer.error_code, answer.error_message = error.code, error.message or error.code.text
        else:
            answer.active_producers = [
                DescribeProducersResponse.ProducerState(
                    producer_id=state.producer_id,
                    producer_epoch=state.epoch,
                    last_sequence=state.last_sequence,
                    last_timestamp=state.last_timestamp,
                    coordinator_epoch=state.coordinator_epoch,
                    current_txn_start_offset=state.txn_first_offset,
                )
                for state in partition.log.producers
            ]
        return answer
