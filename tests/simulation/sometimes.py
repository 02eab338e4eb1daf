"""Rare paths, which a good set of seeds takes now and then: each says what happened, and where one sees it.

Faults that never lead anywhere prove nothing. So the calls of some functions are looked at while a run lasts, and
counted where they mean that a rare thing has happened; product code knows nothing of it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import wraps
from typing import Any, Final, TypeAlias
from unittest import mock

from barnabas.broker.coordinator.groups.classic_group import ClassicGroup
from barnabas.broker.coordinator.groups.classic_rebalance import Rebalances
from barnabas.broker.coordinator.groups.machine import GroupCoordinator
from barnabas.broker.coordinator.groups.offsets import Offsets
from barnabas.broker.coordinator.records import TransactionEnd
from barnabas.broker.coordinator.shard import Shard
from barnabas.broker.fetch_session import FetchSessionCache
from barnabas.broker.partition import Partition
from barnabas.broker.partition_follower import FollowerRole
from barnabas.broker.partition_leader import LeaderRole
from barnabas.broker.pending_fetch import PendingFetch
from barnabas.broker.replica_manager import ReplicaManager
from barnabas.client.batcher import Batcher
from barnabas.client.transactions import ProducerFenced, Transactions
from barnabas.controller import controller, election, partition_change
from barnabas.controller.election import ElectionType
from barnabas.protocol.errors import ErrorCode, WireError
from barnabas.protocol.messages.create_topics import CreateTopicsResponse
from barnabas.raft.leader import Leader
from barnabas.server.metadata_log import MetadataLog
from barnabas.server.runtime import Runtime
from barnabas.storage import producer_state, swap
from barnabas.storage.cleaner import Cleaning, CleaningAborted
from barnabas.storage.cleaner_filter import BatchFilter
from barnabas.storage.log import PartitionLog
from barnabas.storage.log_manager import LogManager
from barnabas.storage.producer_state import ProducerStates
from barnabas.storage.recovery import _Opening
from barnabas.storage.segment import Segment

_SEGMENT_FILES: Final = 4

Look: TypeAlias = Callable[..., Any]
"""Gets `seen`, to be called where the path was taken; `call`, which does what is looked at; and the arguments for it.
Returns the result.
"""


@dataclass(frozen=True, slots=True)
class Path:
    """A rare path, and the call in which it shows."""

    what: str
    place: Any
    name: str
    look: Look

    def __str__(self) -> str:
        return self.what


@contextmanager
def watching() -> Iterator[Counter[str]]:
    """How often each path was taken meanwhile."""
    counts: Counter[str] = Counter()
    with ExitStack() as stack:
        for path in PATHS:
            stack.enter_context(mock.patch.object(path.place, path.name, _watched(path, counts)))
        yield counts


def _watched(path: Path, counts: Counter[str]) -> Callable[..., Any]:
    original, look, what = getattr(path.place, path.name), path.look, path.what

    def seen() -> None:
        counts[what] += 1

    @wraps(original)
    def watched(*args: Any, **kwargs: Any) -> Any:
        return look(seen, original, *args, **kwargs)

    return watched


# How to look


def _always(seen: Callable[[], None], call: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    seen()
    return call(*args, **kwargs)


def _if_it_returns(wanted: Callable[[Any], bool]) -> Look:
    def look(seen: Callable[[], None], call: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        result = call(*args, **kwargs)
        if wanted(result):
            seen()
        return result

    return look


def _if_it_refuses(code: ErrorCode) -> Look:
    def look(seen: Callable[[], None], call: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        try:
            return call(*args, **kwargs)
        except WireError as error:
            if error.code is code:
                seen()
            raise

    return look


def _if_it_raises(kind: type[Exception]) -> Look:
    def look(seen: Callable[[], None], call: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        try:
            return call(*args, **kwargs)
        except kind:
            seen()
            raise

    return look


def _while_a_produce_waits(seen: Callable[[], None], call: Callable[..., Any], partition: Partition, error: Any) -> Any:
    if partition._waiting and error is ErrorCode.NOT_LEADER_OR_FOLLOWER:
        seen()
    return call(partition, error)


def _if_the_log_gets_shorter(seen: Callable[[], None], call: Callable[..., Any], log: Any, *args: Any) -> Any:
    before = log.log_end_offset
    result = call(log, *args)
    if log.log_end_offset < before:
        seen()
    return result


def _if_the_change_is_news(expands: bool) -> Look:
    def look(seen: Callable[[], None], call: Callable[..., Any], role: LeaderRole, change: Any, **kwargs: Any) -> Any:
        news = call(role, change, **kwargs)
        if news and change.expands is expands:
            seen()
        return news

    return look


def _if_it_begins_anew(seen: Callable[[], None], call: Callable[..., Any], state: Any, batch: Any) -> Any:
    result = call(state, batch)
    if batch.producer_epoch == state.epoch and batch.base_sequence < state.last_sequence:
        seen()
    return result


def _while_a_creation_waits(
    seen: Callable[[], None], call: Callable[..., Any], runtime: Runtime[Any], error: Any
) -> Any:
    if any(isinstance(reply, CreateTopicsResponse) for _, _, reply in runtime._waiting):
        seen()
    return call(runtime, error)


def _if_decisions_are_taken_back(seen: Callable[[], None], call: Callable[..., Any], runtime: Any, error: Any) -> Any:
    if runtime.leading and runtime.replayed_offset > runtime.committed_offset:
        seen()
    return call(runtime, error)


def _if_the_leader_is(eligible: bool) -> Look:
    def look(
        seen: Callable[[], None], call: Callable[..., Any], in_sync: Any, leader: int, clean: bool, rules: Any
    ) -> Any:
        if clean is eligible:
            seen()
        return call(in_sync, leader, clean, rules)

    return look


def _if_it_may_lack_records(last_known: bool) -> Look:
    def look(seen: Callable[[], None], call: Callable[..., Any], partition: Any, in_sync: Any, rules: Any) -> Any:
        leader, clean = call(partition, in_sync, rules)
        if not clean and last_known is (partition.last_known_elr == (leader,)):
            seen()
        return leader, clean

    return look


def _if_there_are_any(seen: Callable[[], None], call: Callable[..., Any], *args: Any) -> Any:
    found = list(call(*args))
    if found:
        seen()
    return found


def _if_it_was_asked_for(
    seen: Callable[[], None], call: Callable[..., Any], state: Any, name: str, index: int, kind: ElectionType
) -> Any:
    change = call(state, name, index, kind)
    if kind is ElectionType.UNCLEAN:
        seen()
    return change


def _if_readers_saw_more(seen: Callable[[], None], call: Callable[..., Any], role: FollowerRole, end: int) -> Any:
    if end < role.high_watermark:
        seen()
    return call(role, end)


def _if_older_than_the_log(
    seen: Callable[[], None], call: Callable[..., Any], partition: Partition, state: Any, now: float
) -> Any:
    if state.leader_epoch < partition.log.latest_epoch:
        seen()
    return call(partition, state, now)


def _if_there_was_one_before(seen: Callable[[], None], call: Callable[..., Any], leader: Leader, *args: Any) -> Any:
    if leader.start_offset > 0:
        seen()
    return call(leader, *args)


def _if_still_leading(seen: Callable[[], None], call: Callable[..., Any], leader: Leader, now: float) -> Any:
    if now >= leader._check_deadline and leader.peers:
        seen()
    return call(leader, now)


def _if_groups_have_members(seen: Callable[[], None], call: Callable[..., Any], machine: Any, *args: Any) -> Any:
    if any(group.members for group in machine.groups.values()):
        seen()
    return call(machine, *args)


def _if_a_member_is_silent(
    seen: Callable[[], None],
    call: Callable[..., Any],
    rebalances: Rebalances,
    group: ClassicGroup,
    member_id: str,
    turn: Any,
) -> Any:
    if member_id in group.members:
        seen()
    return call(rebalances, group, member_id, turn)


def _if_somebody_has_not_joined(
    seen: Callable[[], None], call: Callable[..., Any], rebalances: Rebalances, group: ClassicGroup, turn: Any
) -> Any:
    if any(member.join is None for member in group.members.values()):
        seen()
    return call(rebalances, group, turn)


def _while_decisions_wait(seen: Callable[[], None], call: Callable[..., Any], shard: Shard[Any], *args: Any) -> Any:
    if shard.active and shard.waiting:
        seen()
    return call(shard, *args)


def _if_something_goes(seen: Callable[[], None], call: Callable[..., Any], log: PartitionLog, *args: Any) -> Any:
    removal = call(log, *args)
    if removal.files:
        seen()
    return removal


def _if_not_all_was_in_place(
    seen: Callable[[], None], call: Callable[..., Any], disk: Any, directory: str, swaps: Any, names: Any
) -> Any:
    if any(name.removesuffix(swap.SWAP_SUFFIX) in names for name in swaps) or len(swaps) < _SEGMENT_FILES:
        seen()
    return call(disk, directory, swaps, names)


def _if_tombstones_go(
    seen: Callable[[], None], call: Callable[..., Any], kept: Any, batch: Any, payload: Any, expired: bool
) -> Any:
    chosen, tombstones = call(kept, batch, payload, expired)
    if expired and len(chosen) < batch.records_count:
        seen()
    return chosen, tombstones


def _if_offsets_are_dropped(
    seen: Callable[[], None], call: Callable[..., Any], offsets: Offsets, end: TransactionEnd
) -> Any:
    groups = call(offsets, end)
    if groups and not end.committed:
        seen()
    return groups


def _if_it_ends_at_an_open_transaction(
    seen: Callable[[], None], call: Callable[..., Any], fetch: PendingFetch, partition: Partition, look: Any
) -> Any:
    if fetch._params.read_committed and partition.last_stable_offset < partition.high_watermark:
        seen()
    return call(fetch, partition, look)


def _if_a_batch_is_left(kind: str) -> Look:
    """`kind`: of the batch that is cleaned, and what is left of it."""

    def look(seen: Callable[[], None], call: Callable[..., Any], kept: Any, batch: Any, **how: Any) -> Any:
        left = call(kept, batch, **how)
        if batch.records_count and (left is None or not left.records_count):
            if kind == ("marker" if batch.is_control else "aborted" if how["discard"] else ""):
                seen()
            if kind == "empty" and left is not None and not batch.is_control:
                seen()
        return left

    return look


def _if_another_policy_ended_it(seen: Callable[[], None], call: Callable[..., Any], cleaning: Any, *args: Any) -> Any:
    try:
        return call(cleaning, *args)
    except CleaningAborted:
        if not cleaning.is_stale and not cleaning._log.config.compact:
            seen()
        raise


def _if_there_is_no_room(of_index: bool) -> Look:
    """In the segment, or in one of its indexes."""

    def look(seen: Callable[[], None], call: Callable[..., Any], segment: Any, size: int, *args: Any) -> Any:
        result, config = call(segment, size, *args), args[-1]
        if result and segment.size:
            most = config.segment_index_bytes
            is_index = segment.offset_index.is_full(most) or segment.time_index.is_full(most)
            if is_index if of_index else segment.size + size > config.segment_bytes:
                seen()
        return result

    return look


PATHS: Final = (
    # Leaders
    Path("a leader was deposed while a produce waited", Partition, "_settle_all", _while_a_produce_waits),
    Path("a leader took a replica out of the ISR", LeaderRole, "handle_alter_response", _if_the_change_is_news(False)),
    Path("a leader let a replica into the ISR", LeaderRole, "handle_alter_response", _if_the_change_is_news(True)),
    Path("nobody knew what became of an ISR change", LeaderRole, "handle_alter_error", _if_it_returns(bool)),
    Path(
        "acks=all was refused: too few in sync",
        Partition,
        "check_append",
        _if_it_refuses(ErrorCode.NOT_ENOUGH_REPLICAS),
    ),
    Path("an earlier life of a broker fetched", LeaderRole, "is_stale_fetcher", _if_it_returns(bool)),
    # Replicas
    Path("a request knew an older leader epoch", Partition, "check", _if_it_refuses(ErrorCode.FENCED_LEADER_EPOCH)),
    Path("a request knew a newer leader epoch", Partition, "check", _if_it_refuses(ErrorCode.UNKNOWN_LEADER_EPOCH)),
    Path("a broker's metadata was older than its log", Partition, "become", _if_older_than_the_log),
    Path("a follower cut what diverged", PartitionLog, "truncate_to", _if_the_log_gets_shorter),
    Path("a log directory failed", ReplicaManager, "storage_failed", _always),
    # Fetch sessions
    Path("a fetch session was evicted", FetchSessionCache, "_evict_for", _if_it_returns(bool)),
    Path(
        "there was no room for a fetch session", FetchSessionCache, "_evict_for", _if_it_returns(lambda gone: not gone)
    ),
    # Producers
    Path("a retry was answered, not written again", ProducerStates, "check", _if_it_returns(bool)),
    Path(
        "a batch came before the one before it",
        ProducerStates,
        "check",
        _if_it_refuses(ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER),
    ),
    Path("the first sequence came after the last one", producer_state, "_check_sequence", _if_it_begins_anew),
    Path("a batch was too large and went on in pieces", Batcher, "_goes_on_in_pieces", _if_it_returns(bool)),
    # Disks
    Path("recovery cut a torn end", _Opening, "_recover_segment", _if_it_returns(lambda whole: not whole)),
    Path("an index was made anew", Segment, "rebuild_indexes", _always),
    # Records that go
    Path("a segment was deleted by retention", PartitionLog, "apply_retention", _if_something_goes),
    Path("a fetch asked for what was gone", PartitionLog, "locate", _if_it_refuses(ErrorCode.OFFSET_OUT_OF_RANGE)),
    Path("a follower began anew where its leader's log begins", Partition, "restart_at", _always),
    Path("a part of a log was compacted", PartitionLog, "replace_segments", _always),
    Path("tombstones whose time was up were removed", BatchFilter, "_choose", _if_tombstones_go),
    Path("a log was cut or given up while it was cleaned", Cleaning, "_go_on", _if_it_raises(CleaningAborted)),
    Path("another cleanup.policy ended a round of compaction", Cleaning, "_go_on", _if_another_policy_ended_it),
    Path("records of an aborted transaction were cleaned away", BatchFilter, "clean", _if_a_batch_is_left("aborted")),
    Path("a marker went whose transaction was gone", BatchFilter, "clean", _if_a_batch_is_left("marker")),
    Path("a producer's last batch stayed without its records", BatchFilter, "clean", _if_a_batch_is_left("empty")),
    Path("a segment had no room for a batch", Segment, "must_roll", _if_there_is_no_room(False)),
    Path("an index had no room for a batch", Segment, "must_roll", _if_there_is_no_room(True)),
    Path("a start finished what a crash left of compaction", swap, "_swap_in", _always),
    Path("a crash came between the names of one swap", swap, "_swap_in", _if_not_all_was_in_place),
    # Controllers
    Path("a topic's creation waited while the controller lost the lead", Runtime, "resign", _while_a_creation_waits),
    Path("uncommitted decisions were taken back", Runtime, "resign", _if_decisions_are_taken_back),
    Path("an eligible replica was elected", partition_change, "_joined", _if_the_leader_is(True)),
    Path("the last known leader was elected", partition_change, "_elect", _if_it_may_lack_records(True)),
    # Unclean elections
    Path("somebody was elected who may lack records", partition_change, "_elect", _if_it_may_lack_records(False)),
    Path("such an election became allowed where nobody led", controller, "unclean_elections", _if_there_are_any),
    Path("such an election was asked for", election, "_elected", _if_it_was_asked_for),
    Path("a follower had to cut what readers had seen", FollowerRole, "truncated", _if_readers_saw_more),
    # The quorum
    Path("the quorum got another leader", Leader, "open_epoch", _if_there_was_one_before),
    Path("a leader of the quorum did not hear a majority", Leader, "poll", _if_still_leading),
    Path("a controller cut what diverged", MetadataLog, "truncate", _always),
    # Groups
    Path("a coordinator was loaded whose groups had members", GroupCoordinator, "loaded", _if_groups_have_members),
    Path("a coordinator was deposed while its decisions waited", Shard, "close", _while_decisions_wait),
    Path("a classic member's session ended", Rebalances, "session_due", _if_a_member_is_silent),
    Path("a classic rebalance went on without a member", Rebalances, "complete", _if_somebody_has_not_joined),
    # Transactions
    Path(
        "a committed read ended at an open transaction", PendingFetch, "_describe", _if_it_ends_at_an_open_transaction
    ),
    Path("offsets of an aborted transaction were dropped", Offsets, "replay_end", _if_offsets_are_dropped),
    Path("a producer met one with its id", Transactions, "_check", _if_it_raises(ProducerFenced)),
    # Files
    Path("files that nobody used were closed", LogManager, "release_idle", _if_it_returns(bool)),
)
