"""A setting that does not exist is told together with the nearest one that does."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from barnabas.client import Admin, Consumer, Producer
from barnabas.client.errors import ConfigurationError


@pytest.mark.parametrize(
    ("client", "name", "nearest"),
    [
        (Producer, "compresion", "compression"),
        (Producer, "linger_ms", "linger"),
        (Producer, "delivery_timeout_ms", "delivery_timeout"),
        (Producer, "value_deserializer", "value_serializer"),
        (Consumer, "group_id", "group"),
        (Consumer, "group_protocol_name", "group_protocol"),
        (Consumer, "auto_ofset_reset", "auto_offset_reset"),
        (Consumer, "bootstrap_servers", "bootstrap"),
        (Admin, "timout", "timeout"),
    ],
)
def test_the_nearest_setting_is_named(client: Callable[..., object], name: str, nearest: str) -> None:
    text = f"{client.__name__} has no setting '{name}'; did you mean '{nearest}'\\?"
    with pytest.raises(ConfigurationError, match=text):
        client("localhost:9092", **{name: 1})


def test_where_nothing_is_near_all_are_named() -> None:
    with pytest.raises(ConfigurationError, match="no setting 'xyzzy'; it has bootstrap, client_id, timeout"):
        Admin("localhost:9092", xyzzy=1)  # type: ignore[call-arg]


def test_types_are_those_of_the_settings() -> None:
    consumer = Consumer("localhost:9092", value_deserializer=len)  # type: ignore[arg-type]
    producer: Producer[str, bytes] = Producer("localhost:9092", key_serializer=str.encode)
    assert isinstance(consumer, Consumer)
    assert isinstance(producer, Producer)
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'bootstrap'"):
        Producer()  # type: ignore[call-arg]
