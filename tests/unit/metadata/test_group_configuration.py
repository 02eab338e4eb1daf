"""What groups can be configured with."""

from __future__ import annotations

import pytest

from barnabas.metadata.group_configs import group_configs, validate_group_configs
from barnabas.protocol.errors import WireError
from barnabas.server.definitions import node_definitions


def setting(name: str) -> int:
    """Of a broker that sets nothing."""
    return int(str(node_definitions()[name].default))


def reason(**values: str) -> str | None:
    try:
        validate_group_configs({name.replace("_", "."): value for name, value in values.items()}, setting)
    except WireError as error:
        return f"{error.code.name}: {error.message}"
    return None


def test_what_a_group_leaves_open_is_a_setting_of_brokers_with_the_same_default() -> None:
    followed = [config for config in group_configs().values() if config.synonym is not None]
    assert len(followed) == 14
    for config in followed:
        assert str(node_definitions()[config.synonym or ""].default) == config.default
        for bound in (config.lowest, config.highest):
            assert bound is None or bound in node_definitions()


@pytest.mark.parametrize("name", sorted(group_configs()))
def test_every_default_is_legal(name: str) -> None:
    assert reason(**{name: group_configs()[name].default}) is None


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"consumer_session_timeout": "1"}, "Unknown group config name: consumer.session.timeout"),
        ({"consumer_session_timeout_ms": "x"}, "Not a number of type INT"),
        ({"consumer_session_timeout_ms": "0"}, "Value must be at least 1"),
        ({"consumer_session_timeout_ms": "44999"}, "must be greater than or equal to group.consumer.min.session"),
        ({"consumer_session_timeout_ms": "60001"}, "must be less than or equal to group.consumer.max.session"),
        ({"consumer_heartbeat_interval_ms": "4999"}, "must be greater than or equal to group.consumer.min.heartbeat"),
        ({"consumer_assignment_interval_ms": "15001"}, "must be less than or equal to group.consumer.max.assignment"),
        ({"share_isolation_level": "none"}, "String must be one of: read_committed, read_uncommitted"),
        ({"share_auto_offset_reset": "by_duration:P"}, "must be either 'earliest', 'latest' or"),
        ({"streams_num_standby_replicas": "3"}, "must be less than or equal to group.streams.max.standby.replicas"),
    ],
)
def test_what_is_refused(values: dict[str, str], message: str) -> None:
    refused = reason(**values) or ""
    assert refused.startswith("INVALID_CONFIG")
    assert message in refused


@pytest.mark.parametrize("value", ["earliest", "by_duration:PT1H", "by_duration:P1DT2H3M4.5S"])
def test_where_share_groups_may_begin(value: str) -> None:
    assert reason(share_auto_offset_reset=value) is None


def test_a_session_is_longer_than_the_interval_of_its_heartbeats() -> None:
    def wide(name: str) -> int:
        """Bounds are wide, so that only the two values count."""
        return 1 if ".min." in name else 10**6 if ".max." in name else setting(name)

    with pytest.raises(WireError, match=r"consumer.session.timeout.ms must be greater than consumer.heartbeat"):
        validate_group_configs({"consumer.session.timeout.ms": "5000"}, wide)
    with pytest.raises(WireError, match=r"consumer.session.timeout.ms must be greater than consumer.heartbeat"):
        validate_group_configs({"consumer.heartbeat.interval.ms": "45000"}, wide)
    validate_group_configs({"consumer.session.timeout.ms": "10", "consumer.heartbeat.interval.ms": "9"}, wide)
