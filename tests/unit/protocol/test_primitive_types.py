"""Uuids as text, and varints."""

from __future__ import annotations

import base64
from random import Random

import pytest

from barnabas.protocol.errors import LocalProtocolError
from barnabas.protocol.types import (
    ZERO_UUID,
    FileSlice,
    decode_unsigned_varint,
    decode_varint,
    encode_unsigned_varint,
    encode_varint,
    parse_uuid,
    uuid_text,
)


def test_uuids_as_kafka_prints_them() -> None:
    random = Random(1)
    for uuid in (ZERO_UUID, b"\xff" * 16, *(random.randbytes(16) for _ in range(200))):
        text = uuid_text(uuid)
        assert text == base64.urlsafe_b64encode(uuid).decode().rstrip("=")
        assert len(text) == 22
        assert parse_uuid(text) == uuid
    assert uuid_text(ZERO_UUID) == "AAAAAAAAAAAAAAAAAAAAAA"


@pytest.mark.parametrize("text", ["", "x", "A" * 21, "A" * 23, "+" * 22, "/" * 22, "é" * 22, "A" * 20 + " A", "=" * 22])
def test_text_that_is_no_uuid(text: str) -> None:
    with pytest.raises(ValueError, match="not a uuid"):
        parse_uuid(text)


@pytest.mark.parametrize(
    ("value", "data"),
    [(0, "00"), (1, "01"), (127, "7f"), (128, "8001"), (300, "ac02"), (2**31 - 1, "ffffffff07")],
)
def test_unsigned_varints(value: int, data: str) -> None:
    assert encode_unsigned_varint(value).hex() == data
    assert decode_unsigned_varint(b"\xaa" + bytes.fromhex(data), 1) == (value, 1 + len(data) // 2)


def test_unsigned_varints_wrap_to_a_signed_integer_as_in_kafka() -> None:
    assert decode_unsigned_varint(encode_unsigned_varint(2**32 - 1), 0) == (-1, 5)
    assert decode_unsigned_varint(b"\xff\xff\xff\xff\x7f", 0) == (-1, 5)


@pytest.mark.parametrize("value", [-1, 2**32])
def test_unsigned_varints_out_of_range(value: int) -> None:
    with pytest.raises(LocalProtocolError):
        encode_unsigned_varint(value)


def test_unsigned_varints_cut_or_too_long() -> None:
    with pytest.raises(IndexError):
        decode_unsigned_varint(b"\x80\x80", 0)
    with pytest.raises(ValueError, match="longer than five bytes"):
        decode_unsigned_varint(b"\x80\x80\x80\x80\x80\x00", 0)


@pytest.mark.parametrize(
    ("value", "data"),
    [
        (0, "00"),
        (-1, "01"),
        (1, "02"),
        (63, "7e"),
        (-64, "7f"),
        (64, "8001"),
        (2**31 - 1, "feffffff0f"),
        (-(2**31), "ffffffff0f"),
        (2**63 - 1, "feffffffffffffffff01"),
        (-(2**63), "ffffffffffffffffff01"),
    ],
)
def test_signed_varints(value: int, data: str) -> None:
    assert encode_varint(value).hex() == data
    assert decode_varint(bytes.fromhex(data), 0) == (value, len(data) // 2)


def test_signed_varints_cut_or_too_long() -> None:
    with pytest.raises(IndexError):
        decode_varint(b"\x80", 0)
    with pytest.raises(ValueError, match="longer than 5 bytes"):
        decode_varint(b"\x80\x80\x80\x80\x80\x00", 0, 5)


def test_a_files_slice_has_its_size_as_length() -> None:
    assert len(FileSlice(1, 10, 20)) == 20
    assert repr(FileSlice(1, 10, 20)) == "FileSlice(fd=1, offset=10, size=20)"
