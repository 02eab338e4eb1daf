"""Clients with TLS and SASL: who is let in works as ever, and who is not learns what to do, at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import trio
from trio.testing import MockClock

from barnabas.client import Admin, Consumer, Producer
from barnabas.client.cluster import Cluster
from barnabas.client.errors import AuthenticationFailed, ClientError, ConfigurationError, TimedOut
from barnabas.client.groups.membership import GroupProtocol
from barnabas.net.memory import MemoryNetwork
from barnabas.protocol.api_keys import ApiKey
from fake_brokers import FakeCluster
from fake_group import FakeGroup
from fake_sasl import FakeSasl
from tls import HOST, TlsMemoryNetwork, authority

SASL = {"security_protocol": "SASL_PLAINTEXT", "sasl_username": "alice", "sasl_password": "secret"}


@pytest.fixture
def brokers(nursery: trio.Nursery) -> FakeCluster:
    cluster = FakeCluster(nursery)
    cluster.create("t")
    return cluster


@pytest.fixture
def ca(tmp_path: Path) -> str:
    path = tmp_path / "ca.pem"
    authority().cert_pem.write_to_path(str(path))
    return str(path)


def cluster_of(brokers: FakeCluster, **security: Any) -> Cluster:
    return Cluster(brokers.bootstrap, network=brokers.network, request_timeout=5.0, **security)


async def send_and_read(brokers: FakeCluster, **security: Any) -> None:
    async with cluster_of(brokers, **security) as cluster:
        async with Producer(cluster) as producer:
            assert (await producer.send("t", b"x" * 100_000)).offset == 0
        async with Consumer(cluster) as consumer:
            await consumer.assign({("t", 0): "earliest"})
            assert (await anext(consumer)).value == b"x" * 100_000


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"])
async def test_who_knows_the_password_is_let_in(brokers: FakeCluster, mechanism: str) -> None:
    sasl = FakeSasl(brokers, "alice", "secret")
    await brokers.start()
    await send_and_read(brokers, **SASL, sasl_mechanism=mechanism)
    assert sasl.sessions >= 1


async def test_with_tls(brokers: FakeCluster, ca: str) -> None:
    brokers.network = TlsMemoryNetwork()
    await brokers.start()
    await send_and_read(brokers, security_protocol="SSL", ssl_cafile=ca)


async def test_with_both_and_a_certificate_of_ours(brokers: FakeCluster, ca: str, tmp_path: Path) -> None:
    FakeSasl(brokers, "alice", "secret")
    brokers.network = TlsMemoryNetwork()
    await brokers.start()
    mine = tmp_path / "mine.pem"
    authority().issue_cert("me").private_key_and_cert_chain_pem.write_to_path(str(mine))
    settings = SASL | {"security_protocol": "SASL_SSL", "sasl_mechanism": "PLAIN"}
    await send_and_read(brokers, **settings, ssl_cafile=ca, ssl_certfile=str(mine))


# Who is not let in


async def fails_at_once(brokers: FakeCluster, complaint: str, **security: Any) -> None:
    """Every client, and for good: trying again would not help."""
    start = trio.current_time()
    async with cluster_of(brokers, **security) as cluster:
        async with Admin(cluster) as admin:
            with pytest.raises(AuthenticationFailed, match=f"{HOST}:9092: .*{complaint}"):
                await admin.list_topics()
        async with Producer(cluster) as producer:
            with pytest.raises(AuthenticationFailed, match=complaint):
                await producer.send("t", b"a")
        async with Consumer(cluster) as consumer:
            with pytest.raises(AuthenticationFailed, match=complaint):
                await consumer.assign({("t", 0): "earliest"})
        async with Consumer(cluster, group="g", topics="t") as consumer:
            with trio.move_on_after(60), pytest.raises(AuthenticationFailed, match=complaint):
                await anext(consumer)
        async with Producer(cluster, transactional_id="x") as producer:
            with pytest.raises(AuthenticationFailed, match=complaint):
                await producer.begin_transaction()
    assert trio.current_time() - start < 1


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-256"])
async def test_a_wrong_password(brokers: FakeCluster, mechanism: str, autojump_clock: MockClock) -> None:
    FakeSasl(brokers, "alice", "another")
    await brokers.start()
    complaint = rf"Invalid username or password \(user alice, {mechanism}\)"
    await fails_at_once(brokers, complaint, **SASL, sasl_mechanism=mechanism)


async def test_a_mechanism_that_is_not_offered(brokers: FakeCluster, autojump_clock: MockClock) -> None:
    FakeSasl(brokers, "alice", "secret", "SCRAM-SHA-512", "GSSAPI")
    await brokers.start()
    complaint = "no PLAIN here; sasl_mechanism may be SCRAM-SHA-512, GSSAPI"
    await fails_at_once(brokers, complaint, **SASL, sasl_mechanism="PLAIN")


async def test_a_broker_that_does_not_know_the_password_itself(brokers: FakeCluster, autojump_clock: MockClock) -> None:
    FakeSasl(brokers, "alice", "secret").knows_password = False
    await brokers.start()
    await fails_at_once(brokers, "not who it says it is", **SASL, sasl_mechanism="SCRAM-SHA-256")


async def test_a_broker_that_authenticates_nobody(brokers: FakeCluster, autojump_clock: MockClock) -> None:
    await brokers.start()
    await fails_at_once(brokers, "security_protocol is PLAINTEXT or SSL there", **SASL, sasl_mechanism="PLAIN")


async def test_a_broker_that_nobody_vouches_for(brokers: FakeCluster, autojump_clock: MockClock) -> None:
    brokers.network = TlsMemoryNetwork()
    await brokers.start()
    await fails_at_once(brokers, "not trusted: .*ssl_cafile", security_protocol="SSL")


async def test_a_leader_that_does_not_let_us_in_any_more(brokers: FakeCluster, autojump_clock: MockClock) -> None:
    """What was under way ends with the reason."""
    sasl = FakeSasl(brokers, "alice", "secret")
    await brokers.start()
    async with cluster_of(brokers, **SASL, sasl_mechanism="PLAIN") as cluster, Producer(cluster) as producer:
        await producer.send("t", b"a")
        sasl.password = "changed"
        brokers.lost_answers[ApiKey.PRODUCE] = 1
        with pytest.raises(AuthenticationFailed, match="Invalid username or password"):
            await producer.send("t", b"b")


async def test_a_reader_that_is_not_let_in_any_more(brokers: FakeCluster, autojump_clock: MockClock) -> None:
    sasl = FakeSasl(brokers, "alice", "secret")
    await brokers.start()
    async with cluster_of(brokers, **SASL, sasl_mechanism="PLAIN") as cluster, Consumer(cluster) as consumer:
        await consumer.assign({("t", 0): 0})
        sasl.password = "changed"
        brokers.lost_answers[ApiKey.FETCH] = 1
        with pytest.raises(AuthenticationFailed, match="Invalid username or password"), trio.fail_after(30):
            await anext(consumer)


# Two that speak differently


async def test_plain_text_to_a_port_with_tls(brokers: FakeCluster, autojump_clock: MockClock) -> None:
    brokers.network = TlsMemoryNetwork()
    await brokers.start()
    async with cluster_of(brokers) as cluster, Admin(cluster) as admin:
        with pytest.raises(TimedOut, match="it may want another security_protocol on this port"):
            await admin.list_topics()


async def test_plain_text_to_a_port_that_answers_with_an_alert(
    nursery: trio.Nursery, autojump_clock: MockClock
) -> None:
    network = MemoryNetwork()
    listener = await network.listen(HOST, 9092)

    async def serve() -> None:
        while True:
            transport = await listener.accept()
            await transport.recv_into(memoryview(bytearray(1000)))
            transport.send_nowait([bytes.fromhex("15030300020246")])

    nursery.start_soon(serve)
    async with Cluster(f"{HOST}:9092", network=network, request_timeout=5.0) as cluster, Admin(cluster) as admin:
        with pytest.raises(TimedOut, match="it speaks TLS on this port: security_protocol is SSL or SASL_SSL there"):
            await admin.list_topics()


async def test_tls_to_a_port_without(brokers: FakeCluster, ca: str, autojump_clock: MockClock) -> None:
    await brokers.start()
    async with cluster_of(brokers, security_protocol="SSL", ssl_cafile=ca) as cluster, Admin(cluster) as admin:
        with pytest.raises(ClientError, match="does it speak TLS on this port"):
            await admin.list_topics()


# A session that ends


async def test_a_new_connection_takes_over_before_a_session_ends(
    brokers: FakeCluster, autojump_clock: MockClock
) -> None:
    sasl = FakeSasl(brokers, "alice", "secret")
    sasl.lifetime_ms = 10_000
    await brokers.start()
    async with cluster_of(brokers, **SASL, sasl_mechanism="PLAIN") as cluster, Producer(cluster) as producer:
        for number in range(30):
            await producer.send("t", b"%d" % number)
            await trio.sleep(1)
        assert 3 <= sasl.sessions <= 5
        assert len(brokers.network.transports) <= 4  # both ends of one, and perhaps of its predecessor
    assert brokers.topics["t"][0].values() == [b"%d" % number for number in range(30)]


@pytest.mark.parametrize("protocol", ["classic", "consumer"])
async def test_nothing_is_asked_in_a_session_that_is_over(
    nursery: trio.Nursery, protocol: GroupProtocol, autojump_clock: MockClock
) -> None:
    """Brokers close such a connection. All that clients do goes on through many sessions as if there were but one."""
    brokers = FakeCluster(nursery, 2)
    brokers.network.latency = 0.02
    sasl, group = FakeSasl(brokers, "alice", "secret"), FakeGroup(brokers)
    sasl.lifetime_ms = 4_000
    await brokers.start()
    partitions = brokers.create("t", [1, 2])
    values = [b"%d" % number for number in range(200)]
    async with cluster_of(brokers, **SASL, sasl_mechanism="SCRAM-SHA-256") as cluster, trio.open_nursery() as tasks:
        read: list[bytes | None] = []

        async def consume() -> None:
            async with Consumer(
                cluster, group="g", topics="t", group_protocol=protocol, auto_offset_reset="earliest"
            ) as consumer:
                async for record in consumer:
                    read.append(record.value)
                    if len(read) == len(values):
                        return

        async def produce() -> None:
            async with Producer(cluster) as producer:
                for number, value in enumerate(values):
                    await producer.send("t", value, partition=number % 2)
                    await trio.sleep(0.3)

        tasks.start_soon(consume)
        tasks.start_soon(produce)
    assert sorted(read, key=lambda value: int(value or b"")) == values
    assert [partitions[number].values() for number in (0, 1)] == [values[::2], values[1::2]]
    assert group.history == ["joined", "left"]
    assert sasl.sessions > 40
    assert sasl.sent_away == 0


async def test_records_without_acknowledgement_are_sent_before_a_session_is_left(
    brokers: FakeCluster, autojump_clock: MockClock
) -> None:
    sasl = FakeSasl(brokers, "alice", "secret")
    sasl.lifetime_ms = 4_000
    brokers.network = MemoryNetwork(capacity=1000)
    brokers.network.latency = 0.1
    await brokers.start()
    values = [b"%d" % number + bytes(3000) for number in range(60)]
    async with cluster_of(brokers, **SASL, sasl_mechanism="PLAIN") as cluster, Producer(cluster, acks=0) as producer:
        for value in values:
            await producer.send("t", value)
    await trio.sleep(1)
    assert brokers.topics["t"][0].values() == values
    assert sasl.sessions > 3
    assert sasl.sent_away == 0


# Settings


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"security_protocol": "TLS"}, "security_protocol='TLS'; it is one of PLAINTEXT, SSL"),
        ({"ssl_cafile": "/x"}, "ssl_cafile has no meaning unless security_protocol is SSL or SASL_SSL"),
        ({"sasl_username": "x"}, "sasl_username has no meaning unless security_protocol is SASL_SSL"),
        (SASL, "sasl_mechanism=None; it is one of PLAIN, SCRAM-SHA-256"),
        (SASL | {"sasl_mechanism": "GSSAPI"}, "sasl_mechanism='GSSAPI'"),
        ({"security_protocol": "SASL_SSL", "sasl_mechanism": "PLAIN"}, "PLAIN needs sasl_username"),
        (SASL | {"sasl_mechanism": "PLAIN", "sasl_password": None}, "PLAIN needs sasl_password"),
        (SASL | {"sasl_mechanism": "PLAIN", "sasl_password": "\0"}, "zero byte"),
        ({"security_protocol": "SSL", "ssl_cafile": "/nowhere"}, "ssl_cafile=/nowhere: No such file"),
        ({"security_protocol": "SSL", "ssl_cafile": __file__}, "is not a PEM file; of a Java store: keytool"),
        ({"security_protocol": "SSL", "ssl_keyfile": __file__}, "is not a PEM file"),
        ({"security_protcol": "SSL"}, "did you mean 'security_protocol'?"),
    ],
)
def test_settings_that_make_no_sense(settings: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        Producer("127.0.0.1:9092", **settings)
    assert complaint in str(refused.value)


async def test_an_open_cluster_has_its_own(brokers: FakeCluster) -> None:
    with pytest.raises(ConfigurationError, match="security_protocol beside an open Cluster"):
        Consumer(cluster_of(brokers), security_protocol="PLAINTEXT")
