"""A topic's configuration as far as the log and the broker need it: Kafka's topic configs, in snake case.

Values come as strings from the metadata (`LogConfig.from_strings`); what a topic does not say, the broker's defaults
do.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Final

MAX_LONG: Final = (1 << 63) - 1
_MAX_INT: Final = (1 << 31) - 1


class InvalidConfig(ValueError):
    """A topic config with a value that Kafka refuses; the text names both."""

    def __init__(self, name: str, value: str, reason: str) -> None:
        super().__init__(f"Invalid value {value} for configuration {name}: {reason}")
        self.name = name
        self.value = value


@dataclass(frozen=True, slots=True)
class LogConfig:
    """One topic's configuration; sizes in bytes, times in ms. The defaults are Kafka 4.3's."""

    cleanup_policy: tuple[str, ...] = ("delete",)
    compression_type: str = "producer"
    compression_gzip_level: int = -1
    compression_lz4_level: int = 9
    compression_zstd_level: int = 3
    delete_retention_ms: int = 86_400_000
    file_delete_delay_ms: int = 60_000
    flush_messages: int = MAX_LONG
    flush_ms: int = MAX_LONG
    follower_replication_throttled_replicas: tuple[str, ...] = ()
    index_interval_bytes: int = 4096
    leader_replication_throttled_replicas: tuple[str, ...] = ()
    local_retention_bytes: int = -2
    local_retention_ms: int = -2
    max_compaction_lag_ms: int = MAX_LONG
    max_message_bytes: int = 1_048_588
    message_timestamp_after_max_ms: int = 3_600_000
    message_timestamp_before_max_ms: int = MAX_LONG
    message_timestamp_type: str = "CreateTime"
    min_cleanable_dirty_ratio: float = 0.5
    min_compaction_lag_ms: int = 0
    min_insync_replicas: int = 1
    preallocate: bool = False
    remote_log_copy_disable: bool = False
    remote_log_delete_on_disable: bool = False
    remote_storage_enable: bool = False
    retention_bytes: int = -1
    retention_ms: int = 604_800_000
    segment_bytes: int = 1_073_741_824
    segment_index_bytes: int = 10_485_760
    segment_jitter_ms: int = 0
    segment_ms: int = 604_800_000
    unclean_leader_election_enable: bool = False

    @classmethod
    def from_strings(cls, values: Mapping[str, str], defaults: LogConfig | None = None) -> LogConfig:
        """The configuration of a topic that sets `values` (Kafka's names); names that are no topic config are skipped.

        Raises InvalidConfig for the first value that is not legal.
        """
        base = cls() if defaults is None else defaults
        changes: dict[str, Any] = {}
        for name, text in values.items():
            parse = _PARSERS.get(name)
            if parse is not None:
                changes[name.replace(".", "_")] = parse(name, text.strip())
        config = replace(base, **changes) if changes else base
        if config.min_compaction_lag_ms > config.max_compaction_lag_ms:
            raise InvalidConfig(
                "min.compaction.lag.ms",
                str(config.min_compaction_lag_ms),
                f"above max.compaction.lag.ms ({config.max_compaction_lag_ms})",
            )
        return config

    @property
    def compact(self) -> bool:
        """Whether the last value of each key is kept for ever."""
        return "compact" in self.cleanup_policy

    @property
    def delete(self) -> bool:
        """Whether old segments are deleted by age and size."""
        return "delete" in self.cleanup_policy

    @property
    def log_append_time(self) -> bool:
        """Whether records get the broker's time."""
        return self.message_timestamp_type == "LogAppendTime"


Parser = Callable[[str, str], object]


def _integer(low: int, high: int) -> Parser:
    def parse(name: str, text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            raise InvalidConfig(name, text, "Not a number of type " + ("INT" if high <= _MAX_INT else "LONG")) from None
        if value < low:
            raise InvalidConfig(name, text, f"Value must be at least {low}")
        if value > high:
            raise InvalidConfig(name, text, f"Value must be no more than {high}")
        return value

    return parse


def _gzip_level(name: str, text: str) -> int:
    level = _integer(-1, 9)(name, text)
    assert isinstance(level, int)
    if level == 0:
        raise InvalidConfig(name, text, "Value must be between 1 and 9 or equal to -1")
    return level


def _ratio(name: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise InvalidConfig(name, text, "Not a number of type DOUBLE") from None
    if not 0 <= value <= 1:
        raise InvalidConfig(name, text, "Value must be between 0 and 1")
    return value


def _boolean(name: str, text: str) -> bool:
    value = {"true": True, "false": False}.get(text.lower())
    if value is None:
        raise InvalidConfig(name, text, "Expected value to be either true or false")
    return value


def _choice(*names: str) -> Parser:
    def parse(name: str, text: str) -> str:
        if text not in names:
            raise InvalidConfig(name, text, f"String must be one of: {', '.join(names)}")
        return text

    return parse


def _list(allowed: frozenset[str] | None = None) -> Parser:
    def parse(name: str, text: str) -> tuple[str, ...]:
        items = tuple(item.strip() for item in text.split(",")) if text else ()
        for item in items:
            if allowed is not None and item not in allowed:
                raise InvalidConfig(name, text, f"String must be one of: {', '.join(sorted(allowed))}")
        return items

    return parse


_LONG: Final = {low: _integer(low, MAX_LONG) for low in (-MAX_LONG - 1, -2, -1, 0, 1)}
_INT: Final = {low: _integer(low, _MAX_INT) for low in (0, 1, 4, 1_048_576)}

_PARSERS: Final[dict[str, Parser]] = {
    "cleanup.policy": _list(frozenset(("compact", "delete"))),
    "compression.type": _choice("uncompressed", "zstd", "lz4", "snappy", "gzip", "producer"),
    "compression.gzip.level": _gzip_level,
    "compression.lz4.level": _integer(1, 17),
    "compression.zstd.level": _integer(-131_072, 22),
    "delete.retention.ms": _LONG[0],
    "file.delete.delay.ms": _LONG[0],
    "flush.messages": _LONG[1],
    "flush.ms": _LONG[0],
    "follower.replication.throttled.replicas": _list(),
    "index.interval.bytes": _INT[0],
    "leader.replication.throttled.replicas": _list(),
    "local.retention.bytes": _LONG[-2],
    "local.retention.ms": _LONG[-2],
    "max.compaction.lag.ms": _LONG[1],
    "max.message.bytes": _INT[0],
    "message.timestamp.after.max.ms": _LONG[0],
    "message.timestamp.before.max.ms": _LONG[0],
    "message.timestamp.type": _choice("CreateTime", "LogAppendTime"),
    "min.cleanable.dirty.ratio": _ratio,
    "min.compaction.lag.ms": _LONG[0],
    "min.insync.replicas": _INT[1],
    "preallocate": _boolean,
    "remote.log.copy.disable": _boolean,
    "remote.log.delete.on.disable": _boolean,
    "remote.storage.enable": _boolean,
    "retention.bytes": _LONG[-MAX_LONG - 1],
    "retention.ms": _LONG[-1],
    "segment.bytes": _INT[1_048_576],
    "segment.index.bytes": _INT[4],
    "segment.jitter.ms": _LONG[0],
    "segment.ms": _LONG[1],
    "unclean.leader.election.enable": _boolean,
}

assert {name.replace(".", "_") for name in _PARSERS} == {field.name for field in fields(LogConfig)}
