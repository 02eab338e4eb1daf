"""`barnabas consume TOPIC`: records as lines of standard output."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Final, Literal

import trio
import typer

from barnabas.cli.access import Access
from barnabas.cli.failures import CommandError, UsageError
from barnabas.cli.main import EXIT_INTERRUPTED
from barnabas.cli.options import noun
from barnabas.cli.progress import Progress, is_watched, progress_bar
from barnabas.cli.record_lines import HEADERS_END, LineRecord, TextForm, json_line, parse_separator
from barnabas.cli.session import find_topic, in_trio
from barnabas.cli.streams import leave_stdout, write_stdout
from barnabas.client.consumer import Consumer, Start
from barnabas.client.fetching import ConsumerRecord

app = noun()

_POSITIONS: Final[dict[str, Literal["earliest", "latest"]]] = {"beginning": "earliest", "end": "latest"}


@dataclass(frozen=True, slots=True)
class Source:
    """What to read: of `partitions` (none: all) from `start`, and when to stop."""

    topic: str
    partitions: tuple[int, ...]
    start: Start
    follow: bool
    max_records: int | None
    patience: float
    """Seconds for a broker's answer, and without a record before the end: then something must be wrong."""


@app.command()
def consume(
    topic: Annotated[str, typer.Argument(metavar="TOPIC", show_default=False)],
    start: Annotated[
        str, typer.Option("--from", metavar="beginning|end|OFFSET", help="Where to begin; `end` implies --follow.")
    ] = "beginning",
    partition: Annotated[
        list[int] | None, typer.Option(min=0, metavar="NUMBER", help="Only this one. May be repeated. Without it, all.")
    ] = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="At the end, wait for more until Ctrl-C.")] = False,
    max_records: Annotated[int | None, typer.Option(min=1, metavar="NUMBER", help="Stop after so many.")] = None,
    print_key: Annotated[bool, typer.Option("--print-key", help="Print the key and a tab before the value.")] = False,
    key_separator: Annotated[
        str | None, typer.Option(metavar="TEXT", help="Print the key and this text before the value.")
    ] = None,
    headers: Annotated[
        bool, typer.Option("--headers", help="Print the headers, NAME=VALUE,..., and a tab before each record.")
    ] = False,
    null: Annotated[str, typer.Option(metavar="TEXT", help="Print this for a key or value that is null.")] = "null",
    as_json: Annotated[
        bool, typer.Option("--json", help="Print JSON objects with all there is of a record, one a line.")
    ] = False,
    *,
    access: Access,
) -> None:
    """Read records: each is a line of standard output. Ends at what was the end of the topic when it began."""
    if as_json and (print_key or key_separator is not None or headers):
        raise UsageError("--json prints keys and headers anyway; leave out the options for text")
    follow = follow or start == "end"
    source = Source(topic, tuple(partition or ()), _parse_start(start), follow, max_records, access.timeout)
    separator = parse_separator(key_separator) if key_separator is not None else HEADERS_END if print_key else None
    form = TextForm(separator, headers, null.encode())
    interrupted = False
    try:
        in_trio(_consume, access, source, _json if as_json else lambda record: form.line(_line(record)))
    except* KeyboardInterrupt:
        interrupted = True
    except* BrokenPipeError:
        leave_stdout()
    if interrupted and not follow:
        raise typer.Exit(EXIT_INTERRUPTED)


async def _consume(access: Access, source: Source, line: Callable[[ConsumerRecord], bytes]) -> None:
    async with Consumer(
        access.bootstrap,
        auto_offset_reset="none",
        request_timeout=access.timeout,
        client_id=access.client_id,
        **access.security,
    ) as consumer:
        await print_records(consumer, source, line)


async def print_records(consumer: Consumer, source: Source, line: Callable[[ConsumerRecord], bytes]) -> None:
    """Print the records of a source until its end, its maximum, or cancellation."""
    partitions = source.partitions or sorted((await find_topic(consumer.cluster, source.topic)).partitions)
    starts: dict[tuple[str, int], Start] = {(source.topic, partition): source.start for partition in partitions}
    await consumer.assign(starts, stop_at_end=not source.follow)
    watched = not source.follow and is_watched(prints=True)
    total = await _count(consumer, source) if watched else 0
    with progress_bar(source.topic, total, watched=watched) as progress:
        ended = await _print(consumer, source, line, progress)
    if not ended:
        raise CommandError(
            f"nothing came from {source.topic} for {source.patience:g} s, though its end is not reached; "
            "`barnabas topic describe` shows whether its partitions have leaders"
        )


async def _print(
    consumer: Consumer, source: Source, line: Callable[[ConsumerRecord], bytes], progress: Progress
) -> bool:
    """Whether all was read; if not, nothing came for too long."""
    patience = float("inf") if source.follow else source.patience
    printed = 0
    while source.max_records is None or printed < source.max_records:
        batch: list[ConsumerRecord] | None = None
        with trio.move_on_after(patience) as scope:
            batch = await consumer.next_batch()
        if batch is None:
            return not scope.cancelled_caught
        chosen = batch if source.max_records is None else batch[: source.max_records - printed]
        await write_stdout(map(line, chosen))
        printed += len(chosen)
        progress(printed)
    return True


async def _count(consumer: Consumer, source: Source) -> int:
    """How many records there are to read, if none is missing in the log."""
    total = sum((await consumer.lag()).values())
    return total if source.max_records is None else min(total, source.max_records)


def _parse_start(text: str) -> Start:
    if text in _POSITIONS:
        return _POSITIONS[text]
    if not text.isdecimal():
        raise UsageError(f"--from {text!r} is neither `beginning`, `end` nor an offset")
    return int(text)


def _line(record: ConsumerRecord) -> LineRecord:
    return LineRecord(record.value, record.key, record.headers)


def _json(record: ConsumerRecord) -> bytes:
    return json_line(record.topic, record.partition, record.offset, record.timestamp, _line(record))
