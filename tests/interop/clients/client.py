"""A client of another language, driven line by line.

Each client is a small program in java/, go/ or node/ that reads a command a line from stdin and writes an answer a
line to stdout, both JSON: `{"do": "create", "topic": ...}`, then `{"result": ...}` or `{"error": text, "code": the
protocol's}`. What is done with a client, and what is expected of it, is therefore written once: in test_clients.py.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

from clients import builds

ALL_CODECS = ("none", "gzip", "snappy", "lz4", "zstd")
PATIENCE_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Record:
    """A record to produce, or as fetched. It has one header, named "h"; timestamp (ms) 0 is the client's own choice."""

    key: str
    value: str
    header: str
    timestamp: int = 0
    offset: int = -1


class Load(NamedTuple):
    """What a client did until it was told to stop."""

    acked: dict[int, int]
    """The number acknowledged for each offset."""
    failed: list[str]
    fetched: list[int]
    """The numbers in the order in which its consumer had them."""


class Refused(Exception):
    """The client answered with an error; `code` is the protocol's, -1 if it names none."""

    def __init__(self, text: str, code: int) -> None:
        super().__init__(text)
        self.code = code


@dataclass(frozen=True, slots=True)
class Kind:
    """A client library, and what it can do."""

    name: str
    language: str
    program: tuple[str, ...]
    """Its command; `{}` stands for the directory of the built programs."""
    codecs: tuple[str, ...] = ALL_CODECS
    lacks: frozenset[str] = frozenset()
    """Commands that the library has no call for."""
    protocols: tuple[str, ...] = ()
    """How members of its groups share partitions, as far as that is tested: "eager" and "cooperative" by the classic
    protocol, "consumer" by KIP-848's."""

    def __str__(self) -> str:
        return self.name


class Client:
    """A running program."""

    def __init__(self, kind: Kind, process: subprocess.Popen[str], said: Path) -> None:
        self.kind = kind
        self._process = process
        self._said = said

    def call(self, do: str, **arguments: Any) -> Any:
        """The result of a command.

        Raises:
            Refused: the client answered with an error.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"do": do, **arguments}) + "\n")
        self._process.stdin.flush()
        watchdog = threading.Timer(PATIENCE_SECONDS, self._process.kill)
        watchdog.start()
        line = self._process.stdout.readline()
        watchdog.cancel()
        if not line:
            raise AssertionError(f"{self.kind}: no answer to {do}; it said:\n{self.said()}")
        answer = json.loads(line)
        if "error" in answer:
            raise Refused(answer["error"], answer.get("code", -1))
        return answer["result"]

    def said(self) -> str:
        """The end of what it wrote to stderr."""
        return self._said.read_text()[-4000:]

    def kill(self) -> None:
        """SIGKILL."""
        self._process.kill()

    def can(self, command: str) -> bool:
        return command not in self.kind.lacks

    def create(
        self, topic: str, *, partitions: int = 1, replicas: int = 3, configs: dict[str, str] | None = None
    ) -> None:
        self.call("create", topic=topic, partitions=partitions, replicas=replicas, configs=configs or {})

    def produce(
        self, topic: str, records: list[Record], *, partition: int = 0, codec: str, acks: str, idempotent: bool
    ) -> list[int]:
        """The offsets; they mean nothing with acks 0."""
        written = [asdict(record) for record in records]
        arguments = {"partition": partition, "codec": codec, "acks": acks, "idempotent": idempotent}
        offsets: list[int] = self.call("produce", topic=topic, records=written, **arguments)
        return offsets

    def fetch(self, topic: str, count: int, *, partition: int = 0, offset: int = 0) -> list[Record]:
        """The first `count` records of a partition from `offset` on, read by assignment."""
        found = self.call("fetch", topic=topic, partition=partition, offset=offset, count=count)
        return [Record(**record) for record in found]

    def list_offset(self, topic: str, timestamp: int) -> int:
        """What ListOffsets answers for partition 0: -1 is the end, -2 the start, -3 the highest timestamp."""
        return int(self.call("list_offset", topic=topic, partition=0, timestamp=timestamp))

    def stop_load(self) -> Load:
        result = self.call("stop_load")
        acked = {int(offset): number for offset, number in result["acked"].items()}
        return Load(acked, result["failed"] or [], result["fetched"] or [])


@contextlib.contextmanager
def running(kind: Kind, bootstrap: str) -> Iterator[Client]:
    """The client's program, built if need be and connected to `bootstrap`."""
    directory = builds.build(kind.language)
    command, *arguments = (part.replace("{}", str(directory)) for part in kind.program)
    with tempfile.NamedTemporaryFile("w", prefix=f"{kind.name}-", suffix=".log") as said:
        process = subprocess.Popen(
            [command, *(bootstrap if part == "BOOTSTRAP" else part for part in arguments)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=said,
            text=True,
        )
        with process:
            try:
                yield Client(kind, process, Path(said.name))
            finally:
                process.kill()
