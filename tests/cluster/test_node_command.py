"""`barnabas broker`, `barnabas controller` and `barnabas format` as processes: wrong use, and an orderly end."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from barnabas.cli.dev.layout import Layout, NodeSpec
from barnabas.cli.dev.probe import probe_ready
from barnabas.testing.processes import free_base_port
from command_harness import Result, Run, run_command
from dev_harness import COMMAND, SECONDS, Dev, Lines, eventually

pytestmark = pytest.mark.cluster


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*COMMAND, *arguments], capture_output=True, text=True, timeout=SECONDS, check=False)


def assert_refused(done: subprocess.CompletedProcess[str], *words: str) -> None:
    """Exit code 1, and one line, with these words in it."""
    assert (done.returncode, done.stdout) == (1, ""), done.stderr
    [line] = [line for line in done.stderr.splitlines() if not line.startswith("{")]
    assert [word for word in words if word not in line] == [], line


@contextmanager
def node(spec: NodeSpec, *options: str) -> Iterator[subprocess.Popen[str]]:
    """A node in the foreground of some shell, ready; killed at the end if it has not ended."""
    arguments = [*COMMAND, spec.role, "--config", str(spec.config_file), *options]
    with subprocess.Popen(arguments, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        log = Lines(process.stderr)
        try:
            eventually(lambda: probe_ready(spec.http_port) or process.poll() is not None, f"{spec.name} is ready")
            assert process.poll() is None, log.all()
            yield process
        finally:
            process.kill()
            process.wait()
            log.all()


@pytest.fixture
def cluster_of_two(tmp_path: Path) -> Layout:
    """A controller and a broker with their properties, not formatted."""
    layout = Layout(tmp_path, controllers=1, brokers=1, base_port=free_base_port(1, 1))
    layout.write_properties()
    return layout


class Format:
    """`barnabas format` in this process, because that is quicker."""

    def __init__(self, run: Run) -> None:
        self._run = run

    def __call__(self, spec: NodeSpec, cluster_id: str = "one", *options: str) -> None:
        done = self._format(spec, cluster_id, *options)
        assert done.code == 0, done.err

    def refused(self, spec: NodeSpec, cluster_id: str, *options: str) -> str:
        """The one line that it says."""
        done = self._format(spec, cluster_id, *options)
        assert (done.code, done.output) == (1, b"")
        [line] = done.err.splitlines()
        return line

    def _format(self, spec: NodeSpec, cluster_id: str, *options: str) -> Result:
        first = ["--standalone"] if spec.role == "controller" and not options else []
        return self._run("format", "--config", str(spec.config_file), "--cluster-id", cluster_id, *first, *options)


@pytest.fixture
def format_node(capfdbinary: pytest.CaptureFixture[bytes], tmp_path: Path) -> Format:
    return Format(partial(run_command, capfdbinary, tmp_path / "stdin"))


def run(spec: NodeSpec, *options: str) -> subprocess.CompletedProcess[str]:
    return command(spec.role, "--config", str(spec.config_file), *options)


def test_a_cluster_by_hand(cluster_of_two: Layout, format_node: Format) -> None:
    controller, broker = cluster_of_two.nodes
    for spec in (controller, broker):
        assert_refused(run(spec), str(spec.data_directory), "format")
        format_node(spec)
        assert f"{spec.data_directory} is formatted already" in format_node.refused(spec, "one")
    with node(controller) as active, node(broker) as serving:
        for spec in (controller, broker):
            assert_refused(run(spec, "--override", "http.listener=none"), str(spec.data_directory), "another process")
        for running in (serving, active):
            running.send_signal(signal.SIGTERM)
            assert running.wait(SECONDS) == 0


@pytest.mark.parametrize("role", ["controller", "broker"])
def test_directories_of_somebody_else(cluster_of_two: Layout, format_node: Format, role: str) -> None:
    spec = next(spec for spec in cluster_of_two.nodes if spec.role == role)
    format_node(spec)
    assert_refused(run(spec, "--override", "node.id=7"), str(spec.data_directory), f"node {spec.id}", "node 7")
    refusal = format_node.refused(spec, "two")
    assert (
        f"{spec.data_directory} belongs to node {spec.id} of cluster one, not to node {spec.id} of cluster" in refusal
    )
    if role == "broker":
        other = spec.directory / "other"
        one_more = ["--override", f"log.dirs={spec.data_directory},{other}"]
        format_node(spec, "two", "--override", f"log.dirs={other}")
        assert_refused(run(spec, *one_more), str(other), "two", "one")


def test_a_broker_of_another_cluster_is_turned_away(cluster_of_two: Layout, format_node: Format) -> None:
    controller, broker = cluster_of_two.nodes
    format_node(controller, "one")
    format_node(broker, "two")
    with node(controller):
        assert_refused(run(broker), "another cluster")


@pytest.mark.parametrize("role", ["controller", "broker"])
@pytest.mark.parametrize("listener", ["listeners", "http.listener"])
def test_a_port_in_use(cluster_of_two: Layout, format_node: Format, role: str, listener: str) -> None:
    spec = next(spec for spec in cluster_of_two.nodes if spec.role == role)
    format_node(spec)
    port = spec.port if listener == "listeners" else spec.http_port
    with socket.create_server(("127.0.0.1", port)):
        assert_refused(run(spec), f"cannot listen on {spec_name(spec, listener)}", f":{port}", "in use")


def spec_name(spec: NodeSpec, listener: str) -> str:
    scheme = "CONTROLLER" if spec.role == "controller" else "PLAINTEXT"
    return f"{scheme}://{spec.listener}" if listener == "listeners" else spec.http


def test_mistakes_in_the_file_are_a_line_each(tmp_path: Path) -> None:
    file = tmp_path / "broker.properties"
    file.write_text(
        "process.roles=broker\nnode.id=one\n# all well here\nnum.partitons=3\n"
        "log.retention.hours=\\\n  never\nno.such.thing.at.all=1\nhttp.listener=nowhere\n"
    )
    done = command("broker", "--config", str(file), "--override", "num.network.treads=1", "--override", "what")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines() == [
        f"{file}:2: node.id: 'one' is not a whole number",
        f"{file}:4: num.partitons is not a known setting; did you mean num.partitions?",
        f"{file}:5: log.retention.hours: 'never' is not a whole number",
        f"{file}:7: no.such.thing.at.all is not a known setting",
        f"{file}:8: http.listener: 'nowhere' is not host:port",
        "--override: num.network.treads is not a known setting; did you mean num.network.threads?",
        "--override what: must be name=value",
    ]
    file.write_text("process.roles=controller\n")
    done = command("controller", "--config", str(file))
    assert done.returncode == 2
    assert "node.id is required and is not set" in done.stderr.splitlines()
    done = command("controller", "--config", str(tmp_path / "nowhere"))
    assert (done.returncode, done.stderr) == (2, f"{tmp_path / 'nowhere'}: No such file or directory\n")


def test_format_does_not_revive_a_voter(tmp_path: Path, format_node: Format) -> None:
    with Dev(tmp_path, controllers=3) as dev:
        dev.wait_ready()
        spec = Layout(tmp_path, 3, 1, dev.base_port).of("controller")[1]
        assert dev.act("stop", spec.name).returncode == 0
        spec.data_directory.rename(tmp_path / "lost")
        assert dev.act("start", spec.name).returncode == 0
        died = dev.output.wait_for("controller-102 died")
        assert died.startswith(f"controller-102 died (exit code 1): {spec.data_directory} has no meta.properties")
        identity = json.loads((tmp_path / "dev.json").read_text())
        voters = ",".join(
            f"{node.id}@{node.listener}:{identity['voters'][str(node.id)]}"
            for node in Layout(tmp_path, 3, 1, dev.base_port).of("controller")
        )
        for first in (["--standalone"], ["--initial-controllers", voters]):
            refusal = format_node.refused(spec, identity["cluster_id"], *first)
            assert "node 102 is a voter of the quorum that runs at" in refusal
            assert "--no-initial-controllers" in refusal
        assert not spec.data_directory.exists()
        format_node(spec, identity["cluster_id"], "--no-initial-controllers")
        assert dev.act("start", spec.name).returncode == 0
        eventually(lambda: probe_ready(spec.http_port), "the controller that lost its disk only observes")
