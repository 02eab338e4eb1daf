"""What the nouns have in common: their frame, shared options, and the reading of arguments in a syntax of their own."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from functools import wraps
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from barnabas.cli.access import (
    BOOTSTRAP_VARIABLE,
    DEFAULT_BOOTSTRAP,
    DEFAULT_TIMEOUT,
    PROFILE_VARIABLE,
    Asked,
    resolve,
)
from barnabas.cli.failures import UsageError

F = TypeVar("F", bound=Callable[..., None])

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]

_Timeout = Annotated[
    float | None,
    typer.Option(
        "--timeout",
        metavar="SECONDS",
        min=1,
        help="How long to try before giving up.",
        show_default=f"{DEFAULT_TIMEOUT:g}",
    ),
]
_Bootstrap = Annotated[
    str | None,
    typer.Option(
        "--bootstrap",
        metavar="HOST:PORT,...",
        help=f"Brokers to begin with; the others are learnt from them. Or {BOOTSTRAP_VARIABLE}.",
        show_default=DEFAULT_BOOTSTRAP,
    ),
]
_Profile = Annotated[
    str | None,
    typer.Option(
        "--profile",
        metavar="NAME",
        help=f"A cluster of the file barnabas/config.toml. Or {PROFILE_VARIABLE}.",
        show_default=False,
    ),
]
_CommandConfig = Annotated[
    Path | None,
    typer.Option(
        "--command-config",
        metavar="FILE",
        help="A properties file of Kafka's clients: bootstrap.servers, ...",
        show_default=False,
    ),
]
_ACCESS_OPTIONS = {
    "timeout": _Timeout,
    "bootstrap": _Bootstrap,
    "profile": _Profile,
    "command_config": _CommandConfig,
}


class Noun(typer.Typer):
    """An app for the commands of one noun. A command that has a parameter `access: Access` gets the options for it."""

    def command(self, name: str | None = None, **settings: Any) -> Callable[[F], F]:
        """As typer's."""
        register = super().command(name, **settings)

        def add(function: F) -> F:
            register(_with_access_options(function))
            return function

        return add


def noun(help_text: str | None = None) -> Noun:
    """An app for the commands of one noun. Help and errors are plain lines, as the rest of the output."""
    return Noun(
        help=help_text,
        no_args_is_help=help_text is not None,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
    )


def _with_access_options(function: Callable[..., None]) -> Callable[..., None]:
    """The command as typer is to see it: with the options of `access` instead of it."""
    signature = inspect.signature(function, eval_str=True)
    own = [parameter for name, parameter in signature.parameters.items() if name != "access"]
    if len(own) == len(signature.parameters):
        return function

    @wraps(function)
    def command(**given: Any) -> None:
        asked = Asked(**{name: given.pop(name) for name in _ACCESS_OPTIONS})
        function(**given, access=resolve(asked))

    more = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation)
        for name, annotation in _ACCESS_OPTIONS.items()
    ]
    del command.__wrapped__
    command.__signature__ = signature.replace(parameters=[*own, *more])  # type: ignore[attr-defined]
    command.__annotations__ = {parameter.name: parameter.annotation for parameter in [*own, *more]}
    return command


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


def parse_changes(given: Sequence[str] | None, option: str, deleted: Sequence[str] | None) -> dict[str, str | None]:
    """Settings by name; None for what goes back to its default. UsageError for one that is to be both."""
    changes: dict[str, str | None] = {**parse_pairs(given, option)}
    for name in deleted or ():
        if name in changes:
            raise UsageError(f"{name} is both set and deleted")
        changes[name] = None
    return changes


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
