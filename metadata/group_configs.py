"""The configuration of groups (GROUP resources): names, types, legal values, and which settings of brokers they follow.

The facts are `schema/group_configs.json`. What is not set for a group follows the broker's setting named as its
`synonym`; other settings of brokers bound what may be set. Those of share and streams groups may be set as well, as in
Kafka, though nothing here heeds them yet.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from barnabas.metadata.topic_configs import TopicConfig, Value
from barnabas.protocol.errors import ErrorCode, WireError


@dataclass(frozen=True, slots=True)
class GroupConfig:
    """One configuration key of groups. `lowest` and `highest` are the names of brokers' settings; `above` is the key of
    groups whose value must be smaller."""

    name: str
    type: str
    default: str
    min: int | None = None
    choices: tuple[str, ...] = ()
    pattern: str | None = None
    expected: str = ""
    synonym: str | None = None
    lowest: str | None = None
    highest: str | None = None
    above: str | None = None

    def parse(self, text: str) -> Value:
        """The value that a text stands for. Raises `WireError` INVALID_CONFIG where the text is not legal."""
        definition = TopicConfig(self.name, self.type, self.default, min=self.min, choices=self.choices)
        if self.pattern is not None and not re.fullmatch(self.pattern, text):
            raise WireError(
                ErrorCode.INVALID_CONFIG, f"Invalid value {text} for configuration {self.name}: {self.expected}"
            )
        return definition.parse(text)


@cache
def group_configs() -> Mapping[str, GroupConfig]:
    """Every configuration key of groups, in the order of names."""
    facts = json.loads((Path(__file__).parent / "schema/group_configs.json").read_text("utf-8"))
    for fact in facts:
        fact["choices"] = tuple(fact.get("choices", ()))
    return {fact["name"]: GroupConfig(**fact) for fact in sorted(facts, key=lambda fact: str(fact["name"]))}


def validate_group_configs(values: Mapping[str, str], setting: Callable[[str], int]) -> None:
    """Raises `WireError` INVALID_CONFIG unless a group may be configured so. `setting` gives a broker's setting."""
    known = group_configs()
    for name in values:
        if name not in known:
            raise WireError(ErrorCode.INVALID_CONFIG, f"Unknown group config name: {name}")
    parsed = {name: known[name].parse(text) for name, text in values.items()}
    for name, value in parsed.items():
        _check_bounds(known[name], value, setting)
    for config in known.values():
        if config.above is not None and {config.name, config.above} & parsed.keys():
            _check_above(config, known[config.above], parsed, setting)


def _check_bounds(config: GroupConfig, value: Value, setting: Callable[[str], int]) -> None:
    if not isinstance(value, int):
        return
    if config.lowest is not None and value < setting(config.lowest):
        raise WireError(ErrorCode.INVALID_CONFIG, f"{config.name} must be greater than or equal to {config.lowest}")
    if config.highest is not None and value > setting(config.highest):
        raise WireError(ErrorCode.INVALID_CONFIG, f"{config.name} must be less than or equal to {config.highest}")


def _check_above(
    config: GroupConfig, smaller: GroupConfig, parsed: Mapping[str, Value], setting: Callable[[str], int]
) -> None:
    def in_effect(config: GroupConfig) -> Value:
        return parsed[config.name] if config.name in parsed else setting(config.synonym or "")

    value, other = in_effect(config), in_effect(smaller)
    if isinstance(value, int) and isinstance(other, int) and value <= other:
        raise WireError(ErrorCode.INVALID_CONFIG, f"{config.name} must be greater than {smaller.name}")
