"""Produce: codecs, their frames, and codecs that the topic prescribes."""

from __future__ import annotations

import gzip

import cramjam
from comparison.build import Header, batch, patched, produce, with_body
from comparison.case import case
from comparison.producing import ABC, look, tell
from comparison.talk import Talk

from barnabas.protocol.record_batch import Compression

NEWEST = 13


@case(3, 6, 7, 9, NEWEST)
def every_codec(talk: Talk, version: int) -> None:
    topic = talk.create()
    for codec in Compression:
        talk.ask(produce(version, topic, batch(b"a", b"b", codec=codec)), version)
    look(talk, topic)


@case(NEWEST)
def recompression(talk: Talk, version: int) -> None:
    for codec in ("uncompressed", "gzip", "snappy", "lz4", "zstd"):
        topic = talk.create(codec, configs={"compression.type": codec})
        for sent in (Compression.NONE, Compression.GZIP, Compression.ZSTD):
            talk.ask(produce(version, topic, batch(b"a" * 100, b"b" * 100, codec=sent)), version)
        look(talk, topic)


@case(3, 7, 8, NEWEST, difference="UNKNOWN_SERVER_ERROR")
def unknown_codec(talk: Talk, version: int) -> None:
    for codec in (5, 6, 7):
        topic = talk.create(str(codec))
        talk.ask(produce(version, topic, patched(ABC, Header.ATTRIBUTES, codec)), version)
        look(talk, topic)


@case(NEWEST, difference="UNKNOWN_SERVER_ERROR")
def garbage_compressed(talk: Talk, version: int) -> None:
    topic = talk.create()
    for codec in (Compression.GZIP, Compression.SNAPPY, Compression.LZ4, Compression.ZSTD):
        records = with_body(patched(ABC, Header.ATTRIBUTES, codec), b"no such thing", 3)
        talk.ask(produce(version, topic, records), version)
    look(talk, topic)


def framed(codec: Compression, frame: bytes) -> bytes:
    """A batch of ABC's records in this frame of the codec."""
    return with_body(patched(ABC, Header.ATTRIBUTES, codec), frame, 3)


@case(NEWEST)
def frames_of_other_writers(talk: Talk, version: int) -> None:
    topic = talk.create()
    body = ABC[61:]
    for records in (
        framed(Compression.GZIP, gzip.compress(body[:10]) + gzip.compress(body[10:])),
        framed(Compression.GZIP, gzip.compress(body, 1)),
        framed(Compression.ZSTD, bytes(cramjam.zstd.compress(body, level=19))),
    ):
        talk.ask(produce(version, topic, records), version)
    look(talk, topic)


@case(NEWEST, difference="UNKNOWN_SERVER_ERROR")
def linked_lz4_blocks(talk: Talk, version: int) -> None:
    tell(talk, version, framed(Compression.LZ4, bytes(cramjam.lz4.compress(ABC[61:]))))


@case(NEWEST)
def raw_snappy(talk: Talk, version: int) -> None:
    tell(talk, version, framed(Compression.SNAPPY, bytes(cramjam.snappy.compress_raw(ABC[61:]))))


@case(NEWEST, difference="What a batch's header does not show")
def bytes_after_a_frame(talk: Talk, version: int) -> None:
    topic = talk.create()
    for codec in (Compression.GZIP, Compression.SNAPPY, Compression.LZ4, Compression.ZSTD):
        frame = batch(b"a", b"b", b"c", codec=codec)[61:]
        talk.ask(produce(version, topic, framed(codec, frame + b"more")), version)


@case(NEWEST, difference="What a batch's header does not show")
def frames_cut_short(talk: Talk, version: int) -> None:
    topic = talk.create()
    for codec in (Compression.GZIP, Compression.SNAPPY, Compression.LZ4, Compression.ZSTD):
        frame = batch(b"a", b"b", b"c", codec=codec)[61:]
        for size in (0, 1, len(frame) // 2):
            talk.ask(produce(version, topic, framed(codec, frame[:size])), version)


@case(NEWEST)
def too_large_once_recompressed(talk: Talk, version: int) -> None:
    topic = talk.create(configs={"compression.type": "uncompressed", "max.message.bytes": "500"})
    talk.ask(produce(version, topic, batch(b"a" * 1000, codec=Compression.GZIP)), version)
    talk.ask(produce(version, topic, batch(b"a" * 100, codec=Compression.GZIP)), version)
    look(talk, topic)
