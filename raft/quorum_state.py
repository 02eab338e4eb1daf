"""What the roles of one member share, and the one place where roles are swapped.

`TRANSITIONS` says which role may follow which; `_swap` checks it, has the election state persisted before anything the
new role sends, drops the requests of the old role, and tells the application when epoch, leader or its endpoint
changed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any, TypeVar

from barnabas.protocol.errors import ErrorCode
from barnabas.raft.candidate import Candidate
from barnabas.raft.config import Identity, RaftConfig
from barnabas.raft.election_state import ElectionState
from barnabas.raft.follower import Follower
from barnabas.raft.leader import Leader
from barnabas.raft.log_view import Batch, LogView
from barnabas.raft.messages import Request, Response
from barnabas.raft.observer import Observer
from barnabas.raft.prospective import Prospective
from barnabas.raft.ready import Leadership, Ready, Reply, Sync
from barnabas.raft.requests import Requests
from barnabas.raft.resigned import Resigned
from barnabas.raft.role import Role
from barnabas.raft.unattached import Unattached
from barnabas.raft.voters import Endpoint, ReplicaKey, VoterHistory

R = TypeVar("R", bound=Response)

TRANSITIONS: Mapping[type[Role], frozenset[type[Role]]] = {
    Unattached: frozenset({Unattached, Prospective, Follower, Observer}),
    Prospective: frozenset({Unattached, Candidate, Follower, Observer}),
    Candidate: frozenset({Unattached, Prospective, Leader, Follower, Observer}),
    Leader: frozenset({Unattached, Resigned, Follower}),
    Resigned: frozenset({Unattached, Follower, Observer}),
    Follower: frozenset({Unattached, Prospective, Follower, Observer}),
    Observer: frozenset({Observer, Unattached, Follower}),
}
"""Which role may follow which. Only a prospective becomes a candidate, only a candidate leads."""


class QuorumState:
    """The member's identity, log, voters, requests and outputs, and its present `role`."""

    role: Role

    def __init__(
        self,
        config: RaftConfig,
        identity: Identity,
        log: LogView,
        voters: VoterHistory,
        persisted: ElectionState,
        random: Callable[[], float],
    ) -> None:
        """`persisted`: what the file says; `random`: numbers from 0 to less than 1."""
        self.config = config
        self.identity = identity
        self.log = log
        self.voters = voters
        self.requests = Requests(config.retry_backoff)
        self.ready = Ready()
        self.high_watermark: int | None = None
        self.lost_elections = 0
        self._persisted = persisted
        self._told: tuple[int, int | None, Endpoint | None] | None = None
        self._random = random
        self._next_bootstrap = 0

    def __str__(self) -> str:
        return f"{self.me} {self.role} log={self.log.end} hw={self.high_watermark}"

    # --- facts ---

    @property
    def me(self) -> ReplicaKey:
        return self.identity.key

    @property
    def own_endpoint(self) -> Endpoint | None:
        """Where the quorum reaches this member; None for a broker."""
        listener = self.identity.listener
        return next((endpoint for endpoint in self.identity.endpoints if endpoint.name == listener), None)

    @property
    def is_voter(self) -> bool:
        return self.me in self.voters.latest

    @property
    def is_sole_voter(self) -> bool:
        return self.is_voter and len(self.voters.latest) == 1

    def voter_endpoint(self, voter_id: int) -> Endpoint | None:
        voter = self.voters.latest.get(voter_id)
        return None if voter is None else voter.endpoint(self.identity.listener)

    def bootstrap_servers(self) -> Iterator[Endpoint]:
        """Where to ask for a leader, each once, beginning with the one after the last one tried."""
        servers = list(self.identity.bootstrap) or [
            endpoint
            for voter in self.voters.latest.voters
            if voter.key != self.me and (endpoint := voter.endpoint(self.identity.listener)) is not None
        ]
        for _ in servers:
            self._next_bootstrap += 1
            yield servers[self._next_bootstrap % len(servers)]

    # --- waits, in seconds ---

    def election_wait(self) -> float:
        """How long an election may take: one to two election timeouts."""
        return self.config.election_timeout * (1.0 + self._random())

    def quick_wait(self) -> float:
        """How long to wait before a pre-vote when the leader is surely gone."""
        return self.config.quick_min + (self.config.quick_max - self.config.quick_min) * self._random()

    def stand_back_wait(self) -> float:
        """How long to leave the field to someone who seems about to stand for election."""
        return self.config.quick_max + self.quick_wait()

    def backoff_wait(self) -> float:
        """How long to wait after an election without a winner; the range doubles with each such election in a row."""
        self.lost_elections += 1
        longest = min(self.config.quick_max * (1 << min(self.lost_elections, 20)), self.config.backoff_max)
        shortest = min(self.config.quick_min, longest)
        return shortest + (longest - shortest) * self._random()

    # --- outputs ---

    def send(self, to: Endpoint, peer_id: int, request: Request) -> None:
        self.ready.messages.append(self.requests.send(to, peer_id, request))

    def reply(self, token: object, response: Response, read_from: int | None = None) -> None:
        self.ready.replies.append(Reply(token, response, read_from))

    def answer(self, kind: type[R], *, error: ErrorCode = ErrorCode.NONE, **fields: Any) -> R:
        """A response of that kind, with what this member knows of the quorum."""
        leader_id = self.role.leader_id
        endpoint = None
        if leader_id is not None:
            endpoint = self.own_endpoint if leader_id == self.me.id else self.role.leader_endpoint
        return kind(epoch=self.role.epoch, leader_id=leader_id, endpoint=endpoint, error=error, **fields)

    def persist(self) -> None:
        """Has the election state written if it differs from what is on disk."""
        election_state = self.role.election_state()
        if election_state != self._persisted:
            self._persisted = election_state
            self.ready.election_state = election_state

    def append(self, batch: Batch, now: float) -> None:
        """Appends to the log; asks for a sync if others may come to count on this member's copy."""
        self.log.append(batch)
        self.ready.append.append(batch)
        if self.identity.endpoints:
            self.ready.sync = Sync(self.log.end_offset, self.log.generation)
        else:
            self.log.synced_offset = self.log.end_offset
        if batch.voters is not None:
            self.voters.add(batch.base_offset, batch.voters)
            self._voters_changed(now)

    def truncate(self, end_offset: int, now: float) -> None:
        self.log.truncate(end_offset)
        self.ready.truncate_to = end_offset
        if not self.log.is_synced:
            self.ready.sync = Sync(end_offset, self.log.generation)
        voters = self.voters.latest
        self.voters.truncate(end_offset)
        if self.voters.latest is not voters:
            self._voters_changed(now)

    def advance_high_watermark(self, offset: int) -> None:
        if self.high_watermark is None or offset > self.high_watermark:
            self.high_watermark = offset
            self.ready.committed = offset

    # --- roles ---

    def become_unattached(
        self,
        epoch: int,
        now: float,
        *,
        leader_id: int | None = None,
        deadline: float | None = None,
    ) -> None:
        """Knows no leader in `epoch`. A vote given in it is kept. Until `deadline` others may come forward."""
        voted: ReplicaKey | None = None
        if epoch == self.role.epoch:
            leader_id, voted = self.role.leader_id, self.role.voted
        if not self.is_voter:
            self._swap(Observer(self, epoch, leader_id, None, voted, math.inf))
            return
        deadline = now + self.stand_back_wait() if deadline is None else deadline
        self._swap(Unattached(self, epoch, deadline, leader_id, voted))

    def become_follower(
        self, epoch: int, leader_id: int, endpoint: Endpoint, now: float, *, lost_until: float | None = None
    ) -> None:
        """Follows `leader_id` at `endpoint`; `lost_until`: it is not there, stand for election at that time."""
        voted = self.role.voted if epoch == self.role.epoch else None
        deadline = now + self.config.fetch_timeout if lost_until is None else lost_until
        if self.is_voter:
            self._swap(Follower(self, epoch, deadline, leader_id, endpoint, voted, lost_until is not None))
        else:
            self._swap(Observer(self, epoch, leader_id, endpoint, voted, deadline))

    def become_prospective(self, now: float) -> None:
        """Asks whether an election would be won, in the present epoch."""
        role = self.role
        deadline = now + self.election_wait()
        self._swap(Prospective(self, role.epoch, deadline, role.leader_id, role.leader_endpoint, role.voted))

    def become_candidate(self, now: float) -> None:
        self._swap(Candidate(self, self.role.epoch + 1, now + self.election_wait()))

    def become_leader(self, granting: Collection[int], now: float) -> None:
        self.lost_elections = 0
        leader = Leader(self, self.role.epoch, now)
        self._swap(leader)
        leader.open_epoch(granting, now)

    def become_resigned(self, preferred: tuple[ReplicaKey, ...], now: float) -> None:
        self._swap(Resigned(self, self.role.epoch, now + self.election_wait(), preferred))

    def start_as(self, role: Role) -> None:
        """Takes the first role."""
        self.role = role
        self._announce_role()

    def _swap(self, role: Role) -> None:
        old = self.role
        if type(role) not in TRANSITIONS[type(old)] or role.epoch < old.epoch:
            raise AssertionError(f"{old} must not become {role}")
        self.role = role
        self.requests.reset()
        self._announce_role()
        old.close()

    def _announce_role(self) -> None:
        self.persist()
        role = self.role
        endpoint = self.own_endpoint if role.leader_id == self.me.id else role.leader_endpoint
        if self._told != (role.epoch, role.leader_id, endpoint):
            self._told = (role.epoch, role.leader_id, endpoint)
            start_offset = role.start_offset if isinstance(role, Leader) else None
            self.ready.leadership = Leadership(role.epoch, role.leader_id, endpoint, start_offset)

    def _voters_changed(self, now: float) -> None:
        """Takes the role that fits the new voter set: with a vote one stands for election, without one does not."""
        role = self.role
        if isinstance(role, Leader | Resigned) or isinstance(role, Observer) != self.is_voter:
            return
        if role.leader_id is not None and role.leader_endpoint is not None:
            self.become_follower(role.epoch, role.leader_id, role.leader_endpoint, now)
        else:
            self.become_unattached(role.epoch, now)
