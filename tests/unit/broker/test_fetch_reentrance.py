"""A follower's fetch moves a high watermark, and who waited for that writes at once: what it wrote is not missed."""

from __future__ import annotations

from typing import Any

import pytest

from broker_harness import BrokerHarness, FakeRequest, batch, fetched, values


def wanted(index: int, offset: int) -> dict[str, Any]:
    return {"topic": "t", "partition": index, "fetch_offset": offset, "current_leader_epoch": 0, "log_start_offset": 0}


def fetch(broker: BrokerHarness, *parts: dict[str, Any], **fields: Any) -> FakeRequest:
    return broker.fetch(*parts, version=17, replica=(2, 10), **fields)


def write_when_committed(broker: BrokerHarness, to: int) -> None:
    """Once something is committed in partition 0, another batch is written to partition `to`."""
    partition = broker.partition("t", 0)

    def write() -> None:
        partition.on_change = None
        broker.produce(("t", to, batch(b"after")), acks=1)

    partition.on_change = write


@pytest.fixture
def session(broker: BrokerHarness) -> int:
    """A follower has read nothing yet of partitions 1 and 0, of which the second has a record."""
    broker.create_topic(partitions=2, replicas=(1, 2))
    session_id: int = fetch(broker, wanted(1, 0), wanted(0, 0), session_epoch=0).response.session_id
    broker.produce(("t", 0, batch(b"before")), acks=1)
    assert len(values(fetched(fetch(broker, session_id=session_id, session_epoch=1)).values())) == 1
    return session_id


@pytest.mark.parametrize("to", [0, 1])
def test_what_is_written_during_a_fetch_that_may_wait(broker: BrokerHarness, session: int, to: int) -> None:
    write_when_committed(broker, to)
    request = fetch(broker, wanted(0, 1), session_id=session, session_epoch=2, max_wait_ms=500)
    broker.settle()
    assert values(fetched(request).values()) == [b"after"]


@pytest.mark.parametrize("to", [0, 1])
def test_what_is_written_during_a_fetch_that_is_answered_at_once(broker: BrokerHarness, session: int, to: int) -> None:
    write_when_committed(broker, to)
    found = values(fetched(fetch(broker, wanted(1, 0), wanted(0, 1), session_id=session, session_epoch=2)).values())
    found += values(fetched(fetch(broker, session_id=session, session_epoch=3, max_wait_ms=500)).values())
    assert b"after" in found
