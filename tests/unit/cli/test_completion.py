"""`barnabas completion`: what fits at the end of a line, and the scripts in the shells that are there."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

import pytest
from typer.main import get_command

from barnabas.cli.completion.scripts import SCRIPTS
from barnabas.cli.completion.words import Candidates, Kind, complete
from barnabas.cli.main import NOUNS, app
from barnabas.client.admin import GroupListing, TransactionListing
from barnabas.client.errors import NoBrokersAvailable
from command_harness import FakeAdmin, Run, partition


def fitting(line: str) -> Candidates:
    return complete(get_command(app), line.split(" "))


def test_nouns_and_verbs() -> None:
    assert set(fitting("").words) == {*NOUNS, "controller", "broker"}
    assert set(fitting("to").words) == {"topic", "top"}
    assert fitting("topic de").words == {
        "describe": "Show topics with the settings they were given and their partitions.",
        "delete": "Delete topics with all their records, for good.",
    }
    assert "words" not in fitting("completion ").words


def test_options() -> None:
    assert set(fitting("topic list --").words) == {
        "--internal",
        "--json",
        "--timeout",
        "--bootstrap",
        "--profile",
        "--command-config",
        "--help",
    }
    assert set(fitting("produce t --ack").words) == {"--acks"}
    assert set(fitting("topic -").words) >= {"--help"}


@pytest.mark.parametrize("line", ["produce t --acks ", "produce --acks ", "perf produce --json t --acks "])
def test_values_of_a_choice(line: str) -> None:
    assert set(fitting(line).words) == {"all", "1", "0"}
    assert set(fitting(line[:-1] + "=a").words) == {"--acks=all"}


@pytest.mark.parametrize(
    ("line", "kind", "prefix"),
    [
        ("topic describe ", Kind.TOPIC, ""),
        ("topic describe one tw", Kind.TOPIC, "tw"),
        ("consume --max-records 5 --json pa", Kind.TOPIC, "pa"),
        ("consume pay ", None, ""),
        ("group lag --topic pa", Kind.TOPIC, "pa"),
        ("group describe ", Kind.GROUP, ""),
        ("group describe -- -", Kind.GROUP, "-"),
        ("transaction abort --topic ", Kind.TOPIC, ""),
        ("transaction describe ", Kind.TRANSACTIONAL_ID, ""),
        ("config describe topic o", Kind.TOPIC, "o"),
        ("config alter group --set a=b ", Kind.GROUP, ""),
        ("config describe broker 1 d", Kind.BROKER, "d"),
        ("config describe planet ", None, ""),
        ("topic list --profile ", Kind.PROFILE, ""),
        ("topic list --command-config ", Kind.FILE, ""),
        ("broker --config ", Kind.FILE, ""),
        ("log dump ./a", Kind.FILE, "./a"),
        ("topic list --timeout ", None, ""),
        ("nonsense ", None, ""),
        ("topic nonsense ", None, ""),
        ("size ", None, ""),
    ],
)
def test_what_is_to_be_asked_for(line: str, kind: Kind | None, prefix: str) -> None:
    found = fitting(line)
    assert (found.words, found.kind, found.prefix) == ({}, kind, prefix)


def test_arguments_that_are_a_choice() -> None:
    assert set(fitting("config describe ").words) == {"topic", "broker", "group"}
    assert set(fitting("config alter b").words) == {"broker"}
    assert set(fitting("consume t --from ").words) == {"beginning", "end"}


def test_what_was_said_of_the_cluster_is_kept() -> None:
    found = fitting("topic describe --bootstrap a:1 --command-config=f --json ")
    assert found.options == {"bootstrap": "a:1", "command_config": "f"}


class FakeNames(FakeAdmin):
    async def list_groups(self) -> list[GroupListing]:
        return [GroupListing(name, "classic", "Stable", "consumer") for name in ("workers", "watchers", "other")]

    async def list_transactions(self) -> list[TransactionListing]:
        return [TransactionListing("pay", 1, "Ongoing", 1)]


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> FakeNames:
    fake = FakeNames()
    for name in ("pets", "payments", "orders"):
        fake.add(name, partition(1))
    monkeypatch.setattr("barnabas.cli.session.Admin", fake)
    return fake


def lines(run: Run, words: Iterable[str]) -> list[str]:
    result = run("completion", "words", "--", *words)
    assert (result.code, result.err) == (0, "")
    return result.out.splitlines()


def test_names_are_asked_of_the_cluster(run: Run, names: FakeNames) -> None:
    assert lines(run, ["topic", "describe", "--bootstrap", "b:1", "p"]) == ["payments\ttopic", "pets\ttopic"]
    assert names.opened_with == ("b:1", {"client_id": "barnabas-cli", "timeout": 1.5})
    assert lines(run, ["group", "lag", "w"]) == ["watchers\tgroup", "workers\tgroup"]
    assert lines(run, ["transaction", "describe", ""]) == ["pay\ttransactional id"]
    assert lines(run, ["config", "describe", "broker", ""]) == [
        f"{name}\tbroker" for name in ("1", "2", "3", "default")
    ]


def test_a_cluster_that_does_not_answer_has_no_names(run: Run, names: FakeNames) -> None:
    names.broken = NoBrokersAvailable([("a:1", "refused")])
    assert lines(run, ["topic", "describe", ""]) == []
    assert lines(run, ["topic", "describe", "--profile", "gone", ""]) == []


def test_profiles_and_files(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "config" / "barnabas"
    folder.mkdir(parents=True)
    (folder / "config.toml").write_text("[profiles.production]\n[profiles.test]\n")
    assert lines(run, ["topic", "list", "--profile", "p"]) == ["production\tprofile"]
    assert lines(run, ["log", "dump", ""]) == [":files"]
    assert lines(run, ["topic", "li"]) == [
        "list\tList topics, and how many of their partitions lack a replica or a leader."
    ]


@pytest.mark.parametrize("shell", list(SCRIPTS))
def test_each_shell_gets_its_script(run: Run, shell: str) -> None:
    assert run("completion", shell).out == SCRIPTS[shell]
    assert "completion words --" in SCRIPTS[shell]


_BEFORE = {
    "bash": 'barnabas() { printf "<%s>\\twhat it is\\n" "$@"; }\n',
    "zsh": "compdef() { : }\n",
    "fish": "",
}
"""What a shell has before the script."""


def in_shell(shell: str, script: str, tmp_path: Path) -> list[str]:
    """What a script prints, with a `barnabas` that shows how it was called, in a folder with two files."""
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f"{shell} is not here")
    (tmp_path / "completion").write_text(SCRIPTS[shell])
    (tmp_path / "a-file").touch()
    command = [program, "-c", f"cd {tmp_path}\n{_BEFORE[shell]}source ./completion\n{script}"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=30)
    assert done.stderr == ""
    return done.stdout.splitlines()


@pytest.mark.parametrize(
    ("line", "asked"),
    [
        ("barnabas topic li", ["topic", "li"]),
        ("barnabas topic ", ["topic", ""]),
        ("barnabas topic --bootstrap host:92 x", ["topic", "--bootstrap", "host:92", "x"]),
    ],
)
def test_bash_asks_with_the_words_of_the_line(tmp_path: Path, line: str, asked: list[str]) -> None:
    script = f"COMP_LINE='{line}'\nCOMP_POINT={len(line)}\nCOMP_WORDS=()\nCOMP_CWORD=0\n_barnabas\n"
    shown = in_shell("bash", script + 'printf "%s\\n" "${COMPREPLY[@]}"', tmp_path)
    assert shown == [f"<{word}>" for word in ["completion", "words", "--", *asked]]


@pytest.mark.parametrize(
    ("line", "answer", "replacement"),
    [
        ("barnabas produce t --acks=a", "--acks=all", "all"),
        ("barnabas produce t --acks=", "--acks=all", "all"),
        ("barnabas group describe team:b", "team:billing", "billing"),
    ],
)
def test_bash_is_given_what_is_behind_its_own_separators(
    tmp_path: Path, line: str, answer: str, replacement: str
) -> None:
    script = f"COMP_LINE='{line}'\nCOMP_POINT={len(line)}\nCOMP_WORDS=()\nCOMP_CWORD=0\n_barnabas\n"
    stub = f"barnabas() {{ echo '{answer}'; }}\n"
    assert in_shell("bash", stub + script + 'printf "%s\n" "${COMPREPLY[@]}"', tmp_path) == [replacement]


def test_bash_completes_files_itself(tmp_path: Path) -> None:
    line = "barnabas log a-"
    script = f"COMP_LINE='{line}'\nCOMP_POINT={len(line)}\nCOMP_WORDS=(barnabas log a-)\nCOMP_CWORD=2\n_barnabas\n"
    stub = "barnabas() { echo :files; }\n"
    assert in_shell("bash", stub + script + 'printf "%s\\n" "${COMPREPLY[@]}"', tmp_path) == ["a-file"]


def test_zsh_describes_what_fits(tmp_path: Path) -> None:
    stub = "barnabas() { print -r -- $'list\\tList topics.\\nteam:b\\tgroup\\nall\\t'; }\n_files() { print files }\n"
    shown = '_describe() { print -l -r -- "${(@P)2}" }\nwords=(barnabas topic li) CURRENT=3\n_barnabas\n'
    script = f"{stub}{shown}barnabas() {{ print :files }}\n_barnabas"
    assert in_shell("zsh", script, tmp_path) == ["list:List topics.", "team\\:b:group", "all", "files"]


def test_fish_asks_with_the_words_of_the_line(tmp_path: Path) -> None:
    stub = """function commandline
        if test "$argv[1]" = -opc
            printf '%s\\n' barnabas topic --bootstrap host:92
        else
            echo li
        end
    end
    function barnabas
        printf '<%s>\\n' $argv
    end
    """
    asked = ["completion", "words", "--", "topic", "--bootstrap", "host:92", "li"]
    assert in_shell("fish", stub + "__barnabas_words", tmp_path) == [f"<{word}>" for word in asked]


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_the_other_scripts_can_be_read_by_their_shells(tmp_path: Path, shell: str) -> None:
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f"{shell} is not here")
    (tmp_path / "script").write_text(SCRIPTS[shell])
    subprocess.run([program, "-n", str(tmp_path / "script")], check=True, timeout=30)
