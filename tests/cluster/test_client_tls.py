"""Clients and commands with TLS, against a real broker behind a proxy that speaks it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import trio

import tls_proxy
from barnabas.client import Admin, Consumer, NewTopic, Producer
from barnabas.client.cluster import Cluster
from barnabas.client.errors import AuthenticationFailed
from barnabas.net.addresses import parse_host_port
from barnabas.net.transport import TcpNetwork, Transport
from barnabas.testing import embedded
from tls import HOST, authority

pytestmark = pytest.mark.cluster


class ThroughProxy(TcpNetwork):
    """Whoever is to be connected to, it is the proxy: the broker tells clients an address without TLS."""

    def __init__(self, port: int) -> None:
        self.port = port

    async def connect(self, host: str, port: int) -> Transport:
        return await super().connect(host, self.port)


@pytest.fixture
async def network(nursery: trio.Nursery) -> AsyncIterator[ThroughProxy]:
    listener = await TcpNetwork().listen(HOST, 0)
    with embedded() as address:
        nursery.start_soon(tls_proxy.serve, listener, parse_host_port(address)[1])
        yield ThroughProxy(listener.port)
        nursery.cancel_scope.cancel()
    listener.close()


@pytest.fixture
def ca(tmp_path: Path) -> Path:
    path = tmp_path / "ca.pem"
    authority().cert_pem.write_to_path(str(path))
    return path


def cluster_of(network: ThroughProxy, **security: Any) -> Cluster:
    return Cluster(f"{HOST}:{network.port}", network=network, security_protocol="SSL", **security)


async def test_clients_talk_through_tls(network: ThroughProxy, ca: Path) -> None:
    values = [b"%d" % number * 200 for number in range(2000)]
    async with cluster_of(network, ssl_cafile=str(ca)) as cluster:
        async with Admin(cluster) as admin:
            await admin.create_topics([NewTopic("t", 2, 1)])
        async with Producer(cluster) as producer:
            receipts = [await producer.send_soon("t", value, partition=0) for value in values]
            for receipt in receipts:
                await receipt.wait()
        async with Consumer(cluster) as consumer:
            await consumer.assign({("t", 0): "earliest"}, stop_at_end=True)
            assert [record.value async for record in consumer] == values
    async with cluster_of(network) as cluster, Admin(cluster) as admin:
        with pytest.raises(AuthenticationFailed, match="not trusted"):
            await admin.list_topics()


async def test_commands_follow_their_properties_file(network: ThroughProxy, ca: Path, tmp_path: Path) -> None:
    config = tmp_path / "client.properties"
    secure = f"bootstrap.servers={HOST}:{network.port}\nsecurity.protocol=SSL\n"
    config.write_text(f"{secure}ssl.truststore.type=PEM\nssl.truststore.location={ca}\n")
    listed = await _command("topic", "list", "--json", "--command-config", str(config))
    assert (listed.returncode, listed.stderr) == (0, b"")
    config.write_text(secure)
    refused = await _command("topic", "list", "--command-config", str(config))
    assert refused.returncode == 1
    assert b"its certificate is not trusted" in refused.stderr
    assert b"ssl_cafile" in refused.stderr


async def _command(*arguments: str) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "barnabas.cli", *arguments]
    return await trio.run_process(command, capture_stdout=True, capture_stderr=True, check=False)
