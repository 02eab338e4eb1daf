"""Timers run when due, in order, and not after they were cancelled."""

from __future__ import annotations

import random

import pytest
import trio
import trio.testing

from barnabas.server.timers import Timer, Timers


async def test_order_and_time(autojump_clock: trio.testing.MockClock, nursery: trio.Nursery) -> None:
    timers, seen = Timers(), []
    nursery.start_soon(timers.run)
    for delay in (3, 1, 2, 1):
        timers.call_at(delay, lambda delay=delay: seen.append((delay, trio.current_time())))  # type: ignore[misc]
    await trio.sleep(5)
    assert seen == [(1, 1.0), (1, 1.0), (2, 2.0), (3, 3.0)]
    assert len(timers) == 0


async def test_earlier_timer_set_while_asleep(autojump_clock: trio.testing.MockClock, nursery: trio.Nursery) -> None:
    timers, seen = Timers(), []
    nursery.start_soon(timers.run)
    timers.call_at(10, lambda: seen.append("late"))
    await trio.sleep(1)
    timers.call_at(2, lambda: seen.append("early"))
    timers.call_at(0, lambda: seen.append("past"))
    await trio.sleep(2)
    assert seen == ["past", "early"]
    await trio.sleep(10)
    assert seen == ["past", "early", "late"]


async def test_cancelled_is_not_called(autojump_clock: trio.testing.MockClock, nursery: trio.Nursery) -> None:
    timers, seen = Timers(), []
    nursery.start_soon(timers.run)
    timer = timers.call_at(1, lambda: seen.append(1))
    other = timers.call_at(2, lambda: seen.append(2))
    timer.cancel()
    timer.cancel()
    assert not timer.pending
    assert other.pending
    assert len(timers) == 1
    await trio.sleep(3)
    other.cancel()
    assert seen == [2]
    assert len(timers) == 0


async def test_a_call_may_set_and_cancel_timers(autojump_clock: trio.testing.MockClock, nursery: trio.Nursery) -> None:
    timers, seen = Timers(), []
    nursery.start_soon(timers.run)
    doomed = [timers.call_at(1, lambda: seen.append("doomed")) for _ in range(1000)]

    def first() -> None:
        for timer in doomed:
            timer.cancel()
        timers.call_at(0, lambda: seen.append("at once"))

    timers.call_at(0.5, first)
    timers.call_at(2, lambda: seen.append("last"))
    await trio.sleep(3)
    assert seen == ["at once", "last"]


async def test_cancelled_timers_take_no_lasting_memory() -> None:
    timers = Timers()
    kept = timers.call_at(1e9, lambda: None)
    for _ in range(10_000):
        timers.call_at(1e9, lambda: None).cancel()
    assert len(timers._heap) < 1000
    assert len(timers) == 1
    assert kept.pending


async def test_against_a_naive_twin(autojump_clock: trio.testing.MockClock, nursery: trio.Nursery) -> None:
    rng, timers = random.Random(7), Timers()
    nursery.start_soon(timers.run)
    called: list[int] = []
    alive: dict[int, tuple[float, Timer]] = {}
    for number in range(2000):
        deadline = float(rng.randrange(1, 50))
        timer = timers.call_at(deadline, lambda number=number: called.append(number))  # type: ignore[misc]
        alive[number] = deadline, timer
        if rng.random() < 0.6:
            alive.pop(rng.choice(list(alive)))[1].cancel()
    await trio.sleep(60)
    assert called == sorted(alive, key=lambda number: (alive[number][0], number))


async def test_failing_call_ends_run(autojump_clock: trio.testing.MockClock) -> None:
    timers = Timers()

    def fail() -> None:
        raise ValueError("bug")

    timers.call_at(0, fail)
    with pytest.raises(ValueError, match="bug"):
        await timers.run()
