"""`barnabas format`: prepare a node's directories, or make up a cluster's id."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import trio
import typer

from barnabas.cli.failures import UsageError
from barnabas.cli.options import AsJson, noun
from barnabas.cli.output import show_json
from barnabas.net.transport import TcpNetwork
from barnabas.protocol.types import uuid_text

if TYPE_CHECKING:
    from barnabas.server.settings import Settings

app = noun()

_UUID_BYTES: Final = 16


@app.command()
def format_node(
    config: Annotated[Path | None, typer.Option(metavar="FILE", help="The node's properties file.")] = None,
    cluster_id: Annotated[str | None, typer.Option(metavar="ID", help="The same for all nodes of a cluster.")] = None,
    standalone: Annotated[
        bool, typer.Option("--standalone", help="This controller is the only first voter of a new cluster.")
    ] = False,
    initial_controllers: Annotated[
        str | None,
        typer.Option(metavar="ID@HOST:PORT:DIRECTORY-ID,...", help="The first voters of a new cluster, with this one."),
    ] = None,
    no_initial_controllers: Annotated[
        bool, typer.Option("--no-initial-controllers", help="This controller joins a cluster that exists.")
    ] = False,
    ignore_formatted: Annotated[
        bool, typer.Option("--ignore-formatted", help="Leave directories alone that are formatted for this node.")
    ] = False,
    override: Annotated[
        list[str] | None, typer.Option(metavar="NAME=VALUE", help="A setting that stands above the file's.")
    ] = None,
    random_cluster_id: Annotated[
        bool, typer.Option("--random-cluster-id", help="Only print a new id, for --cluster-id of every node.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Prepare a node's directories before its first start."""
    if random_cluster_id:
        typer.echo(new_cluster_id())
        return
    if config is None or not cluster_id:
        raise UsageError(
            "format needs --config FILE and --cluster-id ID; `barnabas format --random-cluster-id` makes an id"
        )
    from barnabas.server.format import (
        controller_listener,
        format_directory,
        parse_initial_controllers,
        refuse_to_revive_a_voter,
    )
    from barnabas.server.settings import Settings

    settings = Settings.load(config, overrides=override or [], environment=os.environ)
    voters = None
    if initial_controllers is not None:
        voters = parse_initial_controllers(initial_controllers, controller_listener(settings))
    if (standalone or voters is not None) and not _is_formatted(settings):
        trio.run(refuse_to_revive_a_voter, TcpNetwork(), settings)
    formatted = format_directory(
        settings,
        cluster_id=cluster_id,
        new_uuid=_new_uuid,
        standalone=standalone,
        initial_controllers=voters,
        no_initial_controllers=no_initial_controllers,
        ignore_formatted=ignore_formatted,
    )
    if as_json:
        directories = formatted.directories
        show_json([{"directory": d, "directory_id": uuid_text(i), "formatted": new} for d, i, new in directories])
    else:
        typer.echo("\n".join(formatted.lines))


def new_cluster_id() -> str:
    """A random id; none that begins with a dash, which a command line would take for an option."""
    while (text := uuid_text(_new_uuid())).startswith("-"):
        pass
    return text


def _new_uuid() -> bytes:
    return os.urandom(_UUID_BYTES)


def _is_formatted(settings: Settings) -> bool:
    """Whether the directory of the metadata log is: then this node's vote is on the disk still."""
    from barnabas.server.format import log_directories
    from barnabas.storage.checkpoint import META_PROPERTIES

    return (Path(log_directories(settings)[0]) / META_PROPERTIES).exists()
