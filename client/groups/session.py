"""A consumer's membership in its group, as a task: does what the member's core wants, and reports how it went.

Giving partitions up and taking them may take long (the user's callbacks, a commit), so each goes on beside the
heartbeats. What must be looked up from time to time is looked up here: topics that match a pattern, and partitions that
were added.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from typing import Final, Protocol

import trio

from barnabas.client.cluster import Cluster
from barnabas.client.connection import ConnectionLost
from barnabas.client.coordinator import Coordinator
from barnabas.client.errors import ClientError
from barnabas.client.groups.assignors import Place
from barnabas.client.groups.member import Action, Assign, Describe, Fail, Member, Revoke, Send, Topic, Wait
from barnabas.client.metadata import ClusterView
from barnabas.protocol.message import ResponseMessage

TopicFilter = Callable[[str], bool]
"""Which topics a consumer subscribes to by their names."""


_MOST_REQUESTS, _IN_SECONDS = 20, 1.0


class GroupHost(Protocol):
    """The consumer, as far as its membership concerns it."""

    async def give_up(self, places: frozenset[Place], *, lost: bool) -> None:
        """Stop reading these; commit what was read of them, unless they are lost."""
        ...

    async def take(self, places: frozenset[Place]) -> frozenset[Place]:
        """Read these as well, from where the group is. Returns those that are read now: none, if the member is out of
        the group by the time that is known.
        """
        ...

    def membership_failed(self, error: ClientError) -> None:
        """It is over: tell the user."""
        ...


class GroupSession:
    """See the module's text."""

    def __init__(
        self,
        cluster: Cluster,
        coordinator: Coordinator,
        member: Member,
        host: GroupHost,
        *,
        topics: Iterable[str] | TopicFilter,
        metadata_max_age: float,
        leave_timeout: float,
    ) -> None:
        """`topics`: names, or a filter of all there are, looked at every `metadata_max_age` seconds.

        `leave_timeout`: seconds that the coordinator has to be told of the end.
        """
        self._cluster: Final = cluster
        self._coordinator: Final = coordinator
        self._host: Final = host
        self._topics: Final = topics if callable(topics) else frozenset(topics)
        self._metadata_max_age: Final = metadata_max_age
        self._leave_timeout: Final = leave_timeout
        self._news = trio.Event()
        self._sent: Final[deque[float]] = deque(maxlen=_MOST_REQUESTS)
        self.member: Final = member

    async def run(self) -> None:
        """The membership, until it fails or is cancelled."""
        if not callable(self._topics):
            self.member.subscribe(self._topics, trio.current_time())
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._watch_metadata)
            while True:
                self._news = trio.Event()
                action = self.member.next(trio.current_time())
                if isinstance(action, Fail):
                    self._host.membership_failed(action.error)
                    nursery.cancel_scope.cancel()
                    return
                await self._act(action, nursery)

    async def _act(self, action: Action, nursery: trio.Nursery) -> None:
        match action:
            case Send():
                await self._send(action)
            case Revoke():
                nursery.start_soon(self._give_up, action)
            case Assign():
                nursery.start_soon(self._take, action)
            case Describe():
                await self._describe(action.topics)
            case Wait(until):
                with trio.move_on_at(until):
                    await self._news.wait()

    def depart(self) -> None:
        """The user is away for too long: leave the group, until `come_back`."""
        self.member.depart(trio.current_time())
        self.changed()

    def come_back(self) -> None:
        """The user is there again: join anew."""
        self.member.come_back(trio.current_time())
        self.changed()

    def changed(self) -> None:
        """Something was reported to the member: ask it anew what to do."""
        self._news.set()

    async def _keep_pace(self) -> None:
        """Whatever the coordinator answers, it is not asked again and again without a pause."""
        earliest = self._sent[0] + _IN_SECONDS if len(self._sent) == _MOST_REQUESTS else 0.0
        await trio.sleep_until(max(earliest, trio.current_time()))
        self._sent.append(trio.current_time())

    async def _send(self, action: Send) -> None:
        member, request = self.member, action.request
        await self._keep_pace()
        try:
            response = await self._coordinator.request(
                request, ResponseMessage, version=action.version, patience=action.timeout
            )
        except ConnectionLost:
            member.lost(request, trio.current_time())
        except ClientError as error:
            if error.retriable:
                member.lost(request, trio.current_time())
            else:
                member.refused(error)
        else:
            if member.answered(request, response, trio.current_time()):
                self._coordinator.forget()

    async def _give_up(self, action: Revoke) -> None:
        await self._host.give_up(action.places, lost=action.lost)
        self.member.revoked(action.places, trio.current_time())
        self.changed()

    async def _take(self, action: Assign) -> None:
        try:
            taken = await self._host.take(action.places)
        except ClientError as error:
            self.member.refused(error)
        else:
            self.member.assigned(taken, trio.current_time())
        self.changed()

    async def _describe(self, topics: frozenset[str] | None) -> None:
        try:
            view = await self._cluster.refresh(topics)
        except ClientError as error:
            if not error.retriable:
                self.member.refused(error)
            return
        self.member.described(known_topics(view), trio.current_time())

    async def _watch_metadata(self) -> None:
        """Who subscribes by a pattern sees new topics, and the leader of a classic group new partitions."""
        while True:
            names = self._topics
            await self._describe(None if callable(names) else names)
            if callable(names):
                wanted = frozenset(filter(names, known_topics(self._cluster.view)))
                self.member.subscribe(wanted, trio.current_time())
            self.changed()
            await trio.sleep(self._metadata_max_age)

    async def leave(self) -> None:
        """Tell the coordinator that this member goes, if it can be told in time."""
        request = self.member.leave()
        if request is None:
            return
        with trio.move_on_after(self._leave_timeout, shield=True):
            try:
                await self._coordinator.request(request, ResponseMessage, patience=self._leave_timeout)
            except (ConnectionLost, ClientError):
                return  # its session ends by itself


def known_topics(view: ClusterView) -> Mapping[str, Topic]:
    """The topics that exist, as members want to know them."""
    return {
        name: Topic(topic.topic_id, len(topic.partitions))
        for name, topic in view.topics.items()
        if not topic.error and topic.partitions
    }
