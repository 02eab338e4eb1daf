"""The command: one picture, or one after another until Ctrl-C."""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import Annotated, Final

import trio
import typer

from barnabas.cli.access import Access
from barnabas.cli.options import AsJson, noun
from barnabas.cli.output import show_drawn, show_json
from barnabas.cli.session import with_admin
from barnabas.cli.snapshot import Snapshot, take
from barnabas.cli.top.frame import Frame, make_frame
from barnabas.client.admin import Admin
from barnabas.client.errors import ClientError

app = noun()

_LEAST_INTERVAL: Final = 0.2


@app.command()
def top(
    interval: Annotated[
        float, typer.Option(min=0, metavar="SECONDS", help="Between looks; 0 with --once: one look, without rates.")
    ] = 2.0,
    once: Annotated[bool, typer.Option("--once", help="Print one picture and end.")] = False,
    as_json: AsJson = False,
    *,
    access: Access,
) -> None:
    """Watch a cluster: brokers, throughput, partitions out of sync, lag of groups. Until Ctrl-C.

    With --once or --json, or where nobody watches, one picture is printed.
    """
    if once or as_json or not sys.stdout.isatty():
        frame = with_admin(access, lambda admin: _one(admin, interval))
        if as_json:
            show_json(asdict(frame))
        else:
            from barnabas.cli.top.view import draw

            show_drawn(draw(frame, None))
        return
    try:
        with_admin(access, lambda admin: _watch(admin, max(interval, _LEAST_INTERVAL)))
    except* KeyboardInterrupt:
        pass


async def _one(admin: Admin, interval: float) -> Frame:
    """A picture of two looks; of one if there is no time between them."""
    earlier = None
    if interval:
        earlier = await take(admin)
        await trio.sleep(interval)
    return make_frame(await take(admin), earlier)


async def _watch(admin: Admin, interval: float) -> None:
    """Draw until cancelled. A look that fails is said, and the next one may succeed; the first one must."""
    from rich.console import Group
    from rich.live import Live
    from rich.text import Text

    from barnabas.cli.top.view import draw

    now: Snapshot = await take(admin)
    earlier: Snapshot | None = None
    failure = ""
    with Live(screen=True, auto_refresh=False) as live:
        while True:
            picture = draw(make_frame(now, earlier), live.console.size.height - (1 if failure else 0))
            live.update(Group(picture, Text(failure, style="bold red")) if failure else picture, refresh=True)
            await trio.sleep(interval)
            try:
                earlier, now = now, await take(admin)
                failure = ""
            except ClientError as error:
                failure = str(error)
