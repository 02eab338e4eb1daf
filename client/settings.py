"""Checks of what the user sets. ConfigurationError says what makes no sense, and what would."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Final, TypeVar, cast

from barnabas.client.errors import ConfigurationError
from barnabas.client.security import SETTINGS as SECURITY
from barnabas.protocol.compression import Compression

_INT64: Final = 1 << 63
Init = TypeVar("Init", bound=Callable[..., None])


def settings_of(client: str) -> Callable[[Init], Init]:
    """For `__init__`: an unknown keyword raises ConfigurationError, which names the nearest one that there is."""

    def decorate(init: Init) -> Init:
        code = init.__code__
        known = code.co_varnames[1 : code.co_argcount + code.co_kwonlyargcount]
        if "security" in code.co_varnames:
            known += SECURITY

        @wraps(init)
        def checked(*arguments: Any, **settings: Any) -> None:
            for name in settings:
                if name not in known:
                    raise ConfigurationError(f"{client} has no setting {name!r}{_nearest(name, known)}")
            init(*arguments, **settings)

        return cast("Init", checked)

    return decorate


def _nearest(name: str, known: tuple[str, ...]) -> str:
    from difflib import get_close_matches

    parts = [each for each in known if name.startswith(f"{each}_")]  # Kafka's group_id and linger_ms are ours, but for
    found = parts or get_close_matches(name, known, 1)  # an ending that says the unit or the obvious
    return f"; did you mean {max(found, key=len)!r}?" if found else f"; it has {', '.join(known)}"


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


def check_timestamp(timestamp: int) -> int:
    """The ms of a record, if the wire can say them."""
    if not isinstance(timestamp, int) or not -_INT64 <= timestamp < _INT64:
        raise ConfigurationError(f"timestamp={timestamp!r}; it is a number of milliseconds")
    return timestamp


def check_at_least(**limits: tuple[float, float]) -> None:
    """Each setting with its value and the lowest that makes sense."""
    for name, (value, lowest) in limits.items():
        if value < lowest:
            raise ConfigurationError(f"{name}={value:g}; it must be at least {lowest:g}")
