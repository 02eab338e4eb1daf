"""`barnabas cluster describe|elect-leaders|forget-broker`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from barnabas.cli.access import Access
from barnabas.cli.failures import UsageError
from barnabas.cli.options import AsJson, noun, parse_places
from barnabas.cli.output import Done, show_json, show_outcomes, show_table
from barnabas.cli.session import with_admin
from barnabas.cli.snapshot import share_of
from barnabas.client.admin import Admin, ClusterDescription, TopicDescription
from barnabas.client.errors import BrokerError
from barnabas.client.offsets import Place
from barnabas.protocol.errors import ErrorCode

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


@app.command("elect-leaders")
def elect_leaders(
    topic: Annotated[
        list[str] | None,
        typer.Option("--topic", metavar="TOPIC[:PARTITION,...]", help="These alone. May be given several times."),
    ] = None,
    unclean: Annotated[
        bool,
        typer.Option(
            "--unclean", help="Where nobody leads, take a replica that lacks records: they are lost for good."
        ),
    ] = False,
    as_json: AsJson = False,
    *,
    access: Access,
) -> None:
    """Make the preferred replica of each partition its leader again; without --topic, of all partitions."""
    if unclean and not topic:
        raise UsageError("--unclean loses records; say of which partitions: --topic TOPIC:0,2")
    wanted = parse_places(topic)
    elected = with_admin(access, lambda admin: _elect(admin, wanted, unclean=unclean))
    outcomes: dict[str, Done | BrokerError] = {}
    for (name, number), error in elected.items():
        if error is None:
            outcomes[f"{name}-{number}"] = Done(f"{name}-{number} has a new leader", {"elected": True})
        elif error.code == ErrorCode.ELECTION_NOT_NEEDED:
            outcomes[f"{name}-{number}"] = Done(f"{name}-{number} has its leader already", {"elected": False})
        else:
            outcomes[f"{name}-{number}"] = error
    if not outcomes and not as_json:
        typer.echo("every partition has its leader already")
        return
    show_outcomes(outcomes, as_json=as_json)


async def _elect(admin: Admin, wanted: dict[str, Sequence[int]], *, unclean: bool) -> dict[Place, BrokerError | None]:
    """Of all partitions, or of those that are wanted; a topic that does not exist is an error."""
    places: list[Place] = []
    for name, found in (await admin.describe_topics(wanted)).items() if wanted else ():
        if isinstance(found, BrokerError):
            raise found
        places += [(name, number) for number in wanted[name] or sorted(found.partitions)]
    return await admin.elect_leaders(places if wanted else None, unclean=unclean)


@app.command("forget-broker")
def forget_broker(
    broker: Annotated[int, typer.Argument(metavar="BROKER", min=0, show_default=False)],
    as_json: AsJson = False,
    *,
    access: Access,
) -> None:
    """Unregister a broker that has stopped and will not come back."""

    async def forget(admin: Admin) -> None:
        await admin.unregister_broker(broker)

    with_admin(access, forget)
    show_outcomes({str(broker): Done(f"broker {broker} is forgotten", {"forgotten": True})}, as_json=as_json)


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
