"""Finding the active controller, forwarding to it, and the connection of heartbeats: on a network in memory."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
import trio
from trio.testing import MockClock

from barnabas.broker.alter_partition import AlterPartitionSender
from barnabas.broker.controller_channel import ControllerChannel, ControllerUnavailable, NodeAddress
from barnabas.broker.forwarding import ANONYMOUS, Forwarder, Origin
from barnabas.broker.heartbeats import BrokerIdentity, Heartbeats
from barnabas.broker.isr import IsrChange
from barnabas.broker.lifecycle import BrokerLifecycle, BrokerState
from barnabas.metadata.cluster import BrokerRegistration
from barnabas.metadata.records import RegisterBrokerRecord
from barnabas.net.memory import MemoryNetwork
from barnabas.protocol import codec, framing
from barnabas.protocol.api_keys import ApiKey
from barnabas.protocol.errors import ErrorCode
from barnabas.protocol.messages.alter_partition import AlterPartitionRequest, AlterPartitionResponse
from barnabas.protocol.messages.broker_heartbeat import BrokerHeartbeatRequest, BrokerHeartbeatResponse
from barnabas.protocol.messages.broker_registration import BrokerRegistrationRequest, BrokerRegistrationResponse
from barnabas.protocol.messages.create_topics import CreateTopicsRequest, CreateTopicsResponse
from barnabas.protocol.messages.default_principal_data import DefaultPrincipalData
from barnabas.protocol.messages.envelope import EnvelopeRequest, EnvelopeResponse
from barnabas.server.dispatch import ApiTable, Request
from barnabas.server.endpoints import Endpoint
from barnabas.server.listener import Server
from barnabas.server.settings import Settings
from barnabas.server.timers import Timers

ORIGIN = Origin(ANONYMOUS, "10.0.0.9", "client", 4711)


class FakeController:
    """A controller that answers by what a test gave it, and remembers what it was asked."""

    def __init__(self, network: MemoryNetwork, node_id: int) -> None:
        self.node_id = node_id
        self.asked: list[Any] = []
        self.answers: dict[int, Callable[[Any], Any]] = {}
        self.timers = Timers()
        table = ApiTable()
        for key in (ApiKey.ENVELOPE, ApiKey.ALTER_PARTITION, ApiKey.BROKER_REGISTRATION, ApiKey.BROKER_HEARTBEAT):
            table.register(key, self._handle)
        settings = Settings.of({"listeners": f"PLAINTEXT://node{node_id}:0"})
        self.server = Server(network, settings, table, self.timers)
        self.scope = trio.CancelScope()

    def _handle(self, request: Request) -> None:
        self.asked.append(request.body)
        answer = self.answers[request.header.api_key](request.body)
        if answer is not None:
            request.reply(answer)

    async def run(self, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        await self.server.bind()
        with self.scope:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self.timers.run)
                nursery.start_soon(self.server.serve)
                task_status.started()

    @property
    def address(self) -> NodeAddress:
        return NodeAddress(self.node_id, f"node{self.node_id}", self.server.endpoints[0].port)

    def drop_connections(self) -> None:
        for connection in list(self.server.connections):
            connection.close("the test wants it")


class World:
    """Two controllers; `leader` is the one that brokers take for active."""

    def __init__(self, nursery: trio.Nursery) -> None:
        self.network = MemoryNetwork()
        self.nursery = nursery
        self.one, self.two = FakeController(self.network, 1), FakeController(self.network, 2)
        self.leader: FakeController | None = self.one

    def locate(self) -> NodeAddress | None:
        return None if self.leader is None else self.leader.address

    def channel(self, retry_timeout: float = 60.0) -> ControllerChannel:
        return ControllerChannel(
            self.network, self.locate, self.nursery, client_id="b", request_timeout=5.0, retry_timeout=retry_timeout
        )


@asynccontextmanager
async def world() -> AsyncIterator[World]:
    async with trio.open_nursery() as nursery:
        made = World(nursery)
        await nursery.start(made.one.run)
        await nursery.start(made.two.run)
        yield made
        nursery.cancel_scope.cancel()


def create_topics(error: ErrorCode = ErrorCode.NONE) -> Callable[[EnvelopeRequest], EnvelopeResponse]:
    """Answers the CreateTopics in an envelope."""

    def answer(envelope: EnvelopeRequest) -> EnvelopeResponse:
        header, offset = framing.decode_request_header(envelope.request_data)
        body, _ = codec.decode(CreateTopicsRequest, header.api_version, envelope.request_data, offset)
        results = [
            CreateTopicsResponse.CreatableTopicResult(name=topic.name, error_code=error) for topic in body.topics
        ]
        parts = framing.encode_response(header.correlation_id, CreateTopicsResponse(topics=results), header.api_version)
        return EnvelopeResponse(response_data=b"".join(bytes(part) for part in parts)[4:])  # type: ignore[arg-type]

    return answer


REQUEST = CreateTopicsRequest(topics=[CreateTopicsRequest.CreatableTopic(name="t", num_partitions=1)])


async def test_an_envelope_holds_request_principal_and_address(autojump_clock: MockClock) -> None:
    async with world() as w:
        w.one.answers[ApiKey.ENVELOPE] = create_topics()
        response = await Forwarder(w.channel()).forward(ORIGIN, REQUEST, 7)
        assert isinstance(response, CreateTopicsResponse)
        assert [topic.name for topic in response.topics] == ["t"]
        (envelope,) = w.one.asked
        header, _ = framing.decode_request_header(envelope.request_data)
        assert (header.correlation_id, header.client_id, header.api_version) == (4711, "client", 7)
        assert envelope.client_host_address == bytes([10, 0, 0, 9])
        assert envelope.request_principal[:2] == b"\0\0"
        principal, _ = codec.decode(DefaultPrincipalData, 0, envelope.request_principal, 2)
        assert (principal.type, principal.name) == ("User", "ANONYMOUS")


@pytest.mark.parametrize(
    "not_controller",
    [lambda _: EnvelopeResponse(error_code=ErrorCode.NOT_CONTROLLER), create_topics(ErrorCode.NOT_CONTROLLER)],
)
async def test_not_controller_is_asked_again(not_controller: Callable[[Any], Any], autojump_clock: MockClock) -> None:
    async with world() as w:
        channel = w.channel()

        def resign(envelope: Any) -> Any:
            w.leader = w.two
            return not_controller(envelope)

        w.one.answers[ApiKey.ENVELOPE] = resign
        w.two.answers[ApiKey.ENVELOPE] = create_topics()
        response = await Forwarder(channel).forward(ORIGIN, REQUEST, 7)
        assert isinstance(response, CreateTopicsResponse)
        assert response.topics[0].error_code == ErrorCode.NONE
        assert (len(w.one.asked), len(w.two.asked)) == (1, 1)


async def test_a_silent_controller_is_left_when_the_leader_moves(autojump_clock: MockClock) -> None:
    async with world() as w:
        channel = w.channel()

        def hang(_: Any) -> None:
            w.leader = w.two
            w.nursery.start_soon(move)

        async def move() -> None:
            await trio.sleep(0.5)
            channel.leader_moved()

        w.one.answers[ApiKey.ENVELOPE] = hang
        w.two.answers[ApiKey.ENVELOPE] = create_topics()
        started = trio.current_time()
        await Forwarder(channel).forward(ORIGIN, REQUEST, 7)
        assert trio.current_time() - started < 1.0


async def test_no_controller_in_time(autojump_clock: MockClock) -> None:
    async with world() as w:
        w.leader = None
        started = trio.current_time()
        with pytest.raises(ControllerUnavailable, match="no controller"):
            await Forwarder(w.channel(retry_timeout=3.0)).forward(ORIGIN, REQUEST, 7)
        assert trio.current_time() - started == pytest.approx(3.0, abs=0.1)


class Receiver:
    def __init__(self) -> None:
        self.told: list[tuple[int, object]] = []

    def isr_change_committed(self, change: IsrChange, leader_epoch: int, partition_epoch: int, isr: Any) -> None:
        self.told.append((change.index, (leader_epoch, partition_epoch, list(isr))))

    def isr_change_failed(self, change: IsrChange, error: ErrorCode) -> None:
        self.told.append((change.index, error))


def change(index: int) -> IsrChange:
    return IsrChange(b"t" * 16, index, leader_epoch=3, partition_epoch=5, isr=((1, 11), (2, 12)), expands=True)


def alter_partition(body: AlterPartitionRequest) -> AlterPartitionResponse:
    """Commits changes of even partitions and refuses those of odd ones."""
    return AlterPartitionResponse(
        topics=[
            AlterPartitionResponse.TopicData(
                topic_id=topic.topic_id,
                partitions=[
                    AlterPartitionResponse.PartitionData(
                        partition_index=part.partition_index,
                        error_code=ErrorCode.INELIGIBLE_REPLICA if part.partition_index % 2 else ErrorCode.NONE,
                        leader_epoch=part.leader_epoch,
                        partition_epoch=part.partition_epoch + 1,
                        isr=[state.broker_id for state in part.new_isr_with_epochs],
                    )
                    for part in topic.partitions
                ],
            )
            for topic in body.topics
        ]
    )


async def test_isr_changes_go_out_together(autojump_clock: MockClock) -> None:
    async with world() as w:
        w.one.answers[ApiKey.ALTER_PARTITION] = alter_partition
        receiver = Receiver()
        sender = AlterPartitionSender(w.channel(), 1, lambda: 77, receiver)
        w.nursery.start_soon(sender.run)
        for index in range(3):
            sender.submit(change(index))
        await trio.sleep(1)
        assert receiver.told == [
            (0, (3, 6, [1, 2])),
            (1, ErrorCode.INELIGIBLE_REPLICA),
            (2, (3, 6, [1, 2])),
        ]
        assert [(body.broker_id, body.broker_epoch) for body in w.one.asked] == [(1, 77)]


async def test_a_refused_request_fails_all_its_changes(autojump_clock: MockClock) -> None:
    async with world() as w:
        w.one.answers[ApiKey.ALTER_PARTITION] = lambda _: AlterPartitionResponse(
            error_code=ErrorCode.STALE_BROKER_EPOCH
        )
        receiver = Receiver()
        sender = AlterPartitionSender(w.channel(), 1, lambda: 77, receiver)
        w.nursery.start_soon(sender.run)
        sender.submit(change(0))
        await trio.sleep(1)
        assert receiver.told == [(0, ErrorCode.STALE_BROKER_EPOCH)]


class Broker:
    """Heartbeats of broker 9 to the controllers of a `World`, which let it in and unfence it at once."""

    def __init__(self, w: World) -> None:
        for controller in (w.one, w.two):
            controller.answers[ApiKey.BROKER_REGISTRATION] = lambda _: BrokerRegistrationResponse(broker_epoch=40)
            controller.answers[ApiKey.BROKER_HEARTBEAT] = self.beat
        identity = BrokerIdentity(
            broker_id=9,
            cluster_id="c",
            incarnation_id=b"i" * 16,
            listeners=[Endpoint("PLAINTEXT", "broker", 9092)],
            features={"metadata.version": (7, 30)},
            rack="r",
            log_dirs=[b"d" * 16],
        )
        self.core = BrokerLifecycle(heartbeat_interval=2.0, registration_timeout=60.0)
        self.heartbeats = Heartbeats(self.core, identity, w.network, w.locate, lambda: 123, request_timeout=4.5)
        w.nursery.start_soon(self.heartbeats.run)

    def beat(self, body: BrokerHeartbeatRequest) -> BrokerHeartbeatResponse:
        return BrokerHeartbeatResponse(
            is_caught_up=True, is_fenced=body.want_fence, should_shut_down=body.want_shut_down
        )

    async def run_up(self) -> None:
        await self.heartbeats.wait_for_state(BrokerState.RECOVERY)
        self.heartbeats.ready_to_unfence()
        await self.heartbeats.wait_for_state(BrokerState.RUNNING)


async def test_registers_unfences_and_beats(autojump_clock: MockClock) -> None:
    async with world() as w:
        broker = Broker(w)
        await broker.run_up()
        assert trio.current_time() < 0.1
        registration, *beats = w.one.asked
        assert isinstance(registration, BrokerRegistrationRequest)
        assert (registration.broker_id, registration.rack, registration.log_dirs) == (9, "r", [b"d" * 16])
        assert {beat.current_metadata_offset for beat in beats} == {123}
        before = len(w.one.asked)
        await trio.sleep(20.5)
        assert len(w.one.asked) - before == 10
        assert len(w.one.server.connections) == 1


def registered(epoch: int, incarnation_id: bytes) -> BrokerRegistration:
    """Broker 9, as the metadata describes it."""
    record = RegisterBrokerRecord(broker_id=9, broker_epoch=epoch, incarnation_id=incarnation_id)
    return BrokerRegistration.from_record(record)


async def test_a_starting_broker_registers_again_when_its_earlier_life_came_after_it(autojump_clock: MockClock) -> None:
    """A request of the earlier life was on its way for longer than that life lasted."""
    async with world() as w:
        epochs, gave_way = iter([40, 42]), []

        def beat(body: BrokerHeartbeatRequest) -> BrokerHeartbeatResponse:
            if body.broker_epoch == 40:
                gave_way.append(broker.heartbeats.is_replaced(registered(41, b"earlier life ...")))
                return BrokerHeartbeatResponse(error_code=ErrorCode.STALE_BROKER_EPOCH)
            return BrokerHeartbeatResponse(is_caught_up=True, is_fenced=body.want_fence)

        broker = Broker(w)
        w.one.answers[ApiKey.BROKER_REGISTRATION] = lambda _: BrokerRegistrationResponse(broker_epoch=next(epochs))
        w.one.answers[ApiKey.BROKER_HEARTBEAT] = beat
        await broker.run_up()
        assert (broker.core.broker_epoch, gave_way) == (42, [False])


async def test_a_broker_that_has_started_gives_way_to_who_came_after_it(autojump_clock: MockClock) -> None:
    async with world() as w:
        broker = Broker(w)
        await broker.run_up()
        assert not broker.heartbeats.is_replaced(registered(40, b"i" * 16))
        assert not broker.heartbeats.is_replaced(registered(39, b"earlier life ..."))
        assert broker.heartbeats.is_replaced(registered(41, b"another process!"))
        await broker.heartbeats.wait_for_state(BrokerState.SHUTTING_DOWN)


async def test_a_broken_connection_is_back_with_a_beat_at_once(autojump_clock: MockClock) -> None:
    async with world() as w:
        broker = Broker(w)
        await broker.run_up()
        await trio.sleep(0.5)
        before = len(w.one.asked)
        w.one.drop_connections()
        await trio.sleep(0.1)
        assert len(w.one.asked) == before + 1
        assert len(w.one.server.connections) == 1


async def test_a_new_controller_hears_of_the_broker_at_once(autojump_clock: MockClock) -> None:
    async with world() as w:
        broker = Broker(w)
        await broker.run_up()
        w.leader = w.two
        broker.heartbeats.leader_moved()
        await trio.sleep(0.1)
        assert isinstance(w.two.asked[0], BrokerHeartbeatRequest)
        assert not w.one.server.connections


async def test_a_controller_that_hangs_is_left_for_the_new_one(autojump_clock: MockClock) -> None:
    async with world() as w:
        broker = Broker(w)
        await broker.run_up()
        w.one.answers[ApiKey.BROKER_HEARTBEAT] = lambda _: None
        await trio.sleep(2.5)
        w.leader = w.two
        broker.heartbeats.leader_moved()
        await trio.sleep(0.1)
        assert isinstance(w.two.asked[0], BrokerHeartbeatRequest)


async def test_controlled_shutdown(autojump_clock: MockClock) -> None:
    async with world() as w:
        broker = Broker(w)
        await broker.run_up()
        started = trio.current_time()
        broker.heartbeats.begin_controlled_shutdown(3.0)
        await broker.heartbeats.wait_for_state(BrokerState.SHUTTING_DOWN)
        assert trio.current_time() - started < 0.1
        assert w.one.asked[-1].want_shut_down


@pytest.mark.parametrize("silent", ["hangs", "is gone"])
async def test_controlled_shutdown_without_a_quorum(silent: str, autojump_clock: MockClock) -> None:
    async with world() as w:
        broker = Broker(w)
        await broker.run_up()
        if silent == "hangs":
            w.one.answers[ApiKey.BROKER_HEARTBEAT] = lambda _: None
            await trio.sleep(2.5)
        else:
            w.one.scope.cancel()
            await trio.sleep(0.5)
        started = trio.current_time()
        broker.heartbeats.begin_controlled_shutdown(3.0)
        await broker.heartbeats.wait_for_state(BrokerState.SHUTTING_DOWN)
        assert trio.current_time() - started <= 2.1
