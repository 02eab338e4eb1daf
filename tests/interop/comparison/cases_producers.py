"""InitProducerId, and FindCoordinator as far as it can be compared without groups and transactions."""

from __future__ import annotations

from comparison.build import batch, produce
from comparison.case import case
from comparison.talk import Talk

from barnabas.protocol.messages.find_coordinator import FindCoordinatorRequest
from barnabas.protocol.messages.init_producer_id import InitProducerIdRequest

NEWEST = 5
TIMEOUT_MS = 60_000


def init(**fields: object) -> InitProducerIdRequest:
    fields.setdefault("transactional_id", None)
    fields.setdefault("transaction_timeout_ms", TIMEOUT_MS)
    return InitProducerIdRequest(**fields)  # type: ignore[arg-type]


@case(*range(6))
def ids_differ(talk: Talk, version: int) -> None:
    for broker in (1, 1, 2):
        talk.ask(init(), version, broker=broker)


@case(3, 5, NEWEST)
def with_an_id_of_its_own(talk: Talk, version: int) -> None:
    first = talk.ask(init(), version)
    talk.ask(init(producer_id=first.producer_id, producer_epoch=0), version)
    talk.ask(init(producer_id=first.producer_id, producer_epoch=7), version)
    talk.ask(init(producer_id=1 << 40, producer_epoch=1), version)


@case(3, NEWEST)
def half_an_identity(talk: Talk, version: int) -> None:
    for producer_id, epoch in ((5, -1), (-1, 5), (-2, 0), (0, -2), (-2, -2)):
        talk.ask(init(producer_id=producer_id, producer_epoch=epoch), version)


@case(0, 3, NEWEST)
def empty_transactional_id(talk: Talk, version: int) -> None:
    talk.ask(init(transactional_id=""), version)


@case(0, NEWEST)
def timeouts_without_a_transactional_id(talk: Talk, version: int) -> None:
    for timeout_ms in (0, -1, 0x7FFFFFFF):
        talk.ask(init(transaction_timeout_ms=timeout_ms), version)


@case(NEWEST)
def an_id_is_used(talk: Talk, version: int) -> None:
    topic = talk.create()
    given = talk.ask(init(), version)
    for sequence in (0, 1, 1, 5):
        records = batch(b"v", producer_id=given.producer_id, producer_epoch=0, base_sequence=sequence)
        talk.ask(produce(13, topic, records), 13)


@case(1, 3, 4, 5, 6)
def coordinators_of_unknown_types(talk: Talk, version: int) -> None:
    for key_type in (3, -1, 127, -128):
        named = {"key": "k"} if version < 4 else {"coordinator_keys": ["k", ""]}
        talk.ask(FindCoordinatorRequest(key_type=key_type, **named), version)


@case(4, 5)
def share_coordinators_before_their_version(talk: Talk, version: int) -> None:
    for key in ("k", "g:AAAAAAAAAAAAAAAAAAAAAQ:0"):
        talk.ask(FindCoordinatorRequest(key_type=2, coordinator_keys=[key]), version)


@case(1, 3)
def one_share_coordinator_before_its_version(talk: Talk, version: int) -> None:
    talk.ask(FindCoordinatorRequest(key_type=2, key="k"), version)


@case(6)
def share_coordinators_of_bad_keys(talk: Talk, version: int) -> None:
    keys = ["k", "", "g:t:0", ":AAAAAAAAAAAAAAAAAAAAAQ:0", "g:AAAAAAAAAAAAAAAAAAAAAQ:x", "g:AAAAAAAAAAAAAAAAAAAAAQ"]
    for key in keys:
        talk.ask(FindCoordinatorRequest(key_type=2, coordinator_keys=[key]), version)


@case(4, 6)
def no_coordinators(talk: Talk, version: int) -> None:
    for key_type in (0, 1):
        talk.ask(FindCoordinatorRequest(key_type=key_type), version)
