"""Builds the programs that drive clients of other languages, once, into `.barnabas/interop`."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

from downloads import fetch

SOURCES = Path(__file__).resolve().parent
BUILDS = Path(__file__).resolve().parents[3] / ".barnabas" / "interop"
TOOLS: dict[str, tuple[tuple[str, str], ...]] = {
    "java": (("java", "a Java 17 runtime"), ("javac", "a Java 17 compiler (JDK)"), ("mvn", "Maven")),
    "go": (("go", "Go"),),
    "node": (("node", "Node.js"), ("npm", "npm")),
    "python": (),
}


def missing(language: str) -> str | None:
    """What this machine lacks to build and run the language's programs; None if nothing."""
    for tool, package in TOOLS[language]:
        if shutil.which(tool) is None:
            return f"{tool} is not on the PATH: install {package}"
    return None


def build(language: str) -> Path:
    """The directory of the built programs, made anew if their sources changed; of the sources, if nothing is built."""
    source, target = SOURCES / language, BUILDS / language
    if language not in BUILDERS:
        return source
    stamp = target / "sources.sha256"
    digest = _digest(source)
    if not stamp.exists() or stamp.read_text() != digest:
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir(parents=True)
        BUILDERS[language](source, target)
        stamp.write_text(digest)
    return target


def _digest(source: Path) -> str:
    files = sorted(path for path in source.rglob("*") if path.is_file())
    whole = hashlib.sha256()
    for path in files:
        whole.update(f"{path.relative_to(source)}\n".encode() + path.read_bytes())
    return whole.hexdigest()


def _build_java(source: Path, target: Path) -> None:
    fetch(
        "mvn", "-q", "-B", "-f", source / "pom.xml", "dependency:copy-dependencies", f"-DoutputDirectory={target}/libs"
    )
    _run("javac", "-cp", f"{target}/libs/*", "-d", target / "classes", *source.glob("*.java"))


def _build_go(source: Path, target: Path) -> None:
    fetch("go", "mod", "download", directory=source)
    _run("go", "build", "-buildvcs=false", "-o", f"{target}{os.sep}", "./franz", "./sarama", directory=source)


def _build_node(source: Path, target: Path) -> None:
    shutil.copytree(source, target, dirs_exist_ok=True)
    fetch("npm", "ci", "--no-audit", "--no-fund", directory=target)


def _run(*command: str | Path, directory: Path | None = None) -> None:
    done = subprocess.run(command, cwd=directory, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert done.returncode == 0, f"{' '.join(map(str, command))}:\n{done.stdout}"


BUILDERS: dict[str, Callable[[Path, Path], None]] = {"java": _build_java, "go": _build_go, "node": _build_node}
