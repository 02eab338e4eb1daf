"""What is checked of a running cluster's state fails where it should: states made by hand, one right and one wrong."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from random import Random
from types import SimpleNamespace
from typing import Any

import pytest
from tests.simulation.cluster import Violation
from tests.simulation.disk import Platter, SimulatedDisk
from tests.simulation.history import Place
from tests.simulation.invariants_coordinators import SETTLED_MS, check_ages, check_generation, check_group
from tests.simulation.invariants_indexes import (
    Transactions,
    check_aborted,
    check_offset_index,
    check_stable,
    check_time_index,
)
from tests.simulation.invariants_metadata import check_election

from barnabas.broker.coordinator.groups.consumer_group import ConsumerGroup
from barnabas.broker.coordinator.groups.consumer_member import ConsumerMember
from barnabas.broker.coordinator.transactions.metadata import TransactionMetadata, TransactionState
from barnabas.client.groups.subscriptions import encode_assignment, encode_subscription
from barnabas.metadata.records import LeaderRecoveryState
from barnabas.metadata.topics import Partition
from barnabas.protocol.messages.group_metadata_value import GroupMetadataValue
from barnabas.storage.scan import Header
from barnabas.storage.transaction_index import AbortedTransaction, TransactionIndex

TOPIC = bytes(16)
A, B = ("t", 0), ("t", 1)
HEADERS = [Header(0, 80, 0, 1, 0, 500), Header(80, 70, 2, 2, 0, 400), Header(150, 90, 3, 6, 0, 600)]


@pytest.mark.parametrize("entries", [[(2, 81)], [(3, 150)], [(6, 150), (2, 80)], [(2, 80), (2, 80)]])
def test_an_offset_index_points_at_batches(entries: list[tuple[int, int]]) -> None:
    check_offset_index("the index", [(2, 80), (6, 150)], HEADERS)
    with pytest.raises(Violation, match="the index has"):
        check_offset_index("the index", entries, HEADERS)


@pytest.mark.parametrize("entries", [[(2, 400)], [(0, 500)], [(6, 500)], [(6, 600), (6, 600)]])
def test_a_time_index_tells_the_latest_so_far(entries: list[tuple[int, int]]) -> None:
    check_time_index("the index", [(1, 500), (6, 600)], HEADERS)
    check_time_index("the index", [(2, 400)], [HEADERS[0]._replace(size=61), HEADERS[1]])  # no record is left of it
    with pytest.raises(Violation, match="the index has"):
        check_time_index("the index", entries, HEADERS)


# Transactions


@dataclass
class Batch:
    """As much of a batch as the fold of transactions looks at."""

    producer_id: int
    base_offset: int
    marker: int | None = None
    """0 aborts, 1 commits; None: data."""
    is_transactional: bool = True

    @property
    def is_control(self) -> bool:
        return self.marker is not None

    def records(self) -> Any:
        @dataclass
        class Record:
            key: bytes

        return iter([Record(b"\0\0\0" + bytes([self.marker or 0]))])


def log_of(*batches: Batch) -> Transactions:
    found = Transactions()
    for batch in batches:
        found.add(batch)  # type: ignore[arg-type]
    return found


def test_what_is_stable_ends_at_the_first_transaction_that_may_yet_change() -> None:
    found = log_of(Batch(1, 3), Batch(2, 5), Batch(2, 6), Batch(1, 8, marker=1))
    check_stable("it", 5, found, 10, 10)  # the second one is open
    check_stable("it", 3, found, 8, 8)  # the first one's marker is not replicated
    check_stable("it", 5, found, 8, 9)  # it is, as others know
    check_stable("it", 2, found, 2, 2)
    for wrong, high_watermark in [(10, 10), (3, 10), (5, 8), (8, 8), (3, 2)]:
        with pytest.raises(Violation, match="stable up to"):
            check_stable("it", wrong, found, high_watermark, high_watermark)


def test_aborted_transactions_are_those_of_the_log() -> None:
    index = TransactionIndex(SimulatedDisk(Platter(Random(1)), "/disk"), "0.txnindex", 0)
    index.append(AbortedTransaction(1, 3, 8, 9))
    index.write()
    index.append(AbortedTransaction(2, 5, 9, 10))
    log = SimpleNamespace(segments=[SimpleNamespace(transaction_index=index)])
    first, second, other = Batch(1, 8, marker=0), Batch(2, 9, marker=0), Batch(3, 10, marker=1)
    check_aborted("it", log, log_of(Batch(1, 3), Batch(2, 5), Batch(3, 6), first, second, other))
    for ends in [(first, second, replace(other, marker=0)), (first, other), (replace(first, marker=1), second)]:
        with pytest.raises(Violation, match="aborted are"):
            check_aborted("it", log, log_of(Batch(1, 3), Batch(2, 5), Batch(3, 6), *ends))


# Coordinators


def group(*members: ConsumerMember, epoch: int = 5, assignment_epoch: int = 5) -> ConsumerGroup:
    made = ConsumerGroup("g")
    made.epoch, made.assignment_epoch = epoch, assignment_epoch
    made.members = {member.id: member for member in members}
    return made


def test_members_of_a_group_share_nothing_and_are_not_ahead() -> None:
    one = ConsumerMember(id="one", epoch=5, assigned={TOPIC: {0: 4}}, revoking={TOPIC: {1: 3}})
    other = ConsumerMember(id="other", epoch=4, assigned={TOPIC: {2: 4}})
    check_group("it", group(one, other))
    with pytest.raises(Violation, match="both one and other own"):
        check_group("it", group(one, replace(other, assigned={TOPIC: {1: 5}})))
    with pytest.raises(Violation, match="ahead of it"):
        check_group("it", group(one, other, epoch=4, assignment_epoch=4))
    with pytest.raises(Violation, match="assignments of 6"):
        check_group("it", group(one, other, assignment_epoch=6))


def generation(protocol: str, *members: tuple[str, int, list[Place], list[Place]]) -> GroupMetadataValue:
    """The third one; of each member its name, and since which generation it owned what, and what it is given."""
    return GroupMetadataValue(
        protocol_type="consumer",
        protocol=protocol,
        generation=3,
        members=[
            GroupMetadataValue.MemberMetadata(
                member_id=name,
                subscription=encode_subscription(protocol, ["t"], owned, since, None),
                assignment=encode_assignment(given),
            )
            for name, since, owned, given in members
        ],
    )


def test_members_of_a_generation_share_nothing() -> None:
    check_generation("it", generation("range", ("one", 2, [A, B], [A]), ("other", 2, [], [B])))
    with pytest.raises(Violation, match="in generation 3 of it both one and other own"):
        check_generation("it", generation("range", ("one", 2, [], [A]), ("other", 2, [], [A, B])))


def test_a_cooperative_group_gives_nothing_away_that_a_member_has() -> None:
    kind = "cooperative-sticky"
    check_generation("it", generation(kind, ("one", 2, [A, B], [A]), ("other", 2, [], [])))
    check_generation("it", generation(kind, ("one", 2, [A], [A]), ("other", 2, [], [B])))
    check_generation("it", generation(kind, ("one", 1, [A, B], [A]), ("other", 2, [B], [B])))  # one was away
    with pytest.raises(Violation, match=r"other is given \('t', 1\), which \['one'\] have"):
        check_generation("it", generation(kind, ("one", 2, [A, B], [A]), ("other", 2, [], [B])))


def test_no_transaction_is_open_for_long() -> None:
    known = TransactionMetadata(transactional_id="x", producer_id=1, producer_epoch=0, timeout_ms=6000)
    begun = replace(known, state=TransactionState.ONGOING, start_ms=1000, last_update_ms=1000)
    check_ages("it", [known, begun], 9000, 2000)
    with pytest.raises(Violation, match="is open since 8001 ms"):
        check_ages("it", [known, begun], 9001, 2000)
    settled = replace(begun, state=TransactionState.PREPARE_ABORT)
    check_ages("it", [settled], 1000 + SETTLED_MS, 2000)
    with pytest.raises(Violation, match="is so since"):
        check_ages("it", [settled], 1001 + SETTLED_MS, 2000)


# Metadata


@dataclass
class Registration:
    fenced: bool


@dataclass
class Registrations:
    fenced: set[int] = field(default_factory=set)

    def broker(self, broker_id: int) -> Registration:
        return Registration(broker_id in self.fenced)


def test_who_becomes_leader_was_in_sync_or_eligible_or_may_lack_records() -> None:
    before = Partition(
        topic_id=TOPIC,
        index=0,
        replicas=(1, 2, 3),
        directories=(TOPIC,) * 3,
        isr=(1,),
        elr=(2,),
        last_known_elr=(),
        removing_replicas=(),
        adding_replicas=(),
        leader=1,
        leader_recovery_state=LeaderRecoveryState.RECOVERED,
        leader_epoch=3,
        partition_epoch=7,
        number=0,
    )
    eligible = replace(before, leader=2, isr=(2,), elr=(), leader_epoch=4, partition_epoch=8)
    stranger = replace(eligible, leader=3, isr=(3,))
    check_election("it", before, eligible, Registrations())
    check_election("it", before, replace(before, isr=(1, 2), partition_epoch=8), Registrations())
    marked = replace(stranger, leader_recovery_state=LeaderRecoveryState.RECOVERING)
    check_election("it", before, marked, Registrations(), anybody=True)
    nobody = replace(before, leader=-1, isr=(), elr=(), last_known_elr=(3,))
    check_election("it", nobody, marked, Registrations())
    check_election("it", replace(nobody, elr=(2,)), marked, Registrations({2}))  # which has just lost records
    check_election("it", before, replace(stranger, partition_epoch=9), Registrations())  # there was another in between
    with pytest.raises(Violation, match="leads as if it lacked nothing"):
        check_election("it", before, stranger, Registrations())
    for others in (before, replace(nobody, last_known_elr=(1,)), replace(nobody, elr=(2,)), replace(nobody, isr=(2,))):
        with pytest.raises(Violation, match="3 was elected, and may not be"):
            check_election("it", others, marked, Registrations())
    with pytest.raises(Violation, match="leads as if it lacked nothing"):
        check_election("it", before, stranger, Registrations(), anybody=True)
    with pytest.raises(Violation, match="the leader 2 is fenced"):
        check_election("it", before, eligible, Registrations({2}))
