"""Following other brokers: one task and one connection for each broker that leads something this one follows.

The task drives a `ReplicaFetcher`: it sends what the core asks for, carries out on the logs what comes of the
answers, and sends the next fetch at once. Where `flush.messages` is 1 it waits for the sync of what was appended
before, because the next fetch tells the leader that this broker has it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from typing import TYPE_CHECKING, Final, cast

import trio

from barnabas.broker.fetcher import Diverged, Failed, Fetched, FetchLimits, Key, OutOfRange, ReplicaFetcher
from barnabas.broker.lost_leaders import LostLeaders
from barnabas.client.connection import ClientConnection, ConnectionLost, Reply, connect
from barnabas.protocol.errors import ErrorCode, RemoteProtocolError, WireError
from barnabas.protocol.messages.fetch import FetchResponse
from barnabas.protocol.messages.list_offsets import ListOffsetsRequest, ListOffsetsResponse
from barnabas.server.logging import get_logger
from barnabas.storage.disk import StorageError

if TYPE_CHECKING:
    from barnabas.broker.controller_channel import NodeAddress
    from barnabas.broker.partition import Partition
    from barnabas.broker.replica_manager import ReplicaManager
    from barnabas.net.transport import Network

log = get_logger(__name__)

_LATEST: Final = -1
_EARLIEST_LOCAL: Final = -4
_MIN_RECONNECT: Final = 0.02
_MAX_RECONNECT: Final = 1.0


class ReplicaFetchers:
    """All leaders that this broker follows. `nursery` holds a task for each."""

    def __init__(
        self,
        manager: ReplicaManager,
        network: Network,
        nursery: trio.Nursery,
        *,
        address_of: Callable[[int], NodeAddress | None],
        broker_epoch: Callable[[], int],
        limits: FetchLimits,
        lost_leaders: LostLeaders,
        request_timeout: float = 30.0,
        connect_timeout: float = 10.0,
    ) -> None:
        """`address_of` gives where a broker listens for other brokers, as far as is known now. `lost_leaders` is told
        of connections that break. Times in seconds.
        """
        self.manager: Final = manager
        self.network: Final = network
        self.address_of: Final = address_of
        self.broker_epoch: Final = broker_epoch
        self.limits: Final = limits
        self.lost_leaders: Final = lost_leaders
        self.request_timeout: Final = request_timeout
        self.connect_timeout: Final = connect_timeout
        self._nursery = nursery
        self._leaders: dict[int, LeaderFetcher] = {}
        self._fetched_by: dict[Key, LeaderFetcher] = {}

    def follow(self, partition: Partition) -> None:
        """See `Fetchers`."""
        leader_id = partition.leader_id
        if leader_id < 0 or partition.error:
            return
        fetcher = self._leaders.get(leader_id)
        if fetcher is None:
            fetcher = self._leaders[leader_id] = LeaderFetcher(self, leader_id)
            self._nursery.start_soon(fetcher.run)
        self._fetched_by[partition.key] = fetcher
        fetcher.add(partition)

    def stop(self, partition: Partition) -> None:
        """See `Fetchers`."""
        fetcher = self._fetched_by.pop(partition.key, None)
        if fetcher is not None:
            fetcher.remove(partition.key)

    def stop_all(self) -> None:
        """Fetch nothing any more."""
        for key, fetcher in self._fetched_by.items():
            fetcher.remove(key)
        self._fetched_by.clear()

    def retire(self, fetcher: LeaderFetcher) -> None:
        """The fetcher has nothing left and ends; if something is to be followed from now on, another one will do it."""
        del self._leaders[fetcher.leader_id]


class LeaderFetcher:
    """Fetches from one leader. Ends when nothing is left to fetch from it."""

    def __init__(self, fetchers: ReplicaFetchers, leader_id: int) -> None:
        self.leader_id: Final = leader_id
        self._fetchers = fetchers
        self._manager = fetchers.manager
        self._core = ReplicaFetcher(fetchers.manager.config.broker_id, fetchers.limits)
        self._partitions: dict[Key, Partition] = {}
        self._connection: ClientConnection | None = None
        self._replies: deque[Reply] = deque()
        self._changed = trio.Event()

    def add(self, partition: Partition) -> None:
        """Fetch this partition from its log's end, in its present leader epoch."""
        replica_log = partition.log
        self._partitions[partition.key] = partition
        self._core.add(
            partition.key,
            partition.leader_epoch,
            replica_log.log_end_offset,
            replica_log.latest_epoch,
            replica_log.log_start_offset,
        )
        self._changed.set()
        self._nudge()

    def remove(self, key: Key) -> None:
        """Fetch it no longer."""
        self._partitions.pop(key, None)
        self._core.remove(key)
        self._changed.set()

    async def run(self) -> None:
        """Connect, fetch, and connect again, as long as there is something to fetch."""
        backoff = _MIN_RECONNECT
        async with trio.open_nursery() as nursery:
            while self._partitions:
                try:
                    self._connection = await self._connect(nursery)
                    if self._connection is not None:
                        self._fetchers.lost_leaders.find(self.leader_id)
                        self._connection.on_close(self._connection_closed)
                        backoff = _MIN_RECONNECT
                        await self._fetch(self._connection)
                except (ConnectionLost, WireError) as error:
                    log.info("cannot fetch", leader=self.leader_id, reason=str(error))
                finally:
                    self._disconnected()
                if self._partitions:
                    await trio.sleep(backoff)
                    backoff = min(backoff * 2, _MAX_RECONNECT)
            # Nothing can run between the last look and this, so nothing is added to a fetcher that ends.
            self._fetchers.retire(self)

    async def _connect(self, nursery: trio.Nursery) -> ClientConnection | None:
        """A connection to the leader; None while nobody knows where it is. ConnectionLost where it does not answer."""
        address = self._fetchers.address_of(self.leader_id)
        if address is None:
            return None
        return await connect(
            self._fetchers.network,
            address.host,
            address.port,
            f"broker-{self._manager.config.broker_id}-fetcher",
            nursery=nursery,
            request_timeout=self._fetchers.request_timeout,
            connect_timeout=self._fetchers.connect_timeout,
        )

    def _connection_closed(self, connection: ClientConnection) -> None:
        if connection is self._connection:  # else it was closed here
            self._fetchers.lost_leaders.lose(self.leader_id, trio.current_time())

    def _disconnected(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()
        self._replies.clear()
        self._core.disconnected()

    # Requests

    async def _fetch(self, connection: ClientConnection) -> None:
        while self._partitions:
            self._changed = trio.Event()
            await self._sync()
            request = self._core.next_fetch(self._fetchers.broker_epoch(), trio.current_time())
            if request is None:
                await self._wait_for_change()
                continue
            self._replies.append(connection.send(request))
            while self._replies:
                await self._handle(await self._next_response(), connection)

    def _unsynced(self) -> Iterator[Partition]:
        """The partitions whose positions are to be told, but must not be before their logs are synced."""
        for key in self._core.changed:
            partition = self._partitions[key]
            if partition.syncs and partition.log.recovery_point < partition.log.log_end_offset:
                yield partition

    async def _sync(self) -> None:
        while unsynced := list(self._unsynced()):
            for partition in unsynced:
                synced = trio.Event()
                self._manager.flusher.sync_then(partition, synced.set)
                await synced.wait()

    async def _wait_for_change(self) -> None:
        deadline = self._core.next_deadline()
        with trio.move_on_at(float("inf") if deadline is None else deadline):
            await self._changed.wait()

    def _nudge(self) -> bool:
        """Tell the leader of partitions that have come since the fetch that waits there.

        Whether there was something to tell.
        """
        if self._connection is None or self._connection.closed or len(self._replies) != 1 or any(self._unsynced()):
            return False
        request = self._core.nudge(self._fetchers.broker_epoch(), trio.current_time())
        if request is None:
            return False
        self._replies.append(self._connection.send(request))
        return True

    async def _next_response(self) -> FetchResponse:
        """The answer to the oldest request; a partition whose delay ends meanwhile is told to the leader at once."""
        may_nudge = True
        while True:
            deadline = self._core.next_deadline() if may_nudge and len(self._replies) == 1 else None
            with nullcontext() if deadline is None else trio.move_on_at(deadline):
                response = await self._replies[0].wait()
                self._replies.popleft()
                return cast(FetchResponse, response)
            may_nudge = self._nudge()

    # Answers

    async def _handle(self, response: FetchResponse, connection: ClientConnection) -> None:
        core, now_ms = self._core, self._manager.wall_clock_ms()
        out_of_range: list[OutOfRange] = []
        for outcome in core.handle_response(response, trio.current_time()):
            partition = self._partitions.get(outcome.key)
            if isinstance(outcome, Failed):
                self._report(outcome)
            elif partition is None:
                continue  # gone with its disk while the outcome before this one was followed
            elif isinstance(outcome, OutOfRange):
                out_of_range.append(outcome)
            else:
                self._carry_out(partition, outcome, now_ms)
        if response.error_code:
            log.info("fetch refused", leader=self.leader_id, error=ErrorCode.of(response.error_code).name)
            await trio.sleep(self._fetchers.limits.min_backoff)
        for outcome in out_of_range:
            await self._start_anew(outcome, connection)

    def _report(self, failed: Failed) -> None:
        if failed.error is ErrorCode.FENCED_LEADER_EPOCH:
            partition = self._partitions.pop(failed.key, None)
            if partition is not None:
                self._fetchers.stop(partition)
        log.info("partition cannot be fetched", leader=self.leader_id, partition=failed.key[1], error=failed.error.name)

    def _carry_out(self, partition: Partition, outcome: Fetched | Diverged, now_ms: int) -> None:
        """Append or cut, and note how far the log goes then."""
        replica_log = partition.log
        try:
            if isinstance(outcome, Diverged):
                before = replica_log.log_end_offset
                end = partition.truncate_diverged(outcome.epoch, outcome.end_offset, now_ms)
                log.info("truncated", topic=partition.topic, partition=partition.index, before=before, end=end)
            else:
                result = partition.append_as_follower(
                    outcome.records, outcome.high_watermark, outcome.log_start_offset, now_ms
                )
                if result is not None:
                    self._manager.statistics.replication_bytes_in += result.size
                    self._manager.flusher.appended(partition, now_ms)
        except StorageError as error:
            self._manager.storage_failed(error)
            return
        except RemoteProtocolError as error:
            log.warning(
                "bad records from the leader",
                leader=self.leader_id,
                topic=partition.topic,
                partition=partition.index,
                reason=str(error),
            )
            self._core.delay(outcome.key, trio.current_time())
            return
        self._core.advanced(
            outcome.key, replica_log.log_end_offset, replica_log.latest_epoch, replica_log.log_start_offset
        )

    async def _start_anew(self, outcome: OutOfRange, connection: ClientConnection) -> None:
        """The leader has nothing at this log's end:

        Cut to the leader's end if that is before, else start where it starts.
        """
        partition = self._partitions.get(outcome.key)
        if partition is None:
            return
        latest = await self._leader_offset(connection, partition, outcome, _LATEST)
        earliest = await self._leader_offset(connection, partition, outcome, _EARLIEST_LOCAL)
        if self._partitions.get(outcome.key) is not partition or partition.leader_epoch != outcome.leader_epoch:
            return
        if latest is None or earliest is None:
            self._core.delay(outcome.key, trio.current_time())
            return
        replica_log, now_ms = partition.log, self._manager.wall_clock_ms()
        before = replica_log.log_end_offset
        try:
            if latest < before:
                partition.truncate_to(latest, now_ms)
            elif earliest > before:
                partition.restart_at(earliest, now_ms)
        except StorageError as error:
            self._manager.storage_failed(error)
            return
        log.warning(
            "out of the leader's range",
            topic=partition.topic,
            partition=partition.index,
            before=before,
            end=replica_log.log_end_offset,
        )
        self._core.advanced(
            outcome.key, replica_log.log_end_offset, replica_log.latest_epoch, replica_log.log_start_offset
        )
        if replica_log.log_end_offset == before:
            self._core.delay(outcome.key, trio.current_time())

    async def _leader_offset(
        self, connection: ClientConnection, partition: Partition, outcome: OutOfRange, timestamp: int
    ) -> int | None:
        """Where the leader's log ends or starts; None where it does not say."""
        request = ListOffsetsRequest(
            replica_id=self._manager.config.broker_id,
            topics=[
                ListOffsetsRequest.ListOffsetsTopic(
                    name=partition.topic,
                    partitions=[
                        ListOffsetsRequest.ListOffsetsPartition(
                            partition_index=partition.index,
                            current_leader_epoch=outcome.leader_epoch,
                            timestamp=timestamp,
                        )
                    ],
                )
            ],
        )
        response = cast(ListOffsetsResponse, await connection.request(request))
        for topic in response.topics:
            for answer in topic.partitions:
                if not answer.error_code:
                    return answer.offset
        return None
