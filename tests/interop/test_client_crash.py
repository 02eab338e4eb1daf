"""The trio client when a broker of Apache Kafka is killed: what `tests/cluster` asks of it with Barnabas."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import apache_kafka
from apache_kafka import ApacheKafka
from client_crash import check_a_broker_is_killed


@pytest.fixture(scope="module")
def kafka() -> Iterator[ApacheKafka]:
    """Brokers of which one may be away."""
    if (lacking := apache_kafka.missing()) is not None:
        pytest.skip(lacking)
    settings = ("broker.session.timeout.ms=3000",)
    with apache_kafka.apache_kafka(brokers=2, controllers=1, overrides=settings) as running:
        yield running


@pytest.mark.parametrize("broker", [1, 2])
async def test_a_broker_is_killed(kafka: ApacheKafka, broker: int) -> None:
    node = next(node for node in kafka.layout.nodes if node.id == broker)
    protocol = "classic" if broker == 1 else "consumer"
    await check_a_broker_is_killed(kafka.bootstrap, lambda: kafka.kill(broker), lambda: kafka.start(node), protocol)
