"""The checker of transfers reports every anomaly, in partitions filled by hand, and nothing in good ones."""

from __future__ import annotations

import pytest
from tests.simulation.history_transfers import entries, not_conserved

PARTITIONS = 2
REQUESTS = {0: ["a:1", "a:2", "a:3"], 1: ["b:1", "b:2"]}


def inputs() -> dict[int, list[tuple[int, str]]]:
    return {partition: list(enumerate(requests)) for partition, requests in REQUESTS.items()}


def outputs() -> dict[int, list[tuple[int, str]]]:
    """As they should be."""
    found: dict[int, list[tuple[int, str]]] = {partition: [] for partition in range(2 * PARTITIONS)}
    for requests in REQUESTS.values():
        for request in requests:
            for entry in entries(request, PARTITIONS):
                log = found[entry.partition]
                log.append((2 * len(log), entry.text))
    return found


def kinds(found: dict[int, list[tuple[int, str]]]) -> list[str]:
    return [text.partition(":")[0] for text in not_conserved(inputs(), found)]


def test_money_goes_from_one_account_to_another() -> None:
    for number in range(100):
        debit, credit = entries(f"x:{number}", PARTITIONS)
        assert debit.amount == -credit.amount < 0
        assert debit.partition < PARTITIONS <= credit.partition < 2 * PARTITIONS
        assert debit.text.rpartition(" ")[2] != credit.text.rpartition(" ")[2]


def test_each_request_once_and_in_order() -> None:
    assert kinds(outputs()) == []


@pytest.mark.parametrize("side", [0, 1])
def test_half_a_transfer(side: int) -> None:
    entry, found = entries("a:2", PARTITIONS)[side], outputs()
    found[entry.partition] = [each for each in found[entry.partition] if each[1] != entry.text]
    assert kinds(found) == ["half a transfer", "money lost" if side else "money made"]


@pytest.mark.parametrize("side", [0, 1])
def test_half_of_it_twice(side: int) -> None:
    entry, found = entries("a:2", PARTITIONS)[side], outputs()
    found[entry.partition].append((99, entry.text))
    wrong = kinds(found)
    assert wrong[0] == "transferred twice"
    assert wrong[-1] == ("money made" if side else "money lost")


def test_all_of_it_twice_or_not_at_all() -> None:
    twice, never = outputs(), outputs()
    for entry in entries("b:2", PARTITIONS):
        twice[entry.partition].append((99, entry.text))
        never[entry.partition] = [each for each in never[entry.partition] if each[1] != entry.text]
    assert kinds(twice) == ["transferred twice"]
    assert kinds(never) == ["not transferred"]


def test_an_entry_that_nobody_asked_for_or_elsewhere() -> None:
    made, elsewhere = outputs(), outputs()
    made[0].append((99, "a:9 -5 of 1"))
    assert kinds(made) == ["not asked for"]
    debit, _ = entries("a:1", PARTITIONS)
    elsewhere[debit.partition] = [each for each in elsewhere[debit.partition] if each[1] != debit.text]
    elsewhere[1 - debit.partition].append((99, debit.text))
    assert kinds(elsewhere) == ["not asked for"]


def test_reordered() -> None:
    found = outputs()
    partition, log = next((n, log) for n, log in found.items() if sum(text[0] == "a" for _, text in log) > 1)
    found[partition] = [(offset, text) for (offset, _), (_, text) in zip(log, reversed(log), strict=True)]
    assert set(kinds(found)) == {"reordered"}
