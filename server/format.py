"""Preparing a node's directories (`barnabas format`): who they belong to, and who votes in a new cluster.

Every log directory gets a `meta.properties` with an id of its own. A controller of a new cluster besides gets the
first voter set, as the metadata log's checkpoint `0-0`. A voter is its directory: one whose disk was lost must not
come back under the same id, because it has forgotten its votes and what it promised to keep, and committed records
could be lost (KAFKA-14077). So what is formatted is never formatted again, directory ids are new unless the first voter
set names them, and where a quorum is running already nobody becomes a first voter any more
(`refuse_to_revive_a_voter`).
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import trio

from barnabas.client.connection import ConnectionLost, connect
from barnabas.net.addresses import parse_host_port
from barnabas.net.transport import Network
from barnabas.protocol.errors import ErrorCode, WireError
from barnabas.protocol.messages.describe_quorum import DescribeQuorumRequest, DescribeQuorumResponse
from barnabas.protocol.types import ZERO_UUID, parse_uuid, uuid_text
from barnabas.raft.voters import Endpoint, ReplicaKey, Voter, VoterSet
from barnabas.server.endpoints import controller_listener_names, listeners
from barnabas.server.failure import NodeFailure
from barnabas.server.metadata_log import METADATA_FOLDER, first_checkpoint
from barnabas.server.quorum_config import bootstrap_servers
from barnabas.server.settings import Settings
from barnabas.storage.checkpoint import META_PROPERTIES, CorruptCheckpoint, MetaProperties
from barnabas.storage.disk import Disk, RealDisk, StorageError

_PROBE_SECONDS: Final = 2.0
_METADATA_TOPIC: Final = "__cluster_metadata"


@dataclass(frozen=True, slots=True)
class Formatted:
    """What was done: each directory with its id, and whether it is new."""

    directories: Sequence[tuple[str, bytes, bool]]

    @property
    def lines(self) -> list[str]:
        """For people."""
        return [
            f"{path}: {'formatted' if new else 'was formatted before'}, directory id {uuid_text(directory_id)}"
            for path, directory_id, new in self.directories
        ]


def log_directories(settings: Settings) -> list[str]:
    """The directories of a node's logs, the one of the metadata log first."""
    directories = [path.strip() for path in settings.list("log.dirs") or settings.list("log.dir")]
    metadata = settings.optional_str("metadata.log.dir")
    first = metadata or directories[0]
    return [first, *(path for path in directories if path != first)]


def parse_initial_controllers(text: str, listener: str) -> VoterSet:
    """`id@host:port:directory-id,...` as Kafka has it. NodeFailure for anything else."""
    voters = []
    for entry in filter(None, (part.strip() for part in text.split(","))):
        node_id, at, rest = entry.partition("@")
        address, colon, directory = rest.rpartition(":")
        try:
            if not at or not colon or int(node_id) < 0:
                raise ValueError("a part is missing")
            host, port = parse_host_port(address)
            directory_id = parse_uuid(directory)
        except ValueError as error:
            raise NodeFailure(f"--initial-controllers: {entry!r} is not id@host:port:directory-id ({error})") from None
        voters.append(Voter(ReplicaKey(int(node_id), directory_id), (Endpoint(listener, host, port),)))
    if not voters:
        raise NodeFailure("--initial-controllers: names no controller")
    try:
        return VoterSet(tuple(voters))
    except ValueError as error:
        raise NodeFailure(f"--initial-controllers: {error}") from None


def standalone_voters(settings: Settings, directory_id: bytes) -> VoterSet:
    """The voter set of a cluster whose only controller is this node, where it listens by its settings."""
    name = controller_listener(settings)
    endpoint = next((endpoint for endpoint in listeners(settings) if endpoint.name == name), None)
    if endpoint is None:
        raise NodeFailure(f"--standalone: no listener is called {name} (controller.listener.names)")
    here = Endpoint(name, endpoint.host or "localhost", endpoint.port)
    return VoterSet((Voter(ReplicaKey(settings.int("node.id"), directory_id), (here,)),))


def controller_listener(settings: Settings) -> str:
    """The name of the listener through which controllers reach each other."""
    names = controller_listener_names(settings)
    if not names:
        raise NodeFailure("controller.listener.names is not set")
    return names[0]


def format_directory(
    settings: Settings,
    *,
    cluster_id: str,
    new_uuid: Callable[[], bytes],
    standalone: bool = False,
    initial_controllers: VoterSet | None = None,
    no_initial_controllers: bool = False,
    ignore_formatted: bool = False,
    disk: Callable[[str], Disk] = RealDisk,
) -> Formatted:
    """Format all directories of a node. Blocks on the disk. NodeFailure says why not; nothing has been changed then.

    For a controller, one of `standalone`, `initial_controllers` and `no_initial_controllers` is needed; the last is
    for one that joins a cluster later. With `ignore_formatted`, what is formatted for this node already is left alone.
    """
    node_id = settings.int("node.id")
    is_controller = "controller" in settings.list("process.roles")
    _check_choice(is_controller, standalone, initial_controllers is not None, no_initial_controllers)
    disks = [disk(path) for path in log_directories(settings)]
    owners = [_owner(each) for each in disks]
    for each, owner in zip(disks, owners, strict=True):
        _check_owner(each, owner, cluster_id, node_id, ignore_formatted=ignore_formatted)
    ids = [new_uuid() if owner is None else owner.directory_id for owner in owners]
    is_new_voter = owners[0] is None and is_controller and not no_initial_controllers
    checkpoint = None
    if is_new_voter:
        voters = standalone_voters(settings, ids[0]) if initial_controllers is None else initial_controllers
        own = voters.get(node_id)
        if own is None:
            raise NodeFailure(f"--initial-controllers: does not name this node, {node_id}")
        ids[0] = own.key.directory_id
        checkpoint = first_checkpoint(voters)
    try:
        for each, owner, directory_id in zip(disks, owners, ids, strict=True):
            if owner is None:
                first = checkpoint if each is disks[0] else None
                _format(each, MetaProperties(cluster_id, node_id, directory_id), first)
    except StorageError as error:
        raise NodeFailure(f"cannot format: {error}") from None
    new = [owner is None for owner in owners]
    return Formatted(list(zip([each.directory for each in disks], ids, new, strict=True)))


def _check_choice(is_controller: bool, *choices: bool) -> None:
    if is_controller and sum(choices) != 1:
        raise NodeFailure("a controller needs one of --standalone, --initial-controllers and --no-initial-controllers")
    if not is_controller and any(choices[:2]):
        raise NodeFailure("--standalone and --initial-controllers are for controllers (process.roles)")


def _owner(disk: Disk) -> MetaProperties | None:
    try:
        data = disk.read_file(META_PROPERTIES)
        if data is not None:
            return MetaProperties.from_file(data)
        if disk.scan(METADATA_FOLDER):
            raise NodeFailure(
                f"{disk.directory} has a metadata log but no {META_PROPERTIES}: it is not formatted over; "
                "restore the file, or remove the directory if its data may go"
            )
    except CorruptCheckpoint as error:
        raise NodeFailure(f"{disk.directory}/{META_PROPERTIES} is damaged: {error}") from None
    except StorageError as error:
        raise NodeFailure(f"cannot format: {error}") from None
    return None


def _check_owner(
    disk: Disk, owner: MetaProperties | None, cluster_id: str, node_id: int, *, ignore_formatted: bool
) -> None:
    if owner is None:
        return
    if owner.cluster_id != cluster_id or owner.node_id != node_id:
        raise NodeFailure(
            f"{disk.directory} belongs to node {owner.node_id} of cluster {owner.cluster_id}, "
            f"not to node {node_id} of cluster {cluster_id}"
        )
    if not ignore_formatted:
        raise NodeFailure(
            f"{disk.directory} is formatted already; --ignore-formatted leaves it as it is and formats the others"
        )


def _format(disk: Disk, owner: MetaProperties, checkpoint: tuple[str, bytes] | None) -> None:
    """`meta.properties` comes last: what was interrupted before counts as not formatted."""
    disk.make_directory("")
    if checkpoint is not None:
        name, content = checkpoint
        disk.make_directory(METADATA_FOLDER)
        disk.write_file(f"{METADATA_FOLDER}/{name}", content)
    disk.write_file(META_PROPERTIES, owner.to_file())


async def refuse_to_revive_a_voter(network: Network, settings: Settings) -> None:
    """Raise NodeFailure when this node is to become a first voter of a cluster whose quorum is running.

    Asks the quorum's bootstrap servers; those that do not answer in two seconds count as not running, as they are
    when a cluster is made.
    """
    reasons: list[str] = []
    async with trio.open_nursery() as nursery:
        for server in bootstrap_servers(settings, listener=""):
            nursery.start_soon(_look_for_quorum, network, server, settings.int("node.id"), reasons)
    if reasons:
        raise NodeFailure(reasons[0])


async def _look_for_quorum(network: Network, server: Endpoint, node_id: int, reasons: list[str]) -> None:
    partition = None
    with trio.move_on_after(_PROBE_SECONDS):
        async with trio.open_nursery() as nursery:
            with contextlib.suppress(ConnectionLost, WireError):  # nobody there, or nobody who knows a quorum
                partition = await _describe_quorum(network, server, nursery)
            nursery.cancel_scope.cancel()
    if partition is None or partition.leader_id < 0:
        return
    own = next((voter for voter in partition.current_voters if voter.replica_id == node_id), None)
    if own is not None:
        directory = own.replica_directory_id
        reasons.append(
            f"node {node_id} is a voter of the quorum that runs at {server} (leader {partition.leader_id}, "
            f"committed up to offset {partition.high_watermark}"
            + ("" if directory == ZERO_UUID else f", directory id {uuid_text(directory)}")
            + "); formatted anew it would vote without what it had promised to keep. "
            "If its disk is lost, format it with --no-initial-controllers"
        )


async def _describe_quorum(
    network: Network, server: Endpoint, nursery: trio.Nursery
) -> DescribeQuorumResponse.PartitionData | None:
    connection = await connect(
        network, server.host, server.port, "format", nursery=nursery, connect_timeout=_PROBE_SECONDS
    )
    topic = DescribeQuorumRequest.TopicData(
        topic_name=_METADATA_TOPIC, partitions=[DescribeQuorumRequest.PartitionData(partition_index=0)]
    )
    response = await connection.request(DescribeQuorumRequest(topics=[topic]))
    assert isinstance(response, DescribeQuorumResponse)
    if response.error_code or not response.topics or not response.topics[0].partitions:
        return None
    partition = response.topics[0].partitions[0]
    return partition if partition.error_code == ErrorCode.NONE else None
