"""What `barnabas dev` shows: a live table on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any

from barnabas.cli.dev.probe import probe_status
from barnabas.cli.dev.supervisor import Node, Supervisor

if TYPE_CHECKING:
    from rich.live import Live
    from rich.table import Table

REFRESH_SECONDS = 1.0
STYLES = {"ready": "green", "died": "bold red", "paused": "yellow", "not ready": "yellow"}


class Screen:
    """Draws the nodes' state once a second when standard output is a terminal."""

    def __init__(self) -> None:
        self._live: Live | None = None
        self._drawn_at = 0.0

    def open(self) -> None:
        """Begin drawing, if there is a terminal to draw on."""
        if sys.stdout.isatty():
            from rich.live import Live

            self._live = Live(auto_refresh=False)
            self._live.start()

    def close(self) -> None:
        """Leave the last table on the terminal."""
        if self._live is not None:
            self._live.stop()

    def report(self, line: str) -> None:
        """Print one event above the table."""
        if self._live is not None:
            self._live.console.print(line, highlight=False, soft_wrap=True)
        else:
            print(line, flush=True)

    def refresh(self, supervisor: Supervisor) -> None:
        """Draw again if it is time."""
        if self._live is None or time.monotonic() < self._drawn_at + REFRESH_SECONDS:
            return
        self._live.update(self._table(supervisor), refresh=True)
        self._drawn_at = time.monotonic()

    def _table(self, supervisor: Supervisor) -> Table:
        from rich.table import Table

        table = Table("node", "state", "listener", "pid", "role now", "partitions", "under-replicated", "requests")
        for node in supervisor.nodes.values():
            style = STYLES.get(node.state, "")
            table.add_row(*self._row(node), style=style)
        return table

    @staticmethod
    def _row(node: Node) -> list[str]:
        asked = node.state in ("ready", "not ready", "starting")
        status: dict[str, Any] = (probe_status(node.spec.http_port) if asked else None) or {}
        shown = [str(status.get(key, "")) for key in ("state", "partitions", "under_replicated", "requests")]
        return [node.spec.name, node.state, node.spec.listener, str(node.pid or ""), *shown]
