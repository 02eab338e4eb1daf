"""A host that stands still does nothing, and goes on with all that came meanwhile."""

from __future__ import annotations

import trio
from tests.simulation import scheduler
from tests.simulation.pauses import HOST, Pauses


async def tick(host: str, seen: list[tuple[str, float]], times: int) -> None:
    HOST.set(host)
    for _ in range(times):
        await trio.sleep(1)
        seen.append((host, trio.current_time()))


def test_a_paused_host_stands_still_and_its_timers_go_off_when_it_goes_on() -> None:
    pauses, seen = Pauses(), list[tuple[str, float]]()

    async def main() -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(tick, "one", seen, 4)
            nursery.start_soon(tick, "other", seen, 4)
            await trio.sleep(1.5)
            pauses.pause("one")
            assert pauses.is_paused("one")
            await trio.sleep(2)
            pauses.resume("one")

    scheduler.run(1, main)
    assert [at for host, at in seen if host == "other"] == [1, 2, 3, 4]
    assert [at for host, at in seen if host == "one"] == [1, 3.5, 4.5, 5.5]


def test_what_arrives_first_wins_against_a_timer_that_ran_out_later() -> None:
    pauses, outcomes = Pauses(), list[str]()
    send, receive = trio.open_memory_channel[str](1)

    async def wait() -> None:
        HOST.set("one")
        with trio.move_on_after(2):
            outcomes.append(await receive.receive())
        outcomes.append("went on")

    async def main() -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(wait)
            await trio.sleep(0.5)
            pauses.pause("one")
            await trio.sleep(0.5)
            await send.send("a message")
            await trio.sleep(5)
            assert outcomes == []
            pauses.resume("one")

    scheduler.run(1, main)
    assert outcomes == ["a message", "went on"]


def test_tasks_begun_while_the_host_stands_still_begin_when_it_goes_on() -> None:
    pauses, seen = Pauses(), list[tuple[str, float]]()

    async def main() -> None:
        HOST.set("one")
        async with trio.open_nursery() as nursery:

            async def from_outside() -> None:
                HOST.set("outside")
                pauses.pause("one")
                await trio.sleep(3)
                pauses.resume("one")

            nursery.start_soon(from_outside)
            nursery.start_soon(tick, "one", seen, 1)

    scheduler.run(1, main)
    assert len(seen) == 1


def test_a_paused_host_can_be_killed() -> None:
    pauses, ended = Pauses(), list[float]()

    async def run(scope: trio.CancelScope) -> None:
        HOST.set("one")
        try:
            with scope:
                await trio.sleep_forever()
        finally:
            ended.append(trio.current_time())

    async def main() -> None:
        scope = trio.CancelScope()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(run, scope)
            await trio.sleep(1)
            pauses.pause("one")
            await trio.sleep(1)
            scope.cancel()
            pauses.resume("one")

    scheduler.run(1, main)
    assert ended == [2]
