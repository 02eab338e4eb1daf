"""Fetch (v4–v18): records for consumers, and for followers, which say by it what they hold.

v5: the follower's log start. v7: sessions. v9: leader epochs. v10: the client knows zstd (which all get since Kafka
4.0). v11: racks, and reading from followers. v12:
the last fetched epoch, and diverging ones. v13: topics by id. v15: the follower's broker epoch. v16: the answer names
the new leader (KIP-951). v17: the follower's log directory. v18: the follower's high watermark; both are taken note
of by nobody here.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from barnabas.broker.fetch_session import FetchContext, FetchSessionCache, TopicKey
from barnabas.broker.leader_hints import LeaderHints
from barnabas.broker.pending_fetch import FetchParams, PendingFetch
from barnabas.protocol.errors import ErrorCode, WireError
from barnabas.protocol.messages.fetch import FetchRequest, FetchResponse
from barnabas.server.dispatch import Request

if TYPE_CHECKING:
    from barnabas.broker.replica_manager import ReplicaManager

_FIRST_VERSION_BY_ID: Final = 13
_FIRST_VERSION_WITH_REPLICA_STATE: Final = 15
_FIRST_VERSION_WITH_LEADERS: Final = 16
_FIRST_VERSION_WITH_SESSIONS: Final = 7
_READ_COMMITTED: Final = 1
_NO_SESSION_EPOCH: Final = -1
_WITH_NEW_LEADER: Final = (ErrorCode.NOT_LEADER_OR_FOLLOWER, ErrorCode.FENCED_LEADER_EPOCH)


class FetchHandler:
    """See the module's text."""

    def __init__(self, manager: ReplicaManager, *, max_bytes: int) -> None:
        """`max_bytes` is `fetch.max.bytes`: no answer is larger, but for one first batch."""
        self._manager: Final = manager
        self._max_bytes: Final = max_bytes

    def handle(self, request: Request[FetchRequest]) -> None:
        """Answer now, or when there is enough, or when the time is up."""
        manager = self._manager
        try:
            context = open_context(manager.sessions, request.body, request.version, manager.clock())
        except WireError as error:
            request.reply(FetchResponse(error_code=error.code))
            return
        params = read_params(request.body, request.version, self._max_bytes)
        PendingFetch(manager, context, params, lambda response: self._reply(request, params, response)).start()

    def _reply(self, request: Request[FetchRequest], params: FetchParams, response: FetchResponse) -> None:
        hints: LeaderHints | None = None
        size = 0
        for topic in response.responses:
            for data in topic.partitions:
                if data.records is not None:
                    size += len(data.records)
                if data.error_code in _WITH_NEW_LEADER and request.version >= _FIRST_VERSION_WITH_LEADERS:
                    if hints is None:
                        hints = LeaderHints(self._manager.metadata, request.connection.listener)
                    hints.fill(data.current_leader, topic.topic_id, data.partition_index)
        if hints is not None and not params.from_follower:
            response.node_endpoints = hints.endpoints(FetchResponse.NodeEndpoint)
        if params.from_follower:
            self._manager.statistics.replication_bytes_out += size
        else:
            self._manager.statistics.bytes_out += size
        request.reply(response)


def open_context(sessions: FetchSessionCache, body: FetchRequest, version: int, now: float) -> FetchContext:
    """The session that the request belongs to, with what the request changes; WireError where it cannot."""
    by_id = version >= _FIRST_VERSION_BY_ID
    has_session = version >= _FIRST_VERSION_WITH_SESSIONS

    def key(topic: FetchRequest.FetchTopic | FetchRequest.ForgottenTopic) -> TopicKey:
        return topic.topic_id if by_id else topic.topic

    def wanted() -> Iterator[tuple[TopicKey, list[FetchRequest.FetchPartition]]]:
        return ((key(topic), topic.partitions) for topic in body.topics)

    return sessions.open(
        body.session_id if has_session else 0,
        body.session_epoch if has_session else _NO_SESSION_EPOCH,
        wanted(),
        ((key(topic), topic.partitions) for topic in body.forgotten_topics_data),
        uses_topic_ids=by_id,
        privileged=_replica_id(body, version) >= 0,
        now=now,
    )


def read_params(body: FetchRequest, version: int, max_bytes: int) -> FetchParams:
    """What the request says for all partitions; `max_bytes` bounds the answer whatever the request says."""
    return FetchParams(
        version=version,
        max_wait=body.max_wait_ms / 1000,
        min_bytes=body.min_bytes,
        max_bytes=min(body.max_bytes, max_bytes),
        replica_id=_replica_id(body, version),
        replica_epoch=body.replica_state.replica_epoch if version >= _FIRST_VERSION_WITH_REPLICA_STATE else -1,
        read_committed=body.isolation_level == _READ_COMMITTED,
        rack=body.rack_id,
    )


def _replica_id(body: FetchRequest, version: int) -> int:
    return body.replica_state.replica_id if version >= _FIRST_VERSION_WITH_REPLICA_STATE else body.replica_id
