"""The varints of small numbers, by table: the encoding of one costs more than all else that is done with it."""

from __future__ import annotations

from typing import Final

from barnabas.protocol.types import encode_varint

_SIZE: Final = 1 << 14
"""Numbers below this stay in the table."""


class Varints(dict[int, bytes]):
    """The varint of any number, as records have it."""

    def __missing__(self, number: int) -> bytes:
        encoded = encode_varint(number)
        if 0 <= number < _SIZE:
            self[number] = encoded
        return encoded


VARINTS: Final = Varints()
