"""Loading: the log alone says what a coordinator knows, and nobody is served before it is all known and committed."""

from __future__ import annotations

from typing import Any

import pytest
import trio

from barnabas.broker.coordinator.records import TransactionEnd
from barnabas.broker.coordinator.shard import ShardState
from barnabas.metadata.records import PartitionRecord, TopicRecord
from barnabas.protocol.errors import ErrorCode, WireError
from barnabas.protocol.record_builder import BatchBuilder
from barnabas.server.runtime import Result
from barnabas.storage.disk import LogSlice, StorageError
from ledger import TOPIC, Ledger, LedgerHarness, entry

LOADING = ErrorCode.COORDINATOR_LOAD_IN_PROGRESS
NOT_COORDINATOR = ErrorCode.NOT_COORDINATOR


@pytest.fixture
def nothing_cached(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every read goes to a thread."""
    monkeypatch.setattr(LogSlice, "try_read", lambda _: None)


def state(house: LedgerHarness) -> Any:
    """What someone is told who asks for the coordinator."""
    try:
        return house.ledgers.shard("a").state
    except WireError as error:
        return error.code


async def lead_again(house: LedgerHarness) -> Ledger:
    """Another leader epoch, and so another machine."""
    house.change(TOPIC, leader=1)
    assert state(house) == LOADING
    await house.blocked()
    return house.shard.machine


async def test_a_new_epoch_begins_with_what_the_log_says(house: LedgerHarness) -> None:
    before = (await house.lead()).machine
    for number in range(5):
        house.put("a", number)
        house.put(f"b{number}", number)
    house.ask(lambda ledger, waiter: ledger.forget_at("b1", house.now, waiter))
    house.advance(0.1)
    after = await lead_again(house)
    assert after is not before
    assert after.values == before.values == {"a": 4, "b0": 0, "b2": 2, "b3": 3, "b4": 4}
    assert after.loaded_at == house.now
    assert house.ledgers.load_statistics.records == 11
    assert house.ledgers.load_statistics.loads == 2


@pytest.mark.parametrize("size", [1, 200, 1000, 1 << 20])
async def test_it_is_read_in_slices(house: LedgerHarness, nothing_cached: None, size: int) -> None:
    house.ledgers._loader._slice_bytes = size
    await house.lead()
    for number in range(50):
        house.put(f"n{number}", number)
        if number % 10 == 9:
            house.partition(TOPIC).log.roll(house.now_ms)
    assert (await lead_again(house)).values == {f"n{number}": number for number in range(50)}
    assert house.reads >= 5, "segments, at least"


async def test_transactions_count_when_their_marker_says_so(house: LedgerHarness) -> None:
    await house.lead()
    for producer, name in [(7, "committed"), (8, "aborted"), (9, "open")]:
        house.ask(
            lambda ledger, waiter, producer=producer, name=name: ledger.put(  # type: ignore[misc]
                name, 1, waiter, producer=(producer, 0)
            )
        )
    for end in (TransactionEnd(7, 0, True), TransactionEnd(8, 0, False)):
        house.ask(lambda ledger, waiter, end=end: ledger.end(end, waiter))  # type: ignore[misc]
    machine = await lead_again(house)
    assert machine.values == {"committed": 1}
    assert machine.pending == {9: {"open": 1}}
    house.ask(lambda ledger, waiter: ledger.end(TransactionEnd(9, 0, True), waiter))
    assert house.get("open") == 1


def foreign_batch(key: bytes | None, value: bytes | None) -> bytearray:
    builder = BatchBuilder()
    builder.append(0, key, value)
    return builder.build()


def append_foreign(house: LedgerHarness, key: bytes | None, value: bytes | None) -> None:
    """What an administrator's tool has written, or a later release."""
    answer = house.produce((TOPIC, 0, foreign_batch(key, value)), client_id="__admin_client").response
    assert answer.responses[0].partition_responses[0].error_code == 0


async def test_records_of_a_later_release_are_skipped(house: LedgerHarness) -> None:
    await house.lead()
    append_foreign(house, b"\x00\x63whatever", b"else")
    house.put("a", 1)
    assert (await lead_again(house)).values == {"a": 1}


async def test_what_nobody_can_have_written_is_not_loaded(house: LedgerHarness) -> None:
    await house.lead()
    house.put("a", 1)
    append_foreign(house, b"\x00\x01broken", b"\x00\x01")
    house.change(TOPIC, leader=1)
    for failures, seconds in [(1, 1.0), (2, 2.0), (3, 4.0)]:
        await house.blocked()
        assert state(house) == LOADING
        assert house.ledgers.loading
        assert house.ledgers.load_statistics.failures == failures
        house.advance(seconds)
    await house.blocked()
    house.change(TOPIC, leader=2)
    house.advance(1000)
    assert house.ledgers.load_statistics.failures == 4, "who leads no longer does not try again"
    assert state(house) == NOT_COORDINATOR


async def test_holes_that_compaction_left(house: LedgerHarness) -> None:
    house.create_topic(TOPIC, replicas=(1, 2, 3), leader=2)
    partition = house.partition(TOPIC)
    for base_offset, name in [(10, "a"), (11, "b"), (40, "c")]:
        builder = BatchBuilder(base_offset=base_offset, leader_epoch=0)
        builder.append(0, *house.ledgers.kind.codec.encode(entry(name, base_offset)))
        data = memoryview(builder.build(last_offset=base_offset + 5 if name != "a" else None))
        partition.append_as_follower(data, base_offset + 6, 0, house.now_ms)
    house.change(TOPIC, leader=1, isr=(1,))
    await house.blocked()
    assert house.shard.machine.values == {"a": 10, "b": 11, "c": 40}
    house.put("d", 1)
    assert (await lead_again(house)).values == {"a": 10, "b": 11, "c": 40, "d": 1}


async def test_nobody_is_served_before_all_is_committed(house: LedgerHarness) -> None:
    await house.lead((1, 2, 3))
    house.put("a", 1)
    house.put("b", 2)
    house.replicate(1)
    house.change(TOPIC, leader=1)
    await house.blocked()
    assert state(house) == LOADING
    assert house.machines[-1].values == {"a": 1, "b": 2}
    assert house.machines[-1].loaded_at is None
    house.replicate(2, 2)
    assert state(house) == LOADING
    house.replicate(2, 3)
    assert state(house) == ShardState.ACTIVE
    assert house.get("b") == 2


async def test_a_lost_leadership_ends_the_loading(house: LedgerHarness, nothing_cached: None) -> None:
    await house.lead((1, 2, 3))
    house.put("a", 1)
    house.replicate(1)
    house.held = trio.Event()
    house.change(TOPIC, leader=1)
    await house.blocked()
    house.change(TOPIC, leader=2)
    assert state(house) == NOT_COORDINATOR
    house.held.set()
    await house.blocked()
    assert state(house) == NOT_COORDINATOR
    assert house.machines[-1].values == {}
    assert house.machines[-1].loaded_at is None


async def test_of_two_loadings_only_that_of_the_present_epoch_counts(
    house: LedgerHarness, nothing_cached: None
) -> None:
    await house.lead((1, 2, 3))
    house.put("a", 1)
    house.replicate(1)
    first = house.held = trio.Event()
    house.change(TOPIC, leader=1)
    await house.blocked()
    house.held = trio.Event()
    house.change(TOPIC, leader=2)
    house.change(TOPIC, leader=1)
    await house.blocked()
    _, stale, present = house.machines
    first.set()
    await house.blocked()
    assert state(house) == LOADING
    assert (stale.values, stale.loaded_at) == ({}, None)
    house.held.set()
    await house.blocked()
    assert house.shard.machine is present
    assert house.get("a") == 1
    assert stale.loaded_at is None


async def test_a_stale_loading_cannot_end_that_of_the_next_epoch(house: LedgerHarness, nothing_cached: None) -> None:
    await house.lead((1, 2, 3))
    house.put("a", 1)
    house.held = trio.Event()
    house.change(TOPIC, leader=1)
    await house.blocked()
    house.change(TOPIC, leader=1)
    await house.blocked()
    assert state(house) == LOADING
    house.held.set()
    await house.blocked()
    assert state(house) == LOADING, "it is not committed yet"
    house.replicate(1)
    assert house.get("a") == 1
    assert [machine.loaded_at is None for machine in house.machines] == [False, True, False]


async def test_a_few_load_at_a_time(house: LedgerHarness, nothing_cached: None) -> None:
    house.create_topic(TOPIC, partitions=10)
    await house.blocked()
    for shard in list(house.ledgers.shards()):
        house.ask(lambda ledger, waiter: ledger.put("a", 1, waiter), shard)
    house.reads, house.held = 0, trio.Event()
    for index in range(10):
        house.change(TOPIC, index, leader=1)
    await house.blocked()
    assert house.reads == 4
    house.held.set()
    await house.blocked()
    assert len(list(house.ledgers.shards())) == 10
    assert not house.ledgers.loading


async def test_others_get_their_turn_meanwhile(house: LedgerHarness) -> None:
    await house.lead()
    records = [entry(f"n{number}", number, note="x" * 50) for number in range(100)]
    for _ in range(100):
        house.ask(lambda _, waiter: Result(records, [(waiter, None)]))
    house.change(TOPIC, leader=1)
    turns = 0
    while state(house) == LOADING:
        turns += 1
        await trio.lowlevel.checkpoint()
    assert turns >= house.partition(TOPIC).log.log_end_offset * 80 / 65536


async def test_a_disk_that_fails_meanwhile(
    house: LedgerHarness, nothing_cached: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    await house.lead()
    house.put("a", 1)
    path = house.logs.directories[0].path

    def fail(_: LogSlice) -> memoryview:
        raise StorageError(path, "", OSError(5, "broken"))

    monkeypatch.setattr(LogSlice, "read", fail)
    house.change(TOPIC, leader=1)
    await house.blocked()
    assert state(house) == NOT_COORDINATOR
    assert house.failed_directories
    assert not house.ledgers.loading


async def test_a_machine_that_cannot_replay_is_tried_again(house: LedgerHarness) -> None:
    await house.lead()
    house.put("a", 1)
    new_machine = house.ledgers.kind.new_machine

    def broken(partition: int) -> Ledger:
        machine = new_machine(partition)
        machine.broken_replay = True
        return machine

    object.__setattr__(house.ledgers.kind, "new_machine", broken)
    house.change(TOPIC, leader=1)
    await house.blocked()
    assert state(house) == LOADING
    object.__setattr__(house.ledgers.kind, "new_machine", new_machine)
    house.advance(1.0)
    await house.blocked()
    assert house.get("a") == 1


async def test_a_topic_that_comes_again_with_other_partitions(house: LedgerHarness) -> None:
    assert house.ledgers.partition_for("abc") == 96354 % 50
    house.create_topic(TOPIC, partitions=7)
    assert house.ledgers.partition_for("abc") == 96354 % 7
    house.delete_topic(TOPIC)
    assert house.ledgers.partition_for("abc") == 96354 % 7
    assert state(house) == NOT_COORDINATOR
    partitions = [
        PartitionRecord(
            partition_id=index,
            topic_id=b"another topic id",
            replicas=(1,),
            isr=(1,),
            leader=1,
            leader_epoch=0,
            partition_epoch=0,
        )
        for index in range(3)
    ]
    house.apply(TopicRecord(name=TOPIC, topic_id=b"another topic id"), *partitions)
    await house.blocked()
    assert house.ledgers.partition_for("abc") == 96354 % 3
    assert len(list(house.ledgers.shards())) == 3
