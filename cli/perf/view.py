"""What a load measured, for people and for programs."""

from __future__ import annotations

from typing import Any, Final

import typer

from barnabas.cli.output import show_json
from barnabas.cli.perf.loads import Plan
from barnabas.cli.perf.measures import PERCENTILES, Measured, Times
from barnabas.cli.quantities import bytes_text

_BAR: Final = 40


def show(load: str, plan: Plan, measured: Measured, *, as_json: bool) -> None:
    """Rates, times, and how these are spread."""
    if as_json:
        show_json(_json(load, plan, measured))
        return
    amount = f"{measured.records:,} records, {bytes_text(measured.bytes)}"
    typer.echo(f"{load} {plan.topic}: {amount} in {measured.seconds:.2f} s")
    rates = f"{measured.rate(measured.records):,.0f} records/s, {bytes_text(measured.rate(measured.bytes))}/s"
    if measured.transactions is not None:
        rates += f", {measured.rate(measured.transactions):,.1f} transactions/s"
    typer.echo(rates)
    for name, times in measured.times.items():
        typer.echo(f"{name}: " + ", ".join(f"{key} {ms:.2f} ms" for key, ms in _times_ms(times).items()))
    for first in list(measured.times.values())[:1]:
        _show_histogram(first)


def _show_histogram(times: Times) -> None:
    most = max((count for _, count in times.histogram()), default=0)
    for bound, count in times.histogram():
        bar = "#" * round(_BAR * count / most)
        typer.echo(f"  to {bound:>8g} ms {count:>9,} {100 * count / times.count:5.1f} % {bar}".rstrip())


def _times_ms(times: Times) -> dict[str, float]:
    percentiles = {f"p{percent:g}": times.percentile(percent) * 1000 for percent in PERCENTILES}
    return {"mean": times.mean * 1000, **percentiles, "max": times.max * 1000}


def _json(load: str, plan: Plan, measured: Measured) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "load": load,
        "topic": plan.topic,
        "records": measured.records,
        "bytes": measured.bytes,
        "seconds": round(measured.seconds, 6),
        "records_per_second": round(measured.rate(measured.records), 3),
        "bytes_per_second": round(measured.rate(measured.bytes), 3),
    }
    if measured.transactions is not None:
        facts["transactions"] = measured.transactions
        facts["transactions_per_second"] = round(measured.rate(measured.transactions), 3)
    for name, times in measured.times.items():
        facts[f"{name.replace(' ', '_')}_ms"] = {
            **{key.replace(".", "_"): round(ms, 3) for key, ms in _times_ms(times).items()},
            "histogram": [{"to": bound, "count": count} for bound, count in times.histogram()],
        }
    return facts
