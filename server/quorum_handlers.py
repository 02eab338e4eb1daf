"""The requests that a controller serves for the quorum: Vote, BeginQuorumEpoch, EndQuorumEpoch, Fetch of the metadata
log, DescribeQuorum, and FetchSnapshot.

Version notes: Vote 1, BeginQuorumEpoch 1, EndQuorumEpoch 1, Fetch 17 and FetchSnapshot 1 carry directory ids (KIP-853),
Vote 2 the pre-vote (KIP-996); DescribeQuorum 2 adds directory ids, messages and the voters' listeners.
"""

from __future__ import annotations

from collections.abc import Callable

import trio

from barnabas.protocol.api_keys import ApiKey
from barnabas.protocol.errors import ErrorCode
from barnabas.protocol.messages.describe_quorum import DescribeQuorumRequest, DescribeQuorumResponse
from barnabas.protocol.messages.fetch_snapshot import FetchSnapshotRequest, FetchSnapshotResponse
from barnabas.raft.leader import Leader
from barnabas.raft.progress import ReplicaStatus
from barnabas.raft.voters import VoterSet
from barnabas.server.dispatch import ApiTable, Request
from barnabas.server.metadata_log import METADATA_TOPIC
from barnabas.server.quorum import Quorum
from barnabas.server.quorum_wire import refusal_to_wire, request_from_wire


class QuorumHandlers:
    """The handlers, around one member of the quorum; `clock_ms` is the wall clock."""

    def __init__(self, quorum: Quorum, clock_ms: Callable[[], int]) -> None:
        self._quorum = quorum
        self._clock_ms = clock_ms

    def register(self, table: ApiTable) -> None:
        for api_key in (ApiKey.VOTE, ApiKey.BEGIN_QUORUM_EPOCH, ApiKey.END_QUORUM_EPOCH, ApiKey.FETCH):
            table.register(api_key, self.handle)
        table.register(ApiKey.DESCRIBE_QUORUM, self.handle_describe_quorum)
        table.register(ApiKey.FETCH_SNAPSHOT, self.handle_fetch_snapshot)

    def handle(self, request: Request) -> None:
        """A request that the core answers."""
        message = request_from_wire(request.body)
        if message is None:
            request.reply(refusal_to_wire(request.body))
        else:
            self._quorum.receive(request, message)

    # --- DescribeQuorum ---

    def handle_describe_quorum(self, request: Request[DescribeQuorumRequest]) -> None:
        """The request as it comes from those who know the controllers."""
        request.reply(self.describe_quorum(request.body, request.version))

    def describe_quorum(self, body: DescribeQuorumRequest, version: int) -> DescribeQuorumResponse:
        """The answer for whoever asks; only the leader knows how far the others are."""
        asked = {topic.topic_name: [p.partition_index for p in topic.partitions] for topic in body.topics}
        role = self._quorum.role
        if asked != {METADATA_TOPIC: [0]}:
            error = ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
            topics = {
                name: [self._failed(index, error, version) for index in indexes] for name, indexes in asked.items()
            }
            return _described(topics, VoterSet(), version)
        if not isinstance(role, Leader):
            failed = self._failed(0, ErrorCode.NOT_LEADER_OR_FOLLOWER, version)
            return _described({METADATA_TOPIC: [failed]}, VoterSet(), version)
        voters, observers = role.describe(trio.current_time())
        high_watermark = self._quorum.high_watermark
        partition = DescribeQuorumResponse.PartitionData(
            partition_index=0,
            leader_id=self._quorum.identity.key.id,
            leader_epoch=role.epoch,
            high_watermark=-1 if high_watermark is None else high_watermark,
            current_voters=[self._replica(status, version) for status in voters],
            observers=[self._replica(status, version) for status in observers],
        )
        return _described({METADATA_TOPIC: [partition]}, self._quorum.voters, version)

    @staticmethod
    def _failed(index: int, error: ErrorCode, version: int) -> DescribeQuorumResponse.PartitionData:
        partition = DescribeQuorumResponse.PartitionData(partition_index=index, error_code=error)
        if version >= 2:
            partition.error_message = error.text
        return partition

    def _replica(self, status: ReplicaStatus, version: int) -> DescribeQuorumResponse.ReplicaState:
        return DescribeQuorumResponse.ReplicaState(
            replica_id=status.key.id,
            replica_directory_id=status.key.directory_id if version >= 2 else bytes(16),
            log_end_offset=-1 if status.end_offset is None else status.end_offset,
            last_fetch_timestamp=self._wall_clock(status.last_fetch),
            last_caught_up_timestamp=self._wall_clock(status.last_caught_up),
        )

    def _wall_clock(self, moment: float | None) -> int:
        if moment is None:
            return -1
        return self._clock_ms() - round((trio.current_time() - moment) * 1000)

    # --- FetchSnapshot ---

    def handle_fetch_snapshot(self, request: Request[FetchSnapshotRequest]) -> None:
        """The log begins at 0 and there are no snapshots but the first one, which is never handed out."""
        body, quorum = request.body, self._quorum
        if body.cluster_id is not None and body.cluster_id != quorum.identity.cluster_id:
            request.reply(FetchSnapshotResponse(error_code=ErrorCode.INCONSISTENT_CLUSTER_ID))
            return
        if len(body.topics) != 1 or len(body.topics[0].partitions) != 1:
            request.reply(FetchSnapshotResponse(error_code=ErrorCode.INVALID_REQUEST))
            return
        topic, asked = body.topics[0], body.topics[0].partitions[0]
        if (topic.name, asked.partition) != (METADATA_TOPIC, 0):
            error = ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
        elif asked.current_leader_epoch != quorum.epoch:
            is_old = asked.current_leader_epoch < quorum.epoch
            error = ErrorCode.FENCED_LEADER_EPOCH if is_old else ErrorCode.UNKNOWN_LEADER_EPOCH
        else:
            error = ErrorCode.SNAPSHOT_NOT_FOUND if quorum.is_leader else ErrorCode.NOT_LEADER_OR_FOLLOWER
        leader = quorum.leader
        partition = FetchSnapshotResponse.PartitionSnapshot(
            index=asked.partition,
            error_code=error,
            current_leader=FetchSnapshotResponse.LeaderIdAndEpoch(
                leader_id=-1 if leader is None else leader.id, leader_epoch=quorum.epoch
            ),
        )
        answer = FetchSnapshotResponse.TopicSnapshot(name=topic.name, partitions=[partition])
        request.reply(FetchSnapshotResponse(topics=[answer]))


def _described(
    topics: dict[str, list[DescribeQuorumResponse.PartitionData]], voters: VoterSet, version: int
) -> DescribeQuorumResponse:
    response = DescribeQuorumResponse(
        topics=[
            DescribeQuorumResponse.TopicData(topic_name=name, partitions=partitions)
            for name, partitions in topics.items()
        ]
    )
    if version >= 2:
        response.nodes = [
            DescribeQuorumResponse.Node(
                node_id=voter.id,
                listeners=[
                    DescribeQuorumResponse.Listener(name=endpoint.name, host=endpoint.host, port=endpoint.port)
                    for endpoint in voter.endpoints
                ],
            )
            for voter in voters.voters
        ]
    return response
