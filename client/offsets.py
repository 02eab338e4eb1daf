"""Where logs begin and end, and which offset had a time: asked of the leaders, many partitions at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Literal

import trio

from barnabas.client.cluster import Cluster
from barnabas.client.connection import ConnectionLost
from barnabas.client.errors import BrokerError, ClientError, TimedOut
from barnabas.client.metadata import Node
from barnabas.protocol.errors import ErrorCode
from barnabas.protocol.messages.list_offsets import ListOffsetsRequest, ListOffsetsResponse

OffsetSpec = int | Literal["earliest", "latest", "max_timestamp"]
"""A point in a log: its begin, its end, its record of the largest timestamp, or the first record of a time (ms)."""
Place = tuple[str, int]

_SPECIAL: Final = {"latest": -1, "earliest": -2, "max_timestamp": -3}


@dataclass(frozen=True, slots=True)
class ListedOffset:
    """An offset, -1 if no record is that young; its timestamp (ms) and leader epoch are -1 where not asked for."""

    offset: int
    timestamp: int = -1
    leader_epoch: int = -1


async def list_offsets(
    cluster: Cluster, wanted: Mapping[Place, OffsetSpec], *, read_committed: bool = False
) -> dict[Place, ListedOffset | ClientError]:
    """The offset of each partition's point, or the error that concerns it.

    `read_committed`: a log ends where its first open transaction begins.
    """
    found: dict[Place, ListedOffset | ClientError] = {}
    backoff = cluster.backoff("offsets")
    while True:
        pending: dict[Place, OffsetSpec] = {place: spec for place, spec in wanted.items() if place not in found}
        refused = await _ask_leaders(cluster, pending, found, read_committed)
        if not refused:
            return found
        try:
            await backoff.wait(next(iter(refused.values())))
        except TimedOut:
            return found | refused


async def _ask_leaders(
    cluster: Cluster,
    pending: Mapping[Place, OffsetSpec],
    found: dict[Place, ListedOffset | ClientError],
    read_committed: bool,
) -> dict[Place, ClientError]:
    """Ask each leader once; returns what may yet succeed."""
    groups: dict[Node, list[Place]] = {}
    for topic, partition in pending:
        try:
            groups.setdefault(await cluster.leader(topic, partition), []).append((topic, partition))
        except ClientError as error:
            found[topic, partition] = error
    refused: dict[Place, ClientError] = {}

    async def ask(leader: Node, places: list[Place]) -> None:
        answers = await _ask_leader(cluster, leader, {place: pending[place] for place in places}, read_committed)
        for place, answer in answers.items():
            if isinstance(answer, ClientError) and answer.retriable:
                cluster.view.forget_leader(*place)
                refused[place] = answer
            else:
                found[place] = answer

    async with trio.open_nursery() as nursery:
        for leader, places in groups.items():
            nursery.start_soon(ask, leader, places)
    return refused


async def _ask_leader(
    cluster: Cluster, leader: Node, wanted: Mapping[Place, OffsetSpec], read_committed: bool
) -> dict[Place, ListedOffset | ClientError]:
    try:
        connection = await cluster.to(leader)
        response = await cluster.request(connection, _request(cluster, wanted, read_committed), ListOffsetsResponse)
    except ConnectionLost as error:
        return {place: TimedOut(f"{leader}: {error}") for place in wanted}
    except ClientError as error:
        return dict.fromkeys(wanted, error)
    missing = BrokerError(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, str(leader), "It did not answer for the partition.")
    answers = dict.fromkeys(wanted, missing) | dict(_answers(response))
    return {place: answers[place] for place in wanted}


def _request(cluster: Cluster, wanted: Mapping[Place, OffsetSpec], read_committed: bool) -> ListOffsetsRequest:
    topics: dict[str, ListOffsetsRequest.ListOffsetsTopic] = {}
    for (topic, partition), spec in wanted.items():
        point = ListOffsetsRequest.ListOffsetsPartition(
            partition_index=partition,
            current_leader_epoch=cluster.view.leader_epoch(topic, partition),
            timestamp=spec if isinstance(spec, int) else _SPECIAL[spec],
        )
        topics.setdefault(topic, ListOffsetsRequest.ListOffsetsTopic(name=topic)).partitions.append(point)
    return ListOffsetsRequest(
        replica_id=-1,
        isolation_level=int(read_committed),
        topics=topics.values(),
        timeout_ms=int(cluster.request_timeout * 1000),
    )


def _answers(response: ListOffsetsResponse) -> Iterable[tuple[Place, ListedOffset | ClientError]]:
    for topic in response.topics:
        for p in topic.partitions:
            place = (topic.name, p.partition_index)
            if p.error_code:
                yield place, BrokerError(p.error_code, f"{topic.name}-{p.partition_index}")
            else:
                yield place, ListedOffset(p.offset, p.timestamp, p.leader_epoch)
