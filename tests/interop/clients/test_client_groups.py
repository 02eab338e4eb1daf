"""Consumer groups of all clients, Python's too: members come and go under load, and nothing is skipped."""

from __future__ import annotations

import pytest
from clients.client import Client
from clients.kinds import KINDS, PYTHON_KINDS
from clients.rebalances import Group, skips

from barnabas.testing.processes import Cluster
from load import Load, create_topic, eventually, wait_for_isr
from members import committed_offsets

pytestmark = pytest.mark.cluster

PARTITIONS = 6
SOME = 300
STALL_MS = 3000


@pytest.mark.parametrize(
    ("client", "protocol"),
    [
        pytest.param(kind, protocol, id=f"{kind}-{protocol}")
        for kind in [*KINDS, *PYTHON_KINDS]
        for protocol in kind.protocols
    ],
    indirect=["client"],
)
def test_members_join_and_leave_under_load(client: Client, barnabas: Cluster, protocol: str) -> None:
    topic = name = f"{client.kind}-{protocol}"
    create_topic(barnabas.bootstrap, topic, partitions=PARTITIONS)
    wait_for_isr(barnabas.bootstrap, topic, 3)
    group = Group(client, name, topic, PARTITIONS, protocol)
    with Load(barnabas.bootstrap, topic, partitions=PARTITIONS) as load:
        load.wait_for_acks(SOME)
        rebalances = [group.join("a"), group.join("b"), group.join("c"), group.leave("b"), group.join("d")]
        rebalances += [group.leave("a"), group.leave("c")]
        load.wait_for_acks(SOME)
    assert load.history.failed == []
    everything = {partition: set(acked) for partition, acked in load.history.acked.items()}
    eventually(lambda: group.listen() or {p: set(offsets) for p, offsets in group.read.items()} == everything)
    group.leave("d")
    assert {partition: skips(offsets) for partition, offsets in group.read.items()} == {p: [] for p in everything}
    ends = {partition: max(offsets) + 1 for partition, offsets in everything.items()}
    assert committed_offsets(barnabas.bootstrap, name) == ends
    again = sum(map(len, group.read.values())) - sum(map(len, everything.values()))
    print(f"\n{name}: {sum(ends.values())} records, {again} read again", *rebalances, sep="\n  ")
    if protocol != "eager":
        assert [rebalance.needlessly_revoked for rebalance in rebalances] == [set()] * len(rebalances)


@pytest.mark.parametrize(
    ("client", "protocol"),
    [pytest.param(kind, protocol, id=protocol) for kind in KINDS if kind.name == "java" for protocol in kind.protocols],
    indirect=["client"],
)
def test_a_rebalance_that_a_member_delays_does_not_stop_the_others(
    client: Client, barnabas: Cluster, protocol: str
) -> None:
    topic = name = f"delayed-{protocol}"
    create_topic(barnabas.bootstrap, topic, partitions=PARTITIONS)
    wait_for_isr(barnabas.bootstrap, topic, 3)
    group = Group(client, name, topic, PARTITIONS, protocol)
    with Load(barnabas.bootstrap, topic, partitions=PARTITIONS) as load:
        load.wait_for_acks(SOME)
        group.join("at hand")
        group.join("busy")
        client.call("stall", member="busy", ms=STALL_MS)
        rebalance = group.join("new")
        for member in ("at hand", "busy", "new"):
            client.call("leave", member=member)
    untouched = {partition for partition in rebalance.staying if rebalance.readers[partition] == "at hand"}
    print(f"\n{name}: {rebalance.lasted:.0f} ms, longest gap {rebalance.longest_gap(untouched):.0f} ms")
    assert len(untouched) == 2
    assert rebalance.lasted > STALL_MS * 0.8
    assert rebalance.longest_gap(untouched) < STALL_MS / 2
