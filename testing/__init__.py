"""Kafka for tests in Python: `embedded()` in the test's own process, `cluster()` in processes of its own.

Importing this package is cheap: what it needs is imported when a cluster is started. It sits on top of everything;
nobody else imports it. The pytest plugin is `barnabas.testing.pytest_plugin`.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from barnabas.testing.processes import Cluster

__all__ = ["cluster", "embedded"]


@contextmanager
def embedded(
    *, directory: Path | str | None = None, port: int = 0, overrides: dict[str, str] | None = None
) -> Iterator[str]:
    """One controller and one broker in a background thread of this process; yields `bootstrap.servers`.

    The same code as the daemons, on 127.0.0.1.

    Args:
        directory: where the data lies; None: a temporary directory that is removed at the end.
        port: the broker's port; 0: any free one.
        overrides: settings of both nodes under Kafka's names.

    Raises:
        EmbeddedError: the nodes did not start; the text says why.
    """
    with ExitStack() as stack:
        with _no_collection():
            from barnabas.testing.in_thread import embedded as start

            bootstrap = stack.enter_context(start(directory=directory, port=port, overrides=overrides or {}))
        yield bootstrap


def cluster(
    *,
    brokers: int = 1,
    controllers: int = 1,
    directory: Path | str | None = None,
    base_port: int | None = None,
    overrides: dict[str, str] | None = None,
    ready_timeout: float = 60.0,
) -> AbstractContextManager[Cluster]:
    """Controllers and brokers, each a process of its own, as `barnabas dev` starts them.

    Args:
        brokers: how many.
        controllers: how many.
        directory: where everything lies; None: a temporary directory that is removed at the end.
        base_port: the first broker's port (see `barnabas dev`); None: some free range.
        overrides: settings of all nodes under Kafka's names.
        ready_timeout: seconds until every node must be ready.

    Raises:
        ClusterError: a node did not start, or not in time; the text holds what it said.
    """
    from barnabas.testing.processes import start_cluster

    return start_cluster(
        brokers=brokers,
        controllers=controllers,
        directory=Path(directory) if directory is not None else None,
        base_port=base_port,
        overrides=overrides or {},
        ready_timeout=ready_timeout,
    )


@contextmanager
def _no_collection() -> Iterator[None]:
    """While much is imported and built: little of it is garbage, and looking for some takes a tenth of the time.

    What has been made counts as old at the end, or the next collection, meant for what is young, would look at it all.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if gc.get_freeze_count() == 0:
            gc.freeze()
            gc.unfreeze()
        if was_enabled:
            gc.enable()
