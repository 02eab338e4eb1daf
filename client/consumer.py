"""The consumer: `Consumer(bootstrap, group="g", topics=["t"])`, or one that is told what to read by `assign`, and then
`async for record in consumer`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from contextlib import AsyncExitStack
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Generic, Literal, Self, Unpack

from barnabas.client.background import Background
from barnabas.client.batches import Batches
from barnabas.client.cluster import Cluster
from barnabas.client.deserializer import Deserializer
from barnabas.client.errors import ClientError, ConfigurationError
from barnabas.client.fetch_task import FetchConfig, FetchTask
from barnabas.client.fetching import Fetching, FetchingConfig, OffsetReset
from barnabas.client.offsets import OffsetSpec, list_offsets
from barnabas.client.positions import ConsumerRecord, K, Place, Position, V
from barnabas.client.reading import Reading
from barnabas.client.security import SecuritySettings, check_not_beside_cluster
from barnabas.client.settings import settings_of

if TYPE_CHECKING:
    from barnabas.client.groups.committed import OffsetAndMetadata
    from barnabas.client.groups.member import Generation
    from barnabas.client.groups.membership import GroupProtocol, Membership, RebalanceCallback

Start = int | Literal["earliest", "latest"]
"""Where to begin: an offset, or the begin or end of the log at the time of asking."""
Topics = Iterable[str] | str | re.Pattern[str]
"""Names of topics, one name, or a pattern that whole names match."""


class Consumer(Generic[K, V]):
    """Reads the partitions that its group gives it, or that it is told to read. Open it with `async with`; one task at
    a time may iterate.

    Records are fetched ahead of the iteration, as far as `max_buffered` allows. A partition that fails raises a
    ClientError from the iteration, after the records that came before; the others can be read on.
    """

    @settings_of("Consumer")
    def __init__(
        self,
        bootstrap: str | Cluster,
        *,
        topics: Topics | None = None,
        group: str | None = None,
        group_protocol: GroupProtocol = "classic",
        group_instance_id: str | None = None,
        group_remote_assignor: str | None = None,
        partition_assignment_strategy: Iterable[str] = ("range", "cooperative-sticky"),
        session_timeout: float = 45.0,
        heartbeat_interval: float = 3.0,
        max_poll_interval: float = 300.0,
        enable_auto_commit: bool = True,
        auto_commit_interval: float = 5.0,
        on_assigned: RebalanceCallback | None = None,
        on_revoked: RebalanceCallback | None = None,
        on_lost: RebalanceCallback | None = None,
        auto_offset_reset: OffsetReset = "latest",
        isolation_level: Literal["read_uncommitted", "read_committed"] = "read_uncommitted",
        key_deserializer: Callable[[bytes | None], K] | None = None,
        value_deserializer: Callable[[bytes | None], V] | None = None,
        fetch_min_bytes: int = 1,
        fetch_max_wait: float = 0.5,
        fetch_max_bytes: int = 8 * 1024 * 1024,
        max_partition_fetch_bytes: int = 1024 * 1024,
        max_buffered: int = 8 * 1024 * 1024,
        check_crcs: bool = True,
        request_timeout: float = 30.0,
        client_rack: str = "",
        client_id: str = "barnabas-consumer",
        **security: Unpack[SecuritySettings],
    ) -> None:
        """Args, named as Kafka's settings; times in seconds, sizes in bytes:

        bootstrap: host:port, several separated by commas; or an open Cluster, which stays open.
        group: the group it belongs to; with `topics` it shares their partitions with the group's other members, without
            it only commits there (`assign`).
        topics: names, or a compiled pattern that is matched against whole names, now and when topics come.
        group_protocol: "classic", or "consumer": the protocol of KIP-848, in which the brokers assign.
        group_instance_id: makes it a static member, whose partitions wait for it while it restarts (KIP-345).
        group_remote_assignor: of the "consumer" protocol; "uniform" or "range", None: the broker's choice.
        partition_assignment_strategy: of the "classic" protocol, by preference: range, roundrobin, sticky,
            cooperative-sticky. With cooperative ones alone partitions are read on while the group rebalances.
        session_timeout, heartbeat_interval: of the "classic" protocol; the brokers' settings in the other.
        max_poll_interval: who is not back for the next record after so long is out of the group until coming back, so
            that others read on; a rebalance waits as long.
        enable_auto_commit, auto_commit_interval: whether and how often what the user is done with is committed.
        on_assigned, on_revoked, on_lost: async functions that get partitions: before the first record of theirs, after
            the last (offsets may be committed), and when others may have them already (default: `on_revoked`).
        auto_offset_reset: where to begin without a committed offset, or to go on when a position is not in the log:
            "earliest", "latest", or "none": raise OFFSET_OUT_OF_RANGE.
        key_deserializer, value_deserializer: what makes keys and values of bytes or None; without one they stay so.
            What it raises comes as UnreadableRecords, with the record's place, and iterating again goes on behind it.
        isolation_level: "read_committed" leaves out what belongs to open or aborted transactions.
        fetch_min_bytes, fetch_max_wait: a broker answers when it has so much, or after so long.
        fetch_max_bytes, max_partition_fetch_bytes: of one answer, and of one partition in it; a single larger batch
            is sent nevertheless.
        max_buffered: bytes in hand at which no more is fetched.
        check_crcs: whether the checksum of each batch is verified.
        request_timeout: what a broker has for one answer.
        client_rack: where it stands; leaders send it to a replica that is closer, if they are set up to (KIP-392).
        security: TLS and SASL, see SecuritySettings.
        """
        self._stack: Final = AsyncExitStack()
        self._owned: Final = isinstance(bootstrap, str)
        if isinstance(bootstrap, str):
            bootstrap = Cluster(bootstrap, client_id=client_id, request_timeout=request_timeout, **security)
        else:
            check_not_beside_cluster(security)
        self.cluster: Final[Cluster] = bootstrap
        if auto_offset_reset not in ("earliest", "latest", "none"):
            raise ConfigurationError(f'auto_offset_reset={auto_offset_reset!r}; it is "earliest", "latest" or "none"')
        if isolation_level not in ("read_uncommitted", "read_committed"):
            raise ConfigurationError(f'isolation_level={isolation_level!r}; "read_uncommitted" or "read_committed"')
        if not 0 <= fetch_max_wait < self.cluster.request_timeout:
            raise ConfigurationError(f"fetch_max_wait={fetch_max_wait:g}; it must be from 0 to below request_timeout")
        if topics is not None and group is None:
            raise ConfigurationError("topics without a group: give a group, or assign partitions")
        self._read_committed: Final = isolation_level == "read_committed"
        self._fetching: Final = Fetching(
            FetchingConfig(auto_offset_reset, max_buffered, check_crcs), self.cluster.rng.random
        )
        fetch = FetchConfig(
            reset_to=auto_offset_reset,
            min_bytes=fetch_min_bytes,
            max_wait_ms=int(fetch_max_wait * 1000),
            max_bytes=fetch_max_bytes,
            max_partition_bytes=max_partition_fetch_bytes,
            read_committed=self._read_committed,
            rack=client_rack,
        )
        self._fetch_task: Final = FetchTask(fetch, self.cluster, self._fetching, self._something_arrived)
        self._reading: Final = Reading(
            self._fetching,
            Deserializer(key_deserializer, value_deserializer),
            self._user_came_back,
            self._fetch_task.wake,
        )
        self._reading.subscribed = topics is not None
        self._membership: Final = (
            None
            if group is None
            else self._make_membership(
                topics,
                group=group,
                protocol=group_protocol,
                assignors=tuple(partition_assignment_strategy),
                remote_assignor=group_remote_assignor,
                instance_id=group_instance_id,
                session_timeout=session_timeout,
                heartbeat_interval=heartbeat_interval,
                max_poll_interval=max_poll_interval,
                auto_commit=enable_auto_commit,
                auto_commit_interval=auto_commit_interval,
                offset_reset=auto_offset_reset,
                read_committed=self._read_committed,
                rack=client_rack,
                on_assigned=on_assigned,
                on_revoked=on_revoked,
                on_lost=on_lost,
            )
        )

    def _make_membership(self, topics: Topics | None, **settings: Any) -> Membership:
        from barnabas.client.groups.membership import GroupConfig, Membership

        config = GroupConfig(**settings)
        config.validate()
        wanted: Iterable[str] | Callable[[str], bool] | None
        if isinstance(topics, re.Pattern):
            pattern = topics
            wanted = lambda name: not name.startswith("__") and pattern.fullmatch(name) is not None  # noqa: E731
        else:
            wanted = [topics] if isinstance(topics, str) else topics
        age = self.cluster.metadata_max_age
        return Membership(config, self.cluster, self._fetching, self._reading, wanted, metadata_max_age=age)

    async def __aenter__(self) -> Self:
        if self._owned:
            await self._stack.enter_async_context(self.cluster)
        nursery = await self._stack.enter_async_context(Background())
        nursery.start_soon(self._fetch_task.run, nursery)
        if self._membership is not None:
            nursery.start_soon(self._membership.run)
        self._reading.is_open = True
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None
    ) -> bool | None:
        self._reading.close()
        try:
            if self._membership is not None:
                await self._membership.close(with_record_in_hand=kind is None)
        finally:
            self._fetch_task.end_sessions()
            ended = await self._stack.__aexit__(kind, error, tb)
        return ended

    # What is read

    async def assign(self, starts: Mapping[Place, Start], *, stop_at_end: bool = False) -> None:
        """Read these partitions, each (topic, number) from its start, and no others.

        With `stop_at_end` the iteration ends where the partitions end now. Raises ClientError if one does not exist.
        """
        self._check_by_hand("assign")
        wrong = [
            start for start in starts.values() if not isinstance(start, int) and start not in ("earliest", "latest")
        ]
        if wrong:
            raise ConfigurationError(f'a start of {wrong[0]!r}; it is an offset, "earliest" or "latest"')
        asked: dict[Place, OffsetSpec] = {place: start for place, start in starts.items() if isinstance(start, str)}
        for place in starts:
            if place not in asked:
                await self.cluster.check_partition(*place)
        offsets = {place: start for place, start in starts.items() if isinstance(start, int)}
        ends = await self.offsets(dict.fromkeys(starts, "latest")) if stop_at_end else {}
        offsets |= await self.offsets(asked)
        self._fetching.assign(Position(*place, offsets[place], ends.get(place)) for place in starts)
        self._reading.batch = iter(())
        self._reading.by_hand = True
        self._fetch_task.wake()

    async def assign_committed(self, places: Iterable[Place]) -> None:
        """Read these partitions from the group's committed offsets, without being a member."""
        self._check_by_hand("assign_committed")
        await self.assign(await self._group().start_offsets(places))

    def _check_by_hand(self, what: str) -> None:
        if self._reading.subscribed:
            raise ConfigurationError(f"{what}() beside topics: the group assigns the partitions")

    @property
    def assignment(self) -> set[Place]:
        """The partitions that are read."""
        return set(self._fetching.offsets)

    def position(self, topic: str, partition: int) -> int:
        """The offset of the next record that comes from this partition. ConfigurationError if it is not assigned."""
        offset = self._fetching.position(topic, partition)
        if offset is None:
            raise ConfigurationError(f"{topic}-{partition} is not assigned")
        return offset

    def seek(self, topic: str, partition: int, offset: int) -> None:
        """Go on at this offset. ConfigurationError if the partition is not assigned."""
        self.position(topic, partition)
        self._fetching.seek((topic, partition), offset)
        self._reading.drop(topic, partition)
        self._fetch_task.wake()

    def pause(self, *places: Place) -> None:
        """Give out no more records of these partitions, but the rest of a batch that was begun."""
        self._fetching.pause(places, paused=True)
        self._fetch_task.wake()

    def resume(self, *places: Place) -> None:
        """Give out records of these partitions again."""
        self._fetching.pause(set(places) - self._reading.leaving, paused=False)
        self._something_arrived()
        self._fetch_task.wake()

    async def offsets(self, points: Mapping[Place, OffsetSpec]) -> dict[Place, int]:
        """The offset of a point in each partition: "earliest", "latest", "max_timestamp" or a time in ms.

        Raises the ClientError of the first partition that has one.
        """
        offsets: dict[Place, int] = {}
        for place, found in (await list_offsets(self.cluster, points, read_committed=self._read_committed)).items():
            if isinstance(found, ClientError):
                raise found
            offsets[place] = found.offset
        return offsets

    async def lag(self) -> dict[Place, int]:
        """How many offsets each assigned partition's end is ahead of what was read."""
        read = self._fetching.offsets
        ends = await self.offsets(dict.fromkeys(read, "latest"))
        return {place: max(ends[place] - offset, 0) for place, offset in read.items()}

    # The group

    async def commit(self, offsets: Mapping[Place, int | OffsetAndMetadata] | None = None) -> None:
        """Commit these offsets, or (None) all that was read, the record in hand with it.

        An offset is that of the next record to be read. CommitFailed when this consumer is not in the group any more,
        or the partition not its own; BrokerError; TimedOut.
        """
        from barnabas.client.groups.committed import OffsetAndMetadata

        chosen: Mapping[Place, int | OffsetAndMetadata]
        chosen = self.consumed(with_record_in_hand=True) if offsets is None else offsets
        await self._group().commit(
            {place: at if isinstance(at, OffsetAndMetadata) else OffsetAndMetadata(at) for place, at in chosen.items()}
        )
        self._reading.handed_out.settle()

    async def rewind(self) -> None:
        """Go back to the committed offsets in all partitions: after a transaction that was aborted."""
        starts = await self._group().start_offsets(self._fetching.offsets)
        for place, offset in starts.items():
            if place in self._fetching.offsets:
                self.seek(*place, offset)
        self._reading.handed_out.settle()

    async def committed(self, places: Iterable[Place]) -> dict[Place, OffsetAndMetadata]:
        """What the group has committed of these partitions; those without are not in the answer."""
        return await self._group().committed(places)

    def consumed_in_transaction(self) -> dict[Place, int]:
        """What was read since the last commit, to be committed with what was made of it.

        CommitFailed when a partition that some of it was of has gone meanwhile, even if it came back: what was made of
        those records must be given up.
        """
        self._reading.handed_out.check(f"group {self._group().identity[0]}")
        return self.consumed(with_record_in_hand=True)

    def settle(self) -> None:
        """What was read is committed, by a transaction."""
        self._reading.handed_out.settle()

    @property
    def group_metadata(self) -> tuple[str, Generation]:
        """The group, and as whom this consumer commits now: what a transaction needs to commit for it (KIP-447)."""
        return self._group().identity

    def _group(self) -> Membership:
        if self._membership is None:
            raise ConfigurationError("this consumer has no group to commit to: give it one")
        return self._membership

    def consumed(self, *, with_record_in_hand: bool) -> dict[Place, int]:
        """The offset of the next record of each partition; without the record in hand, that of it."""
        return self._reading.consumed(with_record_in_hand=with_record_in_hand)

    # The iteration

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> ConsumerRecord[K, V]:
        """The next record. No checkpoint while the records of a batch last."""
        while True:
            record = next(self._reading.batch, None)
            if record is not None:
                return record
            await self._reading.next_batch()

    def batches(self) -> Batches[K, V]:
        """The records as they were batched, to iterate: lists of records of one partition, never empty.

        The user is done with a list when asking for the next one; until then nothing of it is committed by itself.
        """
        return Batches(self)

    async def next_batch(self) -> list[ConsumerRecord[K, V]] | None:
        """The next of `batches`; None where the iteration ends."""
        try:
            while not (records := await self._reading.take_batch()):
                pass
        except StopAsyncIteration:
            return None
        return records

    def _user_came_back(self) -> None:
        if self._membership is not None:
            self._membership.user_came_back()

    def _something_arrived(self) -> None:
        self._reading.something_arrived()
