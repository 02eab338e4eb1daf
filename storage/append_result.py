"""What a log answers to an append."""

from __future__ import annotations

from typing import NamedTuple


class AppendResult(NamedTuple):
    """Where records went."""

    first_offset: int
    last_offset: int
    """first_offset - 1 if nothing was appended."""
    duplicate: bool
    """Whether they were in the log before; the offsets are those of then."""
    log_append_time_ms: int
    """For the answer: -1, unless the topic stamps records, or for a duplicate the first one's largest timestamp."""
    size: int
    """Bytes appended."""
