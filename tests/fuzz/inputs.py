"""Fuzz inputs as flat bytes, and back: scripts of a connection, datagrams, packets of a capture."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from leadapron.see.wire.dissector import Side

MAX_CHUNK = 0x7FFF
LINK_TYPES = (1, 113, 276, 101, 0)
"""Ethernet, Linux cooked v1 and v2, raw IP, BSD loopback."""


def pack_chunks(chunks: Iterable[tuple[bool, bytes]]) -> bytes:
    """Chunks with one flag each: two bytes of flag and length before each."""
    parts = []
    for flag, data in chunks:
        for start in range(0, len(data), MAX_CHUNK):
            piece = data[start : start + MAX_CHUNK]
            parts.append((len(piece) | flag << 15).to_bytes(2, "big") + piece)
    return b"".join(parts)


def chunks(data: bytes) -> Iterator[tuple[bool, bytes]]:
    """Any bytes as chunks with a flag; the last one may be shorter than it claims."""
    position = 0
    while position + 2 <= len(data):
        head = int.from_bytes(data[position : position + 2], "big")
        position += 2
        yield bool(head >> 15), data[position : position + (head & MAX_CHUNK)]
        position += head & MAX_CHUNK


def script(data: bytes) -> list[tuple[Side, bytes]]:
    """Any bytes as what two sides said."""
    return [(Side.SERVER if flag else Side.CLIENT, piece) for flag, piece in chunks(data)]


def pack_script(said: Iterable[tuple[Side, bytes]]) -> bytes:
    return pack_chunks((side is Side.SERVER, piece) for side, piece in said)
