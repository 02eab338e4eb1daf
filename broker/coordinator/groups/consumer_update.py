"""What the request of one member means for its group (KIP-848). Five steps, in this order:

    subscription   what the member tells of itself is written if it is new
    patterns       what patterns mean is looked up if they are new, or if it is time again
    epoch          grows if the subscription changed, or the topics did since the group last looked at them
    target         is worked out anew if the epoch has grown, but not more often than the assignment interval
    reconcile      the member goes one step towards its target

Heartbeats and the JoinGroups of members of the classic protocol both come down to this. Most heartbeats tell nothing:
then each step sees that by comparing a few values, whatever the size of the group.
"""

from __future__ import annotations

from barnabas.broker.coordinator.groups.assignors import ASSIGNORS
from barnabas.broker.coordinator.groups.consumer_config import ConsumerConfig
from barnabas.broker.coordinator.groups.consumer_context import REVOCATION, ConsumerContext
from barnabas.broker.coordinator.groups.consumer_group import ConsumerGroup, add, most_wanted
from barnabas.broker.coordinator.groups.consumer_member import ConsumerMember, MemberState, Partitions
from barnabas.broker.coordinator.groups.consumer_patterns import Patterns, mean_the_same, patterns_after
from barnabas.broker.coordinator.groups.consumer_records import (
    current_record,
    epoch_record,
    member_record,
    old_subscription_metadata_tombstone,
)
from barnabas.broker.coordinator.groups.events import Rebalanced
from barnabas.broker.coordinator.groups.reconciliation import Target, reconcile
from barnabas.broker.coordinator.groups.subscription import SubscribedTopics
from barnabas.broker.coordinator.groups.target_assignment import new_target, target_records
from barnabas.broker.coordinator.groups.turn import Turn


class MemberUpdate:
    """See the module. `member` is as it was, `updated` as its request makes it; the steps go on from there."""

    def __init__(
        self,
        context: ConsumerContext,
        group: ConsumerGroup,
        member: ConsumerMember,
        updated: ConsumerMember,
        turn: Turn,
    ) -> None:
        self._context = context
        self._group = group
        self._turn = turn
        self.member = member
        self.updated = updated
        self.epoch = group.epoch
        """The group's epoch after this request."""
        self._patterns: Patterns = group.patterns
        self._subscription_changed = False

    def subscribe(self) -> None:
        """The first three steps."""
        member, updated = self.member, self.updated
        if updated != member:
            self._turn.records.append(member_record(self._group.id, updated))
        self._patterns = patterns_after(self._context, self._group, member, updated, self._turn)
        self._subscription_changed = (
            updated.topic_names != member.topic_names or updated.topic_regex != member.topic_regex
        )
        same_topics = mean_the_same(self._patterns, self._group.patterns)
        self._grow_epoch(must=self._subscription_changed or not same_topics)

    def _grow_epoch(self, *, must: bool) -> None:
        group, records = self._group, self._turn.records
        if not must and not group.is_stale:
            return
        topics = group.topics_after([self.member], self.updated, self._patterns)
        metadata_hash = self._context.metadata_hash(topics)
        if must or metadata_hash != group.metadata_hash:
            self.epoch += 1
            records.append(epoch_record(group.id, self.epoch, metadata_hash))
            members = len(group.members) + (self.updated.id not in group.members)
            self._turn.tell(Rebalanced(group.id, group.type, self.epoch, members))
        else:
            group.is_stale = False
        if group.has_old_subscription_metadata:
            records.append(old_subscription_metadata_tombstone(group.id))

    def assign(self) -> Target:
        """The fourth step. The target of this member, which may be the one that it has had so far."""
        group, config, now_ms = self._group, self._context.config_of(self._group.id), self._turn.now_ms
        if group.assignment_epoch >= self.epoch or not may_assign(group, config, now_ms):
            return Target(epoch=group.assignment_epoch, partitions=group.target_of(self.updated))
        assignor = ASSIGNORS[self._assignor(config.assignors)]
        target = new_target(group, self.updated, self._patterns, assignor, self._context.image())
        self._turn.records += target_records(group, target, self.epoch, now_ms)
        return Target(epoch=self.epoch, partitions=target[self.updated.id])

    def _assignor(self, known: tuple[str, ...]) -> str:
        votes = self._group.assignors.copy()
        for member, step in ((self.member, -1), (self.updated, 1)):
            if member.assignor is not None:
                add(votes, (member.assignor,), step)
        wanted = most_wanted(votes)
        return wanted if wanted in known else known[0]

    def reconcile(self, target: Target, still_owned: Partitions | None) -> ConsumerMember:
        """The fifth step. The member after it."""
        context, group, member = self._context, self._group, self.updated
        if not self._subscription_changed and member.is_reconciled_to(target.epoch):
            return member
        after = reconcile(
            member,
            target,
            topics=SubscribedTopics.of(context.image(), member.topic_names, member.topic_regex, self._patterns),
            subscription_changed=self._subscription_changed,
            still_owned=still_owned,
            partition_epoch=group.partition_epoch,
        )
        if after != member:
            self._turn.records.append(current_record(group.id, after))
            if after.state is not MemberState.UNREVOKED_PARTITIONS:
                context.deadlines.cancel((REVOCATION, group.id, after.id))
            elif not after.uses_classic_protocol:
                context.await_revocation(group.id, after, self._turn.now)
        self.updated = after
        return after


def may_assign(group: ConsumerGroup, config: ConsumerConfig, now_ms: int) -> bool:
    """Whether the assignment interval has passed since the last target; an interval of 0 never has to.

    A target from the future was made by a coordinator whose clock was wrong: nobody waits until its time comes.
    """
    last_ms, interval_ms = group.assignment_timestamp_ms, config.assignment_interval_ms.value
    return not last_ms or not interval_ms or not last_ms <= now_ms < last_ms + interval_ms
