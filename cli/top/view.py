"""How a picture is drawn: tables one above the other, cut to the height that there is."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Final

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from barnabas.cli.top.frame import BrokerRow, Frame, GroupRow, TopicRow

_FRAME_LINES: Final = 9
"""The summary, and each table's head and the line below it."""
_LEAST_ROWS: Final = 3


def draw(frame: Frame, lines: int | None) -> RenderableType:
    """The picture, in so many lines at most as far as that is possible; None: all of it."""
    room = None if lines is None else max(lines - _FRAME_LINES - len(frame.brokers) - len(frame.failures), 0)
    for_topics = None if room is None else max(room - min(len(frame.groups), room // 2), _LEAST_ROWS)
    for_groups = None if room is None else max(room - min(len(frame.topics), for_topics or 0), _LEAST_ROWS)
    parts: list[RenderableType] = [_summary(frame), _brokers(frame.brokers)]
    parts.append(_topics(frame.topics[:for_topics]))
    if frame.groups:
        parts.append(_groups(frame.groups[:for_groups]))
    parts += [
        Text(f"not seen: {failure}", style="red", overflow="ellipsis", no_wrap=True) for failure in frame.failures
    ]
    return Group(*parts)


def _summary(frame: Frame) -> Text:
    text = Text(f"cluster {frame.cluster_id}  ", no_wrap=True)
    text.append(f"{frame.partitions} partitions  ")
    text.append(f"{frame.under_replicated} under-replicated  ", style="yellow" if frame.under_replicated else "")
    text.append(f"{frame.offline} offline  ", style="bold red" if frame.offline else "")
    text.append(f"{_rate(frame.rate)} records/s")
    return text


def _brokers(rows: Sequence[BrokerRow]) -> Table:
    racks = any(row.rack is not None for row in rows)
    rack = ("rack",) if racks else ()
    columns = ("broker", "listener", *rack, "state", "replicas", "leaders", "behind", "records/s")
    table = _table(*columns, left=range(1, 3 + len(rack)))
    for row in rows:
        state = Text(row.state, style="red" if row.state == "fenced" else "green")
        behind = Text(str(row.not_in_sync), style="yellow" if row.not_in_sync else "")
        where = (row.listener, row.rack or "") if racks else (row.listener,)
        table.add_row(str(row.id), *where, state, str(row.replicas), str(row.leaders), behind, _rate(row.rate))
    return table


def _topics(rows: Iterable[TopicRow]) -> Table:
    table = _table("topic", "partitions", "under-replicated", "offline", "records", "records/s", left=(0,))
    for row in rows:
        under = Text(str(row.under_replicated), style="yellow" if row.under_replicated else "")
        offline = Text(str(row.offline), style="bold red" if row.offline else "")
        table.add_row(Text(row.name), str(row.partitions), under, offline, str(row.records), _rate(row.rate))
    return table


def _groups(rows: Iterable[GroupRow]) -> Table:
    table = _table("group", "lag", "lag/s", left=(0,))
    for row in rows:
        growing = row.change is not None and row.change > 0
        change = "-" if row.change is None else f"{row.change:+.1f}"
        table.add_row(Text(row.name), str(row.lag), Text(change, style="yellow" if growing else ""))
    return table


def _table(*columns: str, left: Collection[int]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
    for index, column in enumerate(columns):
        table.add_column(column, justify="left" if index in left else "right", no_wrap=True, overflow="ellipsis")
    return table


def _rate(rate: float | None) -> str:
    return "-" if rate is None else f"{rate:.1f}"
