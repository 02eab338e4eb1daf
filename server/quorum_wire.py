"""Between the quorum's own messages (`barnabas.raft.messages`) and those of the wire, both ways.

On the wire every one of them could speak of many topics; here they speak of the one partition of `__cluster_metadata`.
What does not is refused whole: INVALID_REQUEST for a request, RemoteProtocolError for a response.

Version notes: directory ids and endpoints of leaders came with Vote 1, BeginQuorumEpoch 1, EndQuorumEpoch 1 and Fetch
17 (KIP-853), pre-vote with Vote 2 (KIP-996), the follower's high watermark with Fetch 18 (KIP-1166).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final, Protocol, cast

from barnabas.protocol.errors import ErrorCode, RemoteProtocolError
from barnabas.protocol.message import RequestMessage, ResponseMessage
from barnabas.protocol.messages import begin_quorum_epoch, end_quorum_epoch, fetch, response_class, vote
from barnabas.protocol.types import METADATA_TOPIC_UUID, Part
from barnabas.raft import messages as raft
from barnabas.raft.control_records import voters_in
from barnabas.raft.log_view import Batch, EpochOffset
from barnabas.raft.voters import Endpoint, ReplicaKey
from barnabas.server.metadata_log import METADATA_TOPIC, whole_batches

_NO_LIMIT: Final = (1 << 63) - 1
_WIRE_RESPONSES: Final[dict[type[raft.Response], type[ResponseMessage]]] = {
    raft.VoteResponse: vote.VoteResponse,
    raft.BeginQuorumEpochResponse: begin_quorum_epoch.BeginQuorumEpochResponse,
    raft.EndQuorumEpochResponse: end_quorum_epoch.EndQuorumEpochResponse,
}


class _Named(Protocol):
    topic_name: str
    partitions: Any


class _NodeEndpoint(Protocol):
    node_id: int
    host: str
    port: int


class _NamedEndpoint(Protocol):
    name: str
    host: str
    port: int


# --- requests to peers ---


def request_to_wire(request: raft.Request, max_bytes: int) -> RequestMessage:
    """The request for the wire; `max_bytes` is how much a fetch may bring."""
    match request:
        case raft.VoteRequest():
            return _vote_to_wire(request)
        case raft.BeginQuorumEpochRequest():
            return _begin_to_wire(request)
        case raft.EndQuorumEpochRequest():
            return _end_to_wire(request)
        case raft.FetchRequest():
            return _fetch_to_wire(request, max_bytes)


def _vote_to_wire(request: raft.VoteRequest) -> vote.VoteRequest:
    voter = request.voter or ReplicaKey(-1)
    partition = vote.VoteRequest.PartitionData(
        replica_epoch=request.epoch,
        replica_id=request.candidate.id,
        replica_directory_id=request.candidate.directory_id,
        voter_directory_id=voter.directory_id,
        last_offset_epoch=request.log_end.epoch,
        last_offset=request.log_end.offset,
        pre_vote=request.pre_vote,
    )
    topic = vote.VoteRequest.TopicData(topic_name=METADATA_TOPIC, partitions=[partition])
    return vote.VoteRequest(cluster_id=request.cluster_id, voter_id=voter.id, topics=[topic])


def _begin_to_wire(request: raft.BeginQuorumEpochRequest) -> begin_quorum_epoch.BeginQuorumEpochRequest:
    message = begin_quorum_epoch.BeginQuorumEpochRequest
    voter = request.voter or ReplicaKey(-1)
    partition = message.PartitionData(
        voter_directory_id=voter.directory_id, leader_id=request.leader_id, leader_epoch=request.epoch
    )
    return message(
        cluster_id=request.cluster_id,
        voter_id=voter.id,
        topics=[message.TopicData(topic_name=METADATA_TOPIC, partitions=[partition])],
        leader_endpoints=[message.LeaderEndpoint(name=e.name, host=e.host, port=e.port) for e in request.endpoints],
    )


def _end_to_wire(request: raft.EndQuorumEpochRequest) -> end_quorum_epoch.EndQuorumEpochRequest:
    message = end_quorum_epoch.EndQuorumEpochRequest
    candidates = [
        message.ReplicaInfo(candidate_id=key.id, candidate_directory_id=key.directory_id) for key in request.preferred
    ]
    partition = message.PartitionData(
        leader_id=request.leader_id, leader_epoch=request.epoch, preferred_candidates=candidates
    )
    return message(
        cluster_id=request.cluster_id,
        topics=[message.TopicData(topic_name=METADATA_TOPIC, partitions=[partition])],
        leader_endpoints=[message.LeaderEndpoint(name=e.name, host=e.host, port=e.port) for e in request.endpoints],
    )


def _fetch_to_wire(request: raft.FetchRequest, max_bytes: int) -> fetch.FetchRequest:
    partition = fetch.FetchRequest.FetchPartition(
        partition=0,
        current_leader_epoch=request.epoch,
        fetch_offset=request.offset,
        last_fetched_epoch=request.last_epoch,
        partition_max_bytes=max_bytes,
        replica_directory_id=request.replica.directory_id,
        high_watermark=_NO_LIMIT if request.high_watermark is None else request.high_watermark,
    )
    topic = fetch.FetchRequest.FetchTopic(topic=METADATA_TOPIC, topic_id=METADATA_TOPIC_UUID, partitions=[partition])
    return fetch.FetchRequest(
        cluster_id=request.cluster_id,
        replica_state=fetch.FetchRequest.ReplicaState(replica_id=request.replica.id),
        max_wait_ms=round(request.max_wait * 1000),
        max_bytes=max_bytes,
        topics=[topic],
    )


# --- requests from peers ---


def request_from_wire(message: RequestMessage) -> raft.Request | None:
    """The request, None if it does not speak of the one partition of the metadata."""
    match message:
        case vote.VoteRequest():
            return _vote_from_wire(message)
        case begin_quorum_epoch.BeginQuorumEpochRequest():
            return _begin_from_wire(message)
        case end_quorum_epoch.EndQuorumEpochRequest():
            return _end_from_wire(message)
        case fetch.FetchRequest():
            return _fetch_from_wire(message)
    return None


def _only_partition(topics: Sequence[_Named]) -> Any | None:
    """The data of partition 0 of the metadata topic, if the request speaks of nothing else."""
    if len(topics) != 1 or topics[0].topic_name != METADATA_TOPIC or len(topics[0].partitions) != 1:
        return None
    partition = topics[0].partitions[0]
    return partition if partition.partition_index == 0 else None


def _endpoints(endpoints: Iterable[_NamedEndpoint]) -> tuple[Endpoint, ...]:
    return tuple(Endpoint(endpoint.name, endpoint.host, endpoint.port) for endpoint in endpoints)


def _vote_from_wire(message: vote.VoteRequest) -> raft.VoteRequest | None:
    partition = _only_partition(message.topics)
    if partition is None:
        return None
    return raft.VoteRequest(
        cluster_id=message.cluster_id,
        epoch=partition.replica_epoch,
        candidate=ReplicaKey(partition.replica_id, partition.replica_directory_id),
        voter=None if message.voter_id < 0 else ReplicaKey(message.voter_id, partition.voter_directory_id),
        log_end=EpochOffset(partition.last_offset_epoch, partition.last_offset),
        pre_vote=partition.pre_vote,
    )


def _begin_from_wire(message: begin_quorum_epoch.BeginQuorumEpochRequest) -> raft.BeginQuorumEpochRequest | None:
    partition = _only_partition(message.topics)
    if partition is None:
        return None
    return raft.BeginQuorumEpochRequest(
        cluster_id=message.cluster_id,
        epoch=partition.leader_epoch,
        leader_id=partition.leader_id,
        voter=None if message.voter_id < 0 else ReplicaKey(message.voter_id, partition.voter_directory_id),
        endpoints=_endpoints(message.leader_endpoints),
    )


def _end_from_wire(message: end_quorum_epoch.EndQuorumEpochRequest) -> raft.EndQuorumEpochRequest | None:
    partition = _only_partition(message.topics)
    if partition is None:
        return None
    keys = [ReplicaKey(info.candidate_id, info.candidate_directory_id) for info in partition.preferred_candidates]
    return raft.EndQuorumEpochRequest(
        cluster_id=message.cluster_id,
        epoch=partition.leader_epoch,
        leader_id=partition.leader_id,
        preferred=tuple(keys or map(ReplicaKey, partition.preferred_successors)),
        endpoints=_endpoints(message.leader_endpoints),
    )


def _fetch_from_wire(message: fetch.FetchRequest) -> raft.FetchRequest | None:
    # From v13 a topic has an id and no name; from v15 the replica's id stands in a struct of its own.
    topics = message.topics
    if len(topics) != 1 or len(topics[0].partitions) != 1 or topics[0].partitions[0].partition != 0:
        return None
    if topics[0].topic != METADATA_TOPIC and topics[0].topic_id != METADATA_TOPIC_UUID:
        return None
    partition = topics[0].partitions[0]
    replica_id = message.replica_state.replica_id if message.replica_id < 0 else message.replica_id
    return raft.FetchRequest(
        cluster_id=message.cluster_id,
        epoch=partition.current_leader_epoch,
        replica=ReplicaKey(replica_id, partition.replica_directory_id),
        offset=partition.fetch_offset,
        last_epoch=partition.last_fetched_epoch,
        max_wait=message.max_wait_ms / 1000,
        high_watermark=None if partition.high_watermark == _NO_LIMIT else partition.high_watermark,
    )


# --- responses to peers ---


def response_to_wire(
    response: raft.Response, version: int, *, records: Part | None = None, log_start_offset: int = 0
) -> ResponseMessage:
    """The response for the wire; `records` are a fetch's."""
    if isinstance(response, raft.FetchResponse):
        return _fetched_to_wire(response, version, records, log_start_offset)
    kind: Any = _WIRE_RESPONSES[type(response)]
    if response.error is ErrorCode.INCONSISTENT_CLUSTER_ID:
        return cast(ResponseMessage, kind(error_code=response.error))
    partition = kind.PartitionData(
        partition_index=0,
        error_code=response.error,
        leader_id=_id(response.leader_id),
        leader_epoch=response.epoch,
    )
    if isinstance(response, raft.VoteResponse):
        partition.vote_granted = response.granted
    message = kind(topics=[kind.TopicData(topic_name=METADATA_TOPIC, partitions=[partition])])
    if version >= 1 and (endpoint := response.endpoint) is not None:
        node_id = _id(response.leader_id)
        message.node_endpoints = [kind.NodeEndpoint(node_id=node_id, host=endpoint.host, port=endpoint.port)]
    return cast(ResponseMessage, message)


def refusal_to_wire(message: RequestMessage) -> ResponseMessage:
    """INVALID_REQUEST for a request of which `request_from_wire` made nothing."""
    kind: Any = response_class(message.API_KEY)
    return cast(ResponseMessage, kind(error_code=ErrorCode.INVALID_REQUEST))


def _fetched_to_wire(
    response: raft.FetchResponse, version: int, records: Part | None, log_start_offset: int
) -> fetch.FetchResponse:
    message = fetch.FetchResponse
    if response.error is ErrorCode.INCONSISTENT_CLUSTER_ID:
        return message(error_code=response.error)
    partition = message.PartitionData(
        partition_index=0,
        error_code=response.error,
        high_watermark=-1 if response.high_watermark is None else response.high_watermark,
        log_start_offset=log_start_offset,
        records=b"" if records is None else records,
    )
    if version >= 12:
        partition.current_leader = message.LeaderIdAndEpoch(
            leader_id=_id(response.leader_id), leader_epoch=response.epoch
        )
        if response.diverging is not None:
            partition.diverging_epoch = message.EpochEndOffset(
                epoch=response.diverging.epoch, end_offset=response.diverging.offset
            )
    topic = message.FetchableTopicResponse(topic=METADATA_TOPIC, topic_id=METADATA_TOPIC_UUID, partitions=[partition])
    answer = message(responses=[topic])
    if version >= 16 and (endpoint := response.endpoint) is not None:
        node_id = _id(response.leader_id)
        answer.node_endpoints = [message.NodeEndpoint(node_id=node_id, host=endpoint.host, port=endpoint.port)]
    return answer


def _id(node_id: int | None) -> int:
    return -1 if node_id is None else node_id


# --- responses from peers ---


def response_from_wire(message: ResponseMessage, listener: str) -> raft.Response:
    """What a peer answered; `listener` is the name of the one that the quorum talks over.

    Raises RemoteProtocolError for an answer that refuses the whole request, and for one that makes no sense.
    """
    if isinstance(message, fetch.FetchResponse):
        return _fetched_from_wire(message, listener)
    assert isinstance(
        message,
        vote.VoteResponse | begin_quorum_epoch.BeginQuorumEpochResponse | end_quorum_epoch.EndQuorumEpochResponse,
    )
    _check_top_level(message.error_code)
    partition = _only_partition(message.topics)
    if partition is None:
        raise RemoteProtocolError(f"{message.NAME} does not speak of {METADATA_TOPIC}-0")
    leader_id = None if partition.leader_id < 0 else partition.leader_id
    endpoint = _leader_endpoint(message.node_endpoints, leader_id, listener)
    error = ErrorCode.of(partition.error_code)
    known = {"epoch": partition.leader_epoch, "leader_id": leader_id, "endpoint": endpoint, "error": error}
    if isinstance(message, vote.VoteResponse):
        return raft.VoteResponse(granted=partition.vote_granted, **known)
    if isinstance(message, begin_quorum_epoch.BeginQuorumEpochResponse):
        return raft.BeginQuorumEpochResponse(**known)
    return raft.EndQuorumEpochResponse(**known)


def _fetched_from_wire(message: fetch.FetchResponse, listener: str) -> raft.FetchResponse:
    _check_top_level(message.error_code)
    if len(message.responses) != 1 or len(message.responses[0].partitions) != 1:
        raise RemoteProtocolError(f"FetchResponse does not speak of {METADATA_TOPIC}-0")
    partition = message.responses[0].partitions[0]
    leader = partition.current_leader
    leader_id = None if leader.leader_id < 0 else leader.leader_id
    diverging, snapshot = partition.diverging_epoch, partition.snapshot_id
    try:
        return raft.FetchResponse(
            epoch=leader.leader_epoch,
            leader_id=leader_id,
            endpoint=_leader_endpoint(message.node_endpoints, leader_id, listener),
            error=ErrorCode.of(partition.error_code),
            high_watermark=None if partition.high_watermark < 0 else partition.high_watermark,
            batches=_batches(partition.records),
            diverging=None if diverging.epoch < 0 else EpochOffset(diverging.epoch, diverging.end_offset),
            snapshot=None if snapshot.end_offset < 0 else EpochOffset(snapshot.epoch, snapshot.end_offset),
        )
    except ValueError as error:
        raise RemoteProtocolError(f"the leader's batches do not fit together: {error}") from error


def _batches(records: memoryview | None) -> tuple[Batch, ...]:
    """The batches for the core; their data is the `RecordBatch`. CorruptRecords for what was damaged on the way."""
    batches = []
    for batch in whole_batches(records or b"", _NO_LIMIT):
        if not batch.verify_crc():
            raise RemoteProtocolError(f"the CRC of the batch at {batch.base_offset} is wrong")
        batches.append(Batch(batch.base_offset, batch.next_offset, batch.leader_epoch, batch, voters_in(batch)))
    return tuple(batches)


def _check_top_level(error_code: int) -> None:
    if error_code != ErrorCode.NONE:
        raise RemoteProtocolError(f"the peer refuses the request: {ErrorCode.of(error_code).name}")


def _leader_endpoint(endpoints: Iterable[_NodeEndpoint], leader_id: int | None, listener: str) -> Endpoint | None:
    found = (endpoint for endpoint in endpoints if endpoint.node_id == leader_id)
    return next((Endpoint(listener, endpoint.host, endpoint.port) for endpoint in found), None)
