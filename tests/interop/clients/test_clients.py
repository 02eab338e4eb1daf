"""Clients of other languages, unmodified, against three controllers and three brokers: the same is asked of each.

Consumers read by assignment; groups are in test_client_groups.py. KafkaJS consumes in groups only, so what it
wrote is read by librdkafka here.
"""

from __future__ import annotations

import itertools

import pytest
from clients.client import ALL_CODECS, Client, Record, Refused

from barnabas.protocol.compression import Compression
from barnabas.protocol.errors import ErrorCode
from barnabas.protocol.record_batch import iter_batches
from barnabas.testing.processes import Cluster
from load import History, check, eventually, leader_of, read_all, wait_for_isr

pytestmark = pytest.mark.cluster
# Acks, and whether the producer is idempotent. What is sent without acks is lost where the leader does not know yet
# that it is the leader of a new topic: those come last.
PROMISES = [("all", True), ("all", False), ("1", False), ("0", False)]
FIRST_MS = 1_700_000_000_000
SOME = 200
numbers = itertools.count()


@pytest.fixture
def topic(client: Client) -> str:
    """A name of its own for each test."""
    return f"{client.kind.name}-{next(numbers)}"


def records(count: int) -> list[Record]:
    return [Record(f"key {n}", f"value {n} " * 20, f"header {n}") for n in range(count)]


def test_creates_grows_and_deletes_topics(client: Client, topic: str) -> None:
    client.create(topic, partitions=2, replicas=3)
    eventually(lambda: client.call("topics").get(topic) == 2)
    client.call("grow", topic=topic, partitions=5)
    eventually(lambda: client.call("topics").get(topic) == 5)
    client.call("delete", topic=topic)
    eventually(lambda: topic not in client.call("topics"))


@pytest.mark.parametrize("codec", ALL_CODECS)
def test_produces_and_fetches(client: Client, barnabas: Cluster, topic: str, codec: str) -> None:
    if codec not in client.kind.codecs:
        pytest.skip(f"{client.kind} does not have {codec}")
    client.create(topic)
    sent = records(SOME)
    for start, (acks, idempotent) in zip(itertools.count(step=SOME), PROMISES):
        offsets = client.produce(topic, sent, codec=codec, acks=acks, idempotent=idempotent)
        if acks != "0":
            assert offsets == list(range(start, start + SOME))
    everything = list(enumerate(sent * len(PROMISES)))
    if client.can("fetch"):
        fetched = client.fetch(topic, len(everything))
        assert [(r.offset, r.key, r.value, r.header) for r in fetched] == [
            (offset, r.key, r.value, r.header) for offset, r in everything
        ]
    expected = [(offset, r.value.encode()) for offset, r in everything]
    eventually(lambda: len(read_all(barnabas.bootstrap, topic)[0]) >= len(expected))
    assert read_all(barnabas.bootstrap, topic)[0] == expected
    assert codecs_on_disk(barnabas, topic) == {codec.upper()}


def codecs_on_disk(barnabas: Cluster, topic: str) -> set[str]:
    """The codecs of the batches that the leader wrote."""
    leader = barnabas.node(leader_of(barnabas.bootstrap, topic))
    data = (leader.directory / f"{topic}-0" / f"{0:020}.log").read_bytes()
    return {Compression(batch.compression).name for batch in iter_batches(data)}


def test_fetches_from_an_offset_within_a_batch(client: Client, topic: str) -> None:
    if not client.can("fetch"):
        pytest.skip(f"{client.kind} consumes in groups only")
    client.create(topic)
    sent = records(50)
    client.produce(topic, sent, codec="gzip", acks="all", idempotent=True)
    fetched = client.fetch(topic, 7, offset=43)
    assert [(r.offset, r.value) for r in fetched] == [(offset, sent[offset].value) for offset in range(43, 50)]


def test_lists_offsets_by_time(client: Client, topic: str) -> None:
    client.create(topic, configs={"retention.ms": "-1"})
    sent = [Record("k", str(n), "", timestamp=FIRST_MS + n * 1000) for n in range(10)]
    client.produce(topic, sent, codec="none", acks="all", idempotent=False)
    assert client.list_offset(topic, -2) == 0
    assert client.list_offset(topic, -1) == 10
    assert client.list_offset(topic, FIRST_MS - 1) == 0
    assert client.list_offset(topic, FIRST_MS + 3500) == 4
    # None is at or after that time. kadm and KafkaJS then ask for the end.
    assert client.list_offset(topic, FIRST_MS + 9001) in (-1, 10)
    if client.can("max_timestamp"):
        assert client.list_offset(topic, -3) == 9
    if client.can("fetch"):
        assert [r.timestamp for r in client.fetch(topic, 10)] == [r.timestamp for r in sent]


def test_alters_configs(client: Client, topic: str) -> None:
    client.create(topic, configs={"retention.ms": "3600000"})
    expect_configs(client, topic, "3600000", "1048588")
    if client.can("set"):
        client.call("set", topic=topic, configs={"max.message.bytes": "2000"})
        expect_configs(client, topic, "3600000", "2000")
        client.call("set", topic=topic, configs={"retention.ms": None})
        expect_configs(client, topic, "604800000", "2000")
    if client.can("replace"):
        client.call("replace", topic=topic, configs={"retention.ms": "7200000"})
        expect_configs(client, topic, "7200000", "1048588")


def expect_configs(client: Client, topic: str, retention_ms: str, max_message_bytes: str) -> None:
    """Any broker may answer, and may hear of topic and change a moment later than the one that was asked for them."""

    def described() -> bool:
        try:
            configs = client.call("configs", topic=topic)
        except Refused as refused:
            if refused.code != ErrorCode.UNKNOWN_TOPIC_OR_PARTITION:
                raise
            return False
        return (configs["retention.ms"], configs["max.message.bytes"]) == (retention_ms, max_message_bytes)

    eventually(described)


def test_is_told_why_it_is_refused(client: Client, topic: str) -> None:
    client.create(topic, configs={"max.message.bytes": "1000"})
    eventually(lambda: topic in client.call("topics"))
    with pytest.raises(Refused) as refused:
        client.create(topic)
    assert refused.value.code == ErrorCode.TOPIC_ALREADY_EXISTS
    with pytest.raises(Refused) as refused:
        client.create(f"{topic}-wide", replicas=4)
    assert refused.value.code == ErrorCode.INVALID_REPLICATION_FACTOR
    with pytest.raises(Refused) as refused:
        client.call("set" if client.can("set") else "replace", topic=topic, configs={"retention.ms": "soon"})
    assert refused.value.code == ErrorCode.INVALID_CONFIG
    with pytest.raises(Refused) as refused:
        client.produce(topic, [Record("k", "v" * 2000, "")], codec="none", acks="all", idempotent=False)
    assert refused.value.code == ErrorCode.MESSAGE_TOO_LARGE


def test_survives_the_kill_of_a_leader(client: Client, barnabas: Cluster, topic: str) -> None:
    client.create(topic, configs={"min.insync.replicas": "2"})
    wait_for_isr(barnabas.bootstrap, topic, 3)
    client.call("start_load", topic=topic)
    wait_for_acks(client, SOME)
    leader = barnabas.node(leader_of(barnabas.bootstrap, topic))
    leader.kill()
    wait_for_acks(client, SOME)
    leader.start()
    wait_for_isr(barnabas.bootstrap, topic, 3)
    wait_for_acks(client, SOME)
    load = client.stop_load()
    check(barnabas.bootstrap, topic, History(acked={0: load.acked}, failed=load.failed))
    if client.can("fetch"):
        assert load.fetched == list(range(len(load.acked)))


def wait_for_acks(client: Client, more: int) -> None:
    target = client.call("acked") + more
    eventually(lambda: client.call("acked") >= target)
