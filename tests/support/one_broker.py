"""A cluster of one controller and one broker, of Barnabas or of Apache Kafka, whose broker's files can be exchanged."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from apache_kafka import apache_kafka
from barnabas.testing import cluster


@dataclass(frozen=True, slots=True)
class OneBroker:
    """The broker may be dead when it is handed on: `start` does nothing if it runs."""

    bootstrap: str
    data: Path
    start: Callable[[], None]
    stop: Callable[[], None]
    kill: Callable[[], None]


@contextlib.contextmanager
def one_apache_kafka(settings: Mapping[str, str]) -> Iterator[OneBroker]:
    """Apache Kafka with these settings beside its defaults; a killed broker may soon come back."""
    quick = {"broker.session.timeout.ms": "2000", "broker.heartbeat.interval.ms": "200", **settings}
    overrides = tuple(f"{name}={value}" for name, value in quick.items())
    with apache_kafka(brokers=1, controllers=1, overrides=overrides) as running:
        [spec] = running.layout.of("broker")

        def start() -> None:
            if spec.id not in running.processes:
                running.start(spec)

        yield OneBroker(
            running.bootstrap,
            spec.data_directory,
            start,
            lambda: running.stop_node(spec.id),
            lambda: running.kill(spec.id),
        )


@contextlib.contextmanager
def one_barnabas(settings: Mapping[str, str]) -> Iterator[OneBroker]:
    """Barnabas with these settings beside its defaults."""
    with cluster(brokers=1, controllers=1, overrides=dict(settings)) as running:
        [node] = running.brokers

        def start() -> None:
            if node.pid is None:
                node.start()

        yield OneBroker(running.bootstrap, node.directory, start, node.stop, node.kill)
