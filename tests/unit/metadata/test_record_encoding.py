"""Metadata records as bytes."""

from __future__ import annotations

import contextlib
import dataclasses

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from barnabas.metadata import records as r

IDS = st.integers(-1, 2**31 - 1)
EPOCHS = st.integers(-1, 2**63 - 1)
UUIDS = st.binary(min_size=16, max_size=16)
NAMES = st.text(max_size=8)
REPLICAS = st.lists(IDS, max_size=4).map(tuple)
OPTIONAL_REPLICAS = st.none() | REPLICAS
ENDPOINTS = st.lists(
    st.builds(r.Endpoint, name=NAMES, host=NAMES, port=st.integers(0, 65535), security_protocol=st.integers(0, 3)),
    max_size=2,
).map(tuple)
FEATURES = st.lists(
    st.builds(r.FeatureRange, name=NAMES, min_supported=st.integers(0, 5), max_supported=st.integers(0, 9)), max_size=2
).map(tuple)

RECORDS = st.one_of(
    st.builds(
        r.RegisterBrokerRecord,
        broker_id=IDS,
        broker_epoch=EPOCHS,
        incarnation_id=UUIDS,
        endpoints=ENDPOINTS,
        features=FEATURES,
        rack=st.none() | NAMES,
        fenced=st.booleans(),
        in_controlled_shutdown=st.booleans(),
        log_dirs=st.lists(UUIDS, max_size=2).map(tuple),
    ),
    st.builds(r.UnregisterBrokerRecord, broker_id=IDS, broker_epoch=EPOCHS),
    st.builds(r.TopicRecord, name=NAMES, topic_id=UUIDS),
    st.builds(
        r.PartitionRecord,
        partition_id=IDS,
        topic_id=UUIDS,
        replicas=REPLICAS,
        isr=REPLICAS,
        leader=IDS,
        leader_epoch=IDS,
        partition_epoch=IDS,
        directories=st.lists(UUIDS, max_size=3).map(tuple),
        leader_recovery_state=st.integers(0, 1),
        elr=REPLICAS,
        last_known_elr=REPLICAS,
    ),
    st.builds(r.ConfigRecord, resource_type=IDS, resource_name=NAMES, name=NAMES, value=st.none() | NAMES),
    st.builds(
        r.PartitionChangeRecord,
        partition_id=IDS,
        topic_id=UUIDS,
        isr=OPTIONAL_REPLICAS,
        leader=st.integers(-2, 5),
        replicas=OPTIONAL_REPLICAS,
        elr=OPTIONAL_REPLICAS,
        last_known_elr=OPTIONAL_REPLICAS,
        leader_recovery_state=st.integers(-1, 1),
    ),
    st.builds(r.RemoveTopicRecord, topic_id=UUIDS),
    st.builds(r.FeatureLevelRecord, name=NAMES, feature_level=st.integers(0, 99)),
    st.builds(r.ProducerIdsRecord, broker_id=IDS, broker_epoch=EPOCHS, next_producer_id=EPOCHS),
    st.builds(
        r.BrokerRegistrationChangeRecord,
        broker_id=IDS,
        broker_epoch=EPOCHS,
        fenced=st.integers(-1, 1),
        in_controlled_shutdown=st.integers(0, 1),
        log_dirs=st.none() | st.lists(UUIDS, max_size=2).map(tuple),
    ),
    st.builds(r.NoOpRecord),
    st.builds(
        r.RegisterControllerRecord, controller_id=IDS, incarnation_id=UUIDS, endpoints=ENDPOINTS, features=FEATURES
    ),
)


@given(RECORDS)
def test_a_record_is_read_as_it_was_written(record: r.MetadataRecord) -> None:
    assert r.decode_record(r.encode_record(record)) == record
    assert r.decode_record(memoryview(r.encode_record(record))) == record


@given(RECORDS, st.data())
def test_a_cut_record_is_refused(record: r.MetadataRecord, data: st.DataObject) -> None:
    encoded = r.encode_record(record)
    cut = data.draw(st.integers(0, len(encoded) - 1))
    with pytest.raises(r.MetadataRecordError):
        r.decode_record(encoded[:cut])


@given(st.binary(max_size=40))
def test_bytes_that_are_no_record_raise_only_one_error(data: bytes) -> None:
    with contextlib.suppress(r.MetadataRecordError):
        r.decode_record(data)


def test_a_field_that_holds_its_default_is_not_written() -> None:
    record = r.PartitionChangeRecord(partition_id=3, topic_id=bytes(16), leader=2)
    assert msgpack.unpackb(r.encode_record(record), strict_map_key=False) == [5, 0, {1: 3, 2: bytes(16), 4: 2}]


def test_fields_of_a_newer_minor_version_are_skipped() -> None:
    encoded = msgpack.packb([2, 1, {1: "t", 2: bytes(16), 3: "new", 99: [1, {"deep": None}]}, "and more"])
    assert r.decode_record(encoded) == r.TopicRecord(name="t", topic_id=bytes(16))


def test_new_fields_of_a_nested_struct_are_skipped() -> None:
    encoded = msgpack.packb([27, 1, {1: 3, 2: bytes(16), 3: [{1: "A", 2: "h", 3: 9, 77: True}]}])
    record = r.decode_record(encoded)
    assert isinstance(record, r.RegisterControllerRecord)
    assert record.endpoints == (r.Endpoint(name="A", host="h", port=9),)


def test_an_unknown_type_is_named() -> None:
    with pytest.raises(r.MetadataRecordError, match="type 4711"):
        r.decode_record(msgpack.packb([4711, 0, {}]))


def test_a_missing_field_is_named() -> None:
    with pytest.raises(r.MetadataRecordError, match="TopicRecord: no value for topic_id"):
        r.decode_record(msgpack.packb([2, 0, {1: "t"}]))


def test_field_numbers_never_change() -> None:
    """A number is a field's place: what this release writes must be readable for ever. Only ever add to the ends."""
    assert {
        cls.__name__: [field.name for field in dataclasses.fields(cls)]
        for cls in (r.RegisterBrokerRecord, r.PartitionRecord, r.PartitionChangeRecord, r.Endpoint)
    } == {
        "RegisterBrokerRecord": [
            "broker_id",
            "broker_epoch",
            "incarnation_id",
            "endpoints",
            "features",
            "rack",
            "fenced",
            "in_controlled_shutdown",
            "log_dirs",
        ],
        "PartitionRecord": [
            "partition_id",
            "topic_id",
            "replicas",
            "isr",
            "leader",
            "leader_epoch",
            "partition_epoch",
            "directories",
            "removing_replicas",
            "adding_replicas",
            "leader_recovery_state",
            "elr",
            "last_known_elr",
        ],
        "PartitionChangeRecord": [
            "partition_id",
            "topic_id",
            "isr",
            "leader",
            "replicas",
            "removing_replicas",
            "adding_replicas",
            "leader_recovery_state",
            "directories",
            "elr",
            "last_known_elr",
        ],
        "Endpoint": ["name", "host", "port", "security_protocol"],
    }
