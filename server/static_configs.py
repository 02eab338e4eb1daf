"""A node's own properties, as the layer below what requests set."""

from __future__ import annotations

from dataclasses import fields
from typing import Final

from barnabas.metadata.topic_configs import UNCLEAN_LEADER_ELECTION_ENABLE, topic_configs
from barnabas.server.settings import Settings
from barnabas.storage.config import LogConfig

_HEEDED: Final = {UNCLEAN_LEADER_ELECTION_ENABLE, *(field.name.replace("_", ".") for field in fields(LogConfig))}
"""The configurations of topics that have an effect."""


def static_configs(settings: Settings) -> dict[str, str]:
    """What stands in the node's properties, as text.

    Those from which topics take what has an effect count as read.
    """
    for name in _HEEDED:
        for synonym, _ in topic_configs()[name].synonyms:
            settings.value(synonym)
    return {name: given.text for name, given in settings.given.items()}
