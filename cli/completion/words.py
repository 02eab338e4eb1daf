"""What may stand at the end of a command line: nouns, verbs, options, their values, names that the cluster knows.

A core: the commands are given as typer has them, and what must be asked for is told as a kind of name. The types are
Any because typer has click inside in its newer versions, and beside it in its older ones.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final

from barnabas.cli.main import SECTIONS, LazyGroup


class Kind(Enum):
    """What is to be completed, where it is not known from the commands alone."""

    TOPIC = "topic"
    GROUP = "group"
    TRANSACTIONAL_ID = "transactional id"
    BROKER = "broker"
    PROFILE = "profile"
    FILE = "file"


_KINDS: Final[Mapping[str, Kind]] = {
    "TOPIC": Kind.TOPIC,
    "TOPIC[:PARTITION,...]": Kind.TOPIC,
    "TOPIC:PARTITION": Kind.TOPIC,
    "GROUP": Kind.GROUP,
    "TRANSACTIONAL_ID": Kind.TRANSACTIONAL_ID,
    "FILE": Kind.FILE,
    "DIR": Kind.FILE,
    "FILE|DIR...": Kind.FILE,
}
"""By how an argument or option calls its value in the help."""

_CONFIGURED: Final[Mapping[str, Kind]] = {"topic": Kind.TOPIC, "group": Kind.GROUP, "broker": Kind.BROKER}
"""What a NAME is, by the argument before it."""


@dataclass(frozen=True, slots=True)
class Candidates:
    """What fits: words with descriptions, or names of a kind that begin with `prefix`."""

    words: Mapping[str, str] = field(default_factory=dict)
    kind: Kind | None = None
    prefix: str = ""
    options: Mapping[str, str] = field(default_factory=dict)
    """What was given already, by the parameter's name: to reach the cluster as the command would."""


@dataclass(slots=True)
class _Reading:
    """How far a command line has been read."""

    command: Any
    options: dict[str, str] = field(default_factory=dict)
    arguments: list[str] = field(default_factory=list)
    expecting: Any = None
    """The option whose value comes next."""
    only_arguments: bool = False


def complete(root: Any, words: Sequence[str]) -> Candidates:
    """What may stand for the last of `words`, those of the command line behind the command's own name."""
    reading = _Reading(root)
    for word in words[:-1]:
        _read(reading, word)
    last = words[-1] if words else ""
    found = _values(reading, last) if reading.expecting is not None else _words(reading, last)
    fitting = {word: text for word, text in found.words.items() if word.startswith(last)}
    return Candidates(fitting, found.kind, found.prefix, reading.options)


def _read(reading: _Reading, word: str) -> None:
    if reading.expecting is not None:
        reading.options[reading.expecting.name] = word
        reading.expecting = None
    elif word == "--":
        reading.only_arguments = True
    elif word.startswith("-") and len(word) > 1 and not reading.only_arguments:
        name, equals, value = word.partition("=")
        option = _option(reading.command, name)
        if option is not None and not option.is_flag:
            if equals:
                reading.options[option.name] = value
            else:
                reading.expecting = option
    elif _is_group(reading.command):
        reading.command = _subcommand(reading.command, word)
    else:
        reading.arguments.append(word)


def _words(reading: _Reading, last: str) -> Candidates:
    command = reading.command
    if last.startswith("-") and not reading.only_arguments:
        name, equals, value = last.partition("=")
        option = _option(command, name)
        if equals and option is not None:
            found = _values(_Reading(command, expecting=option), value)
            return Candidates({f"{name}={word}": text for word, text in found.words.items()})
        return Candidates(dict(_options(command)))
    if _is_group(command):
        return Candidates(dict(_subcommands(command)))
    argument = _argument(command, len(reading.arguments))
    if argument is None:
        return Candidates()
    if argument.metavar == "NAME" and reading.arguments:
        return Candidates(kind=_CONFIGURED.get(reading.arguments[0]), prefix=last)
    return _of_kind(argument, last)


def _values(reading: _Reading, last: str) -> Candidates:
    option = reading.expecting
    if option.name == "profile":
        return Candidates(kind=Kind.PROFILE, prefix=last)
    return _of_kind(option, last)


def _of_kind(parameter: Any, last: str) -> Candidates:
    if isinstance(parameter.default, Enum):
        return Candidates({str(each.value): "" for each in type(parameter.default)})
    metavar = parameter.metavar or ""
    if metavar in _KINDS:
        return Candidates(kind=_KINDS[metavar], prefix=last)
    # `beginning|end|OFFSET`: what is not in capitals stands for itself.
    return Candidates({each: "" for each in metavar.split("|") if each.islower()})


def _is_group(command: Any) -> bool:
    return hasattr(command, "list_commands")


def _subcommand(group: Any, name: str) -> Any:
    """The command of that name; the group itself where there is none, so that nothing fits behind it."""
    return (group.get_command(None, name) if name in group.list_commands(None) else None) or _NOTHING


def _subcommands(group: Any) -> Iterator[tuple[str, str]]:
    if isinstance(group, LazyGroup):
        for commands in SECTIONS.values():
            yield from commands.items()
        return
    for name in group.list_commands(None):
        command = group.get_command(None, name)
        if command is not None and not command.hidden:
            yield name, command.get_short_help_str(100)


def _options(command: Any) -> Iterator[tuple[str, str]]:
    for parameter in command.params:
        if parameter.param_type_name == "option" and not parameter.hidden:
            text = (parameter.help or "").partition("\n")[0]
            yield from ((name, text) for name in parameter.opts if name.startswith("--"))
    yield "--help", "Show this message and exit."


def _option(command: Any, name: str) -> Any:
    return next((p for p in command.params if p.param_type_name == "option" and name in p.opts), None)


def _argument(command: Any, number: int) -> Any:
    """The one that the argument of this number is for; the last one may take many."""
    arguments = [p for p in command.params if p.param_type_name == "argument"]
    if number < len(arguments):
        return arguments[number]
    return arguments[-1] if arguments and arguments[-1].nargs == -1 else None


class _Nothing:
    """Stands for a command that there is not: it has neither options nor arguments."""

    params: Sequence[Any] = ()


_NOTHING: Final = _Nothing()
