"""What a client raises: one hierarchy, each error with what happened, where, and whether trying again may help."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

from barnabas.protocol.errors import ErrorCode


class ClientError(Exception):
    """Anything that a client of Barnabas or Apache Kafka raises. `retriable` ones may pass by themselves."""

    retriable = False

    def again(self) -> Self:
        """The same error to be raised in another task: several may wait for what failed once."""
        twin = type(self).__new__(type(self), *self.args)
        twin.__dict__.update(self.__dict__)
        return twin


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


class AuthenticationFailed(ClientError):
    """A broker does not take our credentials, or we do not trust it; the text says which, why, and what helps."""


class TimedOut(ClientError):
    """It was not done in time; the text says what, how long it was tried, and the last error."""

    retriable = True


class UnreadableRecords(ClientError):
    """A broker sent records whose checksum or form is wrong; the text says of which partition, and where."""


class ClientClosed(ClientError):
    """The client was closed, or not yet opened; what was under way may or may not have been done."""


class ConfigurationError(ClientError):
    """An argument or setting makes no sense; the text says which and what would."""


def check(code: int, what: str, message: str | None = None) -> None:
    """Raise BrokerError unless `code` is NONE."""
    if code != ErrorCode.NONE:
        raise BrokerError(code, what, message)
