"""The quorum's own records: LEADER_CHANGE, KRAFT_VERSION and KRAFT_VOTERS in the log, and the frame of a checkpoint.

They stand in control batches; a record's value is a message of `barnabas.protocol` in version 0, as Kafka 4.3 has it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

from barnabas.protocol import codec
from barnabas.protocol.errors import RemoteProtocolError
from barnabas.protocol.message import Message
from barnabas.protocol.messages.kraft_version_record import KRaftVersionRecord
from barnabas.protocol.messages.leader_change_message import LeaderChangeMessage
from barnabas.protocol.messages.voters_record import VotersRecord
from barnabas.protocol.record_batch import ControlType, RecordBatch, control_type
from barnabas.protocol.record_builder import build_control_batches
from barnabas.protocol.types import Buffer
from barnabas.raft.ready import LeaderChange
from barnabas.raft.voters import Endpoint, ReplicaKey, Voter, VoterSet

KRAFT_VERSION = 1
"""The level of the feature `kraft.version`: voters with directory ids, in the log."""
VERSION = 0

M = TypeVar("M", bound=Message)


class UnsupportedQuorum(RemoteProtocolError):
    """The log is of a `kraft.version` that this release does not know."""


def leader_change_batch(change: LeaderChange, base_offset: int, epoch: int, timestamp_ms: int) -> bytearray:
    """The control batch that opens a leader's epoch."""
    message = LeaderChangeMessage(
        leader_id=change.leader_id,
        voters=[LeaderChangeMessage.Voter(voter_id=key.id) for key in change.voters],
        granting_voters=[LeaderChangeMessage.Voter(voter_id=key.id) for key in change.granting],
    )
    records = [(ControlType.LEADER_CHANGE, codec.encode(message, VERSION))]
    if change.voter_set is not None:
        records += voter_records(change.voter_set)
    return build_control_batches(records, timestamp_ms, base_offset=base_offset, leader_epoch=epoch)


def voter_records(voters: VoterSet) -> list[tuple[ControlType, bytes]]:
    """KRAFT_VERSION and KRAFT_VOTERS."""
    version = KRaftVersionRecord(kraft_version=KRAFT_VERSION)
    return [
        (ControlType.KRAFT_VERSION, codec.encode(version, VERSION)),
        (ControlType.KRAFT_VOTERS, codec.encode(_voters_record(voters), VERSION)),
    ]


def voters_in(batch: RecordBatch) -> VoterSet | None:
    """The voter set that a batch of the log brings, None for all others.

    Raises UnsupportedQuorum, and RemoteProtocolError for a control batch that makes no sense.
    """
    voters = None
    if batch.is_control:
        for kind, value in control_records(batch):
            if kind == ControlType.KRAFT_VERSION:
                level = decode_control(KRaftVersionRecord, value).kraft_version
                if level != KRAFT_VERSION:
                    raise UnsupportedQuorum(
                        f"the quorum is at kraft.version {level}, this release knows {KRAFT_VERSION}"
                    )
            elif kind == ControlType.KRAFT_VOTERS:
                voters = _voter_set(decode_control(VotersRecord, value))
    return voters


def control_records(batch: RecordBatch) -> Iterator[tuple[ControlType, Buffer]]:
    """Type and value of each record of a control batch."""
    for record in batch.records():
        yield control_type(record.key), record.value or b""


def decode_control(kind: type[M], value: Buffer) -> M:
    """A control record's value. MalformedMessage for anything else."""
    return codec.decode(kind, VERSION, value)[0]


def _voters_record(voters: VoterSet) -> VotersRecord:
    return VotersRecord(
        voters=[
            VotersRecord.Voter(
                voter_id=voter.id,
                voter_directory_id=voter.key.directory_id,
                endpoints=[
                    VotersRecord.Endpoint(name=endpoint.name, host=endpoint.host, port=endpoint.port)
                    for endpoint in voter.endpoints
                ],
                kraft_version_feature=VotersRecord.KRaftVersionFeature(
                    min_supported_version=voter.min_kraft_version, max_supported_version=voter.max_kraft_version
                ),
            )
            for voter in voters.voters
        ]
    )


def _voter_set(record: VotersRecord) -> VoterSet:
    try:
        return VoterSet(
            tuple(
                Voter(
                    ReplicaKey(voter.voter_id, voter.voter_directory_id),
                    tuple(Endpoint(endpoint.name, endpoint.host, endpoint.port) for endpoint in voter.endpoints),
                    voter.kraft_version_feature.min_supported_version,
                    voter.kraft_version_feature.max_supported_version,
                )
                for voter in record.voters
            )
        )
    except ValueError as error:
        raise RemoteProtocolError(f"KRAFT_VOTERS makes no sense: {error}") from error
