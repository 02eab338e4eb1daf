"""What can be wrong with what clients sent and read, in the words of Jepsen's queue and Kafka workloads:

    lost             a record that was acknowledged is not in the log
    duplicate        a record is in the log more than once, though its producer is idempotent
    reordered        an idempotent producer's records are in another order than they were sent in; or a record that was
                     sent after another one had been acknowledged is before it (the log is linearisable)
    inconsistent     a record is at another offset than the one at which it was acknowledged, or read
    offsets
    vanished         a record that was read is not in the log any more
    phantom          nobody sent what is in the log
    aborted read     what is in the log was refused
    poll skip        a reader passed over a record that is in the log
    unseen           a record is in the log, and those who read to its end did not get it
    gap              an offset is missing in the log

Each partition is one log by itself, and is checked by itself: its whole content at the end against its history.
What an unclean election explains (`losses.py`) is neither lost nor at another offset.
acks=1 promises nothing once the leader epoch has changed since the record was sent. Producers that are not idempotent
may write a record again when they did not hear that it was written.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from tests.simulation.history import History, Place, Send, producer_of


class Anomaly(NamedTuple):
    """Something that must not be; `kind` is one of the words above."""

    kind: str
    place: Place
    text: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.place[0]}-{self.place[1]}: {self.text}"


class LogCheck:
    """One partition: `log` is all that can be read of it in the end, as (offset, value)."""

    def __init__(
        self, history: History, place: Place, log: Sequence[tuple[int, str]], epoch: int, *, start: int = 0
    ) -> None:
        """`epoch`: the partition's leader epoch in the end. `start`: what was before this offset is gone, by right."""
        self._start = start
        self._history = history
        self._place = place
        self._log = log
        self._epoch = epoch
        self._sends = history.sends.get(place, {})
        self._values = dict(log)
        self._offsets: dict[str, list[int]] = defaultdict(list)
        for offset, value in log:
            self._offsets[value].append(offset)

    def anomalies(self, *, read_to_end: bool = False) -> Iterator[Anomaly]:
        """All there are. `read_to_end`: whether some reader is known to have read everything."""
        yield from self._gaps()
        yield from self._strangers()
        yield from self._doubles()
        yield from self._losses()
        yield from self._order_of_each_producer()
        yield from self._order_of_time()
        yield from self._reads()
        if read_to_end:
            yield from self._unseen()

    def _anomaly(self, kind: str, text: str) -> Anomaly:
        return Anomaly(kind, self._place, text)

    def _gaps(self) -> Iterator[Anomaly]:
        for index, (offset, _) in enumerate(self._log, self._start):
            if offset != index:
                yield self._anomaly("gap", f"{offset} instead of {index}")
                return

    def _strangers(self) -> Iterator[Anomaly]:
        for value, offsets in self._offsets.items():
            send = self._sends.get(value)
            if send is None:
                yield self._anomaly("phantom", f"nobody sent {value}, which is at {offsets[0]}")
            elif send.is_refused:
                yield self._anomaly("aborted read", f"{value} was refused, and is at {offsets[0]}")

    def _doubles(self) -> Iterator[Anomaly]:
        for value, offsets in self._offsets.items():
            if len(offsets) > 1 and self._is_idempotent(value):
                yield self._anomaly("duplicate", f"{value} is at {offsets}")

    def _is_idempotent(self, value: str) -> bool:
        promise = self._history.promises.get(producer_of(value))
        return promise is not None and promise.idempotent

    def _losses(self) -> Iterator[Anomaly]:
        for value, send in self._sends.items():
            offset, offsets = send.offset, self._offsets.get(value, [])
            if offset is None or not self._is_kept(value, send) or (0 <= offset < self._start and not offsets):
                continue
            if self._is_gone(value, offset):
                continue
            if not offsets:
                yield self._anomaly("lost", f"{value} was acknowledged at {offset}, where {self._at(offset)} is")
            elif offset >= 0 and offset not in offsets:
                yield self._anomaly(
                    "inconsistent offsets", f"{value} was acknowledged at {offset}, and is at {offsets}"
                )

    def _is_kept(self, value: str, send: Send) -> bool:
        """Whether it must be there because it was acknowledged."""
        return self._history.promises[producer_of(value)].acks == -1 or send.epoch == self._epoch

    def _is_gone(self, value: str, offset: int) -> bool:
        """Whether what was acknowledged there may be gone, by an unclean election."""
        return self._history.marked.explains_record(self._place, value, offset)

    def _at(self, offset: int) -> str:
        return self._values.get(offset, "nothing")

    def _order_of_each_producer(self) -> Iterator[Anomaly]:
        last: dict[str, int] = {}
        for offset, value in self._log:
            if self._is_idempotent(value):
                producer, number = producer_of(value), int(value.rpartition(":")[2])
                if number < last.get(producer, -1):
                    yield self._anomaly("reordered", f"{value} is at {offset}, after {producer}:{last[producer]}")
                last[producer] = max(number, last.get(producer, -1))

    def _order_of_time(self) -> Iterator[Anomaly]:
        """Whoever sends after another one was told that its record is in the log, writes behind it."""
        acked = sorted(
            (send.ended_at, send.offset, value)
            for value, send in self._sends.items()
            if send.offset is not None
            and send.offset >= 0
            and self._history.promises[producer_of(value)].acks == -1
            and not self._is_gone(value, send.offset)
        )
        latest, latest_value, position = -1, "", 0
        for value, send in sorted(self._sends.items(), key=lambda item: item[1].sent_at):
            while position < len(acked) and acked[position][0] < send.sent_at:
                _, offset, earlier = acked[position]
                if offset > latest:
                    latest, latest_value = offset, earlier
                position += 1
            for offset in self._offsets.get(value, []):
                if offset < latest and latest_value != value:
                    yield self._anomaly(
                        "reordered",
                        f"{value} is at {offset}, and was sent at {send.sent_at:.6f}, "
                        f"after {latest_value} had been acknowledged at {latest}",
                    )

    def _reads(self) -> Iterator[Anomaly]:
        for offset, value in self._history.seen.get(self._place, {}).items():
            if self._values.get(offset) == value or (offset < self._start and value not in self._offsets):
                continue
            if value in self._offsets:
                where = self._offsets[value]
                yield self._anomaly("inconsistent offsets", f"{value} was read at {offset}, and is at {where}")
            else:
                yield self._anomaly("vanished", f"{value} was read at {offset}, where {self._at(offset)} is")
        for reader, place, before, offset in self._history.skips:
            if place == self._place:
                passed = [value for at in range(before + 1, offset) if (value := self._values.get(at)) is not None]
                if passed:
                    yield self._anomaly("poll skip", f"{reader} read {offset} after {before}, and so not {passed[:3]}")

    def _unseen(self) -> Iterator[Anomaly]:
        seen = self._history.seen.get(self._place, {})
        unseen = [offset for offset, _ in self._log if offset not in seen]
        if unseen:
            yield self._anomaly("unseen", f"nobody got {unseen[:5]}, {len(unseen)} records")
