"""`barnabas dev` with nodes that are no nodes: `python fake_nodes.py DIRECTORY BEHAVIOUR [--restart]`.

Every node behaves as asked: `deaf` is ready and ignores SIGTERM, `fleeting` is ready and ends at once the second time
and later, `mute` never becomes ready, `broken` raises, `failing` says why it cannot start.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from barnabas.cli.dev.layout import Layout, NodeSpec
from barnabas.cli.dev.supervisor import NodeDidNotStart, Supervisor


def behave(behaviour: str, spec: NodeSpec, channel: int) -> int:
    lives = spec.directory / "lives"
    lives.write_text(lives.read_text() + "x" if lives.exists() else "x")
    if behaviour == "failing" and spec.role == "broker":
        print("no room for me", file=sys.stderr)
        return 1
    if behaviour == "broken" and spec.role == "broker":
        raise ZeroDivisionError("a bug")
    if behaviour == "deaf":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if behaviour != "mute":
        os.write(channel, b"r")
    if behaviour == "fleeting" and spec.role == "broker" and len(lives.read_text()) > 1:
        return 3
    while True:
        signal.pause()


def main(directory: Path, behaviour: str, *options: str) -> int:
    layout = Layout(directory, controllers=1, brokers=1, base_port=20_000)
    for node in layout.nodes:
        node.directory.mkdir(parents=True)
    supervisor = Supervisor(
        layout,
        lambda spec, channel: behave(behaviour, spec, channel),
        restart="--restart" in options,
        report=lambda line: print(line, flush=True),
    )
    with supervisor.opened():
        try:
            supervisor.run(lambda: None)
        except NodeDidNotStart as error:
            print(error, flush=True)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), *sys.argv[2:]))
