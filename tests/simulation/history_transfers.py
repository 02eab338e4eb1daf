"""Money that is transferred: each request is to become a debit of one account and a credit of another, in two
partitions, exactly once.

    half a transfer      there is a debit without its credit, or a credit without its debit
    transferred twice    there is one of them more than once
    not transferred      a request was not processed
    not asked for        an entry belongs to no request, or is not what the request says, or where it says
    reordered            the requests of one partition were processed in another order
    money made, or lost  in all, the debits are not the credits

Which accounts and how much follows from a request's value, so what must be in each partition is known. What readers
get meanwhile is compared with the logs in the end (`TransactionHistory.misread`): each has all that lies before the
last record it got and nothing else. So wherever a reader has come to in both partitions, it has seen each debit once,
and those whose credits lie before its place have theirs.
"""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from tests.simulation.history_transactions import Log

_ACCOUNTS: Final = 5


class Entry(NamedTuple):
    """A debit or a credit: where it belongs, and what is written there. `amount` is negative for a debit."""

    partition: int
    text: str
    amount: int


def entries(request: str, partitions: int) -> tuple[Entry, Entry]:
    """The debit and the credit that a request asks for; `partitions`: how many there are for debits, and for credits
    behind them.
    """
    drawn = zlib.crc32(request.encode())
    debtor, amount = drawn % _ACCOUNTS, drawn // 64 % 100 + 1
    creditor = (debtor + 1 + drawn // 8 % (_ACCOUNTS - 1)) % _ACCOUNTS
    return (
        Entry(debtor % partitions, f"{request} -{amount} of {debtor}", -amount),
        Entry(partitions + creditor % partitions, f"{request} +{amount} to {creditor}", amount),
    )


def not_conserved(inputs: Mapping[int, Log], outputs: Mapping[int, Log]) -> Iterator[str]:
    """By partition: the requests, and the entries. What is wrong with them."""
    asked = {partition: [value for _, value in log] for partition, log in inputs.items()}
    partitions = len(outputs) // 2
    made = {request: entries(request, partitions) for requests in asked.values() for request in requests}
    found = Counter(text for log in outputs.values() for _, text in log)
    for request, (debit, credit) in made.items():
        there = found[debit.text], found[credit.text]
        if max(there) > 1:
            yield f"transferred twice: {request} has {there[0]} debits and {there[1]} credits"
        elif there == (0, 0):
            yield f"not transferred: {request}"
        elif there != (1, 1):
            yield f"half a transfer: {request} has {'no debit' if there[1] else 'no credit'}"
    yield from _misplaced(asked, outputs, made)
    amounts = {entry.text: entry.amount for both in made.values() for entry in both}
    if total := sum(amounts.get(text, 0) * count for text, count in found.items()):
        yield f"money {'made' if total > 0 else 'lost'}: {abs(total)} in all"


def _misplaced(
    asked: Mapping[int, list[str]], outputs: Mapping[int, Log], made: Mapping[str, tuple[Entry, Entry]]
) -> Iterator[str]:
    """Entries where they do not belong, and those in another order than their requests."""
    number = {request: (partition, n) for partition, each in asked.items() for n, request in enumerate(each)}
    request_of = {(entry.partition, entry.text): request for request, both in made.items() for entry in both}
    for partition, log in outputs.items():
        latest: dict[int, int] = {}
        for offset, text in log:
            request = request_of.get((partition, text))
            if request is None:
                yield f"not asked for: {text} at {partition} {offset}"
                continue
            source, n = number[request]
            if n < latest.get(source, -1):
                yield f"reordered: {text} at {partition} {offset} comes after {asked[source][latest[source]]}"
            latest[source] = max(n, latest.get(source, -1))
