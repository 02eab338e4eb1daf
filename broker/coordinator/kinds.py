"""The kinds of coordinators that a broker has, put together from its settings.

Machines are imported when the first of them is needed: a broker whose clients have no groups goes without.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import TYPE_CHECKING

from barnabas.broker.coordinator.coordinators import CoordinatorKind
from barnabas.broker.coordinator.internal_topics import OFFSETS_TOPIC, TRANSACTIONS_TOPIC
from barnabas.broker.coordinator.records import OFFSETS, TRANSACTIONS
from barnabas.protocol.compression import Compression

if TYPE_CHECKING:
    from barnabas.broker.coordinator.groups.events import GroupListener
    from barnabas.broker.coordinator.groups.machine import GroupCoordinator
    from barnabas.broker.coordinator.transactions.machine import TransactionCoordinator
    from barnabas.broker.coordinator.transactions.marker_order import MarkerOutbox
    from barnabas.metadata.image import MetadataImage
    from barnabas.server.settings import Settings


def group_kind(
    settings: Settings, image: Callable[[], MetadataImage], rng: random.Random, tell: GroupListener
) -> CoordinatorKind[GroupCoordinator]:
    """Groups and their offsets, on `__consumer_offsets`.

    `image` gives the newest metadata, `rng` makes member ids, `tell` gets what happens to groups.
    """
    from barnabas.broker.coordinator.groups.config import GroupConfig

    config = GroupConfig.of(settings)

    def new_member_id(prefix: str) -> str:
        from uuid import UUID

        return f"{prefix}-{UUID(int=rng.getrandbits(128), version=4)}"

    def new_machine(partition: int) -> GroupCoordinator:
        from barnabas.broker.coordinator.groups.machine import GroupCoordinator

        return GroupCoordinator(config, image, new_member_id, tell)

    return CoordinatorKind(
        name="group",
        topic=OFFSETS_TOPIC,
        codec=OFFSETS,
        num_partitions=settings.int("offsets.topic.num.partitions"),
        new_machine=new_machine,
        write_timeout=settings.seconds("offsets.commit.timeout.ms"),
        on_metadata=lambda machine, delta, image, now, now_ms: machine.on_metadata(delta, image, now, now_ms),
        load_bytes=settings.int("offsets.load.buffer.size"),
        compression=Compression(settings.int("offsets.topic.compression.codec")),
    )


def transaction_kind(
    settings: Settings,
    outbox: MarkerOutbox,
    server_version: Callable[[], int],
    take_producer_id: Callable[[], int | None],
) -> CoordinatorKind[TransactionCoordinator]:
    """Transactions, on `__transaction_state`.

    `server_version` gives the level of `transaction.version`, `take_producer_id` a new id if there is one now.
    """
    from barnabas.broker.coordinator.transactions.config import transaction_config

    config = transaction_config(settings)

    def new_machine(partition: int) -> TransactionCoordinator:
        from barnabas.broker.coordinator.transactions.machine import TransactionCoordinator

        return TransactionCoordinator(partition, config, outbox, server_version, take_producer_id)

    return CoordinatorKind(
        name="transaction",
        topic=TRANSACTIONS_TOPIC,
        codec=TRANSACTIONS,
        num_partitions=settings.int("transaction.state.log.num.partitions"),
        new_machine=new_machine,
        write_timeout=settings.seconds("request.timeout.ms"),
        load_bytes=settings.int("transaction.state.log.load.buffer.size"),
    )
