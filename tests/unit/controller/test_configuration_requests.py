"""IncrementalAlterConfigs, AlterConfigs, UpdateFeatures and AllocateProducerIds."""

from __future__ import annotations

import random
from typing import Any

import pytest

from barnabas.controller.config import ControllerConfig
from barnabas.controller.controller import Controller
from barnabas.metadata.records import ConfigRecord, FeatureLevelRecord, MetadataRecord, ResourceType, TopicRecord
from barnabas.protocol.errors import ErrorCode, WireError
from barnabas.protocol.messages.allocate_producer_ids import AllocateProducerIdsRequest
from barnabas.protocol.messages.alter_configs import AlterConfigsRequest
from barnabas.protocol.messages.incremental_alter_configs import IncrementalAlterConfigsRequest
from barnabas.protocol.messages.update_features import UpdateFeaturesRequest
from controller_harness import ControllerHarness

TOPIC, BROKER = int(ResourceType.TOPIC), int(ResourceType.BROKER)
SET, DELETE, APPEND, SUBTRACT = range(4)

Resource = IncrementalAlterConfigsRequest.AlterConfigsResource
Config = IncrementalAlterConfigsRequest.AlterableConfig


@pytest.fixture
def cluster() -> ControllerHarness:
    harness = ControllerHarness()
    harness.start(1, 2, 3)
    harness.create("t", [1, 2, 3])
    return harness


def alter(cluster: ControllerHarness, *changes: tuple[str, int, str | None], **fields: Any) -> tuple[int, str | None]:
    fields.setdefault("kind", TOPIC)
    fields.setdefault("name", "t")
    configs = [Config(name=name, config_operation=operation, value=value) for name, operation, value in changes]
    resource = Resource(resource_type=fields.pop("kind"), resource_name=fields.pop("name"), configs=configs)
    result = cluster.request(IncrementalAlterConfigsRequest(resources=[resource], **fields)).responses[0]
    return result.error_code, result.error_message


def replace(cluster: ControllerHarness, **configs: str | None) -> tuple[int, str | None]:
    resource = AlterConfigsRequest.AlterConfigsResource(
        resource_type=TOPIC,
        resource_name="t",
        configs=[AlterConfigsRequest.AlterableConfig(name=name, value=value) for name, value in configs.items()],
    )
    result = cluster.request(AlterConfigsRequest(resources=[resource])).responses[0]
    return result.error_code, result.error_message


def of_topic(cluster: ControllerHarness) -> dict[str, str]:
    return dict(cluster.image.configs.of_topic("t"))


def test_keys_are_set_and_deleted(cluster: ControllerHarness) -> None:
    assert alter(cluster, ("retention.ms", SET, "5"), ("retention.bytes", SET, "6")) == (0, None)
    assert of_topic(cluster) == {"retention.ms": "5", "retention.bytes": "6"}
    assert alter(cluster, ("retention.ms", DELETE, None)) == (0, None)
    assert of_topic(cluster) == {"retention.bytes": "6"}


def test_lists_are_appended_to_and_subtracted_from(cluster: ControllerHarness) -> None:
    assert alter(cluster, ("cleanup.policy", APPEND, "compact")) == (0, None)
    assert of_topic(cluster) == {"cleanup.policy": "delete,compact"}
    assert alter(cluster, ("cleanup.policy", APPEND, "compact")) == (0, None)
    assert alter(cluster, ("cleanup.policy", SUBTRACT, "delete,compact")) == (0, None)
    assert of_topic(cluster) == {"cleanup.policy": ""}
    assert alter(cluster, ("retention.ms", APPEND, "5")) == (
        ErrorCode.INVALID_CONFIG,
        "Can't APPEND to key retention.ms because its type is not LIST.",
    )


def test_deleting_a_key_that_nobody_knows_is_nothing(cluster: ControllerHarness) -> None:
    assert alter(cluster, ("nonsense", DELETE, None)) == (0, None)


def test_a_resource_changes_wholly_or_not_at_all(cluster: ControllerHarness) -> None:
    code, message = alter(cluster, ("retention.ms", SET, "5"), ("nonsense", SET, "5"))
    assert (code, message) == (ErrorCode.INVALID_CONFIG, "Unknown topic config name: nonsense")
    assert of_topic(cluster) == {}


def test_an_unchanged_value_writes_nothing_for_a_topic_and_something_for_a_broker(cluster: ControllerHarness) -> None:
    alter(cluster, ("retention.ms", SET, "5"))
    before = len(cluster.log.records)
    alter(cluster, ("retention.ms", SET, "5"))
    assert len(cluster.log.records) == before
    for _ in range(2):
        alter(cluster, ("log.cleaner.threads", SET, "2"), kind=BROKER, name="1")
    assert len(cluster.log.records) == before + 2


def test_validate_only_changes_nothing(cluster: ControllerHarness) -> None:
    assert alter(cluster, ("retention.ms", SET, "5"), validate_only=True) == (0, None)
    assert of_topic(cluster) == {}


@pytest.mark.parametrize(
    ("kind", "name", "code"),
    [
        (TOPIC, "unknown", ErrorCode.UNKNOWN_TOPIC_OR_PARTITION),
        (TOPIC, "", ErrorCode.INVALID_REQUEST),
        (TOPIC, "a/b", ErrorCode.INVALID_TOPIC_EXCEPTION),
        (BROKER, "9", ErrorCode.BROKER_ID_NOT_REGISTERED),
        (BROKER, "x", ErrorCode.INVALID_REQUEST),
        (BROKER, "-1", ErrorCode.INVALID_REQUEST),
        (int(ResourceType.GROUP), "", ErrorCode.INVALID_REQUEST),
        (int(ResourceType.CLIENT_METRICS), "m", ErrorCode.INVALID_REQUEST),
        (99, "x", ErrorCode.UNSUPPORTED_VERSION),
    ],
)
def test_the_resource_must_exist(cluster: ControllerHarness, kind: int, name: str, code: ErrorCode) -> None:
    assert alter(cluster, ("retention.ms", DELETE, None), kind=kind, name=name)[0] == code


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ([("retention.ms", SET, None)], ErrorCode.INVALID_REQUEST),
        ([("retention.ms", SET, "1"), ("retention.ms", SET, "2")], ErrorCode.INVALID_REQUEST),
        ([("retention.ms", 9, "1")], ErrorCode.INVALID_REQUEST),
        ([("retention.ms", SET, "x")], ErrorCode.INVALID_CONFIG),
    ],
)
def test_changes_that_are_refused(
    cluster: ControllerHarness, changes: list[tuple[str, int, str | None]], code: ErrorCode
) -> None:
    assert alter(cluster, *changes)[0] == code
    assert of_topic(cluster) == {}


def test_a_resource_twice_in_a_request_fails(cluster: ControllerHarness) -> None:
    resource = Resource(resource_type=TOPIC, resource_name="t", configs=[Config(name="retention.ms", value="5")])
    response = cluster.request(IncrementalAlterConfigsRequest(resources=[resource, resource]))
    assert {result.error_code for result in response.responses} == {ErrorCode.INVALID_REQUEST}
    assert of_topic(cluster) == {}


def test_the_older_request_replaces_everything(cluster: ControllerHarness) -> None:
    alter(cluster, ("retention.ms", SET, "5"))
    assert replace(cluster, **{"retention.bytes": "6"}) == (0, None)
    assert of_topic(cluster) == {"retention.bytes": "6"}
    assert replace(cluster, **{"retention.bytes": None})[0] == ErrorCode.INVALID_REQUEST
    assert replace(cluster) == (0, None)
    assert of_topic(cluster) == {}


def test_values_of_brokers_are_checked(cluster: ControllerHarness) -> None:
    assert alter(cluster, ("log.cleaner.threads", SET, "many"), kind=BROKER, name="")[0] == ErrorCode.INVALID_CONFIG
    assert alter(cluster, ("log.retention.ms", SET, "5"), kind=BROKER, name="") == (0, None)
    result = cluster.create("u", [1]).topics[0]
    assert {config.name: config.value for config in result.configs}["retention.ms"] == "5"


# -- min.insync.replicas and eligible leader replicas -----------------------------------------------------------------


def test_min_isr_is_one_for_all_brokers_and_always_there(cluster: ControllerHarness) -> None:
    name = "min.insync.replicas"
    assert dict(cluster.image.configs.of_all_brokers()) == {name: "1"}
    assert alter(cluster, (name, SET, "2"), kind=BROKER, name="1")[1] == (
        "Broker-level min.insync.replicas cannot be altered while ELR is enabled."
    )
    assert alter(cluster, (name, DELETE, None), kind=BROKER, name="")[1] == (
        "Cluster-level min.insync.replicas cannot be removed while ELR is enabled."
    )
    assert alter(cluster, (name, SET, "2"), kind=BROKER, name="") == (0, None)


@pytest.mark.parametrize(("kind", "name"), [(TOPIC, "t"), (BROKER, "")])
def test_a_lower_min_isr_ends_the_eligibility_of_replicas_that_may_now_miss_records(
    cluster: ControllerHarness, kind: int, name: str
) -> None:
    alter(cluster, ("min.insync.replicas", SET, "2"), kind=kind, name=name)
    cluster.alter_isr("t", 0, 1, 2)
    cluster.alter_isr("t", 0, 1)
    assert cluster.partition().elr == (2,)
    alter(cluster, ("min.insync.replicas", SET, "1"), kind=kind, name=name)
    assert (cluster.partition().isr, cluster.partition().elr) == ((1,), ())
    cluster.check()


def test_min_isr_counts_no_more_than_there_are_replicas(cluster: ControllerHarness) -> None:
    cluster.create("one", [1], min_insync_replicas="3")
    assert cluster.controller.state.settings(cluster.topic("one")).min_isr == 1


# -- features and producer ids ----------------------------------------------------------------------------------------


def test_a_new_cluster_starts_with_its_levels_once(cluster: ControllerHarness) -> None:
    assert cluster.image.features.finalized == {
        "metadata.version": 30,
        "eligible.leader.replicas.version": 1,
        "group.version": 1,
        "transaction.version": 2,
        "kraft.version": 1,
    }
    before = len(cluster.log.records)
    cluster.fail_over()
    assert len(cluster.log.records) == before


@pytest.mark.parametrize(
    ("feature", "level", "kind", "message"),
    [
        ("metadata.version", 31, 1, "only supports versions 30-30"),
        ("metadata.version", 30, 9, "does not support the given upgrade type"),
        ("metadata.version", -1, 1, "cannot be less than 0"),
        ("eligible.leader.replicas.version", 0, 1, "Can't downgrade the version of this feature without"),
        ("share.version", 1, 1, "does not support this feature"),
        ("no.such.feature", 0, 1, "There is no such feature"),
    ],
)
def test_levels_that_are_refused(cluster: ControllerHarness, feature: str, level: int, kind: int, message: str) -> None:
    update = UpdateFeaturesRequest.FeatureUpdateKey(feature=feature, max_version_level=level, upgrade_type=kind)
    with pytest.raises(WireError) as raised:
        cluster.request(UpdateFeaturesRequest(feature_updates=[update]))
    assert raised.value.code == ErrorCode.INVALID_UPDATE_VERSION
    assert message in str(raised.value.message)


def test_a_level_that_is_final_already_is_no_change(cluster: ControllerHarness) -> None:
    before = len(cluster.log.records)
    update = UpdateFeaturesRequest.FeatureUpdateKey(feature="metadata.version", max_version_level=30)
    cluster.request(UpdateFeaturesRequest(feature_updates=[update]))
    assert len(cluster.log.records) == before


def test_no_producer_id_is_given_out_twice(cluster: ControllerHarness) -> None:
    def allocate(broker_id: int) -> tuple[int, int]:
        request = AllocateProducerIdsRequest(broker_id=broker_id, broker_epoch=cluster.epoch(broker_id))
        response = cluster.request(request)
        return response.producer_id_start, response.producer_id_len

    assert [allocate(1), allocate(2)] == [(0, 1000), (1000, 1000)]
    cluster.fail_over()
    assert allocate(1) == (2000, 1000)
    with pytest.raises(WireError) as raised:
        cluster.request(AllocateProducerIdsRequest(broker_id=1, broker_epoch=7))
    assert raised.value.code == ErrorCode.STALE_BROKER_EPOCH


def test_a_new_cluster_starts_with_what_it_was_formatted_with() -> None:
    config = ControllerConfig(node_id=1, cluster_id="c", static_configs={"min.insync.replicas": "2"})
    controller = Controller(config, random.Random(1), lambda: bytes(16))
    formatted: list[MetadataRecord] = [
        FeatureLevelRecord(name="metadata.version", feature_level=30),
        TopicRecord(name="t", topic_id=b"t" * 16),
    ]
    assert controller.activate(0.0, formatted).records == [
        *formatted,
        FeatureLevelRecord(name="eligible.leader.replicas.version", feature_level=1),
        FeatureLevelRecord(name="group.version", feature_level=1),
        FeatureLevelRecord(name="transaction.version", feature_level=2),
        ConfigRecord(resource_type=ResourceType.BROKER, resource_name="", name="min.insync.replicas", value="2"),
    ]
