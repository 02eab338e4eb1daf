"""What the cases of Produce have in common."""

from __future__ import annotations

from comparison.build import batch, fetch, produce, wanted
from comparison.talk import Talk, Topic

ABC = batch(b"a", b"b", b"c")
ID = 4_000_000_000
"""A producer id that the cluster has not given out."""


def tell(talk: Talk, version: int, records: bytes | None, **configs: str) -> Topic:
    """Produce to a new topic, and see what is in its log then."""
    topic = talk.create(configs={name.replace("_", "."): value for name, value in configs.items()})
    talk.ask(produce(version, topic, records), version)
    look(talk, topic)
    return topic


def look(talk: Talk, topic: Topic, partition: int = 0) -> None:
    """Note what is in the log."""
    talk.ask(fetch(12, (topic, [wanted(partition)])), 12)
