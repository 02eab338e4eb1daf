"""The simulation's clock rings its alarms when nothing else can happen before them."""

from __future__ import annotations

import trio
from tests.simulation import scheduler


def test_an_alarm_rings_at_its_time_among_trios_deadlines() -> None:
    woken: list[tuple[str, float]] = []

    async def wait(until: float) -> None:
        await scheduler.alarm().wait(until)
        woken.append(("alarm", trio.current_time()))

    async def sleep(seconds: float) -> None:
        await trio.sleep(seconds)
        woken.append(("sleep", trio.current_time()))

    async def main() -> None:
        async with trio.open_nursery() as nursery:
            for seconds in (3.0, 1.0):
                nursery.start_soon(wait, seconds)
                nursery.start_soon(sleep, seconds + 1)

    scheduler.run(1, main)
    assert sorted(woken, key=lambda each: each[1]) == woken
    assert set(woken) == {("alarm", 1.0), ("sleep", 2.0), ("alarm", 3.0), ("sleep", 4.0)}


def test_an_alarm_is_brought_forward_and_never_put_off() -> None:
    woken: list[float] = []

    async def main() -> None:
        alarm = scheduler.alarm()

        async def wait() -> None:
            await alarm.wait(10.0)
            woken.append(trio.current_time())

        async with trio.open_nursery() as nursery:
            nursery.start_soon(wait)
            await trio.sleep(1.0)
            alarm.bring_forward(5.0)
            alarm.bring_forward(7.0)

    scheduler.run(1, main)
    assert woken == [5.0]


def test_time_does_not_stop_at_an_alarm_that_nobody_waits_for() -> None:
    times: list[float] = []

    async def main() -> None:
        alarm = scheduler.alarm()
        with trio.move_on_after(1.0):
            await alarm.wait(2.0)
        times.append(trio.current_time())
        alarm.ring()
        await trio.sleep(8.0)
        times.append(trio.current_time())

    scheduler.run(1, main)
    assert times == [1.0, 9.0]
