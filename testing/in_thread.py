"""One controller and one broker in a thread of this process: the daemons' own code, without a process to start.

The thread runs its own event loop, so any program can use it, whatever loop it runs itself. Ports are bound before
anything else, so that "any free port" needs no second try.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
import threading
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Final

import trio

from barnabas.broker.process import run_broker
from barnabas.controller.process import run_controller
from barnabas.net.addresses import host_port_text
from barnabas.net.transport import Listener, Network, TcpNetwork, Transport
from barnabas.protocol.types import uuid_text
from barnabas.server.environment import Environment
from barnabas.server.failure import cause_of
from barnabas.server.format import format_directory
from barnabas.server.logging import set_up_embedded
from barnabas.server.process import StopRequest
from barnabas.server.settings import Settings

HOST: Final = "127.0.0.1"
CONTROLLER_ID: Final = 101
BROKER_ID: Final = 1
START_SECONDS: Final = 30.0
STOP_SECONDS: Final = 10.0
_ONE_BROKER: Final = {
    "offsets.topic.replication.factor": 1,
    "transaction.state.log.replication.factor": 1,
    "transaction.state.log.min.isr": 1,
    "group.initial.rebalance.delay.ms": 0,
}
"""What Kafka's defaults want three brokers for; and nobody waits for a second member of a group that starts."""


class EmbeddedError(Exception):
    """The nodes did not start, did not stop, or died meanwhile; the text or the cause says why."""


class _BoundNetwork:
    """The machine's network, except that one port has been bound already and is handed out when it is asked for."""

    def __init__(self, bound: Listener) -> None:
        self._network: Final[Network] = TcpNetwork()
        self._bound: Final = bound

    async def connect(self, host: str, port: int) -> Transport:
        return await self._network.connect(host, port)

    async def listen(self, host: str, port: int, *, backlog: int = 50) -> Listener:
        if port == self._bound.port:
            return self._bound
        return await self._network.listen(host, port, backlog=backlog)


class _Nodes:
    """What the thread runs, and how the thread that started it hears of it."""

    def __init__(self, directory: Path, port: int, overrides: Mapping[str, str]) -> None:
        self._directory, self._port, self._overrides = directory, port, overrides
        self.started: Final = threading.Event()
        self.bootstrap: str | None = None
        self.error: BaseException | None = None
        self._token: trio.lowlevel.TrioToken | None = None
        self._stop: StopRequest | None = None

    def run(self) -> None:
        """The thread's main function."""
        try:
            trio.run(self._main)
        except BaseException as error:  # noqa: BLE001 - it is raised again where the block begins or ends
            self.error = cause_of(error)
        finally:
            self.started.set()

    def stop(self) -> None:
        """Ask the nodes to stop; from the other thread."""
        if self._token is not None and self._stop is not None:
            with contextlib.suppress(trio.RunFinishedError):
                self._token.run_sync_soon(self._stop.request, "the block has ended")

    async def _main(self) -> None:
        self._token, self._stop = trio.lowlevel.current_trio_token(), StopRequest()
        listener = await TcpNetwork().listen(HOST, 0)
        try:
            await self._run_nodes(listener, self._stop)
        finally:
            listener.close()

    async def _run_nodes(self, listener: Listener, stop: StopRequest) -> None:
        environment = Environment(network=_BoundNetwork(listener))
        controller_stop = StopRequest()
        async with trio.open_nursery() as nursery:
            controller = self._settings("controller", CONTROLLER_ID, listener.port)
            await nursery.start(partial(run_controller, controller, environment=environment, stop=controller_stop))
            async with trio.open_nursery() as brokers:
                broker = self._settings("broker", BROKER_ID, listener.port)
                handle = await brokers.start(partial(run_broker, broker, environment=environment, stop=stop))
                await handle.wait_ready()
                self.bootstrap = ",".join(host_port_text(endpoint.host, endpoint.port) for endpoint in handle.listeners)
                self.started.set()
            controller_stop.request("the broker has stopped")

    def _settings(self, role: str, node_id: int, controller_port: int) -> Settings:
        """The node's settings, its directory formatted if it is new."""
        address = (
            f"CONTROLLER://{HOST}:{controller_port}" if role == "controller" else f"PLAINTEXT://{HOST}:{self._port}"
        )
        settings = Settings.of(
            {
                "process.roles": role,
                "node.id": node_id,
                "listeners": address,
                "controller.listener.names": "CONTROLLER",
                "controller.quorum.bootstrap.servers": f"{HOST}:{controller_port}",
                "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
                "log.dirs": str(self._directory / role),
                "http.listener": "none",
                **(_ONE_BROKER if role == "broker" else {}),
                **self._overrides,
            }
        )
        format_directory(
            settings,
            cluster_id=self._cluster_id(),
            new_uuid=partial(os.urandom, 16),
            standalone=role == "controller",
            ignore_formatted=True,
        )
        return settings

    def _cluster_id(self) -> str:
        kept = self._directory / "cluster.id"
        if not kept.exists():
            self._directory.mkdir(parents=True, exist_ok=True)
            kept.write_text(uuid_text(os.urandom(16)), encoding="ascii")
        return kept.read_text(encoding="ascii")


@contextlib.contextmanager
def embedded(*, directory: Path | str | None, port: int, overrides: Mapping[str, str]) -> Iterator[str]:
    """See `barnabas.testing.embedded`."""
    set_up_embedded()
    with contextlib.ExitStack() as stack:
        if directory is None:
            directory = stack.enter_context(tempfile.TemporaryDirectory(prefix="barnabas-"))
        nodes = _Nodes(Path(directory), port, overrides)
        thread = threading.Thread(target=nodes.run, name="barnabas-embedded", daemon=True)
        thread.start()
        if not nodes.started.wait(START_SECONDS):
            nodes.stop()
            raise EmbeddedError(f"the broker is not ready after {START_SECONDS:.0f} s")
        if nodes.bootstrap is None:
            raise EmbeddedError(f"the broker did not start: {nodes.error}") from nodes.error
        try:
            yield nodes.bootstrap
        finally:
            nodes.stop()
            thread.join(STOP_SECONDS)
            if thread.is_alive():
                raise EmbeddedError(f"the nodes did not stop in {STOP_SECONDS:.0f} s")
        if nodes.error is not None:
            raise EmbeddedError(f"the nodes died: {nodes.error}") from nodes.error
