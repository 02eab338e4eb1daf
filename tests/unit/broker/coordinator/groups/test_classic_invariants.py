"""Whatever members, time and failures do: everybody is answered once, and the group is what its members think it is.

Hypothesis plays clients that join, sync, send heartbeats, commit, vanish and come back, a log that refuses or delays,
and coordinators that move.
"""

from __future__ import annotations

from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from barnabas.broker.coordinator.groups.classic_group import ClassicGroup, ClassicState
from barnabas.broker.coordinator.groups.config import GroupConfig
from barnabas.protocol.errors import ErrorCode
from barnabas.protocol.messages.delete_groups import DeleteGroupsRequest
from group_harness import Asked, GroupHarness
from group_requests import commit, delete_offsets, fetch, heartbeat, join, leave, sync, txn_commit

CLIENTS = st.integers(0, 4)
PROTOCOLS = st.sampled_from([(("a", b"1"),), (("a", b"1"), ("b", b"2")), (("b", b"2"), ("a", b"1")), (("a", b"3"),)])
TOPICS = st.sampled_from(["t", "u"])
PRODUCERS = st.integers(1, 2)


class Client:
    """A consumer: what it was told last, and what it waits for. With an instance it is static."""

    def __init__(self, number: int) -> None:
        self.instance = f"i{number}" if number >= 3 else None
        self.id = ""
        self.generation = -1
        self.leads = False
        self.members: list[str] = []
        self.waits: Asked | None = None

    def forget(self) -> None:
        """As after a restart; nobody reads an answer that may still come."""
        self.id, self.generation, self.leads, self.waits = "", -1, False, None


class Groups(RuleBasedStateMachine):
    """See the module."""

    def __init__(self) -> None:
        super().__init__()
        self.clients = [Client(number) for number in range(5)]
        self.asked: list[Asked] = []
        self.handed_back = 0
        self.leaders: dict[tuple[ClassicGroup, int], str] = {}

    @initialize(delay=st.sampled_from([0.0, 3.0]), max_size=st.sampled_from([2, 100]))
    def start(self, delay: float, max_size: int) -> None:
        self.h = GroupHarness(
            GroupConfig(
                initial_rebalance_delay=delay, max_size=max_size, retention_ms=200_000, retention_check_interval=50
            )
        )

    # What clients do

    def ask(self, request: Any, version: int | None = None, **how: Any) -> Asked:
        asked = self.h.ask(request, version, **how)
        self.asked.append(asked)
        return asked

    @rule(number=CLIENTS, protocols=PROTOCOLS, version=st.sampled_from([3, 9]))
    def joins(self, number: int, protocols: tuple[tuple[str, bytes], ...], version: int) -> None:
        client = self.clients[number]
        request = join(client.id, instance=client.instance, protocols=protocols, session=10, rebalance=20)
        client.waits = self.ask(request, version)
        self.hears(client)

    @rule(number=CLIENTS)
    def hears_of_its_join(self, number: int) -> None:
        self.hears(self.clients[number])

    def hears(self, client: Client) -> None:
        asked = client.waits
        if asked is None or not asked.answered:
            return
        client.waits = None
        response = asked.response
        if asked.error is None and response.error_code == ErrorCode.MEMBER_ID_REQUIRED:
            client.id = response.member_id
        elif asked.error is None and not response.error_code:
            client.id, client.generation = response.member_id, response.generation_id
            client.leads = response.leader == client.id
            client.members = [member.member_id for member in response.members]
            assert (client.id in client.members) if client.leads else client.members == []
        elif asked.code in (ErrorCode.UNKNOWN_MEMBER_ID, ErrorCode.FENCED_INSTANCE_ID):
            client.forget()

    @rule(number=CLIENTS)
    def syncs(self, number: int) -> None:
        client = self.clients[number]
        given = dict.fromkeys(client.members, b"x") if client.leads else {}
        self.ask(sync(client.id, client.generation, given, instance=client.instance))

    @rule(number=CLIENTS)
    def lives(self, number: int) -> None:
        client = self.clients[number]
        self.ask(heartbeat(client.id, client.generation, instance=client.instance))

    @rule(number=CLIENTS)
    def leaves(self, number: int) -> None:
        client = self.clients[number]
        self.ask(leave(client.id, instance=client.instance))

    @rule(number=CLIENTS)
    def restarts(self, number: int) -> None:
        self.clients[number].forget()

    @rule(number=CLIENTS, topic=TOPICS, offset=st.integers(0, 9))
    def commits(self, number: int, topic: str, offset: int) -> None:
        client = self.clients[number]
        self.ask(commit({topic: {0: offset, 1: offset}}, client.id, client.generation, instance=client.instance))

    @rule(topic=TOPICS, offset=st.integers(0, 9), producer=PRODUCERS)
    def commits_in_a_transaction(self, topic: str, offset: int, producer: int) -> None:
        self.ask(txn_commit({topic: {0: offset}}, producer))

    @precondition(lambda self: self.h.refusing is None)
    @rule(producer=PRODUCERS, committed=st.booleans())
    def ends_a_transaction(self, producer: int, committed: bool) -> None:
        self.h.end_transaction(producer, committed=committed)

    @rule(topic=TOPICS)
    def deletes_offsets(self, topic: str) -> None:
        self.ask(delete_offsets({topic: [0]}))

    @rule()
    def deletes_the_group(self) -> None:
        self.ask(DeleteGroupsRequest(groups_names=["g"]))

    @rule(stable=st.booleans())
    def fetches(self, stable: bool) -> None:
        self.ask(fetch(), require_stable=stable)

    # What happens to them

    @rule(seconds=st.sampled_from([0.0, 1.0, 4.0, 11.0, 25.0, 400.0]))
    def time_passes(self, seconds: float) -> None:
        self.h.advance(seconds)

    @rule(refuses=st.booleans())
    def log_refuses(self, refuses: bool) -> None:
        self.h.refusing = ErrorCode.NOT_ENOUGH_REPLICAS if refuses else None

    @rule()
    def log_holds(self) -> None:
        self.h.holding = True

    @rule()
    def log_commits(self) -> None:
        self.h.holding = False
        self.h.commit()

    @rule()
    def coordinator_moves(self) -> None:
        self.h.holding = False
        self.h.commit()
        for waiter in self.h.machine.closed():
            waiter.reply(None)
            self.handed_back += 1
        for client in self.clients:
            if client.waits is not None and client.waits.response is None:
                client.waits = None
        before = self.h.durable()
        self.h.reload()
        assert self.h.durable() == before

    # What is always so

    @invariant()
    def the_group_is_consistent(self) -> None:
        group = self.h.machine.groups.get("g") if hasattr(self, "h") else None
        if not isinstance(group, ClassicGroup):
            return
        members = group.members.values()
        assert group.joining == sum(member.join is not None for member in members)
        assert group.leader in group.members if group.members else group.leader is None
        assert group.static == {member.instance_id: member.id for member in members if member.instance_id is not None}
        assert not group.pending & set(group.members)
        assert group.unsynced <= set(group.members)
        assert all(member.join is None for member in members) or group.state is ClassicState.PREPARING
        assert all(member.sync is None for member in members) or group.state is ClassicState.COMPLETING
        assert bool(group.members) or group.state in (ClassicState.EMPTY, ClassicState.PREPARING)
        if group.recorded is not None:
            assert group.generation >= group.recorded.generation
        if group.state in (ClassicState.COMPLETING, ClassicState.STABLE):
            assert group.leader is not None
            leader = group.members[group.leader].instance_id or group.leader
            assert self.leaders.setdefault((group, group.generation), leader) == leader

    @invariant()
    def generations_never_go_back_in_the_log(self) -> None:
        generations: list[int] = []
        for record in self.h.log if hasattr(self, "h") else ():
            value = getattr(record, "value", None)
            if getattr(getattr(record, "key", None), "NAME", "") == "GroupMetadataKey":
                if value is None:
                    generations = []
                else:
                    assert not generations or value.generation >= generations[-1]
                    generations.append(value.generation)

    @invariant()
    def the_log_says_what_is_durable(self) -> None:
        if not hasattr(self, "h") or self.h.holding:
            return
        before, machine, runtime = self.h.durable(), self.h.machine, self.h.runtime
        self.h.reload()
        after = self.h.durable()
        self.h.machine, self.h.runtime = machine, runtime
        assert after == before

    def teardown(self) -> None:
        """In the end all is well with the log, time passes, and nobody is left waiting."""
        if not hasattr(self, "h"):
            return
        self.h.refusing, self.h.holding = None, False
        self.h.commit()
        self.h.advance(2000)
        assert [asked.name for asked in self.asked if not asked.answered] == []
        assert self.h.machine.closed() == []
        assert all(group.is_empty for group in self.h.machine.groups.values())


TestGroups = Groups.TestCase
TestGroups.settings = settings(max_examples=60, stateful_step_count=60, deadline=None)
