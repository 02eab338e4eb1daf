"""Apache Kafka's dump tool reads what coordinators wrote: groups of both protocols, offsets, transactions."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition

from barnabas.testing import cluster
from kafka_tools import Tools

pytestmark = pytest.mark.cluster

RECORD = re.compile(r"^\| offset: .* key: (\{.*\}) payload: (.*)$", re.MULTILINE)


def use_everything(bootstrap: str, protocol: str) -> str:
    """A group that reads a record, commits, commits again within a transaction, and leaves; its member's id."""
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": f"group-{protocol}",
            "group.protocol": protocol,
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
        }
    )
    consumer.subscribe(["read"])
    while consumer.poll(1) is None:
        pass
    consumer.commit(asynchronous=False)
    member: str = consumer.memberid()
    producer = Producer({"bootstrap.servers": bootstrap, "transactional.id": f"transaction-{protocol}"})
    producer.init_transactions(30)
    producer.begin_transaction()
    producer.produce("written", b"value")
    offsets = [TopicPartition("read", 0, 7)]
    producer.send_offsets_to_transaction(offsets, consumer.consumer_group_metadata(), 30)
    producer.commit_transaction(30)
    consumer.close()
    return member


def records(tools: Tools, directory: Path, topic: str, decoder: str) -> list[tuple[dict[str, Any], Any]]:
    """Keys and values of all records of a topic, as the tool prints them; None is a tombstone."""
    files = [file for file in sorted(directory.glob(f"{topic}-*/*.log")) if file.stat().st_size]
    dumped = tools.run("kafka-dump-log", decoder, "--files", ",".join(map(str, files)))
    assert "isvalid: false" not in dumped
    found = RECORD.findall(dumped)
    assert len(found) == len(re.findall(r"^\| offset: .* keySize: (?!4 )", dumped, re.MULTILINE))
    return [(json.loads(key), None if value in ("null", "<DELETE>") else json.loads(value)) for key, value in found]


def test_the_dump_tool_reads_the_coordinators_topics(tools: Tools, tmp_path: Path) -> None:
    with cluster(directory=tmp_path) as running:
        producer = Producer({"bootstrap.servers": running.bootstrap})
        producer.produce("read", b"value")
        assert producer.flush(30) == 0
        members = {protocol: use_everything(running.bootstrap, protocol) for protocol in ("classic", "consumer")}
        (broker,) = running.brokers
    of_groups = records(tools, broker.directory, "__consumer_offsets", "--offsets-decoder")
    offsets = [(key["data"]["group"], value["data"]["offset"]) for key, value in of_groups if key["type"] == "1"]
    assert sorted(offsets) == [("group-classic", 1), ("group-classic", 7), ("group-consumer", 1), ("group-consumer", 7)]
    assert {value["version"] for key, value in of_groups if key["type"] == "1"} == {"4"}
    generations = [value for key, value in of_groups if key == {"type": "2", "data": {"group": "group-classic"}}]
    assert [value["version"] for value in generations] == ["3", "3"]
    (member,) = generations[0]["data"]["members"]
    assert member["memberId"] == members["classic"]
    assert member["subscription"]["topics"] == ["read"]
    assert member["assignment"]["assignedPartitions"] == [{"topic": "read", "partitions": [0]}]
    assert generations[1]["data"]["members"] == []
    joined = [value for key, value in of_groups if key["type"] == "5"]
    assert joined[0]["data"]["subscribedTopicNames"] == ["read"]
    assert joined[-1] is None, "it has left"
    assert {key["type"] for key, _ in of_groups} >= {"1", "2", "3", "5", "6", "7", "8"}

    of_transactions = records(tools, broker.directory, "__transaction_state", "--transaction-log-decoder")
    for protocol in members:
        key = {"type": "0", "data": {"transactionalId": f"transaction-{protocol}"}}
        states = [value["data"]["transactionStatus"] for found, value in of_transactions if found == key]
        assert (states[0], states[-2:]) == (0, [2, 4]), "empty, prepared to commit, committed"
