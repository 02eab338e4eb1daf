"""WriteTxnMarkers (v1–v2): the coordinator of a transaction has it ended in the partitions that this broker leads.

v2: the version of the transaction's protocol, by which a marker that comes late is known (KIP-1228).

A marker is appended like a batch of acks=all, and answered when it is replicated. In `__consumer_offsets` it is a
decision of the partition's group coordinator, which must learn of it; where that is not ready, the answer is the same
as for a leader that has moved: ask again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from barnabas.broker.coordinator.answers import OnceWaiter
from barnabas.broker.coordinator.records import TransactionEnd
from barnabas.broker.partition import ACKS_ALL
from barnabas.broker.pending_produce import PendingProduce
from barnabas.protocol.errors import ErrorCode, WireError
from barnabas.protocol.messages.write_txn_markers import WriteTxnMarkersRequest, WriteTxnMarkersResponse
from barnabas.protocol.record_batch import RecordBatch
from barnabas.protocol.record_builder import build_end_txn_marker
from barnabas.server.dispatch import Request
from barnabas.storage.disk import StorageError

if TYPE_CHECKING:
    from barnabas.broker.partition import Partition
    from barnabas.broker.replica_manager import ReplicaManager

Marker = WriteTxnMarkersRequest.WritableTxnMarker
Answer = WriteTxnMarkersResponse.WritableTxnMarkerPartitionResult

EndInGroups = Callable[[int, TransactionEnd, OnceWaiter], None]
"""Lets the group coordinator of this partition of `__consumer_offsets` end a transaction, and tells the waiter."""

_NOT_READY: Final = (
    ErrorCode.COORDINATOR_NOT_AVAILABLE,
    ErrorCode.COORDINATOR_LOAD_IN_PROGRESS,
    ErrorCode.NOT_COORDINATOR,
)


class WriteTxnMarkersHandler:
    """See the module's text. `timeout` in seconds; `group_topic` is the one whose markers go to `end_in_groups`."""

    def __init__(
        self, manager: ReplicaManager, *, timeout: float, group_topic: str, end_in_groups: EndInGroups
    ) -> None:
        self._manager: Final = manager
        self._timeout: Final = timeout
        self._group_topic: Final = group_topic
        self._end_in_groups: Final = end_in_groups

    def handle(self, request: Request[WriteTxnMarkersRequest]) -> None:
        """See `write`."""
        self.write(request.body, request.reply)

    def write(self, body: WriteTxnMarkersRequest, reply: Callable[[WriteTxnMarkersResponse], None]) -> None:
        """Append the markers, and reply when the last of them is replicated or refused."""
        response = WriteTxnMarkersResponse()
        pending = PendingProduce(lambda: reply(response))
        all_begun = pending.await_offset(0, Answer())
        for marker in body.markers:
            result = WriteTxnMarkersResponse.WritableTxnMarkerResult(producer_id=marker.producer_id)
            response.markers.append(result)
            for topic in marker.topics:
                answers = WriteTxnMarkersResponse.WritableTxnMarkerTopicResult(name=topic.name)
                result.topics.append(answers)
                for index in topic.partition_indexes:
                    answer = Answer(partition_index=index)
                    answers.partitions.append(answer)
                    self._write(marker, topic.name, answer, pending)
        all_begun.settle(ErrorCode.NONE)
        if not pending.done:
            self._manager.wait_for_acknowledgement(pending, self._timeout)

    def _write(self, marker: Marker, topic: str, answer: Answer, pending: PendingProduce) -> None:
        manager = self._manager
        try:
            partition = self._find(topic, answer.partition_index)
            if topic == self._group_topic:
                self._write_to_group(marker, answer, pending)
            else:
                self._append(marker, partition, answer, pending)
        except WireError as error:
            answer.error_code = error.code
        except StorageError as error:
            manager.storage_failed(error)
            answer.error_code = ErrorCode.KAFKA_STORAGE_ERROR

    def _find(self, topic: str, index: int) -> Partition:
        """The replica here; where there is none, there is none for all that the coordinator needs to know."""
        try:
            return self._manager.find(topic, index)
        except WireError:
            raise WireError(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION) from None

    def _append(self, marker: Marker, partition: Partition, answer: Answer, pending: PendingProduce) -> None:
        manager, version = self._manager, marker.transaction_version
        role, now_ms = partition.check_append(ACKS_ALL), manager.wall_clock_ms()
        batch = RecordBatch(
            build_end_txn_marker(
                marker.transaction_result,
                producer_id=marker.producer_id,
                producer_epoch=marker.producer_epoch,
                coordinator_epoch=marker.coordinator_epoch,
                timestamp=now_ms,
            )
        )
        result = partition.append_marker(role, batch, manager.clock(), now_ms, transaction_version=version)
        manager.flusher.appended(partition, now_ms)
        offset = result.last_offset + 1
        if partition.acknowledges(offset, ACKS_ALL):
            answer.error_code = partition.error_after_append()
        else:
            partition.await_acknowledgement(pending.await_offset(offset, answer), ACKS_ALL)

    def _write_to_group(self, marker: Marker, answer: Answer, pending: PendingProduce) -> None:
        part = pending.await_offset(0, answer)

        def fail(error: WireError) -> None:
            part.settle(ErrorCode.NOT_LEADER_OR_FOLLOWER if error.code in _NOT_READY else error.code)

        end = TransactionEnd(
            producer_id=marker.producer_id,
            producer_epoch=marker.producer_epoch,
            committed=marker.transaction_result,
            coordinator_epoch=marker.coordinator_epoch,
            transaction_version=marker.transaction_version,
        )
        self._end_in_groups(answer.partition_index, end, OnceWaiter(lambda _: part.settle(ErrorCode.NONE), fail))
