"""One change of a partition: who leads it, who is in sync, and who else holds every committed record (KIP-966).

What it keeps true, from any legal state to the next:

- The leader is in the ISR, and the ISR is a part of the replicas. There is no leader where no member of the ISR may
  lead.
- Eligible leader replicas (ELR) have left the ISR but hold everything that is committed. That is known only while the
  high watermark cannot move without them, that is while the ISR is smaller than min.insync.replicas: the ELR is empty
  as soon as it is not. ISR and ELR are disjoint.
- A replica that came back from an unclean shutdown may have lost its latest records, and is in neither.
- Where the ELR is in use the ISR may become empty; otherwise its last member stays, and the partition is without a
  leader.

A leader is elected in this order: the present one, if it still may lead; the first replica that is in the ISR, or,
where that is empty, in the ELR; the last known leader, when ISR and ELR are both empty (balanced recovery); any
replica at all, if unclean elections are configured. After the last two, records may be lost: the ISR is the new
leader alone, and the partition is recovering until the leader says otherwise.

The records themselves say when epochs grow, see `records.PartitionChangeRecord`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum

from barnabas.metadata.records import (
    NO_LEADER,
    NO_LEADER_CHANGE,
    LeaderRecoveryState,
    PartitionChangeRecord,
)
from barnabas.metadata.topics import Partition


class Election(Enum):
    """How far an election may go."""

    PREFERRED = "preferred"
    """As `ONLINE`, but the first replica takes over if it can."""
    ONLINE = "online"
    """Only replicas that hold everything that is committed, or the last known leader."""
    UNCLEAN = "unclean"
    """Any replica, rather than none."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What holds for the partition; `may_lead` says which brokers are alive."""

    may_lead: Callable[[int], bool]
    min_isr: int
    elr_enabled: bool
    election: Election = Election.ONLINE


@dataclass(frozen=True, slots=True)
class _InSync:
    """Who is in sync: replicas in the order of preference."""

    isr: tuple[int, ...]
    elr: tuple[int, ...]

    def holds_everything(self, broker_id: int) -> bool:
        return broker_id in (self.isr or self.elr)


def change_partition(
    partition: Partition,
    rules: Rules,
    *,
    isr: Iterable[int] | None = None,
    recovery_state: int | None = None,
    unclean_shutdown: int | None = None,
) -> PartitionChangeRecord | None:
    """The record that gives the partition a leader, if it can have one, and brings ISR and ELR in line; None where
    all is well.

    `isr` and `recovery_state` are the new values, None to keep the old ones. `unclean_shutdown` is a broker that lost
    its latest records.
    """
    new_isr = partition.isr if isr is None else tuple(isr)
    if unclean_shutdown is not None:
        new_isr = tuple(broker_id for broker_id in new_isr if broker_id != unclean_shutdown)
    in_sync = _InSync(new_isr, _elr(partition, new_isr, rules, unclean_shutdown))
    leader, clean = _elect(partition, in_sync, rules)
    if leader != NO_LEADER and leader not in in_sync.isr:
        in_sync = _joined(in_sync, leader, clean, rules)
    elif not in_sync.isr and not rules.elr_enabled:
        in_sync = _InSync(partition.isr, ())
    if not clean:
        recovery_state = LeaderRecoveryState.RECOVERING
    return _record(partition, leader, in_sync, _last_known(partition, leader, in_sync, rules), recovery_state)


def _elr(partition: Partition, isr: tuple[int, ...], rules: Rules, unclean_shutdown: int | None) -> tuple[int, ...]:
    if not rules.elr_enabled or len(isr) >= rules.min_isr:
        return ()
    held_everything = set(partition.isr).union(partition.elr).difference(isr) - {unclean_shutdown}
    return tuple(broker_id for broker_id in partition.replicas if broker_id in held_everything)


def _elect(partition: Partition, in_sync: _InSync, rules: Rules) -> tuple[int, bool]:
    """The leader, `NO_LEADER` where there can be none, and whether it holds every committed record."""
    candidates = list(partition.replicas)
    if rules.election is not Election.PREFERRED:
        candidates.insert(0, partition.leader)
    else:
        candidates.insert(1, partition.leader)
    for broker_id in candidates:
        if in_sync.holds_everything(broker_id) and rules.may_lead(broker_id):
            return broker_id, True
    if rules.elr_enabled and not in_sync.isr and not in_sync.elr and len(partition.last_known_elr) == 1:
        last_leader = partition.last_known_elr[0]
        if last_leader in partition.replicas and rules.may_lead(last_leader):
            return last_leader, False
    if rules.election is Election.UNCLEAN:
        for broker_id in partition.replicas:
            if rules.may_lead(broker_id):
                return broker_id, False
    return NO_LEADER, True


def _joined(in_sync: _InSync, leader: int, clean: bool, rules: Rules) -> _InSync:
    """The leader came from outside the ISR: it becomes the ISR, and nobody is eligible that may have missed what
    it commits alone.
    """
    isr = (leader,)
    if not clean or len(isr) >= rules.min_isr:
        return _InSync(isr, ())
    return _InSync(isr, tuple(broker_id for broker_id in in_sync.elr if broker_id != leader))


def _last_known(partition: Partition, leader: int, in_sync: _InSync, rules: Rules) -> tuple[int, ...]:
    """The last leader, kept from when the ISR becomes empty until there is a leader again."""
    if leader != NO_LEADER or not rules.elr_enabled:
        return ()
    if not in_sync.isr and partition.leader != NO_LEADER:
        return (partition.leader,)
    return partition.last_known_elr


def _record(
    partition: Partition,
    leader: int,
    in_sync: _InSync,
    last_known_elr: tuple[int, ...],
    recovery_state: int | None,
) -> PartitionChangeRecord | None:
    isr = None if in_sync.isr == partition.isr else in_sync.isr
    elr = None if in_sync.elr == partition.elr else in_sync.elr
    last_known = None if last_known_elr == partition.last_known_elr else last_known_elr
    new_leader = NO_LEADER_CHANGE if leader == partition.leader else leader
    state = -1 if recovery_state is None or recovery_state == partition.leader_recovery_state else recovery_state
    if isr is None and elr is None and last_known is None and new_leader == NO_LEADER_CHANGE and state < 0:
        return None
    return PartitionChangeRecord(
        partition_id=partition.index,
        topic_id=partition.topic_id,
        isr=isr,
        leader=new_leader,
        leader_recovery_state=state,
        elr=elr,
        last_known_elr=last_known,
    )
