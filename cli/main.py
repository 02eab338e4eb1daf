"""The root of the `barnabas` command, and the one place where errors become a line and an exit code.

A noun's module is imported when it is asked for, so that `barnabas dev` and the nodes do not pay for the tables and
the client of the others.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Final, NoReturn

import typer
from typer.core import TyperGroup
from typer.main import get_command

EXIT_FAILED: Final = 1
EXIT_USAGE: Final = 2
EXIT_INTERRUPTED: Final = 130

SECTIONS: Final[Mapping[str, Mapping[str, str]]] = {
    "Run a cluster": {
        "dev": "A whole cluster on this machine.",
        "format": "Prepare a node's directories before its first start.",
        "broker": "Run a broker.",
        "controller": "Run a controller.",
    },
    "Data": {
        "topic": "Topics and their partitions.",
        "produce": "Write records: each line of standard input is one.",
        "consume": "Read records: each is a line of standard output.",
        "group": "Consumer groups and what they have committed.",
        "transaction": "Transactions, and those that nobody ends.",
    },
    "Operation": {
        "config": "Settings of topics, brokers and groups.",
        "cluster": "The brokers, what each holds, and who leads.",
        "quorum": "The controllers, and who follows them.",
        "features": "Features of the cluster, and their levels.",
        "doctor": "Check a cluster, and say what to do.",
        "top": "Watch a cluster.",
        "log": "What is in the files of a node.",
    },
    "Planning": {
        "perf": "How fast a cluster is.",
        "size": "Calculate how large a cluster must be.",
    },
    "Shell": {
        "completion": "Completion of commands, options and names.",
    },
}
"""What the help says of each command, so that nobody waits for all their modules to read it."""

# Each module has `app`, a Typer of one command or of several.
NOUNS: Final[Mapping[str, str]] = {
    "dev": "barnabas.cli.dev.command",
    "format": "barnabas.cli.format",
    "topic": "barnabas.cli.topic",
    "produce": "barnabas.cli.produce",
    "consume": "barnabas.cli.consume",
    "group": "barnabas.cli.group",
    "transaction": "barnabas.cli.transaction",
    "config": "barnabas.cli.config",
    "cluster": "barnabas.cli.cluster",
    "quorum": "barnabas.cli.quorum",
    "features": "barnabas.cli.features",
    "doctor": "barnabas.cli.doctor.command",
    "top": "barnabas.cli.top.command",
    "perf": "barnabas.cli.perf.command",
    "size": "barnabas.cli.size",
    "log": "barnabas.cli.log",
    "completion": "barnabas.cli.completion.command",
}


class LazyGroup(TyperGroup):
    """Loads a noun by its name; all of them only to suggest one for a name that is none.

    The types are Any because typer has click inside in its newer versions, and beside it in its older ones.
    """

    def list_commands(self, ctx: Any) -> list[str]:
        return [name for commands in SECTIONS.values() for name in commands]

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        width = max(map(len, self.list_commands(ctx)))
        for title, commands in SECTIONS.items():
            with formatter.section(title):
                formatter.write_dl([(name.ljust(width), text) for name, text in commands.items()])

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name in self.commands or cmd_name in NOUNS:
            return self._load(cmd_name)
        for name in NOUNS:
            self._load(name)
        return None

    def _load(self, name: str) -> Any:
        if name not in self.commands:
            command = get_command(importlib.import_module(NOUNS[name]).app)
            command.name = name
            self.commands[name] = command
        return self.commands[name]


app = typer.Typer(
    cls=LazyGroup, no_args_is_help=True, add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False
)

Config = Annotated[Path, typer.Option("--config", metavar="FILE", help="The node's properties file.")]
Overrides = Annotated[
    list[str] | None, typer.Option("--override", metavar="NAME=VALUE", help="A setting that stands above the file's.")
]


def _show_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"barnabas {version('barnabas')}")
        raise typer.Exit()


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_show_version, help="Show the version and exit.")
    ] = False,
) -> None:
    """A cluster of brokers and controllers that speaks the Apache Kafka protocol."""


@app.command()
def controller(config: Config, override: Overrides = None) -> None:
    """Run a controller in the foreground, until SIGTERM or Ctrl-C."""
    from barnabas.cli import lean

    lean.become(lean.node_command("controller", config, override or []))


@app.command()
def broker(config: Config, override: Overrides = None) -> None:
    """Run a broker in the foreground, until SIGTERM or Ctrl-C.

    It hands over its leaderships before it ends.
    """
    from barnabas.cli import lean

    lean.become(lean.node_command("broker", config, override or []))


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run a command (default: the process's arguments) and end the process: 0 done, 1 failed, 2 wrong usage."""
    try:
        app(arguments, prog_name="barnabas")
    except KeyboardInterrupt:
        sys.exit(EXIT_INTERRUPTED)
    except (Exception, BaseExceptionGroup) as error:
        from barnabas.cli.explanation import explain

        failure = explain(error)
        if failure is None:
            raise
        if failure.text:
            typer.echo(f"barnabas: {failure.text}", err=True)
        sys.exit(failure.code)
    sys.exit(0)
