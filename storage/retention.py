"""Which old segments a log may lose: by age, by size, and because readers may not have them any more."""

from __future__ import annotations

from collections.abc import Sequence

from barnabas.storage.config import LogConfig
from barnabas.storage.segment import Segment


def expired_segments(
    segments: Sequence[Segment], config: LogConfig, high_watermark: int, end_offset: int, now_ms: int
) -> int:
    """How many segments, from the oldest on, `retention.bytes` and `retention.ms` let go; perhaps all of them.

    None that reaches beyond the high watermark, and none of a topic that is only compacted.
    """
    if not config.delete:
        return 0
    return max(
        _by_size(segments, config, high_watermark, end_offset),
        _by_age(segments, config, high_watermark, end_offset, now_ms),
    )


def _replicated(segments: Sequence[Segment], high_watermark: int, end_offset: int) -> int:
    """How many segments end at the high watermark or before, with anything in them."""
    count = 0
    for number, segment in enumerate(segments):
        last = number + 1 == len(segments)
        if (end_offset if last else segments[number + 1].base_offset) > high_watermark or (last and not segment.size):
            break
        count += 1
    return count


def _by_size(segments: Sequence[Segment], config: LogConfig, high_watermark: int, end_offset: int) -> int:
    if config.retention_bytes < 0:
        return 0
    excess, count = sum(segment.size for segment in segments) - config.retention_bytes, 0
    for segment in segments[: _replicated(segments, high_watermark, end_offset)]:
        excess -= segment.size
        if excess < 0:
            break
        count += 1
    return count


def _by_age(segments: Sequence[Segment], config: LogConfig, high_watermark: int, end_offset: int, now_ms: int) -> int:
    if config.retention_ms < 0:
        return 0
    count = 0
    for segment in segments[: _replicated(segments, high_watermark, end_offset)]:
        latest = segment.read_max_timestamp()
        if now_ms - (latest if latest >= 0 else segment.created_ms) <= config.retention_ms:
            break
        count += 1
    return count
