"""What settings of a node must be to each other, looked at before anything is touched: every mistake at once.

What one setting may be by itself is `settings` and `definitions`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from barnabas.server.endpoints import (
    advertised_listeners,
    controller_listener_names,
    inter_broker_listener,
    listeners,
)
from barnabas.server.quorum_config import bootstrap_servers
from barnabas.server.settings import Settings, SettingsError

Role = Literal["broker", "controller"]


def check_node(settings: Settings, role: Role) -> None:
    """SettingsError names every reason why a node of this role cannot run with these settings."""
    checks: list[Callable[[], object]] = [
        lambda: _check_role(settings, role),
        lambda: settings.int("node.id"),
        lambda: advertised_listeners(settings, {}, "localhost"),
        lambda: _check_listeners(settings, role),
        lambda: _check_controllers(settings),
        lambda: _check_quorum(settings),
    ]
    mistakes: list[str] = []
    for check in checks:
        try:
            check()
        except SettingsError as error:
            mistakes += error.mistakes
    if mistakes:
        raise SettingsError(list(dict.fromkeys(mistakes)))


def _check_role(settings: Settings, role: Role) -> None:
    roles = settings.list("process.roles")
    if roles != [role]:
        place, given = settings.place("process.roles"), ",".join(roles) or "nothing"
        raise SettingsError([f"{place}: process.roles must be {role}, the role of this process, and not {given}"])


def _check_listeners(settings: Settings, role: Role) -> None:
    """A node must listen where the others of its kind expect it."""
    names = [endpoint.name for endpoint in listeners(settings)]
    place = settings.place("listeners")
    if role == "broker":
        wanted, setting = inter_broker_listener(settings), "inter.broker.listener.name"
        others = [name for name in controller_listener_names(settings) if name in names]
        if others:
            raise SettingsError([f"{place}: listeners: {others[0]} is a controller's (controller.listener.names)"])
    else:
        wanted, setting = next(iter(controller_listener_names(settings)), ""), "controller.listener.names"
    if wanted and wanted not in names:
        raise SettingsError([f"{place}: listeners: none is called {wanted} ({setting})"])


def _check_controllers(settings: Settings) -> None:
    if not controller_listener_names(settings):
        raise SettingsError(["controller.listener.names is required and is not set"])


def _check_quorum(settings: Settings) -> None:
    if not bootstrap_servers(settings, listener=""):
        raise SettingsError(["controller.quorum.bootstrap.servers is required and is not set"])
