"""The coordinators' own topics: with what they are created, on first use.

Names, numbers and configurations are Kafka's; the settings `offsets.topic.*` and `transaction.state.log.*` say the
rest. A topic that exists counts as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from barnabas.protocol.messages.create_topics import CreateTopicsRequest

if TYPE_CHECKING:
    from barnabas.server.settings import Settings

OFFSETS_TOPIC: Final = "__consumer_offsets"
TRANSACTIONS_TOPIC: Final = "__transaction_state"


def internal_topics(settings: Settings) -> dict[str, CreateTopicsRequest.CreatableTopic]:
    """How each internal topic is to be created, by name."""
    return {
        OFFSETS_TOPIC: _topic(
            OFFSETS_TOPIC,
            settings,
            "offsets.topic",
            {"compression.type": "producer"},
        ),
        TRANSACTIONS_TOPIC: _topic(
            TRANSACTIONS_TOPIC,
            settings,
            "transaction.state.log",
            {
                "unclean.leader.election.enable": "false",
                "compression.type": "uncompressed",
                "min.insync.replicas": str(settings.int("transaction.state.log.min.isr")),
            },
        ),
    }


def _topic(
    name: str, settings: Settings, prefix: str, configs: Mapping[str, str]
) -> CreateTopicsRequest.CreatableTopic:
    configs = {
        **configs,
        "cleanup.policy": "compact",
        "segment.bytes": str(settings.int(f"{prefix}.segment.bytes")),
    }
    return CreateTopicsRequest.CreatableTopic(
        name=name,
        num_partitions=settings.int(f"{prefix}.num.partitions"),
        replication_factor=settings.int(f"{prefix}.replication.factor"),
        configs=[
            CreateTopicsRequest.CreatableTopicConfig(name=config, value=value) for config, value in configs.items()
        ],
    )
