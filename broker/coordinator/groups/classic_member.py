"""A member of a classic group: what it told of itself, what it was given, and who waits for an answer on its behalf."""

from __future__ import annotations

from collections.abc import Container
from typing import TypeAlias

from barnabas.broker.coordinator.answers import Waiter

Protocols: TypeAlias = tuple[tuple[str, bytes], ...]
"""Name and metadata of each protocol (for a consumer: of each assignor) that a member supports, the preferred first."""


class ClassicMember:
    """See the module. Timeouts are in ms; an empty assignment is none."""

    __slots__ = (
        "assignment",
        "client_host",
        "client_id",
        "id",
        "instance_id",
        "is_new",
        "join",
        "protocols",
        "rebalance_timeout_ms",
        "session_timeout_ms",
        "sync",
    )

    def __init__(
        self,
        member_id: str,
        *,
        instance_id: str | None,
        client_id: str,
        client_host: str,
        rebalance_timeout_ms: int,
        session_timeout_ms: int,
        protocols: Protocols,
        assignment: bytes = b"",
    ) -> None:
        self.id = member_id
        self.instance_id = instance_id
        self.client_id = client_id
        self.client_host = client_host
        self.rebalance_timeout_ms = rebalance_timeout_ms
        self.session_timeout_ms = session_timeout_ms
        self.protocols = protocols
        self.assignment = assignment
        self.is_new = False
        """It has not yet been told that it is a member."""
        self.join: Waiter | None = None
        """Its JoinGroup, while the group waits for the others."""
        self.sync: Waiter | None = None
        """Its SyncGroup, while the group waits for the leader's."""

    @property
    def is_static(self) -> bool:
        """Whether it keeps its place over restarts."""
        return self.instance_id is not None

    @property
    def waits(self) -> bool:
        """Whether it has asked and was not answered: it is alive, heartbeats or not.

        A new member may have given up asking, and nobody would know: that does not count.
        """
        return not self.is_new and (self.join is not None or self.sync is not None)

    def metadata(self, protocol: str | None) -> bytes | None:
        """What it said for this protocol; None if it does not support it."""
        for name, metadata in self.protocols:
            if name == protocol:
                return metadata
        return None

    def vote(self, candidates: Container[str]) -> str | None:
        """The candidate that it prefers."""
        return next((name for name, _ in self.protocols if name in candidates), None)

    def replaced_by(self, member_id: str) -> ClassicMember:
        """The same static member after a restart. Nobody waits on its behalf yet."""
        return ClassicMember(
            member_id,
            instance_id=self.instance_id,
            client_id=self.client_id,
            client_host=self.client_host,
            rebalance_timeout_ms=self.rebalance_timeout_ms,
            session_timeout_ms=self.session_timeout_ms,
            protocols=self.protocols,
            assignment=self.assignment,
        )

    def __str__(self) -> str:
        waits = f"{' joining' if self.join else ''}{' syncing' if self.sync else ''}"
        static = f" instance={self.instance_id}" if self.is_static else ""
        return f"{self.id}{static}{waits}"
