"""The trio client in groups and transactions, against Apache Kafka: what `tests/cluster` asks of it with Barnabas."""

from __future__ import annotations

import pytest

from apache_kafka import ApacheKafka
from client_suite import checks

CHECKS = checks()


@pytest.mark.parametrize("name", CHECKS)
async def test_client(kafka_of_one: ApacheKafka, name: str) -> None:
    await CHECKS[name](kafka_of_one.bootstrap)
