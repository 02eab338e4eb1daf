"""`barnabas produce TOPIC`: records from the lines of standard input."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from enum import Enum
from typing import Annotated, Final

import typer

from barnabas.cli.access import Access
from barnabas.cli.failures import CommandError, UsageError
from barnabas.cli.options import noun
from barnabas.cli.progress import Progress, is_watched, progress_bar
from barnabas.cli.record_lines import (
    BadLine,
    Header,
    LineRecord,
    TextForm,
    parse_header,
    parse_json,
    parse_separator,
)
from barnabas.cli.session import in_trio
from barnabas.cli.streams import stdin_bytes, stdin_lines
from barnabas.client.producer import Acks, Producer, Receipt

app = noun()


class AcksOption(Enum):
    """Who must have a record before it counts as written."""

    ALL = "all"
    LEADER = "1"
    NOBODY = "0"


ACKS: Final[Mapping[AcksOption, Acks]] = {AcksOption.ALL: "all", AcksOption.LEADER: 1, AcksOption.NOBODY: 0}
"""As the producer has them."""


class CompressionOption(Enum):
    """How batches are compressed."""

    NONE = "none"
    GZIP = "gzip"
    SNAPPY = "snappy"
    LZ4 = "lz4"
    ZSTD = "zstd"


@dataclass(frozen=True, slots=True)
class Target:
    """Where lines go and what each record gets; `partition` None: the line's, or the producer chooses."""

    topic: str
    parse: Callable[[bytes], LineRecord]
    headers: tuple[Header, ...]
    partition: int | None


@app.command()
def produce(
    topic: Annotated[str, typer.Argument(metavar="TOPIC", show_default=False)],
    key_separator: Annotated[
        str | None, typer.Option(metavar="TEXT", help="Lines are KEY TEXT VALUE; \\t is a tab.")
    ] = None,
    header: Annotated[
        list[str] | None, typer.Option(metavar="NAME=VALUE", help="A header for every record. May be repeated.")
    ] = None,
    headers: Annotated[
        bool, typer.Option("--headers", help="Lines begin with their headers, NAME=VALUE,..., and a tab.")
    ] = False,
    null: Annotated[
        str | None, typer.Option(metavar="TEXT", help="A key or value that is this text is null: a tombstone.")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Lines are JSON objects, as `barnabas consume --json` prints them.")
    ] = False,
    partition: Annotated[int | None, typer.Option(min=0, metavar="NUMBER", help="Where all records go.")] = None,
    acks: Annotated[AcksOption, typer.Option(help="Who must have a record before it counts.")] = AcksOption.ALL,
    compression: Annotated[CompressionOption, typer.Option(help="Of batches.")] = CompressionOption.NONE,
    *,
    access: Access,
) -> None:
    """Write records: each line of standard input is one. Exit code 0 says that all of them are acknowledged."""
    if as_json and (key_separator is not None or headers or null is not None):
        raise UsageError("--json lines have their own keys, headers and nulls; leave out the options for text")
    try:
        fixed = tuple(parse_header(text.encode()) for text in header or ())
    except BadLine as error:
        raise UsageError(f"--header: {error}") from None
    separator = None if key_separator is None else parse_separator(key_separator)
    form = TextForm(separator, headers, None if null is None else null.encode())
    target = Target(topic, parse_json if as_json else form.parse, fixed, partition)
    acknowledged = in_trio(_produce, access, acks, compression, target)
    if sys.stdin.isatty():
        typer.echo(f"{acknowledged} records written to {topic}", err=True)


async def _produce(access: Access, acks: AcksOption, compression: CompressionOption, target: Target) -> int:
    async with Producer(
        access.bootstrap,
        acks=ACKS[acks],
        compression=compression.value,
        delivery_timeout=access.timeout,
        request_timeout=access.timeout,
        client_id=access.client_id,
        **access.security,
    ) as producer:
        total = stdin_bytes()
        with progress_bar(target.topic, total or 0, watched=total is not None and is_watched(prints=False)) as progress:
            return await write_lines(producer, target, progress)


async def write_lines(producer: Producer, target: Target, progress: Progress) -> int:
    """Write what comes from standard input, in its order; returns how many records it was.

    `progress` is told how many bytes of it are written.

    What has come is waited for before more is read: so nothing piles up, and what fails at a terminal is said at once.
    Lines before a bad one are written.
    """
    number = read_bytes = 0
    async with aclosing(stdin_lines()) as chunks:
        async for lines in chunks:
            receipts: list[Receipt] = []
            bad: CommandError | None = None
            for line in lines:
                number += 1
                try:
                    record = target.parse(line)
                except BadLine as error:
                    bad = CommandError(f"line {number}: {error}; the lines before it are written")
                    break
                receipts.append(await _begin(producer, target, record))
            for receipt in receipts:
                if receipt.ended:  # spares a turn of the event loop for each record
                    receipt.result()
                else:
                    await receipt.wait()
            read_bytes += sum(map(len, lines)) + len(lines)
            progress(read_bytes)
            if bad is not None:
                raise bad
    return number


async def _begin(producer: Producer, target: Target, record: LineRecord) -> Receipt:
    return await producer.send_soon(
        target.topic,
        record.value,
        key=record.key,
        headers=[*target.headers, *record.headers],
        partition=record.partition if target.partition is None else target.partition,
        timestamp=record.timestamp,
    )
