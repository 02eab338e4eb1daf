"""What commands print: tables for people, JSON for programs, one line on standard error for what failed."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import typer

from barnabas.cli.failures import explain
from barnabas.cli.main import EXIT_FAILED
from barnabas.client.errors import BrokerError, ClientError

# As wide as a line gets where no terminal sets a bound: a table for `grep` must not be folded.
PIPE_WIDTH: Final = 100_000


def show_json(value: object) -> None:
    """One JSON document. Its shape is part of the interface: fields are added, never renamed."""
    typer.echo(json.dumps(value, indent=2, ensure_ascii=False))


def show_table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Rows under headings; columns of numbers alone stand to the right."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    cells = [[("" if cell is None else str(cell)) for cell in row] for row in rows]
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for index, column in enumerate(columns):
        numeric = bool(cells) and all(row[index].lstrip("-").isdecimal() for row in cells)
        table.add_column(column, justify="right" if numeric else "left", overflow="fold")
    for row in cells:
        table.add_row(*map(Text, row))
    width = None if sys.stdout.isatty() else PIPE_WIDTH
    console = Console(file=sys.stdout, width=width, highlight=False)
    with console.capture() as captured:
        console.print(table)
    for line in captured.get().splitlines():
        typer.echo(line.rstrip())


@dataclass(frozen=True, slots=True)
class Done:
    """What came of a change to one entity: the line for people, the facts for programs."""

    line: str
    facts: Mapping[str, Any] = field(default_factory=dict)


def show_outcomes(outcomes: Mapping[str, Done | ClientError], *, as_json: bool) -> None:
    """What came of a change to several entities: a line each, or a JSON list with `error` null where it succeeded.

    Exits with 1 if any failed: failures go to standard error, each by itself.
    """
    if as_json:
        show_json([{"name": name, **_facts(outcome)} for name, outcome in outcomes.items()])
    for outcome in outcomes.values():
        if isinstance(outcome, ClientError):
            show_failure(outcome)
        elif not as_json:
            typer.echo(outcome.line)
    if any(isinstance(outcome, ClientError) for outcome in outcomes.values()):
        raise typer.Exit(EXIT_FAILED)


def show_failure(error: BaseException) -> None:
    """The line on standard error for one of several things that failed."""
    failure = explain(error)
    typer.echo(f"barnabas: {failure.text if failure is not None else error}", err=True)


def error_json(error: ClientError) -> dict[str, str]:
    """An error as JSON has it everywhere: `code` is the wire's name of it, or what kind of error it is."""
    code = error.code.name if isinstance(error, BrokerError) else type(error).__name__
    return {"code": code, "message": str(error)}


def _facts(outcome: Done | ClientError) -> Mapping[str, Any]:
    if isinstance(outcome, ClientError):
        return {"error": error_json(outcome)}
    return {**outcome.facts, "error": None}
