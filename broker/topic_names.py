"""What to say about topics that are not there."""

from __future__ import annotations

from barnabas.metadata.topic_names import reason_invalid
from barnabas.protocol.errors import ErrorCode


def error_for_missing(name: str) -> ErrorCode:
    """The error for a topic that does not exist: whether it could."""
    return ErrorCode.UNKNOWN_TOPIC_OR_PARTITION if reason_invalid(name) is None else ErrorCode.INVALID_TOPIC_EXCEPTION
