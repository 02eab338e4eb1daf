"""ISR changes on their way to the controller (AlterPartition, KIP-497).

Changes that come while a request is under way are gathered and go out together in the next one. There is one request
at a time, so at most one change of a partition is under way; its leader makes no second one before the first is
answered.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol

import trio

from barnabas.broker.controller_channel import ControllerChannel, ControllerUnavailable
from barnabas.broker.isr import IsrChange
from barnabas.protocol.errors import ErrorCode
from barnabas.protocol.messages.alter_partition import AlterPartitionRequest, AlterPartitionResponse
from barnabas.server.logging import get_logger

log = get_logger(__name__)

_VERSION = 3
_RECOVERED = 0


class AlterPartitionReceiver(Protocol):
    """Who is told what became of each change."""

    def isr_change_committed(
        self, change: IsrChange, leader_epoch: int, partition_epoch: int, isr: Iterable[int]
    ) -> None:
        """The controller committed the change; this is the partition's state now."""
        ...

    def isr_change_failed(self, change: IsrChange, error: ErrorCode) -> None:
        """The controller refused the change, or nobody knows what became of it (NETWORK_EXCEPTION)."""
        ...


class AlterPartitionSender:
    """See the module."""

    def __init__(
        self,
        channel: ControllerChannel,
        broker_id: int,
        broker_epoch: Callable[[], int],
        receiver: AlterPartitionReceiver,
    ) -> None:
        self._channel = channel
        self._broker_id = broker_id
        self._broker_epoch = broker_epoch
        self._receiver = receiver
        self._gathered: dict[tuple[bytes, int], IsrChange] = {}
        self._wake = trio.Event()

    def submit(self, change: IsrChange) -> None:
        """Send this change; a newer one of the same partition replaces one that has not been sent."""
        self._gathered[change.topic_id, change.index] = change
        self._wake.set()

    async def run(self) -> None:
        """Send what is submitted, for ever."""
        while True:
            await self._wake.wait()
            self._wake = trio.Event()
            changes = list(self._gathered.values())
            self._gathered.clear()
            await self._send(changes)

    async def _send(self, changes: list[IsrChange]) -> None:
        try:
            response = await self._channel.send(self._request(changes), _VERSION)
        except ControllerUnavailable as error:
            log.warning("ISR changes could not be sent", partitions=len(changes), reason=str(error))
            self._fail(changes, ErrorCode.NETWORK_EXCEPTION)
            return
        assert isinstance(response, AlterPartitionResponse)
        if response.error_code:
            error_code = ErrorCode.of(response.error_code)
            log.warning("ISR changes were refused", partitions=len(changes), error=error_code.name)
            self._fail(changes, error_code)
            return
        self._tell(changes, response)

    def _request(self, changes: list[IsrChange]) -> AlterPartitionRequest:
        topics: dict[bytes, AlterPartitionRequest.TopicData] = {}
        for change in changes:
            topic = topics.setdefault(change.topic_id, AlterPartitionRequest.TopicData(topic_id=change.topic_id))
            topic.partitions.append(
                AlterPartitionRequest.PartitionData(
                    partition_index=change.index,
                    leader_epoch=change.leader_epoch,
                    new_isr_with_epochs=[
                        AlterPartitionRequest.BrokerState(broker_id=broker_id, broker_epoch=epoch)
                        for broker_id, epoch in change.isr
                    ],
                    leader_recovery_state=_RECOVERED,
                    partition_epoch=change.partition_epoch,
                )
            )
        return AlterPartitionRequest(
            broker_id=self._broker_id, broker_epoch=self._broker_epoch(), topics=topics.values()
        )

    def _tell(self, changes: list[IsrChange], response: AlterPartitionResponse) -> None:
        answers = {
            (topic.topic_id, partition.partition_index): partition
            for topic in response.topics
            for partition in topic.partitions
        }
        for change in changes:
            answer = answers.get((change.topic_id, change.index))
            if answer is None:
                self._receiver.isr_change_failed(change, ErrorCode.UNKNOWN_SERVER_ERROR)
            elif answer.error_code:
                self._receiver.isr_change_failed(change, ErrorCode.of(answer.error_code))
            else:
                self._receiver.isr_change_committed(change, answer.leader_epoch, answer.partition_epoch, answer.isr)

    def _fail(self, changes: list[IsrChange], error: ErrorCode) -> None:
        for change in changes:
            self._receiver.isr_change_failed(change, error)
