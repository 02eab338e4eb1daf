"""Which replica a consumer had best read from (KIP-392)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from barnabas.broker.isr import FollowerProgress
    from barnabas.broker.partition_leader import LeaderRole
    from barnabas.metadata.cluster import ClusterImage

RACK_AWARE = "org.apache.kafka.common.replica.RackAwareReplicaSelector"
"""The value of `replica.selector.class` that turns this on."""


def select_by_rack(role: LeaderRole, cluster: ClusterImage, rack: str, offset: int) -> int | None:
    """The in-sync follower in the client's rack that has `offset` and is furthest; None: read from the leader.

    The leader is best where it is in that rack itself, and where nobody else is.
    """
    if not rack or _rack_of(cluster, role.broker_id) == rack:
        return None
    nearby = [
        follower
        for follower in role.followers.values()
        if follower.broker_id in role.isr.committed
        and follower.log_start_offset <= offset <= follower.log_end_offset
        and _rack_of(cluster, follower.broker_id) == rack
    ]
    return max(nearby, key=_furthest).broker_id if nearby else None


def _furthest(follower: FollowerProgress) -> tuple[int, float, int]:
    return follower.log_end_offset, follower.last_caught_up_at, follower.broker_id


def _rack_of(cluster: ClusterImage, broker_id: int) -> str | None:
    broker = cluster.broker(broker_id)
    return None if broker is None or broker.fenced else broker.rack
