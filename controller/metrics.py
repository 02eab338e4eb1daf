"""What a controller says of itself: on `/metrics`, on `/status`, and why it is not ready."""

from __future__ import annotations

from barnabas.controller.driver import ControllerDriver
from barnabas.metadata.image import MetadataImage
from barnabas.server.metrics import Histogram, Metrics
from barnabas.server.quorum import Quorum


class ControllerStatus:
    """Looks at the driver and the quorum when it is asked."""

    def __init__(self, driver: ControllerDriver, quorum: Quorum) -> None:
        self._driver = driver
        self._quorum = quorum
        self._has_caught_up = False

    def missing(self) -> list[str]:
        """What the controller waits for until it is ready; nothing when it is.

        Once it has caught up with the metadata log it stays ready while it hears the leader: every commit is known a
        moment before it is applied, and a probe that came between would take the controller out of service.
        """
        quorum = self._quorum
        if quorum.leader is None:
            return [f"a leader of the quorum (epoch {quorum.epoch})"]
        if not quorum.hears_leader:
            return [f"a leader of the quorum: {quorum.leader.id} is not heard any more (epoch {quorum.epoch})"]
        behind = quorum.high_watermark is None or quorum.applied_offset < quorum.high_watermark
        if behind and not self._has_caught_up:
            return [f"the metadata log (at {quorum.applied_offset} of {quorum.high_watermark or '?'})"]
        self._has_caught_up = True
        return []

    @property
    def image(self) -> MetadataImage:
        """The committed image."""
        return self._driver.controller.committed_image

    def status(self) -> dict[str, object]:
        """For `/status`."""
        image, leader = self.image, self._quorum.leader
        return {
            "role": "controller",
            "state": "active" if self._driver.active else "standby",
            "ready": not self.missing(),
            "leader": -1 if leader is None else leader.id,
            "epoch": self._quorum.epoch,
            "high_watermark": self._quorum.high_watermark,
            "log_end_offset": self._quorum.end_offset,
            "metadata_offset": image.offset,
            "brokers": len(image.cluster.brokers),
            "brokers_live": self.live_brokers(),
            "topics": len(image.topics),
            "partitions": image.topics.partitions_count,
            "offline_partitions": len(image.topics.leaderless),
        }

    def live_brokers(self) -> int:
        """How many brokers are not fenced."""
        return sum(not broker.fenced for broker in self.image.cluster.brokers.values())


def add_controller_metrics(metrics: Metrics, driver: ControllerDriver, status: ControllerStatus) -> None:
    """The cluster as this controller knows it, and what it decides."""
    counts = driver.controller.counts
    metrics.gauge("barnabas_active_controller", "1 on the active controller", lambda: int(driver.active))
    metrics.gauge("barnabas_metadata_offset", "The metadata record applied last", lambda: status.image.offset)
    metrics.gauge("barnabas_topics", "Topics in the cluster", lambda: len(status.image.topics))
    metrics.gauge(
        "barnabas_cluster_partitions", "Partitions in the cluster", lambda: status.image.topics.partitions_count
    )
    metrics.gauge(
        "barnabas_offline_partitions",
        "Partitions in the cluster that have no leader",
        lambda: len(status.image.topics.leaderless),
    )
    metrics.gauge(
        "barnabas_preferred_replica_imbalance",
        "Partitions in the cluster that another than the first replica leads",
        lambda: len(status.image.topics.unpreferred),
    )
    metrics.gauge("barnabas_live_brokers", "Brokers that are not fenced", status.live_brokers)
    metrics.gauge(
        "barnabas_fenced_brokers",
        "Brokers that are registered and fenced",
        lambda: len(status.image.cluster.brokers) - status.live_brokers(),
    )
    metrics.counter("barnabas_leader_elections", "Leaders elected here", lambda: counts.elections)
    metrics.counter(
        "barnabas_unclean_leader_elections",
        "Leaders elected here that may lack committed records",
        lambda: counts.unclean_elections,
    )
    metrics.counter("barnabas_brokers_fenced", "Brokers fenced here", lambda: counts.fenced)
    metrics.gauge(
        "barnabas_controller_waiting_replies", "Replies that wait for a commit", lambda: driver.runtime.waiting
    )
    metrics.histogram(
        "barnabas_controller_decision_seconds",
        "From a request to the commit of what it decided",
        lambda: {(): driver.latency},
    )


def add_quorum_metrics(metrics: Metrics, quorum: Quorum, commits: Histogram) -> None:
    """This node's part in the quorum; `commits` has the seconds from append to commit."""
    metrics.gauge("barnabas_quorum_epoch", "The epoch of the quorum", lambda: quorum.epoch)
    metrics.gauge(
        "barnabas_quorum_leader",
        "The node that leads the quorum, -1 while none is known",
        lambda: -1 if quorum.leader is None else quorum.leader.id,
    )
    metrics.gauge("barnabas_quorum_log_end_offset", "The end of this node's log", lambda: quorum.end_offset)
    metrics.gauge("barnabas_quorum_high_watermark", "The end of what is committed", lambda: quorum.high_watermark or 0)
    metrics.histogram("barnabas_quorum_commit_seconds", "From an append here to its commit", lambda: {(): commits})
