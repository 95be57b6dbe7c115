"""Write captures of every variant, byte by byte, so that tests say what is in them."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from typing import NamedTuple

ETHERNET = 1
RAW_IP = 101
START = 1_700_000_000_000_000_000
"""Time of the first packet: nanoseconds since the epoch."""


class Frame(NamedTuple):
    """One packet to write: bytes kept, time, and what its record says of it."""

    data: bytes
    time: int = START
    original: int | None = None
    interface: int = 0

    @property
    def length(self) -> int:
        return len(self.data) if self.original is None else self.original


def frames(count: int, *, size: int = 60, step: int = 1_000_000) -> list[Frame]:
    """Packets that differ, a millisecond apart."""
    return [Frame(number.to_bytes(4, "big") + bytes(size - 4), START + number * step) for number in range(count)]


def pcap(
    packets: Iterable[Frame], *, order: str = "<", nano: bool = False, link_type: int = ETHERNET, snap: int = 262144
) -> bytes:
    """A pcap file."""
    magic, unit = (0xA1B23C4D, 1) if nano else (0xA1B2C3D4, 1_000)
    parts = [struct.pack(order + "IHHiIII", magic, 2, 4, 0, 0, snap, link_type)]
    for packet in packets:
        seconds, rest = divmod(packet.time, 1_000_000_000)
        parts.append(struct.pack(order + "IIII", seconds, rest // unit, len(packet.data), packet.length))
        parts.append(packet.data)
    return b"".join(parts)


def block(kind: int, body: bytes, order: str = "<") -> bytes:
    """A pcapng block."""
    body += bytes(-len(body) % 4)
    length = struct.pack(order + "I", len(body) + 12)
    return struct.pack(order + "I", kind) + length + body + length


def options(pairs: Sequence[tuple[int, bytes]], order: str = "<") -> bytes:
    """Options of a block, with their end."""
    if not pairs:
        return b""
    parts = [struct.pack(order + "HH", code, len(value)) + value + bytes(-len(value) % 4) for code, value in pairs]
    return b"".join(parts) + bytes(4)


def section(order: str = "<") -> bytes:
    return block(0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1), order)


def interface(
    link_type: int = ETHERNET,
    *,
    snap: int = 0,
    resolution: int | None = None,
    shift: int | None = None,
    order: str = "<",
) -> bytes:
    """An interface description; `resolution` is if_tsresol, `shift` if_tsoffset in seconds."""
    pairs = [(2, b"eth0")]
    if resolution is not None:
        pairs.append((9, bytes([resolution])))
    if shift is not None:
        pairs.append((14, struct.pack(order + "q", shift)))
    return block(1, struct.pack(order + "HHI", link_type, 0, snap) + options(pairs, order), order)


def enhanced(packet: Frame, *, order: str = "<", ticks: int = 1_000_000, shift: int = 0) -> bytes:
    """An enhanced packet block of an interface with so many ticks per second."""
    stamp = (packet.time - shift * 1_000_000_000) * ticks // 1_000_000_000
    head = struct.pack(
        order + "IIIII", packet.interface, stamp >> 32, stamp & 0xFFFFFFFF, len(packet.data), packet.length
    )
    return block(6, head + packet.data, order)


def obsolete(packet: Frame, *, order: str = "<", drops: int = 3) -> bytes:
    """An obsolete packet block."""
    stamp = packet.time // 1_000
    head = struct.pack(
        order + "HHIIII", packet.interface, drops, stamp >> 32, stamp & 0xFFFFFFFF, len(packet.data), packet.length
    )
    return block(2, head + packet.data, order)


def simple(data: bytes, *, original: int | None = None, order: str = "<") -> bytes:
    """A simple packet block."""
    return block(3, struct.pack(order + "I", len(data) if original is None else original) + data, order)


def statistics(number: int, *, dropped: int, os_dropped: int, order: str = "<") -> bytes:
    """An interface statistics block."""
    pairs = [(5, struct.pack(order + "Q", dropped)), (7, struct.pack(order + "Q", os_dropped))]
    return block(5, struct.pack(order + "III", number, 0, 0) + options(pairs, order), order)


def pcapng(packets: Iterable[Frame], *, order: str = "<", interfaces: int = 1) -> bytes:
    """The plainest pcapng file."""
    head = section(order) + interface(order=order) * interfaces
    return head + b"".join(enhanced(packet, order=order) for packet in packets)
