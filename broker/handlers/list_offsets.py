"""ListOffsets (v1–v11): the offset that belongs to a time, or to one of the times that mean something.

v2: isolation level. v4: leader epochs. v5: OFFSET_NOT_AVAILABLE. v7: the largest timestamp (-3). v8: the earliest
local offset (-4). v9: the latest tiered one (-5). v10: timeouts. v11: the earliest pending upload (-6). Without
tiered storage the local log is all there is.

A look at a time may wait for the disk, for a few pages: it is rare, and the log belongs to the event loop.
"""

from __future__ import annotations

from collections import Counter
from enum import IntEnum
from typing import TYPE_CHECKING, Final

from barnabas.protocol.errors import ErrorCode, WireError
from barnabas.protocol.messages.list_offsets import ListOffsetsRequest, ListOffsetsResponse
from barnabas.protocol.record_batch import NO_TIMESTAMP, CorruptRecords
from barnabas.server.dispatch import Request
from barnabas.storage.disk import StorageError
from barnabas.storage.timestamps import TimestampOffset

if TYPE_CHECKING:
    from barnabas.broker.partition import Partition
    from barnabas.broker.replica_manager import ReplicaManager

Wanted = ListOffsetsRequest.ListOffsetsPartition
Answer = ListOffsetsResponse.ListOffsetsPartitionResponse

_CONSUMER: Final = -1
_DEBUGGING: Final = -2
_READ_COMMITTED: Final = 1
_FIRST_VERSION_WITH_EPOCHS: Final = 4
_FIRST_VERSION_WITH_NOT_AVAILABLE: Final = 5


class Special(IntEnum):
    """Timestamps that are none."""

    LATEST = -1
    EARLIEST = -2
    MAX_TIMESTAMP = -3
    EARLIEST_LOCAL = -4
    LATEST_TIERED = -5
    EARLIEST_PENDING_UPLOAD = -6


_FIRST_VERSION: Final = {
    Special.LATEST: 1,
    Special.EARLIEST: 1,
    Special.MAX_TIMESTAMP: 7,
    Special.EARLIEST_LOCAL: 8,
    Special.LATEST_TIERED: 9,
    Special.EARLIEST_PENDING_UPLOAD: 11,
}


class ListOffsetsHandler:
    """See the module's text."""

    def __init__(self, manager: ReplicaManager) -> None:
        self._manager: Final = manager

    def handle(self, request: Request[ListOffsetsRequest]) -> None:
        """Answer from the replicas here."""
        body = request.body
        response = ListOffsetsResponse()
        times = Counter((topic.name, wanted.partition_index) for topic in body.topics for wanted in topic.partitions)
        by_name: dict[str, ListOffsetsResponse.ListOffsetsTopicResponse] = {}
        for topic in body.topics:
            for wanted in topic.partitions:
                count = times.pop((topic.name, wanted.partition_index), 0)
                if count == 0:
                    continue  # named before, and refused there
                if topic.name not in by_name:
                    by_name[topic.name] = ListOffsetsResponse.ListOffsetsTopicResponse(name=topic.name)
                    response.topics.append(by_name[topic.name])
                answer = Answer(partition_index=wanted.partition_index)
                by_name[topic.name].partitions.append(answer)
                if count > 1:
                    answer.error_code = ErrorCode.INVALID_REQUEST
                else:
                    self._answer_or_refuse(request, topic.name, wanted, answer)
        request.reply(response)

    def _answer_or_refuse(
        self, request: Request[ListOffsetsRequest], topic: str, wanted: Wanted, answer: Answer
    ) -> None:
        try:
            self._answer(request, topic, wanted, answer)
        except WireError as error:
            answer.error_code = error.code
        except CorruptRecords:
            answer.error_code = ErrorCode.CORRUPT_MESSAGE
        except StorageError as error:
            self._manager.storage_failed(error)
            answer.error_code = ErrorCode.KAFKA_STORAGE_ERROR

    def _answer(self, request: Request[ListOffsetsRequest], topic: str, wanted: Wanted, answer: Answer) -> None:
        body, version, timestamp = request.body, request.version, wanted.timestamp
        if timestamp < 0 and not _is_served(timestamp, version):
            raise WireError(ErrorCode.UNSUPPORTED_VERSION)
        partition = self._manager.find(topic, wanted.partition_index)
        partition.check(wanted.current_leader_epoch, leader_only=body.replica_id != _DEBUGGING)
        log = partition.log
        if timestamp == Special.LATEST:
            _check_available(partition, body, version)
            found: TimestampOffset | None = TimestampOffset(
                NO_TIMESTAMP, _fetchable_end(partition, body), partition.leader_epoch
            )
        elif timestamp in (Special.EARLIEST, Special.EARLIEST_LOCAL):
            found = log.earliest()
        elif timestamp in (Special.LATEST_TIERED, Special.EARLIEST_PENDING_UPLOAD):
            found = None
        else:
            by_time = timestamp != Special.MAX_TIMESTAMP
            found = log.offset_for_timestamp(timestamp) if by_time else log.max_timestamp_offset()
            if found is None or found.offset >= _fetchable_end(partition, body):
                # A new leader that does not know yet what is committed cannot say that there is nothing.
                _check_available(partition, body, version)
                found = None
        if found is not None:
            answer.timestamp = found.timestamp
            answer.offset = found.offset
            if version >= _FIRST_VERSION_WITH_EPOCHS:
                answer.leader_epoch = found.leader_epoch


def _is_served(timestamp: int, version: int) -> bool:
    try:
        return version >= _FIRST_VERSION[Special(timestamp)]
    except ValueError:
        return False


def _fetchable_end(partition: Partition, body: ListOffsetsRequest) -> int:
    """Where the log ends for whoever asks."""
    if body.replica_id != _CONSUMER:
        return partition.log.log_end_offset
    return partition.last_stable_offset if body.isolation_level == _READ_COMMITTED else partition.high_watermark


def _check_available(partition: Partition, body: ListOffsetsRequest, version: int) -> None:
    """A leader whose high watermark has not reached its epoch's start does not know where the log ends for clients."""
    role = partition.leader
    if body.replica_id == _CONSUMER and role is not None and role.epoch_start_offset > role.high_watermark:
        known = version >= _FIRST_VERSION_WITH_NOT_AVAILABLE
        raise WireError(ErrorCode.OFFSET_NOT_AVAILABLE if known else ErrorCode.LEADER_NOT_AVAILABLE)
