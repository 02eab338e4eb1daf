"""Bugs of the metadata quorum."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from tests.simulation.mutants import alone
from tests.simulation.mutants.mutant import POWER, QUORUM, Mutant, Patch, nothing, wrapped

from barnabas.raft import fetching
from barnabas.raft.candidate import Candidate
from barnabas.raft.follower import Follower
from barnabas.raft.leader import Leader
from barnabas.raft.progress import majority_offset
from barnabas.raft.prospective import Prospective
from barnabas.raft.quorum_state import QuorumState
from barnabas.raft.unattached import Unattached
from barnabas.server.metadata_log import MetadataLog


def _commit_without_majority(self: Leader) -> None:
    end = self.state.log.synced_offset
    if end > self.start_offset:
        self.state.advance_high_watermark(end)


def _count_replicas_of_earlier_epochs(self: Leader) -> None:
    ends = {key: entry.end_offset for key, entry in self.progress.items() if entry.end_offset is not None}
    ends[self.state.me] = self.state.log.synced_offset
    self.state.advance_high_watermark(min(majority_offset(self.state.voters.latest, ends), self.state.log.end_offset))


def _prepare_no_sync(original: Callable[..., Any], log: MetadataLog) -> Any:
    flush = original(log)
    if flush is not None:
        flush.files, flush.paths, flush.epochs, flush.new_files = [], [], None, False
    return flush


def _vote_for_any_log(original: Callable[..., bool], role: Any, request: Any, up_to_date: bool, now: float) -> bool:
    return original(role, request, True, now)


def _fetch_as_of_the_leaders_epoch(original: Callable[..., bool], state: QuorumState, *args: Any, **kwargs: Any) -> Any:
    log, epoch = state.log, state.role.epoch

    class Claim:
        end_offset = log.end_offset
        last_epoch = epoch if log.end_offset > log.start_offset else log.last_epoch

    state.log, kept = Claim(), log  # type: ignore[assignment]
    try:
        return original(state, *args, **kwargs)
    finally:
        state.log = kept


def _believe_any_answer(original: Callable[..., bool], state: QuorumState, request: Any, *args: Any) -> bool:
    if request.offset != state.log.end_offset:
        return False
    object.__setattr__(request, "last_epoch", state.log.last_epoch)
    return original(state, request, *args)


MUTANTS: Final = (
    Mutant(
        "votes are not written down",
        (Patch(MetadataLog, "write_election_state", nothing),),
        seed=9,
        kinds=("process crash", "everything restarts", "slow disks"),
        pause=0.15,
        length=0.3,
    ),
    Mutant(
        "the quorum commits without a majority",
        (Patch(Leader, "update_high_watermark", _commit_without_majority),),
        seed=4,
        is_common=True,
        kinds=QUORUM,
    ),
    Mutant(
        "records of earlier epochs are committed by counting replicas",
        (Patch(Leader, "update_high_watermark", _count_replicas_of_earlier_epochs),),
        seed=12,
        alone=alone.quorum,
    ),
    Mutant(
        "the metadata log is not synced",
        (wrapped(MetadataLog, "prepare_sync", _prepare_no_sync),),
        seed=1,
        is_common=True,
        kinds=POWER,
        synced=True,
    ),
    Mutant(
        "votes go to logs that are behind",
        tuple(wrapped(role, "can_grant", _vote_for_any_log) for role in (Candidate, Follower, Prospective, Unattached)),
        seed=10,
        kinds=QUORUM,
    ),
    Mutant(
        "a controller keeps what diverged",
        (
            wrapped(fetching, "maybe_send", _fetch_as_of_the_leaders_epoch),
            wrapped(fetching, "apply", _believe_any_answer),
        ),
        seed=4,
        kinds=QUORUM,
    ),
)
