"""A cluster for the command line that has some of everything, and the scenario files in which it is looked at.

Lines of a scenario are commands as they are typed, and what is to happen to them:

    barnabas topic list --json              what it prints; `! ` is before lines of standard error, `~` is an empty line
    barnabas produce orders <<< 'a\\nb'      with standard input
    refuse orders POLICY_VIOLATION topic orders    what it concerns is refused from now on
    fail CLUSTER_AUTHORIZATION_FAILED cluster      all is refused from now on
    fail                                    no broker is there
    well                                    nothing of this any more
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import pytest

from barnabas.cli.perf import loads
from barnabas.cli.perf.loads import Plan
from barnabas.cli.perf.measures import Measured
from barnabas.client.admin import (
    BROKER,
    ConfigValue,
    GroupDescription,
    GroupListing,
    HangingTransaction,
    ProducerState,
    QuorumDescription,
    QuorumReplica,
    TransactionDescription,
    TransactionListing,
)
from barnabas.client.admin_types import GroupMember
from barnabas.client.errors import BrokerError, ClientError, NoBrokersAvailable
from barnabas.client.fetching import ConsumerRecord
from barnabas.client.groups.committed import OffsetAndMetadata
from barnabas.client.metadata import NO_LEADER, Node
from barnabas.client.offsets import ListedOffset, OffsetSpec, Place
from barnabas.protocol.errors import ErrorCode
from command_harness import FakeAdmin, FakeClient, FakeConsumer, FakeProducer, Run, partition

NODE: Final = Node(1, "one", 9092)
NOW_MS: Final = 2_000_000
PRODUCER: Final = ProducerState(9, 4, 2, 5, NOW_MS - 3_600_000, 30)
_OPEN: Final = TransactionDescription(
    "pay", 7, 3, "Ongoing", NODE, 60_000, NOW_MS - 90_000, frozenset({("orders", 0), ("orders", 1)})
)
_SHIPPED: Final = TransactionDescription("ship", 8, 0, "CompleteCommit", NODE, 60_000, None, frozenset())
_MEMBERS: Final = [
    GroupMember("m-1", None, "app", "10.0.0.1", frozenset({("orders", 0)})),
    GroupMember("m-2", "till-2", "app", "10.0.0.2", frozenset({("orders", 1), ("audit", 0)})),
]
_RECORDS: Final = [
    ConsumerRecord("orders", 0, 7, 1000, b"k", b"hello", [("trace", b"1"), ("none", None)]),
    ConsumerRecord("orders", 1, 3, 1001, None, b"\xff", []),
    ConsumerRecord("orders", 1, 4, 1002, b"gone", None, []),
]


@dataclass
class FakeGroups(FakeAdmin):
    """Logs have offsets 10 to 100; each group has committed the same. Unknown groups have no description."""

    described: dict[str, GroupDescription] = field(default_factory=dict)
    committed: dict[Place, int] = field(default_factory=dict)

    async def list_groups(self, *, states: Iterable[str] = (), types: Iterable[str] = ()) -> list[GroupListing]:
        self.calls.append(("list", list(states), list(types)))
        return [GroupListing("g", "classic", "Stable", "consumer"), GroupListing("h", "consumer", "Empty", "consumer")]

    def group_refusal(self, group: str) -> BrokerError | None:
        """Why nothing can be done to a group."""
        if group in self.refusals or group in self.described:
            return self.refusals.get(group)
        return BrokerError(ErrorCode.GROUP_ID_NOT_FOUND, f"group {group}")

    async def describe_groups(self, groups: Iterable[str]) -> dict[str, GroupDescription | ClientError]:
        return {group: self.group_refusal(group) or self.described[group] for group in groups}

    async def group_offsets(self, group: str) -> dict[Place, OffsetAndMetadata]:
        return {place: OffsetAndMetadata(offset) for place, offset in self.committed.items()}

    async def list_offsets(self, points: Mapping[Place, OffsetSpec]) -> dict[Place, ListedOffset | ClientError]:
        special = {"earliest": 10, "latest": 100}
        return {
            place: self.refusals.get(f"{place[0]}-{place[1]}")
            or ListedOffset(special[spec] if isinstance(spec, str) else 55)
            for place, spec in points.items()
        }

    async def alter_group_offsets(self, group: str, offsets: Mapping[Place, int]) -> dict[Place, BrokerError | None]:
        self.calls.append(("commit", group, dict(offsets)))
        return {place: self.refusals.get(f"{place[0]}-{place[1]} of {group}") for place in offsets}

    async def remove_members(
        self, group: str, members: Iterable[str], *, instances: Iterable[str], reason: str
    ) -> dict[str, BrokerError | None]:
        if (refusal := self.group_refusal(group)) is not None:
            raise refusal
        self.calls.append(("remove", group, list(members), list(instances)))
        gone = BrokerError(ErrorCode.UNKNOWN_MEMBER_ID, f"member gone of group {group}")
        return {name: gone if name == "gone" else None for name in [*members, *instances]}

    async def delete_groups(self, groups: Iterable[str]) -> dict[str, BrokerError | None]:
        return {group: self.group_refusal(group) for group in groups}

    async def delete_group_offsets(self, group: str, places: Iterable[Place]) -> dict[Place, BrokerError | None]:
        self.calls.append(("forget", group, sorted(places)))
        return {place: self.refusals.get(f"{place[0]}-{place[1]} of {group}") for place in places}


@dataclass
class FakeTransactions(FakeAdmin):
    """Transactional id `pay` has a transaction, `ship` had one."""

    hanging: list[HangingTransaction] = field(default_factory=list)
    transactions: dict[str, TransactionDescription] = field(default_factory=lambda: {"pay": _OPEN, "ship": _SHIPPED})

    async def list_transactions(self, **filters: Any) -> list[TransactionListing]:
        self.calls.append(("list", filters))
        return [TransactionListing("pay", 7, "Ongoing", 1), TransactionListing("ship", 8, "Empty", 2)]

    def _transaction_refusal(self, name: str) -> BrokerError | None:
        if name in self.refusals or name in self.transactions:
            return self.refusals.get(name)
        return BrokerError(ErrorCode.TRANSACTIONAL_ID_NOT_FOUND, f"transactional id {name}")

    async def describe_transactions(self, names: Iterable[str]) -> dict[str, TransactionDescription | ClientError]:
        return {name: self._transaction_refusal(name) or self.transactions[name] for name in names}

    async def find_hanging_transactions(
        self, places: Iterable[Place], *, older_than_ms: int, now_ms: int
    ) -> list[HangingTransaction]:
        self.calls.append(("find", list(places), older_than_ms, now_ms))
        return self.hanging

    async def describe_producers(self, places: Iterable[Place]) -> dict[Place, list[ProducerState]]:
        return {place: [ProducerState(1, 0), PRODUCER] for place in places}

    async def abort_transaction(self, place: Place, producer: ProducerState) -> None:
        if place[0] in self.refusals:
            raise self.refusals[place[0]]
        self.calls.append(("abort", place, producer))

    async def fence_producers(self, names: Iterable[str]) -> dict[str, ClientError | None]:
        return {name: self._transaction_refusal(name) for name in names}


@dataclass
class FakeEverything(FakeGroups, FakeTransactions):
    """Some of everything: replicas out of sync, a partition without leader, groups in use and not, a hanging
    transaction, a controller that is behind."""

    def __post_init__(self) -> None:
        self.add("orders", partition(1, 2), partition(2, 1, isr=[2]))
        self.add("audit", partition(3, leader=NO_LEADER, isr=[]))
        self.add("__consumer_offsets", partition(1, 2), internal=True)
        self.configs = {"min.insync.replicas": "2"}
        self.described = {
            "billing": GroupDescription("billing", "classic", "Stable", "range", -1, NODE, _MEMBERS),
            "reports": GroupDescription("reports", "consumer", "Empty", "uniform", 7, NODE, []),
        }
        self.committed = {("orders", 0): 40, ("orders", 1): 100}
        self.hanging = [HangingTransaction(("orders", 1), PRODUCER, None)]
        self.refusals = {"audit-0": BrokerError(ErrorCode.LEADER_NOT_AVAILABLE, "audit-0")}

    async def list_groups(self, *, states: Iterable[str] = (), types: Iterable[str] = ()) -> list[GroupListing]:
        chosen = [group for group in self.described.values() if not types or group.type in types]
        return [GroupListing(g.group, g.type, g.state, "consumer") for g in chosen if not states or g.state in states]

    async def delete_groups(self, groups: Iterable[str]) -> dict[str, BrokerError | None]:
        in_use = BrokerError(ErrorCode.NON_EMPTY_GROUP, "group billing")
        return {**await super().delete_groups(groups), **({"billing": in_use} if "billing" in groups else {})}

    async def describe_configs(self, kind: int, names: Iterable[str]) -> dict[str, list[ConfigValue] | BrokerError]:
        log = "log." if kind == BROKER else ""
        values = [
            ConfigValue("min.insync.replicas", "2", "broker default" if log else "topic", False, False),
            ConfigValue(f"{log}retention.ms", "604800000", "default", False, False),
            ConfigValue("ssl.key.password", None, "static", True, True),
        ]
        return {name: self.refusals.get(name) or values for name in names}

    async def describe_quorum(self) -> QuorumDescription:
        voters = [
            QuorumReplica(101, "directory-101", 500, -1, -1),
            QuorumReplica(102, "directory-102", 498, NOW_MS - 10, NOW_MS - 250),
            QuorumReplica(103, "directory-103", -1, -1, -1),
        ]
        observers = [QuorumReplica(1, "directory-1", 500, NOW_MS, NOW_MS - 61_000)]
        listeners = {101: ["one:9192"], 102: ["two:9192"], 103: []}
        return QuorumDescription(101, 4, 499, voters, observers, listeners)


class FakeLoad:
    """Stands in for all loads of `perf`: keeps what they were given, and gives a result, or raises."""

    def __init__(self) -> None:
        self.plans: list[Plan] = []
        self.more: list[Any] = []
        self.error: Exception | None = None

    async def __call__(self, *arguments: Any) -> Measured:
        [plan] = [each for each in arguments if isinstance(each, Plan)]
        self.plans.append(plan)
        self.more = [each for each in arguments if isinstance(each, int | float)]
        if self.error is not None:
            raise self.error
        measured = Measured(records=1000, bytes=2_000_000, seconds=0.5, transactions=10 if 7 in arguments else None)
        for seconds in (0.001, 0.002, 0.002, 0.004):
            measured.timed("latency").add(seconds)
        return measured


class CommandScenario:
    """See the module."""

    def __init__(self, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
        self._run: Final = run
        self._admin: Final = FakeEverything()
        self._consumer: Final = FakeConsumer()
        self._clients: Final = {
            "session.Admin": self._admin,
            "consume.Consumer": self._consumer,
            "produce.Producer": FakeProducer(),
            **{f"perf.command.{name}": FakeClient() for name in ("Cluster", "Producer", "Consumer")},
        }
        for name, client in self._clients.items():
            monkeypatch.setattr(f"barnabas.cli.{name}", client)
        for name in ("produce", "consume", "end_to_end", "transactions"):
            monkeypatch.setattr(loads, name, FakeLoad())
        monkeypatch.setattr("barnabas.cli.transaction._now_ms", lambda: NOW_MS)
        monkeypatch.setattr("barnabas.cli.quorum._now_ms", lambda: NOW_MS)
        monkeypatch.setattr("barnabas.cli.doctor.examine.connect", _connect)

    def execute(self, line: str) -> list[str]:
        """What a line comes to."""
        match shlex.split(line):
            case ["barnabas", *arguments]:
                return self._command(arguments)
            case ["refuse", name, code, *what]:
                self._admin.refusals[name] = BrokerError(ErrorCode[code], " ".join(what))
            case ["fail", code, *what]:
                self._break(BrokerError(ErrorCode[code], " ".join(what)))
            case ["fail"]:
                self._break(NoBrokersAvailable([("127.0.0.1:9092", "Connection refused")]))
            case ["well"]:
                self._admin.refusals = FakeEverything().refusals
                self._break(None)
            case words:
                raise ValueError(f"a scenario of commands has no {words[:1]}")
        return []

    def _break(self, error: ClientError | None) -> None:
        for client in self._clients.values():
            client.broken = error

    def _command(self, arguments: list[str]) -> list[str]:
        stdin = b""
        if "<<<" in arguments:
            at = arguments.index("<<<")
            stdin = arguments[at + 1].replace("\\n", "\n").encode()
            arguments = arguments[:at]
        self._consumer.records = list(_RECORDS)
        result = self._run(*arguments, stdin=stdin)
        said = result.output.decode("utf-8", "backslashreplace")
        lines = [line or "~" for line in said.splitlines()] + [f"! {line}" for line in result.err.splitlines()]
        return [*lines, *([f"exit {result.code}"] if result.code else [])] or ["(nothing)"]


async def _connect(host: str, port: int) -> None:
    if host == "two":
        raise ConnectionRefusedError(111, "Connection refused")
