"""Processes of clients that come and go: they end by themselves, are cancelled, or are killed with all connections."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any, Final

import trio
from tests.simulation.pauses import HOST

from barnabas.client.cluster import Cluster as ClientCluster
from barnabas.client.errors import ClientError

if TYPE_CHECKING:
    from tests.simulation.workload import Workload

PATIENCE: Final = 10.0
"""Seconds that such a client has for one request, retries included."""


class Lives:
    """One place for a process, taken by one life after another, or by two at a time. `live` says what they do.

    While the workload is stopping nobody ends a life any more, but a life that ends is followed by another one.
    """

    def __init__(self, world: Workload, name: str, number: int, *, length: float, overlap: float = 0.0) -> None:
        """`length`: seconds that a life lasts at most, on average. `overlap`: the chance that the next one begins
        before it has ended.
        """
        self.world: Final = world
        self.name: Final = name
        self.length: Final = length
        self.rng: Final = random.Random(f"{world.cluster.seed}/{name}")
        self._host: Final = f"client-{number % 2}"
        self._overlap: Final = overlap
        self._lives = 0

    async def live(self, client: ClientCluster, name: str) -> None:
        """One life. ClientError ends it."""
        raise NotImplementedError

    def killed(self, name: str) -> None:
        """This life ends here, whatever it may still do on its way out."""

    def ended(self, name: str) -> None:
        """Nothing of this life is left."""

    async def run(self, nursery: trio.Nursery) -> None:
        """For ever. A process that was killed goes on dying in the background."""
        HOST.set(self._host)
        while True:
            await trio.sleep(self.rng.expovariate(1.0))
            self._lives += 1
            over = trio.Event()
            nursery.start_soon(self._live, f"{self.name}.{self._lives}", over)
            overlaps = self.rng.random() < self._overlap and not self.world.stopping
            with trio.move_on_after(self.rng.expovariate(2 / self.length) if overlaps else float("inf")):
                await over.wait()

    async def _live(self, name: str, over: trio.Event) -> None:
        network = self.world.cluster.network.at(self._host)
        client = ClientCluster(
            self.world.cluster.bootstrap,
            client_id=name,
            request_timeout=PATIENCE,
            network=network,
            rng=random.Random(f"{self.world.cluster.seed}/{name}"),
        )
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._end, nursery.cancel_scope, network, name, over)
                try:
                    async with client:
                        await self.live(client, name)
                except ClientError as error:
                    self.world.note(name, f"ends: {error}")
                nursery.cancel_scope.cancel()
        finally:
            self.ended(name)
            over.set()

    async def _end(self, scope: trio.CancelScope, network: Any, name: str, over: trio.Event) -> None:
        await trio.sleep(self.rng.expovariate(1 / self.length))
        if self.world.stopping:
            return
        if self.rng.random() < 0.5:
            self.world.note(name, "is killed")
            self.killed(name)
            network.die()
            over.set()
        else:
            self.world.note(name, "is cancelled")
        scope.cancel()
