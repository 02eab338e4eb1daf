"""Listeners and advertised listeners, in Kafka's notation."""

from __future__ import annotations

import pytest

from barnabas.net.addresses import parse_host_port
from barnabas.server.endpoints import (
    Endpoint,
    advertised_listeners,
    controller_listener_names,
    inter_broker_listener,
    listeners,
)
from barnabas.server.quorum_config import bootstrap_servers
from barnabas.server.settings import Settings, SettingsError


def test_default() -> None:
    assert listeners(Settings()) == [Endpoint("PLAINTEXT", "", 9092)]
    assert inter_broker_listener(Settings()) == "PLAINTEXT"


def test_several() -> None:
    settings = Settings.of(
        {
            "listeners": "internal://10.0.0.1:9092,EXTERNAL://[::1]:9093,Any://:0",
            "listener.security.protocol.map": "INTERNAL:PLAINTEXT, external:plaintext,ANY:PLAINTEXT,TLS:SSL",
            "advertised.listeners": "EXTERNAL://kafka.example.com:80,ANY://h:0",
            "inter.broker.listener.name": "internal",
        }
    )
    found = listeners(settings)
    assert found == [
        Endpoint("INTERNAL", "10.0.0.1", 9092),
        Endpoint("EXTERNAL", "::1", 9093),
        Endpoint("ANY", "", 0),
    ]
    assert str(found[1]) == "EXTERNAL://[::1]:9093"
    assert advertised_listeners(settings, {"ANY": 4711}, "") == [
        Endpoint("EXTERNAL", "kafka.example.com", 80),
        Endpoint("ANY", "h", 4711),
    ]
    assert inter_broker_listener(settings) == "INTERNAL"


def test_bound_port_and_host_name_are_advertised() -> None:
    settings = Settings.of({"listeners": "PLAINTEXT://:0"})
    assert advertised_listeners(settings, {"PLAINTEXT": 4711}, "me.local") == [Endpoint("PLAINTEXT", "me.local", 4711)]


def test_controllers_listeners_are_plaintext_unless_mapped() -> None:
    settings = Settings.of({"listeners": "CONTROLLER://:9093", "controller.listener.names": "controller"})
    assert controller_listener_names(settings) == ["CONTROLLER"]
    assert listeners(settings) == [Endpoint("CONTROLLER", "", 9093)]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"listeners": ""}, "listeners: is empty"),
        ({"listeners": "9092"}, "'9092' is not NAME://host:port"),
        ({"listeners": "PLAINTEXT://localhost"}, "is not NAME://host:port"),
        ({"listeners": "PLAINTEXT://localhost:70000"}, "is not NAME://host:port"),
        ({"listeners": "://localhost:1"}, "is not NAME://host:port"),
        ({"listeners": "PLAINTEXT://a b:1"}, "is not NAME://host:port"),
        ({"listeners": "PLAINTEXT://:1,plaintext://:2"}, "two listeners have the same name"),
        (
            {"listeners": "A://:1,B://:1", "listener.security.protocol.map": "A:PLAINTEXT,B:PLAINTEXT"},
            "two listeners have the same port",
        ),
        ({"listeners": "MINE://:1"}, "MINE is not in listener.security.protocol.map"),
        ({"listeners": "SSL://:1"}, "SSL is SSL, which Barnabas does not serve yet"),
        ({"listener.security.protocol.map": "A"}, "'A' is not NAME:PROTOCOL"),
        ({"listener.security.protocol.map": "A:TCP"}, "'A:TCP' is not NAME:PROTOCOL"),
    ],
)
def test_mistakes(given: dict[str, str], said: str) -> None:
    with pytest.raises(SettingsError) as raised:
        listeners(Settings.of(given))
    assert said in str(raised.value)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"advertised.listeners": "OTHER://h:1"}, "advertised.listeners: OTHER is not one of listeners"),
        ({"advertised.listeners": "PLAINTEXT://0.0.0.0:1"}, "reaches nobody"),
        ({"listeners": "PLAINTEXT://0.0.0.0:1"}, "name a host that clients can reach"),
    ],
)
def test_advertised_mistakes(given: dict[str, str], said: str) -> None:
    with pytest.raises(SettingsError) as raised:
        advertised_listeners(Settings.of(given), {}, "")
    assert said in str(raised.value)


@pytest.mark.parametrize(("text", "pair"), [("a:1", ("a", 1)), (":0", ("", 0)), (" [::1]:65535 ", ("::1", 65535))])
def test_host_port(text: str, pair: tuple[str, int]) -> None:
    assert parse_host_port(text) == pair


@pytest.mark.parametrize("text", ["", "a", "a:", "a:b", "a:65536", "::1:1", "[x]:1", "a:1:2", "a:-1", "http://a:1"])
def test_not_host_port(text: str) -> None:
    with pytest.raises(ValueError, match="is not host:port"):
        parse_host_port(text)


def test_a_mistake_in_the_addresses_of_the_quorum_is_named() -> None:
    settings = Settings.of({"controller.quorum.bootstrap.servers": "a:1,b"})
    with pytest.raises(SettingsError, match="'b' is not host:port"):
        bootstrap_servers(settings, "CONTROLLER")
