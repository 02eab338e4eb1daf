"""`barnabas perf produce|consume|end-to-end|transactions`."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from typing import Annotated

import typer

from barnabas.cli.access import Access
from barnabas.cli.options import AsJson, noun
from barnabas.cli.perf import loads
from barnabas.cli.perf.loads import Plan
from barnabas.cli.perf.measures import Measured
from barnabas.cli.perf.view import show
from barnabas.cli.produce import ACKS, AcksOption, CompressionOption
from barnabas.cli.progress import Progress, is_watched, progress_bar
from barnabas.cli.quantities import parse_bytes
from barnabas.cli.session import in_trio
from barnabas.client.cluster import Cluster
from barnabas.client.consumer import Consumer
from barnabas.client.producer import Producer

app = noun("How fast a cluster is: rates, times, and how they are spread.")

Topic = Annotated[str, typer.Argument(metavar="TOPIC", show_default=False)]
Records = Annotated[int, typer.Option(min=1, metavar="NUMBER", help="How many.")]
RecordSize = Annotated[str, typer.Option(metavar="BYTES", help="Of each value: 100, 1kB, 1MiB.")]
Rate = Annotated[float, typer.Option(min=0, metavar="RECORDS", help="A second at most; 0: as many as there can be.")]
AcksChoice = Annotated[AcksOption, typer.Option("--acks", help="Who must have a record before it counts.")]
Linger = Annotated[float, typer.Option(min=0, metavar="MS", help="To wait for more records before a batch is sent.")]
BatchSize = Annotated[str, typer.Option(metavar="BYTES", help="Of a batch before compression.")]
Compression = Annotated[CompressionOption, typer.Option(help="Of batches.")]


@app.command()
def produce(
    topic: Topic,
    records: Records = 100_000,
    record_size: RecordSize = "1kB",
    rate: Rate = 0.0,
    acks: AcksChoice = AcksOption.ALL,
    linger: Linger = 0.0,
    batch_size: BatchSize = "16KiB",
    compression: Compression = CompressionOption.NONE,
    as_json: AsJson = False,
    *,
    access: Access,
) -> None:
    """Write records, and time each until it is acknowledged."""
    plan = Plan(topic, records, parse_bytes(record_size, "--record-size"), rate)
    batch_bytes = parse_bytes(batch_size, "--batch-size")

    async def load(cluster: Cluster, progress: Progress) -> Measured:
        async with Producer(
            cluster,
            acks=ACKS[acks],
            linger=linger / 1000,
            batch_size=batch_bytes,
            compression=compression.value,
            delivery_timeout=access.timeout,
        ) as producer:
            return await loads.produce(producer, plan, batch_bytes, progress)

    _run("produce", access, plan, load, as_json=as_json)


@app.command()
def consume(
    topic: Topic,
    records: Records = 100_000,
    rate: Rate = 0.0,
    as_json: AsJson = False,
    *,
    access: Access,
) -> None:
    """Read records from the beginning, so many or all there are, and time the waiting for each batch."""
    plan = Plan(topic, records, rate=rate)

    async def load(cluster: Cluster, progress: Progress) -> Measured:
        async with Consumer(cluster, auto_offset_reset="earliest") as consumer:
            return await loads.consume(consumer, plan, access.timeout, progress)

    _run("consume", access, plan, load, as_json=as_json)


@app.command("end-to-end")
def end_to_end(
    topic: Topic,
    records: Records = 1000,
    record_size: RecordSize = "100",
    rate: Rate = 100.0,
    acks: AcksChoice = AcksOption.ALL,
    linger: Linger = 0.0,
    compression: Compression = CompressionOption.NONE,
    as_json: AsJson = False,
    *,
    access: Access,
) -> None:
    """Write records at a steady pace, and time each until a consumer that waits for it has it."""
    plan = Plan(topic, records, parse_bytes(record_size, "--record-size"), rate)

    async def load(cluster: Cluster, progress: Progress) -> Measured:
        async with (
            Producer(
                cluster,
                acks=ACKS[acks],
                linger=linger / 1000,
                compression=compression.value,
                delivery_timeout=access.timeout,
            ) as producer,
            # A cluster of its own: on a shared connection acknowledgements would wait for fetches to be answered.
            Consumer(
                access.bootstrap, client_id=access.client_id, request_timeout=access.timeout, **access.security
            ) as consumer,
        ):
            return await loads.end_to_end(producer, consumer, plan, access.timeout, progress)

    _run("end-to-end", access, plan, load, as_json=as_json)


@app.command()
def transactions(
    topic: Topic,
    records: Records = 10_000,
    transaction_size: Annotated[int, typer.Option(min=1, metavar="RECORDS", help="In each transaction.")] = 100,
    record_size: RecordSize = "1kB",
    rate: Rate = 0.0,
    linger: Linger = 0.0,
    batch_size: BatchSize = "16KiB",
    compression: Compression = CompressionOption.NONE,
    as_json: AsJson = False,
    *,
    access: Access,
) -> None:
    """Write records in transactions, one after another, and time each commit."""
    plan = Plan(topic, records, parse_bytes(record_size, "--record-size"), rate)

    async def load(cluster: Cluster, progress: Progress) -> Measured:
        async with Producer(
            cluster,
            transactional_id=f"barnabas-perf-{random.randbytes(4).hex()}",
            linger=linger / 1000,
            batch_size=parse_bytes(batch_size, "--batch-size"),
            compression=compression.value,
            delivery_timeout=access.timeout,
        ) as producer:
            return await loads.transactions(producer, plan, transaction_size, progress)

    _run("transactions", access, plan, load, as_json=as_json)


def _run(
    name: str,
    access: Access,
    plan: Plan,
    load: Callable[[Cluster, Progress], Awaitable[Measured]],
    *,
    as_json: bool,
) -> None:
    async def session() -> Measured:
        with progress_bar(plan.topic, plan.records, watched=is_watched(prints=False)) as progress:
            async with Cluster(
                access.bootstrap, client_id=access.client_id, request_timeout=access.timeout, **access.security
            ) as cluster:
                return await load(cluster, progress)

    show(name, plan, in_trio(session), as_json=as_json)
