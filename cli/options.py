"""What the nouns have in common: their frame, shared options, and the reading of arguments in a syntax of their own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Final

import typer

from barnabas.cli.failures import UsageError

DEFAULT_BOOTSTRAP: Final = "127.0.0.1:9092"
DEFAULT_TIMEOUT: Final = 15.0

Bootstrap = Annotated[
    str,
    typer.Option(
        "--bootstrap",
        envvar="BARNABAS_BOOTSTRAP",
        metavar="HOST:PORT,...",
        help="Brokers to begin with; the others are learnt from them.",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
Timeout = Annotated[
    float, typer.Option("--timeout", metavar="SECONDS", min=1, help="How long to try before giving up.")
]


def noun(help_text: str | None = None) -> typer.Typer:
    """An app for the commands of one noun. Help and errors are plain lines, as the rest of the output."""
    return typer.Typer(
        help=help_text,
        no_args_is_help=help_text is not None,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
    )


def parse_pairs(texts: Sequence[str] | None, option: str) -> dict[str, str]:
    """`name=value` arguments by name. UsageError for one without a name or `=`, or with a name again."""
    pairs: dict[str, str] = {}
    for text in texts or ():
        name, equals, value = text.partition("=")
        if not equals or not name.strip():
            raise UsageError(f"{option} {text!r} is not name=value")
        if name.strip() in pairs:
            raise UsageError(f"{option} names {name.strip()} twice")
        pairs[name.strip()] = value
    return pairs


def parse_assignment(text: str | None) -> list[list[int]]:
    """Broker ids of each partition, the preferred leader first, from `1:2:3,2:3:1`; [] from nothing."""
    if text is None:
        return []
    assignments = [part.strip().split(":") for part in text.split(",")]
    if not all(broker.strip().isdecimal() for brokers in assignments for broker in brokers):
        raise UsageError(
            f"--assignment {text!r} is not broker ids such as 1:2,2:1 (partitions by commas, ids by colons)"
        )
    return [[int(broker) for broker in brokers] for brokers in assignments]


def parse_places(texts: Sequence[str] | None) -> dict[str, Sequence[int]]:
    """Topics with partitions from `topic` or `topic:0,2`; no partitions means all of the topic's."""
    places: dict[str, Sequence[int]] = {}
    for text in texts or ():
        topic, colon, numbers = text.partition(":")
        parts = [part.strip() for part in numbers.split(",")] if colon else []
        if not topic or not all(part.isdecimal() for part in parts):
            raise UsageError(f"--topic {text!r} is not a topic, or a topic and partitions such as t:0,2")
        if topic in places:
            raise UsageError(f"--topic names {topic} twice; give all its partitions in one: {topic}:0,2")
        places[topic] = [int(part) for part in parts]
    return places
