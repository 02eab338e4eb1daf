"""Writes docs/files.md from the first line of each module's docstring: `python tests/support/file_map.py`."""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "files.md"
FOLDERS = ["protocol", "net", "storage", "raft", "metadata", "client", "server"]
FOLDERS += ["controller", "broker", "cli", "testing"]
HEAD = """# File map

You look for the file where something lives. Written by `make docs` from each module's first line; the messages of the
wire (`protocol/messages/`, generated) are left out.
"""


def first_line(path: Path) -> str:
    """What the module says of itself, up to the end of its first sentence or paragraph."""
    docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return " ".join(docstring.split("\n\n")[0].split())


def render() -> str:
    """The whole page."""
    lines = [HEAD]
    for folder in FOLDERS:
        lines += [f"## {folder}/", "", f"{first_line(ROOT / folder / '__init__.py')}", "", "| file | |", "|---|---|"]
        for path in sorted((ROOT / folder).rglob("*.py")):
            if path.name not in ("__init__.py", "__main__.py") and "messages" not in path.parts:
                text = first_line(path).replace("|", "\\|")
                lines.append(f"| {path.relative_to(ROOT / folder)} | {text} |")
        lines.append("")
    return "\n".join(lines)


if __name__ == "__main__":
    PAGE.write_text(render(), encoding="utf-8")
