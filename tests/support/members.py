"""Members of a consumer group that read and commit while things are killed, and what they were promised."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Mapping
from types import TracebackType
from typing import Any

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition
from confluent_kafka.admin import AdminClient

from load import SETTLE_SECONDS

COMMIT_EVERY = 20


class GroupHistory:
    """What all members of a group have read, and which of their commits were acknowledged."""

    def __init__(self) -> None:
        self.read: dict[int, set[int]] = defaultdict(set)
        self.committed: dict[int, int] = {}
        self.failed_commits: list[str] = []
        self.longest_pause = 0.0
        self.last_read = time.monotonic()
        self.lock = threading.Lock()

    @property
    def count(self) -> int:
        """Distinct records."""
        return sum(map(len, self.read.values()))

    def saw(self, partition: int, offset: int) -> None:
        with self.lock:
            now = time.monotonic()
            self.longest_pause = max(self.longest_pause, now - self.last_read)
            self.last_read = now
            self.read[partition].add(offset)

    def commits(self, offsets: list[TopicPartition]) -> None:
        """Acknowledged ones; librdkafka also names partitions of which nothing has been read yet, with no offset."""
        with self.lock:
            for each in (each for each in offsets if each.offset >= 0):
                self.committed[each.partition] = max(each.offset, self.committed.get(each.partition, 0))

    def wait_for_reads(self, more: int) -> None:
        """Return when `more` records have been read from now on."""
        target = self.count + more
        deadline = time.monotonic() + SETTLE_SECONDS
        while self.count < target:
            assert time.monotonic() < deadline, f"{self.count} read, wanted {target}; failed: {self.failed_commits[:3]}"
            time.sleep(0.01)


class Member:
    """One consumer in a thread of its own: reads, commits every few records, leaves when the block ends."""

    def __init__(self, bootstrap: str, group: str, topic: str, history: GroupHistory, **settings: Any) -> None:
        self.history = history
        self.assignments: list[list[int]] = []
        self._topic = topic
        self._consumer = Consumer(
            {
                "bootstrap.servers": bootstrap,
                "group.id": group,
                "auto.offset.reset": "earliest",
                "enable.auto.commit": False,
                **({} if settings.get("group.protocol") == "consumer" else {"session.timeout.ms": 6_000}),
                "reconnect.backoff.max.ms": 500,
                "retry.backoff.max.ms": 200,
                "topic.metadata.refresh.fast.interval.ms": 50,
                "coordinator.query.interval.ms": 1000,
                **settings,
            }
        )
        self._stop = threading.Event()
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._main, name=f"member of {group}")

    def _main(self) -> None:
        try:
            self._run()
        except BaseException as error:  # noqa: BLE001 - it is raised again where the block ends
            self._error = error
        finally:
            self._consumer.close()

    def _run(self) -> None:
        consumer = self._consumer
        consumer.subscribe([self._topic], on_assign=self._assigned)
        uncommitted = 0
        while not self._stop.is_set():
            message = consumer.poll(0.05)
            if message is None:
                continue
            if (error := message.error()) is not None:
                assert error.retriable() or error.code() in _PASSING, error
                continue
            self._saw(message)
            uncommitted += 1
            if uncommitted >= COMMIT_EVERY:
                uncommitted = 0
                self._commit()
        self._commit()

    def _saw(self, message: Message) -> None:
        partition, offset = message.partition(), message.offset()
        assert partition is not None
        assert offset is not None
        self.history.saw(partition, offset)

    def _commit(self) -> None:
        try:
            committed = self._consumer.commit(asynchronous=False)
        except KafkaException as error:
            if error.args[0].code() != KafkaError._NO_OFFSET:
                self.history.failed_commits.append(str(error))
            return
        self.history.commits([each for each in committed or () if each.error is None])

    def _assigned(self, _: Consumer, partitions: list[TopicPartition]) -> None:
        self.assignments.append([each.partition for each in partitions])

    def __enter__(self) -> Member:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join(SETTLE_SECONDS)
        if self._error is not None and error is None:
            raise self._error


_PASSING = (
    KafkaError._TRANSPORT,
    KafkaError._ALL_BROKERS_DOWN,
    KafkaError._RESOLVE,
    KafkaError.COORDINATOR_NOT_AVAILABLE,
    KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
    KafkaError.NOT_COORDINATOR,
)


def lost(acknowledged: Mapping[int, int], kept: Mapping[int, int]) -> dict[int, int]:
    """The commits, by partition, that were acknowledged and of which less is left."""
    return {index: offset for index, offset in acknowledged.items() if kept.get(index, -1) < offset}


def coordinator_of(bootstrap: str, group: str) -> int:
    """The id of the broker that coordinates the group."""
    admin = AdminClient({"bootstrap.servers": bootstrap})
    described = admin.describe_consumer_groups([group], request_timeout=30)[group].result(30)
    assert described.coordinator is not None
    return int(described.coordinator.id)


def committed_offsets(bootstrap: str, group: str) -> dict[int, int]:
    """The committed offsets of the group's only topic, by partition."""
    from confluent_kafka import ConsumerGroupTopicPartitions

    admin = AdminClient({"bootstrap.servers": bootstrap})
    asked = [ConsumerGroupTopicPartitions(group)]
    answer = admin.list_consumer_group_offsets(asked, request_timeout=30)[group].result(30)
    return {each.partition: each.offset for each in answer.topic_partitions}
