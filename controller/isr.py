"""AlterPartition: a leader changes the ISR of what it leads (KIP-497, KIP-841 and KIP-903)."""

from __future__ import annotations

from collections.abc import Sequence

from barnabas.controller.election import rules_for
from barnabas.controller.partition_change import change_partition
from barnabas.controller.state import ControllerState
from barnabas.metadata.records import NO_LEADER_CHANGE, LeaderRecoveryState, MetadataRecord, PartitionChangeRecord
from barnabas.metadata.topics import Partition
from barnabas.protocol.errors import ErrorCode, WireError
from barnabas.protocol.messages.alter_partition import AlterPartitionRequest, AlterPartitionResponse
from barnabas.server.runtime import Result

_Asked = AlterPartitionRequest.PartitionData
_NewIsr = Sequence[tuple[int, int]]
"""Broker ids with the broker epochs that the leader saw; -1 where it saw none."""


def handle_alter_partition(
    state: ControllerState, request: AlterPartitionRequest
) -> Result[MetadataRecord, AlterPartitionResponse]:
    """v3 carries broker epochs, so that a replica that restarted since cannot be taken for the one that was in sync."""
    state.registered(request.broker_id, request.broker_epoch)
    records: list[MetadataRecord] = []
    response = AlterPartitionResponse()
    for asked_topic in request.topics:
        answered = AlterPartitionResponse.TopicData(topic_id=asked_topic.topic_id)
        response.topics.append(answered)
        topic = state.image.topics.by_id.get(asked_topic.topic_id)
        for asked in asked_topic.partitions:
            answer = AlterPartitionResponse.PartitionData(partition_index=asked.partition_index)
            answered.partitions.append(answer)
            try:
                if topic is None:
                    raise WireError(ErrorCode.UNKNOWN_TOPIC_ID)
                partition, change = _altered(
                    state, request.broker_id, topic.partitions.get(asked.partition_index), asked
                )
            except WireError as error:
                answer.error_code = error.code
                continue
            if change is not None:
                records.append(change)
                partition = partition.merge(change)
            answer.leader_id = partition.leader
            answer.leader_epoch = partition.leader_epoch
            answer.isr = list(partition.isr)
            answer.leader_recovery_state = partition.leader_recovery_state
            answer.partition_epoch = partition.partition_epoch
    return Result(records, response, atomic=False)


def _altered(
    state: ControllerState, broker_id: int, partition: Partition | None, asked: _Asked
) -> tuple[Partition, PartitionChangeRecord | None]:
    if partition is None:
        raise WireError(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
    _check_epochs(partition, broker_id, asked)
    new_isr = [(member.broker_id, member.broker_epoch) for member in asked.new_isr_with_epochs] or [
        (member, -1) for member in asked.new_isr
    ]
    isr = _check_isr(partition, new_isr)
    _check_recovery(partition, isr, asked.leader_recovery_state)
    _check_eligible(state, new_isr)
    change = change_partition(
        partition, rules_for(state, partition), isr=isr, recovery_state=asked.leader_recovery_state
    )
    if change is not None and change.leader not in (NO_LEADER_CHANGE, broker_id):
        raise WireError(ErrorCode.NEW_LEADER_ELECTED)
    return partition, change


def _check_epochs(partition: Partition, broker_id: int, asked: _Asked) -> None:
    # A leader that is ahead has learned from a newer controller than this one.
    if asked.leader_epoch > partition.leader_epoch or asked.partition_epoch > partition.partition_epoch:
        raise WireError(ErrorCode.NOT_CONTROLLER)
    if asked.leader_epoch < partition.leader_epoch:
        raise WireError(ErrorCode.FENCED_LEADER_EPOCH)
    if broker_id != partition.leader:
        raise WireError(ErrorCode.INVALID_REQUEST)
    if asked.partition_epoch < partition.partition_epoch:
        raise WireError(ErrorCode.INVALID_UPDATE_VERSION)


def _check_isr(partition: Partition, new_isr: _NewIsr) -> tuple[int, ...]:
    isr = tuple(member for member, _ in new_isr)
    if len(set(isr)) != len(isr) or not set(isr).issubset(partition.replicas) or partition.leader not in isr:
        raise WireError(ErrorCode.INVALID_REQUEST)
    return isr


def _check_recovery(partition: Partition, isr: tuple[int, ...], recovery_state: int) -> None:
    recovering = recovery_state == LeaderRecoveryState.RECOVERING
    was_recovered = partition.leader_recovery_state == LeaderRecoveryState.RECOVERED
    if (recovering and (len(isr) > 1 or was_recovered)) or recovery_state not in (0, 1):
        raise WireError(ErrorCode.INVALID_REQUEST)


def _check_eligible(state: ControllerState, new_isr: _NewIsr) -> None:
    for broker_id, broker_epoch in new_isr:
        broker = state.image.cluster.broker(broker_id)
        if broker is None or not broker.active or broker_epoch not in (-1, broker.epoch):
            raise WireError(ErrorCode.INELIGIBLE_REPLICA)
