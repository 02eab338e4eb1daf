"""Fetching from the leader: what follower and observer have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING

from barnabas.raft.messages import FetchRequest, FetchResponse, Request
from barnabas.raft.voters import Endpoint

if TYPE_CHECKING:
    from barnabas.raft.quorum_state import QuorumState


class CommittedDataLost(Exception):
    """The leader asks to cut records that are known to be committed. Nothing may be done about it but stop."""


def maybe_send(
    state: QuorumState, to: Endpoint | None, peer_id: int | None, now: float, *, max_wait: float | None = None
) -> bool:
    """Asks for what follows the end of the log, unless that destination is busy; returns whether it did.

    `max_wait`: how long the leader may wait for news, in seconds; as configured unless given.
    """
    if to is None or not state.requests.is_ready(to, now):
        return False
    request = FetchRequest(
        cluster_id=state.identity.cluster_id,
        epoch=state.role.epoch,
        replica=state.me,
        offset=state.log.end_offset,
        last_epoch=state.log.last_epoch,
        max_wait=state.config.fetch_max_wait if max_wait is None else max_wait,
        high_watermark=-1 if state.high_watermark is None else state.high_watermark,
    )
    state.send(to, -1 if peer_id is None else peer_id, request)
    return True


def apply(state: QuorumState, request: Request, response: FetchResponse, now: float) -> bool:
    """Carries out what the leader answered; False when it is of no use here and the fetch is to be tried again later.

    A follower's log is made equal to the leader's from its end backwards: the leader answers where the epochs
    diverge, the follower cuts and asks again, until what it has is a prefix of what the leader has (KIP-595). An answer
    counts only where the log still ends as the `request` said: another one may have come in between.
    """
    if not isinstance(request, FetchRequest) or (request.last_epoch, request.offset) != state.log.end:
        return False
    if response.snapshot is not None:
        # The log of this release begins at 0 and is never trimmed, so a leader that sends this is a newer one.
        return False
    if response.diverging is not None:
        end_offset = state.log.truncation_offset(response.diverging)
        if state.high_watermark is not None and end_offset < state.high_watermark:
            raise CommittedDataLost(f"leader {response.leader_id} diverges at {response.diverging}: {state}")
        if end_offset == state.log.end_offset:
            return False
        state.truncate(end_offset, now)
        return True
    if response.batches and response.batches[0].base_offset != state.log.end_offset:
        return False
    for batch in response.batches:
        state.append(batch, now)
    if response.high_watermark is not None:
        state.advance_high_watermark(min(response.high_watermark, state.log.end_offset))
    return True
