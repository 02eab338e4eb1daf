"""One cluster's part in a case: what it is asked, and a transcript of what it answers."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple

from comparison.answers import Names, plain

from barnabas.protocol import codec, framing
from barnabas.protocol.errors import ErrorCode
from barnabas.protocol.message import RequestMessage, ResponseMessage
from barnabas.protocol.messages.create_topics import CreateTopicsRequest
from barnabas.protocol.messages.list_offsets import ListOffsetsRequest
from barnabas.protocol.messages.metadata import MetadataRequest, MetadataResponse
from wire import Wire

PATIENCE_SECONDS = 20.0
CLOSED = "<the connection is closed>"
SILENCE = "<no answer>"

Restart = Callable[[int, Callable[[], None]], None]
"""Stops a broker in an orderly way, calls what is to be done while it is down, and starts it again."""


class Topic(NamedTuple):
    """A topic that exists: requests name it as their version wants it."""

    name: str
    id: bytes


@dataclass(slots=True)
class Side:
    """A running cluster, with a connection to each broker that all cases use. Brokers are numbered from 1."""

    name: str
    addresses: list[str]
    restart: Restart | None = None
    """None: the cluster is somebody else's."""
    wires: dict[int, Wire] = field(default_factory=dict)
    moved: Topic | None = None
    """See `moving`."""
    written: dict[tuple[int, int], Any] = field(default_factory=dict)
    """See `transaction_log`."""

    def wire(self, broker: int) -> Wire:
        wire = self.wires.get(broker)
        if wire is None:
            wire = self.wires[broker] = Wire(self.addresses[broker - 1], PATIENCE_SECONDS)
        return wire

    def drop(self, broker: int) -> None:
        """The next request gets a new connection."""
        wire = self.wires.pop(broker, None)
        if wire is not None:
            wire.close()

    def close(self) -> None:
        for broker in list(self.wires):
            self.drop(broker)


class Talk:
    """`ask`, `raw` and `note` go to the transcript; what else is asked only prepares the case."""

    def __init__(self, side: Side, token: str) -> None:
        self.side = side
        self._token = token
        self._names = Names(token)
        self.transcript: list[dict[str, Any]] = []
        self.closing = contextlib.ExitStack()
        """Closes what the case has opened."""

    # What is compared

    def ask(
        self,
        request: RequestMessage,
        version: int,
        *,
        broker: int = 1,
        to: str | None = None,
        blur: Iterable[str] = (),
        hide: Iterable[str] = (),
        patience: float | None = None,
    ) -> Any:
        """Send a request and note the answer, which is returned; None if there is none.

        `to` says who is asked where each cluster chooses the broker. `blur` names fields that each cluster chooses,
        `hide` some that are compared elsewhere. `patience` in seconds, where no answer may be one.
        """
        asked = f"{request.NAME} v{version} to {to or broker}"
        try:
            answer = self._exchange(request, version, broker, patience)
        except TimeoutError:
            self.side.drop(broker)
            self.note(asked, SILENCE)
            return None
        self.note_answer(asked, answer, version, blur=blur, hide=hide)
        return answer

    def note_answer(
        self,
        asked: str,
        answer: ResponseMessage | None,
        version: int,
        *,
        blur: Iterable[str] = (),
        hide: Iterable[str] = (),
    ) -> None:
        """Put an answer into the transcript, as `ask` does; None: the connection is closed."""
        self.note(asked, CLOSED if answer is None else plain(answer, version, self._names, blur=blur, hide=hide))

    def note(self, what: str, value: Any) -> None:
        """Put something that was seen into the transcript."""
        self.transcript.append({what: value})

    def raw(self, broker: int = 1, patience: float = PATIENCE_SECONDS) -> Raw:
        """A connection of the case's own, for bytes."""
        return Raw(self, Wire(self.side.addresses[broker - 1], patience), self._names)

    # What prepares it

    def name(self, suffix: str = "") -> str:
        """The name of a topic that is this case's alone."""
        return self._token + suffix

    def quietly(self, request: RequestMessage, version: int, broker: int = 1) -> Any:
        """Ask without a note; there must be an answer."""
        answer = self._exchange(request, version, broker, None)
        assert answer is not None, f"{self.side.name} closed the connection on {request!r}"
        return answer

    def create(
        self,
        suffix: str = "",
        *,
        partitions: int = 1,
        replicas: Sequence[int] = (1,),
        configs: Mapping[str, str] | None = None,
    ) -> Topic:
        """A topic whose partitions all lie on `replicas`, the first of them leads; returns when it is served."""
        wanted = CreateTopicsRequest.CreatableTopic(
            name=self.name(suffix),
            num_partitions=-1,
            replication_factor=-1,
            assignments=[
                CreateTopicsRequest.CreatableReplicaAssignment(partition_index=index, broker_ids=replicas)
                for index in range(partitions)
            ],
            configs=[CreateTopicsRequest.CreatableTopicConfig(name=n, value=v) for n, v in (configs or {}).items()],
        )
        answer = self.quietly(CreateTopicsRequest(topics=[wanted], timeout_ms=30_000), 7)
        assert answer.topics[0].error_code == ErrorCode.NONE, answer
        self.wait_for_topic(self.name(suffix))
        self._wait_for_leader(self.name(suffix), replicas[0], partitions)
        return Topic(self.name(suffix), answer.topics[0].topic_id)

    def wait_for_topic(self, name: str, partitions: int = 1, *, gone: bool = False) -> None:
        """Return when every broker knows the topic, with so many partitions at least; or, with `gone`, none does."""
        for broker in range(1, len(self.side.addresses) + 1):
            self.wait_until(partial(self._is_known, broker, name, partitions, gone))

    def _is_known(self, broker: int, name: str, partitions: int, gone: bool) -> bool:
        """Whether the broker knows the topic with as many partitions; the other way round with `gone`."""
        topics = [MetadataRequest.MetadataRequestTopic(name=name)]
        answer: MetadataResponse = self.quietly(
            MetadataRequest(topics=topics, allow_auto_topic_creation=False), 12, broker
        )
        topic = answer.topics[0]
        known = topic.error_code == ErrorCode.NONE and len(topic.partitions) >= partitions
        return known != gone

    def _wait_for_leader(self, name: str, broker: int, partitions: int) -> None:
        """Return when the broker knows that it leads them all."""
        wanted = [
            ListOffsetsRequest.ListOffsetsPartition(partition_index=index, timestamp=-1) for index in range(partitions)
        ]
        request = ListOffsetsRequest(
            replica_id=-1, topics=[ListOffsetsRequest.ListOffsetsTopic(name=name, partitions=wanted)]
        )

        def leads() -> bool:
            answer = self.quietly(request, 5, broker)
            return all(partition.error_code == ErrorCode.NONE for partition in answer.topics[0].partitions)

        self.wait_until(leads)

    def wait_until(self, holds: Callable[[], bool]) -> None:
        """Return when it holds."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not holds():
            assert time.monotonic() < deadline, f"{self.side.name}: not within {PATIENCE_SECONDS} s"
            time.sleep(0.01)

    def _exchange(self, request: RequestMessage, version: int, broker: int, patience: float | None) -> Any:
        wire = self.side.wire(broker)
        if patience is not None:
            wire.set_timeout(patience)
        try:
            wire.send_message(request, version)
            frame = wire.receive()
        except (BrokenPipeError, ConnectionResetError):
            frame = None
        if frame is None:
            self.side.drop(broker)
            return None
        if patience is not None:
            wire.set_timeout(PATIENCE_SECONDS)
        _, offset = framing.decode_response_header(request.API_KEY, version, frame)
        return codec.decode(response_class(request), version, frame, offset)[0]


class Raw(contextlib.AbstractContextManager["Raw"]):
    """A connection for bytes that may be none of the protocol's."""

    def __init__(self, talk: Talk, wire: Wire, names: Names) -> None:
        self._talk = talk
        self._wire = wire
        self._names = names

    def __exit__(self, *_: object) -> None:
        self._wire.close()

    def send(self, data: bytes) -> None:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self._wire.send(data)

    def hear_any(self) -> None:
        """Note only whether there is an answer, and to which request."""
        frame = self._wire.receive()
        self._talk.note("heard", CLOSED if frame is None else f"#{int.from_bytes(frame[:4], 'big')}")

    def hear(self, answer: type[ResponseMessage] | None = None, version: int = 0) -> Any:
        """Note the next frame: decoded as `answer`, or its bytes after the correlation id; or that there is none."""
        try:
            frame = self._wire.receive()
        except TimeoutError:
            self._talk.note("heard", SILENCE)
            return None
        if frame is None:
            self._talk.note("heard", CLOSED)
            return None
        correlation_id = int.from_bytes(frame[:4], "big")
        if answer is None:
            self._talk.note(f"heard #{correlation_id}", frame[4:].hex())
            return None
        _, offset = framing.decode_response_header(answer.API_KEY, version, frame)
        message = codec.decode(answer, version, frame, offset)[0]
        self._talk.note(f"heard #{correlation_id}", plain(message, version, self._names))
        return message


def response_class(request: RequestMessage) -> type[ResponseMessage]:
    """The class of the answer to a request."""
    module = sys.modules[type(request).__module__]
    found: type[ResponseMessage] = getattr(module, request.NAME.removesuffix("Request") + "Response")
    return found
