"""The processes that go on running, without the libraries of the command line: `barnabas dev`, `broker`, `controller`.

typer brings pydantic along: 0.1 s, and 10 MB in each process that is forked later. So these commands only read their
arguments with typer, and then let this module take their process's place: the same process id and descriptors, another
program.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, NoReturn, cast

from barnabas.cli.dev.layout import Layout, LayoutError, Role

EXIT_FAILED: Final = 1
EXIT_INTERRUPTED: Final = 130


def dev_command(layout: Layout, *, restart: bool) -> list[str]:
    """The command line of a program that is `barnabas dev` from here on."""
    shape = [str(layout.directory), layout.controllers, layout.brokers, layout.base_port, layout.overrides]
    return _command("dev", [*shape, restart])


def node_command(role: Role, config: Path, overrides: Sequence[str]) -> list[str]:
    """The command line of a program that is `barnabas broker` or `barnabas controller` from here on."""
    return _command("node", [role, str(config), overrides])


def become(command: list[str]) -> NoReturn:
    """Replace this process by the program."""
    sys.stdout.flush()
    sys.stderr.flush()
    os.execv(command[0], command)


def _command(program: str, arguments: list[object]) -> list[str]:
    # -P: modules of the present directory are not for us.
    return [sys.executable, "-P", "-m", "barnabas.cli.lean", program, json.dumps(arguments)]


def main(arguments: Sequence[str]) -> int:
    """Run one of the programs; the exit code."""
    program, given = arguments
    try:
        return _PROGRAMS[program](*json.loads(given))
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except (Exception, BaseExceptionGroup) as error:
        from barnabas.cli.explanation import explain

        failure = explain(error)
        if failure is None:
            raise
        print(f"barnabas: {failure.text}", file=sys.stderr)
        return failure.code


def _dev(
    directory: str, controllers: int, brokers: int, base_port: int, overrides: Sequence[str], restart: bool
) -> int:
    import gc

    gc.disable()  # imports make no garbage; each node has its collector again once it is forked
    from barnabas.cli.dev.run import run
    from barnabas.cli.dev.supervisor import NodeDidNotStart

    try:
        run(Layout(Path(directory), controllers, brokers, base_port, tuple(overrides)), restart=restart)
    except (LayoutError, NodeDidNotStart) as error:
        print(f"barnabas dev: {error}", file=sys.stderr)
        return EXIT_FAILED
    return 0


def _node(role: str, config: str, overrides: Sequence[str]) -> int:
    from barnabas.cli.node import run_node

    return run_node(cast(Role, role), Path(config), overrides)


_PROGRAMS: Final[dict[str, Callable[..., int]]] = {"dev": _dev, "node": _node}

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
