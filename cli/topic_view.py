"""How topics are shown: the list, and each with its settings and partitions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import typer

from barnabas.cli.output import show_each, show_json, show_table
from barnabas.client.admin import TOPIC, Admin, ConfigValue, TopicDescription
from barnabas.client.errors import BrokerError, ClientError
from barnabas.client.metadata import NO_LEADER, PartitionView


@dataclass(frozen=True, slots=True)
class DescribedTopic:
    """A topic and the settings that it was given itself."""

    topic: TopicDescription
    configs: Mapping[str, str | None]


async def fetch_topics(admin: Admin, names: Sequence[str] | None) -> dict[str, DescribedTopic | BrokerError]:
    """Topics by name (None: all), each with its settings, or with its error."""
    found: Mapping[str, TopicDescription | BrokerError]
    if names is None:
        found = {topic.name: topic for topic in await admin.list_topics()}
    else:
        found = await admin.describe_topics(names)
    configs = await admin.describe_configs(
        TOPIC, [n for n, topic in found.items() if isinstance(topic, TopicDescription)]
    )
    return {name: _with_configs(topic, configs.get(name)) for name, topic in found.items()}


def _with_configs(
    topic: TopicDescription | BrokerError, configs: list[ConfigValue] | BrokerError | None
) -> DescribedTopic | BrokerError:
    if isinstance(topic, BrokerError):
        return topic
    if isinstance(configs, BrokerError):
        return configs
    return DescribedTopic(topic, {config.name: config.value for config in configs or () if config.source == "topic"})


def show_list(topics: Sequence[TopicDescription], *, as_json: bool) -> None:
    """One line a topic."""
    summaries = [_summary(topic) for topic in topics]
    if as_json:
        show_json(summaries)
        return
    columns = {
        "topic": "name",
        "partitions": "partitions",
        "replication": "replication_factor",
        "under-replicated": "under_replicated_partitions",
        "offline": "offline_partitions",
    }
    show_table(list(columns), ([summary[key] for key in columns.values()] for summary in summaries))


def show_descriptions(found: Mapping[str, DescribedTopic | ClientError], *, as_json: bool) -> None:
    """Everything about each topic; exits with 1 if there is none of some name."""
    show_each(found, key="name", facts=_facts, show=_show, as_json=as_json)


def _show(described: DescribedTopic) -> None:
    topic = described.topic
    typer.echo(f"topic {topic.name}: id {topic.topic_id}" + (", internal" if topic.internal else ""))
    if described.configs:
        typer.echo("settings " + ", ".join(f"{name}={value}" for name, value in described.configs.items()))
    columns = ("partition", "leader", "epoch", "replicas", "isr", "state")
    show_table(columns, ([number, *_row(topic.partitions[number])] for number in sorted(topic.partitions)))


def _row(partition: PartitionView) -> Sequence[object]:
    leader = "none" if partition.leader == NO_LEADER else partition.leader
    return leader, partition.leader_epoch, _ids(partition.replicas), _ids(partition.isr), _state(partition)


def _ids(brokers: Sequence[int]) -> str:
    return ",".join(map(str, brokers))


def _state(partition: PartitionView) -> str:
    if partition.leader == NO_LEADER:
        return "offline"
    if len(partition.isr) < len(partition.replicas):
        return "under-replicated"
    return "ok"


def _summary(topic: TopicDescription) -> dict[str, Any]:
    states = [_state(partition) for partition in topic.partitions.values()]
    return {
        "name": topic.name,
        "topic_id": topic.topic_id,
        "internal": topic.internal,
        "partitions": len(states),
        "replication_factor": topic.replication_factor,
        "under_replicated_partitions": len(states) - states.count("ok"),
        "offline_partitions": states.count("offline"),
    }


def _facts(described: DescribedTopic) -> dict[str, Any]:
    partitions = [
        {
            "partition": number,
            "leader": None if view.leader == NO_LEADER else view.leader,
            "leader_epoch": view.leader_epoch,
            "replicas": list(view.replicas),
            "isr": list(view.isr),
            "offline_replicas": list(view.offline_replicas),
        }
        for number, view in sorted(described.topic.partitions.items())
    ]
    summary = _summary(described.topic)
    return {**summary, "configs": dict(described.configs), "partitions": partitions}
