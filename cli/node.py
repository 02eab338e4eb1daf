"""One node as a process of its own: `barnabas controller`, `barnabas broker`, and each child of `barnabas dev`."""

from __future__ import annotations

import contextlib
import gc
import importlib
import os
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Final

import trio

from barnabas.broker.process import run_broker
from barnabas.cli.dev.layout import Role
from barnabas.controller.process import run_controller
from barnabas.protocol import codec
from barnabas.protocol.message import Message
from barnabas.protocol.messages import (
    api_versions,
    begin_quorum_epoch,
    broker_heartbeat,
    broker_registration,
    fetch,
    vote,
)
from barnabas.server import logging
from barnabas.server.node_checks import check_node
from barnabas.server.process import NodeProcess, StopRequest, report, run_process
from barnabas.server.settings import Settings, SettingsError

# What nodes say to each other until they are ready, at the versions that they agree on.
FIRST_MESSAGES: Final[Sequence[tuple[type[Message], int]]] = (
    (api_versions.ApiVersionsRequest, 4),
    (api_versions.ApiVersionsResponse, 4),
    (begin_quorum_epoch.BeginQuorumEpochRequest, 1),
    (begin_quorum_epoch.BeginQuorumEpochResponse, 1),
    (broker_heartbeat.BrokerHeartbeatRequest, 1),
    (broker_heartbeat.BrokerHeartbeatResponse, 1),
    (broker_registration.BrokerRegistrationRequest, 4),
    (broker_registration.BrokerRegistrationResponse, 4),
    (fetch.FetchRequest, 18),
    (fetch.FetchResponse, 18),
    (vote.VoteRequest, 2),
    (vote.VoteResponse, 2),
)
# What they import late.
LATE_IMPORTS: Final = ("cramjam", "encodings.idna", "barnabas.broker.replica_changes", "barnabas.server.http")


def run_node(role: Role, config: Path, overrides: Sequence[str], *, channel: int | None = None) -> int:
    """Run a node until it ends or a signal stops it; the exit code.

    `channel` is the descriptor of a socket to the node's supervisor: the node sends a byte once it is ready, and
    stops at the end of file, because then its supervisor is gone.
    """
    try:
        settings = Settings.load(config, overrides=overrides, environment=os.environ)
        check_node(settings, role)
    except SettingsError as error:
        return report(error)
    return run_process(partial(_main, role, channel), settings, node=f"{role}-{settings.int('node.id')}")


def preload() -> None:
    """What every node does at first, done once before they are forked; it is then no work of the collector's."""
    logging.load_structlog()
    for name in LATE_IMPORTS:
        importlib.import_module(name)
    for message, version in FIRST_MESSAGES:
        codec.prepare(message, version)
    gc.freeze()


async def _main(role: Role, channel: int | None, process: NodeProcess) -> None:
    gc.enable()
    run = run_controller if role == "controller" else run_broker
    async with trio.open_nursery() as companions:
        if channel is not None:
            companions.start_soon(_watch_supervisor, channel, process.stop)
        async with trio.open_nursery() as nursery:
            node = await nursery.start(partial(run, process.settings, stop=process.stop, metrics=process.metrics))
            process.started()
            if channel is not None:
                companions.start_soon(_tell_when_ready, channel, node.wait_ready)
        companions.cancel_scope.cancel()


async def _watch_supervisor(channel: int, stop: StopRequest) -> None:
    await trio.lowlevel.wait_readable(channel)
    stop.request("the supervisor is gone")


async def _tell_when_ready(channel: int, wait_ready: Callable[[], Awaitable[None]]) -> None:
    await wait_ready()
    with contextlib.suppress(OSError):  # the supervisor is gone: its other end tells that
        os.write(channel, b"r")
