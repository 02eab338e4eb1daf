"""What the quorum takes from a node's settings."""

from __future__ import annotations

from barnabas.net.addresses import parse_host_port
from barnabas.raft.config import RaftConfig
from barnabas.raft.voters import Endpoint
from barnabas.server.settings import Settings, SettingsError
from barnabas.storage.config import LogConfig


def raft_config(settings: Settings) -> RaftConfig:
    """The time limits (`controller.quorum.*`)."""
    return RaftConfig(
        election_timeout=settings.int("controller.quorum.election.timeout.ms") / 1000,
        fetch_timeout=settings.int("controller.quorum.fetch.timeout.ms") / 1000,
        backoff_max=settings.int("controller.quorum.election.backoff.max.ms") / 1000,
        request_timeout=settings.int("controller.quorum.request.timeout.ms") / 1000,
        retry_backoff=settings.int("controller.quorum.retry.backoff.ms") / 1000,
    )


def bootstrap_servers(settings: Settings, listener: str) -> tuple[Endpoint, ...]:
    """Where to ask for the leader: `controller.quorum.bootstrap.servers`, else the hosts in `controller.quorum.voters`.

    `listener` is the name of the controllers' listener. SettingsError names every address that is none.
    """
    name = "controller.quorum.bootstrap.servers"
    addresses = settings.list(name)
    if not addresses:
        name = "controller.quorum.voters"
        addresses = [entry.partition("@")[2] for entry in settings.list(name)]
    found: list[Endpoint] = []
    mistakes: list[str] = []
    for address in addresses:
        try:
            found.append(Endpoint(listener, *parse_host_port(address)))
        except ValueError as error:
            mistakes.append(f"{settings.place(name)}: {name}: {error}")
    if mistakes:
        raise SettingsError(mistakes)
    return tuple(found)


def metadata_log_config(settings: Settings) -> LogConfig:
    """The metadata log is rolled as configured, and kept whole."""
    return LogConfig(
        segment_bytes=settings.int("metadata.log.segment.bytes"),
        segment_ms=settings.int("metadata.log.segment.ms"),
        retention_ms=-1,
        retention_bytes=-1,
    )
