"""The quorum as it runs: shells, logs on disk, a network in memory and a clock that jumps."""

from __future__ import annotations

import contextlib
import errno
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import trio
from trio.testing import MockClock

from barnabas.protocol.api_keys import ApiKey
from barnabas.protocol.errors import ErrorCode, WireError
from barnabas.protocol.record_builder import build_batch
from barnabas.raft.election_state import ElectionState
from barnabas.raft.observer import Observer
from barnabas.server.failure import NodeFailure
from barnabas.server.metadata_log import (
    MAX_BATCH_BYTES,
    METADATA_FOLDER,
    PREFERRED_BATCH_BYTES,
    QUORUM_STATE,
    MetadataLog,
)
from barnabas.server.quorum import CommittedBatch, NotLeader
from barnabas.storage.config import LogConfig
from barnabas.storage.disk import RealDisk, StorageError
from quorum_harness import Cell, Member, replica

NewCell = Callable[..., Cell]


@pytest.fixture
def clock() -> MockClock:
    """pytest-trio runs a test on the clock that it asks for by itself."""
    return MockClock(autojump_threshold=0)


@pytest.fixture
async def new_cell(tmp_path: Path, nursery: trio.Nursery) -> AsyncIterator[NewCell]:
    def make(**options: int) -> Cell:
        return Cell(tmp_path, nursery, **options)

    yield make
    nursery.cancel_scope.cancel()


async def test_three_controllers_elect_a_leader_and_agree(new_cell: NewCell, clock: MockClock) -> None:
    cell = new_cell(voters=3)
    await cell.start()
    leader = await cell.elected(within=1.0)
    await cell.commit([b"one", b"two"])
    await cell.commit([b"three"])
    assert [member.records for member in cell.members.values()] == [[b"one", b"two", b"three"]] * 3
    assert {member.leaders[-1] for member in cell.members.values()} == {(leader.key.id, leader.quorum.epoch)}


async def test_brokers_follow_and_count_for_nothing(new_cell: NewCell, clock: MockClock) -> None:
    cell = new_cell(voters=1, brokers=2)
    await cell.start()
    await cell.commit([b"x"])
    assert [cell.members[i].records for i in (2, 3)] == [[b"x"], [b"x"]]
    assert isinstance(cell.members[2].quorum.role, Observer)
    assert cell.members[2].quorum.leader is not None


async def test_what_is_committed_is_in_the_log_also_while_the_leader_is_noted(
    new_cell: NewCell, clock: MockClock
) -> None:
    """To who knows the epoch already, one answer brings the leader and records that are committed: seed 30033."""
    cell = new_cell(voters=1, brokers=1)
    await cell.start(1)
    leader = await cell.elected()
    await cell.commit([b"x"])
    broker = cell.members[2]
    (broker.directory / METADATA_FOLDER / QUORUM_STATE).write_bytes(ElectionState(leader.quorum.epoch).encode())
    await broker.start()

    def has_it_all() -> bool:
        assert (broker.quorum.high_watermark or 0) <= broker.log.end_offset
        return broker.records == [b"x"]

    await cell.wait_for(has_it_all)


async def test_a_single_controller_is_ready_at_once(new_cell: NewCell, clock: MockClock) -> None:
    cell = new_cell(voters=1)
    started = trio.current_time()
    await cell.start()
    await cell.elected()
    assert trio.current_time() - started < 0.05


async def test_the_leader_is_told_only_after_everything_before_its_epoch_was_applied(
    new_cell: NewCell, clock: MockClock
) -> None:
    cell = new_cell(voters=3)
    await cell.start()
    await cell.commit([b"x"] * 10)
    old = await cell.elected()
    await old.crash()
    new = await cell.elected(within=1.0)
    assert new.applied_when_leading[-1] == new.quorum.role.start_offset + 1  # type: ignore[attr-defined]
    assert new.records == [b"x"] * 10


async def test_another_leader_is_found_soon_when_one_is_killed(new_cell: NewCell, clock: MockClock) -> None:
    cell = new_cell(voters=3, brokers=1)
    await cell.start()
    await cell.commit([b"before"])
    old = await cell.elected()
    await old.crash()
    killed = trio.current_time()
    new = await cell.elected(within=1.0)
    assert trio.current_time() - killed < 0.5
    assert new is not old
    broker = cell.members[4]
    await cell.wait_for(lambda: broker.leaders[-1] == (new.key.id, new.quorum.epoch), within=0.5)
    await cell.commit([b"after"])
    await old.start()
    await cell.wait_for(lambda: old.records == [b"before", b"after"])
    assert cell.members[4].records == [b"before", b"after"]


async def test_a_leader_that_resigns_is_followed_at_once(new_cell: NewCell, clock: MockClock) -> None:
    cell = new_cell(voters=3)
    await cell.start()
    old = await cell.elected()
    await cell.commit([b"x"])
    asked = trio.current_time()
    old.quorum.resign()
    assert old.leaders[-1] == (None, old.quorum.epoch)
    await old.quorum.handed_over()
    new = await cell.elected(within=1.0)
    assert new is not old
    assert trio.current_time() - asked < 0.1


async def test_without_a_majority_nothing_is_committed_and_nothing_is_lost(new_cell: NewCell, clock: MockClock) -> None:
    cell = new_cell(voters=3)
    await cell.start()
    leader = await cell.elected()
    await cell.commit([b"safe"])
    others = [member for member in cell.members.values() if member is not leader]
    for member in others:
        await member.crash()
    end = leader.quorum.append([b"alone"])[-1]
    await trio.sleep(1.0)
    assert leader.quorum.applied_offset <= end
    await trio.sleep(3.0)
    assert not leader.quorum.is_leader, "check quorum"
    with pytest.raises(NotLeader):
        leader.quorum.append([b"too late"])
    for member in others:
        await member.start()
    await cell.commit([b"again"], among=[1, 2, 3])
    assert cell.members[1].records[0] == b"safe"
    assert cell.members[1].records[-1] == b"again"


async def test_what_only_the_old_leader_had_is_cut_when_it_comes_back(new_cell: NewCell, clock: MockClock) -> None:
    cell = new_cell(voters=3)
    await cell.start()
    old = await cell.elected()
    await cell.commit([b"safe"])
    await old.crash()
    await cell.commit([b"new"])
    survivors = [member for member in cell.running if member is not old]
    for member in survivors:
        await member.crash()
    # A log that a dying leader wrote to, and which nobody read any more.
    log = MetadataLog.open(RealDisk(old.directory), LogConfig(), 0)
    log.append(build_batch([(0, None, b"lost")], base_offset=log.end_offset, leader_epoch=log.view().last_epoch), 0)
    log.close(0)
    await cell.start(*(member.key.id for member in survivors))
    await cell.elected()
    await old.start()
    await cell.commit([b"last"])
    assert old.records == [b"safe", b"new", b"last"]


async def test_everything_is_replayed_in_order_after_a_restart_of_all(new_cell: NewCell, clock: MockClock) -> None:
    cell = new_cell(voters=3, brokers=1)
    await cell.start()
    for number in range(20):
        await cell.commit([b"%d" % number, b"and"])
    expected = [part for number in range(20) for part in (b"%d" % number, b"and")]
    for member in list(cell.running):
        await member.crash()
    restarted = trio.current_time()
    await cell.start()
    await cell.elected(within=1.0)
    assert trio.current_time() - restarted < 0.5
    await cell.wait_for(lambda: all(member.records == expected for member in cell.members.values()))
    for member in cell.members.values():
        offsets = [batch.base_offset for batch in member.committed]
        assert offsets == sorted(set(offsets))
        assert offsets[0] == 0


async def test_committed_batches_say_where_they_are(new_cell: NewCell, clock: MockClock) -> None:
    cell = new_cell(voters=1)
    await cell.start()
    leader = await cell.elected()
    ends = leader.quorum.append([b"a", b"b", b"c"])
    await cell.wait_for(lambda: leader.quorum.applied_offset > ends[-1])
    opening, batch = leader.committed
    assert (opening.base_offset, opening.last_offset, opening.records) == (0, 2, [])
    assert (batch.base_offset, batch.last_offset, batch.epoch) == (3, 5, leader.quorum.epoch)
    assert ends == [5]
    assert len(leader.latencies) == 1
    assert 0 < leader.latencies[0] < 0.1


async def test_large_appends_are_split_and_atomic_ones_are_not(new_cell: NewCell, clock: MockClock) -> None:
    cell = new_cell(voters=3)
    await cell.start()
    leader = await cell.elected()
    records = [bytes([number]) * (PREFERRED_BATCH_BYTES // 10) for number in range(35)]
    ends = leader.quorum.append(records, atomic=False)
    assert len(ends) == 4
    await cell.wait_for(lambda: all(member.records == records for member in cell.members.values()))
    together = leader.quorum.append(records, atomic=True)
    assert len(together) == 1
    await cell.wait_for(lambda: all(member.records == records * 2 for member in cell.members.values()))
    with pytest.raises(WireError) as caught:
        leader.quorum.append([bytes(MAX_BATCH_BYTES), b"x"])
    assert caught.value.code == ErrorCode.POLICY_VIOLATION
    assert leader.quorum.append([]) == []


async def test_only_the_leader_appends(new_cell: NewCell, clock: MockClock) -> None:
    cell = new_cell(voters=3)
    await cell.start()
    leader = await cell.elected()
    follower = next(member for member in cell.members.values() if member is not leader)
    with pytest.raises(NotLeader) as caught:
        follower.quorum.append([b"x"])
    assert caught.value.code == ErrorCode.NOT_CONTROLLER


async def test_a_controller_with_a_new_disk_observes_and_the_others_keep_their_data(
    new_cell: NewCell, clock: MockClock
) -> None:
    """KAFKA-14077: formatted anew it has another directory id, so it is no voter any more."""
    cell = new_cell(voters=3)
    await cell.start()
    await cell.commit([b"kept"])
    lost = next(member for member in cell.running if not member.quorum.is_leader)
    await lost.crash()
    again = Member(cell, replica(lost.key.id, disk=9), lost.directory.parent / "new", is_controller=True)
    again.directory.mkdir()
    await again.start()
    await cell.wait_for(lambda: again.records == [b"kept"])
    assert isinstance(again.quorum.role, Observer)
    cell.members[lost.key.id] = again
    await (await cell.elected()).crash()
    await trio.sleep(5.0)
    assert cell.leader() is None, "one voter of three is no majority, whoever observes"


async def test_a_record_that_the_application_cannot_bear_ends_the_member(tmp_path: Path, clock: MockClock) -> None:
    def spoil(batch: CommittedBatch) -> None:
        if batch.records:
            raise ValueError("bad record")

    with pytest.RaisesGroup(pytest.RaisesExc(ValueError, match="bad record"), flatten_subgroups=True):
        async with trio.open_nursery() as nursery:
            cell = Cell(tmp_path, nursery, voters=1)
            await cell.start()
            leader = await cell.elected()
            leader.spoils = spoil
            leader.quorum.append([b"bad"])
            await trio.sleep(5.0)


@pytest.mark.parametrize("methods", [["append"], ["prepare_sync"], ["append", "close"]])
async def test_a_disk_that_fails_ends_the_member_with_a_line_for_people(
    tmp_path: Path, clock: MockClock, monkeypatch: pytest.MonkeyPatch, methods: list[str]
) -> None:
    def fail(*_: object) -> None:
        raise StorageError("/data", "a.log", OSError(errno.ENOSPC, "No space left on device"))

    line = "the metadata log failed: /data: a.log: No space left on device"
    with pytest.RaisesGroup(pytest.RaisesExc(NodeFailure, match=line), flatten_subgroups=True):
        async with trio.open_nursery() as nursery:
            cell = Cell(tmp_path, nursery, voters=1)
            await cell.start()
            leader = await cell.elected()
            for method in methods:
                monkeypatch.setattr(leader.log, method, fail)
            with contextlib.suppress(NotLeader):
                leader.quorum.append([b"x"])
            await trio.sleep(5.0)


async def test_an_idle_quorum_sends_little(new_cell: NewCell, clock: MockClock) -> None:
    """A fetch without news waits half a second at the leader, and nobody has anything else to say."""
    cell = new_cell(voters=3)
    await cell.start()
    await cell.commit([b"x"])
    await trio.sleep(2.0)
    before = {member.key.id: cell.requests[member.key.id] for member in cell.running}
    await trio.sleep(10.0)
    leader = await cell.elected()
    served = {node_id: cell.requests[node_id] - count for node_id, count in before.items()}
    assert 36 <= served.pop(leader.key.id) <= 44, "two followers, two fetches a second"
    assert set(served.values()) == {0}


async def test_a_broker_of_another_cluster_ends_with_a_line_for_people(tmp_path: Path, clock: MockClock) -> None:
    line = "the controllers belong to another cluster than this node's directory, the-trial"
    with pytest.RaisesGroup(pytest.RaisesExc(NodeFailure, match=line), flatten_subgroups=True):
        async with trio.open_nursery() as nursery:
            cell = Cell(tmp_path, nursery, voters=1, brokers=1)
            cell.members[2].cluster_id = "the-trial"
            await cell.start()
            await trio.sleep(5)


async def test_a_broker_that_is_known_goes_on_when_a_stranger_refuses_it(new_cell: NewCell, clock: MockClock) -> None:
    cell = new_cell(voters=3, brokers=1)
    cell.members[2].cluster_id = "the-trial"
    await cell.start(1, 3, 4)
    await cell.commit([b"x"])
    await cell.start(2)
    await (await cell.elected()).crash()
    await trio.sleep(20)  # without a leader the broker asks all of them
    fetch = cell.tables[2].find(ApiKey.FETCH)
    assert fetch is not None
    assert fetch.statistics.latency.count > 0
    assert cell.members[4].is_running
