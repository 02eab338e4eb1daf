"""What ends a node on purpose."""

from __future__ import annotations


class NodeFailure(Exception):
    """The node cannot start, or cannot go on, for a reason that its user can understand: the text is one line.

    The process writes it to standard error and exits with code 1. For what is wrong with the settings see
    `settings.SettingsError` (exit code 2).
    """
