"""`barnabas topic create|list|describe|delete|alter`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import typer

from barnabas.cli.access import Access
from barnabas.cli.failures import UsageError
from barnabas.cli.options import AsJson, noun, parse_assignment, parse_changes, parse_pairs
from barnabas.cli.output import Done, show_outcomes
from barnabas.cli.session import with_admin
from barnabas.cli.topic_view import fetch_topics, show_descriptions, show_list
from barnabas.client.admin import TOPIC, Admin, CreatedTopic, NewTopic
from barnabas.client.errors import BrokerError
from barnabas.protocol.errors import ErrorCode

app = noun("Topics and their partitions.")

Topics = Annotated[list[str], typer.Argument(metavar="TOPIC", show_default=False)]
Configs = Annotated[list[str] | None, typer.Option("--config", metavar="NAME=VALUE", help="Set a setting.")]
ASSIGNMENT = "1:2:3,2:3:1"


@app.command()
def create(
    topics: Topics,
    partitions: Annotated[
        int | None, typer.Option(min=1, metavar="NUMBER", help="How many. Without it the cluster decides.")
    ] = None,
    replication_factor: Annotated[
        int | None,
        typer.Option(min=1, metavar="NUMBER", help="Copies of each partition. Without it the cluster decides."),
    ] = None,
    config: Configs = None,
    assignment: Annotated[
        str | None,
        typer.Option(metavar=ASSIGNMENT, help="Broker ids of each partition, preferred leader first."),
    ] = None,
    if_not_exists: Annotated[bool, typer.Option("--if-not-exists", help="Leave a topic that exists as it is.")] = False,
    validate_only: Annotated[bool, typer.Option("--validate-only", help="Only check that it could be done.")] = False,
    as_json: AsJson = False,
    *,
    access: Access,
) -> None:
    """Create topics."""
    if assignment is not None and (partitions is not None or replication_factor is not None):
        raise UsageError("--assignment says how many partitions and copies there are; leave out the other two")
    configs, assignments = parse_pairs(config, "--config"), parse_assignment(assignment)
    new = [NewTopic(name, partitions or -1, replication_factor or -1, configs, assignments) for name in topics]
    created = with_admin(access, lambda admin: admin.create_topics(new, validate_only=validate_only))
    outcomes = {
        name: _creation(name, outcome, if_not_exists=if_not_exists, validate_only=validate_only)
        for name, outcome in created.items()
    }
    show_outcomes(outcomes, as_json=as_json)


@app.command("list")
def list_topics(
    internal: Annotated[bool, typer.Option("--internal", help="Internal topics too.")] = False,
    as_json: AsJson = False,
    *,
    access: Access,
) -> None:
    """List topics, and how many of their partitions lack a replica or a leader."""
    topics = with_admin(access, lambda admin: admin.list_topics())
    show_list([topic for topic in topics if internal or not topic.internal], as_json=as_json)


@app.command()
def describe(
    topics: Annotated[list[str] | None, typer.Argument(metavar="TOPIC", show_default=False)] = None,
    as_json: AsJson = False,
    *,
    access: Access,
) -> None:
    """Show topics with the settings they were given and their partitions. Without a name, all topics."""
    found = with_admin(access, lambda admin: fetch_topics(admin, topics or None))
    show_descriptions(found, as_json=as_json)


@app.command()
def delete(
    topics: Topics,
    if_exists: Annotated[bool, typer.Option("--if-exists", help="Accept that a topic does not exist.")] = False,
    as_json: AsJson = False,
    *,
    access: Access,
) -> None:
    """Delete topics with all their records, for good."""
    deleted = with_admin(access, lambda admin: admin.delete_topics(topics))
    outcomes: dict[str, Done | BrokerError] = {}
    for name, error in deleted.items():
        if error is None:
            outcomes[name] = Done(f"deleted topic {name}", {"deleted": True})
        elif if_exists and error.code == ErrorCode.UNKNOWN_TOPIC_OR_PARTITION:
            outcomes[name] = Done(f"topic {name} does not exist", {"deleted": False})
        else:
            outcomes[name] = error
    show_outcomes(outcomes, as_json=as_json)


@app.command()
def alter(
    topics: Topics,
    partitions: Annotated[
        int | None, typer.Option(min=1, metavar="NUMBER", help="Raise the number of partitions to this.")
    ] = None,
    assignment: Annotated[
        str | None, typer.Option(metavar=ASSIGNMENT, help="Broker ids of the new partitions, with --partitions.")
    ] = None,
    config: Configs = None,
    delete_config: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Take a setting back to its default.")
    ] = None,
    as_json: AsJson = False,
    *,
    access: Access,
) -> None:
    """Give topics more partitions, or other settings."""
    change = _change(partitions, assignment, config, delete_config)

    show_outcomes(with_admin(access, lambda admin: _alter(admin, topics, change)), as_json=as_json)


@dataclass(frozen=True, slots=True)
class _Change:
    """What `alter` does to each topic. `configs` maps a name to None to take it back to its default."""

    partitions: int | None
    assignments: Sequence[Sequence[int]]
    configs: Mapping[str, str | None]


def _change(
    partitions: int | None, assignment: str | None, config: list[str] | None, delete_config: list[str] | None
) -> _Change:
    changes = parse_changes(config, "--config", delete_config)
    if assignment is not None and partitions is None:
        raise UsageError("--assignment places new partitions; say with --partitions how many there shall be in all")
    if partitions is None and not changes:
        raise UsageError("nothing to change; give --partitions, --config or --delete-config")
    return _Change(partitions, parse_assignment(assignment), changes)


async def _alter(admin: Admin, names: Sequence[str], change: _Change) -> dict[str, Done | BrokerError]:
    """Settings first: of a topic whose settings are refused, nothing is changed."""
    refused: dict[str, BrokerError | None] = dict.fromkeys(names)
    facts: dict[str, Any] = {}
    if change.configs:
        facts["configs"] = dict(change.configs)
        refused |= await admin.alter_configs(TOPIC, dict.fromkeys(names, change.configs))
    grown = [name for name in names if refused[name] is None]
    if change.partitions is not None and grown:
        facts["partitions"] = change.partitions
        assignments = dict.fromkeys(grown, change.assignments) if change.assignments else None
        refused |= await admin.create_partitions(dict.fromkeys(grown, change.partitions), assignments=assignments)
    return {name: error or Done(f"altered topic {name}", facts) for name, error in refused.items()}


def _creation(
    name: str, outcome: CreatedTopic | BrokerError, *, if_not_exists: bool, validate_only: bool
) -> Done | BrokerError:
    if isinstance(outcome, BrokerError):
        if if_not_exists and outcome.code == ErrorCode.TOPIC_ALREADY_EXISTS:
            return Done(f"topic {name} exists already", {"created": False})
        return outcome
    shape = f"partitions {outcome.partitions}, replication factor {outcome.replication_factor}"
    facts = {"partitions": outcome.partitions, "replication_factor": outcome.replication_factor}
    if validate_only:
        return Done(f"topic {name} could be created: {shape}", {"created": False, **facts})
    return Done(f"created topic {name}: {shape}", {"created": True, "topic_id": outcome.topic_id, **facts})
