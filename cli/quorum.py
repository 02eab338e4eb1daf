"""`barnabas quorum describe`: the controllers that keep the cluster's metadata, and who follows them."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import Any

import typer

from barnabas.cli.access import Access
from barnabas.cli.durations import duration_text
from barnabas.cli.options import AsJson, noun
from barnabas.cli.output import show_json, show_table
from barnabas.cli.session import with_admin
from barnabas.client.admin import QuorumDescription, QuorumReplica

app = noun("The controllers, and the metadata log that they keep.")


@app.callback()
def quorum() -> None:
    """The controllers, and the metadata log that they keep."""


@app.command()
def describe(as_json: AsJson = False, *, access: Access) -> None:
    """Show who leads the quorum, who votes, who follows, and how far each is behind."""
    found = with_admin(access, lambda admin: admin.describe_quorum())
    if as_json:
        show_json(_json(found))
        return
    typer.echo(f"leader {found.leader_id}, epoch {found.leader_epoch}, high watermark {found.high_watermark}")
    columns = ("node", "role", "listener", "log end", "behind", "caught up", "directory")
    show_table(columns, (_row(found, *each) for each in _replicas(found)))


def _replicas(found: QuorumDescription) -> Iterator[tuple[str, QuorumReplica]]:
    """Each node with its role: the leader first."""
    for replica in sorted(found.voters, key=lambda each: (each.id != found.leader_id, each.id)):
        yield "leader" if replica.id == found.leader_id else "voter", replica
    for replica in sorted(found.observers, key=lambda each: each.id):
        yield "observer", replica


def _row(found: QuorumDescription, role: str, replica: QuorumReplica) -> Sequence[object]:
    listeners = ",".join(found.listeners.get(replica.id, ()))
    ago = "now" if role == "leader" else _ago(replica.last_caught_up_ms)
    numbers = ("-" if number is None else number for number in (_end(replica), _behind(found, replica)))
    return replica.id, role, listeners, *numbers, ago, replica.directory_id


def _end(replica: QuorumReplica) -> int | None:
    """The end of its log, if the leader knows it."""
    return None if replica.log_end_offset < 0 else replica.log_end_offset


def _behind(found: QuorumDescription, replica: QuorumReplica) -> int | None:
    """Records that the leader has and this node lacks; None if one of the two is not known."""
    end = next((_end(each) for each in found.voters if each.id == found.leader_id), None)
    own = _end(replica)
    return None if end is None or own is None else max(end - own, 0)


def _ago(at_ms: int) -> str:
    return "-" if at_ms < 0 else f"{duration_text(max(_now_ms() - at_ms, 0))} ago"


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def _json(found: QuorumDescription) -> dict[str, Any]:
    replicas = [
        {
            "id": replica.id,
            "role": role,
            "directory_id": replica.directory_id,
            "listeners": list(found.listeners.get(replica.id, ())),
            "log_end_offset": _end(replica),
            "behind": _behind(found, replica),
            "last_fetch_ms": None if replica.last_fetch_ms < 0 else replica.last_fetch_ms,
            "last_caught_up_ms": None if replica.last_caught_up_ms < 0 else replica.last_caught_up_ms,
        }
        for role, replica in _replicas(found)
    ]
    return {
        "leader": found.leader_id,
        "leader_epoch": found.leader_epoch,
        "high_watermark": found.high_watermark,
        "replicas": replicas,
    }
