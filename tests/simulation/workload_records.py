"""Clients that write and read records."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any, Final

import trio
from tests.simulation.cluster import START_MS, Violation
from tests.simulation.history import Place, Send

from barnabas.client.admin import Admin
from barnabas.client.batcher import _Producer
from barnabas.client.cluster import Cluster as ClientCluster
from barnabas.client.connection import ConnectionLost
from barnabas.client.consumer import Consumer
from barnabas.client.errors import BrokerError, ClientError, UnreadableRecords
from barnabas.client.offsets import ListedOffset
from barnabas.client.producer import Producer, Receipt
from barnabas.protocol.errors import ErrorCode
from barnabas.protocol.messages.fetch import FetchRequest, FetchResponse
from barnabas.protocol.record_batch import CorruptRecords, iter_batches

if TYPE_CHECKING:
    from tests.simulation.workload import Workload

MOST_BYTES: Final = 4000
"""`max.message.bytes`"""

_PATIENCE: Final = 10.0
_HASTE: Final = 0.3
"""Seconds for an answer, after which a producer asks again."""
_LAST_SEQUENCE: Final = (1 << 31) - 1
_LAST_EPOCH: Final = (1 << 15) - 1
_DELIVERY_SECONDS: Final = 15.0
_UNDER_WAY: Final = 20
_PAUSE: Final = 0.5
_TOO_LARGE_CHANCE: Final = 0.005
_REFUSALS: Final = (ErrorCode.MESSAGE_TOO_LARGE, ErrorCode.RECORD_LIST_TOO_LARGE, ErrorCode.INVALID_RECORD)


# Writing


async def produce(world: Workload, number: int, name: str, rng: random.Random, place: Place) -> None:
    """Writes to one partition; now and then a record that is too large, which must be refused."""
    promise, sends = world.history.promises[name], world.history.sends[place]
    extremes, more_rng = world.load.extremes, random.Random(f"{world.cluster.seed}/{name}/extremes")
    async with (
        world.client(number, name, _HASTE if "hasty producers" in extremes else _PATIENCE) as client,
        Producer(
            client,
            acks="all" if promise.acks == -1 else 1,
            enable_idempotence=promise.idempotent,
            delivery_timeout=_DELIVERY_SECONDS,
        ) as producer,
        trio.open_nursery() as nursery,
    ):
        if "last sequences" in extremes:
            _begin_late(producer, more_rng)
        under_way = trio.Semaphore(_UNDER_WAY)
        while not world.stopping:
            await under_way.acquire()
            value = f"{name}:{len(sends)}"
            send = sends[value] = Send(trio.current_time(), world.oldest_epoch(place))
            is_too_large = rng.random() < _TOO_LARGE_CHANCE
            padding = more_rng.randrange(MOST_BYTES // 2) if "large batches" in extremes else 0
            try:
                receipt = await producer.send_soon(
                    place[0],
                    value.encode(),
                    headers=[("padding", bytes(MOST_BYTES if is_too_large else padding))]
                    if is_too_large or padding
                    else (),
                    partition=place[1],
                    timestamp=START_MS + int(trio.current_time() * 1000),
                )
            except ClientError as error:
                world.note(name, f"cannot send: {error}")
                under_way.release()
            else:
                nursery.start_soon(_await, world, name, place, value, send, receipt, under_way)
            if rng.random() < 1 / world.load.burst:
                await world.pause(rng, world.load.pause)
    world.producer_ended()


def _begin_late(producer: Producer[Any, Any], rng: random.Random) -> None:
    """Its first sequences are the last ones that there are, and its first epoch one of the last."""
    batcher: Any = producer._batcher
    given = batcher.set_producer_id

    def set_producer_id(producer_id: int, epoch: int) -> None:
        given(producer_id, epoch)
        for queue in batcher._queues.values():
            if queue.producer is None:
                queue.producer = _Producer(producer_id, _LAST_EPOCH - rng.randrange(3))
                queue.producer.sequence = _LAST_SEQUENCE - rng.randrange(30)

    batcher.set_producer_id = set_producer_id


async def _await(
    world: Workload, name: str, place: Place, value: str, send: Send, receipt: Receipt, under_way: trio.Semaphore
) -> None:
    try:
        metadata = await receipt.wait()
    except ClientError as error:
        send.ended_at = trio.current_time()
        send.is_refused = isinstance(error, BrokerError) and error.code in _REFUSALS
        world.history.failed += not send.is_refused
        world.note(name, f"{value} failed: {error}")
    else:
        send.ended_at = trio.current_time()
        send.offset = None if world.history.expects_nothing else metadata.offset
        world.done(name)
        world.note(name, f"{value} is at {place[0]}-{place[1]} {metadata.offset}")
    under_way.release()


# Reading


async def consume(world: Workload, number: int, name: str, rng: random.Random, topic: str) -> None:
    """Reads on from what it has seen, from all partitions of one topic."""
    seen = world.history.seen
    places = [(topic, index) for index in range(world.load.topics[topic])]
    await _read_on(world, number, name, {place: max(seen[place], default=-1) + 1 for place in places})


async def consume_from_anywhere(world: Workload, number: int, name: str, rng: random.Random) -> None:
    """Reads for a while, from anywhere in what was seen, then from somewhere else."""
    while not world.stopping:
        place = rng.choice(world.load.places)
        world.history.begins(name, place)
        with trio.move_on_after(rng.expovariate(1)):
            await _read_on(world, number, name, {place: rng.randint(0, len(world.history.seen[place]))})
        world.done(name)
        await world.pause(rng, _PAUSE)


async def _read_on(world: Workload, number: int, name: str, starts: dict[Place, int]) -> None:
    losses = world.history.losses
    async with (
        world.client(number, name) as client,
        Consumer(client, request_timeout=10.0, fetch_max_wait=world.load.fetch_wait) as consumer,
    ):
        await consumer.assign({**starts})
        try:
            async for record in consumer:
                if losses != world.history.losses:
                    return  # what was fetched before records were lost may be among what it still has
                place = (record.topic, record.partition)
                world.history.saw(name, place, record.offset, bytes(record.value or b"").decode())
                world.done(name)
        except BrokerError as error:
            expected = losses != world.history.losses or world.history.expects_nothing
            if error.code is ErrorCode.OFFSET_OUT_OF_RANGE and not expected:
                raise Violation(f"{name} read from {starts} on, and now: {error}") from None
            raise
        except UnreadableRecords as error:
            if not any(node.damaged for node in world.cluster.brokers):
                raise Violation(f"{name} cannot read: {error}") from None
            raise


async def watch_ends(world: Workload, number: int, name: str, rng: random.Random) -> None:
    """Asks again and again where logs end."""
    async with world.client(number, name) as client:
        while not world.stopping:
            place = rng.choice(world.load.places)
            losses = world.history.losses
            (found,) = (await Admin(client).list_offsets({place: "latest"})).values()
            if isinstance(found, ListedOffset) and losses == world.history.losses:
                world.history.saw_end(name, place, found.offset)
                world.done(name)
            await world.pause(rng, _PAUSE)


async def read_followers(world: Workload, number: int, name: str, rng: random.Random) -> None:
    """Reads from any replica that is in sync, as far as it knows; until records were lost, after which a follower may
    for a while show what is gone.
    """
    positions: dict[Place, int] = {}
    for place in world.load.places:
        world.history.begins(name, place)
    async with world.client(number, name) as client:
        while not world.stopping:
            await world.pause(rng, _PAUSE)
            if world.history.losses:
                world.done(name)
                continue
            place = rng.choice(world.load.places)
            await client.refresh([place[0]])
            known = client.view.partition(*place)
            nodes = (
                [] if known is None else [client.view.nodes[each] for each in known.isr if each in client.view.nodes]
            )
            if not nodes:
                continue
            try:
                answer = await _fetch(client, rng.choice(nodes), place, positions.get(place, 0))
                positions[place] = _take(world, name, place, positions.get(place, 0), answer)
            except ConnectionLost as error:
                world.note(name, f"no answer: {error}")
            else:
                world.done(name)


async def _fetch(client: ClientCluster, node: Any, place: Place, offset: int) -> FetchResponse.PartitionData:
    wanted = FetchRequest.FetchPartition(
        partition=place[1],
        current_leader_epoch=client.view.leader_epoch(*place),
        fetch_offset=offset,
        partition_max_bytes=1 << 20,
    )
    topic = FetchRequest.FetchTopic(topic_id=client.view.topic_id(place[0]), partitions=[wanted])
    request = FetchRequest(max_wait_ms=100, min_bytes=1, max_bytes=1 << 20, session_epoch=-1, topics=[topic])
    response = await client.request(await client.to(node), request, FetchResponse)
    if response.error_code:
        raise BrokerError(response.error_code, str(node))
    return response.responses[0].partitions[0]


def _take(world: Workload, name: str, place: Place, position: int, answer: FetchResponse.PartitionData) -> int:
    """Where to go on."""
    if answer.error_code or not answer.records:
        return position
    try:
        for batch in iter_batches(answer.records):
            if not batch.verify_crc():
                break
            for record in batch.records():
                if record.offset >= position:
                    if record.offset >= answer.high_watermark:
                        raise Violation(f"{name} read {place} {record.offset}, beyond {answer.high_watermark}")
                    world.history.saw(name, place, record.offset, bytes(record.value or b"").decode())
                    position = record.offset + 1
    except CorruptRecords as error:
        world.note(name, f"{place}: {error}")
    return position


async def read_all(client: ClientCluster, place: Place, fetch_wait: float = 0.5) -> list[tuple[int, str]]:
    """The offsets and values of all records that are there; seconds that a broker may wait for more."""
    async with Consumer(client, fetch_max_wait=fetch_wait) as consumer:
        await consumer.assign({place: 0}, stop_at_end=True)
        return [(record.offset, bytes(record.value or b"").decode()) async for record in consumer]
