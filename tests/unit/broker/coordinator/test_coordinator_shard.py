"""A shard: decide, append, replay, reply; and every way in which that can end otherwise."""

from __future__ import annotations

import pytest

from barnabas.broker.coordinator.answers import Decision, OnceWaiter
from barnabas.broker.coordinator.coordinators import java_hash, partition_of
from barnabas.broker.coordinator.records import OFFSETS, TransactionEnd
from barnabas.protocol.errors import ErrorCode, LocalProtocolError, WireError
from barnabas.protocol.record_batch import end_txn_marker, iter_batches
from barnabas.server.runtime import Result
from barnabas.storage.disk import StorageError
from ledger import TOPIC, WRITE_TIMEOUT, Ledger, LedgerHarness, entry

NOT_COORDINATOR = ErrorCode.NOT_COORDINATOR
NOT_AVAILABLE = ErrorCode.COORDINATOR_NOT_AVAILABLE
LOADING = ErrorCode.COORDINATOR_LOAD_IN_PROGRESS


async def test_a_decision_is_written_replayed_and_answered(house: LedgerHarness) -> None:
    await house.lead()
    assert house.put("a", 1).answer == ("a", 1)
    assert house.get("a") == 1
    (batch,) = house.partition(TOPIC).log.read_batches(0)
    (record,) = batch.records()
    assert record.key is not None
    assert OFFSETS.decode(record.key, record.value) == entry("a", 1)
    assert (record.timestamp, batch.leader_epoch, batch.is_transactional) == (house.now_ms, 0, False)


async def test_the_answer_waits_until_the_replicas_have_it(house: LedgerHarness) -> None:
    await house.lead((1, 2, 3))
    first, second = house.put("a", 1), house.put("b", 2)
    assert (first.answer, second.answer) == (None, None)
    house.replicate(1)
    assert (first.answer, second.answer) == (("a", 1), None)
    house.replicate(2, 2)
    assert second.answer is None, "one in-sync replica has it not"
    house.replicate(2, 3)
    assert second.answer == ("b", 2)
    assert house.shard.machine.committed == 1
    assert house.shard.waiting == 0


async def test_what_was_read_uncommitted_waits_too(house: LedgerHarness) -> None:
    shard = await house.lead((1, 2, 3))
    house.put("a", 1)
    asker = house.ask(lambda ledger, waiter: ledger.get("a", waiter))
    assert asker.answer is None
    assert shard.waiting == 2
    house.replicate(1)
    assert asker.answer == 1


async def test_a_refused_request_is_told_so_at_once(house: LedgerHarness) -> None:
    await house.lead((1, 2, 3))
    house.put("a", 1)
    assert house.get("b") == ErrorCode.GROUP_ID_NOT_FOUND


async def test_too_few_replicas_refuse_before_anything_changes(house: LedgerHarness) -> None:
    await house.lead((1, 2, 3), isr=(1,), min_insync_replicas="2")
    assert house.put("a", 1).answer == NOT_AVAILABLE
    assert house.get("a") == ErrorCode.GROUP_ID_NOT_FOUND
    assert house.partition(TOPIC).log.log_end_offset == 0


async def test_a_batch_that_is_too_large_is_refused_before_anything_changes(house: LedgerHarness) -> None:
    await house.lead(max_message_bytes="1000")
    records = [entry(f"name {number}", number) for number in range(20)]
    asker = house.ask(lambda _, waiter: Result(records, [(waiter, "done")]))
    assert asker.answer == ErrorCode.MESSAGE_TOO_LARGE
    assert house.get("name 1") == ErrorCode.GROUP_ID_NOT_FOUND
    apart = house.ask(lambda _, waiter: Result(records, [(waiter, "done")], atomic=False))
    assert apart.answer == "done"
    sizes = [batch.size for batch in house.partition(TOPIC).log.read_batches(0)]
    assert len(sizes) == 2
    assert max(sizes) <= 1000
    assert house.get("name 19") == 19


async def test_who_waits_too_long_for_the_commit_is_told_so_once(house: LedgerHarness) -> None:
    await house.lead((1, 2, 3))
    asker, reader = house.put("a", 1), house.ask(lambda ledger, waiter: ledger.get("a", waiter))
    house.advance(WRITE_TIMEOUT - 0.1)
    assert (asker.answer, reader.answer) == (None, None)
    house.advance(0.2)
    assert (asker.answer, reader.answer) == (NOT_AVAILABLE, NOT_AVAILABLE)
    house.replicate(1)
    assert (asker.answer, reader.answer) == (NOT_AVAILABLE, NOT_AVAILABLE)
    assert house.get("a") == 1, "it was committed after all"


async def test_a_parked_request_is_answered_by_another_decision(house: LedgerHarness) -> None:
    await house.lead((1, 2, 3))
    parked = house.ask(lambda ledger, waiter: ledger.wait_for("a", waiter))
    house.advance(10 * WRITE_TIMEOUT)
    asker = house.put("a", 1)
    assert (parked.answer, asker.answer) == (None, None)
    house.replicate(1)
    assert (parked.answer, asker.answer) == (("a", 1), ("a", 1))


async def test_a_parked_request_outlives_the_commit_of_its_own_records(house: LedgerHarness) -> None:
    await house.lead((1, 2, 3))

    def join(ledger: Ledger, waiter: OnceWaiter) -> Decision:
        ledger.wait_for("b", waiter)
        return Result([entry("a", 1)], [])

    asker = house.ask(join)  # type: ignore[arg-type]
    house.advance(2 * WRITE_TIMEOUT)
    assert asker.answer is None
    house.put("b", 2)
    house.replicate(2)
    assert asker.answer == ("b", 2)


# The end of a shard


async def test_everybody_is_told_when_leadership_is_lost(house: LedgerHarness) -> None:
    shard = await house.lead((1, 2, 3))
    askers = [
        house.put("a", 1),
        house.ask(lambda ledger, waiter: ledger.get("a", waiter)),
        house.ask(lambda ledger, waiter: ledger.wait_for("b", waiter)),
    ]
    house.change(TOPIC, leader=2)
    assert [asker.answer for asker in askers] == [NOT_COORDINATOR] * 3
    assert house.ask(lambda ledger, waiter: ledger.get("a", waiter), shard).answer == NOT_COORDINATOR
    with pytest.raises(WireError, match="NOT_COORDINATOR"):
        house.ledgers.shard("a")


async def test_a_shard_acts_in_its_own_epoch_only(house: LedgerHarness) -> None:
    old = await house.lead()
    house.put("a", 1)
    house.change(TOPIC, leader=1)
    assert old.leader_epoch == 0
    assert house.ask(lambda ledger, waiter: ledger.put("a", 2, waiter), old).answer == NOT_COORDINATOR
    end = old._runtime._log
    with pytest.raises(WireError, match="NOT_LEADER_OR_FOLLOWER"):
        end.prepare([entry("a", 3)], atomic=True)
    assert house.partition(TOPIC).log.log_end_offset == 1


async def test_a_topic_that_is_deleted_takes_its_shards_along(house: LedgerHarness) -> None:
    await house.lead((1, 2, 3))
    asker = house.put("a", 1)
    house.delete_topic(TOPIC)
    assert asker.answer == NOT_COORDINATOR
    assert list(house.ledgers.shards()) == []
    await house.lead((1,))
    assert house.get("a") == ErrorCode.GROUP_ID_NOT_FOUND, "another topic of the same name"
    assert house.ledgers.partition_for("a") == 0


async def test_a_lost_disk_takes_its_shards_along(house: LedgerHarness) -> None:
    await house.lead((1, 2, 3))
    asker = house.put("a", 1)
    house.manager.storage_failed(StorageError(house.logs.directories[0].path, "", OSError(5, "broken")))
    assert asker.answer == NOT_COORDINATOR
    with pytest.raises(WireError, match="NOT_COORDINATOR"):
        house.ledgers.shard("a")


@pytest.mark.parametrize("where", ["decide", "replay"])
async def test_a_broken_invariant_ends_the_shard_and_the_next_one_starts_from_the_log(
    house: LedgerHarness, where: str
) -> None:
    broken = await house.lead()
    house.put("a", 1)
    parked = house.ask(lambda ledger, waiter: ledger.wait_for("a", waiter))
    if where == "replay":
        broken.machine.broken_replay = True
        asker = house.put("a", 2)
    else:
        asker = house.ask(lambda ledger, waiter: Result([], [(waiter, ledger.values["?"])]))
    assert (asker.answer, parked.answer) == (NOT_COORDINATOR, NOT_COORDINATOR)
    with pytest.raises(WireError, match="COORDINATOR_LOAD_IN_PROGRESS"):
        house.ledgers.shard("a")
    assert house.ledgers.loading
    house.advance(1.0)
    await house.blocked()
    assert house.shard is not broken
    assert house.get("a") == 1
    assert house.partition(TOPIC).log.log_end_offset == 1


async def test_a_shard_that_breaks_again_and_again_is_begun_more_and_more_rarely(house: LedgerHarness) -> None:
    await house.lead()
    begun = []
    for _ in range(8):
        house.ask(lambda ledger, waiter: Result([], [(waiter, ledger.values["?"])]))
        start, machines = house.now, len(house.machines)
        while len(house.machines) == machines:
            house.advance(1.0)
        await house.blocked()
        begun.append(house.now - start)
    assert begun == [1, 2, 4, 8, 16, 32, 60, 60]


async def test_an_answer_that_cannot_be_given_ends_the_shard_and_not_the_broker(house: LedgerHarness) -> None:
    shard = await house.lead((1, 2, 3))

    def cannot(_: object) -> None:
        raise ValueError("a reply that has no bytes")

    told: list[WireError] = []
    bad = OnceWaiter(cannot, told.append)
    shard.submit(lambda ledger, now, now_ms: ledger.put("a", 1, bad), bad)
    after = house.put("b", 2)
    house.replicate(2)
    assert after.answer == NOT_COORDINATOR
    assert not told


# What is due by time


async def test_what_is_due_is_decided_then(house: LedgerHarness) -> None:
    await house.lead()
    for number in range(5):
        house.put(f"n{number}", number)
        deadline = house.now + 10 - number

        def forget(ledger: Ledger, waiter: OnceWaiter, name: str = f"n{number}", at: float = deadline) -> Decision:
            return ledger.forget_at(name, at, waiter)

        house.ask(forget)  # type: ignore[arg-type]
    house.advance(5.9)
    assert set(house.shard.machine.values) == {f"n{number}" for number in range(5)}
    house.advance(1.2)
    assert set(house.shard.machine.values) == {"n0", "n1", "n2"}
    house.advance(3)
    assert not house.shard.machine.values


async def test_what_cannot_be_written_when_it_is_due_is_tried_again(house: LedgerHarness) -> None:
    await house.lead((1, 2, 3), isr=(1,), min_insync_replicas="1")
    house.put("a", 1)
    house.ask(lambda ledger, waiter: ledger.forget_at("a", house.now + 1, waiter))
    house.apply(house.config_record(TOPIC, "min_insync_replicas", "2"))
    house.advance(1.2)
    assert house.shard.machine.values == {"a": 1}
    house.apply(house.config_record(TOPIC, "min_insync_replicas", "1"))
    house.advance(0.2)
    assert house.shard.machine.values == {"a": 1}
    house.advance(0.2)
    assert house.shard.machine.values == {}


async def test_a_deadline_that_never_ends_leaves_others_their_turn(house: LedgerHarness) -> None:
    shard = await house.lead()
    calls = []

    def stuck(now: float, now_ms: int) -> Decision:
        calls.append(now)
        return Result([], [])

    shard.machine.handle_deadline = stuck  # type: ignore[method-assign]
    house.ask(lambda ledger, waiter: ledger.forget_at("a", house.now, waiter))
    house.advance(0.0105)
    assert len(calls) == 1100


async def test_a_closed_shard_has_no_timer(house: LedgerHarness) -> None:
    await house.lead()
    house.put("a", 1)
    house.ask(lambda ledger, waiter: ledger.forget_at("a", house.now + 1, waiter))
    house.change(TOPIC, leader=2)
    house.advance(2)
    assert house.partition(TOPIC).log.log_end_offset == 1


# Transactions


async def test_records_of_a_producer_stand_in_its_transaction(house: LedgerHarness) -> None:
    await house.lead()
    house.ask(lambda ledger, waiter: ledger.put("a", 1, waiter, producer=(7, 2)))
    assert house.get("a") == ErrorCode.GROUP_ID_NOT_FOUND
    ended = house.ask(lambda ledger, waiter: ledger.end(TransactionEnd(7, 2, True, 5), waiter))
    assert ended.told == [None]
    assert house.get("a") == 1
    data, marker = house.partition(TOPIC).log.read_batches(0)
    assert (data.producer_id, data.producer_epoch, data.is_transactional) == (7, 2, True)
    assert (marker.producer_id, marker.producer_epoch, marker.is_control) == (7, 2, True)
    assert end_txn_marker(next(marker.records())) == (True, 5)
    assert house.partition(TOPIC).last_stable_offset == 2


async def test_a_fenced_producer_is_refused_before_anything_changes(house: LedgerHarness) -> None:
    await house.lead()
    house.ask(lambda ledger, waiter: ledger.put("a", 1, waiter, producer=(7, 2)))
    late = house.ask(lambda ledger, waiter: ledger.put("b", 1, waiter, producer=(7, 1)))
    assert late.answer == ErrorCode.INVALID_PRODUCER_EPOCH
    end = house.ask(lambda ledger, waiter: ledger.end(TransactionEnd(7, 1, True), waiter))
    assert end.answer == ErrorCode.INVALID_PRODUCER_EPOCH
    assert house.shard.machine.pending == {7: {"a": 1}}
    assert house.shard.active


async def test_records_of_several_producers_are_batches_of_their_own(house: LedgerHarness) -> None:
    await house.lead()
    records = [entry("a", 1), entry("b", 2, 7, 0), entry("c", 3, 8, 0), entry("d", 4, 8, 0), TransactionEnd(7, 0, True)]
    assert house.ask(lambda _, waiter: Result(records, [(waiter, 1)], atomic=False)).answer == 1
    batches = list(house.partition(TOPIC).log.read_batches(0))
    assert [(batch.base_offset, batch.last_offset, batch.producer_id) for batch in batches] == [
        (0, 0, -1), (1, 1, 7), (2, 3, 8), (4, 4, 7),
    ]  # fmt: skip
    house.ask(lambda _, waiter: Result(records, [(waiter, 1)]))
    assert house.machines[-1].loaded_at is not None
    with pytest.raises(WireError, match="COORDINATOR_LOAD_IN_PROGRESS"):
        house.ledgers.shard("a")


async def test_no_batch_of_mixed_producers_is_prepared(house: LedgerHarness) -> None:
    shard = await house.lead()
    with pytest.raises(LocalProtocolError):
        shard._runtime._log.prepare([entry("a", 1), entry("b", 2, 7, 0)], atomic=True)


@pytest.mark.parametrize("codec", [1, 2, 3, 4])
async def test_compression(house: LedgerHarness, codec: int) -> None:
    object.__setattr__(house.ledgers.kind, "compression", codec)
    await house.lead()
    house.put("a", 1)
    (batch,) = iter_batches(b"".join(batch.view for batch in house.partition(TOPIC).log.read_batches(0)))
    assert batch.compression == codec
    house.change(TOPIC, leader=1)
    await house.blocked()
    assert house.get("a") == 1


# Metadata, and keys


async def test_machines_hear_of_the_metadata(house: LedgerHarness) -> None:
    await house.lead()
    house.create_topic("t")
    house.put("t", 1)
    deltas = house.shard.machine.deltas
    house.delete_topic("t")
    assert house.shard.machine.deltas == deltas + 1
    assert house.get("t") == ErrorCode.GROUP_ID_NOT_FOUND


@pytest.mark.parametrize(
    ("text", "expected"),
    [("", 0), ("a", 97), ("abc", 96354), ("console-consumer-42", None), ("polygenelubricants", -(2**31)), ("é", 233)],
)
def test_javas_hash(text: str, expected: int | None) -> None:
    value = 0
    for unit in text:
        value = (31 * value + ord(unit)) & 0xFFFFFFFF
    value -= 1 << 32 if value >= 1 << 31 else 0
    assert java_hash(text) == value
    assert expected is None or value == expected


def test_javas_hash_is_of_utf16() -> None:
    assert java_hash("\U0001f600") == 31 * 0xD83D + 0xDE00


@pytest.mark.parametrize(
    ("key", "partition"),
    [("", 0), ("abc", 4), ("polygenelubricants", 0), ("group-zz", abs(java_hash("group-zz")) % 50)],
)
def test_keys_belong_to_kafkas_partitions(key: str, partition: int) -> None:
    assert partition_of(key, 50) == partition
