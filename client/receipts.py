"""What a producer gives for a record that is under way, and for one that has arrived."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import trio

from barnabas.client.batch import Batch, Written
from barnabas.client.errors import ClientError


@dataclass(frozen=True, slots=True)
class RecordMetadata:
    """Where a record went: `offset` is -1 where the broker does not say (acks=0), `timestamp` in ms."""

    topic: str
    partition: int
    offset: int
    timestamp: int


class Receipt:
    """A record that is under way."""

    __slots__ = ("_batch", "_ended", "_index", "_timestamp")

    def __init__(self, batch: Batch, index: int, timestamp: int, ended: trio.Event) -> None:
        self._batch: Final = batch
        self._index: Final = index
        self._timestamp: Final = timestamp
        self._ended: Final = ended

    @property
    def ended(self) -> bool:
        """Whether the record has been acknowledged or has failed."""
        return self._ended.is_set()

    async def wait(self) -> RecordMetadata:
        """Wait until the record is acknowledged. Raises ClientError when it is not."""
        await self._ended.wait()
        return self.result()

    def result(self) -> RecordMetadata:
        """As `wait`, of a record that has `ended`."""
        batch = self._batch
        outcome, index = batch.find(self._index)
        match outcome:
            case Written(base, append_time):
                offset = base + index if base >= 0 else -1
                timestamp = self._timestamp if append_time < 0 else append_time
                return RecordMetadata(batch.topic, batch.partition, offset, timestamp)
            case ClientError() as error:
                raise error.again()
        raise AssertionError(f"{batch} ended without an outcome")
