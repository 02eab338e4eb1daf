"""What deltas of the metadata make of a broker's replicas, over restarts as well."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from barnabas.metadata.records import PartitionChangeRecord, PartitionRecord, RemoveTopicRecord, TopicRecord
from barnabas.protocol.errors import ErrorCode
from barnabas.storage.disk import StorageError
from broker_harness import NOW_MS, BrokerHarness, batch, fetched, produced, values


def folders(path: Path) -> set[str]:
    return {entry.name for entry in path.iterdir() if entry.is_dir()}


def test_replicas_are_made_to_lead_or_to_follow(broker: BrokerHarness, tmp_path: Path) -> None:
    broker.create_topic("mine", replicas=(1, 2))
    broker.create_topic("theirs", replicas=(2, 1), leader=2)
    broker.create_topic("nobodys", replicas=(1, 2), leader=-1)
    broker.create_topic("elsewhere", replicas=(2, 3), leader=2)
    assert folders(tmp_path / "data") == {"mine-0", "theirs-0", "nobodys-0"}
    assert broker.partition("mine").leader is not None
    assert broker.partition("theirs").leader_id == 2
    assert broker.fetching == {broker.partition("theirs").key: 2, broker.partition("nobodys").key: -1}
    assert broker.manager.partitions_count == 3


def test_a_new_leader_epoch_starts_fetching_anew(broker: BrokerHarness) -> None:
    broker.create_topic(replicas=(1, 2, 3), leader=2)
    key = broker.partition().key
    broker.fetching.clear()
    broker.change(isr=(2, 3))
    assert broker.fetching == {}
    broker.change(leader=3)
    assert broker.fetching == {key: 3}
    broker.change(leader=1)
    assert broker.fetching == {}


def test_a_replica_that_is_taken_away_goes_with_its_folder(broker: BrokerHarness, tmp_path: Path) -> None:
    broker.create_topic(partitions=2, replicas=(1, 2), leader=2)
    broker.change(index=0, replicas=(2, 3), isr=(2,))
    assert folders(tmp_path / "data") == {"t-1"}
    with pytest.raises(Exception, match="NOT_LEADER_OR_FOLLOWER"):
        broker.partition()


def test_a_deleted_topic_goes_with_its_folders(broker: BrokerHarness, tmp_path: Path) -> None:
    broker.create_topic(partitions=2)
    broker.delete_topic()
    assert folders(tmp_path / "data") == set()
    assert broker.manager.partitions_count == 0
    assert not broker.manager.by_name
    assert not broker.manager.by_id


def test_a_topic_is_deleted_and_made_anew_in_one_delta(broker: BrokerHarness) -> None:
    old_id = broker.create_topic()
    broker.produce(("t", 0, batch(b"old")))
    new_id = b"n" * 16
    broker.apply(
        RemoveTopicRecord(topic_id=old_id),
        TopicRecord(name="t", topic_id=new_id),
        PartitionRecord(
            partition_id=0, topic_id=new_id, replicas=(1,), isr=(1,), leader=1, leader_epoch=0, partition_epoch=0
        ),
    )
    assert broker.partition().topic_id == new_id
    assert broker.partition().log.log_end_offset == 0


def test_a_topic_is_deleted_while_its_log_is_flushed(broker: BrokerHarness, tmp_path: Path) -> None:
    broker.create_topic(flush_messages="1")
    broker.change(leader=1)
    broker.background.held = flushes = []
    broker.produce(("t", 0, batch(b"old")))
    broker.delete_topic()
    broker.background.held = None
    broker.apply(
        TopicRecord(name="t", topic_id=b"another topic id"),
        PartitionRecord(
            partition_id=0,
            topic_id=b"another topic id",
            replicas=(1,),
            isr=(1,),
            leader=1,
            leader_epoch=0,
            partition_epoch=0,
        ),
    )
    for flush in flushes:
        flush()
    assert broker.failed_directories == []
    assert not (tmp_path / "data" / "t-0" / "leader-epoch-checkpoint").exists()


def test_a_larger_min_isr_counts_for_an_isr_that_shrinks_in_the_same_delta(broker: BrokerHarness) -> None:
    """The controller has made broker 2 eligible to lead: nothing may be committed without it."""
    topic_id = broker.create_topic(replicas=(1, 2), min_insync_replicas="1")
    produce = broker.produce(("t", 0, batch(b"a")))
    broker.apply(
        broker.config_record("t", "min.insync.replicas", "2"),
        PartitionChangeRecord(partition_id=0, topic_id=topic_id, isr=(1,), elr=(2,)),
    )
    assert broker.partition().high_watermark == 0
    assert produce.waits


def test_a_smaller_min_isr_does_not_count_for_a_leader_that_is_none_in_the_same_delta(broker: BrokerHarness) -> None:
    topic_id = broker.create_topic(replicas=(1, 2), min_insync_replicas="2")
    produce = broker.produce(("t", 0, batch(b"a")))
    broker.change(isr=(1,), elr=(2,))
    broker.apply(
        broker.config_record("t", "min.insync.replicas", "1"),
        PartitionChangeRecord(partition_id=0, topic_id=topic_id, leader=2, isr=(2,), elr=()),
    )
    assert broker.partition().high_watermark == 0
    assert produced(produce).error_code == ErrorCode.NOT_LEADER_OR_FOLLOWER


def test_a_smaller_min_isr_commits_what_waits(broker: BrokerHarness) -> None:
    broker.create_topic(replicas=(1, 2), min_insync_replicas="2")
    produce = broker.produce(("t", 0, batch(b"a")))
    broker.change(isr=(1,), elr=(2,))
    assert produce.waits
    broker.apply(broker.config_record("t", "min.insync.replicas", "1"))
    assert broker.partition().high_watermark == 1
    assert produced(produce).error_code == ErrorCode.NONE


def test_configurations_reach_the_logs(broker: BrokerHarness) -> None:
    broker.create_topic()
    broker.apply(broker.config_record("t", "max.message.bytes", "100"), broker.config_record("t", "retention.ms", "5"))
    assert broker.partition().log.config.retention_ms == 5
    assert produced(broker.produce(("t", 0, batch(b"x" * 200)))).error_code == ErrorCode.MESSAGE_TOO_LARGE


def test_a_broker_that_returns_may_join_an_idle_partition(broker: BrokerHarness) -> None:
    broker.create_topic(replicas=(1, 2), isr=(1,))
    broker.apply(broker.broker(2, epoch=20, fenced=True))
    part = {"topic": "t", "partition": 0, "fetch_offset": 0, "current_leader_epoch": 0}
    broker.fetch(part, version=17, replica=(2, 20))
    assert not broker.isr_changes
    broker.apply(broker.broker(2, epoch=20))
    assert len(broker.isr_changes) == 1


def test_a_broker_that_was_not_known_to_be_away_may_join_as_well(broker: BrokerHarness) -> None:
    broker.create_topic(replicas=(1, 2), isr=(1,))
    part = {"topic": "t", "partition": 0, "fetch_offset": 0, "current_leader_epoch": 0}
    broker.fetch(part, version=17, replica=(2, 20))
    assert not broker.isr_changes
    broker.apply(broker.broker(2, epoch=20))
    assert len(broker.isr_changes) == 1


def test_a_change_that_was_refused_is_tried_again(broker: BrokerHarness) -> None:
    broker.create_topic(replicas=(1, 2), isr=(1,))
    part = {"topic": "t", "partition": 0, "fetch_offset": 0, "current_leader_epoch": 0}
    broker.fetch(part, version=17, replica=(2, 10))
    [change] = broker.isr_changes
    broker.manager.isr_change_failed(change, ErrorCode.INELIGIBLE_REPLICA)
    broker.advance(1.0)
    assert broker.isr_changes == [change, change]
    broker.manager.isr_change_failed(change, ErrorCode.NETWORK_EXCEPTION)
    broker.advance(1.0)
    assert len(broker.isr_changes) == 3
    broker.manager.isr_change_failed(change, ErrorCode.INVALID_UPDATE_VERSION)
    broker.advance(10.0)
    assert len(broker.isr_changes) == 3
    assert broker.manager.statistics.failed_isr_updates == 3


def test_a_follower_that_stops_is_taken_out(broker: BrokerHarness) -> None:
    broker.create_topic(replicas=(1, 2))
    broker.manager.start_checking_isr()
    part = {"topic": "t", "partition": 0, "fetch_offset": 0, "current_leader_epoch": 0}
    broker.fetch(part, version=17, replica=(2, 10))
    broker.advance(100.0)
    assert not broker.isr_changes, "there is nothing that it does not have"
    broker.produce(("t", 0, batch(b"a")), acks=1)
    broker.advance(46.0)
    [change] = broker.isr_changes
    assert change.isr == ((1, 10),)
    broker.manager.isr_change_committed(change, 0, 1, [1])
    assert broker.manager.statistics.isr_shrinks == 1
    assert broker.partition().high_watermark == 1


def test_isr_changes_count_once_whoever_makes_them(broker: BrokerHarness) -> None:
    counts = broker.manager.statistics
    broker.create_topic(replicas=(1, 2, 3))
    broker.change(isr=(1, 2))
    broker.change(isr=(1, 2), leader=2)
    broker.change(isr=(1, 2), leader=1)
    assert (counts.isr_shrinks, counts.isr_expands) == (1, 0), "the controller fenced 3; nothing else is news"
    broker.change(isr=(1,))
    part = {"topic": "t", "partition": 0, "fetch_offset": 0, "current_leader_epoch": 2}
    broker.fetch(part, version=17, replica=(2, 10))
    [change] = broker.isr_changes
    broker.manager.isr_change_committed(change, 2, 5, [1, 2])
    broker.change(isr=(1, 2))
    assert (counts.isr_shrinks, counts.isr_expands) == (2, 1), "the answer is counted, what it brings about is not"
    broker.change(isr=(2,), leader=2)
    broker.change(isr=(1,), leader=1)
    assert (counts.isr_shrinks, counts.isr_expands) == (3, 2), "who leads afterwards counts"


def test_metadata_older_than_the_log_is_not_followed(broker: BrokerHarness) -> None:
    broker.create_topic(replicas=(1, 2))
    for _ in range(3):
        broker.change(leader=1)
        broker.produce(("t", 0, batch(b"a")), acks=1)
    partition = broker.partition()
    epochs = partition.log.epochs.entries()
    restarted = type(partition)(
        "t",
        partition.topic_id,
        0,
        partition.log,
        broker_id=1,
        brokers=broker.manager,
        lag_max=30.0,
        high_watermark=0,
        discard=lambda removal: None,
    )
    image = broker.cache.image.topics.partition(partition.topic_id, 0)
    assert image is not None
    assert not restarted.become(replace(image, leader_epoch=1, partition_epoch=1), 0.0)
    assert restarted.leader is None
    assert partition.log.epochs.entries() == epochs
    assert restarted.become(image, 0.0)


# Restarts


def restart(broker: BrokerHarness, path: Path) -> BrokerHarness:
    """As a broker stops: who waits is answered first, the logs are closed last."""
    broker.manager.close()
    broker.logs.close(5, broker.manager.high_watermarks(), NOW_MS)
    again = BrokerHarness(path)
    again.apply(*broker.cache.image.topics.records())
    return again


def test_a_restart_finds_records_and_high_watermarks(broker: BrokerHarness, tmp_path: Path) -> None:
    broker.create_topic(replicas=(1, 2))
    broker.produce(("t", 0, batch(b"a")), acks=1)
    part = {"topic": "t", "partition": 0, "fetch_offset": 1, "current_leader_epoch": 0}
    broker.fetch(part, version=17, replica=(2, 10))
    broker.produce(("t", 0, batch(b"b")), acks=1)
    broker = restart(broker, tmp_path / "data")
    assert broker.partition().high_watermark == 1
    assert values(fetched(broker.fetch(("t", 0, 0))).values()) == [b"a"]


def test_a_log_of_an_earlier_topic_of_that_name_goes(broker: BrokerHarness, tmp_path: Path) -> None:
    broker.create_topic()
    broker.produce(("t", 0, batch(b"old")))
    broker.logs.close(5, broker.manager.high_watermarks(), NOW_MS)
    again = BrokerHarness(tmp_path / "data")
    new_id = b"n" * 16
    again.apply(
        TopicRecord(name="t", topic_id=new_id),
        PartitionRecord(
            partition_id=0, topic_id=new_id, replicas=(1,), isr=(1,), leader=1, leader_epoch=0, partition_epoch=0
        ),
    )
    assert again.partition().log.log_end_offset == 0
    assert folders(tmp_path / "data") == {"t-0"}


@pytest.mark.parametrize(("synced", "left"), [(False, 0), (True, 2)])
def test_a_log_that_does_not_say_whose_it_is(broker: BrokerHarness, tmp_path: Path, synced: bool, left: int) -> None:
    """A machine lost its power, with the name of the log's topic: that may be an earlier one, unless all was synced."""
    broker.create_topic()
    for value in (b"old", b"older"):
        broker.produce(("t", 0, batch(value)))
    if synced:
        broker.partition().log.flush(NOW_MS)
        assert broker.logs.prepare_checkpoint({}).run() == []
    for directory in broker.logs.directories:
        directory.close(None)
    (tmp_path / "data/t-0/partition.metadata").write_bytes(b"")
    again = BrokerHarness(tmp_path / "data")
    again.create_topic()
    assert again.partition().log.log_end_offset == left


def test_a_disk_that_fails_when_a_replica_is_made(broker: BrokerHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise StorageError(broker.logs.directories[0].path, "t-0", OSError(28, "No space left on device"))

    monkeypatch.setattr(broker.logs, "create", fail)
    broker.create_topic()
    assert broker.failed_directories == [b"d" * 16]
    assert produced(broker.produce(("t", 0, batch(b"a")))).error_code == ErrorCode.NOT_LEADER_OR_FOLLOWER


def test_closing_answers_what_waits(broker: BrokerHarness) -> None:
    broker.create_topic(replicas=(1, 2))
    waiting = broker.produce(("t", 0, batch(b"a")))
    fetch = broker.fetch(("t", 0, 0), max_wait_ms=5000)
    broker.manager.close()
    broker.settle()
    assert produced(waiting).error_code == ErrorCode.NOT_LEADER_OR_FOLLOWER
    assert fetched(fetch)[0].error_code == ErrorCode.NOT_LEADER_OR_FOLLOWER
