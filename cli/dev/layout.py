"""Where a development cluster keeps its files, and what `cluster.json` says of it.

Brokers are numbered from 1 and listen on the base port, +1, ...; controllers are numbered from 101 and listen on
the base port + 100, ...; HTTP is another 200 above each. The addresses of the controllers are part of the
metadata log, so a directory keeps the shape and the ports it was made with.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from barnabas.protocol.types import parse_uuid, uuid_text

Role = Literal["broker", "controller"]

HOST = "127.0.0.1"
CONTROLLER_OFFSET = 100
HTTP_OFFSET = 200
MAX_NODES = 100


class LayoutError(Exception):
    """The directory or the options do not describe a cluster that can run; the text says what to do."""


@dataclass(frozen=True, slots=True)
class NodeSpec:
    """One node: its identity, its addresses (host:port) and its files."""

    id: int
    role: Role
    port: int
    directory: Path

    @property
    def name(self) -> str:
        return f"{self.role}-{self.id}"

    @property
    def listener(self) -> str:
        return f"{HOST}:{self.port}"

    @property
    def http_port(self) -> int:
        return self.port + HTTP_OFFSET

    @property
    def http(self) -> str:
        return f"{HOST}:{self.http_port}"

    @property
    def config_file(self) -> Path:
        return self.directory / f"{self.role}.properties"

    @property
    def data_directory(self) -> Path:
        return self.directory / "data"

    @property
    def log_file(self) -> Path:
        return self.directory / f"{self.name}.log"


@dataclass(frozen=True, slots=True)
class Identity:
    """What makes the cluster this one: its id, the controllers' directory ids, and whether all were formatted once."""

    cluster_id: str
    voters: dict[int, bytes]
    formatted: bool


@dataclass(frozen=True, slots=True)
class Layout:
    """A cluster under `directory`: what `barnabas dev` was asked for."""

    directory: Path
    controllers: int = 3
    brokers: int = 3
    base_port: int = 9092
    overrides: tuple[str, ...] = ()
    nodes: tuple[NodeSpec, ...] = field(init=False)

    def __post_init__(self) -> None:
        if not 1 <= self.controllers < MAX_NODES or not 1 <= self.brokers < MAX_NODES:
            raise LayoutError(f"a cluster has 1 to {MAX_NODES - 1} controllers and as many brokers")
        highest = self.base_port + CONTROLLER_OFFSET + HTTP_OFFSET + self.controllers
        if self.base_port < 1 or highest > 65535:
            raise LayoutError(f"base port {self.base_port} does not leave room for ports up to base port + 300")
        specs = [self._spec("controller", i) for i in range(self.controllers)]
        specs += [self._spec("broker", i) for i in range(self.brokers)]
        object.__setattr__(self, "nodes", tuple(specs))

    def _spec(self, role: Role, index: int) -> NodeSpec:
        offset = CONTROLLER_OFFSET if role == "controller" else 0
        node_id = offset + index + 1
        return NodeSpec(node_id, role, self.base_port + offset + index, self.directory / f"{role}-{node_id}")

    def of(self, role: Role) -> list[NodeSpec]:
        """The nodes of one role, in order of their ids."""
        return [node for node in self.nodes if node.role == role]

    @property
    def bootstrap(self) -> str:
        """Addresses of all brokers, as `bootstrap.servers` wants them."""
        return ",".join(node.listener for node in self.of("broker"))

    @property
    def cluster_file(self) -> Path:
        return self.directory / "cluster.json"

    @property
    def identity_file(self) -> Path:
        return self.directory / "dev.json"

    def properties(self, node: NodeSpec) -> dict[str, str]:
        """The node's configuration under Kafka's names."""
        replicas = min(3, self.brokers)
        protocol_map = "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT"
        shared = {
            "process.roles": node.role,
            "node.id": str(node.id),
            "controller.listener.names": "CONTROLLER",
            "controller.quorum.bootstrap.servers": ",".join(c.listener for c in self.of("controller")),
            "listener.security.protocol.map": protocol_map,
            "http.listener": node.http,
            "log.dirs": str(node.data_directory),
            "default.replication.factor": str(replicas),
            "min.insync.replicas": str(max(1, replicas - 1)),
        }
        if node.role == "controller":
            return {**shared, "listeners": f"CONTROLLER://{node.listener}"}
        return {
            **shared,
            "listeners": f"PLAINTEXT://{node.listener}",
            "offsets.topic.replication.factor": str(replicas),
            "transaction.state.log.replication.factor": str(replicas),
            "transaction.state.log.min.isr": str(max(1, replicas - 1)),
            "group.initial.rebalance.delay.ms": "0",
        }

    def write_properties(self) -> None:
        """Write every node's configuration file; the files are made anew at each start."""
        for node in self.nodes:
            node.directory.mkdir(parents=True, exist_ok=True)
            lines = [f"# {node.name} of the development cluster; written at each start of `barnabas dev`"]
            lines += [f"{name}={value}" for name, value in self.properties(node).items()]
            _write(node.config_file, "\n".join(lines) + "\n")

    def remember(self, new_uuid: Callable[[], bytes]) -> Identity:
        """The cluster's identity, kept in the directory; made up by `new_uuid` when the directory is new.

        Raises:
            LayoutError: the directory holds a cluster of another shape or of other ports.
        """
        shape = {"controllers": self.controllers, "brokers": self.brokers, "base_port": self.base_port}
        try:
            kept = json.loads(self.identity_file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            voters = {str(node.id): uuid_text(new_uuid()) for node in self.of("controller")}
            kept = {"shape": shape, "cluster_id": uuid_text(new_uuid()), "voters": voters, "formatted": False}
            self.directory.mkdir(parents=True, exist_ok=True)
            _write(self.identity_file, json.dumps(kept) + "\n")
        if kept["shape"] != shape:
            was = kept["shape"]
            raise LayoutError(
                f"{self.directory} holds a cluster made with --controllers {was['controllers']} "
                f"--brokers {was['brokers']} --base-port {was['base_port']}; start it so, or choose another --dir"
            )
        directories = {int(node): parse_uuid(text) for node, text in kept["voters"].items()}
        return Identity(kept["cluster_id"], directories, kept["formatted"])

    def remember_formatted(self) -> None:
        """From now on a controller's directory is never formatted again: a voter that lost it must not vote."""
        kept = json.loads(self.identity_file.read_text(encoding="utf-8"))
        _write(self.identity_file, json.dumps({**kept, "formatted": True}) + "\n")

    def write_cluster_file(self, pids: dict[int, int | None]) -> None:
        """Write cluster.json; `pids` maps node ids to process ids (None: not running)."""
        nodes = [
            {
                "id": node.id,
                "role": node.role,
                "pid": pids.get(node.id),
                "listener": node.listener,
                "http": node.http,
                "dir": str(node.data_directory),
                "log": str(node.log_file),
            }
            for node in self.nodes
        ]
        _write(self.cluster_file, json.dumps({"bootstrap": self.bootstrap, "nodes": nodes}, indent=1) + "\n")


def _write(path: Path, text: str) -> None:
    """Replace a file whole, so that a reader never sees half of it."""
    scratch = path.with_name(path.name + ".tmp")
    scratch.write_text(text, encoding="utf-8")
    os.replace(scratch, path)
