"""Administration: topics, partitions, configurations, offsets, the quorum.

A call takes many entities and answers for each of them: a result, or the error that concerns it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self, Unpack

from barnabas.client.admin_types import (
    Append,
    BrokerDescription,
    ClusterDescription,
    ConfigValue,
    CreatedTopic,
    FeatureLevels,
    GroupDescription,
    GroupListing,
    HangingTransaction,
    NewTopic,
    NewValue,
    PartitionReplicas,
    ProducerState,
    QuorumDescription,
    QuorumReplica,
    Subtract,
    TopicDescription,
    TransactionDescription,
    TransactionListing,
)
from barnabas.client.cluster import Cluster
from barnabas.client.errors import BrokerError, ClientError, check
from barnabas.client.many import for_each, only
from barnabas.client.metadata import Node, TopicView
from barnabas.client.offsets import ListedOffset, OffsetSpec, Place, list_offsets
from barnabas.client.security import SecuritySettings, check_not_beside_cluster
from barnabas.client.settings import settings_of
from barnabas.net.addresses import host_port_text
from barnabas.protocol.errors import ErrorCode
from barnabas.protocol.messages.create_partitions import CreatePartitionsRequest, CreatePartitionsResponse
from barnabas.protocol.messages.create_topics import CreateTopicsRequest, CreateTopicsResponse
from barnabas.protocol.messages.delete_topics import DeleteTopicsRequest, DeleteTopicsResponse
from barnabas.protocol.messages.describe_cluster import DescribeClusterRequest, DescribeClusterResponse
from barnabas.protocol.messages.describe_configs import DescribeConfigsRequest, DescribeConfigsResponse
from barnabas.protocol.messages.describe_quorum import DescribeQuorumRequest, DescribeQuorumResponse
from barnabas.protocol.messages.incremental_alter_configs import (
    IncrementalAlterConfigsRequest,
    IncrementalAlterConfigsResponse,
)
from barnabas.protocol.types import uuid_text

if TYPE_CHECKING:
    from barnabas.client.groups.committed import OffsetAndMetadata

__all__ = [
    "BROKER",
    "TOPIC",
    "Admin",
    "Append",
    "BrokerDescription",
    "ClusterDescription",
    "ConfigValue",
    "CreatedTopic",
    "FeatureLevels",
    "GroupDescription",
    "GroupListing",
    "HangingTransaction",
    "NewTopic",
    "PartitionReplicas",
    "ProducerState",
    "QuorumDescription",
    "QuorumReplica",
    "Subtract",
    "TopicDescription",
    "TransactionDescription",
    "TransactionListing",
]

TOPIC: Final = 2
BROKER: Final = 4
GROUP: Final = 32
_SET, _DELETE, _APPEND, _SUBTRACT = range(4)
_KINDS: Final = {TOPIC: "topic", BROKER: "broker", GROUP: "group"}
_SOURCES: Final = {
    1: "topic",
    2: "broker",
    3: "broker default",
    4: "static",
    5: "default",
    6: "logger",
    7: "client metrics",
    8: "group",
}
_METADATA_TOPIC: Final = "__cluster_metadata"


class Admin:
    """`async with Admin(bootstrap) as admin`. Raises ClientError for what concerns a call as a whole."""

    @settings_of("Admin")
    def __init__(
        self,
        bootstrap: str | Cluster,
        *,
        client_id: str = "barnabas-admin",
        timeout: float = 30.0,
        **security: Unpack[SecuritySettings],
    ) -> None:
        """`bootstrap`: host:port, several separated by commas; or an open Cluster, which stays open.

        `timeout` in seconds, for each call. `security`: TLS and SASL, see SecuritySettings.
        """
        self._owned: Final = isinstance(bootstrap, str)
        if isinstance(bootstrap, str):
            bootstrap = Cluster(bootstrap, client_id=client_id, request_timeout=timeout, **security)
        else:
            check_not_beside_cluster(security)
        self.cluster: Final[Cluster] = bootstrap
        # What the cluster has for its part is less, so that its own answer says what took so long.
        self._timeout_ms: Final = int(self.cluster.request_timeout * 800)

    async def __aenter__(self) -> Self:
        if self._owned:
            await self.cluster.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None
    ) -> bool | None:
        return await self.cluster.__aexit__(kind, error, tb) if self._owned else None

    async def describe_cluster(self) -> ClusterDescription:
        """The brokers, fenced ones too where the cluster can say so."""
        response = await self.cluster.ask(DescribeClusterRequest(include_fenced_brokers=True), DescribeClusterResponse)
        check(response.error_code, "the cluster", response.error_message)
        brokers = [
            BrokerDescription(Node(b.broker_id, b.host, b.port, b.rack), b.is_fenced)
            for b in sorted(response.brokers, key=lambda b: b.broker_id)
        ]
        return ClusterDescription(response.cluster_id, response.controller_id, brokers)

    async def list_topics(self) -> list[TopicDescription]:
        """All topics, by name."""
        view = await self.cluster.refresh(None)
        return [_describe(view.topics[name]) for name in sorted(view.topics) if not view.topics[name].error]

    async def describe_topics(self, names: Iterable[str]) -> dict[str, TopicDescription | BrokerError]:
        """These topics; the error of one that does not exist."""
        wanted = list(names)
        view = await self.cluster.refresh(wanted)
        described: dict[str, TopicDescription | BrokerError] = {}
        for name in wanted:
            topic = view.topics.get(name)
            code = ErrorCode.UNKNOWN_TOPIC_OR_PARTITION if topic is None else topic.error
            described[name] = BrokerError(code, f"topic {name}") if topic is None or code else _describe(topic)
        return described

    async def create_topics(
        self, topics: Iterable[NewTopic], *, validate_only: bool = False
    ) -> dict[str, CreatedTopic | BrokerError]:
        """Create topics, or only check that they could be."""
        new = CreateTopicsRequest
        message = new(
            timeout_ms=self._timeout_ms,
            validate_only=validate_only,
            topics=[
                new.CreatableTopic(
                    name=topic.name,
                    num_partitions=-1 if topic.assignments else topic.partitions,
                    replication_factor=-1 if topic.assignments else topic.replication_factor,
                    assignments=[
                        new.CreatableReplicaAssignment(partition_index=index, broker_ids=brokers)
                        for index, brokers in enumerate(topic.assignments)
                    ],
                    configs=[new.CreatableTopicConfig(name=n, value=v) for n, v in topic.configs.items()],
                )
                for topic in topics
            ],
        )
        response = await self.cluster.ask(message, CreateTopicsResponse)
        return {
            t.name: CreatedTopic(t.name, uuid_text(t.topic_id), t.num_partitions, t.replication_factor)
            if t.error_code == 0
            else BrokerError(t.error_code, f"topic {t.name}", t.error_message)
            for t in response.topics
        }

    async def delete_topics(self, names: Iterable[str]) -> dict[str, BrokerError | None]:
        """Delete topics with all their records."""
        wanted = list(names)
        message = DeleteTopicsRequest(
            topics=[DeleteTopicsRequest.DeleteTopicState(name=name) for name in wanted],
            topic_names=wanted,
            timeout_ms=self._timeout_ms,
        )
        response = await self.cluster.ask(message, DeleteTopicsResponse)
        return {r.name or "": _error(r.error_code, f"topic {r.name}", r.error_message) for r in response.responses}

    async def create_partitions(
        self, totals: Mapping[str, int], *, assignments: Mapping[str, Sequence[Sequence[int]]] | None = None
    ) -> dict[str, BrokerError | None]:
        """Raise the number of partitions of topics to these totals; `assignments` places the new ones."""
        new = CreatePartitionsRequest
        placed = assignments or {}
        message = new(
            timeout_ms=self._timeout_ms,
            topics=[
                new.CreatePartitionsTopic(
                    name=name,
                    count=total,
                    assignments=[new.CreatePartitionsAssignment(broker_ids=ids) for ids in placed[name]]
                    if name in placed
                    else None,
                )
                for name, total in totals.items()
            ],
        )
        response = await self.cluster.ask(message, CreatePartitionsResponse)
        return {r.name: _error(r.error_code, f"topic {r.name}", r.error_message) for r in response.results}

    async def describe_configs(self, kind: int, names: Iterable[str]) -> dict[str, list[ConfigValue] | BrokerError]:
        """The settings, by name, of topics (`TOPIC`), groups (`GROUP`) or brokers (`BROKER`, by id; "": of all)."""
        new = DescribeConfigsRequest
        described: dict[str, list[ConfigValue] | BrokerError] = {}
        for broker, group in _by_broker(kind, names).items():
            resources = [
                new.DescribeConfigsResource(resource_type=kind, resource_name=name, configuration_keys=None)
                for name in group
            ]
            try:
                response = await self.cluster.ask(new(resources=resources), DescribeConfigsResponse, broker=broker)
            except ClientError as error:
                described |= dict.fromkeys(group, _of_broker(broker, error))
                continue
            for result in response.results:
                name = result.resource_name
                described[name] = _error(result.error_code, _resource(kind, name), result.error_message) or [
                    ConfigValue(c.name, c.value, _SOURCES.get(c.config_source, "unknown"), c.read_only, c.is_sensitive)
                    for c in sorted(result.configs, key=lambda c: c.name)
                ]
        return described

    async def alter_configs(
        self, kind: int, changes: Mapping[str, Mapping[str, NewValue]], *, validate_only: bool = False
    ) -> dict[str, BrokerError | None]:
        """Set settings of such resources; None takes one back to its default, `Append` and `Subtract` change one that
        is a list. All of one resource, or none.
        """
        new = IncrementalAlterConfigsRequest
        altered: dict[str, BrokerError | None] = {}
        for broker, group in _by_broker(kind, changes).items():
            resources = [
                new.AlterConfigsResource(
                    resource_type=kind,
                    resource_name=name,
                    configs=[
                        new.AlterableConfig(name=n, config_operation=operation, value=v)
                        for n, (operation, v) in _operations(changes[name])
                    ],
                )
                for name in group
            ]
            message = new(resources=resources, validate_only=validate_only)
            try:
                response = await self.cluster.ask(message, IncrementalAlterConfigsResponse, broker=broker)
            except ClientError as error:
                altered |= dict.fromkeys(group, _of_broker(broker, error))
                continue
            for r in response.responses:
                altered[r.resource_name] = _error(r.error_code, _resource(kind, r.resource_name), r.error_message)
        return altered

    async def list_offsets(self, points: Mapping[Place, OffsetSpec]) -> dict[Place, ListedOffset | ClientError]:
        """The offset of a point in each (topic, partition): "earliest", "latest", "max_timestamp" or a time in ms."""
        return await list_offsets(self.cluster, points)

    async def list_groups(self, *, states: Iterable[str] = (), types: Iterable[str] = ()) -> list[GroupListing]:
        """All groups, by name, or those in one of these states and of one of these types."""
        from barnabas.client.groups import admin

        return await admin.list_groups(self.cluster, states=states, types=types)

    async def describe_groups(self, groups: Iterable[str]) -> dict[str, GroupDescription | ClientError]:
        """These groups and their members; GROUP_ID_NOT_FOUND for one that does not exist."""
        from barnabas.client.groups import admin

        return await admin.describe_groups(self.cluster, groups)

    async def group_offsets(self, group: str) -> dict[Place, OffsetAndMetadata]:
        """All that a group has committed, by (topic, partition)."""
        from barnabas.client.groups import admin

        return await admin.group_offsets(self.cluster, group)

    async def alter_group_offsets(self, group: str, offsets: Mapping[Place, int]) -> dict[Place, BrokerError | None]:
        """Commit for a group that has no members now. CommitFailed if it has."""
        from barnabas.client.groups import admin

        return await admin.alter_group_offsets(self.cluster, group, offsets)

    async def offsets_of_groups(self, groups: Iterable[str]) -> dict[str, dict[Place, OffsetAndMetadata] | ClientError]:
        """`group_offsets` of many groups."""
        return await for_each(groups, self.group_offsets)

    async def remove_members(
        self, group: str, members: Iterable[str] = (), *, instances: Iterable[str] = (), reason: str = ""
    ) -> dict[str, BrokerError | None]:
        """Make members, by their ids or as static members by their instance ids, leave a group."""
        from barnabas.client.groups import admin

        return await admin.remove_members(self.cluster, group, members, instances, reason)

    async def delete_groups(self, groups: Iterable[str]) -> dict[str, ClientError | None]:
        """Delete groups that have no members now, and their offsets."""
        from barnabas.client.groups import admin

        return await admin.delete_groups(self.cluster, groups)

    async def delete_group_offsets(self, group: str, places: Iterable[Place]) -> dict[Place, BrokerError | None]:
        """Forget what a group has committed of partitions whose topics it does not subscribe to now."""
        from barnabas.client.groups import admin

        return await admin.delete_group_offsets(self.cluster, group, places)

    async def list_transactions(
        self,
        *,
        states: Iterable[str] = (),
        producer_ids: Iterable[int] = (),
        longer_than_ms: int = -1,
        pattern: str | None = None,
    ) -> list[TransactionListing]:
        """All transactional ids, by name, or those that pass all the filters; `pattern` is RE2, of the whole id."""
        from barnabas.client import transactions_admin

        return await transactions_admin.list_transactions(
            self.cluster, states=states, producer_ids=producer_ids, longer_than_ms=longer_than_ms, pattern=pattern
        )

    async def describe_transactions(
        self, transactional_ids: Iterable[str]
    ) -> dict[str, TransactionDescription | ClientError]:
        """These transactional ids and their present transactions; TRANSACTIONAL_ID_NOT_FOUND for one nobody uses."""
        from barnabas.client import transactions_admin

        return await transactions_admin.describe_transactions(self.cluster, transactional_ids)

    async def describe_producers(self, places: Iterable[Place]) -> dict[Place, list[ProducerState] | ClientError]:
        """Who writes to these (topic, partition), as their leaders know it."""
        from barnabas.client import transactions_admin

        return await transactions_admin.describe_producers(self.cluster, places)

    async def find_hanging_transactions(
        self, places: Iterable[Place], *, older_than_ms: int, now_ms: int
    ) -> list[HangingTransaction]:
        """Transactions open in these partitions, with their last record older than that, which nobody will end."""
        from barnabas.client import transactions_admin

        return await transactions_admin.find_hanging(self.cluster, places, older_than_ms=older_than_ms, now_ms=now_ms)

    async def abort_transaction(self, place: Place, producer: ProducerState) -> None:
        """Have an abort of the producer's hanging transaction written to a partition. BrokerError if refused."""
        from barnabas.client import transactions_admin

        await transactions_admin.write_abort(self.cluster, place, producer)

    async def fence_producers(self, transactional_ids: Iterable[str]) -> dict[str, ClientError | None]:
        """Abort what producers with these ids have open, and let none of them go on."""
        from barnabas.client import transactions_admin

        return await transactions_admin.fence_producers(self.cluster, transactional_ids)

    async def elect_leaders(
        self, places: Iterable[Place] | None = None, *, unclean: bool = False
    ) -> dict[Place, BrokerError | None]:
        """Make the preferred replicas of these (topic, partition) their leaders; None: of all that have others.

        `unclean`: give those without a leader one that may not have everything, which loses what it does not have.
        ELECTION_NOT_NEEDED where the leader is the right one.
        """
        from barnabas.client import cluster_admin

        return await cluster_admin.elect_leaders(self.cluster, places, unclean=unclean, timeout_ms=self._timeout_ms)

    async def describe_topic_partitions(
        self, names: Iterable[str] = (), *, page: int = 2000
    ) -> dict[str, dict[int, PartitionReplicas] | BrokerError]:
        """The replicas of these topics' partitions, of all topics without names; asked for `page` partitions at a time.

        More than `describe_topics` tells, but older clusters do not serve it.
        """
        from barnabas.client import cluster_admin

        return await cluster_admin.describe_topic_partitions(self.cluster, names, page)

    async def list_config_resources(self, kinds: Iterable[int] = ()) -> list[tuple[int, str]]:
        """Kind and name of all that has a configuration, or of what is of these kinds (`TOPIC`, `BROKER`, `GROUP`)."""
        from barnabas.client import cluster_admin

        return await cluster_admin.list_config_resources(self.cluster, kinds)

    async def describe_features(self) -> dict[str, FeatureLevels]:
        """The cluster's features by name."""
        from barnabas.client import cluster_admin

        return await cluster_admin.describe_features(self.cluster)

    async def update_features(
        self, levels: Mapping[str, int], *, downgrade: bool = False, validate_only: bool = False
    ) -> None:
        """Raise features to these levels, or with `downgrade` lower them (0: off). All, or none and BrokerError."""
        from barnabas.client import cluster_admin

        await cluster_admin.update_features(
            self.cluster, levels, downgrade=downgrade, validate_only=validate_only, timeout_ms=self._timeout_ms
        )

    async def unregister_broker(self, broker: int) -> None:
        """Forget a broker that has stopped and will not come back. BrokerError."""
        from barnabas.client import cluster_admin

        await cluster_admin.unregister_broker(self.cluster, broker)

    async def describe_quorum(self) -> QuorumDescription:
        """The controllers, and the nodes that follow their log."""
        new = DescribeQuorumRequest
        topic = new.TopicData(topic_name=_METADATA_TOPIC, partitions=[new.PartitionData(partition_index=0)])
        response = await self.cluster.ask(new(topics=[topic]), DescribeQuorumResponse)
        check(response.error_code, "the quorum", response.error_message)
        quorum = only(only(response.topics, "the quorum").partitions, "the quorum")
        check(quorum.error_code, "the quorum", quorum.error_message)
        return QuorumDescription(
            quorum.leader_id,
            quorum.leader_epoch,
            quorum.high_watermark,
            [_replica(r) for r in quorum.current_voters],
            [_replica(r) for r in quorum.observers],
            {n.node_id: [host_port_text(x.host, x.port) for x in n.listeners] for n in response.nodes},
        )


def _by_broker(kind: int, names: Iterable[str]) -> dict[int | None, list[str]]:
    """Who is to be asked: a broker for its own settings, any broker for the rest."""
    groups: dict[int | None, list[str]] = {}
    for name in names:
        broker = int(name) if kind == BROKER and name.isdecimal() else None
        groups.setdefault(broker, []).append(name)
    return groups


def _operations(changes: Mapping[str, NewValue]) -> Iterator[tuple[str, tuple[int, str | None]]]:
    """What the wire says of each change: an operation and its value."""
    for name, value in changes.items():
        match value:
            case None:
                yield name, (_DELETE, None)
            case Append(more):
                yield name, (_APPEND, more)
            case Subtract(less):
                yield name, (_SUBTRACT, less)
            case _:
                yield name, (_SET, value)


def _of_broker(broker: int | None, error: ClientError) -> BrokerError:
    """What a broker could not be asked for concerns it alone; if it was any broker, the call as a whole."""
    if broker is None:
        raise error
    if isinstance(error, BrokerError):
        return error
    return BrokerError(ErrorCode.REQUEST_TIMED_OUT, f"broker {broker}", str(error))


def _resource(kind: int, name: str) -> str:
    return f"{_KINDS[kind]} {name or 'default'}"


def _replica(state: DescribeQuorumResponse.ReplicaState) -> QuorumReplica:
    return QuorumReplica(
        state.replica_id,
        uuid_text(state.replica_directory_id),
        state.log_end_offset,
        state.last_fetch_timestamp,
        state.last_caught_up_timestamp,
    )


def _describe(topic: TopicView) -> TopicDescription:
    return TopicDescription(topic.name, uuid_text(topic.topic_id), topic.internal, topic.partitions)


def _error(code: int, what: str, message: str | None) -> BrokerError | None:
    return BrokerError(code, what, message) if code else None
