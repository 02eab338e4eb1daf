"""Whether the controllers have a leader, and whether enough of them keep up with it to outlive the next failure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from barnabas.cli.doctor.finding import Examination, Finding, Severity, counted
from barnabas.client.admin import QuorumDescription, QuorumReplica

_BEHIND_MS: Final = 10_000
"""Since a voter had all that the leader had."""


def check(seen: Examination) -> Iterator[Finding]:
    """All findings about the metadata quorum."""
    quorum = seen.quorum
    if quorum is None:
        return
    if quorum.leader_id < 0:
        yield Finding(
            Severity.ERROR,
            "no-quorum-leader",
            "the controllers",
            "have no leader",
            "nothing can be changed: no topics, no leaders of partitions, no brokers that come or go",
            f"start the controllers: {len(quorum.voters) // 2 + 1} of {len(quorum.voters)} must run and reach another",
        )
        return
    behind = [voter for voter in quorum.voters if _is_behind(voter, quorum)]
    majority = len(quorum.voters) // 2 + 1
    spare = len(quorum.voters) - len(behind) - majority
    for voter in behind:
        yield Finding(
            Severity.WARNING if spare > 0 else Severity.ERROR,
            "voter-behind",
            f"controller {voter.id}",
            _how_far(voter, quorum),
            f"only {spare} more may be lost before nothing can be changed"
            if spare > 0
            else "the loss of one more controller stops all changes of the cluster",
            "start it, or see in its log why it cannot follow the leader",
        )
    if len(quorum.voters) == 1:
        yield Finding(
            Severity.NOTE,
            "one-controller",
            "the controllers",
            "there is only one",
            "when it is away nothing can be changed, and when its disk is lost so is the cluster",
            "fine for development; production needs three",
        )


def _now_ms(quorum: QuorumDescription) -> int:
    """The leader's clock: when it was last in step with itself."""
    return max((voter.last_caught_up_ms for voter in quorum.voters if voter.id == quorum.leader_id), default=-1)


def _is_behind(voter: QuorumReplica, quorum: QuorumDescription) -> bool:
    if voter.id == quorum.leader_id:
        return False
    return voter.last_caught_up_ms < 0 or _now_ms(quorum) - voter.last_caught_up_ms > _BEHIND_MS


def _how_far(voter: QuorumReplica, quorum: QuorumDescription) -> str:
    if voter.last_caught_up_ms < 0:
        return "has not followed the leader since that was elected"
    leader_end = max((each.log_end_offset for each in quorum.voters if each.id == quorum.leader_id), default=-1)
    seconds = (_now_ms(quorum) - voter.last_caught_up_ms) / 1000
    lacks = counted(max(leader_end - voter.log_end_offset, 0), "record")
    return f"has not kept up with the leader for {seconds:.0f} s, and lacks {lacks}"
