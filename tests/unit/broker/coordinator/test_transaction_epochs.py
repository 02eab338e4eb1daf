"""Producers whose epochs are used up: who gets another producer id, and when (KIP-360, KIP-890, KAFKA-20090)."""

from __future__ import annotations

import pytest

from barnabas.broker.coordinator.transactions.metadata import TransactionState
from barnabas.protocol.errors import ErrorCode
from transaction_harness import TransactionHarness, begun, with_epoch

SECOND = 5
"""The version of EndTxn that stands for the second version of the protocol."""
T0 = ("t", 0)


@pytest.fixture
def coordinator() -> TransactionHarness:
    return TransactionHarness()


def test_epochs_that_are_used_up_give_another_producer_id(coordinator: TransactionHarness) -> None:
    coordinator.initialized()
    last = with_epoch(coordinator, 32766)
    assert coordinator.initialized(producer=last) == (1002, 0)
    assert coordinator.initialized(producer=last) == (1002, 0)
    assert coordinator.init(producer=(1001, 32765)).response.error_code == ErrorCode.PRODUCER_FENCED


@pytest.mark.parametrize("epoch", [32766, 32767])
def test_a_producer_in_the_last_epoch_can_be_fenced(coordinator: TransactionHarness, epoch: int) -> None:
    """KAFKA-20090: there is one epoch to fence it with, and none after. The next is of another producer id."""
    begun(coordinator, version=SECOND, epoch=epoch)
    assert coordinator.init().response.error_code == ErrorCode.CONCURRENT_TRANSACTIONS
    assert coordinator.outbox.orders[0].producer_epoch == 32767
    coordinator.write_markers()
    assert coordinator.initialized() == (1002, 1)


def test_a_producer_in_the_last_epoch_is_fenced_in_the_first_version_too() -> None:
    coordinator = TransactionHarness(server_version=1)
    producer = begun(coordinator, epoch=32766)
    assert coordinator.init().response.error_code == ErrorCode.CONCURRENT_TRANSACTIONS
    coordinator.write_markers()
    assert coordinator.init(producer=producer).response.error_code == ErrorCode.PRODUCER_FENCED
    assert coordinator.initialized() == (1002, 0)


def test_nobody_works_in_the_epoch_that_fences_the_last_one(coordinator: TransactionHarness) -> None:
    """A marker of that epoch could not be told from one of the transaction before."""
    producer = begun(coordinator, version=SECOND, epoch=32766)
    coordinator.advance(100)
    coordinator.write_markers()
    assert coordinator.ended(producer, commit=True) == ErrorCode.INVALID_PRODUCER_ID_MAPPING
    assert coordinator.initialized(producer=producer) == (1002, 0)


def test_without_a_producer_id_the_client_is_to_try_again(coordinator: TransactionHarness) -> None:
    begun(coordinator, version=SECOND, epoch=32766)
    coordinator.has_producer_ids = False
    for id in ("tx", "new"):
        assert coordinator.init(id=id).response.error_code == ErrorCode.COORDINATOR_LOAD_IN_PROGRESS
    assert coordinator.state().state is TransactionState.ONGOING


def test_without_a_producer_id_what_takes_too_long_is_aborted_later(coordinator: TransactionHarness) -> None:
    begun(coordinator, version=SECOND, epoch=32766)
    coordinator.add(coordinator.initialized(id="other"), T0, id="other", version=5)
    coordinator.has_producer_ids = False
    coordinator.advance(100)
    assert coordinator.state().state is TransactionState.ONGOING
    assert coordinator.state("other").state is TransactionState.PREPARE_ABORT
    coordinator.has_producer_ids = True
    coordinator.advance(10)
    assert coordinator.state().state is TransactionState.PREPARE_ABORT


def test_a_transaction_in_the_last_epoch_ends_with_another_producer_id(coordinator: TransactionHarness) -> None:
    producer = begun(coordinator, version=SECOND, epoch=32766)
    response = coordinator.end(producer, commit=True, version=SECOND).response
    assert (response.producer_id, response.producer_epoch) == (1002, 0)
    assert coordinator.outbox.orders[0].producer_epoch == 32767
    assert coordinator.add((1002, 0), T0) == {T0: ErrorCode.CONCURRENT_TRANSACTIONS}
    coordinator.write_markers()
    again = coordinator.end(producer, commit=True, version=SECOND).response
    assert (again.error_code, again.producer_id, again.producer_epoch) == (ErrorCode.NONE, 1002, 0)
    assert coordinator.add((1002, 0), T0, version=5) == {T0: ErrorCode.NONE}
