"""For tests of the command line: how a command ended, and a fake of the cluster that it talks to."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Self

import pytest
import trio

from barnabas.cli.main import main
from barnabas.client.admin import (
    BrokerDescription,
    ClusterDescription,
    ConfigValue,
    CreatedTopic,
    FeatureLevels,
    NewTopic,
    TopicDescription,
)
from barnabas.client.errors import BrokerError
from barnabas.client.fetching import ConsumerRecord
from barnabas.client.metadata import ClusterView, Node, PartitionView, TopicView
from barnabas.protocol.errors import ErrorCode


@dataclass(frozen=True, slots=True)
class Result:
    """How a command ended, and what it said."""

    code: int
    output: bytes
    err: str

    @property
    def out(self) -> str:
        return self.output.decode()

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def words(self) -> list[list[str]]:
        """Standard output, each line split at white space."""
        return [line.split() for line in self.out.splitlines()]


Run = Callable[..., Result]


def run_command(capture: pytest.CaptureFixture[bytes], stdin_file: Path, *arguments: str, stdin: bytes = b"") -> Result:
    """Run `barnabas ARGUMENTS...` in this process; `stdin_file` is where what it reads is put."""
    stdin_file.write_bytes(stdin)
    with stdin_file.open() as file, pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stdin", file)
        with pytest.raises(SystemExit) as ended:
            main(arguments)
    captured = capture.readouterr()
    code = ended.value.code
    return Result(code if isinstance(code, int) else 0, captured.out, captured.err.decode())


def options_of(command: Any, *names: str) -> dict[tuple[str, ...], set[str]]:
    """The options of each command that is not hidden, by its names."""
    if not hasattr(command, "list_commands"):
        return {} if command.hidden else {names: {option for p in command.params for option in p.opts}}
    found: dict[tuple[str, ...], set[str]] = {}
    for name in command.list_commands(None):
        found |= options_of(command.get_command(None, name), *names, name)
    return found


def partition(*replicas: int, leader: int | None = None, isr: Sequence[int] | None = None) -> PartitionView:
    """A partition on these brokers; the first leads and all are in sync unless told otherwise."""
    first = replicas[0] if leader is None else leader
    in_sync = replicas if isr is None else tuple(isr)
    return PartitionView(first, 5, replicas, in_sync, (), ErrorCode.NONE)


@dataclass
class FakeClient:
    """Stands in for a client's class and for what `async with` gives; `broken` is raised on the way in."""

    broken: BaseException | None = None
    opened_with: tuple[str, Mapping[str, Any]] = ("", {})

    def __call__(self, bootstrap: str, **settings: Any) -> Self:
        self.opened_with = (bootstrap, settings)
        return self

    async def __aenter__(self) -> Self:
        if self.broken is not None:
            raise self.broken
        return self

    async def __aexit__(self, *_: object) -> None:
        pass


@dataclass
class FakeAdmin(FakeClient):
    """Brokers 1 to 3 and topics; what it was asked to do is in `calls`."""

    topics: dict[str, TopicDescription] = field(default_factory=dict)
    configs: dict[str, str] = field(default_factory=dict)
    refusals: dict[str, BrokerError] = field(default_factory=dict)
    calls: list[tuple[Any, ...]] = field(default_factory=list)

    def add(self, name: str, *partitions: PartitionView, internal: bool = False) -> None:
        self.topics[name] = TopicDescription(name, f"id-of-{name}", internal, dict(enumerate(partitions)))

    def refusal(self, name: str) -> BrokerError | None:
        """Why nothing can be done to a topic."""
        if name in self.refusals or name in self.topics:
            return self.refusals.get(name)
        return BrokerError(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, f"topic {name}")

    async def describe_cluster(self) -> ClusterDescription:
        brokers = [
            BrokerDescription(Node(1, "one", 9092, "a"), False),
            BrokerDescription(Node(2, "two", 9093), False),
            BrokerDescription(Node(3, "three", 9094), True),
        ]
        return ClusterDescription("the-id", 1, brokers)

    async def elect_leaders(
        self, places: Sequence[tuple[str, int]] | None = None, *, unclean: bool = False
    ) -> dict[tuple[str, int], BrokerError | None]:
        """Partition 1 of anything has its leader; of all, that of `orders` alone gets one."""
        self.calls.append(("elect", places, unclean))
        needless = BrokerError(ErrorCode.ELECTION_NOT_NEEDED, "")
        chosen = [("orders", 0)] if places is None and "orders" in self.topics else places or ()
        return {
            place: self.refusals.get(f"{place[0]}-{place[1]}") or (needless if place[1] == 1 else None)
            for place in chosen
        }

    async def describe_features(self) -> dict[str, FeatureLevels]:
        return {"group.version": FeatureLevels(1, 0, 1), "transaction.version": FeatureLevels(0, 0, 2)}

    async def update_features(self, levels: Mapping[str, int], *, downgrade: bool, validate_only: bool) -> None:
        self.calls.append(("features", levels, downgrade, validate_only))
        for name in levels:
            if name in self.refusals:
                raise self.refusals[name]

    async def unregister_broker(self, broker: int) -> None:
        self.calls.append(("forget", broker))
        if broker != 3:
            raise BrokerError(ErrorCode.BROKER_ID_NOT_REGISTERED, f"broker {broker}")

    async def list_topics(self) -> list[TopicDescription]:
        return list(self.topics.values())

    async def describe_topics(self, names: Iterable[str]) -> dict[str, TopicDescription | BrokerError]:
        return {name: self.refusal(name) or self.topics[name] for name in names}

    async def describe_configs(self, kind: int, names: Iterable[str]) -> dict[str, list[ConfigValue] | BrokerError]:
        default = ConfigValue("retention.ms", "604800000", "default", False, False)
        given = [ConfigValue(name, value, "topic", False, False) for name, value in self.configs.items()]
        return {name: [default, *given] for name in names}

    async def create_topics(
        self, topics: Sequence[NewTopic], *, validate_only: bool = False
    ) -> dict[str, CreatedTopic | BrokerError]:
        self.calls.append(("create", topics, validate_only))
        return {
            topic.name: self.refusals.get(topic.name) or CreatedTopic(topic.name, "new-id", 4, 2) for topic in topics
        }

    async def delete_topics(self, names: Sequence[str]) -> dict[str, BrokerError | None]:
        self.calls.append(("delete", names))
        return {name: self.refusal(name) for name in names}

    async def create_partitions(
        self, totals: Mapping[str, int], *, assignments: Mapping[str, Sequence[Sequence[int]]] | None = None
    ) -> dict[str, BrokerError | None]:
        self.calls.append(("partitions", totals, assignments))
        return {name: self.refusal(name) for name in totals}

    async def alter_configs(
        self, kind: int, changes: Mapping[str, Mapping[str, str | None]], *, validate_only: bool = False
    ) -> dict[str, BrokerError | None]:
        self.calls.append(("configs", kind, changes, validate_only))
        return {name: self.refusals.get(name) for name in changes}


@dataclass(frozen=True, slots=True)
class Sent:
    """A record that a FakeProducer got."""

    value: bytes | None
    key: bytes | None = None
    headers: Sequence[tuple[str, bytes | None]] = ()
    partition: int | None = None
    timestamp: int | None = None
    topic: str = "t"


@dataclass
class FakeProducer(FakeClient):
    """Takes records; those with the value `refused` are not acknowledged."""

    sent: list[Sent] = field(default_factory=list)
    waited: int = 0

    async def send_soon(self, topic: str, value: bytes | None, **fields: Any) -> FakeReceipt:
        self.sent.append(Sent(value, topic=topic, **fields))
        return FakeReceipt(self, value)


@dataclass
class FakeReceipt:
    producer: FakeProducer
    value: bytes | None

    @property
    def ended(self) -> bool:
        """Records take turns: one has ended when it is looked at, one is waited for."""
        return self.producer.waited % 2 == 0

    async def wait(self) -> None:
        self.result()

    def result(self) -> None:
        if self.value == b"refused":
            raise BrokerError(ErrorCode.MESSAGE_TOO_LARGE, "t-0")
        self.producer.waited += 1


@dataclass
class FakeTopics:
    """Stands in for a client's `cluster`: each topic has three partitions, but there are none of some names."""

    unknown: frozenset[str] = frozenset()

    async def refresh(self, names: Iterable[str]) -> ClusterView:
        return ClusterView(topics={name: await self.topic(name) for name in names if name not in self.unknown})

    async def topic(self, name: str) -> TopicView:
        partitions = {number: partition(1) for number in (2, 0, 1)}
        return TopicView(name, bytes(16), ErrorCode.NONE, False, partitions)


@dataclass
class FakeConsumer(FakeClient):
    """A topic of three partitions and these records; then the end, or `last`: an error, or forever."""

    records: list[ConsumerRecord] = field(default_factory=list)
    last: BaseException | Literal["end", "forever"] = "end"
    assigned: list[tuple[dict[tuple[str, int], int | str], bool]] = field(default_factory=list)
    cluster: FakeTopics = field(default_factory=FakeTopics)

    async def assign(self, starts: dict[tuple[str, int], int | str], *, stop_at_end: bool = False) -> None:
        self.assigned.append((starts, stop_at_end))

    async def next_batch(self) -> list[ConsumerRecord] | None:
        if self.records:
            batch, self.records = self.records, []
            return batch
        if isinstance(self.last, BaseException):
            raise self.last
        if self.last == "forever":
            await trio.sleep_forever()
        return None
