"""Commands that fetch from the network: tried again, because registries refuse now and then, or break off."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

ATTEMPTS = 3
PAUSE_SECONDS = 5.0
MOST_SECONDS = 300.0


def fetch(*command: str | Path, directory: Path | None = None) -> None:
    """Run a command until it succeeds.

    Raises:
        AssertionError: it did not; the text holds what it said last.
    """
    line = " ".join(map(str, command))
    for attempt in range(1, ATTEMPTS + 1):
        try:
            done = subprocess.run(
                command,
                cwd=directory,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                timeout=MOST_SECONDS,
            )
        except subprocess.TimeoutExpired:
            said = f"not done after {MOST_SECONDS:.0f} s"
        else:
            if done.returncode == 0:
                return
            said = done.stdout
        print(f"{line}: attempt {attempt} of {ATTEMPTS} failed", file=sys.stderr)
        if attempt < ATTEMPTS:
            time.sleep(PAUSE_SECONDS * attempt)
    raise AssertionError(f"{line}:\n{said}")
