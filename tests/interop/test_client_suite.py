"""The trio client in groups and transactions, against Apache Kafka: what `tests/cluster` asks of it with Barnabas."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from apache_kafka import apache_kafka, missing
from client_suite import checks

CHECKS = checks()


@pytest.fixture(scope="module")
def kafka() -> Iterator[str]:
    if (lacking := missing()) is not None:
        pytest.skip(lacking)
    with apache_kafka(brokers=1, controllers=1) as running:
        yield running.bootstrap


@pytest.mark.parametrize("name", CHECKS)
async def test_client(kafka: str, name: str) -> None:
    await CHECKS[name](kafka)
