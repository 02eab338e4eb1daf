"""What ends a node on purpose."""

from __future__ import annotations


class NodeFailure(Exception):
    """The node cannot start, or cannot go on, for a reason that its user can understand: the text is one line.

    The process writes it to standard error and exits with code 1. For what is wrong with the settings see
    `settings.SettingsError` (exit code 2).
    """


def cause_of(error: BaseException) -> BaseException:
    """What stands alone in an exception group, however deep; what stands beside others stays a group."""
    while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    return error
