"""What is raised by a command that cannot do what was asked. Light, because every command imports it."""

from __future__ import annotations

from barnabas.cli.main import EXIT_FAILED, EXIT_USAGE


class CommandError(Exception):
    """A command cannot do what was asked; the text says why and what to do."""

    code = EXIT_FAILED


class UsageError(CommandError):
    """The arguments do not fit together."""

    code = EXIT_USAGE
