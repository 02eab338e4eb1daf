"""Apache Kafka's command line tools do to Barnabas what they do to Apache Kafka: exit codes, and what people read."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator

import pytest
from confluent_kafka import Producer

from barnabas.protocol.errors import ErrorCode
from barnabas.protocol.messages.produce import ProduceRequest, ProduceResponse
from barnabas.protocol.record_builder import build_batch
from barnabas.testing import cluster
from barnabas.testing.processes import Cluster
from kafka_tools import Tools
from load import create_topic, eventually, wait_for_isr
from wire import Wire

pytestmark = pytest.mark.cluster


@pytest.fixture(scope="module")
def three(tools: Tools) -> Iterator[Cluster]:
    """Three controllers and three brokers, each a process of its own."""
    with cluster(brokers=3, controllers=3) as running:
        yield running


@pytest.fixture
def at(three: Cluster) -> list[str]:
    return ["--bootstrap-server", three.bootstrap]


def row(text: str) -> dict[str, str]:
    """What `kafka-topics --describe` says in one line."""
    return dict(re.findall(r"(\w+): (\S*)", text))


def test_topics(tools: Tools, three: Cluster, at: list[str]) -> None:
    create = ["--create", "--topic", "made", "--partitions", "3", "--replication-factor", "2"]
    assert "Created topic made." in tools.run("kafka-topics", *at, *create, "--config", "retention.ms=3600000")
    again = tools.end("kafka-topics", *at, *create)
    assert (again.code, "Topic 'made' already exists." in again.out) == (1, True)
    assert "Created topic" not in tools.run("kafka-topics", *at, *create, "--if-not-exists")
    # Any broker may answer, and may hear of a change a moment later than the one that was asked for it.
    eventually(lambda: tools.run("kafka-topics", *at, "--list").split() == ["made"])

    def described() -> list[dict[str, str]]:
        return [*map(row, tools.run("kafka-topics", *at, "--describe", "--topic", "made").splitlines())]

    tools.run("kafka-topics", *at, "--alter", "--topic", "made", "--partitions", "5")
    eventually(lambda: described()[0]["PartitionCount"] == "5")
    wait_for_isr(three.bootstrap, "made", 2)
    head, *partitions = described()
    assert (head["PartitionCount"], head["ReplicationFactor"]) == ("5", "2")
    assert "retention.ms=3600000" in head["Configs"]
    assert [partition["Partition"] for partition in partitions] == list("01234")
    for partition in partitions:
        assert sorted(partition["Isr"].split(",")) == sorted(partition["Replicas"].split(","))
        assert partition["Leader"] == partition["Replicas"].split(",")[0]
    fewer = tools.end("kafka-topics", *at, "--alter", "--topic", "made", "--partitions", "2")
    assert (fewer.code, "would not be an increase" in fewer.out) == (1, True)

    tools.run("kafka-topics", *at, "--delete", "--topic", "made")
    eventually(lambda: tools.run("kafka-topics", *at, "--list").split() == [])
    gone = tools.end("kafka-topics", *at, "--describe", "--topic", "made")
    assert (gone.code, "Topic 'made' does not exist as expected" in gone.out) == (1, True)


def test_topics_that_lack_a_replica(tools: Tools, three: Cluster, at: list[str]) -> None:
    tools.run("kafka-topics", *at, "--create", "--topic", "lacking", "--replica-assignment", "1:2:3,2:3:1")
    wait_for_isr(three.bootstrap, "lacking", 3)

    def listed(which: str) -> list[tuple[str, str]]:
        found = map(row, tools.run("kafka-topics", *at, "--describe", which).splitlines())
        return [(each["Partition"], each["Isr"]) for each in found if each["Topic"] == "lacking"]

    assert listed("--under-replicated-partitions") == []
    three.node(3).stop()
    eventually(lambda: listed("--under-replicated-partitions") == [("0", "1,2"), ("1", "2,1")])
    assert listed("--at-min-isr-partitions") == [("0", "1,2"), ("1", "2,1")]
    assert listed("--unavailable-partitions") == []
    three.node(3).start()
    eventually(lambda: listed("--under-replicated-partitions") == [])


def test_configurations_of_topics(tools: Tools, at: list[str]) -> None:
    tools.run("kafka-topics", *at, "--create", "--topic", "configured", "--config", "retention.ms=3600000")
    of = [*at, "--entity-type", "topics", "--entity-name", "configured"]
    change = ["--add-config", "max.message.bytes=2000,cleanup.policy=[compact,delete]", "--delete-config"]
    done = tools.run("kafka-configs", *of, "--alter", *change, "retention.ms")
    assert "Completed updating config for topic configured." in done

    def is_changed() -> bool:
        found = dict(re.findall(r"^  (\S+?)=(\S*)", tools.run("kafka-configs", *of, "--describe"), re.MULTILINE))
        return found == {"cleanup.policy": "compact,delete", "max.message.bytes": "2000"}

    eventually(is_changed)
    described = tools.run("kafka-configs", *of, "--describe")
    default = "DEFAULT_CONFIG:message.max.bytes=1048588"
    assert f"synonyms={{DYNAMIC_TOPIC_CONFIG:max.message.bytes=2000, {default}}}" in described
    everything = dict(re.findall(r"^  (\S+?)=(\S*)", tools.run("kafka-configs", *of, "--describe", "--all"), re.M))
    assert everything["max.message.bytes"] == "2000"
    assert everything["retention.ms"] == "604800000"
    wrong = tools.end("kafka-configs", *of, "--alter", "--add-config", "no.such.thing=1")
    assert (wrong.code, "Unknown topic config name: no.such.thing" in wrong.err) == (1, True)
    wrong = tools.end("kafka-configs", *of, "--alter", "--add-config", "segment.bytes=1")
    assert (wrong.code, "InvalidConfigurationException" in wrong.err) == (1, True)


def test_configurations_of_brokers(tools: Tools, at: list[str]) -> None:
    described = tools.run("kafka-configs", *at, "--entity-type", "brokers", "--entity-name", "1", "--describe", "--all")
    everything = dict(re.findall(r"^  (\S+?)=(\S*)", described, re.MULTILINE))
    assert (everything["node.id"], everything["broker.session.timeout.ms"]) == ("1", "9000")
    of_all = tools.run("kafka-configs", *at, "--entity-type", "brokers", "--entity-default", "--describe")
    assert "Default configs for brokers in the cluster are:" in of_all


def test_console_producer_and_consumer_and_offsets(tools: Tools, three: Cluster, at: list[str]) -> None:
    tools.run("kafka-topics", *at, "--create", "--topic", "spoken", "--partitions", "2")
    topic = ["--topic", "spoken"]
    keyed = ["--reader-property", "parse.key=true", "--reader-property", "key.separator=:"]
    words = [f"{number % 7}:word {number}" for number in range(50)]
    for codec in ("none", "gzip", "snappy", "lz4", "zstd"):
        how = ["--compression-codec", codec, "--command-property", "acks=all", *keyed]
        tools.run("kafka-console-producer", *at, *topic, *how, text="".join(f"{word}\n" for word in words))

    heard = []
    show = ["--formatter-property", "print.key=true", "--formatter-property", "key.separator=:"]
    show += ["--formatter-property", "print.offset=true"]
    ends = dict(re.findall(r"spoken:(\d):(\d+)", tools.run("kafka-get-offsets", *at, *topic)))
    assert sum(map(int, ends.values())) == 5 * len(words)
    for partition, end in ends.items():
        part = ["--partition", partition, "--offset", "earliest", "--max-messages", end]
        ended = tools.end("kafka-console-consumer", *at, *topic, *part, *show)
        assert (ended.code, f"Processed a total of {end} messages" in ended.err) == (0, True)
        lines = [line.partition(":")[2].partition(":") for line in ended.out.splitlines()]
        assert [int(offset) for offset, _, _ in lines] == list(range(int(end)))
        heard += [word for _, _, word in lines]
    assert sorted(heard) == sorted(5 * words)

    def offsets(time: str) -> str:
        return tools.run("kafka-get-offsets", *at, "--topic-partitions", "spoken:0", "--time", time).strip()

    found = [offsets(time) for time in ("earliest", "latest", "-2", "-1", "max-timestamp", "0")]
    assert found[:4] == ["spoken:0:0", f"spoken:0:{ends['0']}"] * 2
    assert 0 < int(found[4].rpartition(":")[2]) < int(ends["0"])
    assert found[5] == "spoken:0:0"
    unknown = tools.end("kafka-get-offsets", *at, "--topic", "no-such-topic")
    assert (unknown.code, "Could not match any topic-partitions" in unknown.err) == (1, True)


def test_producer_perf_test(tools: Tools, three: Cluster, at: list[str]) -> None:
    tools.run("kafka-topics", *at, "--create", "--topic", "measured", "--partitions", "3")
    load = ["--topic", "measured", "--num-records", "20000", "--record-size", "100", "--throughput", "-1"]
    properties = ["acks=all", "enable.idempotence=true", "compression.type=lz4"]
    said = tools.run("kafka-producer-perf-test", *at, *load, "--command-property", *properties)
    assert re.search(r"^20000 records sent, .* records/sec", said, re.MULTILINE), said
    ends = re.findall(r"measured:\d:(\d+)", tools.run("kafka-get-offsets", *at, "--topic", "measured"))
    assert sum(map(int, ends)) == 20_000


def test_broker_api_versions(tools: Tools, three: Cluster, at: list[str]) -> None:
    said = tools.run("kafka-broker-api-versions", *at)
    brokers = re.findall(r"^(\S+) \(id: (\d) rack: null isFenced: false\) -> \($", said, re.MULTILINE)
    assert sorted(brokers) == sorted((broker.listener, str(broker.id)) for broker in three.brokers)
    usable = re.findall(r"^\t(\w+)\(\d+\): .* \[usable: (\d+)\]", said, re.MULTILINE)
    assert ("Produce", "13") in usable
    assert "UNKNOWN" not in said
    assert "UNUSABLE" not in said


def test_metadata_quorum(tools: Tools, three: Cluster, at: list[str]) -> None:
    status = dict(re.findall(r"^(\w+): +(.*)$", tools.run("kafka-metadata-quorum", *at, "describe", "--status"), re.M))
    assert status["LeaderId"] in {str(controller.id) for controller in three.controllers}
    assert f"Cluster ID: {status['ClusterId']}" in tools.run("kafka-cluster", "cluster-id", *at)
    assert int(status["HighWatermark"]) > 0
    voters = re.findall(r'"id": (\d+), "directoryId": "\S{22}", "endpoints": \["CONTROLLER://(\S+)"\]', str(status))
    assert sorted(voters) == [(str(controller.id), controller.listener) for controller in three.controllers]
    asked_of_controllers = ["--bootstrap-controller", three.controllers[0].listener]
    assert f"LeaderId:               {status['LeaderId']}" in tools.run(
        "kafka-metadata-quorum", *asked_of_controllers, "describe", "--status"
    )
    lines = tools.run("kafka-metadata-quorum", *at, "describe", "--replication").splitlines()
    columns, *replicas = [line.split() for line in lines if line]
    assert columns[:4] == ["NodeId", "DirectoryId", "LogEndOffset", "Lag"]
    roles = {int(replica[0]): replica[-1] for replica in replicas}
    assert roles == {
        **{controller.id: "Follower" for controller in three.controllers},
        int(status["LeaderId"]): "Leader",
        **{broker.id: "Observer" for broker in three.brokers},
    }


def test_the_endpoints_of_a_cluster(tools: Tools, three: Cluster, at: list[str]) -> None:
    lines = [line.split() for line in tools.run("kafka-cluster", "list-endpoints", *at).splitlines()[1:] if line]
    assert [(f"{host}:{port}", state) for _, host, port, _, state, _ in lines] == [
        (broker.listener, "unfenced") for broker in three.brokers
    ]


TRANSACTIONS = "kafka-transactions"
PATTERN = ["--transactional-id-pattern"]
AT_ONCE = ["--max-transaction-timeout", "0"]
"""Minutes before a transaction may be taken for one that hangs."""


def table(text: str) -> list[dict[str, str]]:
    """The rows of what `kafka-transactions` prints."""
    head, *rows = [line.split() for line in text.splitlines() if line.strip()]
    return [dict(zip(head, row, strict=True)) for row in rows]


def open_transaction(bootstrap: str, transactional_id: str, topic: str) -> Producer:
    """One record is in each partition of the topic."""
    producer = Producer({"bootstrap.servers": bootstrap, "transactional.id": transactional_id, "linger.ms": 0})
    producer.init_transactions(30)
    producer.begin_transaction()
    for partition in (0, 1):
        producer.produce(topic, b"of a transaction", partition=partition)
    assert producer.flush(30) == 0
    return producer


def test_transactions(tools: Tools, three: Cluster, at: list[str]) -> None:
    create_topic(three.bootstrap, "paid", partitions=2)
    producer = open_transaction(three.bootstrap, "payments", "paid")
    [listed] = table(tools.run(TRANSACTIONS, *at, "list"))
    assert (listed["TransactionalId"], listed["TransactionState"]) == ("payments", "Ongoing")
    assert [row["TransactionalId"] for row in table(tools.run(TRANSACTIONS, *at, "list", *PATTERN, "pay.*"))] == [
        "payments"
    ]
    assert table(tools.run(TRANSACTIONS, *at, "list", *PATTERN, "pay")) == []
    assert table(tools.run(TRANSACTIONS, *at, "list", "--duration-filter", "600000")) == []
    wrong = tools.end(TRANSACTIONS, *at, "list", *PATTERN, "(")
    assert (wrong.code, "Failed to list transactions" in wrong.err) == (1, True)

    [described] = table(tools.run(TRANSACTIONS, *at, "describe", "--transactional-id", "payments"))
    assert described["CoordinatorId"] == listed["Coordinator"]
    assert described["ProducerId"] == listed["ProducerId"]
    assert described["TransactionState"] == "Ongoing"
    assert sorted(described["TopicPartitions"].split(",")) == ["paid-0", "paid-1"]
    unknown = tools.end(TRANSACTIONS, *at, "describe", "--transactional-id", "nobody")
    assert (unknown.code, "transactional-id `nobody`" in unknown.err) == (1, True)

    place = ["--topic", "paid", "--partition", "0"]
    [state] = table(tools.run(TRANSACTIONS, *at, "describe-producers", *place))
    assert (state["ProducerId"], state["LastSequence"]) == (listed["ProducerId"], "0")
    assert state["CurrentTransactionStartOffset"] == "0"
    assert table(tools.run(TRANSACTIONS, *at, "find-hanging", "--topic", "paid", *AT_ONCE)) == []

    none = tools.end(TRANSACTIONS, *at, "abort", *place, "--start-offset", "7")
    assert (none.code, "Could not find any open transactions starting at offset 7" in none.err) == (1, True)
    producer.commit_transaction(30)
    eventually(lambda: table(tools.run(TRANSACTIONS, *at, "list"))[0]["TransactionState"] == "CompleteCommit")
    [state] = table(tools.run(TRANSACTIONS, *at, "describe-producers", *place))
    assert state["CurrentTransactionStartOffset"] == "None"


def test_a_hanging_transaction_is_found_and_aborted(tools: Tools) -> None:
    """One that no coordinator knows of: only a broker that does not ask lets it begin."""
    unchecked = {"transaction.partition.verification.enable": "false"}
    with cluster(brokers=1, controllers=1, overrides=unchecked) as one:
        at = ["--bootstrap-server", one.bootstrap]
        create_topic(one.bootstrap, "stuck", partitions=2, replication=1)
        open_transaction(one.bootstrap, "other", "stuck")
        records = [(int(time.time() * 1000), None, b"never")]
        data = build_batch(records, producer_id=4000, producer_epoch=3, base_sequence=0, transactional=True)
        partition = ProduceRequest.PartitionProduceData(index=0, records=memoryview(data))
        topic = ProduceRequest.TopicProduceData(name="stuck", partition_data=[partition])
        request = ProduceRequest(transactional_id="gone", acks=-1, timeout_ms=30_000, topic_data=[topic])
        with Wire(one.bootstrap) as wire:
            answer = wire.ask(request, 10, ProduceResponse)
        assert answer.responses[0].partition_responses[0].error_code == ErrorCode.NONE

        def hanging(*where: str) -> list[dict[str, str]]:
            return table(tools.run(TRANSACTIONS, *at, "find-hanging", *where, *AT_ONCE))

        eventually(lambda: bool(hanging("--topic", "stuck")))
        [found] = hanging("--broker-id", "1")
        assert (found["Topic"], found["Partition"], found["ProducerId"]) == ("stuck", "0", "4000")
        place = ["--topic", "stuck", "--partition", "0", "--start-offset", found["StartOffset"]]
        tools.run(TRANSACTIONS, *at, "abort", *place)
        assert hanging("--broker-id", "1") == []
        again = tools.end(TRANSACTIONS, *at, "abort", *place)
        assert (again.code, "Could not find any open transactions" in again.err) == (1, True)
