"""Makes of a record's bytes what the user wants to see."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final, Generic, cast

from barnabas.client.errors import UnreadableRecords
from barnabas.client.positions import ConsumerRecord, K, V


class Deserializer(Generic[K, V]):
    """Two functions of bytes or None; without one keys or values stay as they are."""

    def __init__(
        self, of_key: Callable[[bytes | None], K] | None, of_value: Callable[[bytes | None], V] | None
    ) -> None:
        self._of_key: Final = of_key
        self._of_value: Final = of_value

    def apply(self, batch: Iterator[ConsumerRecord]) -> Iterator[ConsumerRecord[K, V]]:
        """The records, each changed when it is taken. UnreadableRecords at one that a function refuses."""
        as_they_are = self._of_key is None and self._of_value is None
        return cast("Iterator[ConsumerRecord[K, V]]", batch if as_they_are else map(self._make, batch))

    def _make(self, record: ConsumerRecord) -> ConsumerRecord[K, V]:
        made = cast("ConsumerRecord[Any, Any]", record)
        try:
            if self._of_key is not None:
                made.key = self._of_key(record.key)
            if self._of_value is not None:
                made.value = self._of_value(record.value)
        except Exception as error:
            place = f"{record.topic}-{record.partition}, offset {record.offset}"
            raise UnreadableRecords(f"{place}: the deserialiser failed: {error}") from error
        return made
