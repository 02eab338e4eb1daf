"""Settings of the transaction coordinator."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from barnabas.server.settings import Settings


@dataclass(frozen=True, slots=True)
class TransactionConfig:
    """Times in seconds, but for those whose names end in `_ms`."""

    abort_interval: float = 10.0
    """`transaction.abort.timed.out.transaction.cleanup.interval.ms`"""
    id_expiration_ms: int = 604_800_000
    """`transactional.id.expiration.ms`"""
    expiration_interval: float = 3600.0
    """`transaction.remove.expired.transaction.cleanup.interval.ms`"""


def transaction_config(settings: Settings) -> TransactionConfig:
    """What the node's settings say."""
    return TransactionConfig(
        abort_interval=settings.seconds("transaction.abort.timed.out.transaction.cleanup.interval.ms"),
        id_expiration_ms=settings.int("transactional.id.expiration.ms"),
        expiration_interval=settings.seconds("transaction.remove.expired.transaction.cleanup.interval.ms"),
    )
