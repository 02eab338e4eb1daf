"""Producer ids for idempotent producers: this broker's blocks of them, and how it gets more.

The controller hands out blocks; an id is given away once, by whichever broker has its block. `ProducerIdBlocks` (a
core) gives ids from the present block and asks for the next one before it is used up; what is left of a block when
the broker stops is lost, and never missed. `ProducerIds` is its shell: those who ask while there is no block wait for
one.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Final, Protocol, cast

from barnabas.broker.controller_channel import ControllerUnavailable
from barnabas.protocol.errors import ErrorCode, WireError
from barnabas.protocol.message import RequestMessage, ResponseMessage
from barnabas.protocol.messages.allocate_producer_ids import AllocateProducerIdsRequest, AllocateProducerIdsResponse
from barnabas.server.logging import get_logger

log = get_logger(__name__)

_PREFETCH_AT: Final = 0.9
_VERSION: Final = 0


class ProducerIdBlocks:
    """The ids that may be given away: from `next_id` up to the block's end, then the block after it."""

    __slots__ = ("_end", "_next_block", "_prefetch_from", "is_asking", "next_id")

    def __init__(self) -> None:
        self.next_id = 0
        self._end = 0
        self._prefetch_from = 0
        self._next_block: tuple[int, int] | None = None
        self.is_asking = False
        """A block has been asked for; set by who asks."""

    def take(self) -> int | None:
        """An id that nobody has had; None while there is none."""
        if self.next_id >= self._end and self._next_block is not None:
            self._begin(*self._next_block)
            self._next_block = None
        if self.next_id >= self._end:
            return None
        self.next_id += 1
        return self.next_id - 1

    @property
    def wants_block(self) -> bool:
        """Whether it is time to ask for another block."""
        return not self.is_asking and self._next_block is None and self.next_id >= self._prefetch_from

    def add_block(self, start: int, size: int) -> None:
        """The controller gave the ids from `start` on."""
        self.is_asking = False
        if self.next_id >= self._end:
            self._begin(start, size)
        else:
            self._next_block = (start, size)

    def _begin(self, start: int, size: int) -> None:
        self.next_id = start
        self._end = start + size
        self._prefetch_from = start + int(size * _PREFETCH_AT)


class Controller(Protocol):
    """`ControllerChannel`."""

    async def send(self, message: RequestMessage, version: int | None = None) -> ResponseMessage: ...


Receiver = Callable[[int | None], None]
"""Gets an id, or None where none could be had."""


class ProducerIds:
    """See the module's text. `spawn` runs an async function in the background."""

    def __init__(
        self, controller: Controller, broker_id: int, broker_epoch: Callable[[], int], spawn: Callable[..., None]
    ) -> None:
        self._controller = controller
        self._broker_id = broker_id
        self._broker_epoch = broker_epoch
        self._spawn = spawn
        self._blocks = ProducerIdBlocks()
        self._waiting: deque[Receiver] = deque()

    def get(self, receive: Receiver) -> None:
        """Give a new id to `receive`, at once or once there is a block."""
        producer_id = None if self._waiting else self._blocks.take()
        if producer_id is None:
            self._waiting.append(receive)
        else:
            receive(producer_id)
        self._maybe_ask()

    def take(self) -> int | None:
        """A new id if there is one now; otherwise there will be one soon."""
        producer_id = None if self._waiting else self._blocks.take()
        self._maybe_ask()
        return producer_id

    def _maybe_ask(self) -> None:
        if self._blocks.wants_block:
            self._blocks.is_asking = True
            self._spawn(self._ask)

    async def _ask(self) -> None:
        try:
            start, size = await self._allocate()
        except (ControllerUnavailable, WireError) as error:
            log.warning("no producer ids", reason=str(error), waiting=len(self._waiting))
            self._blocks.is_asking = False
            while self._waiting:
                self._waiting.popleft()(None)
            return
        self._blocks.add_block(start, size)
        while self._waiting and (producer_id := self._blocks.take()) is not None:
            self._waiting.popleft()(producer_id)
        self._maybe_ask()

    async def _allocate(self) -> tuple[int, int]:
        request = AllocateProducerIdsRequest(broker_id=self._broker_id, broker_epoch=self._broker_epoch())
        response = cast(AllocateProducerIdsResponse, await self._controller.send(request, _VERSION))
        if response.error_code:
            raise WireError(ErrorCode.of(response.error_code))
        if response.producer_id_len <= 0:
            raise WireError(ErrorCode.UNKNOWN_SERVER_ERROR, f"a block of {response.producer_id_len} producer ids")
        return response.producer_id_start, response.producer_id_len
