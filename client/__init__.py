"""The trio client: `from barnabas.client import Producer, Consumer, Admin`. It knows only `net` and `protocol`.

Nodes of a cluster talk to each other through `connection` (and `connection_core`, what one connection keeps in mind),
so this module imports nothing until a name is asked for. Pure cores are `metadata`, `partitioner`, `batcher` with
`record_writer`, `fetching` with `record_reader`, and `sasl`; `cluster`, `sender`, `producer`, `fetch_task`, `consumer`
and `admin` are their shells. May be imported by `server`, `controller`, `broker`, `cli` and `testing`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from barnabas.client.admin import Admin as Admin
    from barnabas.client.admin import NewTopic as NewTopic
    from barnabas.client.cluster import Cluster as Cluster
    from barnabas.client.consumer import Consumer as Consumer
    from barnabas.client.errors import BrokerError as BrokerError
    from barnabas.client.errors import ClientError as ClientError
    from barnabas.client.fetching import ConsumerRecord as ConsumerRecord
    from barnabas.client.producer import Producer as Producer
    from barnabas.client.receipts import RecordMetadata as RecordMetadata

_HOMES: Final = {
    "Admin": "admin",
    "BrokerError": "errors",
    "ClientError": "errors",
    "Cluster": "cluster",
    "Consumer": "consumer",
    "ConsumerRecord": "fetching",
    "NewTopic": "admin",
    "Producer": "producer",
    "RecordMetadata": "receipts",
}


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{home}"), name)
