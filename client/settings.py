"""Checks of what the user sets. ConfigurationError says what makes no sense, and what would."""

from __future__ import annotations

from barnabas.client.errors import ConfigurationError
from barnabas.protocol.compression import Compression


def check_acks(acks: object, idempotence: bool | None) -> int:
    """The wire's number for `acks`: -1, 0 or 1."""
    number = -1 if acks == "all" else acks
    if number not in (-1, 0, 1) or not isinstance(number, int):
        raise ConfigurationError(f'acks={acks!r}; it is "all", 1 or 0')
    if idempotence and number != -1:
        raise ConfigurationError(f'enable_idempotence needs acks="all", not {acks!r}')
    return number


def check_compression(name: str) -> Compression:
    """The codec of this name."""
    try:
        return Compression.of(name)
    except ValueError:
        known = ", ".join(codec.name.lower() for codec in Compression)
        raise ConfigurationError(f"compression={name!r}; it is one of {known}") from None


def check_at_least(**limits: tuple[float, float]) -> None:
    """Each setting with its value and the lowest that makes sense."""
    for name, (value, lowest) in limits.items():
        if value < lowest:
            raise ConfigurationError(f"{name}={value:g}; it must be at least {lowest:g}")
