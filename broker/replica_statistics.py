"""What the replicas of a broker have done, counted as plain integers, and how `/metrics` tells it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from barnabas.broker.replica_manager import ReplicaManager
    from barnabas.server.metrics import Metrics


class ReplicaStatistics:
    """Counts since the start; sizes in bytes."""

    __slots__ = (
        "bytes_in",
        "bytes_out",
        "failed_isr_updates",
        "isr_expands",
        "isr_shrinks",
        "records_in",
        "replication_bytes_in",
        "replication_bytes_out",
    )

    def __init__(self) -> None:
        self.bytes_in = 0
        self.bytes_out = 0
        self.records_in = 0
        self.replication_bytes_in = 0
        self.replication_bytes_out = 0
        self.isr_expands = 0
        self.isr_shrinks = 0
        self.failed_isr_updates = 0


def add_replica_metrics(metrics: Metrics, manager: ReplicaManager) -> None:
    """Put the replicas on the page. Gauges are worked out when the page is asked for."""
    counts = manager.statistics
    metrics.gauge("barnabas_partitions", "Replicas on this broker", lambda: manager.partitions_count)
    metrics.gauge("barnabas_partitions_led", "Partitions this broker leads", lambda: sum(1 for _ in manager.led()))
    metrics.gauge(
        "barnabas_under_replicated_partitions",
        "Partitions led here whose in-sync replicas are fewer than their replicas",
        lambda: sum(role.is_under_replicated for _, role in manager.led()),
    )
    metrics.gauge(
        "barnabas_under_min_isr_partitions",
        "Partitions led here that refuse acks=all",
        lambda: sum(role.is_under_min_isr for _, role in manager.led()),
    )
    metrics.gauge(
        "barnabas_offline_replicas", "Replicas whose log directory failed", lambda: manager.offline_replicas_count
    )
    metrics.counter(
        "barnabas_isr_shrinks", "ISR changes of partitions led here that took replicas out", lambda: counts.isr_shrinks
    )
    metrics.counter(
        "barnabas_isr_expands", "ISR changes of partitions led here that let replicas in", lambda: counts.isr_expands
    )
    metrics.counter(
        "barnabas_failed_isr_updates", "ISR changes that the controller refused", lambda: counts.failed_isr_updates
    )
    metrics.counter("barnabas_produced_bytes", "Bytes of batches appended for clients", lambda: counts.bytes_in)
    metrics.counter("barnabas_produced_records", "Records appended for clients", lambda: counts.records_in)
    metrics.counter("barnabas_fetched_bytes", "Bytes of records sent to consumers", lambda: counts.bytes_out)
    metrics.counter(
        "barnabas_replicated_in_bytes", "Bytes of records fetched from leaders", lambda: counts.replication_bytes_in
    )
    metrics.counter(
        "barnabas_replicated_out_bytes", "Bytes of records sent to followers", lambda: counts.replication_bytes_out
    )
    metrics.gauge("barnabas_waiting_produces", "Produces waiting for acknowledgement", lambda: manager.waiting_produces)
    metrics.gauge("barnabas_waiting_fetches", "Fetches waiting for records", lambda: manager.waiting_fetches)
    metrics.gauge("barnabas_fetch_sessions", "Incremental fetch sessions", lambda: len(manager.sessions))
    metrics.counter(
        "barnabas_fetch_session_evictions", "Fetch sessions that made room", lambda: manager.sessions.evictions
    )
