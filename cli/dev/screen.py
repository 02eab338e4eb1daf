"""What `barnabas dev` shows: a live table on a terminal, plain lines elsewhere."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING, Final

from barnabas.cli.dev.processes import Node
from barnabas.cli.dev.supervisor import Supervisor

if TYPE_CHECKING:
    from rich.live import Live
    from rich.table import Table

OBSERVE_SECONDS: Final = 1.0
STYLES: Final = {"ready": "green", "died": "bold red", "paused": "yellow", "not ready": "yellow"}
TEXTS: Final = ("node", "state", "role now")
NUMBERS: Final = ("leads", "replicas", "under-\nreplicated", "requests", "port")
# What a node says of itself that goes into the columns after its state; nothing where it does not say it.
FIELDS: Final = {
    "broker": ("state", "leaders", "partitions", "under_replicated", "requests"),
    "controller": ("state", "", "", "", ""),
}


class Screen:
    """Draws the nodes' state when it changes, and asks for it once a second, if standard output is a terminal."""

    def __init__(self) -> None:
        self._live: Live | None = None
        self._observe_at = 0.0
        self._drawn: list[list[str]] = []

    @contextlib.contextmanager
    def opened(self) -> Iterator[None]:
        """Draw while this is entered; the last table stays."""
        if not sys.stdout.isatty():
            yield
            return
        from rich.live import Live

        # The streams are left alone: the nodes inherit them.
        with Live(auto_refresh=False, redirect_stdout=False, redirect_stderr=False) as self._live:
            self._observe_at = time.monotonic() + OBSERVE_SECONDS
            yield

    def report(self, line: str) -> None:
        """Print one event, above the table if there is one. Nobody reading any more is no reason to stop."""
        with contextlib.suppress(BrokenPipeError):
            if self._live is not None:
                self._live.console.print(line, highlight=False, markup=False, emoji=False, soft_wrap=True)
            else:
                print(line, flush=True)

    def refresh(self, supervisor: Supervisor) -> float | None:
        """Draw again if there is news; in how many seconds there may be some, None for never."""
        if self._live is None:
            return None
        now = time.monotonic()
        if now >= self._observe_at:
            supervisor.observe()
            now = time.monotonic()
            self._observe_at = now + OBSERVE_SECONDS
        nodes = supervisor.nodes.values()
        rows = [_row(node) for node in nodes]
        if rows != self._drawn:
            self._drawn = rows
            self._live.update(_table(nodes, rows), refresh=True)
        return self._observe_at - now


def _row(node: Node) -> list[str]:
    said = [str(node.status.get(name, "")) for name in FIELDS[node.spec.role]]
    return [node.name, node.state, *said, str(node.spec.port)]


def _table(nodes: Collection[Node], rows: list[list[str]]) -> Table:
    from rich.table import Table

    table = Table(box=None, padding=(0, 1, 0, 0), caption=_caption(nodes), caption_justify="left")
    for name in TEXTS:
        table.add_column(name, no_wrap=True)
    for name in NUMBERS:
        table.add_column(name, justify="right")
    for row in rows:
        table.add_row(*row, style=STYLES.get(row[1], ""))
    return table


def _caption(nodes: Collection[Node]) -> str:
    """The cluster as its active controller sees it."""
    if all(node.pid is None for node in nodes):
        return ""
    active = next((node.status for node in nodes if node.status.get("state") == "active"), None)
    if active is None:
        return "no active controller"
    return (
        f"{active['brokers_live']} of {active['brokers']} brokers live, {active['topics']} topics, "
        f"{active['partitions']} partitions, {active['offline_partitions']} without a leader"
    )
