"""AlterPartition: which changes of the ISR a leader gets."""

from __future__ import annotations

import pytest

from barnabas.metadata.records import LeaderRecoveryState
from barnabas.protocol.errors import ErrorCode, WireError
from barnabas.protocol.messages.alter_partition import AlterPartitionRequest
from barnabas.protocol.messages.delete_topics import DeleteTopicsRequest
from controller_harness import ControllerHarness


@pytest.fixture
def cluster() -> ControllerHarness:
    harness = ControllerHarness()
    harness.start(1, 2, 3)
    harness.create("t", [1, 2, 3], min_insync_replicas="2")
    return harness


def test_the_isr_shrinks_and_grows(cluster: ControllerHarness) -> None:
    answer = cluster.alter_isr("t", 0, 1, 3)
    assert (answer.error_code, answer.isr, answer.leader_id) == (0, [1, 3], 1)
    assert (answer.leader_epoch, answer.partition_epoch) == (0, 1)
    assert cluster.alter_isr("t", 0, 1).isr == [1]
    assert cluster.partition().elr == (3,)
    assert cluster.alter_isr("t", 0, 1, 2, 3).isr == [1, 2, 3]
    assert cluster.partition().elr == ()
    cluster.check()


def test_v2_has_no_broker_epochs(cluster: ControllerHarness) -> None:
    answer = cluster.alter_isr("t", 0, new_isr=[1, 2], new_isr_with_epochs=[])
    assert answer.isr == [1, 2]


def test_asking_for_what_is_writes_nothing(cluster: ControllerHarness) -> None:
    before = len(cluster.log.records)
    answer = cluster.alter_isr("t", 0, 1, 2, 3)
    assert (answer.error_code, answer.partition_epoch) == (0, 0)
    assert len(cluster.log.records) == before


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"leader_epoch": 1}, ErrorCode.NOT_CONTROLLER),
        ({"partition_epoch": 1}, ErrorCode.NOT_CONTROLLER),
        ({"leader_epoch": -1}, ErrorCode.FENCED_LEADER_EPOCH),
        ({"partition_epoch": -1}, ErrorCode.INVALID_UPDATE_VERSION),
        ({"broker_id": 2}, ErrorCode.INVALID_REQUEST),
        ({"leader_recovery_state": 1}, ErrorCode.INVALID_REQUEST),
        ({"leader_recovery_state": 7}, ErrorCode.INVALID_REQUEST),
    ],
)
def test_epochs_and_states_are_checked(cluster: ControllerHarness, fields: dict[str, int], code: ErrorCode) -> None:
    assert cluster.alter_isr("t", 0, 1, 2, **fields).error_code == code


@pytest.mark.parametrize("isr", [(), (2, 3), (1, 1), (1, 4)])
def test_the_isr_is_a_part_of_the_replicas_with_the_leader(cluster: ControllerHarness, isr: tuple[int, ...]) -> None:
    assert cluster.alter_isr("t", 0, *isr).error_code == ErrorCode.INVALID_REQUEST


def test_a_fenced_replica_cannot_join(cluster: ControllerHarness) -> None:
    cluster.kill(3)
    assert cluster.alter_isr("t", 0, 1, 2, 3).error_code == ErrorCode.INELIGIBLE_REPLICA


def test_a_replica_that_restarted_meanwhile_cannot_join(cluster: ControllerHarness) -> None:
    """KIP-903: the epoch that the leader saw is of another incarnation."""
    old = cluster.epoch(3)
    cluster.kill(3)
    cluster.start(3)
    member = AlterPartitionRequest.BrokerState
    isr = [member(broker_id=1), member(broker_id=2), member(broker_id=3, broker_epoch=old)]
    assert cluster.alter_isr("t", 0, new_isr_with_epochs=isr).error_code == ErrorCode.INELIGIBLE_REPLICA
    isr[2].broker_epoch = cluster.epoch(3)
    assert cluster.alter_isr("t", 0, new_isr_with_epochs=isr).error_code == ErrorCode.NONE


def test_a_stale_leader_is_refused_as_a_whole(cluster: ControllerHarness) -> None:
    with pytest.raises(WireError) as raised:
        cluster.alter_isr("t", 0, 1, 2, broker_epoch=77)
    assert raised.value.code == ErrorCode.STALE_BROKER_EPOCH


def test_unknown_topics_and_partitions(cluster: ControllerHarness) -> None:
    def ask(topic_id: bytes) -> int:
        topic = AlterPartitionRequest.TopicData(
            topic_id=topic_id, partitions=[AlterPartitionRequest.PartitionData(partition_index=9)]
        )
        request = AlterPartitionRequest(broker_id=1, broker_epoch=cluster.epoch(1), topics=[topic])
        code: int = cluster.request(request).topics[0].partitions[0].error_code
        return code

    assert ask(bytes(16)) == ErrorCode.UNKNOWN_TOPIC_ID
    assert ask(cluster.topic().id) == ErrorCode.UNKNOWN_TOPIC_OR_PARTITION


def test_a_recovering_leader_is_alone_until_it_has_recovered(cluster: ControllerHarness) -> None:
    cluster.create("u", [1, 2], unclean_leader_election_enable="true")
    cluster.alter_isr("u", 0, 1)
    cluster.kill(1)
    partition = cluster.partition("u")
    assert (partition.leader, partition.isr) == (2, (2,))
    assert partition.leader_recovery_state == LeaderRecoveryState.RECOVERING
    cluster.start(1)
    assert cluster.alter_isr("u", 0, 2, 1, leader_recovery_state=1).error_code == ErrorCode.INVALID_REQUEST
    answer = cluster.alter_isr("u", 0, 2, leader_recovery_state=0)
    assert (answer.error_code, answer.leader_recovery_state, answer.leader_epoch) == (0, 0, 1)
    assert cluster.alter_isr("u", 0, 2, 1).isr == [2, 1]
    cluster.check()


def test_a_topic_of_the_same_name_has_a_min_isr_of_its_own() -> None:
    """It is capped by the number of replicas, of which the earlier topic had fewer."""
    cluster = ControllerHarness(static_configs={"min.insync.replicas": "2"})
    cluster.start(1, 2, 3)
    cluster.create("t", [1])
    assert cluster.controller.state.settings(cluster.topic()).min_isr == 1
    cluster.request(DeleteTopicsRequest(topics=[DeleteTopicsRequest.DeleteTopicState(name="t")]))
    cluster.create("t", [1, 2, 3])
    cluster.alter_isr("t", 0, 1)
    assert cluster.partition().elr == (2, 3)
