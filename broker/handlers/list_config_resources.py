"""ListConfigResources (v0, v1): what has a configuration, by type; v0 knows only metrics of clients.

Topics and brokers have one always; groups where something was set for them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from barnabas.broker.metadata_cache import MetadataCache
from barnabas.metadata.image import MetadataImage
from barnabas.metadata.records import ResourceType
from barnabas.protocol.errors import ErrorCode
from barnabas.protocol.messages.list_config_resources import ListConfigResourcesRequest, ListConfigResourcesResponse
from barnabas.server.dispatch import Request

_OLDEST: Final = (ResourceType.CLIENT_METRICS,)


class ListConfigResourcesHandler:
    """Answers from the newest image."""

    def __init__(self, cache: MetadataCache) -> None:
        self._cache: Final = cache

    def handle(self, request: Request[ListConfigResourcesRequest]) -> None:
        request.reply(self.answer(request.body, request.version))

    def answer(self, body: ListConfigResourcesRequest, version: int) -> ListConfigResourcesResponse:
        """All of the wanted types; without any, of all types."""
        known = frozenset(_OLDEST if version == 0 else ResourceType)
        wanted = frozenset(body.resource_types) or known
        if not wanted <= known:
            return ListConfigResourcesResponse(error_code=ErrorCode.UNSUPPORTED_VERSION)
        return ListConfigResourcesResponse(
            config_resources=[
                ListConfigResourcesResponse.ConfigResource(resource_name=name, resource_type=kind)
                for kind in sorted(wanted, reverse=True)
                for name in _names(self._cache.image, kind)
            ]
        )


def _names(image: MetadataImage, kind: int) -> Iterable[str]:
    match kind:
        case ResourceType.TOPIC:
            return sorted(image.topics.ids)
        case ResourceType.BROKER | ResourceType.BROKER_LOGGER:
            return [str(broker.id) for broker in image.cluster.brokers.values() if not broker.fenced]
        case _:
            return sorted(image.configs.names(kind))
