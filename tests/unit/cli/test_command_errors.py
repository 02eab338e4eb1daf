"""Every command that talks to a cluster: what it says when that does not answer, or refuses."""

from __future__ import annotations

import pytest
from typer.main import get_command

from barnabas.cli.main import app
from barnabas.client.errors import BrokerError, ClientError, NoBrokersAvailable
from barnabas.protocol.errors import ErrorCode
from command_harness import FakeClient, Run, options_of

LINES = [
    "topic create t",
    "topic list",
    "topic describe t",
    "topic delete t",
    "topic alter t --partitions 2",
    "produce t",
    "consume t",
    "group list",
    "group describe g",
    "group lag g",
    "group reset-offsets g --topic t --to-earliest",
    "group remove-members g --member m",
    "group delete g",
    "group delete-offsets g --topic t",
    "transaction list",
    "transaction describe x",
    "transaction find-hanging",
    "transaction abort x",
    "transaction abort --topic t:0 --start-offset 1",
    "config describe topic t",
    "config alter broker 1 --set a=b",
    "cluster describe",
    "cluster elect-leaders",
    "cluster elect-leaders --topic t",
    "cluster forget-broker 3",
    "features describe",
    "features alter group.version=1",
    "quorum describe",
    "doctor",
    "top --once",
    "perf produce t",
    "perf consume t",
    "perf end-to-end t",
    "perf transactions t",
]
"""One for each command, at least."""
ERRORS: list[tuple[ClientError, str]] = [
    (NoBrokersAvailable([("127.0.0.1:1", "Connection refused")]), "is --bootstrap right?"),
    (BrokerError(ErrorCode.CLUSTER_AUTHORIZATION_FAILED, "cluster"), "CLUSTER_AUTHORIZATION_FAILED"),
]


def test_no_command_is_left_out() -> None:
    commands = {" ".join(names) for names, options in options_of(get_command(app)).items() if "--bootstrap" in options}
    assert {command for command in commands if not any(line.startswith(command) for line in LINES)} == set()


@pytest.mark.parametrize("error", ERRORS, ids=lambda each: type(each[0]).__name__)
@pytest.mark.parametrize("line", LINES)
@pytest.mark.parametrize("as_json", [False, True])
def test_an_error_is_one_line(
    run: Run, monkeypatch: pytest.MonkeyPatch, line: str, error: tuple[ClientError, str], as_json: bool
) -> None:
    for client in ("session.Admin", "produce.Producer", "consume.Consumer", "perf.command.Cluster"):
        monkeypatch.setattr(f"barnabas.cli.{client}", FakeClient(broken=error[0]))
    result = run(*line.split(), *(["--json"] if as_json else []))
    assert (result.code, result.out) == (1, "")
    [said] = result.err.splitlines()
    assert said.startswith("barnabas: ")
    assert error[1] in said
