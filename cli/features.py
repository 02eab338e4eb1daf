"""`barnabas features describe|alter`: what the cluster may do, by feature and level (KIP-584)."""

from __future__ import annotations

from typing import Annotated

import typer

from barnabas.cli.access import Access
from barnabas.cli.failures import UsageError
from barnabas.cli.options import AsJson, noun
from barnabas.cli.output import show_json, show_table
from barnabas.cli.session import with_admin

app = noun("Features of the cluster, each with the level that all brokers keep to.")


@app.command()
def describe(as_json: AsJson = False, *, access: Access) -> None:
    """Show the features, the level that each has now, and which levels the broker that answers supports."""
    found = with_admin(access, lambda admin: admin.describe_features())
    if as_json:
        show_json(
            [
                {"name": name, "level": each.level, "lowest": each.lowest, "highest": each.highest}
                for name, each in found.items()
            ]
        )
        return
    rows = ((name, each.level, f"{each.lowest} to {each.highest}") for name, each in found.items())
    show_table(("feature", "level", "supported"), rows)


@app.command()
def alter(
    changes: Annotated[list[str], typer.Argument(metavar="NAME=LEVEL", show_default=False)],
    downgrade: Annotated[
        bool, typer.Option("--downgrade", help="Lower levels; 0 switches a feature off. Otherwise they are raised.")
    ] = False,
    validate_only: Annotated[bool, typer.Option("--validate-only", help="Only check that it could be done.")] = False,
    as_json: AsJson = False,
    *,
    access: Access,
) -> None:
    """Raise features to these levels, all of them or none."""
    levels = dict(map(_parse, changes))
    with_admin(access, lambda admin: admin.update_features(levels, downgrade=downgrade, validate_only=validate_only))
    if as_json:
        show_json([{"name": name, "level": level, "altered": not validate_only} for name, level in levels.items()])
        return
    for name, level in levels.items():
        typer.echo(f"feature {name} {'could be' if validate_only else 'is'} at level {level}")


def _parse(text: str) -> tuple[str, int]:
    name, _, level = text.partition("=")
    if not name or not level.isdecimal():
        raise UsageError(f"{text!r} is not a feature and a level, such as group.version=1")
    return name, int(level)
