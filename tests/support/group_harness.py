"""A group coordinator without a broker: the machine on the runtime, a log in memory, a clock that tests move.

Records go through their bytes, as in a real log. `reload()` is a failover: a new machine that replays the log.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from barnabas.broker.coordinator.answers import Answer, Decision
from barnabas.broker.coordinator.groups.config import GroupConfig
from barnabas.broker.coordinator.groups.events import GroupEvent
from barnabas.broker.coordinator.groups.group import Caller
from barnabas.broker.coordinator.groups.machine import GroupCoordinator
from barnabas.broker.coordinator.records import OFFSETS, CoordinatorRecord, Record, TransactionEnd
from barnabas.metadata.image import EMPTY_IMAGE, MetadataImage
from barnabas.protocol.errors import ErrorCode, WireError
from barnabas.server.runtime import Runtime

START_MS = 1_700_000_000_000


class Asked:
    """A request that waits or was answered: it may be answered once. One that was parked by a decision which failed is
    answered then; what the machine, which knows nothing of that, answers later is lost."""

    def __init__(self, name: str = "") -> None:
        self.name = name
        self.response: Any = None
        self.error: WireError | None = None
        self.answered = False
        self.was_parked_in_vain = False

    def reply(self, response: Any) -> None:
        if self.was_parked_in_vain:
            return
        assert not self.answered, f"{self.name} was answered before"
        self.answered, self.response = True, response

    def fail(self, error: WireError) -> None:
        if self.was_parked_in_vain:
            return
        assert not self.answered, f"{self.name} was answered before"
        self.answered, self.error = True, error

    @property
    def code(self) -> ErrorCode:
        """The error, however it was told; NONE without one."""
        assert self.answered, f"{self.name} waits"
        return self.error.code if self.error is not None else ErrorCode(self.response.error_code)


@dataclass(slots=True)
class _Batch:
    harness: GroupHarness
    records: Sequence[CoordinatorRecord]
    ends: list[int] = field(default_factory=list)

    def append(self) -> None:
        self.harness.log += self.records


class GroupHarness:
    """See the module. `refusing` is what the log says to appends; None: it takes them. With `holding`, what is
    appended is not committed before `commit()`."""

    def __init__(self, config: GroupConfig | None = None, image: MetadataImage = EMPTY_IMAGE) -> None:
        self.config = config or GroupConfig()
        self.image = image
        self.now = 1000.0
        self.clock_offset_ms = 0
        """By how much the coordinator's wall clock is wrong."""
        self.log: list[CoordinatorRecord] = []
        self.refusing: ErrorCode | None = None
        self.holding = False
        self.told: list[GroupEvent] = []
        self._numbers: Counter[str] = Counter()
        self.reload()

    # The life of the coordinator

    @property
    def now_ms(self) -> int:
        return START_MS + round((self.now - 1000.0) * 1000) + self.clock_offset_ms

    def reload(self) -> None:
        """The coordinator moves: another one replays the log."""
        self.machine = GroupCoordinator(self.config, lambda: self.image, self._member_id, self.told.append)
        self.runtime: Runtime[CoordinatorRecord] = Runtime(
            self.machine, self, not_leader=lambda: WireError(ErrorCode.NOT_COORDINATOR)
        )
        for offset, record in enumerate(self.log):
            self.runtime.replay_committed([through_bytes(record)], offset, 1)
        self.runtime.lead(1)
        self.machine.loaded(self.now, self.now_ms)

    def _member_id(self, prefix: str) -> str:
        self._numbers[prefix] += 1
        return f"{prefix}-{self._numbers[prefix]}"

    # Its log

    def prepare(self, records: Sequence[CoordinatorRecord], *, atomic: bool) -> _Batch:
        if self.refusing is not None:
            raise WireError(self.refusing)
        end = len(self.log) + len(records) - 1
        return _Batch(self, records, [end])

    def commit(self) -> None:
        self.runtime.commit(len(self.log) - 1)

    # Requests and time

    def decide(self, decide: Callable[[GroupCoordinator, Asked], Decision], name: str = "") -> Asked:
        """A decision on someone's behalf."""
        asked = Asked(name)
        answers: list[Answer] = []

        def made() -> Decision:
            decision = decide(self.machine, asked)
            answers.extend(decision.reply)
            return decision

        def done(result: list[Answer] | WireError) -> None:
            if isinstance(result, WireError):
                waiters = [waiter for waiter, _ in answers]
                for waiter in waiters if asked in waiters else [*waiters, asked]:
                    waiter.fail(result)
                asked.was_parked_in_vain = asked not in waiters
            else:
                for waiter, response in result:
                    waiter.reply(response)

        self.runtime.submit(made, done)
        if not self.holding:
            self.commit()
        return asked

    def ask(
        self, request: Any, version: int | None = None, *, client: str = "c", host: str = "/h", **how: Any
    ) -> Asked:
        """A request, at its newest version, as its handler passes it on."""
        name = type(request).__module__.rpartition(".")[2]
        newest: int = getattr(request, "VERSIONS", (0, 10))[1]
        caller = Caller(client, host, newest if version is None else version)
        handle = {
            "join_group": lambda m, w: m.handle_join_group(request, caller, w, self.now, self.now_ms),
            "sync_group": lambda m, w: m.handle_sync_group(request, w, self.now, self.now_ms),
            "heartbeat": lambda m, w: m.handle_heartbeat(request, w, self.now, self.now_ms),
            "leave_group": lambda m, w: m.handle_leave_group(request, w, self.now, self.now_ms),
            "offset_commit": lambda m, w: m.handle_offset_commit(request, caller, w, self.now, self.now_ms),
            "txn_offset_commit": lambda m, w: m.handle_txn_offset_commit(request, caller, w, self.now, self.now_ms),
            "offset_delete": lambda m, w: m.handle_offset_delete(request, w, self.now, self.now_ms),
            "list_groups": lambda m, w: m.handle_list_groups(request, w),
            "delete_groups": lambda m, w: m.handle_delete_groups(request.groups_names, w, self.now, self.now_ms),
            "describe_groups": lambda m, w: m.handle_describe_group(request.groups[0], caller, w),
            "offset_fetch": lambda m, w: m.handle_offset_fetch(request, w, **how),
        }[name]
        return self.decide(handle, name)

    def end_transaction(self, producer_id: int, *, committed: bool) -> None:
        """A marker comes from the transaction coordinator."""
        from barnabas.server.runtime import Result

        self.decide(lambda _, __: Result([TransactionEnd(producer_id, 0, committed)], []))

    def advance(self, seconds: float) -> None:
        """Pass time; what is due on the way happens."""
        end = self.now + seconds
        while (deadline := self.machine.next_deadline()) is not None and deadline <= end:
            self.now = max(self.now, deadline)
            self.decide(lambda machine, _: machine.handle_deadline(self.now, self.now_ms))
            if self.refusing is not None:
                self.now = min(self.now + 0.5, end)
        self.now = end

    # What is durable

    def durable(self) -> Any:
        """The durable part of the state, as plain values."""
        machine = self.machine
        groups = {group_id: getattr(group, "recorded", None) for group_id, group in machine.groups.items()}
        offsets = {
            (group_id, topic, index): committed
            for group_id in set(machine.groups) | {key[0] for _, key, _ in machine.offsets.pending()}
            if (of_group := machine.offsets.of_group(group_id)) is not None
            for topic, partitions in of_group.topics.items()
            for index, committed in partitions.items()
        }
        pending = sorted(
            (producer, key, committed.log_offset) for producer, key, committed in machine.offsets.pending()
        )
        return {key: value for key, value in groups.items() if value is not None}, offsets, pending


def through_bytes(record: CoordinatorRecord) -> CoordinatorRecord:
    """A record as it comes back from the log."""
    if isinstance(record, TransactionEnd):
        return record
    key, value = OFFSETS.encode(record)
    decoded = OFFSETS.decode(key, value, record.producer_id, record.producer_epoch)
    assert isinstance(decoded, Record)
    return decoded
