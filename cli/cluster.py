"""`barnabas cluster describe`."""

from __future__ import annotations

from typing import Any

import typer

from barnabas.cli.access import Access
from barnabas.cli.options import AsJson, noun
from barnabas.cli.output import show_json, show_table
from barnabas.cli.session import with_admin
from barnabas.cli.snapshot import share_of
from barnabas.client.admin import Admin, ClusterDescription, TopicDescription

app = noun("The cluster as a whole.")


@app.callback()
def cluster() -> None:
    """The cluster as a whole."""


@app.command()
def describe(as_json: AsJson = False, *, access: Access) -> None:
    """Show the cluster's id and its brokers, with the partitions that each holds and leads."""

    async def fetch(admin: Admin) -> tuple[ClusterDescription, list[TopicDescription]]:
        return await admin.describe_cluster(), await admin.list_topics()

    description = _facts(*with_admin(access, fetch))
    if as_json:
        show_json(description)
        return
    typer.echo(f"cluster {description['cluster_id']}")
    columns = ("broker", "listener", "rack", "state", "replicas", "leaders", "not in sync")
    show_table(columns, ([broker[key] for key in _BROKER_KEYS] for broker in description["brokers"]))


_BROKER_KEYS = ("id", "listener", "rack", "state", "replicas", "leaders", "replicas_not_in_sync")


def _facts(cluster: ClusterDescription, topics: list[TopicDescription]) -> dict[str, Any]:
    partitions = [partition for topic in topics for partition in topic.partitions.values()]
    shares = [share_of(broker, partitions) for broker in cluster.brokers]
    brokers = [
        {
            "id": share.id,
            "listener": share.listener,
            "rack": share.rack,
            "state": share.state,
            "replicas": share.replicas,
            "leaders": share.leaders,
            "replicas_not_in_sync": share.not_in_sync,
        }
        for share in shares
    ]
    return {"cluster_id": cluster.cluster_id, "topics": len(topics), "partitions": len(partitions), "brokers": brokers}
