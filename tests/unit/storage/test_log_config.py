"""A topic's configuration from its strings."""

from __future__ import annotations

import pytest

from barnabas.storage.config import InvalidConfig, LogConfig


def test_what_a_topic_does_not_say_the_defaults_do():
    defaults = LogConfig(segment_bytes=5_000_000, retention_ms=7)
    config = LogConfig.from_strings({"retention.ms": "-1", "unknown.name": "x"}, defaults)
    assert (config.segment_bytes, config.retention_ms, config.flush_messages) == (5_000_000, -1, 2**63 - 1)
    assert LogConfig.from_strings({}, defaults) is defaults


def test_every_kind_of_value():
    config = LogConfig.from_strings(
        {
            "cleanup.policy": "compact, delete",
            "compression.type": "zstd",
            "min.cleanable.dirty.ratio": "0.25",
            "unclean.leader.election.enable": "TRUE",
            "message.timestamp.type": "LogAppendTime",
            "segment.bytes": " 1048576 ",
        }
    )
    assert (config.compact, config.delete, config.compression_type) == (True, True, "zstd")
    assert (config.min_cleanable_dirty_ratio, config.unclean_leader_election_enable) == (0.25, True)
    assert (config.log_append_time, config.segment_bytes) == (True, 1 << 20)
    assert not LogConfig.from_strings({"cleanup.policy": ""}).delete


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("segment.bytes", "1048575", "Value must be at least 1048576"),
        ("segment.bytes", "2147483648", "Value must be no more than 2147483647"),
        ("retention.ms", "-2", "Value must be at least -1"),
        ("retention.ms", "soon", "Not a number of type LONG"),
        ("min.insync.replicas", "1.5", "Not a number of type INT"),
        ("cleanup.policy", "shred", "String must be one of: compact, delete"),
        ("compression.type", "lzma", "String must be one of: "),
        ("compression.gzip.level", "0", "Value must be between 1 and 9 or equal to -1"),
        ("min.cleanable.dirty.ratio", "2", "Value must be between 0 and 1"),
        ("min.cleanable.dirty.ratio", "x", "Not a number of type DOUBLE"),
        ("preallocate", "yes", "Expected value to be either true or false"),
    ],
)
def test_what_kafka_refuses(name, value, reason):
    with pytest.raises(InvalidConfig) as error:
        LogConfig.from_strings({name: value})
    assert str(error.value).startswith(f"Invalid value {value} for configuration {name}: {reason}")


def test_compaction_lags_must_fit():
    with pytest.raises(InvalidConfig, match=r"min\.compaction\.lag\.ms"):
        LogConfig.from_strings({"min.compaction.lag.ms": "11", "max.compaction.lag.ms": "10"})
