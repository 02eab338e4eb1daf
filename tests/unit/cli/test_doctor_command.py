"""`barnabas doctor`: what it looks at, and how it says what it found."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import pytest
import trio
from trio.testing import MockClock

from barnabas.cli.doctor.examine import examine
from barnabas.client.admin import (
    ClusterDescription,
    ConfigValue,
    GroupListing,
    QuorumDescription,
    QuorumReplica,
)
from barnabas.client.errors import BrokerError, ClientError, NoBrokersAvailable
from barnabas.client.groups.committed import OffsetAndMetadata
from barnabas.client.offsets import ListedOffset, OffsetSpec, Place
from barnabas.protocol.errors import ErrorCode
from command_harness import FakeAdmin, Run, partition


@dataclass
class FakeCluster(FakeAdmin):
    """Topic t on three brokers, of which the third is fenced; group g lags more with every look."""

    end: int = 10
    groups_error: ClientError | None = None
    connected: list[tuple[str, int]] = field(default_factory=list)

    async def describe_cluster(self) -> ClusterDescription:
        described = await super().describe_cluster()
        self.end += 10
        return described

    async def describe_quorum(self) -> QuorumDescription:
        if "quorum" in self.refusals:
            raise self.refusals["quorum"]
        return QuorumDescription(5, 1, 9, [QuorumReplica(i, "d", 9, 1000, 1000) for i in (4, 5, 6)], [], {})

    async def describe_configs(self, kind: int, names: Iterable[str]) -> dict[str, list[ConfigValue] | BrokerError]:
        return {name: [ConfigValue("min.insync.replicas", "2", "default", False, False)] for name in names}

    async def list_groups(self) -> list[GroupListing]:
        if self.groups_error is not None:
            raise self.groups_error
        return [GroupListing("g", "classic", "Stable", "consumer"), GroupListing("s", "share", "Stable", "share")]

    async def group_offsets(self, group: str) -> dict[Place, OffsetAndMetadata]:
        assert group == "g"
        return {("t", 0): OffsetAndMetadata(10), ("deleted", 0): OffsetAndMetadata(5)}

    async def list_offsets(self, points: Mapping[Place, OffsetSpec]) -> dict[Place, ListedOffset | ClientError]:
        refused = {place: self.refusals[place[0]] for place in points if place[0] in self.refusals}
        return {place: ListedOffset(self.end) for place in points} | refused


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> FakeCluster:
    fake = FakeCluster()
    fake.add("t", partition(1, 2, 3, isr=[1, 2]), partition(2, 1, 3))

    async def connect(host: str, port: int) -> None:
        fake.connected.append((host, port))
        if host == "two":
            raise ConnectionRefusedError(111, "Connection refused")

    monkeypatch.setattr("barnabas.cli.doctor.examine.connect", connect)
    monkeypatch.setattr("barnabas.cli.session.Admin", fake)
    return fake


def test_findings_for_people(run: Run, cluster: FakeCluster) -> None:
    result = run("doctor", "--between", "0")
    assert result.code == 1
    assert result.out.splitlines() == [
        "error   broker 2: its advertised address two:9093 cannot be connected to from here: Connection refused",
        "        why: clients are sent to this address for every partition that the broker leads",
        "        do:  set its advertised.listeners to an address that clients reach, and see firewalls between",
        "warning topic t: 1 partition with replicas out of sync: 0",
        "        why: they outlive fewer failures than they were made for",
        "        do:  bring broker 3 back into sync: start what does not run, or find what slows it down",
        "warning broker 3: is registered but fenced: it does not run, or cannot reach the controllers",
        "        why: its replicas are out of sync and it leads nothing",
        "        do:  start it, or see in its log why it cannot reach the controllers",
        "checked 3 brokers, 1 topic, 2 partitions, 1 group: 1 error, 2 warnings, 0 notes",
    ]
    assert sorted(cluster.connected) == [("one", 9092), ("two", 9093)]  # the third is fenced


def test_findings_for_programs(run: Run, cluster: FakeCluster) -> None:
    result = run("doctor", "--between", "0", "--json")
    assert (result.code, result.json["healthy"]) == (1, False)
    assert result.json["checked"] == {"brokers": 3, "topics": 1, "partitions": 2, "groups": 1}
    assert [(each["severity"], each["check"], each["entity"]) for each in result.json["findings"]] == [
        ("error", "unreachable-address", "broker 2"),
        ("warning", "under-replicated", "topic t"),
        ("warning", "fenced-broker", "broker 3"),
    ]
    assert set(result.json["findings"][0]) == {"severity", "check", "entity", "problem", "why", "advice"}


async def test_two_looks_tell_what_grows(cluster: FakeCluster, autojump_clock: MockClock) -> None:
    seen = await examine(cluster, 10.0)  # type: ignore[arg-type]
    assert trio.current_time() >= 10.0
    assert seen.earlier is not None
    assert (seen.earlier.lag("g"), seen.snapshot.lag("g")) == (10, 20)
    assert seen.snapshot.taken - seen.earlier.taken == 10.0


def test_what_cannot_be_asked_is_a_finding_of_its_own(run: Run, cluster: FakeCluster) -> None:
    denied = BrokerError(ErrorCode.CLUSTER_AUTHORIZATION_FAILED, "the quorum")
    cluster.refusals = {"quorum": denied, "t": BrokerError(ErrorCode.TOPIC_AUTHORIZATION_FAILED, "t-0")}
    cluster.groups_error = BrokerError(ErrorCode.COORDINATOR_NOT_AVAILABLE, "groups")
    result = run("doctor", "--between", "0", "--json")
    unseen = [each["problem"] for each in result.json["findings"] if each["check"] == "not-checked"]
    assert [text.partition(":")[0] for text in unseen] == [
        "the groups",
        "the end of t-0",
        "the end of t-1",
        "the quorum",
    ]


def test_a_cluster_that_does_not_answer(run: Run, cluster: FakeCluster) -> None:
    cluster.broken = NoBrokersAvailable([("a:1", "refused")])
    result = run("doctor")
    assert (result.code, result.out, "is --bootstrap right?" in result.err) == (1, "", True)
