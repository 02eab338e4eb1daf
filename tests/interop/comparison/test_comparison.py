"""The same requests to Apache Kafka and to Barnabas: every answer must be the same, or differ for a written reason."""

from __future__ import annotations

import pprint
import secrets
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from comparison.answers import without_additions
from comparison.case import DIFFERED_ONCE, Case, all_cases
from comparison.talk import Side, Talk

DIFFERENCES = Path(__file__).resolve().parents[3] / "docs" / "differences.md"
TRIES = 3
"""Apache Kafka answers some requests before others have taken effect, by chance and by load. What differs once is said
at the end of the tests; it counts if it is so each time."""


@pytest.mark.parametrize("case", all_cases(), ids=str)
def test_answers_are_the_same(case: Case, sides: list[Side], request: pytest.FixtureRequest) -> None:
    found: list[str] = []
    tries = 1 if case.once else TRIES
    while len(found) < tries and (seen := difference(case, sides, request)) is not None:
        found.append(seen)
    if len(found) == tries:
        pytest.fail(found[-1], pytrace=False)
    request.config.stash[DIFFERED_ONCE] += [f"{case}:\n{seen}" for seen in found]


def difference(case: Case, sides: list[Side], request: pytest.FixtureRequest) -> str | None:
    """What is not as it should be when the case is gone through once; None if all is well."""
    token = f"case{secrets.token_hex(4)}"
    with ThreadPoolExecutor(len(sides)) as threads:
        transcripts = list(threads.map(lambda side: transcript(case, side, token), sides))
    if request.config.getoption("--answers", default=False):
        print(*(text(answers) for answers in transcripts[:1]), sep="\n")
    if len(transcripts) == 1:
        return None
    kafka, barnabas = transcripts[0], without_additions(transcripts[1], transcripts[0])
    if case.difference is None:
        return "\n".join(differences(kafka, barnabas)) or None
    assert f"\n### {case.difference}\n" in DIFFERENCES.read_text(encoding="utf-8")
    return None if kafka != barnabas else f"there is no difference any more: remove {case.difference!r}"


def transcript(case: Case, side: Side, token: str) -> list[dict[str, Any]]:
    """What the cluster answers in this case."""
    talk = Talk(side, token)
    with talk.closing:
        case.say(talk, case.version)
    return talk.transcript


def text(answers: list[dict[str, Any]]) -> str:
    return pprint.pformat(answers, width=160, sort_dicts=False)


def differences(kafka: Any, barnabas: Any, path: str = "") -> Iterator[str]:
    """A line for each value that differs: where it stands, and what both have."""
    match kafka, barnabas:
        case dict(), dict() if kafka.keys() == barnabas.keys():
            for name in kafka:
                yield from differences(kafka[name], barnabas[name], f"{path}.{name}" if path else str(name))
        case (list(), list()) | (tuple(), tuple()) if len(kafka) == len(barnabas):
            for index, pair in enumerate(zip(kafka, barnabas, strict=True)):
                yield from differences(*pair, f"{path}[{index}]")
        case _ if kafka != barnabas:
            yield f"{path}\n    Apache Kafka: {kafka!r:.500}\n    Barnabas:     {barnabas!r:.500}"
