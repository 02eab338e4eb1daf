"""One decision in the making: what the steps that one request or one deadline leads to add up to."""

from __future__ import annotations

from typing import Any

from barnabas.broker.coordinator.answers import Answer, Decision, Waiter
from barnabas.broker.coordinator.groups.events import GroupListener, nobody_listens
from barnabas.broker.coordinator.records import CoordinatorRecord
from barnabas.server.runtime import Result


class Turn:
    """The moment of the decision, and what it has come to so far.

    `now` is in seconds of the monotonic clock, `now_ms` is the wall clock in ms; `tell` gets what happens to groups.
    """

    __slots__ = ("answers", "now", "now_ms", "records", "tell")

    def __init__(self, now: float, now_ms: int, tell: GroupListener = nobody_listens) -> None:
        self.now = now
        self.now_ms = now_ms
        self.tell = tell
        self.records: list[CoordinatorRecord] = []
        self.answers: list[Answer] = []

    def answer(self, waiter: Waiter, response: Any) -> None:
        """Let this leave once the decision is committed."""
        self.answers.append((waiter, response))

    def decision(self, *, atomic: bool = True) -> Decision:
        """What was gathered. `atomic`: all records or none; see `Result`."""
        return Result(self.records, self.answers, atomic)


def answered(waiter: Waiter, response: Any) -> Decision:
    """A decision that changes nothing durable."""
    return Result((), [(waiter, response)])
