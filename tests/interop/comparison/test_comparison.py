"""The same requests to Apache Kafka and to Barnabas: every answer must be the same, or differ for a written reason."""

from __future__ import annotations

import difflib
import pprint
import secrets
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from comparison.case import Case, all_cases
from comparison.talk import Side, Talk

DIFFERENCES = Path(__file__).resolve().parents[3] / "docs" / "differences.md"


@pytest.mark.parametrize("case", all_cases(), ids=str)
def test_answers_are_the_same(case: Case, sides: list[Side], request: pytest.FixtureRequest) -> None:
    token = f"case{secrets.token_hex(4)}"
    with ThreadPoolExecutor(len(sides)) as threads:
        transcripts = list(threads.map(lambda side: transcript(case, side, token), sides))
    if request.config.getoption("--answers"):
        print(*(text(answers) for answers in transcripts[:1]), sep="\n")
    if len(transcripts) == 1:
        return
    kafka, barnabas = transcripts
    if case.difference is None:
        assert kafka == barnabas, difference(kafka, barnabas)
    else:
        assert f"\n### {case.difference}\n" in DIFFERENCES.read_text(encoding="utf-8")
        assert kafka != barnabas, f"there is no difference any more: remove {case.difference!r}"


def transcript(case: Case, side: Side, token: str) -> list[dict[str, Any]]:
    """What the cluster answers in this case."""
    talk = Talk(side, token)
    case.say(talk, case.version)
    return talk.transcript


def text(answers: list[dict[str, Any]]) -> str:
    return pprint.pformat(answers, width=160, sort_dicts=False)


def difference(kafka: list[dict[str, Any]], barnabas: list[dict[str, Any]]) -> str:
    lines = difflib.unified_diff(
        text(kafka).splitlines(), text(barnabas).splitlines(), "Apache Kafka", "Barnabas", n=6, lineterm=""
    )
    return "\n".join(lines)
