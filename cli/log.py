"""`barnabas log dump`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from barnabas.cli.failures import UsageError
from barnabas.cli.log_files import Entry, Wanted, read_file
from barnabas.cli.main import EXIT_FAILED
from barnabas.cli.options import noun

app = noun("The files in which nodes keep their logs.")

_TIMES: Final = frozenset({"timestamp", "delete_horizon"})


@app.callback()
def log() -> None:
    """The files in which nodes keep their logs."""


@app.command()
def dump(
    paths: Annotated[
        list[Path], typer.Argument(metavar="FILE|DIR...", show_default=False, exists=True, help="Of a log directory.")
    ],
    records: Annotated[bool, typer.Option("--records", help="The records too, not only the batches.")] = False,
    first: Annotated[int, typer.Option("--from", min=0, metavar="OFFSET", help="Nothing before it.")] = 0,
    last: Annotated[int | None, typer.Option("--to", min=0, metavar="OFFSET", help="Nothing after it.")] = None,
    topic: Annotated[
        str | None, typer.Option(metavar="TOPIC", help="Read records as this topic's, whatever the folder is called.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON objects, one a line.")] = False,
) -> None:
    """Show what segments, indexes, snapshots and checkpoints hold. Nodes may be running; nothing is changed.

    Records of __consumer_offsets, __transaction_state and __cluster_metadata are decoded. Exits with 1 if something
    is damaged.
    """
    wanted = Wanted(records, first, last)
    damaged: list[Path] = []
    for path, entries in _files(paths, wanted, topic):
        if not as_json:
            typer.echo(f"{path}:")
        for entry in entries:
            typer.echo(_json(path, entry) if as_json else _text(entry))
            if entry.kind == "damage" and path not in damaged:
                damaged.append(path)
    if damaged:
        more = f" and {len(damaged) - 1} more" if len(damaged) > 1 else ""
        typer.echo(
            f"barnabas: {damaged[0]}{more}: damaged; a node cuts its log at the first bad batch when it recovers",
            err=True,
        )
        raise typer.Exit(EXIT_FAILED)


def _files(paths: Iterable[Path], wanted: Wanted, topic: str | None) -> Iterator[tuple[Path, Iterator[Entry]]]:
    """The files that were named, and those in folders, also of partitions below, as far as they are a log's."""
    for path in paths:
        if not path.is_dir():
            entries = read_file(path, wanted, topic)
            if entries is None:
                raise UsageError(
                    f"{path} is no file of a log: these are 00000000000000000000.log, .index, .timeindex, .txnindex, "
                    ".snapshot, .checkpoint, and the checkpoints by their names"
                )
            yield path, entries
            continue
        for file in sorted(each for each in path.rglob("*") if each.is_file()):
            entries = read_file(file, wanted, topic)
            if entries is not None:
                yield file, entries


def _json(path: Path, entry: Entry) -> str:
    return json.dumps({"file": str(path), "kind": entry.kind, **entry.facts}, ensure_ascii=False)


def _text(entry: Entry) -> str:
    """`kind name=value ...`; what a batch is not, is left out."""
    facts = [
        f"{name}={_value(name, value)}"
        for name, value in entry.facts.items()
        if value is not False and not (value is None and entry.kind != "record")
    ]
    indent = "    " if entry.kind == "record" else "  "
    return indent + " ".join([entry.kind, *facts])


def _value(name: str, value: Any) -> str:
    if name in _TIMES and isinstance(value, int) and value >= 0:
        return f"{datetime.fromtimestamp(value / 1000, UTC):%Y-%m-%dT%H:%M:%S}.{value % 1000:03d}Z"
    if isinstance(value, str) and value.isprintable() and value and " " not in value and name != "value":
        return value
    return json.dumps(value, ensure_ascii=False)
