"""Brokers and controllers in the cluster's image."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from immutables import Map

from barnabas.metadata.records import (
    DIRECTORY_LOST,
    DIRECTORY_UNASSIGNED,
    BrokerRegistrationChangeRecord,
    ControlledShutdownChange,
    Endpoint,
    FeatureRange,
    FencingChange,
    MetadataRecord,
    MetadataRecordError,
    RegisterBrokerRecord,
    RegisterControllerRecord,
    UnregisterBrokerRecord,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerRegistration:
    """A broker as the controller knows it; `endpoints` by listener name, `features` by feature name.

    `epoch` is the offset at which the registration was decided, so a later registration always has a greater one. A
    fenced broker leads nothing and is in no ISR but as its last member. `directories` are the ids of the log
    directories that work.
    """

    id: int
    epoch: int
    incarnation_id: bytes
    endpoints: Map[str, Endpoint]
    features: Map[str, FeatureRange]
    rack: str | None
    fenced: bool
    in_controlled_shutdown: bool
    directories: tuple[bytes, ...]

    @classmethod
    def from_record(cls, record: RegisterBrokerRecord) -> BrokerRegistration:
        """The registration that this record describes."""
        return cls(
            id=record.broker_id,
            epoch=record.broker_epoch,
            incarnation_id=record.incarnation_id,
            endpoints=Map({endpoint.name: endpoint for endpoint in record.endpoints}),
            features=Map({feature.name: feature for feature in record.features}),
            rack=record.rack,
            fenced=record.fenced,
            in_controlled_shutdown=record.in_controlled_shutdown,
            directories=record.log_dirs,
        )

    def to_record(self) -> RegisterBrokerRecord:
        """The registration as one record, for a snapshot."""
        return RegisterBrokerRecord(
            broker_id=self.id,
            broker_epoch=self.epoch,
            incarnation_id=self.incarnation_id,
            endpoints=tuple(self.endpoints[name] for name in sorted(self.endpoints)),
            features=tuple(self.features[name] for name in sorted(self.features)),
            rack=self.rack,
            fenced=self.fenced,
            in_controlled_shutdown=self.in_controlled_shutdown,
            log_dirs=self.directories,
        )

    def merge(self, change: BrokerRegistrationChangeRecord) -> BrokerRegistration:
        """The registration after this change."""
        fenced = self.fenced if change.fenced == FencingChange.NONE else change.fenced == FencingChange.FENCE
        return replace(
            self,
            fenced=fenced,
            in_controlled_shutdown=(
                self.in_controlled_shutdown
                or change.in_controlled_shutdown == ControlledShutdownChange.IN_CONTROLLED_SHUTDOWN
            ),
            directories=self.directories if change.log_dirs is None else change.log_dirs,
        )

    @property
    def active(self) -> bool:
        """Whether the broker may lead and may join an ISR: neither fenced nor in controlled shutdown."""
        return not self.fenced and not self.in_controlled_shutdown

    def endpoint(self, listener_name: str) -> Endpoint | None:
        """Where the broker listens under this listener's name."""
        return self.endpoints.get(listener_name)

    def has_directory(self, directory_id: bytes | None) -> bool:
        """Whether a replica in this directory can be served, as far as is known.

        A replica that was not given a directory yet can be; so can all of a broker that never named its directories.
        """
        if directory_id is None or directory_id == DIRECTORY_UNASSIGNED or not self.directories:
            return directory_id != DIRECTORY_LOST
        return directory_id in self.directories

    @property
    def default_directory(self) -> bytes:
        """Where a new replica goes: the only directory, or `DIRECTORY_UNASSIGNED` where the broker is to choose."""
        return self.directories[0] if len(self.directories) == 1 else DIRECTORY_UNASSIGNED


@dataclass(frozen=True, slots=True, kw_only=True)
class ControllerRegistration:
    """A controller process; `endpoints` by listener name, `features` by feature name."""

    id: int
    incarnation_id: bytes
    endpoints: Map[str, Endpoint]
    features: Map[str, FeatureRange]

    @classmethod
    def from_record(cls, record: RegisterControllerRecord) -> ControllerRegistration:
        """The registration that this record describes."""
        return cls(
            id=record.controller_id,
            incarnation_id=record.incarnation_id,
            endpoints=Map({endpoint.name: endpoint for endpoint in record.endpoints}),
            features=Map({feature.name: feature for feature in record.features}),
        )

    def to_record(self) -> RegisterControllerRecord:
        """The registration as one record, for a snapshot."""
        return RegisterControllerRecord(
            controller_id=self.id,
            incarnation_id=self.incarnation_id,
            endpoints=tuple(self.endpoints[name] for name in sorted(self.endpoints)),
            features=tuple(self.features[name] for name in sorted(self.features)),
        )


@dataclass(frozen=True, slots=True)
class ClusterImage:
    """All registered nodes, by id."""

    brokers: Map[int, BrokerRegistration] = field(default=Map())
    controllers: Map[int, ControllerRegistration] = field(default=Map())

    def broker(self, broker_id: int) -> BrokerRegistration | None:
        """The registration of one broker."""
        return self.brokers.get(broker_id)

    def is_active(self, broker_id: int) -> bool:
        """Whether this is a registered broker that is neither fenced nor in controlled shutdown."""
        broker = self.brokers.get(broker_id)
        return broker is not None and broker.active

    def unfenced(self) -> Iterator[BrokerRegistration]:
        """The brokers that are not fenced, in the order of their ids."""
        return (broker for _, broker in sorted(self.brokers.items()) if not broker.fenced)

    def records(self) -> Iterator[MetadataRecord]:
        """All registrations as records, in the order of ids."""
        for controller_id in sorted(self.controllers):
            yield self.controllers[controller_id].to_record()
        for broker_id in sorted(self.brokers):
            yield self.brokers[broker_id].to_record()


class ClusterDelta:
    """The changes of registrations since `image`."""

    __slots__ = ("brokers", "controllers", "image")

    def __init__(self, image: ClusterImage) -> None:
        self.image = image
        self.brokers: dict[int, BrokerRegistration | None] = {}
        """Brokers that changed, as they are now; None where the broker is gone."""
        self.controllers: dict[int, ControllerRegistration] = {}
        """Controllers that registered, as they are now."""

    def __bool__(self) -> bool:
        return bool(self.brokers or self.controllers)

    def broker(self, broker_id: int) -> BrokerRegistration | None:
        """A broker's registration after what was replayed so far."""
        if broker_id in self.brokers:
            return self.brokers[broker_id]
        return self.image.brokers.get(broker_id)

    def replay_register(self, record: RegisterBrokerRecord) -> None:
        """A broker registered."""
        self.brokers[record.broker_id] = BrokerRegistration.from_record(record)

    def replay_unregister(self, record: UnregisterBrokerRecord) -> None:
        """A broker was taken out of the cluster."""
        self._registered(record.broker_id, record.broker_epoch, record)
        self.brokers[record.broker_id] = None

    def replay_change(self, record: BrokerRegistrationChangeRecord) -> None:
        """A registration changed in part."""
        before = self._registered(record.broker_id, record.broker_epoch, record)
        self.brokers[record.broker_id] = before.merge(record)

    def replay_controller(self, record: RegisterControllerRecord) -> None:
        """A controller registered."""
        self.controllers[record.controller_id] = ControllerRegistration.from_record(record)

    def _registered(self, broker_id: int, epoch: int, record: object) -> BrokerRegistration:
        broker = self.broker(broker_id)
        if broker is None or broker.epoch != epoch:
            raise MetadataRecordError(f"no broker is registered with this id and epoch: {record}")
        return broker

    def apply(self) -> ClusterImage:
        """The registrations after everything that was replayed."""
        if not self:
            return self.image
        brokers = self.image.brokers
        for broker_id, broker in self.brokers.items():
            if broker is not None:
                brokers = brokers.set(broker_id, broker)
            elif broker_id in brokers:
                brokers = brokers.delete(broker_id)
        return ClusterImage(brokers, self.image.controllers.update(self.controllers))
