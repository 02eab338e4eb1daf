"""What peers fell into (each test names its trap), against one broker."""

from __future__ import annotations

import pytest

from barnabas.protocol.compression import Compression
from barnabas.protocol.errors import ErrorCode
from barnabas.protocol.record_batch import iter_batches
from barnabas.protocol.record_builder import BatchBuilder
from barnabas.testing.processes import Cluster
from load import create_topic
from wire import Wire, fetch, leader_address, produce

pytestmark = pytest.mark.cluster


def batch(sequence: int, *, producer_id: int = 4711, epoch: int = 0, count: int = 1) -> bytes:
    builder = BatchBuilder(producer_id=producer_id, producer_epoch=epoch, base_sequence=sequence)
    for n in range(count):
        builder.append(1_700_000_000_000 + n, None, b"value")
    return bytes(builder.build())


def make(cluster: Cluster, topic: str, **config: str) -> str:
    create_topic(cluster.bootstrap, topic, replication=1, config=dict(config))
    return leader_address(cluster.bootstrap, topic)


def test_zstd_is_served_at_every_fetch_version_as_kafka_4_does(barnabas_cluster: Cluster) -> None:
    """Kafka before 4.0 refused it below v10; 4.0 dropped down-conversion, and the refusal with it (KIP-724)."""
    address = make(barnabas_cluster, "trap-zstd")
    builder = BatchBuilder(Compression.ZSTD)
    builder.append(1_700_000_000_000, None, b"value" * 100)
    with Wire(address) as wire:
        assert produce(wire, "trap-zstd", bytes(builder.build())).error_code == 0
        for version in (4, 9, 10, 12):
            answer = fetch(wire, "trap-zstd", 0, version=version)
            assert (answer.error_code, len(answer.records) > 0) == (0, True)


def test_the_last_five_batches_are_remembered_also_after_kill_9(barnabas_cluster: Cluster) -> None:
    address = make(barnabas_cluster, "trap-five")
    with Wire(address) as wire:
        for sequence in range(8):
            assert produce(wire, "trap-five", batch(sequence)).base_offset == sequence
    broker = barnabas_cluster.brokers[0]
    broker.kill()
    broker.start()
    with Wire(leader_address(barnabas_cluster.bootstrap, "trap-five")) as wire:
        for sequence in range(3, 8):
            answer = produce(wire, "trap-five", batch(sequence))
            assert (answer.error_code, answer.base_offset) == (0, sequence)
        assert produce(wire, "trap-five", batch(2)).error_code == ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER
        assert produce(wire, "trap-five", batch(9)).error_code == ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER
        assert produce(wire, "trap-five", batch(8)).base_offset == 8


def test_an_older_epoch_is_fenced(barnabas_cluster: Cluster) -> None:
    with Wire(make(barnabas_cluster, "trap-epoch")) as wire:
        assert produce(wire, "trap-epoch", batch(0, epoch=3)).error_code == 0
        assert produce(wire, "trap-epoch", batch(0, epoch=2)).error_code == ErrorCode.INVALID_PRODUCER_EPOCH
        assert produce(wire, "trap-epoch", batch(0, epoch=4)).error_code == 0


def test_the_sequence_wraps(barnabas_cluster: Cluster) -> None:
    last = (1 << 31) - 1
    with Wire(make(barnabas_cluster, "trap-wrap")) as wire:
        assert produce(wire, "trap-wrap", batch(last - 1, count=2)).error_code == 0
        assert produce(wire, "trap-wrap", batch(0)).base_offset == 2


def test_lz4_that_the_broker_writes_itself_has_independent_blocks(barnabas_cluster: Cluster) -> None:
    address = make(barnabas_cluster, "trap-lz4", **{"compression.type": "lz4"})
    builder = BatchBuilder()
    for n in range(2000):
        builder.append(1_700_000_000_000, None, f"{n} ".encode() * 50)
    with Wire(address) as wire:
        assert produce(wire, "trap-lz4", bytes(builder.build())).error_code == 0
        (stored,) = iter_batches(fetch(wire, "trap-lz4", 0).records)
    assert stored.compression == Compression.LZ4
    independent_blocks = 0x20
    assert stored.view[61 + 4] & independent_blocks


def test_an_idle_consumer_is_not_out_of_range_after_a_restart(barnabas_cluster: Cluster) -> None:
    address = make(barnabas_cluster, "trap-idle")
    with Wire(address) as wire:
        assert produce(wire, "trap-idle", batch(0)).error_code == 0
        assert fetch(wire, "trap-idle", 1).error_code == 0
    broker = barnabas_cluster.brokers[0]
    broker.stop()
    broker.start()
    with Wire(leader_address(barnabas_cluster.bootstrap, "trap-idle")) as wire:
        assert fetch(wire, "trap-idle", 1).error_code == 0
        assert fetch(wire, "trap-idle", 2).error_code == ErrorCode.OFFSET_OUT_OF_RANGE
