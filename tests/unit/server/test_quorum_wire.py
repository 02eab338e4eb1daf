"""The quorum's messages to the wire and back, in every version that peers may speak."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from barnabas.protocol import codec
from barnabas.protocol.errors import ErrorCode, RemoteProtocolError
from barnabas.protocol.message import Message
from barnabas.protocol.messages import begin_quorum_epoch, end_quorum_epoch, fetch, vote
from barnabas.protocol.record_builder import build_batch
from barnabas.protocol.types import METADATA_TOPIC_UUID
from barnabas.raft import messages as raft
from barnabas.raft.control_records import leader_change_batch
from barnabas.raft.log_view import EpochOffset
from barnabas.raft.ready import LeaderChange
from barnabas.raft.voters import Endpoint, ReplicaKey, Voter, VoterSet
from barnabas.server.quorum_wire import (
    refusal_to_wire,
    request_from_wire,
    request_to_wire,
    response_from_wire,
    response_to_wire,
)

ME, OTHER = ReplicaKey(1, bytes([1]) * 16), ReplicaKey(2, bytes([2]) * 16)
HERE = Endpoint("CONTROLLER", "node1", 9093)

REQUESTS: list[raft.Request] = [
    raft.VoteRequest(cluster_id="c", epoch=5, candidate=ME, voter=OTHER, log_end=EpochOffset(4, 99), pre_vote=True),
    raft.VoteRequest(cluster_id=None, epoch=5, candidate=ME, voter=None, log_end=EpochOffset(0, 0)),
    raft.BeginQuorumEpochRequest(cluster_id="c", epoch=5, leader_id=1, voter=OTHER, endpoints=(HERE,)),
    raft.EndQuorumEpochRequest(cluster_id="c", epoch=5, leader_id=1, preferred=(OTHER, ME), endpoints=(HERE,)),
    raft.FetchRequest(cluster_id="c", epoch=5, replica=ME, offset=7, last_epoch=4, max_wait=0.5, high_watermark=3),
    raft.FetchRequest(cluster_id="c", epoch=5, replica=ME, offset=0, last_epoch=0),
]
RESPONSES: list[raft.Response] = [
    raft.VoteResponse(epoch=5, granted=True),
    raft.VoteResponse(epoch=5, leader_id=1, endpoint=HERE, error=ErrorCode.FENCED_LEADER_EPOCH),
    raft.BeginQuorumEpochResponse(epoch=5, leader_id=1, endpoint=HERE),
    raft.EndQuorumEpochResponse(epoch=5, error=ErrorCode.INVALID_VOTER_KEY),
    raft.FetchResponse(epoch=5, leader_id=1, endpoint=HERE, high_watermark=9),
    raft.FetchResponse(epoch=5, leader_id=1, endpoint=HERE, diverging=EpochOffset(3, 8)),
    raft.FetchResponse(epoch=5, error=ErrorCode.NOT_LEADER_OR_FOLLOWER),
]


def over_the_wire(message: Message, version: int) -> Any:
    data = codec.encode(message, version)
    decoded, end = codec.decode(type(message), version, data)
    assert end == len(data)
    return decoded


@pytest.mark.parametrize("request_", REQUESTS, ids=str)
def test_a_request_arrives_as_it_left(request_: raft.Request) -> None:
    message = request_to_wire(request_, 1000)
    assert request_from_wire(over_the_wire(message, message.VERSIONS[1])) == request_


@pytest.mark.parametrize("response", RESPONSES, ids=str)
def test_a_response_arrives_as_it_left(response: raft.Response) -> None:
    message = response_to_wire(response, 99)
    assert response_from_wire(over_the_wire(message, message.VERSIONS[1]), "CONTROLLER") == response


@pytest.mark.parametrize("response", RESPONSES, ids=str)
def test_a_response_can_be_said_in_every_version(response: raft.Response) -> None:
    lowest, highest = response_to_wire(response, 99).VERSIONS
    for version in range(lowest, highest + 1):
        message = over_the_wire(response_to_wire(response, version), version)
        if version >= 12 or not isinstance(response, raft.FetchResponse):
            arrived = response_from_wire(message, "CONTROLLER")
            assert replace(arrived, endpoint=response.endpoint) == response


def test_old_versions_name_no_directories() -> None:
    message = over_the_wire(request_to_wire(replace(REQUESTS[0], pre_vote=False), 0), 0)  # type: ignore[arg-type]
    request = request_from_wire(message)
    assert isinstance(request, raft.VoteRequest)
    assert (request.candidate, request.voter) == (ReplicaKey(1), None)


def test_old_versions_name_successors_by_id() -> None:
    partition = end_quorum_epoch.EndQuorumEpochRequest.PartitionData(
        leader_id=1, leader_epoch=5, preferred_successors=[3, 2]
    )
    topic = end_quorum_epoch.EndQuorumEpochRequest.TopicData(topic_name="__cluster_metadata", partitions=[partition])
    message = over_the_wire(end_quorum_epoch.EndQuorumEpochRequest(topics=[topic]), 0)
    request = request_from_wire(message)
    assert isinstance(request, raft.EndQuorumEpochRequest)
    assert request.preferred == (ReplicaKey(3), ReplicaKey(2))


def test_a_fetch_of_an_old_version_names_topic_and_replica_otherwise() -> None:
    partition = fetch.FetchRequest.FetchPartition(partition=0, fetch_offset=1, current_leader_epoch=2)
    topic = fetch.FetchRequest.FetchTopic(topic="__cluster_metadata", partitions=[partition])
    message = over_the_wire(fetch.FetchRequest(replica_id=3, topics=[topic]), 12)
    request = request_from_wire(message)
    assert isinstance(request, raft.FetchRequest)
    assert (request.replica.id, request.high_watermark, request.is_legal) == (3, None, False)


def bad_requests() -> list[Message]:
    other_topic = vote.VoteRequest.TopicData(
        topic_name="other", partitions=[vote.VoteRequest.PartitionData(partition_index=0)]
    )
    two_partitions = begin_quorum_epoch.BeginQuorumEpochRequest.TopicData(
        topic_name="__cluster_metadata",
        partitions=[begin_quorum_epoch.BeginQuorumEpochRequest.PartitionData(partition_index=i) for i in (0, 1)],
    )
    other_partition = fetch.FetchRequest.FetchTopic(
        topic_id=METADATA_TOPIC_UUID, partitions=[fetch.FetchRequest.FetchPartition(partition=1)]
    )
    return [
        vote.VoteRequest(),
        vote.VoteRequest(topics=[other_topic]),
        begin_quorum_epoch.BeginQuorumEpochRequest(topics=[two_partitions]),
        end_quorum_epoch.EndQuorumEpochRequest(),
        fetch.FetchRequest(),
        fetch.FetchRequest(topics=[other_partition]),
    ]


@pytest.mark.parametrize("message", bad_requests(), ids=lambda message: message.NAME)
def test_a_request_that_speaks_of_something_else_is_refused_whole(message: Any) -> None:
    assert request_from_wire(message) is None
    refusal: Any = refusal_to_wire(message)
    assert refusal.error_code == ErrorCode.INVALID_REQUEST
    with pytest.raises(RemoteProtocolError, match="INVALID_REQUEST"):
        response_from_wire(refusal, "CONTROLLER")


@pytest.mark.parametrize("message", [vote.VoteResponse(), fetch.FetchResponse()], ids=lambda message: message.NAME)
def test_an_answer_about_nothing_is_the_peers_fault(message: Any) -> None:
    with pytest.raises(RemoteProtocolError, match="does not speak of"):
        response_from_wire(message, "CONTROLLER")


def test_another_cluster_is_told_so_as_a_whole() -> None:
    for kind in (raft.VoteResponse, raft.FetchResponse):
        message: Any = response_to_wire(kind(epoch=3, error=ErrorCode.INCONSISTENT_CLUSTER_ID), 2)
        assert message.error_code == ErrorCode.INCONSISTENT_CLUSTER_ID


def fetched(records: bytes | bytearray) -> raft.Response:
    message = response_to_wire(raft.FetchResponse(epoch=5, leader_id=1), 18, records=records)
    return response_from_wire(over_the_wire(message, 18), "CONTROLLER")


VOTERS = VoterSet((Voter(ME, (HERE,)),))
OPENING = leader_change_batch(LeaderChange(1, (ME,), (ME,), VOTERS), 0, 5, 0)
RECORDS = build_batch([(0, None, b"a"), (0, None, b"b")], base_offset=3, leader_epoch=5)


def test_records_arrive_as_batches_with_their_voters() -> None:
    response = fetched(OPENING + RECORDS)
    assert isinstance(response, raft.FetchResponse)
    assert [(b.base_offset, b.next_offset, b.epoch, b.voters) for b in response.batches] == [
        (0, 3, 5, VOTERS),
        (3, 5, 5, None),
    ]


def test_a_cut_last_batch_is_left_out() -> None:
    for length in range(len(RECORDS)):
        response = fetched(OPENING + RECORDS[:length])
        assert isinstance(response, raft.FetchResponse)
        assert len(response.batches) == 1


def test_damaged_records_are_the_peers_fault() -> None:
    damaged = bytearray(RECORDS)
    damaged[-1] ^= 1
    with pytest.raises(RemoteProtocolError, match="CRC"):
        fetched(damaged)


@pytest.mark.parametrize(("offset", "epoch"), [(9, 5), (5, 4)])
def test_batches_that_do_not_fit_together_are_the_peers_fault(offset: int, epoch: int) -> None:
    second = build_batch([(0, None, b"x")], base_offset=offset, leader_epoch=epoch)
    with pytest.raises(RemoteProtocolError, match="do not fit together"):
        fetched(RECORDS + second)
