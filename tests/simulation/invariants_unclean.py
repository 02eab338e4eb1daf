"""What must be true where elections may be unclean: of who is elected, and of what is left then.

- Nobody is elected who is neither in sync nor eligible, unless it is the last known leader of a partition in which
  nobody is, or the topic allows it at that time, or somebody asked for it.
- Where it is allowed, a partition has a leader as soon as any replica may lead.
- What the first leader after such an election has of what was committed stays so. From where its log parts from that,
  what it commits counts: a loss, which is marked (`losses.py`). Who has not been in sync since may hold, and show, what
  is gone; it counts again when it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final
from unittest import mock

import trio
from tests.simulation.cluster import Cluster, Violation, deciding_image_of, quorum_of
from tests.simulation.losses import Loss, Losses

from barnabas.metadata.records import LeaderRecoveryState
from barnabas.metadata.topic_configs import UNCLEAN_LEADER_ELECTION_ENABLE
from barnabas.storage.log import PartitionLog

Key = tuple[bytes, int]
NO_LEADER: Final = -1
_LEADER_SECONDS: Final = 1.0


def is_unclean(before: Any, after: Any) -> bool:
    """Whether a leader was elected who may lack records; `before` is what was last known of the partition."""
    if before is None or after.leader_epoch == before.leader_epoch:
        return False
    held_everything = {*before.isr, *before.elr}
    if after.partition_epoch == before.partition_epoch + 1:
        return after.leader != NO_LEADER and after.leader not in held_everything
    recovering = after.leader_recovery_state == LeaderRecoveryState.RECOVERING
    return recovering or not held_everything.intersection((*after.isr, *after.elr))


def is_last_known(before: Any, leader: int, cluster: Any) -> bool:
    """Whether this broker may be elected because nobody is known to have everything, and it led last. Who was the last
    one eligible may have come back from an unclean shutdown just now, and is fenced still.
    """
    gone = [cluster.broker(each) for each in before.elr]
    nobody = not before.isr and len(gone) <= 1 and all(broker is None or broker.fenced for broker in gone)
    return nobody and tuple(before.last_known_elr) == (leader,)


def allows_unclean(image: Any, topic: str) -> bool:
    """Whether the topic is so configured; its brokers are not."""
    return bool(image.configs.of_topic(topic).get(UNCLEAN_LEADER_ELECTION_ENABLE) == "true")


class UncleanElections:
    """See the module. `pending`: of the partitions whose next leader may lack records, the first epoch it may have."""

    def __init__(self, losses: Losses) -> None:
        self.losses: Final = losses
        self.pending: dict[Key, int] = {}
        self._joined: dict[Key, set[int]] = {}
        """Who has been in sync since the last such election; absent where there was none."""
        self._waiting: dict[Key, float] = {}
        """Since when partitions have no leader that could have one."""
        self._left_over: frozenset[Key] = frozenset()
        """Those that waited already when the controller became active; it looks at them after minutes, as Kafka."""
        self._active: tuple[int, int, int] | None = None

    def may_be_unclean(self, topic: str, index: int, *images: Any) -> bool:
        """Whether an unclean election is allowed by any of these images."""
        if topic not in self.losses.topics:
            return False
        return (topic, index) in self.losses.asked or any(allows_unclean(image, topic) for image in images if image)

    def changed(self, topic: str, before: Any, after: Any) -> None:
        """The controllers committed a partition's new state."""
        if topic not in self.losses.topics:
            return
        if is_unclean(before, after):
            self.pending[after.key] = after.leader_epoch
        elif after.key in self._joined and after.key not in self.pending:
            self._joined[after.key].update(after.isr)

    def settled(self, replica: Any, broker_id: int, offset: int) -> None:
        """The elected leader leads, and has what is committed up to `offset`."""
        del self.pending[replica.key]
        self._joined[replica.key] = {broker_id}
        loss = Loss(replica.leader_epoch, offset, trio.current_time())
        self.losses.happened((replica.topic, replica.index), loss)

    def is_behind(self, key: Key, broker_id: int) -> bool:
        """Whether this broker's replica may hold what is gone."""
        joined = self._joined.get(key)
        return joined is not None and broker_id not in joined

    def forget(self) -> None:
        """No record need be there any more."""
        self.pending.clear()
        self._joined.clear()

    # Who wrote what

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Note in which leader epochs records are written meanwhile."""
        if not self.losses.topics:
            yield
            return
        original, losses = PartitionLog.append_as_leader, self.losses

        def append(log: Any, batch: Any, leader_epoch: int, *args: Any, **kwargs: Any) -> Any:
            result = original(log, batch, leader_epoch, *args, **kwargs)
            if log.topic in losses.topics and not result.duplicate:
                for record in batch.records():
                    value = bytes(record.value or b"").decode()
                    losses.wrote((log.topic, log.partition), value, record.offset, leader_epoch)
            return result

        with mock.patch.object(PartitionLog, "append_as_leader", append):
            yield

    # Availability

    def check_available(self, cluster: Cluster) -> None:
        """Where anybody may lead, somebody does, as the active controller decides it: what it takes to commit that is
        another matter.
        """
        if not self.losses.topics:
            return
        node = cluster.active_controller()
        if node is None or cluster.pauses.is_paused(node.host):
            self._active = None
            return
        image = deciding_image_of(node)
        now: float = trio.current_time()
        waiting = dict(self._without_leader(image))
        active = (node.id, node.lives, quorum_of(node).epoch)
        if active != self._active:
            self._active, self._left_over = active, frozenset(waiting)
            self._waiting.clear()
        self._left_over &= waiting.keys()
        since = self._waiting
        self._waiting = {key: since.get(key, now) for key in waiting if key not in self._left_over}
        for key, began in self._waiting.items():
            if now - began > _LEADER_SECONDS:
                raise Violation(f"{node} elects nobody for {_LEADER_SECONDS:g} s: {waiting[key]}")

    def _without_leader(self, image: Any) -> Iterator[tuple[Key, str]]:
        for name in sorted(self.losses.topics):
            topic = image.topics.by_name(name)
            if topic is None or not allows_unclean(image, name):
                continue
            for index, state in topic.partitions.items():
                if state.leader == NO_LEADER and (there := could_lead(image, state)):
                    yield state.key, f"{name}-{index} could be led by {there}: {state}"


def could_lead(image: Any, state: Any) -> list[int]:
    """The replicas that may be elected where anybody may."""
    brokers = [image.cluster.broker(each) for each in state.replicas]
    return [
        broker.id
        for broker in brokers
        if broker is not None and broker.active and broker.has_directory(state.directory(broker.id))
    ]
