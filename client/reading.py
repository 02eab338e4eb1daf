"""What a consumer's user has in hand: the batch that is being given out, and what becomes of it when its partition
goes to another member meanwhile.

The user is done with a record, or a list of them, when asking for the next: only then is it consumed. A partition that
has to be given up comes to rest first: nothing of it is given out any more, what is left of the batch in hand is put
aside, and whoever takes the partition away waits, but not for ever, until the user is done with the record in hand.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, Generic

import trio

from barnabas.client.deserializer import Deserializer
from barnabas.client.errors import ClientClosed, ClientError, ConfigurationError
from barnabas.client.fetching import Fetching
from barnabas.client.groups.handed_out import HandedOut
from barnabas.client.positions import ConsumerRecord, K, Place, Position, V


class Reading(Generic[K, V]):
    """See the module's text; implements the `Reader` of a membership. One task at a time may ask for more."""

    def __init__(
        self,
        fetching: Fetching,
        deserializer: Deserializer[K, V],
        came_back: Callable[[], None],
        fetch_more: Callable[[], None],
    ) -> None:
        """`came_back` is called when the user asks for more, `fetch_more` when there is room for it."""
        self.batch: Iterator[ConsumerRecord[K, V]] = iter(())
        """What is left of the batch that is being given out."""
        self.handed_out: Final = HandedOut()
        self.is_open = False
        self.by_hand = False
        """Whether partitions were assigned by the user: then there may be an end."""
        self.subscribed = False
        self._fetching: Final = fetching
        self._deserializer: Final = deserializer
        self._came_back: Final = came_back
        self._fetch_more: Final = fetch_more
        self._position: Position | None = None
        self._handed_from: int | None = None  # where the list in hand begins
        self._put_aside: tuple[Position, Iterator[ConsumerRecord[K, V]]] | None = None
        self._leaving: frozenset[Place] = frozenset()
        self._at_rest = trio.Event()
        self._arrived = trio.Event()
        self._failure: ClientError | None = None
        self._failure_to_come: ClientError | None = None
        self._visits = 0
        self._waiting = False

    # -- the user ------------------------------------------------------------------------------------------------

    async def next_batch(self) -> None:
        """Done with the batch: get the next one. StopAsyncIteration where there is none any more; ClientError."""
        self._done()
        await trio.lowlevel.checkpoint()
        self._visits += 1
        self._came_back()
        self._waiting = True
        try:
            await self._find_batch()
        finally:
            self._waiting = False

    async def take_batch(self) -> list[ConsumerRecord[K, V]]:
        """What is left of the batch that was begun, or the next one; perhaps nothing."""
        if self._position is None or self._handed_from is not None:
            await self.next_batch()
        assert self._position is not None
        start = self._position.offset
        records: list[ConsumerRecord[K, V]] = []
        try:
            records.extend(self.batch)
        except ClientError as error:
            if not records:
                raise
            self._failure_to_come = error
        self.batch, self._handed_from = iter(()), start
        return records

    def _done(self) -> None:
        self._position = self._handed_from = None
        self._at_rest.set()
        if self._failure_to_come is not None:
            error, self._failure_to_come = self._failure_to_come, None
            raise error

    async def _find_batch(self) -> None:
        while True:
            if not self.is_open:
                raise ClientClosed("the consumer is not open: use it inside its `async with` block")
            if self._failure is not None:
                raise self._failure.again()
            if not self.by_hand and not self.subscribed:
                raise ConfigurationError("nothing to read: subscribe to topics or assign partitions first")
            if self._go_on_with_put_aside():
                return
            self._arrived = trio.Event()
            buffered = self._fetching.buffered
            found = self._fetching.next_batch()
            if self._fetching.buffered < buffered:
                self._fetch_more()
            if found is not None:
                self._position, batch = found
                self.handed_out.add((self._position.topic, self._position.partition))
                self.batch = self._deserializer.apply(batch)
                return
            if self.by_hand and self._fetching.finished:
                raise StopAsyncIteration
            await self._arrived.wait()

    def _go_on_with_put_aside(self) -> bool:
        if self._put_aside is None:
            return False
        (position, batch), self._put_aside = self._put_aside, None
        if not self._fetching.reads(position) or (position.topic, position.partition) in self._leaving:
            return False
        self._position, self.batch = position, batch
        return True

    def drop(self, topic: str, partition: int) -> None:
        """What is in hand of this partition is not given out: the user wants to read on elsewhere."""
        if self._position is not None and (self._position.topic, self._position.partition) == (topic, partition):
            self.batch = iter(())

    # -- those who wake the user ---------------------------------------------------------------------------------

    def something_arrived(self) -> None:
        """There may be something to read."""
        self._arrived.set()

    def close(self) -> None:
        """Nothing is given out any more."""
        self.is_open = False
        self._arrived.set()
        self._at_rest.set()

    # -- its membership (`Reader`) -------------------------------------------------------------------------------

    @property
    def leaving(self) -> frozenset[Place]:
        """The partitions that are being given up."""
        return self._leaving

    async def rest(self, places: frozenset[Place], patience: float) -> None:
        """See `Reader`."""
        self._leaving = places
        self._fetching.pause(places, paused=True)
        position = self._position
        if position is None or (position.topic, position.partition) not in places:
            self.handed_out.gone(places)
            return
        self._at_rest = trio.Event()
        if self._put_aside is None:
            self._put_aside, self.batch = (position, self.batch), iter(())
        with trio.move_on_after(patience):
            await self._at_rest.wait()
        self.handed_out.gone(places)

    def consumed(self, *, with_record_in_hand: bool) -> dict[Place, int]:
        """See `Reader`."""
        offsets, position = self._fetching.offsets, self._position
        # What is in hand does not count where its partition was lost and given back meanwhile, or is read elsewhere.
        if position is not None and not with_record_in_hand and self._fetching.reads(position):
            place = (position.topic, position.partition)
            offsets[place] = offsets[place] - 1 if self._handed_from is None else self._handed_from
        return offsets

    @property
    def progress(self) -> object:
        """See `Reader`."""
        return None if self._waiting else (self._visits, 0 if self._position is None else self._position.offset)

    def fetch_more(self) -> None:
        """See `Reader`."""
        self._leaving = frozenset()
        self._fetch_more()

    def fail(self, error: ClientError) -> None:
        """See `Reader`."""
        self._failure = error
        self.something_arrived()
