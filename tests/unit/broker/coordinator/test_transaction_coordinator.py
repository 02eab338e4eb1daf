"""The transaction coordinator: each request, each error, each step of an end, and a failover at each (KIP-98, 890)."""

from __future__ import annotations

import pytest

from barnabas.broker.coordinator.transactions.metadata import TransactionState
from barnabas.protocol.errors import ErrorCode
from barnabas.protocol.messages.add_partitions_to_txn import AddPartitionsToTxnRequest
from broker_harness import FakeRequest
from transaction_harness import GROUP_PARTITION, NOW_MS, TransactionHarness, begun

FIRST, SECOND = 4, 5
"""Versions of EndTxn that stand for the first and the second version of the protocol."""
BOTH = pytest.mark.parametrize("version", [FIRST, SECOND])
T0 = ("t", 0)


@pytest.fixture
def coordinator() -> TransactionHarness:
    return TransactionHarness()


def fenced_at(version: int, since: int) -> ErrorCode:
    return ErrorCode.PRODUCER_FENCED if version >= since else ErrorCode.INVALID_PRODUCER_EPOCH


# InitProducerId


@pytest.mark.parametrize("version", range(6))
def test_a_new_id_gets_a_producer_id_and_epoch_0(coordinator: TransactionHarness, version: int) -> None:
    assert coordinator.initialized(version=version) == (1001, 0)
    assert coordinator.state().state is TransactionState.EMPTY


def test_each_who_takes_the_id_over_gets_the_next_epoch(coordinator: TransactionHarness) -> None:
    assert [coordinator.initialized() for _ in range(3)] == [(1001, 0), (1001, 1), (1001, 2)]


@pytest.mark.parametrize(
    ("timeout_ms", "error"),
    [
        (0, ErrorCode.INVALID_TRANSACTION_TIMEOUT),
        (-1, ErrorCode.INVALID_TRANSACTION_TIMEOUT),
        (900_000, ErrorCode.NONE),
        (900_001, ErrorCode.INVALID_TRANSACTION_TIMEOUT),
    ],
)
def test_timeouts_have_a_limit(coordinator: TransactionHarness, timeout_ms: int, error: ErrorCode) -> None:
    assert coordinator.init(timeout_ms=timeout_ms).response.error_code == error


def test_an_answer_waits_for_the_commit(coordinator: TransactionHarness) -> None:
    coordinator.holds = True
    request = coordinator.init()
    assert request.waits
    coordinator.commit()
    assert request.response.producer_epoch == 0


@pytest.mark.parametrize("error", [ErrorCode.NOT_COORDINATOR, ErrorCode.COORDINATOR_LOAD_IN_PROGRESS])
def test_requests_for_ids_that_are_not_coordinated_here(coordinator: TransactionHarness, error: ErrorCode) -> None:
    coordinator.error = error
    assert coordinator.init().response.error_code == error
    assert coordinator.add((1, 0)) == {T0: error}
    assert coordinator.add((1, 0), version=4) == {T0: error}
    assert coordinator.add_offsets((1, 0)) == error
    assert coordinator.ended((1, 0), commit=True) == error
    assert coordinator.describe().error_code == error


def test_a_producer_goes_on_from_the_epoch_it_has(coordinator: TransactionHarness) -> None:
    """KIP-360: a producer with the present epoch gets the next, and the same again if it did not hear the answer."""
    first = coordinator.initialized()
    second = coordinator.initialized(producer=first)
    assert second == (1001, 1)
    assert coordinator.initialized(producer=first) == second
    assert coordinator.initialized(producer=second) == (1001, 2)


@pytest.mark.parametrize("version", [3, 4, 5])
def test_a_producer_with_an_older_epoch_is_fenced(coordinator: TransactionHarness, version: int) -> None:
    first = coordinator.initialized()
    coordinator.initialized()
    assert coordinator.init(producer=first, version=version).response.error_code == fenced_at(version, 4)


def test_a_producer_with_another_id_is_fenced(coordinator: TransactionHarness) -> None:
    coordinator.initialized()
    assert coordinator.init(producer=(77, 0)).response.error_code == ErrorCode.PRODUCER_FENCED


def test_an_id_that_is_not_known_is_new_whatever_the_producer_thinks(coordinator: TransactionHarness) -> None:
    assert coordinator.initialized(producer=(77, 3)) == (1001, 0)


@pytest.mark.parametrize("server_version", [0, 1, 2])
def test_an_open_transaction_is_aborted_before_another_takes_over(server_version: int) -> None:
    coordinator = TransactionHarness(server_version=server_version)
    producer = begun(coordinator)
    assert coordinator.init().response.error_code == ErrorCode.CONCURRENT_TRANSACTIONS
    [order] = coordinator.outbox.orders
    assert (order.commit, order.producer_epoch, order.partitions) == (False, 1, frozenset([T0]))
    assert coordinator.init().response.error_code == ErrorCode.CONCURRENT_TRANSACTIONS
    coordinator.write_markers()
    assert coordinator.initialized() == (1001, 2)
    assert coordinator.ended(producer, commit=True) == ErrorCode.PRODUCER_FENCED


# Partitions


@pytest.mark.parametrize("version", range(6))
def test_partitions_are_added(coordinator: TransactionHarness, version: int) -> None:
    producer = coordinator.initialized()
    assert coordinator.add(producer, T0, ("u", 0), version=version) == {T0: 0, ("u", 0): 0}
    state = coordinator.state()
    assert (state.state, state.partitions) == (TransactionState.ONGOING, {T0, ("u", 0)})
    assert (state.start_ms, state.version) == (NOW_MS, 2 if version >= 5 else 0)


def test_partitions_that_are_added_again_are_not_written_again(coordinator: TransactionHarness) -> None:
    producer = begun(coordinator)
    before = len(coordinator.log)
    assert coordinator.add(producer, T0) == {T0: ErrorCode.NONE}
    assert len(coordinator.log) == before


def test_a_transaction_begins_with_its_first_partition(coordinator: TransactionHarness) -> None:
    producer = begun(coordinator)
    coordinator.advance(5)
    coordinator.add(producer, ("t", 1))
    assert (coordinator.state().start_ms, coordinator.state().last_update_ms) == (NOW_MS, NOW_MS + 5000)


@pytest.mark.parametrize("version", [3, 4, 5])
def test_one_that_does_not_exist_leaves_the_others_unattempted(coordinator: TransactionHarness, version: int) -> None:
    producer = coordinator.initialized()
    assert coordinator.add(producer, T0, ("t", 9), version=version) == {
        T0: ErrorCode.OPERATION_NOT_ATTEMPTED,
        ("t", 9): ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
    }
    assert coordinator.state().state is TransactionState.EMPTY


@pytest.mark.parametrize("version", range(6))
def test_clients_do_not_add_the_clusters_own_topics(coordinator: TransactionHarness, version: int) -> None:
    producer = coordinator.initialized()
    wanted = {GROUP_PARTITION: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, T0: ErrorCode.OPERATION_NOT_ATTEMPTED}
    if version < 4:
        wanted[GROUP_PARTITION] = ErrorCode.TOPIC_AUTHORIZATION_FAILED
    assert coordinator.add(producer, GROUP_PARTITION, T0, version=version) == wanted


@pytest.mark.parametrize("version", range(6))
def test_who_may_not_add_partitions(coordinator: TransactionHarness, version: int) -> None:
    producer_id, epoch = coordinator.initialized()
    assert coordinator.add((1, 0), id="other", version=version)[T0] == ErrorCode.INVALID_PRODUCER_ID_MAPPING
    assert coordinator.add((1, 0), version=version)[T0] == ErrorCode.INVALID_PRODUCER_ID_MAPPING
    assert coordinator.add((producer_id, epoch + 1), version=version)[T0] == fenced_at(version, 2)
    assert coordinator.add((producer_id, epoch), id="", version=version)[T0] == ErrorCode.INVALID_REQUEST


def test_nothing_is_done_while_markers_are_on_their_way(coordinator: TransactionHarness) -> None:
    """Whoever asks: that it is fenced, a producer is told later, except when it ends as the first version does."""
    producer = begun(coordinator)
    coordinator.end(producer, commit=True)
    for other in (producer, (producer[0], 9), (1, 0)):
        assert coordinator.add(other, T0) == {T0: ErrorCode.CONCURRENT_TRANSACTIONS}
        assert coordinator.add_offsets(other) == ErrorCode.CONCURRENT_TRANSACTIONS
        assert coordinator.init(producer=other).response.error_code == ErrorCode.CONCURRENT_TRANSACTIONS
        assert coordinator.ended(other, commit=True, version=SECOND) == ErrorCode.CONCURRENT_TRANSACTIONS
    assert coordinator.ended((producer[0], 9), commit=True) == ErrorCode.PRODUCER_FENCED
    assert coordinator.ended((1, 0), commit=True) == ErrorCode.INVALID_PRODUCER_ID_MAPPING
    coordinator.write_markers()
    assert coordinator.add(producer, T0) == {T0: ErrorCode.NONE}


@pytest.mark.parametrize("version", [4, 5])
def test_leaders_ask_whether_a_partition_is_in_the_transaction(coordinator: TransactionHarness, version: int) -> None:
    producer = begun(coordinator)
    asked = coordinator.add(producer, T0, ("t", 1), version=version, verify_only=True)
    assert asked == {T0: ErrorCode.NONE, ("t", 1): ErrorCode.TRANSACTION_ABORTABLE}
    assert coordinator.add((1, 0), version=version, verify_only=True)[T0] == ErrorCode.INVALID_PRODUCER_ID_MAPPING
    fenced = (producer[0], producer[1] + 1)
    assert coordinator.add(fenced, version=version, verify_only=True)[T0] == ErrorCode.PRODUCER_FENCED
    coordinator.end(producer, commit=True)
    assert coordinator.add(producer, version=version, verify_only=True)[T0] == ErrorCode.CONCURRENT_TRANSACTIONS


def test_many_transactions_are_answered_together(coordinator: TransactionHarness) -> None:
    producers = {id: coordinator.initialized(id=id) for id in ("a", "b", "c")}
    topics = [AddPartitionsToTxnRequest.AddPartitionsToTxnTopic(name="t", partitions=[0])]
    message = AddPartitionsToTxnRequest(
        transactions=[
            AddPartitionsToTxnRequest.AddPartitionsToTxnTransaction(
                transactional_id=id, producer_id=producer[0], producer_epoch=producer[1], topics=topics
            )
            for id, producer in producers.items()
        ]
    )
    coordinator.holds = True
    request = FakeRequest(message, 5)
    coordinator.partitions_handler.handle(request)  # type: ignore[arg-type]
    assert request.waits
    coordinator.commit()
    assert [result.transactional_id for result in request.response.results_by_transaction] == ["a", "b", "c"]


def test_a_request_without_transactions_is_refused(coordinator: TransactionHarness) -> None:
    request = FakeRequest(AddPartitionsToTxnRequest(), 4)
    coordinator.partitions_handler.handle(request)  # type: ignore[arg-type]
    assert request.response.error_code == ErrorCode.INVALID_REQUEST


@pytest.mark.parametrize("version", range(5))
def test_offsets_of_a_group_are_added(coordinator: TransactionHarness, version: int) -> None:
    producer = coordinator.initialized()
    assert coordinator.add_offsets((producer[0], 9), version=version) == fenced_at(version, 2)
    assert coordinator.add_offsets(producer, version=version) == ErrorCode.NONE
    assert coordinator.state().partitions == {GROUP_PARTITION}


# Ending


@pytest.mark.parametrize("commit", [True, False])
@BOTH
def test_a_transaction_ends_in_two_phases(coordinator: TransactionHarness, version: int, commit: bool) -> None:
    producer = begun(coordinator, version=version)
    coordinator.holds = True
    request = coordinator.end(producer, commit=commit, version=version)
    assert (request.waits, coordinator.outbox.orders) == (True, [])
    coordinator.commit()
    epoch = 1 if version == SECOND else 0
    [order] = coordinator.outbox.orders
    assert (order.producer_id, order.producer_epoch, order.commit) == (1001, epoch, commit)
    assert (order.version, order.coordinator_epoch, order.shard) == (2 if version == SECOND else 0, 0, 3)
    if version == SECOND:
        assert (request.response.producer_id, request.response.producer_epoch) == (1001, 1)
    coordinator.write_markers()
    coordinator.commit()
    state = coordinator.state()
    assert state.state is (TransactionState.COMPLETE_COMMIT if commit else TransactionState.COMPLETE_ABORT)
    assert (state.partitions, state.producer_epoch) == (frozenset(), epoch)


@pytest.mark.parametrize("version", range(6))
def test_who_may_not_end_a_transaction(coordinator: TransactionHarness, version: int) -> None:
    producer_id, _ = begun(coordinator)
    assert coordinator.ended((1, 0), commit=True, version=version) == ErrorCode.INVALID_PRODUCER_ID_MAPPING
    assert coordinator.ended((producer_id, 9), commit=True, version=version) == fenced_at(version, 2)
    unknown = coordinator.ended((1, 0), commit=True, version=version, id="other")
    assert unknown == ErrorCode.INVALID_PRODUCER_ID_MAPPING
    assert coordinator.ended((1, 0), commit=True, version=version, id="") == ErrorCode.INVALID_REQUEST
    assert coordinator.state().state is TransactionState.ONGOING


@pytest.mark.parametrize(("commit", "again"), [(True, True), (True, False), (False, True), (False, False)])
def test_the_first_versions_end_may_be_repeated(coordinator: TransactionHarness, commit: bool, again: bool) -> None:
    producer = begun(coordinator)
    coordinator.end(producer, commit=commit)
    assert coordinator.ended(producer, commit=again) == ErrorCode.CONCURRENT_TRANSACTIONS
    coordinator.write_markers()
    wanted = ErrorCode.NONE if commit is again else ErrorCode.INVALID_TXN_STATE
    assert coordinator.ended(producer, commit=again) == wanted


@pytest.mark.parametrize(("commit", "again"), [(True, True), (True, False), (False, True), (False, False)])
def test_the_second_versions_end_may_be_repeated(coordinator: TransactionHarness, commit: bool, again: bool) -> None:
    """The producer repeats it with the epoch of the transaction, and hears of the one after."""
    producer = begun(coordinator, version=SECOND)
    coordinator.end(producer, commit=commit, version=SECOND)
    assert coordinator.ended(producer, commit=again, version=SECOND) == ErrorCode.CONCURRENT_TRANSACTIONS
    coordinator.write_markers()
    response = coordinator.end(producer, commit=again, version=SECOND).response
    assert response.error_code == (ErrorCode.NONE if commit is again else ErrorCode.INVALID_TXN_STATE)
    if commit is again:
        assert (response.producer_id, response.producer_epoch) == (1001, 1)


def test_a_delayed_end_does_not_decide_a_later_transaction(coordinator: TransactionHarness) -> None:
    """KAFKA-17754"""
    producer = begun(coordinator, version=SECOND)
    coordinator.end(producer, commit=False, version=SECOND)
    coordinator.write_markers()
    later = (1001, 1)
    coordinator.add(later, T0, version=5)
    assert coordinator.ended(producer, commit=True, version=SECOND) == ErrorCode.PRODUCER_FENCED
    assert coordinator.state().state is TransactionState.ONGOING


def test_without_a_transaction_only_the_second_version_aborts(coordinator: TransactionHarness) -> None:
    producer = coordinator.initialized()
    assert coordinator.ended(producer, commit=True, version=SECOND) == ErrorCode.INVALID_TXN_STATE
    assert coordinator.ended(producer, commit=True) == ErrorCode.INVALID_TXN_STATE
    assert coordinator.ended(producer, commit=False) == ErrorCode.INVALID_TXN_STATE
    assert coordinator.ended(producer, commit=False, version=SECOND) == ErrorCode.NONE
    [order] = coordinator.outbox.orders
    assert order.partitions == frozenset()
    coordinator.write_markers()
    assert coordinator.ended((1001, 1), commit=False, version=SECOND) == ErrorCode.NONE
    coordinator.write_markers()
    assert coordinator.ended((1001, 2), commit=True, version=SECOND) == ErrorCode.INVALID_TXN_STATE
    assert (coordinator.state().producer_epoch, coordinator.state().start_ms) == (2, NOW_MS)


@BOTH
def test_an_end_that_cannot_be_written_changes_nothing(coordinator: TransactionHarness, version: int) -> None:
    producer = begun(coordinator, version=version)
    coordinator.append_error = ErrorCode.COORDINATOR_NOT_AVAILABLE
    assert coordinator.ended(producer, commit=True, version=version) == ErrorCode.COORDINATOR_NOT_AVAILABLE
    coordinator.append_error = None
    assert coordinator.ended(producer, commit=False, version=version) == ErrorCode.NONE
    assert coordinator.outbox.orders[0].commit is False


# Timeouts and expiry


@pytest.mark.parametrize("server_version", [1, 2])
def test_a_transaction_that_takes_too_long_is_aborted_and_its_producer_fenced(server_version: int) -> None:
    coordinator = TransactionHarness(server_version=server_version)
    producer = begun(coordinator)
    coordinator.advance(59)
    assert coordinator.state().state is TransactionState.ONGOING
    coordinator.advance(11)
    assert coordinator.state().state is TransactionState.PREPARE_ABORT
    coordinator.write_markers()
    assert coordinator.ended(producer, commit=True) == ErrorCode.PRODUCER_FENCED
    assert coordinator.add(producer, T0)[T0] == ErrorCode.PRODUCER_FENCED
    if server_version < 2:
        assert coordinator.init(producer=producer).response.error_code == ErrorCode.PRODUCER_FENCED
    else:
        assert coordinator.initialized(producer=producer) == (1001, 1)


def test_a_timeout_counts_from_the_beginning_over_a_failover(coordinator: TransactionHarness) -> None:
    begun(coordinator)
    coordinator.advance(50)
    coordinator.fail_over()
    coordinator.advance(11)
    assert coordinator.state().state is TransactionState.PREPARE_ABORT


def test_ids_that_are_not_used_are_forgotten(coordinator: TransactionHarness) -> None:
    begun(coordinator)
    coordinator.initialized(id="idle")
    coordinator.advance(8 * 24 * 3600)
    assert coordinator.machine.get("idle") is None
    coordinator.write_markers()
    assert coordinator.state().state is TransactionState.COMPLETE_ABORT
    coordinator.fail_over()
    assert coordinator.machine.get("idle") is None
    coordinator.advance(8 * 24 * 3600)
    assert len(coordinator.machine) == 0


def test_thousands_that_are_due_are_done_in_turns(coordinator: TransactionHarness) -> None:
    for number in range(2500):
        producer = coordinator.initialized(id=str(number))
        coordinator.add(producer, T0, id=str(number))
    coordinator.advance(100)
    assert len(coordinator.outbox.orders) == 2500


def test_an_idle_coordinator_has_nothing_to_do(coordinator: TransactionHarness) -> None:
    assert coordinator.machine.next_deadline() is None


# Failover


@BOTH
@pytest.mark.parametrize("commit", [True, False])
def test_a_new_coordinator_carries_on_what_is_settled(
    coordinator: TransactionHarness, version: int, commit: bool
) -> None:
    producer = begun(coordinator, version=version)
    coordinator.end(producer, commit=commit, version=version)
    before = coordinator.outbox.orders.pop()
    coordinator.fail_over()
    assert coordinator.outbox.cancelled == [(3, 0)]
    [after] = coordinator.outbox.orders
    assert after.coordinator_epoch == 1
    assert (after.producer_epoch, after.commit, after.partitions) == (
        before.producer_epoch,
        before.commit,
        before.partitions,
    )
    coordinator.write_markers()
    assert coordinator.state().state.is_complete


@BOTH
def test_what_was_not_committed_was_never_settled(coordinator: TransactionHarness, version: int) -> None:
    producer = begun(coordinator, version=version)
    coordinator.holds = True
    coordinator.end(producer, commit=True, version=version)
    coordinator.fail_over()
    assert coordinator.outbox.orders == []
    assert coordinator.state().state is TransactionState.ONGOING
    coordinator.holds = False
    assert coordinator.ended(producer, commit=False, version=version) == ErrorCode.NONE


@BOTH
def test_markers_are_sent_again_if_it_is_not_committed_that_they_are_written(
    coordinator: TransactionHarness, version: int
) -> None:
    producer = begun(coordinator, version=version)
    coordinator.end(producer, commit=True, version=version)
    coordinator.holds = True
    coordinator.write_markers()
    assert coordinator.state().state is TransactionState.COMPLETE_COMMIT
    coordinator.fail_over()
    assert len(coordinator.outbox.orders) == 1
    coordinator.holds = False
    coordinator.write_markers()
    assert coordinator.state().state is TransactionState.COMPLETE_COMMIT


def test_a_repeated_end_is_known_after_a_failover(coordinator: TransactionHarness) -> None:
    producer = begun(coordinator, version=SECOND)
    coordinator.end(producer, commit=True, version=SECOND)
    coordinator.write_markers()
    coordinator.fail_over()
    response = coordinator.end(producer, commit=True, version=SECOND).response
    assert (response.error_code, response.producer_epoch) == (ErrorCode.NONE, 1)


def test_markers_of_an_order_that_is_out_of_date_complete_nothing(coordinator: TransactionHarness) -> None:
    producer = begun(coordinator)
    coordinator.end(producer, commit=True)
    [order] = coordinator.outbox.orders
    coordinator.write_markers()
    coordinator.add(producer, T0)
    coordinator.outbox.orders.append(order)
    coordinator.write_markers()
    assert coordinator.state().state is TransactionState.ONGOING


# Descriptions


def test_transactions_are_described(coordinator: TransactionHarness) -> None:
    producer = coordinator.initialized(timeout_ms=1234)
    coordinator.add(producer, ("t", 2), ("t", 0), ("u", 0))
    described = coordinator.describe()
    assert (described.transaction_state, described.transaction_timeout_ms) == ("Ongoing", 1234)
    assert (described.producer_id, described.producer_epoch) == producer
    assert described.transaction_start_time_ms == NOW_MS
    assert [(topic.topic, list(topic.partitions)) for topic in described.topics] == [("t", [0, 2]), ("u", [0])]
    assert coordinator.describe("other").error_code == ErrorCode.TRANSACTIONAL_ID_NOT_FOUND
    assert coordinator.describe("").error_code == ErrorCode.INVALID_REQUEST


def listed(response: object) -> list[str]:
    return [state.transactional_id for state in response.transaction_states]  # type: ignore[attr-defined]


def test_transactions_are_listed_by_filters(coordinator: TransactionHarness) -> None:
    coordinator.initialized(id="a-idle")
    producer = coordinator.initialized(id="b-busy")
    coordinator.add(producer, T0, id="b-busy")
    coordinator.advance(5)
    assert listed(coordinator.list()) == ["a-idle", "b-busy"]
    assert listed(coordinator.list(state_filters=["Ongoing"])) == ["b-busy"]
    assert listed(coordinator.list(producer_id_filters=[producer[0]])) == ["b-busy"]
    assert listed(coordinator.list(duration_filter=4999, state_filters=["Ongoing"])) == ["b-busy"]
    assert listed(coordinator.list(duration_filter=5000, state_filters=["Ongoing"])) == []
    assert listed(coordinator.list(transactional_id_pattern="b-.*")) == ["b-busy"]
    unknown = coordinator.list(state_filters=["Nonsense"])
    assert (listed(unknown), list(unknown.unknown_state_filters)) == ([], ["Nonsense"])
    bad = coordinator.list(transactional_id_pattern="(")
    assert bad.error_code == ErrorCode.INVALID_REGULAR_EXPRESSION
    coordinator.loading = True
    assert coordinator.list().error_code == ErrorCode.COORDINATOR_LOAD_IN_PROGRESS


@pytest.mark.parametrize("version", range(3))
def test_every_version_lists(coordinator: TransactionHarness, version: int) -> None:
    coordinator.initialized()
    assert listed(coordinator.list(version)) == ["tx"]
