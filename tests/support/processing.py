"""Consume, transform, produce, in transactions: what runs while things are killed, and the check that all came through
exactly once.

Input records have numbers that rise within a partition; each is copied to the same partition of the output. One
transaction in a few is aborted on purpose, and whatever else goes wrong ends in an abort or in a new producer.
"""

from __future__ import annotations

import threading
import time
from random import Random
from types import TracebackType

from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition

from load import SETTLE_SECONDS

END = KafkaError._PARTITION_EOF
_FENCED = (KafkaError._FENCED, KafkaError.PRODUCER_FENCED, KafkaError.INVALID_PRODUCER_EPOCH)
_CALL_SECONDS = 20.0
_STALL_SECONDS = 10.0


class Processor:
    """One instance of the application, in a thread of its own. Two with one transactional id fence each other."""

    def __init__(
        self, bootstrap: str, source: str, target: str, *, partitions: int, transactional_id: str, seed: int = 0
    ) -> None:
        self._bootstrap = bootstrap
        self._source, self._target = source, target
        self._assignment = [TopicPartition(source, partition) for partition in range(partitions)]
        self._transactional_id = transactional_id
        self._random = Random(seed)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=transactional_id)
        self.committed = self.aborted = self.restarts = 0
        self.fenced = False
        self.longest_pause = 0.0
        """Seconds between two commits."""
        self.failure: BaseException | None = None
        self._moved_at = 0.0
        self._number = 0
        """Of the present life."""

    def __enter__(self) -> Processor:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.stop()

    def stop(self) -> None:
        """Finish the transaction at hand and end."""
        self._stop.set()
        self._thread.join()

    def wait_for_commits(self, more: int) -> None:
        """Return when so many more transactions are committed."""
        wanted, deadline = self.committed + more, time.monotonic() + SETTLE_SECONDS
        while self.committed < wanted:
            if self.failure is not None:
                raise AssertionError(f"{self._transactional_id} ended") from self.failure
            if time.monotonic() > deadline:
                raise AssertionError(f"{self._transactional_id}: {self.committed} commits, {wanted} wanted")
            time.sleep(0.01)

    def _run(self) -> None:
        while not self._stop.is_set() and not self.fenced and self.failure is None:
            self._moved_at = time.monotonic()
            self._number += 1
            # librdkafka 2.16 may wait for ever for a group's coordinator that was gone from the metadata for a while:
            # what hangs is left behind, and fenced by the next life.
            life = threading.Thread(target=self._live, args=(self._number,), daemon=True)
            life.start()
            while life.is_alive() and time.monotonic() - self._moved_at < _STALL_SECONDS:
                life.join(0.05)
            self.restarts += 1

    def _live(self, number: int) -> None:
        try:
            self._work(number)
        except (AssertionError, RuntimeError, TypeError, ValueError) as error:
            self.failure = error

    def _work(self, number: int) -> None:
        """From a new producer to the first error that it does not survive."""
        consumer = Consumer(
            {
                "bootstrap.servers": self._bootstrap,
                "group.id": f"{self._target}-group",
                "enable.auto.commit": False,
                "auto.offset.reset": "earliest",
                "isolation.level": "read_committed",
            }
        )
        producer = Producer(
            {
                "bootstrap.servers": self._bootstrap,
                "transactional.id": self._transactional_id,
                "linger.ms": 0,
                "transaction.timeout.ms": 10_000,
            }
        )
        try:
            producer.init_transactions(_CALL_SECONDS)
            self._rewind(consumer)
            last_commit = time.monotonic()
            while not self._stop.is_set() and number == self._number:
                done, now = self._process(consumer, producer), time.monotonic()
                if number == self._number:
                    self._moved_at = now
                if done:
                    self.longest_pause = max(self.longest_pause, now - last_commit)
                    last_commit = now
        except KafkaException as error:
            code = error.args[0].code()
            if number == self._number:
                self.fenced = code in _FENCED
        finally:
            consumer.close()

    def _rewind(self, consumer: Consumer) -> None:
        """Go on from what is committed."""
        deadline = time.monotonic() + SETTLE_SECONDS
        while True:
            try:
                committed = consumer.committed(self._assignment, timeout=10)
                break
            except KafkaException:
                if time.monotonic() > deadline:
                    raise
        consumer.assign([TopicPartition(each.topic, each.partition, max(each.offset, 0)) for each in committed])

    def _process(self, consumer: Consumer, producer: Producer) -> bool:
        """One transaction; whether there was one."""
        messages = [message for message in consumer.consume(50, timeout=0.2) if message.error() is None]
        if not messages:
            return False
        producer.begin_transaction()
        try:
            for message in messages:
                producer.produce(self._target, message.value(), partition=message.partition())
            if self._random.random() < 0.2:
                producer.flush(_CALL_SECONDS)
                raise KafkaException(_Wanted())
            positions = consumer.position(self._assignment)
            producer.send_offsets_to_transaction(
                [each for each in positions if each.offset >= 0], consumer.consumer_group_metadata(), _CALL_SECONDS
            )
            producer.commit_transaction(_CALL_SECONDS)
            self.committed += 1
        except KafkaException as error:
            if not error.args[0].txn_requires_abort():
                raise
            producer.abort_transaction(_CALL_SECONDS)
            self.aborted += 1
            self._rewind(consumer)
        return True


class _Wanted:
    """An abort for no reason."""

    def txn_requires_abort(self) -> bool:
        return True


def read_committed(bootstrap: str, topic: str, partitions: int = 1) -> dict[int, list[bytes]]:
    """The values of the topic by partition, as read_committed sees them."""
    return _read(bootstrap, topic, partitions, "read_committed")


def read_uncommitted(bootstrap: str, topic: str, partitions: int = 1) -> dict[int, list[bytes]]:
    return _read(bootstrap, topic, partitions, "read_uncommitted")


def _read(bootstrap: str, topic: str, partitions: int, isolation: str) -> dict[int, list[bytes]]:
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": "unused",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "isolation.level": isolation,
        }
    )
    read: dict[int, list[bytes]] = {partition: [] for partition in range(partitions)}
    ended: set[int] = set()
    deadline = time.monotonic() + SETTLE_SECONDS
    try:
        consumer.assign([TopicPartition(topic, partition, 0) for partition in range(partitions)])
        while len(ended) < partitions:
            if time.monotonic() > deadline:
                raise AssertionError(f"partitions {set(read) - ended} of {topic} have no end")
            for message in consumer.consume(1000, timeout=0.05):
                error = message.error()
                if error is None:
                    read[message.partition()].append(message.value())
                elif error.code() == END:
                    ended.add(message.partition())
        return read
    finally:
        consumer.close()


def check_exactly_once(bootstrap: str, source: str, target: str, partitions: int) -> None:
    """Return when the output is the input, each record once, in order; fail at once where it never can be."""
    deadline = time.monotonic() + SETTLE_SECONDS
    wanted = read_committed(bootstrap, source, partitions)
    while True:
        found = read_committed(bootstrap, target, partitions)
        for partition, values in found.items():
            expected = wanted[partition][: len(values)]
            assert values == expected, f"partition {partition} of {target} is not its input: {_where(values, expected)}"
        if found == wanted:
            return
        counts = {partition: (len(found[partition]), len(wanted[partition])) for partition in found}
        assert time.monotonic() < deadline, f"of {target} there is, and should be: {counts}"
        time.sleep(0.1)


def _where(values: list[bytes], expected: list[bytes]) -> str:
    place = next((n for n, pair in enumerate(zip(values, expected, strict=False)) if pair[0] != pair[1]), len(expected))
    return f"from place {place} on {values[place : place + 5]}, not {expected[place : place + 5]}"
