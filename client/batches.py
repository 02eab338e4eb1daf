"""Iterating over a consumer's records as they were batched."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Generic, Self

from barnabas.client.positions import ConsumerRecord, K, V

if TYPE_CHECKING:
    from barnabas.client.consumer import Consumer


class Batches(Generic[K, V]):
    """What `Consumer.batches` gives. No generator, so that leaving it in the middle leaves nothing behind."""

    def __init__(self, consumer: Consumer[K, V]) -> None:
        self._consumer: Final = consumer

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> list[ConsumerRecord[K, V]]:
        """The next list."""
        records = await self._consumer.next_batch()
        if records is None:
            raise StopAsyncIteration
        return records
