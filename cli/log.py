"""`barnabas log dump`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from barnabas.cli.failures import UsageError
from barnabas.cli.log_files import Entry, Wanted, read_file
from barnabas.cli.main import EXIT_FAILED
from barnabas.cli.options import noun
from barnabas.cli.progress import is_watched, progress_bar

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
    watched, damaged = is_watched(prints=True), list[Path]()
    done, total = 0, sum(file.stat().st_size for file in _all_files(paths)) if watched else 0
    with progress_bar("log", total, watched=watched) as progress:
        for path, entries in _files(paths, Wanted(records, first, last), topic):
            if not as_json:
                typer.echo(f"{path}:")
            for entry in entries:
                typer.echo(_json(path, entry) if as_json else _text(entry))
                if entry.kind == "damage" and path not in damaged:
                    damaged.append(path)
                elif entry.kind == "batch":
                    progress(done + entry.facts["position"])
            done += path.stat().st_size if watched else 0
    if damaged:
        more = f" and {len(damaged) - 1} more" if len(damaged) > 1 else ""
        typer.echo(
            f"barnabas: {damaged[0]}{more}: damaged; a node cuts its log at the first bad batch when it recovers",
            err=True,
        )
        raise typer.Exit(EXIT_FAILED)


def _all_files(paths: Iterable[Path]) -> Iterator[Path]:
    """The files that were named, and those in folders and below."""
    for path in paths:
        yield from sorted(each for each in path.rglob("*") if each.is_file()) if path.is_dir() else [path]


def _files(paths: Sequence[Path], wanted: Wanted, topic: str | None) -> Iterator[tuple[Path, Iterator[Entry]]]:
    """All of them that are a log's. UsageError for one that was named itself and is not."""
    for path in _all_files(paths):
        entries = read_file(path, wanted, topic)
        if entries is not None:
            yield path, entries
        elif path in paths:
            raise UsageError(
                f"{path} is no file of a log: these are 00000000000000000000.log, .index, .timeindex, .txnindex, "
                ".snapshot, .checkpoint, and the checkpoints by their names"
            )


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
