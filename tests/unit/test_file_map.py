from __future__ import annotations

from file_map import FOLDERS, PAGE, ROOT, first_line, render


def test_every_module_says_what_it_is() -> None:
    modules = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py") if path.name != "__main__.py"]
    assert [str(path.relative_to(ROOT)) for path in modules if not first_line(path)] == []


def test_the_file_map_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == render(), "run `make docs`"
