"""A topic whose leader has moved: broker 3 led it in epoch 0, another one in epoch 1, and 3 leads it again in epoch 2.

Each epoch left records: offsets 0 to 2 in epoch 0, 3 and 4 in epoch 1, 5 in epoch 2. A broker has to stop for that, so
there is one such topic for all cases, made when the first of them asks for it; they only read it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import pytest
from comparison.build import TIME, batch, fetch, metadata, produce, wanted
from comparison.talk import Restart, Talk, Topic

from barnabas.protocol.errors import ErrorCode
from barnabas.protocol.messages.elect_leaders import ElectLeadersRequest
from barnabas.protocol.messages.fetch import FetchResponse
from barnabas.protocol.messages.metadata import MetadataResponse
from barnabas.protocol.messages.produce import ProduceResponse

LEADER, FOLLOWER = 3, 1
REPLICAS: Final = (LEADER, FOLLOWER, 2)
END: Final = 6
"""Offset at which the topic's log ends."""
PREFERRED: Final = 0
RECORDS: Final = ((b"a", b"b", b"c"), (b"d", b"e"), (b"f",))
TIMES: Final = (TIME, TIME + 10_000, TIME + 20_000)
"""Of the first record of each epoch."""
BEFORE: Final[list[Callable[[Talk], None]]] = []
"""What others want to have done before the broker stops."""


def moved(talk: Talk) -> Topic:
    """The topic, with all of its replicas in sync."""
    side = talk.side
    if side.moved is None:
        if side.restart is None:
            pytest.skip(f"{side.name} is not ours to restart")
        side.moved = _make(talk, side.restart)
    return side.moved


def _make(talk: Talk, restart: Restart) -> Topic:
    topic = talk.create("-moved", replicas=REPLICAS)
    _lead(talk, topic, epoch=0)
    for prepare in BEFORE:
        prepare(talk)

    def while_down() -> None:
        talk.side.drop(LEADER)
        _lead(talk, topic, epoch=1)

    restart(LEADER, while_down)
    talk.wait_until(lambda: set(_partition(talk, topic).isr_nodes) == set(REPLICAS))
    partitions = [ElectLeadersRequest.TopicPartitions(topic=topic.name, partitions=[0])]
    request = ElectLeadersRequest(election_type=PREFERRED, topic_partitions=partitions, timeout_ms=10_000)
    talk.quietly(request, 2, FOLLOWER)
    _lead(talk, topic, epoch=2)
    talk.wait_until(lambda: all(_ends(talk, topic, broker) == END for broker in REPLICAS))
    return topic


def _lead(talk: Talk, topic: Topic, epoch: int) -> None:
    """Wait for the epoch, and let its leader append its records."""
    talk.wait_until(lambda: (found := _partition(talk, topic)).leader_epoch == epoch and found.leader_id > 0)
    records = batch(*RECORDS[epoch], time=TIMES[epoch])

    def appended() -> bool:
        leader = _partition(talk, topic).leader_id
        answer: ProduceResponse = talk.quietly(produce(9, topic, records), 9, leader)
        return answer.responses[0].partition_responses[0].error_code == ErrorCode.NONE

    talk.wait_until(appended)


def _partition(talk: Talk, topic: Topic) -> MetadataResponse.MetadataResponsePartition:
    """As the first follower knows it, which never stops."""
    answer: MetadataResponse = talk.quietly(metadata(topic.name), 12, FOLLOWER)
    return answer.topics[0].partitions[0]


def _ends(talk: Talk, topic: Topic, broker: int) -> int:
    """How far consumers may read at this replica."""
    answer: FetchResponse = talk.quietly(fetch(12, (topic, [wanted(offset=END)])), 12, broker)
    return answer.responses[0].partitions[0].high_watermark
