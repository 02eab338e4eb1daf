"""Transactions of producers whose epochs are nearly used up, and what a new coordinator finds in its log."""

from __future__ import annotations

from comparison.case import case
from comparison.talk import Talk, Topic
from comparison.transacting import Transactor, look
from comparison.transaction_log import FIRST, SECOND, Found

from barnabas.broker.coordinator.transactions.metadata import TransactionState

LAST = 32766
"""The last epoch that a producer works in; one is left to fence it with."""


def begin(transactor: Transactor, version: int, topic: Topic, value: bytes) -> None:
    """A transaction with one record."""
    transactor.add(version if version >= SECOND else 3, (topic, 0))
    transactor.produce(12 if version >= SECOND else 11, topic, value)


TAKEN_OVER = Found(LAST - 1, 0, 3, 4, 5)


@case(0, 3, 4, 5, once=True)
def the_id_is_taken_over(talk: Talk, version: int) -> None:
    transactor, _ = TAKEN_OVER.at(talk, version)
    for _ in range(3):
        transactor.init(version)


GOES_ON = Found(LAST, 3, 4, 5)


@case(3, 4, 5, once=True)
def a_producer_goes_on(talk: Talk, version: int) -> None:
    transactor, _ = GOES_ON.at(talk, version)
    old = transactor.producer_id
    new = transactor.init(version, of=(old, LAST)).producer_id
    for of in ((old, LAST), (old, LAST - 1), (old, LAST + 1), (new, 0), (old, LAST)):
        transactor.init(version, of=of)
    transactor.describe()


LATE = Found(LAST, 3, 5)


@case(3, 5, difference="UNKNOWN_SERVER_ERROR", once=True)
def a_producer_that_is_late_goes_on(talk: Talk, version: int) -> None:
    """In an epoch before the last, which somebody else has."""
    transactor, _ = LATE.at(talk, version)
    for epoch in (LAST - 1, LAST + 1):
        transactor.init(version, of=(transactor.producer_id, epoch))


NEARLY = Found(LAST - 1, FIRST, SECOND)


@case(FIRST, SECOND, once=True)
def transactions_up_to_the_last_epoch(talk: Talk, version: int) -> None:
    transactor, topic = NEARLY.at(talk, version)
    for number, commit in enumerate((True, False, True, True)):
        begin(transactor, version, topic, b"%d" % number)
        of = transactor.producer_id, transactor.epoch
        transactor.end(version, commit=commit)
        transactor.settle()
        transactor.end(version, commit=commit, producer_id=of[0], epoch=of[1])
        transactor.describe()
        if version == FIRST:
            transactor.init(4)
    look(talk, topic)


ABORTED = Found(LAST, FIRST, SECOND)


@case(FIRST, SECOND, once=True)
def an_open_transaction_in_the_last_epoch_is_aborted(talk: Talk, version: int) -> None:
    transactor, topic = ABORTED.at(talk, version)
    begin(transactor, version, topic, b"a")
    of = transactor.producer_id, transactor.epoch
    transactor.init(5)
    transactor.settle()
    transactor.describe()
    transactor.end(version, commit=True, producer_id=of[0], epoch=of[1])
    transactor.init(5)
    for commit in (True, False):
        transactor.end(version, commit=commit, producer_id=of[0], epoch=of[1])
    transactor.init(5, of=of)
    begin(transactor, version, topic, b"b")
    look(talk, topic)


TOO_LONG = Found(LAST, FIRST, SECOND, timeout_ms=1000)


@case(FIRST, SECOND, once=True)
def a_transaction_in_the_last_epoch_took_too_long(talk: Talk, version: int) -> None:
    transactor, topic = TOO_LONG.at(talk, version)
    begin(transactor, version, topic, b"a")
    of = transactor.producer_id, transactor.epoch
    transactor.wait_for("CompleteAbort")
    transactor.describe()
    transactor.end(version, commit=True)
    transactor.init(5, of=of)
    transactor.init(5, of=of)
    look(talk, topic)


NOTHING = Found(LAST, SECOND)


@case(SECOND, once=True)
def nothing_is_aborted_in_the_last_epoch(talk: Talk, version: int) -> None:
    transactor, _ = NOTHING.at(talk, version)
    of = transactor.producer_id, transactor.epoch
    for _ in range(2):
        transactor.end(version, commit=False, producer_id=of[0], epoch=of[1])
        transactor.settle()
        transactor.describe()


BEYOND = Found(LAST + 1, FIRST, SECOND, state=TransactionState.ONGOING)


@case(FIRST, SECOND, once=True)
def an_open_transaction_beyond_the_last_epoch_is_aborted(talk: Talk, version: int) -> None:
    """Its producer was to be fenced, and the coordinator died."""
    transactor, topic = BEYOND.at(talk, version)
    transactor.init(5)
    transactor.settle()
    transactor.describe()
    transactor.init(5)
    look(talk, topic)


# What a new coordinator finds

COMMITTED = Found(7, FIRST, SECOND, state=TransactionState.PREPARE_COMMIT)
ABORTED_BEFORE = Found(7, FIRST, SECOND, state=TransactionState.PREPARE_ABORT)


@case(FIRST, SECOND, once=True)
def what_was_settled_is_carried_on(talk: Talk, version: int) -> None:
    for found, commit in ((COMMITTED, True), (ABORTED_BEFORE, False)):
        transactor, topic = found.at(talk, version)
        transactor.settle()
        transactor.describe()
        look(talk, topic)
        transactor.end(version, commit=commit, epoch=6 if version == SECOND else 7)
        transactor.init(5, of=(transactor.producer_id, 7))


OPEN = Found(7, FIRST, SECOND, state=TransactionState.ONGOING)


@case(FIRST, SECOND, once=True)
def what_was_open_goes_on(talk: Talk, version: int) -> None:
    transactor, topic = OPEN.at(talk, version)
    transactor.describe()
    transactor.produce(12 if version >= SECOND else 11, topic, b"a")
    transactor.end(version, commit=True)
    transactor.settle()
    look(talk, topic)


WITHOUT_TOPIC = Found(7, FIRST, SECOND, state=TransactionState.PREPARE_COMMIT, has_topic=False)


@case(FIRST, SECOND, once=True)
def a_topic_was_deleted_meanwhile(talk: Talk, version: int) -> None:
    """Nobody is left to be told of the end."""
    transactor, _ = WITHOUT_TOPIC.at(talk, version)
    transactor.settle()
    transactor.describe()
