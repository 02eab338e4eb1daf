"""Fetch: what an answer holds, what it says of errors, sessions, and the nearest replica."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from barnabas.protocol.compression import Compression
from barnabas.protocol.errors import ErrorCode
from barnabas.storage.disk import LogSlice, StorageError
from broker_harness import BrokerHarness, batch, fetched, fill, follow, told, values


@pytest.mark.parametrize("version", range(4, 19))
def test_every_version_reads(broker: BrokerHarness, version: int) -> None:
    broker.create_topic()
    fill(broker, 2)
    data = fetched(broker.fetch(("t", 0, 0), version=version))[0]
    assert values([data]) == [b"\0", b"\1"]
    assert (data.error_code, data.high_watermark, data.last_stable_offset) == (0, 2, 2)
    assert data.log_start_offset == (0 if version >= 5 else -1)


def test_nothing_is_an_empty_answer_and_no_null(broker: BrokerHarness) -> None:
    broker.create_topic()
    data = fetched(broker.fetch(("t", 0, 0)))[0]
    assert data.records is not None
    assert len(data.records) == 0


@pytest.mark.parametrize(("isolation_level", "aborted"), [(0, None), (1, [])])
def test_aborted_transactions(broker: BrokerHarness, isolation_level: int, aborted: object) -> None:
    broker.create_topic()
    assert fetched(broker.fetch(("t", 0, 0), isolation_level=isolation_level))[0].aborted_transactions == aborted
    beyond = fetched(broker.fetch(("t", 0, 9), isolation_level=isolation_level))[0]
    assert beyond.error_code == ErrorCode.OFFSET_OUT_OF_RANGE
    assert beyond.aborted_transactions is None
    unknown = fetched(broker.fetch(("t", 4, 0), isolation_level=isolation_level))[4]
    assert unknown.aborted_transactions == []


# Limits


def test_the_first_partition_may_exceed_the_limit_and_the_next_may_not(broker: BrokerHarness) -> None:
    broker.create_topic(partitions=3)
    for index in range(3):
        fill(broker, 1, index, size=500)
    found = fetched(broker.fetch(*[("t", index, 0) for index in range(3)], max_bytes=100))
    assert [len(found[index].records) > 500 for index in range(3)] == [True, False, False]
    assert [found[index].high_watermark for index in range(3)] == [1, 1, 1]


def test_a_partition_in_error_does_not_use_up_the_exception(broker: BrokerHarness) -> None:
    broker.create_topic(partitions=2)
    fill(broker, 1, 1, size=500)
    found = fetched(broker.fetch(("t", 0, 77), ("t", 1, 0), max_bytes=100))
    assert found[0].error_code == ErrorCode.OFFSET_OUT_OF_RANGE
    assert len(found[1].records) > 500


def test_partition_max_bytes_cuts_a_batch(broker: BrokerHarness) -> None:
    broker.create_topic(partitions=2)
    fill(broker, 3, 0, size=100)
    part = {"topic": "t", "partition": 0, "fetch_offset": 0, "partition_max_bytes": 250}
    data = fetched(broker.fetch(part))[0]
    assert len(data.records) == 250
    assert len(values([data])) == 1


def test_fetch_max_bytes_bounds_what_a_client_asks_for(broker: BrokerHarness) -> None:
    broker.create_topic()
    fill(broker, 10, size=100)
    broker.fetch_handler._max_bytes = 300
    assert len(fetched(broker.fetch(("t", 0, 0)))[0].records) == 300


# Errors


@pytest.mark.parametrize("offset", [-1, 3])
def test_out_of_range_tells_no_offsets(broker: BrokerHarness, offset: int) -> None:
    broker.create_topic()
    fill(broker, 2)
    data = fetched(broker.fetch(("t", 0, offset)))[0]
    assert data.error_code == ErrorCode.OFFSET_OUT_OF_RANGE
    assert (data.high_watermark, data.last_stable_offset, data.log_start_offset) == (-1, -1, -1)


@pytest.mark.parametrize(
    ("version", "error"), [(12, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION), (13, ErrorCode.UNKNOWN_TOPIC_ID)]
)
def test_unknown_topics(broker: BrokerHarness, version: int, error: ErrorCode) -> None:
    assert fetched(broker.fetch(("nowhere", 0, 0), version=version))[0].error_code == error


@pytest.mark.parametrize(
    ("epoch", "error"), [(0, ErrorCode.FENCED_LEADER_EPOCH), (1, ErrorCode.NONE), (2, ErrorCode.UNKNOWN_LEADER_EPOCH)]
)
def test_leader_epochs_are_checked(broker: BrokerHarness, epoch: int, error: ErrorCode) -> None:
    broker.create_topic(replicas=(1, 2))
    broker.change(leader=1)
    part = {"topic": "t", "partition": 0, "fetch_offset": 0, "current_leader_epoch": epoch}
    assert fetched(broker.fetch(part))[0].error_code == error


@pytest.mark.parametrize(("version", "serves"), [(10, False), (11, True), (16, True)])
def test_a_follower_serves_consumers_that_know_of_it(broker: BrokerHarness, version: int, serves: bool) -> None:
    broker.create_topic(replicas=(1, 2))
    fill(broker, 1)
    follow(broker, 1)
    broker.change(leader=2)
    data = fetched(broker.fetch(("t", 0, 0), version=version))[0]
    assert data.error_code == (0 if serves else ErrorCode.NOT_LEADER_OR_FOLLOWER)
    assert values([data]) == ([b"\0"] if serves else [])


@pytest.mark.parametrize("version", [15, 16])
def test_the_new_leader_is_named(broker: BrokerHarness, version: int) -> None:
    broker.create_topic(replicas=(1, 2))
    broker.change(leader=2)
    part = {"topic": "t", "partition": 0, "fetch_offset": 0, "current_leader_epoch": 0}
    request = broker.fetch(part, version=version)
    assert fetched(request)[0].error_code == ErrorCode.FENCED_LEADER_EPOCH
    leader = fetched(request)[0].current_leader
    assert (leader.leader_id, leader.leader_epoch) == ((2, 1) if version >= 16 else (-1, -1))
    assert [node.port for node in request.response.node_endpoints] == ([9092] if version >= 16 else [])


@pytest.mark.parametrize("version", [4, 9, 10])
def test_zstd_is_served_to_every_client(broker: BrokerHarness, version: int) -> None:
    broker.create_topic()
    broker.produce(("t", 0, batch(b"a" * 100, compression=Compression.ZSTD)))
    assert values(fetched(broker.fetch(("t", 0, 0), version=version)).values()) == [b"a" * 100]


def test_any_negative_epoch_is_none(broker: BrokerHarness) -> None:
    broker.create_topic()
    part = {"topic": "t", "partition": 0, "fetch_offset": 0, "current_leader_epoch": -2, "last_fetched_epoch": -2}
    data = fetched(broker.fetch(part))[0]
    assert (data.error_code, data.diverging_epoch.epoch) == (ErrorCode.NONE, -1)


@pytest.mark.parametrize(
    ("version", "error"), [(5, ErrorCode.NOT_LEADER_OR_FOLLOWER), (6, ErrorCode.KAFKA_STORAGE_ERROR)]
)
def test_a_failed_disk(broker: BrokerHarness, version: int, error: ErrorCode, monkeypatch: pytest.MonkeyPatch) -> None:
    broker.create_topic(partitions=2)
    fill(broker, 1)

    def fail(*_: object) -> None:
        raise StorageError(broker.logs.directories[0].path, "x", OSError(5, "Input/output error"))

    monkeypatch.setattr(LogSlice, "try_read", fail)
    assert fetched(broker.fetch(("t", 0, 0), version=version))[0].error_code == ErrorCode.KAFKA_STORAGE_ERROR
    assert fetched(broker.fetch(("t", 1, 0), version=version))[1].error_code == error
    assert broker.failed_directories


# Cold reads and large ones


def test_what_is_not_cached_is_read_in_a_thread(broker: BrokerHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    broker.create_topic(partitions=2)
    fill(broker, 1, 0)
    fill(broker, 1, 1)
    broker.background.held = []
    monkeypatch.setattr(LogSlice, "try_read", lambda self: None)
    request = broker.fetch(("t", 0, 0), ("t", 1, 0))
    assert request.waits
    broker.background.held.pop()()
    assert values(fetched(request).values()) == [b"\0", b"\0"]


def test_a_disk_that_fails_in_the_thread(broker: BrokerHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    broker.create_topic()
    fill(broker, 1)

    def fail(*_: object) -> None:
        raise StorageError(broker.logs.directories[0].path, "x", OSError(5, "Input/output error"))

    monkeypatch.setattr(LogSlice, "try_read", lambda self: None)
    monkeypatch.setattr(LogSlice, "read", fail)
    data = fetched(broker.fetch(("t", 0, 0)))[0]
    assert data.error_code == ErrorCode.KAFKA_STORAGE_ERROR
    assert data.records is not None


@pytest.mark.parametrize("cached", [True, False])
def test_large_answers_leave_the_file_as_they_are(
    broker: BrokerHarness, cached: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    broker.create_topic()
    fill(broker, 2, size=50_000)
    read: list[int] = []
    monkeypatch.setattr(LogSlice, "try_read", lambda self: read.append(self.size))
    if not cached:
        file = type(broker.partition().log.active.file())
        monkeypatch.setattr(file, "try_read", lambda self, position, size: None)
    assert len(values(fetched(broker.fetch(("t", 0, 0))).values())) == 2
    assert not read


# Sessions


def test_an_incremental_answer_holds_what_changed(broker: BrokerHarness) -> None:
    broker.create_topic(partitions=3)
    first = broker.fetch(*[("t", index, 0) for index in range(3)], session_epoch=0)
    session_id = first.response.session_id
    assert session_id
    assert told(first) == [0, 1, 2]
    assert told(broker.fetch(session_id=session_id, session_epoch=1)) == []
    fill(broker, 1, 1)
    assert told(broker.fetch(session_id=session_id, session_epoch=2)) == [1]
    again = broker.fetch(session_id=session_id, session_epoch=3)
    assert told(again) == [1], "it was not asked for from another position"
    assert told(broker.fetch(("t", 1, 1), session_id=session_id, session_epoch=4)) == []
    assert broker.fetch(("t", 1, 1), session_id=session_id, session_epoch=5, version=13).response.error_code == (
        ErrorCode.FETCH_SESSION_TOPIC_ID_ERROR
    )


def test_an_idle_session_is_looked_at_by_nobody(broker: BrokerHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    broker.create_topic(partitions=50)
    parts = [("t", index, 0) for index in range(50)]
    session_id = broker.fetch(*parts, session_epoch=0).response.session_id
    looked: list[int] = []
    original = type(broker.partition()).check

    def check(self: Any, *args: Any, **kwargs: Any) -> None:
        looked.append(self.index)
        original(self, *args, **kwargs)

    monkeypatch.setattr(type(broker.partition()), "check", check)
    request = broker.fetch(session_id=session_id, session_epoch=1, max_wait_ms=500)
    fill(broker, 1, 33)
    broker.settle()
    assert told(request) == [33]
    assert looked == [33]


def test_session_errors_are_told_for_the_whole(broker: BrokerHarness) -> None:
    broker.create_topic()
    assert broker.fetch(session_id=7, session_epoch=1).response.error_code == ErrorCode.FETCH_SESSION_ID_NOT_FOUND
    session_id = broker.fetch(("t", 0, 0), session_epoch=0).response.session_id
    response = broker.fetch(session_id=session_id, session_epoch=5).response
    assert response.error_code == ErrorCode.INVALID_FETCH_SESSION_EPOCH


def test_the_next_fetch_of_a_session_answers_the_one_that_waits(broker: BrokerHarness) -> None:
    broker.create_topic(partitions=2)
    session_id = broker.fetch(("t", 0, 0), session_epoch=0).response.session_id
    waiting = broker.fetch(session_id=session_id, session_epoch=1, max_wait_ms=500)
    assert waiting.waits
    second = broker.fetch(("t", 1, 0), session_id=session_id, session_epoch=2, max_wait_ms=500)
    assert waiting.response.error_code == 0
    fill(broker, 1, 1)
    broker.settle()
    assert told(second) == [1]


def test_an_error_of_a_partition_is_repeated(broker: BrokerHarness) -> None:
    broker.create_topic()
    session_id = broker.fetch(("t", 0, 0), ("t", 1, 0), session_epoch=0).response.session_id
    for epoch in (1, 2):
        assert told(broker.fetch(session_id=session_id, session_epoch=epoch)) == [1]


def test_a_topic_made_anew_is_another_one_to_a_session_by_id(broker: BrokerHarness) -> None:
    broker.create_topic()
    session_id = broker.fetch(("t", 0, 0), version=13, session_epoch=0).response.session_id
    broker.delete_topic()
    found = fetched(broker.fetch(version=13, session_id=session_id, session_epoch=1))
    assert found[0].error_code == ErrorCode.UNKNOWN_TOPIC_ID


def test_a_topic_made_anew_is_found_by_a_session_by_name(broker: BrokerHarness) -> None:
    broker.create_topic()
    session_id = broker.fetch(("t", 0, 0), session_epoch=0).response.session_id
    broker.delete_topic()
    broker.create_topic()
    fill(broker, 1)
    assert values(fetched(broker.fetch(session_id=session_id, session_epoch=1)).values()) == [b"\0"]


def test_an_evicted_session_is_told_nothing(broker: BrokerHarness) -> None:
    broker.create_topic()
    session_id = broker.fetch(("t", 0, 0), session_epoch=0).response.session_id
    assert broker.partition().watchers_count == 1
    broker.fetch(session_id=session_id, session_epoch=-1)
    assert broker.partition().watchers_count == 0


# The nearest replica


@pytest.fixture
def racks(tmp_path: Path) -> BrokerHarness:
    broker = BrokerHarness(tmp_path / "racks", rack_aware=True)
    broker.apply(*(broker.broker(number, rack=f"rack{number}") for number in (1, 2, 3)))
    broker.create_topic(replicas=(1, 2, 3))
    fill(broker, 3)
    follow(broker, 3, replica=2)
    follow(broker, 2, replica=3)
    return broker


def test_a_consumer_is_sent_to_the_replica_in_its_rack(racks: BrokerHarness) -> None:
    request = racks.fetch(("t", 0, 1), rack_id="rack2", max_wait_ms=500)
    data = fetched(request)[0]
    assert data.preferred_read_replica == 2
    assert len(data.records) == 0
    assert data.high_watermark == 2


@pytest.mark.parametrize(
    ("rack", "offset", "version", "because"),
    [
        ("rack1", 0, 11, "the leader is in that rack"),
        ("rack9", 0, 11, "nobody is in that rack"),
        ("", 0, 11, "the client tells none"),
        ("rack3", 3, 11, "the replica does not have that offset"),
        ("rack2", 0, 10, "the client is too old"),
    ],
)
def test_a_consumer_stays_with_the_leader(
    racks: BrokerHarness, rack: str, offset: int, version: int, because: str
) -> None:
    fields = {"rack_id": rack} if version >= 11 else {}
    assert fetched(racks.fetch(("t", 0, offset), version=version, **fields))[0].preferred_read_replica == -1, because


def test_a_replica_out_of_sync_is_not_preferred(racks: BrokerHarness) -> None:
    racks.change(isr=(1, 3))
    assert fetched(racks.fetch(("t", 0, 0), rack_id="rack2"))[0].preferred_read_replica == -1


def test_followers_are_not_sent_elsewhere(racks: BrokerHarness) -> None:
    assert fetched(follow(racks, 0, replica=2, rack_id="rack3"))[0].preferred_read_replica == -1


def test_without_the_setting_nobody_is_sent_elsewhere(broker: BrokerHarness) -> None:
    broker.apply(*(broker.broker(number, rack=f"rack{number}") for number in (1, 2)))
    broker.create_topic(replicas=(1, 2))
    follow(broker, 0)
    assert fetched(broker.fetch(("t", 0, 0), rack_id="rack2"))[0].preferred_read_replica == -1


def test_bytes_are_counted(broker: BrokerHarness) -> None:
    broker.create_topic(replicas=(1, 2))
    fill(broker, 1)
    size = len(fetched(follow(broker, 0))[0].records)
    follow(broker, 1)
    broker.fetch(("t", 0, 0))
    statistics = broker.manager.statistics
    assert (statistics.replication_bytes_out, statistics.bytes_out) == (size, size)
