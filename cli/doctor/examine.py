"""Looks at everything that the checks judge, twice for what may grow."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Final, TypeVar

import trio

from barnabas.cli.doctor.finding import Examination, Unreachable
from barnabas.cli.snapshot import take
from barnabas.client.admin import BROKER, TOPIC, Admin, BrokerDescription, ConfigValue
from barnabas.client.errors import BrokerError, ClientError
from barnabas.net.addresses import host_port_text

_CONNECT_SECONDS: Final = 3.0

T = TypeVar("T")
Settings = dict[str, dict[str, str | None]]


async def connect(host: str, port: int) -> None:
    """Connect and hang up. OSError."""
    stream = await trio.open_tcp_stream(host, port)
    await stream.aclose()


async def examine(admin: Admin, between: float) -> Examination:
    """Look, and again after `between` seconds unless that is 0. ClientError if the cluster cannot be asked at all."""
    earlier = await take(admin) if between else None
    if earlier is not None:
        await trio.sleep(between)
    snapshot = await take(admin)
    failures = list(snapshot.failures)
    topics = await _configs(admin, TOPIC, [topic.name for topic in snapshot.topics], failures)
    live = [broker for broker in snapshot.cluster.brokers if not broker.fenced]
    brokers = await _configs(admin, BROKER, [str(broker.node.id) for broker in live], failures)
    quorum = await _attempt(admin.describe_quorum, "the quorum", failures)
    unreachable = await _unreachable(live)
    return Examination(snapshot, earlier, topics, brokers, quorum, unreachable, tuple(failures))


async def _attempt(ask: Callable[[], Awaitable[T]], what: str, failures: list[str]) -> T | None:
    try:
        return await ask()
    except ClientError as error:
        failures.append(f"{what}: {error}")
        return None


async def _configs(admin: Admin, kind: int, names: Iterable[str], failures: list[str]) -> Settings:
    async def ask() -> Mapping[str, list[ConfigValue] | BrokerError]:
        return await admin.describe_configs(kind, names)

    found: Settings = {}
    for name, values in (await _attempt(ask, "settings", failures) or {}).items():
        if isinstance(values, BrokerError):
            failures.append(f"settings: {values}")
        else:
            found[name] = {value.name: value.value for value in values}
    return found


async def _unreachable(brokers: Iterable[BrokerDescription]) -> tuple[Unreachable, ...]:
    found: list[Unreachable] = []

    async def attempt(broker: BrokerDescription) -> None:
        node = broker.node
        try:
            with trio.fail_after(_CONNECT_SECONDS):
                await connect(node.host, node.port)
            return
        except trio.TooSlowError:
            why = f"no answer in {_CONNECT_SECONDS:g} s"
        except OSError as error:
            why = error.strerror or str(error)
        found.append(Unreachable(node.id, host_port_text(node.host, node.port), why))

    async with trio.open_nursery() as nursery:
        for broker in brokers:
            nursery.start_soon(attempt, broker)
    return tuple(sorted(found, key=lambda each: each.broker))
