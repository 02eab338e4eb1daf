"""`barnabas format`."""

from __future__ import annotations

from pathlib import Path

import pytest

from barnabas.protocol.types import parse_uuid, uuid_text
from command_harness import Run

CONTROLLER = """
process.roles=controller
node.id=101
listeners=CONTROLLER://127.0.0.1:29192
controller.listener.names=CONTROLLER
listener.security.protocol.map=CONTROLLER:PLAINTEXT
log.dirs={directory}
"""
CLUSTER = "AAAAAAAAAAAAAAAAAAAAAQ"


@pytest.fixture
def config(tmp_path: Path) -> str:
    path = tmp_path / "controller.properties"
    path.write_text(CONTROLLER.format(directory=tmp_path / "data"))
    return str(path)


def test_a_random_id_is_a_uuid(run: Run) -> None:
    first, second = (run("format", "--random-cluster-id").out.strip() for _ in range(2))
    assert first != second
    assert uuid_text(parse_uuid(first)) == first
    assert not first.startswith("-")


def test_standalone_controller(run: Run, config: str, tmp_path: Path) -> None:
    result = run("format", "--config", config, "--cluster-id", CLUSTER, "--standalone")
    assert result.code == 0
    assert str(tmp_path / "data") in result.out
    properties = (tmp_path / "data" / "meta.properties").read_text()
    assert f"cluster.id={CLUSTER}" in properties
    assert "node.id=101" in properties


def test_what_is_formatted_stays(run: Run, config: str, tmp_path: Path) -> None:
    arguments = ["format", "--config", config, "--cluster-id", CLUSTER, "--standalone"]
    assert run(*arguments, "--json").json[0]["formatted"]
    before = (tmp_path / "data" / "meta.properties").read_bytes()
    again = run(*arguments)
    assert (again.code, again.out) == (1, "")
    assert "--ignore-formatted" in again.err
    ignored = run(*arguments, "--ignore-formatted", "--json")
    assert ignored.code == 0
    [directory] = ignored.json
    assert (directory["directory"], directory["formatted"]) == (str(tmp_path / "data"), False)
    assert (tmp_path / "data" / "meta.properties").read_bytes() == before


def test_initial_controllers(run: Run, config: str, tmp_path: Path) -> None:
    voters = f"101@127.0.0.1:29192:{uuid_text(bytes(15) + b'7')},102@127.0.0.1:29193:{uuid_text(bytes(15) + b'8')}"
    result = run("format", "--config", config, "--cluster-id", CLUSTER, "--initial-controllers", voters, "--json")
    assert result.json[0]["directory_id"] == uuid_text(bytes(15) + b"7")


@pytest.mark.parametrize(
    ("options", "code", "complaint"),
    [
        ([], 2, "--random-cluster-id"),
        (["--cluster-id", CLUSTER], 2, "--config"),
        (["--config", "CONFIG"], 2, "--cluster-id"),
        (["--config", "CONFIG", "--cluster-id", CLUSTER], 1, "--standalone"),
        (["--config", "CONFIG", "--cluster-id", CLUSTER, "--initial-controllers", "x"], 1, "id@host:port:directory-id"),
        (["--config", "CONFIG", "--cluster-id", CLUSTER, "--standalone", "--override", "nod.id=1"], 2, "node.id"),
        (["--config", "/nowhere", "--cluster-id", CLUSTER, "--standalone"], 2, "/nowhere"),
    ],
)
def test_what_is_wrong_is_one_line(
    run: Run, config: str, tmp_path: Path, options: list[str], code: int, complaint: str
) -> None:
    result = run("format", *(config if option == "CONFIG" else option for option in options))
    assert (result.code, result.out) == (code, "")
    assert complaint in result.err
    assert len(result.err.splitlines()) == 1
    assert not (tmp_path / "data").exists()
