"""Whole clusters in one event loop: the daemons' own code on real sockets and files, and raw connections as clients."""

from __future__ import annotations

import urllib.request
from itertools import count
from pathlib import Path

import pytest
import trio

from barnabas.broker.apis import supported_features
from barnabas.broker.process import run_broker
from barnabas.client.connection import ConnectionLost
from barnabas.net.transport import TcpNetwork, Transport
from barnabas.protocol.errors import ErrorCode
from barnabas.protocol.messages.broker_registration import BrokerRegistrationRequest
from barnabas.protocol.messages.create_acls import CreateAclsRequest
from barnabas.protocol.messages.create_partitions import CreatePartitionsRequest
from barnabas.protocol.messages.delete_topics import DeleteTopicsRequest
from barnabas.protocol.messages.describe_cluster import DescribeClusterRequest
from barnabas.protocol.messages.describe_configs import DescribeConfigsRequest
from barnabas.protocol.messages.elect_leaders import ElectLeadersRequest
from barnabas.protocol.messages.incremental_alter_configs import IncrementalAlterConfigsRequest
from barnabas.protocol.messages.init_producer_id import InitProducerIdRequest
from barnabas.protocol.messages.metadata import MetadataRequest
from barnabas.protocol.messages.produce import ProduceResponse
from barnabas.server.environment import Environment
from barnabas.server.failure import NodeFailure
from barnabas.server.settings import Settings
from in_process import CLUSTER_ID, BreakableDisk, InProcessCluster, Node, in_process_cluster, produce_request, until

STOP_SECONDS = 5.0


def active_controller(cluster: InProcessCluster) -> Node:
    return next(
        node
        for node in cluster.controllers.values()
        if node.handle is not None and node.handle.status()["state"] == "active"
    )


async def full_isr(cluster: InProcessCluster, topic: str) -> None:
    with trio.fail_after(10):
        while len(await cluster.isr(topic)) < len(cluster.brokers):  # noqa: ASYNC110 - the cluster tells nobody
            await trio.sleep(0.02)


async def fetched(cluster: InProcessCluster, topic: str, values: list[bytes], *, index: int = 0, of: int) -> None:
    """Read from one replica until these are there: a follower hears of the high watermark with its next fetch."""
    with trio.fail_after(10):
        while len(found := await cluster.fetch(topic, index=index, of=of)) < len(values):  # noqa: ASYNC110
            await trio.sleep(0.02)
    assert found == values


async def stop_in_time(cluster: InProcessCluster, *nodes: Node) -> float:
    """Stop nodes together; the seconds it took."""
    started = trio.current_time()
    with trio.fail_after(STOP_SECONDS):
        async with trio.open_nursery() as nursery:
            for node in nodes:
                nursery.start_soon(cluster.stop, node)
    return trio.current_time() - started


async def test_acks_all_reaches_every_replica(tmp_path: Path) -> None:
    async with in_process_cluster(tmp_path, controllers=3, brokers=3) as cluster:
        await cluster.create_topic("t", partitions=3, replicas=3)
        for index in range(3):
            assert await cluster.produce("t", b"a", b"b", index=index) == 0
            assert await cluster.produce("t", b"c", index=index) == 2
            assert await cluster.isr("t", index) == {1, 2, 3}
            for broker_id in cluster.brokers:
                await fetched(cluster, "t", [b"a", b"b", b"c"], index=index, of=broker_id)


async def test_a_killed_leader_is_replaced_and_comes_back(tmp_path: Path) -> None:
    async with in_process_cluster(tmp_path, controllers=3, brokers=3, min_insync_replicas=2) as cluster:
        await cluster.create_topic("t")
        await cluster.produce("t", b"before")
        old = await cluster.leader("t")
        killed_at = trio.current_time()
        await cluster.kill(cluster.brokers[old])
        await cluster.leader("t", other_than=old)
        assert trio.current_time() - killed_at < 2.0, "a closed connection must not wait for the session's end"
        assert await cluster.produce("t", b"after") == 1
        assert await cluster.isr("t") == {1, 2, 3} - {old}
        await cluster.start(cluster.brokers[old])
        await cluster.wait_ready(cluster.brokers.values())
        await full_isr(cluster, "t")
        await fetched(cluster, "t", [b"before", b"after"], of=old)


async def test_a_stopping_broker_answers_everything_and_hands_over(tmp_path: Path) -> None:
    async with in_process_cluster(tmp_path, controllers=1, brokers=3) as cluster:
        await cluster.create_topic("t")
        old = await cluster.leader("t")
        topic_id = (await cluster.metadata("t", old)).topic_id
        sent: list[bytes] = []
        acknowledged: list[bytes] = []

        async def write() -> None:
            """Until the broker says that it leads no longer; a request without an answer fails the test."""
            async with cluster.client(old) as client:
                for number in count():
                    value = b"%d" % number
                    sent.append(value)
                    answer = await client.request(produce_request(topic_id, 0, [value]))
                    assert isinstance(answer, ProduceResponse)
                    partition = answer.responses[0].partition_responses[0]
                    if partition.error_code == ErrorCode.NOT_LEADER_OR_FOLLOWER:
                        return
                    assert partition.error_code == ErrorCode.NONE
                    acknowledged.append(value)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(write)
            await until(lambda: len(acknowledged) > 20)
            assert await stop_in_time(cluster, cluster.brokers[old]) < 2.0
        assert await cluster.leader("t") != old
        # The last one is refused; it may have been appended, and replicated, before the leader heard that it is none.
        assert await cluster.fetch("t") in (acknowledged, sent)


async def test_the_active_controller_may_die(tmp_path: Path) -> None:
    async with in_process_cluster(tmp_path, controllers=3, brokers=2) as cluster:
        await cluster.create_topic("t", replicas=2)
        dead = active_controller(cluster)
        await cluster.kill(dead)
        assert await cluster.produce("t", b"during") == 0
        await cluster.create_topic("u", replicas=2)
        assert await cluster.isr("t") == {1, 2}, "nobody was fenced"
        await cluster.start(dead)
        await cluster.wait_ready([dead])
        assert active_controller(cluster) is not dead


async def test_everything_is_there_after_all_were_killed(tmp_path: Path) -> None:
    async with in_process_cluster(tmp_path, controllers=3, brokers=3) as cluster:
        await cluster.create_topic("t", partitions=2, retention_ms="-1")
        for index in range(2):
            await cluster.produce("t", b"%d" % index, index=index)
        topic_id = (await cluster.metadata("t", 1)).topic_id
        for node in (*cluster.brokers.values(), *cluster.controllers.values()):
            await cluster.kill(node)
        await cluster.start_all()
        assert (await cluster.metadata("t", 1)).topic_id == topic_id
        for index in range(2):
            assert await cluster.fetch("t", index=index) == [b"%d" % index]
            assert await cluster.produce("t", b"more", index=index) == 1


async def test_a_clean_restart_of_all(tmp_path: Path) -> None:
    async with in_process_cluster(tmp_path, controllers=1, brokers=2) as cluster:
        await cluster.create_topic("t", replicas=2)
        await cluster.produce("t", b"x")
        await stop_in_time(cluster, *cluster.brokers.values(), *cluster.controllers.values())
        assert all((tmp_path / str(each) / ".kafka_cleanshutdown").exists() for each in cluster.brokers)
        await cluster.start_all()
        assert not any((tmp_path / str(each) / ".kafka_cleanshutdown").exists() for each in cluster.brokers)
        assert await cluster.fetch("t") == [b"x"]


async def test_brokers_stop_though_the_quorum_is_gone(tmp_path: Path) -> None:
    async with in_process_cluster(tmp_path, controllers=3, brokers=2) as cluster:
        await cluster.create_topic("t", replicas=2)
        for node in cluster.controllers.values():
            await cluster.kill(node)
        await stop_in_time(cluster, *cluster.brokers.values())


async def test_a_broker_that_found_no_controller_stops_at_once(tmp_path: Path) -> None:
    async with in_process_cluster(tmp_path, controllers=1, brokers=1, start=False) as cluster:
        await cluster.start(cluster.brokers[1])
        handle = cluster.brokers[1].handle
        assert handle is not None
        assert not handle.ready()
        assert await stop_in_time(cluster, cluster.brokers[1]) < 1.0


async def test_a_broker_that_never_registers_gives_up(tmp_path: Path) -> None:
    settings = {"initial_broker_registration_timeout_ms": 300}
    async with in_process_cluster(tmp_path, controllers=1, brokers=1, start=False, **settings) as cluster:
        with pytest.raises(NodeFailure, match=r"not registered within 0\.3 s"):
            await run_broker(cluster.brokers[1].settings)


async def test_directories_that_are_not_this_brokers(tmp_path: Path) -> None:
    async with in_process_cluster(tmp_path, controllers=1, brokers=1) as cluster:
        with pytest.raises(NodeFailure, match="use"):  # by the broker that runs
            await run_broker(cluster.brokers[1].settings)
        await cluster.kill(cluster.brokers[1])
        given = {name: entry.text for name, entry in cluster.brokers[1].settings.given.items()}
        with pytest.raises(NodeFailure, match="not formatted"):
            await run_broker(Settings.of({**given, "log.dirs": str(tmp_path / "new")}))
        with pytest.raises(NodeFailure, match="belongs to node 1"):
            await run_broker(Settings.of({**given, "node.id": 2}))
        taken = cluster.controllers[101].settings.list("listeners")[0].rpartition(":")[2]
        with pytest.raises(NodeFailure, match="cannot listen"):
            await run_broker(Settings.of({**given, "listeners": f"PLAINTEXT://127.0.0.1:{taken}"}))


async def test_topics_come_and_go(tmp_path: Path) -> None:
    async with in_process_cluster(tmp_path, controllers=1, brokers=2) as cluster:
        await cluster.create_topic("t", replicas=2)
        await cluster.produce("t", b"old")
        grown = CreatePartitionsRequest.CreatePartitionsTopic(name="t", count=3, assignments=None)
        answer = await cluster.ask(1, CreatePartitionsRequest(topics=[grown], timeout_ms=5_000))
        assert answer.results[0].error_code == ErrorCode.NONE, answer
        assert await cluster.leader("t", 2) in (1, 2)
        await stop_in_time(cluster, cluster.brokers[2])
        delete = DeleteTopicsRequest(topics=[DeleteTopicsRequest.DeleteTopicState(name="t")], timeout_ms=5_000)
        answer = await cluster.ask(1, delete)
        assert answer.responses[0].error_code == ErrorCode.NONE
        await until(lambda: not list((tmp_path / "1").glob("t-*")))
        assert (tmp_path / "2/t-0").exists()
        await cluster.start(cluster.brokers[2])  # it was away when the topic went
        await cluster.wait_ready(cluster.brokers.values())
        await until(lambda: not list((tmp_path / "2").glob("t-*")))
        await cluster.create_topic("t", replicas=2)
        assert await cluster.produce("t", b"new") == 0
        assert await cluster.fetch("t") == [b"new"]


async def test_a_topic_is_made_when_a_client_asks_for_it(tmp_path: Path) -> None:
    async with in_process_cluster(tmp_path, brokers=1, num_partitions=2) as cluster:
        asked = MetadataRequest(topics=[MetadataRequest.MetadataRequestTopic(name="wanted")])
        answer = await cluster.ask(1, asked)
        assert answer.topics[0].error_code == ErrorCode.NONE  # it waited for the topic
        assert await cluster.leader("wanted", 1) == 1
        assert len((await cluster.metadata("wanted", 1)).partitions) == 2


def breakable(node: Node) -> list[BreakableDisk]:
    """Give a node disks that can fail; the list fills when it starts."""
    disks: list[BreakableDisk] = []

    def open_disk(path: str) -> BreakableDisk:
        disks.append(BreakableDisk(path))
        return disks[-1]

    node.environment = Environment(disk=open_disk)
    return disks


async def test_a_broker_whose_disk_fails_leaves_its_place_to_others(tmp_path: Path) -> None:
    async with in_process_cluster(tmp_path, controllers=1, brokers=2, start=False) as cluster:
        disks = {node.id: breakable(node) for node in cluster.brokers.values()}
        await cluster.start_all()
        await cluster.create_topic("t", replicas=2)
        assert await cluster.produce("t", b"before") == 0
        leader = await cluster.leader("t")
        disks[leader][0].broken = True
        assert await cluster.produce("t", b"after") == 1
        assert cluster.brokers[leader].failure is not None
        assert await cluster.fetch("t") == [b"before", b"after"]
        assert not (tmp_path / str(leader) / ".kafka_cleanshutdown").exists()


class CutNetwork(TcpNetwork):
    """The way from one node to the others, which can be cut."""

    def __init__(self) -> None:
        self._is_cut = False
        self._transports: list[Transport] = []

    async def connect(self, host: str, port: int) -> Transport:
        if self._is_cut:
            raise ConnectionRefusedError("cut")
        self._transports.append(await super().connect(host, port))
        return self._transports[-1]

    def cut(self) -> None:
        self._is_cut = True
        for transport in self._transports:
            transport.close()

    def heal(self) -> None:
        self._is_cut = False


async def test_of_two_brokers_with_one_id_the_older_one_stops(tmp_path: Path) -> None:
    async with in_process_cluster(tmp_path, controllers=1, brokers=1, start=False) as cluster:
        network, broker = CutNetwork(), cluster.brokers[1]
        broker.environment = Environment(network=network)
        await cluster.start_all()
        await cluster.create_topic("t", replicas=1)
        network.cut()
        registration = BrokerRegistrationRequest(
            broker_id=1,
            cluster_id=CLUSTER_ID,
            incarnation_id=b"another process!",
            features=[
                BrokerRegistrationRequest.Feature(name=name, min_supported_version=low, max_supported_version=high)
                for name, (low, high) in supported_features().items()
            ],
            log_dirs=[b"another directry"],
        )
        with trio.fail_after(5):
            while (await cluster.ask_controller(registration)).error_code:  # noqa: ASYNC110 - the old one is alive yet
                await trio.sleep(0.02)
        assert broker.handle is not None
        network.heal()
        with trio.fail_after(5):
            await broker.ended.wait()
        assert "another process has registered as broker 1" in str(broker.failure)


async def test_leadership_goes_back_when_asked_for(tmp_path: Path) -> None:
    async with in_process_cluster(tmp_path, controllers=1, brokers=2, auto_leader_rebalance_enable=False) as cluster:
        await cluster.create_topic("t", replicas=2)
        preferred = await cluster.leader("t")
        await stop_in_time(cluster, cluster.brokers[preferred])
        await cluster.leader("t", other_than=preferred)
        await cluster.start(cluster.brokers[preferred])
        await cluster.wait_ready(cluster.brokers.values())
        await full_isr(cluster, "t")
        wanted = ElectLeadersRequest.TopicPartitions(topic="t", partitions=[0])
        answer = await cluster.ask(1, ElectLeadersRequest(topic_partitions=[wanted], timeout_ms=5_000))
        assert answer.error_code == ErrorCode.NONE, answer
        assert await cluster.leader("t", other_than=3 - preferred) == preferred


async def test_configuration_takes_effect(tmp_path: Path) -> None:
    async with in_process_cluster(tmp_path, controllers=1, brokers=2) as cluster:
        await cluster.create_topic("t", replicas=2)
        for kind, resource, name, value in (
            (2, "t", "max.message.bytes", "100"),
            (4, "", "log.retention.ms", "12345"),
        ):
            change = IncrementalAlterConfigsRequest.AlterConfigsResource(
                resource_type=kind,
                resource_name=resource,
                configs=[IncrementalAlterConfigsRequest.AlterableConfig(name=name, value=value)],
            )
            answer = await cluster.ask(1, IncrementalAlterConfigsRequest(resources=[change]))
            assert answer.responses[0].error_code == ErrorCode.NONE, answer
        described = DescribeConfigsRequest(
            resources=[DescribeConfigsRequest.DescribeConfigsResource(resource_type=2, resource_name="t")]
        )
        with trio.fail_after(5):
            while True:
                answer = await cluster.ask(2, described)
                shown = {entry.name: (entry.value, entry.config_source) for entry in answer.results[0].configs}
                if shown["retention.ms"] == ("12345", 3):
                    break
                await trio.sleep(0.02)
        assert shown["max.message.bytes"] == ("100", 1)
        with pytest.raises(AssertionError, match="MESSAGE_TOO_LARGE"):
            await cluster.produce("t", b"x" * 200)


async def test_producer_ids_differ(tmp_path: Path) -> None:
    async with in_process_cluster(tmp_path, controllers=1, brokers=2) as cluster:
        answers = [await cluster.ask(each, InitProducerIdRequest(transactional_id=None)) for each in (1, 1, 2)]
        assert {answer.error_code for answer in answers} == {ErrorCode.NONE}
        assert len({answer.producer_id for answer in answers}) == 3


async def test_a_fenced_broker_is_described(tmp_path: Path) -> None:
    async with in_process_cluster(tmp_path, controllers=1, brokers=2) as cluster:
        await cluster.kill(cluster.brokers[2])
        with trio.fail_after(5):
            while True:
                answer = await cluster.ask(1, DescribeClusterRequest(include_fenced_brokers=True))
                if [(node.broker_id, node.is_fenced) for node in answer.brokers] == [(1, False), (2, True)]:
                    break
                await trio.sleep(0.02)
        assert [node.broker_id for node in (await cluster.ask(1, DescribeClusterRequest())).brokers] == [1]


async def test_the_nodes_tell_of_themselves(tmp_path: Path) -> None:
    async with in_process_cluster(tmp_path, controllers=1, brokers=1) as cluster:
        await cluster.create_topic("t", replicas=1)
        await cluster.produce("t", b"x")

        def get(node: Node, path: str) -> str:
            assert node.handle is not None
            with urllib.request.urlopen(f"http://127.0.0.1:{node.handle.http_port}{path}") as answer:
                return str(answer.read(), "utf-8")

        for node in (cluster.brokers[1], cluster.controllers[101]):
            assert '"ready": true' in await trio.to_thread.run_sync(get, node, "/health/ready")
            page = await trio.to_thread.run_sync(get, node, "/metrics")
            assert "barnabas_offline_partitions 0.0" in page
            assert "barnabas_request_latency_seconds_bucket" in page
        assert '"partitions": 1' in await trio.to_thread.run_sync(get, cluster.brokers[1], "/status")


async def test_an_unknown_api_closes_the_connection(tmp_path: Path) -> None:
    async with in_process_cluster(tmp_path, controllers=1, brokers=1) as cluster, cluster.client(1) as client:
        with pytest.raises(ConnectionLost):
            await client.request(CreateAclsRequest(), 3)
