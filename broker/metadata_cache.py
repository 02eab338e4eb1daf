"""The newest committed image of the cluster in this broker, and those who want to know what changed.

Images arrive in the order of the log, each with the delta from the one before. Whoever subscribed is called with
each, in the order of subscription and before anything else can run, so that a later subscriber may rely on what an
earlier one has done: the partitions are there before a client can learn about them.
"""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappop, heappush
from typing import TypeAlias

import trio

from barnabas.broker.listener_view import ListenerView
from barnabas.metadata.delta import MetadataDelta
from barnabas.metadata.image import EMPTY_IMAGE, MetadataImage

Subscriber: TypeAlias = Callable[[MetadataImage, MetadataDelta], None]


class MetadataCache:
    """See the module."""

    def __init__(self) -> None:
        self.image: MetadataImage = EMPTY_IMAGE
        self._subscribers: list[Subscriber] = []
        self._views: dict[str, ListenerView] = {}
        self._waiters: list[tuple[int, int, trio.Event]] = []
        self._waiters_made = 0

    def subscribe(self, subscriber: Subscriber) -> None:
        """Call `subscriber(image, delta)` with every image from now on."""
        self._subscribers.append(subscriber)

    def publish(self, image: MetadataImage, delta: MetadataDelta) -> None:
        """A newer image is committed; `delta` leads from the present one to it."""
        self.image = image
        if delta.cluster:
            self._views.clear()
        for subscriber in self._subscribers:
            subscriber(image, delta)
        while self._waiters and self._waiters[0][0] <= image.offset:
            heappop(self._waiters)[2].set()

    def view(self, listener: str) -> ListenerView:
        """The cluster as clients of this listener see it now."""
        view = self._views.get(listener)
        if view is None:
            view = self._views[listener] = ListenerView(self.image.cluster, listener)
        return view

    async def wait_for_offset(self, offset: int) -> None:
        """Wait until the record at this offset of the metadata log has been applied."""
        if self.image.offset < offset:
            event = trio.Event()
            self._waiters_made += 1
            heappush(self._waiters, (offset, self._waiters_made, event))
            await event.wait()
