"""What the parts of a broker are configured with, read from its settings."""

from __future__ import annotations

from barnabas.broker.fetcher import FetchLimits
from barnabas.broker.log_cleaning import CleanerConfig
from barnabas.broker.log_housekeeping import HousekeepingConfig
from barnabas.broker.replica_manager import ReplicaConfig
from barnabas.broker.replica_selector import RACK_AWARE
from barnabas.server.settings import Settings


def replica_config(settings: Settings) -> ReplicaConfig:
    """For the replica manager."""
    return ReplicaConfig(
        broker_id=settings.int("node.id"),
        replica_lag_time_max=settings.seconds("replica.lag.time.max.ms"),
        max_fetch_sessions=settings.int("max.incremental.fetch.session.cache.slots"),
        rack_aware=settings.optional_str("replica.selector.class") == RACK_AWARE,
        full_record_validation=settings.str("barnabas.record.validation") == "full",
    )


def fetch_limits(settings: Settings) -> FetchLimits:
    """For the fetching from leaders."""
    return FetchLimits(
        max_wait_ms=settings.int("replica.fetch.wait.max.ms"),
        min_bytes=settings.int("replica.fetch.min.bytes"),
        max_bytes=settings.int("replica.fetch.response.max.bytes"),
        partition_max_bytes=settings.int("replica.fetch.max.bytes"),
        max_backoff=settings.seconds("replica.fetch.backoff.ms"),
    )


def cleaner_config(settings: Settings) -> CleanerConfig:
    """For compaction."""
    return CleanerConfig(
        tasks=settings.int("log.cleaner.threads") if settings.bool("log.cleaner.enable") else 0,
        backoff=settings.seconds("log.cleaner.backoff.ms"),
        map_bytes=settings.int("log.cleaner.dedupe.buffer.size"),
        bytes_per_second=settings.float("log.cleaner.io.max.bytes.per.second"),
    )


def housekeeping_config(settings: Settings) -> HousekeepingConfig:
    """For checkpoints, retention and the like."""
    return HousekeepingConfig(
        checkpoint_interval=settings.seconds("replica.high.watermark.checkpoint.interval.ms"),
        retention_interval=settings.seconds("log.retention.check.interval.ms"),
        producer_expiration_ms=settings.int("producer.id.expiration.ms"),
    )
