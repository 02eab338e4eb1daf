"""A quorum of cores on a plain event queue: no trio, no sockets, no files; everything follows from one seed.

The network loses, delays, reorders and duplicates; connections break; links are cut one way or both; members crash and
lose what they had not synced, or their whole disk; syncs take their time. After every event the invariants are
checked, and a broken one raises `Violation` with the seed. `Simulation.settle` heals everything and demands progress.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

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
from barnabas.raft.fetching import CommittedDataLost
from barnabas.raft.leader import Leader
from barnabas.raft.log_view import Batch, EpochOffset, LogView
from barnabas.raft.messages import FetchResponse, Response
from barnabas.raft.node import RaftNode
from barnabas.raft.ready import Message, Payload, Ready, Reply, Sync
from barnabas.raft.voters import Endpoint, ReplicaKey, Voter, VoterHistory, VoterSet

CLUSTER_ID = "simulated"
LISTENER = "CONTROLLER"


class Violation(AssertionError):
    """An invariant does not hold."""


@dataclass(slots=True)
class Disk:
    """What a member keeps: `log` as it is read, `synced` as it would be found after a power cut."""

    election_state: ElectionState = field(default_factory=ElectionState)
    log: list[Batch] = field(default_factory=list)
    synced: list[Batch] = field(default_factory=list)

    def cut(self, end_offset: int) -> None:
        while self.log and self.log[-1].next_offset > end_offset:
            self.log.pop()

    def crash(self, rng: random.Random) -> None:
        """Loses any part of what was not synced; a truncation that was not synced may be undone."""
        common = 0
        while common < min(len(self.log), len(self.synced)) and self.log[common] == self.synced[common]:
            common += 1
        if rng.random() < 0.5:
            self.log = list(self.synced)
        elif common == len(self.synced):
            self.log = self.log[: rng.randint(common, len(self.log))]
        self.synced = list(self.log)


@dataclass(slots=True)
class Faults:
    """How bad the world is: probabilities for each message, and mean seconds between events (0: never)."""

    loss: float = 0.0
    duplicate: float = 0.0
    longest_delay: float = 0.005
    longest_sync: float = 0.005
    crash_every: float = 0.0
    cut_every: float = 0.0
    disconnect_every: float = 0.0
    resign_every: float = 0.0
    wipe_every: float = 0.0
    power_loss: bool = True
    leader_crashes: float = 0.3
    batches_a_fetch: int = 5

    @classmethod
    def drawn(cls, rng: random.Random) -> Faults:
        """A random subset of faults at random strength, so that each seed has its own kind of weather."""

        def sometimes(value: float) -> float:
            return value if rng.random() < 0.6 else 0.0

        return cls(
            loss=sometimes(rng.uniform(0, 0.2)),
            duplicate=sometimes(rng.uniform(0, 0.2)),
            longest_delay=rng.choice([0.001, 0.01, 0.05, 0.5]),
            longest_sync=rng.choice([0.0, 0.005, 0.05, 0.3]),
            crash_every=sometimes(rng.uniform(0.3, 3)),
            cut_every=sometimes(rng.uniform(0.3, 3)),
            disconnect_every=sometimes(rng.uniform(0.1, 2)),
            resign_every=sometimes(rng.uniform(0.5, 4)),
            wipe_every=rng.uniform(2, 8) if rng.random() < 0.15 else 0.0,
            power_loss=rng.random() < 0.8,
            leader_crashes=rng.choice([0.0, 0.3, 0.8]),
            batches_a_fetch=rng.choice([1, 2, 10]),
        )


class Member:
    """One process and its disk."""

    def __init__(self, node_id: int, directory: int, is_controller: bool) -> None:
        self.node_id = node_id
        self.is_controller = is_controller
        self.directory = directory
        self.disk = Disk()
        self.node: RaftNode | None = None
        self.life = 0
        self.applied = 0
        self.next_timer = float("inf")

    @property
    def key(self) -> ReplicaKey:
        return ReplicaKey(self.node_id, self.directory.to_bytes(16, "big"))

    @property
    def endpoint(self) -> Endpoint:
        return Endpoint(LISTENER, f"node{self.node_id}", 9093)

    def __str__(self) -> str:
        return str(self.node) if self.node is not None else f"{self.key} down"


class Simulation:
    """`voters` controllers with a vote and `observers` brokers, under `faults`, all from `seed`."""

    def __init__(
        self,
        seed: int,
        voters: int = 3,
        observers: int = 1,
        faults: Faults | None = None,
        config: RaftConfig | None = None,
        *,
        forgets_votes: bool = False,
    ) -> None:
        """`forgets_votes` is a defect to be found: the election state is not written."""
        self.seed = seed
        self.rng = random.Random(seed)
        self.faults = Faults.drawn(self.rng) if faults is None else faults
        self.config = config or RaftConfig()
        self.now = 0.0
        self.trace: list[str] | None = None
        self.steps = 0
        self.members = {i: Member(i, i, i <= voters) for i in range(1, voters + observers + 1)}
        controllers = [member for member in self.members.values() if member.is_controller]
        self.voter_set = VoterSet(tuple(Voter(member.key, (member.endpoint,)) for member in controllers))
        self.committed: list[Batch] = []
        self._forgets_votes = forgets_votes
        self._queue: list[tuple[float, int, Callable[[], None]]] = []
        self._sequence = 0
        self._cut: set[tuple[int, int]] = set()
        self._leaders: dict[int, ReplicaKey] = {}
        self._votes: dict[tuple[ReplicaKey, int], ReplicaKey] = {}
        self._contents: dict[tuple[int, int], object] = {}
        self._proposals = 0
        self._calm = False
        self._wiped = 0

    # --- running ---

    def run(self, seconds: float) -> None:
        """Starts everybody, proposes records, lets faults happen."""
        for member in self.members.values():
            self._later(self.rng.uniform(0, 0.05), lambda member=member: self.start(member))
        self._every(0.05, self._propose)
        for every, action in (
            (self.faults.crash_every, self._crash_someone),
            (self.faults.cut_every, self._cut_something),
            (self.faults.disconnect_every, self._disconnect_someone),
            (self.faults.resign_every, self._resign_someone),
            (self.faults.wipe_every, self._wipe_someone),
        ):
            if every:
                self._every(every, action)
        self.run_until(seconds)

    def run_until(self, end: float, until: Callable[[], bool] | None = None) -> bool:
        """Runs events until `end`, or until the condition holds; says whether it does."""
        while self._queue and self._queue[0][0] <= end:
            if until is not None and until():
                return True
            self.now, _, action = heapq.heappop(self._queue)
            self.steps += 1
            action()
        self.now = end
        return until is not None and until()

    def settle(self, within: float) -> None:
        """Heals the world; demands that a leader is found, and that all agree on a record proposed after that."""
        self._calm = True
        self.faults = Faults()
        self._cut.clear()
        for member in self.members.values():
            if member.node is None:
                self.start(member)
        target = len(self.committed) + 3
        if not self.run_until(self.now + within, lambda: self._agree(target)):
            self.fail(f"no agreement {within} s after healing; {len(self.committed)} of {target} committed")

    def _agree(self, target: int) -> bool:
        return len(self.committed) >= target and all(
            member.node is not None and member.applied >= target for member in self.members.values()
        )

    def leader(self) -> Member | None:
        """The leader of the newest epoch that anyone leads."""
        leaders = [member for member in self.members.values() if member.node is not None and member.node.is_leader]
        return max(leaders, key=lambda member: member.node.role.epoch if member.node else 0, default=None)

    def fail(self, text: str) -> None:
        members = "\n  ".join(str(member) for member in self.members.values())
        raise Violation(f"seed {self.seed}, t={self.now:.3f}: {text}\n  {members}")

    def _later(self, delay: float, action: Callable[[], None]) -> None:
        self._sequence += 1
        heapq.heappush(self._queue, (self.now + delay, self._sequence, action))

    def _every(self, mean: float, action: Callable[[], None]) -> None:
        def again() -> None:
            action()
            self._every(mean, action)

        self._later(self.rng.uniform(0, 2 * mean), again)

    # --- the driver of one member ---

    def start(self, member: Member) -> None:
        if member.node is not None:
            return
        disk = member.disk
        epochs: list[EpochOffset] = []
        voters = VoterHistory(self.voter_set if member.key in self.voter_set or not member.is_controller else None)
        for batch in disk.log:
            if not epochs or batch.epoch > epochs[-1].epoch:
                epochs.append(EpochOffset(batch.epoch, batch.base_offset))
            if batch.voters is not None:
                voters.add(batch.base_offset, batch.voters)
        disk.synced = list(disk.log)
        end = disk.log[-1].next_offset if disk.log else 0
        identity = Identity(
            cluster_id=CLUSTER_ID,
            key=member.key,
            listener=LISTENER,
            endpoints=(member.endpoint,) if member.is_controller else (),
            bootstrap=tuple(Endpoint(LISTENER, f"node{voter.id}", 9093) for voter in self.voter_set.voters),
        )
        rng = random.Random(self.rng.random())
        member.node = RaftNode(self.config, identity, LogView(0, end, epochs), voters, disk.election_state, rng.random)
        member.life += 1
        member.applied = 0
        member.next_timer = float("inf")
        self.step(member, Started())

    def step(self, member: Member, event: Event) -> None:
        """Steps the core and carries out its Ready, in order."""
        node = member.node
        if node is None:
            return
        epoch, high_watermark = node.role.epoch if not isinstance(event, Started) else 0, node.high_watermark
        try:
            node.step(event, self.now)
        except CommittedDataLost as error:
            self.fail(str(error))
        ready = node.ready()
        if self.trace is not None:
            self.trace.append(f"{self.now:8.4f} {member.key}: {event} -> {node}: {ready}")
        self._check_step(member, node, ready, epoch, high_watermark)
        self._carry_out(member, ready)
        node.advance(ready)
        self._set_timer(member)

    def _carry_out(self, member: Member, ready: Ready) -> None:
        disk = member.disk
        if ready.warnings:
            self.fail(ready.warnings[0])
        if ready.election_state is not None and not self._forgets_votes:
            disk.election_state = ready.election_state
        if ready.truncate_to is not None:
            disk.cut(ready.truncate_to)
        for batch in ready.append:
            self._note_content(batch)
            disk.log.append(batch)
        if ready.sync is not None:
            self._sync(member, ready.sync)
        for message in ready.messages:
            self._send(member, message)
        if ready.committed is not None:
            self._apply(member, ready.committed)
        for reply in ready.replies:
            self._answer(member, reply)

    def _sync(self, member: Member, sync: Sync) -> None:
        snapshot = list(member.disk.log)
        life = member.life

        def done() -> None:
            if member.life == life and member.node is not None:
                if member.node.log.generation == sync.generation:
                    member.disk.synced = self._synced_image(member.disk, snapshot)
                self.step(member, Synced(sync))

        self._later(self.rng.uniform(0, self.faults.longest_sync), done)

    @staticmethod
    def _synced_image(disk: Disk, snapshot: list[Batch]) -> list[Batch]:
        """What is on disk once `snapshot` is: syncs may end in another order than they began."""
        newer = len(disk.synced) > len(snapshot) and disk.synced[: len(snapshot)] == snapshot
        return disk.synced if newer else snapshot

    def _set_timer(self, member: Member) -> None:
        if member.node is None:
            return
        deadline = member.node.next_deadline()
        if deadline == float("inf") or deadline >= member.next_timer:
            return
        member.next_timer = deadline
        life = member.life

        def ring() -> None:
            if member.life == life and member.node is not None and member.next_timer <= self.now:
                member.next_timer = float("inf")
                self.step(member, TimePassed())

        self._later(max(0.0, deadline - self.now), ring)

    # --- the network ---

    def _send(self, sender: Member, message: Message) -> None:
        receiver = next(member for member in self.members.values() if member.endpoint == message.to)
        life = sender.life
        answered = False

        def resolve(event: Event) -> None:
            nonlocal answered
            if not answered and sender.life == life:
                answered = True
                self.step(sender, event)

        def fail(unreachable: bool) -> None:
            resolve(RequestFailed(message.correlation, unreachable))

        def deliver() -> None:
            if receiver.node is None:
                self._later(self._delay(), lambda: fail(True))
            elif not self._is_lost(sender, receiver):
                self.step(receiver, RequestReceived(respond, message.request))

        def respond(response: Response) -> None:
            if not self._is_lost(receiver, sender):
                for _ in range(self._copies()):
                    self._later(self._delay(), lambda: resolve(ResponseReceived(message.correlation, response)))

        for _ in range(self._copies()):
            self._later(self._delay(), deliver)
        self._later(self.config.request_timeout, lambda: fail(False))

    def _answer(self, member: Member, reply: Reply) -> None:
        response = reply.response
        if reply.read_from is not None:
            assert isinstance(response, FetchResponse)
            batches = [batch for batch in member.disk.log if batch.base_offset >= reply.read_from]
            if not batches or batches[0].base_offset != reply.read_from:
                self.fail(f"{member} answers a fetch at {reply.read_from}, where no batch begins")
            response = replace(response, batches=tuple(batches[: self.rng.randint(1, self.faults.batches_a_fetch)]))
        respond = reply.token
        assert callable(respond)
        respond(response)

    def _delay(self) -> float:
        return self.rng.uniform(0.0001, self.faults.longest_delay)

    def _copies(self) -> int:
        return 2 if self.rng.random() < self.faults.duplicate else 1

    def _is_lost(self, sender: Member, receiver: Member) -> bool:
        return (sender.node_id, receiver.node_id) in self._cut or self.rng.random() < self.faults.loss

    # --- what happens to them ---

    def _propose(self) -> None:
        for member in self.members.values():
            if member.node is not None and member.node.is_leader:
                payloads = []
                for _ in range(self.rng.randint(1, 3)):
                    self._proposals += 1
                    payloads.append(Payload(self.rng.randint(1, 3), self._proposals))
                self.step(member, Append(tuple(payloads)))

    def crash(self, member: Member) -> None:
        """The process is gone; those connected to it notice, each in its time."""
        if member.node is None:
            return
        member.node = None
        member.life += 1
        if self.faults.power_loss:
            member.disk.crash(self.rng)
        for other in self.members.values():
            self._later(self._delay(), lambda other=other: self.step(other, LeaderConnectionClosed(member.node_id)))

    def _crash_someone(self) -> None:
        if self._calm:
            return
        leader = self.leader()
        aims = leader is not None and self.rng.random() < self.faults.leader_crashes
        member = leader if leader is not None and aims else self.rng.choice(list(self.members.values()))
        self.crash(member)
        self._later(self.rng.choice([0.01, 0.3, 3.0]), lambda: self.start(member))

    def _cut_something(self) -> None:
        ids = list(self.members)
        if self._calm or len(ids) < 2:
            return
        side = set(self.rng.sample(ids, self.rng.randint(1, len(ids) - 1)))
        one_way = self.rng.random() < 0.3
        cut = {(a, b) for a in ids for b in ids if (a in side) != (b in side) and (a in side or not one_way)}
        if self.rng.random() < 0.3:
            cut = {self.rng.choice(sorted(cut))}
        self._cut |= cut
        self._later(self.rng.uniform(0.05, 4), lambda: self._cut.difference_update(cut))

    def _disconnect_someone(self) -> None:
        leader = self.leader()
        if leader is not None and not self._calm:
            self.step(self.rng.choice(list(self.members.values())), LeaderConnectionClosed(leader.node_id))

    def _resign_someone(self) -> None:
        leader = self.leader()
        if leader is not None and not self._calm:
            self.step(leader, Resign())

    def _wipe_someone(self) -> None:
        """A voter comes back with an empty disk, and so as another replica. A majority is spared."""
        if self._calm or self._wiped + 1 >= self.voter_set.majority():
            return
        self._wiped += 1
        member = self.members[self.rng.randint(1, len(self.voter_set))]
        self.crash(member)
        member.disk, member.directory = Disk(), member.directory + 100
        self._later(1.0, lambda: self.start(member))

    # --- the invariants ---

    def _check_step(self, member: Member, node: RaftNode, ready: Ready, epoch: int, high_watermark: int | None) -> None:
        if node.role.epoch < epoch:
            self.fail(f"{member}: the epoch went back from {epoch}")
        if high_watermark is not None and (node.high_watermark is None or node.high_watermark < high_watermark):
            self.fail(f"{member}: the high watermark went back from {high_watermark}")
        if ready.truncate_to is not None and high_watermark is not None and ready.truncate_to < high_watermark:
            self.fail(f"{member}: cut at {ready.truncate_to} below the high watermark")
        self._check_vote(member, node)
        if isinstance(node.role, Leader):
            leader = self._leaders.setdefault(node.role.epoch, member.key)
            if leader != member.key:
                self.fail(f"two leaders in epoch {node.role.epoch}: {leader} and {member.key}")
            if ready.leadership is not None:
                self._check_complete(member)

    def _check_vote(self, member: Member, node: RaftNode) -> None:
        voted = node.role.voted
        if voted is not None and self._votes.setdefault((member.key, node.role.epoch), voted) != voted:
            self.fail(f"{member} voted twice in epoch {node.role.epoch}")

    def _check_complete(self, member: Member) -> None:
        """A new leader has everything that was ever committed (leader completeness)."""
        if member.disk.log[: len(self.committed)] != self.committed:
            self.fail(f"{member} leads without all of what is committed")

    def _note_content(self, batch: Batch) -> None:
        """What is at an offset in an epoch is the same in every log (log matching)."""
        if self._contents.setdefault((batch.base_offset, batch.epoch), batch.data) != batch.data:
            self.fail(f"two batches at {batch.base_offset} in epoch {batch.epoch}")

    def _apply(self, member: Member, high_watermark: int) -> None:
        """Hands committed batches to the application: everywhere the same ones, and a majority has them on disk."""
        log = member.disk.log
        while member.applied < len(log) and log[member.applied].next_offset <= high_watermark:
            batch = log[member.applied]
            if member.applied == len(self.committed):
                self.committed.append(batch)
                self._check_majority(batch)
            elif self.committed[member.applied] != batch:
                self.fail(f"{member} commits {batch} where {self.committed[member.applied]} was committed")
            member.applied += 1

    def _check_majority(self, batch: Batch) -> None:
        holders = [
            member
            for member in self.members.values()
            if member.key in self.voter_set and self._holds(member.disk.synced, batch)
        ]
        if len(holders) < self.voter_set.majority() and not self._wiped:
            self.fail(f"{batch} counts as committed, but is on the disks of {[str(m.key) for m in holders]} only")

    @staticmethod
    def _holds(log: Iterable[Batch], batch: Batch) -> bool:
        return any(other == batch for other in reversed(list(log)))
