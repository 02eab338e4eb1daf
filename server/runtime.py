"""Decide, append, replay, reply: how every durable decision is made.

A replicated machine decides without changing anything, and changes by replaying records, without deciding anything.
This runtime stands between requests, machine and log:

- `submit` lets the machine decide, appends the records to the log, replays them at once, so that the next decision
  sees them, and keeps the reply until their offset is committed. A decision without records may have been made upon
  uncommitted ones: its reply waits for those. The replay comes just before the append: records that cannot be
  replayed stop this node, and never enter the log to stop the others.
- `resign` answers everything that waits with an error, and takes the machine back to what is committed. What was
  appended may still be committed by the next leader; then it comes back through `replay_committed`, as to any
  follower.

What it keeps true: replies leave in the order of decisions; no reply that tells of a record leaves before that record
is committed; and the state of the machine is that after the record at `replayed_offset`, with everything up to
`committed_offset` committed.

An exception other than `WireError` in a decision or a replay is a broken invariant; it leaves by the caller, who
resigns or stops.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from barnabas.protocol.errors import LocalProtocolError, WireError

R = TypeVar("R")
R_contra = TypeVar("R_contra", contravariant=True)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Result(Generic[R, T]):
    """A decision: the records that carry it out, and the reply to give once they are committed.

    `atomic`: the records stand in one batch, all or nothing; otherwise each makes sense by itself.
    """

    records: Sequence[R]
    reply: T
    atomic: bool = True


class Machine(Protocol[R_contra]):
    """A replicated state machine, as far as the runtime needs it."""

    def replay(self, records: Sequence[R_contra], last_offset: int, epoch: int) -> None:
        """Change the state by these records; the last has this offset, and they were written in this leader's epoch."""
        ...

    def commit(self, offset: int) -> None:
        """What was replayed up to this offset, which ends a batch, will never be taken back."""
        ...

    def revert(self) -> None:
        """Go back to the committed state."""
        ...


class Append(Protocol):
    """Records that can be appended; nothing has happened yet."""

    @property
    def ends(self) -> Sequence[int]:
        """The last offset of each batch. Offsets are consecutive, and a batch is committed as a whole."""
        ...

    def append(self) -> None:
        """Append, without waiting for anything. Raises `WireError` when this node leads no longer."""
        ...


class Log(Protocol[R_contra]):
    """The log's end, on its leader."""

    def prepare(self, records: Sequence[R_contra], *, atomic: bool) -> Append:
        """Make batches of these records; where `atomic`, one.

        Raises `WireError` where they cannot be appended: this node leads no longer, or they are too large.
        """
        ...


class Runtime(Generic[R]):
    """See the module. A pure core: it calls the machine, the log and the callbacks, and waits for nothing."""

    def __init__(self, machine: Machine[R], log: Log[R], *, not_leader: Callable[[], WireError]) -> None:
        self._machine = machine
        self._log = log
        self._not_leader = not_leader
        self._epoch: int | None = None
        self._replayed = -1
        self._committed = -1
        self._waiting: deque[tuple[int, Callable[[Any], None], Any]] = deque()

    @property
    def leading(self) -> bool:
        """Whether decisions are made here."""
        return self._epoch is not None

    @property
    def replayed_offset(self) -> int:
        """The last record that the machine's state includes."""
        return self._replayed

    @property
    def committed_offset(self) -> int:
        """The last record that is known to be committed."""
        return self._committed

    @property
    def waiting(self) -> int:
        """How many replies wait for a commit."""
        return len(self._waiting)

    def lead(self, epoch: int) -> None:
        """This node leads from now on: every record before this epoch was replayed, and records get appended here."""
        self._epoch = epoch

    def resign(self, error: WireError) -> None:
        """This node leads no longer: everything that waits fails, in order, after the machine has been taken back."""
        if self._epoch is None:
            return
        self._epoch = None
        if self._replayed > self._committed:
            self._replayed = self._committed
            self._machine.revert()
        waiting, self._waiting = self._waiting, deque()
        for _, done, _ in waiting:
            done(error)

    def submit(self, decide: Callable[[], Result[R, T]], done: Callable[[T | WireError], None]) -> None:
        """Make a decision; `done` gets the reply once it may be known, or the error, exactly once."""
        if self._epoch is None:
            done(self._not_leader())
            return
        try:
            result = decide()
            append = self._log.prepare(result.records, atomic=result.atomic) if result.records else None
        except WireError as error:
            done(error)
            return
        if append is not None:
            for records, last_offset in _batches(result.records, append.ends):
                self._replay(records, last_offset, self._epoch)
            try:
                append.append()
            except WireError as error:
                self.resign(error)
                done(error)
                return
        if self._replayed > self._committed:
            self._waiting.append((self._replayed, done, result.reply))
        else:
            done(result.reply)

    def commit(self, offset: int) -> None:
        """The log is committed up to this offset: give the replies that waited for it.

        What lies behind the last replayed record and is committed as well is not the machine's: control records.
        """
        offset = min(offset, self._replayed)
        if offset <= self._committed:
            return
        self._committed = offset
        self._machine.commit(offset)
        while self._waiting and self._waiting[0][0] <= offset:
            _, done, reply = self._waiting.popleft()
            done(reply)

    def replay_committed(self, records: Sequence[R], last_offset: int, epoch: int) -> None:
        """Committed records that were not decided here, or are read again after a restart."""
        if last_offset <= self._replayed:
            raise LocalProtocolError(f"offset {last_offset} was replayed before")
        self._replay(records, last_offset, epoch)
        self.commit(last_offset)

    def _replay(self, records: Sequence[R], last_offset: int, epoch: int) -> None:
        self._machine.replay(records, last_offset, epoch)
        self._replayed = last_offset


def _batches(records: Sequence[R], ends: Sequence[int]) -> Iterator[tuple[Sequence[R], int]]:
    """The records batch by batch, each with its last offset: a commit, and so a way back, is between batches."""
    first = ends[-1] + 1 - len(records)
    starts = [first, *(end + 1 for end in ends[:-1])]
    for start, end in zip(starts, ends, strict=True):
        yield records[start - first : end + 1 - first], end
