"""Requests that wait: who runs out when, and what it costs to end early."""

from __future__ import annotations

import random
from typing import Any

from barnabas.broker.purgatory import Purgatory, TimedPurgatory
from broker_harness import FakeTimers


class Request:
    def __init__(self, name: int = 0) -> None:
        self.name = name
        self.done = False
        self.deadline = 0.0
        self.expired = 0

    def expire(self) -> None:
        self.expired += 1
        self.done = True


def test_those_with_one_limit_run_out_in_the_order_of_coming() -> None:
    purgatory = Purgatory()
    requests = [Request() for _ in range(3)]
    for number, request in enumerate(requests):
        assert purgatory.add(request, 5.0, float(number)) is (number == 0)
    assert purgatory.next_deadline(5.0) == 5.0
    assert purgatory.expire(5.0, 6.0) == requests[:2]
    assert purgatory.next_deadline(5.0) == 7.0
    assert len(purgatory) == 1


def test_who_is_done_does_not_run_out() -> None:
    purgatory = Purgatory()
    first, second = Request(), Request()
    purgatory.add(first, 5.0, 0.0)
    purgatory.add(second, 5.0, 1.0)
    first.done = True
    assert purgatory.next_deadline(5.0) == 6.0
    second.done = True
    assert purgatory.next_deadline(5.0) is None
    assert purgatory.add(Request(), 5.0, 2.0)


def test_behind_a_head_that_stays_the_done_ones_do_not_pile_up() -> None:
    purgatory = Purgatory()
    purgatory.add(Request(), 5.0, 0.0)
    for _ in range(10_000):
        request = Request()
        purgatory.add(request, 5.0, 0.0)
        request.done = True
    assert len(purgatory._queues[5.0].waiting) <= 2048
    assert len(purgatory) == 1


def test_one_timer_serves_a_queue() -> None:
    timers, now = FakeTimers(), [0.0]
    purgatory = TimedPurgatory(timers, lambda: now[0])
    requests = [Request() for _ in range(100)]
    for request in requests:
        purgatory.add(request, 5.0)
        now[0] += 0.01
    assert len(timers.calls) == 1
    requests[0].done = True
    run_until(timers, now, 5.5)
    assert [request.expired for request in requests] == [0] + [1] * 50 + [0] * 49
    assert len(timers.calls) == 1
    run_until(timers, now, 10.0)
    assert len(purgatory) == 0
    assert not timers.calls


def test_one_that_ends_another_is_not_followed_by_a_second_end() -> None:
    timers, now = FakeTimers(), [0.0]
    purgatory = TimedPurgatory(timers, lambda: now[0])
    first, second = Request(), Request()

    def expire() -> None:
        second.done = True

    first.expire = expire  # type: ignore[method-assign]
    purgatory.add(first, 1.0)
    purgatory.add(second, 1.0)
    run_until(timers, now, 2.0)
    assert second.expired == 0


def test_like_a_timer_for_each() -> None:
    rng = random.Random(1)
    timers, now = FakeTimers(), [0.0]
    purgatory = TimedPurgatory(timers, lambda: now[0])
    requests: list[Any] = []
    due: dict[int, float] = {}
    for name in range(300):
        request = Request(name)
        limit = rng.choice([0.0, 0.5, 3.0])
        due[name] = now[0] + limit
        purgatory.add(request, limit)
        requests.append(request)
        early = rng.choice(requests)
        if not early.done and rng.random() < 0.4:
            early.done = True
            del due[early.name]
        run_until(timers, now, now[0] + rng.random() * 0.2)
        expired = {request.name for request in requests if request.expired}
        assert expired == {name for name, deadline in due.items() if deadline <= now[0]}


def run_until(timers: FakeTimers, now: list[float], end: float) -> None:
    while (due := timers.due(end)) is not None:
        now[0] = max(now[0], due[0])
        due[1]()
    now[0] = end
