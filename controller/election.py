"""Elections: when brokers come and go, when somebody asks for one, and when leaders are out of balance.

A broker's death costs what it held: the partitions are found by the image's bitmaps, never by a scan.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import IntEnum

from barnabas.controller.partition_change import Election, Rules, change_partition
from barnabas.controller.state import ControllerState
from barnabas.metadata.configs import ConfigsImage
from barnabas.metadata.records import NO_LEADER, MetadataRecord, PartitionChangeRecord
from barnabas.metadata.topics import Partition
from barnabas.protocol.errors import ErrorCode, WireError
from barnabas.protocol.messages.elect_leaders import ElectLeadersRequest, ElectLeadersResponse
from barnabas.server.runtime import Result

MAX_ELECTIONS = 1000
"""How many leaders a periodic pass elects at most before others get their turn."""


class ElectionType(IntEnum):
    """What ElectLeaders asks for."""

    PREFERRED = 0
    UNCLEAN = 1


def rules_for(
    state: ControllerState,
    partition: Partition,
    *,
    election: Election | None = None,
    without: int | None = None,
    joining: int | None = None,
) -> Rules:
    """The rules for one partition as the cluster is, but the broker `without` may not lead, and `joining` may.

    The election goes as far as the topic is configured, unless it is given.
    """
    settings = state.settings(state.image.topics.by_id[partition.topic_id])

    def may_lead(broker_id: int) -> bool:
        if broker_id == without:
            return False
        if broker_id == joining:
            broker = state.image.cluster.broker(broker_id)
            return broker is not None and broker.has_directory(partition.directory(broker_id))
        return state.may_lead(partition, broker_id)

    if election is None:
        election = Election.UNCLEAN if settings.unclean_elections else Election.ONLINE
    return Rules(may_lead, settings.min_isr, state.image.features.elr_enabled, election)


def changes_without(
    state: ControllerState, broker_id: int, partitions: Iterable[Partition] | None = None
) -> Iterator[PartitionChangeRecord]:
    """A broker stops serving, all it holds or these partitions: it leaves their ISRs, and others lead."""
    if partitions is None:
        partitions = state.image.topics.hosted_by(broker_id)
    for partition in partitions:
        if broker_id in partition.isr:
            rules = rules_for(state, partition, without=broker_id)
            isr = tuple(other for other in partition.isr if other != broker_id)
            yield from _if_any(change_partition(partition, rules, isr=isr))


def changes_after_unclean_shutdown(state: ControllerState, broker_id: int) -> Iterator[PartitionChangeRecord]:
    """A broker may have lost its latest records: it leaves ISRs and ELRs, and others lead."""
    for partition in state.image.topics.hosted_by(broker_id):
        if broker_id in partition.isr or broker_id in partition.elr:
            rules = rules_for(state, partition, without=broker_id)
            yield from _if_any(change_partition(partition, rules, unclean_shutdown=broker_id))


def changes_with(state: ControllerState, broker_id: int) -> Iterator[PartitionChangeRecord]:
    """A broker may serve from now on: it leads what has no leader, if it may."""
    for partition in state.image.topics.without_leader_on(broker_id):
        yield from _if_any(change_partition(partition, rules_for(state, partition, joining=broker_id)))


def changes_after_min_isr(
    state: ControllerState, configs: ConfigsImage, topic_name: str | None
) -> Iterator[PartitionChangeRecord]:
    """min.insync.replicas becomes another, for one topic or for all: where it is reached now, nobody else is eligible.

    Otherwise the ISR could commit records that the eligible replicas do not have. `configs` is the new configuration.
    """
    topics = state.image.topics
    if topic_name is None:
        partitions: Iterable[Partition] = topics.with_elr()
    else:
        partitions = topics.by_name(topic_name) or ()
    for partition in partitions:
        if partition.elr:
            min_isr = state.settings_with(topics.by_id[partition.topic_id], configs).min_isr
            if len(partition.isr) >= min_isr:
                yield PartitionChangeRecord(partition_id=partition.index, topic_id=partition.topic_id, elr=())


def preferred_elections(state: ControllerState, most: int = MAX_ELECTIONS) -> Iterator[PartitionChangeRecord]:
    """Leaders go back to the first replicas where these are in sync, for so many partitions at most."""
    topics = state.image.topics
    for partition in topics.without_preferred_leader():
        if most <= 0:
            return
        if partition.preferred_leader not in partition.isr:
            continue
        change = change_partition(partition, rules_for(state, partition, election=Election.PREFERRED))
        if change is not None:
            most -= 1
            yield change


def unclean_elections(state: ControllerState, most: int = MAX_ELECTIONS) -> Iterator[PartitionChangeRecord]:
    """Partitions without a leader get one where they are configured to get any, so many at most."""
    topics = state.image.topics
    for partition in topics.without_leader():
        if most <= 0:
            return
        if state.settings(topics.by_id[partition.topic_id]).unclean_elections:
            change = change_partition(partition, rules_for(state, partition))
            if change is not None:
                most -= 1
                yield change


def handle_elect_leaders(
    state: ControllerState, request: ElectLeadersRequest
) -> Result[MetadataRecord, ElectLeadersResponse]:
    """v0: preferred leaders only; v1 and later: the type is given. Null: every partition that needs an election."""
    if request.election_type not in (ElectionType.PREFERRED, ElectionType.UNCLEAN):
        raise WireError(ErrorCode.INVALID_REQUEST, f"Unknown election type {request.election_type}")
    kind = ElectionType(request.election_type)
    topics = state.image.topics
    every = request.topic_partitions is None
    wanted = (
        [(name, range(len(topics.by_id[topics.ids[name]]))) for name in sorted(topics.ids)]
        if request.topic_partitions is None
        else [(topic.topic, topic.partitions) for topic in request.topic_partitions]
    )
    records: list[MetadataRecord] = []
    response = ElectLeadersResponse()
    for name, indexes in wanted:
        results = ElectLeadersResponse.ReplicaElectionResult(topic=name)
        response.replica_election_results.append(results)
        for index in indexes:
            result = ElectLeadersResponse.PartitionResult(partition_id=index)
            try:
                records.append(_elected(state, name, index, kind))
            except WireError as error:
                if every and error.code == ErrorCode.ELECTION_NOT_NEEDED:
                    continue
                result.error_code, result.error_message = error.code, error.message or error.code.text
            results.partition_result.append(result)
    return Result(records, response, atomic=False)


def _elected(state: ControllerState, name: str, index: int, kind: ElectionType) -> PartitionChangeRecord:
    topic = state.image.topics.by_name(name)
    if topic is None:
        raise WireError(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, f"No such topic as {name}")
    partition = topic.partitions.get(index)
    if partition is None:
        raise WireError(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, f"No such partition as {name}-{index}")
    preferred = kind is ElectionType.PREFERRED
    if partition.has_preferred_leader if preferred else partition.leader != NO_LEADER:
        raise WireError(ErrorCode.ELECTION_NOT_NEEDED)
    election = Election.PREFERRED if preferred else Election.UNCLEAN
    change = change_partition(partition, rules_for(state, partition, election=election))
    if change is None:
        raise WireError(
            ErrorCode.PREFERRED_LEADER_NOT_AVAILABLE if preferred else ErrorCode.ELIGIBLE_LEADERS_NOT_AVAILABLE
        )
    return change


def _if_any(change: PartitionChangeRecord | None) -> Iterator[PartitionChangeRecord]:
    if change is not None:
        yield change
