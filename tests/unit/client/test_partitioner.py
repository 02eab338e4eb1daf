from __future__ import annotations

import random
from collections import Counter

import pytest
from aiokafka.partitioner import murmur2 as aiokafka_murmur2
from hypothesis import given
from hypothesis import strategies as st

from barnabas.client.metadata import PartitionView, TopicView
from barnabas.client.partitioner import StickyPartitioner, murmur2, partition_for_key
from barnabas.protocol.errors import ErrorCode


def topic(*leaders: int) -> TopicView:
    partitions = {
        number: PartitionView(leader, 0, (leader,), (leader,), (), ErrorCode.NONE)
        for number, leader in enumerate(leaders)
    }
    return TopicView("t", b"0" * 16, ErrorCode.NONE, False, partitions)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        (b"21", -973932308),
        (b"foobar", -790332482),
        (b"a-little-bit-long-string", -985981536),
        (b"a-little-bit-longer-string", -1486304829),
        (b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971),
        (b"abc", 479470107),
    ],
)
def test_murmur2_is_the_hash_of_kafkas_clients(key: bytes, value: int) -> None:
    assert murmur2(key) == value % (1 << 32)


@given(st.binary(max_size=40), st.integers(1, 1000))
def test_murmur2_equals_aiokafkas(key: bytes, count: int) -> None:
    assert murmur2(key) == aiokafka_murmur2(key) % (1 << 32)
    assert partition_for_key(memoryview(key), count) == (aiokafka_murmur2(key) & 0x7FFFFFFF) % count


def test_records_without_a_key_stick_until_a_batch_is_full() -> None:
    sticky = StickyPartitioner(100, random.Random(1).choice)
    first = [sticky.partition(topic(1, 2, 3), 25) for _ in range(4)]
    assert len(set(first)) == 1
    assert sticky.partition(topic(1, 2, 3), 25) != first[0]


def test_partitions_are_filled_evenly() -> None:
    sticky = StickyPartitioner(100, random.Random(1).choice)
    counts = Counter(sticky.partition(topic(1, 2, 3), 50) for _ in range(3000))
    assert set(counts) == {0, 1, 2}
    assert min(counts.values()) > 900


def test_partitions_without_a_leader_are_passed_over() -> None:
    sticky = StickyPartitioner(10, random.Random(1).choice)
    assert {sticky.partition(topic(-1, 2, -1), 10) for _ in range(20)} == {1}
    assert {sticky.partition(topic(-1, -1), 10) for _ in range(20)} == {0, 1}


def test_a_record_leaves_a_partition_that_lost_its_leader() -> None:
    sticky = StickyPartitioner(1000, lambda choices: choices[0])
    assert sticky.partition(topic(1, 2), 10) == 0
    assert sticky.partition(topic(-1, 2), 10) == 1
    assert sticky.partition(topic(1, 2), 10) == 1
