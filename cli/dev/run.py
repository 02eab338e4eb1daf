"""What `barnabas dev` does, apart from its options: prepare the directories, import once, supervise."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from barnabas.cli.dev.layout import HOST, Layout, LayoutError, NodeSpec
from barnabas.cli.dev.screen import Screen
from barnabas.cli.dev.supervisor import Supervisor
from barnabas.cli.node import preload, run_node
from barnabas.raft.voters import Endpoint, ReplicaKey, Voter, VoterSet
from barnabas.server.failure import NodeFailure
from barnabas.server.format import format_directory
from barnabas.server.settings import Settings
from barnabas.storage.checkpoint import META_PROPERTIES

UUID_BYTES = 16


def run(layout: Layout, *, restart: bool) -> None:
    """Run the cluster until a signal stops it.

    Raises:
        LayoutError: the directory cannot be used as asked.
        SettingsError: an override is a mistake.
        NodeDidNotStart: a node ended before all were ready.
    """
    layout.directory.mkdir(parents=True, exist_ok=True)
    screen = Screen()
    supervisor = Supervisor(layout, partial(_run_child, layout.overrides), restart=restart, report=screen.report)
    with supervisor.opened():
        prepare(layout)
        preload()
        with screen.opened():
            supervisor.run(lambda: screen.refresh(supervisor))


def prepare(layout: Layout) -> None:
    """Write the configuration files, and format what is not formatted.

    A controller's directory that has been formatted once is not formatted again, also when it is gone: a voter that
    forgot its votes would put committed metadata at risk (KAFKA-14077). A broker that lost its disk comes back empty.

    Raises:
        LayoutError: the directory holds another cluster, or cannot be formatted.
        SettingsError: an override is a mistake.
    """
    identity = layout.remember(lambda: os.urandom(UUID_BYTES))
    if identity.formatted:
        _look_for_lost_voters(layout)
    layout.write_properties()
    voters = VoterSet(
        tuple(
            Voter(ReplicaKey(node.id, identity.voters[node.id]), (Endpoint("CONTROLLER", HOST, node.port),))
            for node in layout.of("controller")
        )
    )

    def format_node(node: NodeSpec) -> None:
        try:
            format_directory(
                Settings.load(node.config_file, overrides=layout.overrides),
                cluster_id=identity.cluster_id,
                new_uuid=lambda: os.urandom(UUID_BYTES),
                initial_controllers=voters if node.role == "controller" else None,
                ignore_formatted=True,
            )
        except NodeFailure as error:
            raise LayoutError(f"{node.name}: {error}") from None

    to_format = layout.of("broker") if identity.formatted else layout.nodes
    # Nearly all of it is waiting for the disk. The threads are gone before anything is forked.
    with ThreadPoolExecutor(len(to_format)) as threads:
        list(threads.map(format_node, to_format))
    if not identity.formatted:
        layout.remember_formatted()


def _look_for_lost_voters(layout: Layout) -> None:
    for node in layout.of("controller"):
        if not (node.data_directory / META_PROPERTIES).exists():
            raise LayoutError(
                f"{node.name} has lost its directory {node.data_directory}: as a voter of the metadata quorum it must "
                "not come back without what it had promised to keep; put the directory back, or choose another --dir"
            )


def _run_child(overrides: tuple[str, ...], node: NodeSpec, channel: int) -> int:
    return run_node(node.role, node.config_file, overrides, channel=channel)
