"""The loads: producing, consuming, both at once, and transactions. Each returns what it measured.

A record's time is from its sending to its acknowledgement. Those of one partition are acknowledged in order, so there
is one task a partition that waits for them: a slow partition does not add to the times of the others. What is under
way is bounded, otherwise the times would be those of a queue in this process.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import trio

from barnabas.cli.failures import CommandError
from barnabas.cli.perf.measures import Measured, Pace
from barnabas.cli.progress import Progress
from barnabas.cli.session import find_topic
from barnabas.client.consumer import Consumer
from barnabas.client.producer import Producer, Receipt

_VALUES_BYTES: Final = 4 << 20
"""Different values are made up to so many bytes; then they come again."""
_RECORDS_BETWEEN_CHECKPOINTS: Final = 32
_MARK_BYTES: Final = 8


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do: so many records of so many bytes to or from a topic, `rate` a second (0: as fast as can be)."""

    topic: str
    records: int
    record_bytes: int = 1000
    rate: float = 0.0
    under_way_bytes: int = 32 << 20


def make_values(record_bytes: int, seed: int = 1) -> Sequence[bytes]:
    """Values of letters that compress a little, as text does; the same for the same size."""
    rng = random.Random(seed)
    letters = bytes(range(ord("A"), ord("Z") + 1))
    count = max(1, min(1000, _VALUES_BYTES // record_bytes))
    return [bytes(rng.choices(letters, k=record_bytes)) for _ in range(count)]


class Window:
    """How much may be under way; who would exceed it waits."""

    def __init__(self, limit: int) -> None:
        self._limit: Final = limit
        self._used = 0
        self._freed = trio.lowlevel.ParkingLot()

    async def take(self, amount: int) -> None:
        """Wait until there is room; what is larger than the limit goes alone."""
        while self._used and self._used + amount > self._limit:
            await self._freed.park()
        self._used += amount

    def give_back(self, amount: int) -> None:
        """It is done."""
        self._used -= amount
        self._freed.unpark()


async def produce(producer: Producer[Any, Any], plan: Plan, batch_bytes: int, progress: Progress) -> Measured:
    """Send all, a batch's worth to each partition in turn. ClientError of the first record that is not written."""
    partitions = sorted((await find_topic(producer.cluster, plan.topic)).partitions)
    values = make_values(plan.record_bytes)
    measured, window = Measured(), Window(plan.under_way_bytes)
    times, began = measured.timed("latency"), trio.current_time()
    pace = Pace(plan.rate, began)
    at_once = max(1, batch_bytes // plan.record_bytes)

    async def wait(receipts: trio.MemoryReceiveChannel[tuple[float, Receipt]]) -> None:
        async for sent, receipt in receipts:
            await receipt.wait()
            times.add(trio.current_time() - sent)
            window.give_back(plan.record_bytes)
            progress(times.count)

    async with trio.open_nursery() as nursery:
        queues = [trio.open_memory_channel[tuple[float, Receipt]](plan.records) for _ in partitions]
        for _, receipts in queues:
            nursery.start_soon(wait, receipts)
        for number in range(plan.records):
            await _keep_pace(pace, number)
            await window.take(plan.record_bytes)
            place = number // at_once % len(partitions)
            sent = trio.current_time()
            value = values[number % len(values)]
            receipt = await producer.send_soon(plan.topic, value, partition=partitions[place])
            queues[place][0].send_nowait((sent, receipt))
        for queue, _ in queues:
            queue.close()
        await producer.flush()
    _finish(measured, times.count, plan, began)
    return measured


async def _keep_pace(pace: Pace, number: int) -> None:
    if (due := pace.due(number)) > trio.current_time():
        await trio.sleep_until(due)
    elif not number % _RECORDS_BETWEEN_CHECKPOINTS:
        await trio.lowlevel.checkpoint()


def _finish(measured: Measured, records: int, plan: Plan, began: float) -> None:
    measured.records, measured.bytes = records, records * plan.record_bytes
    measured.seconds = trio.current_time() - began


async def consume(consumer: Consumer[Any, Any], plan: Plan, patience: float, progress: Progress) -> Measured:
    """Read so many records from the beginning, or all there are. CommandError if none comes for `patience` seconds."""
    partitions = (await find_topic(consumer.cluster, plan.topic)).partitions
    await consumer.assign({(plan.topic, number): "earliest" for number in partitions}, stop_at_end=True)
    measured = Measured()
    times, began = measured.timed("wait for a batch"), trio.current_time()
    while measured.records < plan.records:
        asked, batch = trio.current_time(), None
        with trio.move_on_after(patience) as scope:
            batch = await consumer.next_batch()
        if scope.cancelled_caught:
            raise CommandError(
                f"nothing came from {plan.topic} for {patience:g} s; `barnabas topic describe {plan.topic}` shows "
                "whether its partitions have leaders"
            )
        if batch is None:
            break
        times.add(trio.current_time() - asked)
        measured.records += len(batch)
        measured.bytes += sum(len(record.value or b"") + len(record.key or b"") for record in batch)
        await _keep_pace(Pace(plan.rate, began), measured.records)
        progress(measured.records)
    measured.seconds = trio.current_time() - began
    return measured


async def end_to_end(
    producer: Producer[Any, Any], consumer: Consumer[Any, Any], plan: Plan, patience: float, progress: Progress
) -> Measured:
    """Send at a steady pace, and time each record from its sending until a consumer that waits for it has it.

    Records of others in the topic are read over. CommandError if a record does not come within `patience` seconds.
    """
    partitions = sorted((await find_topic(producer.cluster, plan.topic)).partitions)
    await consumer.assign({(plan.topic, number): "latest" for number in partitions})
    run = random.randbytes(_MARK_BYTES)
    value = make_values(plan.record_bytes)[0]
    sent: dict[bytes, float] = {}
    measured, began = Measured(), trio.current_time()
    arrival, written = measured.timed("latency"), measured.timed("acknowledged")

    async def send(number: int) -> None:
        key = run + number.to_bytes(_MARK_BYTES, "big")
        at = sent[key] = trio.current_time()
        await producer.send(plan.topic, value, key=key, partition=partitions[number % len(partitions)])
        written.add(trio.current_time() - at)

    async def send_all() -> None:
        async with trio.open_nursery() as sending:
            for number in range(plan.records):
                await _keep_pace(Pace(plan.rate, began), number)
                sending.start_soon(send, number)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(send_all)
        while arrival.count < plan.records:
            record = None
            with trio.move_on_after(patience):
                record = await anext(consumer)
            if record is None:
                nursery.cancel_scope.cancel()
                break
            if (at := sent.pop(bytes(record.key or b""), None)) is not None:
                arrival.add(trio.current_time() - at)
                progress(arrival.count)
    if arrival.count < plan.records:
        raise CommandError(
            f"{plan.records - arrival.count} of {plan.records} records did not come back within {patience:g} s"
        )
    _finish(measured, arrival.count, plan, began)
    return measured


async def transactions(producer: Producer[Any, Any], plan: Plan, a_transaction: int, progress: Progress) -> Measured:
    """Send in transactions of so many records, one after another, and time each commit. ClientError."""
    await find_topic(producer.cluster, plan.topic)
    values = make_values(plan.record_bytes)
    measured = Measured(transactions=0)
    commits, wholes, began = measured.timed("commit"), measured.timed("transaction"), trio.current_time()
    pace, number = Pace(plan.rate, began), 0
    while number < plan.records:
        count = min(a_transaction, plan.records - number)
        opened = trio.current_time()
        async with producer.transaction():
            for each in range(number, number + count):
                await _keep_pace(pace, each)
                await producer.send_soon(plan.topic, values[each % len(values)])
            sent = trio.current_time()
        ended = trio.current_time()
        commits.add(ended - sent)
        wholes.add(ended - opened)
        number += count
        measured.transactions = commits.count
        progress(number)
    _finish(measured, number, plan, began)
    return measured
