"""Transactions as an operator sees them: which there are, what they hold up, and how one that hangs is ended (KIP-664).

A transaction hangs when a partition waits for its end and its coordinator knows nothing of that: readers of committed
records stop there for good. Three looks find it: at the partitions' producers, at the coordinators' ids of these
producers, and at the partitions that these ids' transactions have. An operator then has the end written.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from barnabas.client.admin_types import HangingTransaction, ProducerState, TransactionDescription, TransactionListing
from barnabas.client.cluster import Cluster
from barnabas.client.connection import ConnectionLost
from barnabas.client.coordinator import Coordinator, CoordinatorKind
from barnabas.client.errors import BrokerError, ClientError, ConfigurationError, TimedOut, check
from barnabas.client.many import for_each, only
from barnabas.client.metadata import Node
from barnabas.client.offsets import Place
from barnabas.protocol.errors import ErrorCode
from barnabas.protocol.messages.describe_producers import DescribeProducersRequest, DescribeProducersResponse
from barnabas.protocol.messages.describe_transactions import DescribeTransactionsRequest, DescribeTransactionsResponse
from barnabas.protocol.messages.init_producer_id import InitProducerIdRequest, InitProducerIdResponse
from barnabas.protocol.messages.list_transactions import ListTransactionsRequest, ListTransactionsResponse
from barnabas.protocol.messages.write_txn_markers import WriteTxnMarkersRequest, WriteTxnMarkersResponse

_PLACES_A_REQUEST: Final = 500


async def list_transactions(
    cluster: Cluster,
    *,
    states: Iterable[str] = (),
    producer_ids: Iterable[int] = (),
    longer_than_ms: int = -1,
    pattern: str | None = None,
) -> list[TransactionListing]:
    """Transactional ids by name; each broker knows those that it coordinates. Empty filters let everything pass.

    `longer_than_ms`: those whose present transaction is older. `pattern`: RE2, of the whole id. UNSUPPORTED_VERSION
    where a broker does not know such a filter.
    """
    wanted = list(states)
    message = ListTransactionsRequest(
        state_filters=wanted,
        producer_id_filters=producer_ids,
        duration_filter=longer_than_ms,
        transactional_id_pattern=pattern,
    )
    found: dict[str, TransactionListing] = {}
    for broker in sorted((await cluster.refresh()).nodes):
        response = await _ask_until_loaded(cluster, message, broker)
        if response.unknown_state_filters:
            raise ConfigurationError(f"no transaction can be in state {', '.join(response.unknown_state_filters)}")
        for state in response.transaction_states:
            found[state.transactional_id] = TransactionListing(
                state.transactional_id, state.producer_id, state.transaction_state, broker
            )
    return [found[name] for name in sorted(found)]


async def _ask_until_loaded(
    cluster: Cluster, message: ListTransactionsRequest, broker: int
) -> ListTransactionsResponse:
    what = f"the transactions of broker {broker}"
    backoff = cluster.backoff(what)
    while True:
        response = await cluster.ask(message, ListTransactionsResponse, broker=broker)
        error = BrokerError(response.error_code, what)
        if not response.error_code or not error.retriable:
            check(response.error_code, what)
            return response
        await backoff.wait(error)


async def describe_transactions(
    cluster: Cluster, transactional_ids: Iterable[str]
) -> dict[str, TransactionDescription | ClientError]:
    """These transactional ids; TRANSACTIONAL_ID_NOT_FOUND for one that nobody uses."""
    return await for_each(transactional_ids, lambda name: _describe(cluster, name))


async def _describe(cluster: Cluster, name: str) -> TransactionDescription:
    coordinator = _coordinator(cluster, name)
    node = await coordinator.find()
    response = await coordinator.ask(
        DescribeTransactionsRequest(transactional_ids=[name]),
        DescribeTransactionsResponse,
        lambda answer: only(answer.transaction_states, f"transactional id {name}").error_code,
    )
    state = response.transaction_states[0]
    check(state.error_code, f"transactional id {name}")
    return TransactionDescription(
        name,
        state.producer_id,
        state.producer_epoch,
        state.transaction_state,
        node,
        state.transaction_timeout_ms,
        state.transaction_start_time_ms if state.transaction_start_time_ms >= 0 else None,
        frozenset((topic.topic, number) for topic in state.topics for number in topic.partitions),
    )


async def describe_producers(
    cluster: Cluster, places: Iterable[Place]
) -> dict[Place, list[ProducerState] | ClientError]:
    """What the leader of each partition knows of those who write to it."""
    wanted = list(dict.fromkeys(places))
    found: dict[Place, list[ProducerState] | ClientError] = {}
    backoff = cluster.backoff("producers")
    while pending := [place for place in wanted if place not in found]:
        refused = await _ask_leaders(cluster, pending, found)
        if refused:
            try:
                await backoff.wait(next(iter(refused.values())))
            except TimedOut:
                return found | refused
    return {place: found[place] for place in wanted}


async def _ask_leaders(
    cluster: Cluster, pending: Sequence[Place], found: dict[Place, list[ProducerState] | ClientError]
) -> dict[Place, ClientError]:
    """Ask each leader once; returns what may yet succeed."""
    refused: dict[Place, ClientError] = {}
    for leader, places in (await _by_leader(cluster, pending, found)).items():
        for first in range(0, len(places), _PLACES_A_REQUEST):
            part = places[first : first + _PLACES_A_REQUEST]
            for place, answer in (await _ask_leader(cluster, leader, part)).items():
                if isinstance(answer, ClientError) and answer.retriable:
                    cluster.view.forget_leader(*place)
                    refused[place] = answer
                else:
                    found[place] = answer
    return refused


async def _by_leader(
    cluster: Cluster, places: Sequence[Place], found: dict[Place, list[ProducerState] | ClientError]
) -> dict[Node, list[Place]]:
    """Whom to ask about what; a partition without a leader is an error of its own."""
    groups: dict[Node, list[Place]] = {}
    for place in places:
        try:
            groups.setdefault(await cluster.leader(*place), []).append(place)
        except ClientError as error:
            found[place] = error
    return groups


async def _ask_leader(
    cluster: Cluster, leader: Node, places: Sequence[Place]
) -> Mapping[Place, list[ProducerState] | ClientError]:
    topics: dict[str, DescribeProducersRequest.TopicRequest] = {}
    for topic, number in places:
        topics.setdefault(topic, DescribeProducersRequest.TopicRequest(name=topic)).partition_indexes.append(number)
    message = DescribeProducersRequest(topics=topics.values())
    try:
        response = await cluster.request(await cluster.to(leader), message, DescribeProducersResponse)
    except ConnectionLost as error:
        return {place: TimedOut(f"{leader}: {error}") for place in places}
    except ClientError as error:
        return dict.fromkeys(places, error)
    return {
        (topic.name, p.partition_index): BrokerError(p.error_code, f"{topic.name}-{p.partition_index}", p.error_message)
        if p.error_code
        else [_producer(state) for state in p.active_producers]
        for topic in response.topics
        for p in topic.partitions
    }


def _producer(state: DescribeProducersResponse.ProducerState) -> ProducerState:
    start = state.current_txn_start_offset
    return ProducerState(
        state.producer_id,
        state.producer_epoch,
        state.coordinator_epoch,
        state.last_sequence,
        state.last_timestamp,
        start if start >= 0 else None,
    )


async def find_hanging(
    cluster: Cluster, places: Iterable[Place], *, older_than_ms: int, now_ms: int
) -> list[HangingTransaction]:
    """Transactions open in these partitions, without a record for longer than that, which nobody will end.

    ClientError of the first partition that cannot be asked about.
    """
    open_: list[tuple[Place, ProducerState]] = []
    for place, producers in (await describe_producers(cluster, places)).items():
        if isinstance(producers, ClientError):
            raise producers
        open_ += [
            (place, producer)
            for producer in producers
            if producer.transaction_start is not None and now_ms - producer.last_timestamp_ms > older_than_ms
        ]
    if not open_:
        return []
    names = {
        listing.producer_id: listing.transactional_id
        for listing in await list_transactions(cluster, producer_ids={producer.producer_id for _, producer in open_})
    }
    described = await describe_transactions(cluster, sorted(set(names.values())))
    hanging: list[HangingTransaction] = []
    for place, producer in sorted(open_, key=lambda each: each[0]):
        name = names.get(producer.producer_id)
        if name is None or not _will_be_ended(described[name], place):
            hanging.append(HangingTransaction(place, producer, name))
    return hanging


def _will_be_ended(known: TransactionDescription | ClientError, place: Place) -> bool:
    """Whether the coordinator has the partition among those that it will write an end to."""
    if isinstance(known, BrokerError) and known.code == ErrorCode.TRANSACTIONAL_ID_NOT_FOUND:
        return False
    if isinstance(known, ClientError):
        raise known
    return place in known.partitions


async def write_abort(cluster: Cluster, place: Place, producer: ProducerState) -> None:
    """Have the partition's leader write that the producer's transaction is aborted, past the coordinator.

    BrokerError if it refuses: INVALID_PRODUCER_EPOCH of an older epoch than it knows, TRANSACTION_COORDINATOR_FENCED.
    """
    new = WriteTxnMarkersRequest
    topic = new.WritableTxnMarkerTopic(name=place[0], partition_indexes=[place[1]])
    marker = new.WritableTxnMarker(
        producer_id=producer.producer_id,
        producer_epoch=producer.epoch,
        transaction_result=False,
        topics=[topic],
        # A producer whose first transaction hangs has none yet; 0 is never above the coordinator's.
        coordinator_epoch=max(producer.coordinator_epoch, 0),
    )
    what = f"{place[0]}-{place[1]}"
    backoff = cluster.backoff(f"the end of the transaction in {what}")
    while True:
        leader = await cluster.leader(*place)
        try:
            connection = await cluster.to(leader)
            response = await cluster.request(connection, new(markers=[marker]), WriteTxnMarkersResponse)
        except ConnectionLost as error:
            await backoff.wait(error)
            continue
        topics = only(response.markers, what).topics
        code = only(only(topics, what).partitions, what).error_code
        refusal = BrokerError(code, f"{what}, producer id {producer.producer_id}")
        if not code:
            return
        if not refusal.retriable:
            raise refusal
        cluster.view.forget_leader(*place)
        await backoff.wait(refusal)


async def fence_producers(cluster: Cluster, transactional_ids: Iterable[str]) -> dict[str, ClientError | None]:
    """End what the producers with these ids have open, by an abort, and let none of them write any more (KIP-664).

    They are told PRODUCER_FENCED; a producer that is started anew goes on. TRANSACTIONAL_ID_NOT_FOUND for one that
    nobody uses, which is left so.
    """

    async def fence(name: str) -> None:
        known = await _describe(cluster, name)
        message = InitProducerIdRequest(transactional_id=name, transaction_timeout_ms=known.timeout_ms)
        coordinator = _coordinator(cluster, name)
        response = await coordinator.ask(message, InitProducerIdResponse, lambda answer: answer.error_code)
        check(response.error_code, f"transactional id {name}")

    return await for_each(transactional_ids, fence)


def _coordinator(cluster: Cluster, name: str) -> Coordinator:
    return Coordinator(cluster, CoordinatorKind.TRANSACTION, name, shares_connection=True)
