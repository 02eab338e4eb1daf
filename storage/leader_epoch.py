"""Which leader epoch began at which offset: what a follower cuts its log by, and a consumer notices truncation by.

Kept true: epochs and start offsets both grow strictly from entry to entry. The file `leader-epoch-checkpoint` (version
0, a number of entries, then `epoch start_offset` lines) may lag behind while the log runs: it is written before the
recovery point passes an entry, and recovery assigns the epochs of every later batch again.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right

from barnabas.storage.checkpoint import CorruptCheckpoint, format_checkpoint, parse_checkpoint

FILE_NAME = "leader-epoch-checkpoint"
UNDEFINED_EPOCH = -1
UNDEFINED_OFFSET = -1


class LeaderEpochs:
    """The epochs of one log, oldest first. `dirty` says that the file is behind."""

    __slots__ = ("_epochs", "_starts", "dirty")

    def __init__(self, entries: list[tuple[int, int]] | None = None) -> None:
        self._epochs: list[int] = []
        self._starts: list[int] = []
        for epoch, start_offset in entries or ():
            self.assign(epoch, start_offset)
        self.dirty = False

    @classmethod
    def from_file(cls, data: bytes) -> LeaderEpochs:
        """Read the file's content. Raises CorruptCheckpoint."""
        entries = []
        for line in parse_checkpoint(data):
            try:
                epoch, start_offset = map(int, line)
            except ValueError:
                raise CorruptCheckpoint(f"not an epoch and an offset: {' '.join(line)}") from None
            if epoch < 0 or start_offset < 0:
                raise CorruptCheckpoint(f"epoch {epoch} at offset {start_offset}")
            entries.append((epoch, start_offset))
        return cls(entries)

    def to_file(self) -> bytes:
        """The file's content now."""
        return format_checkpoint(f"{epoch} {start}" for epoch, start in self.entries())

    def entries(self) -> list[tuple[int, int]]:
        """(epoch, start offset), oldest first."""
        return list(zip(self._epochs, self._starts, strict=True))

    @property
    def latest(self) -> int:
        """The newest epoch, -1 if there is none."""
        return self._epochs[-1] if self._epochs else UNDEFINED_EPOCH

    def assign(self, epoch: int, start_offset: int) -> None:
        """Epoch `epoch` begins at `start_offset`, unless it is known already; entries that contradict it go."""
        epochs, starts = self._epochs, self._starts
        if epochs and epoch == epochs[-1] and start_offset >= starts[-1]:
            return
        while epochs and (epochs[-1] >= epoch or starts[-1] >= start_offset):
            epochs.pop()
            starts.pop()
        epochs.append(epoch)
        starts.append(start_offset)
        self.dirty = True

    def truncate_from_end(self, end_offset: int) -> None:
        """Forget the epochs that begin at `end_offset` or later."""
        keep = bisect_left(self._starts, end_offset)
        if keep < len(self._starts):
            del self._epochs[keep:], self._starts[keep:]
            self.dirty = True

    def truncate_from_start(self, start_offset: int) -> None:
        """Forget the epochs that end before `start_offset`; the one it falls into begins there from now on."""
        first = bisect_right(self._starts, start_offset) - 1
        if first < 0 or (first == 0 and self._starts[0] == start_offset):
            return
        del self._epochs[:first], self._starts[:first]
        self._starts[0] = start_offset
        self.dirty = True

    def clear(self) -> None:
        self.dirty = bool(self._epochs)
        self._epochs.clear()
        self._starts.clear()

    def end_offset_for(self, epoch: int, log_end_offset: int) -> tuple[int, int]:
        """The largest epoch up to `epoch` that is known, and the offset where it ends; (-1, -1) if none can be told."""
        if epoch == UNDEFINED_EPOCH or not self._epochs:
            return UNDEFINED_EPOCH, UNDEFINED_OFFSET
        if epoch == self._epochs[-1]:
            return epoch, log_end_offset
        higher = bisect_right(self._epochs, epoch)
        if higher == len(self._epochs):
            return UNDEFINED_EPOCH, UNDEFINED_OFFSET
        if higher == 0:
            return epoch, self._starts[0]
        return self._epochs[higher - 1], self._starts[higher]

    def epoch_for_offset(self, offset: int) -> int:
        """The epoch in which the record at `offset` was written, -1 if it is not known."""
        index = bisect_right(self._starts, offset) - 1
        return self._epochs[index] if index >= 0 else UNDEFINED_EPOCH

    def __repr__(self) -> str:
        return f"LeaderEpochs({self.entries()})"
