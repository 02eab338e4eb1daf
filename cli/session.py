"""From a command, which is a plain function, into trio and a client."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeVar

import trio

from barnabas.cli.access import Access
from barnabas.client.admin import Admin
from barnabas.client.cluster import Cluster
from barnabas.client.errors import BrokerError
from barnabas.client.metadata import TopicView
from barnabas.protocol.errors import ErrorCode

T = TypeVar("T")

_NEWS_SECONDS: Final = 0.3
"""Until all brokers of a cluster that is well know of a new topic."""


def in_trio(work: Callable[..., Awaitable[T]], *arguments: Any) -> T:
    """Run `work` in an event loop of its own. Ctrl-C arrives where it waits, never in the middle of anything else."""
    return trio.run(work, *arguments, restrict_keyboard_interrupt_to_checkpoints=True)


def with_admin(access: Access, work: Callable[[Admin], Awaitable[T]]) -> T:
    """Run `work` with an open Admin."""

    async def session() -> T:
        async with Admin(
            access.bootstrap, client_id=access.client_id, timeout=access.timeout, **access.security
        ) as admin:
            return await work(admin)

    return in_trio(session)


async def find_topic(cluster: Cluster, name: str) -> TopicView:
    """A topic and its partitions. BrokerError if there is none.

    That is said at once: the client itself asks for some seconds, and so long nobody waits for a typing mistake.
    """
    view = await cluster.refresh([name])
    if name not in view.topics or view.topics[name].error == ErrorCode.UNKNOWN_TOPIC_OR_PARTITION:
        await trio.sleep(_NEWS_SECONDS)
        view = await cluster.refresh([name])
    if name not in view.topics or view.topics[name].error == ErrorCode.UNKNOWN_TOPIC_OR_PARTITION:
        raise BrokerError(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, f"topic {name}")
    return await cluster.topic(name)
