"""ListOffsets and OffsetForLeaderEpoch."""

from __future__ import annotations

from typing import Any

import pytest

from barnabas.protocol.errors import ErrorCode
from barnabas.protocol.messages.list_offsets import ListOffsetsRequest
from barnabas.protocol.messages.offset_for_leader_epoch import OffsetForLeaderEpochRequest
from barnabas.protocol.record_builder import BatchBuilder
from broker_harness import NOW_MS, BrokerHarness, FakeRequest

LATEST, EARLIEST, MAX_TIMESTAMP, EARLIEST_LOCAL, LATEST_TIERED, PENDING_UPLOAD = -1, -2, -3, -4, -5, -6


def list_offset(
    broker: BrokerHarness, timestamp: int, *, version: int = 11, epoch: int = -1, topic: str = "t", **fields: Any
) -> Any:
    part = ListOffsetsRequest.ListOffsetsPartition(
        partition_index=0, current_leader_epoch=epoch if version >= 4 else -1, timestamp=timestamp
    )
    message = ListOffsetsRequest(
        **{"replica_id": -1} | fields, topics=[ListOffsetsRequest.ListOffsetsTopic(name=topic, partitions=[part])]
    )
    request = FakeRequest(message, version)
    broker.list_offsets_handler.handle(request)  # type: ignore[arg-type]
    [answer] = request.response.topics[0].partitions
    return answer


def produce(broker: BrokerHarness, *timestamps: int) -> None:
    builder = BatchBuilder()
    for timestamp in timestamps:
        builder.append(NOW_MS + timestamp, None, b"v")
    assert not broker.produce(("t", 0, builder.build()), acks=1).waits


@pytest.fixture
def filled(broker: BrokerHarness) -> BrokerHarness:
    broker.create_topic()
    produce(broker, 0, 10)
    produce(broker, 20, 30, 30)
    return broker


@pytest.mark.parametrize("version", range(1, 12))
def test_the_ends_of_the_log(filled: BrokerHarness, version: int) -> None:
    latest, earliest = (list_offset(filled, time, version=version) for time in (LATEST, EARLIEST))
    assert (latest.error_code, latest.offset, latest.timestamp) == (0, 5, -1)
    assert (earliest.error_code, earliest.offset, earliest.timestamp) == (0, 0, -1)
    assert latest.leader_epoch == (0 if version >= 4 else -1)


@pytest.mark.parametrize(
    ("timestamp", "offset", "found"),
    [(0, 0, 0), (1, 1, 10), (10, 1, 10), (11, 2, 20), (25, 3, 30), (30, 3, 30), (31, -1, None)],
)
def test_the_first_record_at_a_time_or_after(
    filled: BrokerHarness, timestamp: int, offset: int, found: int | None
) -> None:
    answer = list_offset(filled, NOW_MS + timestamp)
    assert (answer.error_code, answer.offset) == (0, offset)
    assert answer.timestamp == (-1 if found is None else NOW_MS + found)


def test_the_first_of_the_latest_records(filled: BrokerHarness) -> None:
    answer = list_offset(filled, MAX_TIMESTAMP)
    assert (answer.offset, answer.timestamp) == (3, NOW_MS + 30)


def test_an_empty_log_has_no_latest_record(broker: BrokerHarness) -> None:
    broker.create_topic()
    answer = list_offset(broker, MAX_TIMESTAMP)
    assert (answer.error_code, answer.offset) == (0, -1)
    assert list_offset(broker, NOW_MS).offset == -1


@pytest.mark.parametrize(("timestamp", "offset"), [(EARLIEST_LOCAL, 0), (LATEST_TIERED, -1), (PENDING_UPLOAD, -1)])
def test_without_tiers_the_local_log_is_all(filled: BrokerHarness, timestamp: int, offset: int) -> None:
    answer = list_offset(filled, timestamp)
    assert (answer.error_code, answer.offset) == (0, offset)


@pytest.mark.parametrize(
    ("timestamp", "version"),
    [(MAX_TIMESTAMP, 6), (EARLIEST_LOCAL, 7), (LATEST_TIERED, 8), (PENDING_UPLOAD, 10), (-7, 11), (-100, 11)],
)
def test_what_a_version_does_not_know(filled: BrokerHarness, timestamp: int, version: int) -> None:
    answer = list_offset(filled, timestamp, version=version)
    assert (answer.error_code, answer.offset) == (ErrorCode.UNSUPPORTED_VERSION, -1)


def test_consumers_do_not_see_beyond_the_high_watermark(broker: BrokerHarness) -> None:
    broker.create_topic(replicas=(1, 2))
    produce(broker, 0)
    assert list_offset(broker, LATEST).offset == 0
    assert list_offset(broker, LATEST, isolation_level=1).offset == 0
    assert list_offset(broker, NOW_MS).offset == -1
    assert list_offset(broker, LATEST, replica_id=2).offset == 1
    assert list_offset(broker, NOW_MS, replica_id=2).offset == 0


@pytest.mark.parametrize(
    ("version", "error"), [(4, ErrorCode.LEADER_NOT_AVAILABLE), (5, ErrorCode.OFFSET_NOT_AVAILABLE)]
)
def test_a_new_leader_does_not_know_the_end_yet(broker: BrokerHarness, version: int, error: ErrorCode) -> None:
    broker.create_topic(replicas=(1, 2))
    produce(broker, 0)
    broker.change(leader=1)
    assert list_offset(broker, LATEST, version=version).error_code == error
    assert list_offset(broker, NOW_MS, version=version).error_code == error
    assert list_offset(broker, NOW_MS + 9, version=version).error_code == error
    assert list_offset(broker, EARLIEST, version=version).error_code == 0
    assert list_offset(broker, LATEST, version=version, replica_id=2).error_code == 0


@pytest.mark.parametrize(
    ("epoch", "error"), [(0, ErrorCode.FENCED_LEADER_EPOCH), (1, ErrorCode.NONE), (2, ErrorCode.UNKNOWN_LEADER_EPOCH)]
)
def test_leader_epochs_are_checked(broker: BrokerHarness, epoch: int, error: ErrorCode) -> None:
    broker.create_topic()
    broker.change(leader=1)
    assert list_offset(broker, EARLIEST, epoch=epoch).error_code == error


def test_only_leaders_answer_but_for_debugging(broker: BrokerHarness) -> None:
    broker.create_topic(replicas=(1, 2), leader=2)
    assert list_offset(broker, EARLIEST).error_code == ErrorCode.NOT_LEADER_OR_FOLLOWER
    assert list_offset(broker, EARLIEST, replica_id=-2).error_code == 0
    assert list_offset(broker, EARLIEST, topic="nowhere").error_code == ErrorCode.UNKNOWN_TOPIC_OR_PARTITION


# OffsetForLeaderEpoch


def end_of(broker: BrokerHarness, leader_epoch: int, *, current: int = -1, version: int = 4) -> tuple[int, int, int]:
    part = OffsetForLeaderEpochRequest.OffsetForLeaderPartition(
        partition=0, current_leader_epoch=current, leader_epoch=leader_epoch
    )
    topic = OffsetForLeaderEpochRequest.OffsetForLeaderTopic(topic="t", partitions=[part])
    request = FakeRequest(OffsetForLeaderEpochRequest(replica_id=-1 if version >= 3 else -2, topics=[topic]), version)
    broker.epoch_handler.handle(request)  # type: ignore[arg-type]
    [answer] = request.response.topics[0].partitions
    return answer.error_code, answer.leader_epoch, answer.end_offset


@pytest.mark.parametrize("version", [2, 3, 4])
def test_where_epochs_end(broker: BrokerHarness, version: int) -> None:
    broker.create_topic()
    produce(broker, 0, 0)
    broker.change(leader=1)
    broker.change(leader=1)
    produce(broker, 0)
    assert end_of(broker, 0, version=version) == (0, 0, 2)
    assert end_of(broker, 1, version=version) == (0, 0, 2)
    assert end_of(broker, 2, version=version) == (0, 2, 3)
    assert end_of(broker, 3, version=version) == (0, -1, -1)
    assert end_of(broker, 2, current=1, version=version)[0] == ErrorCode.FENCED_LEADER_EPOCH


def test_only_leaders_know_where_epochs_end(broker: BrokerHarness) -> None:
    assert end_of(broker, 0)[0] == ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
    broker.create_topic(replicas=(1, 2), leader=2)
    assert end_of(broker, 0)[0] == ErrorCode.NOT_LEADER_OR_FOLLOWER
