"""Where a node listens and what it tells others: `listeners`, `advertised.listeners` and what goes with them, in
Kafka's notation.

A listener has a name; `listener.security.protocol.map` says which security protocol the name stands for. Only
PLAINTEXT is served so far.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from barnabas.net.addresses import host_port_text, parse_host_port
from barnabas.server.settings import Settings, SettingsError

_PROTOCOLS: Final = ("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL")
"""In the order of their numbers."""
_SERVED: Final = ("PLAINTEXT",)


@dataclass(slots=True, frozen=True)
class Endpoint:
    """A listener's name, host and port. The host may be "" (every interface); port 0 stands for any free one."""

    name: str
    host: str
    port: int
    protocol: str = "PLAINTEXT"

    def __str__(self) -> str:
        return f"{self.name}://{host_port_text(self.host, self.port)}"

    @property
    def security_protocol(self) -> int:
        """The protocol's number, as registrations have it."""
        return _PROTOCOLS.index(self.protocol)


def http_address(settings: Settings) -> str | None:
    """Where a node serves HTTP; None when `http.listener` is `none`."""
    address = settings.str("http.listener").strip()
    return None if address.lower() in ("", "none") else address


def listeners(settings: Settings) -> list[Endpoint]:
    """What the node listens on. SettingsError for anything that it cannot serve."""
    protocols = _protocol_map(settings)
    found = _endpoints(settings, "listeners")
    ports = [endpoint.port for endpoint in found if endpoint.port]
    _require(settings, "listeners", bool(found), "is empty")
    _require(settings, "listeners", len(set(ports)) == len(ports), "two listeners have the same port")
    for endpoint in found:
        protocol = protocols.get(endpoint.name)
        if protocol is None:
            raise _mistake(settings, "listeners", f"{endpoint.name} is not in listener.security.protocol.map")
        if protocol not in _SERVED:
            raise _mistake(settings, "listeners", f"{endpoint.name} is {protocol}, which Barnabas does not serve yet")
    return [replace(endpoint, protocol=protocols[endpoint.name]) for endpoint in found]


def advertised_listeners(settings: Settings, bound: Mapping[str, int], host_name: str) -> list[Endpoint]:
    """What is told to others: `advertised.listeners`, else `listeners`.

    `bound` has the ports that were bound, by listener name: they replace port 0, also where 0 is advertised. An empty
    host becomes `host_name`.
    """
    base = {endpoint.name: endpoint for endpoint in listeners(settings)}
    explicit = settings.is_set("advertised.listeners")
    name = "advertised.listeners" if explicit else "listeners"
    found: list[Endpoint] = []
    for endpoint in _endpoints(settings, name):
        if endpoint.name not in base:
            raise _mistake(settings, name, f"{endpoint.name} is not one of listeners")
        if endpoint.host in ("0.0.0.0", "::"):
            text = f"{endpoint} reaches nobody; name a host that clients can reach in advertised.listeners"
            raise _mistake(settings, name, text)
        port = endpoint.port or bound.get(endpoint.name, 0)
        found.append(replace(base[endpoint.name], host=endpoint.host or host_name, port=port))
    return found


def controller_listener_names(settings: Settings) -> list[str]:
    """The names of the controllers' listeners, in order of preference."""
    return [name.upper() for name in settings.list("controller.listener.names")]


def inter_broker_listener(settings: Settings) -> str:
    """The name of the listener through which brokers reach each other."""
    name = settings.optional_str("inter.broker.listener.name")
    return (name or settings.str("security.inter.broker.protocol")).upper()


def _endpoints(settings: Settings, setting: str) -> list[Endpoint]:
    found: list[Endpoint] = []
    for text in settings.list(setting):
        name, separator, address = text.partition("://")
        try:
            host, port = parse_host_port(address)
        except ValueError:
            host, port, separator = "", 0, ""
        if not name.strip() or not separator:
            raise _mistake(settings, setting, f"{text!r} is not NAME://host:port")
        found.append(Endpoint(name.strip().upper(), host, port))
    names = [endpoint.name for endpoint in found]
    _require(settings, setting, len(set(names)) == len(names), "two listeners have the same name")
    return found


def _protocol_map(settings: Settings) -> dict[str, str]:
    """Listener name -> security protocol.

    Unless a map is given, controllers' listeners are PLAINTEXT whatever they are called.
    """
    name = "listener.security.protocol.map"
    found: dict[str, str] = {}
    if not settings.is_set(name):
        found = dict.fromkeys(controller_listener_names(settings), "PLAINTEXT")
    for entry in settings.str(name).split(","):
        listener, separator, protocol = (part.strip().upper() for part in entry.partition(":"))
        if not separator or not listener or protocol not in _PROTOCOLS:
            raise _mistake(
                settings, name, f"{entry.strip()!r} is not NAME:PROTOCOL with one of {', '.join(_PROTOCOLS)}"
            )
        found[listener] = protocol
    return found


def _require(settings: Settings, name: str, condition: bool, reason: str) -> None:
    if not condition:
        raise _mistake(settings, name, reason)


def _mistake(settings: Settings, name: str, reason: str) -> SettingsError:
    return SettingsError([f"{settings.place(name)}: {name}: {reason}"])
