"""A coordinator that is loaded from a compacted log knows what one knows that was there all the time."""

from __future__ import annotations

import random

import pytest

from barnabas.broker.coordinator.records import CoordinatorRecord, TransactionEnd
from barnabas.server.runtime import Result
from compaction import clean
from ledger import TOPIC, LedgerHarness, entry


def write(house: LedgerHarness, *records: CoordinatorRecord) -> None:
    asker = house.ask(lambda _, waiter: Result(list(records), [(waiter, "written")], atomic=False))
    assert asker.answer == "written"


def write_at_random(house: LedgerHarness, rng: random.Random, open_transactions: set[int]) -> None:
    """Values, tombstones, and transactions, of which some end."""
    name, value = f"n{rng.randrange(6)}", rng.randrange(1000)
    match rng.randrange(6):
        case 0 | 1:
            write(house, *(entry(f"n{rng.randrange(6)}", rng.randrange(1000)) for _ in range(rng.randrange(1, 4))))
        case 2 if not open_transactions:  # what is deleted while it is pending is not defined
            write(house, entry(name, None))
        case 3 | 4:
            producer = rng.randrange(3)
            open_transactions.add(producer)
            write(house, entry(name, value, producer, 0))
        case _ if open_transactions:
            producer = rng.choice(sorted(open_transactions))
            open_transactions.discard(producer)
            write(house, TransactionEnd(producer, 0, rng.random() < 0.5))


@pytest.mark.parametrize("seed", range(15))
async def test_compaction_takes_nothing_away_that_counts(house: LedgerHarness, seed: int) -> None:
    rng, open_transactions = random.Random(seed), set[int]()
    await house.lead(cleanup_policy="compact", delete_retention_ms="0" if seed % 2 else "1000000")
    partition = house.partition(TOPIC)
    for _ in range(6):
        for _ in range(rng.randrange(30)):
            write_at_random(house, rng, open_transactions)
        before = house.shard.machine
        partition.log.roll(house.now_ms)
        house.now_ms += 1000
        clean(partition.log, now_ms=house.now_ms, stable=partition.last_stable_offset)
        house.change(TOPIC, leader=1)
        await house.blocked()
        after = house.shard.machine
        assert after is not before
        assert after.values == before.values
        assert {producer: values for producer, values in after.pending.items() if values} == before.pending
