"""What the active controller tells the log about brokers: one line for each change of state."""

from __future__ import annotations

from barnabas.metadata.cluster import BrokerRegistration, ClusterImage
from barnabas.server.logging import get_logger

log = get_logger(__name__)


def state_of(broker: BrokerRegistration) -> str:
    """A broker's state in a word or two."""
    if broker.fenced:
        return "fenced"
    return "in controlled shutdown" if broker.in_controlled_shutdown else "unfenced"


def log_broker_changes(before: ClusterImage, after: ClusterImage) -> None:
    """One line for each broker that came, went, or changed its state. Costs nothing where nothing changed."""
    if before.brokers is after.brokers:
        return
    for broker_id, broker in sorted(after.brokers.items()):
        known = before.brokers.get(broker_id)
        if known is None or known.epoch != broker.epoch:
            log.info("broker registered", broker=broker_id, epoch=broker.epoch, rack=broker.rack)
        elif state_of(known) != state_of(broker):
            log.info(f"broker {state_of(broker)}", broker=broker_id, epoch=broker.epoch)
    for broker_id in sorted(set(before.brokers).difference(after.brokers)):
        log.info("broker unregistered", broker=broker_id)
