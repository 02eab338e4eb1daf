"""`barnabas group reset-offsets`: where to, what that means for each partition, and doing it."""

from __future__ import annotations

import csv
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Literal

import typer

from barnabas.cli.durations import parse_duration
from barnabas.cli.failures import CommandError, UsageError
from barnabas.cli.group_view import is_wanted
from barnabas.cli.output import error_json, show_failures, show_json, show_table
from barnabas.client.admin import Admin, GroupDescription
from barnabas.client.errors import BrokerError
from barnabas.client.offsets import ListedOffset, OffsetSpec, Place
from barnabas.protocol.errors import ErrorCode

_EMPTY_STATES: Final = frozenset({"Empty", "Dead"})


@dataclass(frozen=True, slots=True)
class Target:
    """Where to: one of `point` (a time in ms among them), `offset`, `shift`, or `places` with an offset for each."""

    point: OffsetSpec | Literal["current"] | None = None
    offset: int | None = None
    shift: int | None = None
    places: Mapping[Place, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Move:
    """What happens to one partition: from the committed offset (None: there is none) to the new one, or an error."""

    place: Place
    before: int | None
    after: int
    error: BrokerError | None = None


def parse_target(
    *,
    earliest: bool,
    latest: bool,
    current: bool,
    offset: int | None,
    shift: int | None,
    datetime_text: str | None,
    duration_text: str | None,
    file: Path | None,
) -> Target:
    """The one target that was given. UsageError for none, for several, and for one that cannot be read."""
    targets = [
        *([Target("earliest")] if earliest else []),
        *([Target("latest")] if latest else []),
        *([Target("current")] if current else []),
        *([Target(offset=offset)] if offset is not None else []),
        *([Target(shift=shift)] if shift is not None else []),
        *([Target(parse_datetime(datetime_text))] if datetime_text is not None else []),
        *(
            [Target(int(time.time() * 1000) - parse_duration(duration_text, "--by-duration"))]
            if duration_text is not None
            else []
        ),
        *([Target(places=read_file(file))] if file is not None else []),
    ]
    if len(targets) != 1:
        raise UsageError(
            "where to? Give one of --to-earliest, --to-latest, --to-current, --to-offset, --shift-by, --to-datetime, "
            "--by-duration, --from-file"
        )
    return targets[0]


def parse_datetime(text: str) -> int:
    """A time in ms since 1970 from ISO 8601; without a zone it is this machine's."""
    try:
        return int(datetime.fromisoformat(text).timestamp() * 1000)
    except ValueError:
        raise UsageError(f"--to-datetime {text!r} is not a time such as 2026-01-31T12:00:00+01:00") from None


def read_file(path: Path) -> dict[Place, int]:
    """Offsets by partition, from lines of `topic,partition,offset`."""
    places: dict[Place, int] = {}
    with path.open(newline="") as lines:
        for number, row in enumerate(csv.reader(lines), start=1):
            if not row:
                continue
            if len(row) != 3 or not row[1].strip().isdecimal() or not row[2].strip().isdecimal():
                raise UsageError(f"{path}, line {number}: {','.join(row)!r} is not topic,partition,offset")
            places[row[0].strip(), int(row[1])] = int(row[2])
    if not places:
        raise UsageError(f"{path} has no lines of topic,partition,offset")
    return places


async def fetch_plan(
    admin: Admin, group: str, target: Target, wanted: Mapping[str, Collection[int]], *, execute: bool
) -> list[Move]:
    """What the reset means for each partition, and (`execute`) do it. CommandError while the group has members."""
    await _check_unused(admin, group)
    committed = {place: known.offset for place, known in (await admin.group_offsets(group)).items()}
    places = await _places(admin, target, wanted, committed)
    after = await _offsets(admin, target, places, committed)
    refused = await admin.alter_group_offsets(group, after) if execute else {}
    return [Move(place, committed.get(place), after[place], refused.get(place)) for place in sorted(places)]


async def _check_unused(admin: Admin, group: str) -> None:
    described = (await admin.describe_groups([group]))[group]
    if isinstance(described, GroupDescription):
        if described.state not in _EMPTY_STATES:
            raise CommandError(
                f"group {group} is {described.state} with {len(described.members)} members; stop them first, "
                "they would go on where they are"
            )
    elif not isinstance(described, BrokerError) or described.code != ErrorCode.GROUP_ID_NOT_FOUND:
        raise described


async def _places(
    admin: Admin, target: Target, wanted: Mapping[str, Collection[int]], committed: Mapping[Place, int]
) -> list[Place]:
    if target.places:
        return [place for place in target.places if is_wanted(place, wanted)]
    if not wanted:
        if not committed:
            raise CommandError("the group has committed nothing yet; name topics with --topic")
        return list(committed)
    places: list[Place] = []
    for name, topic in (await admin.describe_topics(wanted)).items():
        if isinstance(topic, BrokerError):
            raise topic
        places += [(name, number) for number in wanted[name] or sorted(topic.partitions)]
    return places


async def _offsets(
    admin: Admin, target: Target, places: Sequence[Place], committed: Mapping[Place, int]
) -> dict[Place, int]:
    """New offsets, within the logs."""
    begins, ends = await _points(admin, places, "earliest"), await _points(admin, places, "latest")
    if isinstance(target.point, int):
        found = await _points(admin, places, target.point)
        return {place: found[place] if found[place] >= 0 else ends[place] for place in places}
    if target.point == "earliest":
        return begins
    if target.point == "latest":
        return ends
    offsets: dict[Place, int] = {}
    for place in places:
        if target.places:
            offset = target.places[place]
        elif target.offset is not None:
            offset = target.offset
        elif place in committed:
            offset = committed[place] + (target.shift or 0)
        else:
            raise CommandError(f"the group has no committed offset of {place[0]}-{place[1]} to begin from")
        offsets[place] = min(max(offset, begins[place]), ends[place])
    return offsets


async def _points(admin: Admin, places: Sequence[Place], point: OffsetSpec) -> dict[Place, int]:
    offsets: dict[Place, int] = {}
    for place, found in (await admin.list_offsets(dict.fromkeys(places, point))).items():
        if not isinstance(found, ListedOffset):
            raise found
        offsets[place] = found.offset
    return offsets


def show_plan(plan: Sequence[Move], *, executed: bool, as_json: bool) -> None:
    """A line a partition that was moved, or would be; exits with 1 if some could not be."""
    if as_json:
        show_json({"executed": executed, "partitions": [_json(move) for move in plan]})
    else:
        moved = [move for move in plan if move.error is None]
        rows = ([*move.place, "-" if move.before is None else move.before, move.after] for move in moved)
        show_table(["topic", "partition", "committed", "new offset"], rows)
        if not executed:
            typer.echo("nothing was changed; --execute does it")
    show_failures(move.error for move in plan)


def _json(move: Move) -> dict[str, Any]:
    return {
        "topic": move.place[0],
        "partition": move.place[1],
        "before": move.before,
        "after": move.after,
        "error": None if move.error is None else error_json(move.error),
    }
