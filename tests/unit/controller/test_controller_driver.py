"""The driver: leadership, commits, timers and the controller's listener, over a quorum that commits when told."""

from __future__ import annotations

import random
from collections.abc import MutableMapping, Sequence
from typing import Any

import pytest
import trio
from structlog.testing import capture_logs

from barnabas.controller.config import ControllerConfig
from barnabas.controller.controller import Controller
from barnabas.controller.driver import ControllerDriver
from barnabas.controller.record_log import RecordLog
from barnabas.controller.requests import ControllerRequests
from barnabas.metadata.features import NEW_CLUSTER_LEVELS
from barnabas.metadata.records import ConfigRecord, MetadataRecord, RegisterBrokerRecord, decode_record
from barnabas.protocol import codec, framing
from barnabas.protocol.api_keys import ApiKey
from barnabas.protocol.errors import ErrorCode, WireError
from barnabas.protocol.message import RequestMessage, ResponseMessage
from barnabas.protocol.messages.allocate_producer_ids import AllocateProducerIdsRequest
from barnabas.protocol.messages.broker_heartbeat import BrokerHeartbeatRequest, BrokerHeartbeatResponse
from barnabas.protocol.messages.broker_registration import BrokerRegistrationRequest, BrokerRegistrationResponse
from barnabas.protocol.messages.create_topics import CreateTopicsRequest, CreateTopicsResponse
from barnabas.protocol.messages.delete_topics import DeleteTopicsRequest, DeleteTopicsResponse
from barnabas.protocol.messages.describe_cluster import DescribeClusterRequest, DescribeClusterResponse
from barnabas.protocol.messages.describe_quorum import DescribeQuorumRequest, DescribeQuorumResponse
from barnabas.protocol.messages.envelope import EnvelopeRequest, EnvelopeResponse
from barnabas.protocol.messages.update_features import UpdateFeaturesRequest, UpdateFeaturesResponse
from barnabas.server.metadata_log import MAX_BATCH_BYTES, PREFERRED_BATCH_BYTES, split_records
from barnabas.server.quorum import CommittedBatch, LeaderInfo, NotLeader
from barnabas.server.timers import Timers
from controller_harness import CLUSTER_ID, directory
from server_harness import RawClient, ServerHarness


class MemoryQuorum:
    """One log, and this node leads it or does not. Offset 0 is the control record of the first epoch."""

    def __init__(self) -> None:
        self.batches: list[CommittedBatch] = [CommittedBatch(0, 0, 1, 0, [])]
        self.is_leader = False
        self.resigned = 0

    @property
    def end_offset(self) -> int:
        return self.batches[-1].last_offset + 1

    def append(self, records: Sequence[bytes], *, atomic: bool = True) -> list[int]:
        if not self.is_leader:
            raise NotLeader
        ends = []
        for payload in split_records(records, atomic=atomic):
            values: list[memoryview] = [memoryview(value) for value in payload.data]  # type: ignore[attr-defined]
            first = self.end_offset
            self.batches.append(CommittedBatch(first, first + len(values) - 1, 1, 0, values))
            ends.append(self.end_offset - 1)
        return ends

    def resign(self) -> None:
        self.resigned += 1


class Node:
    """A controller and its quorum."""

    def __init__(self, timers: Timers) -> None:
        self.quorum = MemoryQuorum()
        chance = random.Random(1)
        config = ControllerConfig(node_id=3000, cluster_id=CLUSTER_ID)
        self.driver = ControllerDriver(Controller(config, chance, lambda: chance.randbytes(16)), self.quorum, timers)
        self.replies: list[ResponseMessage] = []
        self._handed_over = 0

    def lead(self) -> None:
        self.commit()
        self.quorum.is_leader = True
        self.driver.on_leader_change(LeaderInfo(3000, 1, None), 1)

    def lose(self) -> None:
        self.quorum.is_leader = False
        self.driver.on_leader_change(LeaderInfo(3001, 2, None), 2)

    def commit(self) -> None:
        """Everything that was appended is committed."""
        self.driver.on_commit(self.quorum.batches[self._handed_over :])
        self._handed_over = len(self.quorum.batches)

    def submit(self, request: RequestMessage) -> None:
        self.driver.submit(request, request.VERSIONS[1], self.replies.append)

    @property
    def records(self) -> list[MetadataRecord]:
        return [decode_record(value) for batch in self.quorum.batches for value in batch.records]


@pytest.fixture
def node(harness: ServerHarness) -> Node:
    return Node(harness.timers)


@pytest.fixture
def harness(nursery: trio.Nursery) -> ServerHarness:
    return ServerHarness(nursery)


@pytest.fixture
def events() -> Any:
    with capture_logs() as captured:
        yield captured


def registration(broker_id: int = 1) -> BrokerRegistrationRequest:
    return BrokerRegistrationRequest(
        broker_id=broker_id,
        cluster_id=CLUSTER_ID,
        incarnation_id=bytes(15) + bytes([broker_id]),
        log_dirs=[directory(broker_id)],
        features=[
            BrokerRegistrationRequest.Feature(name=name, min_supported_version=0, max_supported_version=30)
            for name in NEW_CLUSTER_LEVELS
        ],
    )


def creation() -> CreateTopicsRequest:
    topic = CreateTopicsRequest.CreatableTopic(name="t", num_partitions=1, replication_factor=1)
    return CreateTopicsRequest(topics=[topic])


async def test_the_leader_is_active_and_starts_a_new_cluster(node: Node) -> None:
    node.driver.on_leader_change(LeaderInfo(3001, 1, None), 1)
    assert not node.driver.active
    node.lead()
    assert node.driver.active
    assert node.driver.controller.image.features.level("metadata.version") == 30
    assert node.driver.controller.committed_image.features.level("metadata.version") == 0
    node.commit()
    assert node.driver.controller.committed_image.features.level("metadata.version") == 30


async def test_a_reply_waits_for_the_commit(node: Node) -> None:
    node.lead()
    node.commit()
    node.submit(registration())
    assert node.replies == []
    node.commit()
    (reply,) = node.replies
    assert isinstance(reply, BrokerRegistrationResponse)
    registered = [record for record in node.records if isinstance(record, RegisterBrokerRecord)]
    assert registered[0].broker_epoch == reply.broker_epoch == node.quorum.end_offset - 1


async def test_who_is_not_active_says_so(node: Node) -> None:
    node.submit(registration())
    node.submit(creation())
    registered, created = node.replies
    assert isinstance(registered, BrokerRegistrationResponse)
    assert registered.error_code == ErrorCode.NOT_CONTROLLER
    assert isinstance(created, CreateTopicsResponse)
    assert created.topics[0].error_code == ErrorCode.NOT_CONTROLLER


async def test_what_waits_fails_when_the_lead_is_lost(node: Node) -> None:
    node.lead()
    node.commit()
    before = node.driver.controller.image
    node.submit(registration())
    assert node.driver.controller.image != before
    node.lose()
    (reply,) = node.replies
    assert isinstance(reply, BrokerRegistrationResponse)
    assert reply.error_code == ErrorCode.NOT_CONTROLLER
    assert node.driver.controller.image is before


async def test_a_follower_replays_what_others_decided(node: Node, harness: ServerHarness) -> None:
    node.lead()
    node.submit(registration())
    node.commit()
    follower = Node(harness.timers)
    follower.quorum.batches = node.quorum.batches
    follower.commit()
    assert follower.driver.controller.image == node.driver.controller.image
    assert not follower.driver.active


async def test_a_broken_invariant_ends_the_lead(
    node: Node, monkeypatch: pytest.MonkeyPatch, events: list[MutableMapping[str, Any]]
) -> None:
    def broken(*_: object) -> None:
        raise AssertionError("impossible")

    node.lead()
    node.commit()
    monkeypatch.setattr(node.driver.controller, "handle", broken)
    node.submit(creation())
    assert node.quorum.resigned == 1
    assert not node.driver.active
    (reply,) = node.replies
    assert isinstance(reply, CreateTopicsResponse)
    assert reply.topics[0].error_code == ErrorCode.NOT_CONTROLLER
    assert any(event["event"] == "controller cannot go on" for event in events)


async def test_time_fences_silent_brokers(
    node: Node,
    harness: ServerHarness,
    nursery: trio.Nursery,
    events: list[MutableMapping[str, Any]],
    autojump_clock: trio.testing.MockClock,
) -> None:
    nursery.start_soon(harness.timers.run)
    node.lead()
    node.submit(registration())
    node.commit()
    epoch = node.driver.controller.image.cluster.brokers[1].epoch
    node.submit(BrokerHeartbeatRequest(broker_id=1, broker_epoch=epoch, current_metadata_offset=epoch))
    node.commit()
    assert not node.driver.controller.image.cluster.brokers[1].fenced
    await trio.sleep(8.9)
    assert not node.driver.controller.image.cluster.brokers[1].fenced
    await trio.sleep(0.2)
    assert node.driver.controller.image.cluster.brokers[1].fenced
    told = [event["event"] for event in events if event["event"].startswith("broker")]
    assert told == ["broker registered", "broker unfenced", "broker fenced"]


async def test_what_is_due_while_the_lead_is_being_lost_is_tried_with_pauses(
    node: Node, harness: ServerHarness, nursery: trio.Nursery, autojump_clock: trio.testing.MockClock
) -> None:
    nursery.start_soon(harness.timers.run)
    node.lead()
    node.submit(registration())
    node.commit()
    epoch = node.driver.controller.image.cluster.brokers[1].epoch
    node.submit(BrokerHeartbeatRequest(broker_id=1, broker_epoch=epoch, current_metadata_offset=epoch))
    node.commit()
    node.quorum.is_leader = False
    await trio.sleep(14.0)
    assert not node.driver.controller.image.cluster.brokers[1].fenced
    node.quorum.is_leader = True
    await trio.sleep(0.2)
    assert node.driver.controller.image.cluster.brokers[1].fenced
    node.lose()
    await trio.sleep(20.0)
    assert len(harness.timers) == 0


# -- the listener ------------------------------------------------------------------------------------------------------


async def connect(node: Node, harness: ServerHarness) -> RawClient:
    requests = ControllerRequests(node.driver, lambda: 3000 if node.driver.active else -1, describe_quorum)
    requests.register(harness.table)
    harness.table.register(ApiKey.DESCRIBE_QUORUM, lambda request: request.reply(DescribeQuorumResponse()))
    await harness.start()
    node.lead()
    node.commit()
    return await harness.connect()


async def request(
    node: Node, client: RawClient, message: RequestMessage, version: int | None = None
) -> ResponseMessage:
    """Sends, commits whatever is decided, and receives."""
    at = message.VERSIONS[1] if version is None else version
    await client.send_request(message, at)
    await trio.testing.wait_all_tasks_blocked()
    node.commit()
    return (await client.receive_response(message.API_KEY, at))[1]  # type: ignore[no-any-return]


async def start_broker(node: Node, client: RawClient) -> int:
    registered = await request(node, client, registration())
    assert isinstance(registered, BrokerRegistrationResponse)
    beat = BrokerHeartbeatRequest(
        broker_id=1, broker_epoch=registered.broker_epoch, current_metadata_offset=registered.broker_epoch
    )
    answer = await request(node, client, beat, 1)
    assert isinstance(answer, BrokerHeartbeatResponse)
    assert not answer.is_fenced
    return registered.broker_epoch


async def test_a_broker_is_fenced_soon_after_its_heartbeats_lose_their_connection(
    node: Node, harness: ServerHarness, autojump_clock: trio.testing.MockClock
) -> None:
    client = await connect(node, harness)
    await start_broker(node, client)
    client.transport.close()
    await trio.sleep(0.2)
    assert not node.driver.controller.image.cluster.brokers[1].fenced
    await trio.sleep(0.1)
    assert node.driver.controller.image.cluster.brokers[1].fenced


async def test_a_broker_that_changed_to_another_connection_is_not_fenced(
    node: Node, harness: ServerHarness, autojump_clock: trio.testing.MockClock
) -> None:
    client = await connect(node, harness)
    epoch = await start_broker(node, client)
    another = await harness.connect()
    beat = BrokerHeartbeatRequest(broker_id=1, broker_epoch=epoch, current_metadata_offset=epoch)
    await request(node, another, beat, 1)
    client.transport.close()
    await trio.sleep(1.0)
    assert not node.driver.controller.image.cluster.brokers[1].fenced


def envelope(message: RequestMessage, version: int | None = None) -> EnvelopeRequest:
    at = message.VERSIONS[1] if version is None else version
    frame = b"".join(bytes(part) for part in framing.encode_request(77, "client", message, at))  # type: ignore[arg-type]
    return EnvelopeRequest(request_data=frame[4:], client_host_address=b"\x7f\x00\x00\x01")


async def test_a_forwarded_request_is_answered_as_if_it_had_come_directly(node: Node, harness: ServerHarness) -> None:
    client = await connect(node, harness)
    await start_broker(node, client)
    response = await request(node, client, envelope(creation()))
    assert isinstance(response, EnvelopeResponse)
    assert response.error_code == ErrorCode.NONE
    assert response.response_data is not None
    correlation_id, offset = framing.decode_response_header(ApiKey.CREATE_TOPICS, 7, response.response_data)
    created, end = codec.decode(CreateTopicsResponse, 7, response.response_data, offset)
    assert (correlation_id, end) == (77, len(response.response_data))
    assert created.topics[0].error_code == ErrorCode.NONE


def describe_quorum(body: DescribeQuorumRequest, version: int) -> DescribeQuorumResponse:
    """In place of the quorum's handlers, which are tested with a quorum."""
    return DescribeQuorumResponse(topics=[DescribeQuorumResponse.TopicData(topic_name=f"asked at v{version}")])


async def test_the_quorum_is_described_to_clients_of_brokers(node: Node, harness: ServerHarness) -> None:
    client = await connect(node, harness)
    response = await request(node, client, envelope(DescribeQuorumRequest(), 1))
    assert isinstance(response, EnvelopeResponse)
    assert response.response_data is not None
    _, offset = framing.decode_response_header(ApiKey.DESCRIBE_QUORUM, 1, response.response_data)
    described, _ = codec.decode(DescribeQuorumResponse, 1, response.response_data, offset)
    assert described.topics[0].topic_name == "asked at v1"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", ErrorCode.INVALID_REQUEST),
        (b"\x00\x13\x00\x07junk", ErrorCode.INVALID_REQUEST),
        (envelope(AllocateProducerIdsRequest()).request_data, ErrorCode.INVALID_REQUEST),
        (b"\x00\x13\x00\x63\x00\x00\x00\x01\xff\xff\x00", ErrorCode.UNSUPPORTED_VERSION),
    ],
)
async def test_what_does_not_belong_into_an_envelope_is_refused(
    node: Node, harness: ServerHarness, data: bytes, code: ErrorCode
) -> None:
    client = await connect(node, harness)
    response = await request(node, client, EnvelopeRequest(request_data=data, client_host_address=b"\x7f\x00\x00\x01"))
    assert isinstance(response, EnvelopeResponse)
    assert response.error_code == code


async def test_an_envelope_to_an_inactive_controller_says_so(node: Node, harness: ServerHarness) -> None:
    client = await connect(node, harness)
    node.lose()
    response = await request(node, client, envelope(creation()))
    assert isinstance(response, EnvelopeResponse)
    assert response.error_code == ErrorCode.NOT_CONTROLLER


async def test_the_controllers_are_described(node: Node, harness: ServerHarness) -> None:
    client = await connect(node, harness)
    response = await request(node, client, DescribeClusterRequest(endpoint_type=2))
    assert isinstance(response, DescribeClusterResponse)
    assert (response.controller_id, response.cluster_id, response.error_code) == (3000, CLUSTER_ID, 0)
    response = await request(node, client, DescribeClusterRequest(endpoint_type=1))
    assert isinstance(response, DescribeClusterResponse)
    assert response.error_code == ErrorCode.MISMATCHED_ENDPOINT_TYPE


# -- errors and batches ------------------------------------------------------------------------------------------------


async def test_each_api_is_refused_in_its_own_shape(node: Node) -> None:
    node.submit(DeleteTopicsRequest(topics=[DeleteTopicsRequest.DeleteTopicState(name="t")]))
    node.submit(UpdateFeaturesRequest())
    deleted, updated = node.replies
    assert isinstance(deleted, DeleteTopicsResponse)
    assert (deleted.responses[0].name, deleted.responses[0].error_code) == ("t", ErrorCode.NOT_CONTROLLER)
    assert isinstance(updated, UpdateFeaturesResponse)
    assert updated.error_code == ErrorCode.NOT_CONTROLLER


async def test_a_lead_that_is_lost_just_before_the_append_loses_nothing_else(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    node.lead()
    node.commit()
    before, end_offset = node.driver.controller.image, node.quorum.end_offset

    def lost(records: Sequence[bytes], *, atomic: bool = True) -> list[int]:
        raise NotLeader

    monkeypatch.setattr(node.quorum, "append", lost)
    node.submit(registration())
    assert isinstance(node.replies[0], BrokerRegistrationResponse)
    assert node.replies[0].error_code == ErrorCode.NOT_CONTROLLER
    assert (node.driver.controller.image, node.quorum.end_offset) == (before, end_offset)
    assert not node.driver.active


def config_records(count: int, size: int) -> list[MetadataRecord]:
    return [ConfigRecord(resource_type=2, resource_name="t", name="n", value="x" * size) for _ in range(count)]


def test_large_decisions_are_split_unless_they_are_atomic() -> None:
    quorum = MemoryQuorum()
    quorum.is_leader = True
    log = RecordLog(quorum)
    prepared = log.prepare(config_records(6, PREFERRED_BATCH_BYTES // 3), atomic=False)
    assert len(prepared.ends) > 1
    assert prepared.ends[-1] == 6
    assert quorum.end_offset == 1
    prepared.append()
    assert [batch.last_offset for batch in quorum.batches[1:]] == list(prepared.ends)
    assert list(log.prepare(config_records(3, 1000), atomic=True).ends) == [9]


def test_an_atomic_decision_that_does_not_fit_into_a_batch_is_refused() -> None:
    quorum = MemoryQuorum()
    quorum.is_leader = True
    with pytest.raises(WireError) as raised:
        RecordLog(quorum).prepare(config_records(4, MAX_BATCH_BYTES // 4), atomic=True)
    assert raised.value.code == ErrorCode.POLICY_VIOLATION
