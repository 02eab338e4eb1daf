"""What transactions take on a broker, put together: coordinators, the markers they order, and what partition leaders
ask them. The handlers, and the machine, are imported when they are first needed.

    producer ──► coordinator (`coordinators`) ──► markers (`sender`) ──► leaders of partitions (`write_markers`)
    producer ──► leader of a partition ──► `verification` ──► `questions` ──► coordinator (`ask_here`)
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Final

from barnabas.broker.coordinator.coordinators import Coordinators
from barnabas.broker.coordinator.kinds import transaction_kind
from barnabas.broker.coordinator.transactions.marker_queue import NO_LEADER
from barnabas.broker.coordinator.transactions.marker_sender import MarkerSender
from barnabas.broker.group_apis import LazyHandler
from barnabas.broker.transaction_questions import TransactionQuestions
from barnabas.broker.transaction_verification import TransactionVerification, VerificationConfig
from barnabas.metadata.features import TRANSACTION_VERSION
from barnabas.protocol.api_keys import ApiKey
from barnabas.protocol.errors import WireError
from barnabas.server.runtime import Result

if TYPE_CHECKING:
    from barnabas.broker.coordinator.answers import Waiter
    from barnabas.broker.coordinator.groups.machine import GroupCoordinator
    from barnabas.broker.coordinator.records import TransactionEnd
    from barnabas.broker.coordinator.transactions.machine import TransactionCoordinator
    from barnabas.broker.coordinator.transactions.marker_order import MarkerOrder
    from barnabas.broker.handlers.add_partitions_to_txn import AddPartitionsToTxnHandler
    from barnabas.broker.handlers.write_txn_markers import WriteTxnMarkersHandler
    from barnabas.broker.metadata_cache import MetadataCache
    from barnabas.broker.peer_channels import PeerChannels
    from barnabas.broker.producer_ids import ProducerIds
    from barnabas.broker.replica_manager import ReplicaManager
    from barnabas.metadata.delta import MetadataDelta
    from barnabas.metadata.image import MetadataImage
    from barnabas.server.dispatch import ApiTable, Request
    from barnabas.server.environment import Threads
    from barnabas.server.settings import Settings


class Transactions:
    """See the module's text."""

    def __init__(
        self,
        settings: Settings,
        cache: MetadataCache,
        replicas: ReplicaManager,
        groups: Coordinators[GroupCoordinator],
        peers: PeerChannels,
        producer_ids: ProducerIds,
        *,
        spawn: Callable[..., None],
        threads: Threads,
    ) -> None:
        """`spawn` runs an async function in the background."""
        self._settings: Final = settings
        self._cache: Final = cache
        self._replicas: Final = replicas
        self._groups: Final = groups
        self._producer_ids: Final = producer_ids
        broker_id = replicas.config.broker_id
        self.sender: Final = MarkerSender(
            broker_id,
            self._leader_of,
            peers,
            background=replicas.background,
            timers=replicas.timers,
            clock=replicas.clock,
            spawn=spawn,
        )
        self.sender.write_here = lambda body, reply: self.markers_handler.write(body, reply)
        self.sender.complete = self._complete
        self.coordinators: Final[Coordinators[TransactionCoordinator]] = Coordinators(
            transaction_kind(
                settings,
                self.sender,
                lambda: cache.image.features.level(TRANSACTION_VERSION),
                producer_ids.take,
            ),
            replicas,
            spawn=spawn,
            threads=threads,
        )
        self._questions: Final = TransactionQuestions(
            broker_id, self._coordinator_of, peers, background=replicas.background, spawn=spawn
        )
        self._questions.ask_here = lambda body, reply: self.partitions_handler.answer(body, reply)
        self.verification: Final = TransactionVerification(
            self._questions,
            VerificationConfig(
                enabled=settings.bool("transaction.partition.verification.enable"),
                retry_backoff=settings.seconds("add.partitions.to.txn.retry.backoff.ms"),
                retry_timeout=settings.seconds("add.partitions.to.txn.retry.backoff.max.ms"),
            ),
            timers=replicas.timers,
            clock=replicas.clock,
            wall_clock_ms=replicas.wall_clock_ms,
        )

    def apply_delta(self, delta: MetadataDelta, image: MetadataImage) -> None:
        """The image changed to `image`, and the replicas and groups here are as it says."""
        self.coordinators.apply_delta(delta, image)
        self.sender.leaders_changed()

    # Where things are

    def _leader_of(self, topic: str, index: int) -> int | None:
        """See `LeaderOf`. What is not in the image was deleted: a coordinator's image has all that its log names."""
        known = self._cache.image.topics.by_name(topic)
        partition = None if known is None else known.partitions.get(index)
        return None if partition is None else partition.leader

    def _coordinator_of(self, transactional_id: str) -> int | None:
        coordinators = self.coordinators
        leader = self._leader_of(coordinators.topic, coordinators.partition_for(transactional_id))
        return None if leader == NO_LEADER else leader

    # From one part to another

    def _complete(self, order: MarkerOrder, waiter: Waiter) -> None:
        """Every partition has its marker."""
        try:
            shard = self.coordinators.shard_at(order.shard)
        except WireError as error:
            waiter.fail(error)
            return
        if shard.leader_epoch == order.coordinator_epoch:
            shard.submit(lambda machine, _, now_ms: machine.handle_markers_written(order, now_ms), waiter)

    def _end_in_groups(self, partition: int, end: TransactionEnd, waiter: Waiter) -> None:
        """See `EndInGroups`."""
        try:
            shard = self._groups.shard_at(partition)
        except WireError as error:
            waiter.fail(error)
        else:
            shard.submit(lambda *_: Result([end], [(waiter, None)]), waiter)

    # Handlers

    @cached_property
    def markers_handler(self) -> WriteTxnMarkersHandler:
        from barnabas.broker.handlers.write_txn_markers import WriteTxnMarkersHandler

        return WriteTxnMarkersHandler(
            self._replicas,
            timeout=self._settings.seconds("request.timeout.ms"),
            group_topic=self._groups.topic,
            end_in_groups=self._end_in_groups,
        )

    @cached_property
    def partitions_handler(self) -> AddPartitionsToTxnHandler:
        from barnabas.broker.handlers.add_partitions_to_txn import AddPartitionsToTxnHandler

        return AddPartitionsToTxnHandler(self.coordinators, self._cache)

    def register_handlers(self, table: ApiTable) -> None:
        """Register what a broker serves of transactions."""

        def lazily(key: ApiKey, make: Callable[[], Callable[[Request], None]]) -> None:
            table.register(key, LazyHandler(make).handle)

        lazily(ApiKey.INIT_PRODUCER_ID, self._init_producer_id)
        lazily(ApiKey.END_TXN, self._end_txn)
        lazily(ApiKey.ADD_PARTITIONS_TO_TXN, lambda: self.partitions_handler.handle)
        lazily(ApiKey.WRITE_TXN_MARKERS, lambda: self.markers_handler.handle)
        lazily(ApiKey.ADD_OFFSETS_TO_TXN, self._add_offsets_to_txn)
        lazily(ApiKey.TXN_OFFSET_COMMIT, self._txn_offset_commit)
        lazily(ApiKey.DESCRIBE_TRANSACTIONS, self._describe_transactions)
        lazily(ApiKey.LIST_TRANSACTIONS, self._list_transactions)
        lazily(ApiKey.DESCRIBE_PRODUCERS, self._describe_producers)

    def _init_producer_id(self) -> Callable[[Request], None]:
        from barnabas.broker.handlers.init_producer_id import InitProducerIdHandler

        max_timeout_ms = self._settings.int("transaction.max.timeout.ms")
        return InitProducerIdHandler(self._producer_ids, self.coordinators, max_timeout_ms=max_timeout_ms).handle

    def _end_txn(self) -> Callable[[Request], None]:
        from barnabas.broker.handlers.end_txn import EndTxnHandler

        return EndTxnHandler(self.coordinators, self._producer_ids).handle

    def _add_offsets_to_txn(self) -> Callable[[Request], None]:
        from barnabas.broker.handlers.add_offsets_to_txn import AddOffsetsToTxnHandler

        return AddOffsetsToTxnHandler(self.coordinators, self._groups).handle

    def _txn_offset_commit(self) -> Callable[[Request], None]:
        from barnabas.broker.handlers.txn_offset_commit import TxnOffsetCommitHandler

        return TxnOffsetCommitHandler(self._groups, self._cache, self._replicas, self.verification).handle

    def _describe_transactions(self) -> Callable[[Request], None]:
        from barnabas.broker.handlers.describe_transactions import DescribeTransactionsHandler

        return DescribeTransactionsHandler(self.coordinators).handle

    def _list_transactions(self) -> Callable[[Request], None]:
        from barnabas.broker.handlers.list_transactions import ListTransactionsHandler

        return ListTransactionsHandler(self.coordinators, self._replicas.wall_clock_ms).handle

    def _describe_producers(self) -> Callable[[Request], None]:
        from barnabas.broker.handlers.describe_producers import DescribeProducersHandler

        return DescribeProducersHandler(self._replicas).handle
