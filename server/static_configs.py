"""A node's own properties, as the layer below what requests set."""

from __future__ import annotations

from barnabas.metadata.topic_configs import topic_configs
from barnabas.server.settings import Settings


def static_configs(settings: Settings) -> dict[str, str]:
    """What stands in the node's properties, as text. Those from which topics take their defaults count as read."""
    for config in topic_configs().values():
        for name, _ in config.synonyms:
            settings.value(name)
    return {name: given.text for name, given in settings.given.items()}
