"""Placement spreads leaders and replicas, over racks first."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from barnabas.metadata.placement import UsableBroker, place_replicas
from barnabas.protocol.errors import ErrorCode, WireError

RACKS = st.sampled_from([None, "a", "b", "c"])
CLUSTERS = st.lists(st.tuples(RACKS, st.booleans()), min_size=1, max_size=9).map(
    lambda brokers: [UsableBroker(id_, rack, fenced) for id_, (rack, fenced) in enumerate(brokers)]
)


@given(CLUSTERS, st.integers(1, 20), st.integers(1, 5), st.integers(0, 2**32))
def test_what_is_demanded_always_holds(cluster: list[UsableBroker], partitions: int, factor: int, seed: int) -> None:
    unfenced = {broker.id for broker in cluster if not broker.fenced}
    if not unfenced or factor > len(cluster):
        with pytest.raises(WireError) as raised:
            place_replicas(cluster, partitions, factor, random.Random(seed))
        assert raised.value.code == ErrorCode.INVALID_REPLICATION_FACTOR
        return
    placed = place_replicas(cluster, partitions, factor, random.Random(seed))
    assert len(placed) == partitions
    rack_of = {broker.id: broker.rack for broker in cluster}
    racks = set(rack_of.values())
    for replicas in placed:
        assert len(set(replicas)) == factor
        assert replicas[0] in unfenced
        assert len({rack_of[broker_id] for broker_id in replicas}) == min(factor, len(racks))
    leaders = Counter(replicas[0] for replicas in placed)
    assert max(leaders.values()) - min(leaders[broker_id] for broker_id in unfenced) <= 1


@given(st.integers(1, 8), st.integers(1, 5), st.integers(1, 6), st.integers(0, 2**32))
def test_without_racks_replicas_are_as_even_as_leaders(brokers: int, rounds: int, factor: int, seed: int) -> None:
    factor = min(factor, brokers)
    cluster = [UsableBroker(id_, None, False) for id_ in range(brokers)]
    placed = place_replicas(cluster, brokers * rounds, factor, random.Random(seed))
    assert Counter(broker_id for replicas in placed for broker_id in replicas) == dict.fromkeys(
        range(brokers), rounds * factor
    )


@given(st.integers(1, 4), st.integers(1, 4), st.integers(0, 2**32))
def test_in_equal_racks_replicas_are_nearly_even(size: int, rounds: int, seed: int) -> None:
    cluster = [UsableBroker(id_, "abc"[id_ % 3], False) for id_ in range(3 * size)]
    placed = place_replicas(cluster, 3 * size * rounds, 3, random.Random(seed))
    replicas = Counter(broker_id for replicas in placed for broker_id in replicas)
    by_rack = Counter("abc"[broker_id % 3] for replicas in placed for broker_id in replicas)
    assert len(set(by_rack.values())) == 1
    assert max(replicas.values()) - min(replicas.values()) <= 2


@given(CLUSTERS.filter(lambda cluster: not all(broker.fenced for broker in cluster)), st.integers(0, 2**32))
def test_in_a_rack_the_fenced_come_last(cluster: list[UsableBroker], seed: int) -> None:
    fenced = {broker.id: broker.fenced for broker in cluster}
    rack_of = {broker.id: broker.rack for broker in cluster}
    for replicas in place_replicas(cluster, 5, len(cluster), random.Random(seed)):
        for rack in set(rack_of.values()):
            states = [fenced[broker_id] for broker_id in replicas if rack_of[broker_id] == rack]
            assert states == sorted(states)


def test_topics_of_one_partition_are_spread_as_well() -> None:
    cluster = [UsableBroker(id_, None, False) for id_ in range(3)]
    chance = random.Random(4)
    leaders = Counter(place_replicas(cluster, 1, 2, chance)[0][0] for _ in range(300))
    assert all(70 < leaders[id_] < 130 for id_ in range(3))


def test_the_same_brokers_do_not_always_share_their_partitions() -> None:
    cluster = [UsableBroker(id_, None, False) for id_ in range(6)]
    placed = place_replicas(cluster, 120, 3, random.Random(1))
    assert len({frozenset(replicas) for replicas in placed}) > 10


@pytest.mark.parametrize(
    ("brokers", "factor", "message"),
    [
        (1, 0, "Invalid replication factor 0: the replication factor must be positive."),
        (2, 3, "The target replication factor of 3 cannot be reached because only 2 broker(s) are registered."),
        (0, 1, "All brokers are currently fenced."),
    ],
)
def test_errors_read_as_in_kafka(brokers: int, factor: int, message: str) -> None:
    cluster = [UsableBroker(id_, None, False) for id_ in range(brokers)]
    with pytest.raises(WireError) as raised:
        place_replicas(cluster, 1, factor, random.Random(1))
    assert raised.value.message == message
