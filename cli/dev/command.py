"""`barnabas dev` and `barnabas dev kill|stop|start|pause|resume NODE`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from barnabas.cli import lean
from barnabas.cli.dev import control
from barnabas.cli.dev.layout import Layout, LayoutError

DEFAULT_DIRECTORY = Path(".barnabas")

app = typer.Typer(
    help="A whole cluster on this machine, each node a process of its own.",
    invoke_without_command=True,
    add_completion=False,
    rich_markup_mode=None,
)

Directory = Annotated[Path, typer.Option("--dir", metavar="DIR", help="Where the cluster keeps everything.")]


@app.callback()
def dev(
    context: typer.Context,
    directory: Directory = DEFAULT_DIRECTORY,
    controllers: Annotated[int, typer.Option(metavar="NUMBER", help="How many controllers.")] = 3,
    brokers: Annotated[int, typer.Option(metavar="NUMBER", help="How many brokers.")] = 3,
    base_port: Annotated[
        int, typer.Option(metavar="NUMBER", help="The first broker's port; controllers are 100 above.")
    ] = 9092,
    override: Annotated[
        list[str] | None, typer.Option(metavar="NAME=VALUE", help="A setting of every node under Kafka's name.")
    ] = None,
    restart: Annotated[bool, typer.Option("--restart", help="Start a node again that died by itself.")] = False,
) -> None:
    """Start a cluster and stay in the foreground; Ctrl-C stops everything. Data stay in the directory."""
    if context.invoked_subcommand is not None:
        return
    try:
        layout = Layout(directory.absolute(), controllers, brokers, base_port, tuple(override or ()))
    except LayoutError as error:
        typer.echo(f"barnabas dev: {error}", err=True)
        raise typer.Exit(1) from None
    lean.become(lean.dev_command(layout, restart=restart))


def _command(action: str, what: str) -> None:
    def command(
        node: Annotated[str, typer.Argument(help="The node's id, or its name as in `broker-1`.")],
        directory: Directory = DEFAULT_DIRECTORY,
    ) -> None:
        try:
            typer.echo(control.act(directory, action, node))
        except control.ControlError as error:
            typer.echo(f"barnabas dev {action}: {error}", err=True)
            raise typer.Exit(1) from None

    app.command(action, help=what)(command)


_command("kill", "Kill a node at once (SIGKILL), as a crash would.")
_command("stop", "Stop a node cleanly (SIGTERM): a broker hands over its leaderships first.")
_command("start", "Start a node again that was stopped or died.")
_command("pause", "Let a node stand still (SIGSTOP) with its connections open.")
_command("resume", "Let a paused node go on (SIGCONT).")
