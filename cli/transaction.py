"""`barnabas transaction list|describe|find-hanging|abort`."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping
from typing import Annotated

import typer

from barnabas.cli.access import Access
from barnabas.cli.durations import parse_duration
from barnabas.cli.failures import CommandError, UsageError
from barnabas.cli.options import (
    AsJson,
    noun,
    parse_places,
)
from barnabas.cli.output import Done, show_outcomes
from barnabas.cli.session import with_admin
from barnabas.cli.transaction_view import show_descriptions, show_hanging, show_list
from barnabas.client.admin import Admin, HangingTransaction, ProducerState
from barnabas.client.errors import BrokerError, ClientError
from barnabas.client.offsets import Place

app = noun("Transactions, and those that nobody ends.")


@app.command("list")
def list_transactions(
    state: Annotated[list[str] | None, typer.Option(metavar="STATE", help="Ongoing, CompleteCommit, ...")] = None,
    longer_than: Annotated[
        str | None, typer.Option(metavar="DURATION", help="Open for longer than 90s, 15m, 6h, ...")
    ] = None,
    id_pattern: Annotated[
        str | None, typer.Option(metavar="REGEX", help="A regular expression that the whole id matches.")
    ] = None,
    producer_id: Annotated[list[int] | None, typer.Option(metavar="ID", help="May be given several times.")] = None,
    as_json: AsJson = False,
    *,
    access: Access,
) -> None:
    """List transactional ids, who coordinates them, and in which state they are."""
    longer_than_ms = -1 if longer_than is None else parse_duration(longer_than, "--longer-than")
    found = with_admin(
        access,
        lambda admin: admin.list_transactions(
            states=state or (), producer_ids=producer_id or (), longer_than_ms=longer_than_ms, pattern=id_pattern
        ),
    )
    show_list(found, as_json=as_json)


@app.command()
def describe(
    transactional_ids: Annotated[list[str], typer.Argument(metavar="TRANSACTIONAL_ID", show_default=False)],
    as_json: AsJson = False,
    *,
    access: Access,
) -> None:
    """Show transactional ids with their producers, and what their present transactions have written to."""
    found = with_admin(access, lambda admin: admin.describe_transactions(transactional_ids))
    show_descriptions(found, now_ms=_now_ms(), as_json=as_json)


@app.command("find-hanging")
def find_hanging(
    topic: Annotated[
        list[str] | None,
        typer.Option("--topic", metavar="TOPIC[:PARTITION,...]", help="These alone. May be given several times."),
    ] = None,
    broker: Annotated[int | None, typer.Option(metavar="ID", help="What this broker leads alone.")] = None,
    longer_than: Annotated[
        str,
        typer.Option(
            metavar="DURATION", help="Without a record for longer than that; at least transaction.max.timeout.ms."
        ),
    ] = "15m",
    as_json: AsJson = False,
    *,
    access: Access,
) -> None:
    """Find transactions that are open in partitions but not known to their coordinators: nobody will end them.

    Readers of committed records wait there for ever. `barnabas transaction abort` ends them.
    """
    wanted = parse_places(topic)
    older_than_ms = parse_duration(longer_than, "--longer-than")

    async def find(admin: Admin) -> list[HangingTransaction]:
        places = await _places(admin, wanted, broker)
        return await admin.find_hanging_transactions(places, older_than_ms=older_than_ms, now_ms=_now_ms())

    show_hanging(with_admin(access, find), now_ms=_now_ms(), as_json=as_json)


@app.command()
def abort(
    transactional_ids: Annotated[
        list[str] | None, typer.Argument(metavar="TRANSACTIONAL_ID", show_default=False)
    ] = None,
    topic: Annotated[
        str | None, typer.Option("--topic", metavar="TOPIC:PARTITION", help="Where a transaction hangs.")
    ] = None,
    start_offset: Annotated[
        int | None, typer.Option(metavar="OFFSET", min=0, help="Where it begins, as find-hanging shows it.")
    ] = None,
    producer_id: Annotated[int | None, typer.Option(metavar="ID", min=0, help="Whose it is.")] = None,
    as_json: AsJson = False,
    *,
    access: Access,
) -> None:
    """Abort transactions: by their ids, or one that hangs by its partition.

    By ids: what they have open is aborted, and their producers can do nothing more until they are started anew.
    By --topic with --start-offset or --producer-id: the abort is written to that partition, past the coordinator.
    """
    if topic is None:
        if not transactional_ids or start_offset is not None or producer_id is not None:
            raise UsageError("what? Give transactional ids, or --topic with --start-offset or --producer-id")
        ids = transactional_ids
        show_outcomes(with_admin(access, lambda admin: _fence(admin, ids)), as_json=as_json)
        return
    if transactional_ids or (start_offset is None) == (producer_id is None):
        raise UsageError("which transaction there? Give one of --start-offset and --producer-id, and no ids")
    place = _one_place(topic)
    outcome = with_admin(
        access, lambda admin: _abort_hanging(admin, place, start_offset=start_offset, owner=producer_id)
    )
    show_outcomes(outcome, as_json=as_json)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def _one_place(text: str) -> Place:
    [(name, numbers)] = parse_places([text]).items()
    if len(numbers) != 1:
        raise UsageError(f"--topic {text!r} is not one partition such as t:0")
    return name, numbers[0]


async def _places(admin: Admin, wanted: Mapping[str, Collection[int]], broker: int | None) -> list[Place]:
    """The partitions to look at. BrokerError of a topic that does not exist."""
    topics = await admin.describe_topics(wanted) if wanted else {t.name: t for t in await admin.list_topics()}
    places: list[Place] = []
    for name, topic in topics.items():
        if isinstance(topic, BrokerError):
            raise topic
        for number in wanted.get(name) or sorted(topic.partitions):
            view = topic.partitions.get(number)
            if broker is None or (view is not None and view.leader == broker):
                places.append((name, number))
    return places


async def _fence(admin: Admin, transactional_ids: list[str]) -> dict[str, Done | ClientError]:
    return {
        name: error or Done(f"aborted what {name} had open; its producer is fenced", {"aborted": True})
        for name, error in (await admin.fence_producers(transactional_ids)).items()
    }


async def _abort_hanging(
    admin: Admin, place: Place, *, start_offset: int | None, owner: int | None
) -> dict[str, Done | ClientError]:
    what = f"{place[0]}-{place[1]}"
    await _places(admin, {place[0]: [place[1]]}, None)
    producers = (await admin.describe_producers([place]))[place]
    if isinstance(producers, ClientError):
        raise producers
    producer = _find(producers, start_offset, owner)
    if producer is None:
        which = f"begins at offset {start_offset}" if owner is None else f"is of producer id {owner}"
        raise CommandError(
            f"no transaction that is open in {what} {which}; `barnabas transaction find-hanging` shows those that hang"
        )
    await admin.abort_transaction(place, producer)
    begun = producer.transaction_start
    line = f"aborted the transaction in {what} that begins at offset {begun}, of producer id {producer.producer_id}"
    return {what: Done(line, {"aborted": True, "producer_id": producer.producer_id, "start_offset": begun})}


def _find(producers: list[ProducerState], start_offset: int | None, owner: int | None) -> ProducerState | None:
    for producer in producers:
        if producer.transaction_start is not None and (
            producer.transaction_start == start_offset if owner is None else producer.producer_id == owner
        ):
            return producer
    return None
