"""States of transactional ids that take long to come by: they are written to the coordinators' log, as if a coordinator
had, and then the coordinator moves.

Only an admin client may write to a topic of the cluster's own. One broker is to stop, for all such states and for
`moving`, so they are named in advance; whoever wants one first has all of them made.
"""

from __future__ import annotations

import struct
import time
from itertools import count
from typing import Any, Final

from comparison.build import metadata, produce
from comparison.moving import BEFORE, LEADER, moved
from comparison.talk import Talk, Topic
from comparison.transacting import Transactor

from barnabas.broker.coordinator.coordinators import partition_of
from barnabas.broker.coordinator.transactions.metadata import TransactionState
from barnabas.protocol import codec
from barnabas.protocol.errors import ErrorCode
from barnabas.protocol.messages.init_producer_id import InitProducerIdRequest
from barnabas.protocol.messages.metadata import MetadataResponse
from barnabas.protocol.messages.produce import ProduceResponse
from barnabas.protocol.messages.transaction_log_key import TransactionLogKey
from barnabas.protocol.messages.transaction_log_value import TransactionLogValue
from barnabas.protocol.record_builder import BatchBuilder

FIRST, SECOND = 4, 5
"""Versions of EndTxn that stand for the two versions of the protocol."""
_TOPIC = "__transaction_state"
_ADMIN = "__admin_client"
_KEY_TYPE, _VALUE_VERSION = 0, 1

_named: list[Found] = []


class Found:
    """A state that a coordinator finds in its log, once for each version of a case."""

    def __init__(
        self,
        epoch: int,
        *versions: int,
        state: TransactionState = TransactionState.EMPTY,
        has_topic: bool = True,
        timeout_ms: int = 60_000,
    ) -> None:
        """A transaction, if the state has one, is in partition 0 of a topic, which may not exist."""
        self._epoch: Final = epoch
        self._versions: Final = versions
        self._state: Final = state
        self._has_topic: Final = has_topic
        self._timeout_ms: Final = timeout_ms
        self._number: Final = len(_named)
        _named.append(self)

    def at(self, talk: Talk, version: int) -> tuple[Transactor, Topic]:
        """Who has the id, at the coordinator that found it; and the topic. There is one of each."""
        moved(talk)
        transactor, topic = talk.side.written.pop((self._number, version))
        transactor = transactor.of(talk)
        transactor.find()
        return transactor, topic

    def write(self, talk: Talk) -> None:
        for version in self._versions:
            name = f"-{self._number}-v{version}"
            topic = talk.create(name) if self._has_topic else Topic(talk.name(name), b"")
            transactor = next(
                each for each in (Transactor(talk, f"{name}-{n}") for n in count()) if each.broker == LEADER
            )
            given = talk.quietly(InitProducerIdRequest(transactional_id=None, transaction_timeout_ms=60_000), 4)
            transactor.hidden = ("transactional_id",)
            transactor.producer_id, transactor.epoch = given.producer_id, self._epoch
            self._write(talk, transactor, topic, version)
            talk.side.written[self._number, version] = transactor, topic

    def _write(self, talk: Talk, transactor: Transactor, topic: Topic, version: int) -> None:
        now_ms = int(time.time() * 1000)
        open_in = [] if self._state is TransactionState.EMPTY else [topic.name]
        value = TransactionLogValue(
            producer_id=transactor.producer_id,
            previous_producer_id=transactor.producer_id,
            producer_epoch=transactor.epoch,
            transaction_timeout_ms=self._timeout_ms,
            transaction_status=self._state,
            transaction_partitions=[
                TransactionLogValue.PartitionsSchema(topic=name, partition_ids=[0]) for name in open_in
            ],
            transaction_last_update_timestamp_ms=now_ms,
            transaction_start_timestamp_ms=now_ms,
            client_transaction_version=2 if version >= SECOND else 0,
        )
        _append(talk, transactor.id, value, now_ms)


def _append(talk: Talk, transactional_id: str, value: TransactionLogValue, now_ms: int) -> None:
    key = codec.encode(TransactionLogKey(transactional_id=transactional_id), _KEY_TYPE)
    data = codec.encode(value, _VALUE_VERSION)
    builder = BatchBuilder()
    builder.append(now_ms, struct.pack(">h", _KEY_TYPE) + key, struct.pack(">h", _VALUE_VERSION) + data)
    answer: MetadataResponse = talk.quietly(metadata(_TOPIC), 12)
    index = partition_of(transactional_id, len(answer.topics[0].partitions))
    request = produce(9, Topic(_TOPIC, b""), {index: bytes(builder.build())})
    written: Any = talk.side.wire(LEADER).ask(request, 9, ProduceResponse, _ADMIN)
    assert written.responses[0].partition_responses[0].error_code == ErrorCode.NONE, written


def _write_all(talk: Talk) -> None:
    for found in _named:
        found.write(talk)


BEFORE.append(_write_all)
