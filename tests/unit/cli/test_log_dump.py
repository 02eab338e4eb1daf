"""`barnabas log dump`: every file of a log directory, whole and damaged."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from barnabas.broker.coordinator.records import OFFSETS, TRANSACTIONS
from barnabas.broker.coordinator.records import Record as CoordinatorRecord
from barnabas.client.groups.subscriptions import encode_assignment
from barnabas.metadata.records import TopicRecord, encode_record
from barnabas.protocol.compression import Compression
from barnabas.protocol.messages.group_metadata_key import GroupMetadataKey
from barnabas.protocol.messages.group_metadata_value import GroupMetadataValue
from barnabas.protocol.messages.offset_commit_key import OffsetCommitKey
from barnabas.protocol.messages.offset_commit_value import OffsetCommitValue
from barnabas.protocol.messages.transaction_log_key import TransactionLogKey
from barnabas.protocol.messages.transaction_log_value import TransactionLogValue
from barnabas.protocol.record_batch import parse_batch
from barnabas.protocol.record_builder import build_batch, build_end_txn_marker
from barnabas.protocol.types import uuid_text
from barnabas.storage.checkpoint import MetaProperties, format_clean_shutdown, format_offsets, format_partition_metadata
from barnabas.storage.index import OffsetIndex, TimeIndex
from barnabas.storage.leader_epoch import LeaderEpochs
from barnabas.storage.producer_state import ProducerStates
from barnabas.storage.transaction_index import TransactionIndex
from command_harness import Result, Run

BASE = "00000000000000000005"
ID = b"0123456789abcdef"
T = 1_700_000_000_000


def segment(folder: Path, *batches: bytes, name: str = f"{BASE}.log") -> Path:
    folder.mkdir(exist_ok=True)
    (folder / name).write_bytes(b"".join(batches))
    return folder / name


def lines(result: Result) -> list[dict[str, Any]]:
    return [{k: v for k, v in json.loads(line).items() if k != "file"} for line in result.out.splitlines()]


def data_batch() -> bytearray:
    return build_batch(
        [(T, b"k", b"v", [("h", b"\xff")]), (T + 1, None, b"\xff\xfe")],
        Compression.GZIP,
        base_offset=5,
        leader_epoch=3,
        producer_id=9,
        producer_epoch=1,
        base_sequence=4,
        transactional=True,
    )


def test_a_segment_is_shown_batch_by_batch(run: Run, tmp_path: Path) -> None:
    marker = build_end_txn_marker(
        True, producer_id=9, producer_epoch=1, coordinator_epoch=2, timestamp=T + 2, base_offset=7, leader_epoch=3
    )
    batch = data_batch()
    path = segment(tmp_path / "t-0", batch, marker)
    result = run("log", "dump", str(path))
    assert result.code == 0
    assert result.out.splitlines() == [
        f"{path}:",
        f"  batch base_offset=5 last_offset=6 records=2 position=0 bytes={len(batch)} leader_epoch=3"
        " timestamp=2023-11-14T22:13:20.001Z timestamp_type=create compression=gzip transactional=true"
        " producer_id=9 producer_epoch=1 base_sequence=4",
        f"  batch base_offset=7 last_offset=7 records=1 position={len(batch)} bytes={len(marker)} leader_epoch=3"
        " timestamp=2023-11-14T22:13:20.002Z timestamp_type=create compression=none transactional=true control=true"
        " producer_id=9 producer_epoch=1 base_sequence=-1",
    ]
    records = [line for line in lines(run("log", "dump", str(path), "--records", "--json")) if line["kind"] == "record"]
    assert records == [
        {
            "kind": "record",
            "offset": 5,
            "timestamp": T,
            "key": "k",
            "value": "v",
            "headers": [{"name": "h", "value_base64": "/w=="}],
        },
        {"kind": "record", "offset": 6, "timestamp": T + 1, "key": None, "value_base64": "//4="},
        {"kind": "record", "offset": 7, "timestamp": T + 2, "control": "COMMIT", "coordinator_epoch": 2},
    ]


def test_offsets_can_be_chosen(run: Run, tmp_path: Path) -> None:
    batches = [build_batch([(T, None, b"v")] * 2, base_offset=offset) for offset in (0, 2, 4)]
    path = segment(tmp_path / "t-0", *batches)
    shown = lines(run("log", "dump", str(path), "--records", "--json", "--from", "3", "--to", "3"))
    assert [(line["kind"], line.get("base_offset", line.get("offset"))) for line in shown] == [
        ("batch", 2),
        ("record", 3),
    ]


def damaged(run: Run, path: Path) -> list[dict[str, Any]]:
    result = run("log", "dump", str(path), "--json", "--records")
    assert result.code == 1
    [line] = result.err.splitlines()
    assert f"{path}: damaged" in line
    return [line for line in lines(result) if line["kind"] == "damage"]


def test_what_is_damaged_is_said_and_the_rest_shown(run: Run, tmp_path: Path) -> None:
    first, second = build_batch([(T, None, b"a")]), build_batch([(T, None, b"b")], base_offset=1)
    second[-1] ^= 1
    path = segment(tmp_path / "t-0", first, second, build_batch([(T, None, b"c")], base_offset=2))
    assert damaged(run, path) == [
        {"kind": "damage", "what": "the CRC is wrong", "position": len(first), "base_offset": 1}
    ]
    path.write_bytes(first + second[:40])
    [cut] = damaged(run, path)
    assert (cut["position"], cut["bytes"]) == (len(first), 40)
    path.write_bytes(build_batch([(T, None, b"c")], base_offset=2) + first)
    [back] = damaged(run, path)
    assert back["what"] == "offset 0 after 2"


def test_reserved_space_is_no_damage(run: Run, tmp_path: Path) -> None:
    path = segment(tmp_path / "t-0", build_batch([(T, None, b"a")]), bytes(100))
    result = run("log", "dump", str(path), "--json")
    assert (result.code, lines(result)[-1]["kind"], lines(result)[-1]["bytes"]) == (0, "reserved", 100)
    path = path.with_name(f"{BASE}.index")
    path.write_bytes(OffsetIndex.ENTRY.pack(2, 70) + bytes(16))
    assert lines(run("log", "dump", str(path), "--json")) == [
        {"kind": "offset", "offset": 7, "position": 70},
        {"kind": "reserved", "position": 8, "bytes": 16},
    ]
    segment(tmp_path / "t-0")
    assert run("log", "dump", str(tmp_path / "t-0" / f"{BASE}.log"), "--json").out == ""


def coordinator_batch(codec: Any, records: Iterable[CoordinatorRecord]) -> bytes:
    return bytes(build_batch([(T, *codec.encode(record)) for record in records], base_offset=5))


def values(run: Run, path: Path, *options: str) -> list[dict[str, Any]]:
    shown = lines(run("log", "dump", str(path), "--records", "--json", *options))
    return [
        {k: v for k, v in line.items() if k not in ("kind", "offset", "timestamp")}
        for line in shown
        if line["kind"] == "record"
    ]


def test_what_groups_have_written_is_decoded(run: Run, tmp_path: Path) -> None:
    member = GroupMetadataValue.MemberMetadata(
        member_id="m", client_id="c", client_host="h", assignment=memoryview(encode_assignment([("t", 1)]))
    )
    records = [
        CoordinatorRecord(
            OffsetCommitKey(group="g", topic="t", partition=1), OffsetCommitValue(offset=42, commit_timestamp=T)
        ),
        CoordinatorRecord(OffsetCommitKey(group="g", topic="t", partition=2), None),
        CoordinatorRecord(
            GroupMetadataKey(group="g"), GroupMetadataValue(protocol_type="consumer", generation=3, members=[member])
        ),
    ]
    path = segment(tmp_path / "__consumer_offsets-12", coordinator_batch(OFFSETS, records))
    committed, gone, group = values(run, path)
    assert (committed["type"], committed["key"]) == ("OffsetCommit", {"group": "g", "topic": "t", "partition": 1})
    assert committed["value"]["offset"] == 42
    assert (gone["key"]["partition"], gone["value"]) == (2, None)
    assert group["value"]["generation"] == 3
    assert group["value"]["members"][0]["assignment"] == [{"topic": "t", "partition": 1}]


def test_what_transactions_have_written_is_decoded(run: Run, tmp_path: Path) -> None:
    record = CoordinatorRecord(
        TransactionLogKey(transactional_id="pay"),
        TransactionLogValue(producer_id=7, producer_epoch=1, transaction_status=1, transaction_partitions=[]),
    )
    path = segment(tmp_path / "__transaction_state-3", coordinator_batch(TRANSACTIONS, [record]))
    [shown] = values(run, path)
    assert (shown["type"], shown["key"]) == ("TransactionLog", {"transactional_id": "pay"})
    assert (shown["value"]["producer_id"], shown["value"]["transaction_status"]) == (7, 1)
    copied = segment(tmp_path / "copies", path.read_bytes())
    assert "type" not in values(run, copied)[0]
    assert values(run, copied, "--topic", "__transaction_state") == [shown]


def test_metadata_is_decoded_in_the_log_and_in_checkpoints(run: Run, tmp_path: Path) -> None:
    batch = build_batch([(T, None, encode_record(TopicRecord(name="t", topic_id=ID))), (T, None, b"\xc1")])
    folder = tmp_path / "__cluster_metadata-0"
    for name in (f"{BASE}.log", f"{BASE}-0000000001.checkpoint"):
        known, unknown = values(run, segment(folder, batch, name=name))
        assert known == {"type": "Topic", "value": {"name": "t", "topic_id": uuid_text(ID)}}
        assert "not msgpack" in unknown["unreadable"]


def test_indexes(run: Run, tmp_path: Path) -> None:
    files = {
        "index": OffsetIndex.ENTRY.pack(2, 70) + OffsetIndex.ENTRY.pack(4, 140),
        "timeindex": TimeIndex.ENTRY.pack(T, 2),
        "txnindex": TransactionIndex.ENTRY.pack(0, 9, 5, 8, 9),
    }
    for suffix, content in files.items():
        (tmp_path / f"{BASE}.{suffix}").write_bytes(content)
    assert lines(run("log", "dump", str(tmp_path), "--json")) == [
        {"kind": "offset", "offset": 7, "position": 70},
        {"kind": "offset", "offset": 9, "position": 140},
        {"kind": "time", "timestamp": T, "offset": 7},
        {
            "kind": "aborted",
            "version": 0,
            "producer_id": 9,
            "first_offset": 5,
            "last_offset": 8,
            "last_stable_offset": 9,
        },
    ]


@pytest.mark.parametrize(
    ("suffix", "content", "complaint"),
    [
        ("index", OffsetIndex.ENTRY.pack(2, 70) + OffsetIndex.ENTRY.pack(1, 140), "entry 1 is not beyond"),
        ("index", OffsetIndex.ENTRY.pack(2, 70)[:5], "the last entry has 5 of 8 bytes"),
        ("timeindex", TimeIndex.ENTRY.pack(T, 2) * 2, "entry 1 is not beyond"),
        ("txnindex", TransactionIndex.ENTRY.pack(0, 9, 8, 5, 9), "a transaction from 8 to 5"),
        ("snapshot", b"\0\1rubbish", "no snapshot"),
    ],
)
def test_damaged_indexes(run: Run, tmp_path: Path, suffix: str, content: bytes, complaint: str) -> None:
    path = tmp_path / f"{BASE}.{suffix}"
    path.write_bytes(content)
    assert complaint in damaged(run, path)[0]["what"]


def test_snapshots_and_checkpoints(run: Run, tmp_path: Path) -> None:
    states = ProducerStates()
    states.replay(parse_batch(data_batch()))
    (tmp_path / f"{BASE}.snapshot").write_bytes(states.to_snapshot())
    epochs = LeaderEpochs([(3, 5)])
    (tmp_path / "leader-epoch-checkpoint").write_bytes(epochs.to_file())
    (tmp_path / "partition.metadata").write_bytes(format_partition_metadata(ID))
    (tmp_path / "meta.properties").write_bytes(MetaProperties("c", 1, ID).to_file())
    (tmp_path / "replication-offset-checkpoint").write_bytes(format_offsets({("t", 0): 7}))
    (tmp_path / ".kafka_cleanshutdown").write_bytes(format_clean_shutdown(4))
    (tmp_path / "quorum-state").write_text('{"leaderId": 1, "data_version": 1}')
    (tmp_path / "something-else").write_text("not ours")
    shown = {line["kind"]: line for line in lines(run("log", "dump", str(tmp_path), "--json"))}
    producer = shown.pop("producer")
    assert (producer["producer_id"], producer["last_sequence"], producer["transaction_start"]) == (9, 5, 5)
    assert shown == {
        "clean shutdown": {"kind": "clean shutdown", "broker_epoch": 4},
        "epoch": {"kind": "epoch", "leader_epoch": 3, "start_offset": 5},
        "directory": {"kind": "directory", "cluster_id": "c", "node_id": 1, "directory_id": uuid_text(ID)},
        "partition": {"kind": "partition", "topic_id": uuid_text(ID)},
        "quorum": {"kind": "quorum", "leaderId": 1, "data_version": 1},
        "checkpoint": {"kind": "checkpoint", "topic": "t", "partition": 0, "offset": 7},
    }


@pytest.mark.parametrize("name", ["replication-offset-checkpoint", "partition.metadata", "meta.properties"])
def test_damaged_checkpoints(run: Run, tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"rubbish\n")
    assert damaged(run, tmp_path / name)


def test_a_file_that_is_none_of_a_log_is_wrong_usage(run: Run, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("x")
    result = run("log", "dump", str(tmp_path / "notes.txt"))
    assert (result.code, "notes.txt is no file of a log" in result.err) == (2, True)
    missing = run("log", "dump", str(tmp_path / "gone"))
    assert (missing.code, "gone" in missing.err) == (2, True)
