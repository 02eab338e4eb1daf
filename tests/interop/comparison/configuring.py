"""What the cases of DescribeConfigs and of altering configurations have in common."""

from __future__ import annotations

import time
from collections.abc import Sequence

from comparison.talk import Talk

from barnabas.protocol.messages.alter_configs import AlterConfigsRequest
from barnabas.protocol.messages.describe_configs import DescribeConfigsRequest
from barnabas.protocol.messages.incremental_alter_configs import IncrementalAlterConfigsRequest

UNKNOWN, TOPIC, BROKER, BROKER_LOGGER, CLIENT_METRICS, GROUP = 0, 2, 4, 8, 16, 32
SET, DELETE, APPEND, SUBTRACT = 0, 1, 2, 3
Change = tuple[str, int, str | None]


def describe(*resources: tuple[int, str, Sequence[str] | None], **rest: bool) -> DescribeConfigsRequest:
    return DescribeConfigsRequest(
        resources=[
            DescribeConfigsRequest.DescribeConfigsResource(
                resource_type=kind, resource_name=name, configuration_keys=keys
            )
            for kind, name, keys in resources
        ],
        **rest,
    )


def alter(kind: int, name: str, *changes: Change, validate_only: bool = False) -> IncrementalAlterConfigsRequest:
    """Changes of one resource: name, operation, value."""
    outer = IncrementalAlterConfigsRequest
    configs = [outer.AlterableConfig(name=key, config_operation=op, value=value) for key, op, value in changes]
    resource = outer.AlterConfigsResource(resource_type=kind, resource_name=name, configs=configs)
    return outer(resources=[resource], validate_only=validate_only)


def replace(kind: int, name: str, *configs: tuple[str, str | None], validate_only: bool = False) -> AlterConfigsRequest:
    """All that is to be set for one resource."""
    outer = AlterConfigsRequest
    resource = outer.AlterConfigsResource(
        resource_type=kind,
        resource_name=name,
        configs=[outer.AlterableConfig(name=key, value=value) for key, value in configs],
    )
    return outer(resources=[resource], validate_only=validate_only)


def dynamic(talk: Talk, name: str, kind: int = TOPIC) -> dict[str, str]:
    """What is set for the resource itself, by the answer of broker 1."""
    own = 1 if kind == TOPIC else 2 if name else 3
    answer = talk.quietly(describe((kind, name, None), include_synonyms=True), 4)
    return {
        entry.name: synonym.value
        for entry in answer.results[0].configs
        for synonym in entry.synonyms
        if synonym.source == own and synonym.name == entry.name
    }


def settled(talk: Talk, name: str, before: dict[str, str], kind: int = TOPIC) -> dict[str, str]:
    """What is set, once it is no longer `before`; as it is after a while, if nothing changes."""
    deadline = time.monotonic() + 1.0
    while (found := dynamic(talk, name, kind)) == before and time.monotonic() < deadline:
        time.sleep(0.01)
    return found


def change(talk: Talk, version: int, topic: str, *changes: Change) -> None:
    """Alter the topic, and note what is set then."""
    before = dynamic(talk, topic)
    answer = talk.ask(alter(TOPIC, topic, *changes), version)
    failed = answer.responses[0].error_code
    talk.note("set", dynamic(talk, topic) if failed else settled(talk, topic, before))
