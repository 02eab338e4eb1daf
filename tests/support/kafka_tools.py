"""Apache Kafka's command line tools, and its readers of the small files of a log directory, in one JVM.

Started anew, each tool would need one to two seconds for the JVM alone. Needs a Java 17 compiler.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import apache_kafka

PROGRAM = Path(__file__).resolve().parents[1] / "interop" / "kafka" / "Tools.java"
PATIENCE_SECONDS = 60.0
TOOLS = {
    "kafka-broker-api-versions": "org.apache.kafka.tools.BrokerApiVersionsCommand",
    "kafka-cluster": "org.apache.kafka.tools.ClusterTool",
    "kafka-configs": "kafka.admin.ConfigCommand",
    "kafka-console-consumer": "org.apache.kafka.tools.consumer.ConsoleConsumer",
    "kafka-console-producer": "org.apache.kafka.tools.ConsoleProducer",
    "kafka-dump-log": "org.apache.kafka.tools.DumpLogSegments",
    "kafka-get-offsets": "org.apache.kafka.tools.GetOffsetShell",
    "kafka-metadata-quorum": "org.apache.kafka.tools.MetadataQuorumCommand",
    "kafka-producer-perf-test": "org.apache.kafka.tools.ProducerPerformance",
    "kafka-topics": "org.apache.kafka.tools.TopicCommand",
    "kafka-transactions": "org.apache.kafka.tools.TransactionsCommand",
}


def missing() -> str | None:
    """What this machine lacks to run the tools; None if nothing."""
    if shutil.which("javac") is None:
        return "javac is not on the PATH: install a Java 17 compiler (JDK)"
    return apache_kafka.missing()


@dataclass(frozen=True, slots=True)
class Ended:
    """How a tool ended: its exit code, and what it printed."""

    code: int
    out: str
    err: str


class Tools:
    """The running JVM. Tools run one at a time."""

    def __init__(self, process: subprocess.Popen[str], log: Path) -> None:
        self._process = process
        self._log = log

    def run(self, tool: str, *arguments: str, text: str = "") -> str:
        """What the tool prints, given `text` on its standard input; it must end well."""
        ended = self.end(tool, *arguments, text=text)
        assert ended.code == 0, f"{tool} {' '.join(arguments)}: {ended}\n{self.logged()}"
        return ended.out

    def end(self, tool: str, *arguments: str, text: str = "") -> Ended:
        """How the tool ends."""
        answer = self._ask({"main": TOOLS[tool], "arguments": arguments, "input": text})
        return Ended(answer["code"], answer["out"], answer["err"])

    def read(self, file: Path) -> Any:
        """A checkpoint, or another small file, as Kafka's own reader of such files understands it."""
        answer = self._ask({"file": str(file)})
        assert answer["code"] == 0, f"{file}: {answer['err']}\n{self.logged()}"
        return answer["content"]

    def logged(self) -> str:
        """What Kafka's classes have logged so far: warnings and errors."""
        return self._log.read_text(encoding="utf-8")

    def _ask(self, request: dict[str, Any]) -> dict[str, Any]:
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        stdin.write(json.dumps(request) + "\n")
        stdin.flush()
        watchdog = threading.Timer(PATIENCE_SECONDS, self._process.kill)
        watchdog.start()
        line = stdout.readline()
        watchdog.cancel()
        assert line, f"no answer to {request} within {PATIENCE_SECONDS:.0f} s\n{self.logged()}"
        return cast("dict[str, Any]", json.loads(line))


@contextlib.contextmanager
def kafka_tools(log: Path) -> Iterator[Tools]:
    """Start the JVM; what is logged goes to the file `log`."""
    command = apache_kafka.java(str(PROGRAM), jvm=apache_kafka.BRIEF_JVM)
    with (
        log.open("w") as errors,
        subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, encoding="utf-8"
        ) as process,
    ):
        try:
            yield Tools(process, log)
        finally:
            process.kill()
