"""From the committed batches of the metadata log to images of the cluster."""

from __future__ import annotations

from collections.abc import Sequence

from barnabas.broker.metadata_cache import MetadataCache
from barnabas.metadata.delta import MetadataDelta
from barnabas.metadata.image import EMPTY_IMAGE, MetadataImage
from barnabas.metadata.records import decode_record
from barnabas.server.quorum import CommittedBatch


class MetadataLoader:
    """Publishes an image after each handful of batches that the quorum hands over."""

    def __init__(self, cache: MetadataCache) -> None:
        self._cache = cache

    def committed(self, batches: Sequence[CommittedBatch]) -> None:
        """The next batches. MetadataRecordError when the log cannot be what a controller wrote."""
        delta = MetadataDelta(self._cache.image)
        for batch in batches:
            for value in batch.records:
                delta.replay(decode_record(value))
        last = batches[-1]
        self._cache.publish(delta.apply(last.last_offset, last.epoch), delta)


def whole_image_delta(image: MetadataImage) -> MetadataDelta:
    """The delta from nothing to this image, for those who begin with it."""
    delta = MetadataDelta(EMPTY_IMAGE)
    for record in image.records():
        delta.replay(record)
    return delta
