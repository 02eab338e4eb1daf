"""The `range` assignor: each topic's partitions are cut into one range a member, as long as can be made equal.

Members stand in one order for all topics: static members by their instance id, so that a restart does not move them,
then the others by member id. So where all members subscribe to the same topics and these have as many partitions,
each member gets the same numbers of all topics, which lets it join them. Where a topic has fewer partitions than
members, the last members get nothing of it. What members had before does not matter.
"""

from __future__ import annotations

from barnabas.broker.coordinator.groups.assignors.spec import Assignment, GroupSpec, MemberSpec


def assign_range(group: GroupSpec) -> Assignment:
    """See the module."""
    order = [member_id for member_id, _ in sorted(group.members.items(), key=_rank)]
    subscribers: dict[bytes, list[str]] = {}
    for member_id in order:
        for topic_id in sorted(group.members[member_id].topics):
            subscribers.setdefault(topic_id, []).append(member_id)
    assigned: dict[str, dict[bytes, frozenset[int]]] = {member_id: {} for member_id in order}
    for topic_id, member_ids in subscribers.items():
        share, extra = divmod(group.partitions[topic_id], len(member_ids))
        start = 0
        for position, member_id in enumerate(member_ids):
            end = start + share + (position < extra)
            if end > start:
                assigned[member_id][topic_id] = frozenset(range(start, end))
            start = end
    return {**assigned}


def _rank(member: tuple[str, MemberSpec]) -> tuple[bool, str]:
    member_id, spec = member
    return spec.instance_id is None, member_id if spec.instance_id is None else spec.instance_id
