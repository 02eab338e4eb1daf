"""One node as a process of its own: `barnabas controller`, `barnabas broker`, and each child of `barnabas dev`."""

from __future__ import annotations

import gc
import os
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import trio

from barnabas.broker.process import run_broker
from barnabas.cli.dev.layout import Role
from barnabas.controller.process import run_controller
from barnabas.server.failure import NodeFailure
from barnabas.server.process import NodeProcess, StopRequest, report, run_process
from barnabas.server.settings import Settings, SettingsError


def run_node(role: Role, config: Path, overrides: Sequence[str], *, life: int | None = None) -> int:
    """Run a node until it ends or a signal stops it; the exit code.

    `life` is a descriptor at whose end of file the node stops too: its supervisor is gone.
    """
    try:
        settings = Settings.load(config, overrides=overrides, environment=os.environ)
        if role not in settings.list("process.roles"):
            raise NodeFailure(f"{settings.place('process.roles')}: process.roles does not name {role}")
        node_id = settings.int("node.id")
    except (SettingsError, NodeFailure) as error:
        return report(error)
    return run_process(partial(_main, role, life), settings, node=f"{role}-{node_id}")


def preload() -> None:
    """Import what nodes need and set it apart from the garbage collector's work, before they are forked."""
    gc.collect()
    gc.freeze()


async def _main(role: Role, life: int | None, process: NodeProcess) -> None:
    async with trio.open_nursery() as nursery:
        if life is not None:
            nursery.start_soon(_watch_life, life, process.stop)
        nursery.start_soon(_run_until_it_ends, role, process, nursery.cancel_scope)


async def _run_until_it_ends(role: Role, process: NodeProcess, scope: trio.CancelScope) -> None:
    async with trio.open_nursery() as nursery:
        run = run_controller if role == "controller" else run_broker
        await nursery.start(partial(run, process.settings, stop=process.stop, metrics=process.metrics))
        process.started()
    scope.cancel()


async def _watch_life(life: int, stop: StopRequest) -> None:
    await trio.lowlevel.wait_readable(life)
    stop.request("the supervisor is gone")
