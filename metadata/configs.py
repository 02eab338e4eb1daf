"""Dynamic configuration in the cluster's image: what was set by requests, for each resource, as text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import IntEnum

from immutables import Map

from barnabas.metadata.records import ConfigRecord, MetadataRecord, ResourceType

ResourceKey = tuple[int, str]
"""A `ResourceType` and a resource's name; the name is '' for the default of all brokers."""

CLUSTER_DEFAULT: ResourceKey = (ResourceType.BROKER, "")

_NOTHING: Map[str, str] = Map()


class AlterOperation(IntEnum):
    """What IncrementalAlterConfigs does with a key."""

    SET = 0
    DELETE = 1
    APPEND = 2
    SUBTRACT = 3


@dataclass(frozen=True, slots=True)
class ConfigsImage:
    """The configuration of every resource that has any."""

    by_resource: Map[ResourceKey, Map[str, str]] = field(default=Map())

    def of(self, resource_type: int, name: str) -> Map[str, str]:
        """What was set for one resource itself, without defaults."""
        return self.by_resource.get((resource_type, name), _NOTHING)

    def of_topic(self, name: str) -> Map[str, str]:
        """What was set for one topic itself."""
        return self.of(ResourceType.TOPIC, name)

    def of_broker(self, broker_id: int) -> Map[str, str]:
        """What was set for one broker itself."""
        return self.of(ResourceType.BROKER, str(broker_id))

    def of_all_brokers(self) -> Map[str, str]:
        """What was set as the default of all brokers."""
        return self.by_resource.get(CLUSTER_DEFAULT, _NOTHING)

    def names(self, resource_type: int) -> Iterator[str]:
        """The resources of this type that have a configuration."""
        return (name for kind, name in self.by_resource if kind == resource_type)

    def records(self) -> Iterator[MetadataRecord]:
        """Every key that was set, as a record, in a fixed order."""
        for resource in sorted(self.by_resource):
            values = self.by_resource[resource]
            for name in sorted(values):
                yield ConfigRecord(resource_type=resource[0], resource_name=resource[1], name=name, value=values[name])


class ConfigsDelta:
    """The changes of configuration since `image`."""

    __slots__ = ("changed", "image")

    def __init__(self, image: ConfigsImage) -> None:
        self.image = image
        self.changed: dict[ResourceKey, dict[str, str | None]] = {}
        """The keys that changed, by resource, with their new value; None where the key is no longer set."""

    def __bool__(self) -> bool:
        return bool(self.changed)

    def replay(self, record: ConfigRecord) -> None:
        """A key was set or deleted."""
        resource = (record.resource_type, record.resource_name)
        self.changed.setdefault(resource, {})[record.name] = record.value

    def replay_remove_topic(self, name: str) -> None:
        """A topic was deleted: all its keys go."""
        resource = (int(ResourceType.TOPIC), name)
        gone = set(self.image.by_resource.get(resource, _NOTHING)) | set(self.changed.get(resource, ()))
        if gone:
            self.changed[resource] = dict.fromkeys(sorted(gone))

    def apply(self) -> ConfigsImage:
        """The configuration after everything that was replayed."""
        if not self:
            return self.image
        by_resource = self.image.by_resource
        for resource, changes in self.changed.items():
            values = {**by_resource.get(resource, _NOTHING), **changes}
            kept = Map({name: value for name, value in values.items() if value is not None})
            if kept:
                by_resource = by_resource.set(resource, kept)
            elif resource in by_resource:
                by_resource = by_resource.delete(resource)
        return ConfigsImage(by_resource)
