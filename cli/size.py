"""`barnabas size`: the partition and disk calculator."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from typing import Annotated, Any, Final

import typer

from barnabas.cli.durations import parse_duration
from barnabas.cli.failures import UsageError
from barnabas.cli.options import AsJson, noun
from barnabas.cli.output import show_json
from barnabas.cli.quantities import bytes_text, parse_bytes
from barnabas.cli.sizing import Capacity, Load, Size, calculate

app = noun()


@app.command()
def size(
    throughput: Annotated[
        str | None, typer.Option(metavar="BYTES", help="Produced a second at the peak: 50MB. Or give --messages.")
    ] = None,
    messages: Annotated[
        float | None, typer.Option(metavar="NUMBER", min=0.001, help="Produced a second at the peak.")
    ] = None,
    message_size: Annotated[str, typer.Option(metavar="BYTES", help="Of a message with its key.")] = "1kB",
    retention: Annotated[str, typer.Option(metavar="DURATION", help="How long records are kept: 12h, 7d.")] = "7d",
    replication_factor: Annotated[int, typer.Option(min=1, metavar="NUMBER", help="Copies of each partition.")] = 3,
    groups: Annotated[int, typer.Option(min=0, metavar="NUMBER", help="Groups that read everything.")] = 1,
    consumers: Annotated[
        int, typer.Option(min=1, metavar="NUMBER", help="That shall read at the same time in one group.")
    ] = 1,
    compression: Annotated[
        float, typer.Option(min=1, metavar="NUMBER", help="Bytes before it to bytes after it.")
    ] = 1.0,
    growth: Annotated[float, typer.Option(min=1, metavar="NUMBER", help="To reckon with: 2 is twice the load.")] = 1.0,
    partition_throughput: Annotated[str, typer.Option(metavar="BYTES", help="Into one partition a second.")] = "10MB",
    consumer_throughput: Annotated[str, typer.Option(metavar="BYTES", help="One consumer reads a second.")] = "10MB",
    broker_disk: Annotated[str, typer.Option(metavar="BYTES", help="Of one broker.")] = "2TB",
    broker_network: Annotated[
        str, typer.Option(metavar="BYTES", help="Of one broker a second, each way; 125MB is 1 Gbit/s.")
    ] = "125MB",
    segment_size: Annotated[str, typer.Option(metavar="BYTES", help="As segment.bytes.")] = "1GiB",
    fill: Annotated[
        float, typer.Option(min=0.1, max=1, metavar="NUMBER", help="Part of disk and network that may be used.")
    ] = 0.7,
    spare: Annotated[int, typer.Option(min=0, metavar="NUMBER", help="Brokers that may be away.")] = 1,
    as_json: AsJson = False,
) -> None:
    """Calculate the partitions, disk, network and brokers that a load needs, and show how.

    `barnabas perf` measures what a partition and a consumer can do on your machines.
    """
    if (throughput is None) == (messages is None):
        raise UsageError("how much? Give one of --throughput (bytes a second) and --messages (a second)")
    message_bytes = parse_bytes(message_size, "--message-size")
    rate = parse_bytes(throughput, "--throughput") if throughput is not None else (messages or 0) * message_bytes
    load = Load(
        bytes_per_second=rate,
        message_bytes=message_bytes,
        retention_ms=parse_duration(retention, "--retention"),
        replication=replication_factor,
        groups=groups,
        consumers=consumers,
        compression=compression,
        growth=growth,
    )
    capacity = Capacity(
        partition_bytes_per_second=parse_bytes(partition_throughput, "--partition-throughput"),
        consumer_bytes_per_second=parse_bytes(consumer_throughput, "--consumer-throughput"),
        broker_disk_bytes=parse_bytes(broker_disk, "--broker-disk"),
        broker_network_bytes_per_second=parse_bytes(broker_network, "--broker-network"),
        segment_bytes=parse_bytes(segment_size, "--segment-size"),
        fill=fill,
        spare=spare,
    )
    found = calculate(load, capacity)
    if as_json:
        show_json(_json(found))
    else:
        _show(found)


def _count(value: float) -> str:
    return f"{value:,.10g}" if value < 1e9 else f"{value:.3g}"


def _rate(value: float) -> str:
    return f"{bytes_text(value)}/s"


_SHOWN: Final[tuple[tuple[str, str, Callable[[float], str]], ...]] = (
    ("messages_per_second", "messages a second", _count),
    ("partitions", "partitions", _count),
    ("stored", "stored", bytes_text),
    ("disk", "disk in all", bytes_text),
    ("network_in", "network in, in all", _rate),
    ("network_out", "network out, in all", _rate),
    ("brokers", "brokers", _count),
    ("broker_disk", "disk of a broker", bytes_text),
    ("broker_network_in", "network into a broker", _rate),
    ("broker_network_out", "network out of a broker", _rate),
)


def _show(found: Size) -> None:
    for name, title, text in _SHOWN:
        figure = getattr(found, name)
        typer.echo(f"{title:<24}{text(figure.value):>12}   = {figure.formula}")


def _json(found: Size) -> dict[str, Any]:
    """Each figure with its formula; partitions and brokers are whole numbers."""
    figures = {field.name: getattr(found, field.name) for field in fields(found)}
    return {name: {"value": figure.value, "formula": figure.formula} for name, figure in figures.items()}
