"""`barnabas group list|describe|lag|reset-offsets|remove-members|delete|delete-offsets`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from barnabas.cli.access import Access
from barnabas.cli.failures import UsageError
from barnabas.cli.group_reset import fetch_plan, parse_target, show_plan
from barnabas.cli.group_view import fetch_lags, show_descriptions, show_lags, show_list
from barnabas.cli.options import AsJson, noun, parse_places
from barnabas.cli.output import Done, show_outcomes
from barnabas.cli.session import with_admin
from barnabas.client.admin import Admin
from barnabas.client.errors import BrokerError
from barnabas.client.offsets import Place

app = noun("Consumer groups and what they have committed.")

Groups = Annotated[list[str], typer.Argument(metavar="GROUP", show_default=False)]
Group = Annotated[str, typer.Argument(metavar="GROUP", show_default=False)]
Topics = Annotated[
    list[str] | None,
    typer.Option("--topic", metavar="TOPIC[:PARTITION,...]", help="These alone. May be given several times."),
]


@app.command("list")
def list_groups(
    state: Annotated[list[str] | None, typer.Option(metavar="STATE", help="Stable, Empty, ...")] = None,
    kind: Annotated[list[str] | None, typer.Option("--type", metavar="TYPE", help="classic, consumer, ...")] = None,
    as_json: AsJson = False,
    *,
    access: Access,
) -> None:
    """List groups."""
    groups = with_admin(access, lambda admin: admin.list_groups(states=state or (), types=kind or ()))
    show_list(groups, as_json=as_json)


@app.command()
def describe(
    groups: Groups,
    as_json: AsJson = False,
    *,
    access: Access,
) -> None:
    """Show groups, their members, and who reads what."""
    show_descriptions(with_admin(access, lambda admin: admin.describe_groups(groups)), as_json=as_json)


@app.command()
def lag(
    groups: Groups,
    topic: Topics = None,
    as_json: AsJson = False,
    *,
    access: Access,
) -> None:
    """Show how far groups are behind the ends of what they read, by partition and in all."""
    wanted = parse_places(topic)
    show_lags(with_admin(access, lambda admin: fetch_lags(admin, groups, wanted)), as_json=as_json)


@app.command("reset-offsets")
def reset_offsets(
    group: Group,
    topic: Topics = None,
    all_topics: Annotated[
        bool, typer.Option("--all-topics", help="All topics that the group has committed offsets of.")
    ] = False,
    to_earliest: Annotated[bool, typer.Option("--to-earliest", help="Where the logs begin.")] = False,
    to_latest: Annotated[bool, typer.Option("--to-latest", help="Where the logs end.")] = False,
    to_current: Annotated[bool, typer.Option("--to-current", help="Where the group is.")] = False,
    to_offset: Annotated[int | None, typer.Option(metavar="OFFSET", min=0, help="This offset.")] = None,
    shift_by: Annotated[int | None, typer.Option(metavar="N", help="N records on, or back if negative.")] = None,
    to_datetime: Annotated[
        str | None, typer.Option(metavar="TIME", help="The first record of that time: 2026-01-31T12:00:00[+01:00].")
    ] = None,
    by_duration: Annotated[
        str | None, typer.Option(metavar="DURATION", help="The first record since then: 90s, 15m, 6h, 7d, PT1H30M.")
    ] = None,
    from_file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Lines of topic,partition,offset.", exists=True, dir_okay=False)
    ] = None,
    execute: Annotated[bool, typer.Option("--execute", help="Do it; otherwise only show it.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would be done: the default.")] = False,
    as_json: AsJson = False,
    *,
    access: Access,
) -> None:
    """Move a group that has no members now to other offsets."""
    if execute and dry_run:
        raise UsageError("--execute does it and --dry-run only shows it; give one of them")
    target = parse_target(
        earliest=to_earliest,
        latest=to_latest,
        current=to_current,
        offset=to_offset,
        shift=shift_by,
        datetime_text=to_datetime,
        duration_text=by_duration,
        file=from_file,
    )
    wanted = parse_places(topic)
    if not wanted and not all_topics and not target.places:
        raise UsageError("which topics? Give --topic, --all-topics or --from-file")
    plan = with_admin(access, lambda admin: fetch_plan(admin, group, target, wanted, execute=execute))
    show_plan(plan, executed=execute, as_json=as_json)


@app.command("remove-members")
def remove_members(
    group: Group,
    member: Annotated[
        list[str] | None, typer.Option(metavar="MEMBER", help="By its id. May be given several times.")
    ] = None,
    instance: Annotated[
        list[str] | None, typer.Option(metavar="INSTANCE", help="A static member. May be given several times.")
    ] = None,
    as_json: AsJson = False,
    *,
    access: Access,
) -> None:
    """Make members leave a group, so that others get their partitions: static ones, or those that hang."""
    if not member and not instance:
        raise UsageError("whom? Give --member or --instance; `barnabas group describe` shows both")
    removed = with_admin(
        access, lambda admin: admin.remove_members(group, member or (), instances=instance or (), reason="an operator")
    )
    outcomes = {
        name: error or Done(f"removed {name} from group {group}", {"removed": True}) for name, error in removed.items()
    }
    show_outcomes(outcomes, as_json=as_json)


@app.command()
def delete(
    groups: Groups,
    as_json: AsJson = False,
    *,
    access: Access,
) -> None:
    """Delete groups that have no members, with their offsets."""
    deleted = with_admin(access, lambda admin: admin.delete_groups(groups))
    outcomes = {name: error or Done(f"deleted group {name}", {"deleted": True}) for name, error in deleted.items()}
    show_outcomes(outcomes, as_json=as_json)


@app.command("delete-offsets")
def delete_offsets(
    group: Group,
    topic: Annotated[
        list[str], typer.Option("--topic", metavar="TOPIC[:PARTITION,...]", help="May be given several times.")
    ],
    as_json: AsJson = False,
    *,
    access: Access,
) -> None:
    """Forget what a group has committed of topics that it does not subscribe to now."""
    wanted = parse_places(topic)
    deleted = with_admin(access, lambda admin: _delete_offsets(admin, group, wanted))
    outcomes: dict[str, Done | BrokerError] = {
        f"{name}-{number}": error or Done(f"deleted the offset of {name}-{number}", {"deleted": True})
        for (name, number), error in deleted.items()
    }
    show_outcomes(outcomes, as_json=as_json)


async def _delete_offsets(
    admin: Admin, group: str, wanted: dict[str, Sequence[int]]
) -> dict[Place, BrokerError | None]:
    committed = await admin.group_offsets(group)
    places = [place for place in committed if place[0] in wanted and not wanted[place[0]]]
    places += [(name, number) for name, numbers in wanted.items() for number in numbers]
    if not places:
        raise UsageError(f"group {group} has no committed offsets of {', '.join(wanted)}")
    return await admin.delete_group_offsets(group, places)
