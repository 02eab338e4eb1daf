"""Fetch: how long it waits for what, and what ends the wait."""

from __future__ import annotations

from barnabas.protocol.errors import ErrorCode
from broker_harness import BrokerHarness, batch, fetched, fill, follow, values


def test_a_fetch_waits_for_its_first_byte(broker: BrokerHarness) -> None:
    broker.create_topic()
    request = broker.fetch(("t", 0, 0), max_wait_ms=500)
    assert request.waits
    assert broker.manager.waiting_fetches == 1
    fill(broker, 1)
    assert request.waits, "it is answered after what is being handled, with all that has come by then"
    fill(broker, 1)
    broker.settle()
    assert values(fetched(request).values()) == [b"\0", b"\0"]


def test_the_time_runs_out(broker: BrokerHarness) -> None:
    broker.create_topic()
    request = broker.fetch(("t", 0, 0), max_wait_ms=500)
    broker.advance(0.4)
    assert request.waits
    broker.advance(0.2)
    assert len(fetched(request)[0].records) == 0


def test_min_bytes_are_gathered_over_partitions(broker: BrokerHarness) -> None:
    broker.create_topic(partitions=2)
    one = len(batch(b"x" * 100))
    request = broker.fetch(("t", 0, 0), ("t", 1, 0), max_wait_ms=500, min_bytes=2 * one + 1)
    for index in (0, 1):
        fill(broker, 1, index, size=100)
        broker.settle()
        assert request.waits
    fill(broker, 1, 1, size=100)
    broker.settle()
    assert [len(fetched(request)[index].records) for index in (0, 1)] == [one, 2 * one]


def test_too_few_bytes_are_sent_when_the_time_runs_out(broker: BrokerHarness) -> None:
    broker.create_topic()
    request = broker.fetch(("t", 0, 0), max_wait_ms=500, min_bytes=10_000)
    fill(broker, 1)
    broker.advance(0.6)
    assert values(fetched(request).values()) == [b"\0"]


def test_who_may_not_wait_does_not(broker: BrokerHarness) -> None:
    broker.create_topic()
    assert not broker.fetch(("t", 0, 0), max_wait_ms=0).waits
    assert not broker.fetch(("t", 0, 0), max_wait_ms=500, min_bytes=0).waits
    assert not broker.fetch(max_wait_ms=500).waits


def test_an_error_is_told_at_once(broker: BrokerHarness) -> None:
    broker.create_topic(partitions=2)
    found = fetched(broker.fetch(("t", 0, 0), ("t", 1, 5), max_wait_ms=500))
    assert (found[0].error_code, found[1].error_code) == (0, ErrorCode.OFFSET_OUT_OF_RANGE)


def test_a_topic_that_is_not_there_does_not_end_the_wait(broker: BrokerHarness) -> None:
    broker.create_topic()
    request = broker.fetch(("t", 0, 0), ("nowhere", 1, 0), max_wait_ms=500)
    assert request.waits
    broker.advance(0.6)
    assert fetched(request)[1].error_code == ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
    assert not broker.fetch(("nowhere", 1, 0), max_wait_ms=500).waits, "but there must be something to wait for"


def test_consumers_wait_for_the_high_watermark(broker: BrokerHarness) -> None:
    broker.create_topic(replicas=(1, 2))
    request = broker.fetch(("t", 0, 0), max_wait_ms=5000)
    fill(broker, 1)
    broker.settle()
    assert request.waits
    follow(broker, 1)
    assert values(fetched(request).values()) == [b"\0"]


def test_a_new_leader_ends_the_wait(broker: BrokerHarness) -> None:
    broker.create_topic(replicas=(1, 2))
    request = broker.fetch(("t", 0, 0), version=10, max_wait_ms=5000)
    broker.change(leader=2)
    broker.settle()
    assert fetched(request)[0].error_code == ErrorCode.NOT_LEADER_OR_FOLLOWER


def test_a_deleted_topic_ends_the_wait(broker: BrokerHarness) -> None:
    broker.create_topic()
    request = broker.fetch(("t", 0, 0), max_wait_ms=5000)
    broker.delete_topic()
    broker.settle()
    assert fetched(request)[0].error_code == ErrorCode.UNKNOWN_TOPIC_OR_PARTITION


def test_who_has_been_answered_leaves_nothing_behind(broker: BrokerHarness) -> None:
    broker.create_topic()
    for _ in range(5):
        broker.fetch(("t", 0, 0), max_wait_ms=500)
    broker.advance(1.0)
    assert broker.partition().watchers_count == 0
    assert broker.manager.waiting_fetches == 0
