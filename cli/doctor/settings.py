"""Settings under which acknowledged records can be lost, or one broker's end stops all writing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from barnabas.cli.doctor.finding import Examination, Finding, Severity, counted, listed, named_brokers
from barnabas.client.admin import TopicDescription

_ENOUGH: Final = 3
"""Replicas for what must not be lost."""
_BROKER_DEFAULTS: Final = {
    "default.replication.factor": 2,
    "offsets.topic.replication.factor": _ENOUGH,
    "transaction.state.log.replication.factor": _ENOUGH,
}
"""Settings for topics to come, and the least that does not endanger them."""


def check(seen: Examination) -> Iterator[Finding]:
    """All findings about settings; what a cluster is too small for is but a note."""
    brokers = len(seen.snapshot.cluster.brokers)
    yield from _single_replicas(seen, brokers)
    yield from _internal_topics(seen, brokers)
    yield from _min_isr(seen)
    yield from _unclean(seen)
    yield from _defaults(seen, brokers)


def _names(seen: Examination, has: Callable[[TopicDescription], bool]) -> list[str]:
    return [topic.name for topic in seen.snapshot.topics if has(topic)]


def _topics(names: list[str]) -> str:
    return f"topic {names[0]}" if len(names) == 1 else f"{counted(len(names), 'topic')}"


def _single_replicas(seen: Examination, brokers: int) -> Iterator[Finding]:
    names = _names(seen, lambda topic: topic.replication_factor == 1 and not topic.internal)
    if names:
        yield Finding(
            Severity.WARNING if brokers > 1 else Severity.NOTE,
            "one-replica",
            _topics(names),
            f"one replica only: {listed(names)}",
            "when their broker is lost, so are all their records; while it is away, nobody reads or writes them",
            "copy them to topics of three replicas (`barnabas consume OLD --json | barnabas produce NEW --json`), or "
            "reassign them with Kafka's tool where the cluster can do that"
            if brokers >= _ENOUGH
            else "fine for development; production needs three brokers and --replication-factor 3",
        )


def _internal_topics(seen: Examination, brokers: int) -> Iterator[Finding]:
    wanted = min(_ENOUGH, brokers)
    names = _names(seen, lambda topic: topic.internal and topic.replication_factor < wanted)
    if names:
        yield Finding(
            Severity.WARNING,
            "internal-topic-replicas",
            _topics(names),
            f"fewer than {wanted} replicas of {listed(names)}",
            "committed offsets and transactions depend on them: all groups stop where one broker does",
            f"reassign them to {wanted} brokers with Kafka's tool where the cluster can do that; a new cluster has "
            "more with offsets.topic.replication.factor and transaction.state.log.replication.factor",
        )


def _min_isr(seen: Examination) -> Iterator[Finding]:
    strict: dict[str, int] = {}
    loose: list[str] = []
    for topic in seen.snapshot.topics:
        text = seen.topic_configs.get(topic.name, {}).get("min.insync.replicas")
        replicas = topic.replication_factor
        if text is None or not text.isdecimal() or replicas < 2:
            continue
        if int(text) >= replicas:
            strict[topic.name] = replicas
        elif int(text) == 1 and replicas >= _ENOUGH:
            loose.append(topic.name)
    if strict:
        first, replicas = next(iter(strict.items()))
        yield Finding(
            Severity.WARNING,
            "min-isr-equals-replicas",
            _topics(list(strict)),
            f"min.insync.replicas is the number of replicas: {listed(strict)}",
            "as soon as one broker is away, producers with acks=all are refused",
            f"`barnabas topic alter {first} --config min.insync.replicas={replicas - 1}`"
            + ("; better, a topic of three replicas and min.insync.replicas=2" if replicas < _ENOUGH else ""),
        )
    if loose:
        yield Finding(
            Severity.WARNING,
            "min-isr-one",
            _topics(loose),
            f"min.insync.replicas is 1 with {_ENOUGH} replicas or more: {listed(loose)}",
            "a record may be acknowledged that only one broker has, and be lost with it",
            f"`barnabas topic alter {loose[0]} --config min.insync.replicas=2`",
        )


def _unclean(seen: Examination) -> Iterator[Finding]:
    name = "unclean.leader.election.enable"
    names = _names(seen, lambda topic: seen.topic_configs.get(topic.name, {}).get(name) == "true")
    if names:
        yield Finding(
            Severity.WARNING,
            "unclean-election",
            _topics(names),
            f"{name}=true: {listed(names)}",
            "a replica that lacks acknowledged records may become leader, and they are gone",
            f"`barnabas topic alter {names[0]} --config {name}=false`, unless being there matters more than records",
        )


def _defaults(seen: Examination, brokers: int) -> Iterator[Finding]:
    if brokers < 2:
        return
    for name, least in _BROKER_DEFAULTS.items():
        wanted = min(least, brokers)
        low = {broker: value for broker, value in _numbers(seen.broker_configs, name).items() if value < wanted}
        if low:
            yield Finding(
                Severity.NOTE,
                "default-replicas",
                named_brokers(low),
                f"{name} is {min(low.values())}",
                "topics that are made with it have fewer replicas than this cluster could give them",
                f"set {name}={wanted} in the brokers' properties files, or say --replication-factor for each topic",
            )


def _numbers(configs: Mapping[str, Mapping[str, str | None]], name: str) -> dict[int, int]:
    values = {int(broker): settings.get(name) for broker, settings in configs.items()}
    return {broker: int(text) for broker, text in values.items() if text is not None and text.isdecimal()}
