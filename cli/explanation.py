"""What an error means to whoever typed the command: a text and an exit code. Imported only once there is an error."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from barnabas.cli.failures import CommandError
from barnabas.cli.main import EXIT_FAILED, EXIT_INTERRUPTED, EXIT_USAGE
from barnabas.client.connection import ConnectionLost
from barnabas.client.errors import BrokerError, ClientError, ConfigurationError, NoBrokersAvailable, TimedOut
from barnabas.protocol.errors import ErrorCode

# What to do about errors whose text does not say it.
ADVICE: Final[Mapping[ErrorCode, str]] = {
    ErrorCode.UNKNOWN_TOPIC_OR_PARTITION: "`barnabas topic list` shows the topics",
    ErrorCode.LEADER_NOT_AVAILABLE: "`barnabas doctor` says which broker to start",
    ErrorCode.TOPIC_ALREADY_EXISTS: "--if-not-exists accepts it, `barnabas topic alter` changes it",
    ErrorCode.INVALID_REPLICATION_FACTOR: "`barnabas cluster describe` shows the brokers",
    ErrorCode.INVALID_REPLICA_ASSIGNMENT: "`barnabas cluster describe` shows the brokers",
    ErrorCode.OFFSET_OUT_OF_RANGE: "the log has moved on or ends before; --from beginning reads what there is",
    ErrorCode.GROUP_ID_NOT_FOUND: "`barnabas group list` shows the groups",
    ErrorCode.NON_EMPTY_GROUP: "stop its members first; `barnabas group describe` shows them",
    ErrorCode.GROUP_SUBSCRIBED_TO_TOPIC: "stop the members that subscribe to it first",
    ErrorCode.TRANSACTIONAL_ID_NOT_FOUND: "`barnabas transaction list` shows the transactional ids",
    ErrorCode.NOT_ENOUGH_REPLICAS: "`barnabas topic describe` shows which replicas are in sync",
}

_REFUSAL: Final = re.compile(r"\blast: .*?\b([A-Z]+(?:_[A-Z]+)+): ")
"""A wire error as the last reason why something was not done in time."""


@dataclass(frozen=True, slots=True)
class Failure:
    """How to end: the text for standard error (none if empty) and the exit code."""

    text: str
    code: int


def explain(error: BaseException) -> Failure | None:
    """What to say about an error, also of one inside exception groups; None for one that only a bug explains."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    match error:
        case CommandError():
            return Failure(str(error), error.code)
        case ConfigurationError():
            return Failure(str(error), EXIT_USAGE)
        case TimedOut() if (refusal := _REFUSAL.search(str(error))) and refusal[1] in ErrorCode.__members__:
            return _with_advice(error, ErrorCode[refusal[1]])
        case NoBrokersAvailable() | TimedOut() | ConnectionLost():
            return Failure(f"{error}; is the cluster running, and is --bootstrap right?", EXIT_FAILED)
        case BrokerError():
            return _with_advice(error, error.code)
        case ClientError():
            return Failure(str(error), EXIT_FAILED)
        case KeyboardInterrupt():
            return Failure("", EXIT_INTERRUPTED)
        case BrokenPipeError():
            return Failure("", EXIT_FAILED)
        case OSError():
            return Failure(str(error), EXIT_FAILED)
    return _explain_node(error)


def _with_advice(error: ClientError, code: ErrorCode) -> Failure:
    text = str(error)
    return Failure(f"{text.rstrip('.')}; {ADVICE[code]}" if code in ADVICE else text, EXIT_FAILED)


def _explain_node(error: BaseException) -> Failure | None:
    """Errors of what nodes and clients share by another way: settings, start-up."""
    from barnabas.server.failure import NodeFailure
    from barnabas.server.settings import SettingsError

    if isinstance(error, SettingsError):
        return Failure("\n".join(error.mistakes), EXIT_USAGE)
    if isinstance(error, NodeFailure):
        return Failure(str(error), EXIT_FAILED)
    return None
