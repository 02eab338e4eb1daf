"""Reconciliation: one step of a member from what it has towards what it is to have (KIP-848).

A step never takes anything from another member. In order:

1. What the member has and is not to have, it must give back. Unless its heartbeat already says that it no longer owns
   any of that, it stays at its epoch, UNREVOKED_PARTITIONS, and gets nothing.
2. Else it moves to the target's epoch and gets what nobody owns. If something belongs to another member still, it is
   UNRELEASED_PARTITIONS and asks again with each heartbeat; else it is STABLE.

A subscription that changed takes away at once what is not in it, even where there is no new target yet: a member is
not to be sent partitions of topics that it has just left.

The step is a function of the member, its target, and what is owned by whom. The caller makes the record, and starts
or stops the clock of the revocation.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable
from dataclasses import dataclass, replace

from barnabas.broker.coordinator.groups.consumer_member import (
    NONE_OWNED,
    ConsumerMember,
    MemberState,
    Owned,
    Partitions,
)
from barnabas.protocol.errors import ErrorCode, WireError


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where a member is to go: the epoch of the assignment, and its part of it."""

    epoch: int
    partitions: Partitions


def reconcile(
    member: ConsumerMember,
    target: Target,
    *,
    topics: Container[bytes],
    subscription_changed: bool,
    still_owned: Partitions | None,
    partition_epoch: Callable[[bytes, int], int],
) -> ConsumerMember:
    """The member after one step; the very same where there is none to take.

    `topics` are the ids of the topics in its subscription; `still_owned` is what its heartbeat says it owns, None
    where it does not say; `partition_epoch` is -1 for what nobody owns. Raises `WireError` FENCED_MEMBER_EPOCH where
    the member's state is one that this release does not know, until it comes back without partitions.
    """
    step = _Step(member, target, topics, still_owned, partition_epoch)
    match member.state:
        case MemberState.STABLE if member.epoch == target.epoch:
            return step.leave_unsubscribed() if subscription_changed else member
        case MemberState.UNREVOKED_PARTITIONS if step.owns_any_of(member.revoking):
            return step.leave_unsubscribed() if subscription_changed else member
        case MemberState.UNKNOWN if still_owned is None or still_owned:
            raise WireError(
                ErrorCode.FENCED_MEMBER_EPOCH,
                "The consumer group member is in a unknown state. The member must abandon all its partitions and "
                "rejoin.",
            )
        case _:
            return step.advance()


@dataclass(frozen=True, slots=True)
class _Step:
    member: ConsumerMember
    target: Target
    topics: Container[bytes]
    still_owned: Partitions | None
    partition_epoch: Callable[[bytes, int], int]

    def owns_any_of(self, owned: Owned) -> bool:
        """Whether the member has not yet said that it gave all of this back."""
        if self.still_owned is None:
            return True
        return any(
            partition in owned.get(topic_id, ())
            for topic_id, partitions in self.still_owned.items()
            for partition in partitions
        )

    def leave_unsubscribed(self) -> ConsumerMember:
        """Give back the topics that are no longer in the subscription; nothing else changes."""
        member = self.member
        left = {topic_id: owned for topic_id, owned in member.assigned.items() if topic_id not in self.topics}
        if not left:
            return member
        kept = {topic_id: owned for topic_id, owned in member.assigned.items() if topic_id not in left}
        revoking = {**member.revoking}
        for topic_id, owned in left.items():
            revoking[topic_id] = {**revoking.get(topic_id, {}), **owned}
        if self.owns_any_of(revoking):
            return self._must_revoke(kept, revoking)
        return replace(member.at_epoch(member.epoch), assigned=kept)

    def advance(self) -> ConsumerMember:
        """See the module."""
        member, target = self.member, self.target
        wanted = {topic_id: found for topic_id, found in target.partitions.items() if topic_id in self.topics}
        kept: dict[bytes, dict[int, int]] = {}
        surplus: dict[bytes, dict[int, int]] = {}
        for topic_id, owned in member.assigned.items():
            for partition, epoch in owned.items():
                part = kept if partition in wanted.get(topic_id, ()) else surplus
                part.setdefault(topic_id, {})[partition] = epoch
        if surplus and self.owns_any_of(surplus):
            return self._must_revoke(kept, surplus)
        unreleased = False
        for topic_id, partitions in wanted.items():
            for partition in sorted(partitions - kept.get(topic_id, {}).keys()):
                if self._is_free(topic_id, partition):
                    kept.setdefault(topic_id, {})[partition] = target.epoch
                else:
                    unreleased = True
        return replace(
            member.at_epoch(target.epoch),
            state=MemberState.UNRELEASED_PARTITIONS if unreleased else MemberState.STABLE,
            assigned=kept,
            revoking=NONE_OWNED,
        )

    def _is_free(self, topic_id: bytes, partition: int) -> bool:
        """Nobody owns it, or the member itself does, which was about to give it back."""
        return self.partition_epoch(topic_id, partition) == -1 or partition in self.member.revoking.get(topic_id, ())

    def _must_revoke(self, kept: Owned, revoking: Owned) -> ConsumerMember:
        member = self.member
        return replace(
            member.at_epoch(member.epoch),
            state=MemberState.UNREVOKED_PARTITIONS,
            assigned=kept,
            revoking=revoking,
        )


def owned_of(topic_partitions: Iterable[tuple[bytes, Iterable[int]]]) -> Partitions:
    """From pairs of a topic's id and its partitions; a topic may come twice."""
    owned: dict[bytes, frozenset[int]] = {}
    for topic_id, partitions in topic_partitions:
        owned[topic_id] = owned.get(topic_id, frozenset()).union(partitions)
    return {topic_id: partitions for topic_id, partitions in owned.items() if partitions}
