"""The controller's configuration from a node's settings."""

from __future__ import annotations

from barnabas.controller.config import ControllerConfig
from barnabas.server.settings import Settings
from barnabas.server.static_configs import static_configs


def controller_config(settings: Settings, cluster_id: str) -> ControllerConfig:
    """What a controller with these settings goes by."""
    return ControllerConfig(
        node_id=settings.int("node.id"),
        cluster_id=cluster_id,
        num_partitions=settings.int("num.partitions"),
        default_replication_factor=settings.int("default.replication.factor"),
        delete_topic_enable=settings.bool("delete.topic.enable"),
        session_timeout=settings.seconds("broker.session.timeout.ms"),
        reconnect_grace=settings.seconds("barnabas.broker.reconnect.grace.ms"),
        leader_rebalance_enable=settings.bool("auto.leader.rebalance.enable"),
        leader_imbalance_check_interval=settings.seconds("leader.imbalance.check.interval.seconds"),
        static_configs=static_configs(settings),
    )
