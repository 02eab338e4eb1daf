"""How transactions are shown: the list, each with what it has written to, and those that hang."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import typer

from barnabas.cli.durations import duration_text
from barnabas.cli.group_view import places_text
from barnabas.cli.main import EXIT_FAILED
from barnabas.cli.output import show_each, show_json, show_table
from barnabas.client.admin import HangingTransaction, TransactionDescription, TransactionListing
from barnabas.client.errors import ClientError


def show_list(found: Sequence[TransactionListing], *, as_json: bool) -> None:
    """One line a transactional id."""
    if as_json:
        show_json(
            [
                {
                    "transactional_id": each.transactional_id,
                    "producer_id": each.producer_id,
                    "state": each.state,
                    "coordinator": each.coordinator,
                }
                for each in found
            ]
        )
        return
    show_table(
        ["transactional id", "producer id", "state", "coordinator"],
        [[each.transactional_id, each.producer_id, each.state, each.coordinator] for each in found],
    )


def show_descriptions(found: Mapping[str, TransactionDescription | ClientError], *, now_ms: int, as_json: bool) -> None:
    """Each transactional id; exits with 1 if one could not be described."""
    show_each(found, key="transactional_id", facts=_facts, show=lambda each: _show(each, now_ms), as_json=as_json)


def _show(each: TransactionDescription, now_ms: int) -> None:
    typer.echo(
        f"transactional id {each.transactional_id}: {each.state}, producer id {each.producer_id} epoch {each.epoch}, "
        f"coordinator {each.coordinator}, timeout {duration_text(each.timeout_ms)}"
    )
    if each.start_ms is not None:
        typer.echo(f"open for {duration_text(max(now_ms - each.start_ms, 0))} in {places_text(each.partitions) or '-'}")


def _facts(each: TransactionDescription) -> dict[str, Any]:
    return {
        "state": each.state,
        "producer_id": each.producer_id,
        "producer_epoch": each.epoch,
        "coordinator": each.coordinator.id,
        "timeout_ms": each.timeout_ms,
        "start_ms": each.start_ms,
        "partitions": [{"topic": topic, "partition": number} for topic, number in sorted(each.partitions)],
    }


def show_hanging(found: Sequence[HangingTransaction], *, now_ms: int, as_json: bool) -> None:
    """A line a transaction and partition; exits with 1 if there are some, so that a script can watch."""
    if as_json:
        show_json([_hanging_json(each) for each in found])
    elif not found:
        typer.echo("no transaction hangs")
    else:
        columns = ("topic", "partition", "start offset", "producer id", "epoch", "transactional id", "silent for")
        show_table(columns, (_hanging_row(each, now_ms) for each in found))
        typer.echo("`barnabas transaction abort --topic TOPIC:PARTITION --start-offset OFFSET` ends one")
    if found:
        raise typer.Exit(EXIT_FAILED)


def _hanging_row(each: HangingTransaction, now_ms: int) -> Sequence[object]:
    producer = each.producer
    silent = duration_text(max(now_ms - producer.last_timestamp_ms, 0))
    name = each.transactional_id or "unknown"
    return (*each.partition, producer.transaction_start, producer.producer_id, producer.epoch, name, silent)


def _hanging_json(each: HangingTransaction) -> dict[str, Any]:
    return {
        "topic": each.partition[0],
        "partition": each.partition[1],
        "start_offset": each.producer.transaction_start,
        "producer_id": each.producer.producer_id,
        "producer_epoch": each.producer.epoch,
        "coordinator_epoch": each.producer.coordinator_epoch,
        "last_timestamp_ms": each.producer.last_timestamp_ms,
        "transactional_id": each.transactional_id,
    }
