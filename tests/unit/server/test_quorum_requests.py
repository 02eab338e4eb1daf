"""What a controller answers to the quorum's requests over the network."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import trio
from trio.testing import MockClock

from barnabas.protocol.errors import ErrorCode
from barnabas.protocol.messages.describe_quorum import DescribeQuorumRequest
from barnabas.protocol.messages.fetch import FetchRequest
from barnabas.protocol.messages.fetch_snapshot import FetchSnapshotRequest
from barnabas.protocol.messages.vote import VoteRequest
from barnabas.protocol.types import METADATA_TOPIC_UUID
from barnabas.raft.log_view import EpochOffset
from barnabas.raft.messages import VoteRequest as RaftVoteRequest
from barnabas.server.quorum_wire import request_to_wire
from quorum_harness import CLUSTER_ID, Cell, replica


@pytest.fixture
def clock() -> MockClock:
    return MockClock(autojump_threshold=0)


async def ask(cell: Cell, node_id: int, message: Any, version: int | None = None) -> Any:
    return await (await cell.client(node_id)).request(message, version)


def describe(topic: str = "__cluster_metadata", partition: int = 0) -> DescribeQuorumRequest:
    partitions = [DescribeQuorumRequest.PartitionData(partition_index=partition)]
    return DescribeQuorumRequest(topics=[DescribeQuorumRequest.TopicData(topic_name=topic, partitions=partitions)])


async def test_describe_quorum_tells_how_far_everybody_is(
    tmp_path: Path, nursery: trio.Nursery, clock: MockClock
) -> None:
    cell = Cell(tmp_path, nursery, voters=3, brokers=1)
    await cell.start()
    await cell.commit([b"x"])
    leader = await cell.elected()
    await trio.sleep(1.0)
    response = await ask(cell, leader.key.id, describe())
    partition = response.topics[0].partitions[0]
    assert (partition.leader_id, partition.leader_epoch) == (leader.key.id, leader.quorum.epoch)
    assert partition.high_watermark == leader.quorum.end_offset
    ends = {state.replica_id: state.log_end_offset for state in partition.current_voters}
    assert ends == dict.fromkeys((1, 2, 3), leader.quorum.end_offset)
    assert [state.replica_directory_id for state in partition.current_voters] == [
        replica(i).directory_id for i in (1, 2, 3)
    ]
    assert [state.replica_id for state in partition.observers] == [4]
    now = cell.clock_ms()
    assert all(now - 1000 <= state.last_fetch_timestamp <= now for state in partition.current_voters)
    assert [(node.node_id, node.listeners[0].host) for node in response.nodes] == [
        (1, "node1"),
        (2, "node2"),
        (3, "node3"),
    ]
    assert (await ask(cell, leader.key.id, describe(), 0)).topics[0].partitions[0].leader_id == leader.key.id
    nursery.cancel_scope.cancel()


async def test_describe_quorum_elsewhere_says_where_not_to_ask(
    tmp_path: Path, nursery: trio.Nursery, clock: MockClock
) -> None:
    cell = Cell(tmp_path, nursery, voters=3)
    await cell.start()
    leader = await cell.elected()
    follower = next(member for member in cell.running if member is not leader)
    response = await ask(cell, follower.key.id, describe())
    assert response.topics[0].partitions[0].error_code == ErrorCode.NOT_LEADER_OR_FOLLOWER
    response = await ask(cell, leader.key.id, describe(topic="other", partition=3))
    assert response.topics[0].partitions[0].error_code == ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
    nursery.cancel_scope.cancel()


async def test_snapshots_are_honestly_not_there(tmp_path: Path, nursery: trio.Nursery, clock: MockClock) -> None:
    cell = Cell(tmp_path, nursery, voters=1)
    await cell.start()
    epoch = (await cell.elected()).quorum.epoch

    async def fetch_snapshot(topic: str, epoch: int, cluster_id: str = CLUSTER_ID) -> Any:
        partition = FetchSnapshotRequest.PartitionSnapshot(partition=0, current_leader_epoch=epoch)
        asked = FetchSnapshotRequest.TopicSnapshot(name=topic, partitions=[partition])
        return await ask(cell, 1, FetchSnapshotRequest(cluster_id=cluster_id, replica_id=9, topics=[asked]))

    for topic, asked_epoch, error in (
        ("__cluster_metadata", epoch, ErrorCode.SNAPSHOT_NOT_FOUND),
        ("__cluster_metadata", epoch - 1, ErrorCode.FENCED_LEADER_EPOCH),
        ("__cluster_metadata", epoch + 1, ErrorCode.UNKNOWN_LEADER_EPOCH),
        ("other", epoch, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION),
    ):
        response = await fetch_snapshot(topic, asked_epoch)
        assert response.topics[0].partitions[0].error_code == error
    assert (await fetch_snapshot("other", 0, "not-ours")).error_code == ErrorCode.INCONSISTENT_CLUSTER_ID
    assert (await ask(cell, 1, FetchSnapshotRequest())).error_code == ErrorCode.INVALID_REQUEST
    nursery.cancel_scope.cancel()


async def test_requests_of_another_cluster_and_about_other_topics_are_refused(
    tmp_path: Path, nursery: trio.Nursery, clock: MockClock
) -> None:
    cell = Cell(tmp_path, nursery, voters=1)
    await cell.start()
    await cell.elected()
    vote = RaftVoteRequest(
        cluster_id="not-ours", epoch=99, candidate=replica(2), voter=replica(1), log_end=EpochOffset(9, 9)
    )
    response = await ask(cell, 1, request_to_wire(vote, 0))
    assert (response.error_code, response.topics) == (ErrorCode.INCONSISTENT_CLUSTER_ID, [])
    assert (await ask(cell, 1, VoteRequest())).error_code == ErrorCode.INVALID_REQUEST
    assert (await ask(cell, 1, FetchRequest())).error_code == ErrorCode.INVALID_REQUEST
    assert cell.members[1].quorum.is_leader
    nursery.cancel_scope.cancel()


async def test_the_log_is_fetched_as_it_is_on_disk(tmp_path: Path, nursery: trio.Nursery, clock: MockClock) -> None:
    cell = Cell(tmp_path, nursery, voters=1)
    await cell.start()
    await cell.commit([b"value"])
    leader = await cell.elected()
    partition = FetchRequest.FetchPartition(
        partition=0, current_leader_epoch=leader.quorum.epoch, fetch_offset=0, last_fetched_epoch=0
    )
    topic = FetchRequest.FetchTopic(topic_id=METADATA_TOPIC_UUID, partitions=[partition])
    response = await ask(cell, 1, FetchRequest(cluster_id=CLUSTER_ID, topics=[topic], max_bytes=1 << 20))
    fetched = response.responses[0].partitions[0]
    segment = leader.directory / "__cluster_metadata-0" / "00000000000000000000.log"
    assert bytes(fetched.records) == segment.read_bytes()
    assert (fetched.high_watermark, fetched.current_leader.leader_id) == (leader.quorum.end_offset, 1)
    assert [(node.node_id, node.host) for node in response.node_endpoints] == [(1, "node1")]
    nursery.cancel_scope.cancel()
