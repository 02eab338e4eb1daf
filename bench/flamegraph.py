"""Draws where a broker spends its time while one client produces to it: `python -m bench.flamegraph FILE.svg`.

Needs py-spy on the PATH. Only what the event loop runs is drawn, from the handling of a wake-up on; threads that wait
are left out. Colours are folders.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import escape
from pathlib import Path

from bench import loads
from bench.clusters import barnabas

SECONDS = 15
RATE = 250
WIDTH, ROW, CHARACTER = 1200, 17, 6.3
LEAST = 0.002
"""Frames with a smaller share are not drawn."""
LOOP, WAITING = "unrolled_run (trio/_core/_run.py)", "_work (trio/_core/_thread_cache.py)"
COLOURS = {
    "broker": "#e8a87c",
    "storage": "#c38d9e",
    "server": "#f3d17c",
    "net": "#85cdca",
    "protocol": "#a3c585",
    "client": "#9db4d6",
}
OTHER = "#d8d8d8"


@dataclass(slots=True)
class Frame:
    """A function, how many samples were in it or below it, and what it called."""

    name: str
    samples: int = 0
    calls: dict[str, Frame] = field(default_factory=dict)

    def add(self, stack: list[str], samples: int) -> None:
        self.samples += samples
        if stack:
            self.calls.setdefault(stack[0], Frame(stack[0])).add(stack[1:], samples)

    @property
    def depth(self) -> int:
        return 1 + max((frame.depth for frame in self.calls.values()), default=0)


def record(pid: int) -> Frame:
    """What py-spy sees of a process: the event loop's work as one tree."""
    with tempfile.NamedTemporaryFile(suffix=".txt") as raw:
        command = ["py-spy", "record", "--function", "--format", "raw", "--rate", str(RATE)]
        command += ["--pid", str(pid), "--duration", str(SECONDS), "--output", raw.name]
        subprocess.run(command, check=True, capture_output=True)
        text = Path(raw.name).read_text(encoding="utf-8")
    loop = Frame("event loop of a broker")
    for line in text.splitlines():
        path, _, samples = line.rpartition(" ")
        stack = re.sub(r":\d+\)", ")", path).split(";")
        if LOOP in stack:
            loop.add(stack[stack.index(LOOP) + 1 :], int(samples))
        elif not stack[-1].endswith(WAITING):
            loop.add(["everything else"], int(samples))
    return loop


def svg(root: Frame, title: str) -> str:
    """The picture, calls above their callers."""
    height = (root.depth + 2) * ROW
    boxes = "\n".join(_boxes(root, root.samples, 0.0, height - 2 * ROW))
    legend = "".join(
        f'<rect x="{8 + 90 * n}" y="{height - ROW + 3}" width="10" height="10" fill="{colour}"/>'
        f'<text x="{22 + 90 * n}" y="{height - 5}">{name}</text>'
        for n, (name, colour) in enumerate({**COLOURS, "libraries": OTHER}.items())
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
        'font-family="monospace" font-size="11">\n'
        f'<rect width="100%" height="100%" fill="white"/>\n<text x="8" y="13">{escape(title)}</text>\n'
        f"{boxes}\n{legend}\n</svg>\n"
    )


def _boxes(frame: Frame, total: int, left: float, top: float) -> Iterator[str]:
    share = frame.samples / total
    if share < LEAST:
        return
    width = share * WIDTH
    label = escape(frame.name[: max(0, int(width / CHARACTER) - 1)])
    box = f'x="{left:.1f}" y="{top:.0f}" width="{width:.1f}" height="{ROW - 1}" fill="{_colour(frame.name)}"'
    text = f'<text x="{left + 3:.1f}" y="{top + 12:.0f}">{label}</text>' if label else ""
    yield f"<g><title>{escape(frame.name)}: {share:.1%}</title><rect {box}/>{text}</g>"
    for call in sorted(frame.calls.values(), key=lambda call: -call.samples):
        yield from _boxes(call, total, left, top - ROW)
        left += call.samples / total * WIDTH


def _colour(name: str) -> str:
    """By the folder of the function's file, which stands in parentheses; functions made at run time are the codec's."""
    place = name.rpartition("(")[2]
    return COLOURS.get("protocol" if place.startswith("<") else place.partition("/")[0], OTHER)


def main() -> None:
    """Record one broker of three under records of 1 KB with acks=all."""
    with barnabas() as system:
        loads.produce(system.bootstrap, "warm", size=1024, acks="all", seconds=3)
        load = threading.Thread(
            target=loads.produce,
            args=(system.bootstrap, "recorded"),
            kwargs={"size": 1024, "acks": "all", "seconds": SECONDS + 3},
        )
        load.start()
        frames = record(system.pids()[1])
        load.join()
    Path(sys.argv[1]).write_text(svg(frames, "produce of 1 KB records, acks=all, three replicas"), encoding="utf-8")


if __name__ == "__main__":
    main()
