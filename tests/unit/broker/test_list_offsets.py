"""ListOffsets: what is answered to a partition, and once."""

from __future__ import annotations

from typing import Any

from barnabas.protocol.errors import ErrorCode
from barnabas.protocol.messages.list_offsets import ListOffsetsRequest
from broker_harness import BrokerHarness, FakeRequest, batch

Topic = ListOffsetsRequest.ListOffsetsTopic
Part = ListOffsetsRequest.ListOffsetsPartition
LATEST, EARLIEST = -1, -2


def asked(broker: BrokerHarness, *topics: Topic, version: int = 9) -> Any:
    request = FakeRequest(ListOffsetsRequest(replica_id=-1, topics=topics), version)
    broker.list_offsets_handler.handle(request)  # type: ignore[arg-type]
    return request.response.topics


def test_the_ends_of_a_log(broker: BrokerHarness) -> None:
    broker.create_topic()
    broker.produce(("t", 0, batch(b"a", b"b")))
    for timestamp, offset in ((LATEST, 2), (EARLIEST, 0)):
        (topic,) = asked(broker, Topic(name="t", partitions=[Part(partition_index=0, timestamp=timestamp)]))
        assert (topic.partitions[0].error_code, topic.partitions[0].offset) == (ErrorCode.NONE, offset)


def test_a_partition_that_is_named_twice_is_refused_once(broker: BrokerHarness) -> None:
    broker.create_topic(partitions=2)
    first = Topic(name="t", partitions=[Part(partition_index=0, timestamp=LATEST)])
    second = Topic(name="t", partitions=[Part(partition_index=index, timestamp=EARLIEST) for index in (0, 1)])
    (topic,) = asked(broker, first, second)
    assert [(part.partition_index, part.error_code) for part in topic.partitions] == [
        (0, ErrorCode.INVALID_REQUEST),
        (1, ErrorCode.NONE),
    ]


def test_a_topic_without_partitions_is_not_answered(broker: BrokerHarness) -> None:
    broker.create_topic()
    assert asked(broker, Topic(name="t")) == []
