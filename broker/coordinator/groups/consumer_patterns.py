"""Patterns in the subscriptions of a group: what they mean, and when that is looked up again.

A pattern means the topics whose names match it (see `patterns`). One that is new is looked up with the heartbeat that
brings it, so that its member is assigned at once. (Apache Kafka looks it up afterwards, and the member waits for its
second heartbeat.) All patterns of a group are looked up again when there are new topics, but not more often than every
10 seconds, and every 10 minutes. What they come to is durable, with the version of the metadata: a coordinator that
takes over goes on from it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final

from barnabas.broker.coordinator.groups.consumer_context import ConsumerContext
from barnabas.broker.coordinator.groups.consumer_group import ConsumerGroup, add
from barnabas.broker.coordinator.groups.consumer_member import ConsumerMember
from barnabas.broker.coordinator.groups.consumer_records import pattern_record, pattern_tombstone
from barnabas.broker.coordinator.groups.subscription import ResolvedPattern
from barnabas.broker.coordinator.groups.turn import Turn
from barnabas.broker.coordinator.patterns import Pattern, PatternError
from barnabas.metadata.image import MetadataImage
from barnabas.protocol.errors import ErrorCode, WireError

_LEAST_INTERVAL_MS: Final = 10_000
_REFRESH_INTERVAL_MS: Final = 600_000

Patterns = Mapping[str, ResolvedPattern]


def patterns_after(
    context: ConsumerContext, group: ConsumerGroup, member: ConsumerMember, updated: ConsumerMember, turn: Turn
) -> Patterns:
    """What the group's patterns mean once `member` has become `updated`; the very same if nothing is to be looked up.

    Raises `WireError` INVALID_REGULAR_EXPRESSION.
    """
    wanted = group.pattern_subscribers
    if member.topic_regex != updated.topic_regex:
        wanted = wanted.copy()
        for text, step in ((member.topic_regex, -1), (updated.topic_regex, 1)):
            if text:
                add(wanted, (text,), step)
        _check(group, updated)
    due = _due(context, group.patterns, wanted, turn.now_ms)
    if not due and len(wanted) == len(group.patterns):
        return group.patterns
    patterns = {text: known for text, known in group.patterns.items() if text in wanted}
    for text in due:
        patterns[text] = ResolvedPattern(_matching(text, context.image()), context.image().offset, turn.now_ms)
        turn.records.append(pattern_record(group.id, text, patterns[text]))
    turn.records += [pattern_tombstone(group.id, text) for text in group.patterns if text not in wanted]
    return patterns


def _check(group: ConsumerGroup, updated: ConsumerMember) -> None:
    text = updated.topic_regex
    if text and not group.pattern_subscribers[text]:
        try:
            Pattern(text)
        except PatternError as error:
            reason = f"SubscribedTopicRegex `{text}` is not a valid regular expression: {error}."
            raise WireError(ErrorCode.INVALID_REGULAR_EXPRESSION, reason) from None


def _due(context: ConsumerContext, known: Patterns, wanted: Counter[str], now_ms: int) -> Iterable[str]:
    """The patterns to be looked up: those that are not known, or all, if it is time again."""
    if not wanted:
        return ()
    looked_up_ms = min((pattern.timestamp_ms for pattern in known.values()), default=now_ms)
    outdated = any(pattern.version < context.topics_version for pattern in known.values())
    age_ms = now_ms - looked_up_ms  # negative where a coordinator looked them up whose clock was wrong
    if not 0 <= age_ms <= _REFRESH_INTERVAL_MS or (outdated and age_ms > _LEAST_INTERVAL_MS):
        return list(wanted)
    return [text for text in wanted if text not in known]


def _matching(text: str, image: MetadataImage) -> frozenset[str]:
    """The topics that match. A pattern that cannot be read was accepted by another coordinator, and matches none."""
    try:
        pattern = Pattern(text)
    except PatternError:
        return frozenset()
    return frozenset(name for name in image.topics.ids if pattern.matches(name))


def mean_the_same(some: Patterns, others: Patterns) -> bool:
    """Whether these have the same patterns, which mean the same topics."""
    return some is others or (
        some.keys() == others.keys() and all(some[text].topics == others[text].topics for text in some)
    )
