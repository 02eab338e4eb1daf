"""Settings that are legal one by one, and no node can run with."""

from __future__ import annotations

import pytest

from barnabas.server.node_checks import Role, check_node
from barnabas.server.settings import Settings, SettingsError

BROKER = {
    "process.roles": "broker",
    "node.id": 1,
    "listeners": "PLAINTEXT://127.0.0.1:9092",
    "controller.listener.names": "CONTROLLER",
    "controller.quorum.bootstrap.servers": "127.0.0.1:9093",
}
CONTROLLER = {**BROKER, "process.roles": "controller", "listeners": "CONTROLLER://127.0.0.1:9093"}


def mistakes(role: Role, values: dict[str, object], **changes: object) -> list[str]:
    given = {**values, **{name.replace("_", "."): value for name, value in changes.items()}}
    try:
        check_node(Settings.of({name: value for name, value in given.items() if value is not None}), role)
    except SettingsError as error:
        return error.mistakes
    return []


def test_what_nodes_run_with() -> None:
    assert mistakes("broker", {**BROKER}) == []
    assert mistakes("controller", {**CONTROLLER}) == []
    voters = "101@127.0.0.1:9093"
    assert (
        mistakes("broker", {**BROKER, "controller.quorum.voters": voters}, controller_quorum_bootstrap_servers=None)
        == []
    )


@pytest.mark.parametrize(
    ("changes", "mistake"),
    [
        ({"process_roles": "controller"}, "process.roles must be broker, the role of this process, and not controller"),
        (
            {"process_roles": "broker,controller"},
            "process.roles must be broker, the role of this process, and not brok",
        ),
        ({"process_roles": None}, "process.roles must be broker, the role of this process, and not nothing"),
        ({"node_id": None}, "node.id is required and is not set"),
        ({"listeners": "SSL://127.0.0.1:9092"}, "listeners: SSL is SSL, which Barnabas does not serve yet"),
        ({"listeners": "PLAINTEXT://0.0.0.0:9092"}, "listeners: PLAINTEXT://0.0.0.0:9092 reaches nobody"),
        ({"listeners": "CONTROLLER://127.0.0.1:9092"}, "listeners: CONTROLLER is a controller's"),
        ({"inter_broker_listener_name": "INNER"}, "listeners: none is called INNER (inter.broker.listener.name)"),
        ({"controller_listener_names": None}, "controller.listener.names is required and is not set"),
        ({"controller_quorum_bootstrap_servers": None}, "controller.quorum.bootstrap.servers is required and is not"),
        ({"controller_quorum_bootstrap_servers": "h"}, "controller.quorum.bootstrap.servers: 'h' is not host:port"),
    ],
)
def test_each_mistake_is_a_line(changes: dict[str, object], mistake: str) -> None:
    [line] = mistakes("broker", {**BROKER}, **changes)
    assert mistake in line


def test_all_mistakes_are_told_at_once() -> None:
    assert mistakes("controller", {}) == [
        "settings: process.roles must be controller, the role of this process, and not nothing",
        "node.id is required and is not set",
        "controller.listener.names is required and is not set",
        "controller.quorum.bootstrap.servers is required and is not set",
    ]
    [line] = mistakes("controller", {**CONTROLLER}, listeners="PLAINTEXT://:9092")
    assert line == "settings: listeners: none is called CONTROLLER (controller.listener.names)"
