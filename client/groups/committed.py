"""Committed offsets: read from and written to a group's coordinator."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from barnabas.client.coordinator import Coordinator
from barnabas.client.errors import BrokerError, check
from barnabas.client.groups.assignors import Place
from barnabas.client.groups.member import Generation
from barnabas.protocol.errors import ErrorCode
from barnabas.protocol.messages.offset_commit import OffsetCommitRequest, OffsetCommitResponse
from barnabas.protocol.messages.offset_fetch import OffsetFetchRequest, OffsetFetchResponse

NOBODY: Final = Generation(-1, "", None)
"""Who commits without being a member: the group must have none."""

_VERSION_WITH_NAMES: Final = 9
"""Of OffsetCommit and OffsetFetch: the last that names topics, the first that speaks of member epochs."""
_FENCED: Final = frozenset(
    {
        ErrorCode.ILLEGAL_GENERATION,
        ErrorCode.UNKNOWN_MEMBER_ID,
        ErrorCode.FENCED_INSTANCE_ID,
        ErrorCode.FENCED_MEMBER_EPOCH,
        ErrorCode.STALE_MEMBER_EPOCH,
        ErrorCode.REBALANCE_IN_PROGRESS,
    }
)


@dataclass(frozen=True, slots=True)
class OffsetAndMetadata:
    """A committed offset, that of the next record to read, and what was noted with it; `leader_epoch` -1: unknown."""

    offset: int
    metadata: str = ""
    leader_epoch: int = -1


class CommitFailed(BrokerError):
    """This consumer may not commit: the group goes on without it, or with it in another generation.

    Records that were read since the last commit may be read again, by whoever has the partition now.
    """


async def fetch_committed(
    coordinator: Coordinator,
    group: str,
    places: Iterable[Place] | None,
    *,
    generation: Generation = NOBODY,
    require_stable: bool = True,
) -> dict[Place, OffsetAndMetadata]:
    """The group's committed offsets of these partitions, or (None) of all; those without one are not in the answer.

    `require_stable`: wait for offsets that are part of an open transaction. BrokerError and TimedOut.
    """
    new = OffsetFetchRequest
    topics = None
    if places is not None:
        topics = [
            new.OffsetFetchRequestTopics(name=topic, partition_indexes=numbers)
            for topic, numbers in _by_topic(places).items()
        ]
    wanted = new.OffsetFetchRequestGroup(
        group_id=group, member_id=generation.member_id or None, member_epoch=generation.epoch, topics=topics
    )
    message = new(groups=[wanted], require_stable=require_stable)
    response = await coordinator.ask(message, OffsetFetchResponse, _fetch_error, version=_VERSION_WITH_NAMES)
    found = response.groups[0]
    check(found.error_code, f"group {group}")
    offsets: dict[Place, OffsetAndMetadata] = {}
    for topic in found.topics:
        for p in topic.partitions:
            check(p.error_code, f"committed offset of {topic.name}-{p.partition_index} in group {group}")
            if p.committed_offset >= 0:
                offsets[topic.name, p.partition_index] = OffsetAndMetadata(
                    p.committed_offset, p.metadata or "", p.committed_leader_epoch
                )
    return offsets


def _fetch_error(response: OffsetFetchResponse) -> int:
    """An unstable offset is one to wait for, like a coordinator that loads."""
    if not response.groups:
        return ErrorCode.COORDINATOR_NOT_AVAILABLE
    group = response.groups[0]
    unstable = any(p.error_code == ErrorCode.UNSTABLE_OFFSET_COMMIT for t in group.topics for p in t.partitions)
    return ErrorCode.COORDINATOR_LOAD_IN_PROGRESS if unstable else group.error_code


async def commit(
    coordinator: Coordinator, group: str, offsets: Mapping[Place, OffsetAndMetadata], generation: Generation = NOBODY
) -> dict[Place, BrokerError]:
    """Commit; returns the partitions that were refused. CommitFailed when the group refuses this member as a whole,
    TimedOut when the coordinator does not answer in time: the offsets may or may not be committed then.
    """
    new = OffsetCommitRequest
    message = new(
        group_id=group,
        generation_id_or_member_epoch=generation.epoch,
        member_id=generation.member_id,
        group_instance_id=generation.instance_id,
        topics=[
            new.OffsetCommitRequestTopic(
                name=topic,
                partitions=[_partition(number, offsets[topic, number]) for number in numbers],
            )
            for topic, numbers in _by_topic(offsets).items()
        ],
    )
    response = await coordinator.ask(message, OffsetCommitResponse, _commit_error, version=_VERSION_WITH_NAMES)
    refused: dict[Place, BrokerError] = {}
    for topic in response.topics:
        for p in topic.partitions:
            if p.error_code in _FENCED:
                raise CommitFailed(p.error_code, f"group {group}")
            if p.error_code:
                what = f"commit of {topic.name}-{p.partition_index} in group {group}"
                refused[topic.name, p.partition_index] = BrokerError(p.error_code, what)
    return refused


def _partition(number: int, committed: OffsetAndMetadata) -> OffsetCommitRequest.OffsetCommitRequestPartition:
    return OffsetCommitRequest.OffsetCommitRequestPartition(
        partition_index=number,
        committed_offset=committed.offset,
        committed_leader_epoch=committed.leader_epoch,
        committed_metadata=committed.metadata,
    )


def _commit_error(response: OffsetCommitResponse) -> int:
    """What concerns the coordinator stands with every partition."""
    codes = (p.error_code for topic in response.topics for p in topic.partitions)
    return next(codes, ErrorCode.NONE)


def _by_topic(places: Iterable[Place]) -> dict[str, list[int]]:
    numbers: dict[str, list[int]] = defaultdict(list)
    for topic, number in sorted(places):
        numbers[topic].append(number)
    return numbers
