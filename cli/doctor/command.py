"""The command: look, judge, show; exit code 1 if something is wrong or endangered."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from barnabas.cli.access import Access
from barnabas.cli.doctor import partitions, placement, quorum, settings
from barnabas.cli.doctor.examine import examine
from barnabas.cli.doctor.finding import Examination, Finding, Severity, counted
from barnabas.cli.main import EXIT_FAILED
from barnabas.cli.options import AsJson, noun
from barnabas.cli.output import show_json
from barnabas.cli.session import with_admin

app = noun()

_CHECKS = (partitions.check, placement.check, quorum.check, settings.check)


@app.command()
def doctor(
    between: Annotated[
        float,
        typer.Option(
            min=0, metavar="SECONDS", help="Between two looks, to tell which groups' lag grows; 0: look only once."
        ),
    ] = 10.0,
    as_json: AsJson = False,
    *,
    access: Access,
) -> None:
    """Check a cluster: what does not work, what the next failure would break, and what to do about it.

    Exits with 1 if there are errors or warnings.
    """
    if between and sys.stderr.isatty():
        typer.echo(f"looking twice, {between:g} seconds apart", err=True)
    seen = with_admin(access, lambda admin: examine(admin, between))
    findings = judge(seen)
    if as_json:
        show_json(_json(seen, findings))
    else:
        _show(seen, findings)
    if any(finding.severity is not Severity.NOTE for finding in findings):
        raise typer.Exit(EXIT_FAILED)


def judge(seen: Examination) -> list[Finding]:
    """What all checks find, the worst first."""
    found = [finding for check in _CHECKS for finding in check(seen)]
    found += [
        Finding(
            Severity.WARNING,
            "not-checked",
            what.partition(":")[0],
            what,
            "what cannot be looked at may be wrong",
            "see whether the brokers run and let you; then look again",
        )
        for what in seen.failures
    ]
    order = list(Severity)
    return sorted(found, key=lambda finding: order.index(finding.severity))


def _show(seen: Examination, findings: Sequence[Finding]) -> None:
    for finding in findings:
        typer.echo(f"{finding.severity.value:<7} {finding.entity}: {finding.problem}")
        typer.echo(f"        why: {finding.why}")
        typer.echo(f"        do:  {finding.advice}")
    checked = _checked(seen)
    numbers = ", ".join(counted(checked[f"{noun}s"], noun) for noun in ("broker", "topic", "partition", "group"))
    kinds = ", ".join(counted(_count(findings, severity), severity.value) for severity in Severity)
    typer.echo(f"checked {numbers}: {kinds}")


def _count(findings: Sequence[Finding], severity: Severity) -> int:
    return sum(finding.severity is severity for finding in findings)


def _checked(seen: Examination) -> dict[str, int]:
    return {
        "brokers": len(seen.snapshot.cluster.brokers),
        "topics": len(seen.snapshot.topics),
        "partitions": sum(len(topic.partitions) for topic in seen.snapshot.topics),
        "groups": len(seen.snapshot.committed),
    }


def _json(seen: Examination, findings: Sequence[Finding]) -> dict[str, Any]:
    return {
        "cluster_id": seen.snapshot.cluster.cluster_id,
        "healthy": all(finding.severity is Severity.NOTE for finding in findings),
        "checked": _checked(seen),
        "findings": [
            {
                "severity": finding.severity.value,
                "check": finding.check,
                "entity": finding.entity,
                "problem": finding.problem,
                "why": finding.why,
                "advice": finding.advice,
            }
            for finding in findings
        ],
    }
