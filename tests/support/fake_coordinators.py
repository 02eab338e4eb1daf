"""What handlers of groups are tested with: shards that have the machines of harnesses, and requests as they come."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import Any, cast

from barnabas.broker.coordinator.coordinators import partition_of
from barnabas.protocol import codec
from barnabas.protocol.errors import ErrorCode, WireError
from barnabas.protocol.message import RequestMessage
from group_harness import GroupHarness


class FakeShard:
    """A shard that has the machine of a harness, or an error instead."""

    def __init__(self, harness: GroupHarness) -> None:
        self.harness = harness
        self.error: ErrorCode | None = None

    def submit(self, decide: Callable[..., Any], waiter: Any) -> None:
        """As `Shard`."""
        if self.error is not None:
            waiter.fail(WireError(self.error))
            return
        h = self.harness

        def decided(machine: Any, asked: Any) -> Any:
            asked.reply, asked.fail = waiter.reply, waiter.fail
            return decide(machine, h.now, h.now_ms)

        h.decide(decided)


class FakeCoordinators:
    """Shards; `missing` is why another one is not here."""

    def __init__(self, *harnesses: GroupHarness) -> None:
        self.all = [FakeShard(harness) for harness in harnesses]
        self.missing: ErrorCode | None = None
        self.loading = False

    def partition_for(self, key: str) -> int:
        return partition_of(key, len(self.all))

    def shard(self, key: str) -> FakeShard:
        if self.missing is not None:
            raise WireError(self.missing)
        return self.all[self.partition_for(key)]

    def shards(self) -> Iterator[FakeShard]:
        return iter(self.all)


def name_of(request: RequestMessage) -> str:
    """Such as JoinGroup."""
    return request.NAME.removesuffix("Request")


def ask(handler: object, request: RequestMessage, version: int, client_id: str | None = "client") -> Any:
    """The handler's answer, as the client reads it; None while it waits."""
    response_class = getattr(sys.modules[type(request).__module__], f"{name_of(request)}Response")
    body, _ = codec.decode(type(request), version, codec.encode(request, version))
    answers: list[Any] = []

    class Request:
        header = type("Header", (), {"client_id": client_id})()
        connection = type("Connection", (), {"peer": "[::1]:5000"})()

        def reply(self, message: Any) -> None:
            answers.append(codec.decode(response_class, version, codec.encode(message, version))[0])

    fake = Request()
    fake.body, fake.version = body, version  # type: ignore[attr-defined]
    cast("Any", handler).handle(fake)
    assert len(answers) <= 1
    return answers[0] if answers else None
