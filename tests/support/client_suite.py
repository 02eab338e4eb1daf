"""What the trio client must do with any cluster: the same against Barnabas and Apache Kafka.

Each check is an async function of the bootstrap address; it makes its own topics and groups.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final

import pytest
import trio

from barnabas.client import Admin, Consumer, NewTopic, Producer
from barnabas.client.admin import TOPIC, Append, GroupDescription, Subtract
from barnabas.client.errors import BrokerError, ConfigurationError
from barnabas.client.groups.committed import CommitFailed, OffsetAndMetadata
from barnabas.client.groups.membership import GroupProtocol
from barnabas.client.transactions import ProducerFenced, TransactionAborted
from barnabas.protocol.errors import ErrorCode

Check = Callable[[str], Awaitable[None]]
Place = tuple[str, int]

PARTITIONS: Final = 4
PATIENCE: Final = 60.0
"""Seconds for a group to settle: Apache Kafka's first rebalance waits for 3 of them."""


def unique(name: str) -> str:
    return f"{name}-{random.randrange(1 << 40):x}"


async def new_topic(bootstrap: str, *, partitions: int = PARTITIONS, records: int = 0) -> str:
    """A topic with this many records, the same number in each partition, their values 0, 1, 2, ...; it has leaders."""
    name = unique("t")
    async with Admin(bootstrap) as admin:
        created = (await admin.create_topics([NewTopic(name, partitions)]))[name]
        assert not isinstance(created, BrokerError), created
        for partition in range(partitions):
            await admin.cluster.leader(name, partition)
    async with Producer(bootstrap) as producer:
        receipts = [
            await producer.send_soon(name, str(number).encode(), partition=number % partitions)
            for number in range(records)
        ]
        for receipt in receipts:
            await receipt.wait()
    return name


class Member:
    """A member of a group that reads until it is told to stop, and remembers what it saw and was told."""

    def __init__(self, bootstrap: str, group: str, topic: str, **settings: object) -> None:
        self.seen: Counter[tuple[int, int]] = Counter()
        self.owned: set[Place] = set()
        self.lost: list[frozenset[Place]] = []
        self.changed = trio.Event()
        self._stop = trio.CancelScope()
        self.consumer = Consumer(
            bootstrap,
            group=group,
            topics=[topic],
            on_assigned=self._assigned,
            on_revoked=self._revoked,
            on_lost=self._lost,
            **{"auto_offset_reset": "earliest", "heartbeat_interval": 0.3, **settings},  # type: ignore[arg-type]
        )

    async def _assigned(self, places: frozenset[Place]) -> None:
        assert not places & self.owned
        self.owned |= places
        self._tell()

    async def _revoked(self, places: frozenset[Place]) -> None:
        assert places <= self.owned
        self.owned -= places
        self._tell()

    async def _lost(self, places: frozenset[Place]) -> None:
        self.lost.append(places)
        await self._revoked(places)

    def _tell(self) -> None:
        self.changed.set()
        self.changed = trio.Event()

    async def run(self, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        with self._stop:
            async with self.consumer:
                task_status.started()
                async for record in self.consumer:
                    assert (record.topic, record.partition) in self.owned
                    self.seen[record.partition, record.offset] += 1
                    self._tell()

    def stop(self) -> None:
        self._stop.cancel()

    async def until(self, done: Callable[[], bool]) -> None:
        """Wait for a state of this member; every change is looked at."""
        with trio.fail_after(PATIENCE):
            while not done():
                await self.changed.wait()


async def settled(*members: Member, partitions: int = PARTITIONS) -> None:
    """Wait until the members own all partitions, each one of them, none of them nothing."""

    def is_settled() -> bool:
        owned = [place for member in members for place in member.owned]
        return len(owned) == partitions == len(set(owned)) and all(member.owned for member in members)

    with trio.fail_after(PATIENCE):
        while not is_settled():
            async with trio.open_nursery() as nursery:
                for member in members:
                    # The event of now: by the time the task runs, the change may have come and gone.
                    nursery.start_soon(_wait_and_cancel, member.changed, nursery.cancel_scope)


async def _wait_and_cancel(changed: trio.Event, scope: trio.CancelScope) -> None:
    await changed.wait()
    scope.cancel()


async def check_members_share_and_take_over(
    bootstrap: str, protocol: GroupProtocol, assignor: str = "range", **settings: object
) -> None:
    """A second member gets a share; when it leaves, the first one gets all again. Nothing is read twice or left out."""
    topic, group = await new_topic(bootstrap, records=40), unique("g")
    shared = {"group_protocol": protocol, "partition_assignment_strategy": [assignor], **settings}
    first, second = (Member(bootstrap, group, topic, **shared) for _ in range(2))
    async with trio.open_nursery() as nursery:
        await nursery.start(first.run)
        await first.until(lambda: len(first.seen) == 40)
        await nursery.start(second.run)
        await settled(first, second)
        async with Producer(bootstrap) as producer:
            for number in range(40):
                await producer.send(topic, b"more", partition=number % PARTITIONS)
        await first.until(lambda: len(first.seen) + len(second.seen) >= 60)
        second.stop()
        await settled(first)
        first.stop()
    seen = first.seen + second.seen
    assert set(seen) >= {(partition, offset) for partition in range(PARTITIONS) for offset in range(10)}
    assert all(offset < 20 for _, offset in seen)
    if protocol == "consumer" or assignor != "range":
        assert not first.lost


async def check_committed_offsets_are_where_the_next_begins(bootstrap: str, protocol: GroupProtocol) -> None:
    """What one member committed, by itself or on request, the next one does not read again."""
    topic, group = await new_topic(bootstrap, partitions=1, records=10), unique("g")
    read: list[int] = []
    for wanted in (4, 6):
        async with Consumer(
            bootstrap,
            group=group,
            topics=topic,
            group_protocol=protocol,
            auto_offset_reset="earliest",
            enable_auto_commit=False,
        ) as consumer:
            with trio.fail_after(PATIENCE):
                for _ in range(wanted):
                    read.append((await anext(consumer)).offset)
                await consumer.commit()
            assert (await consumer.committed([(topic, 0)]))[topic, 0].offset == len(read)
    assert read == list(range(10))


async def check_a_record_in_hand_is_not_committed_by_itself(bootstrap: str) -> None:
    """A consumer that fails at a record reads it again."""
    topic, group = await new_topic(bootstrap, partitions=1, records=10), unique("g")

    async def fail_at_the_fourth() -> None:
        async with Consumer(bootstrap, group=group, topics=topic, auto_offset_reset="earliest") as consumer:
            with trio.fail_after(PATIENCE):
                async for record in consumer:
                    if record.offset == 3:
                        raise RuntimeError("the user's code fails")

    with pytest.raises(RuntimeError):
        await fail_at_the_fourth()
    async with Consumer(bootstrap, group=group, topics=topic) as consumer:
        with trio.fail_after(PATIENCE):
            assert (await anext(consumer)).offset == 3


async def check_groups_are_listed_described_and_moved(bootstrap: str, protocol: GroupProtocol) -> None:
    """What the admin client says of a group, and how its offsets are moved once it has no members."""
    topic, group = await new_topic(bootstrap, records=8), unique("g")
    member = Member(bootstrap, group, topic, group_protocol=protocol)
    async with Admin(bootstrap) as admin, trio.open_nursery() as nursery:
        await nursery.start(member.run)
        await member.until(lambda: len(member.seen) == 8)
        listed = {listing.group: listing for listing in await admin.list_groups()}
        assert listed[group].type.lower() == protocol
        described = (await admin.describe_groups([group]))[group]
        assert not isinstance(described, Exception), described
        assert [set(each.assigned) for each in described.members] == [member.owned]
        with pytest.raises(CommitFailed):
            await admin.alter_group_offsets(group, {(topic, 0): 0})
        member.stop()
    async with Admin(bootstrap) as admin:
        assert await admin.alter_group_offsets(group, {(topic, 0): 1}) == {(topic, 0): None}
        assert (await admin.group_offsets(group))[topic, 0] == OffsetAndMetadata(1)
        assert await admin.delete_group_offsets(group, [(topic, 0)]) == {(topic, 0): None}
        assert (topic, 0) not in await admin.group_offsets(group)
        assert await admin.delete_groups([group]) == {group: None}
        missing = (await admin.describe_groups([group]))[group]
        assert isinstance(missing, BrokerError)
        assert missing.code == ErrorCode.GROUP_ID_NOT_FOUND


async def check_transactions_are_seen_whole_or_not_at_all(bootstrap: str) -> None:
    """read_committed sees what was committed, read_uncommitted all."""
    topic = await new_topic(bootstrap, partitions=2)
    async with Producer(bootstrap, transactional_id=unique("tx")) as producer:
        async with producer.transaction():
            for number in range(10):
                await producer.send(topic, b"yes", partition=number % 2)
        with suppress(RuntimeError):
            async with producer.transaction():
                await producer.send(topic, b"no", partition=0)
                raise RuntimeError("the user's code fails")
        async with producer.transaction():
            await producer.send(topic, b"again", partition=0)
    await commits_show(bootstrap, topic, Counter({b"yes": 10, b"again": 1}))
    assert await values_of(bootstrap, topic, "read_uncommitted") == Counter({b"yes": 10, b"again": 1, b"no": 1})


async def commits_show(bootstrap: str, topic: str, values: Counter[bytes | None]) -> None:
    """Return once read_committed sees these and no others: a commit is decided before its markers are written."""
    with trio.fail_after(PATIENCE):
        while await values_of(bootstrap, topic, "read_committed") != values:
            pass  # each look asks the brokers


async def values_of(bootstrap: str, topic: str, isolation: str, *, partitions: int = 2) -> Counter[bytes | None]:
    """All that a topic holds now."""
    async with Consumer(bootstrap, isolation_level=isolation) as consumer:  # type: ignore[arg-type]
        await consumer.assign({(topic, number): "earliest" for number in range(partitions)}, stop_at_end=True)
        with trio.fail_after(PATIENCE):
            return Counter([record.value async for record in consumer])


async def check_exactly_once(bootstrap: str, protocol: GroupProtocol) -> None:
    """Consume, transform, produce, with aborts: the output is the input, once, in order by partition."""
    source, sink, group = await new_topic(bootstrap, records=120), await new_topic(bootstrap), unique("g")
    settings = {"group": group, "topics": source, "group_protocol": protocol, "enable_auto_commit": False}
    done, attempts = 0, 0
    async with (
        Producer(bootstrap, transactional_id=group) as producer,
        Consumer(bootstrap, auto_offset_reset="earliest", **settings) as consumer,  # type: ignore[arg-type]
    ):
        with trio.fail_after(PATIENCE):
            while done < 120:
                attempts += 1
                try:
                    async with producer.transaction():
                        for _ in range(10):
                            record = await anext(consumer)
                            await producer.send_soon(sink, record.value, partition=record.partition)
                        await producer.send_offsets(consumer)
                        if attempts % 3 == 0:
                            raise RuntimeError("the user's code fails")
                    done += 10
                except RuntimeError:
                    await consumer.rewind()
    async with Consumer(bootstrap, isolation_level="read_committed") as consumer:
        await consumer.assign({(sink, number): "earliest" for number in range(PARTITIONS)}, stop_at_end=True)
        read = [(record.partition, record.value) async for record in consumer]
    for partition in range(PARTITIONS):
        expected = [str(number).encode() for number in range(partition, 120, PARTITIONS)]
        assert [value for number, value in read if number == partition] == expected


async def check_the_later_producer_fences_the_earlier(bootstrap: str) -> None:
    """One transactional id, two producers."""
    topic, name = await new_topic(bootstrap, partitions=2), unique("tx")
    async with Producer(bootstrap, transactional_id=name) as first:
        async with first.transaction():
            await first.send(topic, b"first", partition=0)
        async with Producer(bootstrap, transactional_id=name) as second, second.transaction():
            await second.send(topic, b"second", partition=0)
        with pytest.raises((BrokerError, TransactionAborted)):
            async with first.transaction():
                await first.send(topic, b"zombie", partition=0)
        with pytest.raises(ProducerFenced):
            async with first.transaction():
                await first.send(topic, b"zombie", partition=0)
    await commits_show(bootstrap, topic, Counter([b"first", b"second"]))


async def check_what_does_not_fit_is_refused(bootstrap: str) -> None:
    """Errors of use say what to do."""
    topic = await new_topic(bootstrap, partitions=1, records=1)
    async with Producer(bootstrap, transactional_id=unique("tx")) as producer:
        with pytest.raises(ConfigurationError, match="no transaction is open"):
            await producer.send(topic, b"x")
    async with Producer(bootstrap) as producer:
        with pytest.raises(ConfigurationError, match="give it a transactional_id"):
            async with producer.transaction():
                pass
    async with Consumer(bootstrap) as consumer:
        with pytest.raises(ConfigurationError, match="no group"):
            await consumer.commit()
    async with Consumer(bootstrap, group=unique("g"), topics=topic, auto_offset_reset="none") as consumer:
        with pytest.raises(BrokerError, match="no committed offset"), trio.fail_after(PATIENCE):
            await anext(consumer)


async def check_records_are_refused_one_by_one(bootstrap: str) -> None:
    """A batch that is too large goes in pieces, and one with records at fault goes without them."""
    small, compacted = unique("small"), unique("compacted")
    topics = [
        NewTopic(small, 1, configs={"max.message.bytes": "1000"}),
        NewTopic(compacted, 1, configs={"cleanup.policy": "compact"}),
    ]
    async with Admin(bootstrap) as admin:
        assert not any(isinstance(each, BrokerError) for each in (await admin.create_topics(topics)).values())
    async with Producer(bootstrap, linger=0.2, batch_size=100_000) as producer:
        values = [b"%d" % number + bytes(2000 if number == 77 else 100) for number in range(200)]
        receipts = [await producer.send_soon(small, value) for value in values]
        with pytest.raises(BrokerError, match="MESSAGE_TOO_LARGE"):
            await receipts.pop(77).wait()
        assert [(await receipt.wait()).offset for receipt in receipts] == list(range(199))
        keys = [None if number in (3, 4) else b"%d" % number for number in range(10)]
        receipts = [await producer.send_soon(compacted, b"v", key=key, partition=0) for key in keys]
        for key, receipt in zip(keys, receipts, strict=True):
            if key is None:
                with pytest.raises(BrokerError, match="INVALID_RECORD"):
                    await receipt.wait()
            else:
                await receipt.wait()
    async with Consumer(bootstrap) as consumer:
        await consumer.assign({(small, 0): 0}, stop_at_end=True)
        assert [record.value async for record in consumer] == values[:77] + values[78:]
        await consumer.assign({(compacted, 0): 0}, stop_at_end=True)
        assert [record.key async for record in consumer] == [key for key in keys if key is not None]


async def check_what_is_cancelled_is_neither_lost_nor_doubled(bootstrap: str) -> None:
    """Calls are cancelled at random points; what was acknowledged is there, and nothing twice or out of order."""
    rng, topic, name = random.Random(8), await new_topic(bootstrap, partitions=2), unique("x")
    tried: list[bytes] = []
    acknowledged: set[bytes] = set()
    transactions: dict[int, set[bytes]] = {}
    committed: set[int] = set()
    async with Producer(bootstrap) as producer:
        for number in range(150):
            value = b"%d" % number
            with trio.move_on_after(rng.random() * 0.01):
                tried.append(value)
                await producer.send(topic, value, partition=0)
                acknowledged.add(value)
    async with Producer(bootstrap, transactional_id=name) as producer:

        async def transact(number: int) -> None:
            async with producer.transaction():
                for each in range(3):
                    value = b"%d.%d" % (number, each)
                    await producer.send_soon(topic, value, partition=1)
                    transactions.setdefault(number, set()).add(value)
            committed.add(number)

        for number in range(40):
            with trio.move_on_after(rng.random() * 0.05):
                await transact(number)
        await transact(99)
    async with Consumer(bootstrap, isolation_level="read_committed") as consumer:
        await consumer.assign({(topic, 0): 0, (topic, 1): 0}, stop_at_end=True)
        read: tuple[list[bytes], list[bytes]] = ([], [])
        async for record in consumer:
            read[record.partition].append(record.value or b"")
    assert acknowledged <= set(read[0]) <= set(tried)
    assert read[0] == sorted(set(read[0]), key=int)
    assert len(read[1]) == len(set(read[1]))
    for number, values in transactions.items():
        visible = values & set(read[1])
        assert visible in ([values] if number in committed else [set(), values]), number


async def check_an_operator_sees_and_changes_the_cluster(bootstrap: str) -> None:
    """Elections, replicas page by page, features, what has a configuration, and brokers that are gone."""
    topic = await new_topic(bootstrap)
    places = [(topic, number) for number in range(PARTITIONS)]
    async with Admin(bootstrap) as admin:
        chosen = await admin.elect_leaders(places)
        assert {place: error and error.code for place, error in chosen.items()} == dict.fromkeys(
            places, ErrorCode.ELECTION_NOT_NEEDED
        )
        replicas = (await admin.describe_topic_partitions([topic], page=3))[topic]
        assert isinstance(replicas, dict)
        described = (await admin.describe_topics([topic]))[topic]
        assert not isinstance(described, BrokerError)
        assert {n: (p.leader, p.replicas, p.isr) for n, p in replicas.items()} == {
            n: (p.leader, p.replicas, p.isr) for n, p in described.partitions.items()
        }
        assert (TOPIC, topic) in await admin.list_config_resources([TOPIC])
        features = await admin.describe_features()
        assert features["metadata.version"].level >= 1
        level = features["group.version"].level
        with pytest.raises(BrokerError):
            await admin.update_features({"group.version": level + 100}, validate_only=True)
        with pytest.raises(BrokerError, match="broker 12345"):
            await admin.unregister_broker(12345)


async def check_a_setting_that_is_a_list_is_added_to(bootstrap: str) -> None:
    topic, setting = await new_topic(bootstrap), "cleanup.policy"
    async with Admin(bootstrap) as admin:

        async def becomes(change: Append | Subtract, expected: set[str]) -> None:
            assert (await admin.alter_configs(TOPIC, {topic: {setting: change}}))[topic] is None
            with trio.fail_after(PATIENCE):
                while True:  # the broker that answers may hear of it a little later
                    values = (await admin.describe_configs(TOPIC, [topic]))[topic]
                    assert not isinstance(values, BrokerError)
                    if {setting: expected}.items() <= {
                        each.name: set((each.value or "").split(",")) for each in values
                    }.items():
                        return
                    await trio.sleep(0.05)

        await becomes(Append("compact"), {"delete", "compact"})
        await becomes(Subtract("delete"), {"compact"})


async def check_a_static_member_is_removed(bootstrap: str) -> None:
    """One that will not come back, whose partitions nobody else gets before its session is over."""
    topic, group = await new_topic(bootstrap, records=4), unique("g")
    async with Consumer(
        bootstrap, group=group, topics=topic, group_instance_id="till", auto_offset_reset="earliest"
    ) as consumer:
        await anext(consumer)
    async with Admin(bootstrap) as admin:
        before = (await admin.describe_groups([group]))[group]
        assert isinstance(before, GroupDescription)
        assert [member.instance_id for member in before.members] == ["till"]
        removed = await admin.remove_members(group, ["nobody"], instances=["till"], reason="it was sold")
        assert {name: error and error.code for name, error in removed.items()} == {
            "nobody": ErrorCode.UNKNOWN_MEMBER_ID,
            "till": None,
        }
        after = (await admin.describe_groups([group]))[group]
        assert isinstance(after, GroupDescription)
        assert (after.state, after.members) == ("Empty", [])
        offsets = await admin.offsets_of_groups([group])
        assert offsets[group] == await admin.group_offsets(group)


def checks() -> dict[str, Check]:
    """All of them by name."""
    found: dict[str, Check] = {
        "transactions": check_transactions_are_seen_whole_or_not_at_all,
        "fencing": check_the_later_producer_fences_the_earlier,
        "record in hand": check_a_record_in_hand_is_not_committed_by_itself,
        "lists in settings": check_a_setting_that_is_a_list_is_added_to,
        "removed members": check_a_static_member_is_removed,
        "administration": check_an_operator_sees_and_changes_the_cluster,
        "refused records": check_records_are_refused_one_by_one,
        "cancelled calls": check_what_is_cancelled_is_neither_lost_nor_doubled,
        "refusals": check_what_does_not_fit_is_refused,
    }
    protocols: tuple[GroupProtocol, ...] = ("classic", "consumer")
    for protocol in protocols:
        found |= {
            f"{protocol}: commits": _with(check_committed_offsets_are_where_the_next_begins, protocol),
            f"{protocol}: admin": _with(check_groups_are_listed_described_and_moved, protocol),
            f"{protocol}: exactly once": _with(check_exactly_once, protocol),
        }
    for assignor in ("range", "roundrobin", "sticky", "cooperative-sticky"):
        found[f"classic: sharing by {assignor}"] = _with(check_members_share_and_take_over, "classic", assignor)
    found["consumer: sharing"] = _with(check_members_share_and_take_over, "consumer")
    return found


def _with(check: Callable[..., Awaitable[None]], *arguments: object) -> Check:
    async def run(bootstrap: str) -> None:
        await check(bootstrap, *arguments)

    return run
