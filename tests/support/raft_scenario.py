"""The commands of raft's scenario files.

    quorum 3 [observers=1]                  names the members: voters 1, 2, 3, then observers
    elect 3 [observers=1]                   the same; starts the voters, lets member 1 be elected, prints the end only
    start N... | crash N [power]            processes come and go; `power`: what was not synced is lost as well
    deliver [A>B...]                        hands over messages under way, all or of those links, until none is left
    round [A>B...]                          hands over what is under way, but not what comes of it
    drop [A>B...]                           loses them instead
    fail [A>B...]                           says to their senders that nobody is reachable there
    sync [N...]                             completes the syncs asked for
    time SECONDS                            passes time; deadlines are met on the way
    append N COUNT | resign N | close N LEADER   events of those names
    ask N vote|prevote epoch=E from=C [dir=D] end=OFFSET@EPOCH   a vote request from nowhere
    ask N fetch epoch=E from=C at=OFFSET@EPOCH [wait=S]          a fetch from nowhere
    show                                    one line a member

Each `Ready` is printed, a line an action. Instead of random numbers member 1 gets 0.1, member 2 gets 0.2, and so on.
"""

from __future__ import annotations

import re
from collections.abc import Callable
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
from barnabas.raft.log_view import Batch, EpochOffset, LogView
from barnabas.raft.messages import FetchRequest, FetchResponse, Request, Response, VoteRequest
from barnabas.raft.node import RaftNode
from barnabas.raft.ready import Message, Payload, Ready, Reply, Sync
from barnabas.raft.voters import Endpoint, ReplicaKey, Voter, VoterHistory, VoterSet

LISTENER = "CONTROLLER"


@dataclass(slots=True)
class _Member:
    id: int
    is_voter: bool
    node: RaftNode | None = None
    election_state: ElectionState = field(default_factory=ElectionState)
    log: list[Batch] = field(default_factory=list)
    synced: list[Batch] = field(default_factory=list)
    sync: Sync | None = None


@dataclass(frozen=True, slots=True)
class _Packet:
    """A request on its way, or with `response` its answer on the way back."""

    sender: int
    receiver: int
    message: Message
    response: Response | None = None


def key(node_id: int, directory: int | None = None) -> ReplicaKey:
    return ReplicaKey(node_id, (node_id if directory is None else directory).to_bytes(2, "big") + bytes(14))


def endpoint(node_id: int) -> Endpoint:
    return Endpoint(LISTENER, f"node{node_id}", 9093)


class RaftScenario:
    """A few members and the messages between them, moved by commands."""

    def __init__(self) -> None:
        self.now = 0.0
        self.config = RaftConfig()
        self.members: dict[int, _Member] = {}
        self.voters = VoterSet()
        self.packets: list[_Packet] = []
        self.output: list[str] = []

    def execute(self, command: str) -> list[str]:
        """Runs one command; returns what it printed."""
        self.output = []
        name, *arguments = command.split()
        handler: Callable[[list[str]], None] = getattr(self, f"do_{name}")
        handler(arguments)
        return self.output

    # --- commands ---

    def do_quorum(self, arguments: list[str]) -> None:
        options = dict(argument.split("=") for argument in arguments[1:])
        voters, observers = int(arguments[0]), int(options.get("observers", 0))
        self.members = {i: _Member(i, i <= voters) for i in range(1, voters + observers + 1)}
        self.voters = VoterSet(tuple(Voter(key(i), (endpoint(i),)) for i in range(1, voters + 1)))

    def do_elect(self, arguments: list[str]) -> None:
        self.do_quorum(arguments)
        self.do_start([str(voter.id) for voter in self.voters.voters])
        self.do_time(["0.02"])
        while self.packets or any(member.sync for member in self.members.values()):
            before = len(self.output)
            self.do_deliver([])
            self.do_sync([])
            if len(self.output) == before:
                break
        self.output = []
        self.do_show([])

    def do_start(self, arguments: list[str]) -> None:
        for node_id in map(int, arguments):
            member = self.members[node_id]
            epochs: list[EpochOffset] = []
            voters = VoterHistory(self.voters)
            for batch in member.log:
                if not epochs or batch.epoch > epochs[-1].epoch:
                    epochs.append(EpochOffset(batch.epoch, batch.base_offset))
                if batch.voters is not None:
                    voters.add(batch.base_offset, batch.voters)
            identity = Identity(
                cluster_id="c",
                key=key(node_id),
                endpoints=(endpoint(node_id),) if member.is_voter else (),
                bootstrap=tuple(endpoint(voter.id) for voter in self.voters.voters),
            )
            end = member.log[-1].next_offset if member.log else 0
            log, rank = LogView(0, end, epochs), node_id / 10
            member.synced = list(member.log)
            member.node = RaftNode(self.config, identity, log, voters, member.election_state, lambda rank=rank: rank)
            self._step(node_id, Started())

    def do_crash(self, arguments: list[str]) -> None:
        member = self.members[int(arguments[0])]
        member.node, member.sync = None, None
        if "power" in arguments:
            member.log = list(member.synced)
        self.packets = [p for p in self.packets if member.id != (p.receiver if p.response else p.sender)]

    def do_deliver(self, links: list[str]) -> None:
        while taken := self._take(links):
            for packet in taken:
                self._deliver(packet)

    def do_round(self, links: list[str]) -> None:
        for packet in self._take(links):
            self._deliver(packet)

    def do_drop(self, links: list[str]) -> None:
        for packet in self._take(links):
            self.output.append(f"lost {packet.sender}>{packet.receiver}: {packet.response or packet.message.request}")

    def do_fail(self, links: list[str]) -> None:
        for packet in self._take(links):
            if packet.response is None:
                self._step(packet.sender, RequestFailed(packet.message.correlation, unreachable=True))

    def do_sync(self, arguments: list[str]) -> None:
        for member in self.members.values():
            if member.sync is not None and (not arguments or str(member.id) in arguments):
                sync, member.sync = member.sync, None
                member.synced = list(member.log)
                self._step(member.id, Synced(sync))

    def do_time(self, arguments: list[str]) -> None:
        end = self.now + float(arguments[0])
        while True:
            running = [member for member in self.members.values() if member.node is not None]
            member = min(running, key=lambda member: member.node.next_deadline() if member.node else end)
            deadline = member.node.next_deadline() if member.node is not None else end
            if deadline > end:
                break
            self.now = max(self.now, deadline)
            self._step(member.id, TimePassed())
        self.now = end

    def do_append(self, arguments: list[str]) -> None:
        self._step(int(arguments[0]), Append((Payload(int(arguments[1]), object()),)))

    def do_resign(self, arguments: list[str]) -> None:
        self._step(int(arguments[0]), Resign())

    def do_close(self, arguments: list[str]) -> None:
        self._step(int(arguments[0]), LeaderConnectionClosed(int(arguments[1])))

    def do_ask(self, arguments: list[str]) -> None:
        node_id, kind = int(arguments[0]), arguments[1]
        options = dict(argument.split("=") for argument in arguments[2:])
        sender = int(options["from"])
        replica = key(sender, int(options["dir"]) if "dir" in options else None)
        epoch, cluster_id = int(options["epoch"]), options.get("cluster", "c")
        request: Request
        if kind == "fetch":
            at = _epoch_offset(options["at"])
            wait = float(options.get("wait", 0))
            request = FetchRequest(
                cluster_id=cluster_id,
                epoch=epoch,
                replica=replica,
                offset=at.offset,
                last_epoch=at.epoch,
                max_wait=wait,
            )
        else:
            voter = key(node_id, int(options["to_dir"]) if "to_dir" in options else None)
            request = VoteRequest(
                cluster_id=cluster_id,
                epoch=epoch,
                candidate=replica,
                voter=voter,
                log_end=_epoch_offset(options["end"]),
                pre_vote=kind == "prevote",
            )
        self._step(node_id, RequestReceived(None, request))

    def do_show(self, arguments: list[str]) -> None:
        for member in self.members.values():
            self.output.append(f"{member.id}: {'down' if member.node is None else member.node}")

    # --- the driver ---

    def _step(self, node_id: int, event: Event) -> None:
        member = self.members[node_id]
        if member.node is None:
            return
        member.node.step(event, self.now)
        ready = member.node.ready()
        prefix = f"{self.now:.3f} {node_id}"
        self.output.append(f"{prefix}: {event}")
        self.output += [f"    {line}" for line in ready.lines()]
        self._carry_out(member, ready)
        member.node.advance(ready)

    def _carry_out(self, member: _Member, ready: Ready) -> None:
        if ready.election_state is not None:
            member.election_state = ready.election_state
        if ready.truncate_to is not None:
            member.log = [batch for batch in member.log if batch.next_offset <= ready.truncate_to]
        member.log += ready.append
        member.sync = ready.sync or member.sync
        for message in ready.messages:
            receiver = next(i for i in self.members if endpoint(i) == message.to)
            self.packets.append(_Packet(member.id, receiver, message))
        for reply in ready.replies:
            self._answer(member, reply)

    def _answer(self, member: _Member, reply: Reply) -> None:
        response = reply.response
        if reply.read_from is not None and isinstance(response, FetchResponse):
            batches = tuple(batch for batch in member.log if batch.base_offset >= reply.read_from)
            response = replace(response, batches=batches)
        if isinstance(reply.token, _Packet):
            self.packets.append(replace(reply.token, response=response))

    def _take(self, links: list[str]) -> list[_Packet]:
        def is_meant(packet: _Packet) -> bool:
            ends = (packet.sender, packet.receiver) if packet.response is None else (packet.receiver, packet.sender)
            return not links or f"{ends[0]}>{ends[1]}" in links

        taken = [packet for packet in self.packets if is_meant(packet)]
        self.packets = [packet for packet in self.packets if not is_meant(packet)]
        return taken

    def _deliver(self, packet: _Packet) -> None:
        if packet.response is not None:
            self._step(packet.sender, ResponseReceived(packet.message.correlation, packet.response))
        elif self.members[packet.receiver].node is None:
            self._step(packet.sender, RequestFailed(packet.message.correlation, unreachable=True))
        else:
            self._step(packet.receiver, RequestReceived(packet, packet.message.request))


def _epoch_offset(text: str) -> EpochOffset:
    offset, epoch = re.fullmatch(r"(-?\d+)@(-?\d+)", text).groups()  # type: ignore[union-attr]
    return EpochOffset(int(epoch), int(offset))
