"""A group of the consumer group protocol (KIP-848): its members, what each is to have, and what each has.

Three epochs drive it. The group's epoch grows when members or their subscriptions change, or the topics they name.
The assignment's epoch is the group's epoch for which the target was worked out last. A member's epoch is that of the
assignment that it has reached. A group is stable when all are equal.

What it keeps true:

- No partition is owned by two members. `partition_epoch` tells since which member epoch a partition is owned; while it
  is, nobody else gets it. A member owns what is assigned to it and what it has not yet given back.
- Counters (subscriptions, patterns, assignors, classic members) are those of the members, so that a heartbeat need not
  look at the others.

All of it is durable and changes by replayed records alone, through the methods that say so; only `is_stale` is soft:
the topics may have changed since the group last looked at them. Nothing here decides.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from barnabas.broker.coordinator.groups.consumer_member import (
    LEAVE_EPOCH,
    NO_PARTITIONS,
    NONE_OWNED,
    ConsumerMember,
    MemberState,
    Owned,
    Partitions,
)
from barnabas.broker.coordinator.groups.consumer_records import (
    assignment_epoch_record,
    assignment_epoch_tombstone,
    current_record,
    current_tombstone,
    epoch_record,
    epoch_tombstone,
    member_record,
    member_tombstone,
    old_subscription_metadata_tombstone,
    pattern_tombstone,
    target_record,
    target_tombstone,
)
from barnabas.broker.coordinator.groups.group import CONSUMER, CONSUMER_PROTOCOL
from barnabas.broker.coordinator.groups.subscription import ResolvedPattern
from barnabas.broker.coordinator.records import Record
from barnabas.protocol.errors import ErrorCode, WireError

FIRST_EPOCH: Final = 1
"""Of a group, and of its assignment, that has not yet had any member."""
NO_ASSIGNMENT: Final = -1


class ConsumerGroup:
    """See the module."""

    def __init__(self, group_id: str) -> None:
        self.id = group_id
        self.epoch = FIRST_EPOCH
        self.metadata_hash = 0
        self.assignment_epoch = FIRST_EPOCH
        self.assignment_timestamp_ms = 0
        self.has_old_subscription_metadata = False
        """A record of a Kafka before 4.1 stands in the log, and is to be removed."""
        self.is_stale = True
        self.members: dict[str, ConsumerMember] = {}
        self.target: dict[str, Partitions] = {}
        self.static_members: dict[str, str] = {}
        """Member ids by instance id."""
        self.patterns: dict[str, ResolvedPattern] = {}
        self.pattern_subscribers: Counter[str] = Counter()
        self.topic_subscribers: Counter[str] = Counter()
        """How many members name each topic itself; those of patterns do not count."""
        self.assignors: Counter[str] = Counter()
        self.classic_count = 0
        self.classic_protocols: Counter[str] = Counter()
        """How many members of the classic protocol offer each of its assignors."""
        self._partition_epochs: dict[bytes, dict[int, int]] = {}

    # What it is

    @property
    def type(self) -> str:
        """See `Group`."""
        return CONSUMER

    @property
    def protocol_type(self) -> str:
        """See `Group`."""
        return CONSUMER_PROTOCOL

    @property
    def state_name(self) -> str:
        """See `Group`. Takes a look at each member."""
        if not self.members:
            return "Empty"
        if self.epoch > self.assignment_epoch:
            return "Assigning"
        reconciled = all(member.is_reconciled_to(self.assignment_epoch) for member in self.members.values())
        return "Stable" if reconciled else "Reconciling"

    @property
    def is_empty(self) -> bool:
        """Whether it has no members."""
        return not self.members

    def member(self, member_id: str) -> ConsumerMember:
        """Raises `WireError` UNKNOWN_MEMBER_ID where there is none."""
        member = self.members.get(member_id)
        if member is None:
            raise WireError(ErrorCode.UNKNOWN_MEMBER_ID, f"Member {member_id} is not a member of group {self.id}.")
        return member

    def static_member(self, instance_id: str | None) -> ConsumerMember | None:
        """The member that has this instance id, if one has."""
        member_id = None if instance_id is None else self.static_members.get(instance_id)
        return None if member_id is None else self.members[member_id]

    def target_of(self, member: ConsumerMember) -> Partitions:
        """What a member is to have; a static one takes over from the member that had its instance id."""
        member_id = member.id if member.instance_id is None else self.static_members.get(member.instance_id)
        return NO_PARTITIONS if member_id is None else self.target.get(member_id, NO_PARTITIONS)

    def partition_epoch(self, topic_id: bytes, partition: int) -> int:
        """The member epoch in which this partition is owned; -1 if nobody owns it."""
        return self._partition_epochs.get(topic_id, {}).get(partition, -1)

    def subscribed_topics(self) -> set[str]:
        """The names of all topics that members named, or that their patterns meant; some may not exist."""
        return set(self.topic_subscribers).union(*(pattern.topics for pattern in self.patterns.values()))

    def topics_after(
        self,
        leaving: Collection[ConsumerMember],
        coming: ConsumerMember | None = None,
        patterns: Mapping[str, ResolvedPattern] | None = None,
    ) -> set[str]:
        """The same once these have left and that one has come, and patterns mean this (None: as they do). A member
        that changes is among both."""
        meaning = self.patterns if patterns is None else patterns
        names, texts = self.topic_subscribers.copy(), self.pattern_subscribers.copy()
        for member, step in [*((member, -1) for member in leaving), *([(coming, 1)] if coming is not None else ())]:
            add(names, member.topic_names, step)
            if member.topic_regex:
                add(texts, (member.topic_regex,), step)
        known = (meaning[text].topics for text in texts if text in meaning)
        return set(names).union(*known)

    def is_subscribed_to(self, topic: str) -> bool:
        """Whether a member's subscription has this topic."""
        return topic in self.topic_subscribers or any(topic in pattern.topics for pattern in self.patterns.values())

    def preferred_assignor(self) -> str | None:
        """The assignor that most members want; None where no member says."""
        return most_wanted(self.assignors)

    def waits_for_others(self, member: ConsumerMember) -> bool:
        """Whether something that this member is to get still belongs to another."""
        return member.state is MemberState.UNRELEASED_PARTITIONS and any(
            partition not in member.assigned.get(topic_id, {}) and self.partition_epoch(topic_id, partition) != -1
            for topic_id, partitions in self.target.get(member.id, NO_PARTITIONS).items()
            for partition in partitions
        )

    # What offsets ask

    def check_offset_commit(
        self, member_id: str, instance_id: str | None, generation: int, version: int, *, transactional: bool = False
    ) -> PartitionCheck | None:
        """See `Group`. A member that lags behind may commit what it has owned since its epoch (KIP-1251)."""
        epoch = generation
        if epoch < 0 and not self.members:
            return None
        if transactional and epoch == LEAVE_EPOCH and member_id == "" and instance_id is None:
            return None
        member = self.member(member_id)
        if not transactional and not member.uses_classic_protocol and version < 9:
            raise WireError(
                ErrorCode.UNSUPPORTED_VERSION,
                "OffsetCommit version 9 or above must be used by members using the consumer group protocol",
            )
        if epoch == member.epoch:
            return None
        if epoch > member.epoch:
            raise _stale(member, f"epoch {epoch} is newer than current member epoch {member.epoch}.")
        return PartitionCheck(member, epoch)

    def check_offset_fetch(self, member_id: str | None, member_epoch: int) -> None:
        """See `Group`. Who names no member may ask."""
        if member_id is None and member_epoch < 0:
            return
        member = self.member(member_id or "")
        if member_epoch != member.epoch:
            raise _stale(member, f"epoch {member_epoch} does not match the expected member epoch {member.epoch}.")

    def check_offset_delete(self) -> None:
        """See `Group`."""

    def check_delete(self) -> None:
        """See `Group`."""
        if self.members:
            raise WireError(ErrorCode.NON_EMPTY_GROUP)

    @property
    def expires_offsets(self) -> bool:
        """See `Group`."""
        return True

    @property
    def offsets_age_from_ms(self) -> int | None:
        """See `Group`."""
        return None

    # As records

    def tombstones(self, *, renamed: tuple[str, str] | None = None) -> list[Record]:
        """See `Group`. `renamed` is a member's id and the one that earlier records of the same decision gave it."""
        old, new = renamed or ("", "")
        members = [new if member_id == old else member_id for member_id in self.members]
        return [
            *(current_tombstone(self.id, member_id) for member_id in members),
            *(target_tombstone(self.id, member_id) for member_id in members),
            assignment_epoch_tombstone(self.id),
            *(member_tombstone(self.id, member_id) for member_id in members),
            *(pattern_tombstone(self.id, pattern) for pattern in self.patterns),
            old_subscription_metadata_tombstone(self.id),
            epoch_tombstone(self.id),
        ]

    def records(self) -> list[Record]:
        """The whole group, for one that comes to be out of a classic group."""
        members = self.members.values()
        return [
            *(member_record(self.id, member) for member in members),
            epoch_record(self.id, self.epoch, self.metadata_hash),
            *(target_record(self.id, member.id, self.target[member.id]) for member in members),
            assignment_epoch_record(self.id, self.assignment_epoch, self.assignment_timestamp_ms),
            *(current_record(self.id, member) for member in members),
        ]

    def __str__(self) -> str:
        return (
            f"{self.id} {self.state_name} epoch={self.epoch} assignment={self.assignment_epoch} "
            f"members={len(self.members)}"
        )

    # Replay

    def replay_epoch(self, epoch: int, metadata_hash: int) -> None:
        """The group's epoch grew; whoever decided so has looked at the topics."""
        self.epoch, self.metadata_hash = epoch, metadata_hash
        self.is_stale = False

    def replay_assignment_epoch(self, epoch: int, timestamp_ms: int) -> None:
        """A target was worked out for this epoch of the group, or (-1) the group goes."""
        self.assignment_epoch, self.assignment_timestamp_ms = epoch, timestamp_ms

    def replay_target(self, member_id: str, partitions: Partitions | None) -> None:
        """What a member is to have; None: nothing is kept of it."""
        if partitions is None:
            self.target.pop(member_id, None)
        else:
            self.target[member_id] = partitions

    def replay_member(self, member: ConsumerMember) -> None:
        """A member came, or is other than before."""
        old = self.members.get(member.id)
        self._count(old, -1)
        if old is not None:
            self._release(old)
        self.members[member.id] = member
        self._own(member)
        self._count(member, 1)
        if member.instance_id is not None:
            self.static_members[member.instance_id] = member.id

    def replay_current_gone(self, member_id: str) -> None:
        """A member owns nothing any more: the first of the records that take it away."""
        old = self.members.get(member_id)
        if old is not None:
            self.replay_member(
                replace(old, epoch=LEAVE_EPOCH, previous_epoch=LEAVE_EPOCH, assigned=NONE_OWNED, revoking=NONE_OWNED)
            )

    def replay_member_gone(self, member_id: str) -> None:
        """A member went: the last of the records that take it away."""
        old = self.members.pop(member_id, None)
        self._count(old, -1)
        if old is not None:
            self._release(old)
            if old.instance_id is not None and self.static_members.get(old.instance_id) == member_id:
                del self.static_members[old.instance_id]

    def replay_pattern(self, pattern: str, resolved: ResolvedPattern | None) -> None:
        """A pattern was looked up; None: nobody subscribes to it any more."""
        if resolved is None:
            self.patterns.pop(pattern, None)
        else:
            self.patterns[pattern] = resolved

    def _count(self, member: ConsumerMember | None, step: int) -> None:
        if member is None:
            return
        add(self.topic_subscribers, member.topic_names, step)
        if member.topic_regex:
            add(self.pattern_subscribers, (member.topic_regex,), step)
        if member.assignor is not None:
            add(self.assignors, (member.assignor,), step)
        if member.uses_classic_protocol:
            self.classic_count += step
            add(self.classic_protocols, (protocol.name for protocol in member.classic_protocols), step)

    def _own(self, member: ConsumerMember) -> None:
        for topic_id, partition in _all_of(member):
            epochs = self._partition_epochs.setdefault(topic_id, {})
            held = epochs.get(partition)
            if held is not None and held >= member.epoch:
                raise AssertionError(
                    f"group {self.id}: {member.id} gets {topic_id.hex()}-{partition} at epoch {member.epoch}, "
                    f"but it is owned at epoch {held}"
                )
            epochs[partition] = member.epoch

    def _release(self, member: ConsumerMember) -> None:
        """What others own by now stays theirs: a compacted log may tell of a new owner first."""
        for topic_id, partition in _all_of(member):
            epochs = self._partition_epochs.get(topic_id, {})
            if epochs.get(partition) == member.epoch:
                del epochs[partition]
                if not epochs:
                    del self._partition_epochs[topic_id]


@dataclass(frozen=True, slots=True)
class PartitionCheck:
    """Which offsets a member may commit that lags behind its own epoch."""

    member: ConsumerMember
    epoch: int

    def __call__(self, topic: str, topic_id: bytes, partition: int) -> None:
        """Raises `WireError` where the member got this partition only later, or does not have it."""
        since = self.member.owns(topic_id, partition)
        if since is None:
            text = f"Partition {topic}-{partition} is not assigned or pending revocation for member."
            raise WireError(_stale_code(self.member), text)
        if self.epoch < since:
            late = f"epoch {self.epoch} is older than assignment epoch {since} for partition {topic}-{partition}."
            raise _stale(self.member, late)


def _stale(member: ConsumerMember, problem: str) -> WireError:
    return WireError(_stale_code(member), f"Received member {problem}")


def _stale_code(member: ConsumerMember) -> ErrorCode:
    return ErrorCode.ILLEGAL_GENERATION if member.uses_classic_protocol else ErrorCode.STALE_MEMBER_EPOCH


def add(counter: Counter[str], keys: Iterable[str], step: int) -> None:
    """Count these up or down; what comes to nothing goes."""
    for key in keys:
        counter[key] += step
        if not counter[key]:
            del counter[key]


def most_wanted(assignors: Mapping[str, int]) -> str | None:
    """The assignor with most votes, by name where they are equal; None where there is no vote."""
    return min(assignors, key=lambda name: (-assignors[name], name), default=None)


def _all_of(member: ConsumerMember) -> Iterator[tuple[bytes, int]]:
    for owned in (member.assigned, member.revoking):
        yield from each_partition(owned)


def each_partition(partitions: Owned | Partitions) -> Iterator[tuple[bytes, int]]:
    """Topic ids and partitions, one by one."""
    for topic_id, indexes in partitions.items():
        for partition in indexes:
            yield topic_id, partition
