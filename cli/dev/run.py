"""What `barnabas dev` does, apart from its options: prepare the directories, import once, supervise."""

from __future__ import annotations

import os

from barnabas.cli.dev.layout import Layout, LayoutError, NodeSpec
from barnabas.cli.dev.screen import Screen
from barnabas.cli.dev.supervisor import Supervisor
from barnabas.cli.node import preload, run_node
from barnabas.raft.voters import Endpoint, ReplicaKey, Voter, VoterSet
from barnabas.server.failure import NodeFailure
from barnabas.server.format import format_directory
from barnabas.server.settings import Settings

UUID_BYTES = 16


def run(layout: Layout, *, restart: bool) -> int:
    """Run the cluster until a signal; the exit code.

    Raises:
        LayoutError: the directory cannot be used as asked.
    """
    layout.directory.mkdir(parents=True, exist_ok=True)
    screen = Screen()
    supervisor = Supervisor(layout, _run_child, restart=restart, report=screen.report)
    with supervisor.opened():
        prepare(layout)
        preload()
        screen.open()
        try:
            return supervisor.run(lambda: screen.refresh(supervisor))
        finally:
            screen.close()


def prepare(layout: Layout) -> None:
    """Write the configuration files, and format what is not formatted.

    A controller's directory that has been formatted once is not formatted again, also when it is gone: a voter that
    forgot its votes would put committed metadata at risk (KAFKA-14077). A broker that lost its disk comes back empty.
    """
    identity = layout.remember(lambda: os.urandom(UUID_BYTES))
    layout.write_properties()
    voters = VoterSet(
        tuple(
            Voter(ReplicaKey(node.id, identity.voters[node.id]), (Endpoint("CONTROLLER", "127.0.0.1", node.port),))
            for node in layout.of("controller")
        )
    )
    for node in layout.nodes:
        is_voter = node.role == "controller"
        if is_voter and identity.formatted:
            continue
        settings = Settings.load(node.config_file, overrides=layout.overrides)
        try:
            format_directory(
                settings,
                cluster_id=identity.cluster_id,
                new_uuid=lambda: os.urandom(UUID_BYTES),
                initial_controllers=voters if is_voter else None,
                ignore_formatted=True,
            )
        except NodeFailure as error:
            raise LayoutError(f"{node.name}: {error}") from None
    if not identity.formatted:
        layout.remember_formatted()


def _run_child(node: NodeSpec, overrides: tuple[str, ...], life: int) -> int:
    return run_node(node.role, node.config_file, overrides, life=life)
