"""How groups are shown: the list, each with its members, and how far behind they are."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import typer

from barnabas.cli.output import error_json, show_each, show_failures, show_json, show_table
from barnabas.client.admin import Admin, GroupDescription, GroupListing
from barnabas.client.errors import ClientError
from barnabas.client.offsets import ListedOffset, OffsetSpec, Place


def show_list(groups: Sequence[GroupListing], *, as_json: bool) -> None:
    """One line a group."""
    if as_json:
        show_json([{"group": g.group, "type": g.type, "state": g.state, "protocol": g.protocol_type} for g in groups])
        return
    show_table(["group", "type", "state", "protocol"], [[g.group, g.type, g.state, g.protocol_type] for g in groups])


def show_descriptions(groups: Mapping[str, GroupDescription | ClientError], *, as_json: bool) -> None:
    """Each group with its members; exits with 1 if one could not be described."""
    show_each(groups, key="group", facts=_facts, show=_show_description, as_json=as_json)


def _show_description(group: GroupDescription) -> None:
    epoch = f", epoch {group.epoch}" if group.epoch >= 0 else ""
    assignor = f", assignor {group.assignor}" if group.assignor else ""
    typer.echo(f"group {group.group}: {group.state}, {group.type}{epoch}{assignor}, coordinator {group.coordinator}")
    if not group.members:
        typer.echo("no members")
        return
    show_table(
        ["member", "client", "host", "instance", "reads"],
        [
            [member.member_id, member.client_id, member.host, member.instance_id, places_text(member.assigned)]
            for member in group.members
        ],
    )


def _facts(group: GroupDescription) -> dict[str, Any]:
    return {
        "type": group.type,
        "state": group.state,
        "assignor": group.assignor,
        "epoch": group.epoch if group.epoch >= 0 else None,
        "coordinator": group.coordinator.id,
        "members": [
            {
                "member_id": member.member_id,
                "instance_id": member.instance_id,
                "client_id": member.client_id,
                "host": member.host,
                "partitions": [{"topic": t, "partition": n} for t, n in sorted(member.assigned)],
            }
            for member in group.members
        ],
    }


def places_text(places: Iterable[Place]) -> str:
    """`a:0,1 b:3` for partitions of topics."""
    numbers: dict[str, list[str]] = {}
    for topic, number in sorted(places):
        numbers.setdefault(topic, []).append(str(number))
    return " ".join(f"{topic}:{','.join(parts)}" for topic, parts in numbers.items())


@dataclass(frozen=True, slots=True)
class Lag:
    """One partition: what is committed (None: nothing), where its log ends (None: unknown), who reads it."""

    group: str
    place: Place
    committed: int | None
    end: int | None
    member: str | None

    @property
    def lag(self) -> int | None:
        """How many offsets are ahead of what is committed; None if that is not known."""
        return None if self.committed is None or self.end is None else max(self.end - self.committed, 0)


@dataclass(slots=True)
class Lags:
    """What was found, and what could not be asked for: whole groups, or where a partition ends."""

    partitions: list[Lag] = field(default_factory=list)
    errors: list[ClientError] = field(default_factory=list)


async def fetch_lags(admin: Admin, groups: Iterable[str], wanted: Mapping[str, Collection[int]]) -> Lags:
    """All that the groups have committed or read now, or of it what is wanted (topic -> partitions, all if empty)."""
    lags = Lags()
    for group, described in (await admin.describe_groups(groups)).items():
        if isinstance(described, ClientError):
            lags.errors.append(described)
            continue
        readers = {place: member.member_id for member in described.members for place in member.assigned}
        committed = await admin.group_offsets(group)
        places = sorted(place for place in {**committed, **readers} if is_wanted(place, wanted))
        points: dict[Place, OffsetSpec] = dict.fromkeys(places, "latest")
        ends = await admin.list_offsets(points)
        for place in places:
            end, known = ends[place], committed.get(place)
            if not isinstance(end, ListedOffset):
                lags.errors.append(end)
            lags.partitions.append(
                Lag(
                    group,
                    place,
                    None if known is None else known.offset,
                    end.offset if isinstance(end, ListedOffset) else None,
                    readers.get(place),
                )
            )
    return lags


def is_wanted(place: Place, wanted: Mapping[str, Collection[int]]) -> bool:
    """Whether a partition is among those that were asked for: no topics mean all, and so do no partitions of one."""
    return not wanted or (place[0] in wanted and (not wanted[place[0]] or place[1] in wanted[place[0]]))


def show_lags(lags: Lags, *, as_json: bool) -> None:
    """A line a partition, and the sum of what is known; exits with 1 if something is not."""
    total = sum(lag.lag or 0 for lag in lags.partitions)
    if as_json:
        partitions = [_lag_json(lag) for lag in lags.partitions]
        show_json({"total": total, "partitions": partitions, "errors": [error_json(error) for error in lags.errors]})
    elif lags.partitions or not lags.errors:
        columns = ("group", "topic", "partition", "committed", "end", "lag", "member")
        show_table(columns, (_lag_row(lag) for lag in lags.partitions))
        typer.echo(f"total lag: {total}")
    show_failures(lags.errors)


def _lag_row(lag: Lag) -> Sequence[object]:
    numbers = ("-" if number is None else number for number in (lag.committed, lag.end, lag.lag))
    return lag.group, *lag.place, *numbers, lag.member


def _lag_json(lag: Lag) -> dict[str, Any]:
    return {
        "group": lag.group,
        "topic": lag.place[0],
        "partition": lag.place[1],
        "committed": lag.committed,
        "end": lag.end,
        "lag": lag.lag,
        "member_id": lag.member,
    }
