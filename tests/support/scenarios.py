"""Scenario files: what is checked in a comment, commands, and the whole expected output.

    # A voter that is alone elects itself.
    quorum 1
    start 1
    ----
    1: persist epoch=1 leader=1 voted=1

Blank lines and lines of `#` are kept as they are. Each block is commands, a line `----`, and the output of all its
commands up to the next blank line. A file is one run: later blocks go on from earlier ones. With `--rewrite` the
outputs are written anew instead of compared.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

SEPARATOR = "----"


def check_scenario(path: Path, execute: Callable[[str], list[str]], rewrite: bool) -> None:
    """Runs the file's commands through `execute`, which returns the lines of output of one command."""
    written = path.read_text()
    produced = _with_outputs(written, execute)
    if rewrite:
        path.write_text(produced)
    assert written == produced or rewrite, f"{path.name} says\n{written}\nbut it comes to\n{produced}"


def _with_outputs(text: str, execute: Callable[[str], list[str]]) -> str:
    result: list[str] = []
    outputs: list[str] = []
    in_output = False
    for line in text.splitlines():
        if line == SEPARATOR:
            result += [line, *outputs]
            outputs, in_output = [], True
        elif not line.strip():
            result.append(line)
            in_output = False
        elif not in_output:
            result.append(line)
            if not line.startswith("#"):
                outputs += execute(line)
    if outputs:
        raise ValueError("the commands at the end lack a line " + SEPARATOR)
    return "\n".join(result) + "\n"
