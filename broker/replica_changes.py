"""One delta of the cluster's image, applied to this broker's replicas.

In this order: replicas that are gone, because a partition of the same name may come; configurations; partitions to
lead; partitions to follow, whose fetching starts anew where the leader epoch is new; what the configurations allow;
brokers that came back, which may join ISRs. The work grows with the delta, not with what the broker holds.

A delta is one step, whatever happened in which order: with a new `min.insync.replicas` but the old ISR, or the other
way round, a leader could commit what the controller does not expect it to.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from barnabas.broker.partition import Partition
from barnabas.metadata.image import EMPTY_IMAGE
from barnabas.metadata.records import ResourceType
from barnabas.protocol.errors import ErrorCode
from barnabas.protocol.types import ZERO_UUID
from barnabas.server.logging import get_logger
from barnabas.storage.disk import StorageError

if TYPE_CHECKING:
    from barnabas.broker.replica_manager import ReplicaManager
    from barnabas.metadata.cluster import BrokerRegistration
    from barnabas.metadata.delta import MetadataDelta
    from barnabas.metadata.image import MetadataImage
    from barnabas.metadata.topics import Partition as PartitionImage
    from barnabas.storage.deferred import Removal
    from barnabas.storage.log import PartitionLog

log = get_logger(__name__)


class ReplicaChanges:
    """See the module's text."""

    def __init__(self, manager: ReplicaManager, delta: MetadataDelta, image: MetadataImage) -> None:
        self._manager: Final = manager
        self._delta: Final = delta
        self._image: Final = image
        self._broker_id: Final = manager.config.broker_id

    def apply(self) -> None:
        """Do it all."""
        local = self._delta.topics.local_changes(self._broker_id)
        for gone in local.removed:
            self._remove(gone, ErrorCode.NOT_LEADER_OR_FOLLOWER)
        for gone in local.deleted:
            self._remove(gone, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
        configured = self._configure() if self._delta.configs else []
        for state in local.leaders:
            self._lead(state)
        for state in local.followers:
            self._follow(state)
        for partition in configured:
            partition.heed_configuration(self._manager.clock())
            if partition.syncs:
                self._manager.flusher.sync_then(partition, lambda: None)
        if self._delta.cluster:
            self._recheck_isr_for_returned_brokers()

    # Roles

    def _lead(self, state: PartitionImage) -> None:
        manager = self._manager
        partition = self._hosted_or_new(state)
        if partition is None or partition.error:
            return
        manager.fetchers.stop(partition)
        self._count_isr_change(partition, state)
        try:
            new_epoch = partition.become(state, manager.clock())
        except StorageError as error:
            manager.storage_failed(error)
            return
        if partition.syncs:
            manager.flusher.sync_then(partition, lambda: None)  # what an earlier role left unsynced may count now
        # Where this tells what became of an ISR change, the controller's answer to it is no news any more.
        manager.recheck_expansion(partition)
        if new_epoch:
            log.info(
                "leading", topic=partition.topic, partition=partition.index, epoch=state.leader_epoch, isr=state.isr
            )

    def _count_isr_change(self, partition: Partition, state: PartitionImage) -> None:
        """Count what the controller changed by itself, as when a broker dies; what this leader asked for was counted
        when it was answered.
        """
        role = partition.leader
        if role is not None:
            before = role.isr.committed if state.partition_epoch > role.partition_epoch else frozenset(state.isr)
        else:
            was = self._delta.topics.image.partition(state.topic_id, state.index)
            before = frozenset(state.isr if was is None else was.isr)
        now, statistics = frozenset(state.isr), self._manager.statistics
        statistics.isr_shrinks += not before <= now
        statistics.isr_expands += not now <= before

    def _follow(self, state: PartitionImage) -> None:
        manager = self._manager
        partition = self._hosted_or_new(state)
        if partition is None or partition.error:
            return
        if partition.become(state, manager.clock()):
            log.info(
                "following",
                topic=partition.topic,
                partition=partition.index,
                epoch=state.leader_epoch,
                leader=state.leader,
            )
            manager.fetchers.stop(partition)
            manager.fetchers.follow(partition)

    # Replicas come and go

    def _hosted_or_new(self, state: PartitionImage) -> Partition | None:
        """The replica of this partition, made if it is new; None where its disk fails."""
        manager = self._manager
        hosted = manager.by_id.get(state.topic_id, {}).get(state.index)
        if hosted is not None:
            return hosted
        topic = self._image.topics.by_id[state.topic_id].name
        try:
            replica_log = self._open_log(topic, state)
        except StorageError as error:
            log.error("cannot make a replica", topic=topic, partition=state.index, reason=str(error))
            manager.storage_failed(error)
            return None
        directory = manager.logs.directory_of(replica_log)
        partition = Partition(
            topic,
            state.topic_id,
            state.index,
            replica_log,
            broker_id=self._broker_id,
            brokers=manager,
            lag_max=manager.config.replica_lag_time_max,
            high_watermark=directory.high_watermarks.get((topic, state.index), 0),
            discard=self._discard,
            full_validation=manager.config.full_record_validation,
        )
        manager.by_name.setdefault(topic, {})[state.index] = partition
        manager.by_id.setdefault(state.topic_id, {})[state.index] = partition
        return partition

    def _open_log(self, topic: str, state: PartitionImage) -> PartitionLog:
        manager = self._manager
        found = manager.logs.get(topic, state.index)
        if found is not None and _is_of_another_topic(found, state.topic_id):
            self._discard(manager.logs.delete(found))
            found = None
        if found is not None:
            found.config = manager.log_config(topic)
            return found
        directory_id = state.directory(self._broker_id) or ZERO_UUID
        return manager.logs.create(
            topic,
            state.index,
            state.topic_id,
            manager.log_config(topic),
            manager.wall_clock_ms(),
            directory_id=directory_id,
            is_new=self._is_new(state),
        )

    def _is_new(self, state: PartitionImage) -> bool:
        """Whether this broker had no replica of the partition until now, so that no directory holds a log of it."""
        before = self._delta.image
        was = before.topics.partition(state.topic_id, state.index)
        return before is not EMPTY_IMAGE and (was is None or self._broker_id not in was.replicas)

    def _remove(self, state: PartitionImage, error: ErrorCode) -> None:
        manager = self._manager
        partition = manager.by_id.get(state.topic_id, {}).pop(state.index, None)
        if partition is None:
            return
        if not manager.by_id[state.topic_id]:
            del manager.by_id[state.topic_id]
        del manager.by_name[partition.topic][state.index]
        if not manager.by_name[partition.topic]:
            del manager.by_name[partition.topic]
        manager.fetchers.stop(partition)
        failed = bool(partition.error)
        partition.close(error)
        if failed:
            return
        log.info("replica removed", topic=partition.topic, partition=partition.index)
        try:
            self._discard(manager.logs.delete(partition.log))
        except StorageError as storage_error:
            manager.storage_failed(storage_error)

    def _discard(self, removal: Removal) -> None:
        if removal:
            self._manager.background.in_thread(removal.run, lambda: None, self._manager.storage_failed)

    # Brokers and configurations

    def _recheck_isr_for_returned_brokers(self) -> None:
        """A broker may have come back without having been away, as far as this one knew: in another epoch."""
        before = self._delta.cluster.image
        returned = {
            broker_id
            for broker_id, broker in self._delta.cluster.brokers.items()
            if broker is not None and broker.active and not _was_active(before.broker(broker_id), broker.epoch)
        }
        if not returned:
            return
        for partition, role in self._manager.led():
            if any(broker_id in role.followers and broker_id not in role.isr.committed for broker_id in returned):
                self._manager.recheck_expansion(partition)

    def _configure(self) -> list[Partition]:
        """The partitions whose configuration may be another now."""
        manager = self._manager
        topics: set[str] = set()
        for resource_type, name in self._delta.configs.changed:
            if resource_type == ResourceType.TOPIC:
                topics.add(name)
            elif resource_type == ResourceType.BROKER and name in ("", str(self._broker_id)):
                topics.update(manager.by_name)
        configured: list[Partition] = []
        for topic in sorted(topics & manager.by_name.keys()):
            config = manager.log_config(topic)
            for partition in manager.by_name[topic].values():
                partition.configure(config)
                configured.append(partition)
        return configured


def _is_of_another_topic(log: PartitionLog, topic_id: bytes) -> bool:
    """Whether an earlier topic of the name left this log, which was deleted while this broker was away.

    A log that does not say whose it is was never synced, for whose it is becomes durable first: the machine lost its
    power, and none of it was promised to be there. To take it for this topic's would mix the records of two topics.
    """
    if log.topic_id == ZERO_UUID:
        return not log.recovery_point
    return log.topic_id != topic_id


def _was_active(before: BrokerRegistration | None, epoch: int) -> bool:
    return before is not None and before.active and before.epoch == epoch
