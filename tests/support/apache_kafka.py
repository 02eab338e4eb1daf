"""Apache Kafka itself, of the same shape and settings as a `barnabas dev` cluster: the judge and the yardstick.

Needs Java 17 and Maven, which fetches the jars once into `.barnabas/apache-kafka`.
"""

from __future__ import annotations

import contextlib
import functools
import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from confluent_kafka.admin import AdminClient

from barnabas.cli.dev.layout import Layout, NodeSpec
from barnabas.protocol.types import uuid_text
from barnabas.testing.processes import free_base_port
from downloads import fetch

ROOT = Path(__file__).resolve().parents[2]
POM = ROOT / "tests" / "interop" / "kafka" / "pom.xml"
JARS = ROOT / ".barnabas" / "apache-kafka" / "libs"
CLUSTER_ID = "comparison-cluster-id1"
JAVA = 17
START_SECONDS = 120.0
STOP_SECONDS = 60.0
# The memory settings are Kafka's own start script's for a small machine; everything else is its default.
JVM = ["-Xms256m", "-Xmx1g", "-XX:+UseG1GC", "-XX:MaxGCPauseMillis=20", "-Djava.awt.headless=true"]
BRIEF_JVM = ("-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
"""For programs of a second or two."""


def missing() -> str | None:
    """What this machine lacks to run Apache Kafka; None if nothing."""
    for tool, package in (("java", "a Java 17 runtime"), ("mvn", "Maven")):
        if shutil.which(tool) is None:
            return f"{tool} is not on the PATH: install {package}"
    version = _java_version()
    return None if version >= JAVA else f"java is of version {version}: Apache Kafka 4 needs {JAVA}"


@functools.cache
def _java_version() -> int:
    said = subprocess.run(["java", "-version"], capture_output=True, text=True).stderr
    found = re.search(r'version "(\d+)', said)
    return int(found[1]) if found else 0


def fetch_jars() -> Path:
    """The directory of Kafka's jars, fetched if they are not there yet."""
    if not JARS.exists():
        partial = JARS.with_name("partial")  # what is cut off must not pass for all of them
        shutil.rmtree(partial, ignore_errors=True)
        fetch("mvn", "-q", "-B", "-f", POM, "dependency:copy-dependencies", f"-DoutputDirectory={partial}")
        partial.rename(JARS)
    return JARS


def java(main: str, *arguments: str, jvm: tuple[str, ...] = (), log_level: str = "WARN") -> list[str]:
    """The command that runs one of Kafka's main classes."""
    config = JARS.parent / f"log4j2-{log_level.lower()}.properties"
    config.parent.mkdir(parents=True, exist_ok=True)
    config.write_text(
        f"rootLogger.level={log_level}\nrootLogger.appenderRef.out.ref=OUT\n"
        "appender.out.type=Console\nappender.out.name=OUT\nappender.out.target=SYSTEM_ERR\n"
        "appender.out.layout.type=PatternLayout\nappender.out.layout.pattern=%d %p %c: %m%n\n"
    )
    classpath = f"{fetch_jars()}/*"
    return ["java", *jvm, f"-Dlog4j2.configurationFile={config}", "-cp", classpath, main, *arguments]


@dataclass(slots=True)
class ApacheKafka:
    """A running cluster; `pids` by node id."""

    layout: Layout
    processes: dict[int, subprocess.Popen[bytes]] = field(default_factory=dict)
    began: float = 0.0
    """When the first node was started: monotonic seconds."""

    @property
    def bootstrap(self) -> str:
        return self.layout.bootstrap

    @property
    def pids(self) -> dict[int, int]:
        return {node: process.pid for node, process in self.processes.items()}

    def start(self, node: NodeSpec) -> None:
        """Start one node; returns at once."""
        command = java("kafka.Kafka", str(node.config_file), jvm=tuple(JVM), log_level="INFO")
        with node.log_file.open("ab") as log:
            # In a session of its own as our nodes: Linux shares the processor among sessions.
            self.processes[node.id] = subprocess.Popen(
                command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True
            )

    def kill(self, node_id: int) -> None:
        """SIGKILL one node."""
        process = self.processes.pop(node_id)
        process.kill()
        process.wait()

    def stop_node(self, node_id: int) -> None:
        """Stop one node in an orderly way."""
        process = self.processes.pop(node_id)
        process.terminate()
        process.wait(STOP_SECONDS)

    def restart(self, node_id: int, while_down: Callable[[], None]) -> None:
        """Stop a broker in an orderly way, do something while it is down, and start it again."""
        self.stop_node(node_id)
        while_down()
        self.start(next(node for node in self.layout.nodes if node.id == node_id))

    def wait_ready(self) -> None:
        """Return when every broker is in the metadata of the cluster."""
        admin = AdminClient({"bootstrap.servers": self.bootstrap, "log_level": 0})
        deadline = time.monotonic() + START_SECONDS
        while True:
            with contextlib.suppress(Exception):
                if len(admin.list_topics(timeout=1).brokers) == self.layout.brokers:
                    return
            for node, process in self.processes.items():
                if process.poll() is not None:
                    raise AssertionError(f"Apache Kafka's node {node} ended; its log:\n{self._last_words(node)}")
            if time.monotonic() > deadline:
                raise AssertionError(f"Apache Kafka is not ready after {START_SECONDS:.0f} s")

    def _last_words(self, node_id: int) -> str:
        log = next(node.log_file for node in self.layout.nodes if node.id == node_id)
        said = log.read_text(errors="replace").splitlines()
        return "\n".join([line for line in said if " ERROR " in line or " FATAL " in line][:5] + said[-10:])


def write_files(layout: Layout) -> None:
    """Configuration files and formatted directories; the voters are in the metadata log (KIP-853), as ours are."""
    voters = ",".join(f"{c.id}@{c.listener}:{uuid_text(os.urandom(16))}" for c in layout.of("controller"))
    running = []
    for node in layout.nodes:
        node.directory.mkdir(parents=True, exist_ok=True)
        properties = layout.properties(node)
        del properties["http.listener"]
        properties |= dict(override.split("=", 1) for override in layout.overrides)
        node.config_file.write_text("".join(f"{name}={value}\n" for name, value in properties.items()))
        arguments = ["format", "-t", CLUSTER_ID, "-c", str(node.config_file)]
        if node.role == "controller":
            arguments += ["--initial-controllers", voters]
        command = java("kafka.tools.StorageTool", *arguments, jvm=BRIEF_JVM)
        running.append(subprocess.Popen(command, stdout=subprocess.DEVNULL))
    for process in running:
        if process.wait(START_SECONDS):
            raise AssertionError(f"Apache Kafka's storage tool failed: {process.args!r}")


@contextlib.contextmanager
def apache_kafka(
    *, brokers: int = 3, controllers: int = 3, overrides: tuple[str, ...] = (), wait: bool = True
) -> Iterator[ApacheKafka]:
    """A cluster of Apache Kafka in a temporary directory, ready to be used."""
    with tempfile.TemporaryDirectory(prefix="apache-kafka-") as directory:
        layout = Layout(Path(directory), controllers, brokers, free_base_port(brokers, controllers), overrides)
        write_files(layout)
        cluster = ApacheKafka(layout)
        try:
            cluster.began = time.monotonic()
            for node in layout.nodes:
                cluster.start(node)
            if wait:
                cluster.wait_ready()
            yield cluster
        finally:
            # Its directory goes with it, and in an orderly way all together would take up to a minute.
            for node_id in list(cluster.processes):
                cluster.kill(node_id)
