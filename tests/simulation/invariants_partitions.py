"""What must be true of partitions and their replicas:

- a record that anybody could read, below some replica's high watermark, is there for ever, at the same offset;
- who is in sync, as the controllers have it, holds everything below every high watermark, from where some leader's
  log begins;
- a replica's high watermark is within its log, and does not go back while its broker runs; nor does a log's start;
- in each leader epoch of a partition one broker leads.

Where a leader was elected who may lack records, what it has is what was committed; see `invariants_unclean.py`.

A replica whose records were damaged is left out until it has been made anew, and one whose disk failed. When records
may be lost by right (`forget`), what leaders commit from then on counts; what others took for committed before, and
find in their checkpoints, does not, until they are in sync again.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Container, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, Final
from unittest import mock

import trio
from tests.simulation.cluster import Cluster, Node, Violation, replicas_of
from tests.simulation.invariants_cleaning import CleaningInvariants, CommittedKeys, is_cleaned
from tests.simulation.invariants_logs import CommittedLog, Shadow
from tests.simulation.invariants_metadata import Key, MetadataInvariants
from tests.simulation.invariants_unclean import UncleanElections

from barnabas.broker.partition_follower import FollowerRole
from barnabas.broker.partition_leader import LeaderRole
from barnabas.storage.log import PartitionLog

OFFSETS: Final[tuple[tuple[type, str], ...]] = (
    (FollowerRole, "high_watermark"),
    (LeaderRole, "high_watermark"),
    (PartitionLog, "log_end_offset"),
    (PartitionLog, "log_start_offset"),
    (PartitionLog, "generation"),
)
"""The attributes in which a replica's offsets are kept."""

_HEARD_SECONDS: Final = 1.0
"""In which followers hear where their leader's log begins."""
_UNKNOWN: Final = 1 << 62


@contextmanager
def told_of_offsets(tell: Callable[[], None]) -> Iterator[None]:
    """`tell` is called whenever any replica's offset is set meanwhile, also of one that has just been made."""
    with ExitStack() as stack:
        for owner, name in OFFSETS:
            stack.enter_context(mock.patch.object(owner, name, _told_of(getattr(owner, name), tell)))
        yield


def _told_of(slot: Any, tell: Callable[[], None]) -> property:
    keep = slot.__set__

    def change(owner: Any, value: Any) -> None:
        keep(owner, value)
        tell()

    return property(slot.__get__, change)


class PartitionInvariants:
    """See the module. A replica is a broker's `Partition`."""

    def __init__(self, cluster: Cluster, metadata: MetadataInvariants, unclean: UncleanElections) -> None:
        self._cluster = cluster
        self._metadata = metadata
        self._unclean = unclean
        self._logs: dict[Key, CommittedLog] = {}
        self._committed: dict[Key, int] = {}
        """The highest high watermark that each partition had, which is always some leader's."""
        self._marks: dict[Any, int] = {}
        """The last high watermark of each replica."""
        self._ends: dict[Any, int] = {}
        self._compared: dict[Any, int] = {}
        self._shadows: dict[Any, Shadow] = {}
        self._keys: dict[Key, CommittedKeys] = {}
        """Of the logs that are compacted, instead of `_logs`."""
        self.cleaning = CleaningInvariants(cluster, self._committed)
        self._led: set[Key] = set()
        """The partitions that a leader was seen of since records may have been lost."""

    @property
    def expect_nothing(self) -> bool:
        """Whether no record need be kept."""
        return self.cleaning.expects_nothing

    def most_committed(self, key: Key) -> int:
        """As far as this partition's records may be known to be committed."""
        return _UNKNOWN if self.cleaning.forgot else self._committed.get(key, 0)

    # After each step

    def check_step(self, node: Node) -> None:
        """What one step of this broker may have changed."""
        if self.cleaning.violation is not None:
            raise self.cleaning.violation
        if self.expect_nothing:
            return
        if self._unclean.pending:
            self._settle(node)
        marks, ends = self._marks, self._ends
        for hosted in replicas_of(node).by_id.values():
            for replica in hosted.values():
                role = replica.leader or replica.follower
                end, mark = replica.log.log_end_offset, role.high_watermark
                if mark != marks.get(replica) or end < ends.get(replica, 0):
                    self._check_mark(node, replica, mark, end)
                ends[replica] = end
                self.cleaning.note_end(replica.key, end)

    def _check_mark(self, node: Node, replica: Any, mark: int, end: int) -> None:
        if replica.error:
            return
        before, committed = self._marks.get(replica, 0), self._committed.get(replica.key, 0)
        if mark > end:
            raise Violation(f"{node}: {_name(replica)}: the high watermark {mark} is beyond the log's end {end}")
        if self._unclean.is_behind(replica.key, node.id):
            self._marks[replica] = mark
            return
        if mark < before:
            raise Violation(f"{node}: {_name(replica)}: the high watermark went back from {before} to {mark}")
        if replica.leader is not None:
            self._led.add(replica.key)
        elif self.cleaning.forgot and not (
            replica.key in self._led and self._is_in_sync(node, replica) and mark <= committed
        ):
            return
        elif mark > committed:
            raise Violation(f"{node}: {_name(replica)}: no leader committed up to {mark}, only to {committed}")
        self._marks[replica] = mark
        if mark > committed:
            self._committed[replica.key] = mark
            self._check_in_sync(replica.key)
            if replica.topic in self._unclean.losses.topics and not _is_out(node, replica):
                with node.sound_disks():
                    self._check_replica(node, replica)  # its broker may be gone soon, and be missed by none
        else:
            self._check_holds(node, replica)

    def check_state(self, before: Any, after: Any) -> None:
        """The controllers have committed a partition's new state."""
        if not self.expect_nothing and (before is None or set(after.isr) - set(before.isr)):
            self._check_in_sync((after.topic_id, after.index))

    def _settle(self, node: Node) -> None:
        """See whether this broker leads as the first one since an unclean election."""
        for key, epoch in list(self._unclean.pending.items()):
            replica = replicas_of(node).by_id.get(key[0], {}).get(key[1])
            leads = replica is not None and replica.leader is not None and replica.leader_epoch >= epoch
            if leads and not _is_out(node, replica):
                with node.sound_disks():
                    self._go_on_from(node, replica)

    def _go_on_from(self, node: Node, replica: Any) -> None:
        """What this leader has of what was committed is left of that; what it takes for committed is so."""
        key, mark = replica.key, replica.high_watermark
        shadow = self._shadow(node, replica)
        shadow.follow(replica.log)
        kept = self._log(replica).cut(shadow)
        self._unclean.settled(replica, node.id, kept)
        for other in self._replicas(key):
            self._compared[other] = min(kept, self._compared.get(other, 0))
        self._led.add(key)
        self._marks[replica] = mark
        self._committed[key] = max(mark, kept)
        self._check_replica(node, replica)

    def _check_in_sync(self, key: Key) -> None:
        for node in self._cluster.brokers:
            if node.handle is not None:
                replica = replicas_of(node).by_id.get(key[0], {}).get(key[1])
                if replica is not None and not _is_out(node, replica):
                    self._check_holds(node, replica)

    def _check_holds(self, node: Node, replica: Any) -> None:
        """Whoever is in sync holds everything that is committed."""
        committed, end = self._committed.get(replica.key, 0), replica.log.log_end_offset
        if end < committed and self._is_in_sync(node, replica) and replica.key not in self._unclean.pending:
            raise Violation(f"{node} is in sync with {_name(replica)}, but ends at {end}; committed is {committed}")

    def _is_in_sync(self, node: Node, replica: Any) -> bool:
        state = self._metadata.state_of(replica.key)
        return state is not None and node.id in state.isr

    # Now and then

    def check_broker(self, node: Node) -> None:
        """Read what is new on this broker."""
        self.cleaning.note_clock(node)
        with node.sound_disks():
            for replica in replicas_of(node):
                if not _is_out(node, replica):
                    self._check_replica(node, replica)

    def _check_replica(self, node: Node, replica: Any) -> None:
        name = _name(replica)
        if replica.leader is not None:
            self._metadata.check_partition_leader(name, replica.key, replica.leader_epoch, node.id)
        shadow = self._shadow(node, replica)
        compacted, rewritten = is_cleaned(replica.log), replica.log in self.cleaning.rewritten
        self.cleaning.rewritten.discard(replica.log)
        shadow.follow(replica.log, compacted=compacted, rewritten=rewritten)
        if self.expect_nothing:
            return
        if self._unclean.is_behind(replica.key, node.id):
            self._compared[replica] = 0
            return
        self._check_start(node, replica)
        start, end = self._compared.get(replica, 0), self._marks.get(replica, 0)
        if compacted:
            self._check_keys(node, replica, 0 if rewritten else start, end)
        elif end > start:
            self._log(replica).check(shadow, start, end)
        self._compared[replica] = end

    def _shadow(self, node: Node, replica: Any) -> Shadow:
        shadow = self._shadows.get(replica)
        if shadow is None:
            shadow = self._shadows[replica] = Shadow(f"{node}: {_name(replica)}")
        return shadow

    def _log(self, replica: Any) -> CommittedLog:
        log = self._logs.get(replica.key)
        if log is None:
            log = self._logs[replica.key] = CommittedLog(_name(replica))
        return log

    def _check_keys(self, node: Node, replica: Any, start: int, end: int) -> None:
        if end > start:
            committed = self._keys.setdefault(replica.key, CommittedKeys())
            whole = not start and replica.key not in self.cleaning.missed
            committed.check(f"{node}: {_name(replica)}", replica.log, start, end, whole=whole)

    def _check_start(self, node: Node, replica: Any) -> None:
        """Where a log begins is its leader's affair, or that of retention."""
        key, start, starts = replica.key, replica.log.log_start_offset, self.cleaning.starts
        if start > starts.get(key, 0) and self._is_in_sync(node, replica):
            led = [each.log.log_start_offset for each in self._replicas(key) if each.leader is not None]
            starts[key] = max(led, default=starts.get(key, 0))
            if start > starts[key]:
                raise Violation(f"{node} is in sync with {_name(replica)}, but begins at {start}")

    def _replicas(self, key: Key) -> Iterator[Any]:
        for node in self._cluster.brokers:
            replica = None if node.handle is None else replicas_of(node).by_id.get(key[0], {}).get(key[1])
            if replica is not None:
                yield replica

    def forget(self) -> None:
        """No record need be there any more; no broker runs."""
        self.cleaning.forgot = True
        for known in (self._logs, self._keys, self._committed, self._marks, self._ends, self._compared, self._shadows):
            known.clear()
        self._led.clear()
        self._unclean.forget()

    # In the end

    def lagging(self, topics: Container[str] | None = None) -> str | None:
        """Which replica, of these topics or of all, lacks something that its leader has, or does not know that all have
        it, as a leader; None if none.
        """
        brokers = [node for node in self._cluster.brokers if node.handle is not None]
        copies = [(node, replica) for node in brokers for replica in replicas_of(node)]
        ends = {each.key: each.log.log_end_offset for _, each in copies if each.leader is not None}
        for node, replica in copies:
            got = replica.log.log_end_offset if replica.leader is None else replica.high_watermark
            if got < ends.get(replica.key, 0) and (topics is None or replica.topic in topics):
                return f"{node}: {_name(replica)} came to {got}, its leader's log ends at {ends[replica.key]}"
        return None

    def check_equal(self) -> None:
        """All replicas are the same byte by byte, from where the last of them begins; or as compaction allows."""
        replicas: dict[Key, list[tuple[Node, Any]]] = {}
        for node in self._cluster.brokers:
            for replica in replicas_of(node):
                replicas.setdefault(replica.key, []).append((node, replica))
        for key, copies in replicas.items():
            self._check_starts(key, copies)
            if is_cleaned(copies[0][1].log):
                self._check_compacted(key, copies)
            else:
                _check_same(copies)

    def _check_compacted(self, key: Key, copies: list[tuple[Node, Any]]) -> None:
        """Against all that was committed. Where nobody kept that, copies only must not contradict each other: one that
        was away for long still has what a tombstone deleted that all others have removed by now.
        """
        known = None if self.expect_nothing or key in self.cleaning.missed else self._keys.get(key)
        committed = known or CommittedKeys()
        for node, replica in copies:
            end = replica.log.log_end_offset
            committed.check(f"{node}: {_name(replica)}", replica.log, 0, end, whole=known is not None)

    def _check_starts(self, key: Key, copies: list[tuple[Node, Any]]) -> None:
        """Nobody begins before the leader, once the others can have heard of it."""
        if trio.current_time() - self.cleaning.started_at.get(key, 0.0) < _HEARD_SECONDS:
            return
        led = max((replica.log.log_start_offset for _, replica in copies if replica.leader is not None), default=0)
        for node, replica in copies:
            if replica.log.log_start_offset < led:
                start = replica.log.log_start_offset
                raise Violation(f"{node}: {_name(replica)} begins at {start}, and its leader's log at {led}")


def _check_same(copies: list[tuple[Node, Any]]) -> None:
    start = max(replica.log.log_start_offset for _, replica in copies)
    contents: dict[int, Node] = {}
    for node, replica in copies:
        content = replica.log.log_end_offset
        for batch in replica.log.read_batches(start):
            content = zlib.crc32(batch.view, content)
        contents.setdefault(content, node)
    if len(contents) > 1:
        first, other, *_ = contents.values()
        raise Violation(f"{_name(copies[0][1])} is not the same on {first} and {other}")


def _name(replica: Any) -> str:
    return f"{replica.topic}-{replica.index}"


def _is_out(node: Node, replica: Any) -> bool:
    return bool(replica.error) or replica.log.directory in node.damaged
