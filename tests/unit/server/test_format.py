"""Formatting directories, and what must never be formatted."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest
import trio
from trio.testing import MockClock

from barnabas.net.memory import MemoryNetwork
from barnabas.protocol.api_keys import ApiKey
from barnabas.protocol.messages.describe_quorum import DescribeQuorumResponse
from barnabas.protocol.types import uuid_text
from barnabas.raft.checkpoint import decode_checkpoint
from barnabas.server.dispatch import ApiTable, Request
from barnabas.server.failure import NodeFailure
from barnabas.server.format import (
    Formatted,
    format_directory,
    log_directories,
    parse_initial_controllers,
    refuse_to_revive_a_voter,
)
from barnabas.server.listener import Server
from barnabas.server.settings import Settings
from barnabas.server.timers import Timers
from barnabas.storage.checkpoint import MetaProperties

CLUSTER = "bDC8Gy2QRtynCQ3fi7bZ3g"
CHECKPOINT = "__cluster_metadata-0/00000000000000000000-0000000000.checkpoint"


def uuids() -> Callable[[], bytes]:
    numbers = count(1)
    return lambda: next(numbers).to_bytes(16, "big")


def settings(*directories: Path, role: str = "controller", node_id: int = 1) -> Settings:
    return Settings.of(
        {
            "node.id": node_id,
            "process.roles": role,
            "log.dirs": [str(directory) for directory in directories],
            "controller.listener.names": "CONTROLLER",
            "listeners": "CONTROLLER://localhost:9093",
            "controller.quorum.bootstrap.servers": "c1:9093,c2:9093",
        }
    )


def format_standalone(node: Settings, *, ignore_formatted: bool = False, cluster_id: str = CLUSTER) -> Formatted:
    return format_directory(
        node, cluster_id=cluster_id, new_uuid=uuids(), standalone=True, ignore_formatted=ignore_formatted
    )


def test_each_directory_gets_its_own_id(tmp_path: Path) -> None:
    first, second = tmp_path / "a", tmp_path / "b"
    formatted = format_directory(
        settings(first, second, role="broker", node_id=7), cluster_id=CLUSTER, new_uuid=uuids()
    )
    owners = [MetaProperties.from_file((each / "meta.properties").read_bytes()) for each in (first, second)]
    assert [(owner.cluster_id, owner.node_id) for owner in owners] == [(CLUSTER, 7)] * 2
    assert len({owner.directory_id for owner in owners}) == 2
    assert [new for _, _, new in formatted.directories] == [True, True]
    assert not (first / "__cluster_metadata-0").exists()


def test_a_standalone_controller_is_the_only_voter(tmp_path: Path) -> None:
    format_standalone(settings(tmp_path / "a"))
    owner = MetaProperties.from_file((tmp_path / "a/meta.properties").read_bytes())
    voters = decode_checkpoint((tmp_path / "a" / CHECKPOINT).read_bytes()).voters
    assert voters is not None
    (voter,) = voters.voters
    assert (voter.id, voter.key.directory_id) == (1, owner.directory_id)
    assert [(e.name, e.host, e.port) for e in voter.endpoints] == [("CONTROLLER", "localhost", 9093)]


def test_initial_controllers_name_the_directory(tmp_path: Path) -> None:
    ids = {node: bytes([node]) * 16 for node in (1, 2)}
    text = ",".join(f"{node}@c{node}:9093:{uuid_text(directory)}" for node, directory in ids.items())
    voters = parse_initial_controllers(text, "CONTROLLER")
    format_directory(
        settings(tmp_path / "a", node_id=2), cluster_id=CLUSTER, new_uuid=uuids(), initial_controllers=voters
    )
    assert MetaProperties.from_file((tmp_path / "a/meta.properties").read_bytes()).directory_id == ids[2]
    assert decode_checkpoint((tmp_path / "a" / CHECKPOINT).read_bytes()).voters == voters


def test_a_controller_that_joins_later_knows_no_voters(tmp_path: Path) -> None:
    format_directory(settings(tmp_path / "a"), cluster_id=CLUSTER, new_uuid=uuids(), no_initial_controllers=True)
    assert not (tmp_path / "a" / CHECKPOINT).exists()


@pytest.mark.parametrize(
    "text",
    ["", "1@c1:9093", "x@c1:9093:AAAAAAAAAAAAAAAAAAAAAQ", "1@c1:AAAAAAAAAAAAAAAAAAAAAQ", "1@c1:9093:short",
     "1@c1:9093:AAAAAAAAAAAAAAAAAAAAAQ,1@c2:9093:AAAAAAAAAAAAAAAAAAAAAg"],
)  # fmt: skip
def test_initial_controllers_that_are_none(text: str) -> None:
    with pytest.raises(NodeFailure, match="--initial-controllers"):
        parse_initial_controllers(text, "CONTROLLER")


def test_what_is_formatted_keeps_its_identity(tmp_path: Path) -> None:
    format_standalone(settings(tmp_path / "a"))
    before = (tmp_path / "a/meta.properties").read_bytes()
    with pytest.raises(NodeFailure, match="formatted already"):
        format_standalone(settings(tmp_path / "a", tmp_path / "b"))
    assert not (tmp_path / "b").exists()
    formatted = format_standalone(settings(tmp_path / "a", tmp_path / "b"), ignore_formatted=True)
    assert [new for _, _, new in formatted.directories] == [False, True]
    assert (tmp_path / "a/meta.properties").read_bytes() == before


@pytest.mark.parametrize(("node_id", "cluster_id"), [(2, CLUSTER), (1, "AAAAAAAAAAAAAAAAAAAAAQ")])
def test_a_directory_of_another_node_or_cluster(tmp_path: Path, node_id: int, cluster_id: str) -> None:
    format_standalone(settings(tmp_path / "a"))
    with pytest.raises(NodeFailure, match="belongs to node 1 of cluster"):
        format_standalone(settings(tmp_path / "a", node_id=node_id), ignore_formatted=True, cluster_id=cluster_id)


def test_a_metadata_log_is_not_formatted_over(tmp_path: Path) -> None:
    (tmp_path / "a/__cluster_metadata-0").mkdir(parents=True)
    (tmp_path / "a/__cluster_metadata-0/00000000000000000000.log").write_bytes(b"x")
    with pytest.raises(NodeFailure, match="metadata log"):
        format_standalone(settings(tmp_path / "a"))


def test_a_controller_must_say_how_it_begins(tmp_path: Path) -> None:
    with pytest.raises(NodeFailure, match="--standalone"):
        format_directory(settings(tmp_path / "a"), cluster_id=CLUSTER, new_uuid=uuids())
    with pytest.raises(NodeFailure, match="for controllers"):
        format_standalone(settings(tmp_path / "a", role="broker"))


def test_the_metadata_log_may_have_a_directory_of_its_own(tmp_path: Path) -> None:
    node = Settings.of({"log.dirs": ["/a", "/b"], "metadata.log.dir": "/m"})
    assert log_directories(node) == ["/m", "/a", "/b"]
    assert log_directories(Settings.of({"log.dirs": ["/a", "/b"], "metadata.log.dir": "/b"})) == ["/b", "/a"]


async def serve_quorum(network: MemoryNetwork, host: str, leader_id: int, nursery: trio.Nursery) -> None:
    """Somebody at host:9093 who describes a quorum of voters 1 and 2."""

    def describe(request: Request) -> None:
        partition = DescribeQuorumResponse.PartitionData(
            leader_id=leader_id,
            high_watermark=40,
            current_voters=[
                DescribeQuorumResponse.ReplicaState(replica_id=node, replica_directory_id=bytes([node]) * 16)
                for node in (1, 2)
            ],
        )
        topic = DescribeQuorumResponse.TopicData(topic_name="__cluster_metadata", partitions=[partition])
        request.reply(DescribeQuorumResponse(topics=[topic]))

    table, timers = ApiTable(), Timers()
    table.register(ApiKey.DESCRIBE_QUORUM, describe)
    server = Server(network, Settings.of({"listeners": f"PLAINTEXT://{host}:9093"}), table, timers)
    await server.bind()
    nursery.start_soon(timers.run)
    nursery.start_soon(server.serve)


async def test_a_voter_of_a_running_quorum_is_not_revived(tmp_path: Path, autojump_clock: MockClock) -> None:
    """KAFKA-14077: a wiped disk must not vote again."""
    network = MemoryNetwork()
    async with trio.open_nursery() as nursery:
        await serve_quorum(network, "c2", 2, nursery)
        with pytest.raises(NodeFailure, match="node 1 is a voter of the quorum that runs at c2:9093"):
            await refuse_to_revive_a_voter(network, settings(tmp_path / "a", node_id=1))
        await refuse_to_revive_a_voter(network, settings(tmp_path / "a", node_id=3))
        nursery.cancel_scope.cancel()


async def test_a_cluster_can_be_made_while_nobody_runs(tmp_path: Path, autojump_clock: MockClock) -> None:
    network = MemoryNetwork()
    await refuse_to_revive_a_voter(network, settings(tmp_path / "a"))
    async with trio.open_nursery() as nursery:
        await serve_quorum(network, "c2", -1, nursery)  # up, and without a leader
        await refuse_to_revive_a_voter(network, settings(tmp_path / "a"))
        nursery.cancel_scope.cancel()
