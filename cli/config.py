"""`barnabas config describe|alter`: settings of topics, brokers and groups while the cluster runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from enum import Enum
from typing import Annotated, Any, Final

import typer

from barnabas.cli.access import Access
from barnabas.cli.failures import UsageError
from barnabas.cli.options import AsJson, noun, parse_changes
from barnabas.cli.output import Done, show_each, show_outcomes, show_table
from barnabas.cli.session import with_admin
from barnabas.client.admin import BROKER, GROUP, TOPIC, Admin, ConfigValue
from barnabas.client.errors import BrokerError, ClientError

app = noun("Settings of topics, brokers and groups while the cluster runs.")

EVERY_BROKER: Final = "default"
"""The name for the settings of all brokers, as far as they have none of their own."""
_SECRET: Final = "(secret)"
_OF_LISTENER: Final = "listener.name."
"""Settings of one listener, of whatever name that is; brokers do not list them."""


class Kind(Enum):
    """What has settings."""

    TOPIC = "topic"
    BROKER = "broker"
    GROUP = "group"


_WIRE: Final[Mapping[Kind, int]] = {Kind.TOPIC: TOPIC, Kind.BROKER: BROKER, Kind.GROUP: GROUP}

OfKind = Annotated[Kind, typer.Argument(metavar="topic|broker|group", show_default=False)]
Names = Annotated[
    list[str],
    typer.Argument(
        metavar="NAME", show_default=False, help="Brokers by their ids; `default` is what all brokers share."
    ),
]


@app.command()
def describe(
    kind: OfKind,
    names: Names,
    every: Annotated[bool, typer.Option("--all", help="Also those that nobody has set.")] = False,
    as_json: AsJson = False,
    *,
    access: Access,
) -> None:
    """Show settings, and where each value comes from."""
    resources = _resources(kind, names)
    described = with_admin(access, lambda admin: admin.describe_configs(_WIRE[kind], resources.values()))
    found: dict[str, Settings | ClientError] = {}
    for name, resource in resources.items():
        values = described[resource]
        found[name] = values if isinstance(values, ClientError) else Settings(kind, name, values, every=every)
    show_each(found, key="name", facts=Settings.facts, show=Settings.show, as_json=as_json)


@app.command()
def alter(
    kind: OfKind,
    names: Names,
    given: Annotated[list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="May be repeated.")] = None,
    deleted: Annotated[
        list[str] | None, typer.Option("--delete", metavar="NAME", help="Take a setting back to its default.")
    ] = None,
    validate_only: Annotated[bool, typer.Option("--validate-only", help="Only check that it could be done.")] = False,
    as_json: AsJson = False,
    *,
    access: Access,
) -> None:
    """Change settings. Of a topic, broker or group whose change is refused in part, nothing is changed."""
    changes = parse_changes(given, "--set", deleted)
    if not changes:
        raise UsageError("nothing to change; give --set or --delete")
    resources = _resources(kind, names)

    async def ask(admin: Admin) -> dict[str, BrokerError | None]:
        if kind is Kind.BROKER:
            await _check_names(admin, [name for name, value in changes.items() if value is not None])
        asked = dict.fromkeys(resources.values(), changes)
        return await admin.alter_configs(_WIRE[kind], asked, validate_only=validate_only)

    altered = with_admin(access, ask)
    line = "could be altered" if validate_only else "altered"
    facts = {"configs": changes, "altered": not validate_only}
    outcomes = {
        name: altered[resource] or Done(f"{kind.value} {name}: {line}", facts) for name, resource in resources.items()
    }
    show_outcomes(outcomes, as_json=as_json)


def _resources(kind: Kind, names: Iterable[str]) -> dict[str, str]:
    """What the wire calls them, by name. UsageError for a broker without an id."""
    resources = {name: name for name in names}
    if kind is Kind.BROKER:
        for name in resources:
            if name != EVERY_BROKER and not name.isdecimal():
                raise UsageError(f"broker {name!r} is neither an id nor `{EVERY_BROKER}`")
        if EVERY_BROKER in resources:
            resources[EVERY_BROKER] = ""
    return resources


async def _check_names(admin: Admin, names: Sequence[str]) -> None:
    """UsageError for what no broker knows: brokers take settings of any name, and a typing mistake would do nothing."""
    brokers = [str(each.node.id) for each in (await admin.describe_cluster()).brokers if not each.fenced]
    described = (await admin.describe_configs(BROKER, brokers[:1])).values()
    known = [value.name for values in described if not isinstance(values, BrokerError) for value in values]
    if not known:
        return
    for name in names:
        if name not in known and not name.startswith(_OF_LISTENER):
            near = get_close_matches(name, known, 1)
            raise UsageError(f"brokers have no setting {name}" + (f"; did you mean {near[0]}?" if near else ""))


class Settings:
    """The settings of one resource: those that somebody has set, or every one."""

    def __init__(self, kind: Kind, name: str, values: Sequence[ConfigValue], *, every: bool) -> None:
        self._title: Final = f"{kind.value} {name}"
        self._values: Final = [value for value in values if every or value.source != "default"]

    def facts(self) -> dict[str, Any]:
        """For JSON."""
        settings = [
            {
                "name": each.name,
                "value": each.value,
                "source": each.source,
                "read_only": each.read_only,
                "sensitive": each.sensitive,
            }
            for each in self._values
        ]
        return {"settings": settings}

    def show(self) -> None:
        """For people."""
        if not self._values:
            typer.echo(f"{self._title}: all settings are the defaults; --all shows them")
            return
        typer.echo(f"{self._title}:")
        rows = ((each.name, _SECRET if each.sensitive else each.value, each.source) for each in self._values)
        show_table(("setting", "value", "source"), rows)
