"""Fetch sessions, as KIP-227 has them, and the bitmap of partitions with news against looking at all of them."""

from __future__ import annotations

import itertools
import random
from dataclasses import dataclass
from typing import Any

import pytest

from barnabas.broker import fetch_session
from barnabas.broker.fetch_session import FetchContext, FetchSession, FetchSessionCache, next_epoch
from barnabas.protocol.errors import ErrorCode, WireError

FULL, FINAL = 0, -1


@dataclass
class Wanted:
    partition: int
    fetch_offset: int = 0
    partition_max_bytes: int = 1000
    current_leader_epoch: int = -1
    last_fetched_epoch: int = -1
    log_start_offset: int = -1


@dataclass
class Told:
    error_code: int = 0
    high_watermark: int = 0
    log_start_offset: int = 0


class Cache(FetchSessionCache):
    """Session ids from 1 on; topic "t"; time by hand."""

    def __init__(self, size: int = 10) -> None:
        ids = itertools.count(1)
        super().__init__(size, lambda: next(ids))
        self.now = 0.0

    def fetch(
        self,
        session_id: int,
        epoch: int,
        wanted: Any = (),
        forget: Any = (),
        *,
        topic: Any = "t",
        follower: bool = False,
        by_id: bool = False,
    ) -> FetchContext:
        parts = [Wanted(part) if isinstance(part, int) else part for part in wanted]
        return self.open(
            session_id,
            epoch,
            [(topic, parts)],
            [(topic, list(forget))],
            uses_topic_ids=by_id,
            privileged=follower,
            now=self.now,
        )

    def make(self, count: int = 1, *, follower: bool = False) -> int:
        context = self.fetch(0, FULL, range(count), follower=follower)
        return context.finish(self.now)


def error_of(call: Any, *args: Any, **kwargs: Any) -> ErrorCode:
    with pytest.raises(WireError) as raised:
        call(*args, **kwargs)
    return raised.value.code


# Ids and epochs


def test_a_full_fetch_makes_a_session() -> None:
    cache = Cache()
    context = cache.fetch(0, FULL, [0, 1])
    assert not context.is_incremental
    assert context.finish(0.0) == 1
    assert cache.partitions_count == 2


def test_epoch_minus_one_closes_the_session_and_still_fetches() -> None:
    cache = Cache()
    session_id = cache.make()
    context = cache.fetch(session_id, FINAL, [3])
    assert list(context.session.partitions) == [("t", 3)]
    assert context.finish(0.0) == 0
    assert len(cache) == 0


def test_a_full_fetch_with_an_id_replaces_that_session() -> None:
    cache = Cache()
    session_id = cache.make()
    context = cache.fetch(session_id, FULL, [0])
    assert context.finish(0.0) == 2
    assert error_of(cache.fetch, session_id, 1) is ErrorCode.FETCH_SESSION_ID_NOT_FOUND


def test_each_incremental_fetch_has_the_next_epoch() -> None:
    cache = Cache()
    session_id = cache.make()
    for epoch in (1, 2, 3):
        context = cache.fetch(session_id, epoch)
        assert context.is_incremental
        assert context.finish(0.0) == session_id
    for epoch in (1, 3, 5):
        assert error_of(cache.fetch, session_id, epoch) is ErrorCode.INVALID_FETCH_SESSION_EPOCH


def test_epochs_wrap_to_one() -> None:
    assert next_epoch(0x7FFFFFFF) == 1
    assert next_epoch(FINAL) == FINAL
    assert next_epoch(FULL) == 1


def test_ids_and_names_do_not_mix() -> None:
    cache = Cache()
    session_id = cache.make()
    assert error_of(cache.fetch, session_id, 1, by_id=True) is ErrorCode.FETCH_SESSION_TOPIC_ID_ERROR


def test_an_answer_that_another_fetch_has_overtaken_is_an_error() -> None:
    cache = Cache()
    session_id = cache.make()
    first = cache.fetch(session_id, 1)
    first.check_epoch()
    cache.fetch(session_id, 2)
    assert error_of(first.check_epoch) is ErrorCode.INVALID_FETCH_SESSION_EPOCH


def test_a_fetch_that_waits_is_answered_when_the_next_one_comes() -> None:
    cache = Cache()
    session_id = cache.make()
    first = cache.fetch(session_id, 1)
    answered = []

    class Waits:
        def wake(self) -> None:
            raise AssertionError

        def answer_now(self) -> None:
            first.check_epoch()
            answered.append(1)

    first.session.waiter = Waits()
    cache.fetch(session_id, 2)
    assert answered


def test_a_session_without_partitions_ends() -> None:
    cache = Cache()
    session_id = cache.make(2)
    assert cache.fetch(session_id, 1, forget=[0, 1, 7]).finish(0.0) == 0
    assert len(cache) == 0


# Room


def test_without_room_there_is_no_session() -> None:
    cache = Cache(2)
    assert [cache.make() for _ in range(3)] == [1, 2, 0]


def test_a_session_that_was_not_used_for_two_minutes_makes_room() -> None:
    cache = Cache(2)
    first, second = cache.make(), cache.make()
    cache.now = 100.0
    cache.fetch(first, 1)
    cache.now = 121.0
    assert cache.make() == 3
    assert error_of(cache.fetch, second, 1) is ErrorCode.FETCH_SESSION_ID_NOT_FOUND
    assert cache.evictions == 1


def test_a_follower_takes_the_place_of_a_young_consumer() -> None:
    cache = Cache(2)
    cache.make(3)
    cache.make(2)
    assert cache.make(5) == 0
    assert cache.make(1, follower=True) == 3
    assert error_of(cache.fetch, 2, 1) is ErrorCode.FETCH_SESSION_ID_NOT_FOUND


def test_a_larger_one_takes_the_place_of_a_smaller_one_that_has_lived_long() -> None:
    cache = Cache(2)
    small, large = cache.make(2), cache.make(5)
    cache.now = 60.0
    for session_id in (small, large):
        cache.fetch(session_id, 1)
    cache.now = 121.0
    for session_id in (small, large):
        cache.fetch(session_id, 2)
    assert cache.make(1) == 0
    assert cache.make(3) == 3
    assert error_of(cache.fetch, small, 3) is ErrorCode.FETCH_SESSION_ID_NOT_FOUND


def test_a_consumer_does_not_take_a_followers_place() -> None:
    cache = Cache(1)
    follower = cache.make(1, follower=True)
    cache.now = 60.0
    cache.fetch(follower, 1)
    cache.now = 121.0
    cache.fetch(follower, 2)
    assert cache.make(100) == 0


def test_counts_follow_what_sessions_hold() -> None:
    cache = Cache()
    session_id = cache.make(3)
    cache.fetch(session_id, 1, [7, 8], forget=[0])
    assert cache.partitions_count == 4
    cache.remove(session_id)
    assert cache.partitions_count == 0


# News


def look(session: FetchSession) -> list[int]:
    return [known.index for known in session.to_look_at()]


def quiet(session: FetchSession, index: int, **told: int) -> bool:
    return session.tell(session.partitions["t", index], Told(**told), records_size=0, urgent=False, quiet=True)


def session_of(count: int) -> FetchSession:
    session = FetchSession(privileged=False, uses_topic_ids=False)
    for index in range(count):
        session.want("t", Wanted(index))
    return session


def test_a_partition_with_nothing_new_is_left_alone_until_it_changes() -> None:
    session = session_of(3)
    for index in range(3):
        quiet(session, index)
    assert look(session) == []
    session.partitions["t", 1].changed()
    assert look(session) == [1]


def test_a_partition_that_is_named_again_is_looked_at() -> None:
    session = session_of(2)
    quiet(session, 0)
    quiet(session, 1)
    session.want("t", Wanted(1, fetch_offset=5))
    assert look(session) == [1]
    assert session.partitions["t", 1].fetch_offset == 5


def test_asking_again_at_one_position_finds_the_records_again() -> None:
    session = session_of(1)
    known = session.partitions["t", 0]
    assert session.tell(known, Told(high_watermark=4), records_size=10, urgent=False, quiet=False)
    assert look(session) == [0]


def test_an_error_is_told_each_time() -> None:
    session = session_of(1)
    known = session.partitions["t", 0]
    for _ in range(3):
        assert session.tell(known, Told(error_code=6, high_watermark=-1), records_size=0, urgent=False, quiet=True)
        assert look(session) == [0]
    assert quiet(session, 0, high_watermark=0), "the watermark is told again after an error"


def test_what_was_told_is_not_told_again() -> None:
    session = session_of(1)
    assert quiet(session, 0, high_watermark=5)
    assert not quiet(session, 0, high_watermark=5)
    assert quiet(session, 0, high_watermark=6)
    assert quiet(session, 0, high_watermark=6, log_start_offset=2)


def test_who_was_sent_records_comes_last_next_time() -> None:
    session = session_of(3)
    session.tell(session.partitions["t", 0], Told(), records_size=1, urgent=False, quiet=False)
    assert look(session) == [1, 2, 0]


def test_who_was_sent_records_by_a_full_fetch_keeps_its_place() -> None:
    session = session_of(3)
    told = session.tell(
        session.partitions["t", 0], Told(), records_size=1, urgent=False, quiet=False, incremental=False
    )
    assert told
    assert look(session) == [0, 1, 2]


def test_places_start_again_when_there_are_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch_session, "_MAX_PLACE", 10)
    session = session_of(3)
    order = [0, 1, 2]
    for step in range(50):
        index = order[step * 7 % 3]
        session.tell(session.partitions["t", index], Told(), records_size=1, urgent=False, quiet=False)
        order.remove(index)
        order.append(index)
        assert look(session) == order
    quiet(session, order[0])
    for _ in range(20):
        session.tell(session.partitions["t", order[1]], Told(), records_size=1, urgent=False, quiet=False)
    assert sorted(look(session)) == sorted(order[1:])


def test_a_forgotten_partition_has_no_news() -> None:
    session = session_of(2)
    session.forget("t", 0)
    session.forget("t", 9)
    assert look(session) == [1]


class Naive:
    """A session without a bitmap, as Kafka has it: it looks at all partitions each time."""

    def __init__(self) -> None:
        self.order: list[int] = []
        self.offsets: dict[int, int] = {}
        self.told: dict[int, tuple[int, int]] = {}

    def fetch(
        self, wanted: dict[int, int], forget: list[int], logs: dict[int, Log], limit: int
    ) -> list[tuple[int, int]]:
        for index, offset in wanted.items():
            if index not in self.offsets:
                self.order.append(index)
            self.offsets[index] = offset
        for index in forget:
            if index in self.offsets:
                self.order.remove(index)
                del self.offsets[index]
                self.told.pop(index, None)
        answer = []
        for index in list(self.order):
            size = logs[index].size_at(self.offsets[index], limit)
            limit -= size
            if logs[index].error:
                self.told[index] = (-1, 0)
                answer.append((index, -1))
            elif size or self.told.get(index, (-1, -1)) != (logs[index].end, 0):
                self.told[index] = (logs[index].end, 0)
                answer.append((index, size))
            if size and not logs[index].error:
                self.order.remove(index)
                self.order.append(index)
        return answer


class Log:
    """A partition of which only the end matters; one byte a record."""

    def __init__(self) -> None:
        self.end = 0
        self.error = False
        self.watchers: dict[Any, None] = {}

    def size_at(self, offset: int, limit: int) -> int:
        return 0 if self.error else max(0, min(self.end - offset, limit))

    def change(self) -> None:
        watchers, self.watchers = self.watchers, {}
        for known in watchers:
            known.changed()

    def unwatch(self, known: Any) -> None:
        self.watchers.pop(known, None)


@pytest.mark.parametrize("seed", range(40))
def test_the_bitmap_finds_what_looking_at_all_finds(seed: int) -> None:
    rng = random.Random(seed)
    logs = {index: Log() for index in range(8)}
    naive, session = Naive(), FetchSession(privileged=False, uses_topic_ids=False)
    for _ in range(120):
        for _ in range(rng.randrange(3)):
            log = rng.choice(list(logs.values()))
            if rng.random() < 0.15:
                log.error = not log.error
            else:
                log.end += rng.randrange(1, 5)
            log.change()
        wanted = {index: rng.randrange(logs[index].end + 1) for index in rng.sample(range(8), rng.randrange(3))}
        forget = [index for index in rng.sample(range(8), rng.randrange(2)) if index not in wanted]
        limit = rng.choice([3, 10, 1000])
        for index, offset in wanted.items():
            session.want("t", Wanted(index, offset))
        for index in forget:
            session.forget("t", index)
        assert fetch(session, logs, limit) == naive.fetch(wanted, forget, logs, limit)


def fetch(session: FetchSession, logs: dict[int, Log], limit: int) -> list[tuple[int, int]]:
    answer = []
    for known in session.to_look_at():
        log: Any = logs[known.index]
        size = log.size_at(known.fetch_offset, limit)
        limit -= size
        known.partition = log
        told = Told(6, -1) if log.error else Told(0, log.end)
        is_quiet = not log.error and known.fetch_offset >= log.end
        if is_quiet:
            log.watchers[known] = None
        if session.tell(known, told, records_size=size, urgent=False, quiet=is_quiet):
            answer.append((known.index, -1 if log.error else size))
    return answer
