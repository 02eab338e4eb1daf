"""Members of a quorum in one process: real shells, logs on disk, a network in memory, trio's mock clock."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TypeVar

import trio

from barnabas.client.connection import ClientConnection, connect
from barnabas.net.memory import MemoryNetwork
from barnabas.raft.config import Identity, RaftConfig
from barnabas.raft.voters import Endpoint, ReplicaKey, Voter, VoterSet
from barnabas.server.dispatch import ApiTable
from barnabas.server.listener import Server
from barnabas.server.metadata_log import METADATA_FOLDER, MetadataLog, first_checkpoint
from barnabas.server.quorum import CommittedBatch, LeaderInfo, NotLeader, Quorum
from barnabas.server.quorum_handlers import QuorumHandlers
from barnabas.server.settings import Settings
from barnabas.server.timers import Timers
from barnabas.storage.config import LogConfig
from barnabas.storage.disk import RealDisk

T = TypeVar("T")

CLUSTER_ID = "the-castle"
LISTENER = "CONTROLLER"
PORT = 9093
DISK_SECONDS = 0.002


async def slow_disk(work: Callable[[], T]) -> T:
    """Stands in for a thread: threads and a mock clock do not go together."""
    await trio.sleep(DISK_SECONDS)
    return work()


def host(node_id: int) -> str:
    return f"node{node_id}"


def endpoint(node_id: int) -> Endpoint:
    return Endpoint(LISTENER, host(node_id), PORT)


def replica(node_id: int, disk: int = 1) -> ReplicaKey:
    """The node with its first disk, or a later one."""
    return ReplicaKey(node_id, bytes([disk]) * 15 + bytes([node_id]))


class Member:
    """One node: its process comes and goes, its directory stays."""

    def __init__(self, cell: Cell, key: ReplicaKey, directory: Path, is_controller: bool) -> None:
        self.cell = cell
        self.key = key
        self.directory = directory
        self.is_controller = is_controller
        self.cluster_id = CLUSTER_ID
        self.quorum: Quorum
        self.log: MetadataLog
        self.committed: list[CommittedBatch] = []
        self.leaders: list[tuple[int | None, int]] = []
        self.latencies: list[float] = []
        self.applied_when_leading: list[int] = []
        self.spoils: Callable[[CommittedBatch], None] = lambda batch: None
        self._scope: trio.CancelScope | None = None
        self._ended = trio.Event()

    @property
    def is_running(self) -> bool:
        return self._scope is not None

    @property
    def records(self) -> list[bytes]:
        """What was committed here since the start, without the quorum's own records."""
        return [bytes(record) for batch in self.committed for record in batch.records]

    async def start(self) -> None:
        self.committed, self.leaders = [], []
        self._ended = trio.Event()
        await self.cell.nursery.start(self._run)

    async def crash(self) -> None:
        """The process ends, and its connections with it."""
        assert self._scope is not None
        self._scope.cancel()
        await self._ended.wait()

    async def _run(self, task_status: trio.TaskStatus[None]) -> None:
        network, identity = self.cell.network.at(host(self.key.id)), self._identity()
        self.log = MetadataLog.open(RealDisk(self.directory), LogConfig(), self.cell.clock_ms())
        self.quorum = Quorum(
            identity=identity,
            config=self.cell.config,
            log=self.log,
            network=network,
            random=random.Random(self.cell.random.random()).random,
            clock_ms=self.cell.clock_ms,
            on_commit=self._take,
            on_leader_change=self._note_leader,
            observe_commit=self.latencies.append,
            threads=slow_disk,
        )
        try:
            with trio.CancelScope() as self._scope:
                async with trio.open_nursery() as nursery:
                    if self.is_controller:
                        await self._serve(network, nursery)
                    await nursery.start(self.quorum.run)
                    task_status.started()
        finally:
            self._scope = None
            self._ended.set()

    async def _serve(self, network: MemoryNetwork, nursery: trio.Nursery) -> None:
        table, timers = ApiTable(), Timers()
        QuorumHandlers(self.quorum, self.cell.clock_ms).register(table)
        self.cell.tables[self.key.id] = table
        settings = Settings.of({"listeners": [f"PLAINTEXT://{host(self.key.id)}:{PORT}"]})
        server = Server(network, settings, table, timers)
        await server.bind()
        nursery.start_soon(timers.run)
        nursery.start_soon(server.serve)

    def _identity(self) -> Identity:
        return Identity(
            cluster_id=self.cluster_id,
            key=self.key,
            listener=LISTENER,
            endpoints=(endpoint(self.key.id),) if self.is_controller else (),
            bootstrap=tuple(endpoint(voter.id) for voter in self.cell.voters.voters),
        )

    def _take(self, batches: Sequence[CommittedBatch]) -> None:
        for batch in batches:
            self.spoils(batch)
            self.committed.append(batch)

    def _note_leader(self, leader: LeaderInfo | None, epoch: int) -> None:
        self.leaders.append((None if leader is None else leader.id, epoch))
        if leader is not None and leader.id == self.key.id:
            self.applied_when_leading.append(self.quorum.applied_offset)


class Cell:
    """The members: voters 1, 2, ..., then brokers, who only observe."""

    def __init__(
        self,
        directory: Path,
        nursery: trio.Nursery,
        *,
        voters: int = 3,
        brokers: int = 0,
        seed: int = 1,
        config: RaftConfig | None = None,
    ) -> None:
        self.nursery = nursery
        self.network = MemoryNetwork(latency=0.0005)
        self.random = random.Random(seed)
        self.tables: dict[int, ApiTable] = {}
        self.config = config or RaftConfig()
        self.voters = VoterSet(tuple(Voter(replica(i), (endpoint(i),)) for i in range(1, voters + 1)))
        self.members = {
            i: Member(self, replica(i), directory / str(i), is_controller=i <= voters)
            for i in range(1, voters + brokers + 1)
        }
        for member in self.members.values():
            self.format(member)

    def format(self, member: Member) -> None:
        folder = member.directory / METADATA_FOLDER
        folder.mkdir(parents=True)
        if member.key in self.voters:
            name, content = first_checkpoint(self.voters)
            (folder / name).write_bytes(content)

    @staticmethod
    def clock_ms() -> int:
        return round(trio.current_time() * 1000)

    async def start(self, *node_ids: int) -> None:
        for node_id in node_ids or self.members:
            await self.members[node_id].start()

    @property
    def requests(self) -> dict[int, int]:
        """How many requests each controller has answered since its start."""
        return {i: sum(api.statistics.latency.count for api in table.apis) for i, table in self.tables.items()}

    @property
    def running(self) -> list[Member]:
        return [member for member in self.members.values() if member.is_running]

    def leader(self) -> Member | None:
        """Who was told that it leads, and still does."""
        for member in self.running:
            if member.quorum.is_leader and member.leaders and member.leaders[-1][0] == member.key.id:
                return member
        return None

    async def wait_for(self, condition: Callable[[], T | None], within: float = 5.0) -> T:
        """Waits until the condition gives something; fails after `within` seconds."""
        with trio.fail_after(within):
            while not (found := condition()):  # noqa: ASYNC110 - the clock jumps, so looking costs no time
                await trio.sleep(0.001)
            return found

    async def elected(self, within: float = 5.0) -> Member:
        return await self.wait_for(self.leader, within)

    async def commit(self, records: Sequence[bytes], among: Iterable[int] = ()) -> None:
        """Appends at the leader, again if it falls, until those members have the records."""
        members = [self.members[i] for i in among] or self.running
        while (last := await self._commit_once(await self.elected(), records)) is None:
            pass
        await self.wait_for(lambda: all(member.quorum.applied_offset > last for member in members))

    async def _commit_once(self, leader: Member, records: Sequence[bytes]) -> int | None:
        """The offset of the last record, None if the leader fell first."""
        quorum, epoch = leader.quorum, leader.quorum.epoch
        try:
            last = quorum.append(records)[-1]
        except NotLeader:
            return None
        await self.wait_for(lambda: quorum.applied_offset > last or self.leader() is not leader)
        return last if quorum.epoch == epoch and quorum.applied_offset > last else None

    async def client(self, node_id: int) -> ClientConnection:
        return await connect(self.network.at("client"), host(node_id), PORT, "test", nursery=self.nursery)
