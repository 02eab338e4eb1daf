"""What compaction leaves of random logs, compared with a naive twin: keys, tombstones, codecs, transactions, producers,
sizes of segments and of the map, restarts and crashes in between.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from barnabas.protocol.compression import Compression
from barnabas.protocol.record_batch import ControlType, control_type
from barnabas.storage.producer_state import ProducerStates
from compaction import AMPLE, clean, header_of, keyed_batch, marker_batch, model_of, naive_round, records_of

RETENTION_MS = 500
PLAIN, IDEMPOTENT, TRANSACTIONAL = (-1,), (1, 2), (11, 12, 13)


@dataclass(frozen=True)
class Shape:
    """What a random log is made of."""

    seed: int
    keys: int
    segment_bytes: int
    steps: int
    map_bytes: int
    tombstones: float
    codecs: tuple[Compression, ...]


SHAPES = st.builds(
    Shape,
    seed=st.integers(0, 1 << 32),
    keys=st.integers(1, 12),
    segment_bytes=st.sampled_from((600, 1000, 2500, 20_000)),
    steps=st.integers(1, 60),
    map_bytes=st.sampled_from((1, 600, 1500, AMPLE)),
    tombstones=st.sampled_from((0.0, 0.2, 0.7)),
    codecs=st.sampled_from(((Compression.NONE,), (Compression.NONE, Compression.ZSTD), tuple(Compression))),
)


class Life:
    """A compacted log, its twin, and what happens to both."""

    def __init__(self, make, shape: Shape) -> None:
        self.make = make
        self.shape = shape
        self.random = Random(shape.seed)
        self.settings = {
            "cleanup_policy": ("compact",),
            "segment_bytes": shape.segment_bytes,
            "delete_retention_ms": RETENTION_MS,
        }
        self.log = make.log(**self.settings)
        self.twin = []
        """All data batches so far."""
        self.originals = []
        """All batches as they were written."""
        self.sequences: dict[int, int] = {}
        self.open: set[int] = set()
        self.cleaned: int | None = None
        self.now_ms = 10_000

    # What happens

    def append(self) -> None:
        random, kind = self.random, self.random.choice((PLAIN, IDEMPOTENT, TRANSACTIONAL, TRANSACTIONAL))
        producer, count = random.choice(kind), random.randint(1, 4)
        records = [
            (self.key(), None if random.random() < self.shape.tombstones else self.value()) for _ in range(count)
        ]
        sequence = self.sequences.get(producer, 0)
        batch = keyed_batch(
            records,
            timestamps=[random.randint(0, 2000) for _ in records],
            codec=random.choice(self.shape.codecs),
            producer=producer,
            sequence=sequence,
            transactional=kind is TRANSACTIONAL,
            log_append_time_ms=random.choice((None, None, None, 1500)),
        )
        self.sequences[producer] = sequence + count
        if kind is TRANSACTIONAL:
            self.open.add(producer)
        self.log.append_as_leader(batch, 0, 0)
        self.originals.append(batch)

    def key(self) -> bytes:
        number = self.random.randrange(self.shape.keys)
        return b"key %d" % number * (8 if number % 3 == 0 else 1)

    def value(self) -> bytes:
        return self.random.randbytes(self.random.choice((0, 5, 50)))

    def end_transaction(self) -> None:
        producer = self.random.choice(TRANSACTIONAL)
        batch = marker_batch(producer, commit=self.random.random() < 0.5)
        self.open.discard(producer)
        self.log.append_marker(batch, 0, 0, transaction_version=0)
        self.originals.append(batch)

    def roll(self) -> None:
        self.log.roll(0)

    def wait(self) -> None:
        self.now_ms += self.random.choice((1, RETENTION_MS // 2, RETENTION_MS, 3 * RETENTION_MS))

    def restart(self) -> None:
        self.log.close(0)
        self.log = self.make.log(clean=True, **self.settings)
        assert not self.log.recovery_notes

    def crash(self) -> None:
        """Everything is durable, but nobody knows from where on: all is read again."""
        self.log.flush(0)
        self.make.disk = self.make.disk.crash()
        self.log = self.make.log(recovery_point=0, **self.settings)
        assert not self.log.recovery_notes

    def clean(self) -> None:
        known = len(self.twin)
        self.twin += model_of(self.originals)[known:]
        for batch, model in zip(self.twin, model_of(self.originals), strict=True):
            batch.aborted = model.aborted
        unstable = self.log.producers.unstable
        unstable.replicated(self.log.log_end_offset)
        stable = self.log.log_end_offset if unstable.first is None else unstable.first
        bases = [segment.base_offset for segment in self.log.segments]
        start = self.cleaned or 0
        cleaning = clean(
            self.log, now_ms=self.now_ms, cleaned=self.cleaned, stable=stable, map_bytes=self.shape.map_bytes
        )
        end = self.cleaned = cleaning.end_offset
        segment_end = next((base for base in bases if base >= end), self.log.log_end_offset)
        if end > start:
            naive_round(self.twin, start, end, segment_end, self.now_ms, RETENTION_MS)
        self.check()

    # What must be so

    def check(self) -> None:
        batches = list(self.log.read_batches(0))
        found = {batch.base_offset: batch for batch in batches}
        assert [batch.base_offset for batch in batches] == sorted(found)
        expected = {batch.base_offset: batch for batch in self.twin}
        for base, twin in expected.items():
            there = found.get(base)
            assert twin.records == ([] if there is None else records_of(there)), base
            if there is not None and twin.records:
                assert there.delete_horizon_ms == twin.horizon_ms
        codecs = {batch.base_offset: batch.compression for batch in self.originals}
        headers = {batch.base_offset: header_of(batch) for batch in self.originals}
        for batch in batches:
            assert batch.verify_crc()
            assert header_of(batch) == headers[batch.base_offset]
            assert batch.compression == (codecs[batch.base_offset] if batch.records_count else Compression.NONE)
            if batch.records_count and not batch.log_append_time:
                assert batch.max_timestamp == max(record.timestamp for record in batch.records())
        self.check_markers(found)
        self.check_producers(batches)
        self.check_segments()

    def check_markers(self, found) -> None:
        """No transaction that is there lost its marker; what is aborted and there is in the index."""
        entries = {
            entry.last_offset: (entry, segment)
            for segment in self.log.segments
            for entry in segment.transaction_index.after(0)
        }
        pending: dict[int, list[int]] = {}
        for batch in self.originals:
            if not batch.is_control:
                if batch.is_transactional:
                    pending.setdefault(batch.producer_id, []).append(batch.base_offset)
                continue
            began = pending.pop(batch.producer_id, [])
            marker, left = found.get(batch.base_offset), [base for base in began if base in found]
            entry, segment = entries.pop(batch.base_offset, (None, None))
            aborted = control_type(next(batch.records()).key) is ControlType.ABORT
            if left or entry is not None:
                assert marker is not None
                assert marker.records_count == 1
                assert (entry is not None) == aborted
            if entry is not None and segment is not None:
                assert began[0] <= entry.first_offset <= min(left, default=entry.last_offset)
                assert entry.producer_id == batch.producer_id
                assert segment.base_offset <= entry.last_offset
        assert not entries

    def check_producers(self, batches) -> None:
        """Whoever rebuilds the state from what is left knows what the log knows."""
        rebuilt = ProducerStates()
        for batch in batches:
            rebuilt.replay(batch)
        for state in self.log.producers:
            again = rebuilt.get(state.producer_id)
            assert again is not None
            if state.batches:
                assert again.epoch == state.epoch
            assert [batch[:3] for batch in again.batches[-1:]] == [batch[:3] for batch in state.batches[-1:]]
        assert {s.producer_id for s in rebuilt if s.txn_first_offset >= 0} == self.open

    def check_segments(self) -> None:
        segments = self.log.segments
        for number, segment in enumerate(segments):
            end, latest, latest_record = segment.base_offset, -1, -1
            for batch in segment.batches():
                end, latest = batch.next_offset, max(latest, batch.max_timestamp)
                if batch.records_count:
                    latest_record = max(latest_record, batch.max_timestamp)
            assert latest_record <= segment.read_max_timestamp() <= latest
            for entry in range(len(segment.time_index)):
                timestamp, relative = segment.time_index.entry(entry)
                assert segment.find(segment.base_offset + relative).max_timestamp == timestamp
            if number + 1 < len(segments):
                assert end == segments[number + 1].base_offset
        names = {entry.name.rpartition(".")[2] for entry in self.make.disk.scan("t-0")}
        assert not names & {"cleaned", "swap", "deleted"}


STEPS = (
    (Life.append, 12),
    (Life.end_transaction, 4),
    (Life.roll, 1),
    (Life.wait, 2),
    (Life.clean, 3),
    (Life.restart, 0.5),
    (Life.crash, 0.5),
)


@given(shape=SHAPES)
@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_left_is_what_the_twin_says(making, new_disk, shape):
    life = Life(making(new_disk()), shape)
    steps, weights = zip(*STEPS, strict=True)
    for _ in range(shape.steps):
        life.random.choices(steps, weights)[0](life)
    for producer in sorted(life.open):
        life.open.discard(producer)
        batch = marker_batch(producer, commit=True)
        life.log.append_marker(batch, 0, 0, transaction_version=0)
        life.originals.append(batch)
    for _ in range(4):
        life.roll()
        life.clean()
        life.wait()
