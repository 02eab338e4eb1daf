"""Leader: the one voter of its epoch that appends. Followers and observers pull from it.

It opens its epoch with a control batch (LEADER_CHANGE). The high watermark is the largest offset that a majority of the
voters has on disk, but moves only past the start of the epoch: records of earlier epochs count as committed once
one of this epoch behind them is, never by counting replicas alone (Raft, figure 8). The leader's own share counts
only as far as it is synced, though followers may fetch sooner.

A fetch that brings no news waits: until records follow, the high watermark moves, its time is up, or the leader falls.
A leader that a majority has not fetched from for one and a half fetch timeouts resigns (check quorum): it may be cut
off, and others may have elected another.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from barnabas.protocol.errors import ErrorCode, LocalProtocolError
from barnabas.raft.log_view import Batch
from barnabas.raft.messages import (
    BeginQuorumEpochRequest,
    BeginQuorumEpochResponse,
    FetchRequest,
    FetchResponse,
    Response,
    VoteRequest,
)
from barnabas.raft.progress import OBSERVER_SESSION, Progress, ReplicaStatus, by_end_offset, majority_offset
from barnabas.raft.ready import LeaderChange, Message, Payload
from barnabas.raft.role import Role
from barnabas.raft.voters import ReplicaKey, Voter, VoterSet

if TYPE_CHECKING:
    from barnabas.raft.quorum_state import QuorumState

CHECK_QUORUM_FACTOR = 1.5
"""Fetch timeouts that a leader goes on without hearing a majority."""


@dataclass(frozen=True, slots=True)
class ParkedFetch:
    """A fetch that waits for news, at the latest until `expires`."""

    token: object
    request: FetchRequest
    expires: float


class Leader(Role):
    """`start_offset`: where its epoch starts in the log."""

    name = "Leader"

    def __init__(self, state: QuorumState, epoch: int, now: float) -> None:
        super().__init__(state, epoch, math.inf)
        self.leader_id = state.me.id
        self.leader_endpoint = state.own_endpoint
        self.voted = state.me
        self.start_offset = state.log.end_offset
        self.progress: dict[ReplicaKey, Progress] = {}
        self._parked: list[ParkedFetch] = []
        self._recently_heard: set[ReplicaKey] = set()
        self._check_deadline = now + CHECK_QUORUM_FACTOR * state.config.fetch_timeout
        self._unannounced = {voter.key for voter in self.peers}
        self._announce_at = now + self._announce_interval

    @property
    def peers(self) -> tuple[Voter, ...]:
        """The other voters."""
        return tuple(voter for voter in self.state.voters.latest.voters if voter.key != self.state.me)

    def open_epoch(self, granting: Collection[int], now: float) -> None:
        """Appends the control batch without which nothing of this epoch could be committed."""
        voters = self.state.voters
        keys = voters.latest.replicas
        change = LeaderChange(
            leader_id=self.state.me.id,
            voters=keys,
            granting=tuple(key for key in keys if key.id in granting),
            voter_set=self._voter_set_to_write(),
        )
        end = self.start_offset + change.count
        self.state.append(Batch(self.start_offset, end, self.epoch, change, change.voter_set), now)

    def _voter_set_to_write(self) -> VoterSet | None:
        voters, state = self.state.voters, self.state
        me = voters.latest.get(state.me.id)
        if me is None or me.key != state.me:
            return None
        moved = bool(state.identity.endpoints) and me.endpoints != state.identity.endpoints
        if voters.latest_offset != -1 and not moved:
            return None
        return voters.latest.with_voter(Voter(state.me, state.identity.endpoints or me.endpoints))

    # --- time and announcements ---

    @property
    def _announce_interval(self) -> float:
        return self.state.config.fetch_timeout / 2

    def poll(self, now: float) -> None:
        peers = self.peers
        if peers and now >= self._check_deadline:
            self.resign(now)
            return
        self._answer_parked(now)
        self._announce(peers, now)
        expiries = [parked.expires for parked in self._parked]
        timers = [self._check_deadline, self._announce_at] if peers else []
        self.deadline = min(expiries + timers, default=math.inf)

    def _announce(self, peers: Sequence[Voter], now: float) -> None:
        """Tells voters that do not fetch, at once and then from time to time, that this is the leader."""
        state = self.state
        if now >= self._announce_at:
            self._announce_at = now + self._announce_interval
            self._unannounced |= {voter.key for voter in peers if self._is_idle(voter.key, now)}
        if not self._unannounced:
            return
        for voter in peers:
            to = voter.endpoint(state.identity.listener)
            if voter.key in self._unannounced and to is not None and state.requests.is_ready(to, now):
                request = BeginQuorumEpochRequest(
                    cluster_id=state.identity.cluster_id,
                    epoch=self.epoch,
                    leader_id=state.me.id,
                    voter=voter.key,
                    endpoints=state.identity.endpoints,
                )
                state.send(to, voter.id, request)

    def _is_idle(self, key: ReplicaKey, now: float) -> bool:
        progress = self.progress.get(key)
        return progress is None or progress.last_fetch is None or progress.last_fetch <= now - self._announce_interval

    def handle_response(self, message: Message, response: Response, now: float) -> None:
        # Whatever it answered, it was told; if it does not fetch it is told again after a while.
        if isinstance(response, BeginQuorumEpochResponse):
            self._unannounced = {key for key in self._unannounced if key.id != message.peer_id}

    def hears_leader(self, now: float) -> bool:
        return True

    def can_grant(self, request: VoteRequest, up_to_date: bool, now: float) -> bool:
        return False

    def resign(self, now: float) -> None:
        """Steps down and names as successors the voters that have most of the log."""
        self.state.become_resigned(by_end_offset((voter.key for voter in self.peers), self.progress), now)

    # --- the log ---

    def append(self, payloads: Collection[Payload], now: float) -> None:
        for payload in payloads:
            base = self.state.log.end_offset
            self.state.append(Batch(base, base + payload.count, self.epoch, payload), now)

    def update_high_watermark(self) -> None:
        """Takes what a majority has on disk as committed, if this leader's own epoch is reached."""
        end_offsets = {key: entry.end_offset for key, entry in self.progress.items() if entry.end_offset is not None}
        end_offsets[self.state.me] = self.state.log.synced_offset
        reached = min(majority_offset(self.state.voters.latest, end_offsets), self.state.log.end_offset)
        if reached > self.start_offset:
            self.state.advance_high_watermark(reached)

    # --- fetches ---

    def handle_fetch(self, token: object, request: FetchRequest, now: float) -> None:
        """Notes how far the replica has come and answers, or parks the fetch when there is no news for it."""
        state = self.state
        if request.replica.id == state.me.id:
            state.reply(token, state.answer(FetchResponse, error=ErrorCode.INVALID_REQUEST))
            return
        diverging = state.log.divergence(request.offset, request.last_epoch)
        if diverging is not None:
            state.reply(token, state.answer(FetchResponse, diverging=diverging, high_watermark=state.high_watermark))
            return
        if request.replica.id >= 0:
            self._note_fetch(request, now)
        if request.max_wait <= 0 or self._has_news(request):
            self._answer(token, request)
        else:
            wait = min(request.max_wait, state.config.fetch_timeout / 2)
            self._parked.append(ParkedFetch(token, request, now + wait))

    def _note_fetch(self, request: FetchRequest, now: float) -> None:
        state = self.state
        self.progress.setdefault(request.replica, Progress()).fetched(request.offset, state.log.end_offset, now)
        self._unannounced.discard(request.replica)
        voters = state.voters.latest
        if request.replica not in voters:
            return
        self._recently_heard.add(request.replica)
        if len(self._recently_heard) + (state.me in voters) >= voters.majority():
            self._recently_heard.clear()
            self._check_deadline = now + CHECK_QUORUM_FACTOR * state.config.fetch_timeout
        self.update_high_watermark()

    def _has_news(self, request: FetchRequest) -> bool:
        log, known, current = self.state.log, request.high_watermark, self.state.high_watermark
        return log.end_offset > request.offset or (known is not None and current is not None and current > known)

    def _answer(self, token: object, request: FetchRequest) -> None:
        state = self.state
        response = state.answer(FetchResponse, high_watermark=state.high_watermark)
        state.reply(token, response, request.offset if state.log.end_offset > request.offset else None)

    def _answer_parked(self, now: float) -> None:
        waiting = []
        for parked in self._parked:
            if now >= parked.expires or self._has_news(parked.request):
                self._answer(parked.token, parked.request)
            else:
                waiting.append(parked)
        self._parked = waiting

    def close(self) -> None:
        for parked in self._parked:
            error = ErrorCode.NOT_LEADER_OR_FOLLOWER
            self.state.reply(parked.token, self.state.answer(FetchResponse, error=error))
        self._parked = []

    # --- for people ---

    def describe(self, now: float) -> tuple[list[ReplicaStatus], list[ReplicaStatus]]:
        """The voters and the observers; one that has not fetched for `OBSERVER_SESSION` is forgotten."""
        voters = self.state.voters.latest
        self.progress = {
            key: entry
            for key, entry in self.progress.items()
            if key in voters or (entry.last_fetch is not None and entry.last_fetch > now - OBSERVER_SESSION)
        }
        observers = [key for key in self.progress if key not in voters]
        return [self._status(key, now) for key in voters.replicas], [self._status(key, now) for key in observers]

    def _status(self, key: ReplicaKey, now: float) -> ReplicaStatus:
        if key == self.state.me:
            return ReplicaStatus(key, self.state.log.end_offset, now, now)
        entry = self.progress.get(key, Progress())
        return ReplicaStatus(key, entry.end_offset, entry.last_fetch, entry.last_caught_up)


def require_leader(role: Role) -> Leader:
    """The role, if it is a leader's; else the caller asked the wrong node."""
    if not isinstance(role, Leader):
        raise LocalProtocolError(f"only a leader appends, this is {role}")
    return role
