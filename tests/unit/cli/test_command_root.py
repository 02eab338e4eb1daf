"""The root of the command: nouns on demand, errors as one line and an exit code."""

from __future__ import annotations

import subprocess
import sys

import pytest

from barnabas.cli.explanation import explain
from barnabas.cli.main import NOUNS, SECTIONS
from barnabas.client.connection import CannotConnect
from barnabas.client.errors import BrokerError, ClientError, ConfigurationError, NoBrokersAvailable, TimedOut
from barnabas.protocol.errors import ErrorCode
from barnabas.server.failure import NodeFailure
from barnabas.server.settings import SettingsError
from command_harness import FakeAdmin, Run


def test_help_names_every_command(run: Run) -> None:
    result = run("--help")
    assert result.code == 0
    first_words = {line[0] for line in result.words if line}
    assert {*NOUNS, "controller", "broker"} <= first_words


def test_help_has_a_line_for_each_command(run: Run) -> None:
    listed = [name for commands in SECTIONS.values() for name in commands]
    assert sorted(listed) == sorted([*NOUNS, "controller", "broker"])
    assert max(map(len, run("--help").out.splitlines())) <= 80
    assert "..." not in run("--help").out.partition("Run a cluster")[2]


def test_version(run: Run) -> None:
    assert run("--version").out.startswith("barnabas 0.")


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (["topci"], "topic"),
        (["topic", "craete"], "create"),
        (["topic", "create"], "TOPIC"),
        (["topic", "list", "--jsno"], "--json"),
        (["topic", "create", "t", "--partitions", "0"], "--partitions"),
        (["broker"], "--config"),
    ],
)
def test_wrong_usage_says_what_would_be_right(run: Run, arguments: list[str], hint: str) -> None:
    result = run(*arguments)
    assert result.code == 2
    assert hint in result.err.splitlines()[-1]
    assert result.out == ""


@pytest.mark.parametrize(
    ("error", "code", "text"),
    [
        (ClientError("refused"), 1, "refused"),
        (ConfigurationError("bootstrap is empty"), 2, "bootstrap is empty"),
        (BrokerError(ErrorCode.POLICY_VIOLATION, "topic t", "no"), 1, "topic t: POLICY_VIOLATION: no"),
        (NoBrokersAvailable([("a:1", "refused")]), 1, "--bootstrap"),
        (CannotConnect("a:1", "refused"), 1, "--bootstrap"),
        (
            TimedOut("t-0: not delivered within 1 s; last: t-0: NOT_ENOUGH_REPLICAS: too few."),
            1,
            "which replicas are in",
        ),
        (TimedOut("Metadata: given up after 1 s; last: a:1: refused"), 1, "--bootstrap"),
        (NodeFailure("port in use"), 1, "port in use"),
        (SettingsError(["f:1: one", "f:2: two"]), 2, "f:1: one\nf:2: two"),
        (FileNotFoundError(2, "No such file", "f"), 1, "No such file"),
        (KeyboardInterrupt(), 130, ""),
        (BrokenPipeError(), 1, ""),
    ],
)
def test_each_kind_of_error_has_its_text_and_code(error: BaseException, code: int, text: str) -> None:
    for wrapped in (error, BaseExceptionGroup("", [BaseExceptionGroup("", [error])])):
        failure = explain(wrapped)
        assert failure is not None
        assert failure.code == code
        assert text in failure.text


def test_an_error_is_one_line_on_standard_error(run: Run, admin: FakeAdmin) -> None:
    admin.broken = NoBrokersAvailable([("127.0.0.1:1", "Connection refused")])
    result = run("topic", "list", "--bootstrap", "127.0.0.1:1")
    assert (result.code, result.out) == (1, "")
    [line] = result.err.splitlines()
    assert line.startswith("barnabas: ")
    assert "127.0.0.1:1" in line


def test_a_bug_is_not_explained_away(run: Run, admin: FakeAdmin) -> None:
    admin.broken = RuntimeError("a bug")
    with pytest.raises(RuntimeError, match="a bug"):
        run("topic", "list")


def test_bootstrap_comes_from_the_option_then_the_environment(
    run: Run, admin: FakeAdmin, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("topic", "list")
    assert admin.opened_with[0] == "127.0.0.1:9092"
    monkeypatch.setenv("BARNABAS_BOOTSTRAP", "env:1")
    run("topic", "list", "--timeout", "3")
    assert admin.opened_with[0] == "env:1"
    assert admin.opened_with[1]["timeout"] == 3
    run("topic", "list", "--bootstrap", "option:2")
    assert admin.opened_with[0] == "option:2"


def test_the_root_and_dev_import_neither_trio_nor_rich_nor_the_client() -> None:
    script = (
        "import sys, barnabas.cli.main, barnabas.cli.dev.command\n"
        "print([m for m in sys.modules if m.split('.')[0] in ('trio', 'rich') or m.startswith('barnabas.client')])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("line", ["--help", "completion zsh", "completion words -- to", "size --help"])
def test_what_needs_no_cluster_does_without_a_client(line: str) -> None:
    script = (
        "import sys, barnabas.cli.main as root\n"
        f"try: root.app({line.split()!r})\n"
        "except SystemExit: pass\n"
        "print([m for m in ('trio', 'rich.table', 'barnabas.client.connection') if m in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"


@pytest.mark.parametrize("noun", NOUNS)
def test_help_does_without_what_only_draws(noun: str) -> None:
    script = (
        "import sys, barnabas.cli.main as root\n"
        f"root.get_command(root.app).get_command(None, {noun!r})\n"
        "print([m for m in ('rich.table', 'rich.live', 'rich.progress') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_nodes_and_their_supervisor_do_without_the_command_lines_libraries() -> None:
    script = (
        "import sys, barnabas.cli.lean, barnabas.cli.dev.run as run; run.preload()\n"
        "print([m for m in ('typer', 'pydantic', 'rich', 'prometheus_client') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
