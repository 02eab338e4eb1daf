"""`barnabas size`: the arithmetic against values worked out by hand, and how it is shown."""

from __future__ import annotations

from dataclasses import replace

import pytest

from barnabas.cli.failures import UsageError
from barnabas.cli.quantities import bytes_text, parse_bytes
from barnabas.cli.sizing import Capacity, Load, calculate
from command_harness import Run

DAY_MS = 86_400_000
MB, GB, TB = 10**6, 10**9, 10**12
LOAD = Load(bytes_per_second=100 * MB, message_bytes=1000, retention_ms=DAY_MS, replication=3, groups=2, consumers=12)
CAPACITY = Capacity(
    partition_bytes_per_second=10 * MB,
    consumer_bytes_per_second=5 * MB,
    broker_disk_bytes=10 * TB,
    broker_network_bytes_per_second=500 * MB,
    segment_bytes=GB,
    fill=0.8,
)


def test_a_cluster_worked_out_by_hand() -> None:
    size = calculate(LOAD, CAPACITY)
    assert size.messages_per_second.value == 100_000
    assert size.partitions.value == 20  # 100 MB/s / 5 MB/s a consumer
    # 100 MB/s x 86,400 s x 3 = 25.92 TB, and 20 x 3 segments of 1 GB = 0.06 TB
    assert size.stored.value == pytest.approx(25.98 * TB)
    assert size.disk.value == pytest.approx(32.475 * TB)  # / 0.8
    assert size.network_in.value == 300 * MB  # x 3
    assert size.network_out.value == 400 * MB  # x (2 + 2)
    assert size.brokers.value == 5  # 32.475 TB / 10 TB -> 4, and one spare
    assert size.broker_disk.value == pytest.approx(6.495 * TB)
    assert size.broker_network_in.value == 75 * MB  # by the four that are left
    assert size.broker_network_out.value == 100 * MB


def test_compression_and_growth() -> None:
    size = calculate(replace(LOAD, compression=4.0, growth=1.5), CAPACITY)
    assert size.partitions.value == 30  # 20 x 1.5
    # 100 MB/s x 1.5 / 4 = 37.5 MB/s; x 86,400 s x 3 = 9.72 TB, and 30 x 3 GB = 0.09 TB
    assert size.stored.value == pytest.approx(9.81 * TB)
    assert size.network_in.value == pytest.approx(112.5 * MB)
    assert size.brokers.value == 3  # 12.2625 TB -> 2, and one spare


@pytest.mark.parametrize(
    ("load", "capacity", "partitions", "brokers"),
    [
        (replace(LOAD, consumers=50), CAPACITY, 50, 5),  # one partition for each consumer
        (replace(LOAD, bytes_per_second=1.0, consumers=1), CAPACITY, 1, 3),  # never fewer brokers than replicas
        (replace(LOAD, bytes_per_second=1.0, consumers=1, replication=1), replace(CAPACITY, spare=0), 1, 1),
        (replace(LOAD, groups=20), CAPACITY, 20, 7),  # out: 100 MB/s x 22 / 400 MB/s = 5.5 -> 6, and one spare
        (replace(LOAD, consumers=8000), CAPACITY, 8000, 7),  # 24,000 replicas / 4,000 = 6, and one spare
    ],
)
def test_whatever_is_scarcest_decides(load: Load, capacity: Capacity, partitions: int, brokers: int) -> None:
    size = calculate(load, replace(capacity, segment_bytes=1))
    assert (size.partitions.value, size.brokers.value) == (partitions, brokers)


def test_a_whole_number_is_not_rounded_up() -> None:
    size = calculate(replace(LOAD, bytes_per_second=0.3, consumers=1), replace(CAPACITY, consumer_bytes_per_second=0.1))
    assert size.partitions.value == 3


def test_it_is_shown_with_its_formulas(run: Run) -> None:
    result = run(
        *("size", "--throughput", "100MB", "--retention", "1d", "--groups", "2", "--consumers", "12"),
        *("--consumer-throughput", "5MB", "--broker-disk", "10TB", "--broker-network", "500MB"),
        *("--segment-size", "1GB", "--fill", "0.8"),
    )
    assert result.code == 0
    assert result.out.splitlines() == [
        "messages a second            100,000   = 100 MB/s / 1 kB",
        "partitions                        20   = max(100 MB/s / 10 MB/s a partition = 10, 100 MB/s / 5 MB/s a consumer"
        " = 20, 12 consumers) x 1 growth, rounded up",
        "stored                         26 TB   = 100 MB/s x 1d x 3 replicas = 25.9 TB, and 20 partitions x 3 replicas"
        " x 1 GB a segment = 60 GB",
        "disk in all                  32.5 TB   = 26 TB / 0.8 filled at most",
        "network in, in all          300 MB/s   = 100 MB/s written x 3 replicas",
        "network out, in all         400 MB/s   = 100 MB/s written x (2 followers + 2 groups)",
        "brokers                            5   = max(disk 32.5 TB / 10 TB = 3.25, network in 300 MB/s / 400 MB/s"
        " = 0.75, network out 400 MB/s / 400 MB/s = 1, 60 replicas / 4000 = 0.015), rounded up, + 1 spare; at least 3,"
        " one for each replica",
        "disk of a broker              6.5 TB   = 32.5 TB / 5 brokers",
        "network into a broker        75 MB/s   = 300 MB/s / 4 brokers that are left",
        "network out of a broker     100 MB/s   = 400 MB/s / 4 brokers that are left",
    ]


def test_messages_for_programs(run: Run) -> None:
    found = run("size", "--messages", "2000", "--message-size", "500", "--json").json
    assert found["messages_per_second"]["value"] == 2000
    assert (found["partitions"]["value"], found["brokers"]["value"]) == (1, 3)  # 2.6 TB: two disks of 2 TB
    assert found["stored"]["formula"].startswith("1 MB/s x 7d x 3 replicas")


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ([], "how much?"),
        (["--throughput", "1MB", "--messages", "5"], "how much?"),
        (["--throughput", "lots"], "--throughput 'lots' is not an amount"),
        (["--throughput", "0"], "--throughput '0'"),
        (["--throughput", "1MB", "--retention", "long"], "--retention 'long'"),
        (["--throughput", "1MB", "--fill", "2"], "--fill"),
    ],
)
def test_what_cannot_be_calculated_is_refused(run: Run, options: list[str], complaint: str) -> None:
    result = run("size", *options)
    assert (result.code, result.out, complaint in result.err) == (2, "", True)


def test_amounts_of_bytes() -> None:
    texts = ["500", "10kB", "1.5MB", "1 GiB", "2t", "1KiB", "3b"]
    assert [parse_bytes(text, "--x") for text in texts] == [500, 10_000, 1_500_000, 1 << 30, 2 * TB, 1024, 3]
    assert [bytes_text(n) for n in (0, 999, 1000, 1536, 999_960, 1.5e9, 5e15, 5e18)] == [
        "0 B",
        "999 B",
        "1 kB",
        "1.5 kB",
        "1 MB",
        "1.5 GB",
        "5 PB",
        "5000 PB",
    ]
    for text in ("", "-1", "1 XB", "MB"):
        with pytest.raises(UsageError):
            parse_bytes(text, "--x")
