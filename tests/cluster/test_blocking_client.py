"""The clients for synchronous code."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from barnabas.client.admin import CreatedTopic, NewTopic
from barnabas.client.blocking import Admin, Consumer, Producer
from barnabas.client.errors import BrokerError, ClientClosed, ClientError, ConfigurationError
from barnabas.testing import embedded

pytestmark = pytest.mark.cluster


@pytest.fixture(scope="module")
def bootstrap() -> Iterator[str]:
    with embedded() as running:
        yield running


def new_topic(bootstrap: str, name: str) -> None:
    with Admin(bootstrap) as admin:
        assert isinstance(admin.call(lambda admin: admin.create_topics([NewTopic(name, 2)]))[name], CreatedTopic)


def test_send_and_read(bootstrap: str) -> None:
    new_topic(bootstrap, "plain")
    with Producer(bootstrap) as producer:
        assert producer.send("plain", b"0", partition=1).offset == 0
        receipts = [producer.send_soon("plain", b"%d" % n, partition=1, key=b"k") for n in range(1, 10)]
        assert [receipt.wait().offset for receipt in receipts] == list(range(1, 10))
        producer.flush()
    with Consumer(bootstrap) as consumer:
        consumer.assign({("plain", 1): "earliest"}, stop_at_end=True)
        assert [record.value for record in consumer] == [b"%d" % n for n in range(10)]


def test_only_what_was_given_out_is_committed(bootstrap: str) -> None:
    new_topic(bootstrap, "groups")
    with Producer(bootstrap) as producer:
        for receipt in [producer.send_soon("groups", b"x", partition=0) for _ in range(10)]:
            receipt.wait()
    settings = {"group": "g", "topics": "groups", "auto_offset_reset": "earliest", "enable_auto_commit": False}
    for first in (0, 4):
        with Consumer(bootstrap, **settings) as consumer:
            for record in consumer:
                assert record.offset >= first
                if record.offset == 3 + first:
                    consumer.commit()
                    break
            assert consumer.committed([("groups", 0)])["groups", 0].offset == first + 4


def test_transactions(bootstrap: str) -> None:
    new_topic(bootstrap, "transactions")
    with Producer(bootstrap, transactional_id="tx") as producer:
        with producer.transaction():
            producer.send("transactions", b"yes", partition=0)
        with pytest.raises(ZeroDivisionError), producer.transaction():
            producer.send("transactions", b"no", partition=0).offset / 0
    with Consumer(bootstrap, isolation_level="read_committed") as consumer:
        consumer.assign({("transactions", 0): "earliest"}, stop_at_end=True)
        assert [record.value for record in consumer] == [b"yes"]


def test_errors_come_through(bootstrap: str) -> None:
    with Producer(bootstrap) as producer, pytest.raises(BrokerError, match="INVALID_TOPIC"):
        producer.send("not a topic", b"")
    with pytest.raises(ConfigurationError, match="acks"), Producer(bootstrap, acks=7):
        pass
    with Admin("127.0.0.1:1", timeout=0.2) as admin, pytest.raises(ClientError, match=r"127\.0\.0\.1:1"):
        admin.call(lambda admin: admin.describe_cluster())
    with pytest.raises(ClientClosed, match="not open"):
        producer.flush()


def test_an_error_of_the_block_leaves_it_as_it_is(bootstrap: str) -> None:
    with pytest.raises(ZeroDivisionError), Producer(bootstrap):
        _ = 1 / 0
