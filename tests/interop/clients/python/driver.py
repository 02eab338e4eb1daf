"""Members of groups of a Python client, driven as the programs of other languages are: see clients/client.py.

    python driver.py LIBRARY BOOTSTRAP

What else these clients do is tested in tests/cluster, which needs only Python.
"""

from __future__ import annotations

import importlib
import json
import sys
import threading
import time
from collections.abc import Callable
from typing import Any, Final, Protocol

MODULES: Final = {
    "confluent-kafka": "of_confluent_kafka",
    "kafka-python": "of_kafka_python",
    "aiokafka": "of_aiokafka",
}

Tell = Callable[[str, int, int], None]
"""What happened ("read", "assigned", "revoked"), to which partition, at which offset (-1: none)."""


class Run(Protocol):
    """Consumes, and commits what it has read, until `leaving` is set."""

    def __call__(
        self, bootstrap: str, group: str, topic: str, protocol: str, tell: Tell, leaving: threading.Event
    ) -> None: ...


class Members:
    """Each in a thread of its own, and what happened to all of them, in order."""

    def __init__(self, bootstrap: str, run: Run) -> None:
        self._bootstrap = bootstrap
        self._run = run
        self._events: list[dict[str, Any]] = []
        self._lock = threading.Lock()
        self._members: dict[str, tuple[threading.Thread, threading.Event]] = {}

    def join(self, *, group: str, topic: str, member: str, protocol: str) -> None:
        leaving = threading.Event()
        thread = threading.Thread(target=self._live, args=(member, group, topic, protocol, leaving), daemon=True)
        self._members[member] = thread, leaving
        thread.start()

    def leave(self, *, member: str, **_: str) -> None:
        thread, leaving = self._members.pop(member)
        leaving.set()
        thread.join()

    def heard(self) -> list[dict[str, Any]]:
        with self._lock:
            events, self._events = self._events, []
        return events

    def _live(self, member: str, group: str, topic: str, protocol: str, leaving: threading.Event) -> None:
        def tell(what: str, partition: int, offset: int) -> None:
            event = {"member": member, "what": what, "partition": partition, "offset": offset}
            with self._lock:
                self._events.append({**event, "at": time.monotonic() * 1000})

        try:
            self._run(self._bootstrap, group, topic, protocol, tell, leaving)
        except BaseException:
            tell("failed", -1, -1)
            raise


def main() -> None:
    library, bootstrap = sys.argv[1:]
    members = Members(bootstrap, importlib.import_module(MODULES[library]).run)
    commands: dict[str, Callable[..., Any]] = {"join": members.join, "leave": members.leave, "heard": members.heard}
    for line in sys.stdin:
        command = json.loads(line)
        do = commands[command.pop("do")]
        print(json.dumps({"result": do(**command)}), flush=True)


if __name__ == "__main__":
    main()
