"""The core: one member of the metadata quorum.

    step(event, now)       something happened
    ready() -> Ready       what is to be done about it, in order
    advance(ready)         it is done
    next_deadline()        when to step `TimePassed`, if nothing happens before

The driver steps one event at a time and carries out the `Ready` of each before it steps the next. Given the same
events, times and random numbers the core does the same things.

What it keeps true, whatever the network does and whenever a member crashes:

- An epoch has at most one leader. (A voter grants one vote an epoch, remembers it on disk, and majorities overlap.)
- Epoch and high watermark never go back.
- What is below a high watermark is in the log of every later leader, so it is the same everywhere and stays. (A vote is
  granted only to a log that is no older than the voter's; the high watermark counts records on disk, and moves only on
  records of the leader's own epoch.)

What is left to the driver: the file of the election state, the log with its records, the network, the clock.

Errors are answered as Apache Kafka answers them: FENCED_LEADER_EPOCH to a request of an old epoch, UNKNOWN_LEADER_EPOCH
to a fetch of an epoch not seen here, NOT_LEADER_OR_FOLLOWER to a fetch that reached the wrong node, INVALID_VOTER_KEY
to what was meant for another directory, INCONSISTENT_CLUSTER_ID, INVALID_REQUEST. Every answer carries epoch and
leader, so that whoever asked learns of them.

KIP-595 (the protocol), KIP-853 (voters in the log), KIP-996 (pre-vote), KIP-1166 (the high watermark in fetches).
"""

from __future__ import annotations

from collections.abc import Callable

from barnabas.protocol.errors import ErrorCode, LocalProtocolError
from barnabas.protocol.types import ZERO_UUID
from barnabas.raft.config import Identity, RaftConfig
from barnabas.raft.election_state import ElectionState
from barnabas.raft.events import (
    Append,
    Event,
    LeaderConnectionClosed,
    RequestFailed,
    RequestReceived,
    Resign,
    ResponseReceived,
    Started,
    Synced,
    TimePassed,
)
from barnabas.raft.follower import Follower
from barnabas.raft.leader import Leader, require_leader
from barnabas.raft.log_view import LogView
from barnabas.raft.messages import (
    BeginQuorumEpochRequest,
    BeginQuorumEpochResponse,
    EndQuorumEpochRequest,
    EndQuorumEpochResponse,
    FetchRequest,
    FetchResponse,
    Response,
    VoteRequest,
    VoteResponse,
)
from barnabas.raft.observer import Observer
from barnabas.raft.quorum_state import QuorumState
from barnabas.raft.ready import Ready, Sync
from barnabas.raft.resigned import Resigned
from barnabas.raft.role import Role
from barnabas.raft.unattached import Unattached
from barnabas.raft.voters import Endpoint, ReplicaKey, VoterHistory


class RaftNode:
    """One member of the quorum, voter or observer."""

    def __init__(
        self,
        config: RaftConfig,
        identity: Identity,
        log: LogView,
        voters: VoterHistory,
        persisted: ElectionState,
        random: Callable[[], float],
    ) -> None:
        """`log` and `voters`: what the log holds, all of it synced. `persisted`: the content of `quorum-state`.
        `random`: numbers from 0 to less than 1."""
        self._state = QuorumState(config, identity, log, voters, persisted, random)
        self._persisted = persisted
        self._is_running = False
        self._taken: Ready | None = None

    # --- the four verbs ---

    def step(self, event: Event, now: float) -> None:
        """Takes what happened at `now` (seconds, never decreasing)."""
        if self._taken is not None or self._state.ready:
            raise LocalProtocolError("take and advance the Ready of the last step before the next step")
        if self._is_running == isinstance(event, Started):
            raise LocalProtocolError(f"{event} out of order: Started comes first, and once")
        self._state.requests.end_backoffs(now)
        self._dispatch(event, now)
        while True:
            role = self._state.role
            role.poll(now)
            if self._state.role is role:
                return

    def ready(self) -> Ready:
        """What the last step wants done."""
        self._taken = self._state.ready
        return self._taken

    def advance(self, ready: Ready) -> None:
        """Says that `ready` has been carried out."""
        if ready is not self._taken:
            raise LocalProtocolError("only the Ready that was taken can be advanced")
        self._taken = None
        self._state.ready = Ready()

    def next_deadline(self) -> float:
        """When to step `TimePassed`; infinity when only an event can bring anything."""
        return min(self._state.role.deadline, self._state.requests.next_retry)

    # --- what can be seen from outside ---

    @property
    def role(self) -> Role:
        return self._state.role

    @property
    def log(self) -> LogView:
        return self._state.log

    @property
    def voters(self) -> VoterHistory:
        return self._state.voters

    @property
    def high_watermark(self) -> int | None:
        """The end of what is known to be committed; None until a leader has said."""
        return self._state.high_watermark

    @property
    def is_leader(self) -> bool:
        return isinstance(self._state.role, Leader)

    def __str__(self) -> str:
        return str(self._state)

    # --- events ---

    def _dispatch(self, event: Event, now: float) -> None:
        state = self._state
        match event:
            case RequestReceived():
                self._handle_request(event, now)
            case ResponseReceived():
                self._handle_response(event, now)
            case RequestFailed():
                message = state.requests.failed(event.correlation)
                if message is not None:
                    state.requests.back_off(message.to, now)
                    state.role.handle_failure(message, event.unreachable, now)
            case Synced():
                self._handle_synced(event.sync)
            case Append():
                require_leader(state.role).append(event.payloads, now)
            case LeaderConnectionClosed():
                if event.leader_id == state.role.leader_id:
                    state.role.lose_leader(now)
            case Resign():
                if isinstance(state.role, Leader):
                    state.role.resign(now)
            case Started():
                self._start(now)
            case TimePassed():
                pass

    def _start(self, now: float) -> None:
        """Takes up what was on disk. Nobody is disturbed by a pre-vote, so no voter waits for a whole timeout."""
        state, was = self._state, self._persisted
        self._is_running = True
        epoch = max(was.epoch, state.log.last_epoch)
        soon = now if state.is_sole_voter else now + state.quick_wait()
        leader_id, voted = (was.leader_id, was.voted) if epoch == was.epoch else (None, None)
        endpoint = None if leader_id is None else state.voter_endpoint(leader_id)
        if leader_id == state.me.id:
            state.start_as(
                Resigned(state, epoch, soon, ()) if state.is_voter else self._observer(epoch, None, voted, now)
            )
        elif not state.is_voter:
            state.start_as(self._observer(epoch, leader_id, voted, now))
        elif leader_id is not None and endpoint is not None:
            deadline = now + state.config.fetch_timeout
            state.start_as(Follower(state, epoch, deadline, leader_id, endpoint, voted, is_lost=False))
        else:
            state.start_as(Unattached(state, epoch, soon, leader_id, voted))

    def _observer(self, epoch: int, leader_id: int | None, voted: ReplicaKey | None, now: float) -> Observer:
        endpoint = None if leader_id is None else self._state.voter_endpoint(leader_id)
        return Observer(self._state, epoch, leader_id, endpoint, voted, now + self._state.config.fetch_timeout)

    def _handle_synced(self, sync: Sync) -> None:
        log = self._state.log
        if sync.generation == log.generation:
            log.synced_offset = max(log.synced_offset, sync.offset)
        if isinstance(self._state.role, Leader):
            self._state.role.update_high_watermark()

    # --- requests ---

    def _handle_request(self, event: RequestReceived, now: float) -> None:
        state, request = self._state, event.request
        if request.cluster_id is not None and request.cluster_id != state.identity.cluster_id:
            kind = _response_kind(request)
            state.reply(event.token, state.answer(kind, error=ErrorCode.INCONSISTENT_CLUSTER_ID))
            return
        match request:
            case VoteRequest():
                state.reply(event.token, self._handle_vote(request, now))
            case BeginQuorumEpochRequest():
                state.reply(event.token, self._handle_begin_quorum_epoch(request, now))
            case EndQuorumEpochRequest():
                state.reply(event.token, self._handle_end_quorum_epoch(request, now))
            case FetchRequest():
                error = self._fetch_error(request)
                if error is not ErrorCode.NONE:
                    state.reply(event.token, state.answer(FetchResponse, error=error))
                else:
                    require_leader(state.role).handle_fetch(event.token, request, now)

    def _handle_vote(self, request: VoteRequest, now: float) -> VoteResponse:
        state = self._state
        if not request.is_legal or request.candidate.id < 0:
            return state.answer(VoteResponse, error=ErrorCode.INVALID_REQUEST)
        if request.epoch < state.role.epoch:
            return state.answer(VoteResponse, error=ErrorCode.FENCED_LEADER_EPOCH)
        if request.epoch > state.role.epoch:
            state.become_unattached(request.epoch, now)
        if not self._is_me(request.voter):
            return state.answer(VoteResponse, error=ErrorCode.INVALID_VOTER_KEY)
        role = state.role
        is_impostor = self._is_impostor(request.candidate)
        granted = not is_impostor and role.can_grant(request, request.log_end >= state.log.end, now)
        if granted:
            if not request.pre_vote:
                role.voted = request.candidate
                state.persist()
            role.granted(request, now)
        return state.answer(VoteResponse, granted=granted)

    def _is_me(self, key: ReplicaKey | None) -> bool:
        """Whether a request for `key` is for this replica; one that does not say is, and one without directory too."""
        me = self._state.me
        return key is None or (key.id == me.id and key.directory_id in (me.directory_id, ZERO_UUID))

    def _is_impostor(self, candidate: ReplicaKey) -> bool:
        """Whether the voters know the candidate's node with another directory: a voter that lost its disk has no vote
        and gets none. (A node that they do not know may be a voter of a newer set, and may get one.)"""
        voter = self._state.voters.latest.get(candidate.id)
        return voter is not None and voter.key != candidate

    def _handle_begin_quorum_epoch(self, request: BeginQuorumEpochRequest, now: float) -> BeginQuorumEpochResponse:
        state = self._state
        error = self._leader_request_error(request)
        if error is ErrorCode.NONE:
            if not self._learn(request.epoch, request.leader_id, self._listener(request.endpoints), now):
                error = ErrorCode.INVALID_REQUEST
            elif not self._is_me(request.voter):
                error = ErrorCode.INVALID_VOTER_KEY
            elif isinstance(state.role, Follower) and state.role.leader_id == request.leader_id:
                state.role.heard(now)
        return state.answer(BeginQuorumEpochResponse, error=error)

    def _handle_end_quorum_epoch(self, request: EndQuorumEpochRequest, now: float) -> EndQuorumEpochResponse:
        state = self._state
        error = self._leader_request_error(request)
        if error is ErrorCode.NONE:
            if not self._learn(request.epoch, request.leader_id, self._listener(request.endpoints), now):
                error = ErrorCode.INVALID_REQUEST
            elif isinstance(state.role, Follower) and state.role.leader_id == request.leader_id:
                state.role.lose_leader(now, self._succession_wait(request.preferred))
        return state.answer(EndQuorumEpochResponse, error=error)

    def _leader_request_error(self, request: BeginQuorumEpochRequest | EndQuorumEpochRequest) -> ErrorCode:
        if request.epoch < self._state.role.epoch:
            return ErrorCode.FENCED_LEADER_EPOCH
        return ErrorCode.INVALID_REQUEST if request.leader_id < 0 else ErrorCode.NONE

    def _succession_wait(self, preferred: tuple[ReplicaKey, ...]) -> float | None:
        """How long the successor at this place of the list waits: the first not at all, the next ones ever longer."""
        state = self._state
        if not preferred:
            return None
        place = next((index for index, key in enumerate(preferred) if self._is_me(key)), len(preferred))
        if place == 0:
            return 0.0
        return min(state.config.backoff_max, state.stand_back_wait() * (1 << (place - 1)))

    def _fetch_error(self, request: FetchRequest) -> ErrorCode:
        epoch = self._state.role.epoch
        if not request.is_legal:
            return ErrorCode.INVALID_REQUEST
        if request.epoch < epoch:
            return ErrorCode.FENCED_LEADER_EPOCH
        if request.epoch > epoch:
            return ErrorCode.UNKNOWN_LEADER_EPOCH
        return ErrorCode.NONE if self.is_leader else ErrorCode.NOT_LEADER_OR_FOLLOWER

    # --- responses ---

    def _handle_response(self, event: ResponseReceived, now: float) -> None:
        state, response = self._state, event.response
        message = state.requests.answered(event.correlation)
        if message is None:
            return
        role, epoch = state.role, state.role.epoch
        useless = response.error in (ErrorCode.INCONSISTENT_CLUSTER_ID, ErrorCode.UNKNOWN_LEADER_EPOCH)
        if (
            useless
            or response.epoch < epoch
            or not self._learn(response.epoch, response.leader_id, response.endpoint, now)
        ):
            state.requests.back_off(message.to, now)
            role.handle_failure(message, False, now)
            return
        if state.role is not role and (response.epoch > epoch or response.error is not ErrorCode.NONE):
            return
        state.role.handle_response(message, response, now)

    def _learn(self, epoch: int, leader_id: int | None, endpoint: Endpoint | None, now: float) -> bool:
        """Takes note of the leader and the epoch that a peer speaks of; False when it cannot be true."""
        state, role = self._state, self._state.role
        if leader_id == state.me.id and not (isinstance(role, Leader) and epoch == role.epoch):
            leader_id = None  # It led once; whoever says so has not heard yet that it does no more.
        if leader_id is not None and endpoint is None:
            endpoint = state.voter_endpoint(leader_id)
        if epoch == role.epoch and leader_id is not None:
            known = state.me.id if isinstance(role, Leader | Resigned) else role.leader_id
            if known not in (None, leader_id):
                state.ready.warnings.append(f"a peer calls {leader_id} the leader of {epoch}, but this is {state}")
                return False
            if known != state.me.id and role.leader_endpoint is None and endpoint is not None:
                state.become_follower(epoch, leader_id, endpoint, now)
        elif epoch > role.epoch:
            if leader_id is not None and endpoint is not None:
                state.become_follower(epoch, leader_id, endpoint, now)
            else:
                state.become_unattached(epoch, now, leader_id=leader_id)
        return True

    def _listener(self, endpoints: tuple[Endpoint, ...]) -> Endpoint | None:
        listener = self._state.identity.listener
        return next((endpoint for endpoint in endpoints if endpoint.name == listener), None)


def _response_kind(request: object) -> type[Response]:
    match request:
        case VoteRequest():
            return VoteResponse
        case BeginQuorumEpochRequest():
            return BeginQuorumEpochResponse
        case EndQuorumEpochRequest():
            return EndQuorumEpochResponse
        case _:
            return FetchResponse
