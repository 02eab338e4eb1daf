"""The commands of the scenario files of classic groups.

    group NAME [delay=S] [max=N]          a coordinator with this group: initial delay, limit of members
    join WHO [as=CLIENT] [id=ID] [static=INSTANCE] [protocols=range:abc,sticky] [session=S] [rebalance=S] [v=N]
    sync WHO ID GENERATION [ID:ASSIGNMENT,...] [static=INSTANCE]
    heartbeat WHO ID GENERATION [static=INSTANCE]
    leave WHO ID,... [static=INSTANCE]
    commit WHO ID GENERATION TOPIC:OFFSET,...
    delete WHO                            the group
    time SECONDS                          passes; what is due happens
    log refuse ERROR | take | hold | commit   what becomes of appends
    failover                              another coordinator replays the log
    show                                  the group, and its offsets

WHO names a request, to tell the answers apart. An answer is printed when it leaves, and each record that is written.
A member gets the id CLIENT-NUMBER, or INSTANCE-NUMBER.
"""

from __future__ import annotations

from collections.abc import Callable

from barnabas.broker.coordinator.groups.config import GroupConfig
from barnabas.broker.coordinator.records import Record
from barnabas.protocol.errors import ErrorCode
from barnabas.protocol.messages.delete_groups import DeleteGroupsRequest
from barnabas.protocol.messages.group_metadata_value import GroupMetadataValue
from barnabas.protocol.messages.offset_commit_key import OffsetCommitKey
from barnabas.protocol.messages.offset_commit_value import OffsetCommitValue
from group_harness import Asked, GroupHarness
from group_requests import commit, heartbeat, join, leave, sync


class GroupScenario:
    """See the module."""

    def __init__(self) -> None:
        self.group = ""
        self.harness = GroupHarness()
        self.asked: list[Asked] = []
        self.seen = 0
        self.output: list[str] = []

    def execute(self, command: str) -> list[str]:
        """Runs one command; returns what it printed."""
        self.output = []
        name, *words = command.split()
        options = dict(word.split("=", 1) for word in words if "=" in word)
        handler: Callable[[list[str], dict[str, str]], None] = getattr(self, f"do_{name}")
        handler([word for word in words if "=" not in word], options)
        self._print_what_happened()
        return self.output

    # --- commands ---

    def do_group(self, words: list[str], options: dict[str, str]) -> None:
        self.group = words[0]
        config = GroupConfig(
            initial_rebalance_delay=float(options.get("delay", 3)), max_size=int(options.get("max", 1000))
        )
        self.harness, self.asked, self.seen = GroupHarness(config), [], 0

    def do_join(self, words: list[str], options: dict[str, str]) -> None:
        protocols = [protocol.partition(":") for protocol in options.get("protocols", "range").split(",")]
        request = join(
            options.get("id", ""),
            group=self.group,
            instance=options.get("static"),
            protocols=[(name, metadata.encode()) for name, _, metadata in protocols],
            session=float(options.get("session", 10)),
            rebalance=float(options.get("rebalance", 60)),
        )
        self._ask(words[0], request, client=options.get("as", words[0]), version=int(options.get("v", 9)))

    def do_sync(self, words: list[str], options: dict[str, str]) -> None:
        who, member_id, generation, *given = words
        pairs = [pair.partition(":") for pair in given[0].split(",")] if given else []
        assignments = {name: assignment.encode() for name, _, assignment in pairs}
        instance = options.get("static")
        self._ask(who, sync(member_id, int(generation), assignments, group=self.group, instance=instance))

    def do_heartbeat(self, words: list[str], options: dict[str, str]) -> None:
        who, member_id, generation = words
        self._ask(who, heartbeat(member_id, int(generation), group=self.group, instance=options.get("static")))

    def do_leave(self, words: list[str], options: dict[str, str]) -> None:
        ids = words[1].split(",") if len(words) > 1 else [""]
        self._ask(words[0], leave(*ids, group=self.group, instance=options.get("static")))

    def do_commit(self, words: list[str], options: dict[str, str]) -> None:
        who, member_id, generation, offsets = words
        pairs = [pair.partition(":") for pair in offsets.split(",")]
        partitions = {topic: {0: int(offset)} for topic, _, offset in pairs}
        self._ask(who, commit(partitions, member_id.strip("-"), int(generation), group=self.group))

    def do_delete(self, words: list[str], options: dict[str, str]) -> None:
        self._ask(words[0], DeleteGroupsRequest(groups_names=[self.group]))

    def do_time(self, words: list[str], options: dict[str, str]) -> None:
        end = self.harness.now + float(words[0])
        while self.harness.now < end:
            deadline = self.harness.machine.next_deadline()
            step = end if deadline is None else min(end, max(deadline, self.harness.now))
            self.harness.advance(step - self.harness.now)
            self._print_what_happened(f"{self.harness.now - 1000:.1f} ")

    def do_log(self, words: list[str], options: dict[str, str]) -> None:
        match words:
            case ["refuse", error]:
                self.harness.refusing = ErrorCode[error]
            case ["hold"]:
                self.harness.holding = True
            case _:
                self.harness.refusing, self.harness.holding = None, False
                self.harness.commit()

    def do_failover(self, words: list[str], options: dict[str, str]) -> None:
        for waiter in self.harness.machine.closed():
            waiter.reply("the coordinator has moved")
        self.harness.reload()

    def do_show(self, words: list[str], options: dict[str, str]) -> None:
        group = self.harness.machine.groups.get(self.group)
        self.output.append("no group" if group is None else str(group))
        offsets = self.harness.machine.offsets.of_group(self.group)
        if offsets is not None:
            self.output += [
                f"    {topic}-{index}: {committed.value.offset}"
                for topic, partitions in sorted(offsets.topics.items())
                for index, committed in sorted(partitions.items())
            ]

    # --- what happens ---

    def _ask(self, who: str, request: object, client: str = "c", version: int | None = None) -> None:
        asked = self.harness.ask(request, version, client=client)
        asked.name = f"{who} {asked.name}"
        self.asked.append(asked)

    def _print_what_happened(self, prefix: str = "") -> None:
        for record in self.harness.log[self.seen :]:
            self.output.append(f"{prefix}  write {_record(record)}")
        self.seen = len(self.harness.log)
        for asked in [asked for asked in self.asked if asked.answered]:
            self.asked.remove(asked)
            self.output.append(f"{prefix}{asked.name}: {_answer(asked)}")


def _record(record: object) -> str:
    assert isinstance(record, Record)
    if isinstance(record.key, OffsetCommitKey):
        where = f"{record.key.topic}-{record.key.partition}"
        value = record.value
        return f"offset {where} gone" if value is None else f"offset {where} {_offset(value)}"
    value = record.value
    if value is None:
        return "group gone"
    assert isinstance(value, GroupMetadataValue)
    members = ", ".join(
        f"{member.member_id}{f' ({member.group_instance_id})' if member.group_instance_id else ''}"
        f" {member.assignment.decode() or '-'}"
        for member in value.members
    )
    return f"group generation={value.generation} protocol={value.protocol} leader={value.leader} [{members}]"


def _offset(value: object) -> int:
    assert isinstance(value, OffsetCommitValue)
    return value.offset


def _answer(asked: Asked) -> str:
    response = asked.response
    if asked.error is not None or isinstance(response, str):
        return asked.error.code.name if asked.error is not None else response
    if isinstance(response, list):
        return ", ".join(ErrorCode(result.error_code).name for result in response)
    if asked.name.endswith("offset_commit"):
        return ErrorCode(response.topics[0].partitions[0].error_code).name
    if asked.name.endswith("leave_group"):
        return ", ".join(ErrorCode(member.error_code).name for member in response.members)
    error = ErrorCode(response.error_code).name
    if asked.name.endswith("join_group"):
        if response.error_code:
            return f"{error} id={response.member_id}" if response.member_id else error
        members = f" members=[{', '.join(member.member_id for member in response.members)}]" if response.members else ""
        skip = " skip assignment" if response.skip_assignment else ""
        return (
            f"{response.member_id} in generation {response.generation_id} of {response.protocol_name}, "
            f"led by {response.leader}{members}{skip}"
        )
    if asked.name.endswith("sync_group") and not response.error_code:
        return f"assigned {response.assignment.decode() or '-'}"
    return error
