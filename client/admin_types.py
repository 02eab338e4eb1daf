"""What the admin client takes and gives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from barnabas.client.metadata import Node, PartitionView


@dataclass(frozen=True, slots=True)
class NewTopic:
    """What to create; -1 leaves a number to the cluster.

    `assignments`: broker ids of each partition, preferred leader first.
    """

    name: str
    partitions: int = -1
    replication_factor: int = -1
    configs: Mapping[str, str] = field(default_factory=dict)
    assignments: Sequence[Sequence[int]] = ()


@dataclass(frozen=True, slots=True)
class CreatedTopic:
    """What was created (or, when only validated, would have been)."""

    name: str
    topic_id: str
    partitions: int
    replication_factor: int


@dataclass(frozen=True, slots=True)
class TopicDescription:
    """A topic and its partitions by number."""

    name: str
    topic_id: str
    internal: bool
    partitions: Mapping[int, PartitionView]

    @property
    def replication_factor(self) -> int:
        """The largest number of replicas that a partition has."""
        return max((len(p.replicas) for p in self.partitions.values()), default=0)


@dataclass(frozen=True, slots=True)
class BrokerDescription:
    """A broker; `fenced` ones are registered but do not serve."""

    node: Node
    fenced: bool


@dataclass(frozen=True, slots=True)
class ClusterDescription:
    """The cluster: `controller_id` is the broker that clients are told to take for the controller."""

    cluster_id: str
    controller_id: int
    brokers: Sequence[BrokerDescription]


@dataclass(frozen=True, slots=True)
class ConfigValue:
    """One setting of a resource: `value` is None when it is secret, `source` says where it comes from."""

    name: str
    value: str | None
    source: str
    read_only: bool
    sensitive: bool


@dataclass(frozen=True, slots=True)
class Append:
    """Add to a setting that is a list, what it lacks of these: `Append("delete,compact")`."""

    values: str


@dataclass(frozen=True, slots=True)
class Subtract:
    """Take these from a setting that is a list."""

    values: str


NewValue: TypeAlias = str | Append | Subtract | None
"""What becomes of a setting; None: its default."""


@dataclass(frozen=True, slots=True)
class FeatureLevels:
    """A feature of the cluster: its level (0: off), and from which to which the broker that was asked supports it."""

    level: int
    lowest: int
    highest: int


@dataclass(frozen=True, slots=True)
class PartitionReplicas:
    """A partition's replicas, by broker ids; `leader` is -1 while there is none.

    `eligible`: those outside the ISR that have all that was acknowledged; `last_known_eligible`: those of which that
    was last known, where nobody is left (KIP-966).
    """

    leader: int
    leader_epoch: int
    replicas: tuple[int, ...]
    isr: tuple[int, ...]
    eligible: tuple[int, ...]
    last_known_eligible: tuple[int, ...]
    offline: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class QuorumReplica:
    """A node that keeps the metadata log; times in ms of the leader's wall clock, -1 where it has none."""

    id: int
    directory_id: str
    log_end_offset: int
    last_fetch_ms: int
    last_caught_up_ms: int


@dataclass(frozen=True, slots=True)
class QuorumDescription:
    """The metadata quorum. `listeners`: each voter's addresses as host:port, as far as the cluster tells."""

    leader_id: int
    leader_epoch: int
    high_watermark: int
    voters: Sequence[QuorumReplica]
    observers: Sequence[QuorumReplica]
    listeners: Mapping[int, Sequence[str]]


@dataclass(frozen=True, slots=True)
class GroupListing:
    """A group in a list. `type` is "classic", "consumer" or another; `protocol_type` what its members are."""

    group: str
    type: str
    state: str
    protocol_type: str


@dataclass(frozen=True, slots=True)
class GroupMember:
    """A member of a group, and the partitions (topic, number) that it may read now."""

    member_id: str
    instance_id: str | None
    client_id: str
    host: str
    assigned: frozenset[tuple[str, int]]


@dataclass(frozen=True, slots=True)
class GroupDescription:
    """A group with its members. `epoch` is that of the new protocol's groups, -1 for classic ones."""

    group: str
    type: str
    state: str
    assignor: str
    epoch: int
    coordinator: Node
    members: list[GroupMember]


@dataclass(frozen=True, slots=True)
class TransactionListing:
    """A transactional id in a list. `state` is "Ongoing", "CompleteCommit" or another; `coordinator` a broker's id."""

    transactional_id: str
    producer_id: int
    state: str
    coordinator: int


@dataclass(frozen=True, slots=True)
class TransactionDescription:
    """A transactional id and its present transaction: since when (ms, None: there is none) and in which partitions."""

    transactional_id: str
    producer_id: int
    epoch: int
    state: str
    coordinator: Node
    timeout_ms: int
    start_ms: int | None
    partitions: frozenset[tuple[str, int]]


@dataclass(frozen=True, slots=True)
class ProducerState:
    """What a partition's leader knows of a producer: its last batch, and where its open transaction begins, if any."""

    producer_id: int
    epoch: int
    coordinator_epoch: int = -1
    last_sequence: int = -1
    last_timestamp_ms: int = -1
    transaction_start: int | None = None


@dataclass(frozen=True, slots=True)
class HangingTransaction:
    """A transaction that is open in a partition and that nobody will end; the transactional id where it is known."""

    partition: tuple[str, int]
    producer: ProducerState
    transactional_id: str | None
