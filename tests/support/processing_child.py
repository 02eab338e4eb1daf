"""An instance of the application that `processing.Processor` starts: `processing_child.py CLIENT JOB`.

Copies until its stdin ends, or until it is fenced, and says a line of `Progress` at each step. It lives several lives:
whatever one does not survive is left to the next one's new producer.
"""

from __future__ import annotations

import json
import sys
import threading
from importlib import import_module

from processing import Job, Progress
from processing_life import Life


def main() -> None:
    client, job = sys.argv[1], Job(**json.loads(sys.argv[2]))
    live = import_module(f"processing_{client.partition('-')[0]}").live
    progress, stop = Progress(), threading.Event()

    def wait_for_end() -> None:
        sys.stdin.read()
        stop.set()

    threading.Thread(target=wait_for_end, daemon=True).start()
    while not (stop.is_set() or progress.fenced or progress.broken):
        progress.producers += 1
        life = Life(job, progress, stop)
        thread = threading.Thread(target=life.run, args=(live,), daemon=True)
        thread.start()
        while thread.is_alive() and not life.hangs:
            thread.join(0.05)
        life.left_behind = True
        progress.broken = not (thread.is_alive() or life.ended)
        life.say()
    stop.wait()


if __name__ == "__main__":
    main()
