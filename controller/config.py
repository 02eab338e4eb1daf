"""What the controller is configured with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class ControllerConfig:
    """Values from the controller's own properties; times in seconds.

    `static_configs` are the properties that stand in the file, as text: topics take their defaults from them.
    """

    node_id: int
    cluster_id: str
    num_partitions: int = 1
    default_replication_factor: int = 1
    delete_topic_enable: bool = True
    session_timeout: float = 9.0
    reconnect_grace: float = 0.25
    leader_rebalance_enable: bool = True
    leader_imbalance_check_interval: float = 300.0
    static_configs: Mapping[str, str] = field(default_factory=dict)
