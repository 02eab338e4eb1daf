"""Fetch: positions, limits, sessions, epochs, versions."""

from __future__ import annotations

import time
from typing import Any

from comparison.build import NO_TOPIC, TIME, UNKNOWN_ID, batch, fetch, produce, wanted
from comparison.case import case
from comparison.talk import Talk, Topic

from barnabas.protocol.messages.fetch import FetchRequest
from barnabas.protocol.record_batch import Compression

OLDEST, SESSIONS, EPOCHS, FOLLOWERS, DIVERGENCE, IDS, NEWEST = 4, 7, 9, 11, 12, 13, 18
READ_COMMITTED = 1


def filled(talk: Talk, *, batches: int = 3, suffix: str = "", **how: Any) -> Topic:
    """A topic with batches of one record of 100 bytes in partition 0, at offsets 0, 1, ..."""
    topic = talk.create(suffix, **how)
    leader = how.get("replicas", (1,))[0]
    for number in range(batches):
        records = batch(b"%d" % number * 100, time=TIME + number)
        talk.quietly(produce(9, topic, records), 9, leader)
    return topic


@case(*range(4, 19))
def everything(talk: Talk, version: int) -> None:
    topic = filled(talk)
    talk.ask(fetch(version, (topic, [wanted()])), version)


@case(OLDEST, SESSIONS, IDS, NEWEST)
def positions(talk: Talk, version: int) -> None:
    topic = filled(talk)
    for offset in (1, 2, 3, 4, 1 << 40, -1, -2, -(1 << 63), (1 << 63) - 1):
        talk.ask(fetch(version, (topic, [wanted(offset=offset)])), version)


@case(OLDEST, NEWEST)
def inside_a_batch(talk: Talk, version: int) -> None:
    topic = talk.create()
    talk.quietly(produce(9, topic, batch(b"a", b"b", b"c")), 9)
    for offset in (1, 2):
        talk.ask(fetch(version, (topic, [wanted(offset=offset)])), version)


@case(OLDEST, NEWEST)
def partition_max_bytes(talk: Talk, version: int) -> None:
    topic = filled(talk)
    for max_bytes in (0, 1, 12, 100, 200, 500, 0x7FFFFFFF):
        talk.ask(fetch(version, (topic, [wanted(max_bytes=max_bytes)])), version)


@case(OLDEST, NEWEST)
def max_bytes(talk: Talk, version: int) -> None:
    topic = filled(talk)
    for limit in (0, 1, 12, 100, 200, 500, 0x7FFFFFFF):
        talk.ask(fetch(version, (topic, [wanted()]), max_bytes=limit), version)


@case(OLDEST, NEWEST, difference="UNKNOWN_SERVER_ERROR")
def negative_limits(talk: Talk, version: int) -> None:
    topic = filled(talk)
    for limit in (-1, -0x80000000):
        talk.ask(fetch(version, (topic, [wanted()]), max_bytes=limit), version)
        talk.ask(fetch(version, (topic, [wanted(max_bytes=limit)])), version)


@case(OLDEST, NEWEST)
def max_bytes_over_several_partitions(talk: Talk, version: int) -> None:
    topic = talk.create(partitions=4)
    for index in (1, 2, 3):
        talk.quietly(produce(9, topic, {index: batch(b"x" * 100)}), 9)
    parts = [wanted(index) for index in range(4)]
    for limit in (1, 100, 200, 300, 350, 500, 1000):
        talk.ask(fetch(version, (topic, parts), max_bytes=limit), version)


@case(OLDEST, NEWEST)
def only_the_first_with_records_may_exceed_the_limit(talk: Talk, version: int) -> None:
    topic = talk.create(partitions=3)
    for index in (1, 2):
        talk.quietly(produce(9, topic, {index: batch(b"x" * 100)}), 9)
    parts = [wanted(0, max_bytes=1), wanted(7), wanted(1, offset=5), wanted(1, max_bytes=1), wanted(2, max_bytes=1)]
    talk.ask(fetch(version, (topic, parts[:2] + parts[3:])), version)
    talk.ask(fetch(version, (topic, parts[:3] + parts[4:])), version)


@case(OLDEST, NEWEST)
def min_bytes(talk: Talk, version: int) -> None:
    topic = filled(talk)
    for least in (0, 1, -1, 100, 0x7FFFFFFF, -0x80000000):
        talk.ask(fetch(version, (topic, [wanted()]), min_bytes=least, max_wait_ms=50), version)


@case(OLDEST, NEWEST)
def waits_for_min_bytes(talk: Talk, version: int) -> None:
    topic = talk.create()
    for wait_ms in (0, -1, 300):
        start = time.monotonic()
        talk.ask(fetch(version, (topic, [wanted()]), min_bytes=1, max_wait_ms=wait_ms), version)
        talk.note("waited", time.monotonic() - start > 0.25)


@case(OLDEST, NEWEST)
def does_not_wait_with_an_error(talk: Talk, version: int) -> None:
    topic = talk.create(partitions=2)
    start = time.monotonic()
    parts = [wanted(0), wanted(1, offset=1)]
    talk.ask(fetch(version, (topic, parts), min_bytes=1, max_wait_ms=2000), version)
    talk.note("waited", time.monotonic() - start > 1.5)


@case(OLDEST, IDS, NEWEST)
def does_not_wait_for_unknown_topics(talk: Talk, version: int) -> None:
    start = time.monotonic()
    talk.ask(fetch(version, (NO_TOPIC, [wanted()]), min_bytes=1, max_wait_ms=2000), version)
    talk.note("waited", time.monotonic() - start > 1.5)


@case(NEWEST)
def waits_when_one_of_two_is_unknown(talk: Talk, version: int) -> None:
    topic = talk.create()
    start = time.monotonic()
    talk.ask(fetch(version, (topic, [wanted(0), wanted(9)]), min_bytes=1, max_wait_ms=400), version)
    talk.note("waited", time.monotonic() - start > 0.3)


@case(*range(4, 19))
def unknown_topic(talk: Talk, version: int) -> None:
    talk.ask(fetch(version, (NO_TOPIC, [wanted(), wanted(3)])), version)


@case(IDS, NEWEST)
def zero_topic_id(talk: Talk, version: int) -> None:
    talk.ask(fetch(version, (Topic("", bytes(16)), [wanted()])), version)


@case(OLDEST, 12)
def odd_topic_names(talk: Talk, version: int) -> None:
    for name in ("", ".", "a b", "__cluster_metadata"):
        talk.ask(fetch(version, (Topic(name, UNKNOWN_ID), [wanted()])), version)


@case(OLDEST, IDS, NEWEST)
def unknown_partition(talk: Talk, version: int) -> None:
    topic = filled(talk)
    parts = [wanted(index) for index in (1, -1, 0, 0x7FFFFFFF)]
    talk.ask(fetch(version, (topic, parts)), version)


@case(OLDEST, SESSIONS, NEWEST)
def nothing(talk: Talk, version: int) -> None:
    talk.ask(fetch(version), version)
    topic = talk.create()
    talk.ask(fetch(version, (topic, [])), version)
    talk.ask(fetch(version, min_bytes=1, max_wait_ms=100), version)


@case(OLDEST, NEWEST)
def a_partition_twice(talk: Talk, version: int) -> None:
    topic = filled(talk)
    talk.ask(fetch(version, (topic, [wanted(offset=2), wanted(offset=1)])), version)
    talk.ask(fetch(version, (topic, [wanted(offset=2)]), (topic, [wanted(offset=1)])), version)


@case(OLDEST, NEWEST)
def order_of_the_answer(talk: Talk, version: int) -> None:
    first, second = filled(talk, suffix="1", partitions=3), filled(talk, suffix="2", partitions=2)
    talk.ask(fetch(version, (second, [wanted(1), wanted(0)]), (first, [wanted(2), wanted(0)])), version)


@case(OLDEST, 10, FOLLOWERS, DIVERGENCE, 16, NEWEST)
def from_a_follower(talk: Talk, version: int) -> None:
    topic = filled(talk, replicas=[2, 1])
    wait_for_high_watermark(talk, topic, 1)
    talk.ask(fetch(version, (topic, [wanted()])), version, broker=1)


@case(OLDEST, 10, FOLLOWERS, IDS, 16, NEWEST)
def from_a_broker_without_it(talk: Talk, version: int) -> None:
    topic = filled(talk, replicas=[2, 3])
    talk.ask(fetch(version, (topic, [wanted()])), version, broker=1)


def wait_for_high_watermark(talk: Talk, topic: Topic, broker: int) -> None:
    """The follower learns of it by its next fetch."""
    while True:
        answer = talk.quietly(fetch(12, (topic, [wanted()])), 12, broker)
        if answer.responses[0].partitions[0].high_watermark == 3:
            return


@case(FOLLOWERS, NEWEST)
def racks(talk: Talk, version: int) -> None:
    topic = filled(talk, replicas=[1, 2])
    for rack in ("", "no-such-rack"):
        talk.ask(fetch(version, (topic, [wanted()]), rack_id=rack), version)


@case(EPOCHS, 10, DIVERGENCE, IDS, 16, NEWEST)
def current_leader_epochs(talk: Talk, version: int) -> None:
    topic = filled(talk)
    for epoch in (-1, 0, 1, 0x7FFFFFFF, -2):
        talk.ask(fetch(version, (topic, [wanted(current_leader_epoch=epoch)])), version)


@case(DIVERGENCE, IDS, NEWEST)
def last_fetched_epochs(talk: Talk, version: int) -> None:
    topic = filled(talk)
    for epoch, offset in ((0, 3), (0, 0), (0, 4), (1, 3), (-1, 3), (-2, 3), (5, 0), (-1, 4)):
        talk.ask(fetch(version, (topic, [wanted(offset=offset, last_fetched_epoch=epoch)])), version)


@case(OLDEST, NEWEST)
def read_committed(talk: Talk, version: int) -> None:
    topic = filled(talk)
    talk.ask(fetch(version, (topic, [wanted()]), isolation_level=READ_COMMITTED), version)


@case(OLDEST, NEWEST, difference="UNKNOWN_SERVER_ERROR")
def unknown_isolation_levels(talk: Talk, version: int) -> None:
    topic = filled(talk)
    for isolation_level in (2, -1):
        talk.ask(fetch(version, (topic, [wanted()]), isolation_level=isolation_level), version)


@case(OLDEST, NEWEST)
def read_committed_with_errors(talk: Talk, version: int) -> None:
    topic = filled(talk, replicas=[1, 2])
    parts = [wanted(0, offset=9), wanted(1)]
    talk.ask(fetch(version, (topic, parts), isolation_level=READ_COMMITTED), version)
    not_here = filled(talk, suffix="2", replicas=[2])
    talk.ask(fetch(version, (not_here, [wanted()]), isolation_level=READ_COMMITTED), version)


@case(OLDEST, 9, 10, NEWEST)
def zstd(talk: Talk, version: int) -> None:
    topic = talk.create()
    talk.quietly(produce(9, topic, batch(b"a", codec=Compression.ZSTD)), 9)
    talk.ask(fetch(version, (topic, [wanted()])), version)
    talk.ask(fetch(version, (topic, [wanted()]), isolation_level=READ_COMMITTED), version)


@case(SESSIONS, NEWEST)
def zstd_after_others(talk: Talk, version: int) -> None:
    topic = filled(talk)
    talk.quietly(produce(9, topic, batch(b"a", codec=Compression.ZSTD)), 9)
    talk.ask(fetch(version, (topic, [wanted()])), version)
    talk.ask(fetch(version, (topic, [wanted(max_bytes=300)])), version)


@case(OLDEST, NEWEST)
def by_a_consumer_that_calls_itself_a_replica(talk: Talk, version: int) -> None:
    topic = filled(talk)
    for replica_id in (1, 2, 99, -2, -3):
        who: dict[str, Any] = {"replica_id": replica_id}
        if version >= 15:
            who = {"replica_state": FetchRequest.ReplicaState(replica_id=replica_id, replica_epoch=1)}
        talk.ask(fetch(version, (topic, [wanted()]), **who), version)


@case(NEWEST)
def segments_are_not_crossed(talk: Talk, version: int) -> None:
    topic = talk.create(configs={"segment.ms": "1000"})
    for number in range(3):
        talk.quietly(produce(9, topic, batch(b"v", time=TIME + 5000 * number)), 9)
    for offset in (0, 1, 2):
        talk.ask(fetch(version, (topic, [wanted(offset=offset)])), version)


@case(DIVERGENCE, NEWEST)
def cluster_ids(talk: Talk, version: int) -> None:
    topic = filled(talk)
    for cluster_id in ("", "another-cluster"):
        talk.ask(fetch(version, (topic, [wanted()]), cluster_id=cluster_id), version)


@case(OLDEST, NEWEST)
def large_answers(talk: Talk, version: int) -> None:
    topic = talk.create(partitions=2)
    for index in (0, 1):
        for number in range(3):
            talk.quietly(produce(9, topic, {index: batch(b"x" * 100_000, time=TIME + number)}), 9)
    talk.ask(fetch(version, (topic, [wanted(0), wanted(1)])), version)
    talk.ask(fetch(version, (topic, [wanted(0, 1, 150_000), wanted(1, 2, 50_000)])), version)
    talk.ask(fetch(version, (topic, [wanted(0), wanted(1)]), max_bytes=450_000), version)


@case(NEWEST)
def across_segments_by_size(talk: Talk, version: int) -> None:
    topic = talk.create(configs={"segment.bytes": str(1 << 20)})
    for number in range(4):
        talk.quietly(produce(9, topic, batch(b"x" * 400_000, time=TIME + number)), 9)
    for offset in range(4):
        talk.ask(fetch(version, (topic, [wanted(offset=offset, max_bytes=4 << 20)])), version)


# Sessions


class Session:
    """A session of one topic, with the epochs that follow."""

    def __init__(self, talk: Talk, version: int, topic: Topic) -> None:
        self._talk, self._version, self._topic = talk, version, topic
        self.id = 0
        self.epoch = 0

    def fetch(self, *parts: FetchRequest.FetchPartition, forgotten: tuple[int, ...] = (), **rest: Any) -> None:
        """Name these partitions and forget those; the epoch is the next one."""
        topics = [(self._topic, parts)] if parts else []
        dropped = [(self._topic, forgotten)] if forgotten else []
        request = fetch(self._version, *topics, forgotten=dropped, session=(self.id, self.epoch), **rest)
        answer = self._talk.ask(request, self._version)
        if self.epoch == 0:
            self.id = answer.session_id
        self.epoch += 1


@case(SESSIONS, DIVERGENCE, IDS, NEWEST)
def session(talk: Talk, version: int) -> None:
    topic = filled(talk, partitions=2)
    session = Session(talk, version, topic)
    session.fetch(wanted(0), wanted(1))
    session.fetch()
    session.fetch(wanted(0, offset=3))
    session.fetch()
    talk.quietly(produce(9, topic, {1: batch(b"new")}), 9)
    session.fetch()
    session.fetch()


@case(SESSIONS, NEWEST)
def session_forgets(talk: Talk, version: int) -> None:
    topic = filled(talk, partitions=2)
    session = Session(talk, version, topic)
    session.fetch(wanted(0), wanted(1))
    session.fetch(forgotten=(0,))
    session.fetch(forgotten=(0, 5))
    talk.quietly(produce(9, topic, batch(b"new")), 9)
    session.fetch()
    session.fetch(wanted(0))
    session.fetch(wanted(0), forgotten=(0,))
    session.fetch()


@case(SESSIONS, NEWEST)
def session_that_forgets_all_ends(talk: Talk, version: int) -> None:
    session = Session(talk, version, filled(talk))
    session.fetch(wanted(0, offset=3))
    session.fetch(forgotten=(0,))
    session.fetch(wanted(0))


@case(SESSIONS, NEWEST)
def session_of_nothing(talk: Talk, version: int) -> None:
    topic = filled(talk)
    session = Session(talk, version, topic)
    session.fetch()
    session.fetch()


@case(SESSIONS, NEWEST)
def session_adds(talk: Talk, version: int) -> None:
    session = Session(talk, version, filled(talk, partitions=3))
    session.fetch(wanted(1))
    session.fetch(wanted(0))
    session.fetch(wanted(7))
    session.fetch()
    session.fetch(wanted(0, offset=3), wanted(2))


@case(SESSIONS, DIVERGENCE, NEWEST)
def session_repeats_errors(talk: Talk, version: int) -> None:
    session = Session(talk, version, filled(talk, partitions=2))
    session.fetch(wanted(0, offset=99), wanted(1), wanted(5))
    session.fetch()
    session.fetch()
    session.fetch(wanted(0, offset=3))
    session.fetch()


@case(SESSIONS, NEWEST)
def session_epochs(talk: Talk, version: int) -> None:
    topic = filled(talk)
    session = Session(talk, version, topic)
    session.fetch(wanted(0))
    for epoch in (2, 5, 0x7FFFFFFF, -2):
        talk.ask(fetch(version, session=(session.id, epoch)), version)
    session.fetch()
    session.epoch = 1
    session.fetch()


@case(SESSIONS, NEWEST)
def session_unknown(talk: Talk, version: int) -> None:
    topic = filled(talk)
    for epoch in (1, 7, -1, 0, -2):
        talk.ask(fetch(version, (topic, [wanted(0)]), session=(0, epoch)), version)
        talk.ask(fetch(version, (topic, [wanted(0)]), session=(0x7FFFFFF0, epoch)), version)


@case(SESSIONS, NEWEST)
def session_closed(talk: Talk, version: int) -> None:
    topic = filled(talk)
    session = Session(talk, version, topic)
    session.fetch(wanted(0))
    talk.ask(fetch(version, (topic, [wanted(0)]), session=(session.id, -1)), version)
    session.fetch()


@case(SESSIONS, NEWEST)
def session_begun_anew(talk: Talk, version: int) -> None:
    topic = filled(talk)
    session = Session(talk, version, topic)
    session.fetch(wanted(0))
    talk.ask(fetch(version, (topic, [wanted(0, offset=1)]), session=(session.id, 0)), version)
    session.fetch()


@case(DIVERGENCE, IDS)
def session_of_names_and_ids(talk: Talk, version: int) -> None:
    topic = filled(talk)
    session = Session(talk, version, topic)
    session.fetch(wanted(0))
    other = IDS if version == DIVERGENCE else DIVERGENCE
    talk.ask(fetch(other, session=(session.id, 1)), other)
    session.fetch()


@case(SESSIONS, NEWEST)
def session_limits_rotate(talk: Talk, version: int) -> None:
    topic = talk.create(partitions=3)
    for index in range(3):
        talk.quietly(produce(9, topic, {index: batch(b"x" * 100)}), 9)
    session = Session(talk, version, topic)
    session.fetch(wanted(0), wanted(1), wanted(2), max_bytes=180)
    for _ in range(3):
        session.fetch(max_bytes=180)


@case(SESSIONS, NEWEST)
def session_waits(talk: Talk, version: int) -> None:
    session = Session(talk, version, filled(talk))
    session.fetch(wanted(0, offset=3), min_bytes=1, max_wait_ms=300)
    start = time.monotonic()
    session.fetch(min_bytes=1, max_wait_ms=300)
    talk.note("waited", time.monotonic() - start > 0.25)


@case(IDS, NEWEST)
def session_with_an_unknown_topic(talk: Talk, version: int) -> None:
    topic = filled(talk)
    answer = talk.ask(fetch(version, (topic, [wanted(0)]), (NO_TOPIC, [wanted(0)]), session=(0, 0)), version)
    talk.ask(fetch(version, session=(answer.session_id, 1)), version)
    talk.ask(fetch(version, forgotten=[(NO_TOPIC, [0])], session=(answer.session_id, 2)), version)
    talk.ask(fetch(version, session=(answer.session_id, 3)), version)
