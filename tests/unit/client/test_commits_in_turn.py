"""A commit that has to be tried again does not take effect after a later one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
import trio
from trio.testing import MockClock

from barnabas.client import Consumer
from barnabas.client.cluster import Cluster
from barnabas.client.groups.committed import OffsetAndMetadata
from barnabas.client.groups.membership import GroupProtocol
from barnabas.protocol.api_keys import ApiKey
from barnabas.protocol.errors import ErrorCode
from barnabas.protocol.messages.offset_commit import OffsetCommitRequest, OffsetCommitResponse
from barnabas.protocol.record_builder import build_batch
from fake_brokers import FakeCluster
from fake_group import FakeGroup

PLACE = ("t", 0)
Offsets = Mapping[tuple[str, int], int | OffsetAndMetadata]
FIRST: Offsets = {PLACE: 1}
SECOND: Offsets = {PLACE: 2}


class BusyGroup(FakeGroup):
    """Its first commit is refused for a while: the coordinator is loading."""

    def __init__(self, brokers: FakeCluster) -> None:
        super().__init__(brokers)
        self.asked: list[int] = []
        self._answer = brokers.more[ApiKey.OFFSET_COMMIT]
        brokers.more[ApiKey.OFFSET_COMMIT] = self._refuse_first

    def _refuse_first(self, broker: int, body: OffsetCommitRequest) -> Any:
        self.asked.append(body.topics[0].partitions[0].committed_offset)
        if len(self.asked) > 1:
            return self._answer(broker, body)
        new = OffsetCommitResponse
        part = new.OffsetCommitResponsePartition(
            partition_index=PLACE[1], error_code=ErrorCode.COORDINATOR_LOAD_IN_PROGRESS
        )
        return new(topics=[new.OffsetCommitResponseTopic(name=PLACE[0], partitions=[part])])


@pytest.mark.parametrize("protocol", ["classic", "consumer"])
async def test_a_commit_waits_for_the_one_before(
    nursery: trio.Nursery, protocol: GroupProtocol, autojump_clock: MockClock
) -> None:
    brokers = FakeCluster(nursery)
    brokers.create("t")[0].append(memoryview(build_batch([(1000, None, b"x")])))
    group = BusyGroup(brokers)
    await brokers.start()
    async with (
        Cluster(brokers.bootstrap, network=brokers.network) as cluster,
        Consumer(
            cluster,
            group="g",
            topics="t",
            group_protocol=protocol,
            auto_offset_reset="earliest",
            enable_auto_commit=False,
        ) as consumer,
    ):
        assert (await anext(consumer)).value == b"x"
        async with trio.open_nursery() as committing:
            committing.start_soon(consumer.commit, FIRST)
            await trio.sleep(0.001)
            committing.start_soon(consumer.commit, SECOND)
        assert group.asked == [1, 1, 2]
        assert group.committed == {PLACE: 2}
