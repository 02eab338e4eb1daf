"""Produce: what is appended, what is refused and how, and when it is answered."""

from __future__ import annotations

from pathlib import Path

import pytest

from barnabas.protocol.errors import ErrorCode
from barnabas.protocol.messages.produce import ProduceRequest
from barnabas.storage.disk import StorageError
from broker_harness import NOW_MS, BrokerHarness, FakeRequest, batch, fetched, produced, values


def contents(broker: BrokerHarness, topic: str = "t", index: int = 0) -> list[bytes]:
    return values(fetched(broker.fetch((topic, index, 0))).values())


def catch_up(broker: BrokerHarness, replica: int, offset: int, topic: str = "t", epoch: int = 10) -> None:
    """Broker `replica` fetches from `offset`, and so has all before it."""
    part = {"topic": topic, "partition": 0, "fetch_offset": offset, "current_leader_epoch": 0, "log_start_offset": 0}
    data = fetched(broker.fetch(part, version=17, replica=(replica, epoch)))
    assert data[0].error_code == 0


@pytest.mark.parametrize("version", range(3, 14))
@pytest.mark.parametrize("acks", [1, -1])
def test_every_version_appends(broker: BrokerHarness, version: int, acks: int) -> None:
    broker.create_topic()
    answer = produced(broker.produce(("t", 0, batch(b"a", b"b")), acks=acks, version=version))
    assert (answer.error_code, answer.base_offset) == (0, 0)
    assert answer.log_append_time_ms == -1
    assert answer.log_start_offset == (0 if version >= 5 else -1)
    assert produced(broker.produce(("t", 0, batch(b"c")), version=version)).base_offset == 2
    assert contents(broker) == [b"a", b"b", b"c"]


def test_several_topics_and_partitions_each_have_their_answer(broker: BrokerHarness) -> None:
    broker.create_topic("a", partitions=2)
    broker.create_topic("b")
    request = broker.produce(("a", 0, batch(b"1")), ("a", 1, batch(b"2")), ("b", 0, batch(b"3")), ("b", 7, batch(b"4")))
    found = {
        (topic.name, answer.index): answer.error_code
        for topic in request.response.responses
        for answer in topic.partition_responses
    }
    assert found == {("a", 0): 0, ("a", 1): 0, ("b", 0): 0, ("b", 7): ErrorCode.UNKNOWN_TOPIC_OR_PARTITION}


def test_log_append_time_is_told(broker: BrokerHarness) -> None:
    broker.create_topic(message_timestamp_type="LogAppendTime")
    assert produced(broker.produce(("t", 0, batch(b"a")))).log_append_time_ms == NOW_MS


# Refusals


@pytest.mark.parametrize("acks", [-2, 2, 100])
def test_unknown_acks_are_refused(broker: BrokerHarness, acks: int) -> None:
    broker.create_topic()
    answer = produced(broker.produce(("t", 0, batch(b"a")), acks=acks))
    assert answer.error_code == ErrorCode.INVALID_REQUIRED_ACKS
    assert answer.base_offset == -1
    assert contents(broker) == []


@pytest.mark.parametrize(
    ("version", "error"), [(9, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION), (13, ErrorCode.UNKNOWN_TOPIC_ID)]
)
def test_a_topic_that_is_not_there(broker: BrokerHarness, version: int, error: ErrorCode) -> None:
    answer = produced(broker.produce(("nowhere", 0, batch(b"a")), version=version))
    assert (answer.error_code, answer.base_offset, answer.log_start_offset) == (error, -1, -1)


def test_records_that_are_null_are_refused(broker: BrokerHarness) -> None:
    broker.create_topic()
    assert produced(broker.produce(("t", 0, None))).error_code == ErrorCode.INVALID_REQUEST


@pytest.mark.parametrize(
    ("spoil", "error"),
    [
        (lambda data: data.__setitem__(slice(17, 21), b"\0\0\0\0"), ErrorCode.CORRUPT_MESSAGE),
        (lambda data: data.__setitem__(16, 1), ErrorCode.INVALID_RECORD),
        (lambda data: data.__setitem__(16, 3), ErrorCode.CORRUPT_MESSAGE),
        (lambda data: data.__delitem__(slice(70, None)), ErrorCode.INVALID_RECORD),
        (lambda data: data.extend(batch(b"second")), ErrorCode.INVALID_RECORD),
        (lambda data: data.__setitem__(7, 1), ErrorCode.INVALID_RECORD),
    ],
    ids=["crc", "magic 1", "magic 3", "cut", "two batches", "base offset"],
)
def test_a_bad_batch_leaves_nothing_in_the_log(broker: BrokerHarness, spoil: object, error: ErrorCode) -> None:
    broker.create_topic()
    data = batch(b"first", b"record")
    spoil(data)  # type: ignore[operator]
    answer = produced(broker.produce(("t", 0, data)))
    assert answer.error_code == error
    assert contents(broker) == []
    assert produced(broker.produce(("t", 0, batch(b"good")))).base_offset == 0


@pytest.mark.parametrize("acks", [-1, 2])
@pytest.mark.parametrize("leader", [1, 2])
def test_the_form_of_the_records_is_looked_at_before_acks_and_who_leads(
    broker: BrokerHarness, acks: int, leader: int
) -> None:
    broker.create_topic(replicas=(1, 2), leader=leader)
    two = batch(b"a") + batch(b"b")
    answer = produced(broker.produce(("t", 0, two), acks=acks))
    assert (answer.error_code, answer.log_start_offset) == (ErrorCode.INVALID_RECORD, -1)


def test_bad_records_for_a_partition_of_other_brokers(broker: BrokerHarness) -> None:
    broker.create_topic(replicas=(2, 3), leader=2)
    assert produced(broker.produce(("t", 0, b""))).error_code == ErrorCode.INVALID_RECORD
    assert produced(broker.produce(("t", 0, batch(b"a")), acks=5)).error_code == ErrorCode.INVALID_REQUIRED_ACKS
    assert produced(broker.produce(("t", 0, batch(b"a")))).error_code == ErrorCode.NOT_LEADER_OR_FOLLOWER


def test_unknown_acks_to_an_unknown_topic(broker: BrokerHarness) -> None:
    answer = produced(broker.produce(("nowhere", 0, batch(b"a")), acks=5))
    assert answer.error_code == ErrorCode.UNKNOWN_TOPIC_OR_PARTITION


def test_a_bad_batch_does_not_harm_the_others(broker: BrokerHarness) -> None:
    broker.create_topic(partitions=2)
    bad = batch(b"a")
    bad[20] ^= 1
    request = broker.produce(("t", 0, bad), ("t", 1, batch(b"b")))
    assert produced(request, 0).error_code == ErrorCode.CORRUPT_MESSAGE
    assert produced(request, 1).error_code == 0


def test_records_in_error_are_named(broker: BrokerHarness) -> None:
    broker.create_topic(cleanup_policy="compact")
    answer = produced(broker.produce(("t", 0, batch(b"a", b"b"))))
    assert answer.error_code == ErrorCode.INVALID_RECORD
    assert [error.batch_index for error in answer.record_errors] == [0, 1]
    assert answer.log_start_offset == 0


def test_too_large_a_batch(broker: BrokerHarness) -> None:
    broker.create_topic(max_message_bytes="100")
    assert produced(broker.produce(("t", 0, batch(b"x" * 200)))).error_code == ErrorCode.MESSAGE_TOO_LARGE


@pytest.mark.parametrize(
    ("version", "error"), [(10, ErrorCode.INVALID_TXN_STATE), (11, ErrorCode.TRANSACTION_ABORTABLE)]
)
def test_there_are_no_transactions_yet(broker: BrokerHarness, version: int, error: ErrorCode) -> None:
    broker.create_topic()
    data = batch(b"a", producer_id=5, producer_epoch=0, base_sequence=0, transactional=True)
    answer = produced(broker.produce(("t", 0, bytes(data)), version=version))
    assert answer.error_code == ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED
    answer = produced(broker.produce(("t", 0, bytes(data)), version=version, transactional_id="x"))
    assert answer.error_code == error


def test_internal_topics_are_the_clusters_own(broker: BrokerHarness) -> None:
    broker.create_topic("__consumer_offsets")
    part = ("__consumer_offsets", 0, batch(b"a"))
    assert produced(broker.produce(part)).error_code == ErrorCode.INVALID_TOPIC_EXCEPTION
    assert produced(broker.produce(part, client_id="__admin_client")).error_code == 0


def test_the_same_partition_twice_keeps_the_last_batch_and_answers_once(broker: BrokerHarness) -> None:
    broker.create_topic()
    request = broker.produce(("t", 0, batch(b"first")), ("t", 0, batch(b"second")))
    assert len(request.response.responses[0].partition_responses) == 1
    assert contents(broker) == [b"second"]


def test_the_same_topic_twice_is_one_topic(broker: BrokerHarness) -> None:
    broker.create_topic(partitions=2)
    data = [ProduceRequest.PartitionProduceData(index=index, records=batch(b"v")) for index in (0, 1, 0)]
    message = ProduceRequest(
        acks=1, topic_data=[ProduceRequest.TopicProduceData(name="t", partition_data=[part]) for part in data]
    )
    request = FakeRequest(message, 9)
    broker.produce_handler.handle(request)  # type: ignore[arg-type]
    assert [answer.index for answer in request.response.responses[0].partition_responses] == [0, 1]
    assert len(request.response.responses) == 1


# Idempotence


def test_a_duplicate_is_answered_with_its_first_offset(broker: BrokerHarness) -> None:
    broker.create_topic()
    data = batch(b"a", b"b", producer_id=5, producer_epoch=0, base_sequence=0)
    for _ in range(2):
        answer = produced(broker.produce(("t", 0, bytes(data))))
        assert (answer.error_code, answer.base_offset) == (0, 0)
    assert answer.log_append_time_ms == NOW_MS, "Kafka tells the batch's timestamp of a duplicate, whatever the topic"
    assert contents(broker) == [b"a", b"b"]


def test_a_gap_and_an_old_epoch_are_refused(broker: BrokerHarness) -> None:
    broker.create_topic()
    broker.produce(("t", 0, batch(b"a", producer_id=5, producer_epoch=1, base_sequence=0)))
    gap = produced(broker.produce(("t", 0, batch(b"c", producer_id=5, producer_epoch=1, base_sequence=2))))
    assert gap.error_code == ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER
    assert gap.log_start_offset == 0
    old = produced(broker.produce(("t", 0, batch(b"b", producer_id=5, producer_epoch=0, base_sequence=1))))
    assert old.error_code == ErrorCode.INVALID_PRODUCER_EPOCH


# acks=0


def test_acks_0_is_not_answered(broker: BrokerHarness) -> None:
    broker.create_topic()
    request = broker.produce(("t", 0, batch(b"a")), acks=0)
    assert request.response is None
    assert request.closed is None
    assert contents(broker) == [b"a"]


def test_acks_0_in_error_closes_the_connection(broker: BrokerHarness) -> None:
    request = broker.produce(("t", 0, batch(b"a")), acks=0)
    assert request.closed == "a produce with acks=0 failed: t-0: UNKNOWN_TOPIC_OR_PARTITION"


def test_a_duplicate_with_acks_0_is_fine(broker: BrokerHarness) -> None:
    broker.create_topic()
    data = batch(b"a", producer_id=5, producer_epoch=0, base_sequence=0)
    for _ in range(2):
        assert broker.produce(("t", 0, bytes(data)), acks=0).closed is None


# acks=all


def test_acks_all_waits_for_the_isr(broker: BrokerHarness) -> None:
    broker.create_topic(replicas=(1, 2, 3))
    first, second = broker.produce(("t", 0, batch(b"a"))), broker.produce(("t", 0, batch(b"b")))
    assert broker.manager.waiting_produces == 2
    for replica in (2, 3):
        assert first.waits
        catch_up(broker, replica, 1)
    assert produced(first).error_code == 0
    assert second.waits
    for replica in (2, 3):
        catch_up(broker, replica, 2)
    assert produced(second).base_offset == 1
    assert broker.manager.waiting_produces == 0


def test_acks_1_does_not_wait(broker: BrokerHarness) -> None:
    broker.create_topic(replicas=(1, 2, 3))
    assert produced(broker.produce(("t", 0, batch(b"a")), acks=1)).error_code == 0


def test_a_reply_waits_for_the_last_partition(broker: BrokerHarness) -> None:
    broker.create_topic("alone")
    broker.create_topic("t", replicas=(1, 2))
    request = broker.produce(("alone", 0, batch(b"a")), ("t", 0, batch(b"b")), ("nowhere", 0, batch(b"c")))
    assert request.waits
    catch_up(broker, 2, 1)
    errors = [topic.partition_responses[0].error_code for topic in request.response.responses]
    assert errors == [0, 0, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION]


def test_too_few_in_sync_replicas_are_noticed_before(broker: BrokerHarness) -> None:
    broker.create_topic(replicas=(1, 2, 3), isr=(1,), min_insync_replicas="2")
    assert produced(broker.produce(("t", 0, batch(b"a")))).error_code == ErrorCode.NOT_ENOUGH_REPLICAS
    assert produced(broker.produce(("t", 0, batch(b"b")), acks=1)).error_code == 0


def test_too_few_in_sync_replicas_are_noticed_after(broker: BrokerHarness) -> None:
    broker.create_topic(replicas=(1, 2, 3), isr=(1, 2), min_insync_replicas="2")
    request = broker.produce(("t", 0, batch(b"a")))
    broker.change(isr=(1,))
    assert request.waits
    broker.apply(broker.config_record("t", "min.insync.replicas", "1"))
    assert produced(request).error_code == 0
    broker.apply(broker.config_record("t", "min.insync.replicas", "2"))
    broker.change(isr=(1, 2))
    request = broker.produce(("t", 0, batch(b"b")))
    catch_up(broker, 2, 1)
    role = broker.partition().leader
    assert role is not None
    role.min_insync_replicas = 3
    role._maximal = frozenset({1, 2})
    role.high_watermark = 2
    broker.partition()._high_watermark_moved()
    assert produced(request).error_code == ErrorCode.NOT_ENOUGH_REPLICAS_AFTER_APPEND


def test_the_time_runs_out(broker: BrokerHarness) -> None:
    broker.create_topic(replicas=(1, 2))
    request = broker.produce(("t", 0, batch(b"a")), timeout_ms=500)
    broker.advance(0.4)
    assert request.waits
    broker.advance(0.2)
    assert produced(request).error_code == ErrorCode.REQUEST_TIMED_OUT
    assert produced(request).base_offset == 0
    catch_up(broker, 2, 1)
    assert contents(broker) == [b"a"], "the record stays"


def test_losing_the_leadership_is_told_with_the_new_leader(broker: BrokerHarness) -> None:
    broker.create_topic(replicas=(1, 2, 3))
    request = broker.produce(("t", 0, batch(b"a")), version=10)
    broker.change(leader=2)
    answer = produced(request)
    assert answer.error_code == ErrorCode.NOT_LEADER_OR_FOLLOWER
    assert (answer.current_leader.leader_id, answer.current_leader.leader_epoch) == (2, 1)
    [endpoint] = request.response.node_endpoints
    assert (endpoint.node_id, endpoint.host, endpoint.port) == (2, "host2", 9092)


@pytest.mark.parametrize("version", [9, 10, 13])
def test_a_follower_names_the_leader(broker: BrokerHarness, version: int) -> None:
    broker.create_topic(replicas=(2, 1), leader=2)
    answer = produced(broker.produce(("t", 0, batch(b"a")), version=version))
    assert answer.error_code == ErrorCode.NOT_LEADER_OR_FOLLOWER
    assert answer.current_leader.leader_id == (2 if version >= 10 else -1)


def test_a_broker_without_a_replica_says_so(broker: BrokerHarness) -> None:
    broker.create_topic(replicas=(2, 3), leader=2)
    assert produced(broker.produce(("t", 0, batch(b"a")))).error_code == ErrorCode.NOT_LEADER_OR_FOLLOWER


def test_a_deleted_topic_ends_the_wait(broker: BrokerHarness) -> None:
    broker.create_topic(replicas=(1, 2))
    request = broker.produce(("t", 0, batch(b"a")))
    broker.delete_topic()
    assert produced(request).error_code == ErrorCode.UNKNOWN_TOPIC_OR_PARTITION


# Disks


def test_a_disk_that_fails_takes_its_partitions_offline(broker: BrokerHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    broker.create_topic("t", replicas=(1, 2), partitions=2)
    waiting = broker.produce(("t", 1, batch(b"a")))
    partition = broker.partition()

    def fail(*_: object, **__: object) -> None:
        raise StorageError(broker.logs.directories[0].path, "t-0/0.log", OSError(28, "No space left on device"))

    monkeypatch.setattr(type(partition.log), "append_as_leader", fail)
    assert produced(broker.produce(("t", 0, batch(b"b")))).error_code == ErrorCode.KAFKA_STORAGE_ERROR
    assert produced(waiting).error_code == ErrorCode.KAFKA_STORAGE_ERROR
    assert produced(broker.produce(("t", 0, batch(b"c")))).error_code == ErrorCode.KAFKA_STORAGE_ERROR
    assert broker.failed_directories == [b"d" * 16]
    assert broker.manager.offline_replicas_count == 2
    assert broker.manager.high_watermarks() == {}


# flush.messages=1


def test_acknowledged_means_synced(broker: BrokerHarness) -> None:
    broker.create_topic(flush_messages="1")
    broker.background.held = []
    requests = [broker.produce(("t", 0, batch(b"v")), acks=acks) for acks in (-1, 1, -1)]
    assert all(request.waits for request in requests)
    assert len(broker.background.held) == 1, "one sync is under way, for what was there when it began"
    run_held(broker)
    assert [request.waits for request in requests] == [False, True, True]
    run_held(broker)
    assert not any(request.waits for request in requests), "and the next one is for all that came meanwhile"
    assert not broker.background.held
    assert broker.partition().log.recovery_point == 3


def test_without_it_nothing_waits_for_a_sync(broker: BrokerHarness) -> None:
    broker.create_topic()
    broker.background.held = []
    assert not broker.produce(("t", 0, batch(b"v"))).waits


def test_to_turn_it_off_answers_what_waits(broker: BrokerHarness) -> None:
    broker.create_topic(flush_messages="1")
    broker.background.held = []
    request = broker.produce(("t", 0, batch(b"v")))
    broker.apply(broker.config_record("t", "flush.messages", None))
    assert produced(request).error_code == 0


def test_flush_ms_syncs_later(broker: BrokerHarness) -> None:
    broker.create_topic(flush_ms="1000")
    broker.produce(("t", 0, batch(b"v")))
    assert broker.partition().log.recovery_point == 0
    broker.now_ms += 1000
    broker.advance(1.0)
    assert broker.partition().log.recovery_point == 1


def run_held(broker: BrokerHarness) -> None:
    held, broker.background.held = broker.background.held or [], []
    for work in held:
        work()


def test_counts(broker: BrokerHarness, tmp_path: Path) -> None:
    broker.create_topic()
    data = batch(b"a", b"b")
    broker.produce(("t", 0, bytes(data)))
    assert broker.manager.statistics.bytes_in == len(data)
    assert broker.manager.statistics.records_in == 2
