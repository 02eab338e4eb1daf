"""Patterns in the subscriptions of a group: checked when they come, looked up soon after, and again from time to time.

A pattern means the topics whose names match it (see `patterns`). To look it up takes a look at every topic, so it is
not done with the heartbeat that brings it, but in a turn of its own, for all patterns of the group together, and not
more often than every 10 seconds. It is due when a pattern is not known yet, when there are new topics, and every 10
minutes. What it comes to is durable, with the version of the metadata: a coordinator that takes over goes on from it.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import Final

from barnabas.broker.coordinator.groups.consumer_context import PATTERNS, ConsumerContext
from barnabas.broker.coordinator.groups.consumer_group import ConsumerGroup, add
from barnabas.broker.coordinator.groups.consumer_member import ConsumerMember
from barnabas.broker.coordinator.groups.consumer_records import epoch_record, pattern_record, pattern_tombstone
from barnabas.broker.coordinator.groups.patterns import PatternError, TopicPattern
from barnabas.broker.coordinator.groups.subscription import ResolvedPattern
from barnabas.broker.coordinator.groups.turn import Turn
from barnabas.metadata.image import MetadataImage
from barnabas.protocol.errors import ErrorCode, WireError

_LEAST_INTERVAL_MS: Final = 10_000
_REFRESH_INTERVAL_MS: Final = 600_000


class PatternChange(Enum):
    """What became of the pattern in a member's subscription."""

    NONE = auto()
    UNKNOWN = auto()
    """It is another one, and nobody knows yet what it means."""
    KNOWN = auto()
    """It is another one, or there is none any more."""


def check_patterns(
    context: ConsumerContext, group: ConsumerGroup, member: ConsumerMember, updated: ConsumerMember, turn: Turn
) -> PatternChange:
    """Take in a member's pattern, and see whether it is time to look up the group's patterns.

    Raises `WireError` INVALID_REGULAR_EXPRESSION.
    """
    change = PatternChange.NONE
    if member.topic_regex != updated.topic_regex:
        change = _change(group, member, updated, turn)
    elif not group.pattern_subscribers:
        return change
    if _is_due(context, group, member, updated, turn.now_ms):
        context.deadlines.set((PATTERNS, group.id, ""), turn.now)
    return change


def _change(group: ConsumerGroup, member: ConsumerMember, updated: ConsumerMember, turn: Turn) -> PatternChange:
    old, new = member.topic_regex, updated.topic_regex
    if old and group.pattern_subscribers[old] == 1:
        turn.records.append(pattern_tombstone(group.id, old))
    if not new:
        return PatternChange.KNOWN if old else PatternChange.UNKNOWN
    if not group.pattern_subscribers[new]:
        try:
            TopicPattern(new)
        except PatternError as error:
            text = f"SubscribedTopicRegex `{new}` is not a valid regular expression: {error}."
            raise WireError(ErrorCode.INVALID_REGULAR_EXPRESSION, text) from None
    return PatternChange.KNOWN if new in group.patterns else PatternChange.UNKNOWN


def _is_due(
    context: ConsumerContext, group: ConsumerGroup, member: ConsumerMember, updated: ConsumerMember, now_ms: int
) -> bool:
    """See the module. All patterns of a group were looked up together, so any one tells when that was."""
    known = next(iter(group.patterns.values()), None)
    if known is not None and now_ms <= known.timestamp_ms + _LEAST_INTERVAL_MS:
        return False
    wanted = group.pattern_subscribers
    if member.topic_regex != updated.topic_regex:
        wanted = wanted.copy()
        for regex, step in ((member.topic_regex, -1), (updated.topic_regex, 1)):
            if regex:
                add(wanted, (regex,), step)
    if not wanted:
        return False
    return (
        known is None
        or len(wanted) != len(group.patterns)
        or known.version < context.topics_version
        or now_ms > known.timestamp_ms + _REFRESH_INTERVAL_MS
    )


def look_up_patterns(context: ConsumerContext, group: ConsumerGroup, turn: Turn) -> None:
    """Find what the patterns of a group mean now; its epoch grows where that is something else than before."""
    image = context.image()
    found: dict[str, ResolvedPattern] = {}
    for text in group.pattern_subscribers:
        found[text] = ResolvedPattern(_matching(text, image), image.offset, turn.now_ms)
        turn.records.append(pattern_record(group.id, text, found[text]))
    nothing = ResolvedPattern(frozenset(), -1, -1)
    changed = any(group.patterns.get(text, nothing).topics != pattern.topics for text, pattern in found.items())
    subscribed = set(group.topic_subscribers).union(*(pattern.topics for pattern in found.values()))
    metadata_hash = context.metadata_hash(subscribed)
    if changed or metadata_hash != group.metadata_hash:
        turn.records.append(epoch_record(group.id, group.epoch + 1, metadata_hash))


def _matching(text: str, image: MetadataImage) -> frozenset[str]:
    """The topics that match. A pattern that cannot be read was accepted by another coordinator, and matches none."""
    try:
        pattern = TopicPattern(text)
    except PatternError:
        return frozenset()
    return frozenset(name for name in image.topics.ids if pattern.matches(name))
