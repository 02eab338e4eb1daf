"""What can be wrong with a compacted topic, as those see it who read all of it, from its beginning to its end:

    nonmonotonic poll  offsets do not grow
    inconsistent       a record is at another offset than the one at which it was acknowledged, or read; or another
    offsets            record is there
    phantom            nobody sent what is there, or not with that key
    duplicate          a record is there more than once
    reordered          a producer's records are in another order than they were sent in
    lost               of a key, neither its last record that was acknowledged or read is there, nor a later one
    resurrected        a tombstone is gone before its time, or a record is there that a later one had taken the place of

Older records may be gone at any time, and a tombstone some time after it came. That time runs on brokers' wall clocks,
and a replica that was away for longer than it may never have heard of the tombstone: then the key's older record is
there again, by right. So a read is held against tombstones that are too young for that; what a broker does with its own
log is checked where it does it (`invariants_cleaning.py`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

NEVER = float("inf")


@dataclass(slots=True)
class KeyedSend:
    """One record, and what is known of it. Times in simulated seconds."""

    key: str
    is_tombstone: bool
    sent_at: float
    known_at: float = NEVER
    """When its producer, or a reader, was told that it is in the log."""
    offset: int | None = None
    """Where it is; None while nobody was told."""


class KeyedRecord(NamedTuple):
    """What a reader got."""

    offset: int
    key: str
    name: str
    is_tombstone: bool


class KeyedHistory:
    """Of one partition. Names are unique: `producer:number`."""

    def __init__(self) -> None:
        self._sends: dict[str, KeyedSend] = {}
        self._at: dict[int, str] = {}

    def sends(self, producer: str, key: str, is_tombstone: bool, now: float) -> str:
        """A record is sent; its name."""
        name = f"{producer}:{len(self._sends)}"
        self._sends[name] = KeyedSend(key, is_tombstone, now)
        return name

    def acknowledged(self, name: str, offset: int, now: float) -> None:
        """The record is in the log; a broker may not say where (-1)."""
        if offset >= 0:
            self._know(name, offset, now)

    def _know(self, name: str, offset: int, now: float) -> None:
        send = self._sends[name]
        if send.offset is None:
            send.offset, send.known_at = offset, now
            self._at[offset] = name

    def forget(self) -> None:
        """What was acknowledged or read may be gone, by right."""
        self._at.clear()
        for send in self._sends.values():
            send.offset, send.known_at = None, NEVER

    def anomalies(
        self, log: Sequence[KeyedRecord], *, began: float, now: float, start: int = 0, tombstones_stay: float = 0.0
    ) -> list[str]:
        """What is wrong with what somebody read from beginning to end, between `began` and `now`.

        What is before offset `start` may be gone. `tombstones_stay`: for so many seconds at least.
        """
        found = [*self._of_records(log), *self._of_order(log)]
        if not found:
            found = list(self._of_keys(log, began, now, start, tombstones_stay))
            for record in log:
                self._know(record.name, record.offset, now)
        return found

    def _of_records(self, log: Sequence[KeyedRecord]) -> Iterator[str]:
        names: dict[str, int] = {}
        for offset, key, name, is_tombstone in log:
            send = self._sends.get(name)
            if send is None or (send.key, send.is_tombstone) != (key, is_tombstone):
                yield f"phantom: nobody sent {name} with {key}, which is at {offset}"
            elif send.offset is not None and send.offset != offset:
                yield f"inconsistent offsets: {name} is at {offset}, and was at {send.offset}"
            elif self._at.get(offset, name) != name:
                yield f"inconsistent offsets: {name} is at {offset}, where {self._at[offset]} was"
            if name in names:
                yield f"duplicate: {name} is at {names[name]} and {offset}"
            names[name] = offset

    def _of_order(self, log: Sequence[KeyedRecord]) -> Iterator[str]:
        latest, last = -1, dict[str, int]()
        for offset, _, name, _ in log:
            if offset <= latest:
                yield f"nonmonotonic poll: {offset} after {latest}"
            producer, _, number = name.rpartition(":")
            if int(number) < last.get(producer, -1):
                yield f"reordered: {name} is at {offset}, after {producer}:{last[producer]}"
            latest, last[producer] = offset, int(number)

    def _of_keys(
        self,
        log: Sequence[KeyedRecord],
        began: float,
        now: float,
        start: int,
        tombstones_stay: float,
        end: float = NEVER,
    ) -> Iterator[str]:
        """The log was read from `start` to `end`."""
        present = {record.key: record.offset for record in log}
        for name, send, offset in self._newest(began, end):
            there = present.get(send.key, -1)
            if there >= offset:
                continue
            if not send.is_tombstone:
                if offset >= start:
                    yield f"lost: {name} of {send.key} was at {offset}, and the last one of that key is at {there}"
            elif there >= 0 and now - send.sent_at < tombstones_stay:
                yield f"resurrected: {send.key} is at {there}, and was deleted at {offset} by {name}"
            elif offset >= start and now - send.sent_at < tombstones_stay:
                yield f"resurrected: {name}, which deleted {send.key} at {offset}, is gone before its time"

    def _newest(self, began: float, end: float) -> Iterator[tuple[str, KeyedSend, int]]:
        """Of each key the last record before `end` that was known when the read began."""
        newest: dict[str, tuple[str, KeyedSend, int]] = {}
        for name, send in self._sends.items():
            if send.offset is not None and send.offset < end and send.known_at < began:
                known = newest.get(send.key)
                if known is None or known[2] < send.offset:
                    newest[send.key] = (name, send, send.offset)
        yield from newest.values()
