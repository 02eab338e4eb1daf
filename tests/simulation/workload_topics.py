"""Clients that change topics and their settings, and describe them.

Each asks once, and writes down what it knows of the outcome: a client that asked again would not know what its first
attempt did.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any, Final

import trio
from tests.simulation.history_topics import NEVER, Answer, Description, Kind, Operation, Setting, Topic

from barnabas.client.admin import TOPIC, Admin
from barnabas.client.cluster import Cluster as ClientCluster
from barnabas.client.connection import ConnectionLost
from barnabas.client.errors import BrokerError, ClientError
from barnabas.protocol.errors import ErrorCode
from barnabas.protocol.messages.create_partitions import CreatePartitionsRequest, CreatePartitionsResponse
from barnabas.protocol.messages.create_topics import CreateTopicsRequest, CreateTopicsResponse
from barnabas.protocol.messages.delete_topics import DeleteTopicsRequest, DeleteTopicsResponse
from barnabas.protocol.messages.elect_leaders import ElectLeadersRequest, ElectLeadersResponse
from barnabas.protocol.messages.metadata import MetadataRequest, MetadataResponse
from barnabas.protocol.types import uuid_text

if TYPE_CHECKING:
    from tests.simulation.workload import Workload

_NAMES: Final = 3
_MOST_UNKNOWN: Final = 4
"""Operations of unknown outcome on one name, after which another name takes its place."""
_MOST_OPERATIONS: Final = 60
_TIMEOUT_MS: Final = 8000
_HARMLESS: Final = "delete.retention.ms"
_MIN_ISR: Final = "min.insync.replicas"

_ANSWERS: Final = {
    ErrorCode.NONE: Answer.DONE,
    ErrorCode.TOPIC_ALREADY_EXISTS: Answer.EXISTS,
    ErrorCode.INVALID_PARTITIONS: Answer.EXISTS,
    ErrorCode.UNKNOWN_TOPIC_OR_PARTITION: Answer.ABSENT,
    ErrorCode.INVALID_REPLICATION_FACTOR: Answer.REFUSED,
}
"""What an error code says; any other leaves it open whether something was done."""


# Topics that come and go


async def change_topics(world: Workload, number: int, name: str, rng: random.Random) -> None:
    """Creates, enlarges, describes and deletes a few topics over and over."""
    async with world.client(number, name) as client:
        while not world.stopping:
            await world.pause(rng, world.load.topic_pause)
            topic = _current_name(world, rng.randrange(_NAMES))
            (kind,) = rng.choices([Kind.CREATE, Kind.DELETE, Kind.GROW, Kind.DESCRIBE], [4, 3, 2, 3])
            if not client.view.nodes and not (await client.refresh()).nodes:
                continue  # whoever answered knows nobody yet
            node = rng.choice(list(client.view.nodes.values()))
            if kind is Kind.DESCRIBE:
                await _describe(world, client, node, name, topic)
            else:
                await _change(world, client, node, name, topic, kind, rng.randint(1, 3))


def _current_name(world: Workload, number: int) -> str:
    """Of a topic whose history can still be searched."""
    generation = 0
    while True:
        topic = f"fleeting-{number}-{generation}"
        those = [each for each in world.history.operations if each.name == topic]
        unknown = sum(each.answer is Answer.UNKNOWN for each in those)
        if unknown < _MOST_UNKNOWN and len(those) < _MOST_OPERATIONS:
            return topic
        generation += 1


async def _change(
    world: Workload, client: ClientCluster, node: Any, name: str, topic: str, kind: Kind, count: int
) -> None:
    began, position = trio.current_time(), len(world.history.operations)
    operation = Operation(name, topic, kind, began, partitions=0 if kind is Kind.DELETE else count)
    world.history.operations.append(operation)  # cancelled or not: it may have been done
    try:
        connection = await client.to(node)
        code, topic_id = await _ask(client, connection, topic, kind, count)
    except (ConnectionLost, ClientError) as error:
        client.view.forget_nodes(node.id)
        world.note(name, f"{kind.value} {topic}: {error}")
        return
    answer = _ANSWERS.get(ErrorCode.of(code), Answer.UNKNOWN)
    if answer is not Answer.UNKNOWN:
        known = Operation(name, topic, kind, began, trio.current_time(), answer, operation.partitions, topic_id)
        world.history.operations[position] = known
        world.note(name, f"{topic}: {known}")
        world.done(name)
    else:
        world.note(name, f"{kind.value} {topic}: {ErrorCode.of(code).name}")


async def _ask(client: ClientCluster, connection: Any, topic: str, kind: Kind, count: int) -> tuple[int, str]:
    """The error code, and the id of a topic that was created."""
    if kind is Kind.CREATE:
        new = CreateTopicsRequest.CreatableTopic(name=topic, num_partitions=count, replication_factor=count)
        request = CreateTopicsRequest(timeout_ms=_TIMEOUT_MS, topics=[new])
        created = (await client.request(connection, request, CreateTopicsResponse)).topics[0]
        return created.error_code, "" if created.error_code else uuid_text(created.topic_id)
    if kind is Kind.DELETE:
        gone = DeleteTopicsRequest.DeleteTopicState(name=topic)
        deletion = DeleteTopicsRequest(topics=[gone], topic_names=[topic], timeout_ms=_TIMEOUT_MS)
        return (await client.request(connection, deletion, DeleteTopicsResponse)).responses[0].error_code, ""
    larger = CreatePartitionsRequest.CreatePartitionsTopic(name=topic, count=count, assignments=None)
    growth = CreatePartitionsRequest(timeout_ms=_TIMEOUT_MS, topics=[larger])
    return (await client.request(connection, growth, CreatePartitionsResponse)).results[0].error_code, ""


async def _describe(world: Workload, client: ClientCluster, node: Any, name: str, topic: str) -> None:
    broker = world.cluster.brokers[node.id - 1]
    life = broker.lives
    try:
        found = await _look(client, node, topic)
    except (ConnectionLost, ClientError) as error:
        client.view.forget_nodes(node.id)
        world.note(name, f"describe {topic}: {error}")
        return
    if broker.lives == life and not isinstance(found, ErrorCode):
        world.history.descriptions.append(Description((node.id, life), topic, found, trio.current_time()))
        world.done(name)


async def _look(client: ClientCluster, node: Any, topic: str) -> Topic | ErrorCode | None:
    """The topic as the broker knows it; None if there is none."""
    request = MetadataRequest(
        topics=[MetadataRequest.MetadataRequestTopic(name=topic)], allow_auto_topic_creation=False
    )
    (found,) = (await client.request(await client.to(node), request, MetadataResponse)).topics
    if found.error_code == ErrorCode.UNKNOWN_TOPIC_OR_PARTITION:
        return None
    if found.error_code:
        return ErrorCode.of(found.error_code)
    return Topic(uuid_text(found.topic_id), len(found.partitions))


async def describe_all(world: Workload, client: ClientCluster) -> list[Operation]:
    """What every broker says of each topic, now that all know everything."""
    await client.refresh()
    described: list[Operation] = []
    for topic in dict.fromkeys(operation.name for operation in world.history.operations):
        for node in client.view.nodes.values():
            began, found = trio.current_time(), await _look(client, node, topic)
            now = trio.current_time()
            if isinstance(found, Topic):
                answer, count, topic_id = Answer.DONE, found.partitions, found.id
            else:
                answer, count, topic_id = Answer.ABSENT if found is None else Answer.UNKNOWN, 0, ""
            described.append(Operation(f"broker {node.id}", topic, Kind.DESCRIBE, began, now, answer, count, topic_id))
    return described


# Settings and leaders


async def change_settings(world: Workload, number: int, name: str, rng: random.Random) -> None:
    """Gives the topics that are always there other values: one that matters, and one that does not."""
    load = world.load
    least = int(load.topic_configs.get(_MIN_ISR, "1"))
    async with world.client(number, name) as client:
        admin = Admin(client)
        while not world.stopping:
            await world.pause(rng, load.topic_pause)
            topic = rng.choice(list(load.topics))
            setting, value = rng.choice(
                [(_MIN_ISR, str(rng.randint(least, load.replicas))), (_HARMLESS, str(rng.randint(1, 10**9)))]
            )
            position, began = len(world.history.settings), trio.current_time()
            world.history.settings.append(Setting(topic, setting, value, began, NEVER))
            outcome = (await admin.alter_configs(TOPIC, {topic: {setting: value}}))[topic]
            world.note(name, f"{setting} of {topic} is to be {value}: {outcome or 'done'}")
            if outcome is None:
                world.history.settings[position] = Setting(topic, setting, value, began, trio.current_time())
                world.done(name)


async def read_settings(world: Workload, client: ClientCluster) -> dict[tuple[str, str], str]:
    """What the settings are in the end, by topic and name."""
    found: dict[tuple[str, str], str] = {}
    for topic, values in (await Admin(client).describe_configs(TOPIC, world.load.topics)).items():
        if isinstance(values, BrokerError):
            raise values
        found.update(((topic, value.name), value.value or "") for value in values)
    return found


async def elect_leaders(world: Workload, number: int, name: str, rng: random.Random) -> None:
    """Has preferred leaders elected, while clients write and read."""
    async with world.client(number, name) as client:
        while not world.stopping:
            await world.pause(rng, world.load.topic_pause)
            topic, index = rng.choice(world.load.places)
            one = ElectLeadersRequest.TopicPartitions(topic=topic, partitions=[index])
            which = [one] if rng.random() < 0.7 else None
            request = ElectLeadersRequest(election_type=0, topic_partitions=which, timeout_ms=_TIMEOUT_MS)
            response = await client.ask(request, ElectLeadersResponse)
            world.note(name, f"preferred leaders of {which or 'all'}: {ErrorCode.of(response.error_code).name}")
            world.done(name)
