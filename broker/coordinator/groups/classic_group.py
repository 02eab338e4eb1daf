"""A classic group: its members agree on a generation, choose a leader, and take from it who gets what.

    Empty                nobody is in it; offsets may be kept
    PreparingRebalance   members are asked to join again; those who did wait for the others
    CompletingRebalance  a generation is formed and its leader chosen; members wait for what the leader assigns
    Stable               all members have their assignments

                  join, leave, timeout             all joined                    leader's sync
    Empty, Stable ---------------------> Preparing ----------> Completing ---------------------> Stable
                                          | ^                     | join, leave, timeout
                                   nobody | +---------------------+
                                          v
                                        Empty

Only two of these are durable: a generation that is Stable, and that nobody is left. Each is a GroupMetadata record
with the whole group, and `recorded` is the last one replayed. Whatever happens in between is soft, and this class
changes it at once: who has joined or waits, which generation is next. When a coordinator takes over, the group is again
as it was recorded, its members' sessions start anew, and a member that knows of a later generation joins again.

What it keeps true: counters (`joining`, how many members support a protocol) are those of its members; the leader is a
member; a static instance belongs to one member; the protocol type is that of all members.

It knows neither time nor answers: see `classic_rebalance` and its neighbours.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import Enum
from typing import Final

from barnabas.broker.coordinator.answers import Waiter
from barnabas.broker.coordinator.groups.classic_member import ClassicMember, Protocols
from barnabas.broker.coordinator.groups.classic_records import (
    group_tombstone,
    member_of,
    subscribed_topics,
    timeouts_of,
)
from barnabas.broker.coordinator.groups.group import CLASSIC, CONSUMER_PROTOCOL, CheckPartition
from barnabas.broker.coordinator.records import Record
from barnabas.protocol.errors import ErrorCode, WireError
from barnabas.protocol.messages.group_metadata_value import GroupMetadataValue


class ClassicState(Enum):
    """See the module's text. The values are the names on the wire."""

    EMPTY = "Empty"
    PREPARING = "PreparingRebalance"
    COMPLETING = "CompletingRebalance"
    STABLE = "Stable"


TRANSITIONS: Final[Mapping[ClassicState, tuple[ClassicState, ...]]] = {
    ClassicState.EMPTY: (ClassicState.PREPARING,),
    ClassicState.PREPARING: (ClassicState.COMPLETING, ClassicState.EMPTY),
    ClassicState.COMPLETING: (ClassicState.STABLE, ClassicState.PREPARING),
    ClassicState.STABLE: (ClassicState.PREPARING, ClassicState.STABLE),
}
"""From a state to those that may follow."""


class ClassicGroup:
    """See the module's text."""

    __slots__ = (
        "_supported",
        "generation",
        "has_newcomers",
        "id",
        "initial_delay",
        "joining",
        "kind",
        "leader",
        "members",
        "pending",
        "protocol",
        "recorded",
        "replacement",
        "state",
        "static",
        "subscriptions",
        "unsynced",
    )

    def __init__(self, group_id: str) -> None:
        self.id: Final = group_id
        self.state = ClassicState.EMPTY
        self.generation = 0
        self.kind: str | None = None
        """The protocol type of its members; None if it has never had any."""
        self.protocol: str | None = None
        """What all members of this generation support, and most want."""
        self.leader: str | None = None
        self.members: dict[str, ClassicMember] = {}
        self.static: dict[str, str] = {}
        """Member ids by instance id."""
        self.pending: set[str] = set()
        """Ids that were given out, to be joined with."""
        self.unsynced: set[str] = set()
        """Members of this generation that have not yet asked for their assignments."""
        self.joining = 0
        """How many members wait with a JoinGroup."""
        self.initial_delay: tuple[float, float] | None = None
        """The rebalance under way began when nobody was in the group, and waits for more members: for how long at
        present, and how much longer it may, in seconds."""
        self.has_newcomers = False
        """Somebody joined since it was last put off."""
        self.subscriptions: frozenset[str] | None = None
        """Topics that members read; None if unknown."""
        self.replacement: ClassicMember | None = None
        """A static member that has restarted, until it is recorded."""
        self.recorded: GroupMetadataValue | None = None
        self._supported: dict[str, int] = {}

    # As every group

    @property
    def type(self) -> str:
        """See `Group`."""
        return CLASSIC

    @property
    def state_name(self) -> str:
        """See `Group`."""
        return self.state.value

    @property
    def protocol_type(self) -> str:
        """See `Group`."""
        return self.kind or ""

    @property
    def is_empty(self) -> bool:
        """See `Group`. Ids given out to be joined with do not count."""
        return self.state is ClassicState.EMPTY

    @property
    def is_of_consumers(self) -> bool:
        """Whether its subscriptions can be read."""
        return self.kind == CONSUMER_PROTOCOL

    def is_subscribed_to(self, topic: str) -> bool:
        """See `Group`. Where subscriptions of consumers are unknown, they may be anything."""
        return self.is_of_consumers if self.subscriptions is None else topic in self.subscriptions

    def check_offset_commit(
        self, member_id: str, instance_id: str | None, generation: int, version: int, *, transactional: bool = False
    ) -> CheckPartition | None:
        """See `Group`. Outside of any generation (below 0) offsets are committed while nobody is in the group."""
        if generation < 0 and self.is_empty:
            return None
        if generation >= 0 or member_id or instance_id is not None:
            self.check_member(member_id, instance_id)
            if generation != self.generation:
                raise WireError(ErrorCode.ILLEGAL_GENERATION)
        elif not transactional:
            raise WireError(ErrorCode.UNKNOWN_MEMBER_ID)
        if not transactional and self.state is ClassicState.COMPLETING:
            raise WireError(ErrorCode.REBALANCE_IN_PROGRESS)
        return None

    def check_offset_fetch(self, member_id: str | None, member_epoch: int) -> None:
        """See `Group`. Anybody may."""

    def check_offset_delete(self) -> None:
        """See `Group`."""
        if not self.is_empty and not self.is_of_consumers:
            raise WireError(ErrorCode.NON_EMPTY_GROUP)

    def check_delete(self) -> None:
        """See `Group`."""
        if not self.is_empty:
            raise WireError(ErrorCode.NON_EMPTY_GROUP)

    @property
    def expires_offsets(self) -> bool:
        """See `Group`. While members come and go nothing is certain, and then nothing grows old."""
        if self.kind is None or self.is_empty:
            return True
        return self.is_of_consumers and self.subscriptions is not None and self.state is ClassicState.STABLE

    @property
    def offsets_age_from_ms(self) -> int | None:
        """See `Group`. Where members have been, all offsets are kept for some time after the last one has left."""
        if self.kind is None or not self.is_empty or self.recorded is None:
            return None
        emptied_ms = self.recorded.current_state_timestamp
        return None if emptied_ms < 0 else emptied_ms

    def tombstones(self) -> list[Record]:
        """See `Group`."""
        return [group_tombstone(self.id)]

    # Members

    def check_member(self, member_id: str, instance_id: str | None) -> None:
        """Whether this member is in the group, and nobody else has taken its instance id."""
        if instance_id is not None:
            current = self.static.get(instance_id)
            if current is not None and current != member_id:
                raise WireError(ErrorCode.FENCED_INSTANCE_ID)
            if current is None:
                raise WireError(ErrorCode.UNKNOWN_MEMBER_ID)
        if member_id not in self.members:
            raise WireError(ErrorCode.UNKNOWN_MEMBER_ID)

    def supports(self, protocol_type: str, protocols: Protocols) -> bool:
        """Whether a member with these protocols can join: one of them is supported by all who are in the group."""
        if self.is_empty:
            return bool(protocol_type and protocols)
        count = len(self.members)
        return protocol_type == self.kind and any(self._supported.get(name, 0) == count for name, _ in protocols)

    def add(self, member: ClassicMember, protocol_type: str) -> None:
        """Let a member in. The first one leads, and says what kind of group this is."""
        if not self.members:
            self.kind = protocol_type
        if self.leader is None:
            self.leader = member.id
        self.pending.discard(member.id)
        self._insert(member)

    def remove(self, member_id: str) -> ClassicMember | None:
        """Take a member out, or an id that was given out. If it led, another one does. Whoever waits on its behalf
        is the caller's to answer."""
        self.pending.discard(member_id)
        self.unsynced.discard(member_id)
        member = self.members.get(member_id)
        if member is not None:
            self._drop(member)
        if self.leader == member_id:
            self.leader = next(iter(self.members), None)
        return member

    def replace(self, old: ClassicMember, new: ClassicMember) -> None:
        """Let a static member that has restarted take its own place."""
        if self.leader == old.id:
            self.leader = new.id
        self.unsynced.discard(old.id)
        self._drop(old)
        self._insert(new)

    def update_protocols(self, member: ClassicMember, protocols: Protocols) -> None:
        """The member supports these now."""
        self._count(member, -1)
        member.protocols = protocols
        self._count(member, 1)

    def park_join(self, member: ClassicMember, waiter: Waiter) -> Waiter | None:
        """The member waits for the others. Returns who waited on its behalf before, and is to wait no longer."""
        previous, member.join = member.join, waiter
        self.joining += previous is None
        return previous

    def take_join(self, member: ClassicMember) -> Waiter | None:
        """Who waits for the member's JoinGroup, to be answered."""
        waiter, member.join = member.join, None
        self.joining -= waiter is not None
        return waiter

    def waiters(self) -> Iterator[Waiter]:
        """All who wait."""
        for member in self.members.values():
            if member.join is not None:
                yield member.join
            if member.sync is not None:
                yield member.sync

    def _insert(self, member: ClassicMember) -> None:
        self.members[member.id] = member
        if member.instance_id is not None:
            self.static[member.instance_id] = member.id
        self.joining += member.join is not None
        self._count(member, 1)

    def _drop(self, member: ClassicMember) -> None:
        del self.members[member.id]
        if member.instance_id is not None and self.static.get(member.instance_id) == member.id:
            del self.static[member.instance_id]
        self.joining -= member.join is not None
        self._count(member, -1)

    def _count(self, member: ClassicMember, change: int) -> None:
        supported = self._supported
        for name, _ in member.protocols:
            count = supported[name] = supported.get(name, 0) + change
            if not count:
                del supported[name]

    # Generations

    @property
    def all_joined(self) -> bool:
        """Whether nobody is left to be waited for."""
        return self.joining == len(self.members) and not self.pending

    @property
    def rebalance_timeout_ms(self) -> int:
        """The longest that a member asks for."""
        return max((member.rebalance_timeout_ms for member in self.members.values()), default=0)

    def elect_joined_leader(self) -> bool:
        """If the leader has not joined again, let one lead that has. Whether there is one."""
        leader = self.members.get(self.leader) if self.leader is not None else None
        if leader is not None and leader.join is None:
            leader = next((member for member in self.members.values() if member.join is not None), None)
            if leader is not None:
                self.leader = leader.id
        return leader is not None

    def choose_protocol(self, *, instead: tuple[ClassicMember, ClassicMember] | None = None) -> str | None:
        """The protocol that most members prefer among those which all support; of several the one first named.

        `instead`: as if of these two the second one were in the group rather than the first one.
        """
        members = list(self.members.values())
        if instead is not None:
            members[members.index(instead[0])] = instead[1]
        supported: dict[str, int] = {}
        for member in members:
            for name, _ in member.protocols:
                supported[name] = supported.get(name, 0) + 1
        candidates = {name for name, count in supported.items() if count == len(members)}
        votes: dict[str, int] = {}
        for member in members:
            if (choice := member.vote(candidates)) is not None:
                votes[choice] = votes.get(choice, 0) + 1
        return max(votes, key=votes.__getitem__, default=None)

    def begin_generation(self) -> None:
        """All who are in it now are the members of the next generation."""
        self.generation += 1
        self.protocol = self.choose_protocol()
        self.subscriptions = self._known_subscriptions()
        self.unsynced = set(self.members)
        self.initial_delay, self.has_newcomers = None, False
        self.become(ClassicState.COMPLETING)

    def become(self, state: ClassicState) -> None:
        """Go to another state; which may follow is in `TRANSITIONS`."""
        if state not in TRANSITIONS[self.state]:
            raise AssertionError(f"{self} cannot become {state.value}")
        self.state = state

    def _known_subscriptions(self) -> frozenset[str] | None:
        if not self.is_of_consumers:
            return None
        return subscribed_topics(member.metadata(self.protocol) for member in self.members.values())

    # Replay

    def replay(self, value: GroupMetadataValue) -> None:
        """The group is as recorded. Members that are known keep what is not in the record: all their protocols, and
        who waits on their behalf."""
        known = self.members
        if self.replacement is not None:
            known = {**known, self.replacement.id: self.replacement}
            self.replacement = None
        self.recorded = value
        self.generation = value.generation
        self.kind = value.protocol_type or None
        self.protocol = value.protocol
        self.leader = value.leader
        self.members, self.static, self._supported, self.joining = {}, {}, {}, 0
        for recorded in value.members:
            member = known.get(recorded.member_id)
            if member is None or member.metadata(value.protocol) != recorded.subscription:
                member = member_of(recorded, value.protocol)
            member.session_timeout_ms, member.rebalance_timeout_ms = timeouts_of(recorded)
            member.assignment = recorded.assignment
            self._insert(member)
        self.unsynced.intersection_update(self.members)
        self.initial_delay, self.has_newcomers = None, False
        self.subscriptions = self._known_subscriptions()
        self.state = ClassicState.STABLE if self.members else ClassicState.EMPTY

    def __str__(self) -> str:
        members = ", ".join(map(str, self.members.values()))
        pending = f" pending={len(self.pending)}" if self.pending else ""
        return (
            f"{self.id} {self.state.value} generation={self.generation} protocol={self.protocol} "
            f"leader={self.leader}{pending} [{members}]"
        )
