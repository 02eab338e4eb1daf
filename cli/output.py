"""What commands print: tables for people, JSON for programs, one line on standard error for what failed."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, TypeVar

import typer

from barnabas.cli.main import EXIT_FAILED
from barnabas.client.errors import BrokerError, ClientError

if TYPE_CHECKING:
    from rich.console import RenderableType

T = TypeVar("T")

# As wide as a line gets where no terminal sets a bound: a table for `grep` must not be folded.
PIPE_WIDTH: Final = 100_000


def show_json(value: object) -> None:
    """One JSON document. Its shape is part of the interface: fields are added, never renamed."""
    typer.echo(json.dumps(value, indent=2, ensure_ascii=False))


def show_table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Rows under headings; columns of numbers alone stand to the right."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    cells = [[("" if cell is None else str(cell)) for cell in row] for row in rows]
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for index, column in enumerate(columns):
        numeric = _is_numeric([row[index] for row in cells])
        table.add_column(column, justify="right" if numeric else "left", overflow="fold")
    for row in cells:
        table.add_row(*map(Text, row))
    show_drawn(table)


def _is_numeric(cells: Sequence[str]) -> bool:
    """Whether these are numbers, some of which may be missing."""
    known = [cell for cell in cells if cell not in ("", "-")]
    return bool(known) and all(cell.removeprefix("-").isdecimal() for cell in known)


def show_drawn(picture: RenderableType) -> None:
    """What rich draws, without the spaces that it puts at the ends of lines."""
    from rich.console import Console

    width = None if sys.stdout.isatty() else PIPE_WIDTH
    console = Console(file=sys.stdout, width=width, highlight=False)
    with console.capture() as captured:
        console.print(picture)
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
        _show_json_of_each(outcomes, "name", lambda done: done.facts)
    for outcome in outcomes.values():
        if isinstance(outcome, Done) and not as_json:
            typer.echo(outcome.line)
    show_failures(outcomes.values())


def show_each(
    found: Mapping[str, T | ClientError],
    *,
    key: str,
    facts: Callable[[T], Mapping[str, Any]],
    show: Callable[[T], None],
    as_json: bool,
) -> None:
    """Several entities: each as `show` does it, or a JSON list of their facts, with the name as `key`.

    Exits with 1 if there is an error in place of any: errors go to standard error, each by itself.
    """
    if as_json:
        _show_json_of_each(found, key, facts)
    else:
        for number, each in enumerate(each for each in found.values() if not isinstance(each, ClientError)):
            if number:
                typer.echo()
            show(each)
    show_failures(found.values())


def _show_json_of_each(found: Mapping[str, T | ClientError], key: str, facts: Callable[[T], Mapping[str, Any]]) -> None:
    show_json(
        [
            {key: name, "error": error_json(each)}
            if isinstance(each, ClientError)
            else {key: name, **facts(each), "error": None}
            for name, each in found.items()
        ]
    )


def show_failures(outcomes: Iterable[object]) -> None:
    """A line on standard error for each error among these; exits with 1 if there are any."""
    errors = [outcome for outcome in outcomes if isinstance(outcome, ClientError)]
    if not errors:
        return
    from barnabas.cli.explanation import explain

    for error in errors:
        failure = explain(error)
        typer.echo(f"barnabas: {failure.text if failure is not None else error}", err=True)
    raise typer.Exit(EXIT_FAILED)


def error_json(error: ClientError) -> dict[str, str]:
    """An error as JSON has it everywhere: `code` is the wire's name of it, or what kind of error it is."""
    code = error.code.name if isinstance(error, BrokerError) else type(error).__name__
    return {"code": code, "message": str(error)}
