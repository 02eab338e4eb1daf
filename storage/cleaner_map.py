"""What the cleaner remembers of a log's keys: the offset of the last record of each, in bounded memory.

Keys of up to 24 bytes stand for themselves; of longer ones a hash of 32 bytes is kept, so that a map's size does not
depend on its keys, and no two of them are taken for one another (Kafka trusts 16 bytes of MD5 for all). What an entry
takes is reckoned, not measured: a bytes object, an int, and a dict's slot at the time when the dict has just grown.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import Final

from barnabas.protocol.record_batch import RecordBatch
from barnabas.storage.cleaner_records import raw_records

_LONGEST_KEY: Final = 24
_HASH_BYTES: Final = 32
_ENTRY_BYTES: Final = 184
"""At most, in CPython on 64 bits: 64 for the key, 32 for the offset, 88 in the dict."""


class OffsetMap:
    """See the module's text. Filled in the order of offsets."""

    __slots__ = ("_capacity", "_offsets", "latest_offset")

    def __init__(self, max_bytes: int) -> None:
        self._offsets: dict[bytes, int] = {}
        self._capacity = max(max_bytes // _ENTRY_BYTES, 1)
        self.latest_offset = -1
        """Up to here, inclusive, the map knows the log's keys."""

    def __len__(self) -> int:
        return len(self._offsets)

    @property
    def utilization(self) -> float:
        """How full it is, 0 to 1."""
        return len(self._offsets) / self._capacity

    def add(self, batch: RecordBatch, start_offset: int) -> bool:
        """Take in the keys of a batch, from `start_offset` on. False as soon as there is no room for one.

        Raises CorruptRecords.
        """
        base = batch.base_offset
        for record in raw_records(bytes(batch.payload()), batch.records_count):
            offset, key = base + record[4], record[5]
            if key is not None and offset >= start_offset and not self.put(key, offset):
                return False
        return True

    def put(self, key: bytes, offset: int) -> bool:
        """A record of `key` is at `offset`. False, and nothing happens, where there is no room for another key."""
        if len(key) > _LONGEST_KEY:
            key = blake2b(key, digest_size=_HASH_BYTES).digest()
        offsets = self._offsets
        if len(offsets) >= self._capacity and key not in offsets:
            return False
        offsets[key] = offset
        self.latest_offset = offset
        return True

    def get(self, key: bytes) -> int:
        """The last known offset of `key`; -1 if none is."""
        if len(key) > _LONGEST_KEY:
            key = blake2b(key, digest_size=_HASH_BYTES).digest()
        return self._offsets.get(key, -1)
