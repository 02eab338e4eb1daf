"""Random lives of a log: whatever happens between two writes, nothing durable is lost, nothing contradicts the log."""

from __future__ import annotations

from random import Random

import pytest

from barnabas.protocol.record_batch import RecordBatch
from barnabas.storage.producer_state import ProducerStates

SETTINGS = {"segment_bytes": 400, "index_interval_bytes": 60}


class Life:
    """A log, what it must contain, and what happens to it."""

    def __init__(self, make, random: Random) -> None:
        self.make = make
        self.random = random
        self.log = make.log(**SETTINGS)
        self.batches: list[RecordBatch] = []
        """All that was appended and not truncated, oldest first."""
        self.epoch = 0
        self.sequences: dict[int, int] = {}
        self.flush = None
        self.checkpointed = 0
        self.log.on_rewind = self.checkpoint

    def checkpoint(self) -> None:
        self.checkpointed = self.log.recovery_point

    def append(self) -> None:
        producer = self.random.choice((-1, 1, 2, 3))
        sequence = self.sequences.get(producer, 0)
        count = self.random.randint(1, 3)
        batch = self.make.batch(
            *[b"v" * self.random.randint(0, 40) for _ in range(count)],
            timestamps=[self.random.randint(0, 500) for _ in range(count)],
            producer=producer,
            sequence=sequence,
        )
        self.sequences[producer] = sequence + count
        self.log.append_as_leader(batch, self.epoch, 0)
        self.batches.append(batch)

    def replicate(self) -> None:
        """Several batches at once, with gaps between their offsets."""
        records, offset = bytearray(), self.log.log_end_offset
        for _ in range(self.random.randint(1, 6)):
            offset += self.random.choice((0, 0, 0, 4))
            batch = self.make.batch(b"f" * self.random.randint(0, 60), offset=offset, epoch=self.epoch)
            records += batch.view
            self.batches.append(batch)
            offset += 1
        cut = self.random.choice((0, 20, 70))
        self.log.append_as_follower(records + self.make.batch(b"cut" * 10, offset=offset).view[:cut], 0)

    def next_epoch(self) -> None:
        self.epoch += 1
        self.log.assign_epoch(self.epoch)

    def roll(self) -> None:
        self.log.roll(0)

    def begin_flush(self) -> None:
        self.flush = self.log.prepare_flush()

    def end_flush(self) -> None:
        if self.flush is not None:
            self.flush.run()
            self.log.complete_flush(self.flush, 0)
            self.flush = None

    def truncate(self) -> None:
        offset = self.random.randint(self.log.log_start_offset, self.log.log_end_offset)
        end = self.log.truncate_to(offset, 0)
        self.batches = [batch for batch in self.batches if batch.last_offset < offset]
        assert end == self.log.log_end_offset <= offset
        self.sequences = {state.producer_id: state.last_sequence + 1 for state in self.log.producers}
        self.epoch += 1

    def truncate_fully(self) -> None:
        offset = self.log.log_end_offset + self.random.randint(-3, 3)
        self.log.truncate_fully_and_start_at(max(0, offset), 0)
        self.batches, self.sequences = [], {}

    def advance_start(self) -> None:
        offset = self.random.randint(self.log.log_start_offset, self.log.log_end_offset)
        removal = self.log.advance_log_start(offset)
        if self.random.random() < 0.5:
            removal.run()

    def release(self) -> None:
        self.log.release()

    def close_and_open(self) -> None:
        self.flush = None
        start = self.log.log_start_offset
        self.log.close(0)
        assert self.log.recovery_point == self.log.log_end_offset
        self.checkpoint()
        self.open(clean=True, log_start_offset=start)
        assert not self.log.recovery_notes

    def kill(self) -> None:
        """The process dies: the page cache has all."""
        self.flush = None
        self.open(clean=False, recovery_point=self.checkpointed, log_start_offset=self.log.log_start_offset)

    def crash(self) -> None:
        """The machine dies: what was not synced may be there or not, or torn."""
        self.flush = None
        begin, end = self.log.segments[0].base_offset, self.log.recovery_point
        durable = [batch for batch in self.batches if begin <= batch.last_offset < end]
        start = self.log.log_start_offset
        self.make.disk = self.make.disk.crash(self.random)
        if self.random.random() < 0.5:
            start = 0
        self.open(clean=False, recovery_point=self.checkpointed, log_start_offset=start)
        assert not durable or self.log.log_end_offset > durable[-1].last_offset
        self.batches = [batch for batch in self.batches if batch.last_offset < self.log.log_end_offset]
        self.sequences = {state.producer_id: state.last_sequence + 1 for state in self.log.producers}

    def open(self, *, clean: bool, **arguments: int) -> None:
        self.log = self.make.log(clean=clean, **arguments, **SETTINGS)
        self.log.on_rewind = self.checkpoint
        self.checkpointed = min(self.checkpointed, self.log.recovery_point)
        self.epoch = max(self.epoch, self.log.latest_epoch)

    def check(self) -> None:
        log = self.log
        there = list(log.read_batches(log.segments[0].base_offset))
        expected = [batch for batch in self.batches if batch.last_offset >= log.segments[0].base_offset]
        assert [bytes(batch.view) for batch in there] == [bytes(batch.view) for batch in expected]
        if there:
            assert log.log_end_offset == there[-1].next_offset
        assert log.recovery_point <= log.log_end_offset
        self.check_epochs(there)
        self.check_producers(there)
        self.check_indexes()

    def check_epochs(self, there: list[RecordBatch]) -> None:
        for batch in there:
            if batch.last_offset >= self.log.log_start_offset:
                assert self.log.epochs.epoch_for_offset(batch.last_offset) == batch.leader_epoch

    def check_producers(self, there: list[RecordBatch]) -> None:
        twin = ProducerStates()
        for batch in there:
            twin.replay(batch)
        for state in twin:
            known = self.log.producers.get(state.producer_id)
            assert known is not None
            assert known.epoch == state.epoch
            assert known.batches[-len(state.batches) :] == state.batches

    def check_indexes(self) -> None:
        for number, segment in enumerate(self.log.segments):
            headers = {header.position: header for header in segment.headers()}
            index = segment.offset_index
            for entry in range(len(index)):
                relative, position = index.entry(entry)
                assert headers[position].last_offset == segment.base_offset + relative
            for entry in range(len(segment.time_index)):
                timestamp, relative = segment.time_index.entry(entry)
                up_to = [header for header in headers.values() if header.last_offset <= segment.base_offset + relative]
                assert up_to[-1].last_offset == segment.base_offset + relative
                assert max(header.max_timestamp for header in up_to) == timestamp == up_to[-1].max_timestamp
            assert sum(header.size for header in headers.values()) == segment.size
            if number:
                assert self.log.segments[number - 1].base_offset < segment.base_offset


STEPS = (
    (Life.append, 12),
    (Life.replicate, 4),
    (Life.next_epoch, 1),
    (Life.roll, 1),
    (Life.begin_flush, 2),
    (Life.end_flush, 2),
    (Life.truncate, 1),
    (Life.truncate_fully, 0.2),
    (Life.advance_start, 0.7),
    (Life.release, 1),
    (Life.close_and_open, 0.7),
    (Life.kill, 0.7),
    (Life.crash, 1),
)


@pytest.mark.parametrize("seed", range(150))
def test_a_random_life(making, new_disk, seed):
    random = Random(seed)
    life = Life(making(new_disk()), random)
    steps, weights = zip(*STEPS, strict=True)
    for _ in range(60):
        step = random.choices(steps, weights)[0]
        step(life)
        if step in (Life.close_and_open, Life.kill, Life.crash, Life.truncate) or random.random() < 0.1:
            life.check()
    life.check()
