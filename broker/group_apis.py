"""The APIs of groups. Their handlers, and the machine behind them, are imported when the first request comes."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from barnabas.metadata.features import GROUP_VERSION
from barnabas.protocol.api_keys import ApiKey

if TYPE_CHECKING:
    from barnabas.broker.coordinator.coordinators import Coordinators
    from barnabas.broker.coordinator.groups.machine import GroupCoordinator
    from barnabas.broker.metadata_cache import MetadataCache
    from barnabas.server.dispatch import ApiTable, Request
    from barnabas.server.settings import Settings


class LazyHandler:
    """A handler that is made when it is first asked."""

    __slots__ = ("_handle", "_make")

    def __init__(self, make: Callable[[], Callable[[Request], None]]) -> None:
        self._make: Final = make
        self._handle: Callable[[Request], None] | None = None

    def handle(self, request: Request) -> None:
        """As the handler does."""
        if self._handle is None:
            self._handle = self._make()
        self._handle(request)


def register_group_handlers(
    table: ApiTable, groups: Coordinators[GroupCoordinator], cache: MetadataCache, settings: Settings
) -> None:
    """Register what a broker serves of groups."""
    has_consumers = "consumer" in settings.list("group.coordinator.rebalance.protocols")

    def join_group() -> Callable[[Request], None]:
        from barnabas.broker.coordinator.groups.config import GroupConfig
        from barnabas.broker.handlers.join_group import JoinGroupHandler

        return JoinGroupHandler(groups, GroupConfig.of(settings)).handle

    def offset_commit() -> Callable[[Request], None]:
        from barnabas.broker.handlers.offset_commit import OffsetCommitHandler

        return OffsetCommitHandler(groups, cache).handle

    def offset_fetch() -> Callable[[Request], None]:
        from barnabas.broker.handlers.offset_fetch import OffsetFetchHandler

        return OffsetFetchHandler(groups, cache).handle

    def offset_delete() -> Callable[[Request], None]:
        from barnabas.broker.handlers.offset_delete import OffsetDeleteHandler

        return OffsetDeleteHandler(groups, cache).handle

    def consumer_protocol() -> bool:
        """Whether the cluster and this node have the new protocol."""
        return has_consumers and cache.image.features.level(GROUP_VERSION) >= 1

    def consumer_group_heartbeat() -> Callable[[Request], None]:
        from barnabas.broker.coordinator.groups.consumer_config import ConsumerConfig
        from barnabas.broker.handlers.consumer_group_heartbeat import ConsumerGroupHeartbeatHandler

        return ConsumerGroupHeartbeatHandler(groups, ConsumerConfig.of(settings), consumer_protocol).handle

    def consumer_group_describe() -> Callable[[Request], None]:
        from barnabas.broker.handlers.consumer_group_describe import ConsumerGroupDescribeHandler

        return ConsumerGroupDescribeHandler(groups, consumer_protocol).handle

    table.register(ApiKey.CONSUMER_GROUP_HEARTBEAT, LazyHandler(consumer_group_heartbeat).handle)
    table.register(ApiKey.CONSUMER_GROUP_DESCRIBE, LazyHandler(consumer_group_describe).handle)
    table.register(ApiKey.JOIN_GROUP, LazyHandler(join_group).handle)
    table.register(ApiKey.OFFSET_COMMIT, LazyHandler(offset_commit).handle)
    table.register(ApiKey.OFFSET_FETCH, LazyHandler(offset_fetch).handle)
    table.register(ApiKey.OFFSET_DELETE, LazyHandler(offset_delete).handle)
    for key, name in _OF_COORDINATORS.items():
        table.register(key, LazyHandler(_maker(name, groups)).handle)


_OF_COORDINATORS: Final = {
    ApiKey.SYNC_GROUP: "SyncGroup",
    ApiKey.HEARTBEAT: "Heartbeat",
    ApiKey.LEAVE_GROUP: "LeaveGroup",
    ApiKey.DESCRIBE_GROUPS: "DescribeGroups",
    ApiKey.LIST_GROUPS: "ListGroups",
    ApiKey.DELETE_GROUPS: "DeleteGroups",
}
"""Those that need nothing but the coordinators: `barnabas.broker.handlers.sync_group.SyncGroupHandler`, ..."""


def _maker(name: str, groups: Coordinators[GroupCoordinator]) -> Callable[[], Callable[[Request], None]]:
    module = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name).lstrip("_")

    def make() -> Callable[[Request], None]:
        handler: Any = getattr(import_module(f"barnabas.broker.handlers.{module}"), f"{name}Handler")
        handle: Callable[[Request], None] = handler(groups).handle
        return handle

    return make
