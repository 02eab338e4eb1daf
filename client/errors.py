"""What a client raises: one hierarchy, each error with what happened, where, and whether trying again may help.

`retriable` errors may pass by themselves; after a `fatal` one the producer or consumer that raised it is of no more use.
"""

from __future__ import annotations

from collections.abc import Sequence

from barnabas.protocol.errors import ErrorCode


class ClientError(Exception):
    """Anything that a client of Barnabas or Apache Kafka raises."""

    retriable = False
    fatal = False


class BrokerError(ClientError):
    """A broker refused: `code` is the wire's error, `what` the entity it concerns (a topic, a partition)."""

    def __init__(self, code: int, what: str, message: str | None = None) -> None:
        self.code = ErrorCode.of(code)
        self.what = what
        self.retriable = self.code.retriable
        super().__init__(f"{what}: {self.code.name}: {message or self.code.text}")


class NoBrokersAvailable(ClientError):
    """None of the addresses answered; `attempts` holds each address and why it failed."""

    retriable = True

    def __init__(self, attempts: Sequence[tuple[str, str]]) -> None:
        self.attempts = tuple(attempts)
        super().__init__("no broker answers: " + "; ".join(f"{address}: {why}" for address, why in attempts))


class TimedOut(ClientError):
    """It was not done in time; the text says what, how long it was tried, and the last error."""

    retriable = True


class ConfigurationError(ClientError):
    """An argument or setting makes no sense; the text says which and what would."""


class ProducerFenced(ClientError):
    """Another producer with a newer epoch has taken this one's place."""

    fatal = True


def check(code: int, what: str, message: str | None = None) -> None:
    """Raise BrokerError unless `code` is NONE."""
    if code != ErrorCode.NONE:
        raise BrokerError(code, what, message)
