"""Groups whose members speak either protocol, and which change their type as they come and go.

Whatever the group is at the moment, no partition is owned by two clients at once; and when all go on asking, it comes
to rest with every partition taken.
"""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from barnabas.broker.coordinator.groups.config import GroupConfig
from barnabas.broker.coordinator.groups.consumer_group import ConsumerGroup
from barnabas.protocol.errors import ErrorCode
from consumer_groups import GROUP, ConsumerGroupsHarness, Member
from eager_members import EagerMember

WORDS = "step step step step leave crash switch grow failover refuse time"
STEP = st.tuples(st.sampled_from(WORDS.split()), st.integers(0, 3))


class MixedRun:
    """Four clients; the last one is static, and keeps its instance id when it changes its protocol."""

    def __init__(self) -> None:
        self.harness = ConsumerGroupsHarness(GroupConfig(initial_rebalance_delay=0.0))
        self.harness.topic("t", 3)
        self.made = 0
        self.types: set[str] = set()
        self.clients: list[Member | EagerMember] = [
            self.new_client(place, classic=place % 2 == 1) for place in range(4)
        ]

    def new_client(self, place: int, *, classic: bool) -> Member | EagerMember:
        self.made += 1
        name, instance = f"c{place}x{self.made}", "i" if place == 3 else None
        if classic:
            return EagerMember(self.harness, name, ["t"], instance)
        return Member(self.harness, name, ["t"], instance_id=instance)

    def step(self, what: str, place: int) -> None:
        client = self.clients[place]
        match what:
            case "step":
                self.ask(client)
            case "leave":
                self.leave(client)
                self.clients[place] = self.new_client(place, classic=isinstance(client, EagerMember))
            case "crash":
                self.clients[place] = self.new_client(place, classic=isinstance(client, EagerMember))
            case "switch":
                self.leave(client)
                self.clients[place] = self.new_client(place, classic=isinstance(client, Member))
            case "grow":
                topic = self.harness.image.topics.by_name("t")
                assert topic is not None
                self.harness.topic("t", len(topic) + 1)
            case "failover":
                self.harness.reload()
                for each in self.clients:
                    if isinstance(each, EagerMember):
                        each.coordinator_moved()
            case "refuse":
                self.harness.refusing = None if self.harness.refusing else ErrorCode.NOT_ENOUGH_REPLICAS
            case "time":
                self.pass_time(place)

    def ask(self, client: Member | EagerMember) -> None:
        if isinstance(client, EagerMember):
            client.step()
        elif client.in_group:
            client.give_back()
            client.beat()
        else:
            client.join()

    def leave(self, client: Member | EagerMember) -> None:
        if isinstance(client, EagerMember):
            client.leave()
        elif client.in_group:
            client.leave(-2 if client.how["instance_id"] else -1)

    def pass_time(self, rounds: int) -> None:
        for _ in range(rounds):
            self.harness.advance(2.0)
            for client in self.clients:
                self.ask(client)
                self.check()

    def check(self) -> None:
        owned = [place for client in self.clients for place in client.owned]
        assert len(owned) == len(set(owned)), "a partition has two owners"
        group = self.harness.machine.groups.get(GROUP)
        self.types.add("none" if group is None else group.type)

    def is_settled(self) -> bool:
        topic = self.harness.image.topics.by_name("t")
        assert topic is not None
        taken = sum(len(client.owned) for client in self.clients)
        return all(self.is_in(client) for client in self.clients) and taken == len(topic)

    def is_in(self, client: Member | EagerMember) -> bool:
        return client.joined if isinstance(client, EagerMember) else client.in_group

    def settle(self) -> None:
        """Classic leaders do not look at topics here: where one leads, it is made to by somebody who joins."""
        self.harness.refusing = None
        for _ in range(60):
            self.pass_time(1)
        for client in self.clients:
            if isinstance(client, EagerMember) and not isinstance(
                self.harness.machine.groups.get(GROUP), ConsumerGroup
            ):
                self.leave(client)
                break
        for _ in range(60):
            self.pass_time(1)


@settings(max_examples=100, deadline=None)
@given(steps=st.lists(STEP, max_size=60))
def test_no_partition_has_two_owners_whatever_the_group_is(steps: list[tuple[str, int]]) -> None:
    run = MixedRun()
    for what, place in steps:
        run.step(what, place)
        run.check()
    run.settle()
    assert run.is_settled(), str(run.harness.machine.groups.get(GROUP))
