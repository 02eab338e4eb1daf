"""The group coordinator of one partition of `__consumer_offsets`: the machine of a shard.

Each `handle_` is one request or one deadline, and comes to a `Decision`. Durable are groups as their records have them,
and committed offsets; `replay` alone changes these. Soft is what belongs to rebalances of classic groups under way:
who has joined and waits, ids given out, deadlines; `handle_`s change that at once. It is lost with the coordinator: the
next one starts from the last recorded generation (see `classic_group`).

A group exists from its first record or, softly, from the first JoinGroup to it; one that nobody is in and that has no
offsets is deleted when offsets are next looked at for their age.

Where an append fails, nothing is replayed: those whom the decision was to answer are told, soft changes stay, and
members ask again. A decision at a deadline that comes to a record leaves a deadline behind, in case there is no record.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

from barnabas.broker.coordinator.answers import Decision, Waiter
from barnabas.broker.coordinator.groups import offsets_commit, offsets_expiry
from barnabas.broker.coordinator.groups.classic_group import ClassicGroup
from barnabas.broker.coordinator.groups.classic_join import ClassicJoins, Join, check_join, refusal
from barnabas.broker.coordinator.groups.classic_members import ClassicMembers, left
from barnabas.broker.coordinator.groups.classic_rebalance import (
    AGAIN,
    JOIN,
    SESSION,
    START,
    SYNC,
    DeadlineKey,
    Rebalances,
)
from barnabas.broker.coordinator.groups.config import GroupConfig
from barnabas.broker.coordinator.groups.consumer_group import ConsumerGroup
from barnabas.broker.coordinator.groups.consumer_groups import DEADLINES as CONSUMER_DEADLINES
from barnabas.broker.coordinator.groups.consumer_groups import ConsumerGroups
from barnabas.broker.coordinator.groups.deadlines import Deadlines
from barnabas.broker.coordinator.groups.events import GroupListener, nobody_listens
from barnabas.broker.coordinator.groups.group import Caller, Group
from barnabas.broker.coordinator.groups.listing import describe_group, list_groups
from barnabas.broker.coordinator.groups.offsets import Offsets
from barnabas.broker.coordinator.groups.offsets_fetch import fetch_offsets
from barnabas.broker.coordinator.groups.turn import Turn, answered
from barnabas.broker.coordinator.records import CoordinatorRecord, Record, TransactionEnd
from barnabas.protocol.errors import ErrorCode, WireError
from barnabas.protocol.messages.consumer_group_heartbeat import ConsumerGroupHeartbeatRequest
from barnabas.protocol.messages.delete_groups import DeleteGroupsResponse
from barnabas.protocol.messages.group_metadata_key import GroupMetadataKey
from barnabas.protocol.messages.group_metadata_value import GroupMetadataValue
from barnabas.protocol.messages.heartbeat import HeartbeatRequest
from barnabas.protocol.messages.join_group import JoinGroupRequest
from barnabas.protocol.messages.leave_group import LeaveGroupRequest, LeaveGroupResponse
from barnabas.protocol.messages.list_groups import ListGroupsRequest
from barnabas.protocol.messages.offset_commit import OffsetCommitRequest
from barnabas.protocol.messages.offset_commit_key import OffsetCommitKey
from barnabas.protocol.messages.offset_delete import OffsetDeleteRequest
from barnabas.protocol.messages.offset_fetch import OffsetFetchRequest
from barnabas.protocol.messages.sync_group import SyncGroupRequest
from barnabas.protocol.messages.txn_offset_commit import TxnOffsetCommitRequest

if TYPE_CHECKING:
    from barnabas.metadata.delta import MetadataDelta
    from barnabas.metadata.image import MetadataImage


class GroupCoordinator:
    """See the module's text. `new_member_id` makes an id that begins with what it gets; `tell` gets what happens."""

    def __init__(
        self,
        config: GroupConfig,
        image: Callable[[], MetadataImage],
        new_member_id: Callable[[str], str],
        tell: GroupListener = nobody_listens,
    ) -> None:
        self.groups: dict[str, Group] = {}
        self.offsets: Final = Offsets()
        self._config: Final = config
        self._image: Final = image
        self._tell: Final = tell
        self._deadlines: Final[Deadlines[DeadlineKey]] = Deadlines()
        self._rebalances: Final = Rebalances(config, self._deadlines)
        self._joins: Final = ClassicJoins(config, self._rebalances, new_member_id)
        self._members: Final = ClassicMembers(self._rebalances)
        self.consumer: Final = ConsumerGroups(
            config.consumer, self.groups, image, self._deadlines, self._rebalances, new_member_id
        )
        self._expiry_at: float | None = None
        """When offsets are next looked at for their age; None before all is loaded."""

    def __str__(self) -> str:
        return f"{len(self.groups)} groups, {len(self.offsets)} offsets"

    # Membership of classic groups

    def handle_join_group(
        self, request: JoinGroupRequest, caller: Caller, waiter: Waiter, now: float, now_ms: int
    ) -> Decision:
        """JoinGroup."""
        check_join(request, self._config)
        turn = Turn(now, now_ms, self._tell)
        group = self.groups.get(request.group_id)
        if isinstance(group, ConsumerGroup) and not group.is_empty:
            self.consumer.handle_join_group(group, request, caller, waiter, turn)
            return turn.decision()
        if not isinstance(group, ClassicGroup):
            if request.member_id:
                return answered(waiter, refusal(ErrorCode.UNKNOWN_MEMBER_ID, request.member_id))
            if group is not None:
                turn.records += group.tombstones()
            group = self.groups[request.group_id] = ClassicGroup(request.group_id)
        return self._joins.handle(group, Join(request, caller, waiter), turn)

    def handle_sync_group(self, request: SyncGroupRequest, waiter: Waiter, now: float, now_ms: int) -> Decision:
        """SyncGroup."""
        turn, group = Turn(now, now_ms, self._tell), self._group_of_members(request.group_id)
        if isinstance(group, ClassicGroup):
            return self._members.handle_sync(group, request, waiter, turn)
        self.consumer.handle_sync_group(group, request, waiter, turn)
        return turn.decision()

    def handle_heartbeat(self, request: HeartbeatRequest, waiter: Waiter, now: float, now_ms: int) -> Decision:
        """Heartbeat."""
        turn, group = Turn(now, now_ms, self._tell), self._group_of_members(request.group_id)
        if isinstance(group, ClassicGroup):
            return self._members.handle_heartbeat(group, request, waiter, now)
        self.consumer.handle_classic_heartbeat(group, request, waiter, turn)
        return turn.decision()

    def handle_leave_group(self, request: LeaveGroupRequest, waiter: Waiter, now: float, now_ms: int) -> Decision:
        """LeaveGroup, of several members as from v3 on."""
        if request.group_id and request.group_id not in self.groups:
            members = [left(identity, ErrorCode.UNKNOWN_MEMBER_ID) for identity in request.members]
            return answered(waiter, LeaveGroupResponse(members=members))
        turn, group = Turn(now, now_ms, self._tell), self._group_of_members(request.group_id)
        if isinstance(group, ClassicGroup):
            return self._members.handle_leave(group, request, waiter, turn)
        self.consumer.handle_leave_group(group, request, waiter, turn)
        return turn.decision()

    def _group_of_members(self, group_id: str) -> ClassicGroup | ConsumerGroup:
        group = self.groups.get(group_id)
        if not group_id:
            raise WireError(ErrorCode.INVALID_GROUP_ID)
        if not isinstance(group, ClassicGroup | ConsumerGroup):
            raise WireError(ErrorCode.UNKNOWN_MEMBER_ID)
        return group

    # Consumer groups

    def handle_consumer_heartbeat(
        self, request: ConsumerGroupHeartbeatRequest, caller: Caller, waiter: Waiter, now: float, now_ms: int
    ) -> Decision:
        """ConsumerGroupHeartbeat, of which the form was checked."""
        turn = Turn(now, now_ms, self._tell)
        self.consumer.handle_heartbeat(request, caller, waiter, turn)
        return turn.decision()

    def handle_consumer_describe(self, group_id: str, waiter: Waiter) -> Decision:
        """ConsumerGroupDescribe of one group."""
        return answered(waiter, self.consumer.handle_describe(group_id))

    # Offsets

    def handle_offset_commit(
        self, request: OffsetCommitRequest, caller: Caller, waiter: Waiter, now: float, now_ms: int
    ) -> Decision:
        """OffsetCommit. Topics and partitions exist, and topics have name and id."""
        group = self.groups.get(request.group_id)
        check = offsets_commit.check_commit(request, group, caller.version)
        if isinstance(group, ClassicGroup):
            self._members.committed(group, request.member_id, now)
        return offsets_commit.commit(request, check, self._config, waiter, Turn(now, now_ms, self._tell))

    def handle_txn_offset_commit(
        self, request: TxnOffsetCommitRequest, caller: Caller, waiter: Waiter, now: float, now_ms: int
    ) -> Decision:
        """TxnOffsetCommit, of a producer whose transaction is known to have this partition of the log. As above."""
        if not request.group_id:
            raise WireError(ErrorCode.INVALID_GROUP_ID)
        check = offsets_commit.check_txn_commit(request, self.groups.get(request.group_id), caller.version)
        return offsets_commit.txn_commit(request, check, self._config, waiter, Turn(now, now_ms, self._tell))

    def handle_offset_fetch(
        self, request: OffsetFetchRequest.OffsetFetchRequestGroup, waiter: Waiter, *, require_stable: bool
    ) -> Decision:
        """OffsetFetch of one group."""
        group = self.groups.get(request.group_id)
        return answered(waiter, fetch_offsets(request, group, self.offsets, require_stable=require_stable))

    def handle_offset_delete(self, request: OffsetDeleteRequest, waiter: Waiter, now: float, now_ms: int) -> Decision:
        """OffsetDelete. Topics and partitions exist."""
        if not request.group_id:
            raise WireError(ErrorCode.INVALID_GROUP_ID)
        group = self.groups.get(request.group_id)
        if group is None:
            raise WireError(ErrorCode.GROUP_ID_NOT_FOUND)
        turn = Turn(now, now_ms, self._tell)
        turn.answer(waiter, offsets_expiry.delete_offsets(request, group, self.offsets, turn))
        return turn.decision()

    # Groups

    def handle_describe_group(self, group_id: str, caller: Caller, waiter: Waiter) -> Decision:
        """DescribeGroups, of one group."""
        return answered(waiter, describe_group(group_id, self.groups.get(group_id), caller.version))

    def handle_list_groups(self, request: ListGroupsRequest, waiter: Waiter) -> Decision:
        """ListGroups, as far as groups are here."""
        return answered(waiter, list_groups(self.groups.values(), request.states_filter, request.types_filter))

    def handle_delete_groups(self, group_ids: Sequence[str], waiter: Waiter, now: float, now_ms: int) -> Decision:
        """DeleteGroups, as far as the groups are here: a list in their order."""
        turn = Turn(now, now_ms, self._tell)
        results: list[DeleteGroupsResponse.DeletableGroupResult] = []
        for group_id in group_ids:
            error, group = ErrorCode.NONE, self.groups.get(group_id)
            try:
                if group is None:
                    raise WireError(ErrorCode.GROUP_ID_NOT_FOUND)
                offsets_expiry.delete_group(group, self.offsets, turn)
            except WireError as refused:
                error = refused.code
            results.append(DeleteGroupsResponse.DeletableGroupResult(group_id=group_id, error_code=error))
        turn.answer(waiter, results)
        return turn.decision(atomic=False)

    # Time, and the cluster's metadata

    def next_deadline(self) -> float | None:
        """See `CoordinatorMachine`."""
        first = self._deadlines.next()
        if self._expiry_at is not None and (first is None or self._expiry_at < first):
            return self._expiry_at
        return first

    def handle_deadline(self, now: float, now_ms: int) -> Decision:
        """See `CoordinatorMachine`."""
        turn = Turn(now, now_ms, self._tell)
        if self._expiry_at is not None and self._expiry_at <= now:
            self._expiry_at = now + self._config.retention_check_interval
            offsets_expiry.expire(self.groups, self.offsets, self._config, turn)
            return turn.decision(atomic=False)
        key = self._deadlines.pop_due(now)
        group = None if key is None else self.groups.get(key[1])
        if key is not None and key[0] in CONSUMER_DEADLINES:
            self.consumer.handle_due(key, turn)
        elif key is not None and isinstance(group, ClassicGroup):
            self._due(group, key, turn)
        return turn.decision()

    def _due(self, group: ClassicGroup, key: DeadlineKey, turn: Turn) -> None:
        what, _, member_id = key
        if what == SESSION:
            self._rebalances.session_due(group, member_id, turn)
        elif what == JOIN:
            self._rebalances.joins_due(group, turn)
        elif what == SYNC:
            self._rebalances.syncs_due(group, turn)
        elif what == AGAIN:
            self._rebalances.unwritten(group, turn)
        else:
            assert what == START
            self._rebalances.start(group, turn)

    def on_metadata(self, delta: MetadataDelta, image: MetadataImage, now: float, now_ms: int) -> Decision:
        """The cluster's metadata have changed."""
        turn = Turn(now, now_ms, self._tell)
        self.consumer.on_metadata(delta, image)
        deleted = delta.topics.deleted
        offsets_expiry.forget_topics(((topic.name, topic.id) for topic in deleted.values()), self.offsets, turn)
        return turn.decision(atomic=False)

    # Replay, and the ends of a coordinator's life

    def replay(self, records: Sequence[CoordinatorRecord], last_offset: int, epoch: int) -> None:
        """See `Machine`. Records that compaction removed make offsets come out too high, but in their order."""
        log_offset = last_offset - len(records)
        for record in records:
            log_offset += 1
            if isinstance(record, TransactionEnd):
                self.offsets.replay_end(record)
            elif isinstance(record.key, OffsetCommitKey):
                if record.value is not None and record.key.group not in self.groups:
                    self.groups[record.key.group] = ClassicGroup(record.key.group)
                self.offsets.replay(record, log_offset)
            elif isinstance(record.key, GroupMetadataKey):
                self._replay_group(record, record.key.group)
            else:
                self.consumer.replay(record)

    def _replay_group(self, record: Record, group_id: str) -> None:
        group = self.groups.get(group_id)
        if record.value is None:
            if isinstance(group, ClassicGroup):
                self._rebalances.stop(group)
                del self.groups[group_id]
            return
        assert isinstance(record.value, GroupMetadataValue)
        if not isinstance(group, ClassicGroup):
            group = self.groups[group_id] = ClassicGroup(group_id)
            if self._expiry_at is not None:
                self._deadlines.set((START, group_id, ""), 0.0)
        members_before = list(group.members)
        group.replay(record.value)
        for member_id in members_before:
            if member_id not in group.members:
                self._rebalances.forget(group, member_id)
        self._rebalances.written(group)

    def commit(self, offset: int) -> None:
        """See `Machine`: nothing depends on it."""

    def revert(self) -> None:
        """See `Machine`: a coordinator that resigns is thrown away as a whole."""

    def loaded(self, now: float, now_ms: int) -> None:
        """See `CoordinatorMachine`."""
        turn = Turn(now, now_ms, self._tell)
        for group in self.groups.values():
            if isinstance(group, ClassicGroup):
                self._rebalances.start(group, turn)
        self.consumer.loaded(now)
        self._expiry_at = now + self._config.retention_check_interval

    def closed(self) -> list[Waiter]:
        """See `CoordinatorMachine`."""
        return [
            waiter for group in self.groups.values() if isinstance(group, ClassicGroup) for waiter in group.waiters()
        ]
