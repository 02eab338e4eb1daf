"""docs/command-line.md: every command is there, and every example is one that the command line understands."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from barnabas.cli.main import app
from command_harness import Run

PAGE = (Path(__file__).parents[3] / "docs" / "command-line.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```sh\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
LINKS = re.findall(r"\]\(#([a-z-]+)\)", PAGE)
OPTION = re.compile(r"`(--[a-z-]+)")


def leaves(command: Any, *names: str) -> Iterator[tuple[str, ...]]:
    """The names of each command that does something."""
    if not hasattr(command, "list_commands"):
        yield names
        return
    for name in command.list_commands(None):
        found = command.get_command(None, name)
        if not found.hidden:
            yield from leaves(found, *names, name)
    if getattr(command, "invoke_without_command", False):
        yield names


ROOT = get_command(app)
COMMANDS = list(leaves(ROOT))


def examples() -> Iterator[list[str]]:
    """The words of each example, without `barnabas` and without what the shell does with it."""
    for line in "".join(BLOCKS).splitlines():
        for part in re.split(r" \| | > |[()]", line):
            words = shlex.split(part, comments=True)
            if words[:1] == ["barnabas"]:
                yield words[1:]


EXAMPLES = list(examples())


def find(words: list[str]) -> tuple[Any, list[str]]:
    """The command of an example, and its arguments."""
    command, rest = ROOT, list(words)
    while hasattr(command, "list_commands") and rest and not rest[0].startswith("-"):
        command = command.get_command(None, rest.pop(0))
        assert command is not None, words
    return command, rest


@pytest.mark.parametrize("names", COMMANDS, ids=" ".join)
def test_every_command_has_an_example(names: tuple[str, ...]) -> None:
    assert any(tuple(words[: len(names)]) == names for words in EXAMPLES)


@pytest.mark.parametrize("words", EXAMPLES, ids=" ".join)
def test_every_example_is_understood(words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    command, arguments = find(words)
    local = [argument.removeprefix("/") for argument in arguments]
    for argument in local:
        if argument.endswith((".properties", ".log")) or "var/lib" in argument:
            (tmp_path / argument).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / argument).touch()
    command.make_context(command.name, local)


@pytest.mark.parametrize("names", COMMANDS, ids=" ".join)
def test_every_command_has_help(run: Run, names: tuple[str, ...]) -> None:
    result = run(*names, "--help")
    assert result.code == 0
    assert result.out.split()[: len(names) + 2] == ["Usage:", "barnabas", *names]
    assert len(result.out.splitlines()) > 4


def test_options_that_are_spoken_of_exist() -> None:
    known = {option for names in COMMANDS for p in find(list(names))[0].params for option in p.opts}
    assert set(OPTION.findall(PAGE)) - known == set()


def test_links_lead_somewhere() -> None:
    titles = re.findall(r"^#+ (.*)$", PAGE, re.MULTILINE)
    assert set(LINKS) <= {title.lower().replace(" ", "-") for title in titles}


def test_every_check_of_the_doctor_is_named() -> None:
    folder = Path(__file__).parents[3] / "cli" / "doctor"
    code = "".join(path.read_text(encoding="utf-8") for path in folder.glob("*.py"))
    named = set(re.findall(r'Severity\.[A-Z]+[^"]*?,\s+f?"([a-z{}]+-[a-z-]+)"', code))
    assert len(named) > 10
    missing = {name for name in named if "{" not in name and f"`{name}`" not in PAGE}
    assert missing == set()
