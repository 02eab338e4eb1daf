"""Finalised feature levels in the cluster's image, and the levels that this release can serve.

A feature's finalised level is what all nodes have agreed to use; each node announces the range that it supports. A
level of 0 is the same as no level. A feature is listed here once it works, never before.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from immutables import Map

from barnabas.metadata.records import FeatureLevelRecord, FeatureRange, MetadataRecord

METADATA_VERSION = "metadata.version"
KRAFT_VERSION = "kraft.version"
ELIGIBLE_LEADER_REPLICAS_VERSION = "eligible.leader.replicas.version"
GROUP_VERSION = "group.version"
"""1: the new consumer group protocol (KIP-848)."""
TRANSACTION_VERSION = "transaction.version"
"""0, 1: the first protocol; 2: a new epoch with every transaction (KIP-890)."""

LATEST_METADATA_VERSION = 30
"""The level of Apache Kafka 4.3."""

SUPPORTED: Mapping[str, FeatureRange] = {
    feature.name: feature
    for feature in (
        FeatureRange(
            name=METADATA_VERSION, min_supported=LATEST_METADATA_VERSION, max_supported=LATEST_METADATA_VERSION
        ),
        FeatureRange(name=KRAFT_VERSION, min_supported=0, max_supported=1),
        FeatureRange(name=ELIGIBLE_LEADER_REPLICAS_VERSION, min_supported=0, max_supported=1),
        FeatureRange(name=GROUP_VERSION, min_supported=0, max_supported=1),
        FeatureRange(name=TRANSACTION_VERSION, min_supported=0, max_supported=2),
    )
}
"""What this release supports, by name."""

NEW_CLUSTER_LEVELS: Mapping[str, int] = {
    METADATA_VERSION: LATEST_METADATA_VERSION,
    ELIGIBLE_LEADER_REPLICAS_VERSION: 1,
    GROUP_VERSION: 1,
    TRANSACTION_VERSION: 2,
}
"""The levels that a new cluster starts with. The level of kraft.version is in the log's own control records."""


@dataclass(frozen=True, slots=True)
class FeaturesImage:
    """The finalised level of each feature, by name; levels of 0 are left out."""

    levels: Map[str, int] = field(default=Map())

    def level(self, name: str) -> int:
        """The finalised level of a feature; 0 where it is not in use."""
        return self.levels.get(name, 0)

    @property
    def finalized(self) -> dict[str, int]:
        """Every finalised level, as clients are told; that of kraft.version is 1 from the first record on."""
        return {**self.levels, KRAFT_VERSION: 1}

    @property
    def elr_enabled(self) -> bool:
        """Whether eligible leader replicas are kept (KIP-966)."""
        return self.level(ELIGIBLE_LEADER_REPLICAS_VERSION) >= 1

    def records(self) -> Iterator[MetadataRecord]:
        """The levels as records; that of `metadata.version` comes first, as it says whether the rest can be read."""
        for name in sorted(self.levels, key=lambda name: (name != METADATA_VERSION, name)):
            yield FeatureLevelRecord(name=name, feature_level=self.levels[name])


class FeaturesDelta:
    """The changes of feature levels since `image`."""

    __slots__ = ("changed", "image")

    def __init__(self, image: FeaturesImage) -> None:
        self.image = image
        self.changed: dict[str, int] = {}
        """The features whose level changed, with the new level; 0 where the feature is no longer in use."""

    def __bool__(self) -> bool:
        return bool(self.changed)

    def replay(self, record: FeatureLevelRecord) -> None:
        """A feature got another level."""
        self.changed[record.name] = record.feature_level

    def apply(self) -> FeaturesImage:
        """The levels after everything that was replayed."""
        if not self:
            return self.image
        levels = {**self.image.levels, **self.changed}
        return FeaturesImage(Map({name: level for name, level in levels.items() if level > 0}))
