"""Which markers are to be written where: orders in, requests to brokers out, until every partition has its marker.

    route    a partition's marker waits for the broker that leads it; one that exists no more needs none
    send     all that waits for a broker goes in one request, while none to it is under way
    park     what a broker could not do, and what has no leader, waits for `retry`, and is then routed anew

What it keeps true: a partition of an order is in one place at a time; an order is finished once, when it has none left;
what was cancelled, or replaced by a newer coordinator's order, is never heard of again. A pure core: it does not know
when to retry.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from barnabas.broker.coordinator.transactions.marker_order import MarkerOrder
from barnabas.broker.coordinator.transactions.metadata import TopicPartition
from barnabas.protocol.errors import ErrorCode
from barnabas.protocol.messages.write_txn_markers import WriteTxnMarkersRequest, WriteTxnMarkersResponse

NO_LEADER: Final = -1

LeaderOf = Callable[[str, int], int | None]
"""The broker that leads a partition; NO_LEADER if none does now, None if there is no such partition."""

# A transaction of a later epoch is open there, so this one is not any more; or the partition knows no transactions.
_AS_GOOD_AS_WRITTEN: Final = frozenset(
    {
        ErrorCode.NONE,
        ErrorCode.INVALID_PRODUCER_EPOCH,
        ErrorCode.UNSUPPORTED_FOR_MESSAGE_FORMAT,
        ErrorCode.UNSUPPORTED_VERSION,
    }
)


class _Open:
    """An order, and the partitions that have no marker yet."""

    __slots__ = ("left", "order")

    def __init__(self, order: MarkerOrder) -> None:
        self.order: Final = order
        self.left: Final = set(order.partitions)


_Part = tuple[_Open, TopicPartition]


class MarkerQueue:
    """See the module's text."""

    def __init__(self, leader_of: LeaderOf) -> None:
        self._leader_of: Final = leader_of
        self._open: dict[str, _Open] = {}
        """By transactional id."""
        self._waiting: dict[int, list[_Part]] = {}
        """By broker."""
        self._in_flight: dict[int, list[_Part]] = {}
        self._parked: list[_Part] = []
        self._finished: list[MarkerOrder] = []

    def __len__(self) -> int:
        """How many orders are not finished."""
        return len(self._open)

    @property
    def has_parked(self) -> bool:
        """Whether something waits for `retry`."""
        return bool(self._parked)

    # Orders

    def add(self, order: MarkerOrder) -> None:
        """Have these markers written."""
        known = self._open.get(order.transactional_id)
        if known is not None and known.order.coordinator_epoch > order.coordinator_epoch:
            return
        self._open[order.transactional_id] = opened = _Open(order)
        self._route((opened, partition) for partition in sorted(order.partitions))
        self._maybe_finish(opened)

    def cancel(self, shard: int, coordinator_epoch: int) -> None:
        """Forget the orders of a coordinator."""
        for opened in list(self._open.values()):
            if opened.order.shard == shard and opened.order.coordinator_epoch <= coordinator_epoch:
                del self._open[opened.order.transactional_id]

    def take_finished(self) -> list[MarkerOrder]:
        """The orders that were finished since this was called last."""
        finished, self._finished = self._finished, []
        return finished

    # Requests

    def next_requests(self) -> list[tuple[int, WriteTxnMarkersRequest]]:
        """What to send now, to which brokers. For each, `answered` or `failed` is to be called."""
        requests: list[tuple[int, WriteTxnMarkersRequest]] = []
        for broker_id in [broker_id for broker_id in self._waiting if broker_id not in self._in_flight]:
            parts = [part for part in self._waiting.pop(broker_id) if self._is_wanted(part)]
            if parts:
                self._in_flight[broker_id] = parts
                requests.append((broker_id, _request(parts)))
        return requests

    def answered(self, broker_id: int, response: WriteTxnMarkersResponse) -> None:
        """A broker answered."""
        errors = {
            (marker.producer_id, topic.name, partition.partition_index): ErrorCode.of(partition.error_code)
            for marker in response.markers
            for topic in marker.topics
            for partition in topic.partitions
        }
        for part in self._in_flight.pop(broker_id, ()):
            opened, partition = part
            if self._is_wanted(part):
                error = errors.get((opened.order.producer_id, *partition), ErrorCode.NETWORK_EXCEPTION)
                if error in _AS_GOOD_AS_WRITTEN:
                    self._written(opened, partition)
                elif error is ErrorCode.TRANSACTION_COORDINATOR_FENCED:
                    # A coordinator that came later was there: this one does not know yet that it is none any more.
                    del self._open[opened.order.transactional_id]
                else:
                    self._parked.append(part)

    def failed(self, broker_id: int) -> None:
        """A broker did not answer. Others may lead what it led, also what was still to be sent to it."""
        self._parked += self._in_flight.pop(broker_id, [])
        self._parked += self._waiting.pop(broker_id, [])

    def retry(self) -> None:
        """Look again where the parked ones belong."""
        parked, self._parked = self._parked, []
        self._route(part for part in parked if self._is_wanted(part))

    def _route(self, parts: Iterable[_Part]) -> None:
        for part in parts:
            opened, partition = part
            leader = self._leader_of(*partition)
            if leader is None:
                self._written(opened, partition)
            elif leader == NO_LEADER:
                self._parked.append(part)
            else:
                self._waiting.setdefault(leader, []).append(part)

    def _is_wanted(self, part: _Part) -> bool:
        opened, partition = part
        return self._open.get(opened.order.transactional_id) is opened and partition in opened.left

    def _written(self, opened: _Open, partition: TopicPartition) -> None:
        opened.left.discard(partition)
        self._maybe_finish(opened)

    def _maybe_finish(self, opened: _Open) -> None:
        transactional_id = opened.order.transactional_id
        if not opened.left and self._open.get(transactional_id) is opened:
            del self._open[transactional_id]
            self._finished.append(opened.order)


def _request(parts: list[_Part]) -> WriteTxnMarkersRequest:
    """One marker for each order, in the order of their coming."""
    markers: dict[int, WriteTxnMarkersRequest.WritableTxnMarker] = {}
    topics: dict[tuple[int, str], WriteTxnMarkersRequest.WritableTxnMarkerTopic] = {}
    for opened, (topic, index) in parts:
        order = opened.order
        marker = markers.get(order.producer_id)
        if marker is None:
            marker = markers[order.producer_id] = WriteTxnMarkersRequest.WritableTxnMarker(
                producer_id=order.producer_id,
                producer_epoch=order.producer_epoch,
                transaction_result=order.commit,
                coordinator_epoch=order.coordinator_epoch,
                transaction_version=order.version,
            )
        wanted = topics.get((order.producer_id, topic))
        if wanted is None:
            wanted = topics[order.producer_id, topic] = WriteTxnMarkersRequest.WritableTxnMarkerTopic(name=topic)
            marker.topics.append(wanted)
        wanted.partition_indexes.append(index)
    return WriteTxnMarkersRequest(markers=list(markers.values()))
