"""The client libraries of other languages, and what each can do; and Python's, as members of groups."""

from __future__ import annotations

import sys

from clients.client import Kind

JAVA = ("java", "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp", "{}/classes:{}/libs/*", "Driver")
KINDS = [
    Kind(
        "java",
        "java",
        (*JAVA, "BOOTSTRAP"),
        lacks=frozenset({"replace"}),
        protocols=("cooperative", "consumer"),
    ),
    Kind("franz-go", "go", ("{}/franz", "BOOTSTRAP"), protocols=("cooperative", "consumer")),
    Kind("sarama-2.1", "go", ("{}/sarama", "BOOTSTRAP", "2.1"), lacks=frozenset({"set", "max_timestamp"})),
    Kind("sarama-2.8", "go", ("{}/sarama", "BOOTSTRAP", "2.8"), lacks=frozenset({"max_timestamp"})),
    Kind(
        "sarama-newest",
        "go",
        ("{}/sarama", "BOOTSTRAP", "newest"),
        lacks=frozenset({"max_timestamp"}),
        protocols=("eager", "cooperative"),
    ),
    # It consumes in groups of eager members only, and has neither lz4 nor zstd that builds without a compiler.
    Kind(
        "kafkajs",
        "node",
        ("node", "{}/driver.js", "BOOTSTRAP"),
        codecs=("none", "gzip", "snappy"),
        lacks=frozenset({"set", "fetch", "max_timestamp"}),
        protocols=("eager",),
    ),
]
PYTHON_KINDS = [
    Kind(name, "python", (sys.executable, "{}/driver.py", name, "BOOTSTRAP"), protocols=protocols)
    for name, protocols in (
        ("confluent-kafka", ("eager", "cooperative", "consumer")),
        ("kafka-python", ("eager", "cooperative")),
        ("aiokafka", ("eager",)),
    )
]
"""What else they do is tested in tests/cluster, which needs nothing but Python."""
