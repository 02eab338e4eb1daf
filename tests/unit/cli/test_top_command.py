"""`barnabas top`: the picture made of two looks, and how it is drawn and printed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pytest
from rich.console import Console

from barnabas.cli.snapshot import Snapshot
from barnabas.cli.top.frame import Frame, GroupRow, TopicRow, make_frame
from barnabas.cli.top.view import draw
from barnabas.client.admin import BrokerDescription, ClusterDescription, GroupListing, TopicDescription
from barnabas.client.errors import NoBrokersAvailable
from barnabas.client.groups.committed import OffsetAndMetadata
from barnabas.client.metadata import NO_LEADER, Node
from barnabas.client.offsets import ListedOffset, OffsetSpec, Place
from command_harness import FakeAdmin, Run, partition

BROKERS = ClusterDescription(
    "c",
    1,
    [
        BrokerDescription(Node(1, "one", 9092, "a"), False),
        BrokerDescription(Node(2, "two", 9093), False),
        BrokerDescription(Node(3, "", -1), True),
    ],
)
TOPICS = (
    TopicDescription("busy", "id", False, {0: partition(1, 2), 1: partition(2, 1, isr=[2])}),
    TopicDescription("quiet", "id", False, {0: partition(2), 1: partition(3, leader=NO_LEADER, isr=[])}),
)


def look(taken: float, *ends: int, committed: Mapping[str, int] | None = None) -> Snapshot:
    """Ends of busy-0, busy-1 and quiet-0; what groups have committed of busy-0."""
    places: list[Place] = [("busy", 0), ("busy", 1), ("quiet", 0)]
    groups = {group: {("busy", 0): offset} for group, offset in (committed or {}).items()}
    return Snapshot(taken, BROKERS, TOPICS, dict(zip(places, ends, strict=False)), groups)


BEFORE = look(10.0, 100, 50, 7, committed={"slow": 40, "fast": 100})
NOW = look(12.0, 300, 70, 7, committed={"slow": 50, "fast": 290, "new": 0})


def test_rates_are_the_growth_between_two_looks() -> None:
    frame = make_frame(NOW, BEFORE)
    assert (frame.partitions, frame.under_replicated, frame.offline, frame.rate) == (4, 2, 1, 110.0)
    assert frame.topics == (TopicRow("busy", 2, 1, 0, 370, 110.0), TopicRow("quiet", 2, 1, 1, 7, 0.0))
    assert frame.groups == (GroupRow("new", 300, None), GroupRow("slow", 250, 95.0), GroupRow("fast", 10, 5.0))
    assert [(row.id, row.state, row.replicas, row.leaders, row.not_in_sync, row.rate) for row in frame.brokers] == [
        (1, "active", 2, 1, 1, 100.0),
        (2, "active", 3, 2, 0, 10.0),
        (3, "fenced", 1, 0, 1, 0.0),
    ]


def test_one_look_tells_no_rates() -> None:
    frame = make_frame(NOW, None)
    assert frame.rate is None
    assert {row.rate for row in (*frame.brokers, *frame.topics)} == {None}
    assert {row.change for row in frame.groups} == {None}
    assert make_frame(NOW, NOW).rate is None


def test_what_is_new_or_shorter_grew_by_nothing() -> None:
    assert make_frame(look(12.0, 10, 60, 9), look(10.0, 100, 50)).rate == 5.0


def drawn(frame: Frame, lines: int | None = None) -> list[str]:
    console = Console(width=80, highlight=False, color_system=None)
    with console.capture() as captured:
        console.print(draw(frame, lines))
    return [line.rstrip() for line in captured.get().splitlines()]


PICTURE = """\
cluster c  4 partitions  2 under-replicated  1 offline  110.0 records/s
broker  listener  rack  state   replicas  leaders  behind  records/s
────────────────────────────────────────────────────────────────────
     1  one:9092  a     active         2        1       1      100.0
     2  two:9093        active         3        2       0       10.0
     3  -               fenced         1        0       1        0.0
topic  partitions  under-replicated  offline  records  records/s
────────────────────────────────────────────────────────────────
busy            2                 1        0      370      110.0
quiet           2                 1        1        7        0.0
group  lag  lag/s
─────────────────
new    300      -
slow   250  +95.0
fast    10   +5.0
"""


def test_the_picture() -> None:
    assert drawn(make_frame(NOW, BEFORE)) == PICTURE.splitlines()


def test_it_is_cut_to_the_height_of_the_terminal() -> None:
    topics = tuple(TopicRow(f"t{number}", 1, 0, 0, 0, 0.0) for number in range(100))
    groups = tuple(GroupRow(f"g{number}", 0, 0.0) for number in range(100))
    full = Frame("c", 1, 100, 0, 0, 0.0, make_frame(NOW, None).brokers, topics, groups, ("the end of t-0: gone",))
    for height in (24, 40, 80):
        lines = drawn(full, height)
        assert height - 4 <= len(lines) <= height
        assert lines[-1] == "not seen: the end of t-0: gone"
    assert len(drawn(full, 5)) > 5  # never fewer than some of each
    assert len(drawn(full)) > 200


@dataclass
class FakeTop(FakeAdmin):
    """A topic that grows by ten with every look, and a group that stands still."""

    end: int = 0

    async def list_groups(self) -> list[GroupListing]:
        return [GroupListing("g", "classic", "Stable", "consumer")]

    async def group_offsets(self, group: str) -> dict[Place, OffsetAndMetadata]:
        return {("t", 0): OffsetAndMetadata(5)}

    async def list_offsets(self, points: Mapping[Place, OffsetSpec]) -> dict[Place, ListedOffset]:
        self.end += 10
        return {place: ListedOffset(self.end) for place in points}


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> FakeTop:
    fake = FakeTop()
    fake.add("t", partition(1))
    monkeypatch.setattr("barnabas.cli.session.Admin", fake)
    return fake


def test_one_picture_is_printed(run: Run, cluster: FakeTop) -> None:
    result = run("top", "--once", "--interval", "0")
    assert result.code == 0
    assert result.out.splitlines()[0] == "cluster the-id  1 partitions  0 under-replicated  0 offline  - records/s"
    assert ["g", "5", "-"] in result.words
    assert run("top", "--interval", "0").code == 0  # nobody watches


def test_a_picture_for_programs(run: Run, cluster: FakeTop) -> None:
    found = run("top", "--json", "--interval", "0").json
    assert found["topics"] == [
        {"name": "t", "partitions": 1, "under_replicated": 0, "offline": 0, "records": 10, "rate": None}
    ]
    assert found["groups"] == [{"name": "g", "lag": 5, "change": None}]
    assert found["brokers"][0]["listener"] == "one:9092"
    assert run("top", "--json", "--interval", "0.01").json["rate"] > 0


def test_a_cluster_that_does_not_answer(run: Run, cluster: FakeTop) -> None:
    cluster.broken = NoBrokersAvailable([("a:1", "refused")])
    result = run("top", "--once")
    assert (result.code, result.out, "is --bootstrap right?" in result.err) == (1, "", True)
