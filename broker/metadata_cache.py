"""The newest committed image of the cluster in this broker, and those who want to know what changed.

Images arrive in the order of the log, each with the delta from the one before. Whoever subscribed is called with
each, in the order of subscription and before anything else can run, so that a later subscriber may rely on what an
earlier one has done: the partitions are there before a client can learn about them.
"""

from __future__ import annotations

from collections.abc import Callable
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
        self._published: trio.Event | None = None

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
        if self._published is not None:
            self._published.set()
            self._published = None

    async def wait_until(self, satisfied: Callable[[MetadataImage], bool]) -> None:
        """Wait for an image that satisfies; it is asked of each, and has been seen by all subscribers."""
        while not satisfied(self.image):
            if self._published is None:
                self._published = trio.Event()
            await self._published.wait()

    def view(self, listener: str) -> ListenerView:
        """The cluster as clients of this listener see it now."""
        view = self._views.get(listener)
        if view is None:
            view = self._views[listener] = ListenerView(self.image.cluster, listener)
        return view
