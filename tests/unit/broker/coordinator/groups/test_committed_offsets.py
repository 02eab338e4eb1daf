"""OffsetCommit, TxnOffsetCommit, OffsetFetch and OffsetDelete: a test for each rule."""

from __future__ import annotations

import pytest

from barnabas.broker.coordinator.groups.config import GroupConfig
from barnabas.metadata.delta import MetadataDelta
from barnabas.metadata.image import EMPTY_IMAGE
from barnabas.metadata.records import RemoveTopicRecord, TopicRecord
from barnabas.protocol.errors import ErrorCode
from barnabas.protocol.messages.delete_groups import DeleteGroupsRequest
from group_harness import START_MS, Asked, GroupHarness
from group_requests import commit, delete_offsets, fetch, join, leave, subscription, sync, txn_commit

ID, OTHER_ID = bytes(range(16)), bytes(range(16, 32))


@pytest.fixture
def h() -> GroupHarness:
    return GroupHarness(GroupConfig(initial_rebalance_delay=0.0))


def with_member(h: GroupHarness, *topics: str, protocol_type: str = "consumer") -> None:
    """c-1 in generation 1 that subscribes to these topics, and is stable."""
    h.ask(join(protocols={"range": subscription(*topics)}, protocol_type=protocol_type), 3)
    h.advance(0)
    h.ask(sync("c-1", 1))


def committed(asked: Asked) -> list[ErrorCode]:
    if asked.error is not None:
        return [asked.error.code]
    return [ErrorCode(partition.error_code) for topic in asked.response.topics for partition in topic.partitions]


def fetched(h: GroupHarness, *, stable: bool = False, **how: object) -> dict[tuple[str, int], int | str]:
    """Offsets, or the name of the error, by topic and partition."""
    answer = h.ask(fetch(**how), require_stable=stable).response  # type: ignore[arg-type]
    return {
        (topic.name, part.partition_index): (
            ErrorCode(part.error_code).name if part.error_code else part.committed_offset
        )
        for topic in answer.topics
        for part in topic.partitions
    }


# Committing


def test_anybody_commits_to_a_group_without_members(h: GroupHarness) -> None:
    assert committed(h.ask(commit({"t": {0: 5, 1: 6}, "u": {0: 7}}))) == [ErrorCode.NONE] * 3
    assert fetched(h) == {("t", 0): 5, ("t", 1): 6, ("u", 0): 7}


@pytest.mark.parametrize("generation", [-1, -2, -100])
def test_no_generation_is_any_below_zero(h: GroupHarness, generation: int) -> None:
    assert committed(h.ask(commit({"t": {0: 5}}, "somebody", generation))) == [ErrorCode.NONE]


@pytest.mark.parametrize(("version", "error"), [(8, "ILLEGAL_GENERATION"), (9, "GROUP_ID_NOT_FOUND")])
def test_a_generation_of_no_group(h: GroupHarness, version: int, error: str) -> None:
    assert committed(h.ask(commit({"t": {0: 5}}, "c-1", 1), version)) == [ErrorCode[error]]
    assert h.machine.groups == {}


def test_a_generation_of_a_group_without_members(h: GroupHarness) -> None:
    h.ask(commit({"t": {0: 5}}))
    assert committed(h.ask(commit({"t": {0: 6}}, "c-1", 0))) == [ErrorCode.UNKNOWN_MEMBER_ID]


@pytest.mark.parametrize(
    ("member_id", "instance", "generation", "error"),
    [
        ("c-1", None, 1, "NONE"),
        ("c-1", None, 0, "ILLEGAL_GENERATION"),
        ("c-1", None, -1, "ILLEGAL_GENERATION"),
        ("c-2", None, 1, "UNKNOWN_MEMBER_ID"),
        ("", None, -1, "UNKNOWN_MEMBER_ID"),
        ("", None, 1, "UNKNOWN_MEMBER_ID"),
        ("c-1", "i", 1, "UNKNOWN_MEMBER_ID"),
        ("", "i", -1, "UNKNOWN_MEMBER_ID"),
    ],
)
def test_members_commit_in_their_generation(
    h: GroupHarness, member_id: str, instance: str | None, generation: int, error: str
) -> None:
    with_member(h)
    asked = h.ask(commit({"t": {0: 5}}, member_id, generation, instance=instance))
    assert committed(asked) == [ErrorCode[error]]
    assert fetched(h) == ({("t", 0): 5} if error == "NONE" else {})


def test_a_fenced_instance_commits_nothing(h: GroupHarness) -> None:
    h.ask(join(instance="i"))
    h.ask(join(instance="i"))
    assert committed(h.ask(commit({"t": {0: 5}}, "i-1", 0, instance="i"))) == [ErrorCode.FENCED_INSTANCE_ID]


def test_nobody_commits_before_the_leader_has_assigned(h: GroupHarness) -> None:
    h.ask(join(), 3)
    h.advance(0)
    assert committed(h.ask(commit({"t": {0: 5}}, "c-1", 1))) == [ErrorCode.REBALANCE_IN_PROGRESS]


def test_members_commit_while_they_are_asked_to_join_again(h: GroupHarness) -> None:
    with_member(h)
    h.ask(join(), 3)
    assert committed(h.ask(commit({"t": {0: 5}}, "c-1", 1))) == [ErrorCode.NONE]


@pytest.mark.parametrize(("size", "error"), [(4096, "NONE"), (4097, "OFFSET_METADATA_TOO_LARGE")])
def test_what_is_kept_with_an_offset_has_a_limit(h: GroupHarness, size: int, error: str) -> None:
    assert committed(h.ask(commit({"t": {0: 5}}, metadata="x" * size))) == [ErrorCode[error]]
    assert committed(h.ask(commit({"t": {1: 5}}, metadata=None))) == [ErrorCode.NONE]
    assert fetched(h) == ({("t", 0): 5, ("t", 1): 5} if error == "NONE" else {("t", 1): 5})


def test_what_is_said_of_an_offset_is_told(h: GroupHarness) -> None:
    request = commit({"t": {0: 5}}, metadata="note", topic_id=ID)
    request.topics[0].partitions[0].committed_leader_epoch = 3
    h.ask(request)
    h.reload()
    topic = h.ask(fetch(), require_stable=False).response.topics[0]
    part = topic.partitions[0]
    assert (part.committed_offset, part.committed_leader_epoch, part.metadata) == (5, 3, "note")
    assert topic.topic_id == ID


def test_nobody_is_told_of_a_commit_before_it_is_in_the_log(h: GroupHarness) -> None:
    h.holding = True
    first, second = h.ask(commit({"t": {0: 5}})), h.ask(fetch({"t": [0]}), require_stable=False)
    assert not first.answered
    assert not second.answered
    h.commit()
    assert second.response.topics[0].partitions[0].committed_offset == 5


def test_a_commit_that_the_log_refuses_did_not_happen(h: GroupHarness) -> None:
    h.refusing = ErrorCode.NOT_ENOUGH_REPLICAS
    assert committed(h.ask(commit({"t": {0: 5}}))) == [ErrorCode.NOT_ENOUGH_REPLICAS]
    assert h.machine.groups == {}


# Fetching


def test_where_nothing_is_committed_the_offset_is_minus_one(h: GroupHarness) -> None:
    assert fetched(h, wanted={"t": [0, 1]}) == {("t", 0): -1, ("t", 1): -1}
    assert fetched(h) == {}
    h.ask(commit({"t": {0: 5}}))
    assert fetched(h, wanted={"t": [1, 0], "u": [0]}) == {("t", 1): -1, ("t", 0): 5, ("u", 0): -1}
    part = h.ask(fetch({"t": [1]}), require_stable=False).response.topics[0].partitions[0]
    assert (part.metadata, part.committed_leader_epoch) == ("", -1)


def test_anybody_sees_offsets_of_a_classic_group(h: GroupHarness) -> None:
    with_member(h)
    h.ask(commit({"t": {0: 5}}, "c-1", 1))
    assert fetched(h, wanted={"t": [0]}, member_id="nobody", member_epoch=9) == {("t", 0): 5}


def test_offsets_of_a_topic_that_is_gone_are_not_those_of_its_successor(h: GroupHarness) -> None:
    h.ask(commit({"t": {0: 5}}, topic_id=ID))
    assert fetched(h, wanted={"t": [0]}, topic_id=ID) == {("t", 0): 5}
    assert fetched(h, wanted={"t": [0]}, topic_id=OTHER_ID) == {("t", 0): -1}
    assert fetched(h, wanted={"t": [0]}) == {("t", 0): 5}


# Transactions


def test_offsets_of_a_transaction_count_once_it_is_committed(h: GroupHarness) -> None:
    h.ask(commit({"t": {0: 5}}))
    assert committed(h.ask(txn_commit({"t": {0: 8, 1: 9}}, producer_id=1))) == [ErrorCode.NONE] * 2
    assert fetched(h, wanted={"t": [0, 1]}) == {("t", 0): 5, ("t", 1): -1}
    unstable = "UNSTABLE_OFFSET_COMMIT"
    assert fetched(h, stable=True, wanted={"t": [0, 1, 2]}) == {("t", 0): unstable, ("t", 1): unstable, ("t", 2): -1}
    assert fetched(h, stable=True) == {("t", 0): unstable}
    h.end_transaction(1, committed=True)
    assert fetched(h, stable=True) == {("t", 0): 8, ("t", 1): 9}


def test_offsets_of_an_aborted_transaction_never_count(h: GroupHarness) -> None:
    h.ask(txn_commit({"t": {0: 8}}, producer_id=1))
    h.end_transaction(1, committed=False)
    assert fetched(h, stable=True, wanted={"t": [0]}) == {("t", 0): -1}
    h.end_transaction(1, committed=True)
    assert fetched(h) == {}


def test_a_later_commit_outside_wins_over_a_transactions(h: GroupHarness) -> None:
    h.ask(txn_commit({"t": {0: 8}}, producer_id=1))
    h.ask(commit({"t": {0: 5}}))
    h.end_transaction(1, committed=True)
    assert fetched(h, stable=True) == {("t", 0): 5}


def test_a_transactions_later_commit_wins(h: GroupHarness) -> None:
    h.ask(txn_commit({"t": {0: 8}}, producer_id=1))
    h.ask(commit({"t": {0: 5}}))
    h.ask(txn_commit({"t": {0: 9}}, producer_id=1))
    h.reload()
    h.end_transaction(1, committed=True)
    assert fetched(h) == {("t", 0): 9}


def test_of_two_transactions_the_later_record_wins_whatever_ends_first(h: GroupHarness) -> None:
    h.ask(txn_commit({"t": {0: 8}}, producer_id=1))
    h.ask(txn_commit({"t": {0: 9}}, producer_id=2))
    h.end_transaction(2, committed=True)
    assert fetched(h, stable=True, wanted={"t": [0]}) == {("t", 0): "UNSTABLE_OFFSET_COMMIT"}
    h.end_transaction(1, committed=True)
    assert fetched(h, stable=True) == {("t", 0): 9}


def test_a_transaction_of_several_groups(h: GroupHarness) -> None:
    for group in ("a", "b"):
        h.ask(txn_commit({"t": {0: 8}}, producer_id=1, group=group))
    h.end_transaction(1, committed=True)
    assert fetched(h, group="a") == fetched(h, group="b") == {("t", 0): 8}


@pytest.mark.parametrize(
    ("group", "member_id", "generation", "error"),
    [
        ("g", "c-1", 1, "NONE"),
        ("g", "", -1, "NONE"),
        ("g", "c-1", 0, "ILLEGAL_GENERATION"),
        ("g", "c-2", 1, "UNKNOWN_MEMBER_ID"),
        ("no", "", -1, "NONE"),
        ("no", "c-1", 1, "ILLEGAL_GENERATION"),
        ("", "", -1, "INVALID_GROUP_ID"),
    ],
)
def test_who_commits_in_transactions(h: GroupHarness, group: str, member_id: str, generation: int, error: str) -> None:
    with_member(h)
    asked = h.ask(txn_commit({"t": {0: 5}}, 1, member_id, generation, group=group))
    assert committed(asked) == [ErrorCode[error]]


def test_transactions_commit_in_the_middle_of_a_rebalance(h: GroupHarness) -> None:
    h.ask(join(), 3)
    h.advance(0)
    assert committed(h.ask(txn_commit({"t": {0: 5}}, 1, "c-1", 1))) == [ErrorCode.NONE]


def test_in_transactions_there_is_the_same_limit(h: GroupHarness) -> None:
    asked = h.ask(txn_commit({"t": {0: 5}}, 1, metadata="x" * 4097))
    assert committed(asked) == [ErrorCode.OFFSET_METADATA_TOO_LARGE]


# Deleting


def test_deleting_offsets_says_what_became_of_each(h: GroupHarness) -> None:
    h.ask(commit({"t": {0: 5, 1: 6}}))
    assert committed(h.ask(delete_offsets({"t": [0, 7], "u": [0]}))) == [ErrorCode.NONE] * 3
    assert fetched(h) == {("t", 1): 6}
    assert len(h.log) == 3


def test_deleting_of_no_group(h: GroupHarness) -> None:
    assert h.ask(delete_offsets({"t": [0]})).code == ErrorCode.GROUP_ID_NOT_FOUND
    assert h.ask(delete_offsets({"t": [0]}, group="")).code == ErrorCode.INVALID_GROUP_ID


def test_offsets_of_topics_that_are_read_stay(h: GroupHarness) -> None:
    with_member(h, "t")
    h.ask(commit({"t": {0: 5}, "u": {0: 6}}, "c-1", 1))
    asked = h.ask(delete_offsets({"t": [0, 1], "u": [0]}))
    assert committed(asked) == [ErrorCode.GROUP_SUBSCRIBED_TO_TOPIC] * 2 + [ErrorCode.NONE]
    assert fetched(h) == {("t", 0): 5}
    h.ask(leave("c-1"))
    assert committed(h.ask(delete_offsets({"t": [0]}))) == [ErrorCode.NONE]


def test_of_other_members_nobody_knows_what_they_read(h: GroupHarness) -> None:
    with_member(h, protocol_type="connect")
    h.ask(commit({"t": {0: 5}}, "c-1", 1))
    assert h.ask(delete_offsets({"t": [0]})).code == ErrorCode.NON_EMPTY_GROUP


def test_deleting_takes_what_is_pending_as_well(h: GroupHarness) -> None:
    h.ask(txn_commit({"t": {0: 8, 1: 9}}, producer_id=1))
    h.ask(delete_offsets({"t": [0]}))
    h.end_transaction(1, committed=True)
    assert fetched(h) == {("t", 1): 9}


def test_deleting_a_group_takes_all(h: GroupHarness) -> None:
    h.ask(commit({"t": {0: 5}}))
    h.ask(txn_commit({"t": {0: 8}, "u": {0: 9}}, producer_id=1))
    results = h.ask(DeleteGroupsRequest(groups_names=["g", "no", "g"])).response
    assert [ErrorCode(result.error_code).name for result in results] == ["NONE", "GROUP_ID_NOT_FOUND", "NONE"]
    h.end_transaction(1, committed=True)
    h.reload()
    assert h.machine.groups == {}
    assert fetched(h) == {}


def test_a_group_with_members_stays(h: GroupHarness) -> None:
    with_member(h)
    results = h.ask(DeleteGroupsRequest(groups_names=["g"])).response
    assert results[0].error_code == ErrorCode.NON_EMPTY_GROUP


def test_offsets_go_with_their_topic(h: GroupHarness) -> None:
    before = MetadataDelta(EMPTY_IMAGE)
    before.replay(TopicRecord(topic_id=ID, name="t"))
    image = before.apply(1, 1)
    for group, topic_id in (("a", ID), ("b", bytes(16)), ("c", OTHER_ID)):
        h.ask(commit({"t": {0: 5, 1: 6}, "u": {0: 7}}, group=group, topic_id=topic_id))
    h.ask(txn_commit({"t": {2: 8}}, producer_id=1, group="a"))
    delta = MetadataDelta(image)
    delta.replay(RemoveTopicRecord(topic_id=ID))
    h.decide(lambda machine, _: machine.on_metadata(delta, delta.apply(2, 1), h.now, h.now_ms))
    h.end_transaction(1, committed=True)
    assert fetched(h, group="a") == fetched(h, group="b") == {("u", 0): 7}
    assert fetched(h, group="c") == {("t", 0): 5, ("t", 1): 6, ("u", 0): 7}


def test_times_of_commits_are_those_of_the_coordinator(h: GroupHarness) -> None:
    h.advance(2)
    h.ask(commit({"t": {0: 5}}, retention_ms=1000), 4)
    found = h.machine.offsets.get("g", "t", 0)
    assert found is not None
    assert (found.value.commit_timestamp, found.value.expire_timestamp) == (START_MS + 2000, START_MS + 3000)
