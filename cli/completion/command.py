"""`barnabas completion bash|zsh|fish`, and `words`, which their scripts call."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from barnabas.cli.access import Access, Asked, profile_names, resolve
from barnabas.cli.completion.scripts import FILES, SCRIPTS
from barnabas.cli.completion.words import Candidates, Kind, complete
from barnabas.cli.options import noun

if TYPE_CHECKING:
    from barnabas.client.admin import Admin

app = noun("Completion of commands, options and names in a shell.")

_PATIENCE: Final = 1.5
"""Seconds for the cluster: who waits for a completion longer than that goes on typing."""


@app.command()
def bash() -> None:
    """Print the script for bash: put `source <(barnabas completion bash)` into ~/.bashrc."""
    typer.echo(SCRIPTS["bash"], nl=False)


@app.command()
def zsh() -> None:
    """Print the script for zsh: put `source <(barnabas completion zsh)` into ~/.zshrc, behind compinit."""
    typer.echo(SCRIPTS["zsh"], nl=False)


@app.command()
def fish() -> None:
    """Print the script for fish: write it to ~/.config/fish/completions/barnabas.fish."""
    typer.echo(SCRIPTS["fish"], nl=False)


@app.command(hidden=True)
def words(line: Annotated[list[str] | None, typer.Argument(metavar="WORD", show_default=False)] = None) -> None:
    """Print what may stand for the last of these words of a command line, each with what it is."""
    from typer.main import get_command

    from barnabas.cli.main import app as root

    found = complete(get_command(root), line or [])
    if found.kind is Kind.FILE:
        typer.echo(FILES)
        return
    for word, text in found.words.items():
        typer.echo(f"{word}\t{text}")
    if found.kind is not None:
        for name in sorted(_names(found, found.kind)):
            if name.startswith(found.prefix):
                typer.echo(f"{name}\t{found.kind.value}")


def _names(found: Candidates, kind: Kind) -> Iterable[str]:
    """The names there are; none where the cluster does not answer: a completion has nowhere to complain."""
    if kind is Kind.PROFILE:
        return _quietly(profile_names)
    return _quietly(lambda: _ask(_access(found.options), kind))


def _quietly(names: Callable[[], Iterable[str]]) -> Iterable[str]:
    try:
        return names()
    except (Exception, BaseExceptionGroup) as error:
        from barnabas.cli.explanation import explain

        if explain(error) is None:
            raise
        return ()


def _access(given: Mapping[str, str]) -> Access:
    file = given.get("command_config")
    asked = Asked(given.get("bootstrap"), _PATIENCE, given.get("profile"), None if file is None else Path(file))
    return resolve(asked)


def _ask(access: Access, kind: Kind) -> list[str]:
    import trio

    from barnabas.cli.session import with_admin

    async def ask(admin: Admin) -> list[str]:
        with trio.move_on_after(_PATIENCE):
            match kind:
                case Kind.TOPIC:
                    return [topic.name for topic in await admin.list_topics()]
                case Kind.GROUP:
                    return [group.group for group in await admin.list_groups()]
                case Kind.TRANSACTIONAL_ID:
                    return [each.transactional_id for each in await admin.list_transactions()]
                case Kind.BROKER:
                    from barnabas.cli.config import EVERY_BROKER

                    brokers = (await admin.describe_cluster()).brokers
                    return [EVERY_BROKER, *(str(broker.node.id) for broker in brokers)]
                case _:
                    return []
        return []

    return with_admin(access, ask)
