"""What a broker says of itself: on `/metrics`, on `/status`, and why it is not ready."""

from __future__ import annotations

from barnabas.broker.lifecycle import BrokerLifecycle, BrokerState
from barnabas.broker.log_loading import LoadProgress
from barnabas.broker.metadata_cache import MetadataCache
from barnabas.broker.replica_manager import ReplicaManager
from barnabas.server.dispatch import ApiTable
from barnabas.server.metrics import Metrics
from barnabas.server.quorum import Quorum


class BrokerStatus:
    """Looks at the parts when it is asked."""

    def __init__(
        self,
        broker_id: int,
        lifecycle: BrokerLifecycle,
        cache: MetadataCache,
        replicas: ReplicaManager,
        loading: LoadProgress,
        table: ApiTable,
    ) -> None:
        self._broker_id = broker_id
        self._lifecycle = lifecycle
        self._cache = cache
        self._replicas = replicas
        self._loading = loading
        self._table = table

    def missing(self) -> list[str]:
        """What the broker waits for until it is ready; nothing when it is."""
        state, loading = self._lifecycle.state, self._loading
        if self._lifecycle.ready:
            active = self._cache.image.cluster.is_active(self._broker_id)
            return [] if active else ["the cluster's metadata, which do not tell yet that this broker is active"]
        if state >= BrokerState.PENDING_CONTROLLED_SHUTDOWN:
            return ["the broker is shutting down"]
        if self._lifecycle.broker_epoch < 0:
            return ["registration with the controller"]
        if state is BrokerState.STARTING:
            return [f"the cluster's metadata (at offset {self._cache.image.offset})"]
        if not loading.done:
            return [f"logs: {loading.loaded} of {loading.total or '?'} opened"]
        return ["the controller has not unfenced this broker"]

    def status(self) -> dict[str, object]:
        """For `/status`."""
        led = [role for _, role in self._replicas.led()]
        return {
            "role": "broker",
            "state": self._lifecycle.state.name.lower().replace("_", " "),
            "ready": not self.missing(),
            "broker_epoch": self._lifecycle.broker_epoch,
            "fenced": self._lifecycle.fenced,
            "metadata_offset": self._cache.image.offset,
            "partitions": self._replicas.partitions_count,
            "leaders": len(led),
            "under_replicated": sum(role.is_under_replicated for role in led),
            "under_min_isr": sum(role.is_under_min_isr for role in led),
            "offline_replicas": self._replicas.offline_replicas_count,
            "logs_opened": self._loading.loaded,
            "logs_to_open": self._loading.total,
            "requests": sum(api.statistics.latency.count for api in self._table.apis),
        }


def add_broker_metrics(metrics: Metrics, lifecycle: BrokerLifecycle, cache: MetadataCache, quorum: Quorum) -> None:
    """The broker's own state and what it knows of the cluster."""
    metrics.gauge("barnabas_broker_state", "The broker's state, numbered as by Kafka", lambda: int(lifecycle.state))
    metrics.gauge("barnabas_broker_fenced", "1 while the broker is fenced", lambda: int(lifecycle.fenced))
    metrics.gauge("barnabas_broker_epoch", "The broker's epoch, -1 before it registers", lambda: lifecycle.broker_epoch)
    metrics.gauge("barnabas_metadata_offset", "The metadata record applied last", lambda: cache.image.offset)
    metrics.gauge("barnabas_topics", "Topics in the cluster", lambda: len(cache.image.topics))
    metrics.gauge(
        "barnabas_offline_partitions",
        "Partitions in the cluster that have no leader",
        lambda: len(cache.image.topics.leaderless),
    )
    metrics.gauge(
        "barnabas_live_brokers", "Brokers that are not fenced", lambda: len(list(cache.image.cluster.unfenced()))
    )
    metrics.gauge("barnabas_quorum_epoch", "The epoch of the quorum", lambda: quorum.epoch)
    metrics.gauge(
        "barnabas_quorum_leader",
        "The node that leads the quorum, -1 while none is known",
        lambda: -1 if quorum.leader is None else quorum.leader.id,
    )
