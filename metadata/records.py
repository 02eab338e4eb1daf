"""The records of `__cluster_metadata`, and their encoding.

A record's value is msgpack: `[type, version, {field number: value}]`. The rules that let two minor versions share a
log:

- A field's number is its place in its class, counted from 1. New fields go to the end and have a default; none is
  moved, removed or given another meaning.
- A field that holds its default is not written. A number that the reader does not know is skipped, so the records of
  a newer minor version are readable, as far as they are understood. `version` tells which revision of the class wrote
  the record.
- An unknown type is an error, because skipping a whole record could make two images differ. The feature level
  `metadata.version` keeps a writer from using a type before all nodes know it.

Names, types and the meaning of the fields are those of Kafka's metadata records. Uuids are 16 bytes; ids and epochs
are -1 where there is none; a tuple of replicas keeps the order of preference.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, ClassVar, cast

import msgpack

NO_LEADER = -1
NO_LEADER_CHANGE = -2

DIRECTORY_UNASSIGNED = bytes(16)
DIRECTORY_LOST = bytes(15) + b"\x01"


class MetadataRecordError(ValueError):
    """A record's bytes cannot be read: they are cut or malformed, or of a type that this release does not know."""


class LeaderRecoveryState(IntEnum):
    """Whether a partition's leader was elected from replicas that had every committed record."""

    RECOVERED = 0
    RECOVERING = 1


class FencingChange(IntEnum):
    """What a `BrokerRegistrationChangeRecord` does to a broker's fence."""

    UNFENCE = -1
    NONE = 0
    FENCE = 1


class ControlledShutdownChange(IntEnum):
    """What a `BrokerRegistrationChangeRecord` does to a broker's controlled shutdown."""

    NONE = 0
    IN_CONTROLLED_SHUTDOWN = 1


class ResourceType(IntEnum):
    """The kinds of things that have a configuration, numbered as on the wire."""

    TOPIC = 2
    BROKER = 4
    BROKER_LOGGER = 8
    CLIENT_METRICS = 16
    GROUP = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where a node listens, under a listener's name.

    `security_protocol`: 0 PLAINTEXT, 1 SSL, 2 SASL_PLAINTEXT, 3 SASL_SSL.
    """

    name: str
    host: str
    port: int
    security_protocol: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureRange:
    """The levels of one feature that a node supports, both ends included."""

    name: str
    min_supported: int
    max_supported: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterBrokerRecord:
    """A broker came (back) to the cluster; it replaces any earlier registration of the same id."""

    TYPE: ClassVar[int] = 0
    NESTED: ClassVar[dict[str, type]] = {"endpoints": Endpoint, "features": FeatureRange}

    broker_id: int
    broker_epoch: int
    incarnation_id: bytes
    endpoints: tuple[Endpoint, ...] = ()
    features: tuple[FeatureRange, ...] = ()
    rack: str | None = None
    fenced: bool = True
    in_controlled_shutdown: bool = False
    log_dirs: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class UnregisterBrokerRecord:
    """A broker was taken out of the cluster."""

    TYPE: ClassVar[int] = 1

    broker_id: int
    broker_epoch: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicRecord:
    """A topic was created; its partitions follow as `PartitionRecord`s."""

    TYPE: ClassVar[int] = 2

    name: str
    topic_id: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class PartitionRecord:
    """The whole state of a partition.

    `directories` holds one directory id for each of `replicas`, in the same order.
    """

    TYPE: ClassVar[int] = 3

    partition_id: int
    topic_id: bytes
    replicas: tuple[int, ...]
    isr: tuple[int, ...]
    leader: int
    leader_epoch: int
    partition_epoch: int
    directories: tuple[bytes, ...] = ()
    removing_replicas: tuple[int, ...] = ()
    adding_replicas: tuple[int, ...] = ()
    leader_recovery_state: int = LeaderRecoveryState.RECOVERED
    elr: tuple[int, ...] = ()
    last_known_elr: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigRecord:
    """One configuration key of one resource was set, or deleted where `value` is None."""

    TYPE: ClassVar[int] = 4

    resource_type: int
    resource_name: str
    name: str
    value: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PartitionChangeRecord:
    """What changed in a partition. None, or `NO_LEADER_CHANGE`, or -1 in `leader_recovery_state`, means: as it was.

    Every change raises the partition epoch by one. A leader named here, also the present one, raises the leader epoch
    by one.
    """

    TYPE: ClassVar[int] = 5

    partition_id: int
    topic_id: bytes
    isr: tuple[int, ...] | None = None
    leader: int = NO_LEADER_CHANGE
    replicas: tuple[int, ...] | None = None
    removing_replicas: tuple[int, ...] | None = None
    adding_replicas: tuple[int, ...] | None = None
    leader_recovery_state: int = -1
    directories: tuple[bytes, ...] | None = None
    elr: tuple[int, ...] | None = None
    last_known_elr: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveTopicRecord:
    """A topic was deleted, with its partitions and its configuration."""

    TYPE: ClassVar[int] = 9

    topic_id: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureLevelRecord:
    """A feature's finalised level; 0 takes the feature away."""

    TYPE: ClassVar[int] = 12

    name: str
    feature_level: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ProducerIdsRecord:
    """A block of producer ids was given to a broker; `next_producer_id` is the first id not given out yet."""

    TYPE: ClassVar[int] = 15

    broker_id: int
    broker_epoch: int
    next_producer_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerRegistrationChangeRecord:
    """A broker was fenced or unfenced, began its controlled shutdown, or has other log directories (None: as they
    were).
    """

    TYPE: ClassVar[int] = 17

    broker_id: int
    broker_epoch: int
    fenced: int = FencingChange.NONE
    in_controlled_shutdown: int = ControlledShutdownChange.NONE
    log_dirs: tuple[bytes, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NoOpRecord:
    """Nothing; shows that the active controller can still commit."""

    TYPE: ClassVar[int] = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterControllerRecord:
    """A controller process started; it replaces any earlier registration of the same id."""

    TYPE: ClassVar[int] = 27
    NESTED: ClassVar[dict[str, type]] = {"endpoints": Endpoint, "features": FeatureRange}

    controller_id: int
    incarnation_id: bytes
    endpoints: tuple[Endpoint, ...] = ()
    features: tuple[FeatureRange, ...] = ()


MetadataRecord = (
    RegisterBrokerRecord
    | UnregisterBrokerRecord
    | TopicRecord
    | PartitionRecord
    | ConfigRecord
    | PartitionChangeRecord
    | RemoveTopicRecord
    | FeatureLevelRecord
    | ProducerIdsRecord
    | BrokerRegistrationChangeRecord
    | NoOpRecord
    | RegisterControllerRecord
)

_VERSION = 0


class _Layout:
    """How one class's fields stand in a record: attribute, default and nested class, by field number."""

    __slots__ = ("cls", "defaults", "names", "nested", "required")

    def __init__(self, cls: Any) -> None:
        fields = dataclasses.fields(cls)
        self.cls = cls
        self.names: tuple[str, ...] = tuple(field.name for field in fields)
        self.defaults: tuple[Any, ...] = tuple(field.default for field in fields)
        self.nested: dict[str, _Layout] = {name: _Layout(inner) for name, inner in getattr(cls, "NESTED", {}).items()}
        self.required = frozenset(field.name for field in fields if field.default is dataclasses.MISSING)

    def to_map(self, value: Any) -> dict[int, Any]:
        written: dict[int, Any] = {}
        for number, (name, default) in enumerate(zip(self.names, self.defaults, strict=True), start=1):
            held = getattr(value, name)
            if held != default:
                inner = self.nested.get(name)
                written[number] = held if inner is None else [inner.to_map(item) for item in held]
        return written

    def from_map(self, written: Any) -> Any:
        if type(written) is not dict:
            raise MetadataRecordError(f"{self.cls.__name__}: fields are {type(written).__name__}, not a map")
        names, known = self.names, len(self.names)
        values = {names[number - 1]: held for number, held in written.items() if 0 < number <= known}
        for name, inner in self.nested.items():
            if name in values:
                values[name] = tuple(inner.from_map(item) for item in values[name])
        missing = self.required - values.keys()
        if missing:
            raise MetadataRecordError(f"{self.cls.__name__}: no value for {', '.join(sorted(missing))}")
        return self.cls(**values)


_LAYOUTS: dict[int, _Layout] = {
    cls.TYPE: _Layout(cls)
    for cls in (
        RegisterBrokerRecord,
        UnregisterBrokerRecord,
        TopicRecord,
        PartitionRecord,
        ConfigRecord,
        PartitionChangeRecord,
        RemoveTopicRecord,
        FeatureLevelRecord,
        ProducerIdsRecord,
        BrokerRegistrationChangeRecord,
        NoOpRecord,
        RegisterControllerRecord,
    )
}


def encode_record(record: MetadataRecord) -> bytes:
    """The record as the value of a Kafka record in `__cluster_metadata`."""
    return cast(bytes, msgpack.packb((record.TYPE, _VERSION, _LAYOUTS[record.TYPE].to_map(record))))


def decode_record(value: bytes | bytearray | memoryview) -> MetadataRecord:
    """The record that these bytes hold.

    Raises `MetadataRecordError`, and nothing else, for any bytes that hold none.
    """
    try:
        read = msgpack.unpackb(value, use_list=False, strict_map_key=False)
    except (ValueError, msgpack.UnpackException, RecursionError, TypeError) as error:
        raise MetadataRecordError(f"a metadata record is not msgpack: {error}") from error
    if type(read) is not tuple or len(read) < 3 or type(read[0]) is not int:
        raise MetadataRecordError("a metadata record is not [type, version, fields]")
    layout = _LAYOUTS.get(read[0])
    if layout is None:
        raise MetadataRecordError(
            f"metadata record type {read[0]} is unknown to this release; the log was written by a newer one"
        )
    try:
        record: MetadataRecord = layout.from_map(read[2])
    except TypeError as error:
        raise MetadataRecordError(f"{layout.cls.__name__}: {error}") from error
    return record
