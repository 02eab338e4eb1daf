"""What handlers of groups add to the machine: shapes of versions, groups of several shards, topics that are gone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import pytest

from barnabas.broker.authorized_operations import ON_GROUP
from barnabas.broker.coordinator.groups.config import GroupConfig
from barnabas.broker.handlers.delete_groups import DeleteGroupsHandler
from barnabas.broker.handlers.describe_groups import DescribeGroupsHandler
from barnabas.broker.handlers.heartbeat import HeartbeatHandler
from barnabas.broker.handlers.join_group import JoinGroupHandler
from barnabas.broker.handlers.leave_group import LeaveGroupHandler
from barnabas.broker.handlers.list_groups import ListGroupsHandler
from barnabas.broker.handlers.offset_commit import OffsetCommitHandler
from barnabas.broker.handlers.offset_delete import OffsetDeleteHandler
from barnabas.broker.handlers.offset_fetch import OffsetFetchHandler
from barnabas.broker.handlers.sync_group import SyncGroupHandler
from barnabas.protocol.api_keys import API_VERSIONS
from barnabas.protocol.errors import ErrorCode
from barnabas.protocol.message import RequestMessage
from barnabas.protocol.messages.delete_groups import DeleteGroupsRequest
from barnabas.protocol.messages.describe_groups import DescribeGroupsRequest
from barnabas.protocol.messages.list_groups import ListGroupsRequest
from barnabas.protocol.messages.offset_fetch import OffsetFetchRequest
from fake_coordinators import FakeCoordinators, ask, name_of
from group_harness import GroupHarness
from group_requests import commit, delete_offsets, heartbeat, join, leave, sync
from images import ImageSource, broker, topic

UNKNOWN_ID = b"\xaa" * 16
LOADING = ErrorCode.COORDINATOR_LOAD_IN_PROGRESS


class House:
    """The handlers, and the topics t (of 3 partitions) and u (of one)."""

    def __init__(self) -> None:
        config = GroupConfig(initial_rebalance_delay=0.0)
        self.coordinators = FakeCoordinators(GroupHarness(config), GroupHarness(config))
        source = ImageSource(broker(1), *topic("t", 1, 1, 1), *topic("u", 1))
        self.ids = source.cache.image.topics.ids
        groups, cache = cast("Any", self.coordinators), source.cache
        handlers = [
            JoinGroupHandler(groups, GroupConfig()),
            SyncGroupHandler(groups),
            HeartbeatHandler(groups),
            LeaveGroupHandler(groups),
            DescribeGroupsHandler(groups),
            ListGroupsHandler(groups),
            DeleteGroupsHandler(groups),
            OffsetCommitHandler(groups, cache),
            OffsetFetchHandler(groups, cache),
            OffsetDeleteHandler(groups, cache),
        ]
        self.handlers = {type(handler).__name__.removesuffix("Handler"): handler for handler in handlers}

    def ask(self, request: RequestMessage, version: int, client_id: str | None = "client") -> Any:
        """The answer, as the client reads it; None while it waits."""
        return ask(self.handlers[name_of(request)], request, version, client_id)

    def advance(self, seconds: float = 0) -> None:
        for shard in self.coordinators.all:
            shard.harness.advance(seconds)


@pytest.fixture
def house() -> House:
    return House()


def versions(request: type[RequestMessage]) -> list[int]:
    stable = API_VERSIONS[request.API_KEY]
    return list(range(stable.min, stable.max_stable + 1))


def errors(answer: Any) -> list[str]:
    """The errors of all partitions, in order."""
    return [ErrorCode(part.error_code).name for topic in answer.topics for part in topic.partitions]


# Membership

MEMBERSHIP: list[Callable[[str], Any]] = [
    lambda group: join(group=group),
    lambda group: sync("m", 1, group=group, protocol_type="consumer", protocol_name="range"),
    lambda group: heartbeat("m", 1, group=group),
    lambda group: leave("m", group=group),
]


@pytest.mark.parametrize("make", MEMBERSHIP)
def test_members_need_a_group_with_a_name_at_every_version(house: House, make: Callable[[str], Any]) -> None:
    house.coordinators.missing = ErrorCode.NOT_COORDINATOR
    for version in versions(type(make("g"))):
        request = make("")
        if version < 3 and request.NAME == "LeaveGroupRequest":
            request.members, request.member_id = [], "m"
        if version < 5 and request.NAME == "SyncGroupRequest":
            request.protocol_type = request.protocol_name = None
        assert house.ask(request, version).error_code == ErrorCode.INVALID_GROUP_ID


@pytest.mark.parametrize("make", MEMBERSHIP)
def test_another_broker_coordinates_the_group(house: House, make: Callable[[str], Any]) -> None:
    for code in (ErrorCode.NOT_COORDINATOR, LOADING):
        house.coordinators.missing = code
        request = make("g")
        answer = house.ask(request, versions(type(request))[-1])
        # While the coordinator loads, nobody can say anything against a member that lives.
        lives = code == LOADING and request.NAME == "HeartbeatRequest"
        assert answer.error_code == (ErrorCode.NONE if lives else code)


@pytest.mark.parametrize("version", range(10))
def test_a_member_joins_and_syncs_at_every_version(house: House, version: int) -> None:
    answer = house.ask(join(protocols={"range": b"wish"}), version)
    if version >= 4:
        assert answer.error_code == ErrorCode.MEMBER_ID_REQUIRED
        assert answer.protocol_name == (None if version >= 7 else "")
        assert answer.member_id == "client-1"
        assert house.ask(join(answer.member_id, protocols={"range": b"wish"}), version) is None
    house.advance()
    again = house.ask(join("client-1", protocols={"range": b"wish"}), version)
    assert (again.generation_id, again.protocol_name, again.leader) == (1, "range", "client-1")
    assert again.protocol_type == ("consumer" if version >= 7 else None)
    assert again.members[0].metadata == b"wish"
    old = min(version, 4)
    assert house.ask(sync("client-1", 1, {"client-1": b"part"}), old).assignment == b"part"
    assert house.ask(heartbeat("client-1", 1), old).error_code == ErrorCode.NONE


def test_errors_of_a_join_name_the_member_where_kafka_does(house: House) -> None:
    assert house.ask(join("m", session=1), 9).member_id == "m"
    assert house.ask(join("m", group=""), 9).member_id == "m"
    assert house.ask(join("m"), 9).member_id == "m"
    house.coordinators.missing = ErrorCode.NOT_COORDINATOR
    assert house.ask(join("m"), 9).member_id == ""


def test_before_v1_the_session_timeout_is_that_of_a_rebalance_too(house: House) -> None:
    house.ask(join(session=30, rebalance=-0.001), 0)
    (shard,) = [shard for shard in house.coordinators.all if shard.harness.machine.groups]
    group: Any = shard.harness.machine.groups["g"]
    assert group.rebalance_timeout_ms == 30_000
    assert group.members["client-1"].client_host == "/::1"


def test_a_client_without_an_id(house: House) -> None:
    assert house.ask(join(), 9, client_id=None).member_id == "-1"


@pytest.mark.parametrize(("protocol_type", "protocol_name"), [(None, "range"), ("consumer", None), (None, None)])
def test_from_v5_on_a_sync_names_the_protocol(
    house: House, protocol_type: str | None, protocol_name: str | None
) -> None:
    answer = house.ask(sync("m", 1, protocol_type=protocol_type, protocol_name=protocol_name), 5)
    assert answer.error_code == ErrorCode.INCONSISTENT_GROUP_PROTOCOL


@pytest.mark.parametrize("version", range(6))
def test_leaving_at_every_version(house: House, version: int) -> None:
    for expected in (ErrorCode.NONE, ErrorCode.UNKNOWN_MEMBER_ID):
        if expected == ErrorCode.NONE:
            house.ask(join(), 3)
            house.advance()
        request = leave("client-1")
        if version < 3:
            request.members, request.member_id = [], "client-1"
        answer = house.ask(request, version)
        if version < 3:
            assert answer.error_code == expected
        else:
            assert answer.error_code == ErrorCode.NONE
            assert [(m.member_id, ErrorCode(m.error_code)) for m in answer.members] == [("client-1", expected)]


# Offsets


@pytest.mark.parametrize("version", versions(type(commit({}))))
def test_offsets_are_committed_and_fetched_at_every_version(house: House, version: int) -> None:
    request = commit({"t": {0: 5, 2: 6}, "u": {0: 7}})
    for part in request.topics:
        part.topic_id = house.ids[part.name]
    answer = house.ask(request, version)
    assert errors(answer) == ["NONE"] * 3
    assert [part.topic_id if version >= 10 else part.name for part in answer.topics] == (
        [house.ids["t"], house.ids["u"]] if version >= 10 else ["t", "u"]
    )
    found = fetch(house, version, {"t": [0, 1, 2], "u": [0]})
    assert [part.committed_offset for topic in found.topics for part in topic.partitions] == [5, -1, 6, 7]
    if version >= 2:
        everything = fetch(house, version, None)
        assert [part.committed_offset for topic in everything.topics for part in topic.partitions] == [5, 6, 7]


def fetch(house: House, version: int, wanted: dict[str, list[int]] | None, group: str = "g") -> Any:
    """OffsetFetch in the form of its version; the answer of the one group."""
    if version < 8:
        topics = None
        if wanted is not None:
            topics = [
                OffsetFetchRequest.OffsetFetchRequestTopic(name=name, partition_indexes=indexes)
                for name, indexes in wanted.items()
            ]
        return house.ask(OffsetFetchRequest(group_id=group, topics=topics), version)
    (answer,) = house.ask(OffsetFetchRequest(groups=[wanted_of(house, group, wanted)]), version).groups
    return answer


def wanted_of(house: House, group: str, wanted: dict[str, list[int]] | None) -> Any:
    topics = None
    if wanted is not None:
        topics = [
            OffsetFetchRequest.OffsetFetchRequestTopics(
                name=name, topic_id=house.ids.get(name, UNKNOWN_ID), partition_indexes=indexes
            )
            for name, indexes in wanted.items()
        ]
    return OffsetFetchRequest.OffsetFetchRequestGroup(group_id=group, topics=topics)


@pytest.mark.parametrize("version", [9, 10])
def test_what_does_not_exist_is_not_committed(house: House, version: int) -> None:
    request = commit({"gone": {0: 1}, "t": {0: 5, 3: 6, -1: 6}, "u": {1: 7}})
    for part in request.topics:
        part.topic_id = house.ids.get(part.name, UNKNOWN_ID)
    answer = house.ask(request, version)
    unknown = "UNKNOWN_TOPIC_ID" if version >= 10 else "UNKNOWN_TOPIC_OR_PARTITION"
    indexes = [[part.partition_index for part in topic.partitions] for topic in answer.topics]
    assert indexes == [[0], [3, -1, 0], [1]]
    missing = "UNKNOWN_TOPIC_OR_PARTITION"
    assert errors(answer) == [unknown, missing, missing, "NONE", missing]


def test_where_nothing_exists_the_group_does_not_matter(house: House) -> None:
    house.coordinators.missing = ErrorCode.NOT_COORDINATOR
    assert errors(house.ask(commit({"gone": {0: 1}}, "m", 5), 9)) == ["UNKNOWN_TOPIC_OR_PARTITION"]
    assert house.ask(commit({}), 9).topics == []


def test_an_error_of_the_group_is_that_of_each_partition_that_exists(house: House) -> None:
    house.coordinators.missing = ErrorCode.NOT_COORDINATOR
    answer = house.ask(commit({"t": {0: 1, 5: 1}, "u": {0: 1}}), 9)
    assert errors(answer) == ["UNKNOWN_TOPIC_OR_PARTITION", "NOT_COORDINATOR", "NOT_COORDINATOR"]


def test_a_commit_that_is_too_large_has_an_error_of_its_own(house: House) -> None:
    for shard in house.coordinators.all:
        shard.error = ErrorCode.MESSAGE_TOO_LARGE
    assert errors(house.ask(commit({"t": {0: 1}}), 9)) == ["INVALID_COMMIT_OFFSET_SIZE"]


@pytest.mark.parametrize("version", range(1, 11))
def test_errors_of_a_fetch_in_the_form_of_its_version(house: House, version: int) -> None:
    house.coordinators.missing = ErrorCode.NOT_COORDINATOR
    answer = fetch(house, version, {"t": [0]})
    if version >= 2:
        assert (answer.error_code, answer.topics) == (ErrorCode.NOT_COORDINATOR, [])
    else:
        assert errors(answer) == ["NOT_COORDINATOR"]
        assert answer.topics[0].partitions[0].committed_offset == -1


def test_consumers_look_for_the_coordinator_again_when_it_is_not_available(house: House) -> None:
    house.coordinators.missing = ErrorCode.COORDINATOR_NOT_AVAILABLE
    assert fetch(house, 9, {"t": [0]}).error_code == ErrorCode.NOT_COORDINATOR


def test_offsets_of_several_groups(house: House) -> None:
    names = ["a", "b", "c", "d"]
    assert {house.coordinators.partition_for(name) for name in names} == {0, 1}
    for offset, name in enumerate(names):
        house.ask(commit({"t": {0: offset}}, group=name), 9)
    request = OffsetFetchRequest(groups=[wanted_of(house, name, {"t": [0]}) for name in names])
    groups = house.ask(request, 9).groups
    assert [(group.group_id, group.topics[0].partitions[0].committed_offset) for group in groups] == [
        ("a", 0),
        ("b", 1),
        ("c", 2),
        ("d", 3),
    ]
    assert house.ask(OffsetFetchRequest(), 9).groups == []


def test_topics_that_do_not_exist_are_fetched_by_name_and_not_by_id(house: House) -> None:
    named = fetch(house, 9, {"gone": [0], "t": [0]})
    assert [topic.name for topic in named.topics] == ["gone", "t"]
    assert errors(named) == ["NONE", "NONE"]
    by_id = fetch(house, 10, {"gone": [0], "t": [0]})
    assert [topic.topic_id for topic in by_id.topics] == [house.ids["t"], UNKNOWN_ID]
    assert errors(by_id) == ["NONE", "UNKNOWN_TOPIC_ID"]


def test_all_offsets_by_id_are_those_of_topics_that_have_one(house: House) -> None:
    shard = house.coordinators.shard("g")
    shard.harness.ask(commit({"t": {0: 5}, "gone": {0: 6}}))
    assert [topic.name for topic in fetch(house, 9, None).topics] == ["t", "gone"]
    assert [topic.topic_id for topic in fetch(house, 10, None).topics] == [house.ids["t"]]


def test_deleting_offsets(house: House) -> None:
    wanted = {"gone": [0], "t": [0, 9]}
    assert house.ask(delete_offsets(wanted), 0).error_code == ErrorCode.GROUP_ID_NOT_FOUND
    assert house.ask(delete_offsets(wanted), 0).topics == []
    assert house.ask(delete_offsets(wanted, group=""), 0).error_code == ErrorCode.INVALID_GROUP_ID
    house.ask(commit({"t": {0: 5}}), 9)
    answer = house.ask(delete_offsets(wanted), 0)
    assert [topic.name for topic in answer.topics] == ["gone", "t"]
    assert errors(answer) == ["UNKNOWN_TOPIC_OR_PARTITION", "UNKNOWN_TOPIC_OR_PARTITION", "NONE"]
    assert fetch(house, 9, None).topics == []


# Groups


def test_groups_of_all_shards_are_listed(house: House) -> None:
    assert house.ask(ListGroupsRequest(), 5).groups == []
    for name in ("a", "b", "c"):
        house.ask(commit({"t": {0: 1}}, group=name), 9)
    for version in range(6):
        answer = house.ask(ListGroupsRequest(), version)
        assert {group.group_id for group in answer.groups} == {"a", "b", "c"}
    assert house.ask(ListGroupsRequest(states_filter=["Stable"]), 5).groups == []


def test_while_a_shard_loads_nobody_knows_all_groups(house: House) -> None:
    house.coordinators.loading = True
    assert house.ask(ListGroupsRequest(), 5).error_code == LOADING


def test_groups_that_move_meanwhile_are_listed_elsewhere(house: House) -> None:
    for name in ("a", "b"):
        house.ask(commit({"t": {0: 1}}, group=name), 9)
    house.coordinators.shard("a").error = ErrorCode.NOT_COORDINATOR
    answer = house.ask(ListGroupsRequest(), 5)
    assert (answer.error_code, [group.group_id for group in answer.groups]) == (ErrorCode.NONE, ["b"])
    house.coordinators.shard("a").error = ErrorCode.COORDINATOR_NOT_AVAILABLE
    answer = house.ask(ListGroupsRequest(), 5)
    assert (answer.error_code, answer.groups) == (ErrorCode.COORDINATOR_NOT_AVAILABLE, [])


@pytest.mark.parametrize("version", range(7))
def test_groups_are_described_in_the_order_in_which_they_are_named(house: House, version: int) -> None:
    house.ask(commit({"t": {0: 1}}, group="b"), 9)
    request = DescribeGroupsRequest(groups=["c", "b", "a"], include_authorized_operations=version >= 3)
    groups = house.ask(request, version).groups
    assert [(group.group_id, group.group_state) for group in groups] == [("c", "Dead"), ("b", "Empty"), ("a", "Dead")]
    unknown = ErrorCode.GROUP_ID_NOT_FOUND if version >= 6 else ErrorCode.NONE
    assert [group.error_code for group in groups] == [unknown, ErrorCode.NONE, unknown]
    if version >= 3:
        assert groups[1].authorized_operations == ON_GROUP
    house.coordinators.missing = ErrorCode.NOT_COORDINATOR
    (group,) = house.ask(DescribeGroupsRequest(groups=["b"]), version).groups
    assert (group.error_code, group.group_state) == (ErrorCode.NOT_COORDINATOR, "")


@pytest.mark.parametrize("version", range(3))
def test_groups_are_deleted_and_each_has_its_answer(house: House, version: int) -> None:
    for name in ("a", "b"):
        house.ask(commit({"t": {0: 1}}, group=name), 9)
    answer = house.ask(DeleteGroupsRequest(groups_names=["c", "b", "c", "a"]), version)
    assert [(result.group_id, ErrorCode(result.error_code).name) for result in answer.results] == [
        ("c", "GROUP_ID_NOT_FOUND"),
        ("b", "NONE"),
        ("a", "NONE"),
    ]
    house.coordinators.missing = ErrorCode.NOT_COORDINATOR
    answer = house.ask(DeleteGroupsRequest(groups_names=["a"]), version)
    assert answer.results[0].error_code == ErrorCode.NOT_COORDINATOR
